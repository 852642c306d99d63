/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/crontab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MARK "# fleet cron arena 1a2b3c4d"

/* clang-format off */
static const struct {
    const char *text, *line, *made;
    size_t n;
} edits[] = {
    {"", "1 2 * * * x " MARK, "1 2 * * * x " MARK "\n", 0},
    {"", NULL, "", 0},
    {"MAILTO=me\n0 1 * * * mine\n", "a " MARK,
     "MAILTO=me\n0 1 * * * mine\na " MARK "\n", 0},
    /* no newline at the end */
    {"0 1 * * * mine", "a " MARK, "0 1 * * * mine\na " MARK "\n", 0},
    {"0 1 * * * mine", NULL, "0 1 * * * mine", 0},
    /* in its place, once, whatever it was made into */
    {"x\nold " MARK "\ny\n# old " MARK " \t\nz\n", "new " MARK,
     "x\nnew " MARK "\ny\nz\n", 2},
    {"x\nold " MARK "\r\ny\n", NULL, "x\ny\n", 1},
    {"old " MARK, "new " MARK, "new " MARK "\n", 1},
    /* those of others */
    {"a # fleet cron arena 1a2b3c4e\nb # fleet cron arena2 1a2b3c4d\n"
     "c " MARK " more\n" MARK " d\n", NULL,
     "a # fleet cron arena 1a2b3c4e\nb # fleet cron arena2 1a2b3c4d\n"
     "c " MARK " more\n" MARK " d\n", 0},
    {"\n\n  \n", "a " MARK, "\n\n  \na " MARK "\n", 0},
};
/* clang-format on */

static void lines_are_edited(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4096);
        FL_AUTO(fl_strv_clear) struct fl_strv found = {0};
        size_t n = 99;

        assert_int_equal(
            fl_crontab_edit(edits[i].text, MARK, edits[i].line, &out, &n), 0);
        assert_string_equal(fl_buf_text(&out), edits[i].made);
        assert_int_equal(n, edits[i].n);
        assert_int_equal(fl_crontab_find(edits[i].text, MARK, &found), 0);
        assert_int_equal(found.n, edits[i].n);
    }
}

static void words_are_quoted(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4096);

    (void)state;
    fl_crontab_quote(&out, "/a/plain");
    fl_buf_putc(&out, ' ');
    fl_crontab_quote(&out, "/50% of 'it'");
    assert_string_equal(fl_buf_text(&out), "/a/plain '/50\\% of '\\''it'\\'''");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_edited),
        cmocka_unit_test(words_are_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
