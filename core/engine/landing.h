/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LANDING_H
#define FL_ENGINE_LANDING_H

#include "core/model/copies.h"

#include <sys/stat.h>

/* A directory of this computer that what a pod has is put into. Names are
 * hostile: nothing is read or written above it or behind a link, whatever was
 * there before. Files come to .fleet-pull in it and are renamed from there. */
struct fl_landing {
    int top, stage;
};
#define FL_LANDING ((struct fl_landing){-1, -1})

/* PATH is made where it is missing. FLEET_ELOCKED: somebody else's is open
 * there. */
int fl_landing_open(const char *path, struct fl_landing *out,
                    struct fleet_error *err);
/* Only to look: nothing is made, and what is missing is empty. */
int fl_landing_peek(const char *path, struct fl_landing *out,
                    struct fleet_error *err);
void fl_landing_close(struct fl_landing *landing); /* keeps what has come */
/* Nothing is wanted any more of what has come and was not placed. */
void fl_landing_sweep(struct fl_landing *landing);

/* lstat; FLEET_ENOTFOUND; FLEET_ECONFLICT: what should be a directory above it
 * is none. */
int fl_landing_look(const struct fl_landing *landing, const char *name,
                    struct stat *out, struct fleet_error *err);
/* To read a file that is there. */
int fl_landing_file(const struct fl_landing *landing, const char *name, int *fd,
                    struct fleet_error *err);
int fl_landing_dir(const struct fl_landing *landing, const char *name,
                   struct fleet_error *err);
/* A temporary file, with what was in it. */
int fl_landing_temporary(const struct fl_landing *landing, const char *tag,
                         int *fd, struct fleet_error *err);
void fl_landing_drop(const struct fl_landing *landing, const char *tag);
/* The temporary file becomes NAME, in one step. */
int fl_landing_place(const struct fl_landing *landing, const char *tag,
                     const char *name, struct fleet_error *err);
int fl_landing_link(const struct fl_landing *landing, const char *target,
                    const char *name, struct fleet_error *err);
/* What a link there says, NUL-terminated; FLEET_ENOTFOUND. */
int fl_landing_read_link(const struct fl_landing *landing, const char *name,
                         char *out, size_t size);
/* Permissions and time: of a file by FD, before it is placed. */
void fl_landing_finish_file(int fd, const struct fl_copy *copy);
void fl_landing_finish_dir(const struct fl_landing *landing,
                           const struct fl_copy *copy);

#endif
