/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"

#include "core/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void names_and_codes(void **state)
{
    static const struct {
        int code;
        const char *name;
        int exit;
    } cases[] = {
        {FLEET_EINTERNAL, "internal", 1},
        {FLEET_EINVALID, "invalid", 1},
        {FLEET_ENOTFOUND, "not_found", 1},
        {FLEET_EAUTH, "auth", 6},
        {FLEET_ECAPACITY, "capacity", 5},
        {FLEET_EQUOTA, "quota", 5},
        {FLEET_ECONFLICT, "conflict", 1},
        {FLEET_ERATELIMITED, "rate_limited", 7},
        {FLEET_ETRANSIENT, "transient", 7},
        {FLEET_EAMBIGUOUS, "ambiguous", 7},
        {FLEET_EUNSUPPORTED, "unsupported", 1},
        {FLEET_ELOCKED, "locked", 4},
        {FLEET_ECANCELLED, "cancelled", 130},
        {FLEET_ETIMEOUT, "timeout", 7},
        {FLEET_EREFUSED, "refused", 4},
        {FLEET_ECONFIG, "config", 2},
        {FLEET_EUSAGE, "usage", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(fleet_code_name(cases[i].code), cases[i].name);
        assert_int_equal(fleet_code_from_name(cases[i].name), cases[i].code);
        assert_int_equal(fl_exit_for(cases[i].code), cases[i].exit);
    }
    assert_int_equal(fl_exit_for(FLEET_OK), 0);
}

static void codes_from_nowhere(void **state)
{
    static const char *const names[] = {NULL, "", "ok", "Auth", "auth "};
    static const int codes[] = {1, 4711, -19, INT32_MIN, FLEET_ENOMEM};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(fleet_code_from_name(names[i]), FLEET_EINTERNAL);
        assert_string_equal(fleet_code_name(codes[i]), "internal");
        assert_int_equal(fl_exit_for(codes[i]), 1);
    }
}

static void fills_the_error(void **state)
{
    struct fleet_error err = {.detail = 5, .retry_ms = 7, .reserved = 9};

    (void)state;
    errno = ENOENT;
    assert_int_equal(
        fleet_fail(&err, FLEET_EAUTH, "%s: no\nway\x1b[0m\xc2\x85", "key"),
        FLEET_EAUTH);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(err.code, FLEET_EAUTH);
    assert_int_equal(err.detail, 0);
    assert_int_equal(err.retry_ms, 0);
    assert_int_equal(err.reserved, 0);
    assert_string_equal(err.text, "key: no way [0m  ");
    assert_int_equal(fleet_fail(NULL, FLEET_EUSAGE, "x"), FLEET_EUSAGE);
}

static void text_is_always_utf8(void **state)
{
    struct fleet_error err;

    (void)state;
    fleet_fail(&err, FLEET_EINVALID, "%s", "gr\xc3\xbc\xdf \xe2\x82");
    assert_string_equal(err.text, "gr\xc3\xbc? ??");
}

/* One byte less than fits, just fits, and more than fits, with characters of
 * each length across the place where it is cut. */
static void marks_what_it_cuts(void **state)
{
    static const char *const letters[] = {"x", "\xc3\xbc", "\xe2\x82\xac",
                                          "\xf0\x9f\x98\x80"};
    char text[600];
    struct fleet_error err;

    (void)state;
    for (size_t l = 0; l < 4; l++) {
        size_t width = strlen(letters[l]);

        for (size_t first = 0; first < 8; first++) {
            size_t len = first;

            memset(text, 'a', first);
            for (; len < 590; len += width)
                memcpy(text + len, letters[l], width);
            text[len] = '\0';
            fleet_fail(&err, FLEET_EINVALID, "%s", text);
            assert_true(fl_utf8_valid(err.text, strlen(err.text)));
            assert_in_range(strlen(err.text), 495 - width + 1, 495);
            assert_string_equal(err.text + strlen(err.text) - 3, "...");
            assert_memory_equal(err.text, text, strlen(err.text) - 3);
        }
    }
    text[495] = '\0';
    memset(text, 'x', 495);
    fleet_fail(&err, FLEET_EINVALID, "%s", text);
    assert_string_equal(err.text, text);
}

static void tells_where(void **state)
{
    struct fleet_error err;

    (void)state;
    fleet_fail(&err, FLEET_EQUOTA, "limit is %d", 3);
    err.detail = 403;
    err.retry_ms = -1;
    assert_int_equal(fl_error_in(&err, "create %s", "gpu-3"), FLEET_EQUOTA);
    assert_string_equal(err.text, "create gpu-3: limit is 3");
    assert_int_equal(err.code, FLEET_EQUOTA);
    assert_int_equal(err.detail, 403);
    assert_int_equal(err.retry_ms, -1);
    fleet_fail(&err, FLEET_EQUOTA, "again: %s", err.text);
    assert_string_equal(err.text, "again: create gpu-3: limit is 3");
    assert_true(fl_error_in(NULL, "x") < 0);
    assert_int_equal(fl_enomem(&err), FLEET_ENOMEM);
    assert_string_equal(err.text, "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_codes),
        cmocka_unit_test(codes_from_nowhere),
        cmocka_unit_test(fills_the_error),
        cmocka_unit_test(text_is_always_utf8),
        cmocka_unit_test(marks_what_it_cuts),
        cmocka_unit_test(tells_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
