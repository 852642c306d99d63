/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/create.h"

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
    bool wait;
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

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    struct fl_making *making = &line->making;

    line->rc = fl_make_pod(making, &line->error);
    if (line->rc == 0 && line->wait)
        line->rc = fl_await_ssh(item, making->listing->provider, making->pod,
                                fl_engine_deadline(making->engine, WAIT_MS),
                                &line->error);
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

static void keep(struct fl_create_result *result, const struct line *line)
{
    const struct fl_making *making = &line->making;

    result->outcome = line->rc == 0 ? FL_OUTCOME_DONE : FL_OUTCOME_FAILED;
    result->pod = making->pod;
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
    struct fl_create_result *result = &run->results->at[item->slot];

    run->done++;
    if (end == FL_FAN_UNRUN) {
        result->outcome = FL_OUTCOME_CANCELLED;
        fleet_fail(&result->error, FLEET_ECANCELLED, "cancelled, not begun");
    } else if (end == FL_FAN_WEDGED) {
        result->outcome = FL_OUTCOME_FAILED;
        fleet_fail(&result->error, FLEET_EAMBIGUOUS,
                   "the provider does not come back from the call; the next "
                   "run finds out what became of it");
    } else {
        keep(result, line_of(item));
    }
    if (result->outcome == FL_OUTCOME_DONE)
        tell(run, FL_EVENT_DONE, result->name, "created");
    else
        tell(run, FL_EVENT_FAILED, result->name, result->error.text);
    if (end != FL_FAN_WEDGED)
        free(line_of(item));
}

static int open_results(const struct fl_strv *names,
                        struct fl_create_results *results,
                        struct fleet_error *err)
{
    results->at = calloc(names->n ? names->n : 1, sizeof(*results->at));
    if (!results->at)
        return fl_enomem(err);
    results->n = names->n;
    for (size_t i = 0; i < names->n; i++) {
        results->at[i].name = strdup(names->at[i]);
        if (!results->at[i].name)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static struct fl_fan_item *line_new(const struct fl_create_job *job,
                                    struct fl_round *round, const char *name)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->wait = job->wait;
    line->making = (struct fl_making){
        .item = &line->item,
        .engine = job->engine,
        .round = round,
        .name = name,
        .public_key = job->public_key,
    };
    return &line->item;
}

static int open_lines(const struct fl_create_job *job, struct fl_round *round,
                      struct fl_create_results *results, struct fl_fan *fan,
                      struct fleet_error *err)
{
    for (size_t i = 0; i < results->n; i++) {
        struct fl_fan_item *item = line_new(job, round, results->at[i].name);

        if (!item) {
            while (fan->n > 0)
                free(line_of(fan->items[--fan->n]));
            return fl_enomem(err);
        }
        fan->items[fan->n++] = item;
    }
    return FLEET_OK;
}

int fl_create_run(const struct fl_create_job *job,
                  struct fl_create_results *results, struct fleet_error *err)
{
    size_t n = job->names->n;
    struct run run = {job, results, 0};
    struct fl_round round = {0};
    struct fl_fan_item **items = calloc(n ? n : 1, sizeof(*items));
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .threads = fl_engine_threads(job->engine, n),
                         .step = line_step,
                         .stopping = lines_stopping,
                         .arg = &run};
    int rc = items ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = open_results(job->names, results, err);
    if (rc == 0)
        rc = fl_round_open(&round, job->plan, err);
    if (rc == 0)
        rc = open_lines(job, &round, results, &fan, err);
    if (rc == 0)
        rc = fl_fan_run(&fan, err);
    if (!fl_pool_wedged()) /* a wedged line may still look at these */
        fl_round_close(&round);
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
        for (size_t k = 0; k < result->n_tried; k++)
            free(result->tried[k].option);
        free(result->tried);
    }
    free(results->at);
    memset(results, 0, sizeof(*results));
}
