/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/args.h"

#include "core/base/text.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAX_WORDS  8
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct flags {
    int64_t count, wait, loud;
    bool yes, quiet;
    char *config, *format, *names;
};
#define AT(member_) FLEET_AT(struct flags, member_)

/* clang-format off */
static const struct fleet_option globals[] = {
    {.key = "config", .aliases = WORDS("c"), .type = FLEET_OPT_STRING,
     .help = "h", AT(config)},
    {.key = "quiet", .aliases = WORDS("q"), .type = FLEET_OPT_BOOL,
     .help = "h", AT(quiet)},
    {.key = "loud", .aliases = WORDS("v", "noisy"), .type = FLEET_OPT_INT,
     .flags = FL_FLAG_COUNT, .help = "h", AT(loud)},
    {0},
};
static const struct fleet_option own[] = {
    {.key = "count", .aliases = WORDS("n"), .type = FLEET_OPT_INT,
     .help = "h", .min = 1, .max = 100, AT(count)},
    {.key = "lock-wait", .type = FLEET_OPT_DURATION, .help = "h", AT(wait)},
    {.key = "yes", .aliases = WORDS("y"), .type = FLEET_OPT_BOOL, .help = "h",
     AT(yes)},
    {.key = "format", .type = FLEET_OPT_CHOICE, .choices = WORDS("a", "b"),
     .help = "h", AT(format)},
    {.key = "names", .type = FLEET_OPT_LIST, .help = "h", AT(names)},
    {0},
};
/* clang-format on */

static void make_sets(struct fl_flags sets[2], struct flags *flags)
{
    sets[0] = (struct fl_flags){{globals, sizeof(*globals)}, flags};
    sets[1] = (struct fl_flags){{own, sizeof(*own)}, flags};
}

static void clear(struct flags *flags)
{
    struct fl_flags sets[2];

    make_sets(sets, flags);
    fl_options_clear(&sets[0].options, flags);
    fl_options_clear(&sets[1].options, flags);
}

/* What was understood, as one line. */
static char *told(const struct flags *flags, const struct fl_parse *parse)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};

    fl_buf_init(&line, 4096);
    if (flags->config)
        fl_buf_printf(&line, "config=%s ", flags->config);
    if (flags->format)
        fl_buf_printf(&line, "format=%s ", flags->format);
    if (flags->names)
        fl_buf_printf(&line, "names=%s ", flags->names);
    if (flags->count)
        fl_buf_printf(&line, "count=%d ", (int)flags->count);
    if (flags->wait)
        fl_buf_printf(&line, "wait=%d ", (int)flags->wait);
    if (flags->loud)
        fl_buf_printf(&line, "loud=%d ", (int)flags->loud);
    fl_buf_printf(&line, "%s%s|", flags->yes ? "yes " : "",
                  flags->quiet ? "quiet " : "");
    for (size_t i = 0; i < parse->n_rest; i++)
        fl_buf_printf(&line, " %s", parse->rest[i]);
    return fl_buf_take(&line);
}

static size_t length(const char *const *words)
{
    size_t n = 0;

    while (words[n])
        n++;
    return n;
}

