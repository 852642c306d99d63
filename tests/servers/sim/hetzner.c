/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/sim.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Hetzner Cloud: servers and what is needed to order them. Real servers listen
 * on port 22 of addresses of their own; ours say where, and
 * whom they let in, in the labels fleet-ssh-port and fleet-ssh-user.
 *
 * Faults ("only" is TYPE@LOCATION, or a server's name):
 *   capacity     the next creates find no room: 412; "code": another of
 *                placement_error, unsupported (a location that the account may
 *                not use, 422), or quota (403)
 *   price        the server costs "factor" times what /server_types says
 *   late-answer  the address is told, but only by a later GET
 *   deaf         the guest takes no notice of a shutdown
 *   busy         another action runs on the server for "ms"
 *   linger       a deleted server is "deleting" for "ms"
 *   fail-action  the next action ends in an error
 * Values (POST /sim/set): readonly (the token is), scarce (a TYPE@LOCATION that
 * is said to be out of stock), loose (volumes and addresses there are that no
 * server has), blocked (IPv4 addresses are cut off), page_max
 * (pages are that short), action_ms (how long an action takes). */

/* --- catalogue ----------------------------------------------------------- */

static const struct type {
    int id;
    const char *name, *architecture;
    int cores, memory, disk;
    const char *places, *expired; /* blanks between */
    double price;                 /* net, an hour */
} types[] = {
    {45, "cax11", "arm", 2, 4, 40, "fsn1 nbg1 hel1", "", 0.0061},
    {93, "cax21", "arm", 4, 8, 80, "fsn1 nbg1 hel1", "", 0.0104},
    {94, "cax31", "arm", 8, 16, 160, "fsn1 nbg1 hel1", "", 0.02},
    {114, "cx23", "x86", 2, 4, 40, "fsn1 nbg1 hel1", "", 0.0056},
    {115, "cx33", "x86", 4, 8, 80, "fsn1 nbg1 hel1", "", 0.0088},
    {116, "cx43", "x86", 8, 16, 160, "fsn1 nbg1 hel1", "", 0.0152},
    {109, "cpx22", "x86", 2, 4, 80, "fsn1 nbg1 hel1 sin", "", 0.0104},
    {110, "cpx31", "x86", 4, 8, 160, "ash hil fsn1", "fsn1", 0.0208},
    {96, "ccx13", "x86", 2, 8, 80, "fsn1 nbg1 hel1 ash hil sin", "", 0.02},
    {0},
};
/* Prices are told for all of them, whatever can be ordered there. */
static const struct place {
    int id;
    const char *name, *country, *zone;
} places[] = {
    {1, "fsn1", "DE", "eu-central"},
    {2, "nbg1", "DE", "eu-central"},
    {3, "hel1", "FI", "eu-central"},
    {4, "ash", "US", "us-east"},
    {5, "hil", "US", "us-west"},
    {6, "sin", "SG", "ap-southeast"},
    {0},
};
static const struct image {
    int64_t id;
    const char *name, *flavor, *version, *architecture, *deprecated;
    const char *type;
    int disk;
} images[] = {
    {67794396, "ubuntu-22.04", "ubuntu", "22.04", "x86", NULL, "system", 5},
    {103908130, "ubuntu-22.04", "ubuntu", "22.04", "arm", NULL, "system", 5},
    {161547269, "ubuntu-24.04", "ubuntu", "24.04", "x86", NULL, "system", 5},
    {161547270, "ubuntu-24.04", "ubuntu", "24.04", "arm", NULL, "system", 5},
    {291547271, "ubuntu-25.10", "ubuntu", "25.10", "x86", NULL, "system", 5},
    {311547272, "ubuntu-26.04", "ubuntu", "26.04", "x86", NULL, "system", 5},
    {311547273, "ubuntu-26.04", "ubuntu", "26.04", "arm", NULL, "system", 5},
    {310557660, "debian-13", "debian", "13", "x86", NULL, "system", 5},
    {114690389, "debian-11", "debian", "11", "x86", "2026-09-01T00:00:00Z",
     "system", 5},
    {40093247, "docker-ce", "ubuntu", "24.04", "x86", NULL, "app", 20},
    {400000001, NULL, "ubuntu", "24.04", "arm", NULL, "snapshot", 80},
    {0},
};

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += len)
        if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return true;
    return false;
}

/* "Name or id": a text, or a number as official clients send it. */
static bool is_it(const json_t *value, const char *name, int64_t id)
{
    const char *text = json_string_value(value);
    char number[24];

    if (json_is_integer(value))
        return json_integer_value(value) == id;
    snprintf(number, sizeof number, "%lld", (long long)id);
    return text &&
           ((name && strcmp(text, name) == 0) || strcmp(text, number) == 0);
}

static const struct type *find_type(const json_t *value)
{
    for (const struct type *type = types; type->name; type++)
        if (is_it(value, type->name, type->id))
            return type;
    return NULL;
}

static const struct place *find_place(const json_t *value)
{
    for (const struct place *place = places; place->name; place++)
        if (is_it(value, place->name, place->id))
            return place;
    return NULL;
}

static const struct image *find_image(const json_t *value)
{
    for (const struct image *image = images; image->id; image++)
        if (is_it(value, image->name, image->id))
            return image;
    return NULL;
}

/* --- state --------------------------------------------------------------- */

struct account {
    json_t *keys, *firewalls;
    json_t *actions; /* with "ends_ms", "fails" and the server's id */
    int64_t next_id, next_action;
};

static struct account *account_of(const struct sim *sim)
{
    return sim_state(sim);
}

static int64_t id_of(const struct sim_machine *server)
{
    return strtoll(server->id, NULL, 10);
}

static json_t *stamp(int64_t clock_ms)
{
    char text[SIM_STAMP_SIZE];

    sim_stamp(text, clock_ms, true);
    return json_string(text);
}

/* --- errors -------------------------------------------------------------- */

/* DETAILS (stolen) may be NULL: {}. */
static void refuse(struct sim_call *call, int status, const char *code,
                   const char *message, json_t *details)
{
    sim_reply(call, status,
              json_pack("{s:{s:s, s:s, s:o}}", "error", "code", code, "message",
                        message, "details", details ? details : json_object()));
}

static void refuse_rate(struct sim_call *call)
{
    char *text = sim_format(
        "Limit of '3600' requests per hour for token '%.6s' reached.",
        sim_options(call->sim)->key);

    refuse(call, 429, "rate_limit_exceeded", text, NULL);
    free(text);
}

static void hetzner_fail(struct sim_call *call, int status, const char *detail)
{
    static const struct {
        int status;
        const char *code;
    } codes[] = {
        {400, "json_error"},
        {401, "unauthorized"},
        {403, "forbidden"},
        {404, "not_found"},
        {405, "method_not_allowed"},
        {409, "conflict"},
        {410, "deprecated_api_endpoint"},
        {412, "resource_unavailable"},
        {413, "invalid_input"},
        {422, "invalid_input"},
        {423, "locked"},
        {500, "server_error"},
        {502, "bad_gateway"},
        {503, "unavailable"},
        {504, "timeout"},
    };
    const char *code = "unknown_error";

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            code = codes[i].code;
    if (status == 429)
        refuse_rate(call);
    else if (status == 404 && strcmp(detail, "resource not found") == 0)
        refuse(call, status, code, "api route not found", NULL);
    else
        refuse(call, status, code, detail, NULL);
}

