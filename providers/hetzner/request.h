/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_REQUEST_H
#define HETZNER_REQUEST_H

#include "providers/api/api.h"
#include "providers/hetzner/choice.h"

/* Bodies of requests. Pure; NULL: out of memory. */

struct wish {
    const char *name, *token;
    const char *user; /* who logs in; NULL: as usual */
    const struct choice *choice;
    int64_t image;
    json_t *keys;     /* an array of names and ids */
    int64_t firewall; /* 0: none */
    bool ipv4;
};
/* Fails for a name that is no host name, or a token that no label can hold. */
int request_check_name(const char *name, struct fleet_error *err);
int request_check_token(const char *token, struct fleet_error *err);
json_t *request_server(const struct wish *wish);
/* A new name; LABELS are those that the server has: a change replaces all. */
json_t *request_rename(const char *name, const json_t *labels);
json_t *request_protection(bool on);
json_t *request_key(const char *name, const char *public_key);
/* A firewall before a server that lets TCP in on PORTS, "22 12000-12999"; its
 * rules alone; and the server alone that it stands before. */
json_t *request_wall(const char *name, int64_t server, const char *ports);
json_t *request_rules(const char *ports);
json_t *request_apply(int64_t server);

/* The MD5 of a key's blob, as the API names keys: "b7:2f:...". PUBLIC_KEY is a
 * line of authorized_keys. */
#define REQUEST_FINGERPRINT 48
int request_fingerprint(const char *public_key, char out[REQUEST_FINGERPRINT],
                        struct fleet_error *err);

#endif
