/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/create.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/await.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS 600000

/* One pod's pipeline, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    struct fl_making making;
    struct fl_create_result *result; /* the main thread's */
    size_t place;
    bool wait;
    int (*after)(void *arg, struct fl_fan_item *item, size_t place,
                 struct fleet_pod *pod, bool *unfit, struct fleet_error *err);
    void *after_arg;
    int64_t attempts;
    int rc;
    struct fleet_error error;
};

struct run {
    const struct fl_create_job *job;
    struct fl_create_results *results;
    size_t done;
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

/* Once. *unfit: made, but no good. */
static int make_ready(struct line *line, bool *unfit, struct fleet_error *err)
{
    struct fl_making *making = &line->making;
    int rc = making->pod ? FLEET_OK : fl_make_pod(making, err);

    *unfit = false;
    if (rc < 0 || !line->wait)
        return rc;
    rc = fl_await_ssh(&line->item, making->listing->provider, making->pod,
                      fl_engine_deadline(making->engine, WAIT_MS), err);
    *unfit = rc == FLEET_ETIMEOUT && line->after;
    if (rc == 0 && line->after)
        rc = line->after(line->after_arg, &line->item, line->place, making->pod,
                         unfit, err);
    return rc;
}

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    struct fleet_error why;
    bool unfit;

    for (int64_t attempt = 1;; attempt++) {
        line->rc = make_ready(line, &unfit, &line->error);
        if (line->rc == 0 || !unfit || !line->making.row ||
            attempt >= line->attempts || fl_cancelled())
            return;
        why = line->error;
        line->rc = fl_make_unfit(&line->making, &why, &line->error);
        if (line->rc < 0)
            return;
    }
}

static void tell(struct run *run, enum fl_event_kind kind, const char *name,
                 const char *text)
{
    struct fl_event event = {kind, name, text, run->done, run->results->n};

    if (run->job->event)
        run->job->event(run->job->event_arg, &event);
}

static void line_step(void *arg, struct fl_fan_item *item, const char *what)
{
    tell(arg, FL_EVENT_STEP, line_of(item)->making.name, what);
}

static void lines_stopping(void *arg)
{
    tell(arg, FL_EVENT_STOPPING, NULL, NULL);
}

/* No failure that waiting would not help. */
static bool may_pass(int code, bool nothing_tried)
{
    return code == FLEET_ECAPACITY || code == FLEET_ERATELIMITED ||
           code == FLEET_ETRANSIENT || code == FLEET_EREFUSED ||
           (code == FLEET_ETIMEOUT && nothing_tried);
}

/* There is no pod, for want of room or because of a rate limit; what cost more
 * than was agreed is another matter. */
static bool wants_room(const struct line *line)
{
    const struct fl_making *making = &line->making;
    bool no_option = !fl_plan_first(making->round->plan);

    if (line->rc == 0 || making->pod || !may_pass(line->rc, no_option))
        return false;
    if (making->n_tried == 0)
        return line->rc != FLEET_EREFUSED;
    for (size_t i = 0; i < making->n_tried; i++) {
        int code = making->tried[i].error.code;

        if (!making->tried[i].given_back &&
            (code == FLEET_ECAPACITY || code == FLEET_ERATELIMITED))
            return true;
    }
    return false;
}

static void keep(struct fl_create_result *result, const struct line *line)
{
    const struct fl_making *making = &line->making;

    result->outcome = line->rc == 0 ? FL_OUTCOME_DONE : FL_OUTCOME_FAILED;
    result->pod = making->pod;
    result->price_quoted = making->price_quoted;
    if (making->listing)
        result->provider = making->listing->name;
    else if (making->n_tried > 0)
        result->provider = making->tried[making->n_tried - 1].provider;
    result->error = line->error;
    result->tried = making->tried;
    result->n_tried = making->n_tried;
}

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct run *run = arg;
    struct fl_create_result *result = line_of(item)->result;
    bool again = end == FL_FAN_FINISHED && run->job->until > 0 &&
                 fl_left_ms(run->job->until) > 0 && !fl_cancelled() &&
                 wants_room(line_of(item));

    run->done += !again;
    if (end == FL_FAN_UNRUN) {
        result->outcome = FL_OUTCOME_CANCELLED;
        result->pod = line_of(item)->making.pod;
        result->tried = line_of(item)->making.tried;
        result->n_tried = line_of(item)->making.n_tried;
        if (result->n_tried == 0)
            fleet_fail(&result->error, FLEET_ECANCELLED,
                       "cancelled, not begun");
    } else if (end == FL_FAN_WEDGED) {
        result->outcome = FL_OUTCOME_FAILED;
        fleet_fail(&result->error, FLEET_EAMBIGUOUS,
                   "the provider does not come back from the call; the next "
                   "run finds out what became of it");
    } else {
        keep(result, line_of(item));
    }
    if (again) {
        result->outcome = FL_OUTCOME_NONE;
        tell(run, FL_EVENT_STEP, result->name, "waiting for room");
    } else if (result->outcome == FL_OUTCOME_DONE)
        tell(run, FL_EVENT_DONE, result->name,
             result->listing ? "there" : "created");
    else
        tell(run, FL_EVENT_FAILED, result->name, result->error.text);
    if (end != FL_FAN_WEDGED)
        free(line_of(item));
}

