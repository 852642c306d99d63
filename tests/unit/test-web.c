/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/web.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/engine/invoke.h"
#include "core/net/http.h"
#include "core/net/httpurl.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SOON 60000 /* no test waits that long unless something is wrong */
#define OK_HEAD                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
#define OK_ANSWER OK_HEAD "2\r\n\r\n{}"

/* What the server does with one request after the other. */
enum then { KEEP, CLOSE, RESET, HANG };
struct turn {
    const char *text; /* NULL: ends the list; the last one is repeated */
    enum then then;
};
struct server {
    int fd, port;
    const struct turn *turns;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the rest */
    size_t at;             /* requests so far */
    char last[4096];       /* head and body of the last one */
    pthread_t links[64];
    size_t n_links;
};
struct link {
    struct server *server;
    int fd;
};

/* A whole request into TEXT; false when the client has gone. */
static bool read_request(int fd, char *text, size_t size)
{
    size_t len = 0, want = 0;

    while (len < size - 1) {
        ssize_t n = read(fd, text + len, size - 1 - len);
        const char *end, *length;

        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strcasestr(text, "content-length:");
        if (!end)
            continue;
        want = (size_t)(end - text) + 4;
        if (length && length < end)
            want += (size_t)atol(length + 15);
        if (len >= want)
            return true;
    }
    return false;
}

static struct turn next_turn(struct server *server, const char *text)
{
    const struct turn *turn = server->turns;
    struct turn found;

    pthread_mutex_lock(&server->mutex);
    for (size_t i = 0; i < server->at && turn[1].text; i++)
        turn++;
    server->at++;
    snprintf(server->last, sizeof(server->last), "%s", text);
    found = *turn;
    pthread_mutex_unlock(&server->mutex);
    return found;
}

static void *serve_link(void *arg)
{
    struct link link = *(struct link *)arg;
    char text[4096], c;

    free(arg);
    while (read_request(link.fd, text, sizeof(text))) {
        struct turn turn = next_turn(link.server, text);
        struct linger hard = {1, 0};

        if (send(link.fd, turn.text, strlen(turn.text), MSG_NOSIGNAL) < 0)
            break;
        while (turn.then == HANG && read(link.fd, &c, 1) > 0)
            ;
        if (turn.then == RESET)
            setsockopt(link.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        if (turn.then != KEEP)
            break;
    }
    close(link.fd);
    return NULL;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        struct link *link = malloc(sizeof(*link));

        *link = (struct link){server, fd};
        pthread_mutex_lock(&server->mutex);
        pthread_create(&server->links[server->n_links++], NULL, serve_link,
                       link);
        pthread_mutex_unlock(&server->mutex);
    }
    return NULL;
}

struct fixture {
    struct server server;
    struct fl_web *web;
    char url[64];
};

static void start(struct fixture *f, const struct turn *turns)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);

    memset(f, 0, sizeof(*f));
    pthread_mutex_init(&f->server.mutex, NULL);
    f->server.turns = turns;
    f->server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->server.fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(f->server.fd, (struct sockaddr *)&at, &size),
                     0);
    assert_int_equal(listen(f->server.fd, 64), 0);
    f->server.port = ntohs(at.sin_port);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/v2/pods",
             f->server.port);
    pthread_create(&f->server.thread, NULL, serve, &f->server);
    assert_int_equal(fl_web_open(&f->web, NULL), 0);
}

static void stop(struct fixture *f)
{
    fl_web_close(f->web); /* ends the links */
    shutdown(f->server.fd, SHUT_RDWR);
    pthread_join(f->server.thread, NULL);
    for (size_t i = 0; i < f->server.n_links; i++)
        pthread_join(f->server.links[i], NULL);
    close(f->server.fd);
    pthread_mutex_destroy(&f->server.mutex);
}

static struct fleet_request request_of(const struct fixture *f,
                                       const char *method)
{
    return (struct fleet_request){
        .size = sizeof(struct fleet_request),
        .method = method,
        .url = f->url,
        .body = strcmp(method, "POST") == 0 ? "{\"name\":\"a\"}" : NULL,
        .flags = strcmp(method, "POST") == 0 ? 0 : FLEET_HTTP_REPEATABLE,
    };
}

/* One call of its own, within LEFT_MS. */
static int ask(struct fixture *f, const struct fleet_request *request,
               int64_t left_ms, struct fleet_error *err)
{
    int64_t before = fl_call_begin(fl_deadline(left_ms));
    struct fleet_answer *answer = NULL;
    int rc;

    memset(err, 0, sizeof(*err));
    rc = fl_web_ask(f->web, request, &answer, err);
    assert_int_equal(rc, err->code);
    assert_true((answer != NULL) == (rc == 0));
    fleet_answer_free(answer);
    fl_call_end(before);
    return rc;
}

