/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SSH_PORT 22

static bool is_text(const json_t *object, const char *key, const char *text)
{
    const char *has = api_text(object, key);

    return has && strcmp(has, text) == 0;
}

/* The entry of a list whose KEY is TEXT. */
static const json_t *entry_of(const json_t *list, const char *key,
                              const char *text)
{
    const json_t *entry;
    size_t i;

    if (!text)
        return NULL;
    json_array_foreach(list, i, entry)
    {
        if (is_text(entry, key, text))
            return entry;
    }
    return NULL;
}

/* ---- prices ---- */

const char *parse_currency(const struct tariff *tariff)
{
    return api_text(tariff->pricing, "currency");
}

static int64_t hourly_at(const struct tariff *tariff, const json_t *prices,
                         const char *location)
{
    const json_t *entry = entry_of(prices, "location", location);
    const json_t *hourly = api_object(entry, "price_hourly");

    return api_micros(hourly, tariff->net ? "net" : "gross");
}

int64_t parse_type_price(const struct tariff *tariff, const json_t *type,
                         const char *location)
{
    return hourly_at(tariff, json_object_get(type, "prices"), location);
}

int64_t parse_ipv4_price(const struct tariff *tariff, const char *location)
{
    const json_t *kinds = json_object_get(tariff->pricing, "primary_ips");
    const json_t *ipv4 = entry_of(kinds, "type", "ipv4");

    return hourly_at(tariff, json_object_get(ipv4, "prices"), location);
}

/* Backups cost a part of the server itself. */
static int64_t with_backups(const struct tariff *tariff, const json_t *server,
                            int64_t price)
{
    const json_t *backup = api_object(tariff->pricing, "server_backup");
    double percent;

    if (!api_text(server, "backup_window") ||
        !api_number(backup, "percentage", &percent) || percent < 0 ||
        percent > 1000)
        return price;
    return price + (int64_t)((double)price * percent / 100 + 0.5);
}

static int64_t price_of(const struct tariff *tariff, const json_t *server,
                        const char *location, bool ipv4)
{
    int64_t price =
        parse_type_price(tariff, api_object(server, "server_type"), location);
    int64_t address = ipv4 ? parse_ipv4_price(tariff, location) : 0;

    if (price < 0 || address < 0)
        return -1;
    return with_backups(tariff, server, price) + address;
}

static void set_price(struct fleet_pod *pod, const json_t *server,
                      const struct tariff *tariff, bool ipv4)
{
    const char *location = api_text(api_object(server, "location"), "name");
    int64_t price = price_of(tariff, server, location, ipv4);

    if (price < 0 || !parse_currency(tariff))
        return;
    fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, price);
    fleet_pod_set(pod, FLEET_POD_CURRENCY, parse_currency(tariff));
}

/* ---- servers ---- */

static const struct {
    const char *status;
    enum fleet_state state;
} states[] = {
    {"initializing", FLEET_STATE_PENDING},
    {"starting", FLEET_STATE_PENDING},
    {"rebuilding", FLEET_STATE_PENDING},
    {"migrating", FLEET_STATE_PENDING},
    {"running", FLEET_STATE_RUNNING},
    {"stopping", FLEET_STATE_STOPPING},
    {"off", FLEET_STATE_STOPPED},
    {"deleting", FLEET_STATE_TERMINATING},
};

enum fleet_state parse_state(const char *status)
{
    for (size_t i = 0; status && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].status, status) == 0)
            return states[i].state;
    }
    return FLEET_STATE_UNKNOWN;
}

const char *parse_label(const json_t *server, const char *name)
{
    return api_text(api_object(server, "labels"), name);
}

bool parse_is_ours(const json_t *server)
{
    return is_text(api_object(server, "labels"), LABEL_OWNER, LABEL_FLEET);
}

/* "2001:db8::/64" is a network, of which the server answers on ::1. */
static bool host_of_network(const char *network, char host[INET6_ADDRSTRLEN])
{
    struct in6_addr address;
    size_t len = strcspn(network, "/");

    if (len >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, network, len);
    host[len] = '\0';
    if (inet_pton(AF_INET6, host, &address) != 1)
        return false;
    if (network[len])
        address.s6_addr[15] |= 1;
    return inet_ntop(AF_INET6, &address, host, INET6_ADDRSTRLEN) != NULL;
}

static int64_t ssh_port(const json_t *server)
{
    int64_t port;

    return api_int(api_object(server, "labels"), LABEL_PORT, &port) &&
                   port >= 1 && port <= 65535
               ? port
               : SSH_PORT;
}

/* An address that the abuse department has cut off is the last choice. */
static void set_endpoint(struct fleet_pod *pod, const json_t *server,
                         const json_t *ipv4, const json_t *ipv6)
{
    const char *v4 = api_text(ipv4, "ip"), *v6 = api_text(ipv6, "ip");
    const char *user = parse_label(server, LABEL_USER);
    const char *host = NULL;
    char buffer[INET6_ADDRSTRLEN];

    if (v4 && *v4)
        host = v4;
    if (v6 && host_of_network(v6, buffer) &&
        (!host || (api_true(ipv4, "blocked") && !api_true(ipv6, "blocked"))))
        host = buffer;
    if (!host)
        return;
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, host);
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, ssh_port(server));
    fleet_pod_set(pod, FLEET_POD_SSH_USER, user && *user ? user : USUAL_USER);
}

static void set_state(struct fleet_pod *pod, const json_t *server,
                      const json_t *ipv4, const json_t *ipv6)
{
    const char *status = api_text(server, "status");
    bool v4 = api_true(ipv4, "blocked"), v6 = api_true(ipv6, "blocked");
    char text[128];

    fleet_pod_set_number(pod, FLEET_POD_STATE, parse_state(status));
    snprintf(text, sizeof(text), "%.60s%s%s%s", status ? status : "not told",
             v4 ? ", IPv4 blocked" : "", v6 ? ", IPv6 blocked" : "",
             v4 || v6 ? " by the abuse department" : "");
    fleet_pod_set(pod, FLEET_POD_PROVIDER_STATE, text);
}

