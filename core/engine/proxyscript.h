/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROXYSCRIPT_H
#define FL_ENGINE_PROXYSCRIPT_H

#include "core/base/buf.h"

/* The steps at the proxy as POSIX shell. Pure. Each ends with status 0 and
 * prints "ok", or one line that says what was wrong.
 *   look    what is there: lines of words, and behind "file" the file
 *   lock    busy HOLDER: it is somebody else's; old: for a quarter of an hour
 *   seize   takes the lock from SEEN, if that is still its holder
 *   unlock
 *   put     standard input, of SIZE bytes, into the new file
 *   swap    the new file in place of that with the checksum WAS, and reload
 *   back    what was there before swap, and reload
 *   settle  forgets what was there before
 *   install from a bare Debian or Ubuntu to an nginx that reads the file, with
 *           worker_connections NEEDS or more: lines "did ..." before "ok"
 * COMMON and WORDS are name and value in turn, and end at NULL; F is the file,
 * NGINX and RELOAD are command lines, ME is who holds the lock. */
void fl_proxyscript(struct fl_buf *out, const char *step,
                    const char *const *common, const char *const *words);

#endif
