/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/admit.h"
#include "core/cmd/bring.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/commands.h"
#include "core/cmd/forwards.h"

#include <stdlib.h>
#include <string.h>

struct up_options {
    struct fl_make_options make;
    struct fl_bring_options bring;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_MAKE_OPTIONS(struct up_options, make),
    FL_BRING_OPTIONS(struct up_options, bring),
    {0},
};
/* clang-format on */

/* Everything one `fleet up` works with. */
struct work {
    struct fl_context *context;
    const struct up_options *options;
    struct fl_bring bring;
    struct fl_strv here; /* existing pods that can be worked on */
    struct fl_progress *progress;
    size_t forwarded; /* up.answered at the last merge */
    bool merge_failed;
};

/* ---- as it goes ---- */

/* In the main thread: pods that have come up are forwarded while the others are
 * still on their way. */
static void forward(struct work *work)
{
    size_t answered = atomic_load(&work->bring.up.answered);
    int status;

    if (answered == work->forwarded || work->merge_failed ||
        !work->context->engine.settings.proxy_host)
        return;
    work->forwarded = answered;
    status = fl_forwards_follow(work->context, work->options->make.skip_proxy,
                                FL_EXIT_OK);
    work->merge_failed = status != FL_EXIT_OK;
}

static void take_event(void *arg, const struct fl_event *event)
{
    struct work *work = arg;

    fl_progress_event(work->progress, event);
    forward(work);
}

/* ---- results ---- */

static const char *result_of(const struct fl_create_result *result,
                             const struct fl_up_pod *pod)
{
    if (result->outcome == FL_OUTCOME_CANCELLED)
        return "cancelled";
    if (result->outcome != FL_OUTCOME_DONE)
        return "failed";
    return fl_up_stage_name(pod->reached);
}

static json_t *json_times(const struct fl_up_pod *pod)
{
    json_t *times = json_object();

    for (int stage = FL_UP_ANSWERED; stage <= FL_UP_READY; stage++) {
        if (pod->at_ms[stage])
            fl_json_put(times, fl_up_stage_name((enum fl_up_stage)stage),
                        json_integer(pod->at_ms[stage]));
    }
    return times;
}

static json_t *json_entry(const struct work *work, size_t i)
{
    const struct fl_create_result *result = &work->bring.make.results.at[i];
    const struct fl_up_pod *pod = &work->bring.up.at[i];
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "result", fl_json_text(result_of(result, pod)));
    fl_json_put(entry, "reached", fl_json_text(fl_up_stage_name(pod->reached)));
    fl_json_put(entry, "existing", json_boolean(result->listing != NULL));
    fl_json_put(entry, "attempts", json_integer(pod->attempts));
    fl_json_put(entry, "tried", fl_make_json_tried(result));
    fl_json_put(entry, "elapsed_ms", json_times(pod));
    fl_json_put(entry, "verdict",
                pod->tested ? fl_json_text(fl_verdict_name(fl_exam_verdict(
                                  pod->exam.stage, pod->exam.findings,
                                  work->bring.checks.n)))
                            : json_null());
    fl_json_put(entry, "pod",
                result->pod ? fl_json_pod(result->pod,
                                          fl_cohort_short(cohort, result->name),
                                          result->provider)
                            : json_null());
    fl_json_put(
        entry, "error",
        result->outcome == FL_OUTCOME_DONE
            ? json_null()
            : fl_json_error(&result->error, result->name, result->provider));
    return entry;
}

static void make_document(struct work *work)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->bring.make.results.n; i++)
        fl_json_add(list, json_entry(work, i));
    fl_json_put(work->context->document, "results", list);
}

