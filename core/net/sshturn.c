/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshturn.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 3600000 /* the longest single wait: keeps times in range */
#define BUCKETS  1024    /* thousands of places may be in use at once */

/* One host and port, there while anybody has or wants a turn. */
struct fl_turn {
    struct fl_turn *next;
    pthread_cond_t left; /* somebody has left */
    unsigned users;      /* have a turn or wait for one */
    unsigned running, limit;
    int port;
    char host[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fl_turn *places[BUCKETS]; /* and all in them: under lock */

static struct fl_turn **bucket_of(const char *host, int port)
{
    uint32_t hash = (uint32_t)port;

    for (; *host; host++)
        hash = hash * 31 + (unsigned char)*host;
    return &places[hash % BUCKETS];
}

static struct fl_turn *find(const char *host, int port)
{
    struct fl_turn *at = *bucket_of(host, port);

    while (at && (at->port != port || strcmp(at->host, host) != 0))
        at = at->next;
    return at;
}

static int condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);

    if (rc)
        return rc;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = pthread_cond_init(condition, &attr);
    pthread_condattr_destroy(&attr);
    return rc;
}

static struct fl_turn *add(const char *host, int port)
{
    size_t len = strlen(host) + 1;
    struct fl_turn *made = calloc(1, sizeof(*made) + len);
    struct fl_turn **bucket = bucket_of(host, port);

    if (!made)
        return NULL;
    if (condition_init(&made->left)) {
        free(made);
        return NULL;
    }
    made->port = port;
    made->limit = FL_TURNS;
    memcpy(made->host, host, len);
    made->next = *bucket;
    *bucket = made;
    return made;
}

static void let_go(struct fl_turn *place)
{
    struct fl_turn **at = bucket_of(place->host, place->port);

    if (--place->users)
        return;
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    pthread_cond_destroy(&place->left);
    free(place);
}

static void wait_a_while(struct fl_turn *place, int64_t deadline)
{
    int left = fl_left_ms(deadline);
    int64_t until = fl_now_ms() + (left < SLICE_MS ? left : SLICE_MS);
    struct timespec at = {.tv_sec = (time_t)(until / 1000),
                          .tv_nsec = (long)(until % 1000) * 1000000};

    pthread_cond_timedwait(&place->left, &lock, &at);
}

/* A cancelled run wakes nobody here, but those who have the turns end at once
 * and leave, and whoever they wake passes it on. */
static int await(struct fl_turn *place, int64_t deadline)
{
    while (place->running >= place->limit) {
        if (fl_cancelled())
            return FLEET_ECANCELLED;
        if (fl_left_ms(deadline) == 0)
            return FLEET_ETIMEOUT;
        wait_a_while(place, deadline);
    }
    place->running++;
    return FLEET_OK;
}

int fl_turn_take(const char *host, int port, int64_t deadline,
                 struct fl_turn **out, struct fleet_error *err)
{
    struct fl_turn *place;
    int rc = FLEET_ENOMEM;

    pthread_mutex_lock(&lock);
    place = find(host, port);
    if (!place)
        place = add(host, port);
    if (place) {
        place->users++;
        rc = await(place, deadline);
        if (rc == FLEET_OK) {
            *out = place;
        } else {
            pthread_cond_signal(&place->left);
            let_go(place);
        }
    }
    pthread_mutex_unlock(&lock);
    if (rc == FLEET_ENOMEM)
        return fl_enomem(err);
    if (rc < 0)
        fleet_fail(err, rc, "connect: %s",
                   rc == FLEET_ECANCELLED
                       ? "cancelled"
                       : "others were still logging in to the same host and "
                         "port when time was up");
    return rc;
}

void fl_turn_crowded(struct fl_turn *turn)
{
    pthread_mutex_lock(&lock);
    if (turn->limit > 1)
        turn->limit /= 2;
    pthread_mutex_unlock(&lock);
}

void fl_turn_end(struct fl_turn *turn)
{
    pthread_mutex_lock(&lock);
    turn->running--;
    pthread_cond_signal(&turn->left);
    let_go(turn);
    pthread_mutex_unlock(&lock);
}
