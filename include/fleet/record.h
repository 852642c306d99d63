/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_RECORD_H
#define FLEET_RECORD_H

#include <fleet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Records cross the line between host and plugin as opaque objects, so their
 * layout is no part of the ABI. Setters copy and validate. A value that is too
 * long, is not UTF-8, holds control characters or has the wrong type marks the
 * record as bad; the host reports that once the call returns, so a plugin need
 * not look. Fields are numbered for ever; new ones go at the end. */

struct fleet_pod;   /* what exists */
struct fleet_offer; /* what could be had */
struct fleet_spec;  /* what is wanted; read-only for plugins */
struct fleet_sink;  /* takes the answers of list and offers */

enum fleet_state {
    FLEET_STATE_UNKNOWN = 0,
    FLEET_STATE_PENDING,
    FLEET_STATE_RUNNING,
    FLEET_STATE_STOPPING,
    FLEET_STATE_STOPPED,
    FLEET_STATE_TERMINATING,
    FLEET_STATE_GONE,
    FLEET_STATE_FAILED
};

enum fleet_pod_field {
    FLEET_POD_NAME = 1,       /* text; as the provider stores it */
    FLEET_POD_ID,             /* text; the provider's own id */
    FLEET_POD_STATE,          /* number; enum fleet_state */
    FLEET_POD_PROVIDER_STATE, /* text; the provider's own word */
    FLEET_POD_GPU,            /* text */
    FLEET_POD_GPUS,           /* number */
    FLEET_POD_REGION,         /* text */
    FLEET_POD_TIER,           /* text */
    FLEET_POD_PRICE_MICROS,   /* number; millionths of the currency an hour */
    FLEET_POD_CURRENCY,       /* text; "USD" */
    FLEET_POD_BILLING,        /* text; what costs money now, "running" */
    FLEET_POD_SSH_HOST,       /* text; address or host name */
    FLEET_POD_SSH_PORT,       /* number; 1..65535 */
    FLEET_POD_SSH_USER,       /* text */
    FLEET_POD_IMAGE,          /* text */
    FLEET_POD_CREATED_AT,     /* text; RFC 3339 */
    FLEET_POD_LOCKED,         /* number; 0 or 1 */
    FLEET_POD_SPOT,           /* number; 0 or 1 */
    FLEET_POD_HOST_KEY,       /* text; "ssh-ed25519 AAAA..." */
    FLEET_POD_TOKEN,          /* text; as given to create */
    /* Filled by the host; what a provider sets here does not count. */
    FLEET_POD_SHORT,      /* text; the name without the cohort's prefix */
    FLEET_POD_PROVIDER,   /* text */
    FLEET_POD_PROXY_PORT, /* number; 1..65535 */
    /* By the provider again. */
    FLEET_POD_NOTE, /* text; what its owner has to know: "maintenance from ..."
                     */
    /* By the host. */
    FLEET_POD_HOST_CERT, /* number; 1: it shows a host certificate of the
                            cohort's authority */
    /* By the provider: number; 1: a stop loses nothing that is on it, whatever
     * the provider says of stops as such. */
    FLEET_POD_STOP_KEEPS
};

enum fleet_offer_field {
    FLEET_OFFER_ID = 1,       /* text; opaque, handed back in the spec */
    FLEET_OFFER_GPU,          /* text */
    FLEET_OFFER_GPUS,         /* number */
    FLEET_OFFER_TIER,         /* text */
    FLEET_OFFER_REGION,       /* text */
    FLEET_OFFER_SPOT,         /* number; 0 or 1 */
    FLEET_OFFER_PRICE_MICROS, /* number */
    FLEET_OFFER_CURRENCY,     /* text */
    FLEET_OFFER_STOCK,        /* text; "high", "low", "none", ... */
    FLEET_OFFER_RANK /* number from 1; its place in an order that the user has
                        given to the provider */
};

enum fleet_spec_field {
    FLEET_SPEC_NAME = 1,         /* text; full name of the pod */
    FLEET_SPEC_TOKEN,            /* text; [0-9a-z-], at most 36; store it */
    FLEET_SPEC_PUBLIC_KEY,       /* text; one line of authorized_keys */
    FLEET_SPEC_SSH_USER,         /* text */
    FLEET_SPEC_OFFER,            /* text; FLEET_OFFER_ID of the chosen offer */
    FLEET_SPEC_GPU,              /* text */
    FLEET_SPEC_GPUS,             /* number */
    FLEET_SPEC_IMAGE,            /* text */
    FLEET_SPEC_DISK_GB,          /* number */
    FLEET_SPEC_VOLUME_GB,        /* number */
    FLEET_SPEC_TIER,             /* text */
    FLEET_SPEC_REGION,           /* text */
    FLEET_SPEC_SPOT,             /* number; 0 or 1 */
    FLEET_SPEC_MAX_PRICE_MICROS, /* number */
    FLEET_SPEC_TEMPLATE,         /* text; the provider's own template */
    /* text; every GPU that is wanted, ", " between, in order of preference:
     * what offers looks for */
    FLEET_SPEC_GPU_TYPES
};

/* NULL unsets, and so does "". */
FLEET_API void fleet_pod_set(struct fleet_pod *pod, int field,
                             const char *value);
FLEET_API void fleet_pod_set_number(struct fleet_pod *pod, int field,
                                    int64_t value);
/* Borrowed from the pod; NULL when unset. */
FLEET_API const char *fleet_pod_get(const struct fleet_pod *pod, int field);
FLEET_API int64_t fleet_pod_get_number(const struct fleet_pod *pod, int field,
                                       int64_t fallback);

FLEET_API void fleet_offer_set(struct fleet_offer *offer, int field,
                               const char *value);
FLEET_API void fleet_offer_set_number(struct fleet_offer *offer, int field,
                                      int64_t value);

FLEET_API const char *fleet_spec_get(const struct fleet_spec *spec, int field);
FLEET_API int64_t fleet_spec_get_number(const struct fleet_spec *spec,
                                        int field, int64_t fallback);

/* A new, empty record that the sink owns; NULL when the sink is full or memory
 * is short: stop then and return, the host knows why. */
FLEET_API struct fleet_pod *fleet_sink_pod(struct fleet_sink *sink);
FLEET_API struct fleet_offer *fleet_sink_offer(struct fleet_sink *sink);

/* Whether a card that is offered under one name is what was wanted under
 * another, as fleet sees it: "A4000" and "NVIDIA RTX A4000" are one thing. For
 * those who have to ask a cloud in its own words. */
FLEET_API int fleet_gpu_fits(const char *wanted, const char *offered);

/* "running", ...; "unknown" for anything else, and back. */
FLEET_API const char *fleet_state_name(int state);
FLEET_API int fleet_state_from_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
