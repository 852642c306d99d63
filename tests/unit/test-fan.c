/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/fan.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "tests/unit/child.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Items that count, and items that hang until they are let go. */
struct counter {
    struct fl_fan_item item; /* first */
    int value;
};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;
static bool free_to_go;

static void count(struct fl_fan_item *item)
{
    fl_fan_step(item, "counting", fl_deadline(10000));
    ((struct counter *)item)->value++;
}

static void hang(struct fl_fan_item *item)
{
    fl_fan_step(item, "hanging", fl_now_ms() - 60000); /* long overdue */
    pthread_mutex_lock(&mutex);
    while (!free_to_go)
        pthread_cond_wait(&let_go, &mutex);
    pthread_mutex_unlock(&mutex);
}

struct seen {
    size_t finished, unrun, wedged, steps;
    int sum;
};

static void ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct seen *seen = arg;

    seen->finished += end == FL_FAN_FINISHED;
    seen->unrun += end == FL_FAN_UNRUN;
    seen->wedged += end == FL_FAN_WEDGED;
    if (end == FL_FAN_WEDGED)
        return; /* its thread still has it */
    seen->sum += ((struct counter *)item)->value;
    free(item);
}

static void step(void *arg, struct fl_fan_item *item, const char *what)
{
    struct seen *seen = arg;

    (void)item;
    seen->steps += !strcmp(what, "counting");
}

static struct seen run(size_t n, unsigned threads,
                       void (*work)(struct fl_fan_item *))
{
    struct fl_fan_item **items = calloc(n, sizeof(*items));
    struct seen seen = {0};
    struct fl_fan fan = {.items = items,
                         .n = n,
                         .threads = threads,
                         .work = work,
                         .ended = ended,
                         .step = step,
                         .arg = &seen};
    struct fleet_error err = {0};

    assert_non_null(items);
    for (size_t i = 0; i < n; i++) {
        items[i] = calloc(1, sizeof(struct counter));
        assert_non_null(items[i]);
    }
    assert_int_equal(fl_fan_run(&fan, &err), 0);
    free(items);
    return seen;
}

static void every_item_comes_back(void **state)
{
    struct seen seen = run(500, 16, count);

    (void)state;
    assert_int_equal(seen.finished, 500);
    assert_int_equal(seen.sum, 500);
    assert_int_equal(seen.steps, 500);
    assert_false(fl_pool_wedged());
}

static void nothing_is_fine(void **state)
{
    struct fl_fan fan = {.threads = 4};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_fan_run(&fan, &err), 0);
}

static void interrupt(struct fl_fan_item *item)
{
    static atomic_flag sent = ATOMIC_FLAG_INIT;

    fl_fan_step(item, "interrupting", FL_FOREVER);
    if (!atomic_flag_test_and_set(&sent))
        kill(getpid(), SIGINT);
    while (!fl_cancelled())
        poll(NULL, 0, 1);
}

static int interrupted(const void *unused)
{
    struct seen seen;

    (void)unused;
    fl_cancel_open();
    seen = run(50, 2, interrupt);
    return seen.finished >= 1 && seen.finished <= 2 &&
                   seen.finished + seen.unrun == 50
               ? 0
               : 1;
}

/* In a process of its own: cancelling is for good. */
static void nothing_new_is_begun_once_cancelled(void **state)
{
    (void)state;
    assert_int_equal(result_in_child(interrupted, NULL), 0);
}

/* Last: it leaves threads behind. */
static void wedged_items_hold_up_nobody(void **state)
{
    struct seen seen = run(5, 2, hang);

    (void)state;
    assert_int_equal(seen.wedged, 2);
    assert_int_equal(seen.unrun, 3);
    assert_true(fl_pool_wedged());
    pthread_mutex_lock(&mutex);
    free_to_go = true;
    pthread_cond_broadcast(&let_go);
    pthread_mutex_unlock(&mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_comes_back),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(nothing_new_is_begun_once_cancelled),
        cmocka_unit_test(wedged_items_hold_up_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
