/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/work.h"
#include "core/engine/login.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The real ssh, told all that fleet knows of the pod, in fleet's place. */

static int add_option(struct fl_strv *words, char *setting)
{
    if (!setting || fl_strv_add(words, "-o") < 0) {
        free(setting);
        return FLEET_ENOMEM;
    }
    return fl_strv_take(words, setting);
}

/* The pinned key, as in the file of `fleet ssh-config`; an unknown one is
 * accepted and not remembered. */
static int add_host_key(struct fl_strv *words, const struct fleet_pod *pod)
{
    const char *key = fleet_pod_get(pod, FLEET_POD_HOST_KEY);
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    int rc = add_option(words, fl_format("HostKeyAlias=%s", name));

    if (rc == 0)
        rc = add_option(words, strdup("UserKnownHostsFile=/dev/null"));
    if (rc == 0)
        rc = add_option(words, strdup("GlobalKnownHostsFile=/dev/null"));
    if (rc < 0 || !key)
        return rc < 0 ? rc
                      : add_option(words,
                                   strdup("StrictHostKeyChecking=accept-new"));
    rc = add_option(words,
                    fl_format("KnownHostsCommand=/bin/echo %s %s", name, key));
    return rc < 0 ? rc : add_option(words, strdup("StrictHostKeyChecking=yes"));
}

static int add_place(struct fl_strv *words, const struct fl_engine *engine,
                     const struct fleet_pod *pod)
{
    const char *identity = engine->settings.key_path;
    int64_t port = fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22);
    int rc = FLEET_OK;

    if (identity)
        rc = add_option(words, strdup("IdentitiesOnly=yes"));
    if (rc == 0 && identity &&
        (fl_strv_add(words, "-i") < 0 || fl_strv_add(words, identity) < 0))
        rc = FLEET_ENOMEM;
    if (rc == 0)
        rc = add_option(words, fl_format("Port=%" PRId64, port));
    if (rc == 0)
        rc = add_option(
            words,
            fl_format("User=%s", fleet_pod_get(pod, FLEET_POD_SSH_USER)));
    return rc;
}

static int make_words(struct fl_context *context, const struct fleet_pod *pod,
                      struct fl_strv *words)
{
    int rc = fl_strv_add(words, "ssh");

    if (rc == 0)
        rc = add_place(words, &context->engine, pod);
    if (rc == 0)
        rc = add_host_key(words, pod);
    if (rc == 0)
        rc = fl_strv_add(words, "--");
    if (rc == 0)
        rc = fl_strv_add(words, fleet_pod_get(pod, FLEET_POD_SSH_HOST));
    for (size_t i = 1; rc == 0 && i < context->n_args; i++)
        rc = fl_strv_add(words, context->args[i]);
    return rc;
}

/* The one pod that the first argument means. */
static int find_pod(struct fl_context *context, struct fl_fleet *fleet,
                    const struct fl_member **member, struct fleet_error *err)
{
    FL_AUTO_FREE bool *selected = NULL;
    size_t n = 0;
    int rc = fl_work_look(context, 0, fleet, err);

    if (rc == 0) {
        selected = calloc(fleet->n_members + 1, sizeof(*selected));
        rc = selected ? fl_fleet_select(fleet, context->args, 1, NULL, NULL,
                                        selected, err)
                      : fl_enomem(err);
    }
    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        if (selected[i] && n++ == 0)
            *member = &fleet->members[i];
    }
    if (rc == 0 && n > 1)
        rc = fleet_fail(err, FLEET_EUSAGE,
                        "%s: %zu pods; ssh goes to one: `fleet run` is for "
                        "several",
                        context->args[0], n);
    if (rc == 0 && fl_login_trouble(*member, err))
        rc = err->code;
    return rc;
}

static int become_ssh(struct fl_context *context,
                      const struct fl_member *member, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv words = {0};
    FL_AUTO(fl_pod_free)
    struct fleet_pod *pod = fl_login_pod(&context->engine, member);

    if (!pod || make_words(context, pod, &words) < 0)
        return fl_enomem(err);
    execvp("ssh", words.at);
    return fleet_fail(err, FLEET_ENOTFOUND, "ssh: %s%s", strerror(errno),
                      errno == ENOENT ? ": install OpenSSH's client" : "");
}

static int run(struct fl_context *context, const void *given)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    const struct fl_member *member = NULL;
    struct fleet_error err = {0};
    int rc;

    (void)given;
    if (context->n_args == 0)
        return fl_usage(context, "which pod? fleet ssh NAME [-- COMMAND...]");
    if (context->n_args > 1 && (!context->split || context->n_before != 1))
        return fl_usage(context, "one pod, and the command behind --: "
                                 "fleet ssh apple -- nvidia-smi");
    rc = find_pod(context, &fleet, &member, &err);
    if (rc == 0)
        rc = become_ssh(context, member, &err);
    return fl_report(context, &err,
                     member ? fleet_pod_get(member->pod, FLEET_POD_NAME) : NULL,
                     NULL);
}

const struct fl_command fl_cmd_ssh = {
    .name = "ssh",
    .group = "Pods",
    .summary = "log in to a pod, or run one command on it, with ssh",
    .synopsis = "NAME [-- COMMAND...]",
    .example = "fleet ssh apple\n"
               "fleet ssh apple -- nvidia-smi",
    .about =
        "Runs the ssh of this computer with the pod's address, user, the "
        "cohort's key and the pod's host key, which is checked. What is in "
        "~/.ssh/config counts, too. The exit status is that of ssh: the "
        "command's own, or 255 when ssh itself has failed.",
    .args = FL_ARGS_PODS,
    .run = run,
};
