/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_BUF_H
#define FL_BASE_BUF_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdarg.h>
#include <stddef.h>

/* Text or bytes that grow up to a ceiling given at the start. Always ends in a
 * NUL that len does not count, once anything was added. The first failure
 * sticks: add at will, ask fl_buf_check once. */
struct fl_buf {
    char *data;
    size_t len, size, max;
    int failed; /* FLEET_OK, FLEET_ENOMEM or FLEET_EINVALID (ceiling) */
};

/* With FL_AUTO begin like this, so that each early return finds it clean:
 *   FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(TEXT_MAX); */
#define FL_BUF(max_) ((struct fl_buf){.max = (max_)})
void fl_buf_init(struct fl_buf *buf, size_t max);
void fl_buf_clear(struct fl_buf *buf); /* frees; the ceiling stays */
void fl_buf_empty(struct fl_buf *buf); /* keeps the memory */
int fl_buf_add(struct fl_buf *buf, const void *data, size_t len);
int fl_buf_puts(struct fl_buf *buf, const char *text);
int fl_buf_putc(struct fl_buf *buf, char c);
int fl_buf_printf(struct fl_buf *buf, const char *format, ...)
    FLEET_PRINTF(2, 3);
int fl_buf_vprintf(struct fl_buf *buf, const char *format, va_list args);
/* Space for at least WANT more bytes at data + len; the caller adds to len (and
 * fl_buf_text, fl_buf_take or the next addition ends it in NUL). */
int fl_buf_reserve(struct fl_buf *buf, size_t want);
/* The first failure told as "WHAT: out of memory" or "WHAT: larger than ..." */
int fl_buf_check(const struct fl_buf *buf, const char *what,
                 struct fleet_error *err);
/* "" when nothing was added. */
const char *fl_buf_text(const struct fl_buf *buf);
/* The memory, NUL-terminated, now the caller's, and the buffer is empty again.
 * NULL after a failure. */
char *fl_buf_take(struct fl_buf *buf);

FL_CLEANUP_IN_PLACE(fl_buf_clear, struct fl_buf);

#endif
