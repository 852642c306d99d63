/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_SEEN_H
#define FL_MODEL_SEEN_H

#include "core/base/digest.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What tools on a pod have printed of files whose names we gave them: a line
 * each in our order, none for a file that is not there. A name may have a
 * newline in it, so what is read is the line of one name or nothing. Text that
 * fits no name hides what is behind it: those files then count as not seen. */
struct fl_seen {
    mode_t mode; /* 0: it is not there */
    int64_t size, mtime;
    const char *link; /* what a link says, link_len bytes of the text */
    size_t link_len;
};
#define FL_SEEN_FORMAT "%f %s %Y %N" /* for stat -c, QUOTING_STYLE=literal */

/* Moves *at behind the line if it is of NAME. */
bool fl_seen_read(const char **at, const char *name, struct fl_seen *out);
/* The same for the line of sha256sum, cksum or openssl dgst -r. */
bool fl_seen_sum(const char **at, enum fl_digest_kind kind, const char *name,
                 char out[FL_DIGEST_SIZE]);
/* Three numbers at the beginning of a line: mode, size, mtime. */
const char *fl_seen_numbers(const char *at, struct fl_seen *out);

#endif
