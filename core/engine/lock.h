/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LOCK_H
#define FL_ENGINE_LOCK_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdint.h>

/* One operator at a time changes a cohort. DIR/PREFIX.lock holds who: user,
 * host, pid, start and command; the kernel's lock on the file says whether that
 * process still lives on this machine. A holder on another machine (shared
 * state directory) is believed. The file stays when nobody holds it, empty. */
struct fl_lock;
/* Called once, when it has to wait: "maria@desk, pid 4242, since
 * 2026-11-20T09:12:00Z: fleet create -n 20". May be NULL. */
typedef void fl_lock_waiting(void *arg, const char *holder);

/* Tries at least once. FLEET_ELOCKED when still held at the deadline: names the
 * holder and what to do. FLEET_ECANCELLED on Ctrl-C. FLEET_ECONFIG: the file
 * cannot be made, written or locked. */
int fl_lock_take(const char *dir, const char *prefix, const char *command,
                 int64_t deadline, fl_lock_waiting *waiting, void *arg,
                 struct fl_lock **out, struct fleet_error *err);
void fl_lock_drop(struct fl_lock *lock);
FL_CLEANUP(fl_lock_drop, struct fl_lock *);

#endif
