/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_POOL_H
#define FL_BASE_POOL_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bounded number of threads with small stacks runs jobs. A job owns its
 * inputs, result and error; finished jobs come back through one queue to the
 * thread that opened the pool. Only that thread calls these functions. */
struct fl_pool;
struct fl_job {
    void (*run)(struct fl_job *job);
    /* The pool's: */
    struct fl_job *next;
};

int fl_pool_open(unsigned threads, struct fl_pool **out,
                 struct fleet_error *err);
/* The job is the pool's until fl_pool_next returns it. */
void fl_pool_add(struct fl_pool *pool, struct fl_job *job);
/* The next finished job; NULL when none finished by the deadline, or none is
 * left. *left (may be NULL): jobs added and not yet returned. */
struct fl_job *fl_pool_next(struct fl_pool *pool, int64_t deadline,
                            size_t *left);
/* Jobs not yet begun, and those added from now on, come back from fl_pool_next
 * unrun; UNRUN (may be NULL) is called for each to mark it. */
void fl_pool_stop(struct fl_pool *pool, void (*unrun)(struct fl_job *job));
/* Waits for running jobs, but not past the deadline; jobs not yet returned are
 * the caller's again. NULL is fine. false: some thread is
 * wedged; its memory is left alone and the process must end by
 * _exit, not by return from main. */
bool fl_pool_close(struct fl_pool *pool, int64_t deadline);
/* true once any pool was closed with a wedged thread. */
bool fl_pool_wedged(void);

#endif
