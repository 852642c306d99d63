/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BGSCRIPT_H
#define FL_ENGINE_BGSCRIPT_H

/* What is done about background jobs on a pod, as POSIX shell for
 * fl_onpod_add. A job has a directory of its own there, mode 0700:
 * ~/.local/state/fleet/jobs/ID with the command, how it began (boot, began,
 * pid), its output (log, and log.old before it, of bounded size) and how it
 * ended (status).
 *
 * All say "job ID STATE KEY VALUE...": running, exited, lost (the pod was
 * started anew, or the job's keeper is gone), gone, failed (with "why"). */
extern const char fl_bgscript_input[]; /* for sh -c '...' fleet ID */
extern const char fl_bgscript_common[];
extern const char fl_bgscript_start[]; /* id, command, half (bytes of a log) */
extern const char fl_bgscript_look[];  /* ids */
extern const char fl_bgscript_kill[];  /* ids, signal */
extern const char fl_bgscript_clean[]; /* ids: those that have ended */
/* id, lines (-1: all), follow (1 or nothing): says "begin" and then prints the
 * log; at the end "ID ended" on standard error, where it also breathes. */
extern const char fl_bgscript_log[];

#endif
