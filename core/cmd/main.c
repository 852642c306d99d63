/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/args.h"
#include "core/cmd/commands.h"
#include "core/cmd/help.h"
#include "core/cmd/output.h"
#include "core/cmd/screen.h"
#include "core/cmd/version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define HELP_MAX  (64 * 1024)
#define WORDS_MAX 4096

static struct fl_options table_of(const struct fleet_option *first)
{
    return (struct fl_options){.first = first, .stride = sizeof(*first)};
}

/* A file opened later must not become standard output by accident. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
}

/* Whether JSON is asked for, before the flags are understood: an error in them
 * is told as JSON, too. */
static bool asks_for_json(const char *const *words, size_t n)
{
    for (size_t i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
        bool output =
            strcmp(words[i], "-o") == 0 || strcmp(words[i], "--output") == 0;

        if (strcmp(words[i], "--json") == 0 ||
            strcmp(words[i], "-ojson") == 0 ||
            strcmp(words[i], "--output=json") == 0 ||
            (output && i + 1 < n && strcmp(words[i + 1], "json") == 0))
            return true;
    }
    return false;
}

static enum fl_format format_of(const struct fl_globals *globals)
{
    if (globals->json || strcmp(globals->output, "json") == 0)
        return FL_FORMAT_JSON;
    return strcmp(globals->output, "csv") == 0 ? FL_FORMAT_CSV
                                               : FL_FORMAT_TABLE;
}

static int lone_fleet(void)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};

    fl_buf_init(&text, HELP_MAX);
    fl_help_overview(&text);
    for (const char *at = fl_buf_text(&text); *at;) {
        size_t len = strcspn(at, "\n");

        fl_screen_linef("%.*s", (int)len, at);
        at += len + (at[len] == '\n');
    }
    return FL_EXIT_USAGE;
}

static int no_such_command(struct fl_context *context, const char *name)
{
    const char *near = fl_help_closest(name, false);

    return fl_usage(context, "%s: no such command%s%s%s", name,
                    near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

/* The command line for the journal. No flag takes a secret: argv is public. */
static char *journal_words(const struct fl_command *command,
                           const char *const *words, size_t n)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};

    fl_buf_init(&line, WORDS_MAX);
    fl_buf_puts(&line, "fleet ");
    if (fl_args_join(words, n, &line) < 0)
        return fl_format("fleet %s ...", command->name);
    return fl_buf_take(&line);
}

