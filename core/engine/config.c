/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/config.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

extern char **environ;

#define FILE_NAME "config.env"

/* A config file says which programs are run with which credentials. */
static int check_owner(const char *path, bool named, struct fleet_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return FLEET_OK; /* reading it will tell */
    if (S_ISDIR(st.st_mode))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: a directory; name the file in it", path);
    if (st.st_mode & S_IWOTH)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: others may write it: chmod go-w %s", path, path);
    if (!named && st.st_uid != geteuid() && st.st_uid != 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: belongs to another user; to use it all the "
                          "same, name it with --config %s",
                          path, path);
    return FLEET_OK;
}

static int load(const char *path, bool named, struct fl_envfile *file,
                struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    int rc = check_owner(path, named, err);

    if (rc < 0)
        return rc;
    fl_buf_init(&text, FL_ENVFILE_MAX);
    rc = fl_file_read(path, &text, err);
    if (rc == 0)
        rc = fl_envfile_parse(file, path, text.data ? text.data : "", text.len,
                              fl_home(), err);
    if (text.data)
        fl_wipe(text.data, text.size);
    return rc;
}

/* The directory that PATH is in, in full, so that it still holds when a child
 * runs elsewhere; malloc'd. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    FL_AUTO_FREE char *dir =
        slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *full = dir ? realpath(dir, NULL) : NULL;

    if (full || !dir || errno == ENOMEM)
        return full;
    return fl_take(dir);
}

/* A file that is not there is no failure. */
static int load_if_there(const char *path, bool named, struct fl_envfile *file,
                         bool *there, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = load(path, named, file, &why);

    *there = rc == 0;
    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc < 0 && err)
        *err = why;
    return rc;
}

static int load_named(struct fl_config *config, const char *path,
                      const char *by, struct fleet_error *err)
{
    bool there;
    int rc = load_if_there(path, true, &config->file, &there, err);

    if (rc < 0)
        return rc;
    if (!there)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no file %s; `fleet init` writes one",
                          by, path);
    config->path = strdup(path);
    return config->path ? FLEET_OK : fl_enomem(err);
}

static int load_found(struct fl_config *config, struct fleet_error *err)
{
    bool there;
    int rc = load_if_there(FILE_NAME, false, &config->file, &there, err);

    if (rc < 0 || !there)
        return rc;
    config->path = strdup(FILE_NAME);
    return config->path ? FLEET_OK : fl_enomem(err);
}

/* $XDG_CONFIG_HOME/fleet or ~/.config/fleet; a relative one does not count, the
 * XDG specification says. *dir is NULL where there is no home. */
static int user_directory(char **dir)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = fl_home();

    if (xdg && xdg[0] == '/')
        *dir = fl_format("%s/fleet", xdg);
    else if (home)
        *dir = fl_format("%s/.config/fleet", home);
    else
        return FLEET_OK;
    return *dir ? FLEET_OK : FLEET_ENOMEM;
}

static int load_user_file(struct fl_config *config, struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = NULL;
    FL_AUTO_FREE char *path = NULL;
    bool there;
    int rc;

    if (user_directory(&dir) < 0)
        return fl_enomem(err);
    if (!dir)
        return FLEET_OK;
    path = fl_path_join(dir, FILE_NAME);
    if (!path)
        return fl_enomem(err);
    rc = load_if_there(path, true, &config->user_file, &there, err);
    if (rc == 0 && there)
        config->user_dir = fl_take(dir);
    return rc;
}

static int load_files(struct fl_config *config, const char *path,
                      struct fleet_error *err)
{
    const char *variable = getenv("FLEET_CONFIG");
    int rc;

    if (path)
        rc = load_named(config, path, "--config", err);
    else if (variable && *variable)
        rc = load_named(config, variable, "FLEET_CONFIG", err);
    else
        rc = load_found(config, err);
    if (rc == 0)
        rc = load_user_file(config, err);
    if (rc < 0)
        return rc;
    config->cwd = directory_of("");
    config->dir = directory_of(config->path ? config->path : "");
    return config->cwd && config->dir ? FLEET_OK : fl_enomem(err);
}

