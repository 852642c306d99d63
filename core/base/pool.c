/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/pool.h"

#include "core/base/clock.h"
#include "core/base/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES  (256 * 1024)
#define MOST_THREADS 4096

struct queue {
    struct fl_job *first, **end;
};

struct fl_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;     /* a job is waiting, or the pool closes */
    pthread_cond_t finished; /* a job is done, or a thread has ended */
    /* Guarded by the lock: */
    struct queue waiting, done;
    size_t unfinished; /* waiting or running */
    unsigned ended;
    bool closing;
    /* The opening thread's alone: */
    size_t left;
    unsigned n, max;
    bool stopped;
    void (*unrun)(struct fl_job *job);
    struct fl_pool *next; /* among the abandoned */
    pthread_t threads[];
};

/* Pools whose threads never came back: still in use, so never freed. */
static _Atomic(struct fl_pool *) abandoned;

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_put(struct queue *queue, struct fl_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct fl_job *queue_take(struct queue *queue)
{
    struct fl_job *job = queue->first;

    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->end = &queue->first;
    job->next = NULL;
    return job;
}

/* The next job for a thread; NULL when it is time to end. */
static struct fl_job *wait_for_job(struct fl_pool *pool)
{
    while (!pool->closing && !pool->waiting.first)
        pthread_cond_wait(&pool->work, &pool->lock);
    return pool->closing ? NULL : queue_take(&pool->waiting);
}

static void *worker(void *arg)
{
    struct fl_pool *pool = arg;
    struct fl_job *job;

    pthread_mutex_lock(&pool->lock);
    while ((job = wait_for_job(pool))) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
        queue_put(&pool->done, job);
        pool->unfinished--;
        pthread_cond_signal(&pool->finished);
    }
    pool->ended++;
    pthread_cond_signal(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are for the main thread: ours begins with all of them blocked. */
static int start_thread(struct fl_pool *pool)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc = pthread_attr_init(&attr);

    if (rc)
        return rc;
    sigfillset(&all);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&pool->threads[pool->n], &attr, worker, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pool->n++;
    return rc;
}

/* Deadlines are monotonic, so the condition's clock is too. */
static void make_finished(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

static void destroy(struct fl_pool *pool)
{
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int fl_pool_open(unsigned threads, struct fl_pool **out,
                 struct fleet_error *err)
{
    unsigned max = threads > MOST_THREADS ? MOST_THREADS : threads;
    struct fl_pool *pool;
    int rc;

    if (max == 0)
        max = 1;
    pool = calloc(1, sizeof(*pool) + max * sizeof(pthread_t));
    if (!pool)
        return fl_enomem(err);
    pool->max = max;
    queue_init(&pool->waiting);
    queue_init(&pool->done);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    make_finished(&pool->finished);
    rc = start_thread(pool); /* with one thread all work gets done */
    if (rc) {
        destroy(pool);
        return fleet_fail(err, FLEET_ENOMEM, "cannot start a thread: %s",
                          strerror(rc));
    }
    *out = pool;
    return FLEET_OK;
}

void fl_pool_add(struct fl_pool *pool, struct fl_job *job)
{
    bool busy;

    pool->left++;
    if (pool->stopped && pool->unrun)
        pool->unrun(job);
    pthread_mutex_lock(&pool->lock);
    queue_put(pool->stopped ? &pool->done : &pool->waiting, job);
    pool->unfinished += !pool->stopped;
    busy = pool->unfinished > pool->n;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    if (busy && pool->n < pool->max)
        start_thread(pool); /* if not, those we have do it in time */
}

/* Waits on FINISHED; false once the deadline has come. */
static bool wait_finished(struct fl_pool *pool, int64_t deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000),
                             .tv_nsec = (long)(deadline % 1000) * 1000000};

    if (deadline == FL_FOREVER)
        return pthread_cond_wait(&pool->finished, &pool->lock) == 0;
    return pthread_cond_timedwait(&pool->finished, &pool->lock, &until) !=
           ETIMEDOUT;
}

struct fl_job *fl_pool_next(struct fl_pool *pool, int64_t deadline,
                            size_t *left)
{
    struct fl_job *job = NULL;

    pthread_mutex_lock(&pool->lock);
    while (pool->left && !pool->done.first && wait_finished(pool, deadline))
        ;
    job = queue_take(&pool->done);
    pthread_mutex_unlock(&pool->lock);
    if (job)
        pool->left--;
    if (left)
        *left = pool->left;
    return job;
}

void fl_pool_stop(struct fl_pool *pool, void (*unrun)(struct fl_job *job))
{
    struct queue never;
    struct fl_job *job;

    pool->stopped = true;
    pool->unrun = unrun;
    queue_init(&never);
    pthread_mutex_lock(&pool->lock);
    while ((job = queue_take(&pool->waiting))) {
        queue_put(&never, job);
        pool->unfinished--;
    }
    pthread_mutex_unlock(&pool->lock);
    for (job = never.first; job && unrun; job = job->next)
        unrun(job); /* not under our lock */
    pthread_mutex_lock(&pool->lock);
    while ((job = queue_take(&never)))
        queue_put(&pool->done, job);
    pthread_mutex_unlock(&pool->lock);
}

static void abandon(struct fl_pool *pool)
{
    for (unsigned i = 0; i < pool->n; i++)
        pthread_detach(pool->threads[i]);
    pool->next = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &pool->next, pool))
        ;
}

bool fl_pool_close(struct fl_pool *pool, int64_t deadline)
{
    bool all_ended;

    if (!pool)
        return true;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->ended < pool->n && wait_finished(pool, deadline))
        ;
    all_ended = pool->ended == pool->n;
    pthread_mutex_unlock(&pool->lock);
    if (!all_ended) {
        abandon(pool);
        return false;
    }
    for (unsigned i = 0; i < pool->n; i++)
        pthread_join(pool->threads[i], NULL);
    destroy(pool);
    return true;
}

bool fl_pool_wedged(void)
{
    return atomic_load(&abandoned) != NULL;
}
