/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/runpod/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- a pod ---- */

/* What is not in the table may be billing: unknown. */
static enum fleet_state state_of(const char *status)
{
    static const struct {
        const char *word;
        enum fleet_state state;
    } states[] = {
        {"PROVISIONING", FLEET_STATE_PENDING},
        {"STARTING", FLEET_STATE_PENDING},
        {"RUNNING", FLEET_STATE_RUNNING},
        {"EXITED", FLEET_STATE_STOPPED},
        {"ERROR", FLEET_STATE_FAILED},
        {"TERMINATED", FLEET_STATE_GONE},
    };

    for (size_t i = 0; status && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].word, status) == 0)
            return states[i].state;
    }
    return FLEET_STATE_UNKNOWN;
}

static void set_endpoint(struct fleet_pod *pod, const char *host, int64_t port,
                         const char *user)
{
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, host);
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, port);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, user ? user : "root");
}

/* Only the direct way: the proxy is no place for scp or a forwarded port, and
 * is filled in for pods that nobody can reach. */
static bool read_direct(const json_t *from, struct fleet_pod *pod)
{
    const json_t *direct = api_object(api_object(from, "ssh"), "direct");
    const char *host = api_text(direct, "host");
    int64_t port;

    if (!host || !api_int(direct, "port", &port))
        return false;
    set_endpoint(pod, host, port, api_text(direct, "username"));
    return true;
}

/* Their order changes from call to call: look for the one that is meant. */
static void read_mapped(const json_t *from, struct fleet_pod *pod)
{
    const json_t *ports = json_object_get(api_object(from, "runtime"), "ports");
    const json_t *entry;
    size_t i;

    json_array_foreach(ports, i, entry)
    {
        const char *type = api_text(entry, "type");
        const char *host = api_text(entry, "ip");
        int64_t inside, outside;

        if (type && strcmp(type, "tcp") == 0 && host &&
            api_int(entry, "private", &inside) && inside == 22 &&
            api_int(entry, "public", &outside)) {
            set_endpoint(pod, host, outside, "root");
            return;
        }
    }
}

static const char *billing_of(const json_t *from, enum fleet_state state)
{
    bool volume = api_object(api_object(from, "mounts"), "persistent");

    switch (state) {
    case FLEET_STATE_STOPPED:
        return volume ? "volume storage, at twice the rate" : "nothing";
    case FLEET_STATE_GONE:
        return "nothing";
    default: /* what is not known to be free may bill */
        return "compute and storage";
    }
}

/* A stopped pod may still carry the price that it had. */
static void read_money(const json_t *from, enum fleet_state state,
                       struct fleet_pod *pod)
{
    bool idle = state == FLEET_STATE_STOPPED || state == FLEET_STATE_GONE;
    int64_t price = idle ? 0 : api_micros(from, "cost");

    if (price >= 0) {
        fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, price);
        fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
    }
    fleet_pod_set(pod, FLEET_POD_BILLING, billing_of(from, state));
}

/* "2026-10-08T09:33:33.607Z": without the fraction. */
static void read_created(const json_t *from, struct fleet_pod *pod)
{
    const char *text = api_text(from, "createdAt");
    char stamp[24];

    if (!text || strlen(text) < 20)
        return;
    snprintf(stamp, sizeof(stamp), "%.19sZ", text);
    fleet_pod_set(pod, FLEET_POD_CREATED_AT, stamp);
}

static void read_gpu(const json_t *from, struct fleet_pod *pod)
{
    const json_t *gpu = api_object(from, "gpu");
    int64_t count;

    api_pod_text(pod, FLEET_POD_GPU, gpu, "id");
    if (gpu && api_int(gpu, "count", &count))
        fleet_pod_set_number(pod, FLEET_POD_GPUS, count);
    else if (api_object(from, "cpu"))
        fleet_pod_set_number(pod, FLEET_POD_GPUS, 0);
}

void runpod_read_pod(const json_t *from, struct fleet_pod *pod)
{
    const char *status = api_text(from, "status");
    enum fleet_state state = state_of(status);

    api_pod_text(pod, FLEET_POD_ID, from, "id");
    api_pod_text(pod, FLEET_POD_NAME, from, "name");
    api_pod_text(pod, FLEET_POD_PROVIDER_STATE, from, "status");
    fleet_pod_set_number(pod, FLEET_POD_STATE, state);
    read_gpu(from, pod);
    api_pod_text(pod, FLEET_POD_REGION, from, "dataCenterId");
    api_pod_text(pod, FLEET_POD_TIER, from, "cloud");
    api_pod_text(pod, FLEET_POD_IMAGE, from, "image");
    api_pod_text(pod, FLEET_POD_TOKEN, api_object(from, "env"), RUNPOD_TOKEN);
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, api_true(from, "locked"));
    read_money(from, state, pod);
    read_created(from, pod);
    if (state == FLEET_STATE_RUNNING && !read_direct(from, pod))
        read_mapped(from, pod);
}

/* ---- pages ---- */

/* *cursor, or NULL after the last page. No "pagination" at all: one page. */
static int next_page(const json_t *answer, const char **cursor,
                     struct fleet_error *err)
{
    const json_t *pages = api_object(answer, "pagination");
    const char *next = api_text(pages, "nextCursor");

    *cursor = NULL;
    if (!api_true(pages, "hasNextPage"))
        return FLEET_OK;
    if (!next || !*next)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "the list says that there is more and not where");
    *cursor = next;
    return FLEET_OK;
}

bool runpod_has_pods(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "pods")) > 0;
}

