/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Lead bytes by length: the bits that mark them, the bits that count, and the
 * least value that needs so many bytes. */
/* clang-format off */
static const struct lead {
    unsigned char mask, mark;
    uint32_t least;
} leads[] = {
    {0x80, 0x00, 0x0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};
/* clang-format on */

size_t fl_utf8_step(const char *text, size_t len, uint32_t *code)
{
    const unsigned char *byte = (const unsigned char *)text;
    uint32_t c;
    size_t n = 0;

    while (n < 4 && len && (byte[0] & leads[n].mask) != leads[n].mark)
        n++;
    if (n >= len || n == 4 || byte[0] == '\0')
        return 0;
    c = byte[0] & (unsigned char)~leads[n].mask;
    for (size_t i = 1; i <= n; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (byte[i] & 0x3f);
    }
    if (c < leads[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n + 1;
}

bool fl_utf8_valid(const char *text, size_t len)
{
    uint32_t c;

    while (len) {
        size_t n = fl_utf8_step(text, len, &c);

        if (!n)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

size_t fl_text_width(const char *text)
{
    size_t width = 0;

    while (*text) {
        uint32_t c;
        size_t n = fl_utf8_step(text, strnlen(text, 4), &c);
        int columns = n ? wcwidth((wchar_t)c) : 1;

        /* -1 is a control character, or one that the locale does not know */
        if (columns < 0)
            columns = is_control(c) ? 0 : 1;
        width += (size_t)columns;
        text += n ? n : 1;
    }
    return width;
}

/* Marks that reorder or break the line that they stand in. */
static bool is_deceptive(uint32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}

int fl_text_escape(struct fl_buf *out, const char *text)
{
    while (*text) {
        uint32_t c = 0;
        size_t n = fl_utf8_step(text, strnlen(text, 4), &c);

        if (!n || c < 0x20 || c == 0x7f) {
            fl_buf_printf(out, "\\x%02x", (unsigned char)*text);
            n = 1;
        } else if (is_control(c) || is_deceptive(c)) {
            fl_buf_printf(out, "\\u{%04x}", (unsigned)c);
        } else {
            fl_buf_add(out, text, n);
        }
        text += n;
    }
    return out->failed;
}

int fl_shell_quote(struct fl_buf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=:,./@%";

    if (*text && !text[strspn(text, plain)])
        return fl_buf_puts(out, text);
    fl_buf_putc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            fl_buf_puts(out, "'\\''");
        else
            fl_buf_putc(out, *text);
    }
    return fl_buf_putc(out, '\'');
}

#define LONGEST 64 /* words that we compare; more is no typing mistake */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from A
 * to B (optimal string alignment), for words of at most LONGEST bytes. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t i, j, b_len = strlen(b);

    for (j = 0; j <= b_len; j++)
        last[j] = before[j] = (unsigned)j;
    for (i = 1; a[i - 1]; i++) {
        unsigned *oldest = before;

        row[0] = (unsigned)i;
        for (j = 1; j <= b_len; j++) {
            unsigned cost = same(a[i - 1], b[j - 1]) ? 0 : 1;

            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
                same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_len];
}

/* The only entry that begins with TEXT. */
static const char *completion(const char *text, const char *const *list)
{
    const char *found = NULL;

    for (; *list; list++) {
        if (strncasecmp(*list, text, strlen(text)) != 0)
            continue;
        if (found)
            return NULL;
        found = *list;
    }
    return found;
}

const char *fl_closest(const char *text, const char *const *list)
{
    size_t len = strlen(text);
    unsigned best = len < 6 ? 1 : len < 9 ? 2 : 3;
    const char *found = NULL;

    if (len == 0 || len > LONGEST)
        return NULL;
    if (len == 1)
        best = 0; /* one letter for another is no hint */
    for (const char *const *at = list; *at; at++) {
        unsigned away;

        if (strlen(*at) > LONGEST)
            continue;
        away = distance(text, *at);
        if (away < best || (away == best && !found)) {
            best = away;
            found = *at;
        }
    }
    return found ? found : completion(text, list);
}

bool fl_parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = text + (*text == '-');
    int saved = errno;
    long long value;
    bool fits;

    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    value = strtoll(text, NULL, 10);
    fits = errno == 0 && value >= min && value <= max;
    errno = saved;
    if (fits)
        *out = value;
    return fits;
}

char *fl_format(const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(SIZE_MAX);
    va_list args;

    va_start(args, format);
    fl_buf_vprintf(&buf, format, args);
    va_end(args);
    return fl_buf_take(&buf);
}

void fl_wipe(void *memory, size_t len)
{
    if (memory)
        explicit_bzero(memory, len);
}
