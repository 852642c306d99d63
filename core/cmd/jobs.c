/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/bgwork.h"
#include "core/cmd/commands.h"
#include "core/cmd/keep.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <string.h>

#define LOCK_WAIT_MS  60000
#define COMMAND_SHOWN 48

struct jobs_options {
    bool clean, forget;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "clean", .type = FLEET_OPT_BOOL,
     .help = "remove those that have ended everywhere, with their output",
     FLEET_AT(struct jobs_options, clean)},
    {.key = "forget", .type = FLEET_OPT_BOOL,
     .help = "remember these no more, also where pods cannot be asked; what is "
             "on the pods stays there",
     FLEET_AT(struct jobs_options, forget)},
    {0},
};
/* clang-format on */

/* ---- what is shown ---- */

static void add_row(struct fl_table *table, const struct fl_bgwork *work,
                    const struct fl_bgjob *job, const struct fl_bgrow *row)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    const char *state = fl_bgrow_state(row);
    const char *name = fl_cohort_short(cohort, row->pod->name);
    int64_t status = row->seen.state[0] ? row->seen.status : row->pod->status;

    fl_table_cell(table, row->pod->job);
    fl_table_cell(table, job->at);
    fl_table_cell(table, name ? name : row->pod->name);
    if (strcmp(state, "exited") == 0)
        fl_table_cellf(table, "exited %lld", (long long)status);
    else
        fl_table_cell(table, state);
    fl_table_cellf(table, "%.*s%s", COMMAND_SHOWN, job->command,
                   strlen(job->command) > COMMAND_SHOWN ? "..." : "");
}

static void add_rows(struct fl_table *table, const struct fl_bgwork *work,
                     const struct fl_bgjob *job)
{
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        if (strcmp(work->rows[i].pod->job, job->id) == 0)
            add_row(table, work, job, &work->rows[i]);
    }
}

static void print_table(const struct fl_bgwork *work)
{
    static const char *const headings[] = {"JOB", "STARTED", "POD", "STATE",
                                           "COMMAND"};
    struct fl_table table;

    fl_table_init(&table, 5, headings, 0);
    for (size_t i = 0; i < work->jobs.n_jobs; i++) {
        if (work->picked[i])
            add_rows(&table, work, &work->jobs.jobs[i]);
    }
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

static json_t *json_job(const struct fl_bgwork *work,
                        const struct fl_bgjob *job)
{
    json_t *made = json_object(), *pods = json_array();

    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        if (strcmp(work->rows[i].pod->job, job->id) == 0)
            fl_json_add(pods, fl_bgrow_json(&work->rows[i]));
    }
    fl_json_put(made, "job", fl_json_text(job->id));
    fl_json_put(made, "started_at", fl_json_text(job->at));
    fl_json_put(made, "command", fl_json_text(job->command));
    fl_json_put(made, "pods", pods);
    return made;
}

static void show(const struct fl_bgwork *work)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->jobs.n_jobs; i++) {
        if (work->picked[i])
            fl_json_add(list, json_job(work, &work->jobs.jobs[i]));
    }
    fl_json_put(work->context->document, "jobs", list);
    print_table(work);
}

/* ---- removing ---- */

static bool has_ended(const struct fl_bgrow *row)
{
    const char *state = fl_bgrow_state(row);

    return strcmp(state, "running") != 0 && strcmp(state, "unknown") != 0 &&
           strcmp(state, "starting") != 0;
}

/* Of all pods of its job. */
static bool is_over(const struct fl_bgwork *work, const struct fl_bgrow *row)
{
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        if (strcmp(work->rows[i].pod->job, row->pod->job) == 0 &&
            !has_ended(&work->rows[i]))
            return false;
    }
    return true;
}

static bool is_there(const struct fl_bgrow *row)
{
    return row->member && strcmp(fl_bgrow_state(row), "gone") != 0 &&
           strcmp(fl_bgrow_state(row), "failed") != 0;
}

static bool to_clean(const struct fl_bgwork *work, const struct fl_bgrow *row)
{
    return is_there(row) && is_over(work, row);
}

static bool has_pods_left(const struct fl_bgwork *work, const char *id)
{
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        const struct fl_bgrow *row = &work->rows[i];

        if (strcmp(row->pod->job, id) == 0 &&
            (!has_ended(row) || is_there(row)))
            return true;
    }
    return false;
}

/* Returns how many were dropped; below 0 on failure. */
static int drop(struct fl_bgwork *work, bool anyway, struct fleet_error *err)
{
    FL_AUTO(fl_keep_close) struct fl_keeping keeping = {0};
    int rc = fl_keep_open(work->context, LOCK_WAIT_MS, &keeping, err), n = 0;

    for (size_t i = 0; rc == 0 && i < work->jobs.n_jobs; i++) {
        const char *id = work->jobs.jobs[i].id;

        if (!work->picked[i] || (!anyway && has_pods_left(work, id)))
            continue;
        rc = fl_bgjobs_drop(keeping.state, id, err);
        n++;
    }
    return rc < 0 ? rc : n;
}

