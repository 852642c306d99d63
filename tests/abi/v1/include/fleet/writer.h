/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_WRITER_H
#define FLEET_WRITER_H

#include <fleet/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes text, up to a ceiling. The first failure sticks and the host reports
 * it, so a plugin may write at will and look at nothing. */
struct fleet_writer;

FLEET_API void fleet_write(struct fleet_writer *out, const char *text);
FLEET_API void fleet_write_n(struct fleet_writer *out, const char *data,
                             size_t len);
FLEET_API void fleet_writef(struct fleet_writer *out, const char *format, ...)
    FLEET_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
