/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/option.h"

#include "core/base/text.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    char *text, *secret;
    bool yes;
    int64_t number, free_number, wait, price;
    char *choice, *path, *list, *blanks;
};
#define AT(member_) FLEET_AT(struct sample, member_)

static const char *const choices[] = {"small", "large", NULL};
static const char *const old_names[] = {"OLD_NUMBER", "OLDER_NUMBER", NULL};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "TEXT", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
    {.key = "SECRET", .type = FLEET_OPT_SECRET, .help = "h", AT(secret)},
    {.key = "YES", .type = FLEET_OPT_BOOL, .help = "h", .fallback = "yes",
     AT(yes)},
    {.key = "NUMBER", .type = FLEET_OPT_INT, .help = "h", .fallback = "7",
     .min = 1, .max = 600, .aliases = old_names, AT(number)},
    {.key = "FREE", .type = FLEET_OPT_INT, .help = "h", AT(free_number)},
    {.key = "WAIT", .type = FLEET_OPT_DURATION, .help = "h", .min = 1000,
     .max = 600000, .fallback = "30s", AT(wait)},
    {.key = "PRICE", .type = FLEET_OPT_PRICE, .help = "h", .min = 0,
     .max = 5000000, AT(price)},
    {.key = "CHOICE", .type = FLEET_OPT_CHOICE, .help = "h",
     .choices = choices, .fallback = "small", AT(choice)},
    {.key = "PATH_", .type = FLEET_OPT_PATH, .help = "h", .fallback = "sub/x",
     AT(path)},
    {.key = "LIST", .type = FLEET_OPT_LIST, .help = "h", AT(list)},
    {.key = "BLANKS", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,
     .help = "h", AT(blanks)},
    {0},
};
/* clang-format on */
static const struct fl_options table = {options, sizeof(*options)};

static struct fleet_option option_called(const char *key)
{
    struct fleet_option option;
    long i = fl_option_find(&table, key);

    assert_true(i >= 0 && fl_option_at(&table, (size_t)i, &option));
    return option;
}

static int set(struct sample *sample, const char *key, const char *text,
               const char *base_dir, struct fleet_error *err)
{
    struct fleet_option option = option_called(key);

    return fl_option_set(&option, sample, text, base_dir, err);
}

