/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_VISITING_H
#define FL_CMD_VISITING_H

#include "core/cmd/command.h"
#include "core/engine/visit.h"

/* What commands that log in to pods have in common. */

/* The cohort's key; FLEET_ECONFIG tells the remedy. */
int fl_visiting_key(struct fl_context *context, struct fl_ssh_key **key,
                    struct fleet_error *err);
/* Reports what failed; the exit status of the last of them, 0 when none. */
int fl_visiting_report(struct fl_context *context,
                       const struct fl_visit_results *results);
/* Remembers the host keys that were learnt; a failure is a warning. */
void fl_visiting_keep(struct fl_context *context,
                      const struct fl_visit_results *results);

#endif
