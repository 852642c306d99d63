/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Vast.ai: the v1 list, and v0 for the rest.
 *
 * Faults ("only" is a GPU name where one is meant, a label for those of
 * instances):
 *   gone       the next creates are told that their offer is no longer there
 *   not-own    the next creates are told that the offer is not theirs
 *   stopped    the instance is made and comes up stopped, with success false
 *   price      the instance costs "factor" times what the offer said
 *   taken      start finds the GPU taken, and queues
 *   sloppy     the next searches ignore their filters
 *   no-direct the instance has no direct port, only the proxy
 *   linger     a destroyed instance is still told for "ms"
 *   short      the next list says that there are more than it tells
 *   circle     the next lists have themselves as their next page
 * Values (POST /sim/set): credit (0 and below: no creates and starts), gaps
 * (least time between two calls of an endpoint, in percent of the real ones;
 * 100), page_max (pages are that short), proxy (instances have a direct port
 * only when this is no). */

enum { FIRST_ASK = 40100000, FIRST_INSTANCE = 30111000, ROWS = 64, PAGE = 25 };
#define HOURS 720.0

/* --- the market --------------------------------------------------------- */

/* Hosts of one kind; each has COUNT offers. With traps: names that begin alike,
 * a card in two sizes, hosts that nobody wants but who forgets a filter. */
static const struct host {
    const char *gpu;
    int ram, gpus, count;
    double base, storage, min_bid, reliability;
    const char *verification, *place, *address;
    int hosting, ports, disk;
    int64_t duration;
} hosts[] = {
    {"RTX 3090", 24576, 1, 24, 0.2, 0.18, 0.11, 0.991, "verified", "Hesse, DE",
     "127.0.0.1", 0, 100, 800, 5184000},
    {"RTX 3090", 24576, 1, 2, 0.12, 0.1, 0.08, 0.999, "unverified", ", US",
     "127.0.0.1", 0, 100, 800, 5184000},
    {"RTX 3090", 24576, 1, 1, 0.13, 0.1, 0.08, 0.999, "verified", "Texas, US",
     "192.168.1.50", 0, 100, 800, 5184000},
    {"RTX 3090", 24576, 1, 1, 0.14, 0.1, 0.08, 0.6, "verified", "Texas, US",
     "127.0.0.1", 0, 100, 800, 5184000},
    {"RTX 3090", 24576, 1, 1, 0.15, 0.1, 0.08, 0.999, "verified", "Texas, US",
     "127.0.0.1", 0, 100, 800, 7200},
    {"RTX 3090", 24576, 8, 2, 1.6, 0.18, 0.9, 0.995, "verified", "Texas, US",
     "127.0.0.1", 0, 100, 1600, 5184000},
    {"RTX 3090 Ti", 24576, 1, 3, 0.19, 0.15, 0.1, 0.99, "verified", "Nord, FR",
     "127.0.0.1", 0, 50, 400, 5184000},
    {"RTX 4090", 24564, 1, 80, 0.31, 0.18, 0.2, 0.991, "verified", "Oslo, NO",
     "127.0.0.1", 0, 40, 310, 5184000},
    {"RTX 4090D", 24564, 1, 2, 0.25, 0.15, 0.15, 0.99, "verified", ", CN",
     "127.0.0.1", 0, 40, 310, 5184000},
    {"RTX A4000", 16376, 1, 40, 0.09, 0.12, 0.05, 0.985, "verified",
     "Quebec, CA", "127.0.0.1", 0, 60, 500, 5184000},
    {"RTX A4000", 16376, 1, 4, 0.16, 0.12, 0.09, 0.999, "verified", "Utah, US",
     "127.0.0.1", 1, 60, 2000, 31536000},
    {"RTX A5000", 24564, 1, 6, 0.18, 0.12, 0.1, 0.99, "verified", "Utah, US",
     "127.0.0.1", 1, 60, 2000, 31536000},
    {"A100 SXM4", 40536, 1, 3, 0.7, 0.15, 0.4, 0.995, "verified", "Iowa, US",
     "127.0.0.1", 1, 60, 2000, 31536000},
    {"A100 SXM4", 81251, 1, 3, 0.9, 0.15, 0.5, 0.995, "verified", "Iowa, US",
     "127.0.0.1", 1, 60, 2000, 31536000},
    {"H100 SXM", 81559, 1, 2, 1.9, 0.2, 1.2, 0.998, "verified", "Iceland, IS",
     "127.0.0.1", 1, 60, 2000, 31536000},
    {0},
};

/* An offer is there once; when its instance has gone, its host makes another
 * one, with another number. */
struct offer {
    const struct host *host;
    int64_t ask, taken_by; /* number of the machine; 0: free */
    double base;
};
struct market {
    struct offer *offers;
    size_t n;
    int64_t last_ask;
    int64_t called_ms[16]; /* by endpoint */
};

