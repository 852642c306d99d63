/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/ticker.h"

#include "core/base/clock.h"
#include "core/cmd/screen.h"

#define REDRAW_MS 100

static void *tick(void *arg)
{
    struct fl_ticker *ticker = arg;

    pthread_mutex_lock(&ticker->mutex);
    while (!ticker->closing) {
        int64_t next = fl_deadline(REDRAW_MS);
        struct timespec at = {.tv_sec = (time_t)(next / 1000),
                              .tv_nsec = (long)(next % 1000) * 1000000};

        ticker->draw(ticker->arg);
        pthread_cond_timedwait(&ticker->closing_changed, &ticker->mutex, &at);
    }
    pthread_mutex_unlock(&ticker->mutex);
    return NULL;
}

/* Waits by the clock of fl_now_ms. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void fl_ticker_open(struct fl_ticker *ticker, const struct fl_context *context,
                    void (*draw)(void *arg), void *arg)
{
    const struct fl_globals *globals = &context->globals;

    *ticker = (struct fl_ticker){.draw = draw, .arg = arg};
    pthread_mutex_init(&ticker->mutex, NULL);
    init_condition(&ticker->closing_changed);
    ticker->live = !globals->quiet && !globals->no_progress &&
                   fl_screen_redraws() &&
                   pthread_create(&ticker->thread, NULL, tick, ticker) == 0;
}

void fl_ticker_close(struct fl_ticker *ticker)
{
    if (ticker->live) {
        pthread_mutex_lock(&ticker->mutex);
        ticker->closing = true;
        pthread_cond_signal(&ticker->closing_changed);
        pthread_mutex_unlock(&ticker->mutex);
        pthread_join(ticker->thread, NULL);
        fl_screen_status(NULL);
    }
    pthread_cond_destroy(&ticker->closing_changed);
    pthread_mutex_destroy(&ticker->mutex);
}
