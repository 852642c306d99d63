/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/change.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/certificates.h"
#include "core/cmd/forwards.h"
#include "core/cmd/guard.h"
#include "core/cmd/leftovers.h"
#include "core/cmd/output.h"
#include "core/cmd/work.h"
#include "core/engine/wanted.h"

#include <stdlib.h>
#include <string.h>

struct change_options {
    struct fl_narrowing narrowing;
    bool all, no_wait, wipe_ok, skip_proxy, lose_work;
};
/* clang-format off */
#define TARGETING                                                              \
    FL_NARROWING_OPTIONS(struct change_options, narrowing),                    \
    {.key = "all", .type = FLEET_OPT_BOOL,                                     \
     .help = "every pod of the cohort",                                        \
     FLEET_AT(struct change_options, all)}
#define WIPING                                                                 \
    {.key = "wipe-ok", .type = FLEET_OPT_BOOL,                                 \
     .help = "go ahead also where data on the pods is lost by it",             \
     FLEET_AT(struct change_options, wipe_ok)}
#define LOSING FL_LOSE_WORK_OPTION(struct change_options, lose_work)
#define FORWARDING FL_SKIP_PROXY_OPTION(struct change_options, skip_proxy)
static const struct fleet_option plain_options[] = {
    TARGETING,
    {0},
};
static const struct fleet_option terminate_options[] = {
    TARGETING,
    LOSING,
    FORWARDING,
    {0},
};
static const struct fleet_option rename_options[] = {
    FORWARDING,
    {0},
};
static const struct fleet_option stop_options[] = {
    TARGETING,
    WIPING,
    LOSING,
    {0},
};
static const struct fleet_option waiting_options[] = {
    TARGETING,
    WIPING,
    {.key = "no-wait", .type = FLEET_OPT_BOOL,
     .help = "return once the provider has accepted, not when sshd answers",
     FLEET_AT(struct change_options, no_wait)},
    FORWARDING,
    {0},
};
static const struct fleet_option restart_options[] = {
    TARGETING,
    WIPING,
    LOSING,
    {.key = "no-wait", .type = FLEET_OPT_BOOL,
     .help = "return once the provider has accepted, not when sshd answers",
     FLEET_AT(struct change_options, no_wait)},
    FORWARDING,
    {0},
};
/* clang-format on */

struct work {
    struct fl_context *context;
    const struct change_options *options;
    enum fl_change change;
    const char *new_name; /* full; of rename */
    struct fl_fleet fleet;
    bool *selected;
    size_t n_selected;
    struct fl_change_results results;
};

static const char *outcome_text(const struct work *work,
                                const struct fl_change_result *result)
{
    switch (result->outcome) {
    case FL_OUTCOME_DONE:
        return fl_change_past(work->change);
    case FL_OUTCOME_ALREADY:
        return "already";
    case FL_OUTCOME_CANCELLED:
        return "cancelled";
    default:
        return "failed";
    }
}

static json_t *json_result(const struct work *work,
                           const struct fl_change_result *result)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    bool good = result->outcome == FL_OUTCOME_DONE ||
                result->outcome == FL_OUTCOME_ALREADY;
    const char *name =
        result->pod ? fleet_pod_get(result->pod, FLEET_POD_NAME) : NULL;
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "provider", fl_json_text(result->provider));
    fl_json_put(entry, "result", fl_json_text(outcome_text(work, result)));
    fl_json_put(
        entry, "error",
        good ? json_null()
             : fl_json_error(&result->error, result->name, result->provider));
    fl_json_put(entry, "pod",
                name ? fl_json_pod(result->pod, fl_cohort_short(cohort, name),
                                   result->provider)
                     : json_null());
    return entry;
}

/* ---- what a change does beside what it is for ---- */

static bool keeps_data(const struct work *work, const struct fl_member *member)
{
    return work->change == FL_CHANGE_STOP &&
           fleet_pod_get_number(member->pod, FLEET_POD_STOP_KEEPS, 0) != 0;
}

