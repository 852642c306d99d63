/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/seen.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_DIGITS 18 /* a file of an exabyte is none */

static const char *read_number(const char *at, int base, size_t max,
                               int64_t *out)
{
    const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    bool minus = base == 10 && *at == '-';
    size_t len = strspn(at + minus, digits);

    if (len == 0 || len > max)
        return NULL;
    *out = strtoll(at, NULL, base);
    return at + minus + len;
}

const char *fl_seen_numbers(const char *at, struct fl_seen *out)
{
    int64_t mode = 0;

    at = read_number(at, 16, 8, &mode);
    if (at && *at++ == ' ')
        at = read_number(at, 10, SIZE_DIGITS, &out->size);
    else
        at = NULL;
    if (at && *at++ == ' ')
        at = read_number(at, 10, SIZE_DIGITS, &out->mtime);
    else
        at = NULL;
    out->mode = (mode_t)mode;
    return at && out->size >= 0 ? at : NULL;
}

static const char *behind(const char *at, const char *text)
{
    size_t len = strlen(text);

    return at && strncmp(at, text, len) == 0 ? at + len : NULL;
}

/* As it is, or with an apostrophe on either side. */
static const char *behind_name(const char *at, const char *name)
{
    const char *end = behind(at, name);

    if (end || *at != '\'')
        return end;
    end = behind(at + 1, name);
    return end && *end == '\'' ? end + 1 : NULL;
}

static const char *read_link(const char *at, struct fl_seen *out)
{
    size_t len = strcspn(at, "\n");

    if (at[len] != '\n')
        return NULL;
    out->link = at;
    out->link_len = len;
    if (len >= 2 && at[0] == '\'' && at[len - 1] == '\'') {
        out->link++;
        out->link_len -= 2;
    }
    return at + len;
}

bool fl_seen_read(const char **at, const char *name, struct fl_seen *out)
{
    struct fl_seen seen = {0};
    const char *text = fl_seen_numbers(*at, &seen), *arrow;

    if (!text || *text != ' ')
        return false;
    text = behind_name(text + 1, name);
    arrow = behind(text, " -> ");
    if (arrow)
        text = read_link(arrow, &seen);
    if (!text || *text != '\n')
        return false;
    *at = text + 1;
    *out = seen;
    return true;
}

/* As the tools write a name that has a newline or a backslash in it. */
static const char *behind_escaped(const char *at, const char *name)
{
    for (; *name; name++) {
        if (*name == '\n' || *name == '\\' || *name == '\r') {
            char want = *name == '\n' ? 'n' : *name == '\r' ? 'r' : '\\';

            if (*at++ != '\\' || *at != want)
                return NULL;
        } else if (*at != *name) {
            return NULL;
        }
        at++;
    }
    return at;
}

bool fl_seen_sum(const char **at, enum fl_digest_kind kind, const char *name,
                 char out[FL_DIGEST_SIZE])
{
    bool escaped = **at == '\\';
    const char *text = *at + escaped;
    size_t len = fl_digest_read(kind, text, out);

    if (len == 0 || text[len] != ' ')
        return false;
    text += len + 1;
    text += *text == ' ' || *text == '*';
    text = escaped ? behind_escaped(text, name) : behind(text, name);
    if (!text || *text != '\n')
        return false;
    *at = text + 1;
    return true;
}
