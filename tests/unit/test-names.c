/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/names.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void tells_good_names_from_bad_ones(void **state)
{
    static const char *const good[] = {
        "a",
        "0",
        "apple",
        "gpu-3",
        "a--b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    static const char *const bad[] = {
        "",
        "-",
        "-a",
        "a-",
        "A",
        "a b",
        "a/b",
        "..",
        ".",
        "a.b",
        "a_b",
        "a\n",
        "\x1b[1m",
        "\xc3\xa4",
        "a\tb",
        "a;b",
        "a\"b",
        "*",
        "a$b",
        "a\x7f",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(fl_name_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(fl_name_valid(bad[i]));
}

static void errors_show_the_name_escaped_and_cut(void **state)
{
    struct fleet_error err = {0};
    char text[301];

    (void)state;
    memset(text, 'a', 300);
    text[300] = '\0';
    assert_int_equal(fl_name_check("pod name", "apple", &err), FLEET_OK);
    assert_int_equal(fl_name_check("pod name", "a/\x1b..", &err),
                     FLEET_EINVALID);
    assert_string_equal(err.text, "pod name 'a/\\x1b..' is not allowed: use "
                                  "a-z, 0-9 and, inside, -");
    assert_int_equal(fl_name_check("pod name", text, &err), FLEET_EINVALID);
    assert_string_equal(err.text,
                        "pod name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
                        "' has 300 characters; the limit is 63");
}

static void a_character_is_not_cut_in_half(void **state)
{
    /* 39 bytes, then one character of two, then the rest */
    static const char name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                               "\xc3\xa4"
                               "bc";
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_name_check("name", name, &err), FLEET_EINVALID);
    assert_string_equal(err.text,
                        "name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is "
                        "not allowed: use a-z, 0-9 and, inside, -");
}

static void the_built_in_names_are_fit_for_use(void **state)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};

    (void)state;
    assert_int_equal(fl_cohort_init(&cohort, "arena", NULL, NULL), FLEET_OK);
    assert_true(cohort.names.n >= 100);
    assert_string_equal(cohort.names.at[0], "apple");
    for (size_t i = 0; i < cohort.names.n; i++)
        assert_true(strlen(cohort.names.at[i]) <= 8);
}

static void names_have_places(void **state)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO_FREE char *full = NULL;

    (void)state;
    assert_int_equal(fl_strv_split(&names, "zebra apple", " "), FLEET_OK);
    assert_int_equal(fl_cohort_init(&cohort, "arena", &names, NULL), FLEET_OK);
    assert_int_equal(cohort.names.n, 2);
    assert_int_equal(fl_cohort_index(&cohort, "zebra"), 0);
    assert_int_equal(fl_cohort_index(&cohort, "apple"), 1);
    assert_true(fl_cohort_index(&cohort, "mayor") == SIZE_MAX);
    full = fl_cohort_full(&cohort, "apple");
    assert_string_equal(full, "arena-apple");
    assert_string_equal(fl_cohort_short(&cohort, "arena-apple"), "apple");
    assert_null(fl_cohort_short(&cohort, "arena-"));
    assert_null(fl_cohort_short(&cohort, "arena"));
    assert_null(fl_cohort_short(&cohort, "arenaxapple"));
    assert_null(fl_cohort_short(&cohort, "other-apple"));
    assert_null(fl_cohort_short(&cohort, ""));
}

static void bad_cohorts_are_refused(void **state)
{
    static const struct {
        const char *prefix, *names, *error;
    } cases[] = {
        {"", "a",
         "MACHINE_NAME_PREFIX: prefix '' is not allowed: use a-z, "
         "0-9 and, inside, -"},
        {"a b", "a",
         "MACHINE_NAME_PREFIX: prefix 'a b' is not allowed: use "
         "a-z, 0-9 and, inside, -"},
        {"arena", "a\nb/c",
         "MACHINE_NAME_LIST, entry 2: name 'b/c' is not "
         "allowed: use a-z, 0-9 and, inside, -"},
        {"arena", "a b",
         "MACHINE_NAME_LIST, entry 1: name 'a b' is not "
         "allowed: use a-z, 0-9 and, inside, -"},
        {"arena", "..",
         "MACHINE_NAME_LIST, entry 1: name '..' is not "
         "allowed: use a-z, 0-9 and, inside, -"},
        {"arena", "a\nb\na",
         "MACHINE_NAME_LIST, entry 3: 'a' is entry 1 "
         "already; remove one of them"},
        {"arena", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "MACHINE_NAME_LIST, entry 1: 'arena-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaa' has 64 characters; the limit is 63, so "
         "shorten the name or MACHINE_NAME_PREFIX"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
        FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
        struct fleet_error err = {0};

        assert_int_equal(fl_strv_split(&names, cases[i].names, "\n"), FLEET_OK);
        assert_int_equal(fl_cohort_init(&cohort, cases[i].prefix, &names, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, cases[i].error);
        assert_int_equal(err.code, FLEET_ECONFIG);
        assert_null(cohort.prefix);
    }
}

static void init_with_failures(void *arg)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    int rc = fl_cohort_init(&cohort, "arena", NULL, NULL);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_true((cohort.prefix == NULL) == (rc < 0));
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(init_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_good_names_from_bad_ones),
        cmocka_unit_test(errors_show_the_name_escaped_and_cut),
        cmocka_unit_test(a_character_is_not_cut_in_half),
        cmocka_unit_test(the_built_in_names_are_fit_for_use),
        cmocka_unit_test(names_have_places),
        cmocka_unit_test(bad_cohorts_are_refused),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