static struct market *market_of(const struct sim *sim)
{
    return sim_state(sim);
}

static void vast_open(struct sim *sim)
{
    struct market *market = sim_alloc(sizeof *market);

    for (const struct host *host = hosts; host->gpu; host++)
        market->n += (size_t)host->count;
    market->offers = sim_alloc(market->n * sizeof *market->offers);
    market->n = 0;
    market->last_ask = FIRST_ASK;
    for (const struct host *host = hosts; host->gpu; host++)
        for (int i = 0; i < host->count; i++)
            market->offers[market->n++] =
                (struct offer){.host = host,
                               .ask = ++market->last_ask,
                               .base = host->base + 0.001 * i};
    sim_set_state(sim, market);
}

static void vast_close(struct sim *sim)
{
    free(market_of(sim)->offers);
    free(market_of(sim));
}

static bool exists(const struct sim *sim, int64_t number)
{
    const struct sim_machine *machine =
        sim_machine_before(sim, number == INT64_MAX ? number : number + 1);

    return machine && machine->number == number &&
           sim_machine_state(sim, machine) != SIM_GONE;
}

static void free_offers(const struct sim *sim)
{
    struct market *market = market_of(sim);

    for (size_t i = 0; i < market->n; i++) {
        struct offer *offer = &market->offers[i];

        if (offer->taken_by && !exists(sim, offer->taken_by)) {
            offer->taken_by = 0;
            offer->ask = ++market->last_ask;
        }
    }
}

static struct offer *find_ask(const struct sim *sim, const char *text)
{
    struct market *market = market_of(sim);
    char *end;
    int64_t ask = strtoll(text, &end, 10);

    for (size_t i = 0; !*end && i < market->n; i++)
        if (market->offers[i].ask == ask)
            return &market->offers[i];
    return NULL;
}

/* --- answers ------------------------------------------------------------- */

static void refuse(struct sim_call *call, int status, const char *error,
                   const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void refuse(struct sim_call *call, int status, const char *error,
                   const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim_reply(call, status,
              json_pack("{s:b, s:s*, s:s}", "success", 0, "error", error, "msg",
                        text));
}

static void vast_fail(struct sim_call *call, int status, const char *detail)
{
    if (status == 429)
        sim_reply_text(call, status, "text/plain",
                       "API requests too frequent endpoint threshold=0.2");
    else
        refuse(call, status, NULL, "%s", detail);
}

/* --- admission ----------------------------------------------------------- */

/* The published gaps; the first that fits counts. */
static const struct endpoint {
    const char *method, *begin, *end; /* of the path */
    double gap_s;
} endpoints[] = {
    {"POST", "/api/v0/bundles/", "", 0},
    {"PUT", "/api/v0/asks/", "", 4.5},
    {"GET", "/api/v1/instances/", "", 1},
    {"POST", "/api/v0/instances/", "/ssh/", 2},
    {"GET", "/api/v0/instances/", "", 2},
    {"PUT", "/api/v0/instances/reboot/", "", 1},
    {"PUT", "/api/v0/instances/", "", 1},
    {"DELETE", "/api/v0/instances/", "", 3},
    {0},
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Which one this call is for; -1: none that is limited. */
static int endpoint_of(const struct sim_call *call)
{
    for (int i = 0; endpoints[i].method; i++)
        if (strcmp(call->method, endpoints[i].method) == 0 &&
            strncmp(call->path, endpoints[i].begin,
                    strlen(endpoints[i].begin)) == 0 &&
            ends_with(call->path, endpoints[i].end))
            return i;
    return -1;
}

static bool admit_pace(struct sim_call *call)
{
    struct market *market = market_of(call->sim);
    int which = endpoint_of(call);
    int64_t now = sim_now_ms(), gap;
    char *text;

    if (which < 0)
        return true;
    gap = (int64_t)(endpoints[which].gap_s * 10 *
                    (double)sim_number(sim_values(call->sim), "gaps", 100));
    if (market->called_ms[which] && now - market->called_ms[which] < gap) {
        text = sim_format("API requests too frequent endpoint threshold=%.1f",
                          (double)gap / 1000);
        sim_reply_text(call, 429, "text/plain", text);
        free(text);
        return false;
    }
    market->called_ms[which] = now;
    return true;
}

/* The query does not survive. */
static bool admit_slash(struct sim_call *call)
{
    if (ends_with(call->path, "/"))
        return true;
    sim_reply_text(call, 301, "text/html", "<html>Moved Permanently</html>");
    sim_reply_header(call, "Location", "%s/", call->path);
    return false;
}

static bool admit_key(struct sim_call *call)
{
    const char *token = sim_bearer(call);

    if (strcmp(call->path, "/api/v0/bundles/") == 0)
        return true;
    if (token && strcmp(token, sim_options(call->sim)->key) == 0)
        return true;
    if (token)
        refuse(call, 404, "auth_error", "Invalid user key");
    else
        refuse(call, 403, "forbidden", "This action requires login");
    return false;
}

static bool vast_admit(struct sim_call *call)
{
    free_offers(call->sim);
    return admit_slash(call) && admit_key(call) && admit_pace(call);
}

/* --- searching ----------------------------------------------------------- */

static double monthly(const struct host *host, double disk_gb)
{
    return host->storage * disk_gb / HOURS;
}

static json_t *offer_json(const struct offer *offer, bool bid, double disk_gb)
{
    const struct host *host = offer->host;
    double base = bid ? host->min_bid : offer->base;
    int64_t machine = 5000 + (host - hosts) * 100 + offer->ask % 100;
    json_t *made = json_pack(
        "{s:I, s:I, s:I, s:I, s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "id",
        (json_int_t)offer->ask, "ask_contract_id", (json_int_t)offer->ask,
        "machine_id", (json_int_t)machine, "host_id",
        (json_int_t)(700 + (host - hosts)), "gpu_name", host->gpu, "num_gpus",
        host->gpus, "gpu_ram", host->ram, "disk_space", (double)host->disk,
        "dph_base", base, "dph_total", base + monthly(host, disk_gb),
        "storage_cost", host->storage, "min_bid", host->min_bid);
    json_t *more = json_pack(
        "{s:f, s:f, s:s, s:i, s:s, s:s, s:b, s:i, s:b, s:b, s:n, s:b, s:f}",
        "reliability", host->reliability, "reliability2", host->reliability,
        "verification", host->verification, "hosting_type", host->hosting,
        "geolocation", host->place, "public_ipaddr", host->address, "static_ip",
        1, "direct_port_count", host->ports, "rentable", 1, "rented", 0,
        "external", "is_bid", bid, "duration", (double)host->duration);

    json_object_update(made, more);
    json_decref(more);
    return made;
}

static bool is_op(const char *op)
{
    static const char *const ops[] = {"eq", "neq", "gt", "gte",
                                      "lt", "lte", "in", "notin"};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i], op) == 0)
            return true;
    return false;
}

