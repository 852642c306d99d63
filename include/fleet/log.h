/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_LOG_H
#define FLEET_LOG_H

#include <fleet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fleet_level {
    FLEET_LOG_WARNING = 1, /* shown unless -q */
    FLEET_LOG_INFO = 2,    /* -v */
    FLEET_LOG_WIRE = 3     /* -vv, or --trace=PART */
};

/* One line to standard error, named after its part (a plugin uses its own
 * name). Free when nobody listens. Any thread. Never a secret. */
FLEET_API void fleet_log(int level, const char *part, const char *format, ...)
    FLEET_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
