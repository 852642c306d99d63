/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/bring.h"
#include "core/engine/change.h"
#include "core/engine/checkout.h"
#include "core/engine/handover.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/certificates.h"
#include "core/cmd/commands.h"
#include "core/cmd/forwards.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS    3600000 /* for each way of a copy */
#define RENAMING_MS 60000
#define NEXT        "-next"
#define OLD         "-old"

static const char *const fates[] = {"stop", "terminate", "keep", NULL};

struct replace_options {
    struct fl_make_options make;
    struct fl_bring_options bring;
    char *old, *copy;
    bool no_copy;
    int64_t max_mb;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "old", .type = FLEET_OPT_CHOICE, .choices = fates,
     .fallback = "stop",
     .help = "what becomes of the old pod when the new one has its place",
     FLEET_AT(struct replace_options, old)},
    {.key = "copy", .type = FLEET_OPT_STRING,
     .help = "what is taken over, below the home directory, with commas "
             "between; default: the checkout of the repository",
     FLEET_AT(struct replace_options, copy)},
    {.key = "no-copy", .type = FLEET_OPT_BOOL,
     .help = "take nothing over, as from a pod that cannot be reached",
     FLEET_AT(struct replace_options, no_copy)},
    {.key = "max-size", .type = FLEET_OPT_INT, .min = 1, .max = 10000000,
     .fallback = "20480",
     .help = "most MiB that are taken over, packed",
     FLEET_AT(struct replace_options, max_mb)},
    FL_ORDER_OPTION(struct replace_options, make.order),
    {.key = "keep-trying", .type = FLEET_OPT_DURATION,
     .help = "ask again for so long while there is no room",
     FLEET_AT(struct replace_options, make.keep_trying_ms)},
    FL_SKIP_PROXY_OPTION(struct replace_options, make.skip_proxy),
    FL_BRING_OPTIONS(struct replace_options, bring),
    {0},
};
/* clang-format on */

/* Everything one `fleet replace` works with. */
struct work {
    struct fl_context *context;
    const struct replace_options *options;
    struct fl_bring bring;
    char *name, *next, *old; /* full: of the pod, and while it is exchanged */
    struct fl_strv paths;
    struct fl_strv here; /* the new pod, where an earlier run has made it */
    char *dir;           /* of what is here meanwhile */
    char *archive;       /* in it; NULL: nothing was taken */
    char *marker;        /* in it, while names are exchanged */
    int64_t bytes;
    struct fl_progress *progress;
};

static const struct fl_member *find(const struct work *work, const char *name)
{
    return fl_fleet_member(&work->bring.make.fleet, name);
}

/* What is there now; members are new after it. */
static int look_again(struct work *work, struct fleet_error *err)
{
    struct fl_fleet *fleet = &work->bring.make.fleet;
    int rc;

    fl_fleet_clear(fleet);
    rc = fl_fleet_gather(&work->context->engine, 0, fleet, err);
    return rc < 0 ? rc : fl_fleet_check_complete(fleet, err);
}

/* ---- one change to one pod ---- */

static int change(struct work *work, enum fl_change what, const char *name,
                  const char *new_name, struct fleet_error *err)
{
    struct fl_fleet *fleet = &work->bring.make.fleet;
    FL_AUTO_FREE bool *selected =
        calloc(fleet->n_members + 1, sizeof(*selected));
    FL_AUTO(fl_change_results_clear) struct fl_change_results results = {0};
    struct fl_change_job job = {.engine = &work->context->engine,
                                .fleet = fleet,
                                .change = what,
                                .selected = selected,
                                .new_name = new_name};
    const struct fl_member *member = find(work, name);
    int rc;

    if (!selected)
        return fl_enomem(err);
    if (!member)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s is not there any more",
                          name);
    selected[member - fleet->members] = true;
    rc = fl_change_check(member, what, err);
    if (rc == 0)
        rc = fl_change_run(&job, &results, err);
    if (rc == 0 && results.at[0].outcome != FL_OUTCOME_DONE &&
        results.at[0].outcome != FL_OUTCOME_ALREADY) {
        *err = results.at[0].error;
        rc = err->code;
    }
    return rc < 0 ? fl_error_in(err, "%s %s", fl_change_name(what), name) : rc;
}

