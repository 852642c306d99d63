/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_ACCESS_H
#define HETZNER_ACCESS_H

#include "providers/hetzner/handle.h"

/* Who gets in: what a create names of the project's keys and firewalls. */

/* The keys of a new server: that of the cohort, uploaded when the project does
 * not have it, and HETZNER_SSH_KEY. An array; the caller's. Keys are never
 * deleted. */
int access_keys(struct hetzner *h, const char *public_key, json_t **keys,
                struct fleet_error *err);
/* 0: none is set. */
int access_firewall(struct hetzner *h, int64_t *id, struct fleet_error *err);
/* The firewall of that name; *found stays NULL when there is none. */
int access_find_wall(struct hetzner *h, const char *name, json_t **found,
                     struct fleet_error *err);

#endif
