/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_RAN_H
#define FL_ENGINE_RAN_H

#include "core/engine/visit.h"

/* One command on many pods at once. */
struct fl_ran {
    struct fl_ssh_exec exec; /* its output, also when it did not end */
    bool ended;              /* the command came to its end */
};
struct fl_run_job {
    struct fl_visit_to to;
    const char *command;
    const char *input; /* for each of them; may be NULL */
    size_t input_len;
    /* Output as it comes; LEN 0: that stream has ended. By member is what it is
     * told. NULL: it is kept. */
    fl_ssh_heard *heard;
    void *const *heard_args;
    bool keep; /* also what is heard */
};
/* Each result's own is a struct fl_ran. FLEET_OK when it ran. */
int fl_run_all(const struct fl_run_job *job, struct fl_visit_results *results,
               struct fleet_error *err);

/* What is known of the command; never NULL. */
const struct fl_ran *fl_run_of(const struct fl_visit_result *result);
/* 0 where it ran well; else what a shell would say: its exit status, 128 and
 * the signal, 255 where it did not run to its end. */
int fl_run_status(const struct fl_visit_result *result);

#endif
