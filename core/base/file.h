/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_FILE_H
#define FL_BASE_FILE_H

#include "core/base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whole file into buf (its ceiling holds). FLEET_ENOTFOUND when there is none,
 * FLEET_ECONFIG when it cannot be read, is no regular file or is too large. */
int fl_file_read(const char *path, struct fl_buf *buf, struct fleet_error *err);
/* Temporary file beside it, fsync, rename: PATH has the old or the new text. */
int fl_file_write(const char *path, const char *data, size_t len, mode_t mode,
                  struct fleet_error *err);
/* mkdir -p with mode 0700 for what is made. */
int fl_dir_make(const char *path, struct fleet_error *err);
/* Removes a tree below a directory we made; never follows links, never crosses
 * a mount. A missing path is fine. */
int fl_dir_remove(const char *path, struct fleet_error *err);
/* FLEET_EREFUSED when PATH, or a directory above it, is owned by somebody other
 * than us or root, or may be written by others (a sticky directory above it is
 * fine). Names the path at fault and the remedy. */
int fl_path_trusted(const char *path, struct fleet_error *err);
/* A newly allocated DIR/NAME; NULL when out of memory. NAME absolute: NAME. */
char *fl_path_join(const char *dir, const char *name);
/* $HOME, else the password file's; NULL when neither is there. Borrowed. */
const char *fl_home(void);
/* The password file's, whatever $HOME says: OpenSSH goes by that one. */
const char *fl_passwd_home(void);

#endif
