/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/billed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOON 1795608000 /* 2026-11-25T12:00:00Z */

static const struct {
    int state;
    const char *made, *id;
    int64_t price;
    bool unconfirmed;
    int64_t billed;
} cases[] = {
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", "1", 300000, false, 600000},
    {FLEET_STATE_RUNNING, "2026-11-25T11:30:00Z", "1", 300000, false, 150000},
    {FLEET_STATE_RUNNING, "2026-11-25T12:00:00Z", "1", 300000, false, 0},
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", "1", 0, false, 0},
    {FLEET_STATE_RUNNING, "1996-11-25T12:00:00Z", "1", 1000000000, false,
     262968000000000},
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", "paused", 300000, false, -1},
    {FLEET_STATE_RUNNING, "2026-11-25T12:00:01Z", "1", 300000, false, -1},
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", "1", -1, false, -1},
    {FLEET_STATE_RUNNING, NULL, "1", 300000, false, -1},
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", NULL, 300000, false, -1},
    {FLEET_STATE_STOPPED, "2026-11-25T10:00:00Z", "1", 300000, false, -1},
    {FLEET_STATE_UNKNOWN, "2026-11-25T10:00:00Z", "1", 300000, false, -1},
    {FLEET_STATE_RUNNING, "2026-11-25T10:00:00Z", "1", 300000, true, -1},
};

static void what_was_billed_is_estimated(void **state)
{
    struct fl_pauses pauses = {0};
    int any = 0;

    (void)state;
    assert_int_equal(fl_map_add(&pauses.by_id, "paused", &any, NULL), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fl_member member = {.pod = fl_pod_new(),
                                   .unconfirmed = cases[i].unconfirmed};
        int64_t billed;

        assert_non_null(member.pod);
        fleet_pod_set_number(member.pod, FLEET_POD_STATE, cases[i].state);
        fleet_pod_set(member.pod, FLEET_POD_CREATED_AT, cases[i].made);
        fleet_pod_set(member.pod, FLEET_POD_ID, cases[i].id);
        if (cases[i].price >= 0)
            fleet_pod_set_number(member.pod, FLEET_POD_PRICE_MICROS,
                                 cases[i].price);
        billed = fl_billed(&pauses, &member, NOON);
        if (billed != cases[i].billed)
            fail_msg("case %zu: %lld", i, (long long)billed);
        fl_pod_free(member.pod);
    }
    fl_pauses_clear(&pauses);
}

static void a_runway_ends(void **state)
{
    (void)state;
    assert_int_equal(fl_runway_hours(10000000, 300000), 33);
    assert_int_equal(fl_runway_hours(0, 300000), 0);
    assert_int_equal(fl_runway_hours(-5000000, 300000), 0);
    assert_int_equal(fl_runway_hours(10000000, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_billed_is_estimated),
        cmocka_unit_test(a_runway_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
