/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_HANDLE_H
#define HETZNER_HANDLE_H

#include "providers/api/api.h"
#include "providers/hetzner/choice.h"
#include "providers/hetzner/parse.h"

#include <pthread.h>

struct config {
    char *token, *endpoint;
    char *types, *locations;
    char *image, *ssh_key, *firewall, *prices;
    bool ipv4;
};

/* One project. All threads share it. */
struct hetzner {
    const struct config *config;
    struct api api;
    struct choices choices;
    /* Guards the rest, which is read once and then stays until close, so that
     * what it points to may be used without the lock. */
    pthread_mutex_t mutex;
    json_t *types, *pricing;
    json_t *images; /* by "NAME ARCHITECTURE"; null: there is none */
    bool no_pricing;
    json_t *keys; /* by public key: what to write into a create */
    int64_t firewall;
};

/* Within the time of this call. */
int hetzner_enter(struct hetzner *h, struct fleet_error *err);
void hetzner_leave(struct hetzner *h);

/* A GET. */
int hetzner_read(struct hetzner *h, json_t **answer, struct fleet_error *err,
                 const char *format, ...) FLEET_PRINTF(4, 5);
/* All pages of a list, as one array. QUERY ends in "&" unless it is "". */
int hetzner_read_all(struct hetzner *h, const char *path, const char *query,
                     const char *key, json_t **all, struct fleet_error *err);

/* Every request, also of several threads, keeps a little distance: the budget
 * of 3600 an hour belongs to the whole project. */
#define HETZNER_LANE   "requests"
#define HETZNER_GAP_MS 50

#endif
