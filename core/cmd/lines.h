/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_LINES_H
#define FL_CMD_LINES_H

#include "core/cmd/command.h"
#include "core/engine/fleet.h"

/* What pods print, as it comes: whole lines, each behind the short name of its
 * pod, so that no two run into each other. Each pod is heard by one thread, and
 * any number of them at once; nothing else may print meanwhile. */
struct fl_lines;
struct fl_lines_of; /* one pod's */
/* NAMED: with the names. ASIDE: everything to standard error. */
int fl_lines_open(struct fl_context *context, const struct fl_fleet *fleet,
                  bool named, bool aside, struct fl_lines **out,
                  struct fleet_error *err);
/* Not while a thread may still be heard; prints nothing more. */
void fl_lines_close(struct fl_lines *lines);
FL_CLEANUP(fl_lines_close, struct fl_lines *);

/* A struct fl_lines_of for each member; what fl_lines_heard is given. */
void *const *fl_lines_members(const struct fl_lines *lines);
/* Fits fl_ssh_heard. LEN 0: an unfinished line is printed as one. A line that
 * is too long is printed in pieces. */
void fl_lines_heard(void *of, int stream, const char *data, size_t len);

#endif
