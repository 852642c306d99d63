/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_INVOKE_H
#define FL_ENGINE_INVOKE_H

#include "core/base/pool.h"
#include "core/engine/host.h"
#include "core/engine/look.h"
#include "core/engine/plugins.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The one way into a plugin's functions. Only provider.c and what stands below
 * it look inside a provider. */
struct fl_provider {
    struct fleet_host host;
    struct fl_plugin *plugin;
    void *config; /* the plugin's own struct, filled */
    void *handle;
    uint64_t abilities;
    const struct fleet_effect *effects; /* may be NULL */
    struct fl_turn turn; /* of a FLEET_THREADS_PER_HANDLE plugin */
    atomic_uint inside;  /* calls that have not come back */
    struct fl_looks looks;
    struct fl_job closing;
    bool closed;
};

/* Makes one attempt at a call. Every attempt begins from nothing: whatever an
 * earlier one has left behind in ARG is thrown away first. */
typedef int fl_attempt_function(struct fl_provider *provider, void *arg,
                                struct fleet_error *err);

/* Serialised and paced as the plugin asks, with the deadline, and again while
 * the plugin says that nothing was done and that trying again may help. op: of
 * enum fleet_op, 0 for open and close. The error's text begins with the
 * provider's name. A create that does not say what became of it is
 * FLEET_EAMBIGUOUS. */
int fl_invoke(struct fl_provider *provider, int op, fl_attempt_function *make,
              void *arg, int64_t deadline, struct fleet_error *err);

/* The longest that the first pause can be; each may be twice the one before.
 * Tests shorten it. */
extern int64_t fl_backoff_ms;
/* For pauses; any thread. */
int64_t fl_random_below(int64_t limit);

/* The pause before another try, when TRIES have failed since the first: what
 * was asked for (HINT_MS, 0 or less: nothing) and full jitter on top, so that
 * those who failed together do not come back together. */
int64_t fl_backoff(int tries, int64_t hint_ms);

#endif
