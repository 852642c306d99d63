/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/saving.h"

#include "tests/unit/scratch.h"

#include <string.h>
#include <time.h>

/* clang-format off */
static const struct {
    const char *start;
    int year, month, mday;
    const char *day; /* NULL: it is refused */
} days[] = {
    {"2026-11-23", 2026, 11, 23, "w0d1"},
    {"2026-11-23", 2026, 11, 29, "w0d7"},
    {"2026-11-23", 2026, 11, 30, "w1d1"},
    {"2026-11-23", 2027, 2, 3, "w10d3"},
    {"2026-11-23", 2026, 11, 22, "w0d0"},
    {"2024-02-28", 2024, 3, 1, "w0d3"},
    {NULL, 2026, 11, 26, "w48d4"},
    {NULL, 2027, 1, 1, "w53d5"},
    {"2026-11-31", 2026, 11, 23, NULL},
    {"2026-13-01", 2026, 11, 23, NULL},
    {"26-11-23", 2026, 11, 23, NULL},
    {"2026-11-23 ", 2026, 11, 23, NULL},
    {"2026-1-1", 2026, 11, 23, NULL},
    {"", 2026, 11, 23, NULL},
};
/* clang-format on */

static void days_of_a_course(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
        struct tm now = {.tm_year = days[i].year - 1900,
                         .tm_mon = days[i].month - 1,
                         .tm_mday = days[i].mday,
                         .tm_hour = 12};
        char day[FL_DAY_SIZE] = "";
        struct fleet_error err = {0};
        int rc;

        timegm(&now); /* fills in the rest */
        rc = fl_course_day(days[i].start, &now, day, &err);
        if (!days[i].day) {
            assert_int_equal(rc, FLEET_ECONFIG);
            continue;
        }
        assert_int_equal(rc, FLEET_OK);
        assert_string_equal(day, days[i].day);
        assert_true(fl_course_day_valid(day));
    }
}

static void days_as_they_are_typed(void **state)
{
    static const char *const bad[] = {"",      "w",      "w1",    "d1",
                                      "w1d",   "w1d12",  "w1d1x", "W1d1",
                                      "w-1d1", "w1d1/x", "wd1",   "w99999d1"};

    (void)state;
    assert_true(fl_course_day_valid("w0d1"));
    assert_true(fl_course_day_valid("w12d7"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(fl_course_day_valid(bad[i]));
}

static void branches_are_never_main(void **state)
{
    char *branch = fl_backup_branch("arena", "w1d3", "main");

    (void)state;
    assert_string_equal(branch, "autocommit-arena-w1d3-main");
    free(branch);
}

static void what_is_newer(void **state)
{
    struct fl_backup backup = {.print = (char *)"aa"};
    struct fl_saved saved = {.has_repo = true, .print = "bb"};

    (void)state;
    assert_false(fl_saved_newer(&saved, NULL)); /* all of it is at the remote */
    saved.dirty = true;
    assert_true(fl_saved_newer(&saved, NULL));
    assert_true(fl_saved_newer(&saved, &backup));
    backup.print = (char *)"bb";
    assert_false(fl_saved_newer(&saved, &backup));
    saved.dirty = false;
    saved.ahead = 1;
    assert_false(fl_saved_newer(&saved, &backup));
    assert_true(fl_saved_newer(&saved, NULL));
    saved.print[0] = '\0';
    backup.print = (char *)"";
    assert_true(fl_saved_newer(&saved, &backup));
    saved = (struct fl_saved){.newer = "notes.txt"};
    assert_true(fl_saved_newer(&saved, &backup));
}

static void backups_are_remembered(void **scratch)
{
    struct fl_backup rows[] = {{.name = (char *)"arena-apple",
                                .provider = (char *)"local",
                                .pod_id = (char *)"p-1",
                                .at = (char *)"2026-11-26T03:00:00Z",
                                .branch = (char *)"b-1"},
                               {.name = (char *)"arena-apple",
                                .provider = (char *)"local",
                                .pod_id = (char *)"p-2",
                                .at = (char *)"2026-11-25T03:00:00Z",
                                .files = (char *)"/f",
                                .sum = (char *)"00"}};
    struct fl_settings settings = {0};
    struct fl_backup_list list = {0};
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    assert_false(fl_backups_used(&settings, &list));
    assert_int_equal(
        fl_state_open(*scratch, "arena", FL_STATE_WRITE, &state, &news, &err),
        FLEET_OK);
    assert_int_equal(fl_backups_put(state, rows, 2, &err), FLEET_OK);
    rows[1].branch = (char *)"b-2";
    assert_int_equal(fl_backups_put(state, &rows[1], 1, &err), FLEET_OK);
    assert_int_equal(fl_backups_load(state, &list, &err), FLEET_OK);
    assert_int_equal(list.n, 2);
    assert_true(fl_backups_used(&settings, &list));
    assert_string_equal(fl_backup_named(&list, "arena-apple")->branch, "b-1");
    assert_string_equal(list.at[0].branch, "b-2");
    assert_string_equal(list.at[0].files, "/f");
    assert_null(fl_backup_named(&list, "arena-arrow"));
    fl_backup_list_clear(&list);
    fl_state_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_of_a_course),
        cmocka_unit_test(days_as_they_are_typed),
        cmocka_unit_test(branches_are_never_main),
        cmocka_unit_test(what_is_newer),
        SCRATCH_TEST(backups_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
