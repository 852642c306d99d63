/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/strv.h"

#include "tests/unit/failalloc.h"

#include <fleet/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void adds_copies_and_ends_in_null(void **state)
{
    FL_AUTO(fl_strv_clear) struct fl_strv list = {0};
    char text[] = "one";

    (void)state;
    assert_int_equal(fl_strv_add(&list, text), FLEET_OK);
    text[0] = 'X';
    assert_int_equal(fl_strv_add_n(&list, "two and more", 3), FLEET_OK);
    assert_int_equal(fl_strv_take(&list, strdup("three")), FLEET_OK);
    assert_int_equal(list.n, 3);
    assert_string_equal(list.at[0], "one");
    assert_string_equal(list.at[1], "two");
    assert_string_equal(list.at[2], "three");
    assert_null(list.at[3]);
    assert_true(fl_strv_has(&list, "two"));
    assert_false(fl_strv_has(&list, "tw"));
}

static void many(void **state)
{
    FL_AUTO(fl_strv_clear) struct fl_strv list = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(fl_strv_add(&list, "x"), FLEET_OK);
        assert_null(list.at[i + 1]);
    }
    fl_strv_clear(&list);
    assert_int_equal(list.n, 0);
    assert_false(fl_strv_has(&list, "x"));
}

static void splits(void **state)
{
    static const struct {
        const char *text, *separators;
        const char *pieces[4];
    } cases[] = {
        {"", ",", {NULL}},           {",,,", ",", {NULL}},
        {"one", ",", {"one"}},       {"a,b,c", ",", {"a", "b", "c"}},
        {",a,,b,", ",", {"a", "b"}}, {"a, b;c", ",; ", {"a", "b", "c"}},
        {"a b", "", {"a b"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO(fl_strv_clear) struct fl_strv list = {0};
        size_t n = 0;

        assert_int_equal(
            fl_strv_split(&list, cases[i].text, cases[i].separators), FLEET_OK);
        for (; cases[i].pieces[n]; n++) {
            assert_true(n < list.n);
            assert_string_equal(list.at[n], cases[i].pieces[n]);
        }
        assert_int_equal(list.n, n);
    }
}

static void short_of_memory(void *arg)
{
    FL_AUTO(fl_strv_clear) struct fl_strv list = {0};
    int rc = fl_strv_split(&list, "a b c d e f g h i j k l", " ");

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_true(fl_test_alloc_failed() ? list.n < 12 : list.n == 12);
    if (list.at)
        assert_null(list.at[list.n]);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_copies_and_ends_in_null),
        cmocka_unit_test(many),
        cmocka_unit_test(splits),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