static bool same(const json_t *one, const json_t *other)
{
    if (json_is_number(one) && json_is_number(other))
        return json_number_value(one) == json_number_value(other);
    return json_equal(one, other);
}

static bool among(const json_t *value, const json_t *list)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (same(value, entry))
            return true;
    }
    return false;
}

static bool passes(const json_t *value, const char *op, const json_t *wanted)
{
    double has = json_number_value(value), wants = json_number_value(wanted);

    if (strcmp(op, "eq") == 0)
        return same(value, wanted);
    if (strcmp(op, "neq") == 0)
        return !same(value, wanted);
    if (strcmp(op, "in") == 0)
        return among(value, wanted);
    if (strcmp(op, "notin") == 0)
        return !among(value, wanted);
    if (!json_is_number(value) || !json_is_number(wanted))
        return false;
    return strcmp(op, "gt") == 0    ? has > wants
           : strcmp(op, "gte") == 0 ? has >= wants
           : strcmp(op, "lt") == 0  ? has < wants
                                    : has <= wants;
}

/* What a filter looks at: some fields are not what the answer shows. NULL: no
 * such field. */
static json_t *field_of(const json_t *offer, const char *field)
{
    const char *place = sim_text(offer, "geolocation", "??");

    if (strcmp(field, "verified") == 0)
        return json_boolean(
            strcmp(sim_text(offer, "verification", ""), "verified") == 0);
    if (strcmp(field, "datacenter") == 0)
        return json_boolean(sim_number(offer, "hosting_type", 0) == 1);
    if (strcmp(field, "geolocation") == 0)
        return json_string(place + strlen(place) - 2);
    return json_incref(json_object_get(offer, field));
}

static bool is_control(const char *key)
{
    return strcmp(key, "type") == 0 || strcmp(key, "order") == 0 ||
           strcmp(key, "limit") == 0 || strcmp(key, "allocated_storage") == 0;
}

static bool fits(const json_t *offer, const json_t *query)
{
    const char *field, *op;
    json_t *filter, *wanted;

    json_object_foreach((json_t *)query, field, filter)
    {
        json_t *value = is_control(field) ? NULL : field_of(offer, field);

        json_object_foreach(filter, op, wanted)
        {
            if (value && !passes(value, op, wanted)) {
                json_decref(value);
                return false;
            }
        }
        json_decref(value);
    }
    return true;
}

