/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/pool.h"

#include "core/base/clock.h"
#include "tests/unit/failalloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define JOBS 500

struct task {
    struct fl_job job; /* first */
    int in, out;
    bool unrun;
};

static struct task *task_of(struct fl_job *job)
{
    return (struct task *)job;
}

static atomic_int running, most;

static void square(struct fl_job *job)
{
    int now = atomic_fetch_add(&running, 1) + 1;
    int seen = atomic_load(&most);

    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    task_of(job)->out = task_of(job)->in * task_of(job)->in;
    atomic_fetch_sub(&running, 1);
}

static void mark(struct fl_job *job)
{
    task_of(job)->unrun = true;
}

static struct fl_pool *opened(unsigned threads)
{
    struct fl_pool *pool = NULL;

    assert_int_equal(fl_pool_open(threads, &pool, NULL), FLEET_OK);
    return pool;
}

static void runs_all_within_its_bound(void **state)
{
    static struct task tasks[JOBS];
    struct fl_pool *pool = opened(4);
    struct fl_job *job;
    size_t left, returned = 0;

    (void)state;
    atomic_store(&most, 0);
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = (struct task){.job.run = square, .in = i};
        fl_pool_add(pool, &tasks[i].job);
    }
    while ((job = fl_pool_next(pool, FL_FOREVER, &left))) {
        returned++;
        assert_int_equal(left, JOBS - returned);
        assert_int_equal(task_of(job)->out,
                         task_of(job)->in * task_of(job)->in);
        task_of(job)->out = -1; /* each comes back once */
    }
    assert_int_equal(returned, JOBS);
    assert_in_range(atomic_load(&most), 1, 4);
    assert_true(fl_pool_close(pool, FL_FOREVER));
}

/* Jobs that wait for each other end only if they run at the same time. */
static pthread_barrier_t barrier;

static void meet(struct fl_job *job)
{
    (void)job;
    pthread_barrier_wait(&barrier);
}

static void runs_as_many_as_it_may(void **state)
{
    struct task tasks[8];
    struct fl_pool *pool = opened(8);

    (void)state;
    pthread_barrier_init(&barrier, NULL, 8);
    for (int i = 0; i < 8; i++) {
        tasks[i] = (struct task){.job.run = meet};
        fl_pool_add(pool, &tasks[i].job);
    }
    for (int i = 0; i < 8; i++)
        assert_non_null(fl_pool_next(pool, FL_FOREVER, NULL));
    assert_true(fl_pool_close(pool, FL_FOREVER));
    pthread_barrier_destroy(&barrier);
}

/* Tells OUT that it has begun. */
static void block_until_told(struct fl_job *job)
{
    char c = 'x';

    if (task_of(job)->out)
        assert_int_equal(write(task_of(job)->out, &c, 1), 1);
    while (read(task_of(job)->in, &c, 1) < 0)
        ;
}

static void stopped_jobs_come_back_unrun(void **state)
{
    struct task tasks[4];
    struct fl_pool *pool = opened(1);
    struct fl_job *job;
    size_t left;
    int fds[2], told[2];
    char c;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe(told), 0);
    for (int i = 0; i < 4; i++)
        tasks[i] = (struct task){
            .job.run = block_until_told, .in = fds[0], .out = told[1]};
    fl_pool_add(pool, &tasks[0].job);
    assert_int_equal(read(told[0], &c, 1), 1);
    assert_null(fl_pool_next(pool, fl_deadline(20), &left));
    assert_int_equal(left, 1);
    fl_pool_add(pool, &tasks[1].job);
    fl_pool_add(pool, &tasks[2].job);
    fl_pool_stop(pool, mark);
    fl_pool_add(pool, &tasks[3].job);
    for (int i = 1; i < 4; i++) {
        job = fl_pool_next(pool, 0, NULL);
        assert_ptr_equal(job, &tasks[i].job);
        assert_true(tasks[i].unrun);
    }
    assert_null(fl_pool_next(pool, 0, &left));
    assert_int_equal(left, 1);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_ptr_equal(fl_pool_next(pool, FL_FOREVER, &left), &tasks[0].job);
    assert_false(tasks[0].unrun);
    assert_int_equal(left, 0);
    assert_null(fl_pool_next(pool, FL_FOREVER, NULL));
    assert_true(fl_pool_close(pool, FL_FOREVER));
    close(fds[0]);
    close(fds[1]);
    close(told[0]);
    close(told[1]);
}

static void note_mask(struct fl_job *job)
{
    sigset_t mask;

    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    task_of(job)->out =
        sigismember(&mask, SIGINT) + sigismember(&mask, SIGTERM);
}

static void signals_are_for_others(void **state)
{
    struct task task = {.job.run = note_mask};
    struct fl_pool *pool = opened(1);
    sigset_t mask;

    (void)state;
    fl_pool_add(pool, &task.job);
    fl_pool_next(pool, FL_FOREVER, NULL);
    assert_int_equal(task.out, 2);
    assert_true(fl_pool_close(pool, FL_FOREVER));
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGINT));
}

static void odd_sizes(void **state)
{
    struct task task = {.job.run = square, .in = 3};
    struct fl_pool *pool = opened(0);

    (void)state;
    fl_pool_add(pool, &task.job);
    assert_ptr_equal(fl_pool_next(pool, FL_FOREVER, NULL), &task.job);
    assert_true(fl_pool_close(pool, FL_FOREVER));
    assert_true(fl_pool_close(opened(1000000), FL_FOREVER));
    assert_true(fl_pool_close(NULL, 0));
}

/* Last: it cannot be undone. The thread is let go afterwards and may use the
 * abandoned pool as before. */
static void wedged_threads_are_left_behind(void **state)
{
    static struct task wedged;
    struct fl_pool *pool = opened(2);
    int fds[2], told[2];
    char c;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe(told), 0);
    wedged = (struct task){
        .job.run = block_until_told, .in = fds[0], .out = told[1]};
    fl_pool_add(pool, &wedged.job);
    assert_int_equal(read(told[0], &c, 1), 1);
    assert_false(fl_pool_wedged());
    assert_false(fl_pool_close(pool, fl_deadline(20)));
    assert_true(fl_pool_wedged());
    assert_int_equal(write(fds[1], "x", 1), 1);
}

static void short_of_memory(void *arg)
{
    struct fl_pool *pool = NULL;
    struct fleet_error err;
    int rc = fl_pool_open(2, &pool, &err);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_true(fl_pool_close(pool, FL_FOREVER));
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_all_within_its_bound),
        cmocka_unit_test(runs_as_many_as_it_may),
        cmocka_unit_test(stopped_jobs_come_back_unrun),
        cmocka_unit_test(signals_are_for_others),
        cmocka_unit_test(odd_sizes),
        cmocka_unit_test(survives_no_memory),
        cmocka_unit_test(wedged_threads_are_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
