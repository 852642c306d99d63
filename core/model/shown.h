/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_SHOWN_H
#define FL_MODEL_SHOWN_H

#include <stddef.h>

/* What somebody typed, fit for an error message: escaped, and cut after a few
 * words with "..." behind it. */
#define FL_SHOWN_SIZE 256
void fl_shown(char out[FL_SHOWN_SIZE], const char *text);
void fl_shown_n(char out[FL_SHOWN_SIZE], const char *text, size_t len);

#endif