/* The members at a listing that are changed and have an effect, which is the
 * same for all that keep their data, and for all others; names: their short
 * names. False: none. */
static bool effect_at(const struct work *work, const struct fl_listing *listing,
                      bool keep, struct fleet_effect *effect,
                      struct fl_strv *names)
{
    for (size_t i = 0; i < work->fleet.n_members; i++) {
        const struct fl_member *member = &work->fleet.members[i];
        const struct fleet_effect *its;

        if (!work->selected[i] || member->listing != listing ||
            keeps_data(work, member) != keep)
            continue;
        its = fl_change_effect(member, work->change);
        if (!its)
            continue;
        *effect = *its;
        if (keep)
            effect->flags &= ~FLEET_EFFECT_WIPES;
        if (fl_strv_add(names, member->short_name) < 0)
            break;
    }
    return names->n > 0;
}

static json_t *json_effect(const struct work *work,
                           const struct fl_listing *listing,
                           const struct fleet_effect *effect,
                           const struct fl_strv *names)
{
    json_t *made = json_object(), *pods = json_array();

    for (size_t i = 0; i < names->n; i++)
        fl_json_add(pods, fl_json_text(names->at[i]));
    fl_json_put(made, "provider", fl_json_text(listing->name));
    fl_json_put(made, "call", fl_json_text(fl_change_name(work->change)));
    fl_json_put(made, "wipes",
                json_boolean(effect->flags & FLEET_EFFECT_WIPES));
    fl_json_put(made, "bills",
                json_boolean(effect->flags & FLEET_EFFECT_BILLS));
    fl_json_put(made, "text", fl_json_text(effect->text));
    fl_json_put(made, "pods", pods);
    return made;
}

/* Says so of data that would be lost, once; --wipe-ok is the answer. */
static void refuse_wipe(const struct work *work,
                        const struct fl_listing *listing,
                        const struct fleet_effect *effect,
                        const struct fl_strv *names, struct fleet_error *err)
{
    if (work->options->wipe_ok || !(effect->flags & FLEET_EFFECT_WIPES) ||
        err->code)
        return;
    fleet_fail(err, FLEET_EREFUSED,
               "%s at %s: %.200s; data on %s%s would be lost: give --wipe-ok "
               "to go ahead; nothing was done",
               fl_change_name(work->change), listing->name, effect->text,
               names->n > 0 ? names->at[0] : "pods",
               names->n > 1 ? " and others" : "");
}

static void tell_effect(struct work *work, const struct fl_listing *listing,
                        bool keep, json_t *effects, struct fleet_error *refusal)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    struct fleet_effect effect = {0};

    if (!effect_at(work, listing, keep, &effect, &names))
        return;
    fl_say(work->context, "%s of %zu pod%s at %s: %.200s%s",
           fl_change_name(work->change), names.n, names.n == 1 ? "" : "s",
           listing->name, effect.text,
           effect.flags & FLEET_EFFECT_WIPES ? " (data is lost)" : "");
    fl_json_add(effects, json_effect(work, listing, &effect, &names));
    refuse_wipe(work, listing, &effect, &names, refusal);
}

/* Tells the effects; FLEET_EREFUSED when one of them would lose data and that
 * was not allowed. */
static int tell_effects(struct work *work, struct fleet_error *err)
{
    json_t *effects = json_array();
    struct fleet_error refusal = {0};

    for (size_t i = 0; i < work->fleet.n_listings; i++) {
        const struct fl_listing *listing = &work->fleet.listings[i];

        tell_effect(work, listing, false, effects, &refusal);
        tell_effect(work, listing, true, effects, &refusal);
    }
    fl_json_put(work->context->document, "effects", effects);
    if (refusal.code)
        *err = refusal;
    return refusal.code;
}

