/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_KEEP_H
#define FL_CMD_KEEP_H

#include "core/cmd/command.h"
#include "core/engine/health.h"

/* Writes what a command that only looks has learnt of pods: under the cohort's
 * lock; where the engine has not got it, in a connection of its own, for the
 * engine's only reads. */
int fl_keep(struct fl_context *context, const struct fl_verdict *verdicts,
            size_t n_verdicts, const struct fl_host_key *keys, size_t n_keys,
            struct fleet_error *err);

#endif
