/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#define MOST_PATHS 32

struct config {
    char *paths; /* one a line */
    int64_t min_gb, warn_gb, min_inodes;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_DISK_PATHS", .type = FLEET_OPT_LIST,
     .fallback = "/ /workspace",
     .help = "where to look for free space; what is no directory there is "
             "left out, but for /",
     FLEET_AT(struct config, paths)},
    {.key = "CHECK_DISK_MIN_GB", .type = FLEET_OPT_INT, .fallback = "1",
     .min = 0, .max = 1000000, .help = "fail with less free space than this",
     FLEET_AT(struct config, min_gb)},
    {.key = "CHECK_DISK_WARN_GB", .type = FLEET_OPT_INT, .fallback = "5",
     .min = 0, .max = 1000000, .help = "warn with less free space than this",
     FLEET_AT(struct config, warn_gb)},
    {.key = "CHECK_DISK_MIN_INODES", .type = FLEET_OPT_INT,
     .fallback = "10000", .min = 0, .max = 1000000000,
     .help = "fail when fewer files than this can be made",
     FLEET_AT(struct config, min_inodes)},
    {0},
};
/* clang-format on */

/* A mount that hangs takes df with it, so each path is announced first. */
static const char look[] =
    "\ndo\n"
    "    echo \"asking=$path\"\n"
    "    if [ -d \"$path\" ]; then\n"
    "        echo \"space=$(df -Pk \"$path\" | tail -n 1)\"\n"
    "        echo \"inodes=$(df -Pi \"$path\" | tail -n 1)\"\n"
    "        [ \"$path\" = / ] || [ -w \"$path\" ] || echo \"fixed=$path\"\n"
    "    else\n"
    "        echo space=absent\n"
    "        echo inodes=absent\n"
    "    fi\n"
    "done\n"
    "echo done=yes\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    const struct config *limits = config;

    (void)flags;
    (void)err;
    fleet_write(script, "for path in");
    for (const char *at = limits->paths; at && *at;) {
        size_t len = strcspn(at, "\n");

        fleet_write(script, " ");
        write_word(script, at, len);
        at += len + (at[len] == '\n');
    }
    fleet_write(script, look);
    return FLEET_OK;
}

static void judge_space(const struct config *limits, const char *path,
                        const char *line, struct fleet_report *report)
{
    double gb;
    struct df df;
    int verdict;

    if (!read_df(line, &df)) {
        fleet_report(report, FLEET_FAIL,
                     "could not find out what is free on %s", path);
        return;
    }
    gb = (double)df.left / (1 << 20);
    verdict = gb < (double)limits->min_gb    ? FLEET_FAIL
              : gb < (double)limits->warn_gb ? FLEET_WARN
                                             : FLEET_PASS;
    fleet_report(report, verdict, "%.1f GB free on %s", gb, path);
}

/* No inodes at all: a file system that makes them as they are needed. */
static void judge_inodes(const struct config *limits, const char *path,
                         const char *line, struct fleet_report *report)
{
    struct df df;

    if (!read_df(line, &df))
        fleet_report(report, FLEET_WARN,
                     "could not find out how many inodes are free on %s", path);
    else if (df.size > 0 && df.left < limits->min_inodes)
        fleet_report(report, FLEET_FAIL, "%lld inodes free on %s", df.left,
                     path);
}

/* false: nothing more was asked. */
static bool judge_path(const struct config *limits,
                       const struct fleet_facts *facts, size_t i,
                       struct fleet_report *report)
{
    const char *path = fleet_fact_nth(facts, "asking", i);
    const char *space = fleet_fact_nth(facts, "space", i);
    const char *inodes = fleet_fact_nth(facts, "inodes", i);

    if (!path)
        return false;
    if (!space || !inodes) {
        fleet_report(report, FLEET_FAIL, "%s does not answer: a hanging mount?",
                     path);
        return false;
    }
    if (strcmp(space, "absent") == 0 && strcmp(path, "/") != 0)
        return true;
    judge_space(limits, path, space, report);
    judge_inodes(limits, path, inodes, report);
    return true;
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *limits = config;
    const char *fixed;
    size_t n = 0;

    (void)flags;
    while (n < MOST_PATHS && judge_path(limits, facts, n, report))
        n++;
    for (size_t i = 0; (fixed = fleet_fact_nth(facts, "fixed", i)); i++)
        fleet_report(report, FLEET_WARN, "%s cannot be written", fixed);
    if (!fleet_fact(facts, "asking"))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "could not find out what is free");
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {
    .probe = probe, .judge = judge, .limit_ms = 10000};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "disk",
    .version = "1.0",
    .summary = "free space and inodes",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
