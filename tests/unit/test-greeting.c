/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/greeting.h"

#include "core/base/cancel.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/net/connect.h"
#include "core/net/wait.h"
#include "tests/unit/child.h"
#include "tests/unit/failalloc.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOON 60000 /* no test waits that long unless something is wrong */

/* The resolver, with a name of ours that gets no answer until we let it. */
int __real_getaddrinfo(const char *host, const char *port,
                       const struct addrinfo *want, struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *port,
                       const struct addrinfo *want, struct addrinfo **found);
static int gate[2] = {-1, -1};

int __wrap_getaddrinfo(const char *host, const char *port,
                       const struct addrinfo *want, struct addrinfo **found)
{
    char c;

    if (want->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, port, want, found);
    if (strcmp(host, "none.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "memory.test") == 0)
        return EAI_MEMORY;
    if (strcmp(host, "slow.test") == 0)
        while (read(gate[0], &c, 1) < 0)
            ;
    return __real_getaddrinfo("127.0.0.1", port, want, found);
}

/* Listens on a free port of the loopback; with BACKLOG -1 it does not. */
static int open_port(int backlog, int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* What a server says to one client after another. */
struct line {
    const char *text; /* NULL: ends the list */
    int times;        /* 0: once */
    bool stays;       /* until the client has gone */
};
struct server {
    int fd, port;
    const struct line *lines;
    pthread_t thread;
};

static void say(int fd, const struct line *line)
{
    size_t len = strlen(line->text);
    char c;

    for (int i = 0; i < (line->times ? line->times : 1); i++)
        if (send(fd, line->text, len, MSG_NOSIGNAL) < 0)
            break;
    while (line->stays && read(fd, &c, 1) > 0)
        ;
}

static void *serve(void *arg)
{
    const struct server *server = arg;

    for (const struct line *line = server->lines; line->text; line++) {
        int fd = accept(server->fd, NULL, NULL);

        if (fd < 0)
            break; /* shut down by server_stop */
        say(fd, line);
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *server, const struct line *lines)
{
    server->fd = open_port(16, &server->port);
    server->lines = lines;
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

#define TEXT_50 "01234567890123456789012345678901234567890123456789"

static void what_servers_say(void **state)
{
    static const struct {
        struct line line;
        int code;
        const char *text;
    } cases[] = {
        {{"SSH-2.0-x\r\n", 0, true}, FLEET_OK, NULL},
        {{"SSH-2.0-OpenSSH_9.2p1 Debian\n", 0, false}, FLEET_OK, NULL},
        {{"SSH-1.99-old and new\r\n", 0, true}, FLEET_OK, NULL},
        {{"Welcome\r\nto\n\nSSH-2.0-x\r\nmore", 0, true}, FLEET_OK, NULL},
        {{"SSH-1.5-old\r\n", 0, true}, FLEET_EINVALID, "\"SSH-1.5-old\""},
        {{"SSH-2.0-" TEXT_50 TEXT_50 TEXT_50 TEXT_50 TEXT_50 "\r\n", 0, true},
         FLEET_EINVALID,
         "no SSH server"},
        {{"HTTP/1.1 400 Bad Request\r\n\r\n", 0, false},
         FLEET_EINVALID,
         "no SSH server: \"HTTP/1.1 400 Bad Request\""},
        {{"\x16\x03\x01", 0, false}, FLEET_EINVALID, "no SSH server"},
        {{"SSI-2.0", 0, false}, FLEET_EINVALID, "no SSH server"},
        {{"x\n", 49, true}, FLEET_ETIMEOUT, "greeting: not whole"},
        {{"x\n", 50, true}, FLEET_EINVALID, "no SSH server"},
        {{TEXT_50, 200, true}, FLEET_EINVALID, "no SSH server"},
        {{TEXT_50 TEXT_50 TEXT_50 "\n", 49, false},
         FLEET_EINVALID,
         "no SSH server"},
        {{"", 0, false}, FLEET_ETRANSIENT, "greeting: closed"},
        {{"SS", 0, false}, FLEET_ETRANSIENT, "greeting: closed"},
        {{"SSH-2.0-x", 0, false}, FLEET_ETRANSIENT, "greeting: closed"},
        {{"Exceeded MaxStartups\r\n", 0, false},
         FLEET_ETRANSIENT,
         "Exceeded MaxStartups"},
        {{"", 0, true}, FLEET_ETIMEOUT, "greeting: silent"},
        {{"S", 0, true}, FLEET_ETIMEOUT, "greeting: not whole"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct line lines[] = {cases[i].line, {NULL, 0, false}};
        struct fleet_error err = {0};
        struct server server;
        int rc;

        server_start(&server, lines);
        rc = fl_greeting(
            "127.0.0.1", server.port,
            fl_deadline(cases[i].code == FLEET_ETIMEOUT ? 500 : SOON), &err);
        server_stop(&server);
        if (rc != cases[i].code || err.code != cases[i].code ||
            (rc && !strstr(err.text, cases[i].text)))
            fail_msg("case %zu: %d %s", i, rc, err.text);
        if (rc)
            assert_memory_equal(err.text, "127.0.0.1:", 10);
    }
}

static void a_nul_byte_is_no_line(void **state)
{
    int port, fd = open_port(1, &port), client;
    struct fleet_error err;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        client = accept(fd, NULL, NULL);
        _exit(send(client, "a\0\nSSH-2.0-x\n", 13, 0) != 13);
    }
    assert_int_equal(fl_greeting("127.0.0.1", port, fl_deadline(SOON), &err),
                     FLEET_EINVALID);
    waitpid(pid, NULL, 0);
    close(fd);
}

static void nobody_there(void **state)
{
    int port, fd = open_port(-1, &port);
    struct fleet_error err;

    (void)state;
    assert_int_equal(fl_greeting("127.0.0.1", port, fl_deadline(SOON), &err),
                     FLEET_ETRANSIENT);
    assert_non_null(strstr(err.text, ": connect: Connection refused"));
    assert_int_equal(fl_greeting("::1", port, fl_deadline(SOON), &err),
                     FLEET_ETRANSIENT);
    assert_memory_equal(err.text, "[::1]:", 6);
    assert_int_equal(
        fl_greeting_await("127.0.0.1", port, fl_deadline(300), &err),
        FLEET_ETIMEOUT);
    assert_int_equal(err.code, FLEET_ETIMEOUT);
    assert_non_null(strstr(err.text, ": connect: Connection refused"));
    assert_int_equal(
        fl_greeting_await("127.0.0.1", port, fl_deadline(10), NULL),
        FLEET_ETIMEOUT);
    close(fd);
}

static void awaits_a_server_that_comes_up(void **state)
{
    static const struct line lines[] = {{"", 0, false},
                                        {"HTTP/1.1 502\r\n", 0, false},
                                        {"SSH-2.0-x\r\n", 0, false},
                                        {NULL, 0, false}};
    struct fleet_error err;
    struct server server;

    (void)state;
    server_start(&server, lines);
    assert_int_equal(
        fl_greeting_await("name.test", server.port, fl_deadline(SOON), &err),
        FLEET_OK);
    server_stop(&server);
}

static void names_that_do_not_resolve(void **state)
{
    struct fleet_error err;

    (void)state;
    assert_int_equal(fl_greeting("none.test", 22, fl_deadline(SOON), &err),
                     FLEET_ETRANSIENT);
    assert_memory_equal(err.text, "none.test:22: resolve: ", 23);
    assert_int_equal(
        fl_greeting_await("memory.test", 22, fl_deadline(SOON), &err),
        FLEET_ENOMEM);
}

/* The helper is still at it when we have long gone; then it may finish. */
static void resolver_that_does_not_answer(void **state)
{
    struct fleet_error err;

    (void)state;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(fl_greeting("slow.test", 22, fl_deadline(50), &err),
                     FLEET_ETIMEOUT);
    assert_string_equal(err.text, "slow.test:22: resolve: no answer in time");
    assert_int_equal(write(gate[1], "x", 1), 1);
}

/* In a process of its own: cancelling is for good. */
static int cancelled(const void *arg)
{
    static const char *const hosts[] = {"slow.test", "127.0.0.1"};
    const int *port = arg;
    struct fleet_error err = {0};

    fl_cancel_open();
    raise(SIGINT);
    for (size_t i = 0; i < 2; i++) {
        if (fl_greeting(hosts[i], *port, FL_FOREVER, &err) != FLEET_ECANCELLED)
            return 1;
        if (fl_greeting_await(hosts[i], *port, FL_FOREVER, &err) !=
            FLEET_ECANCELLED)
            return 2;
    }
    return err.code == FLEET_ECANCELLED ? 0 : 3;
}

static void ends_when_cancelled(void **state)
{
    int port, fd = open_port(1, &port);

    (void)state;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(result_in_child(cancelled, &port), 0);
    close(gate[0]);
    close(gate[1]);
    close(fd);
}

/* Addresses in a list as the resolver makes it. */
#define MOST_PLACES 12
struct places {
    struct addrinfo list[MOST_PLACES];
    struct sockaddr_in at[MOST_PLACES];
};

static void fill_places(struct places *places, const int *ports, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        places->at[i] =
            (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)ports[i]),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        places->list[i] = (struct addrinfo){
            .ai_family = AF_INET,
            .ai_socktype = SOCK_STREAM,
            .ai_addr = (struct sockaddr *)&places->at[i],
            .ai_addrlen = sizeof(places->at[i]),
            .ai_next = i + 1 < n ? &places->list[i + 1] : NULL};
    }
}

static int port_of_peer(int fd)
{
    struct sockaddr_in at;
    socklen_t size = sizeof(at);

    assert_int_equal(getpeername(fd, (struct sockaddr *)&at, &size), 0);
    return ntohs(at.sin_port);
}

static void next_address_after_a_refusal(void **state)
{
    int refused, good, fd = -1;
    int first = open_port(-1, &refused), second = open_port(1, &good);
    int ports[] = {refused, refused, good};
    struct places places;
    struct fleet_error err;

    (void)state;
    fill_places(&places, ports, 3);
    assert_int_equal(fl_connect(places.list, fl_deadline(SOON), &fd, &err),
                     FLEET_OK);
    assert_int_equal(port_of_peer(fd), good);
    close(fd);
    fill_places(&places, ports, 2);
    assert_int_equal(fl_connect(places.list, fl_deadline(SOON), &fd, &err),
                     FLEET_ETRANSIENT);
    close(first);
    close(second);
}

/* A port whose queue of connections is full drops what more comes. */
static int open_full_port(int *port, int clients[4])
{
    int fd = open_port(0, port);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (int i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(clients[i], (struct sockaddr *)&at, sizeof(at));
    }
    return fd;
}

static void next_address_while_the_first_is_silent(void **state)
{
    int full, good, fd = -1, clients[4];
    int first = open_full_port(&full, clients), second = open_port(1, &good);
    int ports[] = {full, good};
    struct places places;
    struct fleet_error err;
    int64_t began = fl_now_ms();

    (void)state;
    fill_places(&places, ports, 2);
    assert_int_equal(fl_connect(places.list, fl_deadline(SOON), &fd, &err),
                     FLEET_OK);
    assert_int_equal(port_of_peer(fd), good);
    assert_true(fl_now_ms() - began >= 250);
    close(fd);
    fill_places(&places, ports, 1);
    assert_int_equal(fl_connect(places.list, fl_deadline(50), &fd, &err),
                     FLEET_ETIMEOUT);
    assert_string_equal(err.text, "connect: no answer in time");
    for (int i = 0; i < 4; i++)
        close(clients[i]);
    close(first);
    close(second);
}

/* With more addresses of the first family than are tried at all, another one is
 * reached only if it has its turn before them. */
static void families_take_turns(void **state)
{
    int good, fd = -1, ports[MOST_PLACES], server = open_port(1, &good);
    struct places places;
    struct fleet_error err;

    (void)state;
    for (int i = 0; i < MOST_PLACES; i++)
        ports[i] = good;
    fill_places(&places, ports, MOST_PLACES);
    for (int i = 0; i < MOST_PLACES - 1; i++)
        places.list[i].ai_family = AF_UNIX; /* knows no TCP: fails at once */
    assert_int_equal(fl_connect(places.list, fl_deadline(SOON), &fd, &err),
                     FLEET_OK);
    close(fd);
    close(server);
}

static void pauses(void **state)
{
    int64_t began = fl_now_ms();
    struct pollfd many[FL_WAIT_MAX + 1];

    (void)state;
    assert_int_equal(fl_wait(NULL, 0, fl_deadline(30)), FLEET_ETIMEOUT);
    assert_true(fl_now_ms() - began >= 30);
    memset(many, 0, sizeof(many));
    assert_int_equal(fl_wait(many, FL_WAIT_MAX + 1, 0), FLEET_EINTERNAL);
}

static void hosts(void **state)
{
    static const struct {
        const char *host;
        bool valid;
    } cases[] = {
        {"example.org", true},
        {"203.0.113.7", true},
        {"2001:db8::1", true},
        {"a-b.c", true},
        {"X", true},
        {"", false},
        {"-oProxyCommand", false},
        {"a b", false},
        {"a;b", false},
        {"a/b", false},
        {"a\nb", false},
        {"fe80::1%eth0", false},
        {"[::1]", false},
        {"user@host", false},
        {"m\xc3\xbcnchen", false},
        {"a_b", false},
    };
    char longest[255];
    struct fleet_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (fl_host_valid(cases[i].host) != cases[i].valid)
            fail_msg("\"%s\"", cases[i].host);
        if (!cases[i].valid)
            assert_int_equal(fl_greeting(cases[i].host, 22, 0, &err),
                             FLEET_EINVALID);
    }
    memset(longest, 'a', 254);
    longest[254] = '\0';
    assert_false(fl_host_valid(longest));
    longest[253] = '\0';
    assert_true(fl_host_valid(longest));
    assert_int_equal(fl_greeting("127.0.0.1", 0, 0, &err), FLEET_EINVALID);
    assert_int_equal(fl_greeting_await("127.0.0.1", 65536, FL_FOREVER, &err),
                     FLEET_EINVALID);
}

static void short_of_memory(void *arg)
{
    struct fleet_error err;
    int rc = fl_greeting("none.test", 22, fl_deadline(SOON), &err);

    (void)arg;
    assert_int_equal(rc,
                     fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_ETRANSIENT);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First: TSan wants no other thread where it forks, and those that
         * resolve may outlive their test by a moment. */
        cmocka_unit_test(ends_when_cancelled),
        cmocka_unit_test(what_servers_say),
        cmocka_unit_test(a_nul_byte_is_no_line),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(awaits_a_server_that_comes_up),
        cmocka_unit_test(names_that_do_not_resolve),
        cmocka_unit_test(next_address_after_a_refusal),
        cmocka_unit_test(next_address_while_the_first_is_silent),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(pauses),
        cmocka_unit_test(hosts),
        cmocka_unit_test(survives_no_memory),
        cmocka_unit_test(resolver_that_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
