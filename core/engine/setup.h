/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SETUP_H
#define FL_ENGINE_SETUP_H

#include "core/engine/steps.h"
#include "core/engine/visit.h"

/* Pods set up, step by step, all at once. */
enum fl_step_word {
    FL_STEP_UNRUN = 0,
    FL_STEP_ALREADY,
    FL_STEP_DONE,
    FL_STEP_CHANGED,
    FL_STEP_KEPT, /* left as it is, for somebody's work is there */
    FL_STEP_FAILED
};
const char *fl_step_word_name(enum fl_step_word word); /* "already" */

struct fl_step_result {
    enum fl_step_word word;
    char *detail; /* the pod's own words; not escaped; may be NULL */
    int64_t elapsed_ms;
};
struct fl_set_up {
    const struct fl_steps *steps;
    bool certified;            /* before */
    struct fl_step_result *at; /* by step */
    size_t n;
};
int fl_set_up_open(const struct fl_steps *steps, const struct fl_member *member,
                   struct fl_set_up *set_up, struct fleet_error *err);
void fl_set_up_clear(struct fl_set_up *set_up);
/* The work of a visit whose own is a struct fl_set_up. A failure names the
 * step. */
int fl_set_up_visit(struct fl_visit *visit, struct fleet_error *err);
/* The worst that came of it. */
enum fl_step_word fl_set_up_word(const struct fl_set_up *set_up);

struct fl_setup_job {
    struct fl_visit_to to;
    const struct fl_steps *steps;
    const char *command; /* for the lock */
};
/* Each result's own is a struct fl_set_up. FLEET_OK when it ran. */
int fl_setup_run(const struct fl_setup_job *job,
                 struct fl_visit_results *results, struct fleet_error *err);
/* What the steps of one pod may take together. */
int64_t fl_setup_limit_ms(const struct fl_steps *steps);

#endif
