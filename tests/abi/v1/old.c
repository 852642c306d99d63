/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A provider as somebody wrote it for the first release: it has one option of
 * every type, offers every function and calls most of the host's. */
#include <fleet/provider.h>

#include <stdlib.h>
#include <string.h>

struct config {
    char *text, *secret, *choice, *path, *list;
    int64_t number, duration, price;
    bool yes;
};

/* clang-format off */
static const char *const aliases[] = {"OLD_WORDS", NULL};
static const char *const choices[] = {"red", "green", NULL};
static const struct fleet_option options[] = {
    {.key = "OLD_TEXT", .type = FLEET_OPT_STRING, .fallback = "old-region",
     .aliases = aliases, .help = "text", FLEET_AT(struct config, text)},
    {.key = "OLD_SECRET", .type = FLEET_OPT_SECRET, .flags = FLEET_OPT_REQUIRED,
     .help = "secret", FLEET_AT(struct config, secret)},
    {.key = "OLD_CHOICE", .type = FLEET_OPT_CHOICE, .choices = choices,
     .fallback = "green", .help = "choice", FLEET_AT(struct config, choice)},
    {.key = "OLD_PATH", .type = FLEET_OPT_PATH, .fallback = "/tmp",
     .help = "path", FLEET_AT(struct config, path)},
    {.key = "OLD_LIST", .type = FLEET_OPT_LIST,
     .help = "list", FLEET_AT(struct config, list)},
    {.key = "OLD_NUMBER", .type = FLEET_OPT_INT, .fallback = "3", .min = 1,
     .max = 8, .help = "number", FLEET_AT(struct config, number)},
    {.key = "OLD_DURATION", .type = FLEET_OPT_DURATION, .fallback = "90s",
     .help = "duration", FLEET_AT(struct config, duration)},
    {.key = "OLD_PRICE", .type = FLEET_OPT_PRICE, .fallback = "0.25",
     .help = "price", FLEET_AT(struct config, price)},
    {.key = "OLD_YES", .type = FLEET_OPT_BOOL, .fallback = "yes",
     .help = "yes or no", FLEET_AT(struct config, yes)},
    {0},
};
/* clang-format on */

struct old {
    const struct config *config;
    struct fleet_host *host;
};

static int old_open(const void *config, struct fleet_host *host, void **handle,
                    struct fleet_error *err)
{
    struct old *old = calloc(1, sizeof(*old));

    if (!old)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    old->config = config;
    old->host = host;
    *handle = old;
    return FLEET_OK;
}

static void old_close(void *handle)
{
    free(handle);
}

static void fill(const struct old *old, const char *name, struct fleet_pod *pod)
{
    const struct config *config = old->config;

    fleet_pod_set(pod, FLEET_POD_ID, "old-1");
    fleet_pod_set(pod, FLEET_POD_NAME, name);
    fleet_pod_set_number(pod, FLEET_POD_STATE,
                         fleet_state_from_name("running"));
    fleet_pod_set(pod, FLEET_POD_PROVIDER_STATE,
                  fleet_state_name(FLEET_STATE_RUNNING));
    fleet_pod_set(pod, FLEET_POD_GPU, config->choice);
    fleet_pod_set_number(pod, FLEET_POD_GPUS, config->number);
    fleet_pod_set(pod, FLEET_POD_REGION, config->text);
    fleet_pod_set(pod, FLEET_POD_TIER, fleet_host_name(old->host));
    fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, config->price);
    fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
    fleet_pod_set(pod, FLEET_POD_BILLING, "running");
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "203.0.113.7");
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, 22);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, "root");
    fleet_pod_set(pod, FLEET_POD_IMAGE, config->path);
    fleet_pod_set(pod, FLEET_POD_CREATED_AT, "2026-11-20T09:00:00Z");
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, config->yes);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, config->duration == 90000);
    fleet_pod_set(pod, FLEET_POD_HOST_KEY, "ssh-ed25519 AAAA");
    fleet_pod_set(pod, FLEET_POD_TOKEN, "c-1");
}

static int old_list(void *handle, struct fleet_sink *pods,
                    struct fleet_error *err)
{
    struct fleet_pod *pod = fleet_sink_pod(pods);

    if (!pod)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    fill(handle, "arena-apple", pod);
    return FLEET_OK;
}

static int old_offers(void *handle, const struct fleet_spec *want,
                      struct fleet_sink *offers, struct fleet_error *err)
{
    struct fleet_offer *offer = fleet_sink_offer(offers);

    (void)handle;
    if (!offer)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    fleet_offer_set(offer, FLEET_OFFER_ID, "offer-1");
    fleet_offer_set(offer, FLEET_OFFER_GPU,
                    fleet_spec_get(want, FLEET_SPEC_GPU));
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS,
                           fleet_spec_get_number(want, FLEET_SPEC_GPUS, 1));
    return FLEET_OK;
}

static int old_create(void *handle, const struct fleet_spec *spec,
                      struct fleet_pod *pod, struct fleet_error *err)
{
    if (fleet_call_left_ms() <= 0)
        return fleet_fail(err, FLEET_ETIMEOUT, "too late");
    fill(handle, fleet_spec_get(spec, FLEET_SPEC_NAME), pod);
    return FLEET_OK;
}

static int old_find(void *handle, const char *token, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    if (strcmp(token, "c-1") != 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "no pod has token %s", token);
    fill(handle, "arena-apple", pod);
    return FLEET_OK;
}

static int old_get(void *handle, const char *id, struct fleet_pod *pod,
                   struct fleet_error *err)
{
    if (strcmp(id, "old-1") != 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "there is no pod %s", id);
    fill(handle, "arena-apple", pod);
    return FLEET_OK;
}

static int old_act(void *handle, const char *id, struct fleet_error *err)
{
    const struct old *old = handle;

    fleet_log(FLEET_LOG_INFO, fleet_host_name(old->host), "acts on %s", id);
    return fleet_call_sleep(0, err);
}

static int old_rename(void *handle, const char *id, const char *name,
                      struct fleet_error *err)
{
    (void)name;
    return old_act(handle, id, err);
}

static int old_lock(void *handle, const char *id, int32_t locked,
                    struct fleet_error *err)
{
    (void)handle;
    (void)id;
    return fleet_fail(err, FLEET_EUNSUPPORTED, "%s: locks are out of %s",
                      locked ? "lock" : "unlock",
                      fleet_code_name(FLEET_EUNSUPPORTED));
}

static int old_balance(void *handle, int64_t *micros, char currency[8],
                       struct fleet_error *err)
{
    (void)handle;
    (void)err;
    *micros = 1000000;
    memcpy(currency, "USD", 4);
    return FLEET_OK;
}

static uint64_t old_abilities(void *handle)
{
    (void)handle;
    return ~FLEET_CAN(FLEET_OP_RENAME);
}

static const struct fleet_provider_ops ops = {
    .open = old_open,
    .close = old_close,
    .list = old_list,
    .offers = old_offers,
    .create = old_create,
    .find = old_find,
    .get = old_get,
    .start = old_act,
    .stop = old_act,
    .restart = old_act,
    .terminate = old_act,
    .rename = old_rename,
    .lock = old_lock,
    .balance = old_balance,
    .abilities = old_abilities,
};

static const struct fleet_pace pace[] = {{FLEET_OP_CREATE, 1}, {0, 0}};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "old",
    .version = "1.0",
    .summary = "from the first release",
    .threads = FLEET_THREADS_PARALLEL,
    .caps = FLEET_CAP_SPOT,
    .options = options,
    .config_size = sizeof(struct config),
    .pace = pace,
};
