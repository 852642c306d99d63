/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_TEXT_H
#define FL_BASE_TEXT_H

#include "core/base/buf.h"
#include "core/base/strv.h"

#include <stdbool.h>

/* Valid UTF-8 without overlong forms, surrogates or NUL. */
bool fl_utf8_valid(const char *text, size_t len);
/* Bytes of the character that TEXT begins with, its number in *code; 0 when it
 * is none (as above). */
size_t fl_utf8_step(const char *text, size_t len, uint32_t *code);
/* Columns a terminal gives this (UTF-8 aware; control characters count 0). */
size_t fl_text_width(const char *text);
/* Hostile text for a terminal or a log: control characters (C0, DEL, C1),
 * bidirectional overrides and invalid UTF-8 become \xNN or \u{NNNN}. */
int fl_text_escape(struct fl_buf *out, const char *text);
/* 'quoted' for a POSIX shell; plain words stay as they are. */
int fl_shell_quote(struct fl_buf *out, const char *text);
/* The entry nearest to TEXT (edit distance with swaps, ignoring case), NULL
 * when none is near enough to be worth saying. Borrowed. */
const char *fl_closest(const char *text, const char *const *list);
/* Whole decimal number within min..max; nothing before or after it. */
bool fl_parse_int(const char *text, int64_t min, int64_t max, int64_t *out);
/* malloc'd printf; NULL when out of memory. */
char *fl_format(const char *format, ...) FLEET_PRINTF(1, 2);
/* Overwrites memory that held a secret; never optimised away. */
void fl_wipe(void *memory, size_t len);

#endif
