/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_UP_H
#define FL_ENGINE_UP_H

#include "core/engine/exam.h"
#include "core/engine/setup.h"

#include <stdatomic.h>

/* What belongs to a pod beside being made: set-up and a test, each pod for
 * itself, in the thread that has made it. */
enum fl_up_stage {
    FL_UP_NOTHING = 0,
    FL_UP_ANSWERED,
    FL_UP_SET_UP,
    FL_UP_READY /* and its test has not failed */
};
const char *fl_up_stage_name(enum fl_up_stage stage); /* "set up" */

struct fl_up_pod {
    enum fl_up_stage reached;
    int64_t at_ms[FL_UP_READY + 1]; /* since the beginning; 0: not reached */
    int64_t attempts;               /* pods that were looked at */
    struct fl_set_up set_up;
    struct fl_exam exam;
    bool tested;
    char *host_key; /* learnt, when that was not known */
};
struct fl_up {
    struct fl_engine *engine;
    const struct fl_steps *steps;
    const struct fl_checks *checks; /* NULL: no test */
    const struct fl_ssh_key *key;
    int64_t setup_ms, test_ms; /* for each pod */
    int64_t began;
    struct fl_up_pod *at; /* by place in the results of making */
    size_t n;
    atomic_size_t answered; /* how many times a pod has */
};
int fl_up_open(struct fl_up *up, size_t n, struct fleet_error *err);
void fl_up_clear(struct fl_up *up);
/* For fl_create_job. A pod whose test fails, or that cannot be logged in to, is
 * unfit; one that cannot be set up is not: another would do no better. */
int fl_up_after(void *arg, struct fl_fan_item *item, size_t place,
                struct fleet_pod *pod, bool *unfit, struct fleet_error *err);

#endif
