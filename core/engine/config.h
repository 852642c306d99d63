/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CONFIG_H
#define FL_ENGINE_CONFIG_H

#include "core/model/envfile.h"
#include "core/model/option.h"

#include <stdbool.h>

/* The layers of interface.md section 5, highest first: flags, environment, the
 * config file, the user's file, the default. An empty value counts as unset. */
enum fl_source {
    FL_SOURCE_DEFAULT = 0,
    FL_SOURCE_USER_FILE,
    FL_SOURCE_FILE,
    FL_SOURCE_ENVIRONMENT,
    FL_SOURCE_FLAG
};
struct fl_config {
    struct fl_envfile flags, file, user_file;
    char *path;     /* the config file in use; NULL: none was found */
    char *dir;      /* of that file; without one, the current directory */
    char *user_dir; /* of the user's file; NULL: there is none */
    char *cwd;      /* what paths in flags and environment stand on */
};
struct fl_value {
    const char *key;  /* as written there: the option's key or an alias */
    const char *text; /* array elements joined with newlines; borrowed */
    size_t count;     /* elements; 1 unless it is an array */
    enum fl_source source;
    char where[320]; /* "config.env:12", "environment", "flag", "default" */
};

/* path: --config, or NULL to search. A named file that is missing or unreadable
 * is FLEET_ECONFIG, and so is any file that others may write, or that was found
 * in the current directory and belongs to another user; finding none is not an
 * error. On failure CONFIG is empty. */
int fl_config_open(struct fl_config *config, const char *path,
                   struct fleet_error *err);
/* A flag that stands for a key, e.g. -j for MAX_PARALLEL. Works before and
 * after fl_config_open. */
int fl_config_flag(struct fl_config *config, const char *key,
                   const char *value);
/* The value that counts, by key then aliases, layer by layer. false: unset
 * everywhere and no fallback. */
bool fl_config_lookup(const struct fl_config *config,
                      const struct fleet_option *option, struct fl_value *out);
/* Defaults, then every option that is set, into the zeroed struct at BASE.
 * Checks FLEET_OPT_REQUIRED when REQUIRED. FLEET_ECONFIG names where. On
 * failure BASE is cleared. */
int fl_config_fill(const struct fl_config *config,
                   const struct fl_options *options, void *base, bool required,
                   struct fleet_error *err);
/* Adds to OUT every entry whose key begins with PREFIX, of the user's file, the
 * config file, the environment and the flags in this order, so that the last
 * of a key counts. PREFIX "": every entry of the files. */
int fl_config_prefixed(const struct fl_config *config, const char *prefix,
                       struct fl_envfile *out);
/* One sentence for each key of the files that KNOWN does not know, with the
 * nearest of ALL_KEYS (ends at NULL). FLEET_OK or FLEET_ENOMEM. */
int fl_config_unknown(const struct fl_config *config,
                      bool (*known)(void *arg, const char *key), void *arg,
                      const char *const *all_keys, struct fl_strv *warnings);
void fl_config_clear(struct fl_config *config);
FL_CLEANUP_IN_PLACE(fl_config_clear, struct fl_config);

const char *fl_source_name(enum fl_source source); /* "flag", "file", ... */

#endif
