/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/forwards.h"
#include "core/cmd/output.h"
#include "core/cmd/proxymake.h"
#include "core/engine/proxylogs.h"

#include <inttypes.h>
#include <string.h>

struct proxy_options {
    struct fl_forwards_flags flags;
    bool create;
    char *on;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "force", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct proxy_options, flags.force),
     .help = "overwrite a file that somebody else has changed, and use ports "
             "on which something else listens"},
    {.key = "prune", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct proxy_options, flags.prune),
     .help = "believe a provider that lists no pod at all"},
    {.key = "new-host-key", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct proxy_options, flags.new_host_key),
     .help = "learn the proxy's host key anew, for one that was installed "
             "again"},
    {.key = "create", .type = FLEET_OPT_BOOL,
     FLEET_AT(struct proxy_options, create),
     .help = "install: on a machine that is made for it, unless it is there"},
    {.key = "on", .type = FLEET_OPT_STRING,
     FLEET_AT(struct proxy_options, on),
     .help = "--create: at this provider, also one that PROVIDERS leaves out"},
    {0},
};
/* clang-format on */

/* What is there and what would be, without a lock. */
struct view {
    struct fl_fleet fleet;
    struct fl_proxyhost *host;
    struct fl_proxy_plan plan;
};

static void view_clear(struct view *view)
{
    fl_proxy_plan_clear(&view->plan);
    fl_proxyhost_close(view->host);
    fl_fleet_clear(&view->fleet);
}

FL_CLEANUP_IN_PLACE(view_clear, struct view);

static int look(struct fl_context *context,
                const struct fl_forwards_flags *flags, struct view *view,
                struct fleet_error *err)
{
    struct fl_proxy_job job = {.engine = &context->engine,
                               .fleet = &view->fleet,
                               .command = context->words,
                               .prune = flags->prune,
                               .dry = true,
                               .waiting = fl_forwards_waiting,
                               .arg = context};
    int rc = fl_work_look(context, 0, &view->fleet, err);

    if (rc == 0)
        rc = fl_proxyhost_open(&context->engine, context->words,
                               flags->new_host_key, &view->host, err);
    if (rc == 0)
        rc = fl_proxy_plan(&job, view->host, &view->plan, err);
    fl_show_warnings(context);
    if (rc == 0)
        fl_forwards_document(context->document, view->host, &view->plan);
    return rc;
}

