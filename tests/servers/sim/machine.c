/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <stdlib.h>
#include <string.h>

/* The model of what exists. Nothing here waits: a machine is pending until a
 * time has come, and the keeper sees to its sshd meanwhile. */

enum { ID_LEN = 14 };

static void wake_keeper(struct sim *sim)
{
    pthread_cond_broadcast(&sim->changed);
}

static struct sim_machine *add_machine(struct sim *sim)
{
    struct sim_machine *machine = sim_alloc(sizeof *machine);

    machine->inside = sim_alloc(sizeof *machine->inside);
    if (sim->n_machines == sim->size_machines) {
        size_t size = sim->size_machines ? 2 * sim->size_machines : 64;
        struct sim_machine **more = sim_alloc(size * sizeof(*more));

        if (sim->n_machines)
            memcpy(more, sim->machines, sim->n_machines * sizeof(*more));
        free(sim->machines);
        sim->machines = more;
        sim->size_machines = size;
    }
    sim->machines[sim->n_machines++] = machine;
    machine->number = (int64_t)sim->n_machines;
    return machine;
}

/* Addresses at which nothing answers: ours listen on 127.0.0.1 only. */
static void make_up_address(struct sim_machine *machine)
{
    free((char *)machine->host);
    machine->host =
        sim_format("127.77.%d.%d", (int)(machine->number >> 8 & 255),
                   (int)(machine->number & 255));
    machine->port = (int)(20000 + machine->number % 10000);
}

static void begin(struct sim *sim, struct sim_machine *machine)
{
    struct sim_machine_inside *inside = machine->inside;

    inside->running_at = sim_now_ms() + sim->options.ready_ms;
    inside->ssh_at = inside->running_at + sim->options.ssh_ms;
    inside->failed = inside->broken = false;
    inside->want = SIM_WANT_UP;
    machine->started_ms = sim_clock_ms() + sim->options.ready_ms;
    wake_keeper(sim);
}

static void apply_faults(struct sim *sim, struct sim_machine *machine,
                         struct sim_call *call)
{
    struct sim_machine_inside *inside = machine->inside;
    const json_t *fault;

    if (!call)
        return;
    if (sim_fault(call, "recycle", NULL))
        inside->wanted_port = sim->last_port;
    fault = sim_fault(call, "unlisted", NULL);
    if (fault) {
        inside->unlisted = sim_number(fault, "lists", 0);
        inside->listed_at += sim_number(fault, "ms", 0);
    }
    fault = sim_fault(call, "slow-ready", NULL);
    if (fault) {
        inside->running_at += sim_number(fault, "ms", 1000);
        inside->ssh_at += sim_number(fault, "ms", 1000);
    }
    if (sim_fault(call, "no-ready", NULL))
        inside->running_at = inside->ssh_at = INT64_MAX;
    if (sim_fault(call, "no-address", NULL))
        inside->ssh_at = INT64_MAX;
}

struct sim_machine *sim_machine_new(struct sim *sim,
                                    const struct sim_wish *wish)
{
    struct sim_machine *machine = add_machine(sim);
    struct sim_machine_inside *inside = machine->inside;
    char id[ID_LEN + 1];

    sim_random_word(id, ID_LEN);
    machine->id = sim_copy(wish->id ? wish->id : id);
    machine->name = sim_copy(wish->name);
    machine->created_ms = sim_clock_ms();
    machine->data = json_object();
    inside->login = sim_copy(wish->login ? wish->login : wish->name);
    inside->keys = sim_copy(wish->keys ? wish->keys : "");
    inside->no_ssh = sim->options.no_ssh || !wish->keys;
    inside->listed_at = sim_now_ms() + sim->options.settle_ms;
    inside->generation = 1;
    if (inside->no_ssh)
        make_up_address(machine);
    begin(sim, machine);
    apply_faults(sim, machine, wish->call);
    return machine;
}

