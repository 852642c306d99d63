/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/up.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/commands.h"
#include "core/cmd/forwards.h"
#include "core/cmd/making.h"
#include "core/cmd/verdict.h"
#include "core/cmd/visiting.h"

#include <stdlib.h>
#include <string.h>

#define TEST_MS 60000

struct up_options {
    struct fl_make_options make;
    struct fl_steps_choice choice;
    int64_t attempts;
    char *checks;
    bool skip_test, skip_setup;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_MAKE_OPTIONS(struct up_options, make),
    {.key = "check-attempts", .type = FLEET_OPT_INT, .min = 1, .max = 20,
     .fallback = "3",
     .help = "pods that are tried under one name until one passes its test",
     FLEET_AT(struct up_options, attempts)},
    {.key = "checks", .type = FLEET_OPT_STRING,
     .help = "test these only, with commas between",
     FLEET_AT(struct up_options, checks)},
    {.key = "skip-setup", .type = FLEET_OPT_BOOL,
     .help = "leave out set-up",
     FLEET_AT(struct up_options, skip_setup)},
    {.key = "skip-test", .type = FLEET_OPT_BOOL,
     .help = "leave out the test, and keep whatever was made",
     FLEET_AT(struct up_options, skip_test)},
    {0},
};
/* clang-format on */

/* Everything one `fleet up` works with. */
struct work {
    struct fl_context *context;
    const struct up_options *options;
    struct fl_make make;
    struct fl_strv here; /* existing pods that can be worked on */
    struct fl_steps steps;
    struct fl_checks checks;
    struct fl_ssh_key *key;
    struct fl_up up;
    struct fl_progress *progress;
    size_t forwarded; /* up.answered at the last merge */
    bool merge_failed;
};

/* ---- as it goes ---- */

/* In the main thread: pods that have come up are forwarded while the others are
 * still on their way. */
