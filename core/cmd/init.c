/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/envedit.h"
#include "core/cmd/help.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"
#include "core/cmd/talk.h"
#include "core/engine/keyfile.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PREFIX "fleet"
#define DEFAULT_FILE   "config.env"
#define TEMPLATE_MAX   (1024 * 1024)

struct options {
    char *prefix, *providers, *names, *key, *out;
    bool force, yes;
};

/* clang-format off */
static const struct fleet_option init_options[] = {
    {.key = "prefix", .aliases = FL_WORDS("p"), .type = FLEET_OPT_STRING,
     .help = "the cohort: pods are called PREFIX-NAME (default: "
             DEFAULT_PREFIX ")",
     FLEET_AT(struct options, prefix)},
    {.key = "providers", .type = FLEET_OPT_LIST,
     .help = "where to make pods, in order of preference",
     FLEET_AT(struct options, providers)},
    {.key = "names", .type = FLEET_OPT_LIST,
     .help = "names of the pods, in order (default: a built-in list)",
     FLEET_AT(struct options, names)},
    {.key = "key", .type = FLEET_OPT_PATH,
     .help = "the cohort's private key; made if it is missing (default: "
             "PREFIX_key beside the file)",
     FLEET_AT(struct options, key)},
    {.key = "out", .type = FLEET_OPT_PATH,
     .help = "the file to write (default: --config, else $FLEET_CONFIG, else "
             DEFAULT_FILE ")",
     FLEET_AT(struct options, out)},
    {.key = "force", .aliases = FL_WORDS("f"), .type = FLEET_OPT_BOOL,
     .help = "write the file even where there is one",
     FLEET_AT(struct options, force)},
    {.key = "yes", .aliases = FL_WORDS("y"), .type = FLEET_OPT_BOOL,
     .help = "do not ask: take the defaults for what no flag says",
     FLEET_AT(struct options, yes)},
    {0},
};
/* clang-format on */

/* What goes into the file. */
struct choice {
    const char *out; /* borrowed */
    char *prefix, *providers, *names;
    char *key;      /* as written into the file */
    char *key_path; /* the same, from where we stand */
};

static void clear_choice(struct choice *choice)
{
    free(choice->prefix);
    free(choice->providers);
    free(choice->names);
    free(choice->key);
    free(choice->key_path);
}

static int copy(const char *text, char **out, struct fleet_error *err)
{
    *out = strdup(text);
    return *out ? FLEET_OK : fl_enomem(err);
}

/* A flag, or what a person answers, or the default. */
static int choose(bool ask, const char *flag, const char *question,
                  const char *fallback, char **out, struct fleet_error *err)
{
    if (flag || !ask)
        return copy(flag ? flag : fallback, out, err);
    *out = fl_ask(question, fallback);
    if (*out)
        return FLEET_OK;
    return fleet_fail(err, fl_cancelled() ? FLEET_ECANCELLED : FLEET_EREFUSED,
                      "no answer: nothing was written");
}

/* The providers that would be used if nothing is said about them. */
static int usual_providers(struct fl_engine *engine, struct fl_buf *out,
                           struct fleet_error *err)
{
    int rc = fl_catalog_choose(&engine->catalog, &engine->config, NULL,
                               &engine->chosen, &engine->n_chosen, err);

    for (size_t i = 0; rc == 0 && i < engine->n_chosen; i++)
        fl_buf_printf(out, "%s%s", i ? " " : "", engine->chosen[i]->name);
    free(engine->chosen);
    engine->chosen = NULL;
    engine->n_chosen = 0;
    return rc < 0 ? rc : fl_buf_check(out, "providers", err);
}

/* Lists are one entry a line inside, and on one line in the file. */
static void join_lines(char *text, char by)
{
    for (; text && *text; text++) {
        if (*text == '\n')
            *text = by;
    }
}

static int check_providers(struct fl_engine *engine, const char *providers,
                           struct fleet_error *err)
{
    FL_AUTO_FREE char *lines = NULL;
    const struct fleet_option list = {
        .key = "providers", .type = FLEET_OPT_LIST, .holds = FLEET_HOLDS_TEXT};
    int rc = fl_option_set(&list, &lines, providers, NULL, err);

    if (rc == 0)
        rc = fl_catalog_choose(&engine->catalog, &engine->config, lines,
                               &engine->chosen, &engine->n_chosen, err);
    return rc;
}

static int check_names(const struct choice *choice, struct fleet_error *err)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    if (choice->names && fl_strv_split(&names, choice->names, "\n") < 0)
        return fl_enomem(err);
    return fl_cohort_init(&cohort, choice->prefix, &names, err);
}

/* Paths in the file stand on its directory, those in flags on ours. */
static int choose_key(const struct options *options, struct choice *choice,
                      struct fleet_error *err)
{
    const char *slash = strrchr(choice->out, '/');
    size_t dir = slash ? (size_t)(slash + 1 - choice->out) : 0;
    FL_AUTO_FREE char *here = NULL;

