/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/visit.h"

#include "core/base/clock.h"
#include "core/base/error.h"

#include <stdio.h>

#define LOGIN_MS 60000 /* or the pod's limit, where that is less */

/* One pod's visit, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    struct fl_visit visit;
    int64_t limit_ms;
    int (*work)(struct fl_visit *visit, struct fleet_error *err);
    void (*clear)(void *own);
    struct fleet_error error;
    int64_t elapsed_ms;
};

struct round {
    const struct fl_visit_to *to;
    const struct fl_visit_kind *kind;
    const void *arg;
    struct fl_visit_results *results;
    size_t *places; /* of lines in the results */
    size_t done;
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

static void own_free(void (*clear)(void *own), void *own)
{
    if (own && clear)
        clear(own);
    free(own);
}

static void line_free(struct line *line)
{
    if (!line)
        return;
    own_free(line->clear, line->visit.own);
    free(line->visit.host_key);
    fl_pod_free(line->visit.pod);
    free(line);
}
FL_CLEANUP(line_free, struct line *);

/* ---- in the thread ---- */

void fl_visit_step(struct fl_visit *visit, const char *what)
{
    fl_fan_step(visit->item, what, visit->deadline);
}

int fl_visit_at(struct fl_visit *visit, const char *stage, int code)
{
    visit->stage = stage;
    return code;
}

static int log_in(struct fl_visit *visit, struct fleet_error *err)
{
    enum fl_ssh_stage stage = FL_SSH_RESOLVE;
    int64_t deadline = fl_deadline(LOGIN_MS);
    FL_AUTO_FREE char *shown = NULL;
    int rc;

    if (deadline > visit->deadline)
        deadline = visit->deadline;
    rc = fl_login(visit->pod, visit->key, false, deadline, &visit->ssh, &stage,
                  &shown, err);

    if (!visit->host_key)
        visit->host_key = fl_take(shown);
    if (rc < 0)
        return fl_visit_at(visit, fl_ssh_stage_name(stage), rc);
    visit->in = true;
    return FLEET_OK;
}

int fl_visit_again(struct fl_visit *visit, struct fleet_error *err)
{
    fl_ssh_close(visit->ssh);
    visit->ssh = NULL;
    if (!fleet_pod_get(visit->pod, FLEET_POD_HOST_KEY))
        fleet_pod_set(visit->pod, FLEET_POD_HOST_KEY, visit->host_key);
    return log_in(visit, err);
}

int fl_visit_run(struct fl_visit *visit, struct fl_ssh_exec *exec,
                 struct fleet_error *err)
{
    return fl_ssh_run(visit->ssh, exec, visit->deadline, err);
}

int fl_visit_one(struct fl_visit *visit,
                 int (*work)(struct fl_visit *visit, struct fleet_error *err),
                 struct fleet_error *err)
{
    int rc;

    fl_visit_step(visit, "connecting");
    rc = log_in(visit, err);
    if (rc == 0)
        rc = work(visit, err);
    if (rc < 0 && !visit->stage)
        visit->stage = rc == FLEET_ETIMEOUT ? "timeout" : "exec";
    if (rc == 0)
        visit->stage = NULL;
    fl_ssh_close(visit->ssh);
    visit->ssh = NULL;
    return rc;
}

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    int64_t began = fl_now_ms();

    line->visit.item = item;
    line->visit.deadline = fl_deadline(line->limit_ms);
    fl_visit_one(&line->visit, line->work, &line->error);
    line->elapsed_ms = fl_now_ms() - began;
}

/* ---- in the calling thread ---- */

static void tell(struct round *round, enum fl_event_kind kind, const char *name,
                 const char *text)
{
    struct fl_event event = {kind, name, text, round->done, round->results->n};

    if (round->to->event)
        round->to->event(round->to->event_arg, &event);
}

static void conclude(struct round *round, const struct fl_visit_result *result)
{
    char text[64] = "done";
    bool good;

    round->done++;
    if (result->stage) {
        tell(round, FL_EVENT_FAILED, result->name, result->error.text);
        return;
    }
    good = !round->kind->told || round->kind->told(round->arg, result, text);
    tell(round, good ? FL_EVENT_DONE : FL_EVENT_FAILED, result->name, text);
}

static void line_step(void *arg, struct fl_fan_item *item, const char *what)
{
    struct round *round = arg;

    tell(round, FL_EVENT_STEP,
         round->results->at[round->places[item->slot]].name, what);
}

static void stopping(void *arg)
{
    tell(arg, FL_EVENT_STOPPING, NULL, NULL);
}

