/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_ACTION_H
#define HETZNER_ACTION_H

#include "providers/hetzner/handle.h"

/* A change of a server: METHOD on /servers/ID followed by TAIL. While another
 * action keeps the server busy this waits for that one. BODY is eaten. The
 * action that the answer names is waited for, too, at most MOST_MS: it has been
 * accepted, so what takes longer is no failure. FLAGS: of the request. */
struct action {
    const char *method, *id, *tail;
    json_t *body;
    uint32_t flags;
    int64_t most_ms;
};
int action_run(struct hetzner *h, const struct action *action,
               struct fleet_error *err);

/* Waits, at most MOST_MS, for an action that an answer has named; NULL is none.
 * An error is that of an action that has failed. */
int action_await(struct hetzner *h, const json_t *begun, int64_t most_ms,
                 struct fleet_error *err);

/* Whether an action runs on the server. */
int action_is_busy(struct hetzner *h, const char *id, bool *busy,
                   struct fleet_error *err);

#endif
