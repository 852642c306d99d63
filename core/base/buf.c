/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/buf.h"

#include "core/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 64

void fl_buf_init(struct fl_buf *buf, size_t max)
{
    *buf = FL_BUF(max);
}

void fl_buf_clear(struct fl_buf *buf)
{
    free(buf->data);
    fl_buf_init(buf, buf->max);
}

void fl_buf_empty(struct fl_buf *buf)
{
    buf->len = 0;
    buf->failed = FLEET_OK;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Doubles, but asks for no more than the ceiling and its NUL. */
static size_t grown(const struct fl_buf *buf, size_t need)
{
    size_t most = buf->max < SIZE_MAX ? buf->max + 1 : SIZE_MAX;
    size_t size = buf->size ? buf->size : SMALLEST;

    while (size < need)
        size = size <= most / 2 ? size * 2 : most;
    return size <= most ? size : most;
}

int fl_buf_reserve(struct fl_buf *buf, size_t want)
{
    size_t size;
    char *data;

    if (buf->failed)
        return buf->failed;
    if (want > buf->max - buf->len || want >= SIZE_MAX - buf->len)
        return buf->failed = FLEET_EINVALID;
    if (buf->len + want < buf->size)
        return FLEET_OK;
    size = grown(buf, buf->len + want + 1);
    data = realloc(buf->data, size);
    if (!data)
        return buf->failed = FLEET_ENOMEM;
    memset(data + buf->size, 0, size - buf->size);
    buf->data = data;
    buf->size = size;
    return FLEET_OK;
}

int fl_buf_add(struct fl_buf *buf, const void *data, size_t len)
{
    int rc = fl_buf_reserve(buf, len);

    if (rc < 0)
        return rc;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return FLEET_OK;
}

int fl_buf_puts(struct fl_buf *buf, const char *text)
{
    return fl_buf_add(buf, text, strlen(text));
}

int fl_buf_putc(struct fl_buf *buf, char c)
{
    return fl_buf_add(buf, &c, 1);
}

int fl_buf_printf(struct fl_buf *buf, const char *format, ...)
{
    va_list args;
    int rc;

    va_start(args, format);
    rc = fl_buf_vprintf(buf, format, args);
    va_end(args);
    return rc;
}

int fl_buf_vprintf(struct fl_buf *buf, const char *format, va_list args)
{
    va_list again;
    int len, rc;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0 && !buf->failed)
        buf->failed = FLEET_ENOMEM;
    rc = fl_buf_reserve(buf, len < 0 ? 0 : (size_t)len);
    if (rc < 0)
        return rc;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
    return FLEET_OK;
}

int fl_buf_check(const struct fl_buf *buf, const char *what,
                 struct fleet_error *err)
{
    if (buf->failed == FLEET_OK)
        return FLEET_OK;
    if (buf->failed == FLEET_ENOMEM)
        return fleet_fail(err, FLEET_ENOMEM, "%s: out of memory", what);
    if (buf->max >> 20 && !(buf->max & ((1u << 20) - 1)))
        return fleet_fail(err, buf->failed, "%s: larger than %zu MiB", what,
                          buf->max >> 20);
    return fleet_fail(err, buf->failed, "%s: larger than %zu bytes", what,
                      buf->max);
}

const char *fl_buf_text(const struct fl_buf *buf)
{
    if (!buf->data)
        return "";
    if (buf->data[buf->len]) /* left by whoever used fl_buf_reserve */
        buf->data[buf->len] = '\0';
    return buf->data;
}

char *fl_buf_take(struct fl_buf *buf)
{
    char *text = NULL;

    if (fl_buf_reserve(buf, 0) == FLEET_OK) {
        buf->data[buf->len] = '\0';
        text = fl_take(buf->data);
    }
    fl_buf_clear(buf);
    return text;
}
