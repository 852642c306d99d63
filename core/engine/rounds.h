/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ROUNDS_H
#define FL_ENGINE_ROUNDS_H

#include "core/engine/create.h"

/* Making pods, again and again while there is no room for them. */
struct fl_rounds_job {
    struct fl_engine *engine;
    struct fl_fleet *fleet;
    struct fl_options_plan
        *plan;                   /* of the first round; then that of the last */
    const struct fl_strv *names; /* full */
    const char *public_key;
    bool wait;              /* until sshd answers */
    int64_t keep_trying_ms; /* 0: one round */
    /* As of fl_create_job; existing: pods that are there already. */
    int (*after)(void *arg, struct fl_fan_item *item, size_t place,
                 struct fleet_pod *pod, bool *unfit, struct fleet_error *err);
    void *after_arg;
    int64_t attempts;
    const struct fl_strv *existing; /* full names; may be NULL */
    fl_event_sink *event;
    void *event_arg;
};
/* A pod that failed only for want of room, or because the provider was asked
 * too often, is tried again with new offers after a pause, for as long as
 * keep_trying_ms. MAX_FLEET_PRICE holds over all rounds. FLEET_OK when it ran;
 * each pod's success stands in its result. */
int fl_rounds_run(const struct fl_rounds_job *job,
                  struct fl_create_results *results, struct fleet_error *err);

#endif