/* ---- what becomes of an answer, or of none ---- */

static void test_outcomes(void **state)
{
    static const char error_500[] = "HTTP/1.1 500 Oh\r\nContent-Type: "
                                    "application/json\r\nX-Request-Id: "
                                    "r-17\r\nContent-Length: 2\r\n\r\n{}";
    static const char html_502[] = "HTTP/1.1 502 Bad\r\nContent-Type: "
                                   "text/html\r\nContent-Length: 6\r\n\r\n"
                                   "<html>";
    static const char html_200[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                                   "text/html\r\nContent-Length: 6\r\n\r\n"
                                   "<html>";
    static const char away[] = "HTTP/1.1 301 Moved\r\nLocation: "
                               "http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
                               "\r\n";
    static const char soon[] = "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\n"
                               "Content-Length: 0\r\n\r\n";
    static const char bare_401[] = "HTTP/1.1 401 No\r\nContent-Type: "
                                   "text/plain\r\nContent-Length: 2\r\n\r\nno";
    static const struct {
        const char *what, *method;
        struct turn turns[7];
        int code;
        size_t requests;
        const char *says;
    } rows[] = {
        {"fine", "GET", {{OK_ANSWER, KEEP}, {0}}, FLEET_OK, 1, NULL},
        {"nothing to say",
         "DELETE",
         {{"HTTP/1.1 204 Done\r\n\r\n", KEEP}, {0}},
         FLEET_OK,
         1,
         NULL},
        {"a read is asked again after a 500",
         "GET",
         {{error_500, KEEP}, {OK_ANSWER, KEEP}, {0}},
         FLEET_OK,
         2,
         NULL},
        {"but not for ever",
         "GET",
         {{error_500, KEEP}, {0}},
         FLEET_ETRANSIENT,
         5,
         "request r-17"},
        {"a create is not",
         "POST",
         {{error_500, KEEP}, {0}},
         FLEET_EAMBIGUOUS,
         1,
         "HTTP 500"},
        {"HTML of a gateway",
         "POST",
         {{html_502, KEEP}, {0}},
         FLEET_EAMBIGUOUS,
         1,
         "HTTP 502"},
        {"too many: nothing was done",
         "POST",
         {{soon, KEEP}, {OK_ANSWER, KEEP}, {0}},
         FLEET_OK,
         2,
         NULL},
        {"dropped after a create",
         "POST",
         {{"", CLOSE}, {0}},
         FLEET_EAMBIGUOUS,
         1,
         "no whole answer"},
        {"dropped after a read",
         "GET",
         {{"", CLOSE}, {OK_ANSWER, KEEP}, {0}},
         FLEET_OK,
         2,
         NULL},
        {"reset after a create",
         "POST",
         {{"", RESET}, {0}},
         FLEET_EAMBIGUOUS,
         1,
         "no whole answer"},
        {"cut short",
         "POST",
         {{OK_HEAD "9\r\n\r\n{\"a\":", CLOSE}, {0}},
         FLEET_EAMBIGUOUS,
         1,
         "no whole answer"},
        {"not JSON",
         "GET",
         {{html_200, KEEP}, {0}},
         FLEET_EINTERNAL,
         1,
         "text/html"},
        {"a redirect",
         "GET",
         {{away, KEEP}, {0}},
         FLEET_EINTERNAL,
         1,
         "redirect"},
        {"bare text", "GET", {{bare_401, KEEP}, {0}}, FLEET_EAUTH, 1, "401"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        struct fleet_request request;
        struct fleet_error err;
        int rc;

        start(&f, rows[i].turns);
        request = request_of(&f, rows[i].method);
        rc = ask(&f, &request, SOON, &err);
        stop(&f);
        if (rc != rows[i].code || f.server.at != rows[i].requests ||
            (rows[i].says && !strstr(err.text, rows[i].says)))
            fail_msg("%s: code %d, %zu requests, %s", rows[i].what, rc,
                     f.server.at, err.text);
    }
}

/* A connection that was kept and is dead by now is no reason to send a create
 * twice, which is what libcurl would do by itself. */
static void test_create_is_sent_once(void **state)
{
    static const struct turn turns[] = {
        {OK_ANSWER, KEEP}, {"", CLOSE}, {OK_ANSWER, KEEP}, {0}};
    struct fixture f;
    struct fleet_request get, post;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    get = request_of(&f, "GET");
    post = request_of(&f, "POST");
    assert_int_equal(ask(&f, &get, SOON, &err), FLEET_OK);
    assert_int_equal(ask(&f, &post, SOON, &err), FLEET_EAMBIGUOUS);
    stop(&f);
    assert_int_equal(f.server.at, 2);
}

static void test_nobody_listens(void **state)
{
    static const struct turn turns[] = {{OK_ANSWER, KEEP}, {0}};
    struct fixture f;
    struct fleet_request post;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    shutdown(f.server.fd, SHUT_RDWR);
    pthread_join(f.server.thread, NULL);
    close(f.server.fd);
    post = request_of(&f, "POST");
    assert_int_equal(ask(&f, &post, SOON, &err), FLEET_ETRANSIENT);
    assert_non_null(strstr(err.text, "127.0.0.1"));
    assert_int_equal(err.retry_ms, -1);
    fl_web_close(f.web);
    assert_int_equal(f.server.at, 0);
}

static void test_deadline(void **state)
{
    static const struct turn turns[] = {{"", HANG}, {0}};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "GET");
    assert_int_equal(ask(&f, &request, 200, &err), FLEET_ETIMEOUT);
    request = request_of(&f, "POST");
    assert_int_equal(ask(&f, &request, 200, &err), FLEET_EAMBIGUOUS);
    stop(&f);
}

static void test_too_large(void **state)
{
    static const struct turn turns[] = {{OK_HEAD "20\r\n\r\n"
                                                 "{\"a\":\"1234567890123\"}",
                                         KEEP},
                                        {0}};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "GET");
    request.max_answer = 10;
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_EINTERNAL);
    assert_non_null(strstr(err.text, "larger than 10"));
    stop(&f);
}

