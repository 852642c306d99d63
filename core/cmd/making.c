/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/making.h"

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/text.h"
#include "core/engine/offers.h"
#include "core/engine/ports.h"
#include "core/engine/wanted.h"
#include "core/model/money.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIED_SHOWN 12

static int want_of(const struct fl_make *work, struct fl_want *want)
{
    const struct fl_context *context = work->context;
    bool total = work->options->total > 0, more = work->options->more > 0;

    if (total + more + (context->n_args > 0) != 1)
        return FLEET_EUSAGE;
    *want = (struct fl_want){
        .mode = total  ? FL_WANT_TOTAL
                : more ? FL_WANT_MORE
                       : FL_WANT_NAMES,
        .count = total ? work->options->total : work->options->more,
        .names = context->args,
        .n_names = context->n_args,
    };
    return FLEET_OK;
}

static int make_plan(struct fl_make *work, const struct fl_want *want,
                     struct fleet_error *err)
{
    struct fl_engine *engine = &work->context->engine;
    int rc = fl_plan_names(&engine->cohort, &work->fleet, want, &work->create,
                           &work->existing, err);

    if (rc < 0 || work->create.n == 0)
        return rc;
    rc = fl_order_take(&engine->settings, work->options->order, err);
    if (rc == 0)
        rc = fl_offers_gather(engine, &work->fleet, &work->plan, err);
    if (rc == 0)
        rc = fl_plan_order(&engine->settings, &work->plan, err);
    for (size_t i = 0; rc == 0 && i < work->plan.hints.n; i++)
        fl_say(work->context, "%s", work->plan.hints.at[i]);
    if (rc == 0)
        rc = fl_plan_check_total(&engine->settings, &work->fleet, &work->plan,
                                 work->create.n, err);
    return rc;
}

static void tell_dropped(struct fl_make *work)
{
    char option[160];

    for (size_t i = 0; i < work->plan.n; i++) {
        fl_option_text(option, &work->plan.at[i]);
        if (work->plan.at[i].dropped)
            fl_say(work->context, "  not %s: %s", option,
                   work->plan.at[i].dropped);
    }
}

/* Without an option nothing can be made, unless one may come. */
static int check_options(struct fl_make *work, struct fleet_error *err)
{
    int rc;

    if (work->create.n == 0 || fl_plan_first(&work->plan))
        return FLEET_OK;
    if (work->plan.n > 1)
        tell_dropped(work);
    rc = fl_plan_fault(&work->plan, &work->at_fault, err);
    if (work->options->keep_trying_ms == 0 ||
        (rc != FLEET_ECAPACITY && rc != FLEET_ERATELIMITED))
        return rc;
    fl_say(work->context, "%s", err->text);
    return FLEET_OK;
}

static size_t options_left(const struct fl_options_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++)
        n += !plan->at[i].dropped;
    return n;
}

static void tell_notes(struct fl_make *work)
{
    char option[160];

    for (size_t i = 0; i < work->plan.n; i++) {
        const struct fl_option_row *row = &work->plan.at[i];

        fl_option_text(option, row);
        if (row->note && !row->dropped)
            fl_say(work->context, "  %s: %s", option, row->note);
    }
}

static void tell_plan(struct fl_make *work)
{
    const struct fl_option_row *first = fl_plan_first(&work->plan);
    size_t left = options_left(&work->plan), n = work->create.n;
    char option[160], price[64];

    if (!first)
        return;
    fl_option_text(option, first);
    fl_price_text(price,
                  fl_plan_price(first) < 0 ? -1
                                           : fl_plan_price(first) * (int64_t)n,
                  fl_plan_currency(first));
    fl_say(work->context, "%zu to make at %s, %s%s in all (%zu there already)",
           n, option, price, fl_plan_price(first) < 0 ? "" : " an hour",
           work->existing.n);
    if (left > 1)
        fl_say(work->context,
               "where that fails, %zu other option%s in the order of `fleet "
               "offers`",
               left - 1, left > 2 ? "s" : "");
    tell_notes(work);
}