int fl_config_open(struct fl_config *config, const char *path,
                   struct fleet_error *err)
{
    int rc = load_files(config, path, err);

    if (rc < 0)
        fl_config_clear(config);
    return rc;
}

int fl_config_flag(struct fl_config *config, const char *key, const char *value)
{
    return fl_envfile_add(&config->flags, key, value);
}

/* The key, then the aliases; NULL at the end. */
static const char *name_at(const struct fleet_option *option, size_t i)
{
    if (i == 0)
        return option->key;
    return option->aliases ? option->aliases[i - 1] : NULL;
}

static bool find_in(const struct fl_envfile *file, enum fl_source source,
                    const struct fleet_option *option, struct fl_value *out)
{
    const char *name;

    for (size_t i = 0; (name = name_at(option, i)); i++) {
        const struct fl_env_entry *entry = fl_envfile_get(file, name);

        if (!entry || !*entry->text)
            continue;
        *out = (struct fl_value){.key = name,
                                 .text = entry->text,
                                 .count = entry->values.n,
                                 .source = source};
        if (entry->values.n == 1 && option->type != FLEET_OPT_LIST)
            out->text = entry->values.at[0];
        if (source == FL_SOURCE_FLAG)
            snprintf(out->where, sizeof(out->where), "flag");
        else
            snprintf(out->where, sizeof(out->where), "%s:%d", file->path,
                     entry->line);
        return true;
    }
    return false;
}

static bool find_in_environment(const struct fleet_option *option,
                                struct fl_value *out)
{
    const char *name;

    for (size_t i = 0; (name = name_at(option, i)); i++) {
        const char *text = getenv(name);

        if (!text || !*text)
            continue;
        *out = (struct fl_value){.key = name,
                                 .text = text,
                                 .count = 1,
                                 .source = FL_SOURCE_ENVIRONMENT,
                                 .where = "environment"};
        return true;
    }
    return false;
}

bool fl_config_lookup(const struct fl_config *config,
                      const struct fleet_option *option, struct fl_value *out)
{
    *out = (struct fl_value){.key = option->key,
                             .text = option->fallback,
                             .count = 1,
                             .where = "default"};
    return find_in(&config->flags, FL_SOURCE_FLAG, option, out) ||
           find_in_environment(option, out) ||
           find_in(&config->file, FL_SOURCE_FILE, option, out) ||
           find_in(&config->user_file, FL_SOURCE_USER_FILE, option, out) ||
           option->fallback;
}

/* What a relative path from that source stands on. */
static const char *base_of(const struct fl_config *config,
                           enum fl_source source)
{
    switch (source) {
    case FL_SOURCE_FILE:
        return config->dir;
    case FL_SOURCE_USER_FILE:
        return config->user_dir;
    default:
        return config->cwd;
    }
}

static int set_option(const struct fl_config *config,
                      const struct fleet_option *option,
                      const struct fl_value *value, void *base,
                      struct fleet_error *err)
{
    struct fleet_option named = *option;
    struct fleet_error why = {0};
    int rc;

    named.key = value->key; /* errors call it what the user called it */
    if (value->count > 1 && option->type != FLEET_OPT_LIST)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: %s: takes one value, not %zu", value->where,
                          value->key, value->count);
    if (value->source == FL_SOURCE_ENVIRONMENT &&
        strlen(value->text) > FL_VALUE_MAX)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s: longer than %d bytes",
                          value->where, value->key, FL_VALUE_MAX);
    rc = fl_option_set(&named, base, value->text,
                       base_of(config, value->source), &why);
    if (rc == FLEET_ENOMEM)
        return fl_enomem(err);
    if (rc < 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", value->where, why.text);
    return FLEET_OK;
}

