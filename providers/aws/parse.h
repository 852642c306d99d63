/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_PARSE_H
#define AWS_PARSE_H

#include "providers/aws/xml.h"

/* What EC2 answers, as records and facts. Pure. */

#define TAG_OWNER  "managed-by" /* "fleet": one of ours */
#define TAG_FLEET  "fleet"
#define TAG_NAME   "Name"
#define TAG_TOKEN  "fleet-token"
#define TAG_COHORT "fleet-cohort"
#define TAG_LOCK   "fleet-locked"
/* Where and as whom it is logged in to, when that is not usual. */
#define TAG_PORT "fleet-ssh-port"
#define TAG_USER "fleet-ssh-user"

/* The value of a tag; NULL: none. */
const char *parse_tag(const json_t *thing, const char *key);
bool parse_is_ours(const json_t *thing);
bool parse_is_terminated(const json_t *instance);
/* Ended, or on its way there. */
bool parse_is_leaving(const json_t *instance);
bool parse_is_spot(const json_t *instance);
const char *parse_zone(const json_t *instance);

/* Without GPU and price, which EC2 does not tell here. */
int parse_instance(const json_t *instance, struct fleet_pod *pod,
                   struct fleet_error *err);
/* Calls EACH for every instance of an answer of DescribeInstances or
 * RunInstances; a negative code ends it. */
typedef int parse_each(void *arg, const json_t *instance,
                       struct fleet_error *err);
int parse_instances(const json_t *answer, parse_each *each, void *arg,
                    struct fleet_error *err);
/* The token of the next page; NULL: this was the last. */
const char *parse_next(const json_t *answer);

/* Of a type. */
bool parse_has_market(const json_t *type, bool spot);
/* "x86_64" or "arm64"; NULL: neither. */
const char *parse_architecture(const json_t *type);
/* The card's name, such as "A10G"; NULL: no GPU. */
const char *parse_gpu(const json_t *type, int64_t *count);

/* Whether an instance of that type loses nothing when it is stopped: its disks
 * are all EBS. */
bool parse_keeps(const json_t *instance, const json_t *type);

/* The newest image of ARCHITECTURE; NULL: none. Another one's is left out. */
const json_t *parse_newest(const json_t *images, const char *architecture);

/* From DescribeSpotPriceHistory: the least price of a type, in that zone or in
 * any (NULL), millionths; -1: not known. */
int64_t parse_spot_price(const json_t *history, const char *type,
                         const char *zone);
/* From a table, for types with GPUs in regions that have the same prices; -1:
 * it is not in there. */
#define PRICES_OF "2025-06"
int64_t parse_table_price(const char *region, const char *type);
/* From the price list's GetProducts; -1: it does not say. */
int64_t parse_list_price(const json_t *answer);

#endif
