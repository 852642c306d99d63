/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_FORWARD_H
#define FL_MODEL_FORWARD_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the proxy forwards, merged with what the providers say. Pure. A forward
 * that cannot be shown to be wrong stays as it is: it goes only when its pod is
 * certainly gone. */

/* The value of KEY among words KEY=VALUE, malloc'd; "" when it is not there,
 * NULL when out of memory. */
char *fl_word_of(const char *words, const char *key);

/* A line "# fleet: pod ..." of a deployed file. */
struct fl_forward {
    char *name; /* full */
    int64_t port;
    char *host; /* where it leads; IPv6 without brackets */
    int64_t ssh_port;
    char *provider, *id;
};
struct fl_forward_list {
    struct fl_forward *at;
    size_t n, size;
};
/* FLEET_ECONFIG: a line without a target that makes sense; the other lines and
 * words are for fl_ports_parse. */
int fl_forwards_parse(const char *path, const char *text, size_t len,
                      struct fl_forward_list *out, struct fleet_error *err);
void fl_forward_list_clear(struct fl_forward_list *list);
FL_CLEANUP_IN_PLACE(fl_forward_list_clear, struct fl_forward_list);

/* What the providers say. */
struct fl_told_pod {
    const char *name, *provider, *id, *host;
    int64_t ssh_port;
    const char *objection; /* why nothing can lead to it; NULL: it can */
    bool unlisted;         /* remembered only */
    const void *origin;    /* the caller's */
};
struct fl_told_provider {
    const char *name;
    bool ok; /* its listing is to be believed */
};
struct fl_told {
    const struct fl_told_pod *pods;
    size_t n_pods;
    const struct fl_told_provider *providers;
    size_t n_providers;
    bool prune; /* an empty listing counts like any other */
    /* Whether fleet itself has ended that pod. */
    bool (*ended)(void *arg, const char *provider, const char *id);
    void *arg;
};

enum fl_move {
    FL_MOVE_ADDED,
    FL_MOVE_CHANGED,
    FL_MOVE_KEPT,
    FL_MOVE_STALE, /* kept as it was, for its pod cannot be asked about */
    FL_MOVE_REMOVED
};
/* The worker_connections that nginx needs for so many forwards: a listener
 * takes one in each worker, and a session two; nobody has more than eight at
 * once. */
int64_t fl_forward_connections(size_t n);
const char *fl_move_name(enum fl_move move); /* "kept-stale" */

struct fl_forward_row {
    enum fl_move move;
    const char *name;              /* borrowed, as all of this */
    const struct fl_forward *was;  /* NULL: added */
    const struct fl_told_pod *now; /* NULL: stale or removed */
    const char *why;               /* of stale and removed */
    int64_t port;                  /* as deployed, until fl_forwards_settle */
};
struct fl_forward_rows {
    struct fl_forward_row *at; /* the deployed ones in their order, then new */
    size_t n;
};
int fl_forwards_merge(const struct fl_forward_list *deployed,
                      const struct fl_told *told, struct fl_forward_rows *out,
                      struct fleet_error *err);
/* Puts PORT(name) into each row and the rows into the order of the ports; a
 * forward whose port is another one than was deployed has changed. */
void fl_forwards_settle(struct fl_forward_rows *rows,
                        int64_t (*port)(void *arg, const char *name),
                        void *arg);
size_t fl_forwards_count(const struct fl_forward_rows *rows, enum fl_move move);
/* Forwards that are added, changed or removed. */
bool fl_forwards_differ(const struct fl_forward_rows *rows);
void fl_forward_rows_clear(struct fl_forward_rows *rows);
FL_CLEANUP_IN_PLACE(fl_forward_rows_clear, struct fl_forward_rows);

#endif
