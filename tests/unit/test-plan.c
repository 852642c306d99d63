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
    assert_int_equal(fl_plan_fault(&none, NULL), FLEET_ECAPACITY);
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
        assert_int_equal(fl_plan_fault(&plan, &err), faults[i].told);
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
        cmocka_unit_test(options_are_dropped),
        cmocka_unit_test(want_of_options_is_told),
        cmocka_unit_test(options_are_ordered),
        cmocka_unit_test(unpriced_options_respect_caps),
        cmocka_unit_test(the_fleet_price_is_capped),
        cmocka_unit_test(a_spec_carries_the_offer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
