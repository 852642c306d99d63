/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/tested.h"

#include "core/base/error.h"
#include "core/engine/exam.h"
#include "core/engine/login.h"

#include <string.h>

/* One pod's test, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    struct fleet_pod *pod;
    struct fl_exam exam;
};

struct run {
    const struct fl_test_job *job;
    struct fl_test_results *results;
    size_t *places; /* of lines in the results */
    struct fleet_error *err;
    int rc; /* of what cannot be told as a result: memory */
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

static void line_free(struct line *line)
{
    if (!line)
        return;
    fl_exam_clear(&line->exam);
    fl_pod_free(line->pod);
    free(line);
}
FL_CLEANUP(line_free, struct line *);

static void run_line(struct fl_fan_item *item)
{
    fl_exam_run(&line_of(item)->exam);
}

/* ---- in the calling thread ---- */

/* What is to be said of a pod that has no findings of its own. */
static int fail_all(struct run *run, struct fl_test_result *result)
{
    const struct fl_checks *checks = run->job->checks;
    const struct fl_answer answer = {
        .pod = result->member->pod,
        .stage = result->stage,
        .error = &result->error,
        .open_ms = -1,
        .run_ms = -1,
        .asked_at = -1,
        .answered_at = -1,
    };
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < checks->n; i++)
        rc = fl_check_fail(&checks->at[i], &answer, &result->findings[i],
                           run->err);
    return rc;
}

static void conclude(struct run *run, size_t place)
{
    struct fl_test_result *result = &run->results->at[place];

    result->verdict =
        fl_exam_verdict(result->stage, result->findings, run->job->checks->n);
    if (run->job->ended)
        run->job->ended(run->job->arg, place);
}

static void conclude_unasked(struct run *run, size_t place)
{
    if (fail_all(run, &run->results->at[place]) < 0)
        run->rc = FLEET_ENOMEM;
    conclude(run, place);
}

static void line_step(void *arg, struct fl_fan_item *item, const char *what)
{
    struct run *run = arg;

    if (run->job->step)
        run->job->step(run->job->arg, run->places[item->slot], what);
}

/* Its memory is left to it. */
static void give_up(const struct line *line, struct fl_test_result *result)
{
    const char *check = atomic_load(&line->exam.judging);

    result->stage = "timeout";
    if (check)
        fleet_fail(&result->error, FLEET_ETIMEOUT,
                   "timeout: the check %s comes to no verdict; given up",
                   check);
    else
        fleet_fail(&result->error, FLEET_ETIMEOUT,
                   "timeout: the connection does not come back; given up");
}

static void take_results(struct run *run, struct line *line,
                         struct fl_test_result *result)
{
    struct fl_exam *exam = &line->exam;
    bool news = exam->trusting || !fleet_pod_get(line->pod, FLEET_POD_HOST_KEY);
    struct fl_finding *blank = result->findings;

    result->stage = exam->stage;
    result->error = exam->error;
    result->elapsed_ms = exam->elapsed_ms;
    result->findings = exam->findings;
    exam->findings = blank;
    if (!exam->stage && news)
        result->learnt = fl_take(exam->host_key);
    if (exam->rc < 0) {
        fl_enomem(run->err);
        run->rc = exam->rc;
    }
}

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct run *run = arg;
    struct line *line = line_of(item);
    size_t place = run->places[item->slot];
    struct fl_test_result *result = &run->results->at[place];

    switch (end) {
    case FL_FAN_FINISHED:
        take_results(run, line, result);
        conclude(run, place);
        break;
    case FL_FAN_UNRUN:
        result->stage = "cancelled";
        fleet_fail(&result->error, FLEET_ECANCELLED, "cancelled, not begun");
        conclude_unasked(run, place);
        break;
    case FL_FAN_WEDGED:
        give_up(line, result);
        conclude_unasked(run, place);
        return;
    }
    line_free(line);
}

static struct line *line_new(const struct fl_test_job *job,
                             const struct fl_member *member)
{
    FL_AUTO(line_free) struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->pod = fl_login_pod(job->engine, member);
    line->exam = (struct fl_exam){
        .item = &line->item,
        .checks = job->checks,
        .key = job->key,
        .pod = line->pod,
        .trusting = job->learn_anew && member->host_key_learnt,
        .proxy = job->proxy,
        .limit_ms = job->limit_ms,
    };
    if (!line->pod || fl_exam_open(&line->exam, NULL) < 0)
        return NULL;
    return fl_take(line);
}

