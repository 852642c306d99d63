/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PLAN_H
#define FL_ENGINE_PLAN_H

#include "core/engine/fleet.h"

/* Plans are pure: what to buy, in which order, at what price, from data. */
struct fl_option_row {
    struct fl_listing *listing;
    struct fleet_offer *offer; /* NULL: the provider lists no offers */
    char *dropped;             /* why not; NULL: will be tried */
    int code;                  /* of dropped */
    char *note;                /* to be known of one that is tried; or NULL */
    /* What it is ordered by; set by fl_plan_order. */
    bool misfit;  /* its GPU is none that is wanted */
    bool foreign; /* cheapest: priced in another currency than the first */
    size_t gpu, tier, region, came;
    int64_t rank;  /* given to the provider; 0: none */
    int64_t price; /* INT64_MAX: not known */
};
struct fl_options_plan {
    struct fl_option_row *at;
    size_t n, size;
    struct fl_strv hints; /* sentences for the user: did you mean, currencies */
    bool unfit; /* there are offers, and none has a GPU that is wanted */
};
/* Drops what GPU_TYPE, NUM_GPUS, CLOUD_TYPE, REGIONS, a price cap or an empty
 * stock rule out, and orders. PLACEMENT=listed: as PROVIDERS, then as GPU_TYPE,
 * the provider's own order, CLOUD_TYPE and REGIONS, then by price. cheapest: by
 * price over all providers; what is priced in another currency than the first
 * provider's comes after. */
int fl_plan_order(const struct fl_settings *settings,
                  struct fl_options_plan *plan, struct fleet_error *err);
void fl_options_plan_clear(struct fl_options_plan *plan);
FL_CLEANUP_IN_PLACE(fl_options_plan_clear, struct fl_options_plan);
/* First option that is not dropped; NULL when none. */
const struct fl_option_row *fl_plan_first(const struct fl_options_plan *plan);
/* Says why there is none, and returns that: a provider that failed counts
 * before a price cap, and that before want of capacity. *provider (may be
 * NULL): whose fault it is, borrowed; untouched when nobody's. */
int fl_plan_fault(const struct fl_options_plan *plan, const char **provider,
                  struct fleet_error *err);
/* Micros an hour; -1 unknown. */
int64_t fl_plan_price(const struct fl_option_row *option);
/* "USD" where it is not told. Borrowed. */
const char *fl_plan_currency(const struct fl_option_row *option);

/* The spec of settings for one option and name (each may be NULL); NULL when
 * out of memory. */
struct fleet_spec *fl_plan_spec(const struct fl_settings *settings,
                                const struct fl_option_row *option,
                                const char *name, const char *token,
                                const char *public_key);
/* What the fleet costs an hour now: what runs, and what is stopped and still
 * bills. Amounts of several currencies count alike. */
int64_t fl_plan_spent(const struct fl_fleet *fleet);
/* FLEET_EREFUSED when N pods at the first option's price, beside what the fleet
 * costs, pass MAX_FLEET_PRICE; names both sums. */
int fl_plan_check_total(const struct fl_settings *settings,
                        const struct fl_fleet *fleet,
                        const struct fl_options_plan *plan, size_t n,
                        struct fleet_error *err);

#endif