void sim_machine_free(struct sim_machine *machine)
{
    free(machine->id);
    free(machine->name);
    free((char *)machine->host);
    free(machine->host_key);
    json_decref(machine->data);
    free(machine->inside->login);
    free(machine->inside->keys);
    free(machine->inside);
    free(machine);
}

static bool is_gone(const struct sim_machine *machine)
{
    return machine->inside->terminated &&
           sim_now_ms() >= machine->inside->gone_at;
}

struct sim_machine *sim_machine_find(const struct sim *sim, const char *id)
{
    for (size_t i = sim->n_machines; i-- > 0;)
        if (strcmp(sim->machines[i]->id, id) == 0 && !is_gone(sim->machines[i]))
            return sim->machines[i];
    return NULL;
}

struct sim_machine *sim_machine_before(const struct sim *sim, int64_t before)
{
    size_t i = sim->n_machines;

    if (before <= (int64_t)i)
        i = before > 0 ? (size_t)before - 1 : 0;
    while (i-- > 0)
        if (!is_gone(sim->machines[i]))
            return sim->machines[i];
    return NULL;
}

bool sim_machine_hidden(const struct sim *sim,
                        const struct sim_machine *machine)
{
    (void)sim;
    return machine->inside->unlisted > 0 ||
           sim_now_ms() < machine->inside->listed_at;
}

void sim_machines_listed(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_machines; i++)
        if (sim->machines[i]->inside->unlisted > 0)
            sim->machines[i]->inside->unlisted--;
}

enum sim_machine_state sim_machine_state(const struct sim *sim,
                                         const struct sim_machine *machine)
{
    const struct sim_machine_inside *inside = machine->inside;

    (void)sim;
    if (inside->terminated)
        return SIM_GONE;
    if (inside->failed)
        return SIM_FAILED;
    if (!machine->started_ms)
        return SIM_STOPPED;
    return sim_now_ms() < inside->running_at ? SIM_PENDING : SIM_RUNNING;
}

bool sim_machine_reachable(const struct sim *sim,
                           const struct sim_machine *machine)
{
    const struct sim_machine_inside *inside = machine->inside;

    return sim_machine_state(sim, machine) == SIM_RUNNING &&
           sim_now_ms() >= inside->ssh_at && machine->port &&
           (inside->no_ssh || inside->made == inside->generation);
}

/* The address is told no more, and a new one comes with the next start. */
static void lose_disk(struct sim_machine *machine)
{
    machine->inside->generation++;
    machine->inside->wanted_port = 0;
    if (!machine->inside->no_ssh)
        machine->port = 0;
}

void sim_machine_stop(struct sim *sim, struct sim_machine *machine, bool fresh)
{
    machine->inside->want = SIM_WANT_DOWN;
    machine->started_ms = 0;
    if (fresh)
        lose_disk(machine);
    wake_keeper(sim);
}

void sim_machine_start(struct sim *sim, struct sim_machine *machine)
{
    begin(sim, machine);
}

void sim_machine_fail(struct sim *sim, struct sim_machine *machine)
{
    machine->inside->want = SIM_WANT_DOWN;
    machine->inside->failed = true;
    wake_keeper(sim);
}

void sim_machine_end(struct sim *sim, struct sim_machine *machine)
{
    struct sim_machine_inside *inside = machine->inside;

    inside->want = SIM_WANT_NOTHING;
    inside->terminated = true;
    inside->gone_at = sim_now_ms();
    if (!inside->no_ssh && machine->port)
        sim->last_port = machine->port;
    wake_keeper(sim);
}

void sim_machine_linger(struct sim_machine *machine, int64_t ms)
{
    machine->inside->gone_at += ms;
}

void sim_machine_rename(struct sim_machine *machine, const char *name)
{
    char *copy = sim_copy(name);

    free(machine->name);
    machine->name = copy;
}

const char *sim_state_name(enum sim_machine_state state)
{
    static const char *const names[] = {
        [SIM_PENDING] = "pending", [SIM_RUNNING] = "running",
        [SIM_STOPPED] = "stopped", [SIM_FAILED] = "failed",
        [SIM_GONE] = "gone",
    };

    return names[state];
}
