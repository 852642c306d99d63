/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CHANGE_H
#define FL_ENGINE_CHANGE_H

#include "core/engine/create.h"

/* One change to pods that exist. Journalled like create; terminate waits until
 * the provider is certain that the pod is gone. */
enum fl_change {
    FL_CHANGE_START = 1,
    FL_CHANGE_STOP,
    FL_CHANGE_RESTART,
    FL_CHANGE_TERMINATE,
    FL_CHANGE_LOCK,
    FL_CHANGE_UNLOCK,
    FL_CHANGE_RENAME
};
struct fl_change_result {
    char *name;           /* full; the old one of a rename */
    const char *provider; /* borrowed from the fleet */
    enum fl_outcome outcome;
    struct fleet_pod *pod; /* as it is now; NULL when gone */
    struct fleet_error error;
};
struct fl_change_results {
    struct fl_change_result *at;
    size_t n;
};
struct fl_change_job {
    struct fl_engine *engine;
    struct fl_fleet *fleet;
    enum fl_change change;
    const bool *selected; /* by member */
    const char *new_name; /* full; of rename */
    bool wait;            /* start, restart: until sshd answers */
    fl_event_sink *event;
    void *event_arg;
};
const char *fl_change_name(enum fl_change change); /* "terminate" */
const char *fl_change_past(enum fl_change change); /* "terminated" */
/* Why this member cannot be changed so: locked, not offered by the provider,
 * one of two pods of that name, a provider that does not answer. */
int fl_change_check(const struct fl_member *member, enum fl_change change,
                    struct fleet_error *err);
/* What the change does to this member beside what it is for; NULL: nothing that
 * is known, or it will not be made. */
const struct fleet_effect *fl_change_effect(const struct fl_member *member,
                                            enum fl_change change);
/* It is so already (start of a running pod, ...). */
bool fl_change_needless(const struct fl_member *member, enum fl_change change);
/* A result for every selected member; FLEET_OK when it ran. */
int fl_change_run(const struct fl_change_job *job,
                  struct fl_change_results *results, struct fleet_error *err);
void fl_change_results_clear(struct fl_change_results *results);
FL_CLEANUP_IN_PLACE(fl_change_results_clear, struct fl_change_results);

#endif
