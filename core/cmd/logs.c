/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/bgwork.h"
#include "core/cmd/commands.h"
#include "core/cmd/lines.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <string.h>

#define LIMIT_MS 3600000
#define KEEP_MAX ((size_t)8 << 20) /* of each pod, for JSON */

struct logs_options {
    struct fl_narrowing narrowing;
    bool follow;
    int64_t lines;
};
static const char *const alias_f[] = {"f", NULL};
static const char *const alias_n[] = {"n", NULL};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct logs_options, narrowing),
    {.key = "follow", .type = FLEET_OPT_BOOL, .aliases = alias_f,
     .help = "go on with what is printed, until the job has ended",
     FLEET_AT(struct logs_options, follow)},
    {.key = "lines", .type = FLEET_OPT_INT, .aliases = alias_n,
     .fallback = "-1", .min = -1, .max = 1000000000,
     .help = "only the last so many lines of each pod; -1: all that is kept",
     FLEET_AT(struct logs_options, lines)},
    {0},
};
/* clang-format on */

struct logs {
    struct fl_bgwork work;
    const struct logs_options *options;
    bool *meant;
    const char *id;
    size_t n; /* pods that are read */
    struct fl_lines *lines;
    struct fl_buf *kept; /* by member; NULL: printed */
    void **args;         /* by member */
};

static void keep(void *arg, int stream, const char *data, size_t len)
{
    (void)stream;
    fl_buf_add(arg, data, len);
}

/* The members that are meant and have the job. */
static void choose(struct logs *logs)
{
    struct fl_bgwork *work = &logs->work;

    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        const struct fl_bgrow *row = &work->rows[i];
        size_t at;

        if (!row->member || !fl_bgwork_picked(work, row))
            continue;
        at = (size_t)(row->member - work->fleet.members);
        logs->n += logs->meant[at] && !work->selected[at];
        work->selected[at] = logs->meant[at];
    }
}

static int open_output(struct logs *logs, struct fleet_error *err)
{
    struct fl_bgwork *work = &logs->work;
    size_t n = work->fleet.n_members;

    if (work->context->format != FL_FORMAT_JSON)
        return fl_lines_open(work->context, &work->fleet, logs->n > 1, false,
                             &logs->lines, err);
    logs->kept = calloc(n + 1, sizeof(*logs->kept));
    logs->args = calloc(n + 1, sizeof(*logs->args));
    if (!logs->kept || !logs->args)
        return fl_enomem(err);
    for (size_t i = 0; i < n; i++) {
        fl_buf_init(&logs->kept[i], KEEP_MAX);
        logs->args[i] = &logs->kept[i];
    }
    return FLEET_OK;
}

static int read_logs(struct logs *logs, struct fleet_error *err)
{
    struct fl_bgwork *work = &logs->work;
    int64_t limit_ms = work->context->globals.timeout_ms;
    const struct fl_bg_log_task task = {
        .to = {.engine = &work->context->engine,
               .fleet = &work->fleet,
               .selected = work->selected,
               .key = work->key,
               .limit_ms = limit_ms > 0            ? limit_ms
                           : logs->options->follow ? FL_FOREVER
                                                   : LIMIT_MS},
        .id = logs->id,
        .lines = logs->options->lines,
        .follow = logs->options->follow,
        .heard = logs->lines ? fl_lines_heard : keep,
        .heard_args = logs->lines ? fl_lines_members(logs->lines) : logs->args,
    };

    return fl_bg_read_logs(&task, &work->results, err);
}

