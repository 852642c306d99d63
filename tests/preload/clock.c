/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* For LD_PRELOAD: a computer whose clock is wrong.
 *
 *   CLOCK_DAYS=400    400 days ahead; -400: behind
 *
 * Only the time of day is shifted, not what timeouts are counted by, nor what
 * stands in the file system. */

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_function(clockid_t clock, struct timespec *now);

static long shift(void)
{
    const char *days = getenv("CLOCK_DAYS");

    return days ? strtol(days, NULL, 10) * 86400 : 0;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock,
                                                         struct timespec *now)
{
    clock_function *real;
    int rc;

    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    rc = real(clock, now);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return rc;
}

__attribute__((visibility("default"))) int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    int rc = clock_gettime(CLOCK_REALTIME, &exact);

    (void)zone;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return rc;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
    struct timespec exact;

    clock_gettime(CLOCK_REALTIME, &exact);
    if (out)
        *out = exact.tv_sec;
    return exact.tv_sec;
}
