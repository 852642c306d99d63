/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/plan.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/text.h"
#include "core/model/gpu.h"
#include "core/model/money.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CURRENCIES 8

/* Lists of the settings, taken apart. */
struct wants {
    const struct fl_settings *settings;
    struct fl_strv gpus, tiers, regions;
};

static void wants_clear(struct wants *wants)
{
    fl_strv_clear(&wants->gpus);
    fl_strv_clear(&wants->tiers);
    fl_strv_clear(&wants->regions);
}
FL_CLEANUP_IN_PLACE(wants_clear, struct wants);

static int split(struct fl_strv *list, const char *text)
{
    return text ? fl_strv_split(list, text, "\n") : FLEET_OK;
}

static int wants_open(struct wants *wants, const struct fl_settings *settings,
                      struct fleet_error *err)
{
    wants->settings = settings;
    if (split(&wants->gpus, settings->gpu_type) < 0 ||
        split(&wants->tiers, settings->cloud_type) < 0 ||
        split(&wants->regions, settings->regions) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

/* One word of letters and digits; *at moves behind it; 0 at the end. */
static size_t next_word(const char **at)
{
    size_t len = 0;

    while (**at && !isalnum((unsigned char)**at))
        ++*at;
    while (isalnum((unsigned char)(*at)[len]))
        len++;
    *at += len;
    return len;
}

static bool has_word(const char *text, const char *word, size_t len)
{
    size_t found;

    while ((found = next_word(&text)) > 0) {
        if (found == len && !strncasecmp(text - found, word, len))
            return true;
    }
    return false;
}

/* Every word of WANTED is a word of REGION: "SE" fits "Sweden, SE". */
static bool region_fits(const char *wanted, const char *region)
{
    size_t len;

    while ((len = next_word(&wanted)) > 0) {
        if (!has_word(region, wanted - len, len))
            return false;
    }
    return true;
}

static bool tier_fits(const char *wanted, const char *tier)
{
    return !strcasecmp(wanted, "all") || !strcasecmp(wanted, tier);
}

/* Place of VALUE among the wanted ones, SIZE_MAX when it is none of them. An
 * offer that does not say takes part as if it were the first. */
static size_t rank_of(const struct fl_strv *wanted, const char *value,
                      bool (*fits)(const char *wanted, const char *value))
{
    if (wanted->n == 0 || !value)
        return 0;
    for (size_t i = 0; i < wanted->n; i++) {
        if (fits(wanted->at[i], value))
            return i;
    }
    return SIZE_MAX;
}

static void rank(const struct wants *wants, struct fl_option_row *row,
                 size_t came)
{
    const struct fleet_offer *offer = row->offer;
    int64_t price = fl_plan_price(row);

    row->came = came;
    row->price = price < 0 ? INT64_MAX : price;
    if (!offer)
        return;
    row->gpu = rank_of(&wants->gpus, fl_offer_get(offer, FLEET_OFFER_GPU),
                       fl_gpu_fits);
    row->tier = rank_of(&wants->tiers, fl_offer_get(offer, FLEET_OFFER_TIER),
                        tier_fits);
    row->region = rank_of(&wants->regions,
                          fl_offer_get(offer, FLEET_OFFER_REGION), region_fits);
    row->rank = fl_offer_get_number(offer, FLEET_OFFER_RANK, 0);
    row->misfit = row->gpu == SIZE_MAX;
}

/* Several values in a sentence: "A or B" is what one of a list reads like. */
static char *joined(const struct fl_strv *list, const char *between)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};

    fl_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < list->n; i++)
        fl_buf_printf(&text, "%s%s", i ? between : "", list->at[i]);
    return text.failed ? NULL : fl_buf_take(&text);
}

static char *not_among(const char *value, const char *key,
                       const struct fl_strv *list)
{
    FL_AUTO_FREE char *wanted = joined(list, ", ");

    return wanted ? fl_format("%s is not in %s (%s)", value, key, wanted)
                  : NULL;
}

/* What rules a row out; *why is NULL when nothing does, or when out of memory,
 * and then FALSE is returned. */
