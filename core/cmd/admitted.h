/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_ADMITTED_H
#define FL_CMD_ADMITTED_H

#include "core/cmd/admit.h"

/* What became of the pods that were visited for the participants. */

/* A table, and "pods" in the document. */
void fl_admitted_print(struct fl_admit *admit);
/* What is not as it should be, in warnings: pods that were not reached, clocks
 * that are wrong, logins that still work. The exit status that it means. */
int fl_admitted_tell(struct fl_admit *admit);
/* A line in the journal for each pod that has changed. */
int fl_admitted_journal(struct fl_admit *admit, struct fleet_error *err);

/* Whether what is remembered of a pod is not what the roster says. */
bool fl_admitted_behind(struct fl_admit *admit, const struct fl_member *member);
/* Whether that person's line was there when the pod was last looked at. */
bool fl_admitted_was_in(const struct fl_access *access, const char *id);
/* What is remembered of it; NULL: nothing. */
const struct fl_access *fl_admit_access(const struct fl_admit *admit,
                                        const struct fl_member *member);

#endif
