/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/plan.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/money.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* Every word of WANTED is a word of GPU: "A4000" fits "NVIDIA RTX A4000". */
static bool gpu_fits(const char *wanted, const char *gpu)
{
    size_t len;

    while ((len = next_word(&wanted)) > 0) {
        if (!has_word(gpu, wanted - len, len))
            return false;
    }
    return true;
}

/* Place of GPU among the wanted ones, SIZE_MAX when it is none of them. An
 * offer that does not say takes part as if it were the first. */
static size_t gpu_rank(const struct fl_strv *wanted, const char *gpu)
{
    if (wanted->n == 0 || !gpu)
        return 0;
    for (size_t i = 0; i < wanted->n; i++) {
        if (gpu_fits(wanted->at[i], gpu))
            return i;
    }
    return SIZE_MAX;
}

static char *why_not(const struct fl_settings *settings,
                     const struct fl_strv *gpus,
                     const struct fleet_offer *offer, int *code)
{
    const char *gpu = fl_offer_get(offer, FLEET_OFFER_GPU);
    const char *tier = fl_offer_get(offer, FLEET_OFFER_TIER);
    const char *stock = fl_offer_get(offer, FLEET_OFFER_STOCK);
    int64_t price = fl_offer_get_number(offer, FLEET_OFFER_PRICE_MICROS, -1);
    int64_t count = fl_offer_get_number(offer, FLEET_OFFER_GPUS, 0);
    char has[32], cap[32];

    *code = FLEET_ECAPACITY;
    if (gpu_rank(gpus, gpu) == SIZE_MAX)
        return fl_format("%s is not in GPU_TYPE", gpu);
    if (gpu && settings->num_gpus > 0 && count > 0 &&
        count != settings->num_gpus)
        return fl_format("%" PRId64 " GPUs, NUM_GPUS is %" PRId64, count,
                         settings->num_gpus);
    if (settings->cloud_type && tier && strcasecmp(settings->cloud_type, tier))
        return fl_format("%s is not CLOUD_TYPE %s", tier, settings->cloud_type);
    if (stock && !strcasecmp(stock, "none"))
        return fl_format("none left");
    if (settings->max_price == 0)
        return NULL;
    *code = FLEET_EREFUSED;
    if (price < 0)
        return fl_format("the price is not known and MAX_PRICE is set");
    fl_money_text(has, price);
    fl_money_text(cap, settings->max_price);
    if (price > settings->max_price)
        return fl_format("%s an hour is above MAX_PRICE %s", has, cap);
    return NULL;
}

static int by_preference(const void *one, const void *two, void *arg)
{
    const struct fl_option_row *a = one, *b = two;
    const struct fl_strv *gpus = arg;
    size_t rank_a, rank_b;
    int64_t price_a, price_b;

    if (a->listing != b->listing) /* they stand in the order of PROVIDERS */
        return a->listing < b->listing ? -1 : 1;
    if (!a->offer || !b->offer)
        return !a->offer - !b->offer;
    rank_a = gpu_rank(gpus, fl_offer_get(a->offer, FLEET_OFFER_GPU));
    rank_b = gpu_rank(gpus, fl_offer_get(b->offer, FLEET_OFFER_GPU));
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    price_a =
        fl_offer_get_number(a->offer, FLEET_OFFER_PRICE_MICROS, INT64_MAX);
    price_b =
        fl_offer_get_number(b->offer, FLEET_OFFER_PRICE_MICROS, INT64_MAX);
    return (price_a > price_b) - (price_a < price_b);
}

/* A provider without offers has one option, whose price nobody knows. */
static const char *unpriced(const struct fl_settings *settings)
{
    return settings->max_price > 0 || settings->max_fleet_price > 0
               ? "the price is not known and a price cap is set"
               : NULL;
}

