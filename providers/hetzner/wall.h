/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_WALL_H
#define HETZNER_WALL_H

#include "providers/hetzner/handle.h"

/* A firewall that belongs to one server, is named after its id, and goes with
 * it. */

/* Lets TCP in on PORTS, "22 12000-12999", and nothing else, whether there is a
 * wall already or not. SERVER: as it was read. */
int wall_build(struct hetzner *h, const json_t *server, const char *ports,
               struct fleet_error *err);
/* Whether any firewall stands before the server. */
bool wall_is_there(const json_t *server);
/* Once the server with this id has gone. It costs nothing, so that a failure is
 * only logged. */
void wall_remove(struct hetzner *h, const char *id);

#endif
