/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/vast/parse.h"

#include "providers/api/api.h"
#include "providers/vast/gpu.h"
#include "providers/vast/region.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 255
#define WORDS_SIZE     240
#define HOURS          720.0 /* of the month that storage is billed by */

/* ---- answers ---- */

bool vast_id(const json_t *object, const char *key, char id[VAST_ID_SIZE])
{
    int64_t number;

    if (!api_int(object, key, &number) || number <= 0)
        return false;
    snprintf(id, VAST_ID_SIZE, "%" PRId64, number);
    return true;
}

static int add_row(json_t *rows, json_t *row, struct fleet_error *err)
{
    char id[VAST_ID_SIZE];

    if (!vast_id(row, "id", id))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a listing with an instance without an id");
    if (json_object_get(rows, id))
        return FLEET_OK;
    return json_object_set(rows, id, row) < 0 ? api_enomem(err) : FLEET_OK;
}

int vast_page(const json_t *answer, json_t *rows, const char **next,
              int64_t *total, struct fleet_error *err)
{
    const json_t *token = json_object_get(answer, "next_token"), *list;
    json_t *row;
    size_t i;
    int rc = api_list(answer, "instances", &list, err);

    json_array_foreach(list, i, row)
    {
        if (rc == FLEET_OK)
            rc = add_row(rows, row, err);
    }
    if (rc < 0)
        return rc;
    if (token && !json_is_null(token) && !json_is_string(token))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a listing whose next page has no proper name");
    *next = json_string_value(token);
    if (*next && !**next)
        *next = NULL;
    if (!api_int(answer, "total_instances", total))
        *total = -1;
    return FLEET_OK;
}

int vast_instance(const json_t *answer, const json_t **row,
                  struct fleet_error *err)
{
    const json_t *found = json_object_get(answer, "instances");

    if (json_is_null(found) ||
        (json_is_array(found) && json_array_size(found) == 0))
        return fleet_fail(err, FLEET_ENOTFOUND, "there is no such instance");
    if (json_is_array(found) && json_array_size(found) == 1)
        found = json_array_get(found, 0);
    if (!json_is_object(found))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "an answer without the instance");
    *row = found;
    return FLEET_OK;
}

/* ---- text that may hold anything ---- */

/* Printable ASCII as it is, everything else a blank; blanks at both ends go. */
static void clean(char *out, size_t size, const char *text)
{
    size_t len = 0;

    for (text = text ? text : ""; *text && len < size - 1; text++) {
        bool plain = *text > ' ' && *text < 0x7f;

        if (plain || len > 0)
            out[len++] = *text;
        if (!plain && len > 0)
            out[len - 1] = ' ';
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

static void put_clean(struct fleet_pod *pod, int field, const char *text)
{
    char plain[NAME_MAX_BYTES + 1];

    clean(plain, sizeof(plain), text);
    fleet_pod_set(pod, field, plain);
}

/* A label that had to be changed would be another name: then it is none. */
static void put_name(struct fleet_pod *pod, const char *label)
{
    size_t len = label ? strlen(label) : 0;

    for (size_t i = 0; i < len; i++) {
        if (label[i] < ' ' || label[i] > '~')
            return;
    }
    if (len > 0 && len <= NAME_MAX_BYTES)
        fleet_pod_set(pod, FLEET_POD_NAME, label);
}

/* ---- states ---- */

static bool is(const json_t *row, const char *key, const char *word)
{
    const char *text = api_text(row, key);

    return text && strcmp(text, word) == 0;
}

static bool has_fatal_message(const json_t *row)
{
    static const char *const signs[] = {"oci runtime create failed",
                                        "failed to create task",
                                        "manifest unknown",
                                        "pull access denied",
                                        "repository does not exist",
                                        "unauthorized",
                                        "no such host",
                                        "connection refused",
                                        "error response from daemon"};
    const char *text = api_text(row, "status_msg");

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (api_contains(text, signs[i]))
            return true;
    }
    return false;
}

static bool is_between(const json_t *row)
{
    static const char *const words[] = {"created",    "loading",
                                        "rebooting",  "recycling",
                                        "restarting", "scheduling"};
    const json_t *actual = json_object_get(row, "actual_status");

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (is(row, "actual_status", words[i]))
            return true;
    }
    return !actual || json_is_null(actual);
}

static bool is_queued(const json_t *row)
{
    return is(row, "cur_state", "stopped") &&
           is(row, "intended_status", "running") &&
           !is(row, "actual_status", "running");
}

