/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/http.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/net/httpurl.h"

#include <curl/curl.h>
#include <fleet/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX       ((size_t)16 << 20)
#define HEADERS_MAX      200
#define HEADER_MAX       8192
#define CONNECT_MS       15000
#define LONGEST_MS       600000
#define HOST_CONNECTIONS 64
#define IDLE_POLL_MS     60000

/* One request on its way. The asker owns it; the thread of the pool works on it
 * from the moment it is queued until done. */
struct exchange {
    struct exchange *next;
    CURL *easy;
    struct curl_slist *headers;
    struct fleet_answer *answer;
    bool too_large;
    char why[CURL_ERROR_SIZE];
    CURLcode result;
    bool done;
};

struct fl_http {
    CURLM *multi; /* of the thread alone, but for wakeup */
    CURLSH *share;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the rest, and done of every exchange */
    pthread_cond_t changed;
    struct exchange *queue;
    bool closing;
};

/* ---- the thread ---- */

static void take_queue(struct fl_http *http, bool *closing)
{
    struct exchange *queue;

    pthread_mutex_lock(&http->mutex);
    queue = http->queue;
    http->queue = NULL;
    *closing = http->closing;
    pthread_mutex_unlock(&http->mutex);
    while (queue) {
        struct exchange *exchange = queue;

        queue = exchange->next;
        /* Sessions of TLS are kept for all; only this thread uses them. */
        curl_easy_setopt(exchange->easy, CURLOPT_SHARE, http->share);
        curl_multi_add_handle(http->multi, exchange->easy);
    }
}

static void give_answer(struct fl_http *http, CURL *easy, CURLcode result)
{
    struct exchange *exchange = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    curl_multi_remove_handle(http->multi, easy);
    curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
    pthread_mutex_lock(&http->mutex);
    exchange->result = result;
    exchange->done = true;
    pthread_cond_broadcast(&http->changed);
    pthread_mutex_unlock(&http->mutex);
}

static void give_answers(struct fl_http *http)
{
    struct CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            give_answer(http, message->easy_handle, message->data.result);
    }
}

static void *serve(void *arg)
{
    struct fl_http *http = arg;
    bool closing = false;
    int running;

    while (!closing) {
        take_queue(http, &closing);
        curl_multi_perform(http->multi, &running);
        give_answers(http);
        if (!closing)
            curl_multi_poll(http->multi, NULL, 0, IDLE_POLL_MS, NULL);
    }
    return NULL;
}

/* ---- open and close ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Signals are for the main thread. */
static int start_thread(struct fl_http *http)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&http->thread, NULL, serve, http);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void http_free(struct fl_http *http)
{
    if (http->multi)
        curl_multi_cleanup(http->multi);
    if (http->share)
        curl_share_cleanup(http->share);
    pthread_cond_destroy(&http->changed);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}

int fl_http_open(struct fl_http **out, struct fleet_error *err)
{
    struct fl_http *http = calloc(1, sizeof(*http));

    if (!http)
        return fl_enomem(err);
    pthread_once(&curl_once, start_curl);
    pthread_mutex_init(&http->mutex, NULL);
    pthread_cond_init(&http->changed, NULL);
    http->multi = curl_multi_init();
    http->share = curl_share_init();
    if (!http->multi || !http->share) {
        http_free(http);
        return fl_enomem(err);
    }
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      (long)HOST_CONNECTIONS);
    if (start_thread(http) != 0) {
        http_free(http);
        return fleet_fail(err, FLEET_ETRANSIENT, "cannot start a thread");
    }
    *out = http;
    return FLEET_OK;
}

void fl_http_close(struct fl_http *http)
{
    if (!http)
        return;
    pthread_mutex_lock(&http->mutex);
    http->closing = true;
    pthread_mutex_unlock(&http->mutex);
    curl_multi_wakeup(http->multi);
    pthread_join(http->thread, NULL);
    http_free(http);
}

