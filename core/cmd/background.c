/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/bgwork.h"
#include "core/cmd/keep.h"
#include "core/cmd/output.h"
#include "core/cmd/progress.h"
#include "core/cmd/visiting.h"

#include <string.h>

#define LIMIT_MS     120000
#define LOCK_WAIT_MS 60000

/* One command that goes on without us, and what has come of starting it. */
struct start {
    struct fl_context *context;
    const struct fl_background *what;
    struct fl_bgjob job;
    char id[FL_BGJOB_ID_SIZE], at[FL_STAMP_SIZE];
    const char **ids;      /* by member */
    struct fl_bgpod *pods; /* by result */
    size_t n;
    struct fl_bg_task task;
    struct fl_visit_results results;
};

static int fill(struct start *start, struct fleet_error *err)
{
    const struct fl_fleet *fleet = start->what->fleet;
    int rc = fl_bgjob_name(start->id, err);

    if (rc < 0)
        return rc;
    fl_stamp(start->at, time(NULL));
    start->job =
        (struct fl_bgjob){start->id, start->at, (char *)start->what->command};
    start->ids = calloc(fleet->n_members + 1, sizeof(*start->ids));
    start->pods = calloc(fleet->n_members + 1, sizeof(*start->pods));
    if (!start->ids || !start->pods)
        return fl_enomem(err);
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);

        start->ids[i] = start->id;
        if (!start->what->selected[i])
            continue;
        start->pods[start->n++] = (struct fl_bgpod){
            .job = start->id,
            .name = (char *)fleet_pod_get(member->pod, FLEET_POD_NAME),
            .provider = (char *)member->listing->name,
            .pod_id = (char *)(id ? id : ""),
            .state = (char *)"starting",
            .status = -1,
        };
    }
    return FLEET_OK;
}

static int remember(const struct start *start, bool anew,
                    struct fleet_error *err)
{
    FL_AUTO(fl_keep_close) struct fl_keeping keeping = {0};
    int rc = fl_keep_open(start->context, LOCK_WAIT_MS, &keeping, err);

    return rc < 0 ? rc
                  : fl_bgjobs_put(keeping.state, anew ? &start->job : NULL,
                                  start->pods, start->n, err);
}

static int send(struct start *start, struct fleet_error *err)
{
    struct fl_context *context = start->context;
    const struct fl_background *what = start->what;
    int64_t limit_ms = context->globals.timeout_ms;
    int rc;

    start->task = (struct fl_bg_task){
        .to = {.engine = &context->engine,
               .fleet = what->fleet,
               .selected = what->selected,
               .key = what->key,
               .limit_ms = limit_ms > 0 ? limit_ms : LIMIT_MS,
               .event = fl_progress_event,
               .event_arg = fl_progress_open(context, "started")},
        .ids = start->ids,
        .verb = FL_BG_START,
        .command = what->command,
        .input = what->input,
        .input_len = what->input_len,
    };
    rc = fl_bg_visit(&start->task, &start->results, err);
    fl_progress_close(start->task.to.event_arg);
    return rc;
}

/* What was cut off in the middle may run: it stays "starting", and `fleet jobs`
 * looks. */
static bool is_unclear(const struct fl_visit_result *result)
{
    return result->stage && (strcmp(result->stage, "exec") == 0 ||
                             strcmp(result->stage, "timeout") == 0);
}

/* Returns how many do not run for certain. */
static size_t take_results(struct start *start)
{
    size_t failed = 0;

    for (size_t i = 0; i < start->results.n; i++) {
        const struct fl_visit_result *result = &start->results.at[i];
        const struct fl_bg_seen *seen = fl_bg_seen_of(result, start->id);
        struct fl_bgpod *pod = &start->pods[i];

        if (seen) {
            pod->state = (char *)seen->state;
            pod->status = seen->status;
            pod->ended_at = seen->ended[0] ? (char *)seen->ended : NULL;
        } else if (result->stage && !is_unclear(result)) {
            pod->state = (char *)"failed";
        }
        if (strcmp(pod->state, "failed") == 0)
            pod->why = (char *)result->error.text;
        failed += strcmp(pod->state, "failed") == 0;
    }
    return failed;
}

static void tell(struct start *start)
{
    struct fl_context *context = start->context;
    json_t *list = json_array();

    for (size_t i = 0; i < start->results.n; i++) {
        const struct fl_visit_result *result = &start->results.at[i];
        const struct fl_bg_seen *seen = fl_bg_seen_of(result, start->id);
        json_t *entry = json_object();

        fl_json_put(entry, "name", fl_json_text(result->name));
        fl_json_put(entry, "state", fl_json_text(start->pods[i].state));
        fl_json_put(entry, "pid",
                    seen && seen->pid >= 0 ? json_integer(seen->pid)
                                           : json_null());
        fl_json_put(entry, "error",
                    result->stage ? fl_json_error(&result->error, result->name,
                                                  result->member->listing->name)
                                  : json_null());
        fl_json_add(list, entry);
    }
    fl_json_put(context->document, "job", fl_json_text(start->id));
    fl_json_put(context->document, "results", list);
    if (context->format == FL_FORMAT_JSON)
        return;
    fl_print(context, start->id);
    fl_print(context, "\n");
    fl_say(context,
           "`fleet logs -f %s` shows what it prints, `fleet jobs` how "
           "it goes",
           start->id);
}

static int conclude(struct start *start, struct fleet_error *err)
{
    size_t failed = take_results(start);
    int rc = remember(start, false, err), status;

    tell(start);
    status = fl_visiting_report(start->context, &start->results);
    fl_visiting_keep(start->context, &start->results);
    if (rc < 0)
        return fl_report(start->context, err, NULL, NULL);
    if (fl_cancelled())
        return fl_cancel_status();
    if (failed == start->results.n && start->results.n == 1)
        return status;
    if (failed == start->results.n)
        return FL_EXIT_FAILED;
    return status ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

/* Written down before it begins: a run that dies forgets none. */
int fl_background_start(struct fl_context *context,
                        const struct fl_background *what)
{
    struct start *start = calloc(1, sizeof(*start));
    struct fleet_error err = {0};
    int rc, status;

    if (!start) {
        fl_enomem(&err);
        return fl_report(context, &err, NULL, NULL);
    }
    start->context = context;
    start->what = what;
    rc = fill(start, &err);
    if (rc == 0 && start->n == 0)
        rc = fleet_fail(&err, FLEET_ENOTFOUND, "no pods to run it on");
    if (rc == 0)
        rc = remember(start, true, &err);
    if (rc == 0)
        rc = send(start, &err);
    status =
        rc < 0 ? fl_report(context, &err, NULL, NULL) : conclude(start, &err);
    if (fl_pool_wedged()) /* a thread may still use it */
        return status;
    fl_visit_results_clear(&start->results);
    free(start->ids);
    free(start->pods);
    free(start);
    return status;
}
