/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/commands.h"
#include "core/cmd/emit.h"
#include "core/cmd/install.h"
#include "core/cmd/output.h"

struct options {
    struct fl_emit_flags flags;
    bool proxy, install, uninstall;
    char *host_keys, *person;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_EMIT_PROXY_OPTION(struct options, proxy),
    FL_EMIT_HOST_KEYS_OPTION(struct options, host_keys),
    {.key = "person", .type = FLEET_OPT_STRING,
     FLEET_AT(struct options, person),
     .help = "for one participant of the roster: their pods, with the key and "
             "the certificate of their card"},
    {.key = "install", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct options, install),
     .help = "write ~/.ssh/config.d/fleet-PREFIX and let ~/.ssh/config include "
             "it"},
    {.key = "uninstall", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct options, uninstall),
     .help = "take both away again"},
    FL_EMIT_OPTIONS(struct options, flags),
    {0},
};
/* clang-format on */

static int install(struct fl_context *context, const char *text, size_t len,
                   struct fleet_error *err)
{
    FL_AUTO_FREE char *config = NULL;
    bool seen = false;
    int rc = fl_install(context->engine.cohort.prefix, text, len, &config,
                        &seen, err);

    if (rc < 0)
        return rc;
    fl_json_put(context->document, "installed", fl_json_text(config));
    if (seen)
        fl_say(context, "installed: %s includes it", config);
    else
        fl_say(context,
               "installed: %s includes it, but ssh does not go by HOME: use "
               "ssh -F %s",
               config, config);
    return FLEET_OK;
}

static int uninstall(struct fl_context *context)
{
    struct fleet_error err = {0};
    bool was = false;
    int rc = fl_work_open(context, &err);

    if (rc == 0)
        rc = fl_uninstall(context->engine.cohort.prefix, &was, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_json_put(context->document, "uninstalled", json_boolean(was));
    fl_say(context, was ? "uninstalled" : "it was not installed");
    return FL_EXIT_OK;
}

static int run(struct fl_context *context, const void *arg)
{
    const struct options *given = arg;
    struct fl_emit emit = {
        .format = "ssh-config",
        .flags = &given->flags,
        .via_proxy = given->proxy,
        .host_keys = given->host_keys,
        .person = given->person,
        .deliver = given->install ? install : NULL,
    };

    if (given->install + given->uninstall + (given->flags.out != NULL) > 1)
        return fl_usage(context,
                        "one of --install, --uninstall and --out is meant");
    if (given->person && context->n_args)
        return fl_usage(context, "--person takes no targets");
    if (given->uninstall && context->n_args)
        return fl_usage(context, "--uninstall takes no targets");
    return given->uninstall ? uninstall(context) : fl_emit(context, &emit);
}

const struct fl_command fl_cmd_ssh_config = {
    .name = "ssh-config",
    .group = "Files",
    .summary = "write the SSH configuration for participants",
    .synopsis = "[TARGET...]",
    .example = "fleet ssh-config > arena.conf; ssh -F arena.conf arena-apple\n"
               "fleet ssh-config --proxy --out participants.conf\n"
               "fleet ssh-config --install",
    .about =
        "One file is enough: the host key of each pod stands in it and is "
        "checked (OpenSSH 8.5 or newer). A pod whose key is not known yet is "
        "accepted at the first login, and a comment says so. With --proxy "
        "logins go through SSH_PROXY_HOST, at the port that belongs to each "
        "name; one that has none yet is given one and that is kept in fleet's "
        "state, which is all that this command changes.",
    .options = options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_PODS,
    .run = run,
};
