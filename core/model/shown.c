/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/shown.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 40 /* escaped, one byte takes at most four */

void fl_shown_n(char out[FL_SHOWN_SIZE], const char *text, size_t len)
{
    FL_AUTO(fl_buf_clear) struct fl_buf escaped = {0};
    char head[SHOWN_BYTES + 1];
    size_t keep = len < SHOWN_BYTES ? len : SHOWN_BYTES;

    /* a UTF-8 character is not cut in half */
    while (keep < len && keep > SHOWN_BYTES - 4 &&
           ((unsigned char)text[keep] & 0xc0) == 0x80)
        keep--;
    memcpy(head, text, keep);
    head[keep] = '\0';
    fl_buf_init(&escaped, FL_SHOWN_SIZE);
    fl_text_escape(&escaped, head);
    snprintf(out, FL_SHOWN_SIZE, "%s%s", fl_buf_text(&escaped),
             keep < len ? "..." : "");
}

void fl_shown(char out[FL_SHOWN_SIZE], const char *text)
{
    fl_shown_n(out, text, strlen(text));
}
