/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A plugin made for a libfleet that has more functions than this one. */
#include <fleet/plugin.h>

int fleet_function_of_the_future(void);

static const struct {
    int (*function)(void);
} ops = {.function = fleet_function_of_the_future};

const struct fleet_plugin fleet_plugin = {
    .abi = FLEET_PLUGIN_ABI,
    .size = sizeof(struct fleet_plugin),
    .kind = FLEET_PROVIDER,
    .ops_size = sizeof(ops),
    .ops = {.any = &ops},
    .name = "unresolved",
};