static void add_field(void *arg, const char *path, const char *message)
{
    const char *name = strncmp(path, "$.", 2) == 0 ? path + 2 : path;

    json_array_append_new(
        arg, json_pack("{s:s, s:[s]}", "name", name, "messages", message));
}

/* false: it has replied. */
static bool body_fits(struct sim_call *call, const struct sim_field *fields)
{
    json_t *wrong = json_array();

    if (!call->body) {
        json_decref(wrong);
        refuse(call, 400, "json_error", "invalid JSON", NULL);
        return false;
    }
    if (sim_check(call->body, fields, add_field, wrong) == 0) {
        json_decref(wrong);
        return true;
    }
    refuse(call, 422, "invalid_input", "invalid input",
           json_pack("{s:o}", "fields", wrong));
    return false;
}

/* --- admission ----------------------------------------------------------- */

static bool admit_key(struct sim_call *call)
{
    const char *token = sim_bearer(call);

    if (token && strcmp(token, sim_options(call->sim)->key) == 0)
        return true;
    refuse(call, 401, "unauthorized",
           token ? "the token you have provided is invalid"
                 : "token is required",
           NULL);
    return false;
}

static bool admit_rate(struct sim_call *call)
{
    struct sim_rate rate = {0};
    bool within = sim_rate_take(call->sim, &rate);

    if (rate.quota < 0)
        return true;
    sim_reply_header(call, "RateLimit-Limit", "%lld", (long long)rate.quota);
    sim_reply_header(call, "RateLimit-Remaining", "%lld", (long long)rate.left);
    sim_reply_header(call, "RateLimit-Reset", "%lld",
                     (long long)(sim_clock_ms() / 1000 + rate.reset_s));
    if (!within)
        refuse_rate(call);
    return within;
}

static bool admit_change(struct sim_call *call)
{
    if (strcmp(call->method, "GET") == 0 ||
        !sim_flag(sim_values(call->sim), "readonly"))
        return true;
    refuse(call, 403, "token_readonly", "token is only allowed to read", NULL);
    return false;
}

static bool hetzner_admit(struct sim_call *call)
{
    char id[17];

    sim_random_word(id, sizeof id - 1);
    sim_reply_header(call, "X-Correlation-Id", "%s", id);
    return admit_key(call) && admit_rate(call) && admit_change(call);
}

/* --- pages --------------------------------------------------------------- */

static int64_t query_number(struct sim_call *call, const char *name,
                            int64_t fallback)
{
    char *text = sim_query(call, name);
    int64_t value = text ? strtoll(text, NULL, 10) : fallback;

    free(text);
    return value;
}

static json_t *number_or_null(int64_t number)
{
    return number > 0 ? json_integer(number) : json_null();
}

/* One page of ALL (stolen), whose entries are in order. */
static void reply_page(struct sim_call *call, const char *name, json_t *all)
{
    int64_t page = query_number(call, "page", 1);
    int64_t size = query_number(call, "per_page", 25);
    int64_t most = sim_number(sim_values(call->sim), "page_max", 50);
    int64_t n = (int64_t)json_array_size(all), last;
    json_t *list = json_array();

    if (page < 1 || size < 1) {
        json_decref(all);
        json_decref(list);
        refuse(call, 422, "invalid_input", "invalid pagination", NULL);
        return;
    }
    size = size > most ? most : size;
    last = (n + size - 1) / size;
    for (int64_t i = (page - 1) * size; i < page * size && i < n; i++)
        json_array_append(list, json_array_get(all, (size_t)i));
    json_decref(all);
    sim_reply(call, 200,
              json_pack("{s:o, s:{s:{s:I, s:I, s:o, s:o, s:o, s:I}}}", name,
                        list, "meta", "pagination", "page", (json_int_t)page,
                        "per_page", (json_int_t)size, "previous_page",
                        number_or_null(page - 1), "next_page",
                        number_or_null(page < last ? page + 1 : 0), "last_page",
                        number_or_null(last), "total_entries", (json_int_t)n));
}

/* Whether the query has no such parameter, or it is VALUE. */
static bool query_is(struct sim_call *call, const char *name, const char *value)
{
    char *wanted = sim_query(call, name);
    bool fits = !wanted || (value && strcmp(wanted, value) == 0);

    free(wanted);
    return fits;
}

/* "k=v,k2==v2,k3,!k4": as much of the grammar as anybody here uses. */
static bool selects(const char *selector, const json_t *labels)
{
    bool fits = true;

    while (fits && *selector) {
        size_t len = strcspn(selector, ",");
        char *part = sim_format("%.*s", (int)len, selector);
        char *equals = strchr(part, '=');
        const char *has;

        if (equals) {
            *equals = '\0';
            has = sim_text(labels, part, NULL);
            fits = has && strcmp(has, equals + 1 + (equals[1] == '=')) == 0;
        } else if (*part == '!') {
            fits = !sim_text(labels, part + 1, NULL);
        } else {
            fits = sim_text(labels, part, NULL) != NULL;
        }
        free(part);
        selector += len + (selector[len] == ',');
    }
    return fits;
}

static bool labels_fit(struct sim_call *call, const json_t *labels)
{
    char *selector = sim_query(call, "label_selector");
    bool fits = !selector || selects(selector, labels);

    free(selector);
    return fits;
}

/* --- types, places, images, prices ---------------------------------------- */

static json_t *money(double net)
{
    char text[2][40];

    snprintf(text[0], sizeof text[0], "%.16f", net);
    snprintf(text[1], sizeof text[1], "%.16f", net * 1.19);
    return json_pack("{s:s, s:s}", "net", text[0], "gross", text[1]);
}

static json_t *prices_json(double net)
{
    json_t *list = json_array();

    for (const struct place *place = places; place->name; place++)
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o}", "location",
                                        place->name, "price_hourly", money(net),
                                        "price_monthly", money(net * 624)));
    return list;
}

static json_t *place_json(const struct place *place)
{
    return json_pack("{s:i, s:s, s:s, s:s}", "id", place->id, "name",
                     place->name, "country", place->country, "network_zone",
                     place->zone);
}

static json_t *type_place_json(const struct sim *sim, const struct type *type,
                               const struct place *place)
{
    char *both = sim_format("%s@%s", type->name, place->name);
    bool scarce = strcmp(sim_text(sim_values(sim), "scarce", ""), both) == 0;
    bool expired = has_word(type->expired, place->name);

    free(both);
    return json_pack(
        "{s:i, s:s, s:b, s:b, s:o}", "id", place->id, "name", place->name,
        "available", !scarce, "recommended", 0, "deprecation",
        expired ? json_pack("{s:s, s:s}", "announced", "2026-01-01T00:00:00Z",
                            "unavailable_after", "2026-03-01T00:00:00Z")
                : json_null());
}

