/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_GATE_H
#define FL_ENGINE_GATE_H

#include <fleet/plugin.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Lets calls into one plugin, over all its handles, no closer together and no
 * more at once than it asks for. A call's time is its own: what it waits here
 * is not taken from it. But nobody waits for a call inside that has overstayed
 * its own deadline. */
#define FL_OPS 16 /* enum fleet_op fits, and so do the next few */

/* What one call at a time has. */
struct fl_turn {
    bool busy;
    int64_t until; /* the deadline of the call inside */
};

struct fl_gate {
    pthread_mutex_t mutex; /* guards the rest, and every turn given to enter */
    pthread_cond_t changed;
    struct fl_turn turn;     /* of a FLEET_THREADS_SERIAL plugin */
    int64_t next_ms[FL_OPS]; /* by enum fleet_op: not before this */
    uint32_t gap_ms[FL_OPS]; /* constant */
};

void fl_gate_init(struct fl_gate *gate);
/* As in struct fleet_plugin; may be NULL. Before the first call. */
void fl_gate_pace(struct fl_gate *gate, const struct fleet_pace *pace);
void fl_gate_clear(struct fl_gate *gate);

/* Waits until TURN is free and takes it (NULL: any number of calls), and until
 * the pace allows OP (0: no pace); moves *DEADLINE on by what that took.
 * FLEET_OK, then leave with the same turn. FLEET_ETIMEOUT: there is no time
 * left for the call, or the one inside does not end. */
int fl_gate_enter(struct fl_gate *gate, struct fl_turn *turn, int op,
                  int64_t *deadline, struct fleet_error *err);
void fl_gate_leave(struct fl_gate *gate, struct fl_turn *turn);

#endif