static bool loses(const struct work *work, const struct fl_member *member)
{
    const struct fleet_effect *effect = fl_change_effect(member, work->change);
    struct fleet_error refusal = {0};

    if (fl_change_check(member, work->change, &refusal) < 0)
        return false;
    return work->change == FL_CHANGE_TERMINATE ||
           (effect && (effect->flags & FLEET_EFFECT_WIPES));
}

/* Work that is in no backup is not lost by mistake. */
static int guard_work(struct work *work, struct fleet_error *err)
{
    FL_AUTO_FREE bool *losing =
        calloc(work->fleet.n_members + 1, sizeof(*losing));

    if (work->options->lose_work)
        return FLEET_OK;
    if (!losing)
        return fl_enomem(err);
    for (size_t i = 0; i < work->fleet.n_members; i++)
        losing[i] = work->selected[i] && loses(work, &work->fleet.members[i]);
    return fl_guard_work(work->context, &work->fleet, losing,
                         fl_change_name(work->change), err);
}

/* What was stopped and still costs money is not over. */
static void tell_bills(struct work *work)
{
    int op = FLEET_OP_STOP;

    for (size_t i = 0; i < work->fleet.n_listings; i++) {
        const struct fl_listing *listing = &work->fleet.listings[i];
        const struct fleet_effect *effect =
            listing->provider ? fl_provider_effect(listing->provider, op)
                              : NULL;
        size_t n = 0;

        if (!effect || !(effect->flags & FLEET_EFFECT_BILLS))
            continue;
        for (size_t k = 0; k < work->results.n; k++)
            n += work->results.at[k].outcome == FL_OUTCOME_DONE &&
                 work->results.at[k].provider == listing->name;
        if (n > 0)
            fl_say(work->context, "%zu stopped at %s: %.200s", n, listing->name,
                   effect->text);
    }
}

static int finish(struct work *work)
{
    static const char *const headings[] = {"NAME", "RESULT", "PROVIDER"};
    struct fl_context *context = work->context;
    struct fl_tally tally = {0};
    json_t *results = json_array();
    struct fl_table table;

    fl_table_init(&table, 3, headings, 0);
    for (size_t i = 0; i < work->results.n; i++) {
        const struct fl_change_result *result = &work->results.at[i];

        int status = fl_exit_for(result->error.code);

        if (result->outcome == FL_OUTCOME_FAILED)
            status = fl_report(context, &result->error, result->name,
                               result->provider);
        fl_tally_add(&tally, result->outcome, status);
        fl_json_add(results, json_result(work, result));
        fl_table_cell(&table, result->name);
        fl_table_cell(&table, outcome_text(work, result));
        fl_table_cell(&table, result->provider);
    }
    fl_json_put(context->document, "results", results);
    fl_table_print(&table, context);
    fl_table_clear(&table);
    if (work->change == FL_CHANGE_STOP)
        tell_bills(work);
    return fl_tally_status(&tally);
}

static int show_plan(struct work *work)
{
    static const char *const headings[] = {"NAME", "WOULD", "PROVIDER"};
    struct fl_context *context = work->context;
    json_t *names = json_array();
    struct fl_tally tally = {0};
    struct fl_table table;

    fl_table_init(&table, 3, headings, 0);
    for (size_t i = 0; i < work->fleet.n_members; i++) {
        const struct fl_member *member = &work->fleet.members[i];
        const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
        struct fleet_error why = {0};

        if (!work->selected[i])
            continue;
        if (fl_change_check(member, work->change, &why) < 0) {
            fl_tally_add(&tally, FL_OUTCOME_FAILED,
                         fl_report(context, &why, name, member->listing->name));
            continue;
        }
        fl_tally_add(&tally, FL_OUTCOME_DONE, FL_EXIT_OK);
        fl_json_add(names, fl_json_text(name));
        fl_table_cell(&table, name);
        fl_table_cell(&table, fl_change_name(work->change));
        fl_table_cell(&table, member->listing->name);
    }
    fl_json_put(context->document, "would_change", names);
    fl_table_print(&table, context);
    fl_table_clear(&table);
    return fl_tally_status(&tally);
}

