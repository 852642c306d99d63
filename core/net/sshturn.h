/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHTURN_H
#define FL_NET_SSHTURN_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdint.h>

/* sshd drops new connections while too many have not logged in yet
 * (MaxStartups), and several machines may stand behind one server. So those who
 * connect to one host and port take turns: at most FL_TURNS at once, from
 * opening the connection until they are logged in or gave up. */
#define FL_TURNS 8

struct fl_turn;
/* Waits until it is ours. FLEET_ETIMEOUT, FLEET_ECANCELLED, FLEET_ENOMEM. */
int fl_turn_take(const char *host, int port, int64_t deadline,
                 struct fl_turn **out, struct fleet_error *err);
/* The server turned us away: half as many at once from now on, at least one. */
void fl_turn_crowded(struct fl_turn *turn);
void fl_turn_end(struct fl_turn *turn);
FL_CLEANUP(fl_turn_end, struct fl_turn *);

#endif