static int plan_it(struct fl_context *context,
                   const struct fl_forwards_flags *flags, int different)
{
    FL_AUTO(view_clear) struct view view = {0};
    struct fleet_error err = {0};
    int status;

    if (look(context, flags, &view, &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_forwards_print(context, &view.plan, false);
    fl_forwards_tell(context, view.host, &view.plan);
    if (view.plan.look.lock)
        fl_say(context, "at work there now: %s", view.plan.look.lock);
    status = fl_work_incomplete(context, &view.fleet);
    if (view.plan.differs)
        return different;
    fl_say(context, "nothing to apply");
    return status;
}

/* ---- apply ---- */

static int ask(struct fl_context *context, const struct fl_proxyhost *host,
               const struct fl_proxy_plan *plan, struct fleet_error *err)
{
    FL_AUTO_FREE char *question =
        fl_format("Write %s and reload nginx?", fl_proxyhost_place(host));

    fl_forwards_print(context, plan, false);
    fl_forwards_tell(context, host, plan);
    if (!plan->differs)
        return FLEET_OK;
    return question ? fl_confirm(context, question, err) : fl_enomem(err);
}

static int apply(struct fl_context *context,
                 const struct fl_forwards_flags *flags)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    struct fleet_error err = {0};
    bool applied = false;
    int rc, status;

    if (context->globals.dry_run)
        return plan_it(context, flags, FL_EXIT_OK);
    rc = fl_work_look(context, 0, &fleet, &err);
    if (rc == 0)
        rc = fl_forwards_apply(context, flags, &fleet, context->document, ask,
                               &applied, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_say(context, applied ? "applied: nginx was reloaded, and every port "
                              "that is new or leads elsewhere was tried"
                            : "nothing to apply");
    status = fl_work_incomplete(context, &fleet);
    return status ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

/* ---- status: what is served now, whatever should be ---- */

static json_t *json_served(const struct fl_forward *forward, bool listening)
{
    json_t *made = json_object(), *target = json_object();

    fl_json_put(target, "host", fl_json_text(forward->host));
    fl_json_put(target, "port", json_integer(forward->ssh_port));
    fl_json_put(made, "name", fl_json_text(forward->name));
    fl_json_put(made, "proxy_port", json_integer(forward->port));
    fl_json_put(made, "target", target);
    fl_json_put(made, "provider", fl_json_text(forward->provider));
    fl_json_put(made, "id", fl_json_text(forward->id));
    fl_json_put(made, "listening", json_boolean(listening));
    return made;
}

/* How many of the deployed forwards nobody listens for. */
static size_t show_served(struct fl_context *context,
                          const struct fl_proxy_plan *plan)
{
    static const char *const headings[] = {"NAME", "PORT", "TARGET", "PROVIDER",
                                           "LISTENING"};
    json_t *served = json_array();
    struct fl_table table;
    size_t deaf = 0;

    fl_table_init(&table, 5, headings, 1u << 1);
    for (size_t i = 0; i < plan->deployed.n; i++) {
        const struct fl_forward *forward = &plan->deployed.at[i];
        bool listening = plan->look.listening[forward->port];
        bool v6 = strchr(forward->host, ':') != NULL;

        deaf += !listening;
        fl_table_cell(&table, forward->name);
        fl_table_cellf(&table, "%" PRId64, forward->port);
        fl_table_cellf(&table, "%s%s%s:%" PRId64, v6 ? "[" : "", forward->host,
                       v6 ? "]" : "", forward->ssh_port);
        fl_table_cell(&table, forward->provider);
        fl_table_cell(&table, listening ? "yes" : "no");
        fl_json_add(served, json_served(forward, listening));
    }
    fl_table_print(&table, context);
    fl_table_clear(&table);
    fl_json_put(context->document, "served", served);
    return deaf;
}

static int status(struct fl_context *context,
                  const struct fl_forwards_flags *flags)
{
    FL_AUTO(view_clear) struct view view = {0};
    struct fleet_error err = {0};
    const struct fl_proxy_plan *plan = &view.plan;
    size_t deaf;
    int rc;

    rc = look(context, flags, &view, &err);
    fl_proxymake_tell(context, &view.fleet);
    fl_json_put(context->document, "machine", fl_proxymake_json(&view.fleet));
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    deaf = show_served(context, plan);
    fl_say(context, "%s: %zu forward%s%s", fl_proxyhost_place(view.host),
           plan->deployed.n, plan->deployed.n == 1 ? "" : "s",
           plan->look.exists ? "" : ", for there is no such file");
    if (deaf)
        fl_say(context, "fleet: warning: nobody listens on %zu of the ports",
               deaf);
    fl_say(context, "and with what the providers say now:");
    fl_forwards_tell(context, view.host, plan);
    if (plan->look.lock)
        fl_say(context, "at work there now: %s", plan->look.lock);
    return deaf || plan->differs || plan->look.fault ? FL_EXIT_DIFFERENT
                                                     : FL_EXIT_OK;
}

/* ---- install ---- */

static int set_up(struct fl_context *context, struct fl_proxyhost *host,
                  struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv did = {0}, logs = {0};
    json_t *deeds = json_array();
    int64_t needs = fl_forward_connections(context->engine.cohort.names.n);
    int rc = fl_proxyhost_lock(host, fl_deadline(context->globals.lock_wait_ms),
                               fl_forwards_waiting, context, err);

    /* Where the directory is not there yet, neither is anybody else. */
    if (rc == 0 || rc == FLEET_ECONFIG)
        rc = fl_proxyhost_install(host, needs, &did, err);
    if (rc == 0)
        rc = fl_proxylogs(&context->engine, &logs, err);
    if (rc == 0)
        rc = fl_proxyhost_rotate(host, &logs, &did, err);
    for (size_t i = 0; i < did.n; i++) {
        fl_say(context, "%s", did.at[i]);
        fl_json_add(deeds, fl_json_text(did.at[i]));
    }
    fl_json_put(context->document, "did", deeds);
    return rc;
}

static int install_on(struct fl_context *context, bool new_host_key, bool asked)
{
    FL_AUTO(fl_proxyhost_close) struct fl_proxyhost *host = NULL;
    FL_AUTO_FREE char *question = NULL;
    struct fleet_error err = {0};
    int rc = fl_proxyhost_open(&context->engine, context->words, new_host_key,
                               &host, &err);

    if (rc == 0)
        question = fl_format("Set up nginx for %s?", fl_proxyhost_place(host));
    if (rc == 0 && !question)
        rc = fl_enomem(&err);
    if (rc == 0 && context->globals.dry_run) {
        fl_say(context, "would set up nginx for %s", fl_proxyhost_place(host));
        return FL_EXIT_OK;
    }
    if (rc == 0 && !asked)
        rc = fl_confirm(context, question, &err);
    if (rc == 0)
        rc = set_up(context, host, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    fl_say(context, "%s: nginx reads it; `fleet proxy apply` fills it",
           fl_proxyhost_place(host));
    return FL_EXIT_OK;
}

static int install(struct fl_context *context,
                   const struct proxy_options *given)
{
    bool anew = given->flags.new_host_key, ready = true, fresh = false;
    struct fleet_error err = {0};
    int status = FL_EXIT_OK;

    if (given->on && !given->create)
        return fl_usage(context, "--on goes with --create");
    if (fl_work_open(context, &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    if (given->create)
        status = fl_proxymake(context, given->on, &ready, &fresh);
    return ready ? install_on(context, anew || fresh, fresh) : status;
}

static int run(struct fl_context *context, const void *options_given)
{
    const struct proxy_options *given = options_given;
    const char *what = context->n_args == 1 ? context->args[0] : "";

    if (given->create && strcmp(what, "install") != 0)
        return fl_usage(context, "--create goes with install");
    if (strcmp(what, "plan") == 0)
        return plan_it(context, &given->flags, FL_EXIT_DIFFERENT);
    if (strcmp(what, "apply") == 0)
        return apply(context, &given->flags);
    if (strcmp(what, "status") == 0)
        return status(context, &given->flags);
    if (strcmp(what, "install") == 0)
        return install(context, given);
    if (strcmp(what, "remove") == 0)
        return fl_proxymake_undo(context);
    return fl_usage(context,
                    "one of plan, apply, status, install and remove is meant");
}

const struct fl_command fl_cmd_proxy = {
    .name = "proxy",
    .group = "Files",
    .summary = "bring the proxy up to date with what the providers say",
    .synopsis = "plan | apply | status | install | remove",
    .example =
        "fleet proxy install\n"
        "fleet proxy install --create     # from nothing, at a provider\n"
        "fleet proxy plan\n"
        "fleet proxy apply\n"
        "fleet proxy status --json | jq '.served[].proxy_port'",
    .about =
        "plan: what would change in the nginx file of the proxy; the exit "
        "status is 8 when there is something.\n"
        "apply: changes it. The new file is tested by nginx as a part of its "
        "whole configuration and loaded by a reload, which no session notices; "
        "then every port that is new or leads elsewhere is tried. After any "
        "failure the old file is back.\n"
        "status: what is served now.\n"
        "install: from a bare Debian or Ubuntu to an nginx that reads the "
        "file, "
        "with enough worker_connections for all names of the list; may be run "
        "again. With --create on a small machine that is made for it where a "
        "provider can put a firewall before one: its price is shown and "
        "confirmed, config.env learns where it is, and it costs money until "
        "remove.\n"
        "remove: ends that machine.\n"
        "A forward goes only when its pod is certainly gone: it stays while "
        "its provider cannot be listed, or lists nothing at all. A file that "
        "somebody else has changed is not overwritten without --force. The "
        "file is SSH_PROXY_NGINX_CONFIG_PATH, on SSH_PROXY_HOST over SSH with "
        "SSH_PROXY_KEY_PATH, or on this machine where that host is not set or "
        "is localhost. Commands that move an endpoint end with an apply when a "
        "proxy is configured.",
    .options = options,
    .options_size = sizeof(struct proxy_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_WORDS,
    .words = FL_WORDS("plan", "apply", "status", "install", "remove"),
    .run = run,
};
