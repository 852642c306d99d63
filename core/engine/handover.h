/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_HANDOVER_H
#define FL_ENGINE_HANDOVER_H

#include "core/engine/visit.h"

/* What lies on one pod, taken to another by way of an archive here, so that it
 * is somewhere whatever happens on the way. */
struct fl_handover {
    struct fl_visit_to to;       /* but for selected; limit: for each way */
    const struct fl_strv *paths; /* in the home directory, or below it */
    const char *archive;         /* a file here, of this user alone */
    int64_t most;                /* bytes it may have */

    int64_t bytes; /* result: of the archive */
};
/* Paths that are not there are left out. The archive is whole, or not there. */
int fl_handover_take(struct fl_handover *handover, const struct fl_member *from,
                     struct fleet_error *err);
/* What lies at these paths on the other pod is gone afterwards: it has to be a
 * new one. */
int fl_handover_give(struct fl_handover *handover, const struct fl_member *to,
                     struct fleet_error *err);

#endif
