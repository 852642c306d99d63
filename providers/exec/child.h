/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A program with pipes on standard input, output and error, in a process group
 * of its own, with default signals and none of our other descriptors. */
struct exec_child {
    pid_t pid;        /* 0: none, or ended and waited for */
    int in, out, err; /* our ends, non-blocking; -1: closed */
    int status;       /* as from waitpid, once it has ended */
};

/* FLEET_ECONFIG: there is no such program, it cannot be run, or others may
 * change it. */
int exec_child_start(const char *path, struct exec_child *child,
                     struct fleet_error *err);
/* As write(), but a program that no longer reads is EPIPE and no signal. */
ssize_t exec_child_write(struct exec_child *child, const char *data,
                         size_t len);
bool exec_child_ended(struct exec_child *child);
/* Its whole process group, at once. The pipes stay: there may be last words. */
void exec_child_kill(struct exec_child *child);
void exec_child_close(int *fd);
/* "exited with status 3", "was ended by signal 9 (Killed)" */
void exec_child_fate(const struct exec_child *child, char text[64]);

#endif
