/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct fl_listing listings[] = {{.name = "first", .ok = true},
                                       {.name = "second", .ok = true}};

static void add(struct fl_options_plan *plan, size_t listing, const char *gpu,
                int64_t gpus, const char *tier, int64_t price,
                const char *stock)
{
    struct fl_option_row *bigger =
        realloc(plan->at, (plan->n + 1) * sizeof(*plan->at));
    struct fleet_offer *offer = fl_offer_new();

    assert_non_null(bigger);
    assert_non_null(offer);
    plan->at = bigger;
    fleet_offer_set(offer, FLEET_OFFER_GPU, gpu);
    if (gpus)
        fleet_offer_set_number(offer, FLEET_OFFER_GPUS, gpus);
    fleet_offer_set(offer, FLEET_OFFER_TIER, tier);
    if (price >= 0)
        fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, price);
    fleet_offer_set(offer, FLEET_OFFER_STOCK, stock);
    plan->at[plan->n++] =
        (struct fl_option_row){.listing = &listings[listing], .offer = offer};
}

/* One offer and the settings that keep or drop it. */
static const struct {
    const char *gpu_type;
    int64_t num_gpus;
    const char *cloud_type;
    int64_t max_price;
    const char *gpu;
    int64_t gpus;
    const char *tier;
    int64_t price;
    const char *stock, *dropped;
} cases[] = {
    {NULL, 0, NULL, 0, "RTX A4000", 1, "secure", 250000, "high", NULL},
    {"A4000", 0, NULL, 0, "NVIDIA RTX A4000", 1, NULL, 1, NULL, NULL},
    {"rtx a4000", 0, NULL, 0, "RTX A4000", 1, NULL, 1, NULL, NULL},
    {"A400", 0, NULL, 0, "RTX A4000", 1, NULL, 1, NULL, "GPU_TYPE"},
    {"RTX 4000", 0, NULL, 0, "RTX A4000", 1, NULL, 1, NULL, "GPU_TYPE"},
    {"H100\nA4000", 0, NULL, 0, "RTX A4000", 1, NULL, 1, NULL, NULL},
    {"A4000", 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL},
    {NULL, 2, NULL, 0, "RTX A4000", 1, NULL, 1, NULL, "NUM_GPUS"},
    {NULL, 2, NULL, 0, "RTX A4000", 2, NULL, 1, NULL, NULL},
    {NULL, 0, "COMMUNITY", 0, "x", 1, "community", 1, NULL, NULL},
    {NULL, 0, "SECURE", 0, "x", 1, "community", 1, NULL, "CLOUD_TYPE"},
    {NULL, 0, NULL, 0, "x", 1, NULL, 1, "none", "none left"},
    {NULL, 0, NULL, 300000, "x", 1, NULL, 300000, NULL, NULL},
    {NULL, 0, NULL, 300000, "x", 1, NULL, 300001, NULL,
     "0.300001 an hour is above MAX_PRICE 0.30"},
    {NULL, 0, NULL, 300000, "x", 1, NULL, -1, NULL, "not known"},
};

static void options_are_dropped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fl_settings settings = {
            .gpu_type = (char *)cases[i].gpu_type,
            .num_gpus = cases[i].num_gpus,
            .cloud_type = (char *)cases[i].cloud_type,
            .max_price = cases[i].max_price,
        };
        struct fl_options_plan plan = {0};
        struct fleet_error err = {0};

        add(&plan, 0, cases[i].gpu, cases[i].gpus, cases[i].tier,
            cases[i].price, cases[i].stock);
        assert_int_equal(fl_plan_order(&settings, &plan, &err), 0);
        if (!cases[i].dropped != !plan.at[0].dropped)
            fail_msg("case %zu: %s", i, plan.at[0].dropped);
        if (cases[i].dropped && !strstr(plan.at[0].dropped, cases[i].dropped))
            fail_msg("case %zu: %s", i, plan.at[0].dropped);
        fl_options_plan_clear(&plan);
    }
}

static const struct {
    const char *regions, *region, *dropped;
} region_cases[] = {
    {"EU-RO-1", "EU-RO-1", NULL},
    {"eu-ro-1\nUS-GA-1", "US-GA-1", NULL},
    {"SE", "Sweden, SE", NULL},
    {"EU", "EU-RO-1", NULL},
    {"EU-RO-1", "EU-CZ-1", "EU-CZ-1 is not in REGIONS (EU-RO-1)"},
    {"SE\nFI", "Germany, DE", "REGIONS (SE, FI)"},
    {"SE", NULL, "not known"},
    {NULL, "anywhere", NULL},
};