static const struct fl_member *first_selected(const struct work *work)
{
    for (size_t i = 0; i < work->fleet.n_members; i++) {
        if (work->selected[i])
            return &work->fleet.members[i];
    }
    return NULL;
}

static void tell_names(struct work *work)
{
    FL_AUTO(fl_buf_clear) struct fl_buf names = {0};

    fl_buf_init(&names, 1 << 20);
    for (size_t i = 0; i < work->fleet.n_members; i++) {
        if (work->selected[i])
            fl_buf_printf(&names, " %s", work->fleet.members[i].short_name);
    }
    fl_say(work->context, "%s:%s", fl_change_name(work->change),
           fl_buf_text(&names));
}

/* In proportion: what can be undone is done; what stops work is asked once;
 * what destroys wants the name, or how many, typed in. */
static int ask(struct work *work, struct fleet_error *err)
{
    FL_AUTO_FREE char *question = NULL, *word = NULL;
    const char *name = fl_change_name(work->change);

    if (work->change != FL_CHANGE_STOP && work->change != FL_CHANGE_RESTART &&
        work->change != FL_CHANGE_TERMINATE)
        return fl_consent(work->context, name, err);
    tell_names(work);
    if (work->n_selected == 1)
        word = strdup(first_selected(work)->short_name);
    else
        word = fl_format("%zu", work->n_selected);
    if (work->change == FL_CHANGE_TERMINATE)
        question = fl_format("Everything on %s will be lost.",
                             work->n_selected == 1 ? "it" : "them");
    else
        question = fl_format(
            "%s %zu %s?", work->change == FL_CHANGE_STOP ? "Stop" : "Restart",
            work->n_selected, work->n_selected == 1 ? "pod" : "pods");
    if (!word || !question)
        return fl_enomem(err);
    return work->change == FL_CHANGE_TERMINATE
               ? fl_confirm_word(work->context, question, word, err)
               : fl_confirm(work->context, question, err);
}

static int carry_out(struct work *work, struct fleet_error *err)
{
    struct fl_progress *progress =
        fl_progress_open(work->context, fl_change_past(work->change));
    struct fl_change_job job = {
        .engine = &work->context->engine,
        .fleet = &work->fleet,
        .change = work->change,
        .selected = work->selected,
        .new_name = work->new_name,
        .wait = !work->options->no_wait,
        .event = fl_progress_event,
        .event_arg = progress,
    };
    int rc = fl_change_run(&job, &work->results, err);

    fl_progress_close(progress);
    return rc;
}

static int choose(struct work *work, struct fleet_error *err)
{
    int rc =
        fl_work_select(work->context, &work->fleet, &work->options->narrowing,
                       work->options->all, &work->selected, err);

    for (size_t i = 0; rc == 0 && i < work->fleet.n_members; i++)
        work->n_selected += work->selected[i];
    return rc;
}

/* Whether pods that could not be listed, and so were not changed, are meant
 * too. */
static bool means_unlisted(const struct work *work)
{
    const struct fl_context *context = work->context;

    for (size_t i = 0; i < context->n_args; i++) {
        if (strcmp(context->args[i], "all") == 0 ||
            strpbrk(context->args[i], "*?["))
            return true;
    }
    return work->options->all;
}