static void print_table(struct work *work)
{
    static const char *const headings[] = {
        "NAME", "RESULT", "PROVIDER", "SSH", "PRICE/H", "TRIES", "TOOK"};
    struct fl_table table;
    char took[32];

    fl_table_init(&table, 7, headings, 1u << 4 | 1u << 5 | 1u << 6);
    for (size_t i = 0; i < work->bring.make.results.n; i++) {
        const struct fl_create_result *result = &work->bring.make.results.at[i];
        const struct fl_up_pod *pod = &work->bring.up.at[i];

        fl_duration_text(took, pod->at_ms[pod->reached]);
        fl_table_cell(&table, result->name);
        fl_table_cell(&table, result_of(result, pod));
        fl_table_cell(&table, result->provider);
        fl_table_endpoint(&table, result->pod);
        fl_table_price(&table, result->pod);
        fl_table_cellf(&table, "%d", (int)pod->attempts);
        fl_table_cell(&table, pod->reached ? took : NULL);
    }
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

static void tell_kept(struct work *work)
{
    for (size_t i = 0; i < work->bring.up.n; i++) {
        const struct fl_set_up *set_up = &work->bring.up.at[i].set_up;

        for (size_t k = 0; k < set_up->n; k++) {
            if (set_up->at[k].word == FL_STEP_KEPT)
                fl_say(work->context, "%s: %s: %s",
                       work->bring.make.results.at[i].name,
                       work->bring.steps.at[k].name,
                       set_up->at[k].detail ? set_up->at[k].detail : "kept");
        }
    }
}

static int finish(struct work *work)
{
    struct fl_tally tally = {0};
    size_t ready = 0;

    for (size_t i = 0; i < work->bring.make.results.n; i++) {
        const struct fl_create_result *result = &work->bring.make.results.at[i];
        int status = fl_exit_for(result->error.code);

        if (result->outcome == FL_OUTCOME_FAILED)
            status = fl_report(work->context, &result->error, result->name,
                               result->provider);
        ready += result->outcome == FL_OUTCOME_DONE;
        fl_tally_add(&tally, result->outcome, status);
    }
    fl_make_tell_tried(&work->bring.make);
    tell_kept(work);
    print_table(work);
    fl_say(work->context, "%zu of %zu ready", ready,
           work->bring.make.results.n);
    return fl_tally_status(&tally);
}

/* Whoever belongs there gets in on what is ready. */
static void admit(const struct work *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    for (size_t i = 0; i < work->bring.make.results.n; i++) {
        const struct fl_create_result *result = &work->bring.make.results.at[i];

        if (result->outcome == FL_OUTCOME_DONE &&
            fl_strv_add(&names, result->name) < 0)
            return;
    }
    fl_admit_follow(work->context, &names);
}

/* ---- the command ---- */

/* Those that are there already go on from where they are; one that does not run
 * is told. */
static int gather_existing(struct work *work, struct fleet_error *err)
{
    for (size_t i = 0; i < work->bring.make.existing.n; i++) {
        const char *name = work->bring.make.existing.at[i];
        const struct fl_member *member =
            fl_fleet_member(&work->bring.make.fleet, name);
        enum fleet_state state =
            member ? fl_pod_state(member->pod) : FLEET_STATE_GONE;

        if (!member || member->twin)
            continue;
        if (state == FLEET_STATE_RUNNING || state == FLEET_STATE_PENDING ||
            state == FLEET_STATE_UNKNOWN) {
            if (fl_strv_add(&work->here, name) < 0)
                return fl_enomem(err);
        } else {
            fl_say(work->context,
                   "%s is %s and left alone: `fleet start %s` starts it", name,
                   fleet_state_name(state), member->short_name);
        }
    }
    return FLEET_OK;
}

static int bring_up(struct work *work, struct fleet_error *err)
{
    int rc;

    work->progress = fl_progress_table(work->context, "ready");
    rc = fl_bring_run(&work->bring, &work->here, take_event, work, err);
    fl_progress_close(work->progress);
    return rc;
}

static int run_work(struct work *work, struct fleet_error *err)
{
    bool go = false;
    int rc = fl_bring_open(&work->bring, &work->options->bring, NULL, err);
    int status;

    if (rc == 0)
        rc = fl_make_prepare(&work->bring.make, &go, err);
    if (rc == 0 && !go)
        return work->bring.make.status;
    if (rc == 0)
        rc = gather_existing(work, err);
    if (rc == 0 && work->bring.make.create.n == 0 && work->here.n > 0)
        rc = fl_consent(work->context, "set up and test what is there", err);
    if (rc == 0)
        rc = bring_up(work, err);
    if (rc < 0)
        return fl_report(work->context, err, NULL, work->bring.make.at_fault);
    make_document(work);
    status = finish(work);
    fl_bring_keep(&work->bring);
    admit(work);
    return fl_forwards_follow(work->context, work->options->make.skip_proxy,
                              status);
}

static int run(struct fl_context *context, const void *given)
{
    const struct up_options *chosen = given;
    struct work work = {.context = context, .options = chosen};
    struct fleet_error err = {0};
    int status;

    work.bring.make.context = context;
    work.bring.make.options = &chosen->make;
    status = run_work(&work, &err);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_bring_close(&work.bring);
    fl_strv_clear(&work.here);
    return status;
}

const struct fl_command fl_cmd_up = {
    .name = "up",
    .group = "Pods",
    .summary = "make pods, forward, set up and test each, until all are ready",
    .synopsis = "[-n N | -a N | NAME...]",
    .example = "fleet up -n 20              # run again, it goes on\n"
               "fleet up -n 20 --yes --keep-trying 2h --check-attempts 5\n"
               "fleet up apple --dry-run",
    .about =
        "Each pod goes its own way, and a slow one delays nobody: it is made "
        "as by `fleet create`, and once its sshd answers it is forwarded "
        "through the proxy, set up as by `fleet setup`, and tested as by "
        "`fleet test`. A pod made by this run that fails its test, or never "
        "answers, is terminated, and another is made in its place, up to "
        "--check-attempts; the last one is kept as it is, and told. A pod "
        "that was there already is set up and tested, and never terminated. "
        "Run again after whatever end, it goes on where it stopped.",
    .options = options,
    .options_size = sizeof(struct up_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_NAMES,
    .run = run,
};
