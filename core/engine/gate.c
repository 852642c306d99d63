/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/gate.h"

#include "core/base/call.h"
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

static int no_entry(struct fl_gate *gate, const char *why,
                    struct fleet_error *err)
{
    pthread_mutex_unlock(&gate->mutex);
    return fleet_fail(err, FLEET_ETIMEOUT, "%s", why);
}

/* The gate is open at NOW. */
static void go_in(struct fl_gate *gate, struct fl_turn *turn, int op,
                  int64_t now, int64_t deadline)
{
    book(gate, op, now);
    if (turn)
        *turn = (struct fl_turn){.busy = true, .until = deadline};
    pthread_mutex_unlock(&gate->mutex);
    fl_call_reach(deadline);
}

int fl_gate_enter(struct fl_gate *gate, struct fl_turn *turn, int op,
                  int64_t *deadline, struct fleet_error *err)
{
    int64_t begun = fl_now_ms(), now, opens, until;

    pthread_mutex_lock(&gate->mutex);
    for (;;) {
        now = fl_now_ms();
        opens = opens_ms(gate, op);
        if (begun >= *deadline || opens - now >= *deadline - begun)
            return no_entry(gate, "there is no time left for this call", err);
        if (turn && turn->busy)
            until = later(*deadline, turn->until);
        else if (now < opens)
            until = opens;
        else
            break;
        if (turn && turn->busy && now >= until)
            return no_entry(gate, "is busy with another call", err);
        fl_call_reach(until);
        wait_until(gate, now, until);
    }
    if (*deadline < FL_FOREVER)
        *deadline += now - begun;
    go_in(gate, turn, op, now, *deadline);
    return FLEET_OK;
}

void fl_gate_leave(struct fl_gate *gate, struct fl_turn *turn)
{
    if (!turn)
        return;
    pthread_mutex_lock(&gate->mutex);
    turn->busy = false;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}
