/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct fl_listing at_memo = {.name = "memo", .ok = true};

/* A cohort "arena" of a, b, c, d and a fleet of "NAME=STATE ..." pods. */
static void set_up(struct fl_cohort *cohort, struct fl_fleet *fleet,
                   const char *pods)
{
    struct fl_strv names = {0}, words = {0};
    struct fleet_error err = {0};

    assert_int_equal(fl_strv_split(&names, "a b c d", " "), 0);
    assert_int_equal(fl_cohort_init(cohort, "arena", &names, &err), 0);
    assert_int_equal(fl_strv_split(&words, pods, " "), 0);
    for (size_t i = 0; i < words.n; i++) {
        struct fleet_pod *pod = fl_pod_new();
        char *state = strchr(words.at[i], '=');

        assert_non_null(pod);
        *state++ = '\0';
        fleet_pod_set(pod, FLEET_POD_NAME, words.at[i]);
        fleet_pod_set(pod, FLEET_POD_ID, words.at[i]);
        fleet_pod_set_number(pod, FLEET_POD_STATE,
                             fleet_state_from_name(state));
        assert_int_equal(fl_fleet_add(fleet, cohort, &at_memo, pod, &err), 0);
    }
    assert_int_equal(fl_fleet_sort(fleet, &err), 0);
    fl_strv_clear(&names);
    fl_strv_clear(&words);
}

static void join(const struct fl_strv *list, char out[256])
{
    out[0] = '\0';
    for (size_t i = 0; i < list->n; i++) {
        size_t len = strlen(out);

        snprintf(out + len, 256 - len, "%s%s", i ? " " : "", list->at[i]);
    }
}

static const char *const asked_b[] = {"b"};
static const char *const asked_full[] = {"arena-b", "z"};
static const char *const asked_twice[] = {"b", "arena-b"};
static const char *const asked_bad[] = {"../etc"};
static const char *const asked_long[] = {
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

static const struct {
    const char *pods;
    struct fl_want want;
    int code;
    const char *create, *existing, *says;
} cases[] = {
    {"", {FL_WANT_TOTAL, 3, NULL, 0}, 0, "arena-a arena-b arena-c", "", ""},
    {"", {FL_WANT_TOTAL, 0, NULL, 0}, 0, "", "", ""},
    {"arena-b=running",
     {FL_WANT_TOTAL, 3, NULL, 0},
     0,
     "arena-a arena-c",
     "arena-b",
     ""},
    {"arena-a=running arena-b=stopped",
     {FL_WANT_TOTAL, 2, NULL, 0},
     0,
     "",
     "arena-a arena-b",
     ""},
    /* a pod outside the list counts; one that is ending only takes its name */
    {"arena-zz=running",
     {FL_WANT_TOTAL, 2, NULL, 0},
     0,
     "arena-a",
     "arena-zz",
     ""},
    {"arena-a=terminating",
     {FL_WANT_TOTAL, 2, NULL, 0},
     0,
     "arena-b arena-c",
     "",
     ""},
    {"arena-a=gone", {FL_WANT_TOTAL, 1, NULL, 0}, 0, "arena-a", "", ""},
    {"other-a=running", {FL_WANT_TOTAL, 1, NULL, 0}, 0, "arena-a", "", ""},
    {"arena-a=running",
     {FL_WANT_TOTAL, 6, NULL, 0},
     FLEET_EUSAGE,
     NULL,
     NULL,
     "5 names are wanted, 3 of the 4"},
    {"arena-a=running",
     {FL_WANT_MORE, 2, NULL, 0},
     0,
     "arena-b arena-c",
     "arena-a",
     ""},
    {"arena-a=running",
     {FL_WANT_MORE, 4, NULL, 0},
     FLEET_EUSAGE,
     NULL,
     NULL,
     "4 names are wanted, 3 of the 4"},
    {"", {FL_WANT_NAMES, 0, asked_b, 1}, 0, "arena-b", "", ""},
    {"arena-b=pending",
     {FL_WANT_NAMES, 0, asked_full, 2},
     0,
     "arena-z",
     "arena-b",
     ""},
    {"",
     {FL_WANT_NAMES, 0, asked_twice, 2},
     FLEET_EUSAGE,
     NULL,
     NULL,
     "named twice"},
    {"", {FL_WANT_NAMES, 0, asked_bad, 1}, FLEET_EUSAGE, NULL, NULL, "../etc"},
    {"", {FL_WANT_NAMES, 0, asked_long, 1}, FLEET_EUSAGE, NULL, NULL, "63"},
    {"arena-b=terminating",
     {FL_WANT_NAMES, 0, asked_b, 1},
     FLEET_ECONFLICT,
     NULL,
     NULL,
     "still terminating"},
};

static void check_case(size_t i)
{
    struct fl_strv create = {0}, existing = {0};
    struct fl_cohort cohort = {0};
    struct fl_fleet fleet = {0};
    struct fleet_error err = {0};
    char text[256];
    int rc;

    set_up(&cohort, &fleet, cases[i].pods);
    rc = fl_plan_names(&cohort, &fleet, &cases[i].want, &create, &existing,
                       &err);
    if (rc != cases[i].code || !strstr(err.text, cases[i].says))
        fail_msg("case %zu: %d, %s", i, rc, err.text);
    if (cases[i].create) {
        join(&create, text);
        assert_string_equal(text, cases[i].create);
        join(&existing, text);
        assert_string_equal(text, cases[i].existing);
    }
    fl_strv_clear(&create);
    fl_strv_clear(&existing);
    fl_fleet_clear(&fleet);
    fl_cohort_clear(&cohort);
}

static void names_are_planned(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_case(i);
}

static void too_much_is_refused_at_once(void **state)
{
    struct fl_want more = {FL_WANT_MORE, 5, NULL, 0};
    struct fl_want total = {FL_WANT_TOTAL, 5, NULL, 0};
    struct fl_want enough = {FL_WANT_TOTAL, 4, NULL, 0};
    struct fl_want bad = {FL_WANT_NAMES, 0, asked_bad, 1};
    struct fl_cohort cohort = {0};
    struct fl_fleet fleet = {0};
    struct fleet_error err = {0};

    (void)state;
    set_up(&cohort, &fleet, "");
    assert_int_equal(fl_want_check(&cohort, &enough, &err), 0);
    assert_int_equal(fl_want_check(&cohort, &bad, &err), FLEET_EUSAGE);
    assert_int_equal(fl_want_check(&cohort, &more, &err), FLEET_EUSAGE);
    assert_int_equal(fl_want_check(&cohort, &total, &err), FLEET_EUSAGE);
    assert_non_null(strstr(err.text, "5 pods are wanted, but there are 4"));
    fl_fleet_clear(&fleet);
    fl_cohort_clear(&cohort);
}

static void twins_are_seen(void **state)
{
    struct fl_cohort cohort = {0};
    struct fl_fleet fleet = {0};

    (void)state;
    set_up(&cohort, &fleet,
           "arena-b=running arena-a=running arena-b=stopped arena-zz=running");
    assert_int_equal(fleet.n_members, 4);
    assert_string_equal(fleet.members[0].short_name, "a");
    assert_false(fleet.members[0].twin);
    assert_true(fleet.members[1].twin);
    assert_true(fleet.members[2].twin);
    assert_false(fleet.members[3].twin);
    assert_ptr_equal(fl_fleet_member(&fleet, "arena-b"), &fleet.members[1]);
    fl_fleet_clear(&fleet);
    fl_cohort_clear(&cohort);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_planned),
        cmocka_unit_test(too_much_is_refused_at_once),
        cmocka_unit_test(twins_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