/* false: it has replied. */
static bool query_is_fine(struct sim_call *call)
{
    json_t *sample = offer_json(market_of(call->sim)->offers, false, 8);
    const char *field, *op;
    json_t *filter, *wanted;

    json_object_foreach(call->body, field, filter)
    {
        json_t *value =
            is_control(field) ? json_true() : field_of(sample, field);

        if (!value)
            refuse(call, 400, "invalid_args",
                   "Extra inputs are not permitted: "
                   "%s",
                   field);
        else if (!is_control(field) && !json_is_object(filter))
            refuse(call, 400, "invalid_args",
                   "Invalid query: must be dict of conditions");
        json_decref(value);
        if (is_control(field))
            continue;
        json_object_foreach(filter, op, wanted)
        {
            if (!is_op(op))
                refuse(call, 400, "invalid_args", "%s is not a valid search op",
                       op);
        }
    }
    json_decref(sample);
    return !call->status;
}

static int by_price(const void *one, const void *other)
{
    double a =
        json_number_value(json_object_get(*(json_t *const *)one, "dph_total"));
    double b = json_number_value(
        json_object_get(*(json_t *const *)other, "dph_total"));

    return (a > b) - (a < b);
}

/* In the order that was asked for: by price, or as they come. */
static json_t *sorted(json_t *found, const json_t *order, size_t limit)
{
    size_t n = json_array_size(found);
    json_t **at = sim_alloc((n + 1) * sizeof(*at));
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        at[i] = json_array_get(found, i);
    if (json_array_size(order))
        qsort(at, n, sizeof(*at), by_price);
    for (size_t i = 0; i < n && i < limit; i++)
        json_array_append(list, at[i]);
    free(at);
    return list;
}

static void search(struct sim_call *call)
{
    const struct market *market = market_of(call->sim);
    const json_t *body = call->body;
    bool bid, sloppy = sim_fault(call, "sloppy", NULL) != NULL;
    int64_t limit = sim_number(body, "limit", ROWS);
    double disk;
    json_t *found, *list;

    if (!json_is_object(body)) {
        refuse(call, 400, "invalid_args", "Invalid json body");
        return;
    }
    if (!query_is_fine(call))
        return;
    bid = strcmp(sim_text(body, "type", "on-demand"), "bid") == 0;
    disk = (double)sim_number(body, "allocated_storage", 8);
    found = json_array();
    for (size_t i = 0; i < market->n; i++) {
        json_t *offer = offer_json(&market->offers[i], bid, disk);

        if (!market->offers[i].taken_by && (sloppy || fits(offer, body)))
            json_array_append(found, offer);
        json_decref(offer);
    }
    if (limit > ROWS || limit < 1)
        limit = ROWS;
    list = sorted(found, json_object_get(body, "order"), (size_t)limit);
    sim_reply(call, 200,
              json_pack("{s:o, s:b}", "offers", list, "truncated",
                        json_array_size(found) > (size_t)limit));
    json_decref(found);
}

/* --- instances ----------------------------------------------------------- */

static bool is_queued(const struct sim_machine *machine)
{
    return sim_flag(machine->data, "queued");
}

struct words {
    const char *actual, *intended, *contract, *message;
};

static struct words words_of(const struct sim *sim,
                             const struct sim_machine *machine)
{
    int64_t left = machine->started_ms - sim_clock_ms();

    switch (sim_machine_state(sim, machine)) {
    case SIM_PENDING:
        if (left > sim_options(sim)->ready_ms / 2)
            return (struct words){NULL, "running", "running", NULL};
        return (struct words){"loading", "running", "running",
                              "0a1b2c: Pull complete\n"};
    case SIM_RUNNING:
        return (struct words){"running", "running", "running",
                              "success, running image"};
    case SIM_FAILED:
        return (struct words){"exited", "running", "running",
                              "OCI runtime create failed"};
    case SIM_GONE:
        return (struct words){"running", "stopped", "unloaded", ""};
    case SIM_STOPPED:
        break;
    }
    return (struct words){"exited", is_queued(machine) ? "running" : "stopped",
                          "stopped", ""};
}

/* [["KEY", "value"], ...] */
static json_t *pairs_of(const json_t *env)
{
    json_t *list = json_array(), *value;
    const char *key;

    json_object_foreach((json_t *)env, key, value)
    {
        json_array_append_new(list, json_pack("[s, O]", key, value));
    }
    return list;
}

static json_t *ports_of(const struct sim *sim,
                        const struct sim_machine *machine)
{
    const char *runtype = sim_text(machine->data, "image_runtype", "");
    char port[16];

    if (!sim_machine_reachable(sim, machine) ||
        sim_flag(machine->data, "no-direct") || !strstr(runtype, "direc"))
        return sim_machine_state(sim, machine) == SIM_RUNNING ? json_object()
                                                              : json_null();
    snprintf(port, sizeof port, "%d", machine->port);
    return json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "22/tcp", "HostIp",
                     "0.0.0.0", "HostPort", port, "HostIp", "::", "HostPort",
                     port);
}