static int ask(struct fl_make *work, struct fleet_error *err)
{
    FL_AUTO_FREE char *question = NULL;

    tell_plan(work);
    if (work->question)
        return fl_confirm(work->context, work->question, err);
    question = work->create.n == 1
                   ? fl_format("Create %s?", work->create.at[0])
                   : fl_format("Create %zu pods?", work->create.n);
    return question ? fl_confirm(work->context, question, err) : fl_enomem(err);
}

/* ---- results ---- */

json_t *fl_make_json_tried(const struct fl_create_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->n_tried; i++) {
        const struct fl_attempt *attempt = &result->tried[i];
        json_t *entry = json_object();

        fl_json_put(entry, "option", fl_json_text(attempt->option));
        fl_json_put(entry, "error",
                    fl_json_error(&attempt->error, NULL, attempt->provider));
        fl_json_put(entry, "times", json_integer(attempt->times));
        fl_json_add(list, entry);
    }
    return list;
}

static const char *short_of(const struct fl_make *work, const char *name)
{
    return fl_cohort_short(&work->context->engine.cohort, name);
}

static void document_existing(const struct fl_make *work, json_t *list)
{
    for (size_t i = 0; i < work->existing.n; i++) {
        const struct fl_member *member =
            fl_fleet_member(&work->fleet, work->existing.at[i]);

        fl_json_add(list, fl_json_pod(member->pod, member->short_name,
                                      member->listing->name));
    }
}

static json_t *json_made(const struct fl_create_result *result,
                         const char *short_name)
{
    json_t *pod = fl_json_pod(result->pod, short_name, result->provider);

    fl_json_put(pod, "price_quoted", fl_json_money(result->price_quoted));
    return pod;
}

static json_t *json_failed(const struct fl_create_result *result,
                           const char *short_name)
{
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "error",
                fl_json_error(&result->error, result->name, result->provider));
    fl_json_put(entry, "tried", fl_make_json_tried(result));
    if (result->pod)
        fl_json_put(entry, "pod", json_made(result, short_name));
    return entry;
}

/* What was tried in vain before it. */
static json_t *json_created(const struct fl_create_result *result,
                            const char *short_name)
{
    json_t *pod = json_made(result, short_name);

    fl_json_put(pod, "tried", fl_make_json_tried(result));
    return pod;
}

void fl_make_document(struct fl_make *work)
{
    json_t *created = json_array(), *existing = json_array();
    json_t *failed = json_array();

    for (size_t i = 0; i < work->results.n; i++) {
        const struct fl_create_result *result = &work->results.at[i];
        const char *short_name = short_of(work, result->name);

        if (result->outcome == FL_OUTCOME_DONE)
            fl_json_add(created, json_created(result, short_name));
        else
            fl_json_add(failed, json_failed(result, short_name));
    }
    if (json_array_size(failed) > 0) /* why nothing else was tried */
        fl_json_put(work->context->document, "options",
                    fl_json_options(&work->plan));
    document_existing(work, existing);
    fl_json_put(work->context->document, "created", created);
    fl_json_put(work->context->document, "existing", existing);
    fl_json_put(work->context->document, "failed", failed);
}

/* Asked for one thing, got another. */
static bool quote_differs(const struct fl_create_result *result)
{
    return result->pod && result->price_quoted >= 0 &&
           fleet_pod_get_number(result->pod, FLEET_POD_PRICE_MICROS,
                                result->price_quoted) != result->price_quoted;
}

static bool any_quote_differs(const struct fl_create_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        if (quote_differs(&results->at[i]))
            return true;
    }
    return false;
}