static bool wrong_kind(const struct wants *wants,
                       const struct fl_option_row *row, char **why)
{
    const struct fleet_offer *offer = row->offer;
    const char *gpu = fl_offer_get(offer, FLEET_OFFER_GPU);
    const char *region = fl_offer_get(offer, FLEET_OFFER_REGION);
    const char *stock = fl_offer_get(offer, FLEET_OFFER_STOCK);
    int64_t count = fl_offer_get_number(offer, FLEET_OFFER_GPUS, 0);
    int64_t wanted = wants->settings->num_gpus;

    *why = NULL;
    if (row->misfit)
        *why = not_among(gpu, "GPU_TYPE", &wants->gpus);
    else if (gpu && wanted > 0 && count > 0 && count != wanted)
        *why =
            fl_format("%" PRId64 " GPUs, NUM_GPUS is %" PRId64, count, wanted);
    else if (row->tier == SIZE_MAX)
        *why = not_among(fl_offer_get(offer, FLEET_OFFER_TIER), "CLOUD_TYPE",
                         &wants->tiers);
    else if (row->region == SIZE_MAX)
        *why = not_among(region, "REGIONS", &wants->regions);
    else if (wants->regions.n > 0 && !region)
        *why = fl_format("the region is not known and REGIONS is set");
    else if (stock && !strcasecmp(stock, "none"))
        *why = fl_format("none left");
    else
        return false;
    return true;
}

static bool too_dear(const struct fl_settings *settings, int64_t price,
                     char **why)
{
    char has[32], cap[32];

    *why = NULL;
    if (settings->max_price == 0 && settings->max_fleet_price == 0)
        return false;
    if (price == INT64_MAX) {
        *why = fl_format("the price is not known and %s is set",
                         settings->max_price ? "MAX_PRICE" : "MAX_FLEET_PRICE");
        return true;
    }
    fl_money_text(has, price);
    fl_money_text(cap, settings->max_price);
    if (settings->max_price == 0 || price <= settings->max_price)
        return false;
    *why = fl_format("%s an hour is above MAX_PRICE %s", has, cap);
    return true;
}

/* A provider without offers has one option, of which nobody knows anything. */
static bool nothing_told(const struct wants *wants, char **why)
{
    const struct fl_settings *settings = wants->settings;

    *why = NULL;
    if (settings->max_price > 0 || settings->max_fleet_price > 0)
        *why = fl_format("the price is not known and a price cap is set");
    else if (wants->regions.n > 0)
        *why = fl_format("the region is not known and REGIONS is set");
    else
        return false;
    return true;
}

static int drop_rows(const struct wants *wants, struct fl_options_plan *plan,
                     struct fleet_error *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct fl_option_row *row = &plan->at[i];
        char *why = NULL;
        bool out;

        rank(wants, row, i);
        if (row->dropped)
            continue;
        row->code = FLEET_ECAPACITY;
        out = row->offer && wrong_kind(wants, row, &why);
        if (!out) {
            row->code = FLEET_EREFUSED;
            out = row->offer ? too_dear(wants->settings, row->price, &why)
                             : nothing_told(wants, &why);
        }
        if (out && !why)
            return fl_enomem(err);
        row->dropped = why;
    }
    return FLEET_OK;
}