/* The proxy is the machine itself; told long before it works. */
static void put_ssh(const struct sim *sim, const struct sim_machine *machine,
                    json_t *row)
{
    const char *runtype = sim_text(machine->data, "image_runtype", "");
    int shift = strstr(runtype, "jupyter") ? 1 : 0;
    char *address =
        sim_format("%s\n", machine->host ? machine->host : "127.0.0.1");

    sim_put(row, "ports", ports_of(sim, machine));
    sim_put(row, "public_ipaddr", json_string(address));
    sim_put(row, "ssh_host", json_string("127.0.0.1"));
    sim_put(row, "ssh_idx", json_string("5"));
    sim_put(row, "ssh_port",
            json_integer(machine->port ? machine->port - shift : 1));
    sim_put(row, "direct_port_start", json_integer(40112));
    sim_put(row, "direct_port_end", json_integer(40367));
    sim_put(row, "machine_dir_ssh_port", json_integer(40111));
    free(address);
}

static void put_word(json_t *row, const char *key, const char *word)
{
    sim_put(row, key, word ? json_string(word) : json_null());
}

static json_t *instance_json(const struct sim *sim,
                             const struct sim_machine *machine)
{
    struct words words = words_of(sim, machine);
    json_t *row = json_copy(machine->data);

    /* It runs, but nobody can know the address yet. */
    if (strcmp(words.actual ? words.actual : "", "running") == 0 &&
        words.intended[0] == 'r' && !sim_machine_reachable(sim, machine))
        words.actual = "loading";
    json_object_del(row, "queued");
    json_object_del(row, "env");
    json_object_del(row, "no-direct");
    sim_put(row, "id", json_integer(strtoll(machine->id, NULL, 10)));
    sim_put(row, "label", json_string(machine->name));
    put_word(row, "actual_status", words.actual);
    put_word(row, "intended_status", words.intended);
    put_word(row, "cur_state", words.contract);
    put_word(row, "next_state", words.intended);
    put_word(row, "status_msg", words.message);
    sim_put(row, "extra_env", pairs_of(json_object_get(machine->data, "env")));
    sim_put(row, "start_date", json_real((double)machine->created_ms / 1000));
    sim_put(row, "jupyter_token", json_string("jupyter-secret-9f2c"));
    put_ssh(sim, machine, row);
    return row;
}

/* --- list ---------------------------------------------------------------- */

static bool read_token(const char *text, int64_t *after)
{
    char *end;

    if (strncmp(text, "eyJ", 3) != 0)
        return false;
    *after = strtoll(text + 3, &end, 36);
    return text[3] && strcmp(end, "==") == 0;
}

static char *token_text(int64_t number)
{
    char digits[16], *at = digits + sizeof digits - 1;

    *at = '\0';
    for (; number > 0; number /= 36)
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
    return sim_format("eyJ%s==", at);
}

/* Oldest first. */
static json_t *listed(const struct sim *sim)
{
    const struct sim_machine *machine = sim_machine_before(sim, INT64_MAX);
    json_t *list = json_array();

    for (; machine; machine = sim_machine_before(sim, machine->number))
        if (!sim_machine_hidden(sim, machine))
            json_array_insert_new(list, 0, instance_json(sim, machine));
    return list;
}

static json_t *labels_of(const json_t *list)
{
    json_t *counts = json_object();
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        const char *label = sim_text(row, "label", "");

        sim_put(counts, label, json_integer(sim_number(counts, label, 0) + 1));
    }
    return counts;
}

/* The rows of LIST behind AFTER, at most LIMIT; *last is where it ends, 0: at
 * the end of the list. */
static json_t *page_of(const json_t *list, int64_t after, int64_t limit,
                       int64_t *last)
{
    json_t *page = json_array(), *row;
    size_t i;

    *last = 0;
    json_array_foreach(list, i, row)
    {
        int64_t id = sim_number(row, "id", 0);

        if (id <= after)
            continue;
        if ((int64_t)json_array_size(page) == limit) {
            *last = sim_number(json_array_get(page, json_array_size(page) - 1),
                               "id", 0);
            break;
        }
        json_array_append(page, row);
    }
    return page;
}

/* false: it has replied. */
static bool read_page(struct sim_call *call, int64_t *limit, int64_t *after)
{
    char *size = sim_query(call, "limit");
    char *token = sim_query(call, "after_token");
    int64_t most = sim_number(sim_values(call->sim), "page_max", PAGE);
    bool ok = true;

    *limit = size ? strtoll(size, NULL, 10) : PAGE;
    if (*limit <= 0)
        *limit = 5;
    if (*limit > most)
        *limit = most;
    *after = 0;
    if (token && !read_token(token, after)) {
        refuse(call, 400, "invalid_token", "The token is not valid.");
        ok = false;
    }
    free(size);
    free(token);
    return ok;
}

