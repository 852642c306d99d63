/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/call.h"

#include "core/base/clock.h"

#include <errno.h>
#include <fleet/host.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#define GRACE_MS 3000 /* for a call to notice its own deadline */

static _Thread_local _Atomic int64_t *watched;
static _Thread_local int64_t deadline_now = FL_FOREVER;

int64_t fl_call_begin(int64_t deadline)
{
    int64_t before = deadline_now;

    deadline_now = deadline;
    return before;
}

void fl_call_end(int64_t before)
{
    deadline_now = before;
}

void fl_call_watched(_Atomic int64_t *limit)
{
    watched = limit;
}

void fl_call_reach(int64_t until)
{
    int64_t limit =
        until > FL_FOREVER - GRACE_MS ? FL_FOREVER : until + GRACE_MS;

    if (watched && atomic_load(watched) < limit)
        atomic_store(watched, limit);
}

int64_t fl_call_deadline(void)
{
    return deadline_now;
}

int64_t fleet_call_left_ms(void)
{
    int64_t now = fl_now_ms();

    if (deadline_now == FL_FOREVER)
        return FL_FOREVER;
    return deadline_now > now ? deadline_now - now : 0;
}

int fleet_call_wait(int fd, short events, struct fleet_error *err)
{
    struct pollfd at = {.fd = fd, .events = events};
    int n;

    if (fd < 0)
        return fleet_fail(err, FLEET_EINTERNAL, "wait: no descriptor");
    do {
        n = poll(&at, 1, fl_left_ms(deadline_now));
    } while ((n < 0 && errno == EINTR) ||
             (n == 0 && fl_left_ms(deadline_now) > 0));
    if (n == 0)
        return fleet_fail(err, FLEET_ETIMEOUT, "no answer in time");
    if (n < 0 || at.revents & POLLNVAL)
        return fleet_fail(err, FLEET_EINTERNAL, "wait: %s",
                          strerror(n < 0 ? errno : EBADF));
    return FLEET_OK;
}

int fleet_call_sleep(int64_t ms, struct fleet_error *err)
{
    int64_t until = fl_deadline(ms);
    bool cut = until > deadline_now;
    int left;

    if (cut)
        until = deadline_now;
    while ((left = fl_left_ms(until)) > 0)
        poll(NULL, 0, left);
    if (cut)
        return fleet_fail(err, FLEET_ETIMEOUT, "no time left to wait");
    return FLEET_OK;
}

void fl_call_idle(int64_t ms)
{
    int64_t until = fl_deadline(ms);
    int left;

    if (deadline_now < FL_FOREVER - ms)
        deadline_now += ms;
    fl_call_reach(deadline_now);
    while ((left = fl_left_ms(until)) > 0)
        poll(NULL, 0, left);
}