static int state_of_exited(const json_t *row, bool recent)
{
    if (recent)
        return FLEET_STATE_PENDING;
    return is(row, "intended_status", "stopped") ? FLEET_STATE_STOPPED
                                                 : FLEET_STATE_FAILED;
}

/* The first that fits counts. */
int vast_state(const json_t *row, bool recent)
{
    if (is(row, "cur_state", "unloaded"))
        return FLEET_STATE_TERMINATING;
    if (is(row, "actual_status", "running"))
        return is(row, "intended_status", "stopped") ? FLEET_STATE_STOPPING
                                                     : FLEET_STATE_RUNNING;
    if (is_queued(row))
        return FLEET_STATE_PENDING;
    if (is(row, "cur_state", "stopped") || is(row, "actual_status", "stopped"))
        return FLEET_STATE_STOPPED;
    if (is(row, "actual_status", "frozen"))
        return FLEET_STATE_STOPPED;
    if (is(row, "actual_status", "exited"))
        return state_of_exited(row, recent);
    if (is(row, "actual_status", "unknown") ||
        is(row, "actual_status", "offline"))
        return FLEET_STATE_UNKNOWN;
    if (has_fatal_message(row))
        return FLEET_STATE_FAILED;
    return is_between(row) ? FLEET_STATE_PENDING : FLEET_STATE_UNKNOWN;
}

static const char *why(const json_t *row, int state, char message[WORDS_SIZE])
{
    if (is_queued(row))
        return json_is_true(json_object_get(row, "is_bid"))
                   ? "outbid, starts again when the bid wins"
                   : "queued, the GPU is taken";
    if (state == FLEET_STATE_STOPPING)
        return "is to stop";
    if (state != FLEET_STATE_PENDING && state != FLEET_STATE_FAILED)
        return "";
    clean(message, WORDS_SIZE, api_text(row, "status_msg"));
    return message;
}

static void put_words(struct fleet_pod *pod, const json_t *row, int state)
{
    char actual[40], message[WORDS_SIZE], text[sizeof(actual) + WORDS_SIZE + 2];
    const char *because = why(row, state, message);

    clean(actual, sizeof(actual), api_text(row, "actual_status"));
    snprintf(text, sizeof(text), "%s%s%s", *actual ? actual : "new",
             *because ? ": " : "", because);
    put_clean(pod, FLEET_POD_PROVIDER_STATE, text);
}

/* ---- money ---- */

/* Storage of the disk in dollars an hour; negative: unknown. */
static double storage_price(const json_t *row, double disk_gb)
{
    double month;

    return api_number(row, "storage_cost", &month) && month >= 0 && disk_gb >= 0
               ? month * disk_gb / HOURS
               : -1;
}

static int64_t price_of(const json_t *row, int state)
{
    double disk, storage;

    if (state == FLEET_STATE_STOPPED && !is(row, "actual_status", "frozen") &&
        api_number(row, "disk_space", &disk)) {
        storage = storage_price(row, disk);
        if (storage >= 0)
            return api_to_micros(storage);
    }
    return api_micros(row, "dph_total");
}

static const char *billing_of(const json_t *row, int state)
{
    if (is(row, "actual_status", "offline"))
        return "nothing while it is offline";
    if (is(row, "actual_status", "frozen"))
        return "compute and storage (frozen)";
    if (state == FLEET_STATE_STOPPED || is(row, "cur_state", "stopped"))
        return "storage";
    return "compute and storage";
}

/* ---- where it is ---- */

/* Of a network that nobody outside can reach. */
static bool is_private(const char *address)
{
    int second = 0;

    if (strncmp(address, "10.", 3) == 0 || strncmp(address, "192.168.", 8) == 0)
        return true;
    return sscanf(address, "172.%3d.", &second) == 1 && second >= 16 &&
           second <= 31;
}

static int64_t host_port(const json_t *row)
{
    const json_t *list = json_object_get(api_object(row, "ports"), "22/tcp");
    const json_t *entry;
    int64_t port;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (api_int(entry, "HostPort", &port) && port >= 1 && port <= 65535)
            return port;
    }
    return 0;
}

static bool direct_place(const json_t *row, struct vast_place *place)
{
    clean(place->host, sizeof(place->host), api_text(row, "public_ipaddr"));
    place->port = host_port(row);
    return place->port && *place->host && !is_private(place->host);
}

static bool proxy_place(const json_t *row, struct vast_place *place)
{
    clean(place->host, sizeof(place->host), api_text(row, "ssh_host"));
    if (!*place->host || !api_int(row, "ssh_port", &place->port))
        return false;
    place->port += api_contains(api_text(row, "image_runtype"), "jupyter");
    return place->port >= 1 && place->port <= 65535;
}