static void list_instances(struct sim_call *call)
{
    json_t *all, *page;
    int64_t limit, after, last;
    char *next;

    if (!read_page(call, &limit, &after))
        return;
    all = listed(call->sim);
    page = page_of(all, after, limit, &last);
    if (sim_fault(call, "circle", NULL))
        last = last ? last : FIRST_INSTANCE;
    next = last ? token_text(last) : NULL;
    sim_reply(call, 200,
              json_pack("{s:b, s:I, s:I, s:o, s:o, s:s?}", "success", 1,
                        "total_instances",
                        (json_int_t)json_array_size(all) +
                            (sim_fault(call, "short", NULL) ? 1 : 0),
                        "instances_found", (json_int_t)json_array_size(page),
                        "label_counts", labels_of(all), "instances", page,
                        "next_token", next));
    free(next);
    json_decref(all);
    sim_machines_listed(call->sim);
}

static void old_list(struct sim_call *call)
{
    refuse(call, 410, "deprecated_endpoint",
           "This endpoint is deprecated. Use /api/v1/instances/ instead.");
}

/* NULL: it has replied. */
static struct sim_machine *instance_of(struct sim_call *call)
{
    struct sim_machine *machine = NULL;
    const char *id = call->arg[0];

    if (!*id || id[strspn(id, "0123456789")])
        refuse(call, 400, "invalid_args", "invalid instance_id");
    else
        machine = sim_machine_find(call->sim, id);
    if (!machine && !call->status)
        refuse(call, 404, "no_such_instance", "Instance %.40s not found.", id);
    return machine;
}

static void get_instance(struct sim_call *call)
{
    struct sim_machine *machine = instance_of(call);

    if (machine && !sim_machine_hidden(call->sim, machine))
        sim_reply(
            call, 200,
            json_pack("{s:o}", "instances", instance_json(call->sim, machine)));
    else if (call->status != 400)
        sim_reply(call, 200, json_pack("{s:n}", "instances"));
}

/* --- create -------------------------------------------------------------- */

/* clang-format off */
static const char *const states[] = {"running", "stopped", NULL};
static const struct sim_field create_fields[] = {
    {.key = "image", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1,
     .max = 1024, .pattern = "[:@]"},
    {.key = "disk", .type = SIM_NUMBER, .flags = SIM_REQUIRED, .min = 8,
     .max = 100000},
    {.key = "label", .type = SIM_STRING, .min = 0, .max = 256},
    {.key = "runtype", .type = SIM_STRING},
    {.key = "env", .type = SIM_MAP},
    {.key = "onstart", .type = SIM_STRING, .min = 0, .max = 4048},
    {.key = "price", .type = SIM_NUMBER},
    {.key = "cancel_unavail", .type = SIM_BOOLEAN},
    {.key = "target_state", .type = SIM_STRING, .words = states},
    {.key = "image_login", .type = SIM_STRING},
    {.key = "template_hash_id", .type = SIM_STRING},
    {0},
};
static const struct sim_field change_fields[] = {
    {.key = "state", .type = SIM_STRING},
    {.key = "label", .type = SIM_STRING},
    {0},
};
static const struct sim_field key_fields[] = {
    {.key = "ssh_key", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1,
     .max = 16384},
    {0},
};
/* clang-format on */

static void tell_violation(void *arg, const char *path, const char *message)
{
    struct sim_call *call = arg;

    if (!call->status)
        refuse(call, 400, "invalid_args", "%s: %s", path, message);
}

/* false: it has replied. */
static bool body_fits(struct sim_call *call, const struct sim_field *fields)
{
    if (!json_is_object(call->body)) {
        refuse(call, 400, "invalid_args", "Invalid json body");
        return false;
    }
    return sim_check(call->body, fields, tell_violation, call) == 0;
}

/* The key that the start script puts in: what stands in quotes and begins like
 * one. The caller's; NULL: none. */
static char *key_in(const char *script)
{
    const char *at = strstr(script, "'ssh-");
    size_t len = at ? strcspn(at + 1, "'\n") : 0;

    return len ? sim_format("%.*s", (int)len, at + 1) : NULL;
}

