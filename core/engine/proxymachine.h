/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROXYMACHINE_H
#define FL_ENGINE_PROXYMACHINE_H

#include "core/engine/create.h"

/* The machine that fleet makes to be the proxy: a plain, small one, at a
 * provider that can put a firewall before it. It is journalled and remembered
 * as pods are, under a name that none can have, and found again by that name or
 * by its token; it is not of the cohort. See fl_fleet.proxy. */

/* What it could be made of, the cheapest first: what the settings say of pods
 * (GPU, image, disk) does not count. ON (may be NULL): at that provider alone.
 * Rows that do not fit say why. */
int fl_proxymachine_plan(struct fl_engine *engine, struct fl_fleet *fleet,
                         const char *on, struct fl_options_plan *plan,
                         struct fleet_error *err);

struct fl_proxymachine_job {
    struct fl_engine *engine;
    struct fl_fleet *fleet;
    struct fl_options_plan *plan;
    fl_event_sink *event;
    void *event_arg;
};
/* As fl_rounds_run makes a pod, for whom SSH_PROXY_KEY_PATH.pub opens it; waits
 * until sshd answers. Then it stands in the fleet. FLEET_OK: it is there. */
int fl_proxymachine_make(const struct fl_proxymachine_job *job,
                         struct fl_create_results *results,
                         struct fleet_error *err);
/* One that is there already, until sshd answers; started where it was off. */
int fl_proxymachine_wake(struct fl_engine *engine, struct fl_fleet *fleet,
                         struct fleet_error *err);

/* "22 12000-12999": its sshd, and the ports of the cohort's pods, with room for
 * more. malloc'd. */
int fl_proxymachine_ports(struct fl_engine *engine,
                          const struct fl_fleet *fleet, char **ports,
                          struct fleet_error *err);
/* Its firewall lets them in and nothing else. */
int fl_proxymachine_expose(struct fl_engine *engine,
                           const struct fl_fleet *fleet, const char *ports,
                           struct fleet_error *err);

/* Journalled, until its provider is certain that it has gone. */
int fl_proxymachine_end(struct fl_engine *engine, struct fl_fleet *fleet,
                        struct fleet_error *err);

#endif
