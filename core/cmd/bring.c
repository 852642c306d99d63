/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/bring.h"

#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/verdict.h"
#include "core/cmd/visiting.h"

#include <stdlib.h>

#define TEST_MS 60000

int fl_bring_open(struct fl_bring *bring,
                  const struct fl_bring_options *options, const char *hidden,
                  struct fleet_error *err)
{
    struct fl_context *context = bring->make.context;
    const struct fl_steps_choice choice = {.skip = (char *)hidden};
    int rc = fl_work_open(context, err);

    bring->options = options;
    if (rc == 0)
        rc = fl_visiting_key(context, &bring->key, err);
    if (rc == 0 && !options->skip_setup)
        rc = fl_steps_open(&context->engine, &choice, &bring->steps, err);
    if (rc == 0 && !options->skip_test)
        rc = fl_checks_open(&context->engine, options->checks, 0,
                            &bring->checks, err);
    return rc;
}

int fl_bring_run(struct fl_bring *bring, const struct fl_strv *existing,
                 fl_event_sink *event, void *event_arg, struct fleet_error *err)
{
    struct fl_context *context = bring->make.context;
    int64_t limit_ms = context->globals.timeout_ms;
    struct fl_up *up = &bring->up;
    const struct fl_rounds_job job = {
        .after = fl_up_after,
        .after_arg = up,
        .attempts = bring->options->attempts,
        .existing = existing,
        .event = event,
        .event_arg = event_arg,
    };
    int rc;

    up->engine = &context->engine;
    up->steps = &bring->steps;
    up->checks = bring->options->skip_test ? NULL : &bring->checks;
    up->key = bring->key;
    up->setup_ms = limit_ms > 0 ? limit_ms : fl_setup_limit_ms(&bring->steps);
    up->test_ms = limit_ms > 0 ? limit_ms : TEST_MS;
    rc = fl_up_open(up, bring->make.create.n + existing->n, err);
    return rc < 0 ? rc : fl_make_run(&bring->make, &job, err);
}

/* ---- what is remembered ---- */

/* The pods as members, as far as those who keep what was learnt need them. */
static struct fl_member *make_members(const struct fl_bring *bring)
{
    const struct fl_create_results *results = &bring->make.results;
    struct fl_member *members = calloc(results->n + 1, sizeof(*members));

    for (size_t i = 0; members && i < results->n; i++) {
        const char *provider = results->at[i].provider;

        members[i].pod = results->at[i].pod;
        members[i].short_name = results->at[i].name;
        members[i].listing =
            provider ? fl_fleet_listing(&bring->make.fleet, provider) : NULL;
    }
    return members;
}

static void keep_certificates(struct fl_bring *bring,
                              const struct fl_member *members)
{
    FL_AUTO_FREE const struct fl_member **with =
        calloc(bring->up.n + 1, sizeof(*with));
    struct fleet_error err = {0};
    size_t n = 0;

    for (size_t i = 0; with && i < bring->up.n; i++) {
        const struct fl_set_up *set_up = &bring->up.at[i].set_up;

        for (size_t k = 0; k < set_up->n; k++) {
            if (members[i].pod && members[i].listing &&
                !bring->steps.at[k].body &&
                set_up->at[k].word == FL_STEP_CHANGED)
                with[n++] = &members[i];
        }
    }
    if (n > 0 &&
        fl_hostca_keep(&bring->make.context->engine, &bring->steps.ca,
                       bring->make.context->words, with, n, NULL, 0, &err) < 0)
        fl_say(bring->make.context, "fleet: warning: %s", err.text);
}

/* As of a test, with the host keys that were learnt on the way. */
static void keep_verdicts(struct fl_bring *bring,
                          const struct fl_member *members)
{
    struct fl_test_results results = {.n_checks = bring->checks.n};

    results.at = calloc(bring->up.n + 1, sizeof(*results.at));
    for (size_t i = 0; results.at && i < bring->up.n; i++) {
        struct fl_up_pod *pod = &bring->up.at[i];
        struct fl_test_result *result = &results.at[results.n];

        if (!pod->tested || !members[i].pod || !members[i].listing)
            continue;
        *result = (struct fl_test_result){
            .member = &members[i],
            .name = bring->make.results.at[i].name,
            .verdict = fl_exam_verdict(pod->exam.stage, pod->exam.findings,
                                       bring->checks.n),
            .elapsed_ms = pod->exam.elapsed_ms,
            .stage = pod->exam.stage,
            .error = pod->exam.error,
            .findings = pod->exam.findings,
            .learnt = pod->host_key,
        };
        results.n++;
    }
    if (results.n > 0)
        fl_verdict_record(bring->make.context, &bring->checks, &results);
    free(results.at);
}

void fl_bring_keep(struct fl_bring *bring)
{
    FL_AUTO_FREE struct fl_member *members = make_members(bring);

    if (!members || fl_pool_wedged())
        return;
    keep_certificates(bring, members);
    keep_verdicts(bring, members);
}

void fl_bring_close(struct fl_bring *bring)
{
    fl_up_clear(&bring->up);
    fl_make_clear(&bring->make);
    fl_checks_close(&bring->checks);
    fl_steps_close(&bring->steps);
    fl_ssh_key_close(bring->key);
}
