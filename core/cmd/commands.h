/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_COMMANDS_H
#define FL_CMD_COMMANDS_H

#include "core/cmd/command.h"

/* One file each; a new command gets a line here and one in commands.c. */
extern const struct fl_command fl_cmd_init, fl_cmd_doctor;
extern const struct fl_command fl_cmd_create, fl_cmd_up, fl_cmd_list;
extern const struct fl_command fl_cmd_offers;
extern const struct fl_command fl_cmd_test, fl_cmd_setup, fl_cmd_keys,
    fl_cmd_run, fl_cmd_ssh;
extern const struct fl_command fl_cmd_jobs, fl_cmd_logs, fl_cmd_kill;
extern const struct fl_command fl_cmd_backup, fl_cmd_restore, fl_cmd_cron;
extern const struct fl_command fl_cmd_start, fl_cmd_stop, fl_cmd_restart;
extern const struct fl_command fl_cmd_terminate, fl_cmd_replace, fl_cmd_rename;
extern const struct fl_command fl_cmd_lock, fl_cmd_unlock, fl_cmd_audit;
extern const struct fl_command fl_cmd_push, fl_cmd_pull;
extern const struct fl_command fl_cmd_ssh_config, fl_cmd_nginx, fl_cmd_export;
extern const struct fl_command fl_cmd_proxy, fl_cmd_ca;
extern const struct fl_command fl_cmd_roster, fl_cmd_grant, fl_cmd_move;
extern const struct fl_command fl_cmd_revoke, fl_cmd_cards;
extern const struct fl_command fl_cmd_providers, fl_cmd_plugins;
extern const struct fl_command fl_cmd_config, fl_cmd_history, fl_cmd_sim;
extern const struct fl_command fl_cmd_help, fl_cmd_version;
extern const struct fl_command fl_cmd_completion;
extern const struct fl_command fl_cmd_complete, fl_cmd_manual; /* hidden */

#endif
