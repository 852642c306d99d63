/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/args.h"
#include "core/cmd/command.h"

#define LETTER(text_) .aliases = FL_WORDS(text_)
#define CHOICES(...)  .choices = FL_WORDS(__VA_ARGS__)
#define AT(member_)   FLEET_AT(struct fl_globals, member_)

/* clang-format off */
const struct fleet_option fl_global_options[] = {
    {.key = "config", LETTER("c"), .type = FLEET_OPT_PATH, AT(config),
     .help = "read this config.env, not the one in the current or the "
             "user's configuration directory"},
    {.key = "output", LETTER("o"), .type = FLEET_OPT_CHOICE, AT(output),
     CHOICES("table", "json", "csv"), .fallback = "table",
     .help = "how results are printed"},
    {.key = "json", .type = FLEET_OPT_BOOL, AT(json),
     .help = "short for -o json"},
    {.key = "quiet", LETTER("q"), .type = FLEET_OPT_BOOL, AT(quiet),
     .help = "no talk, no progress, no warnings: results and errors only"},
    {.key = "verbose", LETTER("v"), .type = FLEET_OPT_INT, AT(verbose),
     .flags = FL_FLAG_COUNT,
     .help = "tell more; twice for what goes over the wire, secrets hidden"},
    {.key = "trace", .type = FLEET_OPT_STRING, AT(trace),
     .help = "tell everything of these parts, separated by commas: plugin "
             "names, journal, lock"},
    {.key = "parallel", LETTER("j"), .type = FLEET_OPT_INT, AT(parallel),
     .min = 1, .max = 4096,
     .help = "pods worked on at once, in place of MAX_PARALLEL"},
    {.key = "timeout", .type = FLEET_OPT_DURATION, AT(timeout_ms),
     .min = 1, .max = INT64_C(86400000),
     .help = "the longest that one provider call may take"},
    {.key = "color", .type = FLEET_OPT_CHOICE, AT(color),
     CHOICES("auto", "always", "never"), .fallback = "auto",
     .help = "colour; auto: on a terminal, unless NO_COLOR is set"},
    {.key = "no-progress", .type = FLEET_OPT_BOOL, AT(no_progress),
     .help = "one line a finished pod, no progress bar"},
    {.key = "help", LETTER("h"), .type = FLEET_OPT_BOOL, AT(help),
     .help = "show an example, the flags and what they do"},
    {0},
};

const struct fleet_option fl_change_options[] = {
    {.key = "yes", LETTER("y"), .type = FLEET_OPT_BOOL, AT(yes),
     .help = "do not ask; needed where there is no terminal"},
    {.key = "dry-run", .type = FLEET_OPT_BOOL, AT(dry_run),
     .help = "show what would be done, and do nothing"},
    {.key = "lock-wait", .type = FLEET_OPT_DURATION, AT(lock_wait_ms),
     .fallback = "2m", .max = INT64_C(86400000),
     .help = "how long to wait for another fleet that changes this cohort"},
    {0},
};
/* clang-format on */
