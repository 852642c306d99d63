/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/args.h"
#include "core/cmd/commands.h"
#include "core/cmd/help.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"
#include "core/engine/people.h"
#include "core/engine/sims.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* `fleet __complete -- WORDS...`: what could stand in place of the last of the
 * words, which may be empty. Never says a word about anything that is wrong. */
struct completion {
    struct fl_context *context;
    const char *const *words; /* in front of the one that is completed */
    size_t n_words;
    const char *word;
    const struct fl_command *command; /* NULL: none, or none of that name */
    size_t n_args;                    /* words behind it that are no flags */
    const char *first_arg;
    bool only_args; /* "--" was there */
    const char *config;
    bool opened;
    struct fl_buf out;
};

static void offer(struct completion *completion, const char *word,
                  const char *what)
{
    if (strncmp(word, completion->word, strlen(completion->word)) != 0)
        return;
    fl_buf_puts(&completion->out, word);
    if (what)
        fl_buf_printf(&completion->out, "\t%s", what);
    fl_buf_putc(&completion->out, '\n');
}

/* The tables that hold here. */
static size_t tables(const struct completion *completion,
                     struct fl_flags sets[3])
{
    const struct fl_command *command = completion->command;
    size_t n = 0;

    sets[n++].options.first = fl_global_options;
    if (!command || command->flags & FL_CMD_CHANGES)
        sets[n++].options.first = fl_change_options;
    if (command && command->options)
        sets[n++].options.first = command->options;
    for (size_t i = 0; i < n; i++)
        sets[i].options.stride = sizeof(struct fleet_option);
    return n;
}

/* The flag that the word before is the beginning of, when it wants a value. */
static bool wants_value(const struct completion *completion, const char *flag,
                        struct fleet_option *option)
{
    struct fl_flags sets[3] = {0};
    size_t n = tables(completion, sets);

    return fl_args_find(sets, n, flag, option) && fl_flag_takes_value(option);
}

/* Goes through the words in front as the real parser would; true: the word to
 * complete is the value of OPTION. */
static bool read_words(struct completion *completion,
                       struct fleet_option *option)
{
    for (size_t i = 0; i < completion->n_words; i++) {
        const char *word = completion->words[i];
        bool is_flag = !completion->only_args && word[0] == '-' && word[1];

        if (is_flag && strcmp(word, "--") == 0) {
            completion->only_args = true;
        } else if (is_flag && wants_value(completion, word, option)) {
            if (++i == completion->n_words)
                return true;
            if (strcmp(option->key, "config") == 0)
                completion->config = completion->words[i];
        } else if (!is_flag && !completion->command && !completion->n_args) {
            completion->command = fl_command_find(word);
            completion->n_args += !completion->command;
        } else if (!is_flag && completion->n_args++ == 0) {
            completion->first_arg = word;
        }
    }
    return false;
}

static bool open_engine(struct completion *completion)
{
    struct fleet_error ignored = {0};

    completion->opened =
        completion->opened || fl_engine_open(&completion->context->engine,
                                             completion->config, &ignored) == 0;
    return completion->opened;
}

static void offer_names(struct completion *completion)
{
    const struct fl_strv *names = &completion->context->engine.cohort.names;

    for (size_t i = 0; open_engine(completion) && i < names->n; i++)
        offer(completion, names->at[i], NULL);
}

/* Somebody in the roster, and behind him pods. */
static void offer_people(struct completion *completion)
{
    FL_AUTO(fl_people_clear) struct fl_people people = {0};
    struct fleet_error ignored = {0};

    if (completion->n_args) {
        offer_names(completion);
        return;
    }
    if (!open_engine(completion) || fl_people_open(&completion->context->engine,
                                                   NULL, &people, &ignored) < 0)
        return;
    for (size_t i = 0; i < people.roster.n; i++)
        if (people.roster.at[i].id)
            offer(completion, people.roster.at[i].id, people.roster.at[i].name);
}

/* The pods that are remembered: asking the providers would take too long. */
static void offer_pods(struct completion *completion)
{
    struct fl_engine *engine = &completion->context->engine;
    FL_AUTO(fl_known_list_clear) struct fl_known_list known = {0};
    struct fleet_error ignored = {0};

    if (!open_engine(completion) ||
        fl_engine_state(engine, FL_STATE_READ, &ignored) < 0 ||
        fl_state_known(engine->state, &known, &ignored) < 0)
        return;
    for (size_t i = 0; i < known.n; i++) {
        const char *name = fl_cohort_short(&engine->cohort, known.at[i].name);

        offer(completion, name ? name : known.at[i].name, known.at[i].provider);
    }
}

static void offer_providers(struct completion *completion)
{
    const struct fl_catalog *catalog = &completion->context->engine.catalog;

    for (size_t i = 0; open_engine(completion) && i < catalog->n; i++)
        offer(completion, catalog->at[i].name,
              catalog->at[i].plugin->about.summary);
}

static void offer_commands(struct completion *completion)
{
    for (size_t i = 0; fl_commands[i]; i++) {
        if (!(fl_commands[i]->flags & FL_CMD_HIDDEN))
            offer(completion, fl_commands[i]->name, fl_commands[i]->summary);
    }
}

