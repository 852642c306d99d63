/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/forwards.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char *host_of(const struct fl_forward_row *row)
{
    return row->now ? row->now->host : row->was->host;
}

static int64_t ssh_port_of(const struct fl_forward_row *row)
{
    return row->now ? row->now->ssh_port : row->was->ssh_port;
}

static void endpoint_cell(struct fl_table *table, const char *host,
                          int64_t port)
{
    bool v6 = strchr(host, ':') != NULL;

    fl_table_cellf(table, "%s%s%s:%" PRId64, v6 ? "[" : "", host, v6 ? "]" : "",
                   port);
}

void fl_forwards_print(struct fl_context *context,
                       const struct fl_proxy_plan *plan, bool all)
{
    static const char *const headings[] = {"CHANGE", "NAME",     "PORT",
                                           "TARGET", "PROVIDER", "WHY"};
    struct fl_table table;

    fl_table_init(&table, 6, headings, 1u << 2);
    for (size_t i = 0; i < plan->rows.n; i++) {
        const struct fl_forward_row *row = &plan->rows.at[i];

        if (row->move == FL_MOVE_KEPT && !all)
            continue;
        fl_table_cell(&table, fl_move_name(row->move));
        fl_table_cell(&table, row->name);
        fl_table_cellf(&table, "%" PRId64, row->port);
        endpoint_cell(&table, host_of(row), ssh_port_of(row));
        fl_table_cell(&table,
                      row->now ? row->now->provider : row->was->provider);
        fl_table_cell(&table, row->why);
    }
    fl_table_print(&table, context);
    fl_table_clear(&table);
}

static void tell_counts(struct fl_context *context,
                        const struct fl_forward_rows *rows)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(400);

    for (int move = FL_MOVE_ADDED; move <= FL_MOVE_REMOVED; move++) {
        size_t n = fl_forwards_count(rows, (enum fl_move)move);

        if (n)
            fl_buf_printf(&line, "%s%zu %s", line.len ? ", " : "", n,
                          fl_move_name((enum fl_move)move));
    }
    fl_say(context, "%s", line.len ? fl_buf_text(&line) : "no forwards");
}

static int add_fault(struct fl_strv *faults, const char *format, ...)
    FLEET_PRINTF(2, 3);
static int add_fault(struct fl_strv *faults, const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4096);
    va_list args;

    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    return text.failed ? text.failed : fl_strv_add(faults, text.data);
}

static int find_few_connections(const struct fl_proxy_plan *plan,
                                struct fl_strv *faults)
{
    int64_t has = plan->look.connections;

    if (has < 0 || (has ? has : FL_NGINX_CONNECTIONS) >= plan->needs)
        return FLEET_OK;
    return add_fault(faults,
                     "nginx has worker_connections %" PRId64 "%s, and for so "
                     "many forwards and sessions needs %" PRId64 ": it will "
                     "drop sessions, and nginx -t does not tell",
                     has ? has : FL_NGINX_CONNECTIONS,
                     has ? "" : " (its default)", plan->needs);
}

/* What is wrong with the file, whatever it says. */
static int find_faults(const struct fl_proxyhost *host,
                       const struct fl_proxy_plan *plan, struct fl_strv *faults)
{
    const char *place = fl_proxyhost_place(host);
    const struct fl_proxylook *look = &plan->look;
    int rc = FLEET_OK;

    if (look->unfinished)
        rc = add_fault(faults,
                       "%s: an apply did not come to its end; the next one "
                       "tries every port",
                       place);
    if (rc == 0 && plan->foreign)
        rc = add_fault(faults,
                       "%s: somebody else has changed it, or written it; apply "
                       "overwrites it only with --force",
                       place);
    if (rc == 0 && look->exists && !look->included && !look->fault)
        rc = add_fault(faults, "%s: nginx does not include it", place);
    if (rc == 0 && look->fault)
        rc = add_fault(faults, "nginx there: %.1000s", look->fault);
    for (size_t i = 0; rc == 0 && i < plan->collisions.n; i++)
        rc = fl_strv_add(faults, plan->collisions.at[i]);
    return rc < 0 ? rc : find_few_connections(plan, faults);
}