    if (!options->key) {
        choice->key = fl_format("%s_key", choice->prefix);
        choice->key_path =
            fl_format("%.*s%s_key", (int)dir, choice->out, choice->prefix);
    } else {
        here =
            options->key[0] == '/' || dir == 0 ? strdup("") : getcwd(NULL, 0);
        choice->key = here && *here ? fl_path_join(here, options->key)
                                    : strdup(options->key);
        choice->key_path = strdup(options->key);
        if (!here)
            return fl_enomem(err);
    }
    return choice->key && choice->key_path ? FLEET_OK : fl_enomem(err);
}

static int choose_all(struct fl_context *context, const struct options *options,
                      struct choice *choice, struct fleet_error *err)
{
    /* Who gives flags is a script, or knows what he wants. */
    bool ask = fl_can_ask() && !options->yes && !options->prefix &&
               !options->providers && !options->names && !options->key;
    FL_AUTO(fl_buf_clear) struct fl_buf usual = {0};
    int rc = choose(ask, options->prefix,
                    "Name of the cohort, the first part of each pod's name:",
                    DEFAULT_PREFIX, &choice->prefix, err);

    fl_buf_init(&usual, 64 * 1024);
    if (rc == 0 && options->names)
        rc = copy(options->names, &choice->names, err);
    if (rc == 0)
        rc = check_names(choice, err);
    if (rc == 0)
        rc = usual_providers(&context->engine, &usual, err);
    if (rc == 0)
        rc = choose(ask, options->providers,
                    "Providers, in order of preference:", fl_buf_text(&usual),
                    &choice->providers, err);
    if (rc == 0)
        rc = check_providers(&context->engine, choice->providers, err);
    return rc < 0 ? rc : choose_key(options, choice, err);
}

/* "# help (type; default ...)" and "#KEY=default" */
static void add_key(struct fl_buf *out, const struct fleet_option *option)
{
    FL_AUTO(fl_buf_clear) struct fl_buf comment = {0}, wrapped = {0};

    fl_buf_init(&comment, TEMPLATE_MAX);
    fl_buf_init(&wrapped, TEMPLATE_MAX);
    fl_buf_printf(&comment, "%s (%s%s)", option->help,
                  fl_option_type_name(option),
                  option->flags & FLEET_OPT_REQUIRED ? ", needed" : "");
    fl_help_wrap(&wrapped, fl_buf_text(&comment), 0, 2);
    fl_buf_puts(out, "\n# ");
    for (const char *c = fl_buf_text(&wrapped); *c; c++) {
        fl_buf_putc(out, *c);
        if (*c == '\n' && c[1])
            fl_buf_puts(out, "# ");
    }
    fl_buf_printf(out, "#%s=", option->key);
    if (option->fallback && option->type != FLEET_OPT_SECRET)
        fl_envfile_quote(out, option->fallback);
    fl_buf_putc(out, '\n');
}

/* The file with everything switched off. */
static int make_template(const struct fl_keys *keys, struct fl_buf *out,
                         struct fleet_error *err)
{
    const struct fl_plugin *plugin = NULL;

    fl_buf_puts(out,
                "# Settings of one cohort of pods, written by `fleet init`.\n"
                "# Take the # away in front of a KEY to set it. This file is "
                "read, never run.\n"
                "# `fleet config show` tells what counts and why, `fleet "
                "config check` finds\n"
                "# mistakes, `man fleet-config` explains.\n");
    for (size_t i = 0; i < keys->n; i++) {
        const struct fl_key *key = &keys->at[i];

        if (key->plugin != plugin) {
            plugin = key->plugin;
            fl_buf_printf(out, "\n\n# The %s %s: %s\n",
                          fl_kind_name(plugin->about.kind), plugin->about.name,
                          plugin->about.summary);
        }
        if (strcmp(key->option.key, "FLEET_CONFIG") != 0)
            add_key(out, &key->option);
    }
    return fl_buf_check(out, "config.env", err);
}

/* Switches one key on; *text is replaced. */
static int switch_on(struct fl_buf *text, const char *path, const char *key,
                     const char *value, struct fleet_error *err)
{
    struct fl_buf after;
    int rc;

    if (!value)
        return FLEET_OK;
    fl_buf_init(&after, TEMPLATE_MAX);
    rc = fl_envedit_set(path, fl_buf_text(text), text->len, fl_home(), key,
                        value, &after, err);
    if (rc < 0) {
        fl_buf_clear(&after);
        return rc;
    }
    fl_buf_clear(text);
    *text = after;
    return FLEET_OK;
}

static int write_file(struct fl_context *context, struct choice *choice,
                      struct fleet_error *err)
{
    FL_AUTO(fl_keys_clear) struct fl_keys keys = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    const char *path = choice->out;
    int rc = fl_keys_collect(&context->engine.plugins, &keys, err);

