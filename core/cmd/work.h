/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_WORK_H
#define FL_CMD_WORK_H

#include "core/cmd/command.h"
#include "core/cmd/talk.h"
#include "core/engine/create.h"
#include "core/engine/fleet.h"

/* What commands that look at the fleet, or change it, have in common. */

/* Opens the engine with the command's globals. */
int fl_work_open(struct fl_context *context, struct fleet_error *err);

/* For commands that only read. */
int fl_work_look(struct fl_context *context, unsigned flags,
                 struct fl_fleet *fleet, struct fleet_error *err);
/* Tells which listings failed; the exit status that this means, 0 when none. */
int fl_work_incomplete(struct fl_context *context,
                       const struct fl_fleet *fleet);

/* For commands that change something: the lock, the state, the listing, and
 * what a run that died has left. With --dry-run nothing of that is written. */
int fl_work_begin(struct fl_context *context, struct fl_fleet *fleet,
                  struct fleet_error *err);

/* Counts of outcomes, and the exit status they add up to. */
struct fl_tally {
    size_t good, bad, cancelled;
    int status; /* of the first failure */
};
/* STATUS: what fl_report has returned of a failure. */
void fl_tally_add(struct fl_tally *tally, enum fl_outcome outcome, int status);
int fl_tally_status(const struct fl_tally *tally);

/* Flags that narrow targets: -x LIST, --on PROVIDER. */
struct fl_narrowing {
    char *exclude, *on;
};
/* clang-format off */
#define FL_NARROWING_OPTIONS(type_, member_)                                   \
    {.key = "exclude", .type = FLEET_OPT_STRING, .aliases = fl_alias_x,        \
     .help = "leave these out: names, ranges or globs, comma separated",       \
     FLEET_AT(type_, member_.exclude)},                                        \
    {.key = "on", .type = FLEET_OPT_STRING,                                    \
     .help = "only pods at this provider", FLEET_AT(type_, member_.on)}
/* clang-format on */
extern const char *const fl_alias_x[];

/* Marks the members that the arguments mean; with none and DEFAULT_ALL, all.
 * *selected is allocated. A target that is not there says which listing failed,
 * if one did. */
int fl_work_select(struct fl_context *context, const struct fl_fleet *fleet,
                   const struct fl_narrowing *narrowing, bool default_all,
                   bool **selected, struct fleet_error *err);

#endif