static int compare(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int by_price(const struct fl_option_row *a,
                    const struct fl_option_row *b)
{
    return (a->price > b->price) - (a->price < b->price);
}

static int by_kind(const struct fl_option_row *a, const struct fl_option_row *b)
{
    int order = compare(a->gpu, b->gpu);

    if (order == 0 && a->rank && b->rank)
        order = (a->rank > b->rank) - (a->rank < b->rank);
    if (order == 0)
        order = compare(a->tier, b->tier);
    return order ? order : compare(a->region, b->region);
}

/* Providers stand in the order of PROVIDERS. */
static int by_provider(const struct fl_option_row *a,
                       const struct fl_option_row *b)
{
    if (a->listing != b->listing)
        return a->listing < b->listing ? -1 : 1;
    return !a->offer - !b->offer;
}

static int as_listed(const void *one, const void *two)
{
    const struct fl_option_row *a = one, *b = two;
    int order = by_provider(a, b);

    if (order == 0)
        order = by_kind(a, b);
    if (order == 0)
        order = by_price(a, b);
    return order ? order : compare(a->came, b->came);
}

static int cheapest_first(const void *one, const void *two)
{
    const struct fl_option_row *a = one, *b = two;
    int order = a->foreign - b->foreign;

    if (order == 0)
        order = by_price(a, b);
    return order ? order : as_listed(a, b);
}

static bool has_price(const struct fl_option_row *row)
{
    return row->offer && row->price != INT64_MAX;
}

/* Prices compare within a currency only: that of the first that is tried. */
static int mark_foreign(struct fl_options_plan *plan, struct fleet_error *err)
{
    const char *first = NULL;

    for (size_t i = 0; i < plan->n; i++) {
        struct fl_option_row *row = &plan->at[i];
        const char *currency = fl_plan_currency(row);

        if (!has_price(row))
            continue;
        if (!first && !row->dropped)
            first = currency;
        row->foreign = first && strcmp(currency, first) != 0;
        if (!row->foreign || row->dropped)
            continue;
        row->note = fl_format("priced in %s: not compared with %s, tried after",
                              currency, first);
        if (!row->note)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* ---- hints ---- */

static int add_hint(struct fl_options_plan *plan, char *text)
{
    return text ? fl_strv_take(&plan->hints, text) : FLEET_ENOMEM;
}

/* Currencies of what is tried; the caps count them alike, so say so. */
static int hint_currencies(const struct fl_settings *settings,
                           struct fl_options_plan *plan)
{
    const char *seen[CURRENCIES];
    size_t n = 0, k;

    for (size_t i = 0; i < plan->n; i++) {
        const struct fl_option_row *row = &plan->at[i];

        if (row->dropped || !has_price(row))
            continue;
        for (k = 0; k < n && strcmp(seen[k], fl_plan_currency(row)) != 0; k++)
            ;
        if (k == n && n < CURRENCIES)
            seen[n++] = fl_plan_currency(row);
    }
    if (n < 2 || (!settings->max_price && !settings->max_fleet_price))
        return FLEET_OK;
    return add_hint(plan,
                    fl_format("prices are in %s and %s%s: MAX_PRICE and "
                              "MAX_FLEET_PRICE count them alike",
                              seen[0], seen[1], n > 2 ? " and others" : ""));
}

static bool is_offered(const struct fl_options_plan *plan, const char *wanted)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct fleet_offer *offer = plan->at[i].offer;
        const char *gpu = offer ? fl_offer_get(offer, FLEET_OFFER_GPU) : NULL;

        if (gpu && fl_gpu_fits(wanted, gpu))
            return true;
    }
    return false;
}

/* The GPUs that were offered, each once. */
static int gpus_offered(const struct fl_options_plan *plan,
                        struct fl_strv *names)
{
    struct fl_map seen = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < plan->n; i++) {
        const struct fleet_offer *offer = plan->at[i].offer;
        const char *gpu = offer ? fl_offer_get(offer, FLEET_OFFER_GPU) : NULL;
        bool was = false;

        if (!gpu)
            continue;
        rc = fl_map_add(&seen, gpu, &plan->at[i], &was);
        if (rc == 0 && !was)
            rc = fl_strv_add(names, gpu);
    }
    fl_map_clear(&seen);
    return rc;
}

