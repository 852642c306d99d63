/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_COMMAND_H
#define FL_CMD_COMMAND_H

#include "core/engine/engine.h"

#include <jansson.h>

/* Lists of words in tables: .aliases = FL_WORDS("n"). */
#define FL_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A command is one file that defines one const struct fl_command. commands.c
 * lists them all; help, completion and the manual's option lists come from
 * there. */
enum fl_format { FL_FORMAT_TABLE, FL_FORMAT_JSON, FL_FORMAT_CSV };

/* Flags that every command takes; described by fl_global_options. */
struct fl_globals {
    char *config;
    char *output; /* "table", "json", "csv" */
    bool json, quiet, no_progress, help;
    int64_t verbose; /* counted: -v, -vv */
    char *trace;
    int64_t parallel;
    int64_t timeout_ms;
    char *color;          /* "auto", "always", "never" */
    bool yes, dry_run;    /* only where the command changes something */
    int64_t lock_wait_ms; /* likewise */
};
extern const struct fleet_option fl_global_options[];
extern const struct fleet_option fl_change_options[]; /* -y, --dry-run, ... */

struct fl_context {
    const struct fl_command *command;
    struct fl_globals globals;
    enum fl_format format;
    const char *const *args; /* what is left after the flags */
    size_t n_args;
    size_t n_before;         /* of args: before "--" */
    bool split;              /* "--" was there */
    char *words;             /* the command line for the journal */
    struct fl_engine engine; /* zeroed; the command opens what it needs */
    json_t *document;        /* what -o json prints, "fleet": 1 in it */
    json_t *errors;          /* NULL until fl_report adds one */
    int output_error;        /* errno of the first failed write to stdout */
};

#define FL_CMD_CHANGES (1u << 0) /* takes -y, --dry-run, --lock-wait */
#define FL_CMD_HIDDEN  (1u << 1)
#define FL_CMD_RAW     (1u << 2) /* parses its own arguments */

/* What completion offers for arguments. */
enum fl_args {
    FL_ARGS_NONE,
    FL_ARGS_PODS,
    FL_ARGS_NAMES,
    FL_ARGS_PEOPLE, /* then names of pods */
    FL_ARGS_PROVIDERS,
    FL_ARGS_TOPICS,
    FL_ARGS_WORDS,
    FL_ARGS_FORMATS, /* then pods */
    FL_ARGS_SIMS
};

struct fl_command {
    const char *name;
    const char *const *aliases; /* ends at NULL; may be NULL */
    const char *group;          /* heading in `fleet help` */
    const char *summary;        /* one line */
    const char *synopsis;       /* "[-n N | -a N | NAME...]" */
    const char *example;        /* real command lines; first in --help */
    const char *about;          /* the rest of --help */
    const struct fleet_option *options; /* keys "no-wait"; one-letter aliases
                                           are short flags; ends at no key */
    size_t options_size;
    uint32_t flags;
    enum fl_args args;
    const char *const *words; /* FL_ARGS_WORDS: sub-commands; ends at NULL */
    int (*run)(struct fl_context *context, const void *options);
    /* returns the exit status */
};
extern const struct fl_command *const fl_commands[];        /* ends at NULL */
const struct fl_command *fl_command_find(const char *name); /* or alias */

/* Tells a failure: to standard error now, and into the JSON document. pod and
 * provider may be NULL. Returns the exit status that the code asks for. */
int fl_report(struct fl_context *context, const struct fleet_error *err,
              const char *pod, const char *provider);
/* Usage errors: "fleet create: --foo: ..." and where help stands;
 * FL_EXIT_USAGE.
 */
int fl_usage(struct fl_context *context, const char *format, ...)
    FLEET_PRINTF(2, 3);
/* Talk: a line to standard error, escaped, not under -q. */
void fl_say(struct fl_context *context, const char *format, ...)
    FLEET_PRINTF(2, 3);
/* Shows and empties engine.warnings. */
void fl_show_warnings(struct fl_context *context);

#endif
