/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/commands.h"

#include <string.h>

/* In the order of `fleet help`. */
/* clang-format off */
const struct fl_command *const fl_commands[] = {
    &fl_cmd_init,
    &fl_cmd_doctor,
    &fl_cmd_create,
    &fl_cmd_up,
    &fl_cmd_list,
    &fl_cmd_offers,
    &fl_cmd_test,
    &fl_cmd_setup,
    &fl_cmd_keys,
    &fl_cmd_run,
    &fl_cmd_jobs,
    &fl_cmd_logs,
    &fl_cmd_kill,
    &fl_cmd_backup,
    &fl_cmd_restore,
    &fl_cmd_ssh,
    &fl_cmd_push,
    &fl_cmd_pull,
    &fl_cmd_start,
    &fl_cmd_stop,
    &fl_cmd_restart,
    &fl_cmd_terminate,
    &fl_cmd_replace,
    &fl_cmd_rename,
    &fl_cmd_lock,
    &fl_cmd_unlock,
    &fl_cmd_audit,
    &fl_cmd_roster,
    &fl_cmd_grant,
    &fl_cmd_move,
    &fl_cmd_revoke,
    &fl_cmd_cards,
    &fl_cmd_ssh_config,
    &fl_cmd_nginx,
    &fl_cmd_export,
    &fl_cmd_proxy,
    &fl_cmd_ca,
    &fl_cmd_providers,
    &fl_cmd_plugins,
    &fl_cmd_config,
    &fl_cmd_history,
    &fl_cmd_cron,
    &fl_cmd_sim,
    &fl_cmd_help,
    &fl_cmd_version,
    &fl_cmd_completion,
    &fl_cmd_complete,
    &fl_cmd_manual,
    NULL,
};
/* clang-format on */

static bool answers_to(const struct fl_command *command, const char *name)
{
    if (strcmp(command->name, name) == 0)
        return true;
    for (size_t i = 0; command->aliases && command->aliases[i]; i++) {
        if (strcmp(command->aliases[i], name) == 0)
            return true;
    }
    return false;
}

const struct fl_command *fl_command_find(const char *name)
{
    for (size_t i = 0; fl_commands[i]; i++) {
        if (answers_to(fl_commands[i], name))
            return fl_commands[i];
    }
    return NULL;
}
