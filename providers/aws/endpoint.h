/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include "providers/aws/settings.h"

/* Where a service is to be found. Pure. */
struct service {
    const char *name;     /* it is signed for, and its host begins with */
    const char *variable; /* the end of AWS_ENDPOINT_URL_... */
    const char *block;    /* in the "services" of the shared file */
    const char *version;  /* of the query protocol; NULL: JSON */
    const char *target;   /* X-Amz-Target, without the action; NULL: query */
    const char *type;     /* of the answer */
    const char *region;   /* it stands in one only; NULL: in each */
};
extern const struct service service_ec2, service_sts, service_ssm,
    service_scaling, service_pricing, service_quotas;

struct endpoint {
    char *url;  /* whole, as it is asked */
    char *host; /* as it is signed: with a port that is not the usual one */
    char *path; /* what is behind the host; at least "/" */
};
/* FLEET_ECONFIG: the setting that counts is no URL. */
int endpoint_of(const struct settings *settings, const struct service *service,
                const char *region, struct endpoint *out,
                struct fleet_error *err);
void endpoint_clear(struct endpoint *endpoint);

/* A region that nobody knows belongs to "aws": new ones appear. */
const char *endpoint_partition(const char *region);
bool endpoint_is_region(const char *text);

#endif
