/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/hostca.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"

#include <string.h>
#include <unistd.h>

#define LINE_MAX 16384
#define WAIT_MS  5000
#define OWNER    "@cert " /* before names in the state: no pod is called so */
#define LIFETIME "-1d:+366d" /* a day for clocks that are late */

void fl_hostca_clear(struct fl_hostca *ca)
{
    free(ca->path);
    free(ca->line);
    fl_host_key_list_clear(&ca->known);
    *ca = (struct fl_hostca){0};
}

/* Type and key, in place. */
static void cut_comment(char *line)
{
    char *at = line + strcspn(line, " \r\n");

    if (*at == ' ')
        at += 1 + strcspn(at + 1, " \r\n");
    *at = '\0';
}

static int read_public(struct fl_hostca *ca, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(LINE_MAX);
    FL_AUTO_FREE char *path = fl_format("%s.pub", ca->path);
    int rc = path ? fl_file_read(path, &text, err) : fl_enomem(err);

    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no such key; `fleet ca init` makes the "
                          "pair",
                          path);
    if (rc < 0)
        return rc;
    ca->line = fl_buf_take(&text);
    if (!ca->line)
        return fleet_fail(err, FLEET_ECONFIG, "%s: empty", path);
    cut_comment(ca->line);
    for (const char *at = ca->line; *at; at++) {
        if ((unsigned char)*at <= ' ' && at != strchr(ca->line, ' '))
            return fleet_fail(err, FLEET_ECONFIG, "%s: no public key", path);
    }
    if (!strchr(ca->line, ' ') || strchr(ca->line, '"') ||
        strchr(ca->line, '%'))
        return fleet_fail(err, FLEET_ECONFIG, "%s: no public key", path);
    return FLEET_OK;
}

int fl_hostca_open(struct fl_engine *engine, struct fl_hostca *out,
                   struct fleet_error *err)
{
    FL_AUTO(fl_hostca_clear) struct fl_hostca ca = {0};
    int rc;

    if (!engine->settings.ca_key_path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_CA_KEY_PATH is not set: this cohort has no "
                          "certificate authority; `fleet ca init` makes one");
    ca.path = strdup(engine->settings.ca_key_path);
    rc = ca.path ? read_public(&ca, err) : fl_enomem(err);
    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_READ, err);
    if (rc == 0)
        rc = fl_host_keys_load(engine->state, &ca.known, err);
    if (rc < 0)
        return rc;
    ca.in_agent = access(ca.path, F_OK) < 0;
    *out = ca;
    ca = (struct fl_hostca){0};
    return FLEET_OK;
}

static bool is_owned(const char *text, const char *name)
{
    return name && strncmp(text, OWNER, strlen(OWNER)) == 0 &&
           strcmp(text + strlen(OWNER), name) == 0;
}

static bool is_good(const char *at)
{
    int64_t made = fl_stamp_parse(at);

    return made >= 0 && made + (int64_t)FL_HOSTCA_DAYS * 86400 > time(NULL);
}

bool fl_hostca_has(const struct fl_hostca *ca, const struct fl_member *member)
{
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);

    for (size_t i = 0; id && i < ca->known.n; i++) {
        const struct fl_host_key *row = &ca->known.at[i];

        if (is_owned(row->name, name) && strcmp(row->pod_id, id) == 0 &&
            is_owned(row->provider, member->listing->name))
            return strcmp(row->key, ca->line) == 0 && is_good(row->at);
    }
    return false;
}

/* ---- signing ---- */

static int run_keygen(const struct fl_hostca *ca, const char *name,
                      const char *path, int64_t deadline,
                      struct fleet_error *err)
{
    FL_AUTO_FREE char *public_path = fl_format("%s.pub", ca->path);
    const char *const plain[] = {"ssh-keygen", "-q", "-P",     "",   "-s",
                                 ca->path,     "-h", "-I",     name, "-n",
                                 name,         "-V", LIFETIME, path, NULL};
    const char *const agent[] = {
        "ssh-keygen", "-q", "-U", "-s", public_path, "-h", "-I",
        name,         "-n", name, "-V", LIFETIME,    path, NULL};
    struct fleet_program program = {.size = sizeof(program),
                                    .argv = ca->in_agent ? agent : plain};
    int rc;

