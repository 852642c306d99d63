/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/gate.h"

#include "core/base/call.h"
#include "core/base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_MS 60000 /* never waited for, only bounded by */
#define THREADS     8
#define ROUNDS      50

static struct fl_gate *new_gate(const struct fleet_pace *pace)
{
    static struct fl_gate gate;

    fl_gate_init(&gate);
    fl_gate_pace(&gate, pace);
    return &gate;
}

/* fl_gate_enter with MS to go. */
static int enter(struct fl_gate *gate, struct fl_turn *turn, int op, int64_t ms,
                 struct fleet_error *err)
{
    int64_t deadline = fl_deadline(ms);

    return fl_gate_enter(gate, turn, op, &deadline, err);
}

static void a_call_that_overstays_is_not_waited_for(void **state)
{
    struct fl_gate *gate = new_gate(NULL);
    struct fleet_error err = {0};
    int64_t begun = fl_now_ms();

    (void)state;
    assert_int_equal(enter(gate, &gate->turn, FLEET_OP_LIST, 30, &err),
                     FLEET_OK);
    assert_int_equal(enter(gate, &gate->turn, FLEET_OP_GET, 10, &err),
                     FLEET_ETIMEOUT);
    assert_true(fl_now_ms() - begun >= 30);
    assert_string_equal(err.text, "is busy with another call");
    fl_gate_leave(gate, &gate->turn);
    assert_int_equal(enter(gate, &gate->turn, FLEET_OP_GET, PATIENCE_MS, &err),
                     FLEET_OK);
    fl_gate_leave(gate, &gate->turn);
    fl_gate_clear(gate);
}

static void *leave_after_a_while(void *arg)
{
    struct fl_gate *gate = arg;

    poll(NULL, 0, 60);
    fl_gate_leave(gate, &gate->turn);
    return NULL;
}

static void waiting_takes_nothing_from_a_call(void **state)
{
    struct fl_gate *gate = new_gate(NULL);
    _Atomic int64_t limit = 0;
    int64_t deadline;
    pthread_t thread;

    (void)state;
    assert_int_equal(enter(gate, &gate->turn, FLEET_OP_LIST, PATIENCE_MS, NULL),
                     FLEET_OK);
    assert_int_equal(pthread_create(&thread, NULL, leave_after_a_while, gate),
                     0);
    fl_call_watched(&limit);
    deadline = fl_deadline(20);
    assert_int_equal(
        fl_gate_enter(gate, &gate->turn, FLEET_OP_GET, &deadline, NULL),
        FLEET_OK);
    fl_call_watched(NULL);
    assert_true(deadline > fl_now_ms() - 1000);
    assert_true(atomic_load(&limit) > deadline);
    pthread_join(thread, NULL);
    fl_gate_leave(gate, &gate->turn);
    fl_gate_clear(gate);
}

static void handles_do_not_wait_for_each_other(void **state)
{
    struct fl_gate *gate = new_gate(NULL);
    struct fl_turn one = {0}, other = {0};

    (void)state;
    assert_int_equal(enter(gate, &one, FLEET_OP_LIST, 5, NULL), FLEET_OK);
    assert_int_equal(enter(gate, &other, FLEET_OP_LIST, PATIENCE_MS, NULL),
                     FLEET_OK);
    assert_int_equal(enter(gate, &one, FLEET_OP_LIST, 1, NULL), FLEET_ETIMEOUT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(enter(gate, NULL, FLEET_OP_LIST, PATIENCE_MS, NULL),
                         FLEET_OK);
    fl_gate_leave(gate, &one);
    fl_gate_leave(gate, &other);
    fl_gate_leave(gate, NULL);
    assert_false(one.busy || other.busy);
    fl_gate_clear(gate);
}

static void nothing_begins_after_its_deadline(void **state)
{
    struct fl_gate *gate = new_gate(NULL);
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(enter(gate, NULL, FLEET_OP_LIST, 0, &err), FLEET_ETIMEOUT);
    assert_string_equal(err.text, "there is no time left for this call");
    fl_gate_clear(gate);
}

/* How long after the first of three calls the third is let in. */
static int64_t third_call(struct fl_gate *gate, const int ops[3])
{
    int64_t first = 0;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(enter(gate, NULL, ops[i], PATIENCE_MS, NULL),
                         FLEET_OK);
        fl_gate_leave(gate, NULL);
        if (i == 0)
            first = fl_now_ms();
    }
    fl_gate_clear(gate);
    return fl_now_ms() - first;
}

