/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/setup.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/certify.h"
#include "core/net/wait.h"

#include <inttypes.h>
#include <string.h>

#define OUTPUT_MAX    ((size_t)256 << 10)
#define SCRIPT_MAX    ((size_t)4 << 20)
#define LOGIN_MS      60000
#define GRACE_MS      10000 /* for the pod to end the step by itself */
#define BACK_MS       180000
#define HEAD_START_MS 1000
#define PAUSE_MS      1000
#define BUSY          75

static const char *const words[] = {
    [FL_STEP_UNRUN] = "not run", [FL_STEP_ALREADY] = "already",
    [FL_STEP_DONE] = "done",     [FL_STEP_CHANGED] = "changed",
    [FL_STEP_KEPT] = "kept",     [FL_STEP_FAILED] = "failed",
};

const char *fl_step_word_name(enum fl_step_word word)
{
    return words[word];
}

/* ---- one step ---- */

/* What a step may take now. The pod ends it a moment before we lose patience,
 * so that it does not go on alone. */
static int64_t seconds_for(const struct fl_visit *visit,
                           const struct fl_step *step)
{
    int64_t left = fl_left_ms(visit->deadline) - HEAD_START_MS;
    int64_t ms = left < step->limit_ms ? left : step->limit_ms;

    return ms < 1000 ? 1 : ms / 1000;
}

/* Two operators do not work on one pod at the same time. Whatever the login
 * shell is, it reads this as plain words. */
static char *command_of(int64_t seconds)
{
    return fl_format(
        "exec sh -c 'd=$HOME/.local/state/fleet; mkdir -p \"$d\" || exit; "
        "l=$d/setup.lock t=; "
        "command -v timeout >/dev/null && t=\"timeout -k 5 %" PRId64 "\"; "
        "if command -v flock >/dev/null; then "
        "flock -o -w 20 -E %d \"$l\" true; "
        "case $? in 0) exec flock -o -w 20 -E %d \"$l\" $t sh ;; "
        "%d) exit %d ;; esac; fi; exec $t sh'",
        seconds, BUSY, BUSY, BUSY, BUSY);
}

/* The last line of its kind. */
static void read_word(const char *out, struct fl_step_result *result)
{
    static const enum fl_step_word told[] = {FL_STEP_ALREADY, FL_STEP_DONE,
                                             FL_STEP_CHANGED, FL_STEP_KEPT,
                                             FL_STEP_FAILED};

    for (const char *line = out; line && *line;) {
        size_t len = strcspn(line, "\n");

        for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
            const char *word = words[told[i]];
            size_t size = strlen(word);

            if (strncmp(line, "fleet:", 6) != 0 || len < 6 + size ||
                strncmp(line + 6, word, size) != 0 ||
                (len > 6 + size && line[6 + size] != ' '))
                continue;
            result->word = told[i];
            free(result->detail);
            result->detail = len > 7 + size
                                 ? strndup(line + 7 + size, len - 7 - size)
                                 : NULL;
        }
        line += len + (line[len] == '\n');
    }
}

static char *last_line(const char *text)
{
    const char *from = text, *to = text;

    for (const char *line = text; line && *line;) {
        size_t len = strcspn(line, "\n");

        if (len > 0) {
            from = line;
            to = line + len;
        }
        line += len + (line[len] == '\n');
    }
    return text && to > from ? strndup(from, (size_t)(to - from)) : NULL;
}

/* Why a step failed that has not said so itself. */
static char *reason(const struct fl_ssh_exec *exec, int64_t seconds)
{
    char *said = exec->err_len > 0 ? last_line(exec->err_text) : NULL;

    if (exec->status == BUSY || exec->status == 124 || exec->status == 137) {
        free(said);
        return exec->status == BUSY
                   ? strdup("another set-up is at work on this pod")
                   : fl_format("not done in %" PRId64 " s", seconds);
    }
    if (said)
        return said;
    return exec->signal[0] ? fl_format("signal %s", exec->signal)
                           : fl_format("exit %d", exec->status);
}