static void numbers_and_switches(void **state)
{
    static const struct {
        const char *key, *text;
        int64_t value;
    } cases[] = {
        {"NUMBER", "1", 1},        {"NUMBER", "600", 600},
        {"FREE", "-5", -5},        {"FREE", "9223372036854775807", INT64_MAX},
        {"WAIT", "1s", 1000},      {"WAIT", "90", 90000},
        {"WAIT", "10m", 600000},   {"PRICE", "0", 0},
        {"PRICE", "0.40", 400000}, {"PRICE", "5", 5000000},
        {"YES", "yes", 1},         {"YES", "Yes", 1},
        {"YES", "TRUE", 1},        {"YES", "1", 1},
        {"YES", "on", 1},          {"YES", "no", 0},
        {"YES", "false", 0},       {"YES", "0", 0},
        {"YES", "OFF", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sample sample = {.yes = !cases[i].value};
        struct fleet_option option = option_called(cases[i].key);
        const void *at = (const char *)&sample + option.offset;

        assert_int_equal(set(&sample, cases[i].key, cases[i].text, NULL, NULL),
                         FLEET_OK);
        if (option.holds == FLEET_HOLDS_BOOL)
            assert_true(*(const bool *)at == (cases[i].value == 1));
        else
            assert_true(*(const int64_t *)at == cases[i].value);
    }
}

static void texts_paths_and_lists(void **state)
{
    static const struct {
        const char *key, *text, *value;
    } cases[] = {
        {"TEXT", "", ""},
        {"TEXT", "a b\nc", "a b\nc"},
        {"SECRET", "s3cret", "s3cret"},
        {"CHOICE", "large", "large"},
        {"PATH_", "/abs", "/abs"},
        {"PATH_", "rel/x", "/base/rel/x"},
        {"PATH_", "~", "/home/me"},
        {"PATH_", "~/x", "/home/me/x"},
        {"PATH_", "a~", "/base/a~"},
        {"PATH_", "", ""},
        {"LIST", "", ""},
        {"LIST", " , ", ""},
        {"LIST", "a", "a"},
        {"LIST", "a b c", "a\nb\nc"},
        {"LIST", "a,b, c\t e,", "a\nb\nc\ne"},
        {"LIST", "a b\nc", "a b\nc"},
        {"LIST", "a b\n", "a b"},
        {"LIST", "\n a \n\nb,c\n", "a\nb,c"},
        {"BLANKS", "NVIDIA RTX A4000", "NVIDIA RTX A4000"},
        {"BLANKS", "NVIDIA A40, NVIDIA L4 ,", "NVIDIA A40\nNVIDIA L4"},
        {"BLANKS", "NVIDIA A40\nx, y", "NVIDIA A40\nx, y"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sample sample = {0};
        struct fleet_option option = option_called(cases[i].key);

        assert_int_equal(
            set(&sample, cases[i].key, cases[i].text, "/base", NULL), FLEET_OK);
        assert_string_equal(
            *(char *const *)((const char *)&sample + option.offset),
            cases[i].value);
        fl_options_clear(&table, &sample);
    }
}

static void bad_values_are_told(void **state)
{
    static const struct {
        const char *key, *text, *error;
    } cases[] = {
        {"NUMBER", "12x", "NUMBER: '12x' is not a whole number from 1 to 600"},
        {"NUMBER", "0", "NUMBER: '0' is not a whole number from 1 to 600"},
        {"NUMBER", "601", "NUMBER: '601' is not a whole number from 1 to 600"},
        {"NUMBER", "", "NUMBER: '' is not a whole number from 1 to 600"},
        {"NUMBER", " 5", "NUMBER: ' 5' is not a whole number from 1 to 600"},
        {"FREE", "9223372036854775808",
         "FREE: '9223372036854775808' is not a whole number"},
        {"FREE", "\x1b]0;x", "FREE: '\\x1b]0;x' is not a whole number"},
        {"WAIT", "5x",
         "WAIT: '5x' is not a duration like 90s, 10m or 1h30m from 1 s to "
         "10 m"},
        {"WAIT", "1h",
         "WAIT: '1h' is not a duration like 90s, 10m or 1h30m from 1 s to "
         "10 m"},
        {"PRICE", "5.01",
         "PRICE: '5.01' is not a price like 0.40 from 0.00 to 5.00"},
        {"PRICE", "-1",
         "PRICE: '-1' is not a price like 0.40 from 0.00 to 5.00"},
        {"YES", "maybe", "YES: 'maybe' is not yes or no"},
        {"CHOICE", "huge", "CHOICE: 'huge' is not one of small|large"},
        {"CHOICE", "", "CHOICE: '' is not one of small|large"},
        {"PATH_", "~you/x",
         "PATH_: '~you/x' is not a path; write it in full, or behind ~/"},
        {"SECRET", "s3\ncret",
         "SECRET: the value has a line break or another control character in "
         "it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sample sample = {0}, before = {0};
        struct fleet_error err = {0};

        assert_int_equal(set(&sample, cases[i].key, cases[i].text, NULL, &err),
                         FLEET_EINVALID);
        assert_string_equal(err.text, cases[i].error);
        assert_memory_equal(&sample, &before, sizeof(sample));
    }
}

static void long_values_are_cut_in_errors(void **state)
{
    struct sample sample = {0};
    struct fleet_error err = {0};
    char text[301];

    (void)state;
    memset(text, '9', 300);
    text[300] = '\0';
    assert_int_equal(set(&sample, "FREE", text, NULL, &err), FLEET_EINVALID);
    assert_string_equal(err.text,
                        "FREE: '9999999999999999999999999999999999999999...' "
                        "is not a whole number");
}

static void a_new_value_replaces_the_old(void **state)
{
    struct sample sample = {0};

    (void)state;
    assert_int_equal(set(&sample, "SECRET", "one", NULL, NULL), FLEET_OK);
    assert_int_equal(set(&sample, "SECRET", "two", NULL, NULL), FLEET_OK);
    assert_string_equal(sample.secret, "two");
    assert_int_equal(set(&sample, "SECRET", "t\no", NULL, NULL),
                     FLEET_EINVALID);
    assert_string_equal(sample.secret, "two");
    fl_options_clear(&table, &sample);
    assert_null(sample.secret);
    fl_options_clear(&table, &sample);
    fl_options_clear(&table, NULL);
}

static void defaults_fill_the_struct(void **state)
{
    struct sample sample = {0};

    (void)state;
    assert_int_equal(fl_options_check(&table, sizeof(sample), NULL), FLEET_OK);
    assert_int_equal(fl_options_defaults(&table, &sample, "/base", NULL),
                     FLEET_OK);
    assert_true(sample.yes);
    assert_int_equal(sample.number, 7);
    assert_int_equal(sample.wait, 30000);
    assert_string_equal(sample.choice, "small");
    assert_string_equal(sample.path, "/base/sub/x");
    assert_null(sample.text);
    fl_options_clear(&table, &sample);
}

static void names_and_old_names_are_found(void **state)
{
    (void)state;
    assert_int_equal(fl_option_find(&table, "TEXT"), 0);
    assert_int_equal(fl_option_find(&table, "NUMBER"), 3);
    assert_int_equal(fl_option_find(&table, "OLDER_NUMBER"), 3);
    assert_int_equal(fl_option_find(&table, "number"), -1);
    assert_int_equal(fl_option_find(&table, ""), -1);
    assert_int_equal(fl_option_find(&(struct fl_options){0}, "TEXT"), -1);
}

static void types_have_names(void **state)
{
    static const struct {
        const char *key, *name;
    } cases[] = {
        {"TEXT", "text"},          {"SECRET", "secret"}, {"YES", "yes or no"},
        {"NUMBER", "number"},      {"WAIT", "duration"}, {"PRICE", "price"},
        {"CHOICE", "small|large"}, {"PATH_", "path"},    {"LIST", "list"},
    };
    struct fleet_option odd = {.type = 99};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fleet_option option = option_called(cases[i].key);

        assert_string_equal(fl_option_type_name(&option), cases[i].name);
    }
    assert_string_equal(fl_option_type_name(&odd), "unknown");
}

/* An author whose headers had longer entries, as a later release may. */
static void entries_may_grow(void **state)
{
    static const struct {
        struct fleet_option option;
        int64_t later;
    } grown[] = {
        {{.key = "TEXT", .type = FLEET_OPT_STRING, .help = "h", AT(text)}, 1},
        {{.key = "FREE", .type = FLEET_OPT_INT, .help = "h", AT(free_number)},
         2},
        {{0}, 3},
    };
    struct fl_options longer = {&grown[0].option, sizeof(*grown)};
    struct fleet_option option;

    (void)state;
    assert_int_equal(fl_options_check(&longer, sizeof(struct sample), NULL),
                     FLEET_OK);
    assert_true(fl_option_at(&longer, 1, &option));
    assert_string_equal(option.key, "FREE");
    assert_false(fl_option_at(&longer, 2, &option));
}

static void wrong_tables_are_refused(void **state)
{
    static const char *const bad_alias[] = {"no-name", NULL};
    static const char *const taken[] = {"FIRST", NULL};
#define GOOD .key = "K", .type = FLEET_OPT_STRING, .help = "h", AT(text)
    /* clang-format off */
    static const struct {
        struct fleet_option option;
        const char *error;
    } cases[] = {
        {{.key = "no name", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
         "option no name: the key is no name"},
        {{.key = "", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
         "option : the key is no name"},
        {{.key = "FIRST", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
         "option FIRST: there is another one of that name"},
        {{GOOD, .aliases = bad_alias}, "option K: an alias is no name"},
        {{GOOD, .aliases = taken},
         "option K: an alias is another option's name"},
        {{.key = "K", .type = FLEET_OPT_STRING, AT(text)},
         "option K: its help is not one line of text"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "", AT(text)},
         "option K: its help is not one line of text"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "a\nb", AT(text)},
         "option K: its help is not one line of text"},
        {{.key = "K", .type = 0, .help = "h", AT(text)},
         "option K: of a type that this fleet does not know"},
        {{.key = "K", .type = FLEET_OPT_PRICE + 1, .help = "h", AT(text)},
         "option K: of a type that this fleet does not know"},
        {{.key = "K", .type = FLEET_OPT_INT, .help = "h", AT(text)},
         "option K: its member does not fit its type"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "h", AT(number)},
         "option K: its member does not fit its type"},
        {{.key = "K", .type = FLEET_OPT_BOOL, .help = "h"},
         "option K: its member does not fit its type"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "h",
          .holds = FLEET_HOLDS_TEXT, .offset = sizeof(struct sample)},
         "option K: its member is outside the struct"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "h",
          .holds = FLEET_HOLDS_TEXT, .offset = UINT32_MAX - 7},
         "option K: its member is outside the struct"},
        {{.key = "K", .type = FLEET_OPT_STRING, .help = "h",
          .holds = FLEET_HOLDS_TEXT, .offset = 1},
         "option K: its member is outside the struct"},
        {{GOOD, .min = 2, .max = 1}, "option K: its range is upside down"},
        {{.key = "K", .type = FLEET_OPT_CHOICE, .help = "h", AT(choice)},
         "option K: there is nothing to choose from"},
        {{.key = "K", .type = FLEET_OPT_INT, .help = "h", .fallback = "x",
          AT(number)},
         "option K: 'x' is not a whole number (its default)"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fleet_option pair[] = {
            {.key = "FIRST", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
            cases[i].option,
            {0},
        };
        struct fl_options two = {pair, sizeof(*pair)};
        struct fleet_error err = {0};

        assert_int_equal(fl_options_check(&two, sizeof(struct sample), &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, cases[i].error);
    }
}

static void a_small_stride_is_refused(void **state)
{
    struct fl_options narrow = {options, 16};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_options_check(&narrow, sizeof(struct sample), &err),
                     FLEET_ECONFIG);
    assert_int_equal(
        fl_options_check(&(struct fl_options){0}, sizeof(struct sample), &err),
        FLEET_OK);
}

static int set_home(void **state)
{
    (void)state;
    return setenv("HOME", "/home/me", 1);
}

static void set_with_failures(void *arg)
{
    static const char *const cases[][2] = {
        {"TEXT", "x"},      {"SECRET", "x"},  {"CHOICE", "large"},
        {"PATH_", "rel/x"}, {"PATH_", "~/x"}, {"LIST", "a b c"},
        {"BLANKS", "a, b"},
    };
    struct sample sample = {0};

    (void)arg;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fleet_error err = {0};
        bool failed_before = fl_test_alloc_failed();
        int rc = set(&sample, cases[i][0], cases[i][1], "/base", &err);
        bool failed = fl_test_alloc_failed() && !failed_before;

        assert_int_equal(rc, failed ? FLEET_ENOMEM : FLEET_OK);
        assert_int_equal(err.code, rc);
    }
    fl_options_clear(&table, &sample);
}

static void fill_with_failures(void *arg)
{
    struct sample sample = {0};
    struct fleet_error err = {0};
    int rc = fl_options_check(&table, sizeof(sample), &err);

    (void)arg;
    if (rc == 0)
        rc = fl_options_defaults(&table, &sample, "/base", &err);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    fl_options_clear(&table, &sample);
}

static void refuse_with_failures(void *arg)
{
    struct sample sample = {0};

    (void)arg;
    assert_int_equal(set(&sample, "NUMBER", "12x", NULL, NULL), FLEET_EINVALID);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(set_with_failures, NULL);
    fl_test_each_alloc(fill_with_failures, NULL);
    fl_test_each_alloc(refuse_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_switches),
        cmocka_unit_test(texts_paths_and_lists),
        cmocka_unit_test(bad_values_are_told),
        cmocka_unit_test(long_values_are_cut_in_errors),
        cmocka_unit_test(a_new_value_replaces_the_old),
        cmocka_unit_test(defaults_fill_the_struct),
        cmocka_unit_test(names_and_old_names_are_found),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(entries_may_grow),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(a_small_stride_is_refused),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, set_home, NULL);
}
