/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/bring.h"
#include "core/cmd/exchange.h"
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
    struct fl_exchange exchange;
    struct fl_strv paths;
    struct fl_strv here; /* the new pod, where an earlier run has made it */
    char *archive;       /* in its directory; NULL: nothing was taken */
    int64_t bytes;
    struct fl_progress *progress;
};

/* ---- what is wrong before anything is made ---- */

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
    const struct fl_member *member =
        fl_exchange_find(&work->exchange, work->exchange.name);
    struct fleet_error why = {0};
    int rc;

    if (!member)
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "%s: there is no such pod; `fleet up %s` makes it",
                          work->exchange.name, work->context->args[0]);
    if (fl_exchange_find(&work->exchange, work->exchange.old))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%s is still there from an earlier exchange: "
                          "terminate it, or give it another name",
                          work->exchange.old);
    rc = fl_change_check(member, FL_CHANGE_RENAME, err);
    if (rc == 0)
        rc = check_fate(work, member, err);
    if (rc == 0 && !work->options->no_copy && fl_login_trouble(member, &why))
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "%s: nothing can be taken over from it: %.200s; "
                        "--no-copy goes without",
                        work->exchange.name, why.text);
    return rc;
}

/* ---- the new pod ---- */

static int ask(struct work *work, bool *go, struct fleet_error *err)
{
    FL_AUTO_FREE char *question = NULL;
    int rc;

    if (fl_exchange_find(&work->exchange, work->exchange.next)) {
        fl_say(work->context,
               "%s is there from an earlier run: it is gone on "
               "with",
               work->exchange.next);
        if (fl_strv_add(&work->here, work->exchange.next) < 0)
            return fl_enomem(err);
    }
    question =
        fl_format("Exchange %s for a new pod, and %s the old one%s?",
                  work->exchange.name, work->options->old,
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
    work->archive = fl_format("%s/%s.tar.gz", work->exchange.dir, stamp);
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
    rc = fl_handover_take(
        &handover, fl_exchange_find(&work->exchange, work->exchange.name), err);
    if (rc == 0)
        rc = fl_handover_give(
            &handover, fl_exchange_find(&work->exchange, work->exchange.next),
            err);
    fl_progress_close(handover.to.event_arg);
    work->bytes = handover.bytes;
    return rc;
}

static int copy(struct work *work, struct fleet_error *err)
{
    int rc = fl_exchange_look(&work->exchange, err);

    if (rc < 0 || work->options->no_copy)
        return rc;
    if (!fl_exchange_find(&work->exchange, work->exchange.name) ||
        !fl_exchange_find(&work->exchange, work->exchange.next))
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "one of the two pods is not there any more");
    rc = hand_over(work, err);
    return rc < 0 ? fl_error_in(err, "taking its work over") : FLEET_OK;
}

/* ---- once it has the name ---- */

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
    const struct fl_member *member =
        fl_exchange_find(&work->exchange, work->exchange.name);
    int rc;

    if (!selected || fl_strv_add(&names, work->exchange.name) < 0)
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

    if (strcmp(fate, "keep") == 0 ||
        !fl_exchange_find(&work->exchange, work->exchange.old))
        return FLEET_OK;
    return fl_exchange_change(&work->exchange,
                              strcmp(fate, "stop") == 0 ? FL_CHANGE_STOP
                                                        : FL_CHANGE_TERMINATE,
                              work->exchange.old, NULL, err);
}

/* ---- all of it ---- */

static void make_document(struct work *work)
{
    json_t *document = work->context->document;
    const struct fl_member *now =
        fl_exchange_find(&work->exchange, work->exchange.name);
    const struct fl_member *old =
        fl_exchange_find(&work->exchange, work->exchange.old);

    fl_json_put(document, "name", fl_json_text(work->exchange.name));
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
        rc = fl_exchange_look(&work->exchange, err);
    if (rc < 0) {
        fl_error_in(err, "%s is exchanged, but not all is done: run it again",
                    work->exchange.name);
        status = fl_report(context, err, work->exchange.name, NULL);
    } else {
        status = FL_EXIT_OK;
        fl_dir_remove(work->exchange.dir, NULL);
        fl_say(context, "%s is a new pod%s", work->exchange.name,
               fl_exchange_find(&work->exchange, work->exchange.old)
                   ? "; the old one is called as before with "
                     "-old behind it"
                   : "");
    }
    make_document(work);
    return fl_forwards_follow(context, work->options->make.skip_proxy, status);
}

static int exchange(struct work *work, struct fleet_error *err)
{
    int rc = fl_dir_make(work->exchange.dir, err);

    if (rc == 0)
        rc = bring_up(work, err);
    if (rc == 0)
        rc = copy(work, err);
    if (rc == 0 && fl_cancelled())
        rc = fleet_fail(err, FLEET_ECANCELLED, "cancelled");
    if (rc == 0)
        rc = fl_exchange_swap(&work->exchange, err);
    if (rc < 0) {
        fl_exchange_undo(&work->exchange);
        if (work->archive && access(work->archive, F_OK) == 0)
            fl_say(work->context, "what was taken from it is in %s",
                   work->archive);
        make_document(work);
        return fl_report(work->context, err, work->exchange.name, NULL);
    }
    return take_over(work, err);
}

static int finish_earlier(struct work *work, struct fleet_error *err)
{
    int rc = FLEET_OK;

    fl_say(work->context,
           "an earlier exchange of %s is brought to its end first",
           work->exchange.name);
    if (work->context->globals.dry_run)
        return FL_EXIT_OK;
    rc = fl_consent(work->context, "finish it", err);
    if (rc == 0)
        rc = fl_exchange_swap(&work->exchange, err);
    return rc < 0 ? fl_report(work->context, err, work->exchange.name, NULL)
                  : take_over(work, err);
}

static int run_work(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_make *make = &work->bring.make;
    bool go = false;
    int rc = fl_bring_open(&work->bring, &work->options->bring, NULL, err);

    if (rc == 0)
        rc = fl_exchange_open(context, &work->bring.make.fleet,
                              context->args[0], &work->exchange, err);
    if (rc == 0)
        rc = take_paths(work, err);
    if (rc < 0)
        return fl_report(context, err, NULL, NULL);
    context->args = (const char *const *)&work->exchange.next;
    rc = fl_make_open(make, &go, err);
    if (rc == 0 && !go)
        return make->status;
    if (rc == 0 && fl_exchange_unfinished(&work->exchange))
        return finish_earlier(work, err);
    if (rc == 0)
        rc = check_old(work, err);
    if (rc == 0)
        rc = ask(work, &go, err);
    if (rc < 0)
        return fl_report(context, err, work->exchange.name, make->at_fault);
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
    fl_exchange_close(&work.exchange);
    free(work.archive);
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
