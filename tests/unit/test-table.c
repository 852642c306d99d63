/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/output.h"
#include "core/cmd/progress.h"
#include "core/cmd/screen.h"
#include "core/model/record.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const headings[] = {"NAME", "STATE", "PRICE/H"};

/* Two columns to the left, the last to the right. */
static void fill(struct fl_table *table, const char *const *cells, size_t n)
{
    fl_table_init(table, 3, headings, UINT64_C(1) << 2);
    for (size_t i = 0; i < n; i++)
        fl_table_cell(table, cells[i]);
}

static void columns_are_aligned(void **state)
{
    static const struct {
        const char *cells[6];
        size_t n;
        const char *text, *csv;
    } cases[] = {
        {{NULL}, 0, "NAME  STATE  PRICE/H\n", "name,state,price_h\n"},
        {{"arena-apple", "running", "0.27", "b", NULL, "12.00"},
         6,
         "NAME         STATE    PRICE/H\n"
         "arena-apple  running     0.27\n"
         "b            -          12.00\n",
         "name,state,price_h\n"
         "arena-apple,running,0.27\n"
         "b,,12.00\n"},
        {{"a,b", "say \"hi\"", "-1.5"},
         3,
         "NAME  STATE     PRICE/H\n"
         "a,b   say \"hi\"     -1.5\n",
         "name,state,price_h\n"
         "\"a,b\",\"say \"\"hi\"\"\",-1.5\n"},
        {{"=1+1", "@x", "-x"},
         3,
         "NAME  STATE  PRICE/H\n"
         "=1+1  @x          -x\n",
         "name,state,price_h\n"
         "'=1+1,'@x,'-x\n"},
        {{"\033[31mred", "a\nb", "\xff"},
         3,
         "NAME         STATE   PRICE/H\n"
         "\\x1b[31mred  a\\x0ab     \\xff\n",
         "name,state,price_h\n"
         "\\x1b[31mred,a\\x0ab,\\xff\n"},
        {{"\xc3\xa9t\xc3\xa9", "x", "y"},
         3,
         "NAME  STATE  PRICE/H\n"
         "\xc3\xa9t\xc3\xa9   x            y\n",
         "name,state,price_h\n"
         "\xc3\xa9t\xc3\xa9,x,y\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf text = {0}, csv = {0};
        struct fl_table table;

        fl_buf_init(&text, 4096);
        fl_buf_init(&csv, 4096);
        fill(&table, cases[i].cells, cases[i].n);
        assert_int_equal(fl_table_text(&table, false, &text), FLEET_OK);
        assert_string_equal(fl_buf_text(&text), cases[i].text);
        assert_int_equal(fl_table_csv(&table, &csv), FLEET_OK);
        assert_string_equal(fl_buf_text(&csv), cases[i].csv);
        fl_table_clear(&table);
    }
}

static void states_have_colors(void **state)
{
    static const char *const cells[] = {"a",       "failed", "1",
                                        "failedx", "ok",     "2"};
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    struct fl_table table;

    (void)state;
    fl_buf_init(&text, 4096);
    fill(&table, cells, 6);
    assert_int_equal(fl_table_text(&table, true, &text), FLEET_OK);
    assert_string_equal(fl_buf_text(&text),
                        "NAME     STATE   PRICE/H\n"
                        "a        \033[31mfailed\033[0m        1\n"
                        "failedx  \033[32mok\033[0m            2\n");
    fl_table_clear(&table);
}

static void color_is_asked_for_or_not(void **state)
{
    struct fl_context context = {0};
    char always[] = "always", never[] = "never";

    (void)state;
    context.globals.color = always;
    assert_true(fl_color_on(&context, -1));
    context.globals.color = never;
    assert_false(fl_color_on(&context, -1));
    context.globals.color = NULL;
    assert_false(fl_color_on(&context, -1)); /* no terminal */
}

static char *dump(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
                                       JSON_REAL_PRECISION(15));

    json_decref(value);
    return text;
}