static json_t *type_json(const struct sim *sim, const struct type *type,
                         double factor)
{
    json_t *list = json_array();

    for (const struct place *place = places; place->name; place++)
        if (has_word(type->places, place->name))
            json_array_append_new(list, type_place_json(sim, type, place));
    return json_pack("{s:i, s:s, s:s, s:i, s:f, s:i, s:s, s:s, s:s, s:o, s:o}",
                     "id", type->id, "name", type->name, "description",
                     type->name, "cores", type->cores, "memory",
                     (double)type->memory, "disk", type->disk, "cpu_type",
                     "shared", "architecture", type->architecture,
                     "storage_type", "local", "prices",
                     prices_json(type->price * factor), "locations", list);
}

static void list_types(struct sim_call *call)
{
    json_t *list = json_array();

    for (const struct type *type = types; type->name; type++)
        if (query_is(call, "name", type->name))
            json_array_append_new(list, type_json(call->sim, type, 1));
    reply_page(call, "server_types", list);
}

static void list_places(struct sim_call *call)
{
    json_t *list = json_array();

    for (const struct place *place = places; place->name; place++)
        if (query_is(call, "name", place->name))
            json_array_append_new(list, place_json(place));
    reply_page(call, "locations", list);
}

static json_t *image_json(const struct image *image)
{
    return json_pack(
        "{s:I, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s?, s:i, s:{}}", "id",
        (json_int_t)image->id, "type", image->type, "status", "available",
        "name", image->name, "description", image->name ? image->name : "mine",
        "os_flavor", image->flavor, "os_version", image->version,
        "architecture", image->architecture, "deprecated", image->deprecated,
        "disk_size", image->disk, "labels");
}

static void list_images(struct sim_call *call)
{
    char *all = sim_query(call, "include_deprecated");
    json_t *list = json_array();

    for (const struct image *image = images; image->id; image++)
        if (query_is(call, "name", image->name) &&
            query_is(call, "type", image->type) &&
            query_is(call, "architecture", image->architecture) &&
            query_is(call, "status", "available") &&
            (!image->deprecated || (all && strcmp(all, "true") == 0)))
            json_array_append_new(list, image_json(image));
    free(all);
    reply_page(call, "images", list);
}

static void get_image(struct sim_call *call)
{
    json_t *id = json_string(call->arg[0]);
    const struct image *image = find_image(id);

    json_decref(id);
    if (image)
        sim_reply(call, 200, json_pack("{s:o}", "image", image_json(image)));
    else
        refuse(call, 404, "not_found", "image not found", NULL);
}

#define IPV4_PRICE 0.0008

static void get_pricing(struct sim_call *call)
{
    sim_reply(call, 200,
              json_pack("{s:{s:s, s:s, s:[{s:s, s:o}], s:{s:s}}}", "pricing",
                        "currency", "EUR", "vat_rate", "19.00", "primary_ips",
                        "type", "ipv4", "prices", prices_json(IPV4_PRICE),
                        "server_backup", "percentage", "20.00"));
}

/* --- actions ------------------------------------------------------------- */

static json_t *action_json(const json_t *action)
{
    bool runs = sim_number(action, "ends_ms", 0) > sim_now_ms();
    bool failed = !runs && sim_flag(action, "fails");

    return json_pack("{s:O, s:O, s:s, s:i, s:O, s:o, s:[{s:I, s:s}], s:o, s:n}",
                     "id", json_object_get(action, "id"), "command",
                     json_object_get(action, "command"), "status",
                     runs     ? "running"
                     : failed ? "error"
                              : "success",
                     "progress", runs ? 30 : 100, "started",
                     json_object_get(action, "started"), "finished",
                     runs ? json_null() : stamp(sim_clock_ms()), "resources",
                     "id", (json_int_t)sim_number(action, "server", 0), "type",
                     "server", "error",
                     failed ? json_pack("{s:s, s:s}", "code", "action_failed",
                                        "message", "Action failed")
                            : json_null(),
                     "parent_id");
}

static json_t *add_action(struct sim_call *call,
                          const struct sim_machine *server, const char *command,
                          int64_t ms)
{
    struct account *account = account_of(call->sim);
    json_t *action = json_pack(
        "{s:I, s:s, s:o, s:I, s:I, s:b}", "id",
        (json_int_t)account->next_action++, "command", command, "started",
        stamp(sim_clock_ms()), "ends_ms", (json_int_t)(sim_now_ms() + ms),
        "server", (json_int_t)id_of(server), "fails",
        sim_fault(call, "fail-action", server->name) != NULL);

    json_array_append_new(account->actions, action);
    return action_json(action);
}

static int64_t action_ms(const struct sim *sim)
{
    return sim_number(sim_values(sim), "action_ms", 50);
}

static bool is_busy(const struct sim *sim, const struct sim_machine *server)
{
    const json_t *action;
    size_t i;

    json_array_foreach(account_of(sim)->actions, i, action)
    {
        if (sim_number(action, "server", 0) == id_of(server) &&
            sim_number(action, "ends_ms", 0) > sim_now_ms())
            return true;
    }
    return false;
}

/* WHICH: the server's, 0: of any. */
static json_t *actions_of(struct sim_call *call, int64_t which)
{
    json_t *list = json_array();
    const json_t *action;
    size_t i;

    json_array_foreach(account_of(call->sim)->actions, i, action)
    {
        json_t *made = action_json(action);

        if ((!which || sim_number(action, "server", 0) == which) &&
            query_is(call, "status", sim_text(made, "status", "")))
            json_array_append(list, made);
        json_decref(made);
    }
    return list;
}

static void get_action(struct sim_call *call)
{
    int64_t id = strtoll(call->arg[0], NULL, 10);
    const json_t *action;
    size_t i;

    json_array_foreach(account_of(call->sim)->actions, i, action)
    {
        if (sim_number(action, "id", 0) == id) {
            sim_reply(call, 200,
                      json_pack("{s:o}", "action", action_json(action)));
            return;
        }
    }
    refuse(call, 404, "not_found", "action not found", NULL);
}

/* --- servers ------------------------------------------------------------- */

/* A guest goes down some time after it was told to. */
static void settle(struct sim *sim, struct sim_machine *server)
{
    int64_t down_at = sim_number(server->data, "down_at", 0);

    if (!down_at || down_at > sim_now_ms())
        return;
    json_object_del(server->data, "down_at");
    sim_machine_stop(sim, server, false);
}

/* Between being made and being started it is off. */
static const char *pending_word(const struct sim *sim,
                                const struct sim_machine *server)
{
    int64_t all = sim_options(sim)->ready_ms;
    int64_t left = server->started_ms - sim_clock_ms();

    if (!sim_flag(server->data, "new"))
        return "starting";
    if (left > all / 2)
        return "initializing";
    return left > all / 4 ? "off" : "starting";
}

static const char *status_of(struct sim *sim, struct sim_machine *server)
{
    settle(sim, server);
    switch (sim_machine_state(sim, server)) {
    case SIM_PENDING:
        return pending_word(sim, server);
    case SIM_RUNNING:
        if (json_object_get(server->data, "down_at"))
            return "stopping";
        return server->port ? "running" : "starting";
    case SIM_STOPPED:
        return "off";
    case SIM_FAILED:
        return "unknown";
    case SIM_GONE:
        break;
    }
    return "deleting";
}

