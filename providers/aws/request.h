/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_REQUEST_H
#define AWS_REQUEST_H

#include "providers/aws/form.h"

#include <jansson.h>

/* What EC2 is asked for. Pure. */

struct config {
    char *access_key, *secret_key, *session_token, *profile, *region;
    char *endpoint, *endpoint_ec2;
    char *types, *zones, *subnets, *groups, *ssh_from; /* lists */
    char *market, *pool;
    int64_t group_max;
    char *image, *image_owner;
    char *volume_type, *role, *user;
    char *tags; /* a list of KEY=VALUE */
};

/* All that a launch needs. */
struct wish {
    const char *name, *token, *cohort; /* cohort may be NULL */
    const char *user;                  /* that it is logged in as */
    const char *public_key;
    const char *type;
    bool spot;
    int64_t max_micros; /* of spot; 0: no limit */
    int64_t disk_gb;    /* 0: as the image has it */
    const char *image, *root_device;
    const char *key, *group; /* names a key pair; "sg-1\nsg-2" */
    const json_t *subnets;   /* ids, in order of preference */
    const json_t *types;     /* names, where a group may have any of several */
    const struct config *config;
    int round; /* of tries to make it, from 0 */
};
enum { REQUEST_NAME = 24, REQUEST_PRICE = 32 };

/* FLEET_ECONFIG: an entry of AWS_TAGS is no KEY=VALUE. */
int request_check_tags(const char *tags, struct fleet_error *err);
/* Tags of one kind of resource; NAME, TOKEN: of an instance. */
void request_tags(struct form *form, int n, const char *kind,
                  const struct wish *wish, bool of_instance);

/* Of a thing that serves all pods; of one pod's; of those that have no name
 * yet.
 */
enum request_tags { TAGS_OF_THING, TAGS_OF_INSTANCE, TAGS_OF_COHORT };
typedef void request_each_tag(void *arg, const char *key, const char *value);
void request_each(const struct wish *wish, enum request_tags tags,
                  request_each_tag *each, void *arg);
void request_tags_at(struct form *form, const char *prefix, int n,
                     const char *kind, const struct wish *wish,
                     enum request_tags tags);

/* What templates and instances have in common: all but type and market, which
 * are a fleet's overrides. */
void request_common(struct form *form, const char *prefix,
                    const struct wish *wish);
void request_market(struct form *form, const char *prefix,
                    const struct wish *wish);
/* "" where none is set: then AWS's is the price on demand. */
void request_price(const struct wish *wish, char out[REQUEST_PRICE]);

/* A shell script: PUBLIC_KEY and MACHINE_NAME for those who log in. The same
 * for all pods of a cohort, since the name is read from the instance's tags.
 * malloc'd; NULL: out of memory. */
char *request_user_data(const struct wish *wish);

/* By what is in it: a template of that name is the one that is wanted. */
int request_template_name(const struct wish *wish, char out[REQUEST_NAME]);
void request_template(struct form *form, const struct wish *wish,
                      const char *name);
void request_fleet(struct form *form, const struct wish *wish,
                   const char *template);
/* In the subnet I of the wish's. */
void request_run(struct form *form, const struct wish *wish, size_t i);

/* "fleet-" and some of the SHA-256 of TEXT. */
int request_name_by(const char *text, char out[REQUEST_NAME]);
/* The part of a public key that tells it from others; *len: how long. */
const char *request_key_blob(const char *public_key, size_t *len);

/* Filters: "Filter.N.Name=NAME&Filter.N.Value.M=...". VALUES: a list, one a
 * line; NULL: none. */
void request_filter(struct form *form, int n, const char *name,
                    const char *values);

#endif
