/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <inttypes.h>

#define GB (INT64_C(1) << 30)

struct config {
    int64_t min_gb, free_gb, shm_mb;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_MEMORY_MIN_GB", .type = FLEET_OPT_INT, .fallback = "1",
     .min = 0, .max = 100000,
     .help = "fail when a pod may use less memory than this",
     FLEET_AT(struct config, min_gb)},
    {.key = "CHECK_MEMORY_FREE_GB", .type = FLEET_OPT_INT, .fallback = "1",
     .min = 0, .max = 100000, .help = "warn with less free memory than this",
     FLEET_AT(struct config, free_gb)},
    {.key = "CHECK_SHM_MIN_MB", .type = FLEET_OPT_INT, .fallback = "256",
     .min = 0, .max = 100000000,
     .help = "warn when /dev/shm is smaller: data loaders work through it",
     FLEET_AT(struct config, shm_mb)},
    {0},
};
/* clang-format on */

/* What a container may use stands in its cgroup, of version 2 or 1; the kernel
 * tells what the whole machine has. Cached files are given up when needed. */
static const char script_text[] =
    "while read -r key value rest; do\n"
    "    case $key in\n"
    "    MemTotal:) echo \"total_kb=$value\" ;;\n"
    "    MemAvailable:) echo \"available_kb=$value\" ;;\n"
    "    esac\n"
    "done </proc/meminfo\n"
    "group=/sys/fs/cgroup\n"
    "tell() {\n"
    "    [ -r \"$2\" ] && read -r value <\"$2\" && echo \"$1=$value\"\n"
    "}\n"
    "tell limit $group/memory.max ||\n"
    "    tell limit $group/memory/memory.limit_in_bytes\n"
    "tell used $group/memory.current ||\n"
    "    tell used $group/memory/memory.usage_in_bytes\n"
    "file=$group/memory.stat name=inactive_file\n"
    "[ -r $file ] || file=$group/memory/memory.stat name=total_inactive_file\n"
    "while read -r key value; do\n"
    "    [ \"$key\" = $name ] && echo \"cached=$value\"\n"
    "done <$file\n"
    "if [ -r $group/memory.events ]; then\n"
    "    while read -r key value; do\n"
    "        [ \"$key\" = oom_kill ] && echo \"killed=$value\"\n"
    "    done <$group/memory.events\n"
    "fi\n"
    "if [ -d /dev/shm ]; then\n"
    "    echo \"shm=$(df -Pk /dev/shm | tail -n 1)\"\n"
    "else\n"
    "    echo shm=absent\n"
    "fi\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    (void)config;
    (void)flags;
    (void)err;
    fleet_write(script, script_text);
    return FLEET_OK;
}

/* In bytes, -1 unknown. A limit of "max", or one that no machine has, is none.
 */
struct memory {
    int64_t whole, left;
    bool limited;
};

static int64_t kilobytes(const struct fleet_facts *facts, const char *key)
{
    int64_t kb = fleet_fact_number(facts, key, -1);

    return kb >= 0 && kb < INT64_MAX / 1024 ? kb * 1024 : -1;
}

static struct memory read_memory(const struct fleet_facts *facts)
{
    int64_t limit = fleet_fact_number(facts, "limit", -1);
    int64_t used = fleet_fact_number(facts, "used", -1);
    int64_t cached = fleet_fact_number(facts, "cached", 0);
    struct memory memory = {kilobytes(facts, "total_kb"),
                            kilobytes(facts, "available_kb"), false};

    if (limit < 0 || memory.whole < 0 || limit >= memory.whole)
        return memory;
    memory.limited = true;
    memory.whole = limit;
    if (used >= 0 && cached >= 0 && used >= cached &&
        (memory.left < 0 || limit - (used - cached) < memory.left))
        memory.left = limit - (used - cached);
    return memory;
}

static void judge_size(const struct config *limits, const struct memory *memory,
                       struct fleet_report *report)
{
    double whole = (double)memory->whole / GB, left = (double)memory->left / GB;

    fleet_report(
        report, memory->whole / GB < limits->min_gb ? FLEET_FAIL : FLEET_PASS,
        "%.1f GB of memory%s", whole, memory->limited ? " (limited)" : "");
    if (memory->left < 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out how much memory is free");
    else if (memory->left < limits->free_gb * GB)
        fleet_report(report, FLEET_WARN, "only %.1f GB of memory free", left);
}

static void judge_shm(const struct config *limits, const char *line,
                      struct fleet_report *report)
{
    struct df df;

    if (line && strcmp(line, "absent") == 0)
        fleet_report(report, FLEET_WARN,
                     "no /dev/shm: data loaders with workers will fail");
    else if (!read_df(line, &df))
        fleet_report(report, FLEET_WARN,
                     "could not find out how large /dev/shm is");
    else if (df.size / 1024 < limits->shm_mb)
        fleet_report(report, FLEET_WARN,
                     "/dev/shm has %lld MB: data loaders with workers may fail",
                     df.size / 1024);
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    struct memory memory = read_memory(facts);
    int64_t killed = fleet_fact_number(facts, "killed", 0);

    (void)flags;
    if (memory.whole < 0)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "could not find out how much memory there is");
    judge_size(config, &memory, report);
    judge_shm(config, fleet_fact(facts, "shm"), report);
    if (killed > 0 && !is_here(facts))
        fleet_report(report, FLEET_WARN,
                     "%" PRId64 " processes were killed for want of memory",
                     killed);
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.probe = probe, .judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "memory",
    .version = "1.0",
    .summary = "memory that the pod may use, and /dev/shm",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
