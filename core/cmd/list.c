/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/cells.h"
#include "core/cmd/proxymake.h"
#include "core/cmd/work.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/text.h"
#include "core/engine/backups.h"
#include "core/engine/billed.h"
#include "core/engine/health.h"
#include "core/model/money.h"

#include <stdlib.h>
#include <string.h>

#define CURRENCIES  8
#define NAMES_SHOWN 20

struct list_options {
    struct fl_narrowing narrowing;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct list_options, narrowing),
    {0},
};
/* clang-format on */

/* What the last test has said of each pod, and which ones were paused. */
struct verdicts {
    struct fl_verdict_list list;
    struct fl_map by_id;
    struct fl_pauses pauses;
    struct fl_backup_list backups;
    bool shows_backups;
    time_t now;
};

static int open_verdicts(struct fl_context *context, struct verdicts *verdicts,
                         struct fleet_error *err)
{
    int rc = fl_verdicts_load(context->engine.state, &verdicts->list, err);

    for (size_t i = 0; rc == 0 && i < verdicts->list.n; i++) {
        if (fl_map_add(&verdicts->by_id, verdicts->list.at[i].pod_id,
                       &verdicts->list.at[i], NULL) < 0)
            rc = fl_enomem(err);
    }
    verdicts->now = time(NULL);
    if (rc == 0)
        rc = fl_backups_load(context->engine.state, &verdicts->backups, err);
    verdicts->shows_backups =
        rc == 0 &&
        fl_backups_used(&context->engine.settings, &verdicts->backups);
    return rc == 0
               ? fl_pauses_load(context->engine.state, &verdicts->pauses, err)
               : rc;
}

static void close_verdicts(struct verdicts *verdicts)
{
    fl_map_clear(&verdicts->by_id);
    fl_verdict_list_clear(&verdicts->list);
    fl_pauses_clear(&verdicts->pauses);
    fl_backup_list_clear(&verdicts->backups);
}

/* NULL: never tested. Two providers may use the same id. */
static const struct fl_verdict *verdict_of(const struct verdicts *verdicts,
                                           const struct fl_member *member)
{
    const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);
    const struct fl_verdict *first =
        id ? fl_map_get(&verdicts->by_id, id) : NULL;

    if (!first || strcmp(first->provider, member->listing->name) == 0)
        return first;
    return fl_verdict_of(&verdicts->list, member->listing->name, member->pod);
}

static const char *state_text(const struct fl_member *member)
{
    if (member->unconfirmed)
        return member->listing->ok ? "unknown (not listed)" : "unknown";
    return fleet_state_name(fl_pod_state(member->pod));
}

/* Empty where nobody knows. */
static void age_text(char out[32], const char *stamp)
{
    int64_t when = stamp ? fl_stamp_parse(stamp) : -1;
    int64_t age = (int64_t)time(NULL) - when;

    out[0] = '\0';
    if (when < 0 || age < 0)
        return;
    if (age == 0)
        snprintf(out, 32, "0 s");
    else
        fl_duration_text(out, age * 1000);
}

/* An estimate has no more digits than it deserves. */
static int64_t in_cents(int64_t micros)
{
    int64_t cent = FL_MICROS / 100;

    return micros < 0 ? micros : (micros + cent / 2) / cent * cent;
}

/* NULL: never. */
static const char *backup_at(const struct verdicts *verdicts,
                             const struct fl_member *member)
{
    const struct fl_backup *backup =
        fl_backup_of(&verdicts->backups, member->listing->name, member->pod);

    return backup && backup->at[0] ? backup->at : NULL;
}

static void add_row(struct fl_table *table, const struct verdicts *verdicts,
                    const struct fl_member *member)
{
    const struct fl_verdict *verdict = verdict_of(verdicts, member);
    const struct fleet_pod *pod = member->pod;
    bool locked = fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0) != 0;
    int64_t gpus = fleet_pod_get_number(pod, FLEET_POD_GPUS, 0);
    const char *gpu = fleet_pod_get(pod, FLEET_POD_GPU);
    char age[32];

    fl_table_cell(table, fleet_pod_get(pod, FLEET_POD_NAME));
    fl_table_cell(table, member->listing->name);
    fl_table_cellf(table, "%s%s%s", state_text(member),
                   locked ? ", locked" : "", member->twin ? ", twin" : "");
    if (gpu && gpus > 1)
        fl_table_cellf(table, "%lldx %s", (long long)gpus, gpu);
    else
        fl_table_cell(table, gpu);
    fl_table_cell(table, fleet_pod_get(pod, FLEET_POD_REGION));
    fl_table_endpoint(table, pod);
    fl_table_price(table, pod);
    age_text(age, fleet_pod_get(pod, FLEET_POD_CREATED_AT));
    fl_table_cell(table, age);
    fl_table_cell(table, verdict ? verdict->verdict : NULL);
    age_text(age, verdict ? verdict->at : NULL);
    fl_table_cell(table, age);
    fl_table_money(
        table, in_cents(fl_billed(&verdicts->pauses, member, verdicts->now)));
    if (!verdicts->shows_backups)
        return;
    age_text(age, backup_at(verdicts, member));
    fl_table_cell(table, age[0] ? age : NULL);
}

