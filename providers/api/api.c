/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/api/api.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MONEY_MAX 1e9

int api_enomem(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ENOMEM, "out of memory");
}

/* ---- open and close ---- */

static size_t without_slashes(const char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '/')
        len--;
    return len;
}

static bool ends_in(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);

    return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

int api_open(struct api *api, struct fleet_host *host, const char *base,
             const char *root, const char *key, fleet_judge_function *judge,
             struct fleet_error *err)
{
    size_t len = without_slashes(base);

    *api = (struct api){.host = host, .judge = judge};
    if (!key || !*key)
        return fleet_fail(err, FLEET_EAUTH, "no key is set");
    if (asprintf(&api->base, "%.*s%s", (int)len, base,
                 ends_in(base, len, root) ? "" : root) < 0)
        api->base = NULL;
    if (asprintf(&api->authorization, "Authorization: Bearer %s", key) < 0)
        api->authorization = NULL;
    if (api->base && api->authorization)
        return FLEET_OK;
    api_close(api);
    return api_enomem(err);
}

void api_close(struct api *api)
{
    if (api->authorization)
        explicit_bzero(api->authorization, strlen(api->authorization));
    free(api->authorization);
    free(api->base);
    *api = (struct api){0};
}

/* ---- calls ---- */

json_t *api_body(const struct fleet_answer *answer)
{
    size_t len;
    const char *text = fleet_answer_body(answer, &len);

    return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}

static int read_answer(const struct fleet_answer *got, json_t **answer,
                       struct fleet_error *err)
{
    size_t len;
    json_t *read;

    fleet_answer_body(got, &len);
    if (len == 0) {
        *answer = NULL;
        return FLEET_OK;
    }
    read = api_body(got);
    if (!json_is_object(read)) {
        json_decref(read);
        return fleet_fail(err, FLEET_EINTERNAL,
                          "an answer that is no JSON object");
    }
    *answer = read;
    return FLEET_OK;
}

static int send_to(const struct api *api, const struct api_call *call,
                   const char *url, const char *body, json_t **answer,
                   struct fleet_error *err)
{
    const char *const headers[] = {api->authorization, NULL};
    const struct fleet_request request = {
        .size = sizeof(request),
        .method = call->method,
        .url = url,
        .headers = headers,
        .body = body,
        .judge = call->judge ? call->judge : api->judge,
        .lane = call->lane,
        .gap_ms = call->gap_ms,
        .flags = call->flags,
        .limit_ms = call->limit_ms,
    };
    struct fleet_answer *got = NULL;
    int rc = fleet_http(api->host, &request, answer ? &got : NULL, err);

    if (rc == FLEET_OK && answer)
        rc = read_answer(got, answer, err);
    fleet_answer_free(got);
    return rc;
}

int api_send(const struct api *api, const struct api_call *call,
             json_t **answer, struct fleet_error *err, const char *format, ...)
{
    AUTO_JSON json_t *body = call->body;
    AUTO_FREE char *path = NULL, *url = NULL, *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&path, format, args);
    va_end(args);
    if (len < 0) {
        path = NULL;
        return api_enomem(err);
    }
    if (asprintf(&url, "%s%s", call->base ? call->base : api->base, path) < 0) {
        url = NULL;
        return api_enomem(err);
    }
    if (body) {
        text = json_dumps(body, JSON_COMPACT);
        if (!text)
            return api_enomem(err);
    }
    return send_to(api, call, url, text, answer, err);
}

char *api_escape(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-_.~";
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;
    char *out;

    if (!text || !*text || !strcmp(text, ".") || !strcmp(text, ".."))
        return NULL;
    out = calloc(strlen(text) + 1, 3);
    for (; out && *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (strchr(plain, byte)) {
            out[len++] = (char)byte;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[byte >> 4];
        out[len++] = digits[byte & 15];
    }
    return out;
}

int api_segment(const char *id, char **segment, struct fleet_error *err)
{
    if (!id || !*id || !strcmp(id, ".") || !strcmp(id, ".."))
        return fleet_fail(err, FLEET_ENOTFOUND, "'%s' is no id", id ? id : "");
    *segment = api_escape(id);
    return *segment ? FLEET_OK : api_enomem(err);
}

/* ---- readers ---- */

const char *api_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const json_t *api_object(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_object(value) ? value : NULL;
}

int api_list(const json_t *object, const char *key, const json_t **list,
             struct fleet_error *err)
{
    *list = json_object_get(object, key);
    if (json_is_array(*list))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINTERNAL, "an answer without the list '%s'",
                      key);
}

bool api_int(const json_t *object, const char *key, int64_t *value)
{
    const json_t *found = json_object_get(object, key);
    const char *text = json_string_value(found);
    char *end;
    long long number;

    if (json_is_integer(found)) {
        *value = json_integer_value(found);
        return true;
    }
    if (json_is_real(found) && fabs(json_real_value(found)) < 9e15) {
        *value = (int64_t)json_real_value(found);
        return true;
    }
    if (!text || !*text || isspace((unsigned char)*text))
        return false;
    number = strtoll(text, &end, 10);
    if (*end)
        return false;
    *value = number;
    return true;
}

/* "12.50": digits and a point, whatever the locale. */
static bool read_decimal(const char *text, double *value)
{
    double number = 0, scale = 1;
    bool minus = *text == '-', point = false;
    const char *at = text + minus;

    if (!isdigit((unsigned char)*at))
        return false;
    for (; *at; at++) {
        if (*at == '.' && !point) {
            point = true;
        } else if (isdigit((unsigned char)*at)) {
            number = number * 10 + (*at - '0');
            scale *= point ? 10 : 1;
        } else {
            return false;
        }
    }
    *value = (minus ? -number : number) / scale;
    return true;
}

bool api_number(const json_t *object, const char *key, double *value)
{
    const json_t *found = json_object_get(object, key);

    if (json_is_number(found)) {
        *value = json_number_value(found);
        return isfinite(*value);
    }
    return json_is_string(found) &&
           read_decimal(json_string_value(found), value) && isfinite(*value);
}

bool api_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

int64_t api_to_micros(double amount)
{
    if (!isfinite(amount) || fabs(amount) > MONEY_MAX)
        return -1;
    return (int64_t)llround(amount * 1e6);
}

int64_t api_micros(const json_t *object, const char *key)
{
    double amount;

    return api_number(object, key, &amount) && amount >= 0
               ? api_to_micros(amount)
               : -1;
}

/* ---- records ---- */

void api_pod_text(struct fleet_pod *pod, int field, const json_t *object,
                  const char *key)
{
    const char *text = api_text(object, key);

    if (text)
        fleet_pod_set(pod, field, text);
}

void api_pod_time(struct fleet_pod *pod, int field, double seconds)
{
    time_t when = (time_t)seconds;
    char text[32];
    struct tm utc;

    if (seconds > 0 && seconds < 4e9 && gmtime_r(&when, &utc) &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
        fleet_pod_set(pod, field, text);
}

bool api_contains(const char *text, const char *part)
{
    return text && strcasestr(text, part) != NULL;
}
