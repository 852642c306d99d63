/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ledger.h"

#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum move { RESERVE, CANCEL, SETTLE, RELEASE };

/* One after the other on a cap of 100 with 40 spent. */
static const struct {
    enum move move;
    int64_t price, paid;
    int rc;
    int64_t spent;
} moves[] = {
    {RESERVE, 50, 0, 0, 90},
    {RESERVE, 20, 0, FLEET_EREFUSED, 90},
    {RESERVE, 10, 0, 0, 100},
    {RESERVE, -1, 0, FLEET_EREFUSED, 100}, /* nobody knows */
    {CANCEL, 50, 0, 0, 50},
    {SETTLE, 10, 60, 0, 100}, /* dearer, and yet within the cap */
    {RELEASE, 60, 0, 0, 40},
    {RESERVE, 60, 0, 0, 100},
    {SETTLE, 60, 61, FLEET_EREFUSED, 101},
    {RELEASE, 61, 0, 0, 40},
    {RESERVE, 60, 0, 0, 100},
    {SETTLE, 60, 60, 0, 100},
    {RELEASE, 40, 0, 0, 60}, /* of before */
    {RESERVE, 40, 0, 0, 100},
    {SETTLE, 40, -1, 0, 60}, /* not told: the caller's affair */
};

static void a_cap_holds(void **state)
{
    struct fl_ledger ledger;
    struct fleet_error err = {0};

    (void)state;
    fl_ledger_open(&ledger, 100, 40);
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        int rc = 0;

        if (moves[i].move == RESERVE)
            rc = fl_ledger_reserve(&ledger, moves[i].price, 0, &err);
        else if (moves[i].move == SETTLE)
            rc = fl_ledger_settle(&ledger, moves[i].price, moves[i].paid, &err);
        else if (moves[i].move == CANCEL)
            fl_ledger_cancel(&ledger, moves[i].price);
        else
            fl_ledger_release(&ledger, moves[i].price);
        if (rc != moves[i].rc || ledger.spent != moves[i].spent)
            fail_msg("move %zu: %d, %lld", i, rc, (long long)ledger.spent);
    }
    assert_int_equal(ledger.pending, 0);
    fl_ledger_close(&ledger);
}

static void without_a_cap_all_is_free(void **state)
{
    struct fl_ledger ledger;

    (void)state;
    fl_ledger_open(&ledger, 0, 40);
    assert_int_equal(fl_ledger_reserve(&ledger, 1000, 0, NULL), 0);
    assert_int_equal(fl_ledger_reserve(&ledger, -1, 0, NULL), 0);
    assert_int_equal(fl_ledger_settle(&ledger, 1000, 2000, NULL), 0);
    assert_int_equal(fl_ledger_settle(&ledger, -1, 5, NULL), 0);
    assert_int_equal(ledger.spent, 2045);
    fl_ledger_close(&ledger);
}

static void *cancel_soon(void *arg)
{
    struct timespec soon = {.tv_nsec = 20000000};

    nanosleep(&soon, NULL);
    fl_ledger_cancel(arg, 60);
    return NULL;
}

/* What another has reserved may come to nothing: that is waited for. */
static void what_is_pending_is_waited_for(void **state)
{
    struct fl_ledger ledger;
    pthread_t other;

    (void)state;
    fl_ledger_open(&ledger, 100, 40);
    assert_int_equal(fl_ledger_reserve(&ledger, 60, 0, NULL), 0);
    assert_int_equal(fl_ledger_reserve(&ledger, 50, fl_deadline(30), NULL),
                     FLEET_EREFUSED);
    assert_int_equal(pthread_create(&other, NULL, cancel_soon, &ledger), 0);
    assert_int_equal(fl_ledger_reserve(&ledger, 50, fl_deadline(60000), NULL),
                     0);
    pthread_join(other, NULL);
    assert_int_equal(ledger.spent, 90);
    fl_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cap_holds),
        cmocka_unit_test(without_a_cap_all_is_free),
        cmocka_unit_test(what_is_pending_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
