/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/model/facts.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void parse(struct fleet_facts *facts, const char *text)
{
    *facts = (struct fleet_facts){0};
    assert_int_equal(fl_facts_parse(facts, text, strlen(text)), FLEET_OK);
}

/* One line, and what becomes of it; key NULL: it is no fact. */
static const struct {
    const char *line, *key, *value;
} lines[] = {
    {"a=1", "a", "1"},
    {"a=1\n", "a", "1"},
    {"a=1\r\n", "a", "1"},
    {"free_kb=12 34", "free_kb", "12 34"},
    {"a.b-c_9=x", "a.b-c_9", "x"},
    {"a=", "a", ""},
    {"a=b=c", "a", "b=c"},
    {"a= b ", "a", " b "},
    {"a=\033[31mred", "a", "\033[31mred"},
    {"a=caf\xc3\xa9", "a", "caf\xc3\xa9"},
    {"a=\xff\xfe", "a", "\\xff\\xfe"},
    {"a=\xc3", "a", "\\xc3"},
    {"a", NULL, NULL},
    {"=1", NULL, NULL},
    {"A=1", NULL, NULL},
    {"9a=1", NULL, NULL},
    {" a=1", NULL, NULL},
    {"a b=1", NULL, NULL},
    {"a\xc3\xa9=1", NULL, NULL},
    {"", NULL, NULL},
    {"\n\n", NULL, NULL},
    {"fleet_stage=login", NULL, NULL},
};

static void each_line_is_a_fact_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        FL_AUTO(fl_facts_clear) struct fleet_facts facts;

        parse(&facts, lines[i].line);
        assert_int_equal(facts.n, lines[i].key != NULL);
        if (lines[i].key)
            assert_string_equal(fleet_fact(&facts, lines[i].key),
                                lines[i].value);
    }
}

static void a_key_may_come_several_times(void **state)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts;

    (void)state;
    parse(&facts, "gpu=one\nother=x\ngpu=two\n");
    assert_string_equal(fleet_fact(&facts, "gpu"), "one");
    assert_string_equal(fleet_fact_nth(&facts, "gpu", 1), "two");
    assert_null(fleet_fact_nth(&facts, "gpu", 2));
    assert_null(fleet_fact(&facts, "gp"));
}

static const struct {
    const char *text;
    int64_t number;
} numbers[] = {{"0", 0},
               {"12", 12},
               {"-7", -7},
               {"9223372036854775807", INT64_MAX},
               {"9223372036854775808", 42},
               {"1.5", 42},
               {"1 ", 42},
               {" 1", 42},
               {"0x10", 42},
               {"max", 42},
               {"", 42}};

static void numbers_are_whole_and_decimal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        FL_AUTO(fl_facts_clear) struct fleet_facts facts;
        FL_AUTO_FREE char *line = fl_format("n=%s", numbers[i].text);

        parse(&facts, line);
        assert_int_equal(fleet_fact_number(&facts, "n", 42), numbers[i].number);
        assert_int_equal(fleet_fact_number(&facts, "m", 43), 43);
    }
}

static void long_values_are_cut_between_characters(void **state)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};
    static char text[3 * FL_FACT_VALUE_MAX];
    const char *value;

    (void)state;
    text[0] = 'a';
    text[1] = '=';
    for (size_t i = 2; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    parse(&facts, text);
    value = fleet_fact(&facts, "a");
    assert_true(strlen(value) < FL_FACT_VALUE_MAX);
    assert_true(strlen(value) > FL_FACT_VALUE_MAX - 20);
    assert_true(fl_utf8_valid(value, strlen(value)));
}

static void keys_and_facts_have_a_ceiling(void **state)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};
    char key[FL_FACT_KEY_MAX + 4];

    (void)state;
    memset(key, 'k', sizeof(key));
    memcpy(key + FL_FACT_KEY_MAX, "=1", 3);
    assert_int_equal(fl_facts_parse(&facts, key, strlen(key)), FLEET_OK);
    assert_int_equal(facts.n, 1);
    memset(key, 'k', sizeof(key));
    memcpy(key + FL_FACT_KEY_MAX + 1, "=1", 3);
    assert_int_equal(fl_facts_parse(&facts, key, strlen(key)), FLEET_OK);
    assert_int_equal(facts.n, 1);
    for (int i = 0; i < FL_FACTS_MAX + 10; i++)
        assert_int_equal(fl_facts_parse(&facts, "a=1\n", 4), FLEET_OK);
    assert_int_equal(facts.n, FL_FACTS_MAX);
}

static void a_nul_byte_is_shown(void **state)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};

    (void)state;
    assert_int_equal(fl_facts_parse(&facts, "a=x\0y", 5), FLEET_OK);
    assert_string_equal(fleet_fact(&facts, "a"), "x\\x00y");
}

static void the_host_has_the_first_word(void **state)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};

    (void)state;
    assert_int_equal(fl_facts_tell(&facts, "stage", "login"), FLEET_OK);
    assert_int_equal(fl_facts_tell_number(&facts, "open_ms", 17), FLEET_OK);
    assert_int_equal(fl_facts_parse(&facts, "fleet_stage=done\n", 17),
                     FLEET_OK);
    assert_string_equal(fleet_fact(&facts, "fleet_stage"), "login");
    assert_null(fleet_fact_nth(&facts, "fleet_stage", 1));
    assert_int_equal(fleet_fact_number(&facts, "fleet_open_ms", -1), 17);
}

static void parse_short_of_memory(void *arg)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};
    static const char text[] = "a=1\nb=2\nc=\xff\n";
    int rc = fl_facts_parse(&facts, text, strlen(text));

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    fl_test_each_alloc(parse_short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_fact_or_not),
        cmocka_unit_test(a_key_may_come_several_times),
        cmocka_unit_test(numbers_are_whole_and_decimal),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(keys_and_facts_have_a_ceiling),
        cmocka_unit_test(a_nul_byte_is_shown),
        cmocka_unit_test(the_host_has_the_first_word),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