/* ---- the pace ---- */

static void test_asked_to_wait_long(void **state)
{
    static const struct turn turns[] = {
        {"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
         KEEP},
        {0}};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "GET");
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_ERATELIMITED);
    assert_int_equal(err.retry_ms, 3600000);
    stop(&f);
    assert_int_equal(f.server.at, 1);
}

static void test_lane(void **state)
{
    static const struct turn turns[] = {{OK_ANSWER, KEEP}, {0}};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;
    int64_t begun;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "GET");
    request.lane = "list";
    request.gap_ms = 300;
    begun = fl_now_ms();
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    /* The wait is not taken from the time of the call. */
    assert_int_equal(ask(&f, &request, 250, &err), FLEET_OK);
    assert_true(fl_now_ms() - begun >= 300);
    request.lane = "other";
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    stop(&f);
}

static void test_spent_budget(void **state)
{
    static const struct turn turns[] = {
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
         "RateLimit: \"minute\";r=0;t=1, \"hour\";r=7;t=900\r\n"
         "Content-Length: 2\r\n\r\n{}",
         KEEP},
        {OK_ANSWER, KEEP},
        {0}};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;
    int64_t begun;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "GET");
    begun = fl_now_ms();
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    assert_true(fl_now_ms() - begun >= 1000);
    stop(&f);
}

