/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/audit.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/leftovers.h"
#include "core/cmd/output.h"
#include "core/cmd/work.h"
#include "core/engine/cron.h"
#include "core/engine/proxy.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is left beside the providers ---- */

static int add_forwards(struct fl_context *context,
                        const struct fl_fleet *fleet, struct fl_audit *audit)
{
    struct fl_engine *engine = &context->engine;
    const char *host = engine->settings.proxy_host;
    FL_AUTO(fl_proxyhost_close) struct fl_proxyhost *proxy = NULL;
    FL_AUTO(fl_proxy_plan_clear) struct fl_proxy_plan plan = {0};
    const struct fl_proxy_job job = {.engine = engine,
                                     .fleet = fleet,
                                     .command = context->words,
                                     .dry = true};
    struct fleet_error err = {0};
    int rc;

    if (!fl_proxyhost_configured(&engine->settings, NULL))
        return FLEET_OK;
    rc = fl_proxyhost_open(engine, context->words, false, &proxy, &err);
    if (rc == 0)
        rc = fl_proxy_plan(&job, proxy, &plan, &err);
    if (rc < 0)
        return fl_audit_add(audit, "forward", host ? host : "here",
                            fl_format("what the proxy forwards cannot be found "
                                      "out: %s",
                                      err.text),
                            NULL, false, true);
    return plan.deployed.n == 0
               ? FLEET_OK
               : fl_audit_add(audit, "forward", host ? host : "here",
                              fl_format("%zu forward%s", plan.deployed.n,
                                        plan.deployed.n == 1 ? "" : "s"),
                              strdup("fleet proxy apply"), false, false);
}

/* Without cron there is none. */
static int add_cron(struct fl_context *context, struct fl_audit *audit)
{
    FL_AUTO(fl_cron_clear) struct fl_cron cron = {0};
    struct fleet_error err = {0};
    int rc = fl_cron_open(&context->engine, &cron, &err);

    if (rc == FLEET_ENOTFOUND || (rc == 0 && cron.lines.n == 0))
        return FLEET_OK;
    if (rc < 0)
        return fl_audit_add(audit, "cron", "crontab",
                            fl_format("cannot be read: %s", err.text), NULL,
                            false, true);
    return fl_audit_add(audit, "cron", "crontab",
                        strdup("a line that runs every day"),
                        strdup("fleet cron remove"), false, false);
}

/* ---- telling ---- */

static json_t *json_leftover(const struct fl_leftover *left)
{
    json_t *entry = json_object();

    fl_json_put(entry, "kind", fl_json_text(left->kind));
    fl_json_put(entry, "where", fl_json_text(left->where));
    fl_json_put(entry, "what", fl_json_text(left->what));
    fl_json_put(entry, "bills", json_boolean(left->bills));
    fl_json_put(entry, "unknown", json_boolean(left->unknown));
    fl_json_put(entry, "remedy", fl_json_text(left->remedy));
    return entry;
}

static void tell(struct fl_context *context, const struct fl_audit *audit)
{
    static const char *const headings[] = {"LEFT", "WHERE", "WHAT", "BILLS",
                                           "REMEDY"};
    json_t *list = json_array();
    struct fl_table table;

    fl_table_init(&table, 5, headings, 0);
    for (size_t i = 0; i < audit->n; i++) {
        const struct fl_leftover *left = &audit->at[i];

        fl_json_add(list, json_leftover(left));
        fl_table_cell(&table, left->kind);
        fl_table_cell(&table, left->where);
        fl_table_cell(&table, left->what);
        fl_table_cell(&table, left->unknown ? "unknown"
                              : left->bills ? "yes"
                                            : "no");
        fl_table_cell(&table, left->remedy);
    }
    fl_json_put(context->document, "left", list);
    if (audit->n > 0)
        fl_table_print(&table, context);
    else
        fl_say(context, "nothing of cohort %s is left",
               context->engine.cohort.prefix);
    fl_table_clear(&table);
}

/* Whoever cannot be asked for more than pods is named: unknown is not nothing.
 */
static void tell_unasked(struct fl_context *context,
                         const struct fl_fleet *fleet)
{
    json_t *list = json_array();

    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];

        if (!listing->ok ||
            !fl_provider_can(listing->provider, FLEET_OP_CREATE) ||
            fl_provider_has_answer(listing->provider, FL_ASK_LEFTOVERS))
            continue;
        fl_json_add(list, fl_json_text(listing->name));
        fl_say(context,
               "%s: only pods were looked for: whether volumes or addresses "
               "are left there, its console tells",
               listing->name);
    }
    fl_json_put(context->document, "only_pods", list);
}

int fl_leftovers_tell(struct fl_context *context)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_audit_clear) struct fl_audit audit = {0};
    struct fleet_error err = {0};
    int rc = fl_fleet_gather(&context->engine, 0, &fleet, &err);

    if (rc == 0)
        rc = fl_audit_gather(&context->engine, &fleet, &audit, &err);
    if (rc == 0 && (add_forwards(context, &fleet, &audit) < 0 ||
                    add_cron(context, &audit) < 0))
        rc = fl_enomem(&err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    tell(context, &audit);
    tell_unasked(context, &fleet);
    return audit.n > 0 ? FL_EXIT_DIFFERENT : FL_EXIT_OK;
}

static int run(struct fl_context *context, const void *options)
{
    struct fleet_error err = {0};

    (void)options;
    if (context->n_args > 0)
        return fl_usage(context, "takes no arguments");
    if (fl_work_open(context, &err) < 0)
        return fl_report(context, &err, NULL, NULL);
    return fl_leftovers_tell(context);
}

const struct fl_command fl_cmd_audit = {
    .name = "audit",
    .group = "Life cycle",
    .summary = "tell what of the cohort is still there and may cost money",
    .synopsis = "",
    .example = "fleet audit && echo 'nothing is left'\n"
               "fleet audit --json | jq -r '.left[] | select(.bills).what'",
    .about =
        "Pods in any state, the machine of the proxy, calls that nobody knows "
        "the end of, forwards, the line in the crontab, and what else bills at "
        "the providers that can "
        "tell: volumes and addresses that no machine has. A provider that "
        "cannot be listed counts, too: unknown is not nothing. Ends with 8 "
        "while anything is left. `fleet terminate --all` ends with this.",
    .run = run,
};
