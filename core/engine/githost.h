/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_GITHOST_H
#define FL_ENGINE_GITHOST_H

#include <fleet/error.h>

/* The host keys, "type blob" a line, that this user's ssh knows HOST by ("host"
 * or "[host]:port"); malloc'd. What github.com says of itself is known without.
 * FLEET_ECONFIG tells the remedy. */
int fl_githost_keys(const char *host, char **keys, struct fleet_error *err);

#endif
