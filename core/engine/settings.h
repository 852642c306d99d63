/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SETTINGS_H
#define FL_ENGINE_SETTINGS_H

#include "core/engine/config.h"

/* What config.env says about the cohort, whatever the provider. The table
 * fl_settings_options describes the struct. Lists are text, one entry a line.
 */
struct fl_settings {
    char *providers;
    char *prefix, *names;
    char *ssh_user, *key_path, *ca_key_path, *user_ca_key_path;
    char *roster, *roster_keys;
    char *gpu_type; /* a list, in order of preference */
    int64_t num_gpus;
    char *image;
    int64_t disk_gb, volume_gb; /* 0: what the provider thinks fit */
    char *cloud_type, *regions; /* lists, likewise */
    char *placement;            /* "listed" or "cheapest"; NULL: listed */
    char *template_id;
    int64_t max_price, max_fleet_price; /* millionths; 0: no cap */
    int64_t max_parallel;               /* 0: min(pods, 4096) */
    char *proxy_host, *proxy_user;
    int64_t proxy_port;
    char *proxy_key_path;
    char *proxy_nginx_path; /* on the proxy: its ~ stays as it is */
    int64_t proxy_starting_port;
    char *proxy_reload_cmd, *proxy_nginx_cmd;
    char *conda_env, *repo_owner, *repo_name, *default_branch;
    char *git_url, *git_key_local;
    char *repo_dir, *git_key_remote; /* on the pods */
    char *authorized_keys, *setup_dir;
    char *course_start; /* YYYY-MM-DD */
    char *backup_paths, *backup_exclude, *backup_dir;
    int64_t backup_max_mb, backup_keep;
    char *state_dir, *plugin_path;
    char *config_path; /* FLEET_CONFIG; fl_config_open has done its work */
};
extern const struct fleet_option fl_settings_options[];
extern const struct fl_options fl_settings_table;

/* Into a zeroed struct; it is cleared again on failure. */
int fl_settings_read(struct fl_config *config, struct fl_settings *settings,
                     struct fleet_error *err);
void fl_settings_clear(struct fl_settings *settings);
FL_CLEANUP_IN_PLACE(fl_settings_clear, struct fl_settings);

/* $FLEET_STATE_DIR or $XDG_STATE_HOME/fleet or ~/.local/state/fleet; malloc'd.
 * Without any home it is .fleet in the current directory. */
char *fl_settings_state_dir(const struct fl_settings *settings);

/* The public key beside the private one, one line without its newline.
 * FLEET_ECONFIG with the remedy: no key path, no such key, a private key that
 * others may read, no .pub (tells the ssh-keygen line), a .pub that is no
 * public key. */
int fl_settings_public_key(const struct fl_settings *settings, char **line,
                           struct fleet_error *err);

#endif
