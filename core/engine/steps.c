/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/steps.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/checkout.h"
#include "core/engine/githost.h"
#include "core/engine/scripts.h"
#include "core/pod/scripts.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_MAX   ((size_t)2 << 20)
#define FILE_SIZE  ((size_t)256 << 10)
#define MOST_STEPS 200
#define MINUTE_MS  60000
#define USER_MS    (30 * MINUTE_MS)

/* What the steps are made from. */
struct making {
    const struct fl_settings *settings;
    const struct fl_steps_choice *choice;
    struct fl_steps *steps;
    struct fl_checkout checkout;
};

/* ---- lists ---- */

static int add_step(struct fl_steps *steps, const struct fl_step *step)
{
    struct fl_step *more;

    if (steps->n == MOST_STEPS)
        return FLEET_ENOMEM;
    more = reallocarray(steps->at, steps->n + 1, sizeof(*more));
    if (!more)
        return FLEET_ENOMEM;
    steps->at = more;
    steps->at[steps->n++] = *step;
    return FLEET_OK;
}

static void put_value(struct fl_buf *head, const char *key, const char *value)
{
    fl_buf_printf(head, "%s=", key);
    fl_shell_quote(head, value ? value : "");
    fl_buf_putc(head, '\n');
}

static int add(struct making *making, const struct fl_step *given,
               struct fl_buf *head, struct fleet_error *err)
{
    struct fl_step step = *given;
    int rc = head ? fl_buf_check(head, step.name, err) : FLEET_OK;

    if (rc < 0)
        return rc;
    step.head = head ? fl_buf_take(head) : strdup("");
    if (step.head && add_step(making->steps, &step) == 0)
        return FLEET_OK;
    free(step.head);
    return fl_enomem(err);
}

/* ---- what they are about ---- */

static int add_name(struct making *making, struct fleet_error *err)
{
    const struct fl_step step = {.name = "name",
                                 .help = "writes the pod's name to ~/.name",
                                 .body = fl_pod_name,
                                 .limit_ms = MINUTE_MS};

    return add(making, &step, NULL, err);
}

/* Text of a file as a value; a trailing newline is the script's to add. */
static int put_file(struct fl_buf *head, const char *key, const char *path,
                    struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FILE_SIZE);
    int rc = fl_file_read(path, &text, err);

    if (rc == FLEET_ENOTFOUND)
        return err->code = FLEET_ECONFIG;
    if (rc < 0)
        return rc;
    if (strlen(fl_buf_text(&text)) != text.len)
        return fleet_fail(err, FLEET_ECONFIG, "%s: no text", path);
    while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    put_value(head, key, fl_buf_text(&text));
    fl_wipe(text.data, text.len);
    return FLEET_OK;
}

/* Keys of ssh, one a line: whatever else stands there opens no pod. */
static int put_public_keys(struct fl_buf *head, const char *path,
                           struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FILE_SIZE);
    FL_AUTO(fl_buf_clear) struct fl_buf keys = FL_BUF(FILE_SIZE);
    FL_AUTO(fl_strv_clear) struct fl_strv lines = {0};
    int rc = fl_file_read(path, &text, err);

    if (rc == FLEET_ENOTFOUND)
        return err->code = FLEET_ECONFIG;
    if (rc == 0)
        rc = fl_strv_split(&lines, fl_buf_text(&text), "\r\n");
    for (size_t i = 0; rc == 0 && i < lines.n; i++) {
        const char *line = lines.at[i];

        if (line[0] == '#')
            continue;
        if (strncmp(line, "ssh-", 4) != 0 && strncmp(line, "ecdsa-", 6) != 0 &&
            strncmp(line, "sk-", 3) != 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "%s: line %zu is no public key of ssh", path,
                              i + 1);
        fl_buf_printf(&keys, "%s%s", keys.len ? "\n" : "", line);
    }
    if (rc == 0 && keys.len == 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: no public key in it", path);
    put_value(head, "KEYS", fl_buf_text(&keys));
    return rc;
}