static json_t *json_result(const struct logs *logs,
                           const struct fl_visit_result *result)
{
    const struct fl_bg_heard *heard = result->own;
    size_t at = (size_t)(result->member - logs->work.fleet.members);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(6 * KEEP_MAX);
    json_t *made = json_object();

    fl_tame(&text, fl_buf_text(&logs->kept[at]), logs->kept[at].len);
    fl_json_put(made, "name", fl_json_text(result->name));
    fl_json_put(made, "log",
                result->stage ? json_null() : json_string(fl_buf_text(&text)));
    fl_json_put(made, "truncated", json_boolean(logs->kept[at].failed));
    fl_json_put(
        made, "state",
        fl_json_text(heard && heard->seen.state[0] ? heard->seen.state : NULL));
    fl_json_put(made, "exit",
                heard && heard->seen.state[0] && heard->seen.status >= 0
                    ? json_integer(heard->seen.status)
                    : json_null());
    fl_json_put(made, "error",
                result->stage ? fl_json_error(&result->error, result->name,
                                              result->member->listing->name)
                              : json_null());
    return made;
}

static int finish(struct logs *logs)
{
    struct fl_bgwork *work = &logs->work;
    struct fl_context *context = work->context;
    json_t *list = json_array();
    size_t failed = 0;

    for (size_t i = 0; i < work->results.n; i++) {
        failed += work->results.at[i].stage != NULL;
        if (logs->kept)
            fl_json_add(list, json_result(logs, &work->results.at[i]));
    }
    fl_json_put(context->document, "job", fl_json_text(logs->id));
    fl_json_put(context->document, "results", list);
    fl_visiting_keep(context, &work->results);
    if (fl_cancelled()) /* that is how one leaves it */
        return fl_cancel_status();
    fl_visiting_report(context, &work->results);
    if (failed > 0)
        return failed < work->results.n ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
    return FL_EXIT_OK;
}

static int do_logs(struct fl_context *context, struct logs *logs,
                   struct fleet_error *err)
{
    struct fl_bgwork *work = &logs->work;
    const char *given = context->args[0];
    const struct fl_bgjob *job = NULL;
    int rc = fl_bgwork_open(context, work, err);

    context->args++;
    context->n_args--;
    if (rc == 0)
        rc = fl_bgwork_pick(work, &given, 1, err);
    if (rc == 0)
        rc = fl_bgjobs_find(&work->jobs, given, &job, err);
    if (rc == 0)
        rc = fl_bgwork_look(work, err);
    if (rc == 0)
        rc = fl_work_select(context, &work->fleet, &logs->options->narrowing,
                            true, &logs->meant, err);
    if (rc == 0)
        rc = fl_visiting_key(context, &work->key, err);
    if (rc < 0)
        return rc;
    logs->id = job->id;
    choose(logs);
    if (logs->n == 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s: none of its pods is there",
                          job->id);
    rc = open_output(logs, err);
    return rc < 0 ? rc : read_logs(logs, err);
}

static void close_logs(struct logs *logs)
{
    fl_lines_close(logs->lines);
    for (size_t i = 0; logs->kept && i < logs->work.fleet.n_members; i++)
        fl_buf_clear(&logs->kept[i]);
    free(logs->kept);
    free(logs->args);
    free(logs->meant);
    fl_bgwork_close(&logs->work);
    free(logs);
}

static int run(struct fl_context *context, const void *given)
{
    struct fleet_error err = {0};
    struct logs *logs;
    int status;

    if (context->n_args == 0)
        return fl_usage(context, "which job? fleet logs JOB [TARGET...]; "
                                 "`fleet jobs` lists them");
    logs = calloc(1, sizeof(*logs));
    if (logs)
        logs->options = given;
    else
        fl_enomem(&err);
    status = logs && do_logs(context, logs, &err) == 0
                 ? finish(logs)
                 : fl_report(context, &err, NULL, NULL);
    if (logs && !fl_pool_wedged()) /* a thread may still use it */
        close_logs(logs);
    return status;
}

const struct fl_command fl_cmd_logs = {
    .name = "logs",
    .group = "Pods",
    .summary = "show what a command in the background has printed",
    .synopsis = "JOB [TARGET...]",
    .example = "fleet logs 3f9a apple\n"
               "fleet logs -f 3f9a -n 10",
    .about = "Of several pods each line stands behind the pod's name. Standard "
             "output and standard error of the job are one log; the last 32 "
             "MiB at least are kept of it. Ctrl-C ends the reading, not the "
             "job.",
    .options = options,
    .options_size = sizeof(struct logs_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
