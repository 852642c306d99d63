/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/commands.h"
#include "core/cmd/keep.h"
#include "core/cmd/output.h"
#include "core/cmd/progress.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"
#include "core/engine/checkout.h"
#include "core/engine/saving.h"

#include <string.h>

#define LIMIT_MS     1800000
#define LOCK_WAIT_MS 60000

struct backup_options {
    struct fl_narrowing narrowing;
    char *day;
    bool no_repo, no_files;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct backup_options, narrowing),
    {.key = "day", .type = FLEET_OPT_STRING,
     .help = "the day of the course in the name of the branch, such as w2d3; "
             "default: today's, by COURSE_START",
     FLEET_AT(struct backup_options, day)},
    {.key = "no-repo", .type = FLEET_OPT_BOOL,
     .help = "leave the repository alone", 
     FLEET_AT(struct backup_options, no_repo)},
    {.key = "no-files", .type = FLEET_OPT_BOOL,
     .help = "do not copy the files of BACKUP_PATHS",
     FLEET_AT(struct backup_options, no_files)},
    {0},
};
/* clang-format on */

struct work {
    struct fl_context *context;
    const struct backup_options *options;
    char day[FL_DAY_SIZE];
    struct fl_visiting visiting;
    struct fl_backup_list known;
    char now[FL_STAMP_SIZE];
};

static int choose_day(struct work *work, struct fleet_error *err)
{
    const char *given = work->options->day;
    time_t now = time(NULL);
    struct tm local;

    fl_stamp(work->now, now);
    if (given && !fl_course_day_valid(given))
        return fleet_fail(err, FLEET_EUSAGE,
                          "--day: %.32s is no week and day: write it as w2d3",
                          given);
    if (given) {
        snprintf(work->day, sizeof(work->day), "%s", given);
        return FLEET_OK;
    }
    localtime_r(&now, &local);
    return fl_course_day(work->context->engine.settings.course_start, &local,
                         work->day, err);
}

static int check_use(const struct work *work, struct fleet_error *err)
{
    const struct fl_settings *settings = &work->context->engine.settings;

    if (fl_checkout_configured(settings) || settings->backup_paths)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "there is nothing to back up: set ARENA_REPO_NAME, "
                      "GIT_URL or REPO_DIR for a repository, BACKUP_PATHS for "
                      "files");
}

/* ---- results ---- */

static const struct fl_saved *saved_of(const struct fl_visit_result *result)
{
    static const struct fl_saved none;

    return result->own ? result->own : &none;
}

/* What was seen where it was put. */
static bool is_backup(const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);

    return !result->stage && (saved->result[0] || saved->has_files);
}

/* One part of two is not all of it. */
static bool is_partial(const struct work *work)
{
    const struct fl_settings *settings = &work->context->engine.settings;

    return (work->options->no_repo && fl_checkout_configured(settings)) ||
           (work->options->no_files && settings->backup_paths);
}

static const char *outcome(const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);

    if (result->stage)
        return "failed";
    if (strcmp(saved->result, "pushed") == 0)
        return "saved";
    if (saved->result[0])
        return saved->result;
    return saved->has_files ? "saved" : "nothing";
}

static json_t *json_left(const struct fl_saved *saved)
{
    json_t *list = json_array();

    for (size_t i = 0; i < saved->left.n; i++)
        fl_json_add(list, fl_json_text(saved->left.at[i]));
    return list;
}

static json_t *text_or_null(const char *text)
{
    return fl_json_text(text && *text ? text : NULL);
}

static json_t *json_result(const struct work *work,
                           const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);
    json_t *made = json_object();

    fl_json_put(made, "name", fl_json_text(result->name));
    fl_json_put(made, "result", fl_json_text(outcome(result)));
    fl_json_put(made, "backup_at",
                fl_json_text(is_backup(result) && !is_partial(work) ? work->now
                                                                    : NULL));
    fl_json_put(made, "repo", text_or_null(saved->repo));
    fl_json_put(made, "on_branch", text_or_null(saved->branch_now));
    fl_json_put(made, "doing", text_or_null(saved->doing));
    fl_json_put(made, "dirty",
                saved->has_repo ? json_boolean(saved->dirty) : json_null());
    fl_json_put(made, "branch", text_or_null(saved->branch));
    fl_json_put(made, "commit", text_or_null(saved->commit));
    fl_json_put(made, "left_out", json_left(saved));
    fl_json_put(made, "files", text_or_null(saved->file));
    fl_json_put(made, "bytes",
                saved->file ? json_integer(saved->bytes) : json_null());
    fl_visiting_put(made, result);
    return made;
}

static void add_row(struct fl_table *table,
                    const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);

    fl_table_cell(table, result->member->short_name);
    fl_table_cell(table, outcome(result));
    fl_table_cell(table, saved->branch[0] ? saved->branch : NULL);
    if (saved->commit[0])
        fl_table_cellf(table, "%.10s", saved->commit);
    else
        fl_table_cell(table, NULL);
    if (saved->file)
        fl_table_cellf(table, "%.1f MiB", (double)saved->bytes / 1048576);
    else
        fl_table_cell(table, NULL);
}

static void tell_notes(const struct work *work,
                       const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);

    if (saved->doing[0])
        fl_say(work->context,
               "%s: in the middle of a %s: saved as the files are now",
               result->member->short_name, saved->doing);
    for (size_t i = 0; i < saved->left.n; i++)
        fl_say(work->context, "%s: not saved: %s", result->member->short_name,
               saved->left.at[i]);
}

