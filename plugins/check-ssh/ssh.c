/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/check.h>

#include <inttypes.h>

/* No probe: the connection itself is what is judged. */
struct config {
    int64_t slow_ms;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_SSH_SLOW", .type = FLEET_OPT_DURATION, .fallback = "10s",
     .min = 100, .max = 3600000, .help = "warn when a login takes longer",
     FLEET_AT(struct config, slow_ms)},
    {0},
};
/* clang-format on */

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *limits = config;
    int64_t took = fleet_fact_number(facts, "fleet_open_ms", -1);
    const char *stage = fleet_fact(facts, "fleet_stage");
    const char *error = fleet_fact(facts, "fleet_error");

    (void)flags;
    (void)err;
    if (stage)
        fleet_report(report, FLEET_FAIL, "%s", error ? error : stage);
    else if (took < 0)
        fleet_report(report, FLEET_FAIL, "nobody has logged in");
    else if (took > limits->slow_ms)
        fleet_report(report, FLEET_WARN, "login took %" PRId64 " ms", took);
    else
        fleet_report(report, FLEET_PASS, "login in %" PRId64 " ms", took);
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "ssh",
    .version = "1.0",
    .summary = "connect, host key, login and a command",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
