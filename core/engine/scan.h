/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SCAN_H
#define FL_ENGINE_SCAN_H

#include "core/model/copies.h"

/* What is below these paths of this computer. Links are listed as links, but
 * for PATHS themselves. */
struct fl_scan {
    const struct fl_strv *exclude;
    int64_t max_size; /* larger files are left out; 0: none is */

    struct fl_copies copies; /* results, sorted; fl_copies_clear */
    size_t n_large, n_other; /* left out: larger; neither file, directory nor
                                link */
};
/* FLEET_ENOTFOUND, FLEET_EINVALID; FLEET_EREFUSED: cannot be read. */
int fl_scan(struct fl_scan *scan, const char *const *paths, size_t n,
            struct fleet_error *err);

#endif