/* A login that worked proves the key to be the pod's. */
static void take_result(struct line *line, struct fl_visit_result *result)
{
    bool news = !fleet_pod_get(result->member->pod, FLEET_POD_HOST_KEY);

    result->stage = line->visit.stage;
    result->error = line->error;
    result->elapsed_ms = line->elapsed_ms;
    result->own = fl_take(line->visit.own);
    if (news && line->visit.in)
        result->learnt = fl_take(line->visit.host_key);
}

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct round *round = arg;
    struct line *line = line_of(item);
    struct fl_visit_result *result =
        &round->results->at[round->places[item->slot]];

    if (end == FL_FAN_UNRUN) {
        result->stage = "cancelled";
        fleet_fail(&result->error, FLEET_ECANCELLED, "cancelled, not begun");
    } else if (end == FL_FAN_WEDGED) {
        result->stage = "timeout";
        fleet_fail(&result->error, FLEET_ETIMEOUT,
                   "timeout: the connection does not come back; given up");
    } else {
        take_result(line, result);
    }
    conclude(round, result);
    if (end != FL_FAN_WEDGED)
        line_free(line);
}

static int line_new(const struct round *round, const struct fl_member *member,
                    struct line **out, struct fleet_error *err)
{
    FL_AUTO(line_free) struct line *line = calloc(1, sizeof(*line));
    int rc = FLEET_OK;

    if (!line)
        return fl_enomem(err);
    line->limit_ms = round->to->limit_ms;
    line->work = round->kind->work;
    line->clear = round->kind->clear;
    line->visit.key = round->to->key;
    line->visit.pod = fl_login_pod(round->to->engine, member);
    line->visit.own =
        calloc(1, round->kind->own_size ? round->kind->own_size : 1);
    if (!line->visit.pod || !line->visit.own)
        return fl_enomem(err);
    if (round->kind->begin)
        rc = round->kind->begin(round->arg, member, line->visit.own, err);
    if (rc == 0)
        *out = fl_take(line);
    return rc;
}

static int open_results(struct round *round, struct fleet_error *err)
{
    const struct fl_fleet *fleet = round->to->fleet;
    struct fl_visit_results *results = round->results;

    results->clear = round->kind->clear;
    results->at = calloc(fleet->n_members + 1, sizeof(*results->at));
    if (!results->at)
        return fl_enomem(err);
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        struct fl_visit_result *result = &results->at[results->n];

        if (!round->to->selected[i])
            continue;
        results->n++;
        result->member = member;
        result->name = fleet_pod_get(member->pod, FLEET_POD_NAME);
        result->stage = fl_login_trouble(member, &result->error);
    }
    return FLEET_OK;
}

static int open_lines(struct round *round, struct fl_fan *fan,
                      struct fleet_error *err)
{
    for (size_t i = 0; i < round->results->n; i++) {
        const struct fl_visit_result *result = &round->results->at[i];
        struct line *line = NULL;
        int rc;

        if (result->stage)
            continue;
        rc = line_new(round, result->member, &line, err);
        if (rc < 0) {
            while (fan->n > 0)
                line_free(line_of(fan->items[--fan->n]));
            return rc;
        }
        round->places[fan->n] = i;
        fan->items[fan->n++] = &line->item;
    }
    return FLEET_OK;
}

/* Those that are not asked are told first; then the others, as they end. */
static int run_lines(struct round *round, struct fl_fan *fan,
                     struct fleet_error *err)
{
    for (size_t i = 0; i < round->results->n; i++) {
        if (round->results->at[i].stage)
            conclude(round, &round->results->at[i]);
    }
    fl_login_raise_descriptors();
    fan->threads = fl_engine_threads(round->to->engine, fan->n);
    return fl_fan_run(fan, err);
}

int fl_visit_all(const struct fl_visit_to *to, const struct fl_visit_kind *kind,
                 const void *arg, struct fl_visit_results *results,
                 struct fleet_error *err)
{
    size_t n = to->fleet->n_members + 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    FL_AUTO_FREE size_t *places = calloc(n, sizeof(*places));
    struct round round = {.to = to,
                          .kind = kind,
                          .arg = arg,
                          .results = results,
                          .places = places};
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .step = line_step,
                         .stopping = stopping,
                         .arg = &round};
    int rc = items && places ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = open_results(&round, err);
    if (rc == 0)
        rc = open_lines(&round, &fan, err);
    return rc < 0 ? rc : run_lines(&round, &fan, err);
}

void fl_visit_results_clear(struct fl_visit_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        own_free(results->clear, results->at[i].own);
        free(results->at[i].learnt);
    }
    free(results->at);
    *results = (struct fl_visit_results){0};
}