static void print_table(struct fl_make *work)
{
    static const char *const headings[] = {"NAME", "RESULT",  "PROVIDER",
                                           "SSH",  "PRICE/H", "QUOTED"};
    bool quotes = any_quote_differs(&work->results);
    struct fl_table table;

    fl_table_init(&table, quotes ? 6 : 5, headings, 1u << 4 | 1u << 5);
    for (size_t i = 0; i < work->results.n; i++) {
        const struct fl_create_result *result = &work->results.at[i];

        fl_table_cell(&table, result->name);
        fl_table_cell(&table, result->outcome == FL_OUTCOME_DONE ? "created"
                              : result->outcome == FL_OUTCOME_CANCELLED
                                  ? "cancelled"
                                  : "failed");
        fl_table_cell(&table, result->provider);
        fl_table_endpoint(&table, result->pod);
        fl_table_price(&table, result->pod);
        if (quotes)
            fl_table_money(&table, result->price_quoted);
    }
    for (size_t i = 0; i < work->existing.n; i++) {
        const struct fl_member *member =
            fl_fleet_member(&work->fleet, work->existing.at[i]);

        fl_table_cell(&table, work->existing.at[i]);
        fl_table_cell(&table, "existing");
        fl_table_cell(&table, member->listing->name);
        fl_table_endpoint(&table, member->pod);
        fl_table_price(&table, member->pod);
        if (quotes)
            fl_table_money(&table, member->price_quoted);
    }
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

/* Each option that did not work, and why, once for all pods. */
static int gather_tried(const struct fl_create_result *result,
                        struct fl_map *seen, struct fl_strv *lines)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < result->n_tried; i++) {
        const struct fl_attempt *attempt = &result->tried[i];
        FL_AUTO_FREE char *line =
            fl_format("  tried %s: %s", attempt->option, attempt->error.text);

        if (!line)
            return FLEET_ENOMEM;
        if (fl_map_get(seen, line))
            continue;
        rc = fl_strv_add(lines, line);
        if (rc == 0)
            rc = fl_map_add(seen, lines->at[lines->n - 1], lines, NULL);
    }
    return rc;
}

/* What came of the options, where there was more than one to try. */
void fl_make_tell_tried(struct fl_make *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv lines = {0};
    struct fl_map seen = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < work->results.n; i++)
        rc = gather_tried(&work->results.at[i], &seen, &lines);
    for (size_t i = 0; lines.n > 1 && i < lines.n && i < TRIED_SHOWN; i++)
        fl_say(work->context, "%s", lines.at[i]);
    if (lines.n > TRIED_SHOWN)
        fl_say(work->context, "  and %zu more: --json has all of them",
               lines.n - TRIED_SHOWN);
    fl_map_clear(&seen);
}

int fl_make_finish(struct fl_make *work)
{
    struct fl_tally tally = {0};

    for (size_t i = 0; i < work->results.n; i++) {
        const struct fl_create_result *result = &work->results.at[i];

        int status = fl_exit_for(result->error.code);

        if (result->outcome == FL_OUTCOME_FAILED)
            status = fl_report(work->context, &result->error, result->name,
                               result->provider);
        fl_tally_add(&tally, result->outcome, status);
    }
    fl_make_tell_tried(work);
    print_table(work);
    if (work->create.n == 0)
        fl_say(work->context, "nothing to make: %zu there already",
               work->existing.n);
    return fl_tally_status(&tally);
}

static int show_plan(struct fl_make *work)
{
    json_t *names = json_array();

    tell_plan(work);
    tell_dropped(work);
    for (size_t i = 0; i < work->create.n; i++)
        fl_json_add(names, fl_json_text(work->create.at[i]));
    fl_json_put(work->context->document, "would_create", names);
    fl_json_put(work->context->document, "order",
                fl_json_text(work->context->engine.settings.placement));
    fl_json_put(work->context->document, "options",
                fl_json_options(&work->plan));
    if (work->context->format != FL_FORMAT_JSON) {
        static const char *const headings[] = {"WOULD CREATE"};
        struct fl_table table;

        fl_table_init(&table, 1, headings, 0);
        for (size_t i = 0; i < work->create.n; i++)
            fl_table_cell(&table, work->create.at[i]);
        fl_table_print(&table, work->context);
        fl_table_clear(&table);
    }
    return FL_EXIT_OK;
}