static int fill_option(const struct fl_config *config,
                       const struct fleet_option *option, void *base,
                       bool required, struct fleet_error *err)
{
    struct fl_value value;

    if (fl_config_lookup(config, option, &value))
        return set_option(config, option, &value, base, err);
    if (!required || !(option->flags & FLEET_OPT_REQUIRED))
        return FLEET_OK;
    return fleet_fail(
        err, FLEET_ECONFIG, "%s: not set; put %s=... into %s (%s)", option->key,
        option->key, config->path ? config->path : FILE_NAME, option->help);
}

int fl_config_fill(const struct fl_config *config,
                   const struct fl_options *options, void *base, bool required,
                   struct fleet_error *err)
{
    struct fleet_option option;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && fl_option_at(options, i, &option); i++)
        rc = fill_option(config, &option, base, required, err);
    if (rc < 0)
        fl_options_clear(options, base);
    return rc;
}

static int add_prefixed(const struct fl_envfile *file, const char *prefix,
                        struct fl_envfile *out)
{
    for (size_t i = 0; i < file->n; i++) {
        if (strncmp(file->at[i].key, prefix, strlen(prefix)) == 0 &&
            fl_envfile_add_copy(out, &file->at[i]) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

static int add_environment(const char *prefix, struct fl_envfile *out)
{
    for (char **at = environ; *prefix && at && *at; at++) {
        const char *equals = strchr(*at, '=');
        FL_AUTO_FREE char *key = NULL;

        if (!equals || strncmp(*at, prefix, strlen(prefix)) != 0 ||
            !fl_env_key_valid(*at, (size_t)(equals - *at)))
            continue;
        key = strndup(*at, (size_t)(equals - *at));
        if (!key || fl_envfile_add(out, key, equals + 1) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

int fl_config_prefixed(const struct fl_config *config, const char *prefix,
                       struct fl_envfile *out)
{
    int rc = add_prefixed(&config->user_file, prefix, out);

    if (rc == 0)
        rc = add_prefixed(&config->file, prefix, out);
    if (rc == 0)
        rc = add_environment(prefix, out);
    if (rc == 0 && *prefix)
        rc = add_prefixed(&config->flags, prefix, out);
    return rc;
}

static int warn(const struct fl_envfile *file, const struct fl_env_entry *entry,
                const char *const *all_keys, struct fl_strv *warnings)
{
    const char *near = all_keys ? fl_closest(entry->key, all_keys) : NULL;

    return fl_strv_take(warnings, fl_format("%s:%d: %s: unknown key%s%s%s",
                                            file->path, entry->line, entry->key,
                                            near ? "; did you mean " : "",
                                            near ? near : "", near ? "?" : ""));
}

int fl_config_unknown(const struct fl_config *config,
                      bool (*known)(void *arg, const char *key), void *arg,
                      const char *const *all_keys, struct fl_strv *warnings)
{
    const struct fl_envfile *const files[] = {&config->file,
                                              &config->user_file};

    for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++) {
        for (size_t i = 0; i < files[f]->n; i++) {
            const struct fl_env_entry *entry = &files[f]->at[i];

            if (!known(arg, entry->key) &&
                warn(files[f], entry, all_keys, warnings) < 0)
                return FLEET_ENOMEM;
        }
    }
    return FLEET_OK;
}

void fl_config_clear(struct fl_config *config)
{
    if (!config)
        return;
    fl_envfile_clear(&config->flags);
    fl_envfile_clear(&config->file);
    fl_envfile_clear(&config->user_file);
    free(config->path);
    free(config->dir);
    free(config->user_dir);
    free(config->cwd);
    *config = (struct fl_config){0};
}

const char *fl_source_name(enum fl_source source)
{
    static const char *const names[] = {
        [FL_SOURCE_DEFAULT] = "default",
        [FL_SOURCE_USER_FILE] = "user file",
        [FL_SOURCE_FILE] = "file",
        [FL_SOURCE_ENVIRONMENT] = "environment",
        [FL_SOURCE_FLAG] = "flag",
    };

    return names[source];
}
