/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/help.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/args.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"

#include <string.h>

#define HELP_MAX       (64 * 1024)
#define WIDTH          78
#define FLAG_COLUMN    28
#define COMMAND_COLUMN 15

static void blanks(struct fl_buf *out, size_t n)
{
    while (n--)
        fl_buf_putc(out, ' ');
}

int fl_help_wrap(struct fl_buf *out, const char *text, size_t indent,
                 size_t column)
{
    bool first = true;

    while (*text) {
        size_t len = strcspn(text, " ");

        if (!first && column + 1 + len > WIDTH) {
            fl_buf_putc(out, '\n');
            blanks(out, indent);
            column = indent;
            first = true;
        }
        if (!first)
            fl_buf_putc(out, ' ');
        fl_buf_add(out, text, len);
        column += len + !first;
        first = false;
        text += len + (text[len] == ' ');
    }
    return fl_buf_putc(out, '\n');
}

/* A term, and from COLUMN on what it means: on the next line when the term is
 * too long. */
static void add_entry(struct fl_buf *out, const char *term, const char *text,
                      size_t column)
{
    size_t width = fl_text_width(term);

    fl_buf_puts(out, term);
    if (width + 2 > column) {
        fl_buf_putc(out, '\n');
        width = 0;
    }
    blanks(out, column - width);
    fl_help_wrap(out, text, column, column);
}

static void add_flag(struct fl_buf *out, const struct fleet_option *option)
{
    FL_AUTO(fl_buf_clear) struct fl_buf term = {0}, text = {0};
    char letter = fl_flag_letter(option);

    fl_buf_init(&term, HELP_MAX);
    fl_buf_init(&text, HELP_MAX);
    if (letter)
        fl_buf_printf(&term, "  -%c, --%s", letter, option->key);
    else
        fl_buf_printf(&term, "      --%s", option->key);
    fl_buf_puts(&term, fl_flag_takes_value(option) ? " " : "");
    fl_flag_metavar(option, &term);
    fl_buf_puts(&text, option->help);
    if (option->fallback)
        fl_buf_printf(&text, " (default: %s)", option->fallback);
    add_entry(out, fl_buf_text(&term), fl_buf_text(&text), FLAG_COLUMN);
}

static void add_flags(struct fl_buf *out, const struct fleet_option *options)
{
    for (size_t i = 0; options && options[i].key; i++)
        add_flag(out, &options[i]);
}

/* Each line of TEXT, indented. */
static void add_indented(struct fl_buf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        blanks(out, 4);
        fl_buf_add(out, text, len);
        fl_buf_putc(out, '\n');
        text += len + (text[len] == '\n');
    }
}

/* Paragraphs end in an empty line; lines that begin with a blank stay. */
static void add_about(struct fl_buf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        FL_AUTO_FREE char *line = strndup(text, len);

        if (line && *line == ' ')
            fl_buf_printf(out, "%s\n", line);
        else if (line)
            fl_help_wrap(out, line, 0, 0);
        text += len + (text[len] == '\n');
    }
}

static void add_aliases(struct fl_buf *out, const struct fl_command *command)
{
    if (!command->aliases)
        return;
    fl_buf_puts(out, "Also called:");
    for (size_t i = 0; command->aliases[i]; i++)
        fl_buf_printf(out, "%s %s", i ? "," : "", command->aliases[i]);
    fl_buf_puts(out, "\n\n");
}

int fl_help_command(const struct fl_command *command, struct fl_buf *out)
{
    bool changes = command->flags & FL_CMD_CHANGES;
    bool synopsis = command->synopsis && *command->synopsis;

    if (command->example) {
        fl_buf_puts(out, "Example:\n");
        add_indented(out, command->example);
        fl_buf_putc(out, '\n');
    }
    fl_buf_printf(out, "Usage: fleet %s%s%s [flags]\n\n", command->name,
                  synopsis ? " " : "", synopsis ? command->synopsis : "");
    add_about(out, command->about ? command->about : command->summary);
    fl_buf_putc(out, '\n');
    add_aliases(out, command);
    if (changes || (command->options && command->options->key))
        fl_buf_puts(out, "Flags:\n");
    add_flags(out, command->options);
    if (changes)
        add_flags(out, fl_change_options);
    if (changes || (command->options && command->options->key))
        fl_buf_putc(out, '\n');
    fl_buf_puts(out, "Flags of every command:\n");
    add_flags(out, fl_global_options);
    return out->failed;
}

static void add_group(struct fl_buf *out, const char *group)
{
    fl_buf_printf(out, "\n%s:\n", group);
    for (size_t i = 0; fl_commands[i]; i++) {
        const struct fl_command *command = fl_commands[i];
        FL_AUTO_FREE char *term = fl_format("  %s", command->name);

        if (!(command->flags & FL_CMD_HIDDEN) && term &&
            strcmp(command->group, group) == 0)
            add_entry(out, term, command->summary, COMMAND_COLUMN);
    }
}

static bool group_is_new(size_t at)
{
    if (fl_commands[at]->flags & FL_CMD_HIDDEN)
        return false;
    for (size_t i = 0; i < at; i++) {
        if (!(fl_commands[i]->flags & FL_CMD_HIDDEN) &&
            strcmp(fl_commands[i]->group, fl_commands[at]->group) == 0)
            return false;
    }
    return true;
}

