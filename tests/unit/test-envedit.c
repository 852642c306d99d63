/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/envedit.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int edit(const char *text, const char *key, const char *value,
                struct fl_buf *out, struct fleet_error *err)
{
    fl_buf_init(out, 1 << 20);
    return fl_envedit_set("config.env", text, strlen(text), "/home/me", key,
                          value, out, err);
}

static void only_that_line_changes(void **state)
{
    static const struct {
        const char *before, *key, *value, *after;
    } cases[] = {
        {"", "A", "1", "A=1\n"},
        {"A=1\n", "A", "2", "A=2\n"},
        {"A=1", "A", "2", "A=2"},
        {"A=1", "B", "2", "A=1\nB=2\n"},
        {"A=1\r\n", "B", "2", "A=1\r\nB=2\r\n"},
        {"A=1\r\nB=2\r\n", "A", "x", "A=x\r\nB=2\r\n"},
        {"\xef\xbb\xbf"
         "A=1\n",
         "A", "2",
         "\xef\xbb\xbf"
         "A=2\n"},
        {"  export A=1\nB=2\n", "A", "2", "  export A=2\nB=2\n"},
        {"A=1 # why\n", "A", "2", "A=2 # why\n"},
        {"A='a # b'  # why # not\n", "A", "c", "A=c  # why # not\n"},
        {"A=\"x\"\n", "A", "it's $HOME", "A='it'\\''s $HOME'\n"},
        {"A=( \"x\"\n  'y' # two\n)\nB=1\n", "A", "z", "A=z\nB=1\n"},
        {"A='x\ny'\nB=1\n", "A", "z", "A=z\nB=1\n"},
        {"A=1\nB=2\nA=3\n", "A", "4", "A=1\nB=2\nA=4\n"},
        {"# c\n#A=9\nB=1\n", "A", "2", "# c\nA=2\nB=1\n"},
        {"# A=9\n", "A", "2", "A=2\n"},
        {"#AA=9\n# A is\n", "A", "2", "#AA=9\n# A is\nA=2\n"},
        {"B='\n#A=9\n'\n", "A", "2", "B='\n#A=9\n'\nA=2\n"},
        {"P=~/x\nA=1\n", "A", "~/y", "P=~/x\nA='~/y'\n"},
        {"AB=1\nA=1\n", "A", "2", "AB=1\nA=2\n"},
        {"A=\n", "A", "2", "A=2\n"},
        {"A=1\n", "A", "", "A=''\n"},
        {"A=1\n", "A", "two\nlines", "A='two\nlines'\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};
        struct fleet_error err = {0};

        assert_int_equal(
            edit(cases[i].before, cases[i].key, cases[i].value, &out, &err),
            FLEET_OK);
        assert_string_equal(fl_buf_text(&out), cases[i].after);
    }
}

static void what_cannot_be_done_is_told(void **state)
{
    static const struct {
        const char *before, *value;
        int code;
        const char *text;
    } cases[] = {
        {"A='x\n", "1", FLEET_ECONFIG, "config.env:1: A: unclosed quote"},
        {"A=1\n", "a\rb", FLEET_EINVALID, "config.env: A: this value"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};
        struct fleet_error err = {0};

        assert_int_equal(edit(cases[i].before, "A", cases[i].value, &out, &err),
                         cases[i].code);
        assert_memory_equal(err.text, cases[i].text, strlen(cases[i].text));
    }
}

static void edit_with_failures(void *arg)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};
    struct fleet_error err = {0};
    int rc = edit("A=( 'x'\n'y' )\n", "A", "2", &out, &err);

    (void)arg;
    if (fl_test_alloc_failed())
        assert_true(rc < 0);
    else
        assert_int_equal(rc, FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(edit_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_that_line_changes),
        cmocka_unit_test(what_cannot_be_done_is_told),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
