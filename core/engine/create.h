/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CREATE_H
#define FL_ENGINE_CREATE_H

#include "core/engine/attempt.h"

enum fl_outcome {
    FL_OUTCOME_NONE = 0,
    FL_OUTCOME_DONE,
    FL_OUTCOME_ALREADY, /* was so before */
    FL_OUTCOME_FAILED,
    FL_OUTCOME_CANCELLED /* not begun */
};
struct fl_create_result {
    char *name; /* full */
    enum fl_outcome outcome;
    struct fleet_pod *pod; /* also of a failure after it was accepted */
    const char *provider;  /* of pod, or tried last; borrowed */
    int64_t price_quoted;  /* of pod; -1 unknown */
    struct fleet_error error;
    struct fl_attempt *tried;
    size_t n_tried;
    struct fl_listing *listing; /* it is there already: only what comes after
                                   making is done, with pod; NULL */
};
struct fl_create_results {
    struct fl_create_result *at;
    size_t n;
};
struct fl_create_job {
    struct fl_engine *engine;
    const struct fl_options_plan *plan;
    const struct fl_strv *names; /* full */
    const char *public_key;
    bool wait; /* until sshd answers */
    struct fl_ledger *ledger;
    int64_t until; /* what finds no room before that is left undecided; 0 */
    /* In the pod's thread, once sshd answers: whatever else belongs to it. A
     * pod that this run has made and that is *unfit is given back, and another
     * is made, up to attempts in all. May be NULL. */
    int (*after)(void *arg, struct fl_fan_item *item, size_t place,
                 struct fleet_pod *pod, bool *unfit, struct fleet_error *err);
    void *after_arg;
    int64_t attempts;
    fl_event_sink *event;
    void *event_arg;
};
int fl_create_open(const struct fl_strv *names,
                   struct fl_create_results *results, struct fleet_error *err);
/* Those go through the pipeline from where they are. */
int fl_create_add_existing(const struct fl_fleet *fleet,
                           const struct fl_strv *names,
                           struct fl_create_results *results,
                           struct fleet_error *err);
/* One pipeline per pod: journal, provider call, journal, price receipt, wait.
 * FLEET_OK when it ran; each pod's success stands in its result. Makes those
 * that are FL_OUTCOME_NONE, and leaves those so that shall be tried again, with
 * error and tried of what has been. */
int fl_create_round(const struct fl_create_job *job,
                    struct fl_create_results *results, struct fleet_error *err);
void fl_create_results_clear(struct fl_create_results *results);
FL_CLEANUP_IN_PLACE(fl_create_results_clear, struct fl_create_results);

#endif