/* A rename is seen in the next listing. */
static int rename_pod(struct work *work, const char *name, const char *new_name,
                      struct fleet_error *err)
{
    int rc = change(work, FL_CHANGE_RENAME, name, new_name, err);

    return rc < 0 ? rc : look_again(work, err);
}

/* ---- what is wrong before anything is made ---- */

static int take_names(struct work *work, struct fleet_error *err)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    int rc = fl_want_full(cohort, work->context->args[0], &work->name, err);

    if (rc < 0)
        return rc;
    work->next = fl_format("%s" NEXT, work->name);
    work->old = fl_format("%s" OLD, work->name);
    work->dir = fl_format("%s/handover/%s", work->context->engine.state_dir,
                          work->name);
    work->marker = work->dir ? fl_format("%s/exchange", work->dir) : NULL;
    return work->next && work->old && work->marker ? FLEET_OK : fl_enomem(err);
}

static bool is_below_home(const char *path)
{
    const char *at = path;

    if (path[0] == '/' || path[0] == '~' || path[0] == '\0')
        return false;
    while (at) {
        size_t len = strcspn(at, "/");

        if ((len == 1 && at[0] == '.') ||
            (len == 2 && strncmp(at, "..", 2) == 0))
            return false;
        at = at[len] ? at + len + 1 : NULL;
    }
    return true;
}

/* The checkout, as set-up has it. */
static int add_checkout(struct work *work, struct fleet_error *err)
{
    FL_AUTO(fl_checkout_clear) struct fl_checkout checkout = {0};
    int rc = fl_checkout_read(&work->context->engine.settings, &checkout, err);
    const char *dir = checkout.dir;

    if (rc < 0 || !*dir)
        return rc;
    if (strncmp(dir, "~/", 2) == 0)
        dir += 2;
    return fl_strv_add(&work->paths, dir) < 0 ? fl_enomem(err) : FLEET_OK;
}

static int take_paths(struct work *work, struct fleet_error *err)
{
    const char *copy = work->options->copy;
    int rc = FLEET_OK;

    if (work->options->no_copy && copy)
        return fleet_fail(err, FLEET_EUSAGE,
                          "--copy and --no-copy exclude each other");
    if (work->options->no_copy)
        return FLEET_OK;
    if (!copy)
        rc = add_checkout(work, err);
    else if (fl_strv_split(&work->paths, copy, ",") < 0)
        return fl_enomem(err);
    if (rc == 0 && work->paths.n == 0)
        return fleet_fail(err, FLEET_EUSAGE,
                          "what shall be taken over from the old pod? --copy "
                          "PATHS, or --no-copy");
    for (size_t i = 0; rc == 0 && i < work->paths.n; i++) {
        if (!is_below_home(work->paths.at[i]))
            rc = fleet_fail(err, FLEET_EUSAGE,
                            "--copy: %s: paths stand below the home directory",
                            work->paths.at[i]);
    }
    return rc;
}

/* Whether what shall become of the old pod can be done to it. */
static int check_fate(const struct work *work, const struct fl_member *member,
                      struct fleet_error *err)
{
    const char *fate = work->options->old;
    const struct fleet_effect *effect;
    int rc;

    if (strcmp(fate, "terminate") == 0)
        return fl_change_check(member, FL_CHANGE_TERMINATE, err);
    if (strcmp(fate, "keep") == 0)
        return FLEET_OK;
    rc = fl_change_check(member, FL_CHANGE_STOP, err);
    if (rc == FLEET_EUNSUPPORTED)
        return fleet_fail(err, rc, "%.200s: say --old terminate, or --old keep",
                          err->text);
    effect = rc == 0 ? fl_change_effect(member, FL_CHANGE_STOP) : NULL;
    if (effect && effect->flags & FLEET_EFFECT_WIPES)
        return fleet_fail(err, FLEET_EREFUSED,
                          "a stop would lose what lies on it (%.150s): say "
                          "--old terminate, or --old keep",
                          effect->text);
    return rc;
}

