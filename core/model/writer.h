/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_WRITER_H
#define FL_MODEL_WRITER_H

#include "core/base/buf.h"

#include <fleet/writer.h>

/* What plugins write into: a buffer with a ceiling. With FL_AUTO begin with
 *   FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(MOST); */
struct fleet_writer {
    struct fl_buf buf;
};
#define FL_WRITER(max_) ((struct fleet_writer){.buf = FL_BUF(max_)})
void fl_writer_clear(struct fleet_writer *writer);
/* The first failure, told as "WHAT: larger than 1 MiB". */
int fl_writer_check(const struct fleet_writer *writer, const char *what,
                    struct fleet_error *err);

FL_CLEANUP_IN_PLACE(fl_writer_clear, struct fleet_writer);

#endif