static void values_become_json(void **state)
{
    const struct {
        json_t *value;
        const char *expected;
    } cases[] = {
        {fl_json_money(-1), "null"},
        {fl_json_money(0), "0"},
        {fl_json_money(270000), "0.27"},
        {fl_json_money(1), "1e-6"},
        {fl_json_money(3000000), "3"},
        {fl_json_money(INT64_C(123456789123456)), "123456789.123456"},
        {fl_json_text(NULL), "null"},
        {fl_json_text("a\"b"), "\"a\\\"b\""},
        {fl_json_text("\xff!"), "\"\\\\xff!\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO_FREE char *text = dump(cases[i].value);

        assert_string_equal(text, cases[i].expected);
    }
}

static void errors_become_json(void **state)
{
    struct fleet_error err = {.retry_ms = 1500};
    FL_AUTO_FREE char *text = NULL;

    (void)state;
    fleet_fail(&err, FLEET_ERATELIMITED, "%s", "slow down");
    err.retry_ms = 1500;
    text = dump(fl_json_error(&err, "apple", NULL));
    assert_string_equal(text,
                        "{\"code\":\"rate_limited\",\"message\":\"slow down\","
                        "\"pod\":\"apple\",\"provider\":null,"
                        "\"retry_after_s\":2}");
}

static void unset_fields_of_a_pod_are_null(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    FL_AUTO_FREE char *text = NULL;

    (void)state;
    fleet_pod_set(pod, FLEET_POD_NAME, "arena-apple");
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
    text = dump(fl_json_pod(pod, "apple", "local"));
    assert_string_equal(
        text,
        "{\"name\":\"arena-apple\",\"short\":\"apple\",\"provider\":\"local\","
        "\"id\":null,\"state\":\"pending\",\"provider_state\":null,"
        "\"gpu\":null,\"gpus\":null,\"region\":null,\"tier\":null,"
        "\"price_per_hour\":null,\"currency\":null,\"billing\":null,"
        "\"ssh\":null,\"proxy_port\":null,\"image\":null,\"created_at\":null,"
        "\"locked\":null,\"spot\":null,\"host_key\":null,\"note\":null}");
}

static void fields_of_a_pod_become_json(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    json_t *made;

    (void)state;
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "203.0.113.7");
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, 40022);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, "root");
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, 1);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, 0);
    fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, 340000);
    fleet_pod_set_number(pod, FLEET_POD_GPUS, 2);
    made = fl_json_pod(pod, NULL, "local");
    assert_true(json_is_true(json_object_get(made, "locked")));
    assert_true(json_is_false(json_object_get(made, "spot")));
    assert_int_equal(json_integer_value(json_object_get(made, "gpus")), 2);
    assert_true(json_real_value(json_object_get(made, "price_per_hour")) ==
                0.34);
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(made, "ssh"), "port")),
                     40022);
    json_decref(made);
}

static void progress_is_one_line(void **state)
{
    static const struct {
        size_t done, total;
        int64_t elapsed_ms;
        const char *pod, *step;
        size_t more;
        const char *expected;
    } cases[] = {
        {0, 20, 0, "apple", NULL, 0,
         "created 0 of 20 [                    ] 0 s  apple: at work"},
        {3, 20, 12900, "birch", "waiting for sshd", 4,
         "created 3 of 20 [###                 ] 12 s  birch: waiting for "
         "sshd, and 4 more"},
        {20, 20, 80000, NULL, NULL, 0,
         "created 20 of 20 [####################] 1 m 20 s"},
        {0, 0, 0, NULL, NULL, 0, "created 0 of 0 [                    ] 0 s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

        fl_buf_init(&out, 400);
        fl_progress_text(&out, "created", cases[i].done, cases[i].total,
                         cases[i].elapsed_ms, cases[i].pod, cases[i].step,
                         cases[i].more);
        assert_string_equal(fl_buf_text(&out), cases[i].expected);
    }
}

static void table_with_failures(void *arg)
{
    static const char *const cells[] = {"a", "b", "c"};
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0}, csv = {0};
    struct fl_table table;
    int rc;

    (void)arg;
    fl_buf_init(&text, 4096);
    fl_buf_init(&csv, 4096);
    fill(&table, cells, 2);
    fl_table_cellf(&table, "%s", cells[2]);
    rc = fl_table_text(&table, false, &text);
    if (rc == 0)
        rc = fl_table_csv(&table, &csv);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    fl_table_clear(&table);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(table_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(states_have_colors),
        cmocka_unit_test(color_is_asked_for_or_not),
        cmocka_unit_test(values_become_json),
        cmocka_unit_test(errors_become_json),
        cmocka_unit_test(unset_fields_of_a_pod_are_null),
        cmocka_unit_test(fields_of_a_pod_become_json),
        cmocka_unit_test(progress_is_one_line),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