static int check_old(struct work *work, struct fleet_error *err)
{
    const struct fl_member *member = find(work, work->name);
    struct fleet_error why = {0};
    int rc;

    if (!member)
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "%s: there is no such pod; `fleet up %s` makes it",
                          work->name, work->context->args[0]);
    if (find(work, work->old))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%s is still there from an earlier exchange: "
                          "terminate it, or give it another name",
                          work->old);
    rc = fl_change_check(member, FL_CHANGE_RENAME, err);
    if (rc == 0)
        rc = check_fate(work, member, err);
    if (rc == 0 && !work->options->no_copy && fl_login_trouble(member, &why))
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "%s: nothing can be taken over from it: %.200s; "
                        "--no-copy goes without",
                        work->name, why.text);
    return rc;
}

/* ---- the new pod ---- */

static int ask(struct work *work, bool *go, struct fleet_error *err)
{
    FL_AUTO_FREE char *question = NULL;
    int rc;

    if (find(work, work->next)) {
        fl_say(work->context,
               "%s is there from an earlier run: it is gone on "
               "with",
               work->next);
        if (fl_strv_add(&work->here, work->next) < 0)
            return fl_enomem(err);
    }
    question =
        fl_format("Exchange %s for a new pod, and %s the old one%s?",
                  work->name, work->options->old,
                  strcmp(work->options->old, "keep") == 0 ? " running" : "");
    if (!question)
        return fl_enomem(err);
    work->bring.make.question = question;
    rc = fl_make_ask(&work->bring.make, go, err);
    if (rc == 0 && *go && work->here.n > 0)
        rc = fl_confirm(work->context, question, err);
    work->bring.make.question = NULL;
    return rc;
}

static int bring_up(struct work *work, struct fleet_error *err)
{
    const struct fl_create_results *results = &work->bring.make.results;
    int rc;

    work->progress = fl_progress_open(work->context, "ready");
    rc = fl_bring_run(&work->bring, &work->here, fl_progress_event,
                      work->progress, err);
    fl_progress_close(work->progress);
    if (rc < 0)
        return rc;
    fl_bring_keep(&work->bring);
    fl_make_tell_tried(&work->bring.make);
    if (results->at[0].outcome != FL_OUTCOME_DONE) {
        *err = results->at[0].error;
        rc = err->code;
    }
    return rc;
}

/* ---- its work ---- */

static int open_archive(struct work *work, struct fleet_error *err)
{
    char stamp[FL_STAMP_SIZE];

    fl_stamp(stamp, time(NULL));
    work->archive = fl_format("%s/%s.tar.gz", work->dir, stamp);
    return work->archive ? FLEET_OK : fl_enomem(err);
}

static int hand_over(struct work *work, struct fleet_error *err)
{
    int64_t limit_ms = work->context->globals.timeout_ms;
    struct fl_handover handover = {
        .to = {.engine = &work->context->engine,
               .fleet = &work->bring.make.fleet,
               .key = work->bring.key,
               .limit_ms = limit_ms > 0 ? limit_ms : LIMIT_MS,
               .event = fl_progress_event},
        .paths = &work->paths,
        .most = work->options->max_mb << 20,
    };
    int rc = open_archive(work, err);

    if (rc < 0)
        return rc;
    handover.archive = work->archive;
    handover.to.event_arg = fl_progress_open(work->context, "copied");
    rc = fl_handover_take(&handover, find(work, work->name), err);
    if (rc == 0)
        rc = fl_handover_give(&handover, find(work, work->next), err);
    fl_progress_close(handover.to.event_arg);
    work->bytes = handover.bytes;
    return rc;
}

static int copy(struct work *work, struct fleet_error *err)
{
    int rc = look_again(work, err);

    if (rc < 0 || work->options->no_copy)
        return rc;
    if (!find(work, work->name) || !find(work, work->next))
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "one of the two pods is not there any more");
    rc = hand_over(work, err);
    return rc < 0 ? fl_error_in(err, "taking its work over") : FLEET_OK;
}

/* ---- the exchange ---- */

