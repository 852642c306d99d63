/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_RAN_H
#define FL_ENGINE_RAN_H

#include "core/engine/login.h"

/* One command on many pods at once. */
struct fl_run_result {
    const struct fl_member *member; /* borrowed from the fleet */
    const char *name;               /* full; borrowed likewise */
    bool ended;                     /* the command came to its end */
    struct fl_ssh_exec exec;        /* its output, also when it did not */
    int64_t elapsed_ms;
    const char *stage; /* where asking it failed; NULL: it did not */
    struct fleet_error error;
    char *learnt; /* its host key, when that was not known */
};
struct fl_run_results {
    struct fl_run_result *at; /* in list order */
    size_t n;
};
struct fl_run_job {
    struct fl_engine *engine;
    const struct fl_fleet *fleet;
    const bool *selected; /* by member */
    const struct fl_ssh_key *key;
    const char *command;
    const char *input; /* for each of them; may be NULL */
    size_t input_len;
    int64_t limit_ms; /* for each pod */
    fl_event_sink *event;
    void *event_arg;
};
/* A result for every selected member. FLEET_OK when it ran. */
int fl_run_all(const struct fl_run_job *job, struct fl_run_results *results,
               struct fleet_error *err);
void fl_run_results_clear(struct fl_run_results *results);
FL_CLEANUP_IN_PLACE(fl_run_results_clear, struct fl_run_results);

/* 0 where it ran well; else what a shell would say: its exit status, 128 and
 * the signal, 255 where it did not run to its end. */
int fl_run_status(const struct fl_run_result *result);

#endif