static void print_table(struct fl_context *context,
                        const struct fl_fleet *fleet,
                        const struct verdicts *verdicts, const bool *selected)
{
    static const char *const headings[] = {
        "NAME",    "PROVIDER", "STATE",  "GPU",    "REGION", "SSH",
        "PRICE/H", "AGE",      "HEALTH", "TESTED", "BILLED", "BACKUP"};
    struct fl_table table;

    fl_table_init(&table, verdicts->shows_backups ? 12 : 11, headings,
                  1u << 6 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 11);
    for (size_t i = 0; i < fleet->n_members; i++) {
        if (selected[i])
            add_row(&table, verdicts, &fleet->members[i]);
    }
    fl_table_print(&table, context);
    fl_table_clear(&table);
}

static json_t *json_providers(const struct fl_fleet *fleet)
{
    json_t *list = json_array();

    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];
        json_t *entry = json_object();

        fl_json_put(entry, "name", fl_json_text(listing->name));
        fl_json_put(entry, "ok", json_boolean(listing->ok));
        fl_json_put(entry, "error",
                    listing->ok
                        ? json_null()
                        : fl_json_error(&listing->error, NULL, listing->name));
        if (listing->has_balance) {
            fl_json_put(entry, "balance",
                        fl_json_money(listing->balance_micros));
            fl_json_put(entry, "currency", fl_json_text(listing->currency));
        }
        fl_json_add(list, entry);
    }
    return list;
}

static json_t *json_sums(const struct fl_fleet *fleet, enum fl_bills which,
                         int hours)
{
    json_t *object = json_object();
    struct fl_sum sums[CURRENCIES];
    size_t n = fl_fleet_sums(fleet, NULL, which, sums, CURRENCIES);

    for (size_t i = 0; i < n; i++)
        fl_json_put(object, sums[i].currency,
                    fl_json_money(sums[i].micros * hours));
    return object;
}

/* Those that are stopped, and still cost money. */
static json_t *json_stopped(const struct fl_fleet *fleet)
{
    json_t *object = json_object(), *pods = json_array();

    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];

        if (fl_member_bills(member) == FL_BILLS_STOPPED)
            fl_json_add(
                pods, fl_json_text(fleet_pod_get(member->pod, FLEET_POD_NAME)));
    }
    fl_json_put(object, "pods", pods);
    fl_json_put(object, "price_per_hour",
                json_sums(fleet, FL_BILLS_STOPPED, 1));
    return object;
}

/* What the pods at a listing cost an hour, in the currency of its balance. */
static int64_t spent_at(const struct fl_fleet *fleet,
                        const struct fl_listing *listing)
{
    static const enum fl_bills both[] = {FL_BILLS_RUNNING, FL_BILLS_STOPPED};
    int64_t spent = 0;

    for (size_t which = 0; which < 2; which++) {
        struct fl_sum sums[CURRENCIES];
        size_t n = fl_fleet_sums(fleet, listing, both[which], sums, CURRENCIES);

        for (size_t i = 0; i < n; i++) {
            if (strcmp(sums[i].currency, listing->currency) == 0)
                spent += sums[i].micros;
        }
    }
    return spent;
}

/* Hours; -1 where nobody knows, or the money is never spent. */
static int64_t runway_at(const struct fl_fleet *fleet,
                         const struct fl_listing *listing)
{
    if (!listing->has_balance || !listing->ok)
        return -1;
    return fl_runway_hours(listing->balance_micros, spent_at(fleet, listing));
}

