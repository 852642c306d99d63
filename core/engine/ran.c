/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ran.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/fan.h"

#include <signal.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)8 << 20) /* of each stream of each pod */

/* One pod's command, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    const struct fl_ssh_key *key;
    struct fleet_pod *pod;
    struct fl_ssh_exec exec;
    int64_t limit_ms;

    /* results */
    bool ended;
    const char *stage;
    struct fleet_error error;
    char *host_key;
    int64_t elapsed_ms;
};

struct run {
    const struct fl_run_job *job;
    struct fl_run_results *results;
    size_t *places; /* of lines in the results */
    size_t done;
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

static void line_free(struct line *line)
{
    if (!line)
        return;
    fl_ssh_exec_clear(&line->exec);
    free(line->host_key);
    fl_pod_free(line->pod);
    free(line);
}

/* ---- in the thread ---- */

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    FL_AUTO(fl_ssh_close) struct fl_ssh *ssh = NULL;
    enum fl_ssh_stage stage = FL_SSH_RESOLVE;
    int64_t began = fl_now_ms(), deadline;
    int rc;

    deadline = fl_fan_step(item, "connecting", fl_deadline(line->limit_ms));
    rc = fl_login(line->pod, line->key, false, deadline, &ssh, &stage,
                  &line->host_key, &line->error);
    if (rc < 0) {
        line->stage = fl_ssh_stage_name(stage);
    } else {
        fl_fan_step(item, "running", deadline);
        rc = fl_ssh_run(ssh, &line->exec, deadline, &line->error);
        line->ended = rc == FLEET_OK;
        if (rc < 0)
            line->stage = rc == FLEET_ETIMEOUT ? "timeout" : "exec";
    }
    line->elapsed_ms = fl_now_ms() - began;
}

/* ---- in the calling thread ---- */

static void tell(struct run *run, enum fl_event_kind kind, const char *name,
                 const char *text)
{
    struct fl_event event = {kind, name, text, run->done, run->results->n};

    if (run->job->event)
        run->job->event(run->job->event_arg, &event);
}

static void conclude(struct run *run, const struct fl_run_result *result)
{
    char text[32];

    run->done++;
    if (result->stage) {
        tell(run, FL_EVENT_FAILED, result->name, result->error.text);
        return;
    }
    snprintf(text, sizeof(text), "exit %d", fl_run_status(result));
    tell(run, fl_run_status(result) == 0 ? FL_EVENT_DONE : FL_EVENT_FAILED,
         result->name, text);
}

static void line_step(void *arg, struct fl_fan_item *item, const char *what)
{
    struct run *run = arg;

    tell(run, FL_EVENT_STEP, run->results->at[run->places[item->slot]].name,
         what);
}

static void lines_stopping(void *arg)
{
    tell(arg, FL_EVENT_STOPPING, NULL, NULL);
}

static void take_results(struct line *line, struct fl_run_result *result)
{
    bool news = !fleet_pod_get(line->pod, FLEET_POD_HOST_KEY);

    result->ended = line->ended;
    result->exec = line->exec;
    line->exec = (struct fl_ssh_exec){0};
    result->stage = line->stage;
    result->error = line->error;
    result->elapsed_ms = line->elapsed_ms;
    /* A login that worked proves the key to be the pod's. */
    if (news && (line->ended || !strcmp(line->stage, "exec") ||
                 !strcmp(line->stage, "timeout")))
        result->learnt = fl_take(line->host_key);
}

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct run *run = arg;
    struct line *line = line_of(item);
    struct fl_run_result *result = &run->results->at[run->places[item->slot]];

    if (end == FL_FAN_UNRUN) {
        result->stage = "cancelled";
        fleet_fail(&result->error, FLEET_ECANCELLED, "cancelled, not begun");
    } else if (end == FL_FAN_WEDGED) {
        result->stage = "timeout";
        fleet_fail(&result->error, FLEET_ETIMEOUT,
                   "timeout: the connection does not come back; given up");
    } else {
        take_results(line, result);
    }
    conclude(run, result);
    if (end != FL_FAN_WEDGED)
        line_free(line);
}

static struct line *line_new(const struct fl_run_job *job,
                             const struct fl_member *member)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->key = job->key;
    line->limit_ms = job->limit_ms;
    line->exec = (struct fl_ssh_exec){
        .command = job->command,
        .input = job->input,
        .input_len = job->input_len,
        .max_out = OUTPUT_MAX,
        .max_err = OUTPUT_MAX,
    };
    line->pod = fl_login_pod(job->engine, member);
    if (line->pod)
        return line;
    line_free(line);
    return NULL;
}

static int open_results(struct run *run, struct fleet_error *err)
{
    const struct fl_fleet *fleet = run->job->fleet;
    struct fl_run_results *results = run->results;

    results->at = calloc(fleet->n_members + 1, sizeof(*results->at));
    if (!results->at)
        return fl_enomem(err);
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        struct fl_run_result *result = &results->at[results->n];

        if (!run->job->selected[i])
            continue;
        results->n++;
        result->member = member;
        result->name = fleet_pod_get(member->pod, FLEET_POD_NAME);
        result->stage = fl_login_trouble(member, &result->error);
    }
    return FLEET_OK;
}

static int open_lines(struct run *run, struct fl_fan *fan,
                      struct fleet_error *err)
{
    for (size_t i = 0; i < run->results->n; i++) {
        struct line *line;

        if (run->results->at[i].stage)
            continue;
        line = line_new(run->job, run->results->at[i].member);
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

int fl_run_all(const struct fl_run_job *job, struct fl_run_results *results,
               struct fleet_error *err)
{
    size_t n = job->fleet->n_members + 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    FL_AUTO_FREE size_t *places = calloc(n, sizeof(*places));
    struct run run = {.job = job, .results = results, .places = places};
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .step = line_step,
                         .stopping = lines_stopping,
                         .arg = &run};
    int rc = items && places ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = open_results(&run, err);
    if (rc == 0)
        rc = open_lines(&run, &fan, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < results->n; i++) {
        if (results->at[i].stage)
            conclude(&run, &results->at[i]);
    }
    fl_login_raise_descriptors();
    fan.threads = fl_engine_threads(job->engine, fan.n);
    return fl_fan_run(&fan, err);
}

void fl_run_results_clear(struct fl_run_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        fl_ssh_exec_clear(&results->at[i].exec);
        free(results->at[i].learnt);
    }
    free(results->at);
    *results = (struct fl_run_results){0};
}

static int signal_number(const char *name)
{
    for (int i = 1; i < NSIG; i++) {
        const char *has = sigabbrev_np(i);

        if (has && strcmp(has, name) == 0)
            return i;
    }
    return 0;
}

int fl_run_status(const struct fl_run_result *result)
{
    if (!result->ended)
        return 255;
    return result->exec.signal[0] ? 128 + signal_number(result->exec.signal)
                                  : result->exec.status;
}
