/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_EC2_H
#define AWS_EC2_H

#include "providers/aws/client.h"
#include "providers/aws/parse.h"
#include "providers/aws/request.h"

#include <fleet/check.h>

struct muster; /* group.h */

/* An opened account, and what was found out about it so far. */
struct ec2 {
    struct aws aws;
    const struct config *config;
    char *cohort;          /* NULL: not told */
    pthread_mutex_t mutex; /* guards the rest */
    json_t *types;         /* descriptions by name */
    bool all_types;        /* every one with an accelerator is among them */
    json_t *prices;        /* by type: millionths; null: nobody says */
    json_t *spot;          /* history entries */
    json_t *spot_of;       /* the types in it */
    json_t *images;        /* by architecture and whether it has GPUs */
    json_t *subnets;       /* those to be used */
    json_t *keys;          /* names of key pairs by blob */
    char *groups;          /* ids, one a line */
    json_t *templates;
    bool no_templates;                 /* nor CreateFleet: not allowed */
    bool no_prices, no_spot, no_types; /* it was said already */
    json_t *host_keys;                 /* of instances; null: asked in vain */
    json_t *grouped;        /* instances that were seen: their group, or "" */
    json_t *mixed;          /* by market: the types that were offered */
    struct muster *musters; /* of groups that pods were wanted from */
};

/* The mutex, or FLEET_ETRANSIENT at the call's deadline. */
int ec2_enter(struct ec2 *ec2, struct fleet_error *err);
void ec2_leave(struct ec2 *ec2);

/* FORM without page and token, closed; every page's LIST joined. MAX: of one
 * page. */
int ec2_read_all(struct ec2 *ec2, const char *action, struct form *form,
                 int max, const char *list, json_t **all,
                 struct fleet_error *err);
/* One query, closed. */
int ec2_ask(struct ec2 *ec2, const char *action, struct form *form,
            json_t **answer, struct aws_fault *fault, struct fleet_error *err);
/* One that changes something and may be sent twice. */
#define ec2_open_form(form_, action_)                                          \
    form_open((form_), (action_), service_ec2.version)

/* ---- look.c ---- */

/* Instances that a filter finds, from all pages, as DescribeInstances tells
 * them. */
int look_for(struct ec2 *ec2, const char *filter, const char *value,
             json_t **out, struct fleet_error *err);
/* FLEET_ENOTFOUND: no id of an instance. */
int look_check(const char *id, struct fleet_error *err);
int look_at(struct ec2 *ec2, const char *id, json_t **instance,
            struct fleet_error *err);
int ec2_list(void *handle, struct fleet_sink *pods, struct fleet_error *err);
int ec2_find(void *handle, const char *token, struct fleet_pod *pod,
             struct fleet_error *err);
int ec2_get(void *handle, const char *id, struct fleet_pod *pod,
            struct fleet_error *err);

/* ---- offers.c ---- */

/* "mixed": one group has all types, and they are not chosen among. */
#define OFFER_MIXED "mixed"
bool offers_in_groups(const struct ec2 *ec2);
/* Names of the types that a mixed group of that market has, as they were
 * offered: an array, the caller's. */
int offers_types(struct ec2 *ec2, bool spot, json_t **names,
                 struct fleet_error *err);
int ec2_offers(void *handle, const struct fleet_spec *want,
               struct fleet_sink *offers, struct fleet_error *err);

/* ---- change.c ---- */

int ec2_create(void *handle, const struct fleet_spec *spec,
               struct fleet_pod *pod, struct fleet_error *err);
int ec2_start(void *handle, const char *id, struct fleet_error *err);
int ec2_stop(void *handle, const char *id, struct fleet_error *err);
int ec2_restart(void *handle, const char *id, struct fleet_error *err);
int ec2_terminate(void *handle, const char *id, struct fleet_error *err);
int ec2_rename(void *handle, const char *id, const char *name,
               struct fleet_error *err);
int ec2_lock(void *handle, const char *id, int32_t locked,
             struct fleet_error *err);

/* ---- about.c ---- */

/* Who AWS takes fleet for, and which rights are missing for what is set up. */
int about(void *handle, struct fleet_report *report, struct fleet_error *err);

/* ---- market.c ---- */

/* The description of a type, borrowed until the handle is closed. */
int market_type(struct ec2 *ec2, const char *name, const json_t **type,
                struct fleet_error *err);
/* All of these names (a list) that the region has, or every type with an
 * accelerator where NAMES is NULL: an array, the caller's. */
int market_types(struct ec2 *ec2, const char *names, json_t **types,
                 struct fleet_error *err);
/* IMAGE as it was set. *found has "imageId", "rootDeviceName"; the caller's. */
int market_image(struct ec2 *ec2, const char *image, const json_t *type,
                 json_t **found, struct fleet_error *err);

/* ---- prices.c ---- */

/* An hour, millionths; -1: not known. ZONE NULL: the cheapest. It is only said,
 * once, where AWS does not tell. */
int64_t market_price(struct ec2 *ec2, const char *type, bool spot,
                     const char *zone);
/* One request for the spot prices of all of these types, an array of names. */
void market_spot(struct ec2 *ec2, const json_t *names);
/* Prices on demand are those of a table: the list may not be read. */
bool market_is_old(struct ec2 *ec2);

/* ---- access.c ---- */

/* Ids of the subnets to be used, an array, the caller's; *vpc theirs, malloc'd.
 */
int access_subnets(struct ec2 *ec2, json_t **subnets, char **vpc,
                   struct fleet_error *err);
/* The name of a key pair with this key, malloc'd. */
int access_key(struct ec2 *ec2, const char *public_key, char **name,
               struct fleet_error *err);
/* Ids of security groups in that VPC, one a line, malloc'd. */
int access_groups(struct ec2 *ec2, const char *vpc, char **groups,
                  struct fleet_error *err);

/* ---- launch.c ---- */

/* An offer's id is "TYPE/MARKET". */
enum { EC2_TYPE = 64 };
bool launch_split(const char *id, char type[EC2_TYPE], bool *spot);
int launch(struct ec2 *ec2, const struct fleet_spec *spec,
           struct fleet_pod *pod, struct fleet_error *err);
/* What a fault of a launch means, and what to ask for. */
int launch_explain(const struct wish *wish, const struct aws_fault *fault,
                   struct fleet_error *err);

#endif