bool vast_place(const json_t *row, bool direct, struct vast_place *place)
{
    if (vast_state(row, false) != FLEET_STATE_RUNNING)
        return false;
    return (direct && direct_place(row, place)) || proxy_place(row, place);
}

/* ---- instances ---- */

static void put_token(struct fleet_pod *pod, const char *token)
{
    size_t len = token ? strlen(token) : 0;

    if (len > 0 && len <= 36 &&
        strspn(token, "0123456789abcdefghijklmnopqrstuvwxyz-") == len)
        fleet_pod_set(pod, FLEET_POD_TOKEN, token);
}

/* The environment comes back as [["KEY", "value"], ...]; an object, as it was
 * sent, is understood too. */
static const char *token_of(const json_t *row)
{
    const json_t *env = json_object_get(row, "extra_env"), *pair;
    size_t i;

    json_array_foreach(env, i, pair)
    {
        const char *key = json_string_value(json_array_get(pair, 0));

        if (key && strcmp(key, VAST_TOKEN) == 0)
            return json_string_value(json_array_get(pair, 1));
    }
    return api_text(env, VAST_TOKEN);
}

static const char *tier_of(const json_t *row)
{
    int64_t hosting = 0;

    if (api_int(row, "hosting_type", &hosting) && hosting == 1)
        return "secure";
    if (is(row, "verification", "verified"))
        return "community";
    return api_text(row, "verification") ? "unverified" : NULL;
}

static void put_hardware(struct fleet_pod *pod, const json_t *row)
{
    const char *name = api_text(row, "gpu_name");
    char plain[80], title[100];
    int64_t gpus, ram = 0;

    clean(plain, sizeof(plain), name);
    api_int(row, "gpu_ram", &ram);
    vast_gpu_title(title, sizeof(title), plain, ram);
    fleet_pod_set(pod, FLEET_POD_GPU, title);
    if (api_int(row, "num_gpus", &gpus) && gpus >= 0 && gpus < 1000)
        fleet_pod_set_number(pod, FLEET_POD_GPUS, gpus);
    fleet_pod_set(pod, FLEET_POD_TIER, tier_of(row));
    put_clean(pod, FLEET_POD_IMAGE, api_text(row, "image_uuid"));
}

static void put_region(struct fleet_pod *pod, const json_t *row)
{
    const char *code = api_text(row, "country_code");
    char country[3];

    if (vast_country(code ? code : api_text(row, "geolocation"), country))
        fleet_pod_set(pod, FLEET_POD_REGION, country);
}

static void put_price(struct fleet_pod *pod, const json_t *row, int state)
{
    int64_t price = price_of(row, state);

    if (price >= 0) {
        fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, price);
        fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
    }
    fleet_pod_set(pod, FLEET_POD_BILLING, billing_of(row, state));
    fleet_pod_set_number(pod, FLEET_POD_SPOT,
                         json_is_true(json_object_get(row, "is_bid")));
}

void vast_pod(struct fleet_pod *pod, const json_t *row, bool recent,
              const struct vast_config *config)
{
    int state = vast_state(row, recent);
    char id[VAST_ID_SIZE];
    struct vast_place place;
    double start;

    if (vast_id(row, "id", id))
        fleet_pod_set(pod, FLEET_POD_ID, id);
    put_name(pod, api_text(row, "label"));
    put_token(pod, token_of(row));
    fleet_pod_set_number(pod, FLEET_POD_STATE, state);
    put_words(pod, row, state);
    put_hardware(pod, row);
    put_region(pod, row);
    put_price(pod, row, state);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, config->ssh_user);
    if (vast_place(row, strcmp(config->ssh, "direct") == 0, &place)) {
        put_clean(pod, FLEET_POD_SSH_HOST, place.host);
        fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, place.port);
    }
    if (api_number(row, "start_date", &start))
        api_pod_time(pod, FLEET_POD_CREATED_AT, start);
}

/* ---- offers ---- */

/* What is not told is not held against an offer. */
static bool at_least(const json_t *row, const char *key, double least)
{
    double value;

    return !api_number(row, key, &value) || value >= least;
}

static bool is_name_wanted(const json_t *row, const struct vast_want *want)
{
    const char *name = api_text(row, "gpu_name");
    const json_t *wanted;
    size_t i;

    json_array_foreach(want->names, i, wanted)
    {
        if (name && vast_gpu_same(json_string_value(wanted), name))
            return true;
    }
    return json_array_size(want->names) == 0;
}