void fl_forwards_tell(struct fl_context *context,
                      const struct fl_proxyhost *host,
                      const struct fl_proxy_plan *plan)
{
    FL_AUTO(fl_strv_clear) struct fl_strv faults = {0};

    tell_counts(context, &plan->rows);
    if (plan->differs && !plan->foreign && !plan->look.unfinished &&
        !fl_forwards_differ(&plan->rows))
        fl_say(context, "other lines of the file differ");
    find_faults(host, plan, &faults);
    for (size_t i = 0; i < faults.n; i++)
        fl_say(context, "fleet: warning: %s", faults.at[i]);
    for (size_t i = 0; i < plan->left_out.n; i++)
        fl_say(context, "fleet: warning: no forward to it: %s",
               plan->left_out.at[i]);
}

static json_t *json_target(const char *host, int64_t port)
{
    json_t *made = json_object();

    fl_json_put(made, "host", fl_json_text(host));
    fl_json_put(made, "port", json_integer(port));
    return made;
}

static json_t *json_row(const struct fl_forward_row *row)
{
    const struct fl_forward *was = row->was;
    json_t *made = json_object();

    fl_json_put(made, "change", fl_json_text(fl_move_name(row->move)));
    fl_json_put(made, "name", fl_json_text(row->name));
    fl_json_put(made, "proxy_port", json_integer(row->port));
    fl_json_put(made, "target", json_target(host_of(row), ssh_port_of(row)));
    fl_json_put(made, "was",
                was ? json_target(was->host, was->ssh_port) : json_null());
    fl_json_put(made, "provider",
                fl_json_text(row->now ? row->now->provider : was->provider));
    fl_json_put(made, "id", fl_json_text(row->now ? row->now->id : was->id));
    fl_json_put(made, "why", fl_json_text(row->why));
    return made;
}

static json_t *json_list(const struct fl_strv *list)
{
    json_t *made = json_array();

    for (size_t i = 0; i < list->n; i++)
        fl_json_add(made, fl_json_text(list->at[i]));
    return made;
}

void fl_forwards_document(json_t *document, const struct fl_proxyhost *host,
                          const struct fl_proxy_plan *plan)
{
    const struct fl_proxylook *look = &plan->look;
    json_t *rows = json_array(), *connections = json_object();

    for (size_t i = 0; i < plan->rows.n; i++)
        fl_json_add(rows, json_row(&plan->rows.at[i]));
    fl_json_put(connections, "has",
                look->connections < 0 ? json_null()
                : look->connections   ? json_integer(look->connections)
                                      : json_integer(FL_NGINX_CONNECTIONS));
    fl_json_put(connections, "needs", json_integer(plan->needs));
    fl_json_put(document, "file", fl_json_text(fl_proxyhost_place(host)));
    fl_json_put(document, "forwards", rows);
    fl_json_put(document, "differs", json_boolean(plan->differs));
    fl_json_put(document, "foreign", json_boolean(plan->foreign));
    fl_json_put(document, "unfinished", json_boolean(look->unfinished));
    fl_json_put(document, "included", json_boolean(look->included));
    fl_json_put(document, "fault", fl_json_text(look->fault));
    fl_json_put(document, "left_out", json_list(&plan->left_out));
    fl_json_put(document, "collisions", json_list(&plan->collisions));
    fl_json_put(document, "worker_connections", connections);
}

void fl_forwards_waiting(void *arg, const char *holder)
{
    fl_say(arg, "waiting for another run: %s", holder);
}

struct apply {
    struct fl_context *context;
    const struct fl_forwards_flags *flags;
    struct fl_proxyhost *host;
    struct fl_proxy_plan plan;
    struct fl_strv silent;
};

static int carry_out(struct apply *apply, struct fleet_error *err)
{
    struct fl_context *context = apply->context;
    int rc = fl_proxy_apply(&context->engine, apply->host, &apply->plan,
                            apply->flags->force, &apply->silent, err);

    for (size_t i = 0; i < apply->silent.n; i++)
        fl_say(context, "fleet: warning: %s", apply->silent.at[i]);
    return rc;
}

static int lock_and_plan(struct apply *apply, const struct fl_fleet *fleet,
                         struct fleet_error *err)
{
    struct fl_context *context = apply->context;
    const struct fl_forwards_flags *flags = apply->flags;
    int64_t wait_ms = context->globals.lock_wait_ms;
    struct fl_proxy_job job = {.engine = &context->engine,
                               .fleet = fleet,
                               .command = context->words,
                               .lock_wait_ms = wait_ms,
                               .prune = flags->prune,
                               .waiting = fl_forwards_waiting,
                               .arg = context};
    int rc = fl_proxyhost_open(&context->engine, context->words,
                               flags->new_host_key, &apply->host, err);