/* Pods without one may mean that the state was lost: then the deployed file,
 * which this command does not see, comes first. */
static bool all_have_ports(const struct fl_fleet *fleet)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        if (!fl_pod_is_set(fleet->members[i].pod, FLEET_POD_PROXY_PORT))
            return false;
    }
    return true;
}

/* Their ports on the proxy are theirs from now on. A pod is no worse for want
 * of one: whoever needs it next asks again. */
static void give_ports(struct fl_make *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fl_ports_job job = {.engine = &work->context->engine,
                               .names = &names};
    struct fleet_error err = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < work->results.n; i++) {
        if (work->results.at[i].pod)
            rc = fl_strv_add(&names, work->results.at[i].name);
    }
    rc = rc < 0 ? fl_enomem(&err) : fl_ports_give(&job, &ports, &err);
    if (rc < 0)
        fl_say(work->context, "fleet: warning: %s", err.text);
    for (size_t i = 0; rc == 0 && i < work->results.n; i++) {
        const struct fl_create_result *result = &work->results.at[i];
        int64_t port = fl_ports_get(&ports, result->name);

        if (result->pod && port)
            fleet_pod_set_number(result->pod, FLEET_POD_PROXY_PORT, port);
    }
}

int fl_make_run(struct fl_make *work, const struct fl_rounds_job *more,
                struct fleet_error *err)
{
    struct fl_rounds_job job = *more;
    int rc;

    job.engine = &work->context->engine;
    job.fleet = &work->fleet;
    job.plan = &work->plan;
    job.names = &work->create;
    job.public_key = work->public_key;
    job.wait = !work->options->no_wait;
    job.keep_trying_ms = work->options->keep_trying_ms;
    rc = fl_rounds_run(&job, &work->results, err);
    if (rc == 0 && work->context->engine.settings.proxy_host &&
        all_have_ports(&work->fleet))
        give_ports(work);
    return rc;
}

/* What is wrong whatever the providers say. */
static int check_first(struct fl_make *work, const struct fl_want *want,
                       struct fleet_error *err)
{
    struct fl_engine *engine = &work->context->engine;
    int rc = fl_work_open(work->context, err);

    if (rc == 0)
        rc = fl_want_check(&engine->cohort, want, err);
    if (rc == 0)
        rc = fl_settings_public_key(&engine->settings, &work->public_key, err);
    return rc;
}

int fl_make_open(struct fl_make *work, bool *go, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    int rc;

    *go = false;
    if (want_of(work, &work->want) < 0) {
        work->status =
            fl_usage(context, "one of -n N, -a N or names is needed");
        return FLEET_OK;
    }
    rc = check_first(work, &work->want, err);
    if (rc == 0)
        rc = fl_work_begin(context, &work->fleet, err);
    if (rc == 0 && !work->fleet.complete) {
        fl_say(context, "nothing is made while a provider cannot be listed:");
        work->status = fl_work_incomplete(context, &work->fleet);
        return FLEET_OK;
    }
    *go = rc == 0;
    return rc;
}

int fl_make_ask(struct fl_make *work, bool *go, struct fleet_error *err)
{
    int rc = make_plan(work, &work->want, err);

    *go = false;
    if (rc == 0)
        rc = check_options(work, err);
    if (rc == 0 && work->context->globals.dry_run) {
        work->status = show_plan(work);
        return FLEET_OK;
    }
    if (rc == 0 && work->create.n > 0)
        rc = ask(work, err);
    *go = rc == 0;
    return rc;
}

int fl_make_prepare(struct fl_make *work, bool *go, struct fleet_error *err)
{
    int rc = fl_make_open(work, go, err);

    return rc < 0 || !*go ? rc : fl_make_ask(work, go, err);
}

void fl_make_clear(struct fl_make *work)
{
    fl_create_results_clear(&work->results);
    fl_options_plan_clear(&work->plan);
    fl_fleet_clear(&work->fleet);
    fl_strv_clear(&work->create);
    fl_strv_clear(&work->existing);
    free(work->public_key);
}
