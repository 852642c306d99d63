/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef SIM_AWS_H
#define SIM_AWS_H

#include "tests/servers/sim/sim.h"

/* What the rooms of the fake AWS share:
 *
 *   aws.c           from a request to the action that it names
 *   aws-form.c      form bodies as JSON, which the tables of fields check
 *   aws-reply.c     answers and errors in three protocols
 *   aws-sign.c      Signature Version 4, and who has signed
 *   aws-identity.c  STS, instance metadata, container credentials
 *   aws-list.c      filters and pages
 *   aws-places.c    regions, zones, networks, types, images, prices
 *   aws-launch.c    what every launch goes through
 *   aws-run.c       RunInstances, and tokens
 *   aws-pods.c      instances from then on
 *   aws-objects.c   keys, security groups, tags
 *   aws-templates.c launch templates
 *   aws-fleet.c     CreateFleet
 *   aws-scaling.c   the calls of Auto Scaling
 *   aws-groups.c    what its groups do by themselves
 *   aws-json.c      SSM, Service Quotas, prices: the JSON protocol */

enum aws_service {
    AWS_NONE,
    AWS_EC2,
    AWS_SCALING,
    AWS_STS,
    AWS_SSM,
    AWS_QUOTAS,
    AWS_PRICING
};

#define AWS_ACCOUNT "123456789012"
#define AWS_KEY_ID  "AKIAFLEETSIM00000001"
#define AWS_REGION  "us-east-1"

/* The account. Everything in it that is regional has a "region". */
struct aws {
    json_t *sessions;  /* temporary keys by id: secret, token, ends_ms, arn */
    json_t *keys;      /* key pairs */
    json_t *groups;    /* security groups */
    json_t *templates; /* launch templates with all versions */
    json_t *tokens;    /* what a ClientToken has got: parameters and result */
    json_t *scaling;   /* Auto Scaling groups */
    json_t *activities;
    json_t *imds; /* tokens of the metadata service */
    /* Of the call that is being answered. */
    enum aws_service service;
    char region[32], action[80], request_id[37];
    char *arn; /* whose call it is */
};
struct aws *aws_of(const struct sim *sim);

/* --- actions ------------------------------------------------------------- */

struct aws_action {
    const char *name;
    const struct sim_field *fields; /* ends at no type */
    void (*run)(struct sim_call *call);
};
/* Each ends at no name. */
extern const struct aws_action aws_list_actions[], aws_pod_actions[],
    aws_launch_actions[], aws_object_actions[], aws_template_actions[],
    aws_fleet_actions[], aws_scaling_actions[], aws_sts_actions[],
    aws_ssm_actions[], aws_quota_actions[], aws_pricing_actions[];

/* Tables of fields: all values of a form are texts. */
#define AWS_TEXT(name)                                                         \
    {                                                                          \
        .key = (name), .type = SIM_STRING                                      \
    }
#define AWS_NEED(name)                                                         \
    {                                                                          \
        .key = (name), .type = SIM_STRING, .flags = SIM_REQUIRED               \
    }
#define AWS_SIZE(name)                                                         \
    {                                                                          \
        .key = (name), .type = SIM_STRING, .pattern = "^[0-9]+$"               \
    }
#define AWS_BOOL(name)                                                         \
    {                                                                          \
        .key = (name), .type = SIM_STRING, .pattern = "^(true|false)$"         \
    }
#define AWS_LIST(name)                                                         \
    {                                                                          \
        .key = (name), .type = SIM_ARRAY, .sub = &aws_text_item                \
    }
#define AWS_EACH(name, item)                                                   \
    {                                                                          \
        .key = (name), .type = SIM_ARRAY, .sub = &(item)                       \
    }
#define AWS_SUB(name, fields)                                                  \
    {                                                                          \
        .key = (name), .type = SIM_OBJECT, .sub = (fields)                     \
    }
#define AWS_ITEM(fields)                                                       \
    {                                                                          \
        .type = SIM_OBJECT, .sub = (fields)                                    \
    }
