/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/bgwork.h"

#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/document.h"
#include "core/cmd/keep.h"
#include "core/cmd/progress.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <string.h>

#define LIMIT_MS     120000
#define LOCK_WAIT_MS 2000

int fl_bgwork_open(struct fl_context *context, struct fl_bgwork *work,
                   struct fleet_error *err)
{
    int rc = fl_work_open(context, err);

    work->context = context;
    if (rc == 0)
        rc = fl_engine_state(&context->engine, FL_STATE_READ, err);
    if (rc == 0)
        rc = fl_bgjobs_load(context->engine.state, &work->jobs, err);
    fl_show_warnings(context);
    if (rc < 0)
        return rc;
    work->picked = calloc(work->jobs.n_jobs + 1, sizeof(*work->picked));
    work->rows = calloc(work->jobs.n_pods + 1, sizeof(*work->rows));
    if (!work->picked || !work->rows)
        return fl_enomem(err);
    for (size_t i = 0; i < work->jobs.n_pods; i++)
        work->rows[i].pod = &work->jobs.pods[i];
    return FLEET_OK;
}

int fl_bgwork_pick(struct fl_bgwork *work, const char *const *ids, size_t n,
                   struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; n == 0 && i < work->jobs.n_jobs; i++)
        work->picked[i] = true;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct fl_bgjob *job = NULL;

        rc = fl_bgjobs_find(&work->jobs, ids[i], &job, err);
        if (rc == 0)
            work->picked[job - work->jobs.jobs] = true;
    }
    return rc;
}

bool fl_bgwork_picked(const struct fl_bgwork *work, const struct fl_bgrow *row)
{
    for (size_t i = 0; i < work->jobs.n_jobs; i++) {
        if (strcmp(work->jobs.jobs[i].id, row->pod->job) == 0)
            return work->picked[i];
    }
    return false;
}

/* Another pod of that name is not meant. */
static void find_pod(struct fl_bgwork *work, struct fl_bgrow *row)
{
    const struct fl_listing *listing =
        fl_fleet_listing(&work->fleet, row->pod->provider);

    for (size_t i = 0; i < work->fleet.n_members; i++) {
        const struct fl_member *member = &work->fleet.members[i];
        const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);

        if (id && strcmp(id, row->pod->pod_id) == 0 &&
            strcmp(member->listing->name, row->pod->provider) == 0) {
            row->member = member;
            return;
        }
    }
    row->vanished = listing && listing->ok;
}

int fl_bgwork_look(struct fl_bgwork *work, struct fleet_error *err)
{
    int rc = fl_work_look(work->context, 0, &work->fleet, err);

    if (rc < 0)
        return rc;
    work->selected = calloc(work->fleet.n_members + 1, sizeof(*work->selected));
    work->ids = calloc(work->fleet.n_members + 1, sizeof(*work->ids));
    if (!work->selected || !work->ids)
        return fl_enomem(err);
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        find_pod(work, &work->rows[i]);
        /* What has ended there is told by what is remembered. */
        work->rows[i].news =
            work->rows[i].vanished && !fl_bgpod_ended(work->rows[i].pod);
    }
    return FLEET_OK;
}

/* ---- asking ---- */

static int add_id(char **ids, const char *id)
{
    char *longer = *ids ? fl_format("%s %s", *ids, id) : strdup(id);

    if (!longer)
        return FLEET_ENOMEM;
    free(*ids);
    *ids = longer;
    return FLEET_OK;
}

static int choose(struct fl_bgwork *work,
                  bool (*wanted)(const struct fl_bgwork *work,
                                 const struct fl_bgrow *row))
{
    for (size_t i = 0; i < work->fleet.n_members; i++) {
        free(work->ids[i]);
        work->ids[i] = NULL;
    }
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        struct fl_bgrow *row = &work->rows[i];
        size_t at;

        if (!row->member || !fl_bgwork_picked(work, row) || !wanted(work, row))
            continue;
        at = (size_t)(row->member - work->fleet.members);
        if (add_id(&work->ids[at], row->pod->job) < 0)
            return FLEET_ENOMEM;
    }
    for (size_t i = 0; i < work->fleet.n_members; i++)
        work->selected[i] = work->ids[i] != NULL;
    return FLEET_OK;
}

static void take_answers(struct fl_bgwork *work)
{
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        struct fl_bgrow *row = &work->rows[i];

        for (size_t k = 0; k < work->results.n; k++) {
            const struct fl_visit_result *result = &work->results.at[k];
            const struct fl_bg_seen *seen =
                result->member == row->member
                    ? fl_bg_seen_of(result, row->pod->job)
                    : NULL;

            if (!seen)
                continue;
            row->seen = *seen;
            row->news |= strcmp(seen->state, row->pod->state) != 0;
        }
    }
}