static const char *billing_of(enum fleet_state state, bool ipv4)
{
    if (state == FLEET_STATE_STOPPED || state == FLEET_STATE_STOPPING)
        return "all (powered off)";
    return ipv4 ? "server and IPv4" : "server";
}

static void set_rest(struct fleet_pod *pod, const json_t *server)
{
    const json_t *image = api_object(server, "image");
    const json_t *protection = api_object(server, "protection");

    api_pod_text(pod, FLEET_POD_NAME, server, "name");
    api_pod_text(pod, FLEET_POD_CREATED_AT, server, "created");
    api_pod_text(pod, FLEET_POD_REGION, api_object(server, "location"), "name");
    api_pod_text(pod, FLEET_POD_TIER, api_object(server, "server_type"),
                 "name");
    api_pod_text(pod, FLEET_POD_IMAGE, image,
                 api_text(image, "name") ? "name" : "description");
    fleet_pod_set_number(pod, FLEET_POD_GPUS, 0);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, 0);
    if (protection)
        fleet_pod_set_number(pod, FLEET_POD_LOCKED,
                             api_true(protection, "delete"));
    if (parse_is_ours(server))
        fleet_pod_set(pod, FLEET_POD_TOKEN, parse_label(server, LABEL_TOKEN));
}

int parse_server(const json_t *server, const struct tariff *tariff,
                 struct fleet_pod *pod, struct fleet_error *err)
{
    const json_t *net = api_object(server, "public_net");
    const json_t *ipv4 = api_object(net, "ipv4"),
                 *ipv6 = api_object(net, "ipv6");
    char text[32];
    int64_t id;

    if (!api_int(server, "id", &id) || id <= 0)
        return fleet_fail(err, FLEET_EINTERNAL, "a server without an id");
    snprintf(text, sizeof(text), "%lld", (long long)id);
    fleet_pod_set(pod, FLEET_POD_ID, text);
    set_rest(pod, server);
    set_state(pod, server, ipv4, ipv6);
    set_endpoint(pod, server, ipv4, ipv6);
    set_price(pod, server, tariff, ipv4 != NULL);
    fleet_pod_set(
        pod, FLEET_POD_BILLING,
        billing_of(parse_state(api_text(server, "status")), ipv4 != NULL));
    return FLEET_OK;
}

/* ---- wrappings ---- */

int parse_wrapped(const json_t *answer, const char *name, const json_t **object,
                  struct fleet_error *err)
{
    *object = api_object(answer, name);
    if (*object)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINTERNAL, "an answer without '%s'", name);
}

int parse_next_page(const json_t *answer, int64_t page, size_t n, size_t size,
                    int64_t *next, struct fleet_error *err)
{
    const json_t *pagination =
        api_object(api_object(answer, "meta"), "pagination");
    const json_t *told = json_object_get(pagination, "next_page");
    int64_t number;

    if (!told && n >= size)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "page %lld does not say whether more follow",
                          (long long)page);
    if (!told || json_is_null(told)) {
        *next = 0;
        return FLEET_OK;
    }
    if (!api_int(pagination, "next_page", &number) || number <= page)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "the page after %lld is not one that can follow",
                          (long long)page);
    *next = number;
    return FLEET_OK;
}

/* ---- images ---- */

const json_t *parse_image(const json_t *images, const char *name,
                          const char *architecture)
{
    const json_t *image;
    size_t i;

    json_array_foreach(images, i, image)
    {
        if (is_text(image, "name", name) &&
            is_text(image, "architecture", architecture) &&
            is_text(image, "status", "available"))
            return image;
    }
    return NULL;
}

/* 2604 of "26.04"; -1: none with long-term support. */
static int lts_number(const char *version)
{
    if (!version || strlen(version) != 5 ||
        !isdigit((unsigned char)version[0]) ||
        !isdigit((unsigned char)version[1]) ||
        strcmp(version + 2, ".04") != 0 || (version[1] - '0') % 2 != 0)
        return -1;
    return (version[0] - '0') * 10 + (version[1] - '0');
}

const json_t *parse_newest_ubuntu(const json_t *images,
                                  const char *architecture)
{
    const json_t *image, *newest = NULL;
    int best = -1;
    size_t i;

    json_array_foreach(images, i, image)
    {
        const json_t *deprecated = json_object_get(image, "deprecated");
        int number = lts_number(api_text(image, "os_version"));

        if (number <= best || !is_text(image, "os_flavor", "ubuntu") ||
            !is_text(image, "type", "system") ||
            !is_text(image, "architecture", architecture) ||
            !is_text(image, "status", "available") ||
            (deprecated && !json_is_null(deprecated)))
            continue;
        newest = image;
        best = number;
    }
    return newest;
}

/* ---- firewalls ---- */

/* "22", "20-30"; an absent port is every port. */
static bool covers_ssh(const char *ports)
{
    int64_t low, high;
    char *end;

    if (!ports)
        return true;
    low = high = strtoll(ports, &end, 10);
    if (*end == '-')
        high = strtoll(end + 1, &end, 10);
    return !*end && low <= SSH_PORT && SSH_PORT <= high;
}

bool parse_lets_ssh_in(const json_t *firewall)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(firewall, "rules"), i, rule)
    {
        if (is_text(rule, "direction", "in") &&
            is_text(rule, "protocol", "tcp") &&
            covers_ssh(api_text(rule, "port")))
            return true;
    }
    return false;
}
