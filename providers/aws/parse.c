/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/parse.h"

#include <fleet/record.h>
#include <stdio.h>
#include <string.h>

#define SSH_PORT 22

const char *parse_tag(const json_t *thing, const char *key)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(xml_list(thing, "tagSet"), i, tag)
    {
        const char *has = api_text(tag, "key");

        if (has && strcmp(has, key) == 0)
            return api_text(tag, "value");
    }
    return NULL;
}

bool parse_is_ours(const json_t *thing)
{
    const char *owner = parse_tag(thing, TAG_OWNER);

    return owner && strcmp(owner, TAG_FLEET) == 0;
}

static const char *state_name(const json_t *instance)
{
    const char *name = xml_text(instance, "instanceState/name");

    return name ? name : "";
}

bool parse_is_terminated(const json_t *instance)
{
    return strcmp(state_name(instance), "terminated") == 0;
}

bool parse_is_leaving(const json_t *instance)
{
    return parse_is_terminated(instance) ||
           strcmp(state_name(instance), "shutting-down") == 0;
}

bool parse_is_spot(const json_t *instance)
{
    const char *cycle = api_text(instance, "instanceLifecycle");

    return cycle && strcmp(cycle, "spot") == 0;
}

const char *parse_zone(const json_t *instance)
{
    return xml_text(instance, "placement/availabilityZone");
}

/* ---- instances ---- */

static int state_of(const char *name)
{
    static const struct {
        const char *name;
        int state;
    } states[] = {
        {"pending", FLEET_STATE_PENDING},
        {"running", FLEET_STATE_RUNNING},
        {"stopping", FLEET_STATE_STOPPING},
        {"stopped", FLEET_STATE_STOPPED},
        {"shutting-down", FLEET_STATE_TERMINATING},
        {"terminated", FLEET_STATE_GONE},
    };

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].name, name) == 0)
            return states[i].state;
    }
    return FLEET_STATE_UNKNOWN;
}

/* Why it stops or ends, where it was not told to. */
static const char *interruption(const json_t *instance)
{
    const char *code = xml_text(instance, "stateReason/code");

    if (!code || strncmp(code, "Client.User", 11) == 0)
        return NULL;
    if (strncmp(code, "Server.Spot", 11) == 0)
        return "spot interruption: AWS takes it back";
    return strncmp(code, "Server.", 7) == 0 || strncmp(code, "Client.", 7) == 0
               ? code
               : NULL;
}

static void put_state(const json_t *instance, struct fleet_pod *pod)
{
    const char *name = state_name(instance), *why = interruption(instance);
    int state = state_of(name);
    char word[200];

    fleet_pod_set_number(pod, FLEET_POD_STATE, state);
    if (state == FLEET_STATE_PENDING || state == FLEET_STATE_RUNNING)
        why = NULL; /* of the last time that it was stopped */
    snprintf(word, sizeof(word), "%.40s%s%.120s%s", *name ? name : "not told",
             why ? " (" : "", why ? why : "", why ? ")" : "");
    fleet_pod_set(pod, FLEET_POD_PROVIDER_STATE, word);
    if (why)
        fleet_pod_set(pod, FLEET_POD_NOTE, why);
    fleet_pod_set(pod, FLEET_POD_BILLING,
                  state == FLEET_STATE_STOPPED ? "EBS disks"
                                               : "instance and EBS disks");
}

static void put_address(const json_t *instance, struct fleet_pod *pod)
{
    const char *host = api_text(instance, "ipAddress");
    const char *port = parse_tag(instance, TAG_PORT);
    int64_t number = SSH_PORT;
    json_t *text;

    if (!host)
        host = api_text(instance, "privateIpAddress");
    if (!host || state_of(state_name(instance)) != FLEET_STATE_RUNNING)
        return;
    text = port ? json_pack("{s:s}", "port", port) : NULL;
    if (text &&
        (!api_int(text, "port", &number) || number < 1 || number > 65535))
        number = SSH_PORT;
    json_decref(text);
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, host);
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, number);
}

