/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"

#include <string.h>

#define OPEN_MS 10000

static bool is_chosen(const struct fl_engine *engine,
                      const struct fl_provider_entry *entry)
{
    for (size_t i = 0; i < engine->n_chosen; i++) {
        if (engine->chosen[i] == entry)
            return true;
    }
    return false;
}

static json_t *entry_json(const struct fl_engine *engine,
                          const struct fl_provider_entry *entry)
{
    const struct fl_plugin *plugin = entry->plugin;
    json_t *made = json_object();

    fl_json_put(made, "name", fl_json_text(entry->name));
    fl_json_put(made, "version", fl_json_text(plugin->about.version));
    fl_json_put(made, "file", fl_json_text(plugin->path));
    fl_json_put(made, "summary", fl_json_text(plugin->about.summary));
    fl_json_put(made, "chosen", json_boolean(is_chosen(engine, entry)));
    return made;
}

static void list_entries(struct fl_context *context)
{
    static const char *const headings[] = {"NAME", "VERSION", "USED", "SUMMARY",
                                           "FILE"};
    const struct fl_engine *engine = &context->engine;
    json_t *providers = json_array();
    struct fl_table table;

    fl_table_init(&table, 5, headings, 0);
    for (size_t i = 0; i < engine->catalog.n; i++) {
        const struct fl_provider_entry *entry = &engine->catalog.at[i];

        fl_json_add(providers, entry_json(engine, entry));
        fl_table_cell(&table, entry->name);
        fl_table_cell(&table, entry->plugin->about.version);
        fl_table_cell(&table, is_chosen(engine, entry) ? "yes" : "no");
        fl_table_cell(&table, entry->plugin->about.summary);
        fl_table_cell(&table, entry->plugin->path);
    }
    fl_json_put(context->document, "providers", providers);
    fl_table_print(&table, context);
    fl_table_clear(&table);
}

/* What the function pointers say. */
static uint64_t plain_abilities(const struct fleet_provider_ops *ops)
{
    const struct {
        bool there;
        int op;
    } functions[] = {
        {ops->list, FLEET_OP_LIST},       {ops->offers, FLEET_OP_OFFERS},
        {ops->create, FLEET_OP_CREATE},   {ops->find, FLEET_OP_FIND},
        {ops->get, FLEET_OP_GET},         {ops->start, FLEET_OP_START},
        {ops->stop, FLEET_OP_STOP},       {ops->restart, FLEET_OP_RESTART},
        {ops->rename, FLEET_OP_RENAME},   {ops->terminate, FLEET_OP_TERMINATE},
        {ops->balance, FLEET_OP_BALANCE}, {ops->lock, FLEET_OP_LOCK},
        {ops->expose, FLEET_OP_EXPOSE},
    };
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        if (functions[i].there)
            bits |= FLEET_CAN(functions[i].op);
    }
    return bits;
}

/* What a provider can do, and what its calls do beside. */
struct knowledge {
    uint64_t bits;
    json_t *effects; /* as in the document */
    struct fl_strv lines;
};

static int note_effects(const struct fleet_effect *table,
                        struct knowledge *known)
{
    int rc = FLEET_OK;

    known->effects = json_array();
    for (int op = FLEET_OP_LIST; rc == 0 && op <= FLEET_OP_EXPOSE; op++) {
        const struct fleet_effect *effect = fl_effect_of(table, op);
        bool wipes = effect && effect->flags & FLEET_EFFECT_WIPES;
        bool bills = effect && effect->flags & FLEET_EFFECT_BILLS;
        json_t *entry;
        char *line;

        if (!effect)
            continue;
        entry = json_object();
        fl_json_put(entry, "call", fl_json_text(fl_op_name(op)));
        fl_json_put(entry, "wipes", json_boolean(wipes));
        fl_json_put(entry, "bills", json_boolean(bills));
        fl_json_put(entry, "text", fl_json_text(effect->text));
        fl_json_add(known->effects, entry);
        line = fl_format("%s: %.200s%s%s", fl_op_name(op), effect->text,
                         wipes ? " (data is lost)" : "",
                         bills ? " (costs money)" : "");
        rc = line ? fl_strv_take(&known->lines, line) : FLEET_ENOMEM;
    }
    return rc;
}

