/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/engine.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/base/text.h"

#include <string.h>
#include <sys/resource.h>

/* Pods that do not answer hold a thread until their deadline, and no other pod
 * shall wait for that. */
#define MAX_THREADS      4096
#define KEPT_DESCRIPTORS 32
#define DEFAULT_PREFIX   "fleet"

/* Adds the keys of one options table. */
static int add_keys(struct fl_strv *keys, const struct fl_options *options)
{
    struct fleet_option option;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && fl_option_at(options, i, &option); i++) {
        rc = fl_strv_add(keys, option.key);
        for (size_t a = 0; rc == 0 && option.aliases && option.aliases[a]; a++)
            rc = fl_strv_add(keys, option.aliases[a]);
    }
    return rc;
}

/* Every key that something here reads. */
static int known_keys(const struct fl_engine *engine, struct fl_strv *keys)
{
    int rc = add_keys(keys, &fl_settings_table);

    for (size_t i = 0; rc == 0 && i < engine->plugins.n; i++) {
        const struct fl_plugin *plugin = engine->plugins.at[i];

        if (plugin->status != FL_PLUGIN_LOADED)
            continue;
        rc = add_keys(keys, &plugin->options);
        if (rc == 0 && plugin->about.instances_key)
            rc = fl_strv_add(keys, plugin->about.instances_key);
    }
    return rc;
}

struct known {
    const struct fl_strv *keys;
    const struct fl_catalog *catalog;
};

/* ACME_KEY belongs to the instance "acme", whatever that program reads. */
static bool is_instance_key(const struct fl_catalog *catalog, const char *key)
{
    for (size_t i = 0; i < catalog->n; i++) {
        const char *name = catalog->at[i].name;
        size_t k = 0;

        if (!catalog->at[i].argument)
            continue;
        while (name[k] &&
               (key[k] == name[k] - ('a' - 'A') || key[k] == name[k] ||
                (name[k] == '-' && key[k] == '_')))
            k++;
        if (!name[k] && key[k] == '_')
            return true;
    }
    return false;
}

static bool is_known(void *arg, const char *key)
{
    const struct known *known = arg;

    return fl_strv_has(known->keys, key) ||
           is_instance_key(known->catalog, key);
}

