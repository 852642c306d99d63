/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_STEPS_H
#define FL_ENGINE_STEPS_H

#include "core/engine/hostca.h"

/* The steps that set a pod up, as data: those that the configuration asks for,
 * then the user's own, setup.d/NAME.sh. Each may be run any number of times. */
struct fl_step {
    const char *name;
    const char *help;
    char *head;       /* what it is about, as assignments; may be secret */
    const char *body; /* shell, for the pod; NULL: a host certificate */
    int64_t limit_ms;
};
struct fl_steps {
    struct fl_step *at;
    size_t n;
    struct fl_strv names; /* of the user's */
    char *prefix;         /* of the cohort */
    struct fl_hostca ca;  /* for a host certificate */
    char *dir;            /* where it is signed; NULL: nowhere */
};
struct fl_steps_choice {
    char *only, *skip; /* names with commas between; NULL: all, none */
    bool hard;         /* a checkout with work in it is begun anew */
};
/* FLEET_ECONFIG: something that a step needs is not here, or is not as it has
 * to be. FLEET_EUSAGE: no such step; did you mean. */
int fl_steps_open(struct fl_engine *engine,
                  const struct fl_steps_choice *choice, struct fl_steps *steps,
                  struct fleet_error *err);
void fl_steps_close(struct fl_steps *steps);
FL_CLEANUP_IN_PLACE(fl_steps_close, struct fl_steps);

/* What the shell of that pod reads, for standard input of "sh". */
int fl_step_compose(const struct fl_steps *steps, const struct fl_step *step,
                    const char *name, struct fl_buf *out,
                    struct fleet_error *err);

#endif