/* What the flags mean for everything below the command. */
static int apply_globals(struct fl_context *context, struct fleet_error *err)
{
    const struct fl_globals *globals = &context->globals;
    char number[24];

    context->format = format_of(globals);
    context->engine.timeout_ms = globals->timeout_ms;
    fl_log_open(fl_screen_log,
                globals->quiet ? 0 : FLEET_LOG_WARNING + (int)globals->verbose,
                globals->trace);
    if (!globals->parallel)
        return FLEET_OK;
    snprintf(number, sizeof(number), "%" PRId64, globals->parallel);
    if (fl_config_flag(&context->engine.config, "MAX_PARALLEL", number) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

/* Flags and arguments of the command; RAW commands read their own. */
static int read_words(struct fl_context *context, const struct fl_flags *sets,
                      size_t n_sets, struct fl_parse *words,
                      struct fleet_error *err)
{
    struct fl_parse parse = {
        .sets = sets,
        .n_sets = n_sets,
        .words = words->words + words->used,
        .n_words = words->n_words - words->used,
        .rest = words->rest,
    };
    int rc;

    if (context->command->flags & FL_CMD_RAW) {
        context->args = parse.words;
        context->n_args = parse.n_words;
        return FLEET_OK;
    }
    rc = fl_args_parse(&parse, err);
    context->args = words->rest;
    context->n_args = parse.n_rest;
    context->n_before = parse.n_before;
    context->split = parse.split;
    return rc;
}

static int run_command(struct fl_context *context, const void *options)
{
    struct fleet_error err = {0};

    if (apply_globals(context, &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    if (context->globals.help)
        return fl_help_print(context, context->command);
    return context->command->run(context, options);
}

static int read_and_run(struct fl_context *context, const struct fl_flags *sets,
                        size_t n_sets, struct fl_parse *words, void *options)
{
    const struct fl_command *command = context->command;
    const struct fl_globals *globals = &context->globals;
    struct fleet_error err = {0};

    if (read_words(context, sets, n_sets, words, &err) < 0)
        return fl_usage(context, "%s", err.text);
    if (!(command->flags & FL_CMD_CHANGES) &&
        (globals->yes || globals->dry_run))
        return fl_usage(context, "--yes and --dry-run mean nothing here: this "
                                 "command changes no pod");
    return run_command(context, options);
}

/* SETS has room for the command's own table behind the global ones. */
static int with_options(struct fl_context *context, struct fl_flags *sets,
                        struct fl_parse *words)
{
    const struct fl_command *command = context->command;
    struct fl_options table = table_of(command->options);
    size_t n_sets = command->flags & FL_CMD_CHANGES ? 2 : 1;
    void *options = calloc(1, command->options_size + 1);
    struct fleet_error err = {0};
    int rc = options ? FLEET_OK : fl_enomem(&err);
    int status;

    context->words = journal_words(command, words->words, words->n_words);
    if (rc == 0 && !context->words)
        rc = fl_enomem(&err);
    if (rc == 0 && command->options) {
        sets[n_sets++] = (struct fl_flags){table, options};
        rc = fl_options_defaults(&table, options, NULL, &err);
    }
    status = rc < 0 ? fl_report(context, &err, NULL, NULL)
                    : read_and_run(context, sets, n_sets, words, options);
    fl_options_clear(&table, options);
    free(options);
    return status;
}

/* Flags may stand before the command; then comes its name. */
static int dispatch(struct fl_context *context, struct fl_flags *sets,
                    struct fl_parse *words)
{
    struct fleet_error err = {0};
    const char *name;

    if (fl_args_parse(words, &err) < 0)
        return fl_usage(context, "%s", err.text);
    if (words->used == words->n_words && !context->globals.help)
        return lone_fleet();
    if (words->used == words->n_words) {
        context->format = format_of(&context->globals);
        return fl_help_print(context, NULL);
    }
    name = words->words[words->used++];
    context->command = fl_command_find(name);
    if (!context->command)
        return no_such_command(context, name);
    return with_options(context, sets, words);
}

/* Reads what stands in front of the command, and goes on from there. */
static int begin(struct fl_context *context, const char **argv, size_t n,
                 struct fl_flags *sets, size_t n_sets)
{
    FL_AUTO_FREE const char **rest = calloc(n + 1, sizeof(*rest));
    struct fl_parse words = {.sets = sets,
                             .n_sets = n_sets,
                             .words = argv,
                             .n_words = n,
                             .to_first = true,
                             .rest = rest};
    struct fleet_error err = {0};
    int rc = rest ? FLEET_OK : fl_enomem(&err);

    if (n && strcmp(argv[0], "--version") == 0)
        argv[0] = fl_cmd_version.name;
    for (size_t i = 0; rc == 0 && i < n_sets; i++)
        rc = fl_options_defaults(&sets[i].options, sets[i].base, NULL, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    return dispatch(context, sets, &words);
}

static int run(struct fl_context *context, const char **argv, size_t n)
{
    struct fl_options globals = table_of(fl_global_options);
    struct fl_options change = table_of(fl_change_options);
    struct fl_flags sets[3] = {{globals, &context->globals},
                               {change, &context->globals}};
    int status;

    if (asks_for_json(argv, n))
        context->format = FL_FORMAT_JSON;
    context->document = json_object();
    fl_json_put(context->document, "fleet", json_integer(1));
    status = begin(context, argv, n, sets, 2);
    if (fl_cancelled())
        status = fl_cancel_status();
    status = fl_output_end(context, status);
    fl_engine_end(&context->engine, status);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        _exit(status);
    fl_engine_close(&context->engine);
    fl_options_clear(&globals, &context->globals);
    fl_options_clear(&change, &context->globals);
    return status;
}

int main(int argc, char **argv)
{
    struct fl_context context = {0};
    int status;

    hold_standard_streams();
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (fl_cancel_open() < 0) {
        fl_screen_line("fleet: out of memory");
        return FL_EXIT_FAILED;
    }
    status =
        run(&context, (const char **)argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
    json_decref(context.document);
    json_decref(context.errors);
    free(context.words);
    fl_log_close();
    return status;
}
