/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/crontab.h"

#include "core/base/text.h"

#include <string.h>

static bool is_ours(const char *line, size_t len, const char *marker)
{
    size_t behind = strlen(marker);

    while (len > 0 && strchr(" \t\r", line[len - 1]))
        len--;
    return len >= behind && memcmp(line + len - behind, marker, behind) == 0;
}

int fl_crontab_find(const char *text, const char *marker, struct fl_strv *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        if (is_ours(text, len, marker) && fl_strv_add_n(out, text, len) < 0)
            return FLEET_ENOMEM;
        text += len + (text[len] != '\0');
    }
    return FLEET_OK;
}

static void put_line(struct fl_buf *out, const char *line)
{
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        fl_buf_putc(out, '\n');
    fl_buf_puts(out, line);
    fl_buf_putc(out, '\n');
}

int fl_crontab_edit(const char *text, const char *marker, const char *line,
                    struct fl_buf *out, size_t *n)
{
    size_t found = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");
        size_t whole = len + (text[len] != '\0');

        if (!is_ours(text, len, marker))
            fl_buf_add(out, text, whole);
        else if (found++ == 0 && line)
            put_line(out, line);
        text += whole;
    }
    if (found == 0 && line)
        put_line(out, line);
    if (n)
        *n = found;
    return out->failed;
}

int fl_crontab_quote(struct fl_buf *out, const char *word)
{
    FL_AUTO(fl_buf_clear) struct fl_buf quoted = FL_BUF(out->max);

    fl_shell_quote(&quoted, word);
    for (size_t i = 0; i < quoted.len; i++) {
        if (quoted.data[i] == '%')
            fl_buf_putc(out, '\\');
        fl_buf_putc(out, quoted.data[i]);
    }
    return quoted.failed ? quoted.failed : out->failed;
}
