/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

#include "core/base/buf.h"

#include <fleet/log.h>
#include <stdbool.h>

/* Where lines go; the program sets it once, before the first thread. NULL:
 * nowhere. The sink gets escaped text without a newline. */
typedef void fl_log_sink(int level, const char *part, const char *text);
void fl_log_open(fl_log_sink *sink, int level, const char *trace_parts);
bool fl_log_on(int level, const char *part);
/* Any text that is logged has each of these replaced by "***". Copies; wiped
 * by fl_log_close. Values under 6 bytes are ignored. */
int fl_log_hide(const char *secret);
/* The same for text that goes elsewhere; cut at FL_LOG_LINE_MAX. */
#define FL_LOG_LINE_MAX 16384
void fl_log_redact(struct fl_buf *out, const char *text);
void fl_log_close(void);

#endif
