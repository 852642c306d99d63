/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_PROGRESS_H
#define FL_CMD_PROGRESS_H

#include "core/cmd/command.h"

/* Work on many pods, as it goes: on a terminal one status line (done, total,
 * elapsed, what is waited for), elsewhere a line a finished pod, nothing under
 * -q. The sink fits fl_event_sink. */
struct fl_progress;
/* done_word: what a finished pod is, "created". NULL when out of memory, which
 * the others accept. */
struct fl_progress *fl_progress_open(struct fl_context *context,
                                     const char *done_word);
/* With a line for each pod that is worked on, as many as there is room for. */
struct fl_progress *fl_progress_table(struct fl_context *context,
                                      const char *done_word);
void fl_progress_event(void *progress, const struct fl_event *event);
/* More at the end of the status line, told anew each time: in a thread of its
 * own. */
void fl_progress_tail(struct fl_progress *progress,
                      void (*tail)(void *arg, struct fl_buf *out), void *arg);
void fl_progress_close(struct fl_progress *progress);
FL_CLEANUP(fl_progress_close, struct fl_progress *);

/* The status line, for a pod that is worked on (NULL: none) and MORE others. */
int fl_progress_text(struct fl_buf *out, const char *done_word, size_t done,
                     size_t total, int64_t elapsed_ms, const char *pod,
                     const char *step, size_t more);

#endif