static void test_hints(void **state)
{
    static const struct {
        const char *header;
        int64_t hint_ms;
    } rows[] = {
        {"Retry-After: 7", 7000},
        {"retry-after: 0", 0},
        {"Retry-After: soon", -1},
        {"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"RateLimit: \"minute\";r=0;t=12, \"hour\";r=2800;t=1812", 12000},
        {"RateLimit: \"minute\";r=0;t=12, \"hour\";r=0;t=60", 60000},
        {"RateLimit: \"minute\";r=57;t=12", -1},
        {"RateLimit: ;r=0;t=99999999999999999999", (int64_t)INT32_MAX * 1000},
        {"RateLimit: r", -1},
        {"RateLimit:", -1},
        {"RateLimit-Reset: 1795000000", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fleet_answer answer = {.status = 429};
        int64_t hint;

        fl_strv_add(&answer.headers, rows[i].header);
        hint = fl_web_hint_ms(&answer);
        fl_strv_clear(&answer.headers);
        if (hint != rows[i].hint_ms)
            fail_msg("%s: %lld", rows[i].header, (long long)hint);
    }
}

/* ---- what is sent ---- */

static void test_request(void **state)
{
    static const struct turn turns[] = {{OK_ANSWER, KEEP}, {0}};
    static const char *const headers[] = {"Authorization: Bearer k-1", NULL};
    struct fixture f;
    struct fleet_request request;
    struct fleet_error err;

    (void)state;
    start(&f, turns);
    request = request_of(&f, "POST");
    request.headers = headers;
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    assert_non_null(strstr(f.server.last, "POST /v2/pods HTTP/1.1\r\n"));
    assert_non_null(strstr(f.server.last, "Authorization: Bearer k-1\r\n"));
    assert_non_null(strstr(f.server.last, "User-Agent: fleet/"));
    assert_non_null(strstr(f.server.last, "Accept: application/json\r\n"));
    assert_non_null(strstr(f.server.last, "Content-Type: application/json"));
    assert_non_null(strstr(f.server.last, "gzip"));
    assert_non_null(strstr(f.server.last, "\r\n\r\n{\"name\":\"a\"}"));
    request = request_of(&f, "PATCH");
    assert_int_equal(ask(&f, &request, SOON, &err), FLEET_OK);
    assert_non_null(strstr(f.server.last, "PATCH /v2/pods"));
    assert_null(strstr(f.server.last, "Content-Type"));
    stop(&f);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        int code;
        bool loopback, metadata;
    } rows[] = {
        {"https://api.example.com/v2", FLEET_OK, false, false},
        {"http://127.0.0.1:8080", FLEET_OK, true, false},
        {"http://127.9.9.9/", FLEET_OK, true, false},
        {"http://[::1]:80/", FLEET_OK, true, false},
        {"http://localhost/x", FLEET_OK, true, false},
        {"http://api.example.com/v2", FLEET_ECONFIG, false, false},
        {"http://127.0.0.1.example.com/", FLEET_ECONFIG, false, false},
        {"http://128.0.0.1/", FLEET_ECONFIG, false, false},
        {"ftp://127.0.0.1/", FLEET_ECONFIG, false, false},
        {"file:///etc/passwd", FLEET_ECONFIG, false, false},
        {"https://me:secret@api.example.com/", FLEET_ECONFIG, false, false},
        {"api.example.com/v2", FLEET_ECONFIG, false, false},
        {"https://", FLEET_ECONFIG, false, false},
        {"", FLEET_ECONFIG, false, false},
        /* The services beside a cloud's own machine, where they are meant. */
        {"http://169.254.169.254/latest/api/token", FLEET_OK, false, true},
        {"http://169.254.170.2/v2/x", FLEET_OK, false, true},
        {"http://[fd00:ec2::254]/latest", FLEET_OK, false, true},
        {"http://169.254.169.254/", FLEET_ECONFIG, false, false},
        {"http://127.0.0.1:8080", FLEET_OK, true, true},
        {"http://169.255.0.1/", FLEET_ECONFIG, false, true},
        {"http://169.254.example.com/", FLEET_ECONFIG, false, true},
        {"http://10.0.0.1/", FLEET_ECONFIG, false, true},
        {"http://[fd00:ec2::255]/", FLEET_ECONFIG, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fl_http_url url;
        struct fleet_error err = {0};
        int rc = fl_http_url_read(rows[i].url, rows[i].metadata, &url, &err);

        if (rc != rows[i].code || (rc == 0 && url.loopback != rows[i].loopback))
            fail_msg("%s: code %d", rows[i].url, rc);
        assert_null(strstr(err.text, "secret"));
    }
}

/* ---- many at once ---- */

struct crowd {
    struct fixture *f;
    atomic_int fine;
};

static void *ask_some(void *arg)
{
    struct crowd *crowd = arg;
    struct fleet_error err;

    for (int i = 0; i < 10; i++) {
        struct fleet_request request = request_of(crowd->f, "GET");

        if (ask(crowd->f, &request, SOON, &err) == FLEET_OK)
            atomic_fetch_add(&crowd->fine, 1);
    }
    return NULL;
}

static void test_many(void **state)
{
    static const struct turn turns[] = {{OK_ANSWER, KEEP}, {0}};
    struct fixture f;
    struct crowd crowd = {.f = &f};
    pthread_t threads[16];

    (void)state;
    start(&f, turns);
    for (size_t i = 0; i < 16; i++)
        pthread_create(&threads[i], NULL, ask_some, &crowd);
    for (size_t i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.fine, 160);
    assert_true(f.server.n_links <= 40); /* of 160: they are kept */
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_create_is_sent_once),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_asked_to_wait_long),
        cmocka_unit_test(test_lane),
        cmocka_unit_test(test_spent_budget),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_many),
    };

    fl_backoff_ms = 10;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
