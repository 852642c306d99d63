/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/writer.h"

#include <stdarg.h>

void fl_writer_clear(struct fleet_writer *writer)
{
    fl_buf_clear(&writer->buf);
}

int fl_writer_check(const struct fleet_writer *writer, const char *what,
                    struct fleet_error *err)
{
    return fl_buf_check(&writer->buf, what, err);
}

/* A plugin that hands over a field which is unset means nothing by it. */
void fleet_write(struct fleet_writer *out, const char *text)
{
    if (text)
        fl_buf_puts(&out->buf, text);
}

void fleet_write_n(struct fleet_writer *out, const char *data, size_t len)
{
    if (len)
        fl_buf_add(&out->buf, data, len);
}

void fleet_writef(struct fleet_writer *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fl_buf_vprintf(&out->buf, format, args);
    va_end(args);
}
