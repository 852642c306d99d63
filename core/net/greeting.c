/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/greeting.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/connect.h"
#include "core/net/resolve.h"
#include "core/net/wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_LINES       50
#define LINE_BYTES       255 /* RFC 4253, 4.2 */
#define FIRST_PAUSE_MS   100
#define LONGEST_PAUSE_MS 5000
/* A machine that boots drops the first packets and TCP repeats them ever more
 * rarely: a fresh attempt finds it sooner. */
#define ATTEMPT_MS 15000

bool fl_host_valid(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-:";
    size_t len = strlen(host);

    return len > 0 && len <= 253 && host[0] != '-' &&
           strspn(host, allowed) == len;
}

/* sshd's own words when it turns a client away for now. */
static bool is_busy(const char *line)
{
    static const char *const words[] = {"Exceeded MaxStartups",
                                        "Not allowed at this time"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static int not_ssh(const char *line, struct fleet_error *err)
{
    return fleet_fail(err, FLEET_EINVALID,
                      "greeting: this is no SSH server: \"%.60s\"", line);
}

/* A whole line: FLEET_OK for an identification, 1 when more may follow. */
static int judge(struct fl_heard *heard, const char *line, size_t len,
                 struct fleet_error *err)
{
    if (strncmp(line, "SSH-", 4) != 0) {
        if (is_busy(line))
            return fleet_fail(err, FLEET_ETRANSIENT, "greeting: %.60s", line);
        return ++heard->lines < MOST_LINES ? 1 : not_ssh(line, err);
    }
    if (len > LINE_BYTES)
        return not_ssh(line, err);
    if (strncmp(line, "SSH-2.0-", 8) == 0 || strncmp(line, "SSH-1.99-", 9) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "greeting: an SSH version of old: \"%.60s\"", line);
}

/* The lines that are whole by now. What comes behind an identification is no
 * text. */
static int listen_to(struct fl_heard *heard, struct fleet_error *err)
{
    char *line = heard->text + heard->line, *end;
    int rc = 1;

    heard->text[heard->len] = '\0';
    while (rc == 1 && (end = strchr(line, '\n'))) {
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        heard->identity = heard->line;
        heard->line = (size_t)(end + 1 - heard->text);
        rc = judge(heard, line, (size_t)(end + 1 - line), err);
        line = end + 1;
    }
    if (rc == 1 && (heard->len == FL_GREETING_BYTES ||
                    strlen(line) < heard->len - heard->line))
        return not_ssh(line, err);
    return rc;
}

/* Closed before its identification: a server of another kind, or one of ours
 * that is not ready. */
static int closed(const struct fl_heard *heard, struct fleet_error *err)
{
    size_t rest = heard->len - heard->line;
    const char *line = heard->text + heard->line;

    if (heard->lines || (rest && strncmp(line, "SSH-", rest < 4 ? rest : 4)))
        return not_ssh(heard->text, err);
    return fleet_fail(err, FLEET_ETRANSIENT,
                      "greeting: closed before the server said who it is");
}

int fl_greeting_hear(int fd, struct fl_heard *heard, struct fleet_error *err)
{
    ssize_t n =
        recv(fd, heard->text + heard->len, FL_GREETING_BYTES - heard->len, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (n < 0 && !heard->len)
        return fleet_fail(err, FLEET_ETRANSIENT, "greeting: %s",
                          strerror(errno));
    if (n <= 0)
        return closed(heard, err);
    heard->len += (size_t)n;
    return listen_to(heard, err);
}

static int identify(int fd, int64_t deadline, struct fleet_error *err)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};
    struct fl_heard heard;
    int rc;

    heard.len = heard.line = 0;
    heard.lines = 0;
    do {
        rc = fl_wait(&at, 1, deadline);
        if (rc == FLEET_ECANCELLED)
            return fleet_fail(err, rc, "greeting: cancelled");
        if (rc < 0)
            return fleet_fail(err, rc, "greeting: %s",
                              heard.len ? "not whole in time" : "silent");
        rc = fl_greeting_hear(fd, &heard, err);
    } while (rc == 1);
    return rc;
}

static int attempt(const char *host, int port, int64_t deadline,
                   struct fleet_error *err)
{
    FL_AUTO(freeaddrinfo) struct addrinfo *list = NULL;
    FL_AUTO(close) int fd = -1;
    int rc = fl_resolve(host, port, deadline, &list, err);

    if (rc == FLEET_OK)
        rc = fl_connect(list, deadline, &fd, err);
    if (rc == FLEET_OK)
        rc = identify(fd, deadline, err);
    return rc;
}

static int in_endpoint(const char *host, int port, struct fleet_error *err)
{
    if (strchr(host, ':'))
        return fl_error_in(err, "[%s]:%d", host, port);
    return fl_error_in(err, "%s:%d", host, port);
}

static int check_place(const char *host, int port, struct fleet_error *err)
{
    if (fl_host_valid(host) && port >= 1 && port <= 65535)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "\"%.60s\" port %d is no place to connect to", host,
                      port);
}

int fl_greeting(const char *host, int port, int64_t deadline,
                struct fleet_error *err)
{
    int rc = check_place(host, port, err);

    if (rc == FLEET_OK) {
        rc = attempt(host, port, deadline, err);
        if (rc < 0)
            in_endpoint(host, port, err);
    }
    return rc;
}

/* Worth another attempt? Also what is no SSH server yet: a provider's gateway
 * may answer before the machine behind it does. */
static bool may_pass(int code)
{
    return code == FLEET_ETRANSIENT || code == FLEET_ETIMEOUT ||
           code == FLEET_EINVALID;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* After an attempt that failed with RC: FLEET_OK when it is time for the next,
 * else the code to end with. */
static int pause_after(int rc, int64_t *pause_ms, int64_t deadline)
{
    if (!may_pass(rc))
        return rc;
    if (fl_wait(NULL, 0, sooner(fl_deadline(*pause_ms), deadline)) ==
        FLEET_ECANCELLED)
        return FLEET_ECANCELLED;
    *pause_ms = sooner(*pause_ms + *pause_ms / 2, LONGEST_PAUSE_MS);
    return fl_left_ms(deadline) > 0 ? FLEET_OK : FLEET_ETIMEOUT;
}

int fl_greeting_await(const char *host, int port, int64_t deadline,
                      struct fleet_error *err)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    int rc = check_place(host, port, err);

    if (rc < 0)
        return rc;
    do {
        rc = fl_greeting(host, port, sooner(fl_deadline(ATTEMPT_MS), deadline),
                         err);
        if (rc == FLEET_OK)
            return FLEET_OK;
        rc = pause_after(rc, &pause_ms, deadline);
    } while (rc == FLEET_OK);
    if (err)
        err->code = rc; /* the text tells what was seen last */
    return rc;
}
