/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"
#include "core/cmd/setting.h"
#include "core/cmd/talk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    bool all;
};

/* clang-format off */
static const struct fleet_option config_options[] = {
    {.key = "all", .aliases = FL_WORDS("a"), .type = FLEET_OPT_BOOL,
     .help = "show: also what is set nowhere",
     FLEET_AT(struct options, all)},
    {0},
};
/* clang-format on */

/* The file in use: named or found here, else the user's; NULL: none. */
static int no_such_key(struct fl_context *context, const struct fl_keys *keys,
                       const char *name)
{
    const char *near = fl_keys_closest(keys, name);

    return fl_usage(context, "%s: no such key%s%s%s", name,
                    near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

/* Settings of a provider that is not in use would only hide those that count.
 */
static int check_provider(struct fl_context *context,
                          const struct fl_provider_entry *entry)
{
    const struct fl_plugin *plugin = entry->plugin;
    FL_AUTO_FREE void *config =
        calloc(1, (size_t)plugin->about.config_size + 1);
    struct fleet_error err = {0};
    int rc = config ? fl_config_fill(&context->engine.config, &plugin->options,
                                     config, true, &err)
                    : fl_enomem(&err);

    if (config)
        fl_options_clear(&plugin->options, config);
    return rc < 0 ? fl_report(context, &err, NULL, entry->name) : FL_EXIT_OK;
}

static int check(struct fl_context *context)
{
    struct fl_engine *engine = &context->engine;
    const char *path = fl_setting_file(&engine->config);
    int status = FL_EXIT_OK;

    for (size_t i = 0; i < engine->n_chosen; i++) {
        int one = check_provider(context, engine->chosen[i]);

        status = status ? status : one;
    }
    fl_json_put(context->document, "config", fl_json_text(path));
    fl_json_put(context->document, "ok", json_boolean(status == FL_EXIT_OK));
    if (status == FL_EXIT_OK)
        fl_say(context, "%s: no mistakes: cohort %s, %zu names, %zu provider%s",
               path ? path : "the environment", engine->cohort.prefix,
               engine->cohort.names.n, engine->n_chosen,
               engine->n_chosen == 1 ? "" : "s");
    return status;
}

static int run_check(struct fl_context *context)
{
    struct fleet_error err = {0};
    int rc;

    if (context->n_args > 1)
        return fl_usage(context, "check: takes no arguments");
    rc = fl_engine_open(&context->engine, context->globals.config, &err);
    fl_show_warnings(context);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : check(context);
}

static json_t *value_json(const struct fl_key *key,
                          const struct fl_key_value *value)
{
    json_t *made = json_object();

    fl_json_put(made, "key", fl_json_text(key->option.key));
    fl_json_put(made, "set", json_boolean(value->set));
    fl_json_put(made, "secret",
                json_boolean(key->option.type == FLEET_OPT_SECRET));
    fl_json_put(made, "value", fl_key_json(&key->option, value));
    fl_json_put(made, "source",
                value->set ? fl_json_text(fl_source_name(value->from.source))
                           : json_null());
    fl_json_put(made, "where",
                value->set ? fl_json_text(value->from.where) : json_null());
    fl_json_put(made, "provider",
                fl_json_text(key->plugin ? key->plugin->about.name : NULL));
    return made;
}

struct shown {
    struct fl_context *context;
    struct fl_table table;
    json_t *values;
};

static int show_key(struct shown *shown, const struct fl_key *key, bool unset,
                    struct fleet_error *err)
{
    FL_AUTO(fl_key_value_clear) struct fl_key_value value = {0};

    if (fl_key_value(&shown->context->engine.config, &key->option, &value,
                     err) < 0)
        return FLEET_ENOMEM;
    if (!value.set && !unset)
        return FLEET_OK;
    fl_table_cell(&shown->table, key->option.key);
    fl_table_cell(&shown->table, value.text);
    fl_table_cell(&shown->table,
                  value.set ? fl_source_name(value.from.source) : NULL);
    fl_table_cell(&shown->table, value.set ? value.from.where : NULL);
    fl_json_add(shown->values, value_json(key, &value));
    return FLEET_OK;
}

/* The keys that were asked for, or all that have a value. */
static int show_keys(struct shown *shown, const struct fl_keys *keys,
                     bool unset, struct fleet_error *err)
{
    const struct fl_context *context = shown->context;
    int rc = FLEET_OK;

    for (size_t i = 1; rc == 0 && i < context->n_args; i++)
        rc = show_key(shown, fl_keys_find(keys, context->args[i]), true, err);
    for (size_t i = 0; rc == 0 && context->n_args <= 1 && i < keys->n; i++)
        rc = show_key(shown, &keys->at[i], unset, err);
    return rc;
}

static int show(struct fl_context *context, const struct fl_keys *keys,
                bool unset)
{
    static const char *const headings[] = {"KEY", "VALUE", "SOURCE", "WHERE"};
    struct shown shown = {.context = context};
    struct fleet_error err = {0};
    int rc;

    for (size_t i = 1; i < context->n_args; i++) {
        if (!fl_keys_find(keys, context->args[i]))
            return no_such_key(context, keys, context->args[i]);
    }
    shown.values = json_array();
    fl_table_init(&shown.table, 4, headings, 0);
    rc = show_keys(&shown, keys, unset, &err);
    fl_json_put(context->document, "config",
                fl_json_text(fl_setting_file(&context->engine.config)));
    fl_json_put(context->document, "values", shown.values);
    if (rc == 0)
        fl_table_print(&shown.table, context);
    fl_table_clear(&shown.table);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

static int run_show(struct fl_context *context, bool unset)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_keys_clear) struct fl_keys keys = {0};
    struct fleet_error err = {0};
    int rc = fl_engine_open_plugins(engine, context->globals.config, &err);

    if (rc == 0)
        rc = fl_keys_collect(&engine->plugins, &keys, &err);
    fl_show_warnings(context);
    return rc < 0 ? fl_report(context, &err, NULL, NULL)
                  : show(context, &keys, unset);
}

/* All of standard input but one newline at its end. */
static int read_input(struct fl_buf *text, struct fleet_error *err)
{
    ssize_t n;

    do {
        if (fl_buf_reserve(text, 4096) < 0)
            return fl_buf_check(text, "standard input", err);
        n = read(STDIN_FILENO, text->data + text->len, 4096);
        if (n < 0 && errno != EINTR)
            return fleet_fail(err, FLEET_EINTERNAL, "standard input: %s",
                              strerror(errno));
        text->len += n > 0 ? (size_t)n : 0;
    } while (n != 0);
    text->data[text->len] = '\0';
    if (strlen(text->data) != text->len)
        return fleet_fail(err, FLEET_EINVALID,
                          "standard input: has a NUL byte in it");
    if (text->len && text->data[text->len - 1] == '\n')
        text->data[--text->len] = '\0';
    return FLEET_OK;
}

static int ask_value(const struct fleet_option *option, struct fl_buf *value,
                     struct fleet_error *err)
{
    FL_AUTO_FREE char *question = fl_format("%s:", option->key);
    FL_AUTO_FREE char *answer = NULL;

    if (question)
        answer = option->type == FLEET_OPT_SECRET ? fl_ask_secret(question)
                                                  : fl_ask(question, NULL);
    if (!answer)
        return fleet_fail(err, FLEET_EREFUSED, "no answer: nothing was done");
    fl_buf_puts(value, answer);
    fl_wipe(answer, strlen(answer));
    return fl_buf_check(value, option->key, err);
}

/* The value, checked as it will be when it is read back. */
static int get_value(const struct fl_context *context,
                     const struct fleet_option *option, struct fl_buf *value,
                     struct fleet_error *err)
{
    struct fleet_option plain = *option;
    union {
        char *text;
        int64_t number;
        bool yes;
    } held = {0};
    int rc;

    if (context->n_args > 2)
        rc = fl_buf_puts(value, context->args[2]);
    else if (fl_can_ask())
        rc = ask_value(option, value, err);
    else
        rc = read_input(value, err);
    if (rc < 0)
        return rc;
    plain.offset = 0;
    if (!value->len)
        return FLEET_OK; /* an empty value counts as unset */
    rc = fl_option_set(&plain, &held, fl_buf_text(value), NULL, err);
    if (rc == 0 && plain.holds == FLEET_HOLDS_TEXT) {
        fl_wipe(held.text, strlen(held.text));
        free(held.text);
    }
    return rc;
}

static int set(struct fl_context *context, const struct fl_key *key)
{
    const char *path = fl_setting_file(&context->engine.config);
    struct fleet_error err = {0};
    struct fl_buf value;
    int rc;

    if (key->option.type == FLEET_OPT_SECRET && context->n_args > 2)
        return fl_usage(context,
                        "%s is a secret, and arguments are public: pass it on "
                        "standard input",
                        key->option.key);
    fl_buf_init(&value, FL_VALUE_MAX);
    rc = fl_buf_reserve(&value, FL_VALUE_MAX / 2);
    rc = rc < 0 ? fl_enomem(&err)
                : get_value(context, &key->option, &value, &err);
    if (rc == FLEET_EINVALID)
        err.code = FLEET_EUSAGE;
    if (rc == 0)
        rc = fl_setting_write(path, key->option.key, fl_buf_text(&value),
                              key->option.type == FLEET_OPT_SECRET, &err);
    fl_wipe(value.data, value.size);
    fl_buf_clear(&value);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_json_put(context->document, "config", fl_json_text(path));
    fl_json_put(context->document, "key", fl_json_text(key->option.key));
    fl_say(context, "%s: %s is set", path, key->option.key);
    return FL_EXIT_OK;
}

/* A wrong value may be what is to be put right: all that is needed here is a
 * file that parses and the plugins' keys. */
static int open_for_set(struct fl_engine *engine, const char *path,
                        struct fleet_error *err)
{
    int rc = fl_engine_open_plugins(engine, path, err);

    if (rc < 0 && fl_setting_file(&engine->config) && !engine->plugins.n) {
        *err = (struct fleet_error){0};
        rc =
            fl_plugins_open(getenv("FLEET_PLUGIN_PATH"), &engine->plugins, err);
    }
    if (rc == 0 && !fl_setting_file(&engine->config))
        return fleet_fail(err, FLEET_ECONFIG,
                          "there is no config.env yet: run `fleet init`");
    return rc;
}

static int run_set(struct fl_context *context)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_keys_clear) struct fl_keys keys = {0};
    const struct fl_key *key;
    struct fl_key of_instance;
    struct fleet_error err = {0};
    int rc;

    if (context->n_args < 2 || context->n_args > 3)
        return fl_usage(context, "set: takes a key and a value");
    rc = open_for_set(engine, context->globals.config, &err);
    if (rc == 0)
        rc = fl_keys_collect(&engine->plugins, &keys, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    key = fl_keys_find(&keys, context->args[1]);
    if (!key &&
        fl_keys_of_instance(&engine->catalog, context->args[1], &of_instance))
        key = &of_instance;
    return key ? set(context, key)
               : no_such_key(context, &keys, context->args[1]);
}