/* For each wanted GPU that nobody offers, what may have been meant. */
static int hint_gpus(const struct wants *wants, struct fl_options_plan *plan)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    if (gpus_offered(plan, &names) < 0)
        return FLEET_ENOMEM;
    for (size_t i = 0; names.n > 0 && i < wants->gpus.n; i++) {
        const char *wanted = wants->gpus.at[i];
        const char *near;

        if (is_offered(plan, wanted))
            continue;
        near = fl_gpu_closest(wanted, (const char *const *)names.at);
        if (add_hint(plan,
                     fl_format("GPU_TYPE: nobody offers \"%s\"%s%s%s", wanted,
                               near ? ": did you mean \"" : " at present",
                               near ? near : "", near ? "\"?" : "")) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

static bool all_unfit(const struct fl_options_plan *plan)
{
    bool any = false;

    for (size_t i = 0; i < plan->n; i++) {
        if (plan->at[i].offer && !plan->at[i].misfit)
            return false;
        any |= plan->at[i].misfit;
    }
    return any;
}

int fl_plan_order(const struct fl_settings *settings,
                  struct fl_options_plan *plan, struct fleet_error *err)
{
    FL_AUTO(wants_clear) struct wants wants = {0};
    bool cheapest =
        settings->placement && !strcmp(settings->placement, "cheapest");
    int rc = wants_open(&wants, settings, err);

    if (rc == 0)
        rc = drop_rows(&wants, plan, err);
    if (rc < 0)
        return rc;
    if (plan->n > 1)
        qsort(plan->at, plan->n, sizeof(*plan->at), as_listed);
    if (cheapest)
        rc = mark_foreign(plan, err);
    if (rc < 0)
        return rc;
    if (cheapest && plan->n > 1)
        qsort(plan->at, plan->n, sizeof(*plan->at), cheapest_first);
    plan->unfit = all_unfit(plan);
    if (hint_gpus(&wants, plan) < 0 || hint_currencies(settings, plan) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

void fl_options_plan_clear(struct fl_options_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        fl_offer_free(plan->at[i].offer);
        free(plan->at[i].dropped);
        free(plan->at[i].note);
    }
    free(plan->at);
    fl_strv_clear(&plan->hints);
    memset(plan, 0, sizeof(*plan));
}

const struct fl_option_row *fl_plan_first(const struct fl_options_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (!plan->at[i].dropped)
            return &plan->at[i];
    }
    return NULL;
}

static int weight(int code)
{
    switch (code) {
    case FLEET_EUNSUPPORTED:
        return 0;
    case FLEET_ECAPACITY:
        return 1;
    case FLEET_EREFUSED:
        return 2;
    default:
        return 3;
    }
}

int fl_plan_fault(const struct fl_options_plan *plan, const char **provider,
                  struct fleet_error *err)
{
    const struct fl_option_row *worst = NULL;

    for (size_t i = 0; i < plan->n; i++) {
        const struct fl_option_row *row = &plan->at[i];

        if (!worst || weight(row->code) > weight(worst->code))
            worst = row;
    }
    if (!worst)
        return fleet_fail(err, FLEET_ECAPACITY, "no provider makes pods");
    if (provider)
        *provider = worst->listing->name;
    if (plan->unfit && worst->code == FLEET_ECAPACITY && plan->hints.n > 0)
        return fleet_fail(err, worst->code, "nothing to make pods from: %s",
                          plan->hints.at[0]);
    return fleet_fail(err, worst->code, "nothing to make pods from: %s: %s",
                      worst->listing->name, worst->dropped);
}

int64_t fl_plan_price(const struct fl_option_row *option)
{
    return option->offer ? fl_offer_get_number(option->offer,
                                               FLEET_OFFER_PRICE_MICROS, -1)
                         : -1;
}

const char *fl_plan_currency(const struct fl_option_row *option)
{
    const char *currency =
        option->offer ? fl_offer_get(option->offer, FLEET_OFFER_CURRENCY)
                      : NULL;

    return currency ? currency : "USD";
}

static void spec_of_offer(struct fleet_spec *spec,
                          const struct fleet_offer *offer)
{
    static const struct {
        int to, from;
    } texts[] = {
        {FLEET_SPEC_OFFER, FLEET_OFFER_ID},
        {FLEET_SPEC_GPU, FLEET_OFFER_GPU},
        {FLEET_SPEC_TIER, FLEET_OFFER_TIER},
        {FLEET_SPEC_REGION, FLEET_OFFER_REGION},
    };
    int64_t gpus = fl_offer_get_number(offer, FLEET_OFFER_GPUS, -1);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *value = fl_offer_get(offer, texts[i].from);

        if (value)
            fl_spec_set(spec, texts[i].to, value);
    }
    if (gpus >= 0)
        fl_spec_set_number(spec, FLEET_SPEC_GPUS, gpus);
    fl_spec_set_number(spec, FLEET_SPEC_SPOT,
                       fl_offer_get_number(offer, FLEET_OFFER_SPOT, 0));
}

/* The only entry of a list that stands one a line; NULL: several or none. */
static const char *only_line(const char *list)
{
    return list && !strchr(list, '\n') ? list : NULL;
}

static int spec_of_gpus(struct fleet_spec *spec, const char *list)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO_FREE char *all = NULL;

    if (split(&names, list) < 0 || !(all = joined(&names, ", ")))
        return FLEET_ENOMEM;
    fl_spec_set(spec, FLEET_SPEC_GPU, names.n > 0 ? names.at[0] : NULL);
    fl_spec_set(spec, FLEET_SPEC_GPU_TYPES, all);
    return FLEET_OK;
}

