/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/digest.h"
#include "core/model/copies.h"
#include "core/model/seen.h"
#include "core/model/tar.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ALL(table_) (sizeof(table_) / sizeof(*(table_)))

static void add(struct fl_copies *list, const char *name, mode_t mode)
{
    struct fl_copy copy = {.mode = mode};

    assert_int_equal(fl_copies_add(list, name, 0, &copy, NULL), FLEET_OK);
}

static void names_that_lead_nowhere_else(void **state)
{
    static const char *const good[] = {"a",      "a/b",      "...", ".a",
                                       "a..b",   "-rf",      " ",   "\n",
                                       "a/ b/c", "\x01/\x02"};
    static const char *const bad[] = {"",     ".",      "..",   "/",
                                      "/a",   "a/",     "a//b", "../a",
                                      "a/..", "a/../b", "./a",  "a/."};
    char part[300] = {0};

    (void)state;
    for (size_t i = 0; i < ALL(good); i++)
        assert_true(fl_copy_name_ok(good[i]));
    for (size_t i = 0; i < ALL(bad); i++)
        assert_false(fl_copy_name_ok(bad[i]));
    memset(part, 'a', 255);
    assert_true(fl_copy_name_ok(part));
    part[255] = 'a';
    assert_false(fl_copy_name_ok(part));
}

static void links_that_stay_inside(void **state)
{
    static const struct {
        const char *name, *target;
        bool ok;
    } links[] = {
        {"l", "a", true},          {"l", "a/b", true},
        {"l", ".", true},          {"l", "./a/./b", true},
        {"l", "..", false},        {"l", "/etc/passwd", false},
        {"l", "", false},          {"l", "../a", false},
        {"d/l", "..", true},       {"d/l", "../a", true},
        {"d/l", "../../a", false}, {"d/e/l", "../../a", true},
        {"d/l", "./../a", true},   {"d/l", "a/../../..", false},
        {"d/l", "a/..", false},    {"d/l", "...", true},
        {"d/l", "..a/b", true},    {"d/l", "../x/../../y", false},
    };

    (void)state;
    for (size_t i = 0; i < ALL(links); i++)
        assert_int_equal(fl_copy_link_ok(links[i].name, links[i].target),
                         links[i].ok);
}

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool excluded;
    } cases[] = {
        {"*.pyc", "a/b.pyc", true},   {"*.pyc", "b.py", false},
        {".git", "a/.git/x/y", true}, {".git", "a/.github", false},
        {"a/b", "x/a/b/c", true},     {"a/b", "xa/b", false},
        {"/a/b", "a/b", true},        {"/a/b", "x/a/b", false},
        {"a*c", "abc", true},         {"x/*/z", "x/y/z", true},
        {"x/*", "x", false},          {"*", "a", true},
    };

    (void)state;
    for (size_t i = 0; i < ALL(cases); i++) {
        FL_AUTO(fl_strv_clear) struct fl_strv list = {0};

        fl_strv_add(&list, cases[i].pattern);
        assert_int_equal(fl_copy_excluded(&list, cases[i].name),
                         cases[i].excluded);
    }
}

static void a_directory_comes_before_what_is_in_it(void **state)
{
    static const char *const sorted[] = {"a",     "a/\x01", "a/b", "a/b/c",
                                         "a\x01", "a b",    "a-b", "b"};
    static const char *const given[] = {"b", "a-b",   "a/b/c", "a b",
                                        "a", "a\x01", "a/b",   "a/\x01"};
    FL_AUTO(fl_copies_clear) struct fl_copies list = {0};

    (void)state;
    for (size_t i = 0; i < ALL(given); i++)
        add(&list, given[i], S_IFDIR);
    assert_int_equal(fl_copies_sort(&list, NULL), FLEET_OK);
    for (size_t i = 0; i < ALL(sorted); i++) {
        assert_string_equal(list.at[i].name, sorted[i]);
        assert_ptr_equal(fl_copies_find(&list, sorted[i], strlen(sorted[i])),
                         &list.at[i]);
    }
    assert_null(fl_copies_find(&list, "a/c", 3));
    assert_int_equal(fl_copies_check(&list, NULL), FLEET_OK);
    add(&list, "b", S_IFREG);
    assert_int_equal(fl_copies_sort(&list, NULL), FLEET_EINVALID);
}