static void the_pace_is_kept(void **state)
{
    static const struct fleet_pace create[] = {{FLEET_OP_CREATE, 40}, {0}};
    static const struct fleet_pace any[] = {{FLEET_OP_ANY, 30}, {0}};
    static const struct fleet_pace unknown[] = {{99, 1000000}, {0}};
    static const int creates[] = {FLEET_OP_CREATE, FLEET_OP_CREATE,
                                  FLEET_OP_CREATE};
    static const int mixed[] = {FLEET_OP_CREATE, FLEET_OP_LIST, FLEET_OP_GET};
    static const int opens[] = {0, 0, 0};

    (void)state;
    /* One less: the first is told after it was let in. */
    assert_true(third_call(new_gate(create), creates) >= 79);
    assert_true(third_call(new_gate(any), mixed) >= 59);
    third_call(new_gate(unknown), mixed);
    third_call(new_gate(any), opens);
}

static void a_pace_that_cannot_be_kept_fails_at_once(void **state)
{
    static const struct fleet_pace slow[] = {
        {FLEET_OP_CREATE, UINT32_MAX}, {FLEET_OP_ANY, 1}, {0}};
    struct fl_gate *gate = new_gate(slow);

    (void)state;
    assert_int_equal(enter(gate, NULL, FLEET_OP_CREATE, PATIENCE_MS, NULL),
                     FLEET_OK);
    assert_int_equal(enter(gate, NULL, FLEET_OP_CREATE, PATIENCE_MS, NULL),
                     FLEET_ETIMEOUT);
    assert_int_equal(enter(gate, NULL, FLEET_OP_LIST, PATIENCE_MS, NULL),
                     FLEET_OK);
    fl_gate_clear(gate);
}

static struct crowd {
    struct fl_gate *gate;
    struct fl_turn *turn;
    int inside; /* guarded by the gate alone */
    long entered;
} crowd;

static char not_let_in[] = "not let in", not_alone[] = "not alone";

static void *push(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (enter(crowd.gate, crowd.turn, FLEET_OP_LIST, PATIENCE_MS, NULL) < 0)
            return not_let_in;
        if (++crowd.inside != 1)
            return not_alone;
        crowd.entered++;
        crowd.inside--;
        fl_gate_leave(crowd.gate, crowd.turn);
    }
    return NULL;
}

static void one_at_a_time_out_of_many(void **state)
{
    static const struct fleet_pace pace[] = {{FLEET_OP_LIST, 1}, {0}};
    pthread_t threads[THREADS];

    (void)state;
    crowd.gate = new_gate(pace);
    crowd.turn = &crowd.gate->turn;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, push, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *complaint = NULL;

        pthread_join(threads[i], &complaint);
        assert_null(complaint);
    }
    assert_int_equal(crowd.entered, THREADS * ROUNDS);
    fl_gate_clear(crowd.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_overstays_is_not_waited_for),
        cmocka_unit_test(waiting_takes_nothing_from_a_call),
        cmocka_unit_test(handles_do_not_wait_for_each_other),
        cmocka_unit_test(nothing_begins_after_its_deadline),
        cmocka_unit_test(the_pace_is_kept),
        cmocka_unit_test(a_pace_that_cannot_be_kept_fails_at_once),
        cmocka_unit_test(one_at_a_time_out_of_many),
    };

    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
