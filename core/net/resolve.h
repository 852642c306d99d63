/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_RESOLVE_H
#define FL_NET_RESOLVE_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <netdb.h>
#include <stdint.h>

/* The addresses of HOST, a name or a number, for TCP to PORT. *out is for
 * freeaddrinfo. FLEET_ETRANSIENT (also: no such name, for names of new machines
 * take time to spread), FLEET_ETIMEOUT, FLEET_ECANCELLED or FLEET_ENOMEM. */
int fl_resolve(const char *host, int port, int64_t deadline,
               struct addrinfo **out, struct fleet_error *err);

FL_CLEANUP(freeaddrinfo, struct addrinfo *);

#endif
