/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/commands.h"
#include "core/cmd/emit.h"

struct options {
    struct fl_emit_flags flags;
    bool proxy;
    char *host_keys;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_EMIT_PROXY_OPTION(struct options, proxy),
    FL_EMIT_HOST_KEYS_OPTION(struct options, host_keys),
    FL_EMIT_OPTIONS(struct options, flags),
    {0},
};
/* clang-format on */

static int run(struct fl_context *context, const void *arg)
{
    const struct options *given = arg;
    struct fl_emit emit = {
        .flags = &given->flags,
        .via_proxy = given->proxy,
        .host_keys = given->host_keys,
    };

    if (context->n_args == 0)
        return fl_usage(context, "which format? `fleet plugins` lists them");
    emit.format = context->args[0];
    context->args++; /* the rest are targets */
    context->n_args--;
    return fl_emit(context, &emit);
}

const struct fl_command fl_cmd_export = {
    .name = "export",
    .group = "Files",
    .summary = "write the fleet as a file for another program",
    .synopsis = "FORMAT [TARGET...]",
    .example = "fleet export ansible --out inventory.yml\n"
               "fleet export known-hosts --proxy >> ~/.ssh/known_hosts\n"
               "fleet export prometheus --on local",
    .about =
        "The text is made whole before its first byte is written, and nothing "
        "is written while a provider cannot be listed (exit status 7), unless "
        "with --partial. Pods without a usable address are left out, with a "
        "warning. Formats are plugins: ansible, csv, hosts, json, known-hosts, "
        "nginx, prometheus, ssh-config, and your own.",
    .options = options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_FORMATS,
    .run = run,
};