/* Tags that somebody else has written are nothing to believe in. */
static void put_tags(const json_t *instance, struct fleet_pod *pod)
{
    const char *lock = parse_tag(instance, TAG_LOCK);

    fleet_pod_set(pod, FLEET_POD_NAME, parse_tag(instance, TAG_NAME));
    if (!parse_is_ours(instance))
        return;
    fleet_pod_set(pod, FLEET_POD_TOKEN, parse_tag(instance, TAG_TOKEN));
    fleet_pod_set(pod, FLEET_POD_SSH_USER, parse_tag(instance, TAG_USER));
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, lock && *lock == '1');
}

int parse_instance(const json_t *instance, struct fleet_pod *pod,
                   struct fleet_error *err)
{
    const char *id = api_text(instance, "instanceId");
    const char *launched = api_text(instance, "launchTime");
    char when[32];

    if (!id)
        return fleet_fail(err, FLEET_EINTERNAL, "an instance without an id");
    fleet_pod_set(pod, FLEET_POD_ID, id);
    put_state(instance, pod);
    put_address(instance, pod);
    put_tags(instance, pod);
    fleet_pod_set(pod, FLEET_POD_REGION, parse_zone(instance));
    fleet_pod_set(pod, FLEET_POD_TIER, api_text(instance, "instanceType"));
    fleet_pod_set(pod, FLEET_POD_IMAGE, api_text(instance, "imageId"));
    fleet_pod_set_number(pod, FLEET_POD_SPOT, parse_is_spot(instance));
    if (launched && strlen(launched) >= 19) { /* without the fraction */
        snprintf(when, sizeof(when), "%.19sZ", launched);
        fleet_pod_set(pod, FLEET_POD_CREATED_AT, when);
    }
    return FLEET_OK;
}

static int each_of(const json_t *list, parse_each *each, void *arg,
                   struct fleet_error *err)
{
    const json_t *instance;
    size_t i;
    int rc = FLEET_OK;

    json_array_foreach(list, i, instance)
    {
        if (rc == FLEET_OK)
            rc = each(arg, instance, err);
    }
    return rc;
}

int parse_instances(const json_t *answer, parse_each *each, void *arg,
                    struct fleet_error *err)
{
    const json_t *reservation;
    size_t i;
    int rc;

    /* With nothing at all in it it is the answer to something else. */
    if (!api_text(answer, "requestId") && !api_text(answer, "reservationId") &&
        !xml_list(answer, "reservationSet"))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "an answer without reservations");
    rc = each_of(xml_list(answer, "instancesSet"), each, arg, err);
    json_array_foreach(xml_list(answer, "reservationSet"), i, reservation)
    {
        if (rc == FLEET_OK)
            rc = each_of(xml_list(reservation, "instancesSet"), each, arg, err);
    }
    return rc;
}

const char *parse_next(const json_t *answer)
{
    const char *next = api_text(answer, "nextToken");

    return next && *next ? next : NULL;
}

/* ---- types ---- */

static bool has_text(const json_t *list, const char *text)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *has = json_string_value(entry);

        if (has && strcmp(has, text) == 0)
            return true;
    }
    return false;
}

bool parse_has_market(const json_t *type, bool spot)
{
    return has_text(xml_list(type, "supportedUsageClasses"),
                    spot ? "spot" : "on-demand");
}

const char *parse_architecture(const json_t *type)
{
    const json_t *list = xml_list(type, "processorInfo/supportedArchitectures");

    if (has_text(list, "x86_64"))
        return "x86_64";
    return has_text(list, "arm64") ? "arm64" : NULL;
}

const char *parse_gpu(const json_t *type, int64_t *count)
{
    const json_t *gpu = json_array_get(xml_list(type, "gpuInfo/gpus"), 0);

    *count = 0;
    if (!gpu)
        return NULL;
    if (!api_int(gpu, "count", count) || *count < 1)
        *count = 1;
    return api_text(gpu, "name");
}

