/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_SCREEN_H
#define FL_CMD_SCREEN_H

#include "core/cmd/command.h"

/* Standard error, shared by talk, errors, progress and the log of any thread:
 * at its bottom there may be one status line, and all other lines go above it.
 * Any thread may call. Everything is escaped here. */
void fl_screen_line(const char *text);
void fl_screen_linef(const char *format, ...) FLEET_PRINTF(1, 2);
/* Replaces the status line, cut to the width of the terminal; NULL erases it.
 */
void fl_screen_status(const char *text);
/* The same with several lines, no newline behind the last. They are escaped and
 * cut already, and may be coloured. */
void fl_screen_board(const char *text);
void fl_screen_size(size_t *columns, size_t *rows);
/* Without a newline behind it: the answer follows. */
void fl_screen_prompt(const char *text);

/* Whether standard error can redraw a line. */
bool fl_screen_redraws(void);
/* Whether --color, NO_COLOR, TERM and the stream allow colour. */
bool fl_color_on(const struct fl_context *context, int fd);
/* Warnings and, with -v, more: where fleet_log ends up. */
void fl_screen_log(int level, const char *part, const char *text);

#endif
