/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_TAR_H
#define FL_MODEL_TAR_H

#include "core/base/buf.h"
#include "core/model/copies.h"

/* The tar format that GNU and busybox read and write, as a stream in pieces. */
#define FL_TAR_BLOCK 512

/* What stands before the contents; behind them come zeros up to a whole block,
 * and two blocks of zeros behind everything. */
int fl_tar_header(struct fl_buf *out, const char *name,
                  const struct fl_copy *copy, struct fleet_error *err);

struct fl_tar_member {
    const char *name; /* as it stands there; hostile */
    char type;        /* '0' a file */
    int64_t size;
};
struct fl_tar_reader {
    /* For each member; then its contents in pieces; then END. */
    int (*begin)(void *arg, const struct fl_tar_member *member,
                 struct fleet_error *err);
    int (*data)(void *arg, const char *data, size_t len,
                struct fleet_error *err);
    int (*end)(void *arg, struct fleet_error *err);
    void *arg;

    /* the reader's */
    char block[FL_TAR_BLOCK];
    size_t have;
    struct fl_buf text; /* of a member that tells of the next one */
    char *name;         /* that it has told */
    char type;
    int64_t told_size; /* likewise; -1 */
    int64_t left;      /* of the contents */
    size_t padding;
};
void fl_tar_open(struct fl_tar_reader *reader);
/* FLEET_EINVALID: that is no tar. */
int fl_tar_feed(struct fl_tar_reader *reader, const char *data, size_t len,
                struct fleet_error *err);
void fl_tar_close(struct fl_tar_reader *reader);
FL_CLEANUP_IN_PLACE(fl_tar_close, struct fl_tar_reader);

#endif