static json_t *json_balances(const struct fl_fleet *fleet)
{
    json_t *list = json_array();

    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];
        const struct fleet_error *why = &listing->balance_error;
        int64_t hours = runway_at(fleet, listing);
        bool has = listing->has_balance;
        json_t *entry;

        if (!has && !why->code)
            continue;
        entry = json_object();
        fl_json_put(entry, "provider", fl_json_text(listing->name));
        /* Below 0: it is owed. */
        fl_json_put(entry, "balance",
                    has ? json_real((double)listing->balance_micros / FL_MICROS)
                        : json_null());
        fl_json_put(entry, "currency",
                    fl_json_text(has ? listing->currency : NULL));
        fl_json_put(entry, "runway_hours",
                    hours < 0 ? json_null() : json_integer(hours));
        fl_json_put(entry, "error",
                    has ? json_null()
                        : fl_json_error(why, NULL, listing->name));
        fl_json_add(list, entry);
    }
    return list;
}

static json_t *json_member(const struct verdicts *verdicts,
                           const struct fl_member *member)
{
    const struct fl_verdict *verdict = verdict_of(verdicts, member);
    json_t *pod =
        fl_json_pod(member->pod, member->short_name, member->listing->name);

    fl_json_put(pod, "price_quoted", fl_json_money(member->price_quoted));
    fl_json_put(
        pod, "billed",
        fl_json_money(fl_billed(&verdicts->pauses, member, verdicts->now)));
    fl_json_put(pod, "verdict",
                fl_json_text(verdict ? verdict->verdict : NULL));
    fl_json_put(pod, "tested_at", fl_json_text(verdict ? verdict->at : NULL));
    fl_json_put(pod, "backup_at", fl_json_text(backup_at(verdicts, member)));
    return pod;
}

static void make_document(struct fl_context *context,
                          const struct fl_fleet *fleet,
                          const struct verdicts *verdicts, const bool *selected)
{
    json_t *pods = json_array();

    for (size_t i = 0; i < fleet->n_members; i++) {
        if (selected[i])
            fl_json_add(pods, json_member(verdicts, &fleet->members[i]));
    }
    fl_json_put(context->document, "pods", pods);
    fl_json_put(context->document, "proxy", fl_proxymake_json(fleet));
    fl_json_put(context->document, "providers", json_providers(fleet));
    fl_json_put(context->document, "price_per_hour",
                json_sums(fleet, FL_BILLS_RUNNING, 1));
    fl_json_put(context->document, "price_per_day",
                json_sums(fleet, FL_BILLS_RUNNING, 24));
    fl_json_put(context->document, "stopped_billing", json_stopped(fleet));
    fl_json_put(context->document, "balances", json_balances(fleet));
    fl_json_put(context->document, "complete", json_boolean(fleet->complete));
}

static void tell_balance(struct fl_context *context,
                         const struct fl_fleet *fleet)
{
    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];
        int64_t hours = runway_at(fleet, listing);
        char money[32], left[64] = "";

        if (listing->balance_error.code)
            fl_say(context, "balance not known: %s",
                   listing->balance_error.text);
        if (!listing->has_balance)
            continue;
        fl_money_text(money, listing->balance_micros);
        if (hours >= 48)
            snprintf(left, sizeof(left), ", lasts %lld days",
                     (long long)hours / 24);
        else if (hours >= 0)
            snprintf(left, sizeof(left), ", lasts %lld hour%s",
                     (long long)hours, hours == 1 ? "" : "s");
        fl_say(context, "%s: balance %s %s%s", listing->name, money,
               listing->currency, left);
    }
}

/* Pods that cost something else than was agreed. */
static void tell_quotes(struct fl_context *context,
                        const struct fl_fleet *fleet, const bool *selected)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        int64_t quoted = member->price_quoted;
        int64_t price =
            fleet_pod_get_number(member->pod, FLEET_POD_PRICE_MICROS, quoted);
        char was[32], is[32];

        if (!selected[i] || quoted < 0 || price == quoted ||
            fl_member_bills(member) != FL_BILLS_RUNNING)
            continue;
        fl_money_text(was, quoted);
        fl_money_text(is, price);
        fl_say(context, "%s: quoted %s, costs %s an hour", member->short_name,
               was, is);
    }
}

/* What the provider has to say about single pods. */
static void tell_notes(struct fl_context *context, const struct fl_fleet *fleet,
                       const bool *selected)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        const char *note = fleet_pod_get(member->pod, FLEET_POD_NOTE);

        if (selected[i] && note)
            fl_say(context, "%s: %s", member->short_name, note);
    }
}

