/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROXY_H
#define FL_ENGINE_PROXY_H

#include "core/engine/format.h"
#include "core/engine/proxyhost.h"
#include "core/model/forward.h"

#define FL_NGINX_CONNECTIONS 512 /* where nginx.conf does not say */

/* What the proxy forwards, what it should forward, and getting there. */
struct fl_proxy_job {
    struct fl_engine *engine;
    const struct fl_fleet *fleet; /* outlives the plan */
    const char *command;          /* for locks */
    int64_t lock_wait_ms;
    bool prune; /* a provider that lists nothing at all is believed */
    bool dry;   /* nothing is stored, not even ports that are new */
    fl_lock_waiting *waiting;
    void *arg;
};
struct fl_proxy_plan {
    struct fl_proxylook look;
    struct fl_forward_list deployed;
    struct fl_told_pod *pods; /* what the rows borrow from */
    struct fl_forward_rows rows;
    struct fl_ports ports;
    struct fl_buf text;        /* the new file */
    struct fl_strv left_out;   /* pods that have no forward, and why */
    struct fl_strv collisions; /* new ports on which somebody listens */
    int64_t needs;             /* worker_connections */
    bool foreign;              /* somebody else has changed the file */
    bool differs;              /* there is something to apply */
};
int fl_proxy_plan(const struct fl_proxy_job *job, struct fl_proxyhost *host,
                  struct fl_proxy_plan *out, struct fleet_error *err);
void fl_proxy_plan_clear(struct fl_proxy_plan *plan);
FL_CLEANUP_IN_PLACE(fl_proxy_plan_clear, struct fl_proxy_plan);

/* Why it cannot be applied as it is: FLEET_EREFUSED where FORCE would help,
 * FLEET_ECONFLICT, FLEET_ECONFIG. */
int fl_proxy_check(const struct fl_proxyhost *host,
                   const struct fl_proxy_plan *plan, bool force,
                   struct fleet_error *err);
/* With the host's lock, under which the plan was made. Swaps the file, loads
 * it, and connects through every port that is new or leads elsewhere; SILENT
 * gets a sentence for each whose pod answers nobody. On any failure what was
 * there before is put back. */
int fl_proxy_apply(struct fl_engine *engine, struct fl_proxyhost *host,
                   const struct fl_proxy_plan *plan, bool force,
                   struct fl_strv *silent, struct fleet_error *err);

#endif
