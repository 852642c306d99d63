/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CANCEL_H
#define FL_BASE_CANCEL_H

#include <stdbool.h>

/* The first Ctrl-C (or SIGTERM, SIGHUP): nothing new is begun, what runs is
 * finished. The second: the process ends at once with status 130; the journal
 * takes care of the rest. Process-wide because signals are. */
int fl_cancel_open(void);
bool fl_cancelled(void);
/* Readable from the first signal on, for poll(); -1 before fl_cancel_open. */
int fl_cancel_fd(void);
/* 130 or 128 + signal; 0 when none came. */
int fl_cancel_status(void);

#endif
