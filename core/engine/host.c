/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/host.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/web.h"

#include <string.h>

struct fl_host_settings {
    struct fl_host_settings *next;
    char *prefix;
    struct fl_strv keys, values; /* side by side */
};

static void settings_free(struct fl_host_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < settings->values.n; i++)
        fl_wipe(settings->values.at[i], strlen(settings->values.at[i]));
    fl_strv_clear(&settings->keys);
    fl_strv_clear(&settings->values);
    free(settings->prefix);
    free(settings);
}
FL_CLEANUP(settings_free, struct fl_host_settings *);

int fl_host_init(struct fleet_host *host, const char *name,
                 const char *argument, const char *state_root,
                 const struct fl_config *config, struct fleet_error *err)
{
    memset(host, 0, sizeof(*host));
    pthread_mutex_init(&host->mutex, NULL);
    host->config = config;
    host->name = strdup(name);
    host->argument = argument ? strdup(argument) : NULL;
    host->state_dir = fl_path_join(state_root, name);
    if (host->name && host->state_dir && (host->argument || !argument))
        return FLEET_OK;
    fl_host_clear(host);
    return fl_enomem(err);
}

void fl_host_clear(struct fleet_host *host)
{
    while (host->settings) {
        struct fl_host_settings *settings = host->settings;

        host->settings = settings->next;
        settings_free(settings);
    }
    fl_web_close(host->web);
    free(host->name);
    free(host->argument);
    free(host->state_dir);
    pthread_mutex_destroy(&host->mutex);
    memset(host, 0, sizeof(*host));
}

const char *fleet_host_name(const struct fleet_host *host)
{
    return host->name;
}

const char *fleet_host_argument(const struct fleet_host *host)
{
    return host->argument;
}

int fleet_host_state_dir(struct fleet_host *host, const char **dir,
                         struct fleet_error *err)
{
    (void)err;
    *dir = host->state_dir;
    return FLEET_OK;
}

/* What goes by unread may be a secret; its key is all that tells. */
static bool sounds_secret(const char *key)
{
    static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASS"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasestr(key, words[i]))
            return true;
    }
    return false;
}

/* Array elements are joined with newlines, as everywhere. */
static char *join_values(const struct fl_strv *values)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};

    fl_buf_init(&text, FL_ENVFILE_MAX);
    for (size_t i = 0; i < values->n; i++) {
        fl_buf_puts(&text, i ? "\n" : "");
        fl_buf_puts(&text, values->at[i]);
    }
    return text.failed ? NULL : fl_buf_take(&text);
}

/* An empty value counts as unset; what was added first counts. */
static int add_setting(struct fl_host_settings *settings,
                       const struct fl_env_entry *entry)
{
    FL_AUTO_FREE char *value = join_values(&entry->values);

    if (!value)
        return FLEET_ENOMEM;
    if (!*value || fl_strv_has(&settings->keys, entry->key))
        return FLEET_OK;
    if (sounds_secret(entry->key) && fl_log_hide(value) < 0)
        return FLEET_ENOMEM;
    if (fl_strv_add(&settings->keys, entry->key) < 0)
        return FLEET_ENOMEM;
    return fl_strv_take(&settings->values, fl_take(value));
}

static struct fl_host_settings *settings_read(const struct fl_config *config,
                                              const char *prefix)
{
    FL_AUTO(settings_free)
    struct fl_host_settings *settings = calloc(1, sizeof(*settings));
    FL_AUTO(fl_envfile_clear) struct fl_envfile found = {0};

    if (!settings)
        return NULL;
    settings->prefix = strdup(prefix);
    if (!settings->prefix || fl_config_prefixed(config, prefix, &found) < 0)
        return NULL;
    for (size_t i = found.n; i-- > 0;) { /* the highest layer is last */
        if (add_setting(settings, &found.at[i]) < 0)
            return NULL;
    }
    return fl_take(settings);
}

/* Under the host's lock. NULL: out of memory. */
static const struct fl_host_settings *settings_of(struct fleet_host *host,
                                                  const char *prefix)
{
    struct fl_host_settings *settings = host->settings;

    while (settings && strcmp(settings->prefix, prefix) != 0)
        settings = settings->next;
    if (settings)
        return settings;
    settings = settings_read(host->config, prefix);
    if (settings) {
        settings->next = host->settings;
        host->settings = settings;
    }
    return settings;
}

int fleet_host_setting(const struct fleet_host *host, const char *prefix,
                       size_t index, const char **key, const char **value)
{
    /* Hosts are never constants: only what plugins see of them is. */
    struct fleet_host *own = (struct fleet_host *)host;
    const struct fl_host_settings *settings;
    int found = 0;

    pthread_mutex_lock(&own->mutex);
    settings = settings_of(own, prefix);
    if (settings && index < settings->keys.n) {
        *key = settings->keys.at[index];
        *value = settings->values.at[index];
        found = 1;
    }
    pthread_mutex_unlock(&own->mutex);
    return found;
}

int fleet_http(struct fleet_host *host, const struct fleet_request *request,
               struct fleet_answer **answer, struct fleet_error *err)
{
    int rc = FLEET_OK;

    pthread_mutex_lock(&host->mutex);
    if (!host->web)
        rc = fl_web_open(&host->web, err);
    pthread_mutex_unlock(&host->mutex);
    return rc < 0 ? rc : fl_web_ask(host->web, request, answer, err);
}