static void regions_are_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(region_cases) / sizeof(region_cases[0]);
         i++) {
        struct fl_settings settings = {.regions =
                                           (char *)region_cases[i].regions};
        struct fl_options_plan plan = {0};
        const char *dropped = region_cases[i].dropped;

        add(&plan, 0, "A4000", 1, NULL, 1, NULL);
        fleet_offer_set(plan.at[0].offer, FLEET_OFFER_REGION,
                        region_cases[i].region);
        assert_int_equal(fl_plan_order(&settings, &plan, NULL), 0);
        if (!dropped != !plan.at[0].dropped ||
            (dropped && !strstr(plan.at[0].dropped, dropped)))
            fail_msg("case %zu: %s", i, plan.at[0].dropped);
        fl_options_plan_clear(&plan);
    }
}

static void want_of_options_is_told(void **state)
{
    static const struct {
        int codes[3], told;
    } faults[] = {
        {{FLEET_ECAPACITY}, FLEET_ECAPACITY},
        {{FLEET_EUNSUPPORTED}, FLEET_EUNSUPPORTED},
        {{FLEET_EUNSUPPORTED, FLEET_ECAPACITY}, FLEET_ECAPACITY},
        {{FLEET_ECAPACITY, FLEET_EREFUSED, FLEET_ECAPACITY}, FLEET_EREFUSED},
        {{FLEET_EREFUSED, FLEET_EAUTH, FLEET_ETRANSIENT}, FLEET_EAUTH},
    };
    struct fl_options_plan none = {0};

    (void)state;
    assert_int_equal(fl_plan_fault(&none, NULL, NULL), FLEET_ECAPACITY);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct fl_option_row rows[3];
        struct fl_options_plan plan = {.at = rows};
        struct fleet_error err = {0};

        while (plan.n < 3 && faults[i].codes[plan.n]) {
            rows[plan.n] = (struct fl_option_row){
                .listing = &listings[0],
                .dropped = (char *)fleet_code_name(faults[i].codes[plan.n]),
                .code = faults[i].codes[plan.n]};
            plan.n++;
        }
        assert_int_equal(fl_plan_fault(&plan, NULL, &err), faults[i].told);
        assert_non_null(strstr(err.text, "first: "));
        assert_non_null(strstr(err.text, fleet_code_name(faults[i].told)));
    }
}

static void options_are_ordered(void **state)
{
    struct fl_settings settings = {.gpu_type = (char *)"H100\nA4000"};
    struct fl_options_plan plan = {0};
    struct fleet_error err = {0};
    static const int64_t expected[] = {900, 950, 10, 20, 5};

    (void)state;
    add(&plan, 0, "A4000", 1, NULL, 20, NULL);
    add(&plan, 0, "H100", 1, NULL, 950, NULL);
    add(&plan, 0, "A4000", 1, NULL, 10, NULL);
    add(&plan, 0, "H100", 1, NULL, 900, NULL);
    add(&plan, 1, "A4000", 1, NULL, 5, NULL);
    assert_int_equal(fl_plan_order(&settings, &plan, &err), 0);
    for (size_t i = 0; i < plan.n; i++)
        assert_int_equal(fl_plan_price(&plan.at[i]), expected[i]);
    fl_options_plan_clear(&plan);
}

/* An order that the user has given the provider counts before the price. */
static void ranked_in_order(void **state)
{
    struct fl_settings settings = {0};
    struct fl_options_plan plan = {0};
    struct fleet_error err = {0};
    static const int64_t expected[] = {30, 10, 20};

    (void)state;
    add(&plan, 0, NULL, 0, NULL, 10, NULL);
    add(&plan, 0, NULL, 0, NULL, 20, NULL);
    add(&plan, 0, NULL, 0, NULL, 30, NULL);
    fleet_offer_set_number(plan.at[0].offer, FLEET_OFFER_RANK, 2);
    fleet_offer_set_number(plan.at[1].offer, FLEET_OFFER_RANK, 3);
    fleet_offer_set_number(plan.at[2].offer, FLEET_OFFER_RANK, 1);
    assert_int_equal(fl_plan_order(&settings, &plan, &err), 0);
    for (size_t i = 0; i < plan.n; i++)
        assert_int_equal(fl_plan_price(&plan.at[i]), expected[i]);
    fl_options_plan_clear(&plan);
}

