/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/progress.h"
#include "core/cmd/talk.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"
#include "core/engine/checkout.h"
#include "core/engine/saving.h"

#include <string.h>

#define LIMIT_MS 1800000

struct restore_options {
    char *from;
    bool overwrite, no_repo, no_files;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "from", .type = FLEET_OPT_STRING,
     .help = "a branch of the remote, or another pod, whose last backup it is; "
             "default: the pod's own",
     FLEET_AT(struct restore_options, from)},
    {.key = "overwrite", .type = FLEET_OPT_BOOL,
     .help = "write over files that are newer, or that somebody has changed",
     FLEET_AT(struct restore_options, overwrite)},
    {.key = "no-repo", .type = FLEET_OPT_BOOL,
     .help = "leave the repository alone",
     FLEET_AT(struct restore_options, no_repo)},
    {.key = "no-files", .type = FLEET_OPT_BOOL,
     .help = "leave other files alone",
     FLEET_AT(struct restore_options, no_files)},
    {0},
};
/* clang-format on */

struct work {
    struct fl_context *context;
    const struct restore_options *options;
    struct fl_visiting visiting;
    const struct fl_member *member;
    struct fl_backup_list known;
    const struct fl_backup *backup; /* whose it is; NULL: none is remembered */
    char *from;                     /* the branch, or a pattern of it */
};

/* ---- what is put back ---- */

static bool is_branch(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";

    return *name && name[strspn(name, allowed)] == '\0' && name[0] != '-' &&
           name[0] != '/' && !strstr(name, "..") && strlen(name) < 200;
}

/* The days of one pod's backups; the last of them is meant. */
static char *pattern_of(const struct fl_cohort *cohort, const char *short_name)
{
    return fl_backup_branch(cohort->prefix, "w*d[0-9]", short_name);
}

/* The full name of a pod, by either of its names, if anything is known of it;
 * NULL: it is none. */
static char *pod_named(const struct work *work, const char *given)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    FL_AUTO_FREE char *full = fl_cohort_short(cohort, given)
                                  ? strdup(given)
                                  : fl_cohort_full(cohort, given);
    const char *short_name = full ? fl_cohort_short(cohort, full) : NULL;

    if (!short_name)
        return NULL;
    if (fl_backup_named(&work->known, full) ||
        fl_fleet_member(&work->visiting.fleet, full) ||
        fl_cohort_index(cohort, short_name) != SIZE_MAX)
        return fl_take(full);
    return NULL;
}

static int choose_source(struct work *work, struct fleet_error *err)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    const char *given = work->options->from;
    FL_AUTO_FREE char *full =
        pod_named(work, given ? given : work->member->short_name);

    if (given && !full) {
        if (!is_branch(given))
            return fleet_fail(err, FLEET_EUSAGE,
                              "--from: %.64s is neither a pod nor a branch",
                              given);
        work->from = strdup(given);
        return work->from ? FLEET_OK : fl_enomem(err);
    }
    if (!full)
        return fl_enomem(err);
    work->backup = fl_backup_named(&work->known, full);
    work->from =
        work->backup && work->backup->branch && is_branch(work->backup->branch)
            ? strdup(work->backup->branch)
            : pattern_of(cohort, fl_cohort_short(cohort, full));
    return work->from ? FLEET_OK : fl_enomem(err);
}

static int choose_pod(struct work *work, struct fleet_error *err)
{
    static const struct fl_narrowing all;
    size_t n = 0;
    int rc = fl_work_select(work->context, &work->visiting.fleet, &all, false,
                            &work->visiting.selected, err);

    for (size_t i = 0; rc == 0 && i < work->visiting.fleet.n_members; i++) {
        if (work->visiting.selected[i] && n++ == 0)
            work->member = &work->visiting.fleet.members[i];
    }
    if (rc == 0 && n != 1)
        rc = fleet_fail(err, FLEET_EUSAGE, "%zu pods are meant: one at a time",
                        n);
    return rc;
}

static const struct fl_backup *files_of(const struct work *work)
{
    bool has = work->backup && work->backup->files && work->backup->sum;

    return has && !work->options->no_files ? work->backup : NULL;
}

static bool has_repo(const struct work *work)
{
    const struct fl_settings *settings = &work->context->engine.settings;

    return !work->options->no_repo && fl_checkout_configured(settings);
}

/* VERB: "restoring". */
static void tell_plan(const struct work *work, const char *verb)
{
    const struct fl_backup *files = files_of(work);

    fl_say(work->context, "%s: %s %s%s%s", work->member->short_name, verb,
           has_repo(work) ? work->from : "",
           has_repo(work) && files ? " and " : "", files ? files->files : "");
}

