/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_WAIT_H
#define FL_NET_WAIT_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define FL_WAIT_MAX 16

/* The one wait of everything that talks to the network: until one of these N
 * (at most FL_WAIT_MAX) is ready, the deadline comes or the run is cancelled.
 * FLEET_OK, FLEET_ETIMEOUT or FLEET_ECANCELLED. N may be 0: a pause. */
int fl_wait(struct pollfd *at, size_t n, int64_t deadline);

#endif
