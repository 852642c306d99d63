/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_VISITING_H
#define FL_CMD_VISITING_H

#include "core/cmd/progress.h"
#include "core/cmd/work.h"
#include "core/engine/visit.h"

/* What commands that log in to pods have in common. */
struct fl_visiting {
    struct fl_fleet fleet;
    bool *selected; /* by member */
    struct fl_ssh_key *key;
    struct fl_visit_results results;
};
/* The fleet, the key, and the pods that the arguments mean: all, where there
 * are none. */
int fl_visiting_open(struct fl_context *context,
                     const struct fl_narrowing *narrowing,
                     struct fl_visiting *visiting, struct fleet_error *err);
/* The cohort's key alone; FLEET_ECONFIG tells the remedy. */
int fl_visiting_key(struct fl_context *context, struct fl_ssh_key **key,
                    struct fleet_error *err);
size_t fl_visiting_count(const struct fl_visiting *visiting); /* selected */
/* For the engine's jobs: LIMIT_MS is what --timeout stands in for, PROGRESS
 * (may be NULL) what hears of it. */
struct fl_visit_to fl_visiting_to(struct fl_context *context,
                                  const struct fl_visiting *visiting,
                                  int64_t limit_ms,
                                  struct fl_progress *progress);
/* How long it took, where it failed and why: of every result in JSON. */
void fl_visiting_put(json_t *entry, const struct fl_visit_result *result);
size_t fl_visiting_failed(const struct fl_visit_results *results);
/* Reports what failed; the exit status of the last of them, 0 when none. */
int fl_visiting_report(struct fl_context *context,
                       const struct fl_visit_results *results);
/* Remembers the host keys that were learnt; a failure is a warning. */
void fl_visiting_keep(struct fl_context *context,
                      const struct fl_visit_results *results);
/* What every such command ends with, after its own STATUS: host keys, a word
 * where there are no pods, listings that failed. Returns the exit status. */
int fl_visiting_end(struct fl_context *context,
                    const struct fl_visiting *visiting, int status);
/* Not while a thread may still use it: see fl_pool_wedged. */
void fl_visiting_close(struct fl_visiting *visiting);

#endif
