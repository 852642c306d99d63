/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_KEEP_H
#define FL_CMD_KEEP_H

#include "core/cmd/command.h"
#include "core/engine/health.h"

/* Writing for a command that only looks: under the cohort's lock, in a
 * connection of its own, for the engine's only reads. */
struct fl_keeping {
    struct fl_lock *lock;
    struct fl_state *state;
};
/* Waits so long for another run on the cohort, and says so. */
int fl_keep_open(struct fl_context *context, int64_t wait_ms,
                 struct fl_keeping *keeping, struct fleet_error *err);
void fl_keep_close(struct fl_keeping *keeping);
FL_CLEANUP_IN_PLACE(fl_keep_close, struct fl_keeping);

/* What a command has learnt of pods; where the engine has the lock, with it. */
int fl_keep(struct fl_context *context, const struct fl_verdict *verdicts,
            size_t n_verdicts, const struct fl_host_key *keys, size_t n_keys,
            struct fleet_error *err);

#endif