static json_t *net_json(const struct sim *sim, const struct sim_machine *server)
{
    bool silent = sim_machine_state(sim, server) == SIM_RUNNING &&
                  server->port && !sim_machine_reachable(sim, server);
    bool blocked = sim_flag(sim_values(sim), "blocked");
    const char *host = server->host ? server->host : "127.0.0.1";
    char *network = sim_format("2001:db8:%x:%x::/64",
                               (unsigned)(server->number >> 16 & 0xffff),
                               (unsigned)(server->number & 0xffff));
    json_t *made = json_pack(
        "{s:o, s:o, s:[], s:O}", "ipv4",
        silent || !sim_flag(server->data, "ipv4")
            ? json_null()
            : json_pack("{s:I, s:s, s:b, s:s}", "id",
                        (json_int_t)(server->number + 5000), "ip", host,
                        "blocked", blocked, "dns_ptr", "static.example"),
        "ipv6",
        silent ? json_null()
               : json_pack("{s:I, s:s, s:b, s:[]}", "id",
                           (json_int_t)(server->number + 6000), "ip", network,
                           "blocked", 0, "dns_ptr"),
        "floating_ips", "firewalls",
        json_object_get(server->data, "firewalls"));

    free(network);
    return made;
}

static json_t *labels_json(const struct sim *sim,
                           const struct sim_machine *server)
{
    json_t *labels = json_copy(json_object_get(server->data, "labels"));

    if (server->port) {
        char *port = sim_format("%d", server->port);

        sim_put(labels, "fleet-ssh-port", json_string(port));
        sim_put(labels, "fleet-ssh-user", json_string(sim_login(sim)));
        free(port);
    }
    return labels;
}

static json_t *server_json(struct sim *sim, struct sim_machine *server)
{
    json_t *data = server->data;
    const char *status = status_of(sim, server);
    const struct type *type = find_type(json_object_get(data, "type"));
    const struct image *image = find_image(json_object_get(data, "image"));
    const struct place *place = find_place(json_object_get(data, "place"));
    double factor = json_number_value(json_object_get(data, "factor"));

    return json_pack(
        "{s:I, s:s, s:s, s:o, s:o, s:[], s:o, s:o, s:o, s:n, s:b, s:b, s:n, "
        "s:{s:b, s:b}, s:o, s:[], s:i, s:n}",
        "id", (json_int_t)id_of(server), "name", server->name, "status", status,
        "created", stamp(server->created_ms), "public_net",
        net_json(sim, server), "private_net", "server_type",
        type_json(sim, type, factor), "location", place_json(place), "image",
        image ? image_json(image) : json_null(), "iso", "rescue_enabled", 0,
        "locked", is_busy(sim, server), "backup_window", "protection", "delete",
        server->locked, "rebuild", server->locked, "labels",
        labels_json(sim, server), "volumes", "primary_disk_size", type->disk,
        "placement_group");
}

static struct sim_machine *server_of(struct sim_call *call)
{
    struct sim_machine *server = sim_machine_find(call->sim, call->arg[0]);

    if (!server)
        refuse(call, 404, "not_found", "server not found", NULL);
    return server;
}

static void get_server(struct sim_call *call)
{
    struct sim_machine *server = server_of(call);

    if (server)
        sim_reply(call, 200,
                  json_pack("{s:o}", "server", server_json(call->sim, server)));
}

static void list_servers(struct sim_call *call)
{
    struct sim *sim = call->sim;
    json_t *list = json_array();
    struct sim_machine *server = sim_machine_before(sim, INT64_MAX);

    for (; server; server = sim_machine_before(sim, server->number)) {
        if (!sim_machine_hidden(sim, server) &&
            query_is(call, "name", server->name) &&
            labels_fit(call, json_object_get(server->data, "labels")))
            json_array_insert_new(list, 0, server_json(sim, server));
    }
    sim_machines_listed(sim);
    reply_page(call, "servers", list);
}

static void list_server_actions(struct sim_call *call)
{
    struct sim_machine *server = server_of(call);

    if (server)
        reply_page(call, "actions", actions_of(call, id_of(server)));
}

/* --- create -------------------------------------------------------------- */

#define HOST_NAME "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"

static const struct sim_field firewall_fields[] = {
    {.key = "firewall", .type = SIM_INTEGER, .flags = SIM_REQUIRED},
    {0},
};
static const struct sim_field firewall_item = {.type = SIM_OBJECT,
                                               .sub = firewall_fields};
static const struct sim_field net_fields[] = {
    {.key = "enable_ipv4", .type = SIM_BOOLEAN},
    {.key = "enable_ipv6", .type = SIM_BOOLEAN},
    {.key = "ipv4", .type = SIM_INTEGER, .flags = SIM_NULLABLE},
    {.key = "ipv6", .type = SIM_INTEGER, .flags = SIM_NULLABLE},
    {0},
};
/* Without those that are "name or id", of either type, and looked at by hand.
 */
static const struct sim_field create_fields[] = {
    {.key = "name",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 63,
     .pattern = HOST_NAME},
    {.key = "location", .type = SIM_STRING},
    {.key = "start_after_create", .type = SIM_BOOLEAN},
    {.key = "firewalls", .type = SIM_ARRAY, .max = 5, .sub = &firewall_item},
    {.key = "user_data", .type = SIM_STRING, .max = 32768},
    {.key = "labels", .type = SIM_MAP},
    {.key = "public_net", .type = SIM_OBJECT, .sub = net_fields},
    {0},
};
static const struct sim_field update_fields[] = {
    {.key = "name", .type = SIM_STRING, .max = 63, .pattern = HOST_NAME},
    {.key = "labels", .type = SIM_MAP},
    {0},
};

static void field_error(struct sim_call *call, const char *name,
                        const char *message)
{
    refuse(call, 422, "invalid_input", message,
           json_pack("{s:[{s:s, s:[s]}]}", "fields", "name", name, "messages",
                     message));
}

/* A name, or the value of a label: empty is for values only. */
static bool label_word(const char *text)
{
    size_t len = strlen(text);

    if (!len || len > 63 || !isalnum((unsigned char)text[0]) ||
        !isalnum((unsigned char)text[len - 1]))
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
            return false;
    return true;
}

static bool labels_are_fine(struct sim_call *call, json_t *labels)
{
    const char *key;
    json_t *value;

    json_object_foreach(labels, key, value)
    {
        const char *text = json_string_value(value);
        const char *slash = strchr(key, '/');

        if (!label_word(slash ? slash + 1 : key) ||
            (*text && !label_word(text))) {
            field_error(call, "labels", "invalid label");
            return false;
        }
    }
    return true;
}

static const struct sim_machine *find_by_name(const struct sim *sim,
                                              const char *name)
{
    const struct sim_machine *server = sim_machine_before(sim, INT64_MAX);

    while (server && strcasecmp(server->name, name) != 0)
        server = sim_machine_before(sim, server->number);
    return server;
}

/* NULL and a reply: one of them does not exist. */
static char *keys_for(struct sim_call *call, const json_t *wanted)
{
    char *lines = sim_copy("");
    const json_t *value, *key;
    size_t i, k;

    json_array_foreach(wanted, i, value)
    {
        const char *found = NULL;
        char *more;

        json_array_foreach(account_of(call->sim)->keys, k, key)
        {
            if (is_it(value, sim_text(key, "name", ""),
                      sim_number(key, "id", 0)))
                found = sim_text(key, "public_key", "");
        }
        if (!found) {
            free(lines);
            refuse(call, 404, "not_found", "SSH key not found", NULL);
            return NULL;
        }
        more = sim_format("%s%s%s", lines, *lines ? "\n" : "", found);
        free(lines);
        lines = more;
    }
    return lines;
}