static int drop_rows(const struct fl_settings *settings,
                     const struct fl_strv *gpus, struct fl_options_plan *plan,
                     struct fleet_error *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct fl_option_row *row = &plan->at[i];
        const char *why;

        if (row->dropped)
            continue;
        if (row->offer) {
            row->dropped = why_not(settings, gpus, row->offer, &row->code);
            continue;
        }
        row->code = FLEET_EREFUSED;
        why = unpriced(settings);
        if (why && !(row->dropped = strdup(why)))
            return fl_enomem(err);
    }
    return FLEET_OK;
}

int fl_plan_order(const struct fl_settings *settings,
                  struct fl_options_plan *plan, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv gpus = {0};
    int rc;

    if (settings->gpu_type &&
        fl_strv_split(&gpus, settings->gpu_type, "\n") < 0)
        return fl_enomem(err);
    rc = drop_rows(settings, &gpus, plan, err);
    if (rc == 0 && plan->n > 1)
        qsort_r(plan->at, plan->n, sizeof(*plan->at), by_preference, &gpus);
    return rc;
}

void fl_options_plan_clear(struct fl_options_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        fl_offer_free(plan->at[i].offer);
        free(plan->at[i].dropped);
    }
    free(plan->at);
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

int fl_plan_fault(const struct fl_options_plan *plan, struct fleet_error *err)
{
    const struct fl_option_row *worst = NULL;

    for (size_t i = 0; i < plan->n; i++) {
        const struct fl_option_row *row = &plan->at[i];

        if (!worst || weight(row->code) > weight(worst->code))
            worst = row;
    }
    if (!worst)
        return fleet_fail(err, FLEET_ECAPACITY, "no provider makes pods");
    return fleet_fail(err, worst->code, "nothing to make pods from: %s: %s",
                      worst->listing->name, worst->dropped);
}

int64_t fl_plan_price(const struct fl_option_row *option)
{
    return option->offer ? fl_offer_get_number(option->offer,
                                               FLEET_OFFER_PRICE_MICROS, -1)
                         : -1;
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

/* The first entry of a list that stands one a line. */
static char *first_line(const char *list)
{
    return list ? strndup(list, strcspn(list, "\n")) : NULL;
}

static void spec_of_settings(struct fleet_spec *spec,
                             const struct fl_settings *settings)
{
    FL_AUTO_FREE char *gpu = first_line(settings->gpu_type);

    fl_spec_set(spec, FLEET_SPEC_GPU, gpu);
    fl_spec_set(spec, FLEET_SPEC_TIER, settings->cloud_type);
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
}

struct fleet_spec *fl_plan_spec(const struct fl_settings *settings,
                                const struct fl_option_row *option,
                                const char *name, const char *token,
                                const char *public_key)
{
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();

    if (!spec)
        return NULL;
    spec_of_settings(spec, settings);
    if (option && option->offer)
        spec_of_offer(spec, option->offer);
    fl_spec_set(spec, FLEET_SPEC_NAME, name);
    fl_spec_set(spec, FLEET_SPEC_TOKEN, token);
    fl_spec_set(spec, FLEET_SPEC_PUBLIC_KEY, public_key);
    return fl_take(spec);
}

int fl_plan_check_total(const struct fl_settings *settings,
                        const struct fl_fleet *fleet,
                        const struct fl_options_plan *plan, size_t n,
                        struct fleet_error *err)
{
    const struct fl_option_row *first = fl_plan_first(plan);
    struct fl_sum sums[8];
    size_t n_sums = fl_fleet_sums(fleet, sums, 8);
    char total_text[32], cap_text[32];
    int64_t total = 0;

    if (settings->max_fleet_price == 0 || n == 0 || !first)
        return FLEET_OK;
    for (size_t i = 0; i < n_sums; i++)
        total += sums[i].micros;
    total += (int64_t)n * fl_plan_price(first);
    if (total <= settings->max_fleet_price)
        return FLEET_OK;
    fl_money_text(total_text, total);
    fl_money_text(cap_text, settings->max_fleet_price);
    return fleet_fail(err, FLEET_EREFUSED,
                      "the fleet would cost %s an hour, above "
                      "MAX_FLEET_PRICE %s: nothing is made",
                      total_text, cap_text);
}
