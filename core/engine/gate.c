/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/gate.h"

#include "core/base/clock.h"

#include <string.h>

#define LONGEST_WAIT_MS 3600000 /* then looks again: fits any time_t */

void fl_gate_init(struct fl_gate *gate)
{
    pthread_condattr_t monotonic;

    memset(gate, 0, sizeof(*gate));
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void fl_gate_pace(struct fl_gate *gate, const struct fleet_pace *pace)
{
    for (; pace && pace->op; pace++) {
        if (pace->op < FL_OPS)
            gate->gap_ms[pace->op] = pace->gap_ms;
    }
}

void fl_gate_clear(struct fl_gate *gate)
{
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->mutex);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool has_pace(int op)
{
    return op > FLEET_OP_ANY && op < FL_OPS;
}

/* When the pace lets OP in. */
static int64_t opens_ms(const struct fl_gate *gate, int op)
{
    if (!has_pace(op))
        return 0;
    return later(gate->next_ms[FLEET_OP_ANY], gate->next_ms[op]);
}

static void book(struct fl_gate *gate, int op, int64_t now)
{
    if (!has_pace(op))
        return;
    gate->next_ms[FLEET_OP_ANY] = now + gate->gap_ms[FLEET_OP_ANY];
    gate->next_ms[op] = now + gate->gap_ms[op];
}

static void wait_until(struct fl_gate *gate, int64_t now, int64_t until)
{
    struct timespec at;

    until = sooner(until, now + LONGEST_WAIT_MS);
    at.tv_sec = (time_t)(until / 1000);
    at.tv_nsec = (long)(until % 1000) * 1000000;
    pthread_cond_timedwait(&gate->changed, &gate->mutex, &at);
}

int fl_gate_enter(struct fl_gate *gate, bool *busy, int op, int64_t deadline,
                  struct fleet_error *err)
{
    int64_t now, opens;
    bool taken;

    pthread_mutex_lock(&gate->mutex);
    for (;;) {
        taken = busy && *busy;
        now = fl_now_ms();
        opens = opens_ms(gate, op);
        if (now >= deadline || opens >= deadline) {
            pthread_mutex_unlock(&gate->mutex);
            return fleet_fail(err, FLEET_ETIMEOUT, "%s",
                              taken ? "is busy with another call"
                                    : "there is no time left for this call");
        }
        if (!taken && now >= opens)
            break;
        wait_until(gate, now, taken ? deadline : opens);
    }
    book(gate, op, now);
    if (busy)
        *busy = true;
    pthread_mutex_unlock(&gate->mutex);
    return FLEET_OK;
}

void fl_gate_leave(struct fl_gate *gate, bool *busy)
{
    if (!busy)
        return;
    pthread_mutex_lock(&gate->mutex);
    *busy = false;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}