static int warn_unknown(struct fl_engine *engine, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv keys = {0};
    struct known known = {&keys, &engine->catalog};
    int rc = known_keys(engine, &keys);

    if (rc == 0)
        rc = fl_config_unknown(&engine->config, is_known, &known,
                               (const char *const *)keys.at, &engine->warnings);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

static int open_cohort(struct fl_engine *engine, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    const struct fl_settings *settings = &engine->settings;

    if (settings->names && fl_strv_split(&names, settings->names, "\n") < 0)
        return fl_enomem(err);
    return fl_cohort_init(&engine->cohort,
                          settings->prefix ? settings->prefix : DEFAULT_PREFIX,
                          &names, err);
}

/* An error that begins with the key of a setting gets the place of it, too. */
static int locate(const struct fl_engine *engine, struct fleet_error *err)
{
    struct fleet_option option;
    struct fl_value value;

    for (size_t i = 0; fl_option_at(&fl_settings_table, i, &option); i++) {
        size_t len = strlen(option.key);

        if (strncmp(err->text, option.key, len) == 0 &&
            strchr(":,", err->text[len]) &&
            fl_config_lookup(&engine->config, &option, &value) &&
            value.source != FL_SOURCE_DEFAULT)
            return fl_error_in(err, "%s", value.where);
    }
    return err->code;
}

int fl_engine_open_plugins(struct fl_engine *engine, const char *config_path,
                           struct fleet_error *err)
{
    int rc = fl_config_open(&engine->config, config_path, err);

    if (rc == 0)
        rc = fl_settings_read(&engine->config, &engine->settings, err);
    if (rc == 0)
        rc = fl_plugins_open(engine->settings.plugin_path, &engine->plugins,
                             err);
    if (rc == 0)
        rc = fl_catalog_open(&engine->catalog, &engine->plugins,
                             &engine->config, err);
    if (rc == 0)
        rc = warn_unknown(engine, err);
    if (rc < 0)
        return rc;
    engine->state_dir = fl_settings_state_dir(&engine->settings);
    return engine->state_dir ? FLEET_OK : fl_enomem(err);
}

int fl_engine_open(struct fl_engine *engine, const char *config_path,
                   struct fleet_error *err)
{
    int rc = fl_engine_open_plugins(engine, config_path, err);

    if (rc < 0)
        return rc;
    if (!engine->config.path && !engine->settings.prefix)
        return fleet_fail(err, FLEET_ECONFIG,
                          "no config.env here and none in the user's "
                          "configuration directory: run `fleet init`, or name "
                          "one with --config FILE");
    rc = open_cohort(engine, err);
    if (rc == 0)
        rc = fl_catalog_choose(&engine->catalog, &engine->config,
                               engine->settings.providers, &engine->chosen,
                               &engine->n_chosen, err);
    return rc < 0 && err ? locate(engine, err) : rc;
}

int fl_engine_add_provider(struct fl_engine *engine, const char *name,
                           struct fleet_error *err)
{
    FL_AUTO_FREE const struct fl_provider_entry **found = NULL;
    size_t n = 0;
    int rc = fl_catalog_choose(&engine->catalog, &engine->config, name, &found,
                               &n, err);

    for (size_t i = 0; rc == 0 && i < engine->n_chosen; i++) {
        if (n == 0 || engine->chosen[i] == found[0])
            return FLEET_OK;
    }
    if (rc == 0 && n > 0) /* there is room for the whole catalog */
        engine->chosen[engine->n_chosen++] = found[0];
    return rc;
}

int fl_engine_state(struct fl_engine *engine, enum fl_state_mode mode,
                    struct fleet_error *err)
{
    FL_AUTO_FREE char *news = NULL;
    int rc;

    if (engine->state)
        return FLEET_OK;
    rc = fl_state_open(engine->state_dir, engine->cohort.prefix, mode,
                       &engine->state, &news, err);
    if (rc == 0 && news && fl_strv_add(&engine->warnings, news) < 0)
        return fl_enomem(err);
    return rc;
}

int fl_engine_begin(struct fl_engine *engine, const char *command,
                    int64_t lock_wait_ms, fl_lock_waiting *waiting, void *arg,
                    struct fleet_error *err)
{
    int rc = fl_dir_make(engine->state_dir, err);

    if (rc == 0)
        rc = fl_lock_take(engine->state_dir, engine->cohort.prefix, command,
                          fl_deadline(lock_wait_ms), waiting, arg,
                          &engine->lock, err);
    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_WRITE, err);
    if (rc == 0)
        rc = fl_journal_run_begin(engine->state, command, &engine->run, err);
    return rc;
}

void fl_engine_end(struct fl_engine *engine, int status)
{
    struct fleet_error err = {0};

    if (engine->run &&
        fl_journal_run_end(engine->state, engine->run, status, &err) < 0)
        fleet_log(FLEET_LOG_WARNING, "journal", "%s", err.text);
    engine->run = 0;
}

void fl_engine_close(struct fl_engine *engine)
{
    if (fl_pool_wedged()) /* a thread may still use any of this */
        return;
    fl_state_close(engine->state);
    fl_lock_drop(engine->lock);
    free(engine->chosen);
    fl_catalog_clear(&engine->catalog);
    fl_plugins_close(&engine->plugins);
    free(engine->state_dir);
    fl_cohort_clear(&engine->cohort);
    fl_settings_clear(&engine->settings);
    fl_config_clear(&engine->config);
    fl_strv_clear(&engine->warnings);
    memset(engine, 0, sizeof(*engine));
}

int64_t fl_engine_deadline(const struct fl_engine *engine, int64_t ms)
{
    if (engine->timeout_ms > 0 && engine->timeout_ms < ms)
        ms = engine->timeout_ms;
    return fl_deadline(ms);
}

unsigned fl_engine_threads(const struct fl_engine *engine, size_t n)
{
    struct rlimit limit = {0};
    size_t most = MAX_THREADS;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < most + KEPT_DESCRIPTORS)
        most = limit.rlim_cur > KEPT_DESCRIPTORS
                   ? (size_t)limit.rlim_cur - KEPT_DESCRIPTORS
                   : 1;
    if (engine->settings.max_parallel > 0 &&
        (uint64_t)engine->settings.max_parallel < most)
        most = (size_t)engine->settings.max_parallel;
    return (unsigned)(n < most ? (n ? n : 1) : most);
}