static void flags_are_understood(void **state)
{
    static const struct {
        const char *words[MAX_WORDS];
        const char *expected;
    } cases[] = {
        {{NULL}, "|"},
        {{"apple", "birch"}, "| apple birch"},
        {{"--count", "20"}, "count=20 |"},
        {{"--count=20"}, "count=20 |"},
        {{"-n", "20"}, "count=20 |"},
        {{"-n20"}, "count=20 |"},
        {{"-n", "20", "-n", "21"}, "count=21 |"},
        {{"--lock-wait", "2m"}, "wait=120000 |"},
        {{"--lock-wait=1m30s", "x"}, "wait=90000 | x"},
        {{"-qy"}, "yes quiet |"},
        {{"-yqn5"}, "count=5 yes quiet |"},
        {{"-yn", "5", "a"}, "count=5 yes | a"},
        {{"-v", "-vv"}, "loud=3 |"},
        {{"--loud", "--noisy"}, "loud=2 |"},
        {{"a", "--yes", "b"}, "yes | a b"},
        {{"a", "--", "--yes", "-n"}, "| a --yes -n"},
        {{"--", "--"}, "| --"},
        {{"-"}, "| -"},
        {{""}, "| "},
        {{"--config", "--yes"}, "config=--yes |"},
        {{"--config="}, "config= |"},
        {{"--config=a=b"}, "config=a=b |"},
        {{"-c", "-"}, "config=- |"},
        {{"--format", "b"}, "format=b |"},
        {{"--names", "a,b"}, "names=a\nb |"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct flags flags = {0};
        struct fl_flags sets[2];
        const char *rest[MAX_WORDS];
        struct fl_parse parse = {.sets = sets,
                                 .n_sets = 2,
                                 .words = cases[i].words,
                                 .n_words = length(cases[i].words),
                                 .rest = rest};
        struct fleet_error err = {0};
        FL_AUTO_FREE char *line = NULL;

        make_sets(sets, &flags);
        assert_int_equal(fl_args_parse(&parse, &err), FLEET_OK);
        line = told(&flags, &parse);
        assert_string_equal(line, cases[i].expected);
        assert_int_equal(parse.used, parse.n_words);
        clear(&flags);
    }
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *words[MAX_WORDS];
        const char *expected;
    } cases[] = {
        {{"--cuont", "3"}, "--cuont: unknown flag; did you mean --count?"},
        {{"--cuont=3"}, "--cuont: unknown flag; did you mean --count?"},
        {{"--zzzzzzzz"}, "--zzzzzzzz: unknown flag"},
        {{"--n", "3"}, "--n: unknown flag; did you mean --names?"},
        {{"-z"}, "-z: unknown flag"},
        {{"-yz"}, "-z: unknown flag"},
        {{"-\033"}, "-\\x1b: unknown flag"},
        {{"-5"}, "-5: unknown flag"},
        {{"--count"}, "--count: needs a value"},
        {{"-n"}, "-n: needs a value"},
        {{"-yn"}, "-n: needs a value"},
        {{"--yes=no"}, "--yes: takes no value"},
        {{"--loud=2"}, "--loud: takes no value"},
        {{"--count", "many"},
         "--count: 'many' is not a whole number from 1 to 100"},
        {{"-n", "0"}, "-n: '0' is not a whole number from 1 to 100"},
        {{"--format=c"}, "--format: 'c' is not one of a|b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct flags flags = {0};
        struct fl_flags sets[2];
        const char *rest[MAX_WORDS];
        struct fl_parse parse = {.sets = sets,
                                 .n_sets = 2,
                                 .words = cases[i].words,
                                 .n_words = length(cases[i].words),
                                 .rest = rest};
        struct fleet_error err = {0};

        make_sets(sets, &flags);
        assert_int_equal(fl_args_parse(&parse, &err), FLEET_EUSAGE);
        assert_int_equal(err.code, FLEET_EUSAGE);
        assert_string_equal(err.text, cases[i].expected);
        clear(&flags);
    }
}

static void parsing_stops_before_the_verb(void **state)
{
    static const struct {
        const char *words[MAX_WORDS];
        size_t used;
    } cases[] = {
        {{"create", "-n"}, 0},
        {{"-q", "--config", "x", "create", "--zz"}, 3},
        {{"-q"}, 1},
        {{"--", "-q"}, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct flags flags = {0};
        struct fl_flags sets[2];
        const char *rest[MAX_WORDS];
        struct fl_parse parse = {.sets = sets,
                                 .n_sets = 2,
                                 .words = cases[i].words,
                                 .n_words = length(cases[i].words),
                                 .to_first = true,
                                 .rest = rest};

        make_sets(sets, &flags);
        assert_int_equal(fl_args_parse(&parse, NULL), FLEET_OK);
        assert_int_equal(parse.used, cases[i].used);
        assert_int_equal(parse.n_rest, 0);
        clear(&flags);
    }
}

static void flags_are_found_as_typed(void **state)
{
    static const struct {
        const char *flag, *key;
    } cases[] = {
        {"--count", "count"}, {"-n", "count"},
        {"--noisy", "loud"},  {"--n", NULL},
        {"-count", NULL},     {"count", NULL},
        {"--", NULL},         {"--lock-wait", "lock-wait"},
    };
    struct flags flags = {0};
    struct fl_flags sets[2];
    struct fleet_option option;

    (void)state;
    make_sets(sets, &flags);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool found = fl_args_find(sets, 2, cases[i].flag, &option);

        assert_int_equal(found, cases[i].key != NULL);
        if (found)
            assert_string_equal(option.key, cases[i].key);
    }
}

static void values_have_placeholders(void **state)
{
    static const struct {
        const struct fleet_option *option;
        const char *expected;
    } cases[] = {
        {&globals[0], "TEXT"}, {&globals[1], ""},     {&globals[2], ""},
        {&own[0], "N"},        {&own[1], "DURATION"}, {&own[3], "a|b"},
        {&own[4], "LIST"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

        fl_buf_init(&out, 100);
        assert_int_equal(fl_flag_metavar(cases[i].option, &out), FLEET_OK);
        assert_string_equal(fl_buf_text(&out), cases[i].expected);
    }
    assert_int_equal(fl_flag_letter(&globals[2]), 'v');
    assert_int_equal(fl_flag_letter(&own[1]), 0);
}

static void words_join_as_a_shell_reads_them(void **state)
{
    static const char *const words[] = {"create", "-n", "2", "a b", "it's", ""};
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    (void)state;
    fl_buf_init(&out, 100);
    assert_int_equal(fl_args_join(words, 6, &out), FLEET_OK);
    assert_string_equal(fl_buf_text(&out), "create -n 2 'a b' 'it'\\''s' ''");
}

static void parse_with_failures(void *arg)
{
    static const char *const words[] = {"--config=x", "-n3", "--names=a,b",
                                        "--loud", "pod"};
    struct flags flags = {0};
    struct fl_flags sets[2];
    const char *rest[MAX_WORDS];
    struct fl_parse parse = {
        .sets = sets, .n_sets = 2, .words = words, .n_words = 5, .rest = rest};
    struct fleet_error err = {0};
    int rc;

    (void)arg;
    make_sets(sets, &flags);
    rc = fl_args_parse(&parse, &err);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    clear(&flags);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(parse_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_understood),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(parsing_stops_before_the_verb),
        cmocka_unit_test(flags_are_found_as_typed),
        cmocka_unit_test(values_have_placeholders),
        cmocka_unit_test(words_join_as_a_shell_reads_them),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
