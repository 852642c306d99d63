/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/writer.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_text_bytes_and_formats(void **state)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(64);

    (void)state;
    fleet_write(&out, "a");
    fleet_write(&out, NULL);
    fleet_write(&out, "");
    fleet_write_n(&out, "bcd", 2);
    fleet_write_n(&out, NULL, 0);
    fleet_writef(&out, "%s=%d", "x", 7);
    assert_int_equal(fl_writer_check(&out, "text", NULL), FLEET_OK);
    assert_string_equal(fl_buf_text(&out.buf), "abcx=7");
}

static void the_first_failure_sticks(void **state)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(4);
    struct fleet_error err = {0};

    (void)state;
    fleet_write(&out, "1234");
    fleet_writef(&out, "%d", 5);
    fleet_write_n(&out, "", 0);
    fleet_write(&out, "");
    assert_int_equal(fl_writer_check(&out, "csv", &err), FLEET_EINVALID);
    assert_string_equal(err.text, "csv: larger than 4 bytes");
    assert_string_equal(fl_buf_text(&out.buf), "1234");
}

static void write_something(void *arg)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(1000);

    (void)arg;
    fleet_write(&out, "one");
    fleet_writef(&out, "%100d", 2);
    assert_int_equal(fl_writer_check(&out, "text", NULL),
                     fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(write_something, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_text_bytes_and_formats),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