/* Why nothing can be proven about the port of this pod; NULL: it can. */
static const char *trouble_behind(const struct fl_fleet *fleet, size_t place,
                                  struct fleet_error *error)
{
    const struct fleet_pod *pod = fleet->members[place].pod;
    const char *key = fleet_pod_get(pod, FLEET_POD_HOST_KEY);

    if (!fl_pod_is_set(pod, FLEET_POD_PROXY_PORT)) {
        fleet_fail(error, FLEET_ECONFLICT,
                   "port: it has none on the proxy: `fleet proxy apply` gives "
                   "it one");
        return "port";
    }
    for (size_t i = 0; key && i < fleet->n_members; i++) {
        const struct fleet_pod *other = fleet->members[i].pod;
        const char *its = fleet_pod_get(other, FLEET_POD_HOST_KEY);

        if (i == place || !its || strcmp(its, key) != 0)
            continue;
        fleet_fail(error, FLEET_ECONFLICT,
                   "host key: %s has the same, so nobody can prove which of "
                   "them is behind the port; make new ones there with "
                   "ssh-keygen -A",
                   fleet_pod_get(other, FLEET_POD_NAME));
        return "host key";
    }
    return NULL;
}

static int open_results(struct run *run, struct fleet_error *err)
{
    const struct fl_test_job *job = run->job;
    struct fl_test_results *results = run->results;
    const struct fl_fleet *fleet = job->fleet;
    size_t n_checks = job->checks->n;

    results->at = calloc(fleet->n_members + 1, sizeof(*results->at));
    if (!results->at)
        return fl_enomem(err);
    results->n_checks = n_checks;
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        struct fl_test_result *result = &results->at[results->n];

        if (!job->selected[i])
            continue;
        results->n++;
        result->member = member;
        result->name = fleet_pod_get(member->pod, FLEET_POD_NAME);
        result->findings = calloc(n_checks, sizeof(*result->findings));
        if (!result->findings)
            return fl_enomem(err);
        result->stage = fl_login_trouble(member, &result->error);
        if (!result->stage && job->proxy)
            result->stage = trouble_behind(fleet, i, &result->error);
    }
    return FLEET_OK;
}

static int open_lines(struct run *run, struct fl_fan *fan,
                      struct fleet_error *err)
{
    struct fl_test_results *results = run->results;

    for (size_t i = 0; i < results->n; i++) {
        struct line *line;

        if (results->at[i].stage)
            continue;
        line = line_new(run->job, results->at[i].member);
        if (!line) {
            while (fan->n > 0)
                line_free(line_of(fan->items[--fan->n]));
            return fl_enomem(err);
        }
        run->places[fan->n] = i;
        fan->items[fan->n++] = &line->item;
    }
    return FLEET_OK;
}

/* Those that are not asked are told first; then the others, as they end. */
static int run_lines(struct run *run, struct fl_fan *fan,
                     struct fleet_error *err)
{
    if (run->job->begun)
        run->job->begun(run->job->arg, run->results);
    for (size_t i = 0; i < run->results->n; i++) {
        if (run->results->at[i].stage)
            conclude_unasked(run, i);
    }
    fl_login_raise_descriptors();
    fan->threads = fl_engine_threads(run->job->engine, fan->n);
    return fl_fan_run(fan, err);
}

int fl_test_run(const struct fl_test_job *job, struct fl_test_results *results,
                struct fleet_error *err)
{
    size_t n = job->fleet->n_members + 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    FL_AUTO_FREE size_t *places = calloc(n, sizeof(*places));
    struct run run = {
        .job = job, .results = results, .places = places, .err = err};
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .step = line_step,
                         .arg = &run};
    int rc = items && places ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = open_results(&run, err);
    if (rc == 0)
        rc = open_lines(&run, &fan, err);
    if (rc == 0)
        rc = run_lines(&run, &fan, err);
    return rc < 0 ? rc : run.rc;
}

void fl_test_results_clear(struct fl_test_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        struct fl_test_result *result = &results->at[i];

        for (size_t k = 0; result->findings && k < results->n_checks; k++)
            fl_finding_clear(&result->findings[k]);
        free(result->findings);
        free(result->learnt);
    }
    free(results->at);
    *results = (struct fl_test_results){0};
}

const struct fl_finding *fl_test_worst(const struct fl_test_result *result,
                                       size_t n_checks, size_t *check)
{
    const struct fl_finding *worst = NULL;

    for (size_t i = 0; i < n_checks; i++) {
        const struct fl_finding *finding = &result->findings[i];

        if (finding->verdict < FLEET_WARN)
            continue;
        if (!worst || finding->verdict > worst->verdict ||
            (worst->unasked && !finding->unasked &&
             finding->verdict == worst->verdict)) {
            worst = finding;
            *check = i;
        }
    }
    return worst;
}
