/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_CONNECT_H
#define FL_NET_CONNECT_H

#include <fleet/error.h>
#include <netdb.h>
#include <stdint.h>

/* A TCP connection to the first of these addresses that accepts one: families
 * in turn, each a little after the one before, without giving up on that (RFC
 * 8305). *fd does not block and is closed on exec. FLEET_ETRANSIENT when all of
 * them failed (text and detail are about the last), FLEET_ETIMEOUT,
 * FLEET_ECANCELLED.
 */
int fl_connect(const struct addrinfo *list, int64_t deadline, int *fd,
               struct fleet_error *err);

#endif