static void judge(const struct fl_ssh_exec *exec, int64_t seconds,
                  struct fl_step_result *result)
{
    bool told;

    read_word(exec->out, result);
    told = result->word == FL_STEP_FAILED && result->detail;
    if (exec->status == 0 && result->word == FL_STEP_UNRUN)
        result->word = FL_STEP_DONE;
    if (exec->status == 0 || told)
        return;
    result->word = FL_STEP_FAILED;
    free(result->detail);
    result->detail = reason(exec, seconds);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int ask(struct fl_visit *visit, const struct fl_step *step,
               const struct fl_buf *script, struct fl_step_result *result,
               struct fleet_error *err)
{
    int64_t seconds = seconds_for(visit, step);
    FL_AUTO_FREE char *command = command_of(seconds);
    struct fl_ssh_exec exec = {.command = command,
                               .input = script->data,
                               .input_len = script->len,
                               .max_out = OUTPUT_MAX,
                               .max_err = OUTPUT_MAX};
    int64_t deadline =
        sooner(fl_deadline(step->limit_ms + GRACE_MS), visit->deadline);
    int rc =
        command ? fl_ssh_run(visit->ssh, &exec, deadline, err) : fl_enomem(err);

    if (rc == 0)
        judge(&exec, seconds, result);
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* A pod that has started anew comes back after a while. */
static int come_back(struct fl_visit *visit, struct fleet_error *err)
{
    int64_t until = sooner(fl_deadline(BACK_MS), visit->deadline);
    int rc;

    fl_visit_step(visit, "waiting for it to come back");
    do {
        rc = fl_visit_again(visit, err);
    } while (rc < 0 && rc != FLEET_EREFUSED && rc != FLEET_EAUTH &&
             fl_left_ms(until) > 0 && !fl_cancelled() &&
             fl_wait(NULL, 0, fl_deadline(PAUSE_MS)) == FLEET_ETIMEOUT);
    return rc;
}

/* A connection that is lost is no end: a step may be run again. */
static int run_step(struct fl_visit *visit, const struct fl_step *step,
                    struct fl_step_result *result, struct fleet_error *err)
{
    const struct fl_set_up *set_up = visit->own;
    const char *name = fleet_pod_get(visit->pod, FLEET_POD_NAME);
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(SCRIPT_MAX);
    int rc = fl_step_compose(set_up->steps, step, name, &script, err);

