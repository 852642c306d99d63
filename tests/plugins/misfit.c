/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* Providers that the loader must refuse, one for each fault, from one source:
 * -DMISFIT_... says what is wrong. Without any, nothing is. */
#include <fleet/provider.h>

#ifndef MISFIT_ABI
#define MISFIT_ABI FLEET_PLUGIN_ABI
#endif
#ifndef MISFIT_SIZE
#define MISFIT_SIZE sizeof(struct fleet_plugin)
#endif
#ifndef MISFIT_KIND
#define MISFIT_KIND FLEET_PROVIDER
#endif
#ifndef MISFIT_NAME
#define MISFIT_NAME "misfit"
#endif
#ifndef MISFIT_OPS_SIZE
#define MISFIT_OPS_SIZE sizeof(struct fleet_provider_ops)
#endif
#ifndef MISFIT_STRIDE
#define MISFIT_STRIDE sizeof(struct fleet_option)
#endif
#ifndef MISFIT_TYPE
#define MISFIT_TYPE FLEET_OPT_INT
#endif
#ifndef MISFIT_LIST
#define MISFIT_LIST misfit_list
#endif

struct config {
    int64_t number;
};

static const struct fleet_option options[] = {
    {.key = "MISFIT_NUMBER",
     .type = MISFIT_TYPE,
     .help = "a number",
     FLEET_AT(struct config, number)},
    {0},
};

static int misfit_open(const void *config, struct fleet_host *host,
                       void **handle, struct fleet_error *err)
{
    (void)config;
    (void)host;
    (void)err;
    *handle = NULL;
    return FLEET_OK;
}

static void misfit_close(void *handle)
{
    (void)handle;
}

__attribute__((unused)) static int
misfit_list(void *handle, struct fleet_sink *pods, struct fleet_error *err)
{
    (void)handle;
    (void)pods;
    (void)err;
    return FLEET_OK;
}

static const struct fleet_provider_ops ops = {
    .open = misfit_open,
    .close = misfit_close,
    .list = MISFIT_LIST,
};

const struct fleet_plugin fleet_plugin = {
    .abi = MISFIT_ABI,
    .size = MISFIT_SIZE,
    .kind = MISFIT_KIND,
    .ops_size = MISFIT_OPS_SIZE,
    .option_size = MISFIT_STRIDE,
    .ops = {.provider = &ops},
    .name = MISFIT_NAME,
    .options = options,
    .config_size = sizeof(struct config),
};