int fl_bgwork_visit(struct fl_bgwork *work, enum fl_bg_verb verb,
                    const char *signal,
                    bool (*wanted)(const struct fl_bgwork *work,
                                   const struct fl_bgrow *row),
                    struct fleet_error *err)
{
    struct fl_context *context = work->context;
    int64_t limit_ms = context->globals.timeout_ms;
    struct fl_bg_task task = {
        .to = {.engine = &context->engine,
               .fleet = &work->fleet,
               .selected = work->selected,
               .limit_ms = limit_ms > 0 ? limit_ms : LIMIT_MS,
               .event = fl_progress_event},
        .verb = verb,
        .signal = signal,
    };
    int rc = choose(work, wanted) < 0 ? fl_enomem(err) : FLEET_OK;

    if (rc == 0 && !work->key)
        rc = fl_visiting_key(context, &work->key, err);
    if (rc < 0)
        return rc;
    fl_visit_results_clear(&work->results);
    task.to.key = work->key;
    task.ids = (const char *const *)work->ids;
    task.to.event_arg = fl_progress_open(context, "asked");
    rc = fl_bg_visit(&task, &work->results, err);
    fl_progress_close(task.to.event_arg);
    if (rc == 0)
        take_answers(work);
    return rc;
}

/* ---- what is told and remembered ---- */

const char *fl_bgrow_state(const struct fl_bgrow *row)
{
    if (row->seen.state[0])
        return row->seen.state;
    if (fl_bgpod_ended(row->pod))
        return row->pod->state;
    return row->vanished ? "gone" : "unknown";
}

static json_t *number_or_null(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

json_t *fl_bgrow_json(const struct fl_bgrow *row)
{
    const struct fl_bg_seen *seen = &row->seen;
    bool told = seen->state[0];
    json_t *made = json_object();

    fl_json_put(made, "name", fl_json_text(row->pod->name));
    fl_json_put(made, "state", fl_json_text(fl_bgrow_state(row)));
    fl_json_put(made, "exit",
                number_or_null(told ? seen->status : row->pod->status));
    fl_json_put(made, "pid", number_or_null(told ? seen->pid : -1));
    fl_json_put(made, "started_at",
                fl_json_text(told && seen->began[0] ? seen->began : NULL));
    fl_json_put(made, "ended_at",
                fl_json_text(told && seen->ended[0] ? seen->ended
                                                    : row->pod->ended_at));
    fl_json_put(made, "log_bytes", number_or_null(told ? seen->log_bytes : -1));
    fl_json_put(made, "why",
                fl_json_text(told && seen->why[0] ? seen->why : row->pod->why));
    return made;
}

/* Borrows from the row. */
static struct fl_bgpod news_of(const struct fl_bgrow *row)
{
    struct fl_bgpod pod = *row->pod;

    pod.state = (char *)fl_bgrow_state(row);
    if (row->seen.state[0]) {
        pod.status = row->seen.status;
        pod.ended_at = row->seen.ended[0] ? (char *)row->seen.ended : NULL;
        pod.why = row->seen.why[0] ? (char *)row->seen.why : NULL;
    }
    return pod;
}

void fl_bgwork_keep(struct fl_bgwork *work)
{
    FL_AUTO(fl_keep_close) struct fl_keeping keeping = {0};
    FL_AUTO_FREE struct fl_bgpod *pods =
        calloc(work->jobs.n_pods + 1, sizeof(*pods));
    struct fleet_error err = {0};
    size_t n = 0;
    int rc;

    for (size_t i = 0; pods && i < work->jobs.n_pods; i++) {
        if (work->rows[i].news)
            pods[n++] = news_of(&work->rows[i]);
    }
    if (n == 0)
        return;
    rc = fl_keep_open(work->context, LOCK_WAIT_MS, &keeping, &err);
    if (rc == 0)
        rc = fl_bgjobs_put(keeping.state, NULL, pods, n, &err);
    if (rc < 0)
        fl_say(work->context,
               "fleet: warning: what has become of jobs is not kept: %s",
               err.text);
}

void fl_bgwork_close(struct fl_bgwork *work)
{
    if (fl_pool_wedged()) /* a thread may still use any of it */
        return;
    fl_visit_results_clear(&work->results);
    for (size_t i = 0; work->ids && i < work->fleet.n_members; i++)
        free(work->ids[i]);
    free(work->ids);
    free(work->selected);
    free(work->picked);
    free(work->rows);
    fl_ssh_key_close(work->key);
    fl_bgjobs_clear(&work->jobs);
    fl_fleet_clear(&work->fleet);
}
