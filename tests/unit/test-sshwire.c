/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshwire.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY                                                                    \
    "ssh-ed25519 "                                                             \
    "AAAAC3NzaC1lZDI1NTE5AAAAIJ9sDEDs6V+HpwCDsuwztT7jLVsCgkvmj4RvLhAZ/Dcc"
#define PRINT "SHA256:v0qD6YeKr6TndC2FS0SmjSoAGPv2gt7BLVtyA/WG218"

static void reads_what_was_written(void **state)
{
    struct fl_buf text = FL_BUF(1000);
    struct fl_wire wire, inner;

    (void)state;
    fl_wire_put_u32(&text, 0x80010203);
    fl_wire_put_text(&text, "name");
    fl_wire_put(&text, "", 0);
    fl_buf_putc(&text, '\xff');
    wire = fl_wire(text.data, text.len);
    assert_true(fl_wire_u32(&wire) == 0x80010203);
    inner = fl_wire_string(&wire);
    assert_true(fl_wire_is(&inner, "name"));
    assert_false(fl_wire_is(&inner, "nam"));
    assert_false(fl_wire_is(&inner, "names"));
    inner = fl_wire_string(&wire);
    assert_true(fl_wire_is(&inner, ""));
    assert_int_equal(fl_wire_byte(&wire), 0xff);
    assert_false(wire.bad);
    assert_int_equal(wire.left, 0);
    assert_int_equal(fl_wire_byte(&wire), 0);
    assert_true(wire.bad);
    fl_buf_clear(&text);
}

static void never_reads_past_the_end(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"", 0},
        {"\0\0\0", 3},
        {"\0\0\0\1", 4},
        {"\0\0\0\4abc", 7},
        {"\xff\xff\xff\xff"
         "abcd",
         8},
        {"\x80\0\0\0", 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_wire wire = fl_wire(cases[i].bytes, cases[i].len);
        struct fl_wire inner = fl_wire_string(&wire);

        assert_true(wire.bad);
        assert_true(inner.bad);
        assert_int_equal(inner.left, 0);
        assert_false(fl_wire_is(&inner, ""));
        assert_int_equal(fl_wire_u32(&wire), 0);
        assert_int_equal(fl_wire_u32(&inner), 0);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *wire;
        size_t wire_len;
    } cases[] = {
        {"", 0, "\0\0\0\0", 4},
        {"\0\0", 2, "\0\0\0\0", 4},
        {"\x7f", 1, "\0\0\0\1\x7f", 5},
        {"\x80", 1, "\0\0\0\2\0\x80", 6},
        {"\0\0\x80\1", 4, "\0\0\0\3\0\x80\1", 7},
        {"\0\1", 2, "\0\0\0\1\1", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_buf out = FL_BUF(100);

        fl_wire_put_number(&out, cases[i].bytes, cases[i].len);
        assert_int_equal(out.len, cases[i].wire_len);
        assert_memory_equal(out.data, cases[i].wire, out.len);
        fl_buf_clear(&out);
    }
}

static void base64(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } cases[] = {
        {"", ""},           {"YQ==", "a"},        {"YWI=", "ab"},
        {"YWJj", "abc"},    {"YWJjZA==", "abcd"}, {"+/+/", "\xfb\xff\xbf"},
        {"YR==", NULL},     {"YWJ=", NULL},       {"YQ=", NULL},
        {"YQ", NULL},       {"Y===", NULL},       {"====", NULL},
        {"YQ==YQ==", NULL}, {"Y Q=", NULL},       {"YWJ\n", NULL},
        {" YWJj", NULL},    {"YW-_", NULL},       {"Y\xff==", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_buf out = FL_BUF(100);
        bool ok = fl_base64_decode(cases[i].text, strlen(cases[i].text), &out);

        if (ok != (cases[i].bytes != NULL))
            fail_msg("\"%s\"", cases[i].text);
        assert_string_equal(fl_buf_text(&out), ok ? cases[i].bytes : "");
        fl_buf_clear(&out);
    }
}

static void base64_beyond_a_ceiling(void **state)
{
    struct fl_buf small = FL_BUF(5);

    (void)state;
    assert_false(fl_base64_decode("YWJjYWJj", 8, &small));
    fl_buf_clear(&small);
}

static void lines_of_keys(void **state)
{
    static const struct {
        const char *line;
        bool valid;
    } cases[] = {
        {KEY, true},
        {KEY " a comment", true},
        {KEY "\n", true},
        {KEY "\r\n", true},
        {KEY "x", false},
        {" " KEY, false},
        {"ssh-rsa AAAAC3NzaC1lZDI1NTE5", false},
        {"ssh-ed25519", false},
        {"ssh-ed25519 ", false},
        {"ssh-ed25519  AAAA", false},
        {"ssh-ed25519 AAAA", false},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE", false},
        {"ssh-ed2551 AAAAC3NzaC1lZDI1NTE5", false},
        {"", false},
        {"restrict " KEY, false},
        {"a;b AAAA", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
        struct fleet_error err = {0};
        int rc = fl_key_line_parse(cases[i].line, &blob, &err);

        if (rc != (cases[i].valid ? FLEET_OK : FLEET_EINVALID))
            fail_msg("\"%s\": %d %s", cases[i].line, rc, err.text);
        fl_buf_clear(&blob);
    }
}

static void a_key_and_back(void **state)
{
    struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
    char type[FL_KEY_TYPE_SIZE], print[FL_KEY_PRINT_SIZE];
    struct fleet_error err;
    char *line;

    (void)state;
    assert_int_equal(fl_key_line_parse(KEY " comment", &blob, &err), FLEET_OK);
    line = fl_key_line(blob.data, blob.len);
    assert_string_equal(line, KEY);
    free(line);
    fl_key_type(blob.data, blob.len, type);
    assert_string_equal(type, "ssh-ed25519");
    fl_key_print(blob.data, blob.len, print);
    assert_string_equal(print, PRINT);
    fl_key_type("\0\0\0\3a\nb", 7, type);
    assert_string_equal(type, "?");
    assert_null(fl_key_line("\0\0\0\3a\nb", 7));
    assert_null(fl_key_line("", 0));
    fl_buf_clear(&blob);
}

static void short_of_memory(void *arg)
{
    struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
    struct fleet_error err;
    int rc = fl_key_line_parse(KEY, &blob, &err);
    char *line = rc == FLEET_OK ? fl_key_line(blob.data, blob.len) : NULL;

    (void)arg;
    assert_int_equal(line == NULL, fl_test_alloc_failed());
    assert_true(rc == FLEET_OK || rc == FLEET_ENOMEM);
    free(line);
    fl_buf_clear(&blob);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(never_reads_past_the_end),
        cmocka_unit_test(numbers),
        cmocka_unit_test(base64),
        cmocka_unit_test(base64_beyond_a_ceiling),
        cmocka_unit_test(lines_of_keys),
        cmocka_unit_test(a_key_and_back),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
