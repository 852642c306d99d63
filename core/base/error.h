/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_ERROR_H
#define FL_BASE_ERROR_H

#include <fleet/error.h>

/* Puts "WHAT: " before the text; keeps code, detail and retry. Returns the
 * code, for "return fl_error_in(err, ...)". */
int fl_error_in(struct fleet_error *err, const char *format, ...)
    FLEET_PRINTF(2, 3);
int fl_enomem(struct fleet_error *err); /* "out of memory" */

/* Exit statuses of interface.md section 3. */
enum fl_exit {
    FL_EXIT_OK = 0,
    FL_EXIT_FAILED = 1,
    FL_EXIT_USAGE = 2,
    FL_EXIT_PARTIAL = 3,
    FL_EXIT_REFUSED = 4,
    FL_EXIT_CAPACITY = 5,
    FL_EXIT_AUTH = 6,
    FL_EXIT_PROVIDER = 7,
    FL_EXIT_DIFFERENT = 8,
    FL_EXIT_INTERRUPTED = 130
};
int fl_exit_for(int code);

#endif
