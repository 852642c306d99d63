/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_CLIENT_H
#define AWS_CLIENT_H

#include "providers/aws/chain.h"
#include "providers/aws/endpoint.h"
#include "providers/aws/form.h"
#include "providers/aws/judge.h"
#include "providers/aws/sigv4.h"

#include <pthread.h>
#include <stdatomic.h>

struct keyring; /* keys.c */

/* One account in one region, as the rest of the provider asks it. */
struct aws {
    struct fleet_host *host;
    struct settings settings;
    char *profile;          /* what settings.profile points to */
    _Atomic int64_t offset; /* of AWS's clock from ours, seconds */
    struct keyring *ring;
    pthread_mutex_t mutex; /* guards what is below */
    char *region;          /* NULL: not known yet */
};
/* PROFILE and REGION may be NULL; the files are read, nobody is asked. */
int aws_open(struct aws *aws, struct fleet_host *host, const char *profile,
             const char *region, struct fleet_error *err);
void aws_close(struct aws *aws);

/* Borrowed; it lives as long as AWS. */
int aws_region(struct aws *aws, const char **region, struct fleet_error *err);

struct aws_call {
    const struct service *service;
    const char *action; /* JSON: of X-Amz-Target; query: for messages */
    const char *body;
    bool changes; /* not to be sent twice, unless there is a token in it */
    bool token;   /* a ClientToken: sent again where the answer was lost */
    bool bare;    /* unsigned */
    const struct sigv4_keys *keys; /* in place of the account's own */
    const char *region;            /* likewise */
    const char *lane;
    uint32_t gap_ms, limit_ms;
};
/* *answer is a JSON object, the caller's, whatever the protocol. Where it
 * fails, *fault (may be NULL) tells of AWS's own code. */
int aws_send(struct aws *aws, const struct aws_call *call, json_t **answer,
             struct aws_fault *fault, struct fleet_error *err);
/* A query. FORM is closed. */
int aws_ask(struct aws *aws, const struct service *service, const char *action,
            struct form *form, json_t **answer, struct aws_fault *fault,
            struct fleet_error *err);

time_t aws_now(struct aws *aws);

#endif
