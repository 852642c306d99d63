/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/certificates.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/setting.h"
#include "core/engine/keyfile.h"

#include <string.h>

struct ca_options {
    struct fl_narrowing narrowing;
    char *key;
    bool users;
};

/* The two keys, of which neither can do what the other can. */
struct authority {
    const char *setting, *suffix, *what, *warning, *next;
};
static const struct authority hosts = {
    .setting = "SSH_CA_KEY_PATH",
    .suffix = "_ca",
    .what = "host keys",
    .warning = "Whoever has it can pass off a machine as any pod",
    .next = "`fleet ca sign` gives its certificates to the pods that are "
            "there; new ones get theirs by themselves",
};
static const struct authority users = {
    .setting = "SSH_USER_CA_KEY_PATH",
    .suffix = "_user_ca",
    .what = "participants",
    .warning = "Whoever has it can log in as any participant",
    .next = "`fleet roster apply` gives its certificates to the people in "
            "ROSTER",
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "key", .type = FLEET_OPT_PATH, FLEET_AT(struct ca_options, key),
     .help = "of init: where the key is made, in place of beside "
             "SHARED_SSH_KEY_PATH"},
    {.key = "users", .type = FLEET_OPT_BOOL, FLEET_AT(struct ca_options, users),
     .help = "of init: the key that vouches for participants, in place of the "
             "one for pods"},
    FL_NARROWING_OPTIONS(struct ca_options, narrowing),
    {0},
};
/* clang-format on */

/* ---- init ---- */

/* Beside the cohort's key: "arena_ca". */
static char *default_path(const struct fl_engine *engine,
                          const struct authority *authority)
{
    const char *key = engine->settings.key_path;
    const char *slash = key ? strrchr(key, '/') : NULL;
    FL_AUTO_FREE char *name =
        fl_format("%s%s", engine->cohort.prefix, authority->suffix);

    if (!name)
        return NULL;
    return slash ? fl_format("%.*s%s", (int)(slash + 1 - key), key, name)
                 : fl_path_join(engine->config.dir, name);
}

static const char *setting_of(const struct fl_engine *engine,
                              const struct authority *authority)
{
    return authority == &users ? engine->settings.user_ca_key_path
                               : engine->settings.ca_key_path;
}

static int choose_path(const struct fl_engine *engine,
                       const struct authority *authority, const char *given,
                       char **path, struct fleet_error *err)
{
    const char *set = setting_of(engine, authority);

    if (given && set && strcmp(given, set) != 0)
        return fleet_fail(err, FLEET_EUSAGE,
                          "%s is set to %s already, and there may be "
                          "certificates of that one",
                          authority->setting, set);
    *path = given ? strdup(given)
            : set ? strdup(set)
                  : default_path(engine, authority);
    return *path ? FLEET_OK : fl_enomem(err);
}

static int make(struct fl_context *context, const struct authority *authority,
                const char *path, bool *made, struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    const char *config = fl_setting_file(&engine->config);
    FL_AUTO_FREE char *comment =
        fl_format("fleet %s %s", engine->cohort.prefix, authority->what);
    int rc =
        comment ? fl_keyfile_ensure(path, comment, made, err) : fl_enomem(err);

    if (rc < 0 || setting_of(engine, authority))
        return rc;
    if (config)
        return fl_setting_write(config, authority->setting, path, false, err);
    fl_say(context, "there is no configuration file: set %s=%s",
           authority->setting, path);
    return FLEET_OK;
}

static int init(struct fl_context *context, const struct ca_options *given)
{
    const struct authority *authority = given->users ? &users : &hosts;
    FL_AUTO_FREE char *path = NULL;
    struct fleet_error err = {0};
    bool made = false;
    int rc = fl_work_open(context, &err);

    if (context->n_args)
        return fl_usage(context, "init: takes no arguments");
    if (rc == 0)
        rc = choose_path(&context->engine, authority, given->key, &path, &err);
    if (rc == 0 && context->globals.dry_run) {
        fl_say(context, "would make the key %s and set %s", path,
               authority->setting);
        return FL_EXIT_OK;
    }
    if (rc == 0)
        rc = fl_consent(context, "ca init", &err);
    if (rc == 0)
        rc = make(context, authority, path, &made, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_json_put(context->document, "key", fl_json_text(path));
    fl_json_put(context->document, "made", json_boolean(made));
    fl_say(context,
           made
               ? "%s: made. %s: keep it to yourself, or load it into ssh-agent "
                 "and keep the file away from this computer"
               : "%s: it is there already",
           path, authority->warning);
    fl_say(context, "%s", authority->next);
    return FL_EXIT_OK;
}

/* ---- show ---- */

static void print_pods(struct fl_context *context, const struct fl_fleet *fleet,
                       const struct fl_hostca *ca)
{
    static const char *const headings[] = {"NAME", "CERTIFICATE"};
    json_t *pods = json_array();
    struct fl_table table;

    fl_table_init(&table, 2, headings, 0);
    for (size_t i = 0; i < fleet->n_members; i++) {
        const char *name = fleet_pod_get(fleet->members[i].pod, FLEET_POD_NAME);
        bool has = fl_hostca_has(ca, &fleet->members[i]);
        json_t *pod = json_object();

        fl_table_cell(&table, name);
        fl_table_cell(&table, has ? "yes" : "no");
        fl_json_put(pod, "name", fl_json_text(name));
        fl_json_put(pod, "certificate", json_boolean(has));
        fl_json_add(pods, pod);
    }
    fl_table_print(&table, context);
    fl_table_clear(&table);
    fl_json_put(context->document, "pods", pods);
}

static int show(struct fl_context *context)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_hostca_clear) struct fl_hostca ca = {0};
    struct fleet_error err = {0};
    int rc = fl_work_look(context, 0, &fleet, &err);

    if (context->n_args)
        return fl_usage(context, "show: takes no arguments");
    if (rc == 0)
        rc = fl_hostca_open(&context->engine, &ca, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_json_put(context->document, "key", fl_json_text(ca.signer.line));
    fl_json_put(context->document, "in_agent",
                json_boolean(ca.signer.in_agent));
    fl_say(context, "%s%s: %s", ca.signer.path,
           ca.signer.in_agent ? " (in the agent, for only its .pub is here)"
                              : "",
           ca.signer.line);
    print_pods(context, &fleet, &ca);
    return fl_work_incomplete(context, &fleet);
}

