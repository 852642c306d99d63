/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CALL_H
#define FL_BASE_CALL_H

#include <stdatomic.h>
#include <stdint.h>

/* The deadline of the plugin call that this thread is in (fleet/host.h asks
 * for it). begin returns the one before, for end to put back. */
int64_t fl_call_begin(int64_t deadline);
void fl_call_end(int64_t before);
int64_t fl_call_deadline(void); /* FL_FOREVER outside any call */

/* Somebody may watch this thread and give it up for lost once the clock passes
 * *LIMIT (NULL: nobody). Waiting for one's turn is no loss: reach moves the
 * limit to UNTIL and a little more, never back. */
void fl_call_watched(_Atomic int64_t *limit);
void fl_call_reach(int64_t until);
/* Sleeps for MS that are not the call's own: its deadline moves on by them. */
void fl_call_idle(int64_t ms);

#endif
