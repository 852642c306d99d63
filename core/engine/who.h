/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_WHO_H
#define FL_ENGINE_WHO_H

#include <stdint.h>

/* A process as others can tell it from any other, now or later: a pid is given
 * out again, a pid with its start is not until the machine boots. */
struct fl_who {
    char user[64]; /* "uid 1000" when the password file has no name */
    char host[256];
    char boot[64]; /* the kernel's boot id; "" unknown */
    int64_t pid;
    int64_t start; /* clock ticks since boot; -1 unknown */
};
void fl_who_am_i(struct fl_who *who);
/* -1: no such process, or nothing can be learnt about it. */
int64_t fl_process_start(int64_t pid);

#endif
