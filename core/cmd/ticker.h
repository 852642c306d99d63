/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_TICKER_H
#define FL_CMD_TICKER_H

#include "core/cmd/command.h"

#include <pthread.h>

/* Draws the bottom of the screen ten times a second, so that its clock goes on
 * between events. */
struct fl_ticker {
    pthread_mutex_t mutex; /* guards what is drawn, and closing */
    pthread_cond_t closing_changed;
    bool closing;
    bool
        live; /* there is a screen to draw on, and nobody has asked for quiet */
    pthread_t thread;
    void (*draw)(void *arg); /* under the mutex */
    void *arg;
};
/* The mutex may be used whether it is live or not. */
void fl_ticker_open(struct fl_ticker *ticker, const struct fl_context *context,
                    void (*draw)(void *arg), void *arg);
/* Leaves the bottom of the screen empty. */
void fl_ticker_close(struct fl_ticker *ticker);

#endif
