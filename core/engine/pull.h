/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PULL_H
#define FL_ENGINE_PULL_H

#include "core/base/digest.h"
#include "core/engine/copied.h"
#include "core/engine/landing.h"
#include "core/engine/pace.h"

/* Files from pods to here, each pod's to a directory of its own. What a pod
 * says of its files is not believed: see landing.h and fl_copies_check. Nothing
 * is deleted. */
struct fl_pull_plan {             /* of all pods, read only */
    const struct fl_strv *things; /* paths on the pods */
    const struct fl_strv *ignore;
    const char *out;
    struct fl_pace *pace;
    int64_t max_size;
    bool dry_run;
    int64_t idle_ms; /* may pass without a byte */
};
struct fl_pulled {
    struct fl_copied copied; /* first */
    const struct fl_pull_plan *plan;
    char *name; /* of its directory */

    /* the room's, in the pod's thread */
    struct fl_visit *visit;
    struct fl_landing landing;
    const char *thing; /* that is pulled now */
    bool is_file;      /* it is, and not a directory */
    size_t prefix;     /* of the names in copies: what stands for the thing */
    struct fl_copies copies;
    struct fl_pull_item *items;
    int64_t moved, to_move;
    enum fl_digest_kind kind;
    bool openssl;
    size_t lost;     /* were listed, and then nobody could say what they are */
    size_t given_up; /* files that could not be had */
    struct fleet_error first;
};
/* For fl_visit_all: own is a struct fl_pulled with its plan and name set. */
int fl_pull_work(struct fl_visit *visit, struct fleet_error *err);
void fl_pulled_clear(void *pulled);

#endif
