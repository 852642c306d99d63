/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/keysheet.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table_) (sizeof(table_) / sizeof((table_)[0]))

static int read_text(struct fl_keysheet *sheet, const char *path,
                     const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    struct fleet_error err = {0};
    int rc;

    if (!copy)
        return FLEET_ENOMEM;
    strcpy(copy, text);
    rc = fl_keysheet_read(sheet, path, copy, &err);
    free(copy);
    return rc;
}

static void cells(void **state)
{
    struct fl_keysheet sheet = {0};

    (void)state;
    assert_int_equal(read_text(&sheet, "a.csv",
                               "\xef\xbb\xbfPod, A_KEY ,B_KEY\r\n"
                               "# who has what\r\n"
                               "apple,1,\"2 \"\"x\"\", 'y'\"\r\n\r\nbirch,,3"),
                     FLEET_OK);
    assert_int_equal(sheet.faults.n, 0);
    assert_int_equal(sheet.n, 3);
    assert_string_equal(sheet.at[1].pod, "apple");
    assert_string_equal(sheet.at[1].key, "B_KEY");
    assert_string_equal(sheet.at[1].value, "2 \"x\", 'y'");
    assert_string_equal(sheet.at[2].pod, "birch");
    assert_string_equal(sheet.at[2].key, "B_KEY");
    assert_int_equal(sheet.at[2].line, 5);
    fl_keysheet_clear(&sheet);
}

/* None of them says what a value is. */
static void faults(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"", "k.csv:0: there is nothing in it"},
        {"apple,SECRET\n", "k.csv:1: the first line has to name the columns: "
                           "name,OPENAI_API_KEY[,...]"},
        {"name\napple\n", "k.csv:1: the first line has to name the columns: "
                          "name,OPENAI_API_KEY[,...]"},
        {"name,SECRET!\n", "k.csv:1: column 2 is no name of a variable: "
                           "letters, digits and _"},
        {"name,A,A\n", "k.csv:1: column 3 is there a second time"},
        {"name,A,pod\n", "k.csv:1: column 3 names the pods a second time"},
        {"name,LD_PRELOAD\n", "k.csv:1: column 2 is a variable that programs "
                              "are loaded by, and no key"},
        {"name,A\n,SECRET\n", "k.csv:2: no pod is named"},
        {"name,A\napple,1,SECRET\n",
         "k.csv:2: more fields than the first line has"},
        {"name,A\napple,SEC\x01RET\n",
         "k.csv:2: A: has a line break or another control character in it"},
        {"name,A\napple,SEC\xffRET\n", "k.csv:2: A: is not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fl_keysheet sheet = {0};

        assert_int_equal(read_text(&sheet, "k.csv", cases[i].text), FLEET_OK);
        assert_int_equal(sheet.faults.n, 1);
        if (i > 0) /* that of an empty file has no line to tell */
            assert_string_equal(sheet.faults.at[0], cases[i].fault);
        assert_int_equal(sheet.n, 0);
        fl_keysheet_clear(&sheet);
    }
}

static void too_long(void **state)
{
    struct fl_keysheet sheet = {0};
    char *text = malloc(FL_KEY_VALUE_MAX + 64);

    (void)state;
    assert_non_null(text);
    strcpy(text, "name,A\napple,");
    memset(text + strlen(text), 'x', FL_KEY_VALUE_MAX + 1);
    text[strlen("name,A\napple,") + FL_KEY_VALUE_MAX + 1] = '\0';
    assert_int_equal(read_text(&sheet, "k.csv", text), FLEET_OK);
    assert_int_equal(sheet.faults.n, 1);
    assert_string_equal(sheet.faults.at[0], "k.csv:2: A: is longer than 8 KiB");
    fl_keysheet_clear(&sheet);
    free(text);
}

static void together(void **state)
{
    struct fl_keysheet sheet = {0};
    struct fleet_error err = {0};

    (void)state;
    read_text(&sheet, "a.csv", "name,A\napple,1\nbirch,2\ncedar,3\n");
    read_text(&sheet, "b.csv", "name,A,B\napple,1,4\nbirch,5,\n");
    free(sheet.at[2].pod); /* cedar has no pod */
    sheet.at[2].pod = NULL;
    assert_int_equal(fl_keysheet_settle(&sheet, &err), FLEET_OK);
    assert_int_equal(sheet.n, 3);
    assert_string_equal(sheet.at[2].key, "B");
    assert_string_equal(sheet.at[2].value, "4");
    assert_int_equal(sheet.faults.n, 1);
    assert_string_equal(sheet.faults.at[0],
                        "b.csv:3: A of birch is another key in a.csv:3");
    fl_keysheet_clear(&sheet);
}

static void one_run(void *arg)
{
    struct fl_keysheet sheet = {0};
    struct fleet_error err = {0};
    int rc = read_text(&sheet, "a.csv",
                       "name,A,B\napple,1,2\nbirch,3,4,5\napple,1,9\n");

    (void)arg;
    if (rc == FLEET_OK)
        rc = fl_keysheet_settle(&sheet, &err);
    assert_true(rc == FLEET_OK || rc == FLEET_ENOMEM);
    if (!fl_test_alloc_failed()) {
        assert_int_equal(rc, FLEET_OK);
        assert_int_equal(sheet.n, 2);
        assert_int_equal(sheet.faults.n, 2);
    }
    fl_keysheet_clear(&sheet);
}

static void without_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(one_run, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells),          cmocka_unit_test(faults),
        cmocka_unit_test(too_long),       cmocka_unit_test(together),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