#define AWS_FILTERS AWS_EACH("Filter", aws_filter_item)
#define AWS_PAGES   AWS_SIZE("MaxResults"), AWS_TEXT("NextToken")
extern const struct sim_field aws_text_item, aws_filter_item, aws_tag_item,
    aws_tags_item;                        /* of TagSpecification */
extern const struct sim_field aws_none[]; /* no parameters */
extern const struct sim_field aws_template_fields[];

/* aws-form.c */
void aws_read(struct sim_call *call);
const char *aws_param(const struct sim_call *call, const char *name);
bool aws_is_true(const json_t *object, const char *name);
int64_t aws_size(const json_t *object, const char *name, int64_t fallback);
/* The member, through objects: "Ebs.VolumeSize". */
json_t *aws_at(const json_t *object, const char *path);
const char *aws_text_at(const json_t *object, const char *path);
/* One of the texts in an array; no array, or an empty one: any. */
bool aws_listed(const json_t *array, const char *text);
/* The tags of TagSpecification for this kind of resource: {key: value}, new. */
json_t *aws_tags_for(const json_t *params, const char *kind);
/* [{key, value}] of {key: value}, new; UPPER: Key and Value. */
json_t *aws_tag_set(const json_t *tags);

/* aws-reply.c */
char *aws_render(const struct sim_call *call);
/* RESULT (stolen) in what the protocol puts around it; NULL: no result. */
void aws_answer(struct sim_call *call, json_t *result);
void aws_refuse(struct sim_call *call, int status, const char *code,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void aws_fail(struct sim_call *call, int status, const char *detail);
/* Too many calls, or no right to one, in the words of the service. */
void aws_refuse_rate(struct sim_call *call);
void aws_refuse_right(struct sim_call *call, const char *right);
bool aws_speaks_json(enum aws_service service);

/* aws.c: whether the caller has this right, such as "ec2:RunInstances". */
bool aws_allowed(struct sim_call *call, const char *right);

/* aws-sign.c: false: it has replied. */
bool aws_signed(struct sim_call *call);
void aws_hex(char *out, const unsigned char *bytes, size_t n);

/* aws-identity.c */
bool aws_is_metadata(const struct sim_call *call); /* needs no signature */
extern const struct sim_route aws_metadata_routes[];
void aws_imds_token(struct sim_call *call);
void aws_imds_get(struct sim_call *call);
void aws_container(struct sim_call *call);

/* --- lists --------------------------------------------------------------- */

/* What a filter looks at: a path in an entry as it is told, where * is each
 * of an array. "tag:KEY" and "tag-key" go by tagSet. */
struct aws_filter {
    const char *name, *path;
};
bool aws_wild(const char *pattern, const char *text);
/* Whether every filter of the call fits; false and a reply: one is unknown,
 * then *bad. */
bool aws_filters_fit(struct sim_call *call, const struct aws_filter *known,
                     const json_t *entry);
bool aws_filters_known(struct sim_call *call, const struct aws_filter *known);
/* One page of ALL (stolen) as {NAME: [...], "nextToken": ...}; NULL and a
 * reply: the token is not one of ours. */
json_t *aws_page(struct sim_call *call, const char *name, json_t *all);
/* Filters ALL (stolen) and answers with a page of it. */
void aws_answer_list(struct sim_call *call, const char *name, json_t *all,
                     const struct aws_filter *known);

/* --- places -------------------------------------------------------------- */

struct aws_type {
    const char *name, *arch, *gpu, *maker;
    int vcpus, memory_mib, gpus, gpu_mib;
    double price;
    const char *zones; /* letters */
    const char *quota, *spot_quota;
};
struct aws_image {
    const char *id, *name, *owner, *alias, *arch, *created, *deprecated, *root;
    int size; /* GiB */
    const char *parameter;
};
struct aws_subnet {
    char id[32], vpc[32], zone[32], zone_id[16], cidr[20];
    bool public, by_default;
};
enum { AWS_SUBNETS = 5 };

bool aws_region_known(const char *region);
/* Of the region of the call. */
const struct aws_type *aws_type_find(const char *name);
bool aws_type_offered(const struct aws_type *type, const char *zone);
double aws_spot_price(const struct sim *sim, const struct aws_type *type,
                      const char *zone);
const struct aws_type *aws_type_at(size_t i); /* NULL: no more */
/* By id, or resolve:ssm:NAME. */
const struct aws_image *aws_image_find(const char *id);
const char *aws_parameter(const char *name);
/* Subnets of the region of the call, 0 to AWS_SUBNETS - 1; false: no more. */
bool aws_subnet_at(const char *region, size_t i, struct aws_subnet *out);
bool aws_subnet_find(const char *region, const char *id,
                     struct aws_subnet *out);
void aws_default_vpc(const char *region, char out[32]);

/* --- instances ----------------------------------------------------------- */

struct aws_trouble {
    int status; /* 0: none */
    const char *code;
    char message[512];
};
void aws_trouble(struct aws_trouble *trouble, int status, const char *code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Some of one type in one subnet. */
struct aws_launch {
    const json_t *wish; /* parameters of RunInstances, template merged in */
    const char *type, *subnet, *zone; /* subnet or zone; both NULL: any */
    const char *image;                /* NULL: the wish's */
    const char *max_price;            /* of spot; NULL: any */
    const char *scaling;              /* the group that launches, or NULL */
    bool spot;
    int64_t least, most;
    json_t *tags; /* more of them, {key: value}; or NULL */
};
/* The ids, new; empty and trouble: none. */
json_t *aws_launch(struct sim_call *call, const struct aws_launch *launch,
                   struct aws_trouble *trouble);
json_t *aws_instance_json(struct sim *sim, struct sim_machine *machine);
/* What has happened to it by itself since anybody looked. */
void aws_settle(struct sim *sim, struct sim_machine *machine);
const char *aws_state(struct sim *sim, struct sim_machine *machine);
bool aws_alive(struct sim *sim, struct sim_machine *machine);
void aws_terminate(struct sim *sim, struct sim_machine *machine,
                   const char *code, const char *message);
struct sim_machine *aws_seed(struct sim *sim, const json_t *wish);

/* A ClientToken that was used before: its result, borrowed, or NULL and a
 * reply when it was for something else (*refused). */
const json_t *aws_token_seen(struct sim_call *call, bool *refused);
void aws_token_keep(struct sim_call *call, json_t *result_taken);

/* --- Auto Scaling -------------------------------------------------------- */

/* Lets the groups of the region do what is due. */
void aws_scale(struct sim_call *call);
/* The newest instance of a group before AFTER (NULL: of all), also those that
 * have ended; NULL: none. */
struct sim_machine *aws_member(struct sim *sim, const json_t *group,
                               struct sim_machine *after);
/* Ends one of them, with an activity. */
void aws_take_out(struct sim *sim, const json_t *group,
                  struct sim_machine *machine, const char *cause);
/* A new one as it is told; MESSAGE may be NULL. */
json_t *aws_activity(struct sim *sim, const json_t *group, const char *status,
                     const char *description, const char *cause,
                     const char *message);

/* aws-objects.c */
const json_t *aws_group_find(const struct sim *sim, const char *id);
/* The entry of LIST that is of the region of the call and has this, or NULL. */
json_t *aws_find_in(const struct sim *sim, const json_t *list, const char *key,
                    const char *value);
void aws_remove(json_t *list, const json_t *entry);
/* As it is told, new: tags as a set, and nothing that is only ours. */
json_t *aws_told(const json_t *entry);
const char *aws_key_material(const struct sim *sim, const char *name);
/* The data of a template's version, borrowed; NULL and trouble: none. SPEC has
 * LaunchTemplateId or LaunchTemplateName, and Version. */
const json_t *aws_template(const struct sim *sim, const json_t *spec,
                           struct aws_trouble *trouble, int64_t *version,
                           const json_t **which);
/* Over BASE (new) what MORE says. */
json_t *aws_merge(const json_t *base, const json_t *more);
/* A new id, such as "sg-" and 17 hexadecimal digits. */
char *aws_new_id(const char *head);
char *aws_base64(const void *data, size_t n);
char *aws_unbase64(const char *text, size_t *n); /* NULL: it is none */

#endif