static void lists_that_would_lead_out(void **state)
{
    static const struct {
        const char *name;
        mode_t mode; /* of "a" */
    } cases[] = {{"a/b", S_IFLNK},  {"a/b", S_IFREG},    {"x/b", S_IFDIR},
                 {"../b", S_IFDIR}, {"a/../b", S_IFDIR}, {"/b", S_IFDIR}};

    (void)state;
    for (size_t i = 0; i < ALL(cases); i++) {
        FL_AUTO(fl_copies_clear) struct fl_copies list = {0};

        add(&list, "a", cases[i].mode);
        add(&list, cases[i].name, S_IFREG);
        assert_int_equal(fl_copies_sort(&list, NULL), FLEET_OK);
        assert_int_equal(fl_copies_check(&list, NULL), FLEET_EREFUSED);
    }
}

static void lines_of_stat(void **state)
{
    static const struct {
        const char *line, *name;
        int64_t size; /* -1: it is not that name's */
        const char *link;
    } cases[] = {
        {"81a4 12 99 ./a\n", "./a", 12, NULL},
        {"81a4 12 99 './a'\n", "./a", 12, NULL},
        {"81a4 12 -5 ./a\nb\n", "./a\nb", 12, NULL},
        {"a1ff 3 99 ./l -> x y\n", "./l", 3, "x y"},
        {"a1ff 3 99 './l' -> 'x y'\n", "./l", 3, "x y"},
        {"81a4 12 99 ./ab\n", "./a", -1, NULL},
        {"81a4 12 99 ./a", "./a", -1, NULL},
        {"81a4 -1 99 ./a\n", "./a", -1, NULL},
        {"81a4 1234567890123456789 99 ./a\n", "./a", -1, NULL},
        {"81a4 12 ./a\n", "./a", -1, NULL},
        {"", "./a", -1, NULL},
        {"xyz", "./a", -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ALL(cases); i++) {
        const char *at = cases[i].line;
        struct fl_seen seen = {0};
        bool is = fl_seen_read(&at, cases[i].name, &seen);

        assert_int_equal(is, cases[i].size >= 0);
        assert_string_equal(at, is ? "" : cases[i].line);
        if (is)
            assert_int_equal(seen.size, cases[i].size);
        if (cases[i].link) {
            assert_int_equal(seen.link_len, strlen(cases[i].link));
            assert_memory_equal(seen.link, cases[i].link, seen.link_len);
        }
    }
}

#define NOTHING                                                                \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void lines_of_checksums(void **state)
{
    static const struct {
        enum fl_digest_kind kind;
        const char *line, *name;
        bool is;
    } cases[] = {
        {FL_DIGEST_SHA256, NOTHING "  ./a\n", "./a", true},
        {FL_DIGEST_SHA256, NOTHING " *./a\n", "./a", true},
        {FL_DIGEST_SHA256, "\\" NOTHING "  ./a\\nb\\\\\n", "./a\nb\\", true},
        {FL_DIGEST_SHA256, NOTHING " *./a\nb\n", "./a\nb", true},
        {FL_DIGEST_SHA256, NOTHING "  ./b\n", "./a", false},
        {FL_DIGEST_SHA256, "4294967295 0 ./a\n", "./a", false},
        {FL_DIGEST_CKSUM, "4294967295 0 ./a\n", "./a", true},
        {FL_DIGEST_CKSUM, "4294967295 ./a\n", "./a", false},
    };

    (void)state;
    for (size_t i = 0; i < ALL(cases); i++) {
        char sum[FL_DIGEST_SIZE];
        const char *at = cases[i].line;

        assert_int_equal(fl_seen_sum(&at, cases[i].kind, cases[i].name, sum),
                         cases[i].is);
        assert_string_equal(at, cases[i].is ? "" : cases[i].line);
    }
}

static void checksums_are_those_of_the_tools(void **state)
{
    static const struct {
        enum fl_digest_kind kind;
        const char *text, *sum;
    } cases[] = {
        {FL_DIGEST_SHA256, "", NOTHING},
        {FL_DIGEST_SHA256, "abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {FL_DIGEST_CKSUM, "", "4294967295 0"},
        {FL_DIGEST_CKSUM, "abc", "1219131554 3"},
    };

    (void)state;
    for (size_t i = 0; i < ALL(cases); i++) {
        FL_AUTO(fl_digest_clear) struct fl_digest digest = {0};
        char sum[FL_DIGEST_SIZE];

        assert_int_equal(fl_digest_begin(&digest, cases[i].kind, NULL), 0);
        fl_digest_add(&digest, cases[i].text, strlen(cases[i].text));
        fl_digest_end(&digest, sum);
        assert_string_equal(sum, cases[i].sum);
    }
}

/* ---- tar ---- */

struct unpacked {
    struct fl_buf text; /* "name type size:contents;" */
};

static int on_begin(void *arg, const struct fl_tar_member *member,
                    struct fleet_error *err)
{
    struct unpacked *unpacked = arg;

    (void)err;
    return fl_buf_printf(&unpacked->text, "%s %c %d:", member->name,
                         member->type, (int)member->size);
}

static int on_data(void *arg, const char *data, size_t len,
                   struct fleet_error *err)
{
    struct unpacked *unpacked = arg;

    (void)err;
    return fl_buf_add(&unpacked->text, data, len);
}

static int on_end(void *arg, struct fleet_error *err)
{
    struct unpacked *unpacked = arg;

    (void)err;
    return fl_buf_putc(&unpacked->text, ';');
}

static int unpack(const struct fl_buf *archive, size_t step, struct fl_buf *out)
{
    struct unpacked unpacked = {.text = FL_BUF(1 << 20)};
    FL_AUTO(fl_tar_close)
    struct fl_tar_reader reader = {
        .begin = on_begin, .data = on_data, .end = on_end, .arg = &unpacked};
    int rc = FLEET_OK;

    fl_tar_open(&reader);
    for (size_t at = 0; rc == 0 && at < archive->len; at += step)
        rc = fl_tar_feed(&reader, archive->data + at,
                         archive->len - at < step ? archive->len - at : step,
                         NULL);
    *out = unpacked.text;
    return rc;
}

static void an_archive_comes_back(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf archive = FL_BUF(1 << 20);
    char longest[400] = {0}, expected[1024];
    struct fl_copy file = {.mode = S_IFREG | 0644, .size = 5};
    struct fl_copy empty = {.mode = S_IFREG | 0644};
    static const char zeros[2 * FL_TAR_BLOCK];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    fl_tar_header(&archive, "a\nb", &file, NULL);
    fl_buf_add(&archive, "hello", 5);
    fl_buf_add(&archive, zeros, FL_TAR_BLOCK - 5);
    fl_tar_header(&archive, longest, &empty, NULL);
    fl_buf_add(&archive, zeros, sizeof(zeros));
    fl_tar_header(&archive, "behind the end", &empty, NULL);
    snprintf(expected, sizeof(expected),
             "a\nb 0 5:hello;%s 0 0:;behind the end 0 0:;", longest);
    for (size_t step = 1; step < 1200; step += 97) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

        assert_int_equal(unpack(&archive, step, &out), FLEET_OK);
        assert_string_equal(fl_buf_text(&out), expected);
    }
}

static void what_is_no_archive(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf archive = FL_BUF(1 << 20);
    struct fl_copy file = {.mode = S_IFREG | 0644, .size = 5};

    (void)state;
    fl_tar_header(&archive, "a", &file, NULL);
    for (size_t i = 0; i < FL_TAR_BLOCK; i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

        if (i >= 148 && i < 156) /* the checksum itself */
            continue;
        archive.data[i] ^= 0x15;
        assert_int_equal(unpack(&archive, 512, &out), FLEET_EINVALID);
        archive.data[i] ^= 0x15;
    }
}

static void add_one(void *arg)
{
    FL_AUTO(fl_copies_clear) struct fl_copies list = {0};
    struct fl_copy copy = {.mode = S_IFLNK, .link = (char *)"b"};
    int rc = fl_copies_add(&list, "a", 0, &copy, NULL);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(add_one, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_lead_nowhere_else),
        cmocka_unit_test(links_that_stay_inside),
        cmocka_unit_test(patterns),
        cmocka_unit_test(a_directory_comes_before_what_is_in_it),
        cmocka_unit_test(lists_that_would_lead_out),
        cmocka_unit_test(lines_of_stat),
        cmocka_unit_test(lines_of_checksums),
        cmocka_unit_test(checksums_are_those_of_the_tools),
        cmocka_unit_test(an_archive_comes_back),
        cmocka_unit_test(what_is_no_archive),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