/* As before: the new pod is gone, and the old one has its name. */
static void undo(struct work *work)
{
    struct fleet_error err = {0};
    int rc = look_again(work, &err);

    if (rc == 0 && find(work, work->old) && !find(work, work->name))
        rc = rename_pod(work, work->old, work->name, &err);
    if (rc == 0 && find(work, work->next))
        rc = change(work, FL_CHANGE_TERMINATE, work->next, NULL, &err);
    if (rc == 0) {
        unlink(work->marker);
        fl_say(work->context, "%s is as it was, and the new pod is gone",
               work->name);
    } else {
        fl_say(work->context,
               "fleet: warning: not all could be undone: %s; run it again, or "
               "see `fleet list`",
               err.text);
    }
}

static int swap(struct work *work, struct fleet_error *err)
{
    int rc = fl_file_write(work->marker, "", 0, 0600, err);

    if (rc == 0 && find(work, work->name))
        rc = rename_pod(work, work->name, work->old, err);
    return rc < 0 ? rc : rename_pod(work, work->next, work->name, err);
}

/* What a pod knows of its name: written anew, now that it has it. */
static int settle(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_fleet *fleet = &work->bring.make.fleet;
    const struct fl_steps_choice choice = {.only = (char *)"name"};
    FL_AUTO(fl_steps_close) struct fl_steps steps = {0};
    FL_AUTO(fl_visit_results_clear) struct fl_visit_results results = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO_FREE bool *selected =
        calloc(fleet->n_members + 1, sizeof(*selected));
    const struct fl_setup_job job = {
        .to = {.engine = &context->engine,
               .fleet = fleet,
               .selected = selected,
               .key = work->bring.key,
               .limit_ms = RENAMING_MS},
        .steps = &steps,
        .command = context->words,
    };
    const struct fl_member *member = find(work, work->name);
    int rc;

    if (!selected || fl_strv_add(&names, work->name) < 0)
        return fl_enomem(err);
    fl_certificates_follow(context, &names);
    fl_admit_follow(context, &names);
    if (!member || work->options->bring.skip_setup)
        return FLEET_OK;
    selected[member - fleet->members] = true;
    rc = fl_steps_open(&context->engine, &choice, &steps, err);
    if (rc == 0)
        rc = fl_setup_run(&job, &results, err);
    if (rc == 0 && results.n > 0 && results.at[0].stage) {
        *err = results.at[0].error;
        rc = err->code;
    }
    return rc;
}

static int end_old(struct work *work, struct fleet_error *err)
{
    const char *fate = work->options->old;

    if (strcmp(fate, "keep") == 0 || !find(work, work->old))
        return FLEET_OK;
    return change(
        work, strcmp(fate, "stop") == 0 ? FL_CHANGE_STOP : FL_CHANGE_TERMINATE,
        work->old, NULL, err);
}

/* ---- all of it ---- */

static void make_document(struct work *work)
{
    json_t *document = work->context->document;
    const struct fl_member *now = find(work, work->name);
    const struct fl_member *old = find(work, work->old);

    fl_json_put(document, "name", fl_json_text(work->name));
    fl_json_put(document, "old", fl_json_text(work->options->old));
    fl_json_put(document, "copied_bytes",
                work->options->no_copy ? json_null()
                                       : json_integer(work->bytes));
    fl_json_put(document, "pod",
                now ? fl_json_pod(now->pod, now->short_name, now->listing->name)
                    : json_null());
    fl_json_put(document, "old_pod",
                old ? fl_json_pod(old->pod, old->short_name, old->listing->name)
                    : json_null());
}

/* From where the new pod has passed: nothing is undone after the swap. */
static int take_over(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    int rc = settle(work, err), status;

    if (rc == 0)
        rc = end_old(work, err);
    if (rc == 0)
        rc = look_again(work, err);
    if (rc < 0) {
        fl_error_in(err, "%s is exchanged, but not all is done: run it again",
                    work->name);
        status = fl_report(context, err, work->name, NULL);
    } else {
        status = FL_EXIT_OK;
        fl_dir_remove(work->dir, NULL);
        fl_say(context, "%s is a new pod%s", work->name,
               find(work, work->old) ? "; the old one is called as before with "
                                       "-old behind it"
                                     : "");
    }
    make_document(work);
    return fl_forwards_follow(context, work->options->make.skip_proxy, status);
}

