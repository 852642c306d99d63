/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_EXCHANGE_H
#define FL_CMD_EXCHANGE_H

#include "core/cmd/work.h"
#include "core/engine/change.h"

/* Two pods of which one takes the name of the other over, so that a run which
 * dies anywhere can be gone on with. */
struct fl_exchange {
    struct fl_context *context;
    struct fl_fleet *fleet;
    char *name, *next, *old; /* full: of the pod, of the new one before, and of
                                the old one after it */
    char *dir;               /* of what is here meanwhile */
    char *marker;            /* a file in it while names change */
};
/* GIVEN: the pod, short or full. */
int fl_exchange_open(struct fl_context *context, struct fl_fleet *fleet,
                     const char *given, struct fl_exchange *exchange,
                     struct fleet_error *err);
void fl_exchange_close(struct fl_exchange *exchange);

const struct fl_member *fl_exchange_find(const struct fl_exchange *exchange,
                                         const char *name);
/* What is there now; members are new after it. */
int fl_exchange_look(struct fl_exchange *exchange, struct fleet_error *err);
/* One change to the pod of that name. */
int fl_exchange_change(struct fl_exchange *exchange, enum fl_change what,
                       const char *name, const char *new_name,
                       struct fleet_error *err);
/* The old pod gets its other name, if it has not, and the new one its. */
int fl_exchange_swap(struct fl_exchange *exchange, struct fleet_error *err);
/* As before: the new pod is gone, and the old one has its name; tells whether
 * that could be. */
void fl_exchange_undo(struct fl_exchange *exchange);
/* An earlier run has died while names were exchanged, or later. */
bool fl_exchange_unfinished(const struct fl_exchange *exchange);

#endif
