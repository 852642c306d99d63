/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

/* What was asked, in order, for GET /sim/log. The lock is held. */

enum { REQUESTS_MAX = 200000 };

void sim_log_begin(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const char *agent = sim_header(call, "User-Agent");
    json_t *entry = json_pack("{s:s, s:s, s:I, s:i, s:s?, s:O?}", "method",
                              call->method, "path", call->target, "ms",
                              (json_int_t)(sim_now_ms() - sim->begun_ms),
                              "status", 0, "agent", agent, "body", call->body);

    sim->in_flight++;
    if (sim->in_flight > sim->max_in_flight)
        sim->max_in_flight = sim->in_flight;
    if (!entry || json_array_size(sim->requests) >= REQUESTS_MAX)
        json_decref(entry);
    else if (json_array_append_new(sim->requests, entry) == 0)
        call->log_entry = json_incref(entry);
}

/* Status 0 stays where no answer was sent. */
void sim_log_end(struct sim_call *call)
{
    struct sim *sim = call->sim;
    json_t *entry = call->log_entry;

    sim->in_flight--;
    if (!entry)
        return;
    sim_put(entry, "status", json_integer(call->status));
    sim_put(entry, "took_ms",
            json_integer(sim_now_ms() - sim->begun_ms -
                         sim_number(entry, "ms", 0)));
    if (call->fault)
        json_object_set(entry, "fault", json_object_get(call->fault, "kind"));
}
