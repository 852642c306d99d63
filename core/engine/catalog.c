/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/catalog.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/names.h"

#include <string.h>

#define SEPARATORS     " \t\r\n,"
#define NAME_MAX_BYTES 32

const struct fl_provider_entry *
fl_catalog_find(const struct fl_catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->n; i++) {
        if (strcmp(catalog->at[i].name, name) == 0)
            return &catalog->at[i];
    }
    return NULL;
}

static int add_entry(struct fl_catalog *catalog,
                     const struct fl_provider_entry *entry,
                     struct fleet_error *err)
{
    size_t size = catalog->size ? 2 * catalog->size : 8;
    struct fl_provider_entry *more;

    if (catalog->n == catalog->size) {
        more = reallocarray(catalog->at, size, sizeof(*more));
        if (!more)
            return fl_enomem(err);
        catalog->at = more;
        catalog->size = size;
    }
    catalog->at[catalog->n++] = *entry;
    return FLEET_OK;
}

static const char *name_problem(const struct fl_catalog *catalog,
                                const char *name)
{
    if (!fl_name_valid(name) || strlen(name) > NAME_MAX_BYTES)
        return "is no name of [a-z0-9-], at most 32 long";
    if (fl_catalog_find(catalog, name))
        return "is there twice: choose another name";
    return NULL;
}

/* Text of a file in a message. */
static void show(struct fl_buf *out, const char *text)
{
    fl_buf_init(out, 128);
    fl_text_escape(out, text);
}

/* PAIR, which the catalog owns already, is cut in two. */
static int add_instance(struct fl_catalog *catalog, struct fl_plugin *plugin,
                        const char *where, char *pair, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf shown = {0};
    struct fl_provider_entry entry = {pair, strchr(pair, '='), plugin};
    const char *key = plugin->about.instances_key, *problem;

    show(&shown, pair);
    if (!entry.argument || !entry.argument[1])
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s: '%s' is not NAME=VALUE",
                          where, key, fl_buf_text(&shown));
    pair[entry.argument++ - pair] = '\0';
    problem = name_problem(catalog, pair);
    if (problem)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s: the name in '%s' %s",
                          where, key, fl_buf_text(&shown), problem);
    return add_entry(catalog, &entry, err);
}

static int add_instances(struct fl_catalog *catalog, struct fl_plugin *plugin,
                         const struct fl_config *config,
                         struct fleet_error *err)
{
    const struct fleet_option option = {
        .key = plugin->about.instances_key,
        .type = FLEET_OPT_LIST,
    };
    struct fl_value value;
    size_t first = catalog->owned.n;
    int rc = FLEET_OK;

    if (!fl_config_lookup(config, &option, &value))
        return FLEET_OK;
    if (fl_strv_split(&catalog->owned, value.text, SEPARATORS) < 0)
        return fl_enomem(err);
    for (size_t i = first; rc == 0 && i < catalog->owned.n; i++)
        rc = add_instance(catalog, plugin, value.where, catalog->owned.at[i],
                          err);
    return rc;
}

static int add_plugin(struct fl_catalog *catalog, struct fl_plugin *plugin,
                      const struct fl_config *config, struct fleet_error *err)
{
    const struct fl_provider_entry entry = {plugin->about.name, NULL, plugin};

    if (plugin->status != FL_PLUGIN_LOADED ||
        plugin->about.kind != FLEET_PROVIDER)
        return FLEET_OK;
    if (plugin->about.instances_key)
        return add_instances(catalog, plugin, config, err);
    if (fl_catalog_find(catalog, entry.name))
        return fleet_fail(err, FLEET_ECONFIG,
                          "an instance is called '%s', as is the provider in "
                          "%s: choose another name",
                          entry.name, plugin->path);
    return add_entry(catalog, &entry, err);
}

int fl_catalog_open(struct fl_catalog *catalog, struct fl_plugins *plugins,
                    const struct fl_config *config, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < plugins->n; i++)
        rc = add_plugin(catalog, plugins->at[i], config, err);
    return rc;
}