/* A handle that learns what it can do when it is opened has to be asked. */
static int learn(struct fl_context *context,
                 const struct fl_provider_entry *entry, struct knowledge *known)
{
    const struct fleet_provider_ops *ops = &entry->plugin->provider;
    struct fl_engine *engine = &context->engine;
    struct fl_provider *provider = NULL;
    struct fleet_error err = {0};
    int rc;

    known->bits = plain_abilities(ops);
    if (!ops->abilities && !ops->effects)
        return note_effects(entry->plugin->about.effects, known);
    if (fl_provider_open(entry, &engine->config, engine->state_dir,
                         fl_engine_deadline(engine, OPEN_MS), &provider,
                         &err) < 0) {
        fl_say(context, "fleet: warning: %s: told as far as it is known: %s",
               entry->name, err.text);
        return note_effects(entry->plugin->about.effects, known);
    }
    known->bits = fl_provider_abilities(provider);
    rc = note_effects(fl_provider_effects(provider), known);
    fl_provider_close(provider);
    return rc;
}

static int name_abilities(uint64_t bits, uint64_t caps, struct fl_strv *words)
{
    static const struct {
        uint64_t cap;
        const char *word;
    } names[] = {
        {FLEET_CAP_SPOT, "spot"},
        {FLEET_CAP_IDEMPOTENT, "idempotent"},
        {FLEET_CAP_NO_ACCOUNT, "no_account"},
    };
    int rc = FLEET_OK;

    for (int op = FLEET_OP_LIST; rc == 0 && op <= FLEET_OP_EXPOSE; op++) {
        if (bits & FLEET_CAN(op))
            rc = fl_strv_add(words, fl_op_name(op));
    }
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(*names); i++) {
        if (caps & names[i].cap)
            rc = fl_strv_add(words, names[i].word);
    }
    return rc;
}

static const char *threads_name(uint32_t threads)
{
    static const char *const names[] = {"serial", "per_handle", "parallel"};

    return names[threads < 3 ? threads : 0];
}

static json_t *option_json(const struct fleet_option *option,
                           const struct fl_key_value *value)
{
    json_t *made = json_object();
    bool secret = option->type == FLEET_OPT_SECRET;

    fl_json_put(made, "key", fl_json_text(option->key));
    fl_json_put(made, "env", fl_json_text(option->key));
    fl_json_put(made, "type", fl_json_text(fl_option_type_name(option)));
    fl_json_put(made, "default",
                fl_json_text(secret ? NULL : option->fallback));
    fl_json_put(made, "required",
                json_boolean(option->flags & FLEET_OPT_REQUIRED));
    fl_json_put(made, "secret", json_boolean(secret));
    fl_json_put(made, "set", json_boolean(value->set));
    fl_json_put(made, "value", fl_key_json(option, value));
    fl_json_put(made, "source",
                value->set ? fl_json_text(fl_source_name(value->from.source))
                           : json_null());
    fl_json_put(made, "help", fl_json_text(option->help));
    return made;
}

static void add_option(struct fl_table *table,
                       const struct fleet_option *option,
                       const struct fl_key_value *value)
{
    bool required = option->flags & FLEET_OPT_REQUIRED;

    fl_table_cell(table, option->key);
    fl_table_cellf(table, "%s%s", fl_option_type_name(option),
                   required ? ", required" : "");
    fl_table_cell(table, value->text);
    fl_table_cell(table,
                  value->set ? fl_source_name(value->from.source) : NULL);
    fl_table_cell(table, option->fallback);
    fl_table_cell(table, option->help);
}

/* The plugin's options, into the table and the document. */
static int show_options(struct fl_context *context,
                        const struct fl_plugin *plugin, struct fl_table *table,
                        json_t *options, struct fleet_error *err)
{
    struct fleet_option option;

    for (size_t i = 0; fl_option_at(&plugin->options, i, &option); i++) {
        FL_AUTO(fl_key_value_clear) struct fl_key_value value = {0};

        if (fl_key_value(&context->engine.config, &option, &value, err) < 0)
            return FLEET_ENOMEM;
        add_option(table, &option, &value);
        fl_json_add(options, option_json(&option, &value));
    }
    return FLEET_OK;
}

static void print_facts(struct fl_context *context,
                        const struct fl_provider_entry *entry,
                        const struct fl_strv *abilities,
                        const struct fl_strv *effects)
{
    static const char *const calls[] = {"one at a time", "one at a time each",
                                        "in parallel"};
    const struct fleet_plugin *about = &entry->plugin->about;
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0}, line = {0};

    if (context->format != FL_FORMAT_TABLE)
        return;
    fl_buf_init(&text, 64 * 1024);
    fl_buf_init(&line, 64 * 1024);
    fl_buf_printf(&line, "%s %s: %s", entry->name, about->version,
                  about->summary);
    fl_text_escape(&text, fl_buf_text(&line));
    fl_buf_puts(&text, "\n\nFile:      ");
    fl_text_escape(&text, entry->plugin->path);
    fl_buf_puts(&text, "\nAbilities:");
    for (size_t i = 0; i < abilities->n; i++)
        fl_buf_printf(&text, " %s", abilities->at[i]);
    fl_buf_printf(&text, "\nCalls:     %s",
                  calls[about->threads < 3 ? about->threads : 0]);
    for (size_t i = 0; i < effects->n; i++) {
        fl_buf_puts(&text, i ? "\n           " : "\nEffects:   ");
        fl_text_escape(&text, effects->at[i]);
    }
    fl_buf_puts(&text, "\n\n");
    fl_print(context, fl_buf_text(&text));
}

