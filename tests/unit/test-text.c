/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"

#include "tests/unit/failalloc.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table_) (sizeof(table_) / sizeof((table_)[0]))

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"plain", 5, true},
        {"\x7f", 1, true},
        {"\xc2\x80", 2, true},
        {"\xdf\xbf", 2, true},
        {"\xe0\xa0\x80", 3, true},
        {"\xed\x9f\xbf", 3, true},
        {"\xee\x80\x80", 3, true},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"a\0b", 3, false},
        {"\x80", 1, false},
        {"\xbf", 1, false},
        {"\xc0\x80", 2, false},
        {"\xc1\xbf", 2, false},
        {"\xc2", 1, false},
        {"\xc2x", 2, false},
        {"\xe0\x9f\xbf", 3, false},
        {"\xe2\x82", 2, false},
        {"\xed\xa0\x80", 3, false},
        {"\xed\xbf\xbf", 3, false},
        {"\xf0\x8f\xbf\xbf", 4, false},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xf8\x88\x80\x80\x80", 5, false},
        {"\xff", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (fl_utf8_valid(cases[i].text, cases[i].len) != cases[i].valid)
            fail_msg("case %zu", i);
}

static void width(void **state)
{
    (void)state;
    assert_int_equal(fl_text_width(""), 0);
    assert_int_equal(fl_text_width("abc"), 3);
    assert_int_equal(fl_text_width("gr\xc3\xbc\xc3\x9f"), 4);
    assert_int_equal(fl_text_width("a\tb\x1b\xc2\x85"), 2);
    assert_int_equal(fl_text_width("\xff\xff"), 2);
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    assert_int_equal(fl_text_width("\xe6\x97\xa5"), 2);
    assert_int_equal(fl_text_width("e\xcc\x81"), 1);
    setlocale(LC_CTYPE, "C");
}

static void escape(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain \\ text", "plain \\ text"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"a\nb\tc", "a\\x0ab\\x09c"},
        {"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\u{009b}2J"},
        {"\xe2\x80\xae"
         "exe",
         "\\u{202e}exe"},
        {"\xe2\x81\xa6\xd8\x9c", "\\u{2066}\\u{061c}"},
        {"\xe2\x80\xa8\xef\xbb\xbf", "\\u{2028}\\u{feff}"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xe2\x80", "\\xe2\\x80"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(1000);

        assert_int_equal(fl_text_escape(&out, cases[i].in), FLEET_OK);
        assert_string_equal(fl_buf_text(&out), cases[i].out);
    }
}

static void quote(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "''"},
        {"plain", "plain"},
        {"/usr/bin/a-b_c.d:e@f%g,h+i", "/usr/bin/a-b_c.d:e@f%g,h+i"},
        {"--key=value", "--key=value"},
        {"two words", "'two words'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"$(id)", "'$(id)'"},
        {"`id`;|&<>*?[]#~!{}\\\"\n", "'`id`;|&<>*?[]#~!{}\\\"\n'"},
        {"\xc3\xbc", "'\xc3\xbc'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(1000);

        assert_int_equal(fl_shell_quote(&out, cases[i].in), FLEET_OK);
        assert_string_equal(fl_buf_text(&out), cases[i].out);
    }
}

static void closest(void **state)
{
    static const char *const list[] = {"create", "list",       "terminate",
                                       "test",   "restart",    "rename",
                                       "ssh",    "ssh-config", NULL};
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"create", "create"},
        {"craete", "create"},
        {"creat", "create"},
        {"CREATE", "create"},
        {"lsit", "list"},
        {"tset", "test"},
        {"termnate", "terminate"},
        {"terminat3x", "terminate"},
        {"term", "terminate"},
        {"ren", "rename"},
        {"ssh-c", "ssh-config"},
        {"re", NULL},
        {"s", NULL},
        {"te", NULL},
        {"", NULL},
        {"xyz", NULL},
        {"provider", NULL},
        {"a-word-that-is-longer-than-anything-anybody-would-type-by-mistake",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = fl_closest(cases[i].text, list);

        if (!cases[i].found && found)
            fail_msg("%s is %s", cases[i].text, found);
        if (cases[i].found)
            assert_string_equal(found ? found : "(none)", cases[i].found);
    }
}

static void closest_to_long_entries(void **state)
{
    char longest[100];
    const char *list[] = {longest, NULL};

    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(fl_closest("bbbbbb", list));
    assert_ptr_equal(fl_closest("aaaaaa", list), longest);
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", 0, 10, true, 0},
        {"10", 0, 10, true, 10},
        {"007", 0, 10, true, 7},
        {"-5", -10, 10, true, -5},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
        {"11", 0, 10, false, 0},
        {"-1", 0, 10, false, 0},
        {"", 0, 10, false, 0},
        {"-", -10, 10, false, 0},
        {"--1", -10, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {"1x", 0, 10, false, 0},
        {"0x1", 0, 10, false, 0},
        {"1.0", 0, 10, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t value = 4711;

        if (fl_parse_int(cases[i].text, cases[i].min, cases[i].max, &value) !=
            cases[i].good)
            fail_msg("\"%s\"", cases[i].text);
        assert_true(value == (cases[i].good ? cases[i].value : 4711));
    }
}

static void wipe(void **state)
{
    char secret[] = "secret";

    (void)state;
    fl_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, "\0\0\0\0\0\0", sizeof(secret));
    fl_wipe(NULL, 0);
}

static void short_of_memory(void *arg)
{
    char *text = fl_format("%s and %d", "words", 4711);

    (void)arg;
    assert_int_equal(text == NULL, fl_test_alloc_failed());
    if (text)
        assert_string_equal(text, "words and 4711");
    free(text);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),
        cmocka_unit_test(width),
        cmocka_unit_test(escape),
        cmocka_unit_test(quote),
        cmocka_unit_test(closest),
        cmocka_unit_test(closest_to_long_entries),
        cmocka_unit_test(numbers),
        cmocka_unit_test(wipe),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
