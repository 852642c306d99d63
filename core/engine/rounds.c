/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/rounds.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/invoke.h"
#include "core/engine/offers.h"

#include <poll.h>
#include <string.h>

#define FIRST_PAUSE_MS 30000
#define PAUSE_GROWTH   4 /* the longest pause, in first ones */

struct rounds {
    const struct fl_rounds_job *job;
    struct fl_create_results *results;
    struct fl_ledger *ledger; /* left alone with a line that is wedged */
    int64_t until;
    int64_t pause_ms, longest_ms;
};

static void tell(const struct rounds *rounds, enum fl_event_kind kind,
                 const struct fl_create_result *result, const char *text)
{
    struct fl_event event = {.kind = kind,
                             .name = result ? result->name : NULL,
                             .text = text,
                             .total = rounds->results->n};

    for (size_t i = 0; i < rounds->results->n; i++)
        event.done += rounds->results->at[i].outcome != FL_OUTCOME_NONE;
    if (rounds->job->event)
        rounds->job->event(rounds->job->event_arg, &event);
}

static size_t undecided(const struct rounds *rounds)
{
    size_t n = 0;

    for (size_t i = 0; i < rounds->results->n; i++)
        n += rounds->results->at[i].outcome == FL_OUTCOME_NONE;
    return n;
}

/* Not before a provider has said. */
static int64_t asked_for(const struct rounds *rounds)
{
    int64_t longest = 0;

    for (size_t i = 0; i < rounds->results->n; i++) {
        const struct fl_create_result *result = &rounds->results->at[i];

        if (result->outcome == FL_OUTCOME_NONE &&
            result->error.retry_ms > longest)
            longest = result->error.retry_ms;
    }
    return longest;
}

static void tell_pause(const struct rounds *rounds, int64_t pause_ms)
{
    char pause[32], left[32], text[200];

    fl_duration_text(pause, pause_ms);
    fl_duration_text(left, fl_left_ms(rounds->until));
    snprintf(text, sizeof(text),
             "no room for %zu at present; asking again in %s, and for %s in "
             "all; Ctrl-C ends it",
             undecided(rounds), pause, left);
    tell(rounds, FL_EVENT_NOTE, NULL, text);
}

/* With jitter, so that those who look for the same room do not come back all at
 * once. False: the time is up, or the run was cancelled. */
static bool rest(struct rounds *rounds)
{
    struct pollfd cancel = {.fd = fl_cancel_fd(), .events = POLLIN};
    int64_t left = fl_left_ms(rounds->until);
    int64_t half = rounds->pause_ms / 2, least = asked_for(rounds);
    int64_t pause_ms = rounds->pause_ms - half / 2 + fl_random_below(half + 1);

    if (pause_ms < least)
        pause_ms = least;
    if (left == 0 || fl_cancelled())
        return false;
    if (pause_ms > left)
        pause_ms = left;
    tell_pause(rounds, pause_ms);
    poll(&cancel, cancel.fd >= 0 ? 1 : 0, (int)pause_ms);
    rounds->pause_ms *= 2;
    if (rounds->pause_ms > rounds->longest_ms)
        rounds->pause_ms = rounds->longest_ms;
    return !fl_cancelled();
}

/* By its id, where offers have one: on a market many read alike. */
static bool is_of(const struct fl_attempt *attempt,
                  const struct fl_option_row *row)
{
    const char *id =
        row->offer ? fl_offer_get(row->offer, FLEET_OFFER_ID) : NULL;
    char text[160];

    if (strcmp(attempt->provider, row->listing->name) != 0)
        return false;
    if (attempt->offer && id)
        return strcmp(attempt->offer, id) == 0;
    fl_option_text(text, row);
    return strcmp(text, attempt->option) == 0;
}

