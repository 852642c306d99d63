/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_KEYS_H
#define AWS_KEYS_H

#include "providers/aws/client.h"

/* Credentials, fetched from where the chain says, and again before they expire.
 * One fetch at a time, shared by all threads. */
struct keys {
    char *id, *secret, *token;
    time_t expires; /* 0: never */
};
/* Of an opened account. */
int keys_open(struct aws *aws, struct fleet_error *err);
void keys_close(struct aws *aws);

void keys_clear(struct keys *keys);

/* A copy, the caller's. */
int keys_get(struct aws *aws, struct keys *keys, struct fleet_error *err);
/* AWS says that these have expired: not used again. */
void keys_drop(struct aws *aws, const struct keys *keys);

/* Where they are from, for messages. */
void keys_text(struct aws *aws, char out[160]);

/* The region of the instance that this is; malloc'd. */
int keys_machine_region(struct aws *aws, char **region,
                        struct fleet_error *err);

#endif
