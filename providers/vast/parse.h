/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_PARSE_H
#define VAST_PARSE_H

#include "providers/vast/request.h"

/* What comes in. Pure. */

/* One page of the listing. Its instances are added to ROWS, an object by id
 * (the first of an id counts). *next is borrowed from ANSWER, NULL on the last
 * page; *total is -1 when it is not told. */
int vast_page(const json_t *answer, json_t *rows, const char **next,
              int64_t *total, struct fleet_error *err);
/* The instance of an answer to one; borrowed. FLEET_ENOTFOUND: it is gone. */
int vast_instance(const json_t *answer, const json_t **row,
                  struct fleet_error *err);

enum { VAST_ID_SIZE = 24 };
bool vast_id(const json_t *object, const char *key, char id[VAST_ID_SIZE]);

/* RECENT: it was started a moment ago, so "exited" is what it was before. */
int vast_state(const json_t *row, bool recent);
struct vast_place {
    char host[256];
    int64_t port;
};
/* Where its sshd is; false: nowhere yet. DIRECT: on the host itself, where that
 * has a port for it; else by Vast's proxy. Never one's host with the other's
 * port. */
bool vast_place(const json_t *row, bool direct, struct vast_place *place);
void vast_pod(struct fleet_pod *pod, const json_t *row, bool recent,
              const struct vast_config *config);

/* Whether an offer is what was wanted, with a price and an id: the search is
 * not taken at its word. */
bool vast_offer_fits(const json_t *row, const struct vast_want *want,
                     bool any_gpu);
/* What the whole pod costs an hour, its disk included, in millionths; -1:
 * unknown. *bid_micros: what to bid, 0 on demand. */
int64_t vast_offer_price(const json_t *row, const struct vast_want *want,
                         int64_t *bid_micros);
/* Of one that fits. */
void vast_offer(struct fleet_offer *offer, const json_t *row,
                const struct vast_want *want);

#endif
