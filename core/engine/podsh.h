/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PODSH_H
#define FL_ENGINE_PODSH_H

#include "core/engine/visit.h"

/* A script for the pod's sh, whatever the login's own shell is and whatever
 * that prints before. The script goes ahead of the input, so it may hold any
 * name, quoted, and is in no list of processes. */
struct fl_podsh {
    struct fl_visit *visit;
    struct fl_buf script;
    int64_t idle_ms; /* may pass without a byte */

    struct fl_buf input, output; /* in memory, unless there is a .. */
    int (*source)(void *arg, const char **data, size_t *len,
                  struct fleet_error *err);
    int (*sink)(void *arg, const char *data, size_t len,
                struct fleet_error *err);
    void *arg;

    int status;
    struct fl_buf complaint; /* what it has written to standard error */

    /* the room's */
    char mark[20];
    size_t marks[3]; /* how much of the mark was seen, by stream */
    size_t noise;    /* what it has written that nobody has asked for */
    int stage;
};
void fl_podsh_open(struct fl_podsh *sh, struct fl_visit *visit,
                   int64_t idle_ms);
void fl_podsh_clear(struct fl_podsh *sh);
FL_CLEANUP_IN_PLACE(fl_podsh_clear, struct fl_podsh);

/* FLEET_OK: it ran to its end; status tells the rest. */
int fl_podsh_run(struct fl_podsh *sh, struct fleet_error *err);
/* The same, where a status other than 0 is a failure: "WHAT: complaint". */
int fl_podsh_do(struct fl_podsh *sh, const char *what, struct fleet_error *err);
/* That failure, of a script that has run. */
int fl_podsh_complain(const struct fl_podsh *sh, const char *what,
                      struct fleet_error *err);
/* A script that reads nothing but itself, however long it is. */
int fl_podsh_batch(struct fl_podsh *sh, const char *what,
                   struct fleet_error *err);

#endif