void fl_catalog_clear(struct fl_catalog *catalog)
{
    free(catalog->at);
    fl_strv_clear(&catalog->owned);
    memset(catalog, 0, sizeof(*catalog));
}

/* Credentials are there: it asks for some, and they are all set. A provider
 * that has many sources of them marks what tells that one is meant. */
static bool is_set_up(const struct fl_provider_entry *entry,
                      const struct fl_config *config)
{
    struct fleet_option option;
    struct fl_value value;
    bool asks = false, marks = false, marked = false;

    for (size_t i = 0; fl_option_at(&entry->plugin->options, i, &option); i++) {
        bool set = fl_config_lookup(config, &option, &value);

        if (option.flags & FLEET_OPT_REQUIRED && !set)
            return false;
        asks = asks || option.flags & FLEET_OPT_REQUIRED;
        marks = marks || option.flags & FLEET_OPT_ACCOUNT;
        marked = marked || (option.flags & FLEET_OPT_ACCOUNT && set);
    }
    return marks ? marked : asks || entry->argument;
}

static bool needs_no_account(const struct fl_provider_entry *entry,
                             const struct fl_config *config)
{
    (void)config;
    return entry->plugin->about.caps & FLEET_CAP_NO_ACCOUNT;
}

static size_t choose_by(const struct fl_catalog *catalog,
                        const struct fl_config *config,
                        bool (*fits)(const struct fl_provider_entry *entry,
                                     const struct fl_config *config),
                        const struct fl_provider_entry **chosen)
{
    size_t n = 0;

    for (size_t i = 0; i < catalog->n; i++) {
        if (fits(&catalog->at[i], config))
            chosen[n++] = &catalog->at[i];
    }
    return n;
}

static int fail_unknown(const struct fl_catalog *catalog, const char *name,
                        struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv known = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf shown = {0};
    const char *near;

    for (size_t i = 0; i < catalog->n; i++) {
        if (fl_strv_add(&known, catalog->at[i].name) < 0)
            return fl_enomem(err);
    }
    show(&shown, name);
    near = known.n ? fl_closest(name, (const char *const *)known.at) : NULL;
    return fleet_fail(err, FLEET_ECONFIG,
                      "PROVIDERS: there is no provider '%s'%s%s%s "
                      "(`fleet providers` lists them)",
                      fl_buf_text(&shown), near ? ": did you mean '" : "",
                      near ? near : "", near ? "'?" : "");
}

static bool is_chosen(const struct fl_provider_entry *const *chosen, size_t n,
                      const struct fl_provider_entry *entry)
{
    while (n > 0) {
        if (chosen[--n] == entry)
            return true;
    }
    return false;
}

static int choose_named(const struct fl_catalog *catalog,
                        const struct fl_strv *names,
                        const struct fl_provider_entry **chosen, size_t *n,
                        struct fleet_error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < names->n; i++) {
        const struct fl_provider_entry *entry =
            fl_catalog_find(catalog, names->at[i]);

        if (!entry)
            return fail_unknown(catalog, names->at[i], err);
        if (!is_chosen(chosen, count, entry))
            chosen[count++] = entry;
    }
    *n = count;
    return FLEET_OK;
}

int fl_catalog_choose(const struct fl_catalog *catalog,
                      const struct fl_config *config, const char *providers,
                      const struct fl_provider_entry ***chosen, size_t *n,
                      struct fleet_error *err)
{
    FL_AUTO_FREE const struct fl_provider_entry **list = NULL;
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    size_t count = 0;
    int rc = FLEET_OK;

    list = calloc(catalog->n + 1, sizeof(*list));
    if (!list ||
        (providers && fl_strv_split(&names, providers, SEPARATORS) < 0))
        return fl_enomem(err);
    if (names.n > 0) {
        rc = choose_named(catalog, &names, list, &count, err);
    } else {
        count = choose_by(catalog, config, is_set_up, list);
        if (count == 0)
            count = choose_by(catalog, config, needs_no_account, list);
    }
    if (rc < 0)
        return rc;
    *chosen = fl_take(list);
    *n = count;
    return FLEET_OK;
}
