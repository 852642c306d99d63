/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/commands.h"
#include "core/cmd/emit.h"

struct options {
    struct fl_emit_flags flags;
    char *deployed;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "deployed", .type = FLEET_OPT_PATH,
     FLEET_AT(struct options, deployed),
     .help = "a file that this command wrote earlier, to take the ports from "
             "that the state has lost"},
    FL_EMIT_OPTIONS(struct options, flags),
    {0},
};
/* clang-format on */

static int run(struct fl_context *context, const void *arg)
{
    const struct options *given = arg;
    struct fl_emit emit = {
        .format = "nginx",
        .flags = &given->flags,
        .deployed = given->deployed,
    };

    return fl_emit(context, &emit);
}

const struct fl_command fl_cmd_nginx = {
    .name = "nginx",
    .group = "Files",
    .summary = "write the nginx stream file of the proxy",
    .synopsis = "[TARGET...]",
    .example = "fleet nginx --out fleet.conf\n"
               "fleet nginx --deployed old.conf > new.conf",
    .about =
        "Goes inside the stream {} block of nginx. A port belongs to a name "
        "for ever: it is given out once, from SSH_PROXY_STARTING_PORT on in "
        "list order, and stays when names are put into the list or taken out. "
        "Ports are kept in fleet's state, which is all that this command "
        "changes; where the state is lost they are read back from a file that "
        "was written earlier: the one that --out replaces, or --deployed. "
        "Short for fleet export nginx.",
    .options = options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_PODS,
    .run = run,
};
