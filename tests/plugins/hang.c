/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A provider with one call that never returns, deadline or not. */
#include <fleet/provider.h>

#include <string.h>
#include <unistd.h>

struct config {
    char *in;
};

static const char *const calls[] = {"open", "close",     "list", "create",
                                    "find", "terminate", "none", NULL};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "HANG_IN", .type = FLEET_OPT_CHOICE, .choices = calls,
     .fallback = "list", .help = "the call that never returns",
     FLEET_AT(struct config, in)},
    {0},
};
/* clang-format on */

static void maybe_hang(const struct config *config, const char *call)
{
    while (strcmp(config->in, call) == 0)
        pause();
}

static int hang_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    (void)host;
    (void)err;
    maybe_hang(config, "open");
    *handle = (void *)config;
    return FLEET_OK;
}

static void hang_close(void *handle)
{
    maybe_hang(handle, "close");
}

static int hang_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    (void)pods;
    (void)err;
    maybe_hang(handle, "list");
    return FLEET_OK;
}

static int hang_create(void *handle, const struct fleet_spec *spec,
                       struct fleet_pod *pod, struct fleet_error *err)
{
    maybe_hang(handle, "create");
    (void)err;
    fleet_pod_set(pod, FLEET_POD_ID, "hang-1");
    fleet_pod_set(pod, FLEET_POD_NAME, fleet_spec_get(spec, FLEET_SPEC_NAME));
    return FLEET_OK;
}

static int hang_find(void *handle, const char *token, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    (void)pod;
    maybe_hang(handle, "find");
    return fleet_fail(err, FLEET_ENOTFOUND, "no pod has the token %s", token);
}

static int hang_terminate(void *handle, const char *id, struct fleet_error *err)
{
    (void)id;
    (void)err;
    maybe_hang(handle, "terminate");
    return FLEET_OK;
}

static const struct fleet_provider_ops ops = {
    .open = hang_open,
    .close = hang_close,
    .list = hang_list,
    .create = hang_create,
    .find = hang_find,
    .terminate = hang_terminate,
};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "hang",
    .version = "1.0",
    .summary = "never answers, for tests",
    .threads = FLEET_THREADS_SERIAL,
    .options = options,
    .config_size = sizeof(struct config),
};