static int run(struct fl_context *context, const void *arg)
{
    const struct options *options = arg;
    const char *what = context->n_args ? context->args[0] : "show";

    if (strcmp(what, "show") == 0)
        return run_show(context, options->all);
    if (strcmp(what, "check") == 0)
        return run_check(context);
    if (strcmp(what, "set") == 0)
        return run_set(context);
    return fl_usage(context, "%s: one of check, show and set is meant", what);
}

static const char *const words[] = {"check", "show", "set", NULL};

const struct fl_command fl_cmd_config = {
    .name = "config",
    .group = "This installation",
    .summary = "show where each setting comes from, check them, change one",
    .synopsis = "[show [KEY...] | check | set KEY [VALUE]]",
    .example = "fleet config show\n"
               "fleet config set GPU_TYPE \"RTX A4000\"\n"
               "fleet config set CLOUD_API_KEY < key.txt",
    .about = "show: each setting with its value and where it comes from; of "
             "secrets only whether they are set.\n"
             "check: reads everything and tells mistakes; asks no provider.\n"
             "set: changes the one line of config.env that sets KEY and no "
             "other byte. Without VALUE the value is read from standard input; "
             "for secrets, and whatever a program that is a provider is "
             "told, that is the only way.",
    .options = config_options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_WORDS,
    .words = words,
    .run = run,
};