static int run_work(struct work *work)
{
    struct fl_context *context = work->context;
    bool dry = context->globals.dry_run;
    struct fleet_error err = {0};
    int status, incomplete = FL_EXIT_OK;
    int rc = choose(work, &err);

    if (rc == 0)
        rc = tell_effects(work, &err);
    if (rc == 0)
        rc = guard_work(work, &err);
    if (rc == 0 && !dry && work->n_selected > 0)
        rc = ask(work, &err);
    if (rc == 0 && !dry && work->n_selected > 0)
        rc = carry_out(work, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    if (work->n_selected == 0)
        fl_say(context, "no pods to %s", fl_change_name(work->change));
    if (means_unlisted(work))
        incomplete = fl_work_incomplete(context, &work->fleet);
    status = dry ? show_plan(work) : finish(work);
    return status ? status : incomplete;
}

/* Pods that have started may have begun with a fresh disk, and a certificate is
 * for one name. */
static void certify(const struct work *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    bool needs = work->change == FL_CHANGE_START ||
                 work->change == FL_CHANGE_RESTART ||
                 work->change == FL_CHANGE_RENAME;

    for (size_t i = 0; needs && !work->options->no_wait && i < work->results.n;
         i++) {
        const struct fl_change_result *result = &work->results.at[i];
        const char *name =
            result->pod ? fleet_pod_get(result->pod, FLEET_POD_NAME) : NULL;

        if (result->outcome == FL_OUTCOME_DONE && name &&
            fl_strv_add(&names, name) < 0)
            return;
    }
    fl_certificates_follow(work->context, &names);
    fl_admit_follow(work->context, &names);
}

/* Pods that were only stopped, locked or unlocked are where they were. */
static int follow(const struct work *work, int status)
{
    bool moves =
        work->change == FL_CHANGE_START || work->change == FL_CHANGE_RESTART ||
        work->change == FL_CHANGE_TERMINATE || work->change == FL_CHANGE_RENAME;

    if (!moves || work->results.n == 0)
        return status;
    certify(work);
    return fl_forwards_follow(work->context, work->options->skip_proxy, status);
}

static int run_change(struct fl_context *context,
                      const struct change_options *options,
                      enum fl_change change)
{
    struct work work = {
        .context = context, .options = options, .change = change};
    struct fleet_error err = {0};
    int status;

    if (context->n_args == 0 && !options->all)
        return fl_usage(context, "name pods, or say --all");
    if (context->n_args > 0 && options->all)
        return fl_usage(context, "names and --all exclude each other");
    if (fl_work_begin(context, &work.fleet, &err) < 0)
        status = fl_report(context, &err, NULL, NULL);
    else
        status = follow(&work, run_work(&work));
    if (change == FL_CHANGE_TERMINATE && options->all && status == FL_EXIT_OK &&
        !context->globals.dry_run)
        status = fl_leftovers_tell(context);
    fl_change_results_clear(&work.results);
    free(work.selected);
    fl_fleet_clear(&work.fleet);
    return status;
}

/* ---- rename: one pod, one new name ---- */

static int check_free(const struct work *work, struct fleet_error *err)
{
    struct fleet_error listing;

    if (fl_fleet_check_complete(&work->fleet, &listing) < 0)
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "no name is given while a provider cannot be listed: "
                          "%.300s",
                          listing.text);
    if (fl_fleet_member(&work->fleet, work->new_name))
        return fleet_fail(err, FLEET_ECONFLICT, "%s is there already",
                          work->new_name);
    return FLEET_OK;
}

static int rename_one(struct work *work, const char *to,
                      struct fleet_error *err)
{
    FL_AUTO_FREE char *full = NULL;
    int rc = fl_work_begin(work->context, &work->fleet, err);

    work->context->n_args = 1; /* the target; the other is the new name */
    if (rc == 0)
        rc = fl_want_full(&work->context->engine.cohort, to, &full, err);
    work->new_name = full;
    if (rc == 0)
        rc = check_free(work, err);
    if (rc == 0)
        rc = choose(work, err);
    if (rc == 0 && work->n_selected != 1)
        rc = fleet_fail(err, FLEET_EUSAGE,
                        "%zu pods are meant, one can take "
                        "the name",
                        work->n_selected);
    if (rc == 0 && work->context->globals.dry_run)
        return show_plan(work);
    if (rc == 0)
        rc = ask(work, err);
    if (rc == 0)
        rc = carry_out(work, err);
    work->new_name = NULL;
    return rc < 0 ? fl_report(work->context, err, NULL, NULL) : finish(work);
}

