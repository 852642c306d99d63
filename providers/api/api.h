/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef PROVIDERS_API_H
#define PROVIDERS_API_H

#include <fleet/http.h>
#include <fleet/record.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What providers with a JSON API over HTTP have in common: a request with the
 * bearer's key in its header, an answer that is a JSON object, and readers that
 * take nothing on trust. */

static inline void api_auto_free(void *at)
{
    free(*(void **)at);
}
static inline void api_auto_json(json_t **at)
{
    json_decref(*at);
}
#define AUTO_FREE __attribute__((cleanup(api_auto_free)))
#define AUTO_JSON __attribute__((cleanup(api_auto_json)))

struct api {
    struct fleet_host *host;
    char *base;          /* no slash at its end */
    char *authorization; /* a whole header; secret */
    fleet_judge_function *judge;
};
/* BASE is the endpoint as configured. ROOT: the path that all calls have before
 * theirs, "/v2"; a base that ends in it already is fine. */
int api_open(struct api *api, struct fleet_host *host, const char *base,
             const char *root, const char *key, fleet_judge_function *judge,
             struct fleet_error *err);
void api_close(struct api *api);

struct api_call {
    const char *method;
    json_t *body;     /* eaten, also on failure; NULL: none */
    uint32_t flags;   /* FLEET_HTTP_... */
    const char *lane; /* as in struct fleet_request */
    uint32_t gap_ms;
    const char *base;            /* in place of the api's; NULL: that */
    fleet_judge_function *judge; /* likewise */
    uint32_t limit_ms;           /* as in struct fleet_request */
};
/* FORMAT gives the path behind the root; what goes into it was escaped. *answer
 * is a JSON object, the caller's; NULL where the answer was empty. answer may
 * be NULL to ignore it. An answer that is no JSON object is FLEET_EINTERNAL. */
int api_send(const struct api *api, const struct api_call *call,
             json_t **answer, struct fleet_error *err, const char *format, ...)
    FLEET_PRINTF(5, 6);

/* The answer's body as JSON; NULL where it is none. For judges. */
json_t *api_body(const struct fleet_answer *answer);

/* One segment of a path, or a value of a query, percent-encoded; malloc'd. NULL
 * when out of memory or when TEXT is none: "", "." and "..". */
char *api_escape(const char *text);
/* FLEET_ENOTFOUND for an id that cannot be one: a DELETE without an id must be
 * impossible. */
int api_segment(const char *id, char **segment, struct fleet_error *err);

/* Readers. What is not there, or of another type, is NULL, -1 or false. */
const char *api_text(const json_t *object, const char *key);
const json_t *api_object(const json_t *object, const char *key);
/* A list answer without its list is no empty list: FLEET_EINTERNAL. */
int api_list(const json_t *object, const char *key, const json_t **list,
             struct fleet_error *err);
/* A number, or text that is one. */
bool api_int(const json_t *object, const char *key, int64_t *value);
bool api_number(const json_t *object, const char *key, double *value);
bool api_true(const json_t *object, const char *key);
/* Money as a number or as decimal text, in millionths; -1: none. */
int64_t api_micros(const json_t *object, const char *key);
int64_t api_to_micros(double amount);

/* Into records; what is missing leaves the field unset. */
void api_pod_text(struct fleet_pod *pod, int field, const json_t *object,
                  const char *key);
/* Seconds since the epoch as RFC 3339. */
void api_pod_time(struct fleet_pod *pod, int field, double seconds);

bool api_contains(const char *text, const char *part); /* whatever the case */
int api_enomem(struct fleet_error *err);

#endif
