/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/tested.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/fan.h"
#include "core/engine/login.h"

#include <string.h>

#define STDERR_MAX 2048
#define JUDGE_MS   10000 /* or the pod's limit, where that is less */

/* One pod's test, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    const struct fl_checks *checks;
    const struct fl_ssh_key *key;
    struct fleet_pod *pod;
    bool trusting; /* whatever host key it shows */
    const char *proxy;
    int64_t limit_ms;

    /* results */
    const char *stage;
    struct fleet_error error;
    char *host_key;
    int64_t began, elapsed_ms, open_ms, run_ms, asked_at, answered_at;
    struct fl_section *sections;   /* NULL: nothing came back */
    struct fl_finding *findings;   /* one of each check */
    int rc;                        /* of judging: memory */
    _Atomic(const char *) judging; /* the check whose judge is at work */
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
    if (line->sections)
        fl_sections_clear(line->sections, line->checks->n_probes);
    free(line->sections);
    for (size_t i = 0; line->findings && i < line->checks->n; i++)
        fl_finding_clear(&line->findings[i]);
    free(line->findings);
    free(line->host_key);
    fl_pod_free(line->pod);
    free(line);
}
FL_CLEANUP(line_free, struct line *);

/* ---- in the thread ---- */

static int fail_at(struct line *line, const char *stage, int code)
{
    line->stage = stage;
    return code;
}

static int connect_pod(struct line *line, int64_t deadline, struct fl_ssh **ssh)
{
    enum fl_ssh_stage stage = FL_SSH_RESOLVE;
    int rc =
        line->proxy
            ? fl_login_via(line->proxy, line->pod, line->key, line->trusting,
                           deadline, ssh, &stage, &line->host_key, &line->error)
            : fl_login(line->pod, line->key, line->trusting, deadline, ssh,
                       &stage, &line->host_key, &line->error);

    if (rc < 0)
        return fail_at(line, fl_ssh_stage_name(stage), rc);
    line->open_ms = fl_ssh_elapsed_ms(*ssh);
    return FLEET_OK;
}

/* What it said in place of an answer, in one line. */
static const char *first_words(const struct fl_ssh_exec *exec, char out[120])
{
    const char *text = exec->err_len ? exec->err_text : exec->out;
    size_t len = text ? strcspn(text, "\r\n") : 0;

    if (len == 0)
        return "it says nothing";
    snprintf(out, 120, "%.*s", (int)(len < 119 ? len : 119), text);
    return out;
}

static int take_answer(struct line *line, const struct fl_ssh_exec *exec,
                       int rc)
{
    size_t n = line->checks->n_probes;
    bool whole = false;
    char words[120];

    line->sections = calloc(n ? n : 1, sizeof(*line->sections));
    if (!line->sections ||
        fl_checkup_parse(exec->out ? exec->out : "", exec->out_len,
                         line->checks->nonce, line->sections, n, &whole) < 0)
        return fail_at(line, "exec", fl_enomem(&line->error));
    if (rc == FLEET_ETIMEOUT)
        return fail_at(line, "timeout", rc);
    if (rc < 0)
        return fail_at(line, "exec", rc);
    if (whole)
        return FLEET_OK;
    line->stage = "exec";
    if (exec->truncated)
        return fleet_fail(&line->error, FLEET_EINVALID,
                          "exec: the pod answers without end: see what its "
                          "login scripts print");
    return fleet_fail(&line->error, FLEET_EINVALID,
                      "exec: logged in, but no shell that runs commands (exit "
                      "status %d: %s)",
                      exec->status, first_words(exec, words));
}

