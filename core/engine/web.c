/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/web.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/invoke.h"
#include "core/net/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#define MAX_TRIES    5
#define LANES        16
#define LANE_NAME    32
#define LONGEST_HINT 60000 /* asked to wait longer: say so instead */
#define LONGEST_LANE 3600000

struct lane {
    char name[LANE_NAME];
    int64_t next_ms; /* not before */
};
struct fl_web {
    struct fl_http *http;
    pthread_mutex_t mutex; /* guards the rest */
    struct lane lanes[LANES];
    int64_t closed_until_ms; /* for all requests: the budget is spent */
};

int fl_web_open(struct fl_web **out, struct fleet_error *err)
{
    struct fl_web *web = calloc(1, sizeof(*web));
    int rc = web ? fl_http_open(&web->http, err) : fl_enomem(err);

    if (rc < 0) {
        free(web);
        return rc;
    }
    pthread_mutex_init(&web->mutex, NULL);
    *out = web;
    return FLEET_OK;
}

void fl_web_close(struct fl_web *web)
{
    if (!web)
        return;
    fl_http_close(web->http);
    pthread_mutex_destroy(&web->mutex);
    free(web);
}

/* ---- pace ---- */

/* NULL: more lanes than anybody needs. Under the lock. */
static struct lane *lane_of(struct fl_web *web, const char *name)
{
    for (size_t i = 0; name && i < LANES; i++) {
        struct lane *lane = &web->lanes[i];

        if (!lane->name[0])
            snprintf(lane->name, sizeof(lane->name), "%s", name);
        if (strncmp(lane->name, name, sizeof(lane->name) - 1) == 0)
            return lane;
    }
    return NULL;
}

/* Books the next place in the request's lane; how long until then. */
static int64_t book(struct fl_web *web, const struct fleet_request *request)
{
    int64_t now = fl_now_ms(), at = now;
    struct lane *lane;

    pthread_mutex_lock(&web->mutex);
    if (web->closed_until_ms > at)
        at = web->closed_until_ms;
    lane = lane_of(web, request->lane);
    if (lane) {
        if (lane->next_ms > at)
            at = lane->next_ms;
        lane->next_ms = at + request->gap_ms;
    }
    pthread_mutex_unlock(&web->mutex);
    return at - now;
}

static void close_for(struct fl_web *web, int64_t ms)
{
    int64_t until = fl_now_ms() + ms;

    pthread_mutex_lock(&web->mutex);
    if (until > web->closed_until_ms)
        web->closed_until_ms = until;
    pthread_mutex_unlock(&web->mutex);
}

/* ---- what an answer says about the pace ---- */

/* The number behind KEY in one piece of a header; -1: none. */
static int64_t number_behind(const char *piece, size_t len, const char *key)
{
    size_t key_len = strlen(key);

    for (size_t i = 0; i + key_len < len; i++) {
        int64_t number = 0;
        size_t at = i + key_len;

        if (memcmp(piece + i, key, key_len) != 0 || piece[at] < '0' ||
            piece[at] > '9')
            continue;
        for (; at < len && piece[at] >= '0' && piece[at] <= '9'; at++) {
            number = number * 10 + (piece[at] - '0');
            if (number > INT32_MAX)
                return INT32_MAX;
        }
        return number;
    }
    return -1;
}

/* RateLimit: "minute";r=0;t=12, "hour";r=2800;t=1812 */
static int64_t spent_ms(const struct fleet_answer *answer)
{
    const char *at = fleet_answer_header(answer, "RateLimit");
    int64_t longest = -1;

    while (at && *at) {
        size_t len = strcspn(at, ",");
        int64_t reset = number_behind(at, len, ";t=");

        if (number_behind(at, len, ";r=") == 0 && reset > longest)
            longest = reset;
        at += len + (at[len] ? 1 : 0);
    }
    return longest < 0 ? -1 : longest * 1000;
}