static const json_t *find_firewall(const struct sim *sim, int64_t id)
{
    const json_t *firewall;
    size_t i;

    json_array_foreach(account_of(sim)->firewalls, i, firewall)
    {
        if (sim_number(firewall, "id", 0) == id)
            return firewall;
    }
    return NULL;
}

static bool firewalls_exist(struct sim_call *call)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(call->body, "firewalls"), i, entry)
    {
        if (!find_firewall(call->sim, sim_number(entry, "firewall", 0))) {
            refuse(call, 422, "firewall_resource_not_found",
                   "firewall not found", NULL);
            return false;
        }
    }
    return true;
}

/* The order that is in order, but for room. */
struct wish {
    const struct type *type;
    const struct place *place;
    const struct image *image;
    char *keys;
};

static bool order_fits(struct sim_call *call)
{
    static const char *const either[] = {"server_type", "image", "ssh_keys"};
    json_t *whole = call->body, *rest = json_copy(whole);
    bool fits;

    for (size_t i = 0; i < 3; i++)
        json_object_del(rest, either[i]);
    call->body = rest;
    fits = body_fits(call, create_fields);
    call->body = whole;
    json_decref(rest);
    return fits;
}

static bool read_wish(struct sim_call *call, struct wish *wish)
{
    const json_t *body = call->body;
    const json_t *place = json_object_get(body, "location");

    if (!order_fits(call) ||
        !labels_are_fine(call, json_object_get(body, "labels")))
        return false;
    wish->type = find_type(json_object_get(body, "server_type"));
    wish->image = find_image(json_object_get(body, "image"));
    wish->place = place ? find_place(place) : &places[0];
    if (!wish->type)
        field_error(call, "server_type", "server type not found");
    else if (!wish->image)
        field_error(call, "image", "image not found");
    else if (!wish->place)
        field_error(call, "location", "location not found");
    else if (strcmp(wish->image->architecture, wish->type->architecture) != 0)
        field_error(call, "image", "image has incompatible architecture");
    else if (wish->image->disk > wish->type->disk)
        field_error(call, "image", "image disk is bigger than server type");
    else if (firewalls_exist(call))
        wish->keys = keys_for(call, json_object_get(body, "ssh_keys"));
    return wish->keys != NULL;
}

static void refuse_room(struct sim_call *call, const char *code)
{
    if (strcmp(code, "quota") == 0)
        refuse(call, 403, "resource_limit_exceeded", "server limit exceeded",
               json_pack("{s:[{s:s}]}", "limits", "name", "server_limit"));
    else if (strcmp(code, "unsupported") == 0)
        refuse(call, 422, "invalid_input",
               "unsupported location for server type", NULL);
    else if (strcmp(code, "placement_error") == 0)
        refuse(call, 422, code, "no room for it", NULL);
    else
        refuse(call, 412, "resource_unavailable", "error during placement",
               NULL);
}

/* false: it has replied. */
static bool has_room(struct sim_call *call, const struct wish *wish)
{
    const char *name = sim_text(call->body, "name", "");
    char *both = sim_format("%s@%s", wish->type->name, wish->place->name);
    const json_t *fault = sim_fault(call, "capacity", both);

    free(both);
    if (find_by_name(call->sim, name))
        refuse(call, 409, "uniqueness_error", "server name is already used",
               NULL);
    else if (!has_word(wish->type->places, wish->place->name) ||
             has_word(wish->type->expired, wish->place->name))
        refuse_room(call, "unsupported");
    else if (fault)
        refuse_room(call, sim_text(fault, "code", ""));
    else
        return true;
    return false;
}

/* What its cloud-config says that it is called. */
static char *login_of(const json_t *body)
{
    static const char key[] = "MACHINE_NAME=";
    const char *at = strstr(sim_text(body, "user_data", ""), key);

    if (!at)
        return NULL;
    at += sizeof key - 1;
    return sim_format("%.*s", (int)strcspn(at, "\\\n\""), at);
}

static json_t *applied(const json_t *wanted)
{
    json_t *list = json_array();
    const json_t *entry;
    size_t i;

    json_array_foreach(wanted, i, entry)
    {
        json_array_append_new(
            list, json_pack("{s:I, s:s}", "id",
                            (json_int_t)sim_number(entry, "firewall", 0),
                            "status", "applied"));
    }
    return list;
}

static struct sim_machine *make_server(struct sim *sim, const json_t *body,
                                       const struct wish *wish,
                                       struct sim_call *call)
{
    struct account *account = account_of(sim);
    const json_t *net = json_object_get(body, "public_net");
    const json_t *ipv4 = json_object_get(net, "enable_ipv4");
    const json_t *labels = json_object_get(body, "labels");
    const json_t *lie =
        call ? sim_fault(call, "price", wish->type->name) : NULL;
    double factor = lie ? json_number_value(json_object_get(lie, "factor")) : 1;
    char *id = sim_format("%lld", (long long)account->next_id++);
    char *login = login_of(body);
    const struct sim_wish made = {.id = id,
                                  .name = sim_text(body, "name", "stranger"),
                                  .login = login,
                                  .keys = *wish->keys ? wish->keys : NULL,
                                  .call = call};
    struct sim_machine *server = sim_machine_new(sim, &made);

    json_decref(server->data);
    server->data = json_pack(
        "{s:s, s:s, s:I, s:o, s:b, s:f, s:o, s:b}", "type", wish->type->name,
        "place", wish->place->name, "image", (json_int_t)wish->image->id,
        "labels", labels ? json_deep_copy(labels) : json_object(), "ipv4",
        !json_is_false(ipv4), "factor", factor > 0 ? factor : 2, "firewalls",
        applied(json_object_get(body, "firewalls")), "new", 1);
    free(id);
    free(login);
    return server;
}

static void create_server(struct sim_call *call)
{
    int64_t ready = sim_options(call->sim)->ready_ms;
    struct wish wish = {0};
    struct sim_machine *server;
    json_t *actions[2], *told;

    if (!read_wish(call, &wish) || !has_room(call, &wish)) {
        free(wish.keys);
        return;
    }
    server = make_server(call->sim, call->body, &wish, call);
    actions[0] = add_action(call, server, "create_server", ready / 2);
    actions[1] = add_action(call, server, "start_server", ready);
    told = server_json(call->sim, server);
    if (sim_fault(call, "late-answer", server->name))
        sim_put(told, "public_net", json_pack("{s:n, s:n}", "ipv4", "ipv6"));
    sim_reply(call, 201,
              json_pack("{s:o, s:o, s:[o], s:o}", "server", told, "action",
                        actions[0], "next_actions", actions[1], "root_password",
                        *wish.keys ? json_null() : json_string("Zaq12wsx")));
    free(wish.keys);
}