static int clean(struct fl_bgwork *work, struct fleet_error *err)
{
    int rc = fl_bgwork_visit(work, FL_BG_CLEAN, NULL, to_clean, err);
    int n = rc < 0 ? rc : drop(work, false, err), status;

    if (n < 0)
        return fl_report(work->context, err, NULL, NULL);
    status = fl_visiting_report(work->context, &work->results);
    fl_say(work->context, "%d job%s removed", n, n == 1 ? "" : "s");
    fl_json_put(work->context->document, "removed", json_integer(n));
    return status ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

static int forget(struct fl_bgwork *work, struct fleet_error *err)
{
    int n;

    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        const struct fl_bgrow *row = &work->rows[i];

        if (!fl_bgwork_picked(work, row) ||
            strcmp(fl_bgrow_state(row), "running") != 0)
            continue;
        fleet_fail(err, FLEET_EREFUSED,
                   "%s runs on %s: `fleet kill %s` ends it; nothing is "
                   "forgotten",
                   row->pod->job, row->pod->name, row->pod->job);
        return fl_report(work->context, err, NULL, NULL);
    }
    n = drop(work, true, err);
    if (n < 0)
        return fl_report(work->context, err, NULL, NULL);
    fl_say(work->context, "%d job%s forgotten", n, n == 1 ? "" : "s");
    fl_json_put(work->context->document, "removed", json_integer(n));
    return FL_EXIT_OK;
}

/* ---- the command ---- */

static bool to_ask(const struct fl_bgwork *work, const struct fl_bgrow *row)
{
    (void)work;
    return !fl_bgpod_ended(row->pod);
}

/* Providers are asked only where there is something to ask a pod. */
static int look(struct fl_bgwork *work, bool anyway, struct fleet_error *err)
{
    bool any = anyway && work->jobs.n_jobs > 0;
    int rc;

    for (size_t i = 0; i < work->jobs.n_pods; i++)
        any |= fl_bgwork_picked(work, &work->rows[i]) &&
               to_ask(work, &work->rows[i]);
    if (!any)
        return FLEET_OK;
    rc = fl_bgwork_look(work, err);
    return rc < 0 ? rc : fl_bgwork_visit(work, FL_BG_LOOK, NULL, to_ask, err);
}

static int finish(struct fl_bgwork *work, const struct jobs_options *given,
                  struct fleet_error *err)
{
    size_t asked = work->results.n, failed = 0;
    int status;

    for (size_t i = 0; i < asked; i++)
        failed += work->results.at[i].stage != NULL;
    if (given->forget)
        return forget(work, err);
    fl_visiting_report(work->context, &work->results);
    fl_visiting_keep(work->context, &work->results);
    status = fl_work_incomplete(work->context, &work->fleet);
    fl_bgwork_keep(work);
    if (given->clean)
        return clean(work, err);
    show(work);
    if (failed > 0)
        return failed < asked ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
    return status;
}

static int do_jobs(struct fl_bgwork *work, struct fl_context *context,
                   const struct jobs_options *given)
{
    struct fleet_error err = {0};
    int rc = fl_bgwork_open(context, work, &err);

    if (rc == 0)
        rc = fl_bgwork_pick(work, context->args, context->n_args, &err);
    if (rc == 0)
        rc = look(work, given->clean, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    if (work->jobs.n_jobs == 0)
        fl_say(context, "no jobs: `fleet run --background` starts one");
    return finish(work, given, &err);
}

static int run(struct fl_context *context, const void *given)
{
    const struct jobs_options *chosen = given;
    struct fleet_error err = {0};
    struct fl_bgwork *work;
    int status;

    if (chosen->forget && (context->n_args == 0 || chosen->clean))
        return fl_usage(context, "--forget takes the jobs, and no --clean: "
                                 "fleet jobs --forget 3f9a1c22");
    work = calloc(1, sizeof(*work));
    if (!work) {
        fl_enomem(&err);
        return fl_report(context, &err, NULL, NULL);
    }
    status = do_jobs(work, context, chosen);
    if (fl_pool_wedged()) /* a thread may still use it */
        return status;
    fl_bgwork_close(work);
    free(work);
    return status;
}

const struct fl_command fl_cmd_jobs = {
    .name = "jobs",
    .group = "Pods",
    .summary = "show the commands that run in the background on pods",
    .synopsis = "[JOB...]",
    .example = "fleet jobs\n"
               "fleet jobs 3f9a --json | jq -r '.jobs[].pods[].state'\n"
               "fleet jobs --clean",
    .about = "Those that `fleet run --background` has started, and how they "
             "are on each pod: running, exited and its status, lost (the pod "
             "was started anew, or somebody has killed what watches it), gone "
             "(the pod, or what it had of the job), failed (it never began), "
             "unknown (the pod cannot be asked). A job may be named by the "
             "beginning of its name.",
    .options = options,
    .options_size = sizeof(struct jobs_options),
    .args = FL_ARGS_NONE,
    .run = run,
};
