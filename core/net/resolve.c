/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/resolve.h"

#include "core/base/error.h"
#include "core/net/wait.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES (1024 * 1024) /* for whatever nsswitch.conf loads */

/* getaddrinfo knows no deadline, so a thread of its own waits for it. That
 * thread and the one that asked each hold the lookup; the last to let go frees
 * it, and a resolver that never answers costs one thread and nothing else. */
struct lookup {
    atomic_int holders;
    int bell; /* eventfd; rung when the rest is filled in */
    char *host;
    char port[8];
    int rc, number;
    struct addrinfo *found;
};

static int look_up(const char *host, const char *port, int flags,
                   struct addrinfo **found)
{
    struct addrinfo want = {.ai_family = AF_UNSPEC,
                            .ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_NUMERICSERV | flags};

    return getaddrinfo(host, port, &want, found);
}

static void let_go(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    if (lookup->found)
        freeaddrinfo(lookup->found);
    if (lookup->bell >= 0)
        close(lookup->bell);
    free(lookup->host);
    free(lookup);
}

FL_CLEANUP(let_go, struct lookup *);

/* write and read, not eventfd_write: race checkers know what they order. */
static void ring(int bell)
{
    uint64_t one = 1;

    while (write(bell, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static bool rung(int bell)
{
    uint64_t count;

    return read(bell, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

static void *helper(void *arg)
{
    struct lookup *lookup = arg;

    lookup->rc = look_up(lookup->host, lookup->port, 0, &lookup->found);
    lookup->number = errno;
    ring(lookup->bell);
    let_go(lookup);
    return NULL;
}

static struct lookup *lookup_new(const char *host, const char *port)
{
    FL_AUTO(let_go) struct lookup *made = calloc(1, sizeof(*made));

    if (!made)
        return NULL;
    atomic_init(&made->holders, 1);
    snprintf(made->port, sizeof(made->port), "%s", port);
    made->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    made->host = strdup(host);
    if (made->bell < 0 || !made->host)
        return NULL;
    return fl_take(made);
}

static int start_helper(struct lookup *lookup)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    int rc = pthread_attr_init(&attr);

    if (rc)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    atomic_fetch_add(&lookup->holders, 1);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, helper, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc)
        let_go(lookup);
    return rc;
}

static int failed(int rc, int number, struct fleet_error *err)
{
    if (rc == EAI_MEMORY || (rc == EAI_SYSTEM && number == ENOMEM))
        return fl_enomem(err);
    fleet_fail(err, FLEET_ETRANSIENT, "resolve: %s",
               rc == EAI_SYSTEM ? strerror(number) : gai_strerror(rc));
    if (err && rc == EAI_SYSTEM)
        err->detail = number;
    return FLEET_ETRANSIENT;
}

static int in_helper(struct lookup *lookup, int64_t deadline,
                     struct addrinfo **out, struct fleet_error *err)
{
    struct pollfd bell = {.fd = lookup->bell, .events = POLLIN};
    int rc = start_helper(lookup);

    if (rc)
        return fleet_fail(err, FLEET_ENOMEM, "resolve: no thread: %s",
                          strerror(rc));
    do {
        rc = fl_wait(&bell, 1, deadline);
    } while (rc == FLEET_OK && !rung(lookup->bell));
    if (rc < 0)
        return fleet_fail(err, rc, "resolve: %s",
                          rc == FLEET_ETIMEOUT ? "no answer in time"
                                               : "cancelled");
    if (lookup->rc)
        return failed(lookup->rc, lookup->number, err);
    *out = fl_take(lookup->found);
    return FLEET_OK;
}

int fl_resolve(const char *host, int port, int64_t deadline,
               struct addrinfo **out, struct fleet_error *err)
{
    FL_AUTO(let_go) struct lookup *lookup = NULL;
    char service[8];
    int rc;

    snprintf(service, sizeof(service), "%u", (unsigned)port & 0xffff);
    rc = look_up(host, service, AI_NUMERICHOST, out);
    if (rc == 0)
        return FLEET_OK;
    if (rc != EAI_NONAME)
        return failed(rc, errno, err);
    lookup = lookup_new(host, service);
    if (!lookup)
        return failed(EAI_SYSTEM, errno, err);
    return in_helper(lookup, deadline, out, err);
}