/* A create without its checks, and with defaults; "public_key" of nobody. */
static struct sim_machine *hetzner_seed(struct sim *sim, const json_t *wish)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:{}}", "name", "stranger",
                             "server_type", "cx23", "location", "fsn1", "image",
                             "ubuntu-24.04", "labels");
    struct sim_machine *server;
    struct wish read;

    json_object_update(body, (json_t *)wish);
    read = (struct wish){
        .type = find_type(json_object_get(body, "server_type")),
        .place = find_place(json_object_get(body, "location")),
        .image = find_image(json_object_get(body, "image")),
        .keys = sim_copy(sim_text(body, "public_key", "")),
    };
    server = read.type && read.place && read.image
                 ? make_server(sim, body, &read, NULL)
                 : NULL;
    if (server)
        server->locked = sim_flag(wish, "locked");
    free(read.keys);
    json_decref(body);
    return server;
}

/* --- change -------------------------------------------------------------- */

/* false: it has replied. */
static bool is_idle(struct sim_call *call, struct sim_machine *server)
{
    const json_t *fault = sim_fault(call, "busy", server->name);

    if (fault)
        json_decref(add_action(call, server, "apply_firewall",
                               sim_number(fault, "ms", 1000)));
    if (!is_busy(call->sim, server))
        return true;
    refuse(call, 423, "locked",
           "cannot perform operation because server is locked", NULL);
    return false;
}

static void update_server(struct sim_call *call)
{
    struct sim_machine *server = server_of(call);
    const struct sim_machine *other;
    const char *name;
    json_t *labels;

    if (!server || !body_fits(call, update_fields))
        return;
    name = sim_text(call->body, "name", server->name);
    labels = json_object_get(call->body, "labels");
    other = find_by_name(call->sim, name);
    if (other && other != server) {
        refuse(call, 409, "uniqueness_error", "server name is already used",
               NULL);
        return;
    }
    if (!labels_are_fine(call, labels) || !is_idle(call, server))
        return;
    if (labels)
        sim_put(server->data, "labels", json_deep_copy(labels));
    sim_machine_rename(server, name);
    get_server(call);
}

static void delete_server(struct sim_call *call)
{
    struct sim_machine *server = server_of(call);
    const json_t *fault;
    json_t *action;

    if (!server)
        return;
    if (server->locked) {
        refuse(call, 423, "protected", "server is delete protected", NULL);
        return;
    }
    if (!is_idle(call, server))
        return;
    fault = sim_fault(call, "linger", server->name);
    action = add_action(call, server, "delete_server", action_ms(call->sim));
    sim_machine_end(call->sim, server);
    sim_machine_linger(server, fault ? sim_number(fault, "ms", 1000)
                                     : action_ms(call->sim));
    sim_reply(call, 200, json_pack("{s:o}", "action", action));
}

static void reply_action(struct sim_call *call, json_t *action)
{
    sim_reply(call, 201, json_pack("{s:o}", "action", action));
}

/* NULL and a reply: not now. */
static struct sim_machine *changing(struct sim_call *call)
{
    struct sim_machine *server = server_of(call);

    if (server && call->text_len && !strstr(call->path, "protection")) {
        refuse(call, 400, "json_error", "no body is expected", NULL);
        return NULL;
    }
    return server && is_idle(call, server) ? server : NULL;
}

static void power_on(struct sim_call *call)
{
    struct sim_machine *server = changing(call);
    bool off;

    if (!server)
        return;
    off = strcmp(status_of(call->sim, server), "off") == 0;
    sim_put(server->data, "new", json_false());
    if (off)
        sim_machine_start(call->sim, server);
    reply_action(call, add_action(call, server, "start_server",
                                  off ? sim_options(call->sim)->ready_ms : 0));
}

static void power_off(struct sim_call *call)
{
    struct sim_machine *server = changing(call);

    if (!server)
        return;
    sim_machine_stop(call->sim, server, false);
    reply_action(call,
                 add_action(call, server, "stop_server", action_ms(call->sim)));
}

/* The action is done when the guest has been told. */
static void shut_down(struct sim_call *call)
{
    struct sim_machine *server = changing(call);

    if (!server)
        return;
    if (!sim_fault(call, "deaf", server->name))
        sim_put(server->data, "down_at",
                json_integer(sim_now_ms() + 4 * action_ms(call->sim)));
    reply_action(call, add_action(call, server, "shutdown_server", 0));
}

static void reset(struct sim_call *call)
{
    struct sim_machine *server = changing(call);

    if (!server)
        return;
    sim_put(server->data, "new", json_false());
    if (sim_machine_state(call->sim, server) != SIM_STOPPED) {
        sim_machine_stop(call->sim, server, false);
        sim_machine_start(call->sim, server);
    }
    reply_action(
        call, add_action(call, server, "reset_server", action_ms(call->sim)));
}

static void protect(struct sim_call *call)
{
    static const struct sim_field fields[] = {
        {.key = "delete", .type = SIM_BOOLEAN},
        {.key = "rebuild", .type = SIM_BOOLEAN},
        {0},
    };
    struct sim_machine *server = changing(call);

    if (!server || !body_fits(call, fields))
        return;
    if (sim_flag(call->body, "delete") != sim_flag(call->body, "rebuild")) {
        field_error(call, "rebuild", "must have the value of delete");
        return;
    }
    server->locked = sim_flag(call->body, "delete");
    reply_action(call, add_action(call, server, "change_protection", 0));
}

/* --- keys and firewalls ----------------------------------------------------
 */

static void list_keys(struct sim_call *call)
{
    json_t *list = json_array();
    const json_t *key;
    size_t i;

    json_array_foreach(account_of(call->sim)->keys, i, key)
    {
        if (query_is(call, "name", sim_text(key, "name", "")) &&
            query_is(call, "fingerprint", sim_text(key, "fingerprint", "")))
            json_array_append(list, (json_t *)key);
    }
    reply_page(call, "ssh_keys", list);
}

static const struct sim_field key_fields[] = {
    {.key = "name", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "public_key", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "labels", .type = SIM_MAP},
    {0},
};

/* MD5 of the decoded blob; NULL for what is no key. */
static char *fingerprint_of(const char *public_key)
{
    const char *text = strchr(public_key, ' ');
    size_t len = text ? strcspn(++text, " \n") : 0;
    unsigned char blob[4096], md5[EVP_MAX_MD_SIZE];
    char out[3 * 16 + 1];
    int n = len && len < sizeof blob
                ? EVP_DecodeBlock(blob, (const unsigned char *)text, (int)len)
                : -1;

    while (n > 0 && len && text[len - 1] == '=') {
        n--;
        len--;
    }
    if (n < 16 || !EVP_Digest(blob, (size_t)n, md5, NULL, EVP_md5(), NULL))
        return NULL;
    for (size_t i = 0; i < 16; i++)
        snprintf(out + 3 * i, 4, "%02x:", md5[i]);
    out[3 * 16 - 1] = '\0';
    return sim_copy(out);
}

static const json_t *key_with(const struct sim *sim, const char *property,
                              const char *value)
{
    const json_t *key;
    size_t i;

    json_array_foreach(account_of(sim)->keys, i, key)
    {
        if (strcmp(sim_text(key, property, ""), value) == 0)
            return key;
    }
    return NULL;
}

