/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

#include <fleet/error.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define FL_FOREVER INT64_MAX

/* Monotonic milliseconds: the clock of every deadline. */
int64_t fl_now_ms(void);
/* now + ms without overflow; FL_FOREVER stays. */
int64_t fl_deadline(int64_t ms);
/* Milliseconds left, 0..INT_MAX: fits poll(). */
int fl_left_ms(int64_t deadline);

/* Waits on a condition, but not longer than so; for loops that look at more
 * than the condition. */
void fl_cond_wait(pthread_cond_t *changed, pthread_mutex_t *mutex, int64_t ms);

/* RFC 3339 in UTC, "2026-11-20T09:00:00Z". */
#define FL_STAMP_SIZE 32
void fl_stamp(char out[FL_STAMP_SIZE], time_t when);
/* Seconds since the epoch, or -1 when the text is no such stamp. */
int64_t fl_stamp_parse(const char *text);

/* "90s", "10m", "1h30m", "500ms", plain "90" is seconds. FLEET_OK or
 * FLEET_EINVALID; never negative. */
int fl_duration_parse(const char *text, int64_t *ms);
/* "850 ms", "12 s", "3 m 20 s", "2 h 5 m", "3 d": for people. */
void fl_duration_text(char out[32], int64_t ms);

#endif