/* ---- one request ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct exchange *exchange = arg;
    int rc = fl_buf_add(&exchange->answer->body, data, size * n);

    if (rc == FLEET_EINVALID)
        exchange->too_large = true;
    return rc < 0 ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct exchange *exchange = arg;
    struct fl_strv *headers = &exchange->answer->headers;
    size_t all = size * n, len = all;

    while (len > 0 && strchr("\r\n \t", data[len - 1]))
        len--;
    if (len >= 5 && strncasecmp(data, "HTTP/", 5) == 0)
        fl_strv_clear(headers); /* "100 Continue" came before it */
    else if (len > 0 && len <= HEADER_MAX && headers->n < HEADERS_MAX &&
             fl_strv_add_n(headers, data, len) < 0)
        return 0;
    return all;
}

/* What becomes of a transfer that failed. A lost answer is ambiguous unless not
 * one byte can have left. */
static int fail_transfer(const struct exchange *exchange, const char *host,
                         int64_t deadline, struct fleet_error *err)
{
    curl_off_t begun = 0;
    const char *why =
        exchange->why[0] ? exchange->why : curl_easy_strerror(exchange->result);
    bool late = exchange->result == CURLE_OPERATION_TIMEDOUT;

    if (exchange->too_large)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "%s: the answer is larger than %zu bytes", host,
                          exchange->answer->body.max);
    if (exchange->result == CURLE_OUT_OF_MEMORY)
        return fl_enomem(err);
    curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
    if (begun > 0)
        return fleet_fail(err, FLEET_EAMBIGUOUS, "%s: no whole answer: %s",
                          host, late ? "it did not come in time" : why);
    if (late && fl_left_ms(deadline) == 0)
        return fleet_fail(err, FLEET_ETIMEOUT, "%s: no connection in time",
                          host);
    return fleet_fail(err, FLEET_ETRANSIENT, "%s: no connection: %s", host,
                      why);
}

static int add_header(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (!longer)
        return FLEET_ENOMEM;
    *list = longer;
    return FLEET_OK;
}

static int set_headers(struct exchange *exchange,
                       const struct fleet_request *request)
{
    FL_AUTO_FREE char *type =
        request->body ? fl_format("Content-Type: %s", request->body_type
                                                          ? request->body_type
                                                          : "application/json")
                      : strdup("Content-Type:");
    FL_AUTO_FREE char *accept =
        fl_format("Accept: %s", request->answer_type ? request->answer_type
                                                     : "application/json");
    int rc = type && accept ? FLEET_OK : FLEET_ENOMEM;

    if (rc == 0)
        rc = add_header(&exchange->headers, type);
    if (rc == 0)
        rc = add_header(&exchange->headers, accept);
    if (rc == 0) /* do not ask whether a body may be sent: send it */
        rc = add_header(&exchange->headers, "Expect:");
    for (const char *const *at = request->headers; rc == 0 && at && *at; at++)
        rc = add_header(&exchange->headers, *at);
    return rc;
}