static void fill_instance(struct sim_machine *machine, const json_t *body,
                          const struct offer *offer, double factor)
{
    const struct host *host = offer->host;
    double disk = json_number_value(json_object_get(body, "disk"));
    double price = json_number_value(json_object_get(body, "price"));
    double base = price > 0 ? price : offer->base;
    json_t *env = json_object_get(body, "env");
    json_t *data = offer_json(offer, price > 0, disk);

    json_object_del(data, "ask_contract_id");
    sim_put(data, "dph_base", json_real(base * factor));
    sim_put(data, "dph_total",
            json_real((base + monthly(host, disk)) * factor));
    sim_put(data, "disk_space", json_real(disk));
    sim_put(data, "is_bid", json_boolean(price > 0));
    sim_put(data, "image_uuid", json_string(sim_text(body, "image", "")));
    sim_put(data, "image_runtype", json_string(sim_text(body, "runtype", "")));
    sim_put(data, "onstart", json_string(sim_text(body, "onstart", "")));
    sim_put(data, "country_code",
            json_string(host->place + strlen(host->place) - 2));
    sim_put(data, "env", env ? json_incref(env) : json_object());
    json_decref(machine->data);
    machine->data = data;
}

static struct sim_machine *make_instance(struct sim *sim, const json_t *body,
                                         const struct offer *offer,
                                         struct sim_call *call)
{
    static int64_t last;
    char *id = sim_format("%" PRId64, FIRST_INSTANCE + ++last);
    char *keys = key_in(sim_text(body, "onstart", ""));
    const json_t *lie =
        call ? sim_fault(call, "price", offer->host->gpu) : NULL;
    double factor = lie ? json_number_value(json_object_get(lie, "factor")) : 1;
    const struct sim_wish wish = {
        .id = id,
        .name = sim_text(body, "label", ""),
        .login = sim_text(json_object_get(body, "env"), "MACHINE_NAME", NULL),
        .keys = keys,
        .call = call,
    };
    struct sim_machine *machine = sim_machine_new(sim, &wish);

    fill_instance(machine, body, offer, factor > 0 ? factor : 2);
    if (call && sim_fault(call, "no-direct", wish.name))
        sim_put(machine->data, "no-direct", json_true());
    free(keys);
    free(id);
    return machine;
}

static bool has_credit(struct sim_call *call)
{
    const json_t *credit = json_object_get(sim_values(call->sim), "credit");

    return !credit || json_number_value(credit) > 0;
}

/* false: it has replied. */
static bool may_take(struct sim_call *call, const struct offer *offer)
{
    const json_t *price = json_object_get(call->body, "price");
    const char *ask = call->arg[0];

    if (!offer || offer->taken_by)
        refuse(call, 404, "no_such_ask", "No ask by id %.40s is available.",
               ask);
    else if (sim_fault(call, "gone", offer->host->gpu))
        refuse(call, 410, "no_such_ask",
               "Instance type %.40s is no longer available.", ask);
    else if (sim_fault(call, "not-own", offer->host->gpu))
        refuse(call, 403, "forbidden", "This offer is not your own.");
    else if (!has_credit(call))
        refuse(call, 400, "insufficient_credit",
               "You lack credit, see the billing page.");
    else if (price && (json_number_value(price) < offer->host->min_bid ||
                       json_number_value(price) > 128))
        refuse(call, 400, "invalid_price", "The price is not valid.");
    return !call->status;
}

static void create_instance(struct sim_call *call)
{
    struct offer *offer = find_ask(call->sim, call->arg[0]);
    struct sim_machine *machine;
    bool stopped;

    if (!body_fits(call, create_fields) || !may_take(call, offer))
        return;
    machine = make_instance(call->sim, call->body, offer, call);
    offer->taken_by = machine->number;
    stopped = sim_fault(call, "stopped", machine->name) ||
              strcmp(sim_text(call->body, "target_state", ""), "stopped") == 0;
    if (stopped)
        sim_machine_stop(call->sim, machine, false);
    sim_reply(call, 200,
              json_pack("{s:b, s:I, s:s}", "success", !stopped, "new_contract",
                        (json_int_t)strtoll(machine->id, NULL, 10),
                        "instance_api_key", "instance-secret-77aa"));
}

/* A create without its checks, and with defaults. */
static struct sim_machine *vast_seed(struct sim *sim, const json_t *wish)
{
    json_t *body = json_pack("{s:s, s:s, s:i, s:s, s:{}}", "label",
                             sim_text(wish, "name", "x"), "image",
                             "vastai/base-image:latest", "disk", 20, "runtype",
                             "ssh_direc ssh_proxy", "env");
    const struct offer *offer = market_of(sim)->offers;
    struct sim_machine *machine;

    json_object_update(body, (json_t *)wish);
    json_object_del(body, "name");
    machine = make_instance(sim, body, offer, NULL);
    json_decref(body);
    return machine;
}

/* --- change -------------------------------------------------------------- */

static void done(struct sim_call *call)
{
    sim_reply(call, 200, json_pack("{s:b}", "success", 1));
}

