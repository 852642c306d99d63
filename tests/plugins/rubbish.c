/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A provider that answers in every wrong way there is. */
#include <fleet/provider.h>

#include <string.h>

struct config {
    char *with, *key;
};

/* clang-format off */
static const char *const ways[] = {
    "code", "unknown", "silence", "words", "secret", "fields", "many", "kind",
    "noid", "nothing", "twins", "ignore", NULL,
};
static const struct fleet_option options[] = {
    {.key = "RUBBISH_WITH", .type = FLEET_OPT_CHOICE, .choices = ways,
     .fallback = "code", .help = "what is wrong with the answer",
     FLEET_AT(struct config, with)},
    {.key = "RUBBISH_KEY", .type = FLEET_OPT_SECRET, .fallback = "tell-nobody",
     .help = "what it cannot keep to itself",
     FLEET_AT(struct config, key)},
    {0},
};
/* clang-format on */

static int rubbish_open(const void *config, struct fleet_host *host,
                        void **handle, struct fleet_error *err)
{
    (void)host;
    (void)err;
    *handle = (void *)config;
    return FLEET_OK;
}

static void rubbish_close(void *handle)
{
    (void)handle;
}

static struct fleet_pod *named(struct fleet_sink *pods, const char *id,
                               const char *name)
{
    struct fleet_pod *pod = fleet_sink_pod(pods);

    fleet_pod_set(pod, FLEET_POD_ID, id);
    fleet_pod_set(pod, FLEET_POD_NAME, name);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    return pod;
}

static void bad_fields(struct fleet_sink *pods)
{
    fleet_pod_set(named(pods, "r1", "utf8"), FLEET_POD_GPU, "\xff\xfe");
    fleet_pod_set(named(pods, "r2", "bell"), FLEET_POD_IMAGE, "a\ab");
    fleet_pod_set(named(pods, "r3", "host"), FLEET_POD_SSH_HOST, "a b;rm -rf");
    fleet_pod_set_number(named(pods, "r4", "port"), FLEET_POD_SSH_PORT, 0);
    fleet_pod_set_number(named(pods, "r5", "state"), FLEET_POD_STATE, 4711);
    fleet_pod_set(named(pods, "r6", "type"), FLEET_POD_GPUS, "many");
    named(pods, "r7", "fine");
}

static int rubbish_list(void *handle, struct fleet_sink *pods,
                        struct fleet_error *err)
{
    const struct config *config = handle;
    const char *with = config->with;

    if (strcmp(with, "code") == 0)
        return 42;
    if (strcmp(with, "unknown") == 0)
        return -4711;
    if (strcmp(with, "silence") == 0)
        return FLEET_EAUTH;
    if (strcmp(with, "words") == 0) {
        memset(err->text, '\xff', sizeof(err->text)); /* no end, no UTF-8 */
        return FLEET_EINVALID;
    }
    if (strcmp(with, "secret") == 0)
        return fleet_fail(err, FLEET_EAUTH, "key %s refused", config->key);
    if (strcmp(with, "fields") == 0)
        bad_fields(pods);
    if (strcmp(with, "kind") == 0)
        fleet_offer_set(fleet_sink_offer(pods), FLEET_OFFER_ID, "o1");
    if (strcmp(with, "noid") == 0)
        named(pods, NULL, "arena-apple");
    if (strcmp(with, "nothing") == 0)
        named(pods, NULL, NULL);
    if (strcmp(with, "twins") == 0) {
        named(pods, "same", "first");
        named(pods, "same", "second");
    }
    while (strcmp(with, "many") == 0 && fleet_sink_pod(pods))
        ;
    /* Does not care that the sink is full. */
    for (int i = 0; strcmp(with, "ignore") == 0 && i < 300000; i++)
        fleet_sink_pod(pods);
    return FLEET_OK;
}

/* A pod, and an answer that says nothing about it. */
static int rubbish_create(void *handle, const struct fleet_spec *spec,
                          struct fleet_pod *pod, struct fleet_error *err)
{
    const struct config *config = handle;

    (void)spec;
    (void)err;
    if (strcmp(config->with, "code") == 0)
        return 42;
    fleet_pod_set(pod, FLEET_POD_NAME, "without-an-id");
    return FLEET_OK;
}

static int rubbish_get(void *handle, const char *id, struct fleet_pod *pod,
                       struct fleet_error *err)
{
    (void)handle;
    (void)id;
    (void)err;
    fleet_pod_set(pod, FLEET_POD_ID, "somebody-else");
    return FLEET_OK;
}

static int rubbish_balance(void *handle, int64_t *micros, char currency[8],
                           struct fleet_error *err)
{
    (void)handle;
    (void)err;
    *micros = INT64_MIN;
    memset(currency, 'X', 8);
    return FLEET_OK;
}

static uint64_t rubbish_abilities(void *handle)
{
    (void)handle;
    return ~UINT64_C(0); /* also of what it has no functions for */
}

static const struct fleet_provider_ops ops = {
    .open = rubbish_open,
    .close = rubbish_close,
    .list = rubbish_list,
    .create = rubbish_create,
    .get = rubbish_get,
    .balance = rubbish_balance,
    .abilities = rubbish_abilities,
};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "rubbish",
    .version = "1.0",
    .summary = "wrong in every way, for tests",
    .threads = FLEET_THREADS_PER_HANDLE,
    .options = options,
    .config_size = sizeof(struct config),
};