static void offer_topics(struct completion *completion)
{
    if (completion->n_args)
        return;
    offer_commands(completion);
    for (size_t i = 0; fl_topics[i].name; i++) {
        if (!fl_command_find(fl_topics[i].name))
            offer(completion, fl_topics[i].name, fl_topics[i].summary);
    }
}

static void offer_keys(struct completion *completion)
{
    FL_AUTO(fl_keys_clear) struct fl_keys keys = {0};
    struct fleet_error ignored = {0};

    (void)open_engine(completion);
    if (fl_keys_collect(&completion->context->engine.plugins, &keys, &ignored) <
        0)
        return;
    for (size_t i = 0; i < keys.n; i++)
        offer(completion, keys.at[i].option.key, keys.at[i].option.help);
}

/* Sub-commands, and what stands behind them. */
static void offer_words(struct completion *completion)
{
    const struct fl_command *command = completion->command;

    for (size_t i = 0; completion->n_args == 0 && command->words[i]; i++)
        offer(completion, command->words[i], NULL);
    if (command == &fl_cmd_config && completion->n_args == 1 &&
        strcmp(completion->first_arg, "check") != 0)
        offer_keys(completion);
}

/* A format, and behind it pods. */
static void offer_formats(struct completion *completion)
{
    const struct fl_plugins *plugins = &completion->context->engine.plugins;

    if (completion->n_args) {
        offer_pods(completion);
        return;
    }
    (void)open_engine(completion);
    for (size_t i = 0; i < plugins->n; i++) {
        const struct fl_plugin *plugin = plugins->at[i];

        if (plugin->status == FL_PLUGIN_LOADED &&
            plugin->about.kind == FLEET_FORMAT)
            offer(completion, plugin->about.name, plugin->about.summary);
    }
}

static void offer_sims(struct completion *completion)
{
    FL_AUTO(fl_sims_clear) struct fl_sims sims = {0};
    struct fleet_error ignored = {0};

    if (completion->n_args || fl_sims_look(&sims, &ignored) < 0)
        return;
    for (size_t i = 0; i < sims.n; i++)
        offer(completion, sims.at[i].name, NULL);
}

static void offer_nothing(struct completion *completion)
{
    (void)completion;
}

static void offer_args(struct completion *completion)
{
    static void (*const offers[])(struct completion *) = {
        [FL_ARGS_NONE] = offer_nothing,  [FL_ARGS_PODS] = offer_pods,
        [FL_ARGS_NAMES] = offer_names,   [FL_ARGS_PROVIDERS] = offer_providers,
        [FL_ARGS_TOPICS] = offer_topics, [FL_ARGS_PEOPLE] = offer_people,
        [FL_ARGS_WORDS] = offer_words,   [FL_ARGS_FORMATS] = offer_formats,
        [FL_ARGS_SIMS] = offer_sims,
    };

    offers[completion->command->args](completion);
}

static void offer_flags(struct completion *completion)
{
    struct fl_flags sets[3] = {0};
    size_t n = tables(completion, sets);

    for (size_t i = 0; i < n; i++) {
        const struct fleet_option *option = sets[i].options.first;

        for (; option->key; option++) {
            char flag[80];

            snprintf(flag, sizeof(flag), "--%s", option->key);
            offer(completion, flag, option->help);
        }
    }
}

/* Of a path nothing is offered: the shell does that better. */
static void offer_values(struct completion *completion,
                         const struct fleet_option *option)
{
    if (option->type == FLEET_OPT_CHOICE) {
        for (size_t i = 0; option->choices[i]; i++)
            offer(completion, option->choices[i], NULL);
    } else if (strcmp(option->key, "on") == 0 ||
               strcmp(option->key, "providers") == 0) {
        offer_providers(completion);
    } else if (strcmp(option->key, "exclude") == 0) {
        offer_pods(completion);
    }
}

static void complete(struct completion *completion)
{
    struct fleet_option option;

    if (read_words(completion, &option))
        offer_values(completion, &option);
    else if (completion->word[0] == '-' && !completion->only_args)
        offer_flags(completion);
    else if (completion->command)
        offer_args(completion);
    else if (completion->n_args == 0)
        offer_commands(completion);
}

static void hush(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        dup2(fd, STDERR_FILENO);
        close(fd);
    }
}

static int run(struct fl_context *context, const void *options)
{
    struct completion completion = {.context = context};
    const char *const *words = context->args;
    size_t n = context->n_args;

    (void)options;
    hush();
    if (n && strcmp(words[0], "--") == 0) {
        words++;
        n--;
    }
    if (n == 0)
        return FL_EXIT_OK;
    completion.words = words;
    completion.n_words = n - 1;
    completion.word = words[n - 1];
    fl_buf_init(&completion.out, 16UL * 1024 * 1024);
    complete(&completion);
    fl_print(context, fl_buf_text(&completion.out));
    fl_buf_clear(&completion.out);
    return FL_EXIT_OK;
}

const struct fl_command fl_cmd_complete = {
    .name = "__complete",
    .summary = "what could stand in place of the last of the words",
    .flags = FL_CMD_HIDDEN | FL_CMD_RAW,
    .run = run,
};
