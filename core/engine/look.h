/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LOOK_H
#define FL_ENGINE_LOOK_H

#include "core/model/record.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fl_provider;

/* What many who wait for their pods at one provider share: one listing answers
 * all of them. */
struct fl_looks {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    bool busy;                 /* somebody is listing */
    int64_t begun_ms, took_ms; /* of the listing that is kept */
    int64_t starting_ms;       /* of the one under way */
    struct fleet_sink sink;    /* what it found */
    int rc;
    struct fleet_error error;
    int64_t window_ms; /* how often they ask: by windows of time */
    unsigned asked, asked_before;
};
void fl_looks_init(struct fl_looks *looks);
void fl_looks_clear(struct fl_looks *looks);

/* As fl_provider_get, but where several threads ask for pods again and again, a
 * listing that began at SINCE_MS or later serves as many of them as it can. A
 * pod that it does not have is asked for by itself. */
int fl_provider_look(struct fl_provider *provider, int64_t since_ms,
                     int64_t deadline, const char *id, struct fleet_pod *pod,
                     struct fleet_error *err);

#endif
