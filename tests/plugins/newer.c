/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A plugin from the future of ABI 1: everything has grown at its end, options
 * have a type of their own, and the pod has a field that nobody here knows. */
#include <fleet/provider.h>

struct config {
    char *greeting;
    int64_t size;
};

struct newer_option {
    struct fleet_option known;
    const char *unit;
    uint64_t more[3];
};
static const struct newer_option options[] = {
    {.known = {.key = "NEWER_GREETING",
               .type = FLEET_OPT_STRING,
               .fallback = "hello",
               .help = "the first one",
               FLEET_AT(struct config, greeting)},
     .unit = "words"},
    {.known = {.key = "NEWER_SIZE",
               .type = FLEET_OPT_INT,
               .fallback = "7",
               .min = 1,
               .max = 9,
               .help = "found only by who walks in the right stride",
               FLEET_AT(struct config, size)}},
    {.unit = NULL},
};

#define POD_FIELD_OF_THE_FUTURE 4711

static int newer_open(const void *config, struct fleet_host *host,
                      void **handle, struct fleet_error *err)
{
    (void)host;
    (void)err;
    *handle = (void *)config;
    return FLEET_OK;
}

static void newer_close(void *handle)
{
    (void)handle;
}

static int newer_list(void *handle, struct fleet_sink *pods,
                      struct fleet_error *err)
{
    const struct config *config = handle;
    struct fleet_pod *pod = fleet_sink_pod(pods);

    (void)err;
    if (!pod)
        return FLEET_ENOMEM;
    fleet_pod_set(pod, FLEET_POD_ID, "newer-1");
    fleet_pod_set(pod, FLEET_POD_NAME, config->greeting);
    fleet_pod_set_number(pod, FLEET_POD_GPUS, config->size);
    fleet_pod_set(pod, POD_FIELD_OF_THE_FUTURE, "ignored");
    fleet_pod_set_number(pod, POD_FIELD_OF_THE_FUTURE + 1, -1);
    return FLEET_OK;
}

static int newer_teleport(void *handle)
{
    (void)handle;
    return FLEET_OK;
}

static const struct newer_ops {
    struct fleet_provider_ops known;
    int (*teleport)(void *handle);
    int (*more[5])(void *handle);
} ops = {
    .known = {.open = newer_open, .close = newer_close, .list = newer_list},
    .teleport = newer_teleport,
};

struct newer_plugin {
    struct fleet_plugin known;
    const char *licence;
    uint64_t more[7];
};
/* Known to the linker by the name that every plugin's descriptor has. */
FLEET_API extern const struct newer_plugin newer_plugin __asm__("fleet_plugin");
const struct newer_plugin newer_plugin = {
    .known = {.abi = FLEET_PLUGIN_ABI,
              .size = sizeof(struct newer_plugin),
              .kind = FLEET_PROVIDER,
              .ops_size = sizeof(ops),
              .option_size = sizeof(struct newer_option),
              .threads = 99,
              .caps = UINT64_C(1) << 63,
              .name = "newer",
              .version = "99.0",
              .summary = "from the future of ABI 1",
              .options = &options[0].known,
              .config_size = sizeof(struct config),
              .ops = {.any = &ops}},
    .licence = "MIT",
};
