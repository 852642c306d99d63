/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <string.h>

/* /sim/...: for tests, without authentication, unaffected by faults and not in
 * the log. Answers are JSON; a mistake in a request is a 400 with "error". */

static void refuse(struct sim_call *call, const char *why)
{
    sim_reply(call, 400, json_pack("{s:s}", "error", why));
}

static void done(struct sim_call *call)
{
    sim_reply(call, 200, json_object());
}

static void add_fault(struct sim_call *call)
{
    const char *wrong = "a fault or an array of them is asked for";
    json_t *fault;
    size_t i;

    if (json_is_object(call->body))
        wrong = sim_fault_add(call->sim, call->body);
    json_array_foreach(call->body, i, fault)
    {
        wrong = sim_fault_add(call->sim, fault);
        if (wrong)
            break;
    }
    if (wrong)
        refuse(call, wrong);
    else
        done(call);
}

static void get_faults(struct sim_call *call)
{
    sim_reply(call, 200, json_pack("{s:O}", "faults", call->sim->faults));
}

static void delete_faults(struct sim_call *call)
{
    json_array_clear(call->sim->faults);
    done(call);
}

static void get_log(struct sim_call *call)
{
    const struct sim *sim = call->sim;

    sim_reply(call, 200,
              json_pack("{s:O, s:I, s:I}", "requests", sim->requests,
                        "max_concurrent", (json_int_t)sim->max_in_flight,
                        "in_flight", (json_int_t)sim->in_flight));
}

static void delete_log(struct sim_call *call)
{
    json_array_clear(call->sim->requests);
    call->sim->max_in_flight = call->sim->in_flight;
    done(call);
}

static json_t *describe(const struct sim *sim,
                        const struct sim_machine *machine)
{
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:b, s:s?, s:i, s:s, s:s?, s:O}", "id",
        machine->id, "name", machine->name, "state",
        sim_state_name(sim_machine_state(sim, machine)), "locked",
        machine->locked, "sshd", machine->inside->up, "hidden",
        sim_machine_hidden(sim, machine), "host", machine->host, "port",
        machine->port, "user", sim_login(sim), "host_key", machine->host_key,
        "data", machine->data);
}

/* Also those that are gone, oldest first. */
static void get_machines(struct sim_call *call)
{
    const struct sim *sim = call->sim;
    json_t *list = json_array();

    for (size_t i = 0; i < sim->n_machines; i++)
        json_array_append_new(list, describe(sim, sim->machines[i]));
    sim_reply(call, 200, json_pack("{s:o}", "machines", list));
}

static void add_machine(struct sim_call *call)
{
    struct sim_machine *machine = NULL;

    if (json_is_object(call->body))
        machine = call->sim->provider->seed(call->sim, call->body);
    if (machine)
        sim_reply(call, 201, describe(call->sim, machine));
    else
        refuse(call, "the provider does not take this wish");
}

/* What happens to a machine without anybody's asking for it. */
static bool set_state(struct sim *sim, struct sim_machine *machine,
                      const char *state)
{
    if (strcmp(state, "stopped") == 0)
        sim_machine_stop(sim, machine, sim_flag(machine->data, "fresh"));
    else if (strcmp(state, "running") == 0)
        sim_machine_start(sim, machine);
    else if (strcmp(state, "failed") == 0)
        sim_machine_fail(sim, machine);
    else if (strcmp(state, "gone") == 0)
        sim_machine_end(sim, machine);
    else
        return false;
    return true;
}

static void change_machine(struct sim_call *call, const char *id)
{
    struct sim_machine *machine = sim_machine_find(call->sim, id);
    const char *state = sim_text(call->body, "state", NULL);
    const json_t *sshd = json_object_get(call->body, "sshd");
    const json_t *locked = json_object_get(call->body, "locked");
    const char *name = sim_text(call->body, "name", NULL);

    if (!machine) {
        refuse(call, "no such machine");
        return;
    }
    if (state && !set_state(call->sim, machine, state)) {
        refuse(call, "state: stopped, running, failed or gone");
        return;
    }
    if (sshd) /* running, and nobody answers */
        machine->inside->want =
            json_is_true(sshd) ? SIM_WANT_UP : SIM_WANT_DOWN;
    if (locked)
        machine->locked = json_is_true(locked);
    if (name)
        sim_machine_rename(machine, name);
    pthread_cond_broadcast(&call->sim->changed);
    sim_reply(call, 200, describe(call->sim, machine));
}

static void set_options(struct sim_call *call)
{
    struct sim_options *options = &call->sim->options;
    const json_t *wish = call->body;

    options->ready_ms = sim_number(wish, "ready_ms", options->ready_ms);
    options->ssh_ms = sim_number(wish, "ssh_ms", options->ssh_ms);
    options->latency_ms = sim_number(wish, "latency_ms", options->latency_ms);
    options->settle_ms = sim_number(wish, "settle_ms", options->settle_ms);
    options->rate = sim_number(wish, "rate", options->rate);
    if (json_object_get(wish, "values"))
        json_object_update(call->sim->values, json_object_get(wish, "values"));
    done(call);
}

bool sim_control(struct sim_call *call)
{
    static const struct {
        const char *method, *path;
        void (*run)(struct sim_call *call);
    } calls[] = {
        {"POST", "/sim/fault", add_fault},
        {"GET", "/sim/faults", get_faults},
        {"DELETE", "/sim/faults", delete_faults},
        {"GET", "/sim/log", get_log},
        {"DELETE", "/sim/log", delete_log},
        {"GET", "/sim/machines", get_machines},
        {"POST", "/sim/machine", add_machine},
        {"POST", "/sim/set", set_options},
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].path, call->path) == 0 &&
            strcmp(calls[i].method, call->method) == 0) {
            calls[i].run(call);
            return true;
        }
    if (strcmp(call->method, "POST") == 0 &&
        strncmp(call->path, "/sim/machine/", 13) == 0) {
        change_machine(call, call->path + 13);
        return true;
    }
    sim_reply(call, 404, json_pack("{s:s}", "error", "no such control"));
    return false;
}