/* What stands in the plan: listing, GPU, tier, price and currency. */
struct stall {
    size_t listing;
    const char *gpu, *tier;
    int64_t price;
    const char *currency, *region;
};
static const struct stall stalls[] = {
    {0, "RTX A4000", "secure", 20, "USD", "EU-RO-1"},
    {0, "NVIDIA H100 PCIe", "secure", 950, "USD", "US-GA-1"},
    {0, "NVIDIA H100 80GB HBM3", "community", 900, "USD", "EU-RO-1"},
    {0, "RTX A4000", "community", 10, "USD", "US-GA-1"},
    {1, "A4000", "community", 5, "USD", "EU-RO-1"},
    {1, "A4000", "community", 4, "EUR", "EU-RO-1"},
    {1, "A4000", "community", -1, "USD", "EU-RO-1"},
    {0, "RTX 3090", "community", 1, "USD", "EU-RO-1"},
};
static const struct {
    const char *placement, *gpus, *tiers, *regions;
    int64_t prices[9]; /* of what is tried, in order; ends at 0 */
    const char *note;  /* of the last one */
} orders[] = {
    {NULL, "H100\nA4000", NULL, NULL, {900, 950, 10, 20, 4, 5, -1}, NULL},
    {"listed", "A4000\nH100", NULL, NULL, {10, 20, 900, 950, 4, 5, -1}, NULL},
    {"listed", "A4000", "secure\ncommunity", NULL, {20, 10, 4, 5, -1}, NULL},
    {"listed", "A4000", "COMMUNITY", NULL, {10, 4, 5, -1}, NULL},
    {"listed", "A4000", "ALL", "EU\nUS", {20, 10, 4, 5, -1}, NULL},
    {"listed", "A4000", "ALL", "US\nEU", {10, 20, 4, 5, -1}, NULL},
    {"cheapest",
     "A4000\nH100",
     NULL,
     NULL,
     {5, 10, 20, 900, 950, -1, 4},
     "EUR"},
    {"cheapest", "A4000", NULL, "US", {10}, NULL},
    {"cheapest", NULL, NULL, NULL, {1, 5, 10, 20, 900, 950, -1, 4}, "EUR"},
};

static void build(struct fl_options_plan *plan)
{
    for (size_t i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++) {
        const struct stall *stall = &stalls[i];

        add(plan, stall->listing, stall->gpu, 1, stall->tier, stall->price,
            NULL);
        fleet_offer_set(plan->at[i].offer, FLEET_OFFER_CURRENCY,
                        stall->currency);
        fleet_offer_set(plan->at[i].offer, FLEET_OFFER_REGION, stall->region);
    }
}

static void placements_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct fl_settings settings = {
            .placement = (char *)orders[i].placement,
            .gpu_type = (char *)orders[i].gpus,
            .cloud_type = (char *)orders[i].tiers,
            .regions = (char *)orders[i].regions,
        };
        struct fl_options_plan plan = {0};
        const struct fl_option_row *last = NULL;
        size_t n = 0;

        build(&plan);
        assert_int_equal(fl_plan_order(&settings, &plan, NULL), 0);
        for (size_t k = 0; k < plan.n; k++) {
            if (plan.at[k].dropped)
                continue;
            last = &plan.at[k];
            if (fl_plan_price(last) != orders[i].prices[n++])
                fail_msg("case %zu: place %zu has %lld", i, n,
                         (long long)fl_plan_price(last));
        }
        assert_int_equal(orders[i].prices[n], 0);
        assert_non_null(last);
        if (!orders[i].note != !last->note ||
            (last->note && !strstr(last->note, orders[i].note)))
            fail_msg("case %zu: note %s", i, last->note);
        fl_options_plan_clear(&plan);
    }
}

static void near_names_are_told(void **state)
{
    struct fl_settings settings = {.gpu_type = (char *)"RTX A400\nRadeon VII"};
    struct fl_options_plan plan = {0};
    struct fleet_error err = {0};

    (void)state;
    build(&plan);
    assert_int_equal(fl_plan_order(&settings, &plan, &err), 0);
    assert_null(fl_plan_first(&plan));
    assert_true(plan.unfit);
    assert_int_equal(plan.hints.n, 2);
    assert_non_null(strstr(plan.hints.at[0], "did you mean \"RTX A4000\"?"));
    assert_non_null(strstr(plan.hints.at[1], "nobody offers \"Radeon VII\""));
    assert_int_equal(fl_plan_fault(&plan, NULL, &err), FLEET_ECAPACITY);
    assert_non_null(strstr(err.text, "did you mean"));
    fl_options_plan_clear(&plan);
}

static void currencies_under_a_cap_are_told(void **state)
{
    struct fl_settings settings = {.max_price = 1000000};
    struct fl_options_plan plan = {0};

    (void)state;
    build(&plan);
    assert_int_equal(fl_plan_order(&settings, &plan, NULL), 0);
    assert_int_equal(plan.hints.n, 1);
    assert_non_null(strstr(plan.hints.at[0], "count them alike"));
    fl_options_plan_clear(&plan);
}

static void unpriced_options_respect_caps(void **state)
{
    struct fl_option_row row = {.listing = &listings[0]};
    struct fl_options_plan plan = {.at = &row, .n = 1};
    struct fl_settings free_of_caps = {0}, capped = {.max_fleet_price = 1};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_plan_order(&free_of_caps, &plan, &err), 0);
    assert_ptr_equal(fl_plan_first(&plan), &row);
    assert_int_equal(fl_plan_order(&capped, &plan, &err), 0);
    assert_null(fl_plan_first(&plan));
    free(row.dropped);
}

