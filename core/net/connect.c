/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/connect.h"

#include "core/base/clock.h"
#include "core/net/wait.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAGGER_MS 250
#define MOST       8 /* addresses tried; the rest of a list is ignored */

struct race {
    const struct addrinfo *entries[MOST];
    size_t n, next;           /* entries, and the next of them to try */
    struct pollfd open[MOST]; /* attempts under way */
    size_t n_open;
    int number; /* errno of the last that failed */
};

_Static_assert(MOST <= FL_WAIT_MAX, "all attempts are waited for at once");

/* The next of LIST that is of this family, or is not. */
static const struct addrinfo *seek(const struct addrinfo *list, int family,
                                   bool same)
{
    while (list && (list->ai_family == family) != same)
        list = list->ai_next;
    return list;
}

/* The resolver put the best address first; its family begins. */
static void line_up(struct race *race, const struct addrinfo *list)
{
    int family = list->ai_family;
    const struct addrinfo *turn[2] = {list, seek(list, family, false)};
    bool same = true;

    while (race->n < MOST && (turn[0] || turn[1])) {
        const struct addrinfo **at = &turn[!same];

        if (*at) {
            race->entries[race->n++] = *at;
            *at = seek((*at)->ai_next, family, same);
        }
        same = !same;
    }
}

/* True when an attempt is under way. */
static bool start(struct race *race)
{
    const struct addrinfo *to = race->entries[race->next++];
    int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    IPPROTO_TCP);

    if (fd < 0) {
        race->number = errno;
        return false;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        race->number = errno;
        close(fd);
        return false;
    }
    race->open[race->n_open++] = (struct pollfd){.fd = fd, .events = POLLOUT};
    return true;
}

/* Takes out attempts that failed; the first that succeeded, or -1. */
static int harvest(struct race *race)
{
    size_t kept = 0;
    int winner = -1;

    for (size_t i = 0; i < race->n_open; i++) {
        struct pollfd *at = &race->open[i];
        int number = 0;
        socklen_t size = sizeof(number);

        if (winner >= 0 || !at->revents) {
            race->open[kept++] = *at;
            continue;
        }
        if (getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &number, &size) < 0)
            number = errno;
        if (number == 0) {
            winner = at->fd;
            continue;
        }
        race->number = number;
        close(at->fd);
    }
    race->n_open = kept;
    return winner;
}

/* A socket, or a negative code. */
static int run(struct race *race, int64_t deadline)
{
    int64_t turn = 0; /* when the next attempt may begin */

    for (;;) {
        int64_t until = deadline;
        int rc, fd;

        while (race->next < race->n &&
               (race->n_open == 0 || fl_left_ms(turn) == 0))
            if (start(race))
                turn = fl_deadline(STAGGER_MS);
        if (race->n_open == 0)
            return FLEET_ETRANSIENT;
        if (race->next < race->n && turn < deadline)
            until = turn;
        rc = fl_wait(race->open, race->n_open, until);
        if (rc == FLEET_ETIMEOUT && until != deadline)
            continue;
        if (rc < 0)
            return rc;
        fd = harvest(race);
        if (fd >= 0)
            return fd;
        turn = 0;
    }
}

int fl_connect(const struct addrinfo *list, int64_t deadline, int *fd,
               struct fleet_error *err)
{
    struct race race = {.number = EHOSTUNREACH};
    int rc;

    line_up(&race, list);
    rc = run(&race, deadline);
    for (size_t i = 0; i < race.n_open; i++)
        close(race.open[i].fd);
    if (rc >= 0) {
        *fd = rc;
        return FLEET_OK;
    }
    fleet_fail(err, rc, "connect: %s",
               rc == FLEET_ETIMEOUT     ? "no answer in time"
               : rc == FLEET_ECANCELLED ? "cancelled"
                                        : strerror(race.number));
    if (err && rc == FLEET_ETRANSIENT)
        err->detail = race.number;
    return rc;
}
