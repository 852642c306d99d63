/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_KEYS_H
#define FL_CMD_KEYS_H

#include "core/cmd/command.h"

/* Every key that config.env may have: the cohort's own, then those of each
 * loaded plugin. */
struct fl_key {
    struct fleet_option option;
    const struct fl_plugin *plugin; /* NULL: the cohort's */
};
struct fl_keys {
    struct fl_key *at;
    size_t n, size;
};
/* Borrows from the plugins. */
int fl_keys_collect(const struct fl_plugins *plugins, struct fl_keys *keys,
                    struct fleet_error *err);
void fl_keys_clear(struct fl_keys *keys);
FL_CLEANUP_IN_PLACE(fl_keys_clear, struct fl_keys);

/* The key that makes instances of this plugin; false: it has none. */
bool fl_keys_instances(const struct fl_plugin *plugin,
                       struct fleet_option *option);

/* By key or alias; NULL: none. */
const struct fl_key *fl_keys_find(const struct fl_keys *keys, const char *name);
/* The key nearest to NAME, or NULL. */
const char *fl_keys_closest(const struct fl_keys *keys, const char *name);

/* ACME_TOKEN belongs to the instance "acme", which alone knows what it is: it
 * is handled as a secret. false: NAME begins with no instance's name. */
bool fl_keys_of_instance(const struct fl_catalog *catalog, const char *name,
                         struct fl_key *out);

/* What "config show" and "providers NAME" tell about a key's value; secrets are
 * told as set or unset only. TEXT is malloc'd: lists on one line. */
struct fl_key_value {
    bool set; /* in some layer, or by default */
    char *text;
    struct fl_value from;
};
int fl_key_value(struct fl_config *config, const struct fleet_option *option,
                 struct fl_key_value *out, struct fleet_error *err);
void fl_key_value_clear(struct fl_key_value *value);
FL_CLEANUP_IN_PLACE(fl_key_value_clear, struct fl_key_value);
/* The value for JSON: an array for lists, null for secrets and what is unset.
 */
json_t *fl_key_json(const struct fleet_option *option,
                    const struct fl_key_value *value);

#endif