static int spec_of_settings(struct fleet_spec *spec,
                            const struct fl_settings *settings)
{
    const char *tier = only_line(settings->cloud_type);

    if (spec_of_gpus(spec, settings->gpu_type) < 0)
        return FLEET_ENOMEM;
    if (tier && strcasecmp(tier, "all") != 0)
        fl_spec_set(spec, FLEET_SPEC_TIER, tier);
    fl_spec_set(spec, FLEET_SPEC_REGION, only_line(settings->regions));
    fl_spec_set(spec, FLEET_SPEC_IMAGE, settings->image);
    fl_spec_set(spec, FLEET_SPEC_TEMPLATE, settings->template_id);
    fl_spec_set(spec, FLEET_SPEC_SSH_USER, settings->ssh_user);
    if (settings->num_gpus > 0)
        fl_spec_set_number(spec, FLEET_SPEC_GPUS, settings->num_gpus);
    if (settings->disk_gb > 0)
        fl_spec_set_number(spec, FLEET_SPEC_DISK_GB, settings->disk_gb);
    if (settings->volume_gb > 0)
        fl_spec_set_number(spec, FLEET_SPEC_VOLUME_GB, settings->volume_gb);
    if (settings->max_price > 0)
        fl_spec_set_number(spec, FLEET_SPEC_MAX_PRICE_MICROS,
                           settings->max_price);
    return FLEET_OK;
}

struct fleet_spec *fl_plan_spec(const struct fl_settings *settings,
                                const struct fl_option_row *option,
                                const char *name, const char *token,
                                const char *public_key)
{
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();

    if (!spec || spec_of_settings(spec, settings) < 0)
        return NULL;
    if (option && option->offer)
        spec_of_offer(spec, option->offer);
    fl_spec_set(spec, FLEET_SPEC_NAME, name);
    fl_spec_set(spec, FLEET_SPEC_TOKEN, token);
    fl_spec_set(spec, FLEET_SPEC_PUBLIC_KEY, public_key);
    return fl_take(spec);
}

int64_t fl_plan_spent(const struct fl_fleet *fleet)
{
    static const enum fl_bills both[] = {FL_BILLS_RUNNING, FL_BILLS_STOPPED};
    int64_t spent = 0;

    for (size_t which = 0; which < 2; which++) {
        struct fl_sum sums[CURRENCIES];
        size_t n = fl_fleet_sums(fleet, NULL, both[which], sums, CURRENCIES);

        for (size_t i = 0; i < n; i++)
            spent += sums[i].micros;
    }
    return spent;
}

int fl_plan_check_total(const struct fl_settings *settings,
                        const struct fl_fleet *fleet,
                        const struct fl_options_plan *plan, size_t n,
                        struct fleet_error *err)
{
    const struct fl_option_row *first = fl_plan_first(plan);
    char total_text[32], cap_text[32];
    int64_t total;

    if (settings->max_fleet_price == 0 || n == 0 || !first)
        return FLEET_OK;
    total = fl_plan_spent(fleet) + (int64_t)n * fl_plan_price(first);
    if (total <= settings->max_fleet_price)
        return FLEET_OK;
    fl_money_text(total_text, total);
    fl_money_text(cap_text, settings->max_fleet_price);
    return fleet_fail(err, FLEET_EREFUSED,
                      "the fleet would cost %s an hour, above "
                      "MAX_FLEET_PRICE %s: nothing is made",
                      total_text, cap_text);
}
