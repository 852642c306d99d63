/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/exam.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/login.h"

#include <string.h>

#define STDERR_MAX 2048
#define JUDGE_MS   10000 /* or the pod's limit, where that is less */

static int fail_at(struct fl_exam *exam, const char *stage, int code)
{
    exam->stage = stage;
    return code;
}

static int connect_pod(struct fl_exam *exam, int64_t deadline,
                       struct fl_ssh **ssh)
{
    enum fl_ssh_stage stage = FL_SSH_RESOLVE;
    int rc =
        exam->proxy
            ? fl_login_via(exam->proxy, exam->pod, exam->key, exam->trusting,
                           deadline, ssh, &stage, &exam->host_key, &exam->error)
            : fl_login(exam->pod, exam->key, exam->trusting, deadline, ssh,
                       &stage, &exam->host_key, &exam->error);

    if (rc < 0)
        return fail_at(exam, fl_ssh_stage_name(stage), rc);
    exam->open_ms = fl_ssh_elapsed_ms(*ssh);
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

static int take_answer(struct fl_exam *exam, const struct fl_ssh_exec *exec,
                       int rc)
{
    size_t n = exam->checks->n_probes;
    bool whole = false;
    char words[120];

    exam->sections = calloc(n ? n : 1, sizeof(*exam->sections));
    if (!exam->sections ||
        fl_checkup_parse(exec->out ? exec->out : "", exec->out_len,
                         exam->checks->nonce, exam->sections, n, &whole) < 0)
        return fail_at(exam, "exec", fl_enomem(&exam->error));
    if (rc == FLEET_ETIMEOUT)
        return fail_at(exam, "timeout", rc);
    if (rc < 0)
        return fail_at(exam, "exec", rc);
    if (whole)
        return FLEET_OK;
    exam->stage = "exec";
    if (exec->truncated)
        return fleet_fail(&exam->error, FLEET_EINVALID,
                          "exec: the pod answers without end: see what its "
                          "login scripts print");
    return fleet_fail(&exam->error, FLEET_EINVALID,
                      "exec: logged in, but no shell that runs commands (exit "
                      "status %d: %s)",
                      exec->status, first_words(exec, words));
}

static int run_checkup(struct fl_exam *exam, struct fl_ssh *ssh,
                       int64_t deadline)
{
    const struct fl_checks *checks = exam->checks;
    FL_AUTO_FREE char *hello = fl_format("echo '%s end'", checks->nonce);
    bool probes = checks->n_probes > 0;
    const char *shell =
        fl_pod_is_here(exam->pod) ? "exec env FLEET_HERE=yes sh" : "exec sh";
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
        return fail_at(exam, "exec", fl_enomem(&exam->error));
    exam->asked_at = (int64_t)time(NULL);
    rc = fl_ssh_run(ssh, &exec, deadline, &exam->error);
    exam->answered_at = (int64_t)time(NULL);
    exam->run_ms = fl_now_ms() - began;
    rc = take_answer(exam, &exec, rc);
    fl_ssh_exec_clear(&exec);
    return rc;
}

static void judge(struct fl_exam *exam)
{
    int64_t limit_ms = exam->limit_ms < JUDGE_MS ? exam->limit_ms : JUDGE_MS;
    const struct fl_checks *checks = exam->checks;
    const struct fl_answer answer = {
        .pod = exam->pod,
        .stage = exam->stage,
        .error = &exam->error,
        .open_ms = exam->open_ms,
        .run_ms = exam->run_ms,
        .asked_at = exam->asked_at,
        .answered_at = exam->answered_at,
        .sections = exam->sections,
    };

    for (size_t i = 0; exam->rc == 0 && i < checks->n; i++) {
        atomic_store(&exam->judging, checks->at[i].name);
        fl_fan_step(exam->item, "judging", fl_deadline(limit_ms));
        exam->rc = fl_check_judge(checks, &checks->at[i], &answer, limit_ms,
                                  &exam->findings[i], NULL);
    }
}

void fl_exam_run(struct fl_exam *exam)
{
    FL_AUTO(fl_ssh_close) struct fl_ssh *ssh = NULL;
    int64_t deadline, began = fl_now_ms();

    deadline =
        fl_fan_step(exam->item, "connecting", fl_deadline(exam->limit_ms));
    if (connect_pod(exam, deadline, &ssh) == 0) {
        fl_fan_step(exam->item, "checking", deadline);
        run_checkup(exam, ssh, deadline);
    }
    exam->elapsed_ms = fl_now_ms() - began;
    judge(exam);
}

int fl_exam_open(struct fl_exam *exam, struct fleet_error *err)
{
    exam->open_ms = exam->run_ms = exam->asked_at = exam->answered_at = -1;
    exam->findings = calloc(exam->checks->n + 1, sizeof(*exam->findings));
    return exam->findings ? FLEET_OK : fl_enomem(err);
}

void fl_exam_clear(struct fl_exam *exam)
{
    if (exam->sections)
        fl_sections_clear(exam->sections, exam->checks->n_probes);
    free(exam->sections);
    for (size_t i = 0; exam->findings && i < exam->checks->n; i++)
        fl_finding_clear(&exam->findings[i]);
    free(exam->findings);
    free(exam->host_key);
    exam->sections = NULL;
    exam->findings = NULL;
    exam->host_key = NULL;
}

int fl_exam_verdict(const char *stage, const struct fl_finding *findings,
                    size_t n)
{
    int worst = FLEET_PASS;

    for (size_t i = 0; i < n; i++) {
        if (findings[i].verdict > worst && findings[i].verdict != FLEET_SKIP)
            worst = findings[i].verdict;
    }
    /* Whichever checks were chosen: a pod that could not be asked is ill. */
    return stage ? FLEET_FAIL : worst;
}