int fl_create_open(const struct fl_strv *names,
                   struct fl_create_results *results, struct fleet_error *err)
{
    results->at = calloc(names->n ? names->n : 1, sizeof(*results->at));
    if (!results->at)
        return fl_enomem(err);
    results->n = names->n;
    for (size_t i = 0; i < names->n; i++) {
        results->at[i].price_quoted = -1;
        results->at[i].name = strdup(names->at[i]);
        if (!results->at[i].name)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int add_existing(const struct fl_member *member,
                        struct fl_create_result *result)
{
    result->name = strdup(fleet_pod_get(member->pod, FLEET_POD_NAME));
    result->pod = fl_pod_copy(member->pod);
    result->listing = member->listing;
    result->provider = member->listing->name;
    result->price_quoted = member->price_quoted;
    return result->name && result->pod ? FLEET_OK : FLEET_ENOMEM;
}

int fl_create_add_existing(const struct fl_fleet *fleet,
                           const struct fl_strv *names,
                           struct fl_create_results *results,
                           struct fleet_error *err)
{
    struct fl_create_result *more = reallocarray(
        results->at, results->n + names->n + 1, sizeof(*results->at));

    if (!more)
        return fl_enomem(err);
    results->at = more;
    memset(more + results->n, 0, (names->n + 1) * sizeof(*more));
    for (size_t i = 0; i < names->n; i++) {
        const struct fl_member *member = fl_fleet_member(fleet, names->at[i]);

        if (member && add_existing(member, &more[results->n++]) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* What was tried in earlier rounds goes with the line and comes back. */
static struct fl_fan_item *line_new(const struct fl_create_job *job,
                                    struct fl_round *round,
                                    struct fl_create_result *result,
                                    size_t place)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->wait = job->wait;
    line->after = job->after;
    line->after_arg = job->after_arg;
    line->attempts = job->attempts;
    line->result = result;
    line->place = place;
    line->making = (struct fl_making){
        .item = &line->item,
        .engine = job->engine,
        .round = round,
        .name = result->name,
        .public_key = job->public_key,
        .price_quoted = result->price_quoted,
        .pod = result->pod,
        .listing = result->listing,
        .tried = result->tried,
        .n_tried = result->n_tried,
    };
    result->pod = NULL;
    result->tried = NULL;
    result->n_tried = 0;
    return &line->item;
}

/* None of them has run. */
static void close_lines(struct fl_fan *fan)
{
    while (fan->n > 0) {
        struct line *line = line_of(fan->items[--fan->n]);

        line->result->pod = line->making.pod;
        line->result->tried = line->making.tried;
        line->result->n_tried = line->making.n_tried;
        free(line);
    }
}

static int open_lines(const struct fl_create_job *job, struct fl_round *round,
                      struct fl_create_results *results, struct fl_fan *fan,
                      struct fleet_error *err)
{
    for (size_t i = 0; i < results->n; i++) {
        struct fl_fan_item *item;

        if (results->at[i].outcome != FL_OUTCOME_NONE)
            continue;
        item = line_new(job, round, &results->at[i], i);
        if (!item) {
            close_lines(fan);
            return fl_enomem(err);
        }
        fan->items[fan->n++] = item;
    }
    return FLEET_OK;
}

static size_t decided(const struct fl_create_results *results)
{
    size_t n = 0;

    for (size_t i = 0; i < results->n; i++)
        n += results->at[i].outcome != FL_OUTCOME_NONE;
    return n;
}

int fl_create_round(const struct fl_create_job *job,
                    struct fl_create_results *results, struct fleet_error *err)
{
    size_t n = results->n;
    struct run run = {job, results, decided(results)};
    struct fl_round *round = calloc(1, sizeof(*round));
    struct fl_fan_item **items = calloc(n ? n : 1, sizeof(*items));
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .threads = fl_engine_threads(job->engine, n),
                         .step = line_step,
                         .stopping = lines_stopping,
                         .arg = &run};
    int rc = items && round ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = fl_round_open(round, job->plan, job->ledger, err);
    if (rc == 0)
        rc = open_lines(job, round, results, &fan, err);
    if (rc == 0) {
        rc = fl_fan_run(&fan, err);
        if (rc < 0)
            close_lines(&fan);
    }
    if (!fl_pool_wedged()) { /* a wedged line may still look at these */
        if (round)
            fl_round_close(round);
        free(round);
    }
    free(items);
    return rc;
}

void fl_create_results_clear(struct fl_create_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        struct fl_create_result *result = &results->at[i];

        if (!fl_pool_wedged()) /* a wedged line uses its name */
            free(result->name);
        fl_pod_free(result->pod);
        for (size_t k = 0; k < result->n_tried; k++) {
            free(result->tried[k].option);
            free(result->tried[k].offer);
        }
        free(result->tried);
    }
    free(results->at);
    memset(results, 0, sizeof(*results));
}
