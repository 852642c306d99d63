/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_COPIED_H
#define FL_ENGINE_COPIED_H

#include <stddef.h>
#include <stdint.h>

/* What copying to or from one pod has come to; first in what push and pull
 * have of it. Links are files here. */
struct fl_copied {
    size_t files, already; /* copied (or would be); there before */
    int64_t bytes;         /* of those that were copied */
    int64_t resumed;       /* of which an earlier try had brought */
    size_t left_out;       /* not copied, on purpose */
};

#endif
