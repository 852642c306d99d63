/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/buf.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void grows_and_ends_in_nul(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(SIZE_MAX);

    (void)state;
    assert_string_equal(fl_buf_text(&buf), "");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fl_buf_printf(&buf, "%d,", i % 10), FLEET_OK);
    assert_int_equal(buf.len, 2000);
    assert_int_equal(strlen(buf.data), 2000);
    assert_memory_equal(buf.data, "0,1,2,3,4,5,6,7,8,9,0,", 22);
    assert_int_equal(fl_buf_add(&buf, "a\0b", 3), FLEET_OK);
    assert_memory_equal(buf.data + 2000, "a\0b", 4);
}

static void keeps_to_its_ceiling(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(5);
    struct fleet_error err;

    (void)state;
    assert_int_equal(fl_buf_puts(&buf, "12345"), FLEET_OK);
    assert_int_equal(fl_buf_puts(&buf, ""), FLEET_OK);
    assert_int_equal(fl_buf_check(&buf, "file", &err), FLEET_OK);
    assert_int_equal(fl_buf_putc(&buf, '6'), FLEET_EINVALID);
    assert_string_equal(fl_buf_text(&buf), "12345");
    assert_int_equal(fl_buf_check(&buf, "file", &err), FLEET_EINVALID);
    assert_string_equal(err.text, "file: larger than 5 bytes");
}

static void first_failure_sticks(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(3);

    (void)state;
    assert_int_equal(fl_buf_printf(&buf, "%s", "long"), FLEET_EINVALID);
    assert_int_equal(fl_buf_putc(&buf, 'x'), FLEET_EINVALID);
    assert_int_equal(buf.len, 0);
    assert_null(fl_buf_take(&buf));
    assert_int_equal(fl_buf_puts(&buf, "abc"), FLEET_OK);
    fl_buf_empty(&buf);
    assert_string_equal(fl_buf_text(&buf), "");
    assert_int_equal(fl_buf_puts(&buf, "def"), FLEET_OK);
    assert_string_equal(fl_buf_text(&buf), "def");
}

static void tells_large_ceilings_in_mib(void **state)
{
    struct fl_buf buf = {.max = 64u << 20, .failed = FLEET_EINVALID};
    struct fleet_error err;

    (void)state;
    fl_buf_check(&buf, "answer", &err);
    assert_string_equal(err.text, "answer: larger than 64 MiB");
}

static void no_size_overflows(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(SIZE_MAX);

    (void)state;
    fl_buf_puts(&buf, "x");
    assert_int_equal(fl_buf_reserve(&buf, SIZE_MAX), FLEET_EINVALID);
    assert_string_equal(fl_buf_text(&buf), "x");
}

static void reserved_space_is_the_callers(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(100);

    (void)state;
    assert_int_equal(fl_buf_reserve(&buf, 100), FLEET_OK);
    memset(buf.data, 'a', 100);
    buf.len = 40;
    assert_int_equal(strlen(fl_buf_text(&buf)), 40);
}

static void gives_its_memory_away(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(10);
    char *text;

    (void)state;
    text = fl_buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
    fl_buf_puts(&buf, "mine");
    text = fl_buf_take(&buf);
    assert_string_equal(text, "mine");
    free(text);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
}

static void short_of_memory(void *arg)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(1000);
    struct fleet_error err;
    char *text;

    (void)arg;
    for (int i = 0; i < 100; i++)
        fl_buf_puts(&buf, "four");
    assert_int_equal(fl_buf_check(&buf, "it", &err),
                     fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    text = fl_buf_take(&buf);
    assert_int_equal(text == NULL, fl_test_alloc_failed());
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
        cmocka_unit_test(grows_and_ends_in_nul),
        cmocka_unit_test(keeps_to_its_ceiling),
        cmocka_unit_test(first_failure_sticks),
        cmocka_unit_test(tells_large_ceilings_in_mib),
        cmocka_unit_test(no_size_overflows),
        cmocka_unit_test(reserved_space_is_the_callers),
        cmocka_unit_test(gives_its_memory_away),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
