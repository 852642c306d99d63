/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/up.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/tested.h"

#include <stdlib.h>

const char *fl_up_stage_name(enum fl_up_stage stage)
{
    static const char *const names[] = {
        [FL_UP_NOTHING] = "nothing",
        [FL_UP_ANSWERED] = "answered",
        [FL_UP_SET_UP] = "set up",
        [FL_UP_READY] = "ready",
    };

    return names[stage];
}

int fl_up_open(struct fl_up *up, size_t n, struct fleet_error *err)
{
    up->began = fl_now_ms();
    atomic_store(&up->answered, 0);
    up->at = calloc(n + 1, sizeof(*up->at));
    if (!up->at)
        return fl_enomem(err);
    up->n = n;
    return FLEET_OK;
}

static void pod_clear(struct fl_up_pod *pod)
{
    int64_t attempts = pod->attempts;

    fl_set_up_clear(&pod->set_up);
    if (pod->exam.checks)
        fl_exam_clear(&pod->exam);
    free(pod->host_key);
    *pod = (struct fl_up_pod){.attempts = attempts};
}

void fl_up_clear(struct fl_up *up)
{
    for (size_t i = 0; i < up->n; i++)
        pod_clear(&up->at[i]);
    free(up->at);
    up->at = NULL;
    up->n = 0;
}

/* ---- in the pod's thread ---- */

static void reach(const struct fl_up *up, struct fl_up_pod *pod,
                  enum fl_up_stage stage)
{
    pod->reached = stage;
    pod->at_ms[stage] = fl_now_ms() - up->began;
}

static int nothing_to_do(struct fl_visit *visit, struct fleet_error *err)
{
    (void)visit;
    (void)err;
    return FLEET_OK;
}

static int set_up(const struct fl_up *up, struct fl_up_pod *result,
                  struct fl_fan_item *item, struct fleet_pod *pod, bool *unfit,
                  struct fleet_error *err)
{
    struct fl_visit visit = {.item = item,
                             .pod = pod,
                             .key = up->key,
                             .deadline = fl_deadline(up->setup_ms),
                             .own = &result->set_up};
    int rc = fl_set_up_open(up->steps, NULL, &result->set_up, err);

    if (rc == 0)
        rc = fl_visit_one(&visit,
                          up->steps->n ? fl_set_up_visit : nothing_to_do, err);
    *unfit = rc < 0 && !visit.in;
    if (visit.in && !fleet_pod_get(pod, FLEET_POD_HOST_KEY)) {
        fleet_pod_set(pod, FLEET_POD_HOST_KEY, visit.host_key);
        result->host_key = visit.host_key;
        visit.host_key = NULL;
    }
    free(visit.host_key);
    return rc < 0 ? fl_error_in(err, "set-up") : FLEET_OK;
}

static int judge(const struct fl_up *up, const struct fl_exam *exam,
                 struct fleet_error *err)
{
    const struct fl_test_result result = {.findings = exam->findings};
    const struct fl_finding *worst;
    size_t check = 0;

    if (exam->rc < 0)
        return fl_enomem(err);
    if (exam->stage)
        return fleet_fail(err, exam->error.code, "test: %s", exam->error.text);
    if (fl_exam_verdict(NULL, exam->findings, up->checks->n) != FLEET_FAIL)
        return FLEET_OK;
    worst = fl_test_worst(&result, up->checks->n, &check);
    return fleet_fail(err, FLEET_EINVALID, "test: %s: %.300s",
                      up->checks->at[check].name, worst ? worst->detail : "");
}

static int test(const struct fl_up *up, struct fl_up_pod *result,
                struct fl_fan_item *item, struct fleet_pod *pod, bool *unfit,
                struct fleet_error *err)
{
    int rc;

    result->exam = (struct fl_exam){.item = item,
                                    .checks = up->checks,
                                    .key = up->key,
                                    .pod = pod,
                                    .limit_ms = up->test_ms};
    rc = fl_exam_open(&result->exam, err);
    if (rc < 0)
        return rc;
    fl_exam_run(&result->exam);
    result->exam.pod = NULL; /* the thread's own */
    result->tested = true;
    rc = judge(up, &result->exam, err);
    *unfit = rc < 0 && rc != FLEET_ENOMEM && rc != FLEET_ECANCELLED;
    return rc;
}

int fl_up_after(void *arg, struct fl_fan_item *item, size_t place,
                struct fleet_pod *pod, bool *unfit, struct fleet_error *err)
{
    struct fl_up *up = arg;
    struct fl_up_pod *result = &up->at[place];
    FL_AUTO(fl_pod_free) struct fleet_pod *own = fl_pod_copy(pod);
    int rc;

    pod_clear(result);
    result->attempts++;
    if (!own)
        return fl_enomem(err);
    if (!fleet_pod_get(own, FLEET_POD_SSH_USER))
        fleet_pod_set(own, FLEET_POD_SSH_USER, up->engine->settings.ssh_user);
    reach(up, result, FL_UP_ANSWERED);
    atomic_fetch_add(&up->answered, 1);
    rc = set_up(up, result, item, own, unfit, err);
    if (rc < 0)
        return rc;
    reach(up, result, FL_UP_SET_UP);
    if (up->checks)
        rc = test(up, result, item, own, unfit, err);
    if (rc == 0)
        reach(up, result, FL_UP_READY);
    return rc;
}
