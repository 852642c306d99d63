/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/hostca.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <string.h>

#define WAIT_MS  5000
#define OWNER    "@cert " /* before names in the state: no pod is called so */
#define LIFETIME "-1d:+366d" /* a day for clocks that are late */

void fl_hostca_clear(struct fl_hostca *ca)
{
    fl_signer_clear(&ca->signer);
    fl_host_key_list_clear(&ca->known);
    *ca = (struct fl_hostca){0};
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
    rc = fl_signer_open(engine->settings.ca_key_path, "fleet ca init",
                        &ca.signer, err);
    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_READ, err);
    if (rc == 0)
        rc = fl_host_keys_load(engine->state, &ca.known, err);
    if (rc < 0)
        return rc;
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
            return strcmp(row->key, ca->signer.line) == 0 && is_good(row->at);
    }
    return false;
}

int fl_hostca_sign(const struct fl_hostca *ca, const char *dir,
                   const char *name, const char *host_key, int64_t deadline,
                   char **certificate, struct fleet_error *err)
{
    const char *const options[] = {"-h", "-I", name,     "-n",
                                   name, "-V", LIFETIME, NULL};

    return fl_signer_sign(&ca->signer, dir, options, host_key, deadline,
                          certificate, err);
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
        rc = keep_one(state, keeping->ca->signer.line, keeping->with[i], err);
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
