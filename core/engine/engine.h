/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ENGINE_H
#define FL_ENGINE_ENGINE_H

#include "core/engine/journal.h"
#include "core/engine/lock.h"
#include "core/engine/provider.h"
#include "core/engine/settings.h"
#include "core/model/names.h"

/* Everything one command works with, opened floor by floor. Main thread. */
struct fl_engine {
    struct fl_config config;
    struct fl_settings settings;
    struct fl_cohort cohort;
    char *state_dir;
    struct fl_plugins plugins;
    struct fl_catalog catalog;
    const struct fl_provider_entry **chosen;
    size_t n_chosen;
    struct fl_state *state;  /* NULL until fl_engine_state */
    struct fl_lock *lock;    /* NULL until fl_engine_lock */
    int64_t run;             /* journal run; 0: none */
    int64_t timeout_ms;      /* --timeout; 0: each call's own default */
    struct fl_strv warnings; /* sentences for the user; shown by cmd */
};

/* config path may be NULL. Reads files and loads plugins; no provider is
 * called. FLEET_ECONFIG when no file is found and MACHINE_NAME_PREFIX is not
 * set either: names where it looked, and `fleet init`. */
int fl_engine_open(struct fl_engine *engine, const char *config_path,
                   struct fleet_error *err);
/* As far as possible without a cohort, for doctor, plugins, providers. */
int fl_engine_open_plugins(struct fl_engine *engine, const char *config_path,
                           struct fleet_error *err);
/* A provider that is used in this run, too, although PROVIDERS leaves it out.
 */
int fl_engine_add_provider(struct fl_engine *engine, const char *name,
                           struct fleet_error *err);
int fl_engine_state(struct fl_engine *engine, enum fl_state_mode mode,
                    struct fleet_error *err);
/* Lock, state for writing, a run in the journal: what a changing command needs
 * before it looks at anything. */
int fl_engine_begin(struct fl_engine *engine, const char *command,
                    int64_t lock_wait_ms, fl_lock_waiting *waiting, void *arg,
                    struct fleet_error *err);
void fl_engine_end(struct fl_engine *engine, int status);
void fl_engine_close(struct fl_engine *engine);

/* Deadline for one provider call that by default may take ms. */
int64_t fl_engine_deadline(const struct fl_engine *engine, int64_t ms);
/* Threads for N jobs: MAX_PARALLEL, else min(n, 4096, descriptors - 32). */
unsigned fl_engine_threads(const struct fl_engine *engine, size_t n);

/* Progress of long work, in the main thread. */
enum fl_event_kind {
    FL_EVENT_STEP, /* text: what it waits for */
    FL_EVENT_DONE,
    FL_EVENT_FAILED,
    FL_EVENT_STOPPING, /* Ctrl-C was heard: no pod's own, and without text */
    FL_EVENT_NOTE      /* no pod's own: a sentence about all of them */
};
struct fl_event {
    enum fl_event_kind kind;
    const char *name; /* pod */
    const char *text;
    size_t done, total;
};
typedef void fl_event_sink(void *arg, const struct fl_event *event);

#endif
