/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_VISIT_H
#define FL_ENGINE_VISIT_H

#include "core/engine/fan.h"
#include "core/engine/login.h"

/* The same work on many pods at once, each logged in to by a thread of its own:
 * what run, setup, push and the like have in common. */
struct fl_visit {
    struct fl_fan_item *item; /* whose progress it is */
    struct fleet_pod *pod;    /* the thread's own, with a user to log in as */
    const struct fl_ssh_key *key;
    int64_t deadline;   /* of all of it */
    struct fl_ssh *ssh; /* logged in, while work runs */
    void *own;          /* own_size bytes, zeroed, then as begin left it */

    const char *stage; /* where it failed */
    char *host_key;    /* that it has shown; malloc'd */
    bool in;           /* a login has worked */
};
struct fl_visit_result {
    const struct fl_member *member; /* borrowed from the fleet */
    const char *name;               /* full; borrowed likewise */
    const char *stage; /* where it failed, of asking or of the work; NULL: it
                          did not */
    struct fleet_error error;
    int64_t elapsed_ms;
    char *learnt; /* its host key, when that was not known */
    void *own;    /* what work has made of it, also of a failure; NULL: it was
                     not begun, or does not come back */
};
struct fl_visit_results {
    struct fl_visit_result *at; /* in list order */
    size_t n;
    void (*clear)(void *own);
};
/* Whom to visit, and who hears how it goes: a part of every job that does. */
struct fl_visit_to {
    struct fl_engine *engine;
    const struct fl_fleet *fleet;
    const bool *selected; /* by member */
    const struct fl_ssh_key *key;
    int64_t limit_ms; /* for each pod */
    fl_event_sink *event;
    void *event_arg;
};
/* What is done there. */
struct fl_visit_kind {
    size_t own_size;
    /* In the calling thread, before the first login; may be NULL. What it takes
     * from ARG has to live as long as the threads may: see fl_pool_wedged. */
    int (*begin)(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err);
    /* In the pod's thread, logged in. A failure's stage is "exec" or "timeout"
     * unless it is told with fl_visit_at. */
    int (*work)(struct fl_visit *visit, struct fleet_error *err);
    void (*clear)(void *own); /* frees what own holds; may be NULL */
    /* In the calling thread, of a pod that has come back: what is told of it in
     * a word or two, and whether that is good. NULL: "done". */
    bool (*told)(const void *arg, const struct fl_visit_result *result,
                 char text[64]);
};
/* A result for every selected member. FLEET_OK when it ran. */
int fl_visit_all(const struct fl_visit_to *to, const struct fl_visit_kind *kind,
                 const void *arg, struct fl_visit_results *results,
                 struct fleet_error *err);
void fl_visit_results_clear(struct fl_visit_results *results);
FL_CLEANUP_IN_PLACE(fl_visit_results_clear, struct fl_visit_results);

/* ---- in the pod's thread ---- */

/* One visit, with item, pod, key, deadline and own filled: logged in, worked,
 * left again. The caller frees host_key. */
int fl_visit_one(struct fl_visit *visit,
                 int (*work)(struct fl_visit *visit, struct fleet_error *err),
                 struct fleet_error *err);

/* What it does next, a string constant, for progress. */
void fl_visit_step(struct fl_visit *visit, const char *what);
/* Where it is, should it fail: a string constant. Always returns CODE. */
int fl_visit_at(struct fl_visit *visit, const char *stage, int code);
/* The connection anew: after a cut, or because the last command used it up. The
 * host key has to be the one that it showed before. */
int fl_visit_again(struct fl_visit *visit, struct fleet_error *err);
/* One command, with visit->ssh; see fl_ssh_run. */
int fl_visit_run(struct fl_visit *visit, struct fl_ssh_exec *exec,
                 struct fleet_error *err);

#endif
