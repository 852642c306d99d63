/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/keys.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/output.h"

#include <ctype.h>
#include <string.h>

static int add(struct fl_keys *keys, const struct fleet_option *option,
               const struct fl_plugin *plugin)
{
    if (keys->n == keys->size) {
        size_t size = keys->size ? 2 * keys->size : 64;
        struct fl_key *grown = reallocarray(keys->at, size, sizeof(*grown));

        if (!grown)
            return FLEET_ENOMEM;
        keys->at = grown;
        keys->size = size;
    }
    keys->at[keys->n++] = (struct fl_key){.option = *option, .plugin = plugin};
    return FLEET_OK;
}

static int add_table(struct fl_keys *keys, const struct fl_options *options,
                     const struct fl_plugin *plugin)
{
    struct fleet_option option;
    int rc = FLEET_OK;

    /* Several plugins may read one key, as may the core: it is told once. */
    for (size_t i = 0; rc == 0 && fl_option_at(options, i, &option); i++) {
        if (!fl_keys_find(keys, option.key))
            rc = add(keys, &option, plugin);
    }
    return rc;
}

bool fl_keys_instances(const struct fl_plugin *plugin,
                       struct fleet_option *option)
{
    const struct fleet_plugin *about = &plugin->about;

    *option = (struct fleet_option){
        .key = about->instances_key,
        .help =
            about->instances_help ? about->instances_help : "NAME=VALUE pairs",
        .type = FLEET_OPT_LIST,
        .holds = FLEET_HOLDS_TEXT,
    };
    return option->key != NULL;
}

static int add_plugin(struct fl_keys *keys, const struct fl_plugin *plugin)
{
    struct fleet_option instances;
    int rc = FLEET_OK;

    if (plugin->status != FL_PLUGIN_LOADED)
        return FLEET_OK;
    if (fl_keys_instances(plugin, &instances))
        rc = add(keys, &instances, plugin);
    return rc < 0 ? rc : add_table(keys, &plugin->options, plugin);
}

int fl_keys_collect(const struct fl_plugins *plugins, struct fl_keys *keys,
                    struct fleet_error *err)
{
    int rc = add_table(keys, &fl_settings_table, NULL);

    for (size_t i = 0; rc == 0 && i < plugins->n; i++)
        rc = add_plugin(keys, plugins->at[i]);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

void fl_keys_clear(struct fl_keys *keys)
{
    free(keys->at);
    *keys = (struct fl_keys){0};
}

static bool is_called(const struct fleet_option *option, const char *name)
{
    if (strcmp(option->key, name) == 0)
        return true;
    for (size_t i = 0; option->aliases && option->aliases[i]; i++) {
        if (strcmp(option->aliases[i], name) == 0)
            return true;
    }
    return false;
}

const struct fl_key *fl_keys_find(const struct fl_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (is_called(&keys->at[i].option, name))
            return &keys->at[i];
    }
    return NULL;
}

const char *fl_keys_closest(const struct fl_keys *keys, const char *name)
{
    FL_AUTO_FREE const char **names = calloc(keys->n + 1, sizeof(*names));

    for (size_t i = 0; names && i < keys->n; i++)
        names[i] = keys->at[i].option.key;
    return names ? fl_closest(name, names) : NULL;
}

/* "my-cloud" and MY_CLOUD_TOKEN */
static bool belongs_to(const char *instance, const char *key)
{
    for (; *instance; instance++, key++) {
        char c = *instance == '-' ? '_' : *instance;

        if (toupper((unsigned char)c) != *key)
            return false;
    }
    return key[0] == '_' && key[1];
}

bool fl_keys_of_instance(const struct fl_catalog *catalog, const char *name,
                         struct fl_key *out)
{
    if (!fl_env_key_valid(name, strlen(name)))
        return false;
    for (size_t i = 0; i < catalog->n; i++) {
        const struct fl_provider_entry *entry = &catalog->at[i];

        if (!entry->argument || !belongs_to(entry->name, name))
            continue;
        *out = (struct fl_key){.option = {.key = name,
                                          .type = FLEET_OPT_SECRET,
                                          .holds = FLEET_HOLDS_TEXT},
                               .plugin = entry->plugin};
        return true;
    }
    return false;
}

int fl_key_value(struct fl_config *config, const struct fleet_option *option,
                 struct fl_key_value *out, struct fleet_error *err)
{
    *out = (struct fl_key_value){0};
    out->set = fl_config_lookup(config, option, &out->from);
    if (option->type == FLEET_OPT_SECRET)
        out->text = strdup(out->set ? "set" : "unset");
    else
        out->text = strdup(out->set ? out->from.text : "");
    if (!out->text)
        return fl_enomem(err);
    for (char *c = out->text; *c; c++) {
        if (*c == '\n')
            *c = option->flags & FLEET_OPT_BLANKS ? ',' : ' ';
    }
    return FLEET_OK;
}

void fl_key_value_clear(struct fl_key_value *value)
{
    free(value->text);
    *value = (struct fl_key_value){0};
}

/* A list's elements as the engine splits them. */
static json_t *list_json(const struct fleet_option *option, const char *text)
{
    struct fleet_option plain = *option;
    FL_AUTO(fl_strv_clear) struct fl_strv entries = {0};
    FL_AUTO_FREE char *lines = NULL;
    json_t *made = json_array();

    plain.offset = 0;
    if (fl_option_set(&plain, &lines, text, NULL, NULL) < 0 ||
        fl_strv_split(&entries, lines, "\n") < 0) {
        json_decref(made);
        return NULL;
    }
    for (size_t i = 0; i < entries.n; i++)
        fl_json_add(made, fl_json_text(entries.at[i]));
    return made;
}

json_t *fl_key_json(const struct fleet_option *option,
                    const struct fl_key_value *value)
{
    if (!value->set || option->type == FLEET_OPT_SECRET)
        return json_null();
    if (option->type == FLEET_OPT_LIST)
        return list_json(option, value->from.text);
    return fl_json_text(value->text);
}
