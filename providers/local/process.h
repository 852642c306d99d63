/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef LOCAL_PROCESS_H
#define LOCAL_PROCESS_H

#include <fleet/error.h>
#include <stdbool.h>
#include <sys/types.h>

/* Which processes are a pod's, and how they end. A number in a file proves
 * nothing: process ids are used again. So every pod has a mark, a word that no
 * other pod has. Its sshd is known by "-o SetEnv MARK ..." as its first
 * arguments; a session by descending from that sshd, or by the mark in the
 * environment it was started with. Nothing else is ever signalled. */
#define MARK_SIZE 48

/* "FLEET_POD=..." for the pod in DIR. */
void process_mark(char mark[MARK_SIZE], const char *dir);

/* The sshd that DIR/sshd.pid names is the pod's and runs. Cheap. */
bool process_serves(const char *dir);
/* Any sshd of the pod exists, also one that has not written its pid yet; true
 * when that cannot be told. */
bool process_started(const char *dir);
/* Ends the pod's sshd and its sessions: politely, then by force. */
int process_end(const char *dir, struct fleet_error *err);

#endif
