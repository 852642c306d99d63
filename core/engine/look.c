/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/look.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/invoke.h"
#include "core/engine/provider.h"

#include <string.h>

#define WINDOW_MS   2000
#define FEW         3 /* so many in a window may ask for themselves */
#define SHARE       4 /* a listing is followed by a pause this much longer */
#define LONGEST_GAP 4000

void fl_looks_init(struct fl_looks *looks)
{
    pthread_condattr_t monotonic;

    memset(looks, 0, sizeof(*looks));
    pthread_mutex_init(&looks->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&looks->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    looks->begun_ms = -1;
}

void fl_looks_clear(struct fl_looks *looks)
{
    fl_sink_clear(&looks->sink);
    pthread_cond_destroy(&looks->changed);
    pthread_mutex_destroy(&looks->mutex);
}

/* Counts this one in. */
static bool crowded(struct fl_looks *looks)
{
    int64_t now = fl_now_ms();

    if (now >= looks->window_ms + 2 * WINDOW_MS)
        looks->asked = looks->asked_before = 0;
    if (now >= looks->window_ms + WINDOW_MS) {
        looks->asked_before = looks->asked;
        looks->asked = 0;
        looks->window_ms = now;
    }
    looks->asked++;
    return looks->asked > FEW || looks->asked_before > FEW;
}

/* The next listing may not begin before this. */
static int64_t next_ms(const struct fl_looks *looks)
{
    int64_t gap = looks->took_ms * SHARE;

    if (looks->begun_ms < 0)
        return 0;
    return looks->begun_ms + looks->took_ms +
           (gap < LONGEST_GAP ? gap : LONGEST_GAP);
}

static void wait_until(struct fl_looks *looks, int64_t until)
{
    int64_t left = fl_left_ms(until);
    struct timespec at;

    until = fl_now_ms() + left; /* fits any time_t */
    at.tv_sec = (time_t)(until / 1000);
    at.tv_nsec = (long)(until % 1000) * 1000000;
    pthread_cond_timedwait(&looks->changed, &looks->mutex, &at);
}

/* Under the lock, which it leaves meanwhile. */
static void take_listing(struct fl_provider *provider, int64_t deadline)
{
    struct fl_looks *looks = &provider->looks;
    struct fleet_error why = {0};
    struct fleet_sink fresh = {0};
    int rc;

    looks->busy = true;
    looks->starting_ms = fl_now_ms();
    pthread_mutex_unlock(&looks->mutex);
    fl_sink_init(&fresh, false, FL_SINK_MAX);
    rc = fl_provider_list(provider, deadline, &fresh, &why);
    pthread_mutex_lock(&looks->mutex);
    fl_sink_clear(&looks->sink);
    looks->sink = fresh;
    looks->rc = rc;
    looks->error = why;
    looks->begun_ms = looks->starting_ms;
    looks->took_ms = fl_now_ms() - looks->begun_ms;
    looks->busy = false;
    pthread_cond_broadcast(&looks->changed);
}

/* Under the lock: until a listing of SINCE or later is there. */
static int await_listing(struct fl_provider *provider, int64_t since,
                         int64_t deadline, struct fleet_error *err)
{
    struct fl_looks *looks = &provider->looks;

    while (looks->begun_ms < since) {
        int64_t now = fl_now_ms(), next = next_ms(looks);

        if (now >= deadline)
            return fleet_fail(err, FLEET_ETIMEOUT, "%s: no listing in time",
                              provider->host.name);
        if (looks->busy)
            wait_until(looks, deadline);
        else if (now < next)
            wait_until(looks, next < deadline ? next : deadline);
        else
            take_listing(provider, deadline);
    }
    if (looks->rc < 0 && err)
        *err = looks->error;
    return looks->rc;
}

static struct fleet_pod *pod_of(const struct fleet_sink *sink, const char *id)
{
    for (size_t i = 0; i < sink->n; i++) {
        const char *has = fleet_pod_get(sink->pods[i], FLEET_POD_ID);

        if (has && strcmp(has, id) == 0)
            return sink->pods[i];
    }
    return NULL;
}

int fl_provider_look(struct fl_provider *provider, int64_t since_ms,
                     int64_t deadline, const char *id, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    struct fl_looks *looks = &provider->looks;
    struct fleet_pod *found = NULL;
    int rc;

    pthread_mutex_lock(&looks->mutex);
    if (!crowded(looks)) {
        pthread_mutex_unlock(&looks->mutex);
        return fl_provider_get(provider, deadline, id, pod, err);
    }
    rc = await_listing(provider, since_ms, deadline, err);
    if (rc == FLEET_OK)
        found = pod_of(&looks->sink, id);
    if (found)
        fl_pod_merge(pod, found);
    pthread_mutex_unlock(&looks->mutex);
    if (rc < 0 || found)
        return rc;
    return fl_provider_get(provider, deadline, id, pod, err);
}
