/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PUSH_H
#define FL_ENGINE_PUSH_H

#include "core/engine/copied.h"
#include "core/engine/hashes.h"
#include "core/engine/pace.h"
#include "core/engine/visit.h"

/* Files from here to pods. Everything arrives under temporary names beside its
 * place, is compared by size and checksum, and only then gets its name, in one
 * step; what a cut connection or a killed run has left there is taken up by the
 * next. Nothing is deleted.
 *
 * DIR/.fleet-push-TAG/    what goes to DIR, already under its last name
 * TOP/.fleet-push-TAG.part  a large file, as far as it has come */
struct fl_push_plan { /* of all pods, read only */
    const struct fl_copies *copies;
    struct fl_hashes *hashes;
    struct fl_pace *pace;
    const char *to;       /* directory on the pod; "" its home */
    char tag[17];         /* of the list */
    const char *identity; /* private key, for the real ssh; NULL: no rsync */
    bool dry_run;
    int64_t idle_ms; /* may pass without a byte */
};
struct fl_pushed {
    struct fl_copied copied; /* first */
    const struct fl_push_plan *plan;
    struct fl_visit *visit;

    /* the room's, in the pod's thread */
    struct fl_push_item *items;
    int64_t moved, to_move;
    enum fl_digest_kind kind;
    bool openssl, rsync, has_dir, has_stage;
    int64_t free_bytes; /* -1: not known */
};
void fl_push_tag(struct fl_push_plan *plan);
/* For fl_visit_all: own is a struct fl_pushed with its plan set. */
int fl_push_work(struct fl_visit *visit, struct fleet_error *err);
void fl_pushed_clear(void *pushed);

#endif
