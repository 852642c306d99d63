/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CALL_H
#define FL_BASE_CALL_H

#include <stdint.h>

/* The deadline of the plugin call that this thread is in (fleet/host.h asks
 * for it). begin returns the one before, for end to put back. */
int64_t fl_call_begin(int64_t deadline);
void fl_call_end(int64_t before);
int64_t fl_call_deadline(void); /* FL_FOREVER outside any call */

#endif
