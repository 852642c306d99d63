/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/model/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Findings one after the other, and what they add up to. */
static const struct {
    int verdicts[4];
    int verdict;
    const char *detail;
} cases[] = {
    {{0}, FLEET_PASS, ""},
    {{FLEET_PASS}, FLEET_PASS, "pass 0"},
    {{FLEET_PASS, FLEET_PASS}, FLEET_PASS, "pass 0; pass 1"},
    {{FLEET_SKIP}, FLEET_SKIP, "skip 0"},
    {{FLEET_PASS, FLEET_SKIP}, FLEET_SKIP, "skip 1"},
    {{FLEET_PASS, FLEET_WARN}, FLEET_WARN, "warn 1"},
    {{FLEET_WARN, FLEET_PASS}, FLEET_WARN, "warn 0"},
    {{FLEET_WARN, FLEET_FAIL}, FLEET_FAIL, "warn 0; fail 1"},
    {{FLEET_FAIL, FLEET_WARN, FLEET_PASS}, FLEET_FAIL, "fail 0; warn 1"},
    {{FLEET_SKIP, FLEET_FAIL}, FLEET_FAIL, "fail 1"},
    {{99}, FLEET_FAIL, "unknown 0"},
    {{-1}, FLEET_FAIL, "unknown 0"},
};

static void the_worst_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO(fl_report_clear) struct fleet_report report;

        fl_report_init(&report);
        for (int k = 0; cases[i].verdicts[k]; k++)
            fleet_report(&report, cases[i].verdicts[k], "%s %d",
                         fl_verdict_name(cases[i].verdicts[k]), k);
        assert_int_equal(fl_report_verdict(&report), cases[i].verdict);
        assert_string_equal(fl_buf_text(&report.detail), cases[i].detail);
    }
}

static void a_long_finding_is_cut(void **state)
{
    FL_AUTO(fl_report_clear) struct fleet_report report;
    static char text[3001];
    const char *detail;

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    fl_report_init(&report);
    fleet_report(&report, FLEET_FAIL, "%s", text);
    detail = fl_buf_text(&report.detail);
    assert_true(strlen(detail) > 1900 && strlen(detail) < 2100);
    assert_true(fl_utf8_valid(detail, strlen(detail)));
    assert_string_equal(detail + strlen(detail) - 3, "...");
}

static void many_findings_stay_below_the_ceiling(void **state)
{
    FL_AUTO(fl_report_clear) struct fleet_report report;

    (void)state;
    fl_report_init(&report);
    for (int i = 0; i < 5000; i++)
        fleet_report(&report, FLEET_WARN, "finding number %d", i);
    fleet_report(&report, FLEET_FAIL, "and this");
    assert_int_equal(fl_report_verdict(&report), FLEET_FAIL);
    assert_int_equal(report.detail.failed, FLEET_OK);
    assert_true(report.detail.len <= FL_REPORT_MAX);
}

static void verdicts_have_names(void **state)
{
    (void)state;
    assert_string_equal(fl_verdict_name(FLEET_PASS), "pass");
    assert_string_equal(fl_verdict_name(FLEET_FAIL), "fail");
    assert_string_equal(fl_verdict_name(0), "unknown");
    assert_string_equal(fl_verdict_name(5), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_counts),
        cmocka_unit_test(a_long_finding_is_cut),
        cmocka_unit_test(many_findings_stay_below_the_ceiling),
        cmocka_unit_test(verdicts_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