static void start(struct sim_call *call, struct sim_machine *machine)
{
    if (!has_credit(call)) {
        refuse(call, 400, "missing_billing",
               "You lack credit, see the billing page.");
        return;
    }
    if (sim_fault(call, "taken", machine->name)) {
        sim_put(machine->data, "queued", json_true());
        refuse(call, 200, "resources_unavailable",
               "Required resources are currently unavailable, state change "
               "queued.");
        return;
    }
    if (!machine->started_ms)
        sim_machine_start(call->sim, machine);
    done(call);
}

static void change_instance(struct sim_call *call)
{
    struct sim_machine *machine = instance_of(call);
    const char *state, *label;

    if (!machine || !body_fits(call, change_fields))
        return;
    state = sim_text(call->body, "state", NULL);
    label = sim_text(call->body, "label", NULL);
    if (label && strlen(label) > 1024) {
        refuse(call, 400, "invalid_args", "label_too_long");
        return;
    }
    if (label)
        sim_machine_rename(machine, label);
    if (state)
        json_object_del(machine->data, "queued");
    if (state && strcmp(state, "running") == 0) {
        start(call, machine);
        return;
    }
    if (state && strcmp(state, "stopped") == 0)
        sim_machine_stop(call->sim, machine, false);
    else if (state)
        refuse(call, 400, NULL, "Invalid target state");
    if (!call->status)
        done(call);
}

static void reboot(struct sim_call *call)
{
    struct sim_machine *machine = instance_of(call);

    if (!machine)
        return;
    if (sim_machine_state(call->sim, machine) != SIM_RUNNING) {
        refuse(call, 200, "invalid_id",
               "Invalid instance id. Is the container started?");
        return;
    }
    sim_machine_stop(call->sim, machine, false);
    sim_machine_start(call->sim, machine);
    done(call);
}

static void destroy(struct sim_call *call)
{
    struct sim_machine *machine = instance_of(call);
    const json_t *fault;

    if (!machine)
        return;
    if (sim_machine_state(call->sim, machine) == SIM_GONE) {
        refuse(call, 404, "no_such_instance", "Instance %.40s not found.",
               call->arg[0]);
        return;
    }
    fault = sim_fault(call, "linger", machine->name);
    sim_machine_end(call->sim, machine);
    if (fault)
        sim_machine_linger(machine, sim_number(fault, "ms", 1000));
    done(call);
}

/* It is noted; the machine has its key from the script. */
static void attach_key(struct sim_call *call)
{
    struct sim_machine *machine = instance_of(call);
    const char *key;

    if (!machine || !body_fits(call, key_fields))
        return;
    key = sim_text(call->body, "ssh_key", "");
    if (strcmp(sim_text(machine->data, "attached", ""), key) == 0) {
        refuse(call, 200, NULL, "SSH key already associated with instance.");
        return;
    }
    sim_put(machine->data, "attached", json_string(key));
    sim_reply(call, 200,
              json_pack("{s:b, s:s, s:s}", "success", 1, "msg",
                        "SSH key added to instance.", "key", "{\"id\": 7}"));
}

/* --- account ------------------------------------------------------------- */

static void get_user(struct sim_call *call)
{
    const json_t *credit = json_object_get(sim_values(call->sim), "credit");

    sim_reply(
        call, 200,
        json_pack("{s:i, s:s, s:s, s:o, s:i, s:b, s:b}", "id", 4711, "email",
                  "person@example.org", "api_key", sim_options(call->sim)->key,
                  "credit",
                  credit ? json_incref((json_t *)credit) : json_real(42.5),
                  "balance", 0, "can_pay", 1, "has_billing", 1));
}

/* --- the provider -------------------------------------------------------- */

static const struct sim_route routes[] = {
    {"POST", "/api/v0/bundles/", search},
    {"PUT", "/api/v0/asks/{}/", create_instance},
    {"GET", "/api/v1/instances/", list_instances},
    {"GET", "/api/v0/instances/", old_list},
    {"PUT", "/api/v0/instances/reboot/{}/", reboot},
    {"GET", "/api/v0/instances/{}/", get_instance},
    {"PUT", "/api/v0/instances/{}/", change_instance},
    {"DELETE", "/api/v0/instances/{}/", destroy},
    {"POST", "/api/v0/instances/{}/ssh/", attach_key},
    {"GET", "/api/v0/users/current/", get_user},
    {0},
};

const struct sim_provider sim_provider = {
    .name = "vast",
    .about = "Vast.ai's API with made-up hosts and instances",
    .url_variable = "VAST_API_URL",
    .url_path = "",
    .key_variable = "VAST_API_KEY",
    .routes = routes,
    .body_max = 102400,
    .open = vast_open,
    .close = vast_close,
    .admit = vast_admit,
    .fail = vast_fail,
    .seed = vast_seed,
};
