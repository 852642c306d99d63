/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"

#include "core/base/call.h"

#include <errno.h>
#include <fleet/host.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table_) (sizeof(table_) / sizeof((table_)[0]))

static void deadlines_do_not_overflow(void **state)
{
    int64_t now = fl_now_ms();

    (void)state;
    assert_true(fl_deadline(FL_FOREVER) == FL_FOREVER);
    assert_true(fl_deadline(FL_FOREVER - 1) == FL_FOREVER);
    assert_true(fl_deadline(1000) >= now + 1000);
    assert_true(fl_deadline(-5) >= now);
    assert_int_equal(fl_left_ms(FL_FOREVER), INT_MAX);
    assert_int_equal(fl_left_ms(0), 0);
    assert_int_equal(fl_left_ms(now), 0);
    assert_int_equal(fl_left_ms(INT64_MIN), 0);
    assert_in_range(fl_left_ms(fl_deadline(60000)), 1, 60000);
}

static void stamps(void **state)
{
    static const struct {
        int64_t when;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1795165200, "2026-11-20T09:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
    };
    char text[FL_STAMP_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fl_stamp(text, (time_t)cases[i].when);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(fl_stamp_parse(text), cases[i].when);
    }
    fl_stamp(text, (time_t)INT64_MAX);
    assert_string_equal(text, "");
}

static void stamps_from_elsewhere(void **state)
{
    static const struct {
        const char *text;
        int64_t when;
    } cases[] = {
        {"2026-11-20T09:00:00.123456789Z", 1795165200},
        {"2026-11-20T10:30:00+01:30", 1795165200},
        {"2026-11-20T01:00:00-08:00", 1795165200},
        {"2026-11-20T08:59:60Z", 1795165200},
        {"", -1},
        {"2026-11-20", -1},
        {"2026-11-20 09:00:00Z", -1},
        {"2026-11-20T09:00:00", -1},
        {"2026-11-20T09:00:00z", -1},
        {"2026-11-20T09:00:00.Z", -1},
        {"2026-11-20T09:00:00Zx", -1},
        {"2026-11-20T09:00:00+0100", -1},
        {"2026-11-20T09:00:00+24:00", -1},
        {"2026-02-29T00:00:00Z", -1},
        {"2100-02-29T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-01-00T00:00:00Z", -1},
        {"2026-04-31T00:00:00Z", -1},
        {"2026-01-01T24:00:00Z", -1},
        {"2026-01-01T00:60:00Z", -1},
        {"2026-01-01T00:00:61Z", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"-026-01-01T00:00:00Z", -1},
        {"2026-+1-01T00:00:00Z", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (fl_stamp_parse(cases[i].text) != cases[i].when)
            fail_msg("%s is %lld", cases[i].text,
                     (long long)fl_stamp_parse(cases[i].text));
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"90", 90000},
        {"0", 0},
        {"90s", 90000},
        {"10m", 600000},
        {"1h30m", 5400000},
        {"500ms", 500},
        {"1d2h3m4s5ms", 93784005},
        {"2d", 172800000},
        {"1m1ms", 60001},
        {"9223372036854775806ms", INT64_MAX - 1},
        {"9223372036854775807ms", -1},
        {"9223372036854775808ms", -1},
        {"9223372036854776s", -1},
        {"9223372036854775s808ms", -1},
        {"", -1},
        {"s", -1},
        {"-1s", -1},
        {"+1s", -1},
        {" 1s", -1},
        {"1s ", -1},
        {"1.5h", -1},
        {"1h30", -1},
        {"30m1h", -1},
        {"1s1s", -1},
        {"1x", -1},
        {"1 s", -1},
        {"1S", -1},
        {"1sec", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -1;
        int rc = fl_duration_parse(cases[i].text, &ms);

        if (ms != cases[i].ms || (rc == FLEET_OK) != (ms >= 0))
            fail_msg("%s is %lld", cases[i].text, (long long)ms);
    }
}

static void durations_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {-1, "0 ms"},
        {0, "0 ms"},
        {850, "850 ms"},
        {999, "999 ms"},
        {1000, "1 s"},
        {12345, "12 s"},
        {60000, "1 m"},
        {200000, "3 m 20 s"},
        {7500000, "2 h 5 m"},
        {259200000, "3 d"},
        {INT64_MAX, "24855 d 3 h"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fl_duration_text(text, cases[i].ms);
        assert_string_equal(text, cases[i].text);
    }
}

static void calls_nest(void **state)
{
    int64_t outer = fl_call_begin(fl_deadline(60000));
    int64_t inner;

    (void)state;
    assert_true(outer == FL_FOREVER);
    assert_in_range(fleet_call_left_ms(), 1, 60000);
    inner = fl_call_begin(0);
    assert_int_equal(fleet_call_left_ms(), 0);
    fl_call_end(inner);
    assert_in_range(fleet_call_left_ms(), 1, 60000);
    fl_call_end(outer);
    assert_true(fleet_call_left_ms() == INT64_MAX);
}

static void waits_end_at_the_deadline(void **state)
{
    struct fleet_error err;
    int64_t before;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    before = fl_call_begin(fl_deadline(20));
    assert_int_equal(fleet_call_wait(fds[0], POLLIN, &err), FLEET_ETIMEOUT);
    assert_int_equal(fleet_call_left_ms(), 0);
    assert_int_equal(fleet_call_sleep(1, &err), FLEET_ETIMEOUT);
    assert_int_equal(fleet_call_wait(fds[1], POLLOUT, &err), FLEET_OK);
    fl_call_end(before);
    assert_int_equal(fleet_call_sleep(1, &err), FLEET_OK);
    close(fds[1]);
    assert_int_equal(fleet_call_wait(fds[0], POLLIN, &err), FLEET_OK);
    close(fds[0]);
    assert_int_equal(fleet_call_wait(fds[0], POLLIN, &err), FLEET_EINTERNAL);
    assert_int_equal(fleet_call_wait(-1, POLLIN, &err), FLEET_EINTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_do_not_overflow),
        cmocka_unit_test(stamps),
        cmocka_unit_test(stamps_from_elsewhere),
        cmocka_unit_test(durations),
        cmocka_unit_test(durations_for_people),
        cmocka_unit_test(calls_nest),
        cmocka_unit_test(waits_end_at_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
