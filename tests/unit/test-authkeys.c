/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/authkeys.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CA     "ssh-ed25519 AAAACA"
#define COHORT "ssh-ed25519 AAAAKEY shared\n"
#define LINE(id_, principal_)                                                  \
    "cert-authority,principals=\"" principal_ "\" " CA " fleet:arena:" id_ "\n"
#define ADA  LINE("ada", "ada@arena")
#define ADA2 LINE("ada", "ada@arena.2")
#define BOB  LINE("bob", "bob@arena")
#define FOREIGN                                                                \
    "cert-authority,principals=\"ada@other\" " CA " fleet:other:ada\n"         \
    "cert-authority " CA " fleet:arena:ada\n"                                  \
    "# fleet:arena:ada\n"                                                      \
    "cert-authority,principals=\"x\" " CA " fleet:arena:\n"                    \
    "cert-authority,principals=\"x\" " CA " fleet:arena:Ada\n"

static const struct fl_authkeys_person ada = {"ada", "ada@arena"},
                                       ada2 = {"ada", "ada@arena.2"},
                                       bob = {"bob", "bob@arena"};

/* clang-format off */
static const struct {
    const char *old;
    const struct fl_authkeys_person *people[2];
    const char *expected;
    size_t added, removed, renewed, kept;
} merges[] = {
    {"", {NULL}, "", 0, 0, 0, 0},
    {"", {&ada}, ADA, 1, 0, 0, 0},
    {COHORT, {&ada, &bob}, COHORT ADA BOB, 2, 0, 0, 0},
    /* twice: not a byte */
    {COHORT ADA BOB, {&ada, &bob}, COHORT ADA BOB, 0, 0, 0, 2},
    {COHORT ADA BOB, {&bob, &ada}, COHORT ADA BOB, 0, 0, 0, 2},
    /* others are not touched, wherever they stand */
    {ADA COHORT BOB FOREIGN, {&bob}, COHORT BOB FOREIGN, 0, 1, 0, 1},
    {FOREIGN, {NULL}, FOREIGN, 0, 0, 0, 0},
    {"\r\n# note\r\n" COHORT, {&ada}, "\r\n# note\r\n" COHORT ADA, 1, 0, 0, 0},
    /* another generation takes the place of the first */
    {ADA COHORT, {&ada2}, ADA2 COHORT, 0, 0, 1, 0},
    /* doubled by hand, or by an editor with other line ends */
    {ADA COHORT ADA, {&ada}, ADA COHORT, 0, 0, 1, 1},
    {"cert-authority,principals=\"ada@arena\" " CA " fleet:arena:ada\r\n",
     {&ada}, ADA, 0, 0, 1, 0},
    /* no newline at the end */
    {"ssh-ed25519 AAAAKEY shared", {&ada}, COHORT ADA, 1, 0, 0, 0},
    {COHORT "cert-authority,principals=\"ada@arena\" " CA " fleet:arena:ada",
     {NULL}, COHORT, 0, 1, 0, 0},
};
/* clang-format on */

static int merge(const char *old, size_t len,
                 const struct fl_authkeys_person *const people[2],
                 struct fl_buf *out, struct fl_authkeys_change *change,
                 struct fleet_error *err)
{
    struct fl_authkeys_person list[2];
    struct fl_authkeys_want want = {
        .cohort = "arena", .ca = CA, .people = list};

    while (want.n < 2 && people[want.n]) {
        list[want.n] = *people[want.n];
        want.n++;
    }
    return fl_authkeys_merge(old, len, &want, out, change, err);
}

static void merges_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(65536);
        FL_AUTO(fl_authkeys_change_clear)
        struct fl_authkeys_change change = {0};
        struct fleet_error err = {0};

        assert_int_equal(merge(merges[i].old, strlen(merges[i].old),
                               merges[i].people, &out, &change, &err),
                         FLEET_OK);
        assert_string_equal(fl_buf_text(&out), merges[i].expected);
        assert_int_equal(change.added.n, merges[i].added);
        assert_int_equal(change.removed.n, merges[i].removed);
        assert_int_equal(change.renewed.n, merges[i].renewed);
        assert_int_equal(change.kept, merges[i].kept);
        assert_int_equal(fl_authkeys_changed(&change),
                         strcmp(merges[i].old, merges[i].expected) != 0);
    }
}

/* One person, and nobody else: others stay as they are, right or wrong. */
static void changes_only_one(void **state)
{
    static const char old[] = COHORT ADA BOB LINE("zoe", "zoe@arena.7");
    static const struct {
        size_t n;
        const char *only, *expected, *principals[4];
    } cases[] = {
        {1,
         "ada",
         COHORT ADA2 BOB LINE("zoe", "zoe@arena.7"),
         {"ada@arena.2", "bob@arena", "zoe@arena.7"}},
        {0,
         "bob",
         COHORT ADA LINE("zoe", "zoe@arena.7"),
         {"ada@arena", "zoe@arena.7"}},
        {0, "nobody", old, {"ada@arena", "bob@arena", "zoe@arena.7"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct fl_authkeys_want want = {"arena", CA, &ada2, cases[i].n,
                                              cases[i].only};
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(65536);
        FL_AUTO(fl_authkeys_change_clear)
        struct fl_authkeys_change change = {0};

        assert_int_equal(
            fl_authkeys_merge(old, strlen(old), &want, &out, &change, NULL), 0);
        assert_string_equal(fl_buf_text(&out), cases[i].expected);
        for (size_t k = 0; k < 4 && cases[i].principals[k]; k++) {
            assert_true(k < change.principals.n);
            assert_string_equal(change.principals.at[k],
                                cases[i].principals[k]);
        }
    }
}

static void refuses_what_is_no_text(void **state)
{
    static const char old[] = "a\0b";
    static const struct fl_authkeys_person *const people[2] = {&ada};
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(65536);
    FL_AUTO(fl_buf_clear) struct fl_buf small = FL_BUF(16);
    FL_AUTO(fl_authkeys_change_clear) struct fl_authkeys_change change = {0};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(merge(old, 3, people, &out, &change, &err),
                     FLEET_EINVALID);
    assert_int_equal(merge("", 0, people, &small, &change, &err),
                     FLEET_EINVALID);
}

static void once(void *arg)
{
    static const struct fl_authkeys_person *const people[2] = {&ada, &bob};
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(65536);
    FL_AUTO(fl_authkeys_change_clear) struct fl_authkeys_change change = {0};
    struct fleet_error err = {0};
    int rc =
        merge(COHORT ADA2, strlen(COHORT ADA2), people, &out, &change, &err);

    (void)arg;
    if (fl_test_alloc_failed())
        assert_int_equal(rc, FLEET_ENOMEM);
    else
        assert_string_equal(fl_buf_text(&out), COHORT ADA BOB);
}

static void survives_without_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_lines),
        cmocka_unit_test(changes_only_one),
        cmocka_unit_test(refuses_what_is_no_text),
        cmocka_unit_test(survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