static void the_fleet_price_is_capped(void **state)
{
    struct fl_settings settings = {.max_fleet_price = 1000000};
    struct fl_options_plan plan = {0};
    struct fl_fleet fleet = {0};
    struct fleet_error err = {0};

    (void)state;
    add(&plan, 0, "A4000", 1, NULL, 250000, NULL);
    assert_int_equal(fl_plan_check_total(&settings, &fleet, &plan, 4, &err), 0);
    assert_int_equal(fl_plan_check_total(&settings, &fleet, &plan, 5, &err),
                     FLEET_EREFUSED);
    assert_non_null(strstr(err.text, "1.25"));
    assert_non_null(strstr(err.text, "1.00"));
    fl_options_plan_clear(&plan);
}

/* What one pod of 0.30 adds to what counts against the cap. */
static const struct {
    int state;
    const char *billing;
    int64_t spent;
} spendings[] = {
    {FLEET_STATE_RUNNING, "running", 300000},
    {FLEET_STATE_RUNNING, NULL, 300000},
    {FLEET_STATE_UNKNOWN, NULL, 300000},
    {FLEET_STATE_STOPPING, "nothing", 300000},
    {FLEET_STATE_STOPPED, "storage", 300000},
    {FLEET_STATE_STOPPED, "nothing", 0},
    {FLEET_STATE_STOPPED, NULL, 0},
};

static void what_bills_is_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spendings) / sizeof(spendings[0]); i++) {
        struct fl_member member = {.pod = fl_pod_new(),
                                   .listing = &listings[0]};
        struct fl_fleet fleet = {.members = &member, .n_members = 1};

        fleet_pod_set_number(member.pod, FLEET_POD_STATE, spendings[i].state);
        fleet_pod_set_number(member.pod, FLEET_POD_PRICE_MICROS, 300000);
        fleet_pod_set(member.pod, FLEET_POD_BILLING, spendings[i].billing);
        if (fl_plan_spent(&fleet) != spendings[i].spent)
            fail_msg("case %zu: %lld", i, (long long)fl_plan_spent(&fleet));
        fl_pod_free(member.pod);
    }
}

static void a_spec_carries_the_offer(void **state)
{
    struct fl_settings settings = {.gpu_type = (char *)"H100\nA4000",
                                   .image = (char *)"image:1",
                                   .disk_gb = 50};
    struct fl_options_plan plan = {0};
    struct fleet_spec *spec;

    (void)state;
    add(&plan, 0, "RTX A4000", 2, "secure", 1, NULL);
    fleet_offer_set(plan.at[0].offer, FLEET_OFFER_ID, "offer-7");
    spec = fl_plan_spec(&settings, &plan.at[0], "arena-a", "c-1",
                        "ssh-ed25519 "
                        "AAAA");
    assert_non_null(spec);
    assert_null(fl_spec_fault(spec));
    assert_string_equal(fleet_spec_get(spec, FLEET_SPEC_GPU), "RTX A4000");
    assert_string_equal(fleet_spec_get(spec, FLEET_SPEC_GPU_TYPES),
                        "H100, A4000");
    assert_string_equal(fleet_spec_get(spec, FLEET_SPEC_OFFER), "offer-7");
    assert_string_equal(fleet_spec_get(spec, FLEET_SPEC_IMAGE), "image:1");
    assert_int_equal(fleet_spec_get_number(spec, FLEET_SPEC_GPUS, 0), 2);
    assert_int_equal(fleet_spec_get_number(spec, FLEET_SPEC_DISK_GB, 0), 50);
    fl_spec_free(spec);
    spec = fl_plan_spec(&settings, NULL, NULL, NULL, NULL);
    assert_string_equal(fleet_spec_get(spec, FLEET_SPEC_GPU), "H100");
    assert_null(fleet_spec_get(spec, FLEET_SPEC_NAME));
    fl_spec_free(spec);
    fl_options_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranked_in_order),
        cmocka_unit_test(options_are_dropped),
        cmocka_unit_test(want_of_options_is_told),
        cmocka_unit_test(options_are_ordered),
        cmocka_unit_test(unpriced_options_respect_caps),
        cmocka_unit_test(the_fleet_price_is_capped),
        cmocka_unit_test(regions_are_kept),
        cmocka_unit_test(placements_order),
        cmocka_unit_test(near_names_are_told),
        cmocka_unit_test(currencies_under_a_cap_are_told),
        cmocka_unit_test(what_bills_is_counted),
        cmocka_unit_test(a_spec_carries_the_offer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
