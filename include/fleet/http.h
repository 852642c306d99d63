/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_HTTP_H
#define FLEET_HTTP_H

#include <fleet/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* HTTP for plugins. The host keeps one pool of connections for each opened
 * plugin, shared by all threads; verifies TLS; follows no redirect; speaks
 * plain http to the loopback only; keeps the deadline of the call; paces,
 * traces and tries again. A plugin builds requests and reads answers. */
struct fleet_answer;

/* What an answer means: FLEET_OK, or a code with err filled. err->retry_ms
 * above 0: not before. Pure. */
typedef int fleet_judge_function(const struct fleet_answer *answer,
                                 struct fleet_error *err);

/* Asking twice does no more than asking once: a request whose answer was lost
 * is sent again. Without this it is FLEET_EAMBIGUOUS, and so is an answer 5xx.
 */
#define FLEET_HTTP_REPEATABLE (1u << 0)
/* The service beside a cloud's own machine or container that tells it about
 * itself: a link-local address, which plain http may go to, and no proxy. An
 * answer may have any type, and it is asked once: elsewhere nobody is there. */
#define FLEET_HTTP_METADATA (1u << 1)

struct fleet_request {
    size_t size;                 /* sizeof(struct fleet_request) */
    const char *method;          /* "GET" */
    const char *url;             /* no secret in it */
    const char *const *headers;  /* "Name: value"; ends at NULL; may be NULL */
    const char *body;            /* NULL: none */
    const char *body_type;       /* NULL: application/json */
    const char *answer_type;     /* of a good answer; NULL: application/json */
    size_t max_answer;           /* bytes; 0: 16 MiB */
    fleet_judge_function *judge; /* NULL: fleet_answer_judge */
    /* Requests of the same lane keep this distance; NULL: no lane. What is
     * waited for is not taken from the call's time. */
    const char *lane;
    uint32_t gap_ms;
    uint32_t flags;
    /* For one try, less than what is left of the call: for a request that may
     * fail without harm. 0: what is left. */
    uint32_t limit_ms;
};

/* FLEET_OK: the whole answer came and its judge is content; *answer is the
 * caller's to free (may be NULL to ignore it). Otherwise one of
 *   FLEET_ETRANSIENT  nothing was done: not sent, or repeatable, and tried
 * again until that was hopeless FLEET_EAMBIGUOUS  it was sent, and what became
 * of it is not known FLEET_EINTERNAL   an answer that is too long, of the wrong
 * type, a redirect what the judge said; FLEET_ERATELIMITED and FLEET_ETRANSIENT
 * only after trying again, Retry-After and RateLimit honoured. */
FLEET_API int fleet_http(struct fleet_host *host,
                         const struct fleet_request *request,
                         struct fleet_answer **answer, struct fleet_error *err);
FLEET_API void fleet_answer_free(struct fleet_answer *answer);

FLEET_API int fleet_answer_status(const struct fleet_answer *answer);
/* Ends in a NUL that len (may be NULL) does not count; never NULL. */
FLEET_API const char *fleet_answer_body(const struct fleet_answer *answer,
                                        size_t *len);
/* The last of that name, whatever its case; NULL: none. */
FLEET_API const char *fleet_answer_header(const struct fleet_answer *answer,
                                          const char *name);
/* By the status alone. */
FLEET_API int fleet_answer_judge(const struct fleet_answer *answer,
                                 struct fleet_error *err);

#ifdef __cplusplus
}
#endif
#endif