static void show(const struct work *work)
{
    static const char *const headings[] = {"NAME", "RESULT", "BRANCH", "COMMIT",
                                           "FILES"};
    json_t *list = json_array();
    struct fl_table table;

    fl_table_init(&table, 5, headings, 1u << 4);
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];

        tell_notes(work, result);
        fl_json_add(list, json_result(work, result));
        add_row(&table, result);
    }
    fl_json_put(work->context->document, "day", fl_json_text(work->day));
    fl_json_put(work->context->document, "results", list);
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

/* ---- remembering ---- */

static char *text_of(const char *text)
{
    return *text ? (char *)text : NULL;
}

/* A part that was left out this time, or has failed, is as it was. Borrows. */
static struct fl_backup row_of(const struct work *work,
                               const struct fl_visit_result *result)
{
    const struct fl_saved *saved = saved_of(result);
    const char *provider = result->member->listing->name;
    const struct fl_backup *known =
        fl_backup_of(&work->known, provider, result->member->pod);
    const char *id = fleet_pod_get(result->member->pod, FLEET_POD_ID);
    struct fl_backup row = known ? *known : (struct fl_backup){0};

    row.name = (char *)result->name;
    row.provider = (char *)provider;
    row.pod_id = (char *)(id ? id : "");
    row.at = (char *)(is_backup(result) && !is_partial(work) ? work->now
                      : known                                ? known->at
                                                             : "");
    if (saved->result[0]) {
        row.branch = text_of(saved->branch);
        row.commit = text_of(saved->commit);
        row.print = text_of(saved->print);
    }
    if (saved->file) {
        row.files = saved->file;
        row.sum = (char *)saved->sum;
        row.files_at = (char *)work->now;
    }
    return row;
}

static int keep(struct work *work, struct fleet_error *err)
{
    FL_AUTO(fl_keep_close) struct fl_keeping keeping = {0};
    FL_AUTO_FREE struct fl_backup *rows =
        calloc(work->visiting.results.n + 1, sizeof(*rows));
    size_t n = 0;
    int rc;

    if (!rows)
        return fl_enomem(err);
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_saved *saved = saved_of(&work->visiting.results.at[i]);

        if (saved->result[0] || saved->file)
            rows[n++] = row_of(work, &work->visiting.results.at[i]);
    }
    if (n == 0)
        return FLEET_OK;
    rc = fl_keep_open(work->context, LOCK_WAIT_MS, &keeping, err);
    if (rc == 0)
        rc = fl_backups_put(keeping.state, rows, n, err);
    return rc < 0 ? fl_error_in(err, "saved, but not remembered") : FLEET_OK;
}

/* ---- the command ---- */

static int save_all(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_progress *progress = fl_progress_open(context, "saved");
    const struct fl_save_task task = {
        .to = fl_visiting_to(context, &work->visiting, LIMIT_MS, progress),
        .verb = FL_SAVE_SAVE,
        .day = work->day,
        .known = &work->known,
        .skip_repo = work->options->no_repo,
        .skip_files = work->options->no_files,
    };
    int rc = fl_save_visit(&task, &work->visiting.results, err);

    fl_progress_close(progress);
    return rc;
}

static int finish(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    size_t failed = 0;
    int kept = keep(work, &err), status;

    show(work);
    failed = fl_visiting_failed(&work->visiting.results);
    status = fl_visiting_report(context, &work->visiting.results);
    fl_visiting_keep(context, &work->visiting.results);
    if (work->visiting.results.n == 0 && work->visiting.fleet.complete)
        fl_say(context, "no pods of cohort %s", context->engine.cohort.prefix);
    if (kept < 0)
        return fl_report(context, &err, NULL, NULL);
    if (fl_cancelled())
        return fl_cancel_status();
    if (failed > 0 && failed < work->visiting.results.n)
        return FL_EXIT_PARTIAL;
    if (failed > 0)
        return work->visiting.results.n == 1 ? status : FL_EXIT_FAILED;
    return fl_work_incomplete(context, &work->visiting.fleet);
}

static int do_work(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    int rc = fl_work_open(context, &err);

    if (rc == 0)
        rc = choose_day(work, &err);
    if (rc == 0)
        rc = check_use(work, &err);
    if (rc == 0)
        rc = fl_visiting_open(context, &work->options->narrowing,
                              &work->visiting, &err);
    if (rc == 0)
        rc = fl_backups_load(context->engine.state, &work->known, &err);
    if (rc == 0)
        rc = save_all(work, &err);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : finish(work);
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context, .options = given};
    int status = do_work(&work);

    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_visiting_close(&work.visiting);
    fl_backup_list_clear(&work.known);
    return status;
}

const struct fl_command fl_cmd_backup = {
    .name = "backup",
    .group = "Pods",
    .summary = "save the work on pods: to a branch of its own, and files here",
    .synopsis = "[TARGET...]",
    .example = "fleet backup\n"
               "fleet backup apple --day w2d3\n"
               "fleet backup --json | jq -r '.results[] | [.name, .commit]'",
    .about =
        "What is in the checkout of the repository, with all that git does not "
        "ignore, and commits that no remote has, are pushed to the branch "
        "autocommit-PREFIX-wNdM-NAME, whatever branch the pod is on; its "
        "files, its index and its branches stay as they are. Earlier saves of "
        "that day stay in its history. The files of BACKUP_PATHS are copied "
        "here. What was seen at the remote, and came over whole, is a backup: "
        "`fleet list` shows its age.",
    .options = options,
    .options_size = sizeof(struct backup_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
