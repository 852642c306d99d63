/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_INSTALL_H
#define FL_CMD_INSTALL_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>

/* A cohort's SSH configuration in a file of its own,
 * ~/.ssh/config.d/fleet-PREFIX (0600), and a line at the top of ~/.ssh/config
 * that includes it. */

/* The rest of ~/.ssh/config stays, byte for byte. FLEET_EREFUSED: one of the
 * two files is not ours to change, or cannot be read. *config (malloc'd) is the
 * latter, *seen: OpenSSH looks for it there. */
int fl_install(const char *prefix, const char *text, size_t len, char **config,
               bool *seen, struct fleet_error *err);
/* Undoes both; *was: there was something to undo. */
int fl_uninstall(const char *prefix, bool *was, struct fleet_error *err);

#endif
