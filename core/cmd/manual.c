/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/args.h"
#include "core/cmd/commands.h"
#include "core/cmd/help.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"

#include <ctype.h>
#include <string.h>

/* `fleet __manual WHAT`: the lists in the manual pages, in mdoc. The pages hold
 * them between markers, and a test compares. */
#define MANUAL_MAX (1024 * 1024)

/* Text in which nothing is a request or an escape, and dashes stay dashes. A
 * word at the start of a line could be a request, and each may get there. */
static void add_escaped(struct fl_buf *out, const char *text)
{
    bool starts = true;

    for (; *text; text++) {
        if (starts && (*text == '.' || *text == '\''))
            fl_buf_puts(out, "\\&");
        if (*text == '\\')
            fl_buf_puts(out, "\\e");
        else if (*text == '-')
            fl_buf_puts(out, "\\-");
        else
            fl_buf_putc(out, *text);
        starts = *text == ' ';
    }
}

static void add_default(struct fl_buf *out, const struct fleet_option *option)
{
    if (!option->fallback || option->type == FLEET_OPT_SECRET)
        return;
    fl_buf_puts(out, "Default:\n.Ql ");
    add_escaped(out, option->fallback);
    fl_buf_puts(out, " .\n");
}

/* Help lines begin small and have no full stop; sentences have. */
static void add_sentence(struct fl_buf *out, const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};

    fl_buf_init(&line, MANUAL_MAX);
    add_escaped(&line, text);
    fl_buf_putc(&line, '.');
    if (line.data && !line.failed)
        line.data[0] = (char)toupper((unsigned char)line.data[0]);
    fl_help_wrap(out, fl_buf_text(&line), 0, 0);
}

static void add_help(struct fl_buf *out, const struct fleet_option *option)
{
    add_sentence(out, option->help);
    add_default(out, option);
}

static void add_flag(struct fl_buf *out, const struct fleet_option *option)
{
    FL_AUTO(fl_buf_clear) struct fl_buf value = {0};
    char letter = fl_flag_letter(option);

    fl_buf_init(&value, MANUAL_MAX);
    fl_flag_metavar(option, &value);
    fl_buf_puts(out, ".It ");
    if (letter)
        fl_buf_printf(out, "Fl %c , ", letter);
    fl_buf_printf(out, "Fl -%s", option->key);
    if (value.len)
        fl_buf_printf(out, " Ar %s", fl_buf_text(&value));
    fl_buf_putc(out, '\n');
    add_help(out, option);
}

static void add_flags(struct fl_buf *out, const struct fleet_option *options,
                      bool change)
{
    if (!change && !(options && options->key))
        return; /* a list without items is none */
    fl_buf_puts(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; options && options[i].key; i++)
        add_flag(out, &options[i]);
    for (size_t i = 0; change && fl_change_options[i].key; i++)
        add_flag(out, &fl_change_options[i]);
    fl_buf_puts(out, ".El\n");
}

static void add_key(struct fl_buf *out, const struct fleet_option *option)
{
    const char *const *aliases = option->aliases;

    fl_buf_printf(out, ".It Ev %s Pq %s%s\n", option->key,
                  fl_option_type_name(option),
                  option->flags & FLEET_OPT_REQUIRED ? ", needed" : "");
    add_help(out, option);
    fl_buf_puts(out, aliases ? "Also read:\n" : "");
    for (size_t i = 0; aliases && aliases[i]; i++)
        fl_buf_printf(out, ".Ev %s %s\n", aliases[i],
                      aliases[i + 1] ? "," : ".");
}

static void add_keys(struct fl_buf *out, const struct fl_options *options,
                     const struct fl_plugin *plugin)
{
    struct fleet_option option;
    bool instances = plugin && fl_keys_instances(plugin, &option);

    if (!instances && !fl_option_at(options, 0, &option))
        return;
    fl_buf_puts(out, ".Bl -tag -width Ds\n");
    if (instances)
        add_key(out, &option);
    for (size_t i = 0; fl_option_at(options, i, &option); i++) {
        /* A key of the core that a plugin reads, too, stands there. */
        if (!plugin || fl_option_find(&fl_settings_table, option.key) < 0)
            add_key(out, &option);
    }
    fl_buf_puts(out, ".El\n");
}

static void add_commands(struct fl_buf *out)
{
    fl_buf_puts(out, ".Bl -tag -width completion -compact\n");
    for (size_t i = 0; fl_commands[i]; i++) {
        const struct fl_command *command = fl_commands[i];

        if (command->flags & FL_CMD_HIDDEN)
            continue;
        fl_buf_printf(out, ".It Cm %s\n", command->name);
        add_sentence(out, command->summary);
    }
    fl_buf_puts(out, ".El\n");
}

/* "provider local", "format nginx", "check disk" */
static int add_plugin(struct fl_context *context, enum fleet_kind kind,
                      const char *name, struct fl_buf *out)
{
    struct fl_engine *engine = &context->engine;
    struct fl_plugin *plugin;
    struct fleet_error err = {0};
    int rc =
        fl_plugins_open(getenv("FLEET_PLUGIN_PATH"), &engine->plugins, &err);

    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    plugin = fl_plugins_find(&engine->plugins, kind, name);
    if (!plugin)
        return fl_usage(context, "%s: no such %s", name, fl_kind_name(kind));
    add_keys(out, &plugin->options, plugin);
    return FL_EXIT_OK;
}

static int add_list(struct fl_context *context, struct fl_buf *out)
{
    const char *what = context->n_args ? context->args[0] : "commands";
    const struct fl_command *command = fl_command_find(what);

    for (int kind = FLEET_PROVIDER; kind <= FLEET_CHECK; kind++) {
        if (context->n_args == 2 && strcmp(what, fl_kind_name(kind)) == 0)
            return add_plugin(context, (enum fleet_kind)kind, context->args[1],
                              out);
    }
    if (context->n_args > 1)
        return fl_usage(context,
                        "COMMAND, or global, change, commands, config-keys, "
                        "KIND PLUGIN");
    if (strcmp(what, "commands") == 0)
        add_commands(out);
    else if (strcmp(what, "config-keys") == 0)
        add_keys(out, &fl_settings_table, NULL);
    else if (strcmp(what, "global") == 0)
        add_flags(out, fl_global_options, false);
    else if (strcmp(what, "change") == 0)
        add_flags(out, NULL, true);
    else if (command)
        add_flags(out, command->options, false);
    else
        return fl_usage(context, "%s: no such list", what);
    return FL_EXIT_OK;
}

static int run(struct fl_context *context, const void *options)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};
    struct fleet_error err = {0};
    int status;

    (void)options;
    fl_buf_init(&out, MANUAL_MAX);
    status = add_list(context, &out);
    if (fl_buf_check(&out, "manual", &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_print(context, fl_buf_text(&out));
    return status;
}

const struct fl_command fl_cmd_manual = {
    .name = "__manual",
    .summary = "the lists in the manual pages",
    .flags = FL_CMD_HIDDEN | FL_CMD_RAW,
    .run = run,
};