static int run_rename(struct fl_context *context, const void *options)
{
    struct work work = {
        .context = context, .options = options, .change = FL_CHANGE_RENAME};
    struct fleet_error err = {0};
    int status;

    if (context->n_args != 2)
        return fl_usage(context, "takes the pod and its new name");
    status = follow(&work, rename_one(&work, context->args[1], &err));
    fl_change_results_clear(&work.results);
    free(work.selected);
    fl_fleet_clear(&work.fleet);
    return status;
}

#define RUN(name_, change_)                                                    \
    static int run_##name_(struct fl_context *context, const void *options)    \
    {                                                                          \
        return run_change(context, options, change_);                          \
    }
RUN(start, FL_CHANGE_START)
RUN(stop, FL_CHANGE_STOP)
RUN(restart, FL_CHANGE_RESTART)
RUN(terminate, FL_CHANGE_TERMINATE)
RUN(lock, FL_CHANGE_LOCK)
RUN(unlock, FL_CHANGE_UNLOCK)

#define COMMAND(name_, options_)                                               \
    .name = #name_, .group = "Life cycle", .synopsis = "TARGET... | --all",    \
    .options = options_, .options_size = sizeof(struct change_options),        \
    .flags = FL_CMD_CHANGES, .args = FL_ARGS_PODS, .run = run_##name_

const struct fl_command fl_cmd_start = {
    COMMAND(start, waiting_options),
    .summary = "start pods that are stopped",
    .example = "fleet start apple\nfleet start --all --yes",
    .about = "Waits until sshd answers. A pod that runs is left alone.",
};
const struct fl_command fl_cmd_stop = {
    COMMAND(stop, stop_options),
    .summary = "stop pods and keep their disks",
    .example = "fleet stop apple banana\nfleet stop apple..mayor --yes",
    .about = "What a stopped pod still costs is told before and after. Where "
             "the provider keeps no disk, --wipe-ok is needed, and --lose-work "
             "where work is in no backup. A locked pod is not stopped.",
};
const struct fl_command fl_cmd_restart = {
    COMMAND(restart, restart_options),
    .summary = "stop and start pods",
    .example = "fleet restart apple",
    .about =
        "Waits until sshd answers again. Where the provider empties a "
        "disk by it, --wipe-ok is needed, and --lose-work where work is in "
        "no backup. A locked pod is not restarted.",
};
const struct fl_command fl_cmd_terminate = {
    COMMAND(terminate, terminate_options),
    .summary = "end pods for good, with everything on them",
    .example = "fleet terminate apple\nfleet terminate --all --yes",
    .about = "Waits until the provider is certain that each pod is gone. A "
             "locked pod is not terminated, nor, where the cohort keeps "
             "backups, one with work that is in none: `fleet backup` saves it, "
             "--lose-work goes ahead without.",
};
const struct fl_command fl_cmd_lock = {
    COMMAND(lock, plain_options),
    .summary = "protect pods from stop, restart, rename and terminate",
    .example = "fleet lock apple",
    .about = "The lock is kept by the provider.",
};
const struct fl_command fl_cmd_unlock = {
    COMMAND(unlock, plain_options),
    .summary = "take the protection of lock away",
    .example = "fleet unlock apple",
    .about = "",
};
const struct fl_command fl_cmd_rename = {
    .name = "rename",
    .group = "Life cycle",
    .summary = "give a pod another name",
    .synopsis = "TARGET NEW-NAME",
    .example = "fleet rename apple avocado",
    .about = "The new name need not stand in MACHINE_NAME_LIST, but no pod of "
             "the cohort may have it.",
    .options = rename_options,
    .options_size = sizeof(struct change_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run_rename,
};