    if (rc == 0)
        rc = fl_proxyhost_lock(apply->host, fl_deadline(wait_ms),
                               fl_forwards_waiting, context, err);
    if (rc == 0)
        rc = fl_proxy_plan(&job, apply->host, &apply->plan, err);
    fl_show_warnings(context);
    return rc;
}

int fl_forwards_apply(
    struct fl_context *context, const struct fl_forwards_flags *flags,
    const struct fl_fleet *fleet, json_t *document,
    int (*go)(struct fl_context *context, const struct fl_proxyhost *host,
              const struct fl_proxy_plan *plan, struct fleet_error *err),
    bool *applied, struct fleet_error *err)
{
    struct apply apply = {.context = context, .flags = flags};
    int rc = lock_and_plan(&apply, fleet, err);

    *applied = false;
    if (rc == 0)
        fl_forwards_document(document, apply.host, &apply.plan);
    if (rc == 0)
        rc = go(context, apply.host, &apply.plan, err);
    if (rc == 0 && apply.plan.differs) {
        rc = carry_out(&apply, err);
        *applied = rc == 0;
    }
    fl_json_put(document, "applied", json_boolean(*applied));
    fl_json_put(document, "silent", json_list(&apply.silent));
    fl_proxy_plan_clear(&apply.plan);
    fl_strv_clear(&apply.silent);
    fl_proxyhost_close(apply.host);
    return rc;
}

/* ---- for doctor ---- */

int fl_forwards_faults(struct fl_context *context, struct fl_strv *faults,
                       struct fleet_error *err)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_proxyhost_close) struct fl_proxyhost *host = NULL;
    FL_AUTO(fl_proxy_plan_clear) struct fl_proxy_plan plan = {0};
    struct fl_proxy_job job = {.engine = &context->engine,
                               .fleet = &fleet,
                               .command = context->words,
                               .dry = true};
    int rc = fl_fleet_gather(&context->engine, 0, &fleet, err);

    if (rc == 0)
        rc = fl_proxyhost_open(&context->engine, context->words, false, &host,
                               err);
    if (rc == 0)
        rc = fl_proxy_plan(&job, host, &plan, err);
    if (rc == 0 && find_faults(host, &plan, faults) < 0)
        rc = fl_enomem(err);
    return rc;
}

/* ---- at the end of other commands ---- */

static int tell_merge(struct fl_context *context,
                      const struct fl_proxyhost *host,
                      const struct fl_proxy_plan *plan, struct fleet_error *err)
{
    (void)err;
    if (!plan->differs)
        return FLEET_OK;
    fl_say(context, "proxy %s:", fl_proxyhost_place(host));
    fl_forwards_tell(context, host, plan);
    return FLEET_OK;
}

static int merge(struct fl_context *context, json_t *document,
                 struct fleet_error *err)
{
    static const struct fl_forwards_flags none;
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    bool applied;
    int rc = fl_fleet_gather(&context->engine, 0, &fleet, err);

    return rc < 0 ? rc
                  : fl_forwards_apply(context, &none, &fleet, document,
                                      tell_merge, &applied, err);
}

int fl_forwards_follow(struct fl_context *context, bool skip, int status)
{
    const struct fl_settings *settings = &context->engine.settings;
    struct fleet_error err = {0};
    json_t *document;
    const char *why;

    if (skip || context->globals.dry_run || fl_cancelled() ||
        fl_pool_wedged() || !settings->proxy_host ||
        !settings->proxy_nginx_path)
        return status;
    if (!fl_proxyhost_configured(settings, &why)) {
        fl_say(context, "fleet: warning: the proxy is left as it is: %s", why);
        return status;
    }
    document = json_object();
    if (merge(context, document, &err) < 0) {
        fl_error_in(&err, "done, but the proxy was not changed");
        fl_report(context, &err, NULL, NULL);
        status = status ? status : FL_EXIT_PARTIAL;
    }
    fl_json_put(context->document, "proxy", document);
    return status;
}
