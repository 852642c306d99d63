/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_REQUEST_H
#define VAST_REQUEST_H

#include "providers/vast/config.h"

#include <fleet/record.h>
#include <jansson.h>

/* What goes out. Pure. */

/* Longest label that every part of Vast takes. */
#define VAST_LABEL_MAX 60
/* At most so many offers come back of one search. */
#define VAST_ROWS  64
#define VAST_TOKEN "FLEET_TOKEN" /* in an instance's environment */

/* What offers have to be: sent as filters, and looked at again in what comes
 * back. */
struct vast_want {
    json_t *names;     /* of GPUs; an empty array: any */
    json_t *countries; /* NULL: any */
    json_t *avoid;     /* ids of machines; NULL: none */
    int64_t gpus, least_gb, disk_gb, ports, duration_s;
    double reliability;
    bool verified, datacenter, spot;
    int64_t bid_micros; /* 0: a little above the lowest */
    char tier[32];      /* the word that the user has for it; "": ours */
};
int vast_want_init(struct vast_want *want, const struct vast_config *config,
                   const struct fleet_spec *spec, struct fleet_error *err);
void vast_want_clear(struct vast_want *want);

/* The search. FROM: offers at this price or above, for another page; 0: all.
 * ANY_GPU: whatever its name. NULL: no memory. */
json_t *vast_search_body(const struct vast_want *want, double from,
                         bool any_gpu);

/* Disk to ask for, GB. There are no volumes as elsewhere: the disk itself stays
 * while an instance is stopped, and so it has room for both. */
int64_t vast_disk_gb(const struct fleet_spec *spec);
/* To bid where the lowest that is taken is so much; -1: the user's is less. */
int64_t vast_bid(int64_t wanted_micros, int64_t lowest_micros);

/* An offer's id as fleet keeps it: that of the ask and, for a bid, what to
 * bid. */
#define VAST_OFFER_SIZE 48
void vast_offer_id(char out[VAST_OFFER_SIZE], int64_t ask, int64_t bid_micros);
/* bid_micros 0: on demand. */
int vast_offer_read(const char *id, int64_t *ask, int64_t *bid_micros,
                    struct fleet_error *err);

/* BID_MICROS 0: on demand. */
int vast_create_body(const struct vast_config *config,
                     const struct fleet_spec *spec, int64_t bid_micros,
                     json_t **body, struct fleet_error *err);
/* FLEET_EINVALID when it is too long for a label. */
int vast_check_label(const char *name, struct fleet_error *err);

#endif