static int add_keys(struct making *making, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(HEAD_MAX);
    const char *path = making->settings->authorized_keys;
    const struct fl_step step = {.name = "keys",
                                 .help = "adds AUTHORIZED_KEYS to those that "
                                         "open the pod",
                                 .body = fl_pod_keys,
                                 .limit_ms = MINUTE_MS};
    int rc = path ? put_public_keys(&head, path, err) : FLEET_OK;

    return rc < 0 || !path ? rc : add(making, &step, &head, err);
}

static int add_certificate(struct making *making, struct fleet_error *err)
{
    const struct fl_step step = {.name = "host-certificate",
                                 .help = "has the pod show a host certificate "
                                         "of the cohort",
                                 .limit_ms = MINUTE_MS};

    return making->settings->ca_key_path ? add(making, &step, NULL, err)
                                         : FLEET_OK;
}

/* ---- the repository ---- */

static void put_repo(const struct making *making, struct fl_buf *head)
{
    const struct fl_checkout *checkout = &making->checkout;

    put_value(head, "REPO_URL", checkout->url.text);
    put_value(head, "REPO_DIR", checkout->url.text ? checkout->dir : "");
    put_value(head, "BRANCH", making->settings->default_branch);
    put_value(head, "GIT_KEY_PATH", checkout->key);
    put_value(head, "HARD", making->choice->hard ? "yes" : "");
}

static int add_git_key(struct making *making, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(HEAD_MAX);
    const char *path = making->settings->git_key_local;
    const struct fl_step step = {.name = "git-key",
                                 .help = "puts GIT_SSH_KEY_LOCAL there, for "
                                         "git alone",
                                 .body = fl_pod_git_key,
                                 .limit_ms = MINUTE_MS};
    int rc = path ? put_file(&head, "GIT_KEY", path, err) : FLEET_OK;

    if (rc < 0 || !path)
        return rc;
    if (!strstr(fl_buf_text(&head), "PRIVATE KEY"))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: no private key (GIT_SSH_KEY_LOCAL)", path);
    put_repo(making, &head);
    return add(making, &step, &head, err);
}

static int add_git_host(struct making *making, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(HEAD_MAX);
    FL_AUTO_FREE char *keys = NULL;
    const struct fl_step step = {.name = "git-host",
                                 .help = "makes the host of the repository "
                                         "known to ssh",
                                 .body = fl_pod_git_host,
                                 .limit_ms = MINUTE_MS};
    int rc;

    if (!making->checkout.url.known_as)
        return FLEET_OK;
    rc = fl_githost_keys(making->checkout.url.known_as, &keys, err);
    if (rc < 0)
        return rc;
    keys[strlen(keys) - 1] = '\0'; /* its last newline */
    put_value(&head, "GIT_HOST", making->checkout.url.known_as);
    put_value(&head, "GIT_HOST_KEYS", keys);
    return add(making, &step, &head, err);
}

static int add_checkout(struct making *making, struct fleet_error *err)
{
    static const struct fl_step steps[] = {
        {.name = "repo",
         .help = "clones the repository, or puts its remote right",
         .body = fl_pod_repo,
         .limit_ms = 10 * MINUTE_MS},
        {.name = "fetch",
         .help = "fetches what is new",
         .body = fl_pod_fetch,
         .limit_ms = 5 * MINUTE_MS},
        {.name = "branch",
         .help = "brings DEFAULT_BRANCH up to date; work that is there stays",
         .body = fl_pod_branch,
         .limit_ms = 5 * MINUTE_MS},
        {.name = "submodules",
         .help = "brings submodules up to date",
         .body = fl_pod_submodules,
         .limit_ms = 10 * MINUTE_MS},
    };
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(*steps); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(HEAD_MAX);

        put_repo(making, &head);
        rc = add(making, &steps[i], &head, err);
    }
    return rc;
}