static json_t *words_json(const struct fl_strv *words)
{
    json_t *made = json_array();

    for (size_t i = 0; i < words->n; i++)
        fl_json_add(made, fl_json_text(words->at[i]));
    return made;
}

static void put_facts(json_t *document, const struct fl_provider_entry *entry,
                      const struct fl_strv *abilities, json_t *options)
{
    const struct fleet_plugin *about = &entry->plugin->about;

    fl_json_put(document, "name", fl_json_text(entry->name));
    fl_json_put(document, "version", fl_json_text(about->version));
    fl_json_put(document, "file", fl_json_text(entry->plugin->path));
    fl_json_put(document, "summary", fl_json_text(about->summary));
    fl_json_put(document, "abilities", words_json(abilities));
    fl_json_put(document, "threads",
                fl_json_text(threads_name(about->threads)));
    fl_json_put(document, "options", options);
}

static int show_entry(struct fl_context *context,
                      const struct fl_provider_entry *entry,
                      struct fleet_error *err)
{
    static const char *const headings[] = {"KEY",    "TYPE",    "VALUE",
                                           "SOURCE", "DEFAULT", "HELP"};
    FL_AUTO(fl_strv_clear) struct fl_strv abilities = {0};
    json_t *options = json_array();
    struct knowledge known = {0};
    struct fl_table table;
    int rc = learn(context, entry, &known);

    if (rc == 0)
        rc = name_abilities(known.bits, entry->plugin->about.caps, &abilities);
    if (rc < 0)
        fl_enomem(err);
    fl_table_init(&table, 6, headings, 0);
    if (rc == 0)
        rc = show_options(context, entry->plugin, &table, options, err);
    put_facts(context->document, entry, &abilities, options);
    fl_json_put(context->document, "effects", known.effects);
    if (rc == 0) {
        print_facts(context, entry, &abilities, &known.lines);
        fl_table_print(&table, context);
    }
    fl_table_clear(&table);
    fl_strv_clear(&known.lines);
    return rc;
}

static int no_such_provider(struct fl_context *context, const char *name)
{
    const struct fl_catalog *catalog = &context->engine.catalog;
    FL_AUTO_FREE const char **names = calloc(catalog->n + 1, sizeof(*names));
    struct fleet_error err = {0};
    const char *near = NULL;

    for (size_t i = 0; names && i < catalog->n; i++)
        names[i] = catalog->at[i].name;
    if (names)
        near = fl_closest(name, names);
    fleet_fail(&err, FLEET_ENOTFOUND,
               "no provider is called \"%s\"%s%s%s; `fleet providers` lists "
               "all, `fleet plugins` says why a file was refused",
               name, near ? "; did you mean " : "", near ? near : "",
               near ? "?" : "");
    return fl_report(context, &err, NULL, NULL);
}

static int run(struct fl_context *context, const void *options)
{
    struct fl_engine *engine = &context->engine;
    const struct fl_provider_entry *entry;
    struct fleet_error err = {0};
    int rc;

    (void)options;
    if (context->n_args > 1)
        return fl_usage(context, "one provider at a time");
    rc = fl_engine_open_plugins(engine, context->globals.config, &err);
    if (rc == 0)
        rc = fl_catalog_choose(&engine->catalog, &engine->config,
                               engine->settings.providers, &engine->chosen,
                               &engine->n_chosen, &err);
    fl_show_warnings(context);
    if (rc == 0 && context->n_args == 0) {
        list_entries(context);
        return FL_EXIT_OK;
    }
    if (rc == 0) {
        entry = fl_catalog_find(&engine->catalog, context->args[0]);
        if (!entry)
            return no_such_provider(context, context->args[0]);
        rc = show_entry(context, entry, &err);
    }
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

const struct fl_command fl_cmd_providers = {
    .name = "providers",
    .group = "This installation",
    .summary = "list the providers, or what one can do and how it is set up",
    .synopsis = "[NAME]",
    .example = "fleet providers\nfleet providers local",
    .about = "Without a name, lists every provider that could be used and "
             "whether it is. With a name, tells what that provider can do and "
             "each of its settings: type, value, where the value comes from, "
             "default. Of secrets only whether they are set.",
    .args = FL_ARGS_PROVIDERS,
    .run = run,
};