    if (!public_path)
        return fl_enomem(err);
    rc = fl_program_run(&program, deadline, NULL, err);
    return rc < 0 ? fl_error_in(err, "signing with %s%s", ca->path,
                                ca->in_agent ? " in the agent" : "")
                  : FLEET_OK;
}

static int sign_in(const struct fl_hostca *ca, const char *dir,
                   const char *name, const char *host_key, int64_t deadline,
                   char **certificate, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(LINE_MAX);
    FL_AUTO_FREE char *path = fl_format("%s/host.pub", dir);
    FL_AUTO_FREE char *made = fl_format("%s/host-cert.pub", dir);
    FL_AUTO_FREE char *line = fl_format("%s\n", host_key);
    int rc = path && made && line
                 ? fl_file_write(path, line, strlen(line), 0600, err)
                 : fl_enomem(err);

    if (rc == 0)
        rc = run_keygen(ca, name, path, deadline, err);
    if (rc == 0)
        rc = fl_file_read(made, &text, err);
    if (rc < 0)
        return rc;
    *certificate = fl_buf_take(&text);
    if (!*certificate)
        return fl_enomem(err);
    cut_comment(*certificate);
    return FLEET_OK;
}

int fl_hostca_sign(const struct fl_hostca *ca, const char *dir,
                   const char *name, const char *host_key, int64_t deadline,
                   char **certificate, struct fleet_error *err)
{
    FL_AUTO_FREE char *own = fl_format("%s/sign.XXXXXX", dir);
    int rc;

    if (!own)
        return fl_enomem(err);
    if (!mkdtemp(own))
        return fleet_fail(err, FLEET_ECONFIG, "%s: cannot be made", own);
    rc = sign_in(ca, own, name, host_key, deadline, certificate, err);
    fl_dir_remove(own, NULL);
    return rc;
}

/* ---- the state ---- */

struct keeping {
    struct fl_engine *engine;
    const struct fl_hostca *ca;
    const struct fl_member *const *with, *const *without;
    size_t n_with, n_without;
};

static int keep_one(struct fl_state *state, const char *line,
                    const struct fl_member *member, struct fleet_error *err)
{
    FL_AUTO_FREE char *provider = fl_format(OWNER "%s", member->listing->name);
    FL_AUTO_FREE char *name =
        fl_format(OWNER "%s", fleet_pod_get(member->pod, FLEET_POD_NAME));
    const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);
    char now[FL_STAMP_SIZE];
    struct fl_host_key row = {.name = name,
                              .provider = provider,
                              .pod_id = (char *)id,
                              .at = now,
                              .key = (char *)line};
    int rc = provider && name ? FLEET_OK : fl_enomem(err);

    fl_stamp(now, time(NULL));
    if (rc == 0)
        rc = fl_host_key_forget(state, provider, id, err);
    return rc < 0 || !line ? rc : fl_health_put(state, NULL, 0, &row, 1, err);
}

static int keep_in(struct fl_state *state, const struct keeping *keeping,
                   struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < keeping->n_with; i++)
        rc = keep_one(state, keeping->ca->line, keeping->with[i], err);
    for (size_t i = 0; rc == 0 && i < keeping->n_without; i++)
        rc = keep_one(state, NULL, keeping->without[i], err);
    return rc;
}

int fl_hostca_keep(struct fl_engine *engine, const struct fl_hostca *ca,
                   const char *command, const struct fl_member *const *with,
                   size_t n_with, const struct fl_member *const *without,
                   size_t n_without, struct fleet_error *err)
{
    const struct keeping keeping = {engine,  ca,     with,
                                    without, n_with, n_without};
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = NULL;
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    int rc;

    if (engine->lock)
        return keep_in(engine->state, &keeping, err);
    rc = fl_dir_make(engine->state_dir, err);
    if (rc == 0)
        rc = fl_lock_take(engine->state_dir, engine->cohort.prefix, command,
                          fl_deadline(WAIT_MS), NULL, NULL, &lock, err);
    if (rc == 0)
        rc = fl_state_open(engine->state_dir, engine->cohort.prefix,
                           FL_STATE_WRITE, &state, &news, err);
    return rc < 0 ? rc : keep_in(state, &keeping, err);
}
