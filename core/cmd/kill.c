/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/bgwork.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <signal.h>
#include <string.h>

struct kill_options {
    struct fl_narrowing narrowing;
    char *signal;
};
static const char *const alias_s[] = {"s", NULL};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct kill_options, narrowing),
    {.key = "signal", .type = FLEET_OPT_STRING, .aliases = alias_s,
     .fallback = "TERM", .help = "what it is sent, by name or number",
     FLEET_AT(struct kill_options, signal)},
    {0},
};
/* clang-format on */

/* "TERM" of "term", "SIGTERM" and "15"; NULL: no signal. */
static const char *signal_name(const char *given)
{
    const char *plain = strncasecmp(given, "SIG", 3) == 0 ? given + 3 : given;
    int64_t number;

    if (fl_parse_int(given, 1, NSIG - 1, &number))
        return sigabbrev_np((int)number);
    for (int i = 1; i < NSIG; i++) {
        const char *name = sigabbrev_np(i);

        if (name && strcasecmp(name, plain) == 0)
            return name;
    }
    return NULL;
}

/* Members that the targets mean; the rest of the job is not asked. */
struct kill {
    struct fl_bgwork work; /* first: wanted is given this */
    bool *meant;           /* by member */
};

static bool wanted(const struct fl_bgwork *work, const struct fl_bgrow *row)
{
    const struct kill *kill = (const struct kill *)work;

    return kill->meant[row->member - work->fleet.members];
}

static json_t *json_row(const struct fl_bgrow *row)
{
    json_t *made = fl_bgrow_json(row);

    fl_json_put(made, "sent",
                row->seen.sent < 0 ? json_null()
                                   : json_integer(row->seen.sent));
    return made;
}

static void show(const struct fl_bgwork *work)
{
    static const char *const headings[] = {"JOB", "POD", "STATE", "SIGNALLED"};
    json_t *list = json_array();
    struct fl_table table;

    fl_table_init(&table, 4, headings, 1u << 3);
    for (size_t i = 0; i < work->jobs.n_pods; i++) {
        const struct fl_bgrow *row = &work->rows[i];

        if (!fl_bgwork_picked(work, row) || !row->member || !wanted(work, row))
            continue;
        fl_json_add(list, json_row(row));
        fl_table_cell(&table, row->pod->job);
        fl_table_cell(&table, row->member->short_name);
        fl_table_cell(&table, fl_bgrow_state(row));
        if (row->seen.state[0])
            fl_table_cellf(&table, "%lld process%s", (long long)row->seen.sent,
                           row->seen.sent == 1 ? "" : "es");
        else
            fl_table_cell(&table, NULL);
    }
    fl_json_put(work->context->document, "results", list);
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

static int finish(struct fl_bgwork *work)
{
    size_t asked = work->results.n, failed = 0;

    show(work);
    for (size_t i = 0; i < asked; i++)
        failed += work->results.at[i].stage != NULL;
    fl_visiting_report(work->context, &work->results);
    fl_visiting_keep(work->context, &work->results);
    if (failed > 0)
        return failed < asked ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
    return fl_work_incomplete(work->context, &work->fleet);
}

static int do_kill(struct fl_context *context, struct kill *kill,
                   const struct kill_options *given, const char *name,
                   struct fleet_error *err)
{
    const char *job = context->args[0];
    int rc = fl_bgwork_open(context, &kill->work, err);

    context->args++;
    context->n_args--;
    if (rc == 0)
        rc = fl_bgwork_pick(&kill->work, &job, 1, err);
    if (rc == 0)
        rc = fl_bgwork_look(&kill->work, err);
    if (rc == 0)
        rc = fl_work_select(context, &kill->work.fleet, &given->narrowing, true,
                            &kill->meant, err);
    if (rc == 0)
        rc = fl_bgwork_visit(&kill->work, FL_BG_KILL, name, wanted, err);
    if (rc == 0 && kill->work.results.n == 0)
        rc = fleet_fail(err, FLEET_ENOTFOUND, "%s: none of its pods is there",
                        job);
    return rc;
}

static int run(struct fl_context *context, const void *given)
{
    const struct kill_options *chosen = given;
    const char *name = signal_name(chosen->signal);
    struct fleet_error err = {0};
    struct kill *kill;
    int status;

    if (context->n_args == 0)
        return fl_usage(context, "which job? fleet kill JOB [TARGET...]; "
                                 "`fleet jobs` lists them");
    if (!name)
        return fl_usage(context, "--signal: %s is none", chosen->signal);
    kill = calloc(1, sizeof(*kill));
    if (!kill)
        fl_enomem(&err);
    status = kill && do_kill(context, kill, chosen, name, &err) == 0
                 ? finish(&kill->work)
                 : fl_report(context, &err, NULL, NULL);
    if (!kill || fl_pool_wedged()) /* a thread may still use it */
        return status;
    free(kill->meant);
    fl_bgwork_close(&kill->work);
    free(kill);
    return status;
}

const struct fl_command fl_cmd_kill = {
    .name = "kill",
    .group = "Pods",
    .summary = "end a command that runs in the background on pods",
    .synopsis = "JOB [TARGET...]",
    .example = "fleet kill 3f9a\n"
               "fleet kill 3f9a apple --signal INT",
    .about = "Sends a signal to the command and to all that it has started in "
             "its session, and to nothing else: a process number that is in "
             "use again is not hit. Without a target on all pods of the job. "
             "`fleet jobs` shows when it has ended.",
    .options = options,
    .options_size = sizeof(struct kill_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
