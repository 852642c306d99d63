/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"

#include "core/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct kind {
    int code;
    const char *name;
    int exit;
} kinds[] = {
    {FLEET_OK,           "ok",           FL_EXIT_OK},
    {FLEET_EINTERNAL,    "internal",     FL_EXIT_FAILED},
    {FLEET_ENOMEM,       "internal",     FL_EXIT_FAILED},
    {FLEET_EINVALID,     "invalid",      FL_EXIT_FAILED},
    {FLEET_ENOTFOUND,    "not_found",    FL_EXIT_FAILED},
    {FLEET_EAUTH,        "auth",         FL_EXIT_AUTH},
    {FLEET_ECAPACITY,    "capacity",     FL_EXIT_CAPACITY},
    {FLEET_EQUOTA,       "quota",        FL_EXIT_CAPACITY},
    {FLEET_ECONFLICT,    "conflict",     FL_EXIT_FAILED},
    {FLEET_ERATELIMITED, "rate_limited", FL_EXIT_PROVIDER},
    {FLEET_ETRANSIENT,   "transient",    FL_EXIT_PROVIDER},
    {FLEET_EAMBIGUOUS,   "ambiguous",    FL_EXIT_PROVIDER},
    {FLEET_EUNSUPPORTED, "unsupported",  FL_EXIT_FAILED},
    {FLEET_ELOCKED,      "locked",       FL_EXIT_REFUSED},
    {FLEET_ECANCELLED,   "cancelled",    FL_EXIT_INTERRUPTED},
    {FLEET_ETIMEOUT,     "timeout",      FL_EXIT_PROVIDER},
    {FLEET_EREFUSED,     "refused",      FL_EXIT_REFUSED},
    {FLEET_ECONFIG,      "config",       FL_EXIT_USAGE},
    {FLEET_EUSAGE,       "usage",        FL_EXIT_USAGE},
};
/* clang-format on */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Codes count down from 0 in the order of the table. */
static const struct kind *kind_of(int code)
{
    if (code > 0 || code <= -(int)KINDS)
        code = FLEET_EINTERNAL;
    return &kinds[-code];
}

const char *fleet_code_name(int code)
{
    return kind_of(code)->name;
}

int fleet_code_from_name(const char *name)
{
    for (size_t i = 1; name && i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].code;
    return FLEET_EINTERNAL;
}

int fl_exit_for(int code)
{
    return kind_of(code)->exit;
}

/* One line of valid UTF-8, in place: the text ends up in terminals and JSON. */
static void make_line(char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = fl_utf8_step(text + i, len - i, &c);

        if (!n)
            text[i++] = '?';
        else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            for (; n; n--)
                text[i++] = ' ';
        else
            i += n;
    }
}

/* Puts "..." at the end, but does not cut a character in two. */
static void mark_cut(char *text, size_t size)
{
    size_t at = size - sizeof("...");

    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    memcpy(text + at, "...", sizeof("..."));
}

/* Formats apart first: the arguments may point into OUT. */
static void put(char *out, size_t size, const char *format, va_list args)
{
    char text[sizeof(((struct fleet_error *)0)->text)];
    int len = vsnprintf(text, size, format, args);

    if (len < 0)
        text[0] = '\0';
    else if ((size_t)len >= size)
        mark_cut(text, size);
    make_line(text, strlen(text));
    memcpy(out, text, strlen(text) + 1);
}

int fleet_fail(struct fleet_error *err, int code, const char *format, ...)
{
    int saved = errno;
    va_list args;

    if (err) {
        va_start(args, format);
        put(err->text, sizeof(err->text), format, args);
        va_end(args);
        err->code = code;
        err->detail = err->retry_ms = 0;
        err->reserved = 0;
    }
    errno = saved;
    return code;
}

int fl_error_in(struct fleet_error *err, const char *format, ...)
{
    struct fleet_error was, what;
    int saved = errno;
    va_list args;

    if (!err)
        return FLEET_EINTERNAL;
    was = *err;
    va_start(args, format);
    put(what.text, sizeof(what.text), format, args);
    va_end(args);
    fleet_fail(err, was.code, "%s: %s", what.text, was.text);
    err->detail = was.detail;
    err->retry_ms = was.retry_ms;
    errno = saved;
    return err->code;
}

int fl_enomem(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ENOMEM, "out of memory");
}