/* ---- sign ---- */

static int status_of(const struct fl_visit_results *results)
{
    size_t done = 0;

    for (size_t i = 0; i < results->n; i++)
        done += !results->at[i].stage;
    if (done == results->n)
        return FL_EXIT_OK;
    return done ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
}

static void print_results(struct fl_context *context,
                          const struct fl_visit_results *results)
{
    static const char *const headings[] = {"NAME", "RESULT"};
    struct fl_table table;

    fl_table_init(&table, 2, headings, 0);
    for (size_t i = 0; i < results->n; i++) {
        fl_table_cell(
            &table, fleet_pod_get(results->at[i].member->pod, FLEET_POD_NAME));
        fl_table_cell(&table, results->at[i].stage ? "pinned" : "certified");
    }
    fl_table_print(&table, context);
    fl_table_clear(&table);
}

static int sign(struct fl_context *context, const struct ca_options *given)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_visit_results_clear) struct fl_visit_results results = {0};
    FL_AUTO_FREE bool *selected = NULL;
    struct fleet_error err = {0};
    int incomplete, rc = fl_work_look(context, 0, &fleet, &err);

    if (rc == 0)
        rc = fl_work_select(context, &fleet, &given->narrowing, true, &selected,
                            &err);
    if (rc == 0 && context->globals.dry_run) {
        for (size_t i = 0; i < fleet.n_members; i++)
            if (selected[i])
                fl_say(context, "would sign the host key of %s",
                       fleet_pod_get(fleet.members[i].pod, FLEET_POD_NAME));
        return FL_EXIT_OK;
    }
    if (rc == 0)
        rc = fl_consent(context, "ca sign", &err);
    if (rc == 0)
        rc = fl_certificates_give(context, &fleet, selected, &results, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    print_results(context, &results);
    incomplete = fl_work_incomplete(context, &fleet);
    rc = status_of(&results);
    return rc ? rc : incomplete;
}

static int run(struct fl_context *context, const void *given)
{
    const char *what = context->n_args ? context->args[0] : "";

    if (context->n_args) { /* what is left are targets */
        context->args++;
        context->n_args--;
    }
    if (strcmp(what, "init") == 0)
        return init(context, given);
    if (strcmp(what, "show") == 0)
        return show(context);
    if (strcmp(what, "sign") == 0)
        return sign(context, given);
    return fl_usage(context, "one of init, show and sign is meant");
}

const struct fl_command fl_cmd_ca = {
    .name = "ca",
    .group = "Files",
    .summary = "let one key vouch for the host keys of all pods",
    .synopsis = "init | show | sign [TARGET...]",
    .example = "fleet ca init\n"
               "fleet ca sign\n"
               "fleet ssh-config --proxy --host-keys ca",
    .about =
        "init: makes the key and sets SSH_CA_KEY_PATH. With --users the one "
        "that vouches for participants, and SSH_USER_CA_KEY_PATH: see `fleet "
        "roster`.\n"
        "show: the key, and which pods have a certificate of it.\n"
        "sign: signs the host key of each pod for its name and lets its sshd "
        "show the certificate; without targets, of all pods. Pods that are "
        "made, started or renamed get theirs by themselves.\n"
        "A file of ssh-config --host-keys ca stays as it is when a machine is "
        "exchanged under its name. A pod whose sshd cannot be told stays known "
        "by its key, and is told of. The key may be in ssh-agent, with only "
        "its .pub here. Certificates are good for a year.",
    .options = options,
    .options_size = sizeof(struct ca_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_WORDS,
    .words = FL_WORDS("init", "show", "sign"),
    .run = run,
};