static int add_repository(struct making *making, struct fleet_error *err)
{
    int rc = fl_checkout_read(making->settings, &making->checkout, err);

    if (rc < 0 || !making->checkout.url.text)
        return rc;
    rc = add_git_key(making, err);
    if (rc == 0)
        rc = add_git_host(making, err);
    return rc < 0 ? rc : add_checkout(making, err);
}

/* ---- the user's ---- */

static int add_user_step(struct making *making, const char *dir,
                         const char *name, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(HEAD_MAX);
    FL_AUTO_FREE char *path = fl_format("%s/%s" FL_SCRIPT_SUFFIX, dir, name);
    const struct fl_step step = {.name = name,
                                 .help = "your own",
                                 .body = fl_pod_user,
                                 .limit_ms = USER_MS};
    int rc = path ? fl_path_trusted(path, err) : fl_enomem(err);

    if (rc == 0 && !fl_name_valid(name))
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "%s: a step is called [a-z0-9-]: rename it", path);
    for (size_t i = 0; rc == 0 && i < making->steps->n; i++) {
        if (strcmp(making->steps->at[i].name, name) == 0)
            rc =
                fleet_fail(err, FLEET_ECONFIG,
                           "%s: there is a step of that name: rename it", path);
    }
    if (rc == 0)
        rc = put_file(&head, "STEP", path, err);
    if (rc < 0)
        return rc;
    put_repo(making, &head);
    return add(making, &step, &head, err);
}

static int add_user_steps(struct making *making, const struct fl_engine *engine,
                          struct fleet_error *err)
{
    const char *set = making->settings->setup_dir;
    const char *beside = engine->config.dir ? engine->config.dir : ".";
    FL_AUTO_FREE char *dir =
        set ? strdup(set) : fl_path_join(beside, "setup.d");
    struct fl_strv *names = &making->steps->names;
    int rc = dir ? fl_scripts_list(dir, names, err) : fl_enomem(err);

    if (rc == 0 && set && names->n == 0)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "SETUP_DIR: %s has no executable NAME.sh in it", set);
    for (size_t i = 0; rc == 0 && i < names->n; i++)
        rc = add_user_step(making, dir, names->at[i], err);
    return rc;
}

/* ---- the set of a run ---- */

static void step_clear(struct fl_step *step)
{
    if (step->head)
        fl_wipe(step->head, strlen(step->head));
    free(step->head);
}

static int no_such_step(const struct fl_steps *steps, const char *name,
                        struct fleet_error *err)
{
    FL_AUTO_FREE const char **names = calloc(steps->n + 1, sizeof(*names));
    FL_AUTO(fl_buf_clear) struct fl_buf all = FL_BUF(4096);
    const char *near;

    if (!names)
        return fl_enomem(err);
    for (size_t i = 0; i < steps->n; i++) {
        names[i] = steps->at[i].name;
        fl_buf_printf(&all, "%s%s", i ? " " : "", names[i]);
    }
    near = fl_closest(name, names);
    return fleet_fail(err, FLEET_EUSAGE,
                      "no step is called %.64s%s%s%s (there are: %.200s)", name,
                      near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "", fl_buf_text(&all));
}

static int check_names(const struct fl_steps *steps,
                       const struct fl_strv *names, struct fleet_error *err)
{
    for (size_t i = 0; i < names->n; i++) {
        bool found = false;

        for (size_t k = 0; k < steps->n; k++)
            found = found || strcmp(steps->at[k].name, names->at[i]) == 0;
        if (!found)
            return no_such_step(steps, names->at[i], err);
    }
    return FLEET_OK;
}