static json_t *note_of(const json_t *machine)
{
    const char *start = api_text(machine, "maintenanceStart");
    const char *end = api_text(machine, "maintenanceEnd");
    const char *note = api_text(machine, "maintenanceNote");

    if (!start)
        return NULL;
    return json_sprintf("maintenance of its host from %.40s to %.40s%s%.100s",
                        start, end ? end : "(no end is told)", note ? ": " : "",
                        note ? note : "");
}

json_t *runpod_read_notes(const json_t *answer)
{
    const json_t *myself = api_object(api_object(answer, "data"), "myself");
    const json_t *list = json_object_get(myself, "pods"), *entry;
    json_t *notes = json_object();
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *id = api_text(entry, "id");
        json_t *note = note_of(api_object(entry, "machine"));

        if (id && note && notes)
            json_object_set(notes, id, note);
        json_decref(note);
    }
    return notes;
}

int runpod_read_page(const json_t *answer, const json_t *notes,
                     struct fleet_sink *pods, const char **cursor,
                     struct fleet_error *err)
{
    const json_t *list, *entry;
    size_t i;
    int rc = api_list(answer, "pods", &list, err);

    if (rc < 0)
        return rc;
    json_array_foreach(list, i, entry)
    {
        struct fleet_pod *pod;

        if (!json_is_object(entry))
            return fleet_fail(err, FLEET_EINTERNAL,
                              "the list of pods holds what is no pod");
        pod = fleet_sink_pod(pods);
        if (!pod)
            return api_enomem(err);
        runpod_read_pod(entry, pod);
        if (notes && api_text(entry, "id"))
            api_pod_text(pod, FLEET_POD_NOTE, notes, api_text(entry, "id"));
    }
    return next_page(answer, cursor, err);
}

int runpod_search_page(const json_t *answer, const char *token,
                       struct fleet_pod *pod, bool *found, const char **cursor,
                       struct fleet_error *err)
{
    const json_t *list, *entry;
    size_t i;
    int rc = api_list(answer, "pods", &list, err);

    if (rc < 0)
        return rc;
    json_array_foreach(list, i, entry)
    {
        const char *has = api_text(api_object(entry, "env"), RUNPOD_TOKEN);

        if (has && strcmp(has, token) == 0) {
            runpod_read_pod(entry, pod);
            *found = true;
            return FLEET_OK;
        }
    }
    return next_page(answer, cursor, err);
}

/* ---- the catalogue ---- */

static const char *flag_of(const char *tier)
{
    return strcmp(tier, "SECURE") == 0 ? "secure" : "community";
}

/* A price counts only where the tier has the GPU at all; elsewhere it is a
 * placeholder. */
static bool can_be_had(const json_t *gpu, const char *tier, int64_t count)
{
    const char *flag = flag_of(tier);
    const char *id = api_text(gpu, "id");
    int64_t most;

    return id && *id && strcmp(id, "unknown") != 0 && api_true(gpu, flag) &&
           api_int(api_object(gpu, "maxCount"), flag, &most) && most >= count;
}

static void set_stock(struct fleet_offer *offer, const json_t *gpu)
{
    const char *stock = api_text(gpu, "availability");
    char word[16] = "";

    for (size_t i = 0; stock && stock[i] && i + 1 < sizeof(word); i++) {
        word[i] = stock[i];
        if (word[i] >= 'A' && word[i] <= 'Z')
            word[i] = (char)(word[i] - 'A' + 'a');
    }
    if (word[0])
        fleet_offer_set(offer, FLEET_OFFER_STOCK, word);
}

static int add_offer(const json_t *gpu, const char *tier, int64_t count,
                     struct fleet_sink *offers, struct fleet_error *err)
{
    int64_t each = api_micros(api_object(gpu, "price"), flag_of(tier));
    const char *id = api_text(gpu, "id");
    struct fleet_offer *offer = fleet_sink_offer(offers);
    AUTO_FREE char *whole = NULL;

    if (!offer || asprintf(&whole, "%s/%s", tier, id) < 0) {
        whole = NULL;
        return api_enomem(err);
    }
    fleet_offer_set(offer, FLEET_OFFER_ID, whole);
    fleet_offer_set(offer, FLEET_OFFER_GPU, id);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, count);
    fleet_offer_set(offer, FLEET_OFFER_TIER, tier);
    if (each > 0) {
        fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, each * count);
        fleet_offer_set(offer, FLEET_OFFER_CURRENCY, "USD");
    }
    set_stock(offer, gpu);
    return FLEET_OK;
}

int runpod_read_catalogue(const json_t *answer, const char *tier, int64_t count,
                          struct fleet_sink *offers, struct fleet_error *err)
{
    const json_t *list, *gpu;
    size_t i;
    int rc = api_list(answer, "gpus", &list, err);

    if (rc < 0)
        return rc;
    json_array_foreach(list, i, gpu)
    {
        if (can_be_had(gpu, tier, count))
            rc = add_offer(gpu, tier, count, offers, err);
        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

bool runpod_split_offer(const char *id, char tier[RUNPOD_TIER_SIZE],
                        const char **gpu)
{
    const char *slash = id ? strchr(id, '/') : NULL;
    size_t len = slash ? (size_t)(slash - id) : 0;

    if (len == 0 || len >= RUNPOD_TIER_SIZE || !slash[1])
        return false;
    memcpy(tier, id, len);
    tier[len] = '\0';
    *gpu = slash + 1;
    return true;
}

/* ---- money ---- */

int runpod_read_balance(const json_t *answer, int64_t *micros,
                        struct fleet_error *err)
{
    const json_t *myself = api_object(api_object(answer, "data"), "myself");
    double amount;

    if (!api_number(answer, "balanceAmount", &amount) &&
        !api_number(myself, "clientBalance", &amount))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "an answer without the balance");
    *micros = api_to_micros(amount);
    return FLEET_OK;
}
