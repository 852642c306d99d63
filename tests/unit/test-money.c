/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reads_prices(void **state)
{
    static const struct {
        const char *text;
        int64_t micros;
    } cases[] = {
        {"0", 0},
        {"1", 1000000},
        {"1.25", 1250000},
        {".5", 500000},
        {"0.000001", 1},
        {"0.27", 270000},
        {"007.10", 7100000},
        {"000000000000000000001", 1000000},
        {"999999999999.999999", INT64_C(999999999999999999)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t micros = -1;

        assert_true(fl_money_parse(cases[i].text, &micros));
        assert_true(micros == cases[i].micros);
    }
}

static void refuses_what_is_no_price(void **state)
{
    static const char *const cases[] = {
        "",    ".",    "1.",      "-1",  "+1",        " 1",
        "1 ",  "1,25", "$1",      "1e3", "0.0000001", "1.2.3",
        "x",   "0x10", "1.25USD", "inf", "nan",       "1000000000000",
        "..1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t micros = -7;

        assert_false(fl_money_parse(cases[i], &micros));
        assert_true(micros == -7);
    }
}

static void writes_prices(void **state)
{
    static const struct {
        int64_t micros;
        const char *text;
    } cases[] = {
        {0, "0.00"},
        {1, "0.000001"},
        {270000, "0.27"},
        {1500000, "1.50"},
        {123400, "0.1234"},
        {1000000, "1.00"},
        {-270000, "-0.27"},
        {INT64_MAX, "9223372036854.775807"},
        {INT64_MIN, "-9223372036854.775808"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[32];

        fl_money_text(text, cases[i].micros);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_prices),
        cmocka_unit_test(refuses_what_is_no_price),
        cmocka_unit_test(writes_prices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
