/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/names.h"

#include "core/base/buf.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* In list order, which is not the alphabet's. */
static const struct fl_target_pod pods[] = {
    {"arena-zebra", "zebra", "i-1", "cloud"},
    {"arena-apple", "apple", "i-2", "cloud"},
    {"arena-mayor", "mayor", "i-3", "local"},
    {"arena-ivy", "ivy", NULL, "local"},
    {"arena-iron", "iron", "i-1", "other"},
};
#define N (sizeof(pods) / sizeof(*pods))

/* Targets with blanks between. */
static int match(const char *targets, const char *exclude, const char *on,
                 char hits[N + 1], struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv list = {0};
    bool selected[N] = {false};
    int rc;

    assert_int_equal(fl_strv_split(&list, targets, " "), FLEET_OK);
    rc = fl_targets_match((const char *const *)list.at, list.n, exclude, on,
                          pods, N, selected, err);
    for (size_t i = 0; i < N; i++)
        hits[i] = selected[i] ? 'x' : '-';
    hits[N] = '\0';
    return rc;
}

static void targets_hit_their_pods(void **state)
{
    static const struct {
        const char *targets, *exclude, *on, *hits;
    } cases[] = {
        {"", NULL, NULL, "xxxxx"},
        {"all", NULL, NULL, "xxxxx"},
        {"apple", NULL, NULL, "-x---"},
        {"arena-apple", NULL, NULL, "-x---"},
        {"apple zebra apple", NULL, NULL, "xx---"},
        {"i-2", NULL, NULL, "-x---"},
        {"i-1", NULL, NULL, "x---x"},
        {"i-1", NULL, "other", "----x"},
        {"apple..ivy", NULL, NULL, "-xxx-"},
        {"arena-apple..arena-mayor", NULL, NULL, "-xx--"},
        {"mayor..mayor", NULL, NULL, "--x--"},
        {"zebra..iron", NULL, "local", NULL},
        {"mayor..ivy", NULL, "local", "--xx-"},
        {"i*", NULL, NULL, "---xx"},
        {"arena-*", NULL, NULL, "xxxxx"},
        {"?????", NULL, NULL, "xxx--"},
        {"[az]*", NULL, NULL, "xx---"},
        {"a*", NULL, NULL, "-x---"},
        {"arena-i*", NULL, NULL, "---xx"},
        {"all", "apple", NULL, "x-xxx"},
        {"all", "apple,i*", NULL, "x-x--"},
        {"all", " apple , ivy ", NULL, "x-x-x"},
        {"apple", "apple", NULL, "-----"},
        {"all", "", NULL, "xxxxx"},
        {"all", "all", NULL, "-----"},
        {"all", NULL, "local", "--xx-"},
        {"", NULL, "cloud", "xx---"},
        {"", NULL, "nowhere", "-----"},
        {"all", "apple", "local", "--xx-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char hits[N + 1];
        int rc =
            match(cases[i].targets, cases[i].exclude, cases[i].on, hits, NULL);

        assert_int_equal(rc, cases[i].hits ? FLEET_OK : FLEET_ENOTFOUND);
        assert_string_equal(hits, cases[i].hits ? cases[i].hits : "-----");
    }
}

static void what_hits_nothing_is_told(void **state)
{
    static const struct {
        const char *targets, *exclude, *on;
        int code;
        const char *error;
    } cases[] = {
        {"aple", NULL, NULL, FLEET_ENOTFOUND,
         "aple: no such pod; did you mean apple?"},
        {"apple zebar", NULL, NULL, FLEET_ENOTFOUND,
         "zebar: no such pod; did you mean zebra?"},
        {"arena-aple", NULL, NULL, FLEET_ENOTFOUND,
         "arena-aple: no such pod; did you mean arena-apple?"},
        {"quartz", NULL, NULL, FLEET_ENOTFOUND,
         "quartz: no such pod; see `fleet list`"},
        {"q*", NULL, NULL, FLEET_ENOTFOUND,
         "q*: no such pod; see `fleet list`"},
        {"\x1b[1m", NULL, NULL, FLEET_ENOTFOUND,
         "\\x1b[1m: no such pod; see `fleet list`"},
        {"apple..mayr", NULL, NULL, FLEET_ENOTFOUND,
         "mayr: no such pod; did you mean mayor?"},
        {"..mayor", NULL, NULL, FLEET_ENOTFOUND,
         ": no such pod; see `fleet list`"},
        {"mayor..apple", NULL, NULL, FLEET_EUSAGE,
         "mayor..apple runs backwards: in the list apple comes first"},
        {"apple", NULL, "local", FLEET_ENOTFOUND,
         "apple: no such pod on local; see `fleet list`"},
        {"all", NULL, "locla", FLEET_ENOTFOUND,
         "no pod on locla; did you mean local?"},
        {"all", "aple", NULL, FLEET_ENOTFOUND,
         "aple: no such pod; did you mean apple?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fleet_error err = {0};
        char hits[N + 1];

        assert_int_equal(
            match(cases[i].targets, cases[i].exclude, cases[i].on, hits, &err),
            cases[i].code);
        assert_string_equal(err.text, cases[i].error);
        assert_string_equal(hits, "-----");
    }
}

static void an_empty_cohort_has_no_targets(void **state)
{
    const char *const all[] = {"all"}, *const apple[] = {"apple"};
    bool none[1];

    (void)state;
    assert_int_equal(
        fl_targets_match(all, 1, NULL, "local", NULL, 0, none, NULL), FLEET_OK);
    assert_int_equal(fl_targets_match(NULL, 0, NULL, NULL, NULL, 0, none, NULL),
                     FLEET_OK);
    assert_int_equal(
        fl_targets_match(apple, 1, NULL, NULL, NULL, 0, none, NULL),
        FLEET_ENOTFOUND);
}

static void match_with_failures(void *arg)
{
    const char *const good[] = {"apple..ivy", "i*"}, *const bad[] = {"aple"};
    struct fleet_error err = {0};
    bool selected[N] = {false};
    int rc = fl_targets_match(good, 2, "iron", NULL, pods, N, selected, &err);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_true(selected[1] == (rc == 0));
    rc = fl_targets_match(bad, 1, NULL, NULL, pods, N, selected, &err);
    assert_true(rc == FLEET_ENOTFOUND ||
                (rc == FLEET_ENOMEM && fl_test_alloc_failed()));
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(match_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_hit_their_pods),
        cmocka_unit_test(what_hits_nothing_is_told),
        cmocka_unit_test(an_empty_cohort_has_no_targets),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