static void create_key(struct sim_call *call)
{
    struct account *account = account_of(call->sim);
    const char *name, *line;
    char *fingerprint;
    json_t *labels;

    if (!body_fits(call, key_fields))
        return;
    name = sim_text(call->body, "name", "");
    line = sim_text(call->body, "public_key", "");
    labels = json_object_get(call->body, "labels");
    fingerprint = fingerprint_of(line);
    if (!fingerprint) {
        field_error(call, "public_key", "invalid public key");
    } else if (key_with(call->sim, "fingerprint", fingerprint)) {
        refuse(call, 409, "uniqueness_error",
               "SSH key with the same fingerprint already exists", NULL);
    } else if (key_with(call->sim, "name", name)) {
        refuse(call, 409, "uniqueness_error", "SSH key name is already used",
               NULL);
    } else {
        json_t *key =
            json_pack("{s:I, s:s, s:s, s:s, s:o, s:o}", "id",
                      (json_int_t)account->next_id++, "name", name,
                      "fingerprint", fingerprint, "public_key", line, "labels",
                      labels ? json_deep_copy(labels) : json_object(),
                      "created", stamp(sim_clock_ms()));

        json_array_append_new(account->keys, key);
        sim_reply(call, 201, json_pack("{s:O}", "ssh_key", key));
    }
    free(fingerprint);
}

static void reply_by_id(struct sim_call *call, const json_t *list,
                        const char *name)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (sim_number(entry, "id", 0) == strtoll(call->arg[0], NULL, 10)) {
            sim_reply(call, 200, json_pack("{s:O}", name, entry));
            return;
        }
    }
    refuse(call, 404, "not_found", "not found", NULL);
}

static void get_key(struct sim_call *call)
{
    reply_by_id(call, account_of(call->sim)->keys, "ssh_key");
}

static void get_firewall(struct sim_call *call)
{
    reply_by_id(call, account_of(call->sim)->firewalls, "firewall");
}

static void list_firewalls(struct sim_call *call)
{
    json_t *list = json_array();
    const json_t *firewall;
    size_t i;

    json_array_foreach(account_of(call->sim)->firewalls, i, firewall)
    {
        if (query_is(call, "name", sim_text(firewall, "name", "")))
            json_array_append(list, (json_t *)firewall);
    }
    reply_page(call, "firewalls", list);
}

/* --- what hangs on no server --------------------------------------------- */

static int loose(struct sim_call *call)
{
    return (int)json_integer_value(
        json_object_get(sim_values(call->sim), "loose"));
}

static void list_volumes(struct sim_call *call)
{
    json_t *list = json_array();

    for (int i = 0; i < loose(call); i++)
        json_array_append_new(
            list,
            json_pack("{s:i,s:s,s:s,s:n,s:{s:s},s:i,s:s,s:{s:b},s:{},s:s,s:s}",
                      "id", 4700 + i, "created", "2026-01-30T23:55:00Z", "name",
                      "data", "server", "location", "name", "nbg1", "size",
                      50 + i, "linux_device", "/dev/disk/by-id/x", "protection",
                      "delete", 0, "labels", "status", "available", "format",
                      "xfs"));
    reply_page(call, "volumes", list);
}

static void list_addresses(struct sim_call *call)
{
    json_t *list = json_array();

    for (int i = 0; i < loose(call); i++)
        json_array_append_new(
            list,
            json_pack("{s:i,s:s,s:{},s:s,s:b,s:{s:s},s:s,s:[],s:{s:b},s:"
                      "s,s:b,s:s,s:n}",
                      "id", 5700 + i, "name", "primary_ip-5700", "labels",
                      "created", "2026-01-30T23:55:00Z", "blocked", 0,
                      "location", "name", "nbg1", "ip", "192.0.2.77", "dns_ptr",
                      "protection", "delete", 0, "type", "ipv4", "auto_delete",
                      0, "assignee_type", "server", "assignee_id"));
    reply_page(call, "primary_ips", list);
}

static const char *const directions[] = {"in", "out", NULL};
static const char *const protocols[] = {"tcp", "udp", "icmp",
                                        "esp", "gre", NULL};
static const struct sim_field source_item = {.type = SIM_STRING,
                                             .pattern = "/[0-9]+$"};
static const struct sim_field rule_fields[] = {
    {.key = "direction",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .words = directions},
    {.key = "protocol",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .words = protocols},
    {.key = "port", .type = SIM_STRING, .pattern = "^[0-9]+(-[0-9]+)?$"},
    {.key = "source_ips", .type = SIM_ARRAY, .max = 100, .sub = &source_item},
    {.key = "destination_ips",
     .type = SIM_ARRAY,
     .max = 100,
     .sub = &source_item},
    {.key = "description", .type = SIM_STRING, .max = 255},
    {0},
};
static const struct sim_field rule_item = {.type = SIM_OBJECT,
                                           .sub = rule_fields};
static const struct sim_field target_fields[] = {
    {.key = "id", .type = SIM_INTEGER, .flags = SIM_REQUIRED},
    {0},
};
static const struct sim_field resource_fields[] = {
    {.key = "type", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {.key = "server", .type = SIM_OBJECT, .sub = target_fields},
    {0},
};
static const struct sim_field resource_item = {.type = SIM_OBJECT,
                                               .sub = resource_fields};
static const struct sim_field wall_fields[] = {
    {.key = "name", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "labels", .type = SIM_MAP},
    {.key = "rules", .type = SIM_ARRAY, .max = 50, .sub = &rule_item},
    {.key = "apply_to", .type = SIM_ARRAY, .sub = &resource_item},
    {0},
};
static const struct sim_field rules_fields[] = {
    {.key = "rules",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .max = 50,
     .sub = &rule_item},
    {0},
};
static const struct sim_field apply_fields[] = {
    {.key = "apply_to",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .sub = &resource_item},
    {0},
};

/* Ports go with TCP and UDP, and with nothing else. false: it has replied. */
static bool rules_are_fine(struct sim_call *call)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(call->body, "rules"), i, rule)
    {
        const char *protocol = sim_text(rule, "protocol", "");
        bool needs = strcmp(protocol, "tcp") == 0 || !strcmp(protocol, "udp");

        if (needs == (sim_text(rule, "port", NULL) != NULL))
            continue;
        field_error(call, "rules", "port and protocol do not fit");
        return false;
    }
    return true;
}

static struct sim_machine *wall_target(struct sim_call *call,
                                       const json_t *resource)
{
    const json_t *target = json_object_get(resource, "server");
    char *id = sim_format("%lld", (long long)sim_number(target, "id", 0));
    struct sim_machine *server = sim_machine_find(call->sim, id);

    free(id);
    return server;
}

/* false: it has replied. */
static bool put_wall_before(struct sim_call *call, int64_t id, json_t *actions)
{
    const json_t *resource;
    size_t i;

    json_array_foreach(json_object_get(call->body, "apply_to"), i, resource)
    {
        struct sim_machine *server = wall_target(call, resource);

        if (!server) {
            refuse(call, 404, "firewall_resource_not_found", "server not found",
                   NULL);
            return false;
        }
        json_array_append_new(
            json_object_get(server->data, "firewalls"),
            json_pack("{s:I, s:s}", "id", (json_int_t)id, "status", "applied"));
        json_array_append_new(
            actions,
            add_action(call, server, "apply_firewall", action_ms(call->sim)));
    }
    return true;
}

