/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/pace.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/net/wait.h"

#include <stdio.h>
#include <time.h>

void fl_pace_open(struct fl_pace *pace, int64_t rate)
{
    pace->rate = rate;
    pace->due_us = 0;
    atomic_init(&pace->moved, 0);
    pthread_mutex_init(&pace->mutex, NULL);
}

void fl_pace_close(struct fl_pace *pace)
{
    pthread_mutex_destroy(&pace->mutex);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int fl_pace_move(struct fl_pace *pace, size_t len)
{
    int64_t now, due;
    int rc = FLEET_ETIMEOUT;

    atomic_fetch_add(&pace->moved, (int64_t)len);
    if (pace->rate <= 0)
        return FLEET_OK;
    now = now_us();
    pthread_mutex_lock(&pace->mutex);
    if (pace->due_us < now)
        pace->due_us = now;
    due = pace->due_us;
    pace->due_us += (int64_t)len * 1000000 / pace->rate;
    pthread_mutex_unlock(&pace->mutex);
    if (due > now)
        rc = fl_wait(NULL, 0, fl_deadline((due - now + 999) / 1000));
    return rc == FLEET_ECANCELLED ? rc : FLEET_OK;
}

static char steps[101][20];

static void make_steps(void)
{
    for (int i = 0; i <= 100; i++)
        snprintf(steps[i], sizeof(steps[i]), "copying, %d %%", i);
}

const char *fl_pace_step(int64_t done, int64_t total)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_steps);
    if (done < 0 || total <= 0 || done > total)
        done = total = 1;
    return steps[(int)((double)done / (double)total * 100)];
}
