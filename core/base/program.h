/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_PROGRAM_H
#define FL_BASE_PROGRAM_H

#include "core/base/buf.h"

#include <fleet/host.h>
#include <sys/types.h>

/* A child with pipes on standard input, output and error, in a process group of
 * its own, without our other descriptors, with default signals. */
struct fl_child {
    pid_t pid;
    int in, out, err; /* -1 when closed */
};
/* FLEET_ENOTFOUND: no such program. A failed exec is told here, not later. */
int fl_child_start(const char *const *argv, const char *const *env,
                   struct fl_child *child, struct fleet_error *err);
/* Closes the pipes, waits until the deadline, then kills the group and reaps.
 * *status as from waitpid. */
int fl_child_end(struct fl_child *child, int64_t deadline, int *status);

/* fleet_run_program with an explicit deadline (see fleet/host.h). */
int fl_program_run(const struct fleet_program *program, int64_t deadline,
                   char **output, struct fleet_error *err);

#endif