bool parse_keeps(const json_t *instance, const json_t *type)
{
    const char *root = api_text(instance, "rootDeviceType");
    const char *has = api_text(type, "instanceStorageSupported");

    return type && root && strcmp(root, "ebs") == 0 &&
           !api_object(type, "instanceStorageInfo") &&
           !(has && strcmp(has, "true") == 0);
}

/* ---- images ---- */

const json_t *parse_newest(const json_t *images, const char *architecture)
{
    const json_t *image, *best = NULL;
    size_t i;

    json_array_foreach(images, i, image)
    {
        const char *has = api_text(image, "architecture");
        const char *made = api_text(image, "creationDate");
        const char *before = best ? api_text(best, "creationDate") : NULL;

        if (!has || strcmp(has, architecture) != 0 ||
            !api_text(image, "imageId"))
            continue;
        if (!best || strcmp(made ? made : "", before ? before : "") > 0)
            best = image;
    }
    return best;
}

/* ---- prices ---- */

static bool is_text(const json_t *object, const char *key, const char *wanted)
{
    const char *has = api_text(object, key);

    return has && strcmp(has, wanted) == 0;
}

int64_t parse_spot_price(const json_t *history, const char *type,
                         const char *zone)
{
    const json_t *entry;
    int64_t least = -1;
    size_t i;

    json_array_foreach(history, i, entry)
    {
        int64_t price = api_micros(entry, "spotPrice");

        if (price < 0 || !is_text(entry, "instanceType", type) ||
            (zone && !is_text(entry, "availabilityZone", zone)))
            continue;
        if (least < 0 || price < least)
            least = price;
    }
    return least;
}

/* {"terms": {"OnDemand": {SKU: {"priceDimensions": {X: {"pricePerUnit":
 * {"USD": "1.006"}, "unit": "Hrs"}}}}}} */
static int64_t price_in(const json_t *product)
{
    json_t *terms =
        json_object_get(json_object_get(product, "terms"), "OnDemand");
    json_t *offer = json_object_iter_value(json_object_iter(terms));
    json_t *sizes = json_object_get(offer, "priceDimensions");
    json_t *size = json_object_iter_value(json_object_iter(sizes));

    if (!is_text(size, "unit", "Hrs"))
        return -1;
    return api_micros(json_object_get(size, "pricePerUnit"), "USD");
}

/* Each entry of the list is JSON within a string. Reserved capacity that is not
 * used costs 0 there. */
int64_t parse_list_price(const json_t *answer)
{
    const json_t *entry;
    int64_t most = -1;
    size_t i;

    json_array_foreach(json_object_get(answer, "PriceList"), i, entry)
    {
        const char *text = json_string_value(entry);
        AUTO_JSON json_t *product = text ? json_loads(text, 0, NULL) : NULL;
        int64_t price = price_in(product ? product : entry);

        if (price > most)
            most = price;
    }
    return most > 0 ? most : -1;
}

/* Linux on demand, as the price list had it then. */
int64_t parse_table_price(const char *region, const char *type)
{
    static const struct {
        const char *type;
        int64_t micros;
    } prices[] = {
        {"g4ad.xlarge", 378530},   {"g4dn.12xlarge", 3912000},
        {"g4dn.xlarge", 526000},   {"g5.12xlarge", 5672000},
        {"g5.2xlarge", 1212000},   {"g5.48xlarge", 16288000},
        {"g5.xlarge", 1006000},    {"g5g.xlarge", 420000},
        {"g6.xlarge", 804800},     {"g6e.xlarge", 1861000},
        {"p3.2xlarge", 3060000},   {"p4d.24xlarge", 21957642},
        {"p5.48xlarge", 55040000},
    };

    if (strcmp(region, "us-east-1") != 0 && strcmp(region, "us-west-2") != 0)
        return -1;
    for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++) {
        if (strcmp(prices[i].type, type) == 0)
            return prices[i].micros;
    }
    return -1;
}