static void tell_stopped(struct fl_context *context,
                         const struct fl_fleet *fleet)
{
    FL_AUTO(fl_buf_clear) struct fl_buf names = {0};
    struct fl_sum sums[CURRENCIES];
    size_t n = fl_fleet_sums(fleet, NULL, FL_BILLS_STOPPED, sums, CURRENCIES);
    size_t pods = 0;
    char hour[32];

    fl_buf_init(&names, 1 << 20);
    for (size_t i = 0; i < fleet->n_members; i++) {
        if (fl_member_bills(&fleet->members[i]) != FL_BILLS_STOPPED)
            continue;
        if (pods++ < NAMES_SHOWN)
            fl_buf_printf(&names, " %s", fleet->members[i].short_name);
    }
    if (pods == 0)
        return;
    fl_say(context, "%zu stopped, and still billed:%s%s", pods,
           fl_buf_text(&names), pods > NAMES_SHOWN ? " and more" : "");
    for (size_t i = 0; i < n; i++) {
        fl_money_text(hour, sums[i].micros);
        fl_say(context, "  their price is %s %s an hour", hour,
               sums[i].currency);
    }
}

static void tell_sums(struct fl_context *context, const struct fl_fleet *fleet,
                      const bool *selected)
{
    size_t shown = 0, all = fleet->n_members;
    struct fl_sum sums[CURRENCIES];
    size_t n = fl_fleet_sums(fleet, NULL, FL_BILLS_RUNNING, sums, CURRENCIES);
    char hour[32], day[32];

    for (size_t i = 0; i < all; i++)
        shown += selected[i];
    if (all == 0 && fleet->complete)
        fl_say(context, "no pods of cohort %s", context->engine.cohort.prefix);
    else if (shown < all)
        fl_say(context, "%zu of %zu pods", shown, all);
    else
        fl_say(context, "%zu pod%s%s", all, all == 1 ? "" : "s",
               fleet->complete ? "" : ", and what could not be listed");
    for (size_t i = 0; i < n; i++) {
        fl_money_text(hour, sums[i].micros);
        fl_money_text(day, sums[i].micros * 24);
        fl_say(context, "%s %s an hour, %s a day%s", hour, sums[i].currency,
               day, shown < all ? ", for all of them" : "");
    }
    fl_proxymake_tell(context, fleet);
    tell_stopped(context, fleet);
    tell_quotes(context, fleet, selected);
    tell_notes(context, fleet, selected);
    tell_balance(context, fleet);
}

static int show(struct fl_context *context, const struct list_options *given,
                const struct fl_fleet *fleet, const struct verdicts *verdicts)
{
    FL_AUTO_FREE bool *selected = NULL;
    struct fleet_error err = {0};
    int rc = fl_work_select(context, fleet, &given->narrowing, true, &selected,
                            &err);
    int status;

    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    if (context->format == FL_FORMAT_JSON) {
        make_document(context, fleet, verdicts, selected);
        return fl_work_incomplete(context, fleet);
    }
    print_table(context, fleet, verdicts, selected);
    status = fl_work_incomplete(context, fleet);
    tell_sums(context, fleet, selected);
    return status;
}

static int run(struct fl_context *context, const void *given)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    struct verdicts verdicts = {0};
    struct fleet_error err = {0};
    int rc = fl_work_look(context, FL_GATHER_BALANCE, &fleet, &err);
    int status;

    if (rc == 0)
        rc = open_verdicts(context, &verdicts, &err);
    status = rc < 0 ? fl_report(context, &err, NULL, NULL)
                    : show(context, given, &fleet, &verdicts);
    close_verdicts(&verdicts);
    return status;
}

static const char *const aliases[] = {"ls", "status", NULL};
const struct fl_command fl_cmd_list = {
    .name = "list",
    .aliases = aliases,
    .group = "Pods",
    .summary = "show every pod of the cohort at every provider",
    .synopsis = "[TARGET...]",
    .example = "fleet list\n"
               "fleet list --json | jq -r '.pods[].name'\n"
               "fleet list apple..mayor --on local",
    .about =
        "All providers are asked at once. One that does not answer makes the "
        "listing incomplete: its pods that are remembered are shown as "
        "unknown, and the exit status is 7. HEALTH is what the last `fleet "
        "test` has said, BILLED an estimate: the hours since a pod was made at "
        "its price, where it has run all the time. A listing never changes "
        "anything.",
    .options = options,
    .options_size = sizeof(struct list_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