static void set_body(CURL *easy, const struct fleet_request *request)
{
    bool get = strcmp(request->method, "GET") == 0;

    if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)strlen(request->body));
    } else if (strcmp(request->method, "POST") == 0 ||
               strcmp(request->method, "PUT") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    if (!get || request->body)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_limits(CURL *easy, int64_t deadline)
{
    long left = fl_left_ms(deadline);

    if (left > LONGEST_MS)
        left = LONGEST_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left > 0 ? left : 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     left < CONNECT_MS ? (left > 0 ? left : 1L)
                                       : (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A resolver that hangs holds up neither the deadline nor the others. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
}

static void set_transport(CURL *easy, const struct fleet_request *request,
                          const struct fl_http_url *url)
{
    const char *authorities = getenv("SSL_CERT_FILE");

    curl_easy_setopt(easy, CURLOPT_USERAGENT, "fleet/" FLEET_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    if (authorities && *authorities)
        curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
    if (url->loopback || url->metadata) /* a proxy has no business there */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    /* curl sends a request again by itself when a connection that it has used
     * before turns out dead. A create must not be sent twice: it gets one that
     * is new. */
    if (request->flags & FLEET_HTTP_REPEATABLE)
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

static int prepare(struct exchange *exchange,
                   const struct fleet_request *request,
                   const struct fl_http_url *url, int64_t deadline,
                   struct fleet_error *err)
{
    CURL *easy = exchange->easy;

    if (!easy || !exchange->answer || set_headers(exchange, request) < 0)
        return fl_enomem(err);
    fl_buf_init(&exchange->answer->body,
                request->max_answer ? request->max_answer : ANSWER_MAX);
    if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK)
        return fl_enomem(err);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    set_body(easy, request);
    set_limits(easy, deadline);
    set_transport(easy, request, url);
    return FLEET_OK;
}

/* curl keeps the deadline; nothing in its thread blocks. */
static void send_and_wait(struct fl_http *http, struct exchange *exchange)
{
    pthread_mutex_lock(&http->mutex);
    exchange->next = http->queue;
    http->queue = exchange;
    pthread_mutex_unlock(&http->mutex);
    curl_multi_wakeup(http->multi);
    pthread_mutex_lock(&http->mutex);
    while (!exchange->done)
        pthread_cond_wait(&http->changed, &http->mutex);
    pthread_mutex_unlock(&http->mutex);
}

static void wipe_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at; at = at->next)
        fl_wipe(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static void trace(const struct fleet_request *request,
                  const struct exchange *exchange, int rc, int64_t begun)
{
    long long took = (long long)(fl_now_ms() - begun);

    if (rc == FLEET_OK)
        fleet_log(FLEET_LOG_WIRE, "http", "%s %s: %d, %zu bytes, %lld ms",
                  request->method, request->url, exchange->answer->status,
                  exchange->answer->body.len, took);
    else
        fleet_log(FLEET_LOG_WIRE, "http", "%s %s: %s after %lld ms",
                  request->method, request->url,
                  exchange->why[0] ? exchange->why
                                   : curl_easy_strerror(exchange->result),
                  took);
}

static int exchange_once(struct fl_http *http, struct exchange *exchange,
                         const struct fleet_request *request,
                         const struct fl_http_url *url, int64_t deadline,
                         struct fleet_error *err)
{
    int64_t begun = fl_now_ms();
    long status = 0;
    int rc = prepare(exchange, request, url, deadline, err);

    if (rc < 0)
        return rc;
    send_and_wait(http, exchange);
    if (exchange->result == CURLE_OK) {
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
        exchange->answer->status = (int)status;
    } else {
        rc = fail_transfer(exchange, url->host, deadline, err);
    }
    trace(request, exchange, rc, begun);
    return rc;
}

int fl_http_ask(struct fl_http *http, const struct fleet_request *request,
                int64_t deadline, struct fleet_answer **answer,
                struct fleet_error *err)
{
    struct exchange exchange = {0};
    struct fl_http_url url;
    int rc = fl_http_url_read(request->url,
                              request->flags & FLEET_HTTP_METADATA, &url, err);

    if (rc < 0)
        return rc;
    exchange.easy = curl_easy_init();
    exchange.answer = calloc(1, sizeof(*exchange.answer));
    rc = exchange_once(http, &exchange, request, &url, deadline, err);
    curl_easy_cleanup(exchange.easy);
    wipe_headers(exchange.headers);
    if (rc < 0)
        fleet_answer_free(exchange.answer);
    else
        *answer = exchange.answer;
    return rc;
}

/* ---- what came back ---- */

void fleet_answer_free(struct fleet_answer *answer)
{
    if (!answer)
        return;
    fl_strv_clear(&answer->headers);
    if (answer->body.data) /* pods carry their environment in it */
        fl_wipe(answer->body.data, answer->body.len);
    fl_buf_clear(&answer->body);
    free(answer);
}

int fleet_answer_status(const struct fleet_answer *answer)
{
    return answer->status;
}

const char *fleet_answer_body(const struct fleet_answer *answer, size_t *len)
{
    if (len)
        *len = answer->body.len;
    return fl_buf_text(&answer->body);
}

const char *fleet_answer_header(const struct fleet_answer *answer,
                                const char *name)
{
    size_t len = strlen(name);

    for (size_t i = answer->headers.n; i-- > 0;) {
        const char *header = answer->headers.at[i];

        if (strncasecmp(header, name, len) == 0 && header[len] == ':')
            return header + len + 1 + strspn(header + len + 1, " \t");
    }
    return NULL;
}
