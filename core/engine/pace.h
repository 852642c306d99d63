/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PACE_H
#define FL_ENGINE_PACE_H

#include <fleet/error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* How fast all pods together may be copied to or from, and how much has been.
 */
struct fl_pace {
    int64_t rate; /* bytes a second; 0: as they come */
    _Atomic int64_t moved;
    pthread_mutex_t mutex;
    int64_t due_us; /* when the next byte may go: under mutex */
};
#define FL_PACE_RATE_MIN 16384
void fl_pace_open(struct fl_pace *pace, int64_t rate);
void fl_pace_close(struct fl_pace *pace);
/* So many bytes more; waits for them to be in turn. FLEET_ECANCELLED. */
int fl_pace_move(struct fl_pace *pace, size_t len);
/* "copying, 45 %", for fl_visit_step. */
const char *fl_pace_step(int64_t done, int64_t total);

#endif
