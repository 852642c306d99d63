/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/admit.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/cmd/admitted.h"
#include "core/cmd/progress.h"
#include "core/engine/health.h"

#include <string.h>

#define LIMIT_MS 60000
#define SIGN_MS  60000

static void tell_waiting(void *arg, const char *holder)
{
    fl_say(arg, "waiting for another run on this cohort: %s", holder);
}

static int open_people(struct fl_admit *admit, const char *roster, bool faulty,
                       struct fleet_error *err)
{
    struct fl_engine *engine = &admit->context->engine;
    int rc = fl_people_open(engine, roster, &admit->people, err);

    if (rc == 0 && !faulty)
        rc = fl_people_check(&admit->people, err);
    if (rc == 0)
        rc = fl_people_signer(engine, &admit->ca, err);
    if (rc == 0 && !engine->settings.key_path)
        rc = fleet_fail(err, FLEET_ECONFIG, "SHARED_SSH_KEY_PATH is not set");
    return rc;
}

/* Nothing here waits for what an earlier run has left unclear at a provider:
 * somebody may have to be shut out now. */
static int begin(struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_context *context = admit->context;
    struct fl_engine *engine = &context->engine;
    int rc = admit->dry ? FLEET_OK
                        : fl_engine_begin(engine, context->words,
                                          context->globals.lock_wait_ms,
                                          tell_waiting, context, err);

    if (rc == 0)
        rc = fl_fleet_gather(engine, 0, &admit->fleet, err);
    fl_show_warnings(context);
    return rc;
}

int fl_admit_open(struct fl_context *context, const char *roster, bool faulty,
                  struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    int rc = fl_work_open(context, err);

    admit->context = context;
    admit->dry = context->globals.dry_run;
    if (rc == 0)
        rc = open_people(admit, roster, faulty, err);
    if (rc < 0)
        return rc;
    fl_people_clear(&admit->people); /* anew, under the lock */
    fl_signer_clear(&admit->ca);
    fl_state_close(engine->state);
    engine->state = NULL;
    rc = begin(admit, err);
    if (rc == 0)
        rc = open_people(admit, roster, faulty, err);
    if (rc == 0)
        rc = fl_accesses_load(engine->state, &admit->accesses, err);
    if (rc < 0)
        return rc;
    admit->selected =
        calloc(admit->fleet.n_members + 1, sizeof(*admit->selected));
    return admit->selected ? FLEET_OK : fl_enomem(err);
}

void fl_admit_close(struct fl_admit *admit)
{
    fl_visit_results_clear(&admit->results);
    fl_access_list_clear(&admit->accesses);
    fl_strv_clear(&admit->made);
    free(admit->selected);
    fl_fleet_clear(&admit->fleet);
    fl_signer_clear(&admit->ca);
    fl_people_clear(&admit->people);
    *admit = (struct fl_admit){0};
}

/* ---- certificates ---- */

static int give_badge(struct fl_admit *admit, const struct fl_person *person,
                      struct fleet_error *err)
{
    const struct fl_cohort *cohort = &admit->context->engine.cohort;
    FL_AUTO(fl_badge_clear) struct fl_badge badge = {0};
    int rc;

    if (fl_people_presence(&admit->people, person) != FL_PRESENT)
        return FLEET_OK;
    rc = fl_badge_look(&admit->people, cohort, &admit->ca, person, &badge, err);
    if (rc < 0 || !badge.why)
        return rc;
    if (fl_strv_add(&admit->made, person->id) < 0)
        return fl_enomem(err);
    if (admit->dry)
        return FLEET_OK;
    fl_badge_clear(&badge);
    return fl_badge_make(&admit->people, cohort, &admit->ca, person,
                         fl_deadline(SIGN_MS), &badge, err);
}

int fl_admit_badges(struct fl_admit *admit, const struct fl_person *person,
                    struct fleet_error *err)
{
    const struct fl_roster *roster = &admit->people.roster;
    int rc = admit->dry ? FLEET_OK : fl_dir_make(admit->people.dir, err);

    if (rc == 0 && person)
        return give_badge(admit, person, err);
    for (size_t i = 0; rc == 0 && i < roster->n; i++) {
        if (fl_cancelled())
            return fleet_fail(err, FLEET_ECANCELLED, "interrupted");
        rc = give_badge(admit, &roster->at[i], err);
    }
    return rc;
}

/* ---- which pods ---- */

