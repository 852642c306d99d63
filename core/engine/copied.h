/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_COPIED_H
#define FL_ENGINE_COPIED_H

#include "core/engine/visit.h"

/* What copying to or from one pod has come to; first in what push and pull
 * have of it. Links are files here. */
struct fl_copied {
    size_t files, already; /* copied (or would be); there before */
    int64_t bytes;         /* of those that were copied */
    int64_t resumed;       /* of which an earlier try had brought */
    size_t left_out;       /* not copied, on purpose */
};

/* ONCE again and again, on a new connection, as long as what ends it is the
 * connection and something has moved before, or the pod is back within idle_ms.
 * *moved is what has, in one go. */
int fl_copy_persist(struct fl_visit *visit, int64_t idle_ms, int64_t *moved,
                    int (*once)(void *arg, struct fleet_error *err), void *arg,
                    struct fleet_error *err);

#endif
