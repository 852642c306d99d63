/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_PROXYMAKE_H
#define FL_CMD_PROXYMAKE_H

#include "core/cmd/work.h"

/* The machine that fleet makes to be the proxy, and config.env that names it.
 */

/* Makes it unless it is there, asks before that, lets in what it is for, and
 * sets SSH_PROXY_HOST and what else is needed, for this run and in config.env.
 * ON (may be NULL): at this provider. *fresh: made in this run, and its host
 * key is nobody's yet. With --dry-run it only tells; *ready is false then. An
 * exit status; what failed was reported. */
int fl_proxymake(struct fl_context *context, const char *on, bool *ready,
                 bool *fresh);
/* Ends it, after asking, and takes its address out of config.env. */
int fl_proxymake_undo(struct fl_context *context);

/* "and the proxy: proxy.arena at hetzner, running, 0.0133 EUR an hour", where
 * there is one. */
void fl_proxymake_tell(struct fl_context *context,
                       const struct fl_fleet *fleet);
/* It as a pod, or null. */
json_t *fl_proxymake_json(const struct fl_fleet *fleet);

#endif