/* What was given back for its price once is not bought again. */
static int drop_given_back(struct fl_options_plan *plan,
                           const struct fl_attempt *attempt,
                           struct fleet_error *err)
{
    for (size_t i = 0; attempt->given_back && i < plan->n; i++) {
        struct fl_option_row *row = &plan->at[i];

        if (row->dropped || !is_of(attempt, row))
            continue;
        row->code = FLEET_EREFUSED;
        row->dropped = fl_format("given back before: %s", attempt->error.text);
        if (!row->dropped)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int drop_all_given_back(const struct rounds *rounds,
                               struct fl_options_plan *plan,
                               struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; i < rounds->results->n; i++) {
        const struct fl_create_result *result = &rounds->results->at[i];

        for (size_t k = 0; rc == 0 && k < result->n_tried; k++)
            rc = drop_given_back(plan, &result->tried[k], err);
    }
    return rc;
}

/* New offers, ordered as ever. */
static int look_again(struct rounds *rounds, struct fleet_error *err)
{
    const struct fl_rounds_job *job = rounds->job;
    struct fl_options_plan plan = {0};
    int rc = fl_offers_gather(job->engine, job->fleet, &plan, err);

    if (rc == 0)
        rc = fl_plan_order(&job->engine->settings, &plan, err);
    if (rc == 0)
        rc = drop_all_given_back(rounds, &plan, err);
    if (rc < 0) {
        fl_options_plan_clear(&plan);
        return rc;
    }
    fl_options_plan_clear(job->plan);
    *job->plan = plan;
    return FLEET_OK;
}

static int run_round(struct rounds *rounds, struct fleet_error *err)
{
    const struct fl_rounds_job *job = rounds->job;
    struct fl_create_job round = {
        .engine = job->engine,
        .plan = job->plan,
        .names = job->names,
        .public_key = job->public_key,
        .wait = job->wait,
        .ledger = rounds->ledger,
        .until = rounds->until,
        .after = job->after,
        .after_arg = job->after_arg,
        .attempts = job->attempts,
        .event = job->event,
        .event_arg = job->event_arg,
    };

    return fl_create_round(&round, rounds->results, err);
}

static int run_rounds(struct rounds *rounds, struct fleet_error *err)
{
    int rc = run_round(rounds, err);

    while (rc == 0 && undecided(rounds) > 0 && !fl_pool_wedged() &&
           rest(rounds)) {
        rc = look_again(rounds, err);
        if (rc == 0)
            rc = run_round(rounds, err);
    }
    return rc;
}

/* The time is up: what they failed with last is what became of them. */
static void settle(const struct rounds *rounds)
{
    for (size_t i = 0; i < rounds->results->n; i++) {
        struct fl_create_result *result = &rounds->results->at[i];

        if (result->outcome != FL_OUTCOME_NONE)
            continue;
        result->outcome = FL_OUTCOME_FAILED;
        tell(rounds, FL_EVENT_FAILED, result, result->error.text);
    }
}

int fl_rounds_run(const struct fl_rounds_job *job,
                  struct fl_create_results *results, struct fleet_error *err)
{
    int64_t tenth = job->keep_trying_ms / 10;
    int64_t first = tenth < FIRST_PAUSE_MS ? tenth : FIRST_PAUSE_MS;
    struct rounds rounds = {
        .job = job,
        .results = results,
        .ledger = calloc(1, sizeof(*rounds.ledger)),
        .until = job->keep_trying_ms > 0 ? fl_deadline(job->keep_trying_ms) : 0,
        .pause_ms = first,
        .longest_ms = PAUSE_GROWTH * first,
    };
    int rc = rounds.ledger ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = fl_create_open(job->names, results, err);
    if (rc == 0 && job->existing)
        rc = fl_create_add_existing(job->fleet, job->existing, results, err);
    if (rc == 0) {
        fl_ledger_open(rounds.ledger, job->engine->settings.max_fleet_price,
                       fl_plan_spent(job->fleet));
        rc = run_rounds(&rounds, err);
        settle(&rounds);
        if (!fl_pool_wedged()) {
            fl_ledger_close(rounds.ledger);
            free(rounds.ledger);
        }
    } else {
        free(rounds.ledger);
    }
    return rc;
}