static void create_firewall(struct sim_call *call)
{
    struct account *account = account_of(call->sim);
    const json_t *labels, *rules, *other;
    json_t *firewall, *actions = NULL;
    const char *name;
    int64_t id;
    size_t i;

    if (!body_fits(call, wall_fields) || !rules_are_fine(call))
        return;
    name = sim_text(call->body, "name", "");
    json_array_foreach(account->firewalls, i, other)
    {
        if (strcmp(sim_text(other, "name", ""), name) == 0) {
            refuse(call, 409, "uniqueness_error",
                   "firewall name is already used", NULL);
            return;
        }
    }
    id = account->next_id++;
    actions = json_array();
    if (!put_wall_before(call, id, actions)) {
        json_decref(actions);
        return;
    }
    labels = json_object_get(call->body, "labels");
    rules = json_object_get(call->body, "rules");
    firewall =
        json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)id, "name", name,
                  "labels", labels ? json_deep_copy(labels) : json_object(),
                  "rules", rules ? json_deep_copy(rules) : json_array());
    json_array_append_new(account->firewalls, firewall);
    sim_reply(
        call, 201,
        json_pack("{s:O, s:o}", "firewall", firewall, "actions", actions));
}

/* NULL and a reply: there is none. */
static json_t *wall_of(struct sim_call *call)
{
    const json_t *firewall =
        find_firewall(call->sim, strtoll(call->arg[0], NULL, 10));

    if (!firewall)
        refuse(call, 404, "not_found", "not found", NULL);
    return (json_t *)firewall;
}

static void set_rules(struct sim_call *call)
{
    json_t *firewall = wall_of(call);

    if (!firewall || !body_fits(call, rules_fields) || !rules_are_fine(call))
        return;
    sim_put(firewall, "rules",
            json_deep_copy(json_object_get(call->body, "rules")));
    sim_reply(call, 201, json_pack("{s:[]}", "actions"));
}

static void apply_firewall(struct sim_call *call)
{
    json_t *firewall = wall_of(call), *actions;

    if (!firewall || !body_fits(call, apply_fields))
        return;
    actions = json_array();
    if (put_wall_before(call, sim_number(firewall, "id", 0), actions))
        sim_reply(call, 201, json_pack("{s:O}", "actions", actions));
    json_decref(actions);
}

static bool is_in_use(const struct sim *sim, int64_t id)
{
    struct sim_machine *server = sim_machine_before(sim, INT64_MAX);
    const json_t *entry;
    size_t i;

    for (; server; server = sim_machine_before(sim, server->number)) {
        json_array_foreach(json_object_get(server->data, "firewalls"), i, entry)
        {
            if (sim_number(entry, "id", 0) == id)
                return true;
        }
    }
    return false;
}

static void delete_firewall(struct sim_call *call)
{
    json_t *firewalls = account_of(call->sim)->firewalls;
    const json_t *firewall = wall_of(call);

    if (!firewall)
        return;
    if (is_in_use(call->sim, sim_number(firewall, "id", 0))) {
        refuse(call, 422, "resource_in_use", "firewall is in use", NULL);
        return;
    }
    for (size_t i = json_array_size(firewalls); i-- > 0;) {
        if (json_array_get(firewalls, i) == firewall)
            json_array_remove(firewalls, i);
    }
    sim_reply(call, 204, NULL);
}

static void removed(struct sim_call *call)
{
    refuse(call, 410, "deprecated_api_endpoint", "this endpoint was removed",
           json_pack("{s:s}", "announcement",
                     "https://docs.hetzner.cloud/changelog"));
}

/* --- the provider -------------------------------------------------------- */

/* Action ids do not fit 32 bits. */
static void hetzner_open(struct sim *sim)
{
    struct account *account = sim_alloc(sizeof *account);

    account->keys = json_array();
    account->actions = json_array();
    account->next_id = 145000001;
    account->next_action = INT64_C(606028482673874);
    account->firewalls = json_pack(
        "[{s:i, s:s, s:{}, s:[{s:s, s:s, s:s, s:[s, s]}]},"
        " {s:i, s:s, s:{}, s:[{s:s, s:s, s:s, s:[s]}]}]",
        "id", 38, "name", "ssh-only", "labels", "rules", "direction", "in",
        "protocol", "tcp", "port", "22", "source_ips", "0.0.0.0/0", "::/0",
        "id", 39, "name", "web-only", "labels", "rules", "direction", "in",
        "protocol", "tcp", "port", "443", "source_ips", "0.0.0.0/0");
    sim_set_state(sim, account);
}

static void hetzner_close(struct sim *sim)
{
    struct account *account = account_of(sim);

    json_decref(account->keys);
    json_decref(account->actions);
    json_decref(account->firewalls);
    free(account);
}

static const struct sim_route routes[] = {
    {"GET", "/v1/servers", list_servers},
    {"POST", "/v1/servers", create_server},
    {"GET", "/v1/servers/{}", get_server},
    {"PUT", "/v1/servers/{}", update_server},
    {"DELETE", "/v1/servers/{}", delete_server},
    {"GET", "/v1/servers/{}/actions", list_server_actions},
    {"POST", "/v1/servers/{}/actions/poweron", power_on},
    {"POST", "/v1/servers/{}/actions/poweroff", power_off},
    {"POST", "/v1/servers/{}/actions/shutdown", shut_down},
    {"POST", "/v1/servers/{}/actions/reset", reset},
    {"POST", "/v1/servers/{}/actions/change_protection", protect},
    {"GET", "/v1/actions/{}", get_action},
    {"GET", "/v1/ssh_keys", list_keys},
    {"POST", "/v1/ssh_keys", create_key},
    {"GET", "/v1/ssh_keys/{}", get_key},
    {"GET", "/v1/firewalls", list_firewalls},
    {"POST", "/v1/firewalls", create_firewall},
    {"GET", "/v1/firewalls/{}", get_firewall},
    {"DELETE", "/v1/firewalls/{}", delete_firewall},
    {"POST", "/v1/firewalls/{}/actions/set_rules", set_rules},
    {"POST", "/v1/firewalls/{}/actions/apply_to_resources", apply_firewall},
    {"GET", "/v1/volumes", list_volumes},
    {"GET", "/v1/primary_ips", list_addresses},
    {"GET", "/v1/images", list_images},
    {"GET", "/v1/images/{}", get_image},
    {"GET", "/v1/server_types", list_types},
    {"GET", "/v1/locations", list_places},
    {"GET", "/v1/pricing", get_pricing},
    {"GET", "/v1/datacenters", removed},
    {0},
};

const struct sim_provider sim_provider = {
    .name = "hetzner",
    .about = "Hetzner Cloud's API with made-up servers",
    .url_variable = "HCLOUD_ENDPOINT",
    .url_path = "/v1",
    .key_variable = "HCLOUD_TOKEN",
    .routes = routes,
    .body_max = 65536,
    .open = hetzner_open,
    .close = hetzner_close,
    .admit = hetzner_admit,
    .fail = hetzner_fail,
    .seed = hetzner_seed,
};