static int narrow(struct fl_steps *steps, const struct fl_steps_choice *choice,
                  struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv only = {0}, skip = {0};
    size_t left = 0;
    int rc = FLEET_OK;

    if ((choice->only && fl_strv_split(&only, choice->only, ", ") < 0) ||
        (choice->skip && fl_strv_split(&skip, choice->skip, ", ") < 0))
        return fl_enomem(err);
    rc = check_names(steps, &only, err);
    if (rc == 0)
        rc = check_names(steps, &skip, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < steps->n; i++) {
        const char *name = steps->at[i].name;

        if ((choice->only && !fl_strv_has(&only, name)) ||
            fl_strv_has(&skip, name))
            step_clear(&steps->at[i]);
        else
            steps->at[left++] = steps->at[i];
    }
    steps->n = left;
    return FLEET_OK;
}

/* What a certificate needs, if one is to be given. */
static int open_ca(struct fl_engine *engine, struct fl_steps *steps,
                   struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = NULL;
    bool wanted = false;
    int rc;

    for (size_t i = 0; i < steps->n; i++)
        wanted = wanted || !steps->at[i].body;
    if (!wanted)
        return FLEET_OK;
    rc = fl_hostca_open(engine, &steps->ca, err);
    if (rc == 0)
        rc = fl_dir_make(engine->state_dir, err);
    if (rc < 0)
        return rc;
    dir = fl_format("%s/ca.XXXXXX", engine->state_dir);
    if (!dir)
        return fl_enomem(err);
    if (!mkdtemp(dir))
        return fleet_fail(err, FLEET_ECONFIG, "%s: cannot be made", dir);
    steps->dir = fl_take(dir);
    return FLEET_OK;
}

int fl_steps_open(struct fl_engine *engine,
                  const struct fl_steps_choice *choice, struct fl_steps *steps,
                  struct fleet_error *err)
{
    struct making making = {
        .settings = &engine->settings, .choice = choice, .steps = steps};
    int rc = add_name(&making, err);

    steps->prefix = strdup(engine->cohort.prefix);
    if (!steps->prefix)
        rc = fl_enomem(err);
    if (rc == 0)
        rc = add_keys(&making, err);
    if (rc == 0)
        rc = add_certificate(&making, err);
    if (rc == 0)
        rc = add_repository(&making, err);
    if (rc == 0)
        rc = add_user_steps(&making, engine, err);
    if (rc == 0)
        rc = narrow(steps, choice, err);
    if (rc == 0)
        rc = open_ca(engine, steps, err);
    fl_checkout_clear(&making.checkout);
    if (rc < 0)
        fl_steps_close(steps);
    return rc;
}

void fl_steps_close(struct fl_steps *steps)
{
    for (size_t i = 0; i < steps->n; i++)
        step_clear(&steps->at[i]);
    free(steps->at);
    fl_strv_clear(&steps->names);
    free(steps->prefix);
    fl_hostca_clear(&steps->ca);
    if (steps->dir)
        fl_dir_remove(steps->dir, NULL);
    free(steps->dir);
    *steps = (struct fl_steps){0};
}

/* Read whole before it runs, so that nothing in it reads what follows. */
int fl_step_compose(const struct fl_steps *steps, const struct fl_step *step,
                    const char *name, struct fl_buf *out,
                    struct fleet_error *err)
{
    size_t prefix = strlen(steps->prefix);
    const char *short_name =
        strncmp(name, steps->prefix, prefix) == 0 && name[prefix] == '-'
            ? name + prefix + 1
            : name;

    fl_buf_puts(out, "{\n");
    put_value(out, "MACHINE_NAME", name);
    put_value(out, "SHORT_NAME", short_name);
    put_value(out, "COHORT", steps->prefix);
    fl_buf_puts(out, step->head);
    fl_buf_puts(out, "export MACHINE_NAME SHORT_NAME COHORT\n");
    fl_buf_puts(out, fl_pod_lib);
    fl_buf_puts(out, step->body);
    fl_buf_puts(out, "} </dev/null\n");
    return fl_buf_check(out, step->name, err);
}