static int64_t retry_after_ms(const struct fleet_answer *answer)
{
    const char *text = fleet_answer_header(answer, "Retry-After");
    int64_t seconds;
    time_t when;

    if (!text)
        return -1;
    if (fl_parse_int(text, 0, INT32_MAX, &seconds))
        return seconds * 1000;
    when = curl_getdate(text, NULL);
    if (when < 0)
        return -1;
    seconds = (int64_t)when - (int64_t)time(NULL);
    return seconds > 0 ? seconds * 1000 : 0;
}

int64_t fl_web_hint_ms(const struct fleet_answer *answer)
{
    int64_t hint = retry_after_ms(answer);

    return hint >= 0 ? hint : spent_ms(answer);
}

/* ---- judgement ---- */

int fleet_answer_judge(const struct fleet_answer *answer,
                       struct fleet_error *err)
{
    static const struct {
        int status, code;
        const char *text;
    } known[] = {
        {400, FLEET_EINVALID, "refused as a bad request"},
        {401, FLEET_EAUTH, "the credentials are refused"},
        {402, FLEET_EQUOTA, "there is no money left on the account"},
        {403, FLEET_EAUTH, "these credentials may not do this"},
        {404, FLEET_ENOTFOUND, "there is no such thing"},
        {408, FLEET_ETRANSIENT, "it did not wait for the request"},
        {409, FLEET_ECONFLICT, "the state of things is in the way"},
        {410, FLEET_EUNSUPPORTED, "this interface has been retired"},
        {423, FLEET_ELOCKED, "it is locked"},
        {429, FLEET_ERATELIMITED, "too many requests"},
    };
    int status = answer->status;

    if (status >= 200 && status < 300)
        return FLEET_OK;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == status)
            return fleet_fail(err, known[i].code, "%s (HTTP %d)", known[i].text,
                              status);
    }
    if (status >= 500)
        return fleet_fail(err, FLEET_ETRANSIENT,
                          "trouble at the provider (HTTP %d)", status);
    return fleet_fail(err, FLEET_EINVALID, "refused (HTTP %d)", status);
}

static bool has_type(const struct fleet_answer *answer, const char *wanted)
{
    const char *type = fleet_answer_header(answer, "Content-Type");
    size_t len = type ? strcspn(type, "; \t") : 0;

    if (!type)
        return false;
    if (len == strlen(wanted) && strncasecmp(type, wanted, len) == 0)
        return true;
    return strcmp(wanted, "application/json") == 0 && len > 5 &&
           strncasecmp(type + len - 5, "+json", 5) == 0;
}

/* What no judge has to look for. */
static int check_form(const struct fleet_request *request,
                      const struct fleet_answer *answer,
                      struct fleet_error *err)
{
    const char *wanted =
        request->answer_type ? request->answer_type : "application/json";
    const char *type = fleet_answer_header(answer, "Content-Type");
    const char *to = fleet_answer_header(answer, "Location");

    if (answer->status >= 300 && answer->status < 400)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "answered with a redirect to %.100s, which is not "
                          "followed; check the setting of the endpoint",
                          to ? to : "nowhere");
    if (!(request->flags & FLEET_HTTP_METADATA) && answer->status >= 200 &&
        answer->status < 300 && answer->body.len > 0 &&
        !has_type(answer, wanted))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "answered %.60s where %s was expected; check the "
                          "setting of the endpoint",
                          type ? type : "something", wanted);
    return FLEET_OK;
}

static bool is_token(const char *text)
{
    static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_.=";
    size_t len = strlen(text);

    return len > 0 && len <= 80 && strspn(text, fine) == len;
}

/* What the provider's support asks for. */
static void name_request(const struct fleet_answer *answer,
                         struct fleet_error *err)
{
    static const char *const names[] = {"x-request-id", "x-correlation-id",
                                        "x-amzn-requestid"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *id = fleet_answer_header(answer, names[i]);
        size_t len = strlen(err->text);

        if (id && is_token(id)) {
            snprintf(err->text + len, sizeof(err->text) - len, " (request %s)",
                     id);
            return;
        }
    }
}

