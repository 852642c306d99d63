/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_GUARD_H
#define FL_CMD_GUARD_H

#include "core/cmd/command.h"
#include "core/engine/fleet.h"

/* Before work is lost: asks the pods, where this cohort keeps backups, whether
 * they have any that is at no remote and in no backup. FLEET_EREFUSED names
 * them, and those that cannot be asked, and what to run. WHAT: "terminate". */
int fl_guard_work(struct fl_context *context, const struct fl_fleet *fleet,
                  const bool *selected, const char *what,
                  struct fleet_error *err);

/* The flag that goes on all the same. */
/* clang-format off */
#define FL_LOSE_WORK_OPTION(type_, member_)                                    \
    {.key = "lose-work", .type = FLEET_OPT_BOOL,                               \
     .help = "go ahead also where work on the pods is in no backup",           \
     FLEET_AT(type_, member_)}
/* clang-format on */

#endif