static int exchange(struct work *work, struct fleet_error *err)
{
    int rc = fl_dir_make(work->dir, err);

    if (rc == 0)
        rc = bring_up(work, err);

    if (rc == 0)
        rc = copy(work, err);
    if (rc == 0 && fl_cancelled())
        rc = fleet_fail(err, FLEET_ECANCELLED, "cancelled");
    if (rc == 0)
        rc = swap(work, err);
    if (rc < 0) {
        undo(work);
        if (work->archive && access(work->archive, F_OK) == 0)
            fl_say(work->context, "what was taken from it is in %s",
                   work->archive);
        make_document(work);
        return fl_report(work->context, err, work->name, NULL);
    }
    return take_over(work, err);
}

/* An earlier run has died while names were exchanged, or later. */
static bool is_unfinished(const struct work *work)
{
    bool old = find(work, work->old), next = find(work, work->next);
    bool name = find(work, work->name);

    return access(work->marker, F_OK) == 0 && (name || next) &&
           !(name && next && !old);
}

static int finish_earlier(struct work *work, struct fleet_error *err)
{
    int rc = FLEET_OK;

    fl_say(work->context,
           "an earlier exchange of %s is brought to its end first", work->name);
    if (work->context->globals.dry_run)
        return FL_EXIT_OK;
    rc = fl_consent(work->context, "finish it", err);
    if (rc == 0 && !find(work, work->name))
        rc = rename_pod(work, work->next, work->name, err);
    return rc < 0 ? fl_report(work->context, err, work->name, NULL)
                  : take_over(work, err);
}

static int run_work(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_make *make = &work->bring.make;
    bool go = false;
    int rc = fl_bring_open(&work->bring, &work->options->bring, NULL, err);

    if (rc == 0)
        rc = take_names(work, err);
    if (rc == 0)
        rc = take_paths(work, err);
    if (rc < 0)
        return fl_report(context, err, NULL, NULL);
    context->args = (const char *const *)&work->next;
    rc = fl_make_open(make, &go, err);
    if (rc == 0 && !go)
        return make->status;
    if (rc == 0 && is_unfinished(work))
        return finish_earlier(work, err);
    if (rc == 0)
        rc = check_old(work, err);
    if (rc == 0)
        rc = ask(work, &go, err);
    if (rc < 0)
        return fl_report(context, err, work->name, make->at_fault);
    return go ? exchange(work, err) : make->status;
}

static int run(struct fl_context *context, const void *given)
{
    const struct replace_options *chosen = given;
    struct work work = {.context = context, .options = chosen};
    const char *const *args = context->args;
    struct fleet_error err = {0};
    int status;

    if (context->n_args != 1)
        return fl_usage(context, "takes one pod: fleet replace apple");
    work.bring.make.context = context;
    work.bring.make.options = &chosen->make;
    status = run_work(&work, &err);
    context->args = args;
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_bring_close(&work.bring);
    fl_strv_clear(&work.paths);
    fl_strv_clear(&work.here);
    free(work.name);
    free(work.next);
    free(work.old);
    free(work.archive);
    free(work.marker);
    free(work.dir);
    return status;
}

const struct fl_command fl_cmd_replace = {
    .name = "replace",
    .group = "Life cycle",
    .summary = "exchange a pod for a new one that takes its name over",
    .synopsis = "NAME",
    .example = "fleet replace apple\n"
               "fleet replace apple --copy work,notes --old terminate --yes\n"
               "fleet replace apple --no-copy   # it cannot be reached",
    .about =
        "First a new pod is made, set up and tested, as by `fleet up`; then "
        "what lies on the old one is copied over, by way of an archive here; "
        "then the new pod gets the name, its port on the proxy and its host "
        "certificate, and the old one is called NAME-old and stopped, "
        "terminated or kept. When the new pod does not pass, or the copy "
        "fails, it is terminated, and all is as before. A run that dies is "
        "gone on with when it is run again.",
    .options = options,
    .options_size = sizeof(struct replace_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run,
};
