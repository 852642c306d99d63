/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_OUTPUT_H
#define FL_CMD_OUTPUT_H

#include "core/cmd/document.h"
#include "core/cmd/table.h"

/* Everything that is printed on standard output goes through here; a full disk
 * or closed pipe is found at the end and changes the exit status. */
void fl_print(struct fl_context *context, const char *text);
void fl_print_n(struct fl_context *context, const char *text, size_t len);
/* Text of a pod. To a terminal nothing goes that could take it over; lines stay
 * lines. */
void fl_print_text(struct fl_context *context, const char *text, size_t len);
/* Text as it may go to a terminal. */
int fl_tame(struct fl_buf *out, const char *text, size_t len);
/* Prints the document when the format is JSON. Returns STATUS, but
 * FL_EXIT_FAILED in place of 0 when something could not be written. */
int fl_output_end(struct fl_context *context, int status);

#endif
