/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stddef.h>
#include <time.h>

/* Signature Version 4 of a POST without a query. libcurl's own signs the
 * machine's time only, and headers that are not sent. Pure. */

struct sigv4_keys {
    const char *id, *secret;
    const char *token; /* NULL: keys that last */
};
struct sigv4_request {
    const char *host;   /* as it is sent, with a port that is not the usual */
    const char *path;   /* "/" */
    const char *type;   /* Content-Type */
    const char *target; /* X-Amz-Target; NULL: none */
    const char *body;
    const char *region, *service;
    time_t when;
};

enum { SIGV4_HEX = 65, SIGV4_STAMP = 17 };
struct sigv4 {
    char stamp[SIGV4_STAMP]; /* X-Amz-Date */
    char canonical[SIGV4_HEX], signature[SIGV4_HEX];
    char *authorization; /* the value of the header */
};
/* 0, or -1: out of memory, a time that is none. */
int sigv4_sign(const struct sigv4_request *request,
               const struct sigv4_keys *keys, struct sigv4 *out);

/* SHA-256 in hex. */
int sigv4_digest(const char *data, size_t len, char out[SIGV4_HEX]);

#endif