    join_lines(choice->names, ' ');
    join_lines(choice->providers, ' ');
    fl_buf_init(&text, TEMPLATE_MAX);
    if (rc == 0)
        rc = make_template(&keys, &text, err);
    if (rc == 0)
        rc = switch_on(&text, path, "PROVIDERS", choice->providers, err);
    if (rc == 0)
        rc = switch_on(&text, path, "MACHINE_NAME_PREFIX", choice->prefix, err);
    if (rc == 0)
        rc = switch_on(&text, path, "MACHINE_NAME_LIST", choice->names, err);
    if (rc == 0)
        rc = switch_on(&text, path, "SHARED_SSH_KEY_PATH", choice->key, err);
    return rc < 0 ? rc : fl_file_write(path, text.data, text.len, 0600, err);
}

static int make_key(const struct choice *choice, bool *made,
                    struct fleet_error *err)
{
    FL_AUTO_FREE char *comment = fl_format("fleet %s", choice->prefix);

    return comment ? fl_keyfile_ensure(choice->key_path, comment, made, err)
                   : fl_enomem(err);
}

static void tell(struct fl_context *context, const struct choice *choice,
                 bool made)
{
    const char *usual = getenv("FLEET_CONFIG");
    bool elsewhere =
        strcmp(choice->out, usual && *usual ? usual : DEFAULT_FILE) != 0;
    const char *flag = elsewhere ? " --config " : "";
    const char *file = elsewhere ? choice->out : "";

    fl_json_put(context->document, "config", fl_json_text(choice->out));
    fl_json_put(context->document, "prefix", fl_json_text(choice->prefix));
    fl_json_put(context->document, "providers",
                fl_json_text(choice->providers));
    fl_json_put(context->document, "key", fl_json_text(choice->key_path));
    fl_json_put(context->document, "key_made", json_boolean(made));
    fl_say(context, "Wrote %s: cohort %s, providers: %s.", choice->out,
           choice->prefix, choice->providers);
    fl_say(context, "%s the key %s and its .pub.", made ? "Made" : "Kept",
           choice->key_path);
    fl_say(context, "Next:");
    fl_say(context, "    fleet doctor%s%s", flag, file);
    fl_say(context, "    fleet create -n 3%s%s", flag, file);
    fl_say(context, "    fleet list%s%s", flag, file);
}

/* No config file is read: there is none, or it is about to be replaced. */
static int open_plugins(struct fl_engine *engine, struct fleet_error *err)
{
    const char *search = getenv("FLEET_PLUGIN_PATH");
    int rc = fl_plugins_open(search, &engine->plugins, err);

    return rc < 0 ? rc
                  : fl_catalog_open(&engine->catalog, &engine->plugins,
                                    &engine->config, err);
}

static int check_free(const struct options *options, const char *path,
                      struct fleet_error *err)
{
    struct stat about;

    if (options->force || lstat(path, &about) < 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EREFUSED,
                      "%s is there already: nothing was done; --force writes "
                      "over it, --out names another file",
                      path);
}

static const char *file_to_write(const struct fl_context *context,
                                 const struct options *options)
{
    const char *variable = getenv("FLEET_CONFIG");

    if (options->out)
        return options->out;
    if (context->globals.config)
        return context->globals.config;
    return variable && *variable ? variable : DEFAULT_FILE;
}

static int run(struct fl_context *context, const void *arg)
{
    const struct options *options = arg;
    struct choice choice = {.out = file_to_write(context, options)};
    struct fleet_error err = {0};
    bool made = false;
    int rc;

    if (context->n_args)
        return fl_usage(context, "takes no arguments");
    rc = check_free(options, choice.out, &err);
    if (rc == 0)
        rc = open_plugins(&context->engine, &err);
    if (rc == 0)
        rc = choose_all(context, options, &choice, &err);
    if (rc == 0)
        rc = make_key(&choice, &made, &err);
    if (rc == 0)
        rc = write_file(context, &choice, &err);
    if (rc == 0)
        tell(context, &choice, made);
    clear_choice(&choice);
    /* a bad prefix or name came from a flag or an answer */
    if (rc == FLEET_EINVALID)
        err.code = FLEET_EUSAGE;
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

const struct fl_command fl_cmd_init = {
    .name = "init",
    .group = "Setting up",
    .summary = "write a config.env with every setting in it, and make the key",
    .synopsis = "",
    .example = "fleet init\n"
               "fleet init --prefix arena --providers local --names "
               "apple,birch,cedar",
    .about = "Writes a config.env in which every setting is explained and all "
             "but a few are switched off, and makes the cohort's key pair if "
             "it is missing. Without flags, on a terminal, it asks; else it "
             "takes the defaults for what no flag says. An existing file is "
             "left alone "
             "unless --force is given.",
    .options = init_options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_NONE,
    .run = run,
};