int fl_help_overview(struct fl_buf *out)
{
    fl_buf_puts(out, "Example:\n"
                     "    fleet init\n"
                     "    fleet create -n 20\n"
                     "    fleet list\n"
                     "\n"
                     "Usage: fleet COMMAND [flags] [arguments]\n");
    for (size_t i = 0; fl_commands[i]; i++) {
        if (group_is_new(i))
            add_group(out, fl_commands[i]->group);
    }
    fl_buf_puts(out, "\nTopics:\n");
    for (size_t i = 0; fl_topics[i].name; i++) {
        FL_AUTO_FREE char *term = fl_format("  %s", fl_topics[i].name);

        if (term)
            add_entry(out, term, fl_topics[i].summary, COMMAND_COLUMN);
    }
    fl_buf_puts(out, "\n`fleet help COMMAND` and `fleet help TOPIC` tell more."
                     "\n");
    return out->failed;
}

static json_t *flag_document(const struct fleet_option *option)
{
    json_t *made = json_object();
    char letter[2] = {fl_flag_letter(option), '\0'};

    fl_json_put(made, "flag", fl_json_text(option->key));
    fl_json_put(made, "letter", fl_json_text(*letter ? letter : NULL));
    fl_json_put(made, "type", fl_json_text(fl_option_type_name(option)));
    fl_json_put(made, "default", fl_json_text(option->fallback));
    fl_json_put(made, "help", fl_json_text(option->help));
    return made;
}

static void add_flag_documents(json_t *flags,
                               const struct fleet_option *options)
{
    for (size_t i = 0; options && options[i].key; i++)
        fl_json_add(flags, flag_document(&options[i]));
}

static json_t *command_document(const struct fl_command *command)
{
    json_t *made = json_object();
    json_t *flags = json_array();

    fl_json_put(made, "command", fl_json_text(command->name));
    fl_json_put(made, "summary", fl_json_text(command->summary));
    fl_json_put(made, "synopsis", fl_json_text(command->synopsis));
    fl_json_put(made, "example", fl_json_text(command->example));
    add_flag_documents(flags, command->options);
    if (command->flags & FL_CMD_CHANGES)
        add_flag_documents(flags, fl_change_options);
    fl_json_put(made, "flags", flags);
    return made;
}

static void put_documents(json_t *document, const struct fl_command *command)
{
    json_t *commands = json_array();

    for (size_t i = 0; fl_commands[i]; i++) {
        bool wanted = command ? fl_commands[i] == command
                              : !(fl_commands[i]->flags & FL_CMD_HIDDEN);

        if (wanted)
            fl_json_add(commands, command_document(fl_commands[i]));
    }
    fl_json_put(document, "commands", commands);
}

int fl_help_print(struct fl_context *context, const struct fl_command *command)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    struct fleet_error err = {0};

    if (context->format == FL_FORMAT_JSON) {
        put_documents(context->document, command);
        return FL_EXIT_OK;
    }
    fl_buf_init(&text, HELP_MAX);
    if (command)
        fl_help_command(command, &text);
    else
        fl_help_overview(&text);
    if (fl_buf_check(&text, "help", &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_print(context, fl_buf_text(&text));
    return FL_EXIT_OK;
}

static size_t count_names(void)
{
    size_t n = 0;

    for (size_t i = 0; fl_commands[i]; i++)
        n++;
    for (size_t i = 0; fl_topics[i].name; i++)
        n++;
    return n;
}

const char *fl_help_closest(const char *name, bool topics)
{
    FL_AUTO_FREE const char **names = calloc(count_names() + 1, sizeof(*names));
    size_t n = 0;

    for (size_t i = 0; names && fl_commands[i]; i++) {
        if (!(fl_commands[i]->flags & FL_CMD_HIDDEN))
            names[n++] = fl_commands[i]->name;
    }
    for (size_t i = 0; names && topics && fl_topics[i].name; i++)
        names[n++] = fl_topics[i].name;
    return names ? fl_closest(name, names) : NULL;
}

static int no_such_help(struct fl_context *context, const char *name)
{
    const char *near = fl_help_closest(name, true);

    return fl_usage(context, "no command or topic is called \"%s\"%s%s%s", name,
                    near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

static int run(struct fl_context *context, const void *options)
{
    const struct fl_command *command;
    const struct fl_topic *topic;

    (void)options;
    if (context->n_args == 0)
        return fl_help_print(context, NULL);
    if (context->n_args > 1)
        return fl_usage(context, "one command or topic at a time");
    topic = fl_topic_find(context->args[0]);
    command = fl_command_find(context->args[0]);
    /* Some words are both: the topic then names the command's help. */
    if (topic && context->format == FL_FORMAT_JSON) {
        fl_json_put(context->document, "topic", fl_json_text(topic->name));
        fl_json_put(context->document, "text", fl_json_text(topic->text));
    } else if (topic) {
        fl_print(context, topic->text);
    } else if (command && !(command->flags & FL_CMD_HIDDEN)) {
        return fl_help_print(context, command);
    } else {
        return no_such_help(context, context->args[0]);
    }
    return FL_EXIT_OK;
}

const struct fl_command fl_cmd_help = {
    .name = "help",
    .group = "This program",
    .summary = "tell how to use a command, or about a topic",
    .synopsis = "[COMMAND | TOPIC]",
    .example = "fleet help create\nfleet help exit",
    .args = FL_ARGS_TOPICS,
    .run = run,
};