bool fl_admitted_was_in(const struct fl_access *access, const char *id)
{
    size_t len = strlen(id);

    for (const char *at = access ? access->people : ""; *at;) {
        if (strncmp(at, id, len) == 0 && at[len] == '@')
            return true;
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    return false;
}

const struct fl_access *fl_admit_access(const struct fl_admit *admit,
                                        const struct fl_member *member)
{
    return fl_access_of(&admit->accesses, member->listing->name,
                        fleet_pod_get(member->pod, FLEET_POD_ID));
}

void fl_admit_select(struct fl_admit *admit, const struct fl_strv *pods,
                     const char *id)
{
    for (size_t i = 0; i < admit->fleet.n_members; i++) {
        const struct fl_member *member = &admit->fleet.members[i];

        if ((pods && fl_strv_has(pods, member->short_name)) ||
            (id && fl_admitted_was_in(fl_admit_access(admit, member), id)))
            admit->selected[i] = true;
    }
}

void fl_admit_select_all(struct fl_admit *admit)
{
    for (size_t i = 0; i < admit->fleet.n_members; i++)
        admit->selected[i] = true;
}

/* ---- visiting them ---- */

/* The state is open for writing, under our lock. */
static int keep(struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_engine *engine = &admit->context->engine;
    struct fl_visit_results *results = &admit->results;
    FL_AUTO_FREE struct fl_host_key *keys =
        calloc(results->n + 1, sizeof(*keys));
    char now[FL_STAMP_SIZE];
    size_t n = 0;
    int rc = keys ? fl_access_keep(engine, results, err) : fl_enomem(err);

    fl_stamp(now, time(NULL));
    for (size_t i = 0; keys && i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];
        const char *id = fleet_pod_get(result->member->pod, FLEET_POD_ID);

        if (result->learnt && id)
            keys[n++] = (struct fl_host_key){
                (char *)result->name, (char *)result->member->listing->name,
                (char *)id, now, result->learnt};
    }
    if (rc == 0 && n)
        rc = fl_health_put(engine->state, NULL, 0, keys, n, err);
    return rc < 0 ? rc : fl_admitted_journal(admit, err);
}

int fl_admit_visit(struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_context *context = admit->context;
    struct fl_engine *engine = &context->engine;
    struct fl_ssh_key *key = NULL;
    struct fl_progress *progress;
    struct fl_access_job job = {
        .to = {.engine = engine,
               .fleet = &admit->fleet,
               .selected = admit->selected,
               .limit_ms =
                   engine->timeout_ms > 0 ? engine->timeout_ms : LIMIT_MS,
               .event = fl_progress_event},
        .people = &admit->people,
        .ca = &admit->ca,
        .only = admit->only,
        .dry = admit->dry,
        .kill = admit->kill,
        .kill_on = admit->kill_on,
        .key_path = admit->key_path,
        .cert_path = admit->cert_path,
    };
    int rc = fl_ssh_key_open(engine->settings.key_path, &key, err);

    fl_visit_results_clear(&admit->results);
    job.to.key = key;
    progress = rc == 0 ? fl_progress_open(context, "done") : NULL;
    job.to.event_arg = progress;
    if (rc == 0)
        rc = fl_access_run(&job, &admit->results, err);
    fl_progress_close(progress);
    if (!fl_pool_wedged())
        fl_ssh_key_close(key);
    if (rc == 0 && !admit->dry)
        rc = keep(admit, err);
    return rc;
}

bool fl_admit_changed(const struct fl_admit *admit)
{
    for (size_t i = 0; i < admit->results.n; i++)
        if (fl_authkeys_changed(&fl_accessed_of(&admit->results.at[i])->change))
            return true;
    return false;
}

int fl_admit_status(struct fl_admit *admit)
{
    int listings = fl_work_incomplete(admit->context, &admit->fleet);
    int status = fl_admitted_tell(admit);

    if (fl_cancelled())
        return fl_cancel_status();
    if (listings && status == FL_EXIT_OK)
        return FL_EXIT_PARTIAL;
    return status;
}

/* ---- pods that are new ---- */

/* A command that only looked has the state for reading. */
static int take_lock(struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_context *context = admit->context;
    struct fl_engine *engine = &context->engine;

    if (engine->lock)
        return FLEET_OK;
    fl_state_close(engine->state);
    engine->state = NULL;
    return fl_engine_begin(engine, context->words,
                           context->globals.lock_wait_ms, tell_waiting, context,
                           err);
}

static int follow(struct fl_admit *admit, const struct fl_strv *names,
                  struct fleet_error *err)
{
    struct fl_engine *engine = &admit->context->engine;
    int rc = take_lock(admit, err);

    if (rc == 0)
        rc = open_people(admit, NULL, false, err);
    if (rc == 0)
        rc = fl_accesses_load(engine->state, &admit->accesses, err);
    if (rc == 0)
        rc = fl_fleet_gather(engine, 0, &admit->fleet, err);
    if (rc < 0)
        return rc;
    admit->selected =
        calloc(admit->fleet.n_members + 1, sizeof(*admit->selected));
    if (!admit->selected)
        return fl_enomem(err);
    for (size_t i = 0; i < admit->fleet.n_members; i++)
        admit->selected[i] = fl_strv_has(
            names, fleet_pod_get(admit->fleet.members[i].pod, FLEET_POD_NAME));
    return fl_admit_visit(admit, err);
}

void fl_admit_follow(struct fl_context *context, const struct fl_strv *names)
{
    struct fl_admit admit = {.context = context};
    struct fleet_error err = {0};

    if (!context->engine.settings.roster || names->n == 0 ||
        context->globals.dry_run || fl_cancelled() || fl_pool_wedged())
        return;
    if (follow(&admit, names, &err) < 0)
        fl_say(context,
               "fleet: warning: the people of the roster were not let in: %s; "
               "`fleet roster apply` does it",
               err.text);
    else
        fl_admitted_tell(&admit);
    fl_admit_close(&admit);
}
