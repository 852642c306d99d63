/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_COPIES_H
#define FL_MODEL_COPIES_H

#include "core/base/strv.h"

#include <fleet/error.h>
#include <stdint.h>
#include <sys/types.h>

/* Lists of files, directories and links that are copied from here to there, and
 * rules about their names. Names are below a top, "a/b/c"; from a pod they are
 * hostile. */
struct fl_copy {
    char *path;       /* where it is read from */
    const char *name; /* below the top: the end of path */
    mode_t mode;      /* type and permissions */
    int64_t size;     /* of a file; 0 for the others */
    int64_t mtime_ns;
    char *link; /* what a symbolic link says; else NULL */
};
struct fl_copies {
    struct fl_copy *at;
    size_t n, size;
    size_t files;  /* links count, too */
    int64_t bytes; /* of all files */
};
#define FL_COPIES_MAX      ((size_t)2000000)
#define FL_COPY_NAME_MAX   4000
#define FL_COPY_OWN_PREFIX ".fleet-pu" /* ..sh-TAG and ..ll: being copied */

/* Its name is what stands behind the first SKIP bytes of the path.
 * FLEET_EINVALID when the list is full. LINK may be NULL. */
int fl_copies_add(struct fl_copies *list, const char *path, size_t skip,
                  const struct fl_copy *what, struct fleet_error *err);
/* A directory comes right before what is in it. FLEET_EINVALID: two of one
 * name. */
int fl_copies_sort(struct fl_copies *list, struct fleet_error *err);
/* NULL: there is none of that name. The list is sorted. */
const struct fl_copy *fl_copies_find(const struct fl_copies *list,
                                     const char *name, size_t len);
void fl_copies_clear(struct fl_copies *list);
FL_CLEANUP_IN_PLACE(fl_copies_clear, struct fl_copies);

/* Whether it can only mean something below the top: no "..", not absolute, no
 * empty part, not too long. */
bool fl_copy_name_ok(const char *name);
/* Every name ok and the directory above it in the list, as a directory: nothing
 * that is made from the list can lead out of it. The list is sorted. */
int fl_copies_check(const struct fl_copies *list, struct fleet_error *err);
/* Whether a link of this name that says TARGET stays below the top, whatever
 * other such links are there. */
bool fl_copy_link_ok(const char *name, const char *target);
/* Whether a pattern matches the name, or that of a directory above it: "b" and
 * "b/c" what the name ends in, "/a/b" the whole name. */
bool fl_copy_excluded(const struct fl_strv *patterns, const char *name);

#endif