/* 5xx: an answer, but whether anything was done before it nobody says. */
static int judge(const struct fleet_request *request,
                 const struct fleet_answer *answer, struct fleet_error *err)
{
    bool repeatable = request->flags & FLEET_HTTP_REPEATABLE;
    int rc = check_form(request, answer, err);

    if (rc == FLEET_OK)
        rc = request->judge ? request->judge(answer, err)
                            : fleet_answer_judge(answer, err);
    if (rc == FLEET_OK)
        return rc;
    if (rc == FLEET_ETRANSIENT && answer->status >= 500 && !repeatable)
        rc = FLEET_EAMBIGUOUS;
    err->code = rc;
    if (!err->detail)
        err->detail = answer->status;
    if (rc == FLEET_ERATELIMITED || rc == FLEET_ETRANSIENT) {
        int64_t hint = fl_web_hint_ms(answer);

        if (hint > err->retry_ms)
            err->retry_ms = (int32_t)(hint < INT32_MAX ? hint : INT32_MAX);
    }
    name_request(answer, err);
    return rc;
}

/* ---- once, and again ---- */

/* Requests of a plugin that is older than a field do not have it. */
#define HAS(request_, field_)                                                  \
    ((request_)->size >=                                                       \
     offsetof(struct fleet_request, field_) + sizeof((request_)->field_))

static int64_t try_deadline(const struct fleet_request *request)
{
    int64_t call = fl_call_deadline(), own;

    if (!HAS(request, limit_ms) || request->limit_ms == 0)
        return call;
    own = fl_deadline(request->limit_ms);
    return own < call ? own : call;
}

static int ask_once(struct fl_web *web, const struct fleet_request *request,
                    struct fleet_answer **answer, struct fleet_error *err)
{
    struct fleet_answer *got = NULL;
    int64_t spent, wait = book(web, request);
    int rc;

    if (wait > LONGEST_LANE)
        return fleet_fail(err, FLEET_ERATELIMITED,
                          "too many requests wait for their turn");
    fl_call_idle(wait);
    rc = fl_http_ask(web->http, request, try_deadline(request), &got, err);
    if (rc < 0) {
        if (rc == FLEET_EAMBIGUOUS && request->flags & FLEET_HTTP_REPEATABLE)
            err->code = rc =
                fleet_call_left_ms() > 0 ? FLEET_ETRANSIENT : FLEET_ETIMEOUT;
        return rc;
    }
    spent = spent_ms(got);
    if (spent > 0 && spent <= LONGEST_HINT)
        close_for(web, spent);
    rc = judge(request, got, err);
    if (rc == FLEET_ERATELIMITED && err->retry_ms > 0 &&
        err->retry_ms <= LONGEST_HINT)
        close_for(web, err->retry_ms);
    if (rc < 0 || !answer)
        fleet_answer_free(got);
    else
        *answer = got;
    return rc;
}

/* Pauses before another try; false when there is no sense in one. */
static bool again(const struct fleet_request *request, int tries,
                  struct fleet_error *err)
{
    int64_t delay;

    if ((err->code != FLEET_ERATELIMITED && err->code != FLEET_ETRANSIENT) ||
        request->flags & FLEET_HTTP_METADATA)
        return false;
    delay = fl_backoff(tries, err->retry_ms);
    if (tries + 1 < MAX_TRIES && err->retry_ms <= LONGEST_HINT &&
        delay < fleet_call_left_ms()) {
        fleet_log(FLEET_LOG_INFO, "http", "%s again in %lld ms: %s",
                  request->method, (long long)delay, err->text);
        return fleet_call_sleep(delay, NULL) == FLEET_OK;
    }
    if (err->retry_ms <= LONGEST_HINT)
        err->retry_ms = -1; /* it was tried often enough */
    return false;
}

int fl_web_ask(struct fl_web *web, const struct fleet_request *request,
               struct fleet_answer **answer, struct fleet_error *err)
{
    struct fleet_error why;
    int rc;

    for (int tries = 0;; tries++) {
        why = (struct fleet_error){0};
        rc = ask_once(web, request, answer, &why);
        if (rc == FLEET_OK || !again(request, tries, &why))
            break;
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}