static int ask(const struct work *work, struct fleet_error *err)
{
    if (!has_repo(work) && !files_of(work))
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "%s: there is no backup to put back",
                          work->member->short_name);
    tell_plan(work, "restoring");
    if (work->options->overwrite)
        return fl_confirm(work->context, "Write over what is newer there?",
                          err);
    return fl_consent(work->context, "restore", err);
}

static int restore(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_progress *progress = fl_progress_open(context, "restored");
    const struct fl_save_task task = {
        .to = fl_visiting_to(context, &work->visiting, LIMIT_MS, progress),
        .verb = FL_SAVE_RESTORE,
        .known = &work->known,
        .from = work->from,
        .overwrite = work->options->overwrite,
        .files = files_of(work),
        .skip_repo = work->options->no_repo,
        .skip_files = work->options->no_files,
    };
    int rc = fl_save_visit(&task, &work->visiting.results, err);

    fl_progress_close(progress);
    return rc;
}

/* ---- what has come of it ---- */

static void tell(const struct work *work, const struct fl_saved *saved)
{
    struct fl_context *context = work->context;
    const char *name = work->member->short_name;

    if (!saved->has_repo && has_repo(work))
        fl_say(context,
               "%s: no repository there: `fleet setup %s` puts it "
               "there",
               name, name);
    fl_say(context, "%s: %lld file%s put back, %lld %s so already", name,
           (long long)saved->placed, saved->placed == 1 ? "" : "s",
           (long long)saved->same, saved->same == 1 ? "was" : "were");
    if (saved->kept > 0)
        fl_say(context,
               "%s: %lld file%s kept as %s there, newer or changed: %s%s; "
               "--overwrite writes over them",
               name, (long long)saved->kept, saved->kept == 1 ? "" : "s",
               saved->kept == 1 ? "it is" : "they are", saved->kept_one,
               saved->kept > 1 ? " and others" : "");
}

static void make_document(const struct work *work, const struct fl_saved *saved)
{
    json_t *document = work->context->document;
    const struct fl_backup *files = files_of(work);

    fl_json_put(document, "name",
                fl_json_text(work->visiting.results.at[0].name));
    fl_json_put(document, "branch",
                fl_json_text(saved->branch[0] ? saved->branch : NULL));
    fl_json_put(document, "commit",
                fl_json_text(saved->commit[0] ? saved->commit : NULL));
    fl_json_put(document, "files", fl_json_text(files ? files->files : NULL));
    fl_json_put(document, "placed", json_integer(saved->placed));
    fl_json_put(document, "same", json_integer(saved->same));
    fl_json_put(document, "kept", json_integer(saved->kept));
}

static int finish(struct work *work)
{
    const struct fl_saved *saved = work->visiting.results.at[0].own;
    int status = fl_visiting_report(work->context, &work->visiting.results);

    if (saved)
        make_document(work, saved);
    if (saved && status == FL_EXIT_OK)
        tell(work, saved);
    fl_visiting_keep(work->context, &work->visiting.results);
    if (fl_cancelled())
        return fl_cancel_status();
    if (status == FL_EXIT_OK && !saved->has_repo && !files_of(work))
        return FL_EXIT_FAILED;
    return status;
}

static int do_work(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    int rc = fl_work_look(context, 0, &work->visiting.fleet, &err);

    if (rc == 0)
        rc = choose_pod(work, &err);
    if (rc == 0)
        rc = fl_backups_load(context->engine.state, &work->known, &err);
    if (rc == 0)
        rc = choose_source(work, &err);
    if (rc == 0 && context->globals.dry_run) {
        fl_json_put(context->document, "branch", fl_json_text(work->from));
        tell_plan(work, "would restore");
        return FL_EXIT_OK;
    }
    if (rc == 0)
        rc = fl_visiting_key(context, &work->visiting.key, &err);
    if (rc == 0)
        rc = ask(work, &err);
    if (rc == 0)
        rc = restore(work, &err);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : finish(work);
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context, .options = given};
    int status;

    if (context->n_args != 1)
        return fl_usage(context, "which pod? fleet restore NAME");
    status = do_work(&work);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_visiting_close(&work.visiting);
    fl_backup_list_clear(&work.known);
    free(work.from);
    return status;
}

const struct fl_command fl_cmd_restore = {
    .name = "restore",
    .group = "Pods",
    .summary = "put saved work back on a pod",
    .synopsis = "NAME",
    .example = "fleet restore apple\n"
               "fleet restore avocado --from apple\n"
               "fleet restore apple --from autocommit-arena-w2d3-apple",
    .about =
        "Files of the last backup are put where they were. Nothing is ever "
        "deleted, and what is newer, or was changed on the pod, is kept and "
        "told, unless --overwrite is given. In the repository the files are "
        "put back, and no commit is made; its branch and its index stay as "
        "they are.",
    .options = options,
    .options_size = sizeof(struct restore_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run,
};