static bool is_country_wanted(const json_t *row, const struct vast_want *want)
{
    const json_t *code;
    char country[3];
    size_t i;

    if (!want->countries ||
        !vast_country(api_text(row, "geolocation"), country))
        return !want->countries;
    json_array_foreach(want->countries, i, code)
    {
        if (strcmp(json_string_value(code), country) == 0)
            return true;
    }
    return false;
}

static bool is_avoided(const json_t *row, const struct vast_want *want)
{
    const json_t *id;
    int64_t machine;
    size_t i;

    if (!api_int(row, "machine_id", &machine))
        return false;
    json_array_foreach(want->avoid, i, id)
    {
        if (json_integer_value(id) == machine)
            return true;
    }
    return false;
}

static bool is_host_wanted(const json_t *row, const struct vast_want *want)
{
    const char *verification = api_text(row, "verification");
    int64_t hosting;
    char address[64];

    if (want->verified && verification && strcmp(verification, "verified") != 0)
        return false;
    if (want->datacenter && api_int(row, "hosting_type", &hosting) &&
        hosting != 1)
        return false;
    clean(address, sizeof(address), api_text(row, "public_ipaddr"));
    return !is_private(address) && !is_avoided(row, want) &&
           is_country_wanted(row, want);
}

static bool is_free(const json_t *row)
{
    return !json_is_false(json_object_get(row, "rentable")) &&
           !json_is_true(json_object_get(row, "rented"));
}

static bool has_price(const json_t *row, const struct vast_want *want)
{
    int64_t bid;

    return vast_offer_price(row, want, &bid) >= 0;
}

bool vast_offer_fits(const json_t *row, const struct vast_want *want,
                     bool any_gpu)
{
    const char *reliability =
        json_object_get(row, "reliability") ? "reliability" : "reliability2";
    char id[VAST_ID_SIZE];
    int64_t gpus;

    return vast_id(row, "id", id) && has_price(row, want) && is_free(row) &&
           is_host_wanted(row, want) &&
           (any_gpu ||
            (is_name_wanted(row, want) &&
             at_least(row, "gpu_ram", (double)want->least_gb * 1000 * 0.9))) &&
           api_int(row, "num_gpus", &gpus) && gpus == want->gpus &&
           at_least(row, "disk_space", (double)want->disk_gb) &&
           at_least(row, reliability, want->reliability) &&
           at_least(row, "direct_port_count", (double)want->ports) &&
           at_least(row, "duration", (double)want->duration_s);
}

int64_t vast_offer_price(const json_t *row, const struct vast_want *want,
                         int64_t *bid_micros)
{
    double storage = storage_price(row, (double)want->disk_gb), base, price;
    int64_t total = api_micros(row, "dph_total");

    *bid_micros = 0;
    if (want->spot) {
        int64_t lowest = api_micros(row, "min_bid");

        *bid_micros = lowest >= 0 ? vast_bid(want->bid_micros, lowest) : -1;
        if (*bid_micros < 0 || storage < 0)
            return -1;
        return *bid_micros + api_to_micros(storage);
    }
    if (storage < 0 || !api_number(row, "dph_base", &base) || base < 0)
        return total;
    price = base + storage;
    return api_to_micros(price) > total ? api_to_micros(price) : total;
}

static void put_tier(struct fleet_offer *offer, const json_t *row,
                     const struct vast_want *want)
{
    const char *tier = *want->tier ? want->tier : tier_of(row);

    if (tier)
        fleet_offer_set(offer, FLEET_OFFER_TIER, tier);
}

void vast_offer(struct fleet_offer *offer, const json_t *row,
                const struct vast_want *want)
{
    char id[VAST_OFFER_SIZE], plain[80], title[100], country[3];
    int64_t ask = 0, bid, gpus = 0, ram = 0;
    int64_t price = vast_offer_price(row, want, &bid);

    api_int(row, "id", &ask);
    vast_offer_id(id, ask, bid);
    fleet_offer_set(offer, FLEET_OFFER_ID, id);
    clean(plain, sizeof(plain), api_text(row, "gpu_name"));
    api_int(row, "gpu_ram", &ram);
    vast_gpu_title(title, sizeof(title), plain, ram);
    fleet_offer_set(offer, FLEET_OFFER_GPU, title);
    api_int(row, "num_gpus", &gpus);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, gpus);
    put_tier(offer, row, want);
    if (vast_country(api_text(row, "geolocation"), country))
        fleet_offer_set(offer, FLEET_OFFER_REGION, country);
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, bid > 0);
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, price);
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY, "USD");
    fleet_offer_set(offer, FLEET_OFFER_STOCK, "1");
}
