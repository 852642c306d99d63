/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "providers/local/server.h"
#include "providers/local/store.h"
#include "tests/servers/sim/sim.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the rooms of the sim share and providers do not see. */

/* What the keeper makes of a machine, and what it should. Generations count the
 * disks that the machine has had: a new one is a new sshd altogether. */
enum sim_want { SIM_WANT_NOTHING, SIM_WANT_DOWN, SIM_WANT_UP };
struct sim_machine_inside {
    enum sim_want want;
    int generation;
    bool no_ssh;
    char *login, *keys;
    int wanted_port; /* of a machine that is gone, to be had again; 0: any */
    bool failed, terminated;
    int64_t running_at, ssh_at; /* sim_now_ms */
    int64_t listed_at;
    int64_t unlisted; /* how many lists it is still left out of */
    int64_t gone_at;
    /* The keeper's: what there is now. */
    bool busy, up, broken;
    int made; /* the generation that has a directory; 0: none */
};

struct sim {
    const struct sim_provider *provider;
    struct sim_options options;
    int64_t begun_ms;
    void *state; /* the provider's */
    /* Guards all that follows, and the machines. */
    pthread_mutex_t lock;
    pthread_cond_t changed;        /* a machine or STOPPING */
    bool stopping;                 /* nothing waits any longer */
    bool clearing;                 /* no machine is wanted any longer */
    struct sim_machine **machines; /* by number, from 1 */
    size_t n_machines, size_machines;
    int last_port; /* of the machine that went last; 0: none */
    json_t *faults, *requests, *values;
    int64_t in_flight, max_in_flight;
    int64_t window_ms, window_calls;
    /* Fixed from the start. */
    char *dir;
    bool own_dir;
    struct store store;
    struct server server;
};
void sim_lock(struct sim *sim);
void sim_unlock(struct sim *sim);
/* Ends early, false, when the sim stops. */
bool sim_sleep(struct sim *sim, int64_t ms);
bool sim_stopping(struct sim *sim);

/* http.c */
struct sim_http;
struct sim_http *sim_http_start(struct sim *sim, int port, int *bound);
void sim_http_stop(struct sim_http *http);

/* keeper.c; all sshds are gone after sim_keeper_stop. */
struct sim_keeper;
struct sim_keeper *sim_keeper_start(struct sim *sim);
void sim_keeper_stop(struct sim_keeper *keeper);

/* control.c: handles /sim/...; the lock is held. */
bool sim_control(struct sim_call *call);

/* fault.c: the fault for this call among those of transport; a new reference,
 * or NULL. The lock is held. */
json_t *sim_fault_take(struct sim_call *call);
/* The reply that such a fault asks for in place of the provider's own. */
void sim_fault_reply(struct sim_call *call, const json_t *fault);
/* Changes call->reply as an "edit" says. */
void sim_fault_edit(struct sim_call *call, const json_t *fault);
/* NULL, or what is wrong with it. */
const char *sim_fault_add(struct sim *sim, const json_t *fault);

/* log.c */
void sim_log_begin(struct sim_call *call);
void sim_log_end(struct sim_call *call);

/* route.c */
void sim_route(struct sim_call *call);
void sim_call_clear(struct sim_call *call);

void sim_machine_free(struct sim_machine *machine);
const char *sim_state_name(enum sim_machine_state state);

#endif
