/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A check that never comes to a verdict on one pod. */
#include <fleet/check.h>

#include <string.h>
#include <unistd.h>

struct config {
    char *on;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "PONDER_ON", .type = FLEET_OPT_STRING,
     .help = "the pod to ponder on",
     FLEET_AT(struct config, on)},
    {0},
};
/* clang-format on */

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *wanted = config;
    const char *name = fleet_pod_get(fleet_facts_pod(facts), FLEET_POD_NAME);

    (void)flags;
    (void)err;
    while (wanted->on && strcmp(name, wanted->on) == 0)
        pause();
    fleet_report(report, FLEET_PASS, "nothing to ponder on");
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "ponder",
    .version = "1.0",
    .summary = "comes to no verdict, for tests",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
