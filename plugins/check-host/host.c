/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <inttypes.h>
#include <stdio.h>

#define TICKS_A_SECOND 100 /* what Linux tells programs, on every machine */
#define FAR_MS         300000

struct config {
    int64_t load, skew_ms;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_HOST_LOAD", .type = FLEET_OPT_INT, .fallback = "4",
     .min = 1, .max = 1000,
     .help = "warn when more processes than this wait for each CPU",
     FLEET_AT(struct config, load)},
    {.key = "CHECK_HOST_SKEW", .type = FLEET_OPT_DURATION, .fallback = "5s",
     .min = 1000, .max = FAR_MS,
     .help = "warn when the pod's clock is off by more; fail above 5 minutes",
     FLEET_AT(struct config, skew_ms)},
    {0},
};
/* clang-format on */

/* The first process of a container tells when it was started. Its name may hold
 * blanks and brackets, so its numbers are counted from the last one. */
static const char script_text[] =
    "echo \"clock=$(date +%s)\"\n"
    "read -r load </proc/loadavg && echo \"load=$load\"\n"
    "cpus=$(grep -c '^processor' /proc/cpuinfo) && echo \"cpus=$cpus\"\n"
    "allowed=$(nproc) && echo \"allowed=$allowed\"\n"
    "[ -r /sys/fs/cgroup/cpu.max ] && read -r quota </sys/fs/cgroup/cpu.max "
    "&&\n"
    "    echo \"quota=$quota\"\n"
    "while read -r key value rest; do\n"
    "    [ \"$key\" = btime ] && echo \"booted=$value\"\n"
    "done </proc/stat\n"
    "read -r line </proc/1/stat && set -- ${line##*) } && echo "
    "\"ticks=${20}\"\n"
    "echo \"kernel=$(uname -sr)\"\n"
    "[ -r /etc/os-release ] && . /etc/os-release && echo "
    "\"system=$PRETTY_NAME\""
    "\n"
    ":\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    (void)config;
    (void)flags;
    (void)err;
    fleet_write(script, script_text);
    return FLEET_OK;
}

/* The load is the whole machine's, and so are the CPUs to compare it with. */
static void judge_load(const struct config *limits,
                       const struct fleet_facts *facts,
                       struct fleet_report *report)
{
    const char *text = fleet_fact(facts, "load");
    int64_t cpus = fleet_fact_number(facts, "cpus", 0);
    double load = text ? strtod(text, NULL) : -1;

    if (cpus < 1)
        cpus = fleet_fact_number(facts, "allowed", 0);
    if (!(load >= 0) || cpus < 1)
        fleet_report(report, FLEET_WARN, "could not find out its load");
    else
        fleet_report(report,
                     load > (double)cpus * (double)limits->load ? FLEET_WARN
                                                                : FLEET_PASS,
                     "load %.1f on %" PRId64 " CPUs", load, cpus);
}

/* How far the clock is off, at the least: when it was read is known only as
 * between asking and answering. */
static int64_t skew_of(const struct fleet_facts *facts, int64_t clock)
{
    int64_t asked = fleet_fact_number(facts, "fleet_asked_at", clock);
    int64_t answered = fleet_fact_number(facts, "fleet_answered_at", clock);

    if (clock < asked)
        return clock - asked;
    return clock > answered ? clock - answered : 0;
}

static void judge_clock(const struct config *limits,
                        const struct fleet_facts *facts,
                        struct fleet_report *report)
{
    int64_t clock = fleet_fact_number(facts, "clock", -1);
    int64_t skew, off;

    if (clock < 0 || clock > INT64_MAX / 2000) {
        fleet_report(report, FLEET_WARN, "could not find out its time");
        return;
    }
    skew = skew_of(facts, clock);
    off = skew < 0 ? -skew : skew;
    if (off * 1000 > limits->skew_ms)
        fleet_report(report, off * 1000 > FAR_MS ? FLEET_FAIL : FLEET_WARN,
                     "its clock is %" PRId64 " s %s", off,
                     skew < 0 ? "behind" : "ahead");
}

static void judge_start(const struct fleet_facts *facts,
                        struct fleet_report *report)
{
    int64_t clock = fleet_fact_number(facts, "clock", -1);
    int64_t booted = fleet_fact_number(facts, "booted", -1);
    int64_t ticks = fleet_fact_number(facts, "ticks", -1);
    int64_t up = clock - booted - ticks / TICKS_A_SECOND;

    if (clock < 0 || booted < 0 || ticks < 0 || up < 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out since when it is up");
    else if (up < 3600)
        fleet_report(report, FLEET_PASS, "up %" PRId64 " min", up / 60);
    else
        fleet_report(report, FLEET_PASS, "up %" PRId64 " h", up / 3600);
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    (void)flags;
    (void)err;
    judge_load(config, facts, report);
    judge_clock(config, facts, report);
    judge_start(facts, report);
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.probe = probe, .judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "host",
    .version = "1.0",
    .summary = "load, clock and uptime",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
