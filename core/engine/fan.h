/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_FAN_H
#define FL_ENGINE_FAN_H

#include "core/base/pool.h"

#include <stdatomic.h>
#include <stddef.h>

/* The same straight line run for many things at once. Each item embeds a
 * struct fl_fan_item as its first member, lives on the heap and is owned by its
 * thread until it comes back; one that never comes back (a wedged plugin) is
 * reported as such and its memory is left to it. */
struct fl_fan_item {
    struct fl_job job; /* first: the pool's */
    void (*work)(struct fl_fan_item *item);
    _Atomic(const char *) step; /* a string constant, for progress */
    _Atomic int64_t give_up;    /* past this the item counts as wedged */
    const char *told;           /* the main thread's: last step shown */
    size_t slot;                /* in items */
    bool unrun;                 /* never begun: the run was cancelled */
};
enum fl_fan_end { FL_FAN_FINISHED, FL_FAN_UNRUN, FL_FAN_WEDGED };
struct fl_fan {
    struct fl_fan_item **items;
    size_t n;
    unsigned threads;
    void (*work)(struct fl_fan_item *item); /* in a thread */
    /* All in the calling thread. ended: frees the item unless it is wedged;
     * stopping: told once, after Ctrl-C, while items still run. */
    void (*ended)(void *arg, struct fl_fan_item *item, enum fl_fan_end end);
    void (*step)(void *arg, struct fl_fan_item *item, const char *what);
    void (*stopping)(void *arg);
    void *arg;
};

/* Calls ended once for every item, as they finish. After Ctrl-C items that have
 * not begun come back unrun. Fails only before any item ran. */
int fl_fan_run(struct fl_fan *fan, struct fleet_error *err);

/* In the item's thread: what it does next, and how long that may take at the
 * most. WHAT is a string constant. Returns the deadline for it. */
int64_t fl_fan_step(struct fl_fan_item *item, const char *what,
                    int64_t deadline);

#endif
