/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BGJOBS_H
#define FL_ENGINE_BGJOBS_H

#include "core/engine/state.h"

/* Background jobs as they are remembered here: which were started on which
 * pods, and what was last heard of them. */
#define FL_BGJOB_ID_SIZE 9

struct fl_bgjob {
    char *id, *at, *command;
};
/* State: "starting" until the pod has said that it runs, then "running",
 * "exited", "lost", "gone", "failed" (it was never started). */
struct fl_bgpod {
    char *job, *name, *provider, *pod_id;
    char *state;
    int64_t status; /* exit status; -1 unknown */
    char *ended_at, *why;
};
struct fl_bgjobs {
    struct fl_bgjob *jobs;
    size_t n_jobs;
    struct fl_bgpod *pods; /* by job */
    size_t n_pods;
};
int fl_bgjobs_load(struct fl_state *state, struct fl_bgjobs *out,
                   struct fleet_error *err);
void fl_bgjobs_clear(struct fl_bgjobs *jobs);
FL_CLEANUP_IN_PLACE(fl_bgjobs_clear, struct fl_bgjobs);

/* The job of that id, or of the only id that begins so. FLEET_ENOTFOUND,
 * FLEET_EUSAGE: several do. */
int fl_bgjobs_find(const struct fl_bgjobs *jobs, const char *id,
                   const struct fl_bgjob **out, struct fleet_error *err);
/* Nothing more will happen: it need not be asked. */
bool fl_bgpod_ended(const struct fl_bgpod *pod);

/* A new id. */
int fl_bgjob_name(char out[FL_BGJOB_ID_SIZE], struct fleet_error *err);
/* All of it or nothing, in one transaction. JOB may be NULL: pods of jobs that
 * are there already. */
int fl_bgjobs_put(struct fl_state *state, const struct fl_bgjob *job,
                  const struct fl_bgpod *pods, size_t n,
                  struct fleet_error *err);
int fl_bgjobs_drop(struct fl_state *state, const char *id,
                   struct fleet_error *err);

#endif
