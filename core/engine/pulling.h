/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PULLING_H
#define FL_ENGINE_PULLING_H

#include "core/engine/podsh.h"
#include "core/engine/pull.h"

/* What the parts of pull share; all in the pod's thread. */

#define FL_PULL_LARGE ((int64_t)8 << 20) /* these come one by one */

struct fl_pull_item {
    bool maybe; /* a file of the same size is here */
    bool there; /* the very same is here; a directory: it is here */
    bool alone; /* comes by itself */
    char *sum;  /* of what has come with others */
};

void fl_pull_cd(const struct fl_pulled *pull, struct fl_buf *script);
/* What the thing is called here; "" where its contents are meant. */
const char *fl_pull_base(const struct fl_pulled *pull);
const char *fl_pull_sum_command(const struct fl_pulled *pull);
/* The item as the pod knows it, "./a/b". */
void fl_pull_pod_name(const struct fl_pulled *pull, size_t i,
                      struct fl_buf *out);
int64_t fl_pull_patience(const struct fl_pulled *pull, int64_t bytes);
int fl_pull_moved(struct fl_pulled *pull, size_t len);

/* What is over there, and which of it is here already: pulllook.c */
int fl_pull_look(struct fl_pulled *pull, struct fleet_error *err);
/* Checksums over there of the files that ASKED chooses; TOLD gets each that is
 * known. */
int fl_pull_sums(struct fl_pulled *pull,
                 bool (*asked)(const struct fl_pulled *pull, size_t i),
                 int (*told)(struct fl_pulled *pull, size_t i, const char *sum,
                             struct fleet_error *err),
                 struct fleet_error *err);
/* Mode, size and time of a file as it is now. */
int fl_pull_look_again(struct fl_pulled *pull, size_t i, struct fl_copy *copy,
                       struct fleet_error *err);
/* To here: pulltake.c */
int fl_pull_take_small(struct fl_pulled *pull, struct fleet_error *err);
int fl_pull_take_alone(struct fl_pulled *pull, size_t i,
                       struct fleet_error *err);

#endif
