/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PORTS_H
#define FL_ENGINE_PORTS_H

#include "core/engine/fleet.h"

/* Ports of the proxy. One belongs to a name for ever: it is given out once, in
 * list order, kept in the state, and read back from a deployed file where the
 * state was lost. */
#define FL_PORT_LAST 32767 /* above, the kernel takes ports for itself */

struct fl_port {
    char *name; /* full */
    int64_t port;
};
struct fl_ports {
    struct fl_port *at; /* loaded: by port */
    size_t n, size;
    struct fl_map by_name; /* to port */
};
int fl_ports_load(struct fl_state *state, struct fl_ports *out,
                  struct fleet_error *err);
int64_t fl_ports_get(const struct fl_ports *ports, const char *name); /* or 0 */
int fl_ports_add(struct fl_ports *ports, const char *name, int64_t port);
void fl_ports_clear(struct fl_ports *ports);
FL_CLEANUP_IN_PLACE(fl_ports_clear, struct fl_ports);

/* The lines "# fleet: ..." of a file that fleet wrote, the rest is nobody's
 * business. Pure. FLEET_ECONFIG names the line that cannot be relied upon: no
 * name of this cohort, no port, or something for the second time. Empty when it
 * has no such lines. */
#define FL_DEPLOYED_MAX (16 * 1024 * 1024)
int fl_ports_parse(const struct fl_cohort *cohort, const char *path,
                   const char *text, size_t len, struct fl_ports *out,
                   struct fleet_error *err);

/* The next free ports from START for those of NAMES that have none, added to
 * PORTS. Pure. FLEET_ECONFIG: none is left. */
int fl_ports_plan(struct fl_ports *ports, const char *const *names, size_t n,
                  int64_t start, struct fleet_error *err);

/* Gives every one of these names its port, in list order, and stores it. Looks
 * first; only when one is missing it takes the cohort's lock, unless the engine
 * has it, and changes the state. What is DEPLOYED (may be NULL) counts where
 * the state says nothing else; a contradiction is a warning of the engine's. */
struct fl_ports_job {
    struct fl_engine *engine;
    const struct fl_strv *names; /* full, valid, any order */
    const struct fl_ports *deployed;
    bool dry;            /* nothing is stored: what it would be */
    const char *command; /* for the lock */
    int64_t lock_wait_ms;
    fl_lock_waiting *waiting;
    void *arg;
};
int fl_ports_give(const struct fl_ports_job *job, struct fl_ports *out,
                  struct fleet_error *err);

/* Writes the ports that the state has into the members. */
void fl_ports_show(const struct fl_ports *ports, struct fl_fleet *fleet);

#endif