static int run_checkup(struct line *line, struct fl_ssh *ssh, int64_t deadline)
{
    const struct fl_checks *checks = line->checks;
    FL_AUTO_FREE char *hello = fl_format("echo '%s end'", checks->nonce);
    bool probes = checks->n_probes > 0;
    const char *shell =
        fl_pod_is_here(line->pod) ? "exec env FLEET_HERE=yes sh" : "exec sh";
    struct fl_ssh_exec exec = {
        .command = probes ? shell : hello,
        .input = probes ? fl_buf_text(&checks->script) : NULL,
        .input_len = probes ? checks->script.len : 0,
        .max_out = FL_CHECKUP_MAX(checks->n_probes),
        .max_err = STDERR_MAX,
    };
    int64_t began = fl_now_ms();
    int rc;

    if (!hello)
        return fail_at(line, "exec", fl_enomem(&line->error));
    line->asked_at = (int64_t)time(NULL);
    rc = fl_ssh_run(ssh, &exec, deadline, &line->error);
    line->answered_at = (int64_t)time(NULL);
    line->run_ms = fl_now_ms() - began;
    rc = take_answer(line, &exec, rc);
    fl_ssh_exec_clear(&exec);
    return rc;
}

static void judge(struct line *line)
{
    int64_t limit_ms = line->limit_ms < JUDGE_MS ? line->limit_ms : JUDGE_MS;
    const struct fl_checks *checks = line->checks;
    const struct fl_answer answer = {
        .pod = line->pod,
        .stage = line->stage,
        .error = &line->error,
        .open_ms = line->open_ms,
        .run_ms = line->run_ms,
        .asked_at = line->asked_at,
        .answered_at = line->answered_at,
        .sections = line->sections,
    };

    for (size_t i = 0; line->rc == 0 && i < checks->n; i++) {
        atomic_store(&line->judging, checks->at[i].name);
        fl_fan_step(&line->item, "judging", fl_deadline(limit_ms));
        line->rc = fl_check_judge(checks, &checks->at[i], &answer, limit_ms,
                                  &line->findings[i], NULL);
    }
}

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    FL_AUTO(fl_ssh_close) struct fl_ssh *ssh = NULL;
    int64_t deadline;

    line->began = fl_now_ms();
    deadline = fl_fan_step(item, "connecting", fl_deadline(line->limit_ms));
    if (connect_pod(line, deadline, &ssh) == 0) {
        fl_fan_step(item, "checking", deadline);
        run_checkup(line, ssh, deadline);
    }
    line->elapsed_ms = fl_now_ms() - line->began;
    judge(line);
}

/* ---- in the calling thread ---- */

static int verdict_of(const struct fl_finding *findings, size_t n)
{
    int worst = FLEET_PASS;

    for (size_t i = 0; i < n; i++) {
        if (findings[i].verdict > worst && findings[i].verdict != FLEET_SKIP)
            worst = findings[i].verdict;
    }
    return worst;
}

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

    result->verdict = verdict_of(result->findings, run->job->checks->n);
    /* Whichever checks were chosen: a pod that could not be asked is ill. */
    if (result->stage)
        result->verdict = FLEET_FAIL;
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
    const char *check = atomic_load(&line->judging);

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
    bool news = line->trusting || !fleet_pod_get(line->pod, FLEET_POD_HOST_KEY);
    struct fl_finding *blank = result->findings;

    result->stage = line->stage;
    result->error = line->error;
    result->elapsed_ms = line->elapsed_ms;
    result->findings = line->findings;
    line->findings = blank;
    if (!line->stage && news)
        result->learnt = fl_take(line->host_key);
    if (line->rc < 0) {
        fl_enomem(run->err);
        run->rc = line->rc;
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
    line->checks = job->checks;
    line->key = job->key;
    line->proxy = job->proxy;
    line->limit_ms = job->limit_ms;
    line->trusting = job->learn_anew && member->host_key_learnt;
    line->open_ms = line->run_ms = line->asked_at = line->answered_at = -1;
    line->pod = fl_login_pod(job->engine, member);
    line->findings = calloc(job->checks->n, sizeof(*line->findings));
    if (!line->pod || !line->findings)
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