    if (rc == 0)
        rc = ask(visit, step, &script, result, err);
    if (rc == FLEET_ETRANSIENT && !fl_cancelled()) {
        rc = come_back(visit, err);
        fl_visit_step(visit, step->name);
        if (rc == 0)
            rc = ask(visit, step, &script, result, err);
    }
    fl_wipe(script.data, script.len);
    return rc;
}

/* A pod that cannot have one is known by its key, as before. */
static int certify(struct fl_visit *visit, struct fl_step_result *result)
{
    const struct fl_set_up *set_up = visit->own;
    const struct fl_steps *steps = set_up->steps;
    struct fleet_error why = {0};

    if (set_up->certified) {
        result->word = FL_STEP_ALREADY;
        return FLEET_OK;
    }
    if (fl_certify_visit(visit, &steps->ca, steps->dir, &why) == 0) {
        result->word = FL_STEP_CHANGED;
        return FLEET_OK;
    }
    result->word = FL_STEP_KEPT;
    result->detail = fl_format("known by its key alone: %s", why.text);
    return why.code == FLEET_ETIMEOUT ? fl_visit_again(visit, &why) : FLEET_OK;
}

/* ---- one pod ---- */

int fl_set_up_open(const struct fl_steps *steps, const struct fl_member *member,
                   struct fl_set_up *set_up, struct fleet_error *err)
{
    set_up->steps = steps;
    set_up->n = steps->n;
    set_up->certified =
        steps->dir && member && fl_hostca_has(&steps->ca, member);
    set_up->at = calloc(steps->n + 1, sizeof(*set_up->at));
    return set_up->at ? FLEET_OK : fl_enomem(err);
}

void fl_set_up_clear(struct fl_set_up *set_up)
{
    for (size_t i = 0; i < set_up->n; i++)
        free(set_up->at[i].detail);
    free(set_up->at);
    *set_up = (struct fl_set_up){0};
}

static int take_step(struct fl_visit *visit, size_t i, struct fleet_error *err)
{
    struct fl_set_up *set_up = visit->own;
    const struct fl_step *step = &set_up->steps->at[i];
    struct fl_step_result *result = &set_up->at[i];
    int64_t began = fl_now_ms();
    int rc;

    fl_visit_step(visit, step->name);
    rc = step->body ? run_step(visit, step, result, err)
                    : certify(visit, result);
    result->elapsed_ms = fl_now_ms() - began;
    if (rc == 0 && result->word == FL_STEP_FAILED)
        rc = fleet_fail(err, FLEET_EINVALID, "%s",
                        result->detail ? result->detail : "no reason told");
    if (rc < 0) {
        result->word = FL_STEP_FAILED;
        if (!result->detail)
            result->detail = strdup(err->text);
        fl_visit_at(visit, step->name, rc);
        return fl_error_in(err, "at %s", step->name);
    }
    return FLEET_OK;
}

int fl_set_up_visit(struct fl_visit *visit, struct fleet_error *err)
{
    const struct fl_set_up *set_up = visit->own;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < set_up->n; i++) {
        if (fl_cancelled())
            return fleet_fail(err, FLEET_ECANCELLED, "cancelled before %s",
                              set_up->steps->at[i].name);
        rc = take_step(visit, i, err);
    }
    return rc;
}

enum fl_step_word fl_set_up_word(const struct fl_set_up *set_up)
{
    enum fl_step_word worst = FL_STEP_ALREADY;

    for (size_t i = 0; i < set_up->n; i++) {
        if (set_up->at[i].word > worst)
            worst = set_up->at[i].word;
    }
    return worst;
}

/* ---- all of them ---- */

int64_t fl_setup_limit_ms(const struct fl_steps *steps)
{
    int64_t sum = LOGIN_MS;

    for (size_t i = 0; i < steps->n; i++)
        sum += steps->at[i].limit_ms + GRACE_MS;
    return sum;
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_setup_job *job = arg;

    return fl_set_up_open(job->steps, member, own, err);
}

static void clear(void *own)
{
    fl_set_up_clear(own);
}

static bool told(const void *arg, const struct fl_visit_result *result,
                 char text[64])
{
    (void)arg;
    snprintf(text, 64, "%s", fl_step_word_name(fl_set_up_word(result->own)));
    return true;
}

/* Which pods have a host certificate now. */
static int keep_certificates(const struct fl_setup_job *job,
                             const struct fl_visit_results *results,
                             struct fleet_error *err)
{
    size_t n = results->n + 1, n_with = 0;
    FL_AUTO_FREE const struct fl_member **with = calloc(n, sizeof(*with));

    if (!with)
        return fl_enomem(err);
    for (size_t i = 0; i < results->n; i++) {
        const struct fl_set_up *set_up = results->at[i].own;

        for (size_t k = 0; set_up && k < set_up->n; k++) {
            if (!job->steps->at[k].body &&
                set_up->at[k].word == FL_STEP_CHANGED)
                with[n_with++] = results->at[i].member;
        }
    }
    return n_with == 0
               ? FLEET_OK
               : fl_hostca_keep(job->to.engine, &job->steps->ca, job->command,
                                with, n_with, NULL, 0, err);
}

int fl_setup_run(const struct fl_setup_job *job,
                 struct fl_visit_results *results, struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_set_up),
        .begin = begin,
        .work = fl_set_up_visit,
        .clear = clear,
        .told = told,
    };
    struct fl_visit_to to = job->to;
    int rc;

    if (to.limit_ms <= 0)
        to.limit_ms = fl_setup_limit_ms(job->steps);
    rc = fl_visit_all(&to, &kind, job, results, err);

    return rc < 0 ? rc : keep_certificates(job, results, err);
}
