/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_TESTED_H
#define FL_ENGINE_TESTED_H

#include "core/engine/checks.h"
#include "core/engine/fleet.h"
#include "core/engine/health.h"
#include "core/net/ssh.h"

/* Many pods tested at once: one connection and one command for each. */
struct fl_test_result {
    const struct fl_member *member; /* borrowed from the fleet */
    const char *name;               /* full; borrowed likewise */
    int verdict;                    /* the worst of the findings; never skip */
    int64_t elapsed_ms;
    const char *stage; /* where asking it failed; NULL: it answered */
    struct fleet_error error;
    struct fl_finding *findings; /* by check */
    char *learnt;                /* its host key, when that was not known */
};
struct fl_test_results {
    struct fl_test_result *at; /* in list order */
    size_t n, n_checks;
};
struct fl_test_job {
    struct fl_engine *engine;
    const struct fl_fleet *fleet;
    const bool *selected; /* by member */
    const struct fl_checks *checks;
    const struct fl_ssh_key *key;
    int64_t limit_ms;  /* for each pod */
    const char *proxy; /* by way of this host; NULL: straight to the pods */
    bool learn_anew;   /* host keys that fleet has learnt do not count */
    /* In the calling thread. step: what that pod waits for; ended: its result
     * is there. Either may be NULL. */
    void (*begun)(void *arg, const struct fl_test_results *results);
    void (*step)(void *arg, size_t i, const char *what);
    void (*ended)(void *arg, size_t i);
    void *arg;
};
/* A result for every selected member. FLEET_OK when it ran. */
int fl_test_run(const struct fl_test_job *job, struct fl_test_results *results,
                struct fleet_error *err);
void fl_test_results_clear(struct fl_test_results *results);
FL_CLEANUP_IN_PLACE(fl_test_results_clear, struct fl_test_results);

/* The finding that explains the verdict: the first of the worst; NULL when none
 * is worse than a pass. *check is its index. */
const struct fl_finding *fl_test_worst(const struct fl_test_result *result,
                                       size_t n_checks, size_t *check);

#endif