static void forward(struct work *work)
{
    size_t answered = atomic_load(&work->up.answered);
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
    const struct fl_create_result *result = &work->make.results.at[i];
    const struct fl_up_pod *pod = &work->up.at[i];
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
                pod->tested
                    ? fl_json_text(fl_verdict_name(fl_exam_verdict(
                          pod->exam.stage, pod->exam.findings, work->checks.n)))
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

    for (size_t i = 0; i < work->make.results.n; i++)
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
    for (size_t i = 0; i < work->make.results.n; i++) {
        const struct fl_create_result *result = &work->make.results.at[i];
        const struct fl_up_pod *pod = &work->up.at[i];

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
    for (size_t i = 0; i < work->up.n; i++) {
        const struct fl_set_up *set_up = &work->up.at[i].set_up;

        for (size_t k = 0; k < set_up->n; k++) {
            if (set_up->at[k].word == FL_STEP_KEPT)
                fl_say(work->context, "%s: %s: %s",
                       work->make.results.at[i].name, work->steps.at[k].name,
                       set_up->at[k].detail ? set_up->at[k].detail : "kept");
        }
    }
}

static int finish(struct work *work)
{
    struct fl_tally tally = {0};
    size_t ready = 0;

    for (size_t i = 0; i < work->make.results.n; i++) {
        const struct fl_create_result *result = &work->make.results.at[i];
        int status = fl_exit_for(result->error.code);

        if (result->outcome == FL_OUTCOME_FAILED)
            status = fl_report(work->context, &result->error, result->name,
                               result->provider);
        ready += result->outcome == FL_OUTCOME_DONE;
        fl_tally_add(&tally, result->outcome, status);
    }
    fl_make_tell_tried(&work->make);
    tell_kept(work);
    print_table(work);
    fl_say(work->context, "%zu of %zu ready", ready, work->make.results.n);
    return fl_tally_status(&tally);
}

/* ---- what is remembered ---- */

/* The pods as members, as far as those who keep what was learnt need them. */
static struct fl_member *make_members(const struct work *work)
{
    const struct fl_create_results *results = &work->make.results;
    struct fl_member *members = calloc(results->n + 1, sizeof(*members));

    for (size_t i = 0; members && i < results->n; i++) {
        const char *provider = results->at[i].provider;

        members[i].pod = results->at[i].pod;
        members[i].short_name = results->at[i].name;
        members[i].listing =
            provider ? fl_fleet_listing(&work->make.fleet, provider) : NULL;
    }
    return members;
}

static void keep_certificates(struct work *work,
                              const struct fl_member *members)
{
    FL_AUTO_FREE const struct fl_member **with =
        calloc(work->up.n + 1, sizeof(*with));
    struct fleet_error err = {0};
    size_t n = 0;

    for (size_t i = 0; with && i < work->up.n; i++) {
        const struct fl_set_up *set_up = &work->up.at[i].set_up;

        for (size_t k = 0; k < set_up->n; k++) {
            if (members[i].pod && members[i].listing &&
                !work->steps.at[k].body &&
                set_up->at[k].word == FL_STEP_CHANGED)
                with[n++] = &members[i];
        }
    }
    if (n > 0 &&
        fl_hostca_keep(&work->context->engine, &work->steps.ca,
                       work->context->words, with, n, NULL, 0, &err) < 0)
        fl_say(work->context, "fleet: warning: %s", err.text);
}

/* As of a test, with the host keys that were learnt on the way. */
static void keep_verdicts(struct work *work, const struct fl_member *members)
{
    struct fl_test_results results = {.n_checks = work->checks.n};

    results.at = calloc(work->up.n + 1, sizeof(*results.at));
    for (size_t i = 0; results.at && i < work->up.n; i++) {
        struct fl_up_pod *pod = &work->up.at[i];
        struct fl_test_result *result = &results.at[results.n];

        if (!pod->tested || !members[i].pod || !members[i].listing)
            continue;
        *result = (struct fl_test_result){
            .member = &members[i],
            .name = work->make.results.at[i].name,
            .verdict = fl_exam_verdict(pod->exam.stage, pod->exam.findings,
                                       work->checks.n),
            .elapsed_ms = pod->exam.elapsed_ms,
            .stage = pod->exam.stage,
            .error = pod->exam.error,
            .findings = pod->exam.findings,
            .learnt = pod->host_key,
        };
        results.n++;
    }
    if (results.n > 0)
        fl_verdict_record(work->context, &work->checks, &results);
    free(results.at);
}

static void keep(struct work *work)
{
    FL_AUTO_FREE struct fl_member *members = make_members(work);

    if (!members || fl_pool_wedged())
        return;
    keep_certificates(work, members);
    keep_verdicts(work, members);
}

/* ---- the command ---- */

/* Those that are there already go on from where they are; one that does not run
 * is told. */
static int gather_existing(struct work *work, struct fleet_error *err)
{
    for (size_t i = 0; i < work->make.existing.n; i++) {
        const char *name = work->make.existing.at[i];
        const struct fl_member *member =
            fl_fleet_member(&work->make.fleet, name);
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

static int open_tools(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    int rc = fl_work_open(context, err);

    if (rc == 0)
        rc = fl_visiting_key(context, &work->key, err);
    if (rc == 0 && !work->options->skip_setup)
        rc = fl_steps_open(&context->engine, &work->options->choice,
                           &work->steps, err);
    if (rc == 0 && !work->options->skip_test)
        rc = fl_checks_open(&context->engine, work->options->checks, 0,
                            &work->checks, err);
    return rc;
}

static int bring_up(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    int64_t limit_ms = context->globals.timeout_ms;
    const struct fl_rounds_job job = {
        .after = fl_up_after,
        .after_arg = &work->up,
        .attempts = work->options->attempts,
        .existing = &work->here,
        .event = take_event,
        .event_arg = work,
    };
    int rc;

    work->up.engine = &context->engine;
    work->up.steps = &work->steps;
    work->up.checks = work->options->skip_test ? NULL : &work->checks;
    work->up.key = work->key;
    work->up.setup_ms =
        limit_ms > 0 ? limit_ms : fl_setup_limit_ms(&work->steps);
    work->up.test_ms = limit_ms > 0 ? limit_ms : TEST_MS;
    rc = fl_up_open(&work->up, work->make.create.n + work->here.n, err);
    if (rc < 0)
        return rc;
    work->progress = fl_progress_table(context, "ready");
    rc = fl_make_run(&work->make, &job, err);
    fl_progress_close(work->progress);
    return rc;
}

static int run_work(struct work *work, struct fleet_error *err)
{
    bool go = false;
    int rc = open_tools(work, err), status;

    if (rc == 0)
        rc = fl_make_prepare(&work->make, &go, err);
    if (rc == 0 && !go)
        return work->make.status;
    if (rc == 0)
        rc = gather_existing(work, err);
    if (rc == 0 && work->make.create.n == 0 && work->here.n > 0)
        rc = fl_consent(work->context, "set up and test what is there", err);
    if (rc == 0)
        rc = bring_up(work, err);
    if (rc < 0)
        return fl_report(work->context, err, NULL, work->make.at_fault);
    make_document(work);
    status = finish(work);
    keep(work);
    return fl_forwards_follow(work->context, work->options->make.skip_proxy,
                              status);
}

static int run(struct fl_context *context, const void *given)
{
    const struct up_options *chosen = given;
    struct work work = {.context = context,
                        .options = chosen,
                        .make = {.context = context, .options = &chosen->make}};
    struct fleet_error err = {0};
    int status = run_work(&work, &err);

    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_up_clear(&work.up);
    fl_make_clear(&work.make);
    fl_strv_clear(&work.here);
    fl_checks_close(&work.checks);
    fl_steps_close(&work.steps);
    fl_ssh_key_close(work.key);
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
