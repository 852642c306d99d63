/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ARCHIVE_H
#define FL_ENGINE_ARCHIVE_H

#include "core/engine/onpod.h"

/* Files of a pod as one archive here, checked by its SHA-256 at both ends. */
struct fl_archive {
    const char *dir, *name; /* it is DIR/NAME-STAMP.tar.gz */
    int64_t keep;           /* so many of that name; the oldest go */

    char *path; /* malloc'd; NULL: there is nothing to keep */
    char sum[72];
    int64_t bytes, large; /* files that were left out */
};
/* SCRIPT has what fl_savescript_pack asks for. */
int fl_archive_take(struct fl_visit *visit, struct fl_onpod *script,
                    struct fl_archive *archive, struct fleet_error *err);
/* Sends it, and tells the script where it lies ("stage", "sum"). */
int fl_archive_give(struct fl_visit *visit, const char *path, const char *sum,
                    struct fl_onpod *script, struct fleet_error *err);

#endif
