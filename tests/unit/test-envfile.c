/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/envfile.h"

#include "core/base/text.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOME "/home/me"

static int parse(const char *text, size_t len, struct fl_envfile *file,
                 struct fleet_error *err)
{
    return fl_envfile_parse(file, "config.env", text, len, HOME, err);
}

/* clang-format off */
static const struct good {
    const char *text, *value; /* of K; an array's joined with newlines */
} good[] = {
    /* plain values and comments */
    {"K=v", "v"},
    {"K=v\n", "v"},
    {"\n\n  K=v  \n", "v"},
    {"\tK=v\t\n", "v"},
    {"K=", ""},
    {"K=\n", ""},
    {"K=  # nothing\n", ""},
    {"# c\nK=v # c\n# c", "v"},
    {"K=v#w", "v#w"},
    {"K=#v", "#v"},
    {"K=v ;# c\nK=w", NULL},
    {"K='#v' # 'c", "#v"},
    {"K=a=b=c", "a=b=c"},
    {"K = v", "v"},
    {"K=v\nK=w", "w"},
    {"; K=x\nK=v", NULL},
    {"K=a;b", NULL},
    {"K='a;b' # c", "a;b"},
    {"K='a ;b'", "a ;b"},
    {"K=a:b", "a:b"},
    {"_K=x\nK=\xc3\xa4", "\xc3\xa4"},
    /* export */
    {"export K=v", "v"},
    {"export \t K=v", "v"},
    {"export=x\nK=v", "v"},
    {"export export=x\nK=v", "v"},
    {"exportK=x\nK=v", "v"},
    /* quotes */
    {"K='v w'", "v w"},
    {"K=\"v w\"", "v w"},
    {"K=\"\"", ""},
    {"K=''", ""},
    {"K=a'b c'\"d e\"f", "ab cd ef"},
    {"K='a'\\''b'", "a'b"},
    {"K=\"a'b\"", "a'b"},
    {"K='a\"b'", "a\"b"},
    {"K='a\\nb'", "a\\nb"},
    {"K=\"a\\nb\"", "a\\nb"},
    {"K=\"a\\\"b\\\\c\\$d\\`e\"", "a\"b\\c$d`e"},
    {"K='line 1\nline 2'", "line 1\nline 2"},
    {"K=\"line 1\nline 2\"", "line 1\nline 2"},
    {"K='$HOME `x` $(y)'", "$HOME `x` $(y)"},
    /* backslashes */
    {"K=a\\ b", "a b"},
    {"K=\\$x", "$x"},
    {"K=a\\", "a\\"},
    {"K=a\\\nb", "ab"},
    {"K=a \\\n\nL=b", "a"},
    {"K=\"a\\\nb\"", "ab"},
    {"K='a\\\nb'", "a\\\nb"},
    {"\\\nK=v", "v"},
    /* ~ and $HOME */
    {"K=~", HOME},
    {"K=~/x", HOME "/x"},
    {"K=~/'a b'", HOME "/a b"},
    {"K=\"~/x\"", "~/x"},
    {"K='~/x'", "~/x"},
    {"K=a~b", "a~b"},
    {"K=a:~/b:~", "a:" HOME "/b:" HOME},
    {"K=\\~/x", "~/x"},
    {"K=$HOME", HOME},
    {"K=$HOME/x", HOME "/x"},
    {"K=${HOME}x", HOME "x"},
    {"K=\"$HOME/x y\"", HOME "/x y"},
    {"K=\"${HOME}\"", HOME},
    {"K=x$HOME", "x" HOME},
    {"K=a$", "a$"},
    {"K=\"a$\"", "a$"},
    {"K=\"a$ b\"", "a$ b"},
    {"K=a$/b", "a$/b"},
    /* arrays */
    {"K=()", ""},
    {"K=( )", ""},
    {"K=(a)", "a"},
    {"K=( \"a\" \"b\" )", "a\nb"},
    {"K=(a b\tc) # c", "a\nb\nc"},
    {"K=(\n  a\n  b\n)\nL=x", "a\nb"},
    {"K=( # c\n a # c )\n # 'c\n\n b\n) # c", "a\nb"},
    {"K=(a \\\n b)", "a\nb"},
    {"K=('a b' \"c d\")", "a b\nc d"},
    {"K=('a b')", "a b\n"},
    {"K=(a'b'\"c\")", "abc"},
    {"K=(~/a \"$HOME/b\" a:~)", HOME "/a\n" HOME "/b\na:~"},
    {"export K=(a)", "a"},
    {"K=('*' \"?\" '[' \"{a,b}\")", "*\n?\n[\n{a,b}"},
    {"K=a*b?[c]{d}", "a*b?[c]{d}"},
    {"K=('a'\n'b\nc')", "a\nb\nc"},
    /* line ends and byte-order mark */
    {"K=v\r\n", "v"},
    {"K=v\r", "v"},
    {"K='v'\r\nL=w\r\n", "v"},
    {"K=(a\r\n b\r\n)\r\n", "a\nb"},
    {"# c\r\n\r\nK=\"a\r\nb\"\r\n", "a\nb"},
    {"K=a\\\r\nb", "ab"},
    {"K=a\rb", "a\rb"},
    {"\xef\xbb\xbfK=v", "v"},
    {"\xef\xbb\xbf# c\nK=v", "v"},
    {"\xef\xbb\xbf\r\nK=v", "v"},
};

static const struct bad {
    const char *text, *error;
} bad[] = {
    {"K='v", "config.env:1: K: unclosed quote (')"},
    {"\n\nK=\"v\nL=w\n", "config.env:3: K: unclosed quote (\")"},
    {"A=\"x\nB=\"y z\"\n",
     "config.env:2: A: more text behind the value; put quotes around all of "
     "it"},
    {"K=(\n a\n", "config.env:1: K: unclosed array: there is no ')' behind it"},
    {"\nK=(a\nL=b\n",
     "config.env:2: K: unclosed array: there is no ')' behind it"},
    {"K=(\n'a'\n'b\n)", "config.env:3: K: unclosed quote (')"},
    {"K=$(id)",
     "config.env:1: K: $(...) is not run here; write the value itself"},
    {"K=\"a$(id)\"",
     "config.env:1: K: $(...) is not run here; write the value itself"},
    {"K=$((1+1))",
     "config.env:1: K: $(...) is not run here; write the value itself"},
    {"K=`id`", "config.env:1: K: `...` is not run here; write the value itself"},
    {"K=\"`id`\"",
     "config.env:1: K: `...` is not run here; write the value itself"},
    {"K=(a\n`id`)",
     "config.env:2: K: `...` is not run here; write the value itself"},
#define DOLLAR "only $HOME is expanded here; for a plain dollar sign use " \
               "single quotes"
    {"K=$USER", "config.env:1: K: " DOLLAR},
    {"K=\"$USER\"", "config.env:1: K: " DOLLAR},
    {"K=$HOMEX", "config.env:1: K: " DOLLAR},
    {"K=${HOME", "config.env:1: K: " DOLLAR},
    {"K=${HOME:-x}", "config.env:1: K: " DOLLAR},
    {"K=${}", "config.env:1: K: " DOLLAR},
    {"K=\"cost $5\"", "config.env:1: K: " DOLLAR},
    {"K=$$", "config.env:1: K: " DOLLAR},
    {"K=$'a'", "config.env:1: K: " DOLLAR},
    {"K=$\"a\"", "config.env:1: K: " DOLLAR},
    {"K=$[1]", "config.env:1: K: " DOLLAR},
    {"K=~root/x",
     "config.env:1: K: only ~/ is expanded here; write the path in full"},
    {"K=a b",
     "config.env:1: K: more text behind the value; put quotes around all of "
     "it"},
    {"K='a' 'b'",
     "config.env:1: K: more text behind the value; put quotes around all of "
     "it"},
    {"K=(a) b",
     "config.env:1: K: more text behind the value; put quotes around all of "
     "it"},
    {"K=<your key>",
     "config.env:1: K: '<' outside quotes; put quotes around the value"},
    {"K=a;rm", "config.env:1: K: ';' outside quotes; put quotes around the "
               "value"},
    {"K=a&b", "config.env:1: K: '&' outside quotes; put quotes around the "
              "value"},
    {"K=a(b)", "config.env:1: K: '(' outside quotes; put quotes around the "
               "value"},
    {"K=(a*)", "config.env:1: K: '*' outside quotes; put quotes around the "
               "value"},
    {"K=(p{1,2})", "config.env:1: K: '{' outside quotes; put quotes around "
                   "the value"},
    {"K=(a (b))", "config.env:1: K: '(' outside quotes; put quotes around "
                  "the value"},
    {"[main]\nK=v",
     "config.env:1: there are no [sections] in this file; remove the line"},
    {"K=v\nthis is no line\n",
     "config.env:2: expected KEY=value, or # before a comment"},
    {"K", "config.env:1: K: expected KEY=value, or # before a comment"},
    {"NUM_GPUS 1",
     "config.env:1: NUM_GPUS: expected KEY=value, or # before a comment"},
    {"sk-SECRET123", "config.env:1: expected KEY=value, or # before a comment"},
    {"AKIASECRET123",
     "config.env:1: expected KEY=value, or # before a comment"},
    {"export K", "config.env:1: K: expected KEY=value, or # before a comment"},
    {"export", "config.env:1: expected KEY=value, or # before a comment"},
    {"=v", "config.env:1: '' is no key: letters, digits and _, at most 100"},
    {"1K=v", "config.env:1: '1K' is no key: letters, digits and _, at most "
             "100"},
    {"a-b=v", "config.env:1: 'a-b' is no key: letters, digits and _, at most "
              "100"},
    {"K+=(a)", "config.env:1: 'K+' is no key: letters, digits and _, at most "
               "100"},
    {"\x1b[1mK=v", "config.env:1: '\\x1b[1mK' is no key: letters, digits and "
                   "_, at most 100"},
    {"; K=v", "config.env:1: expected KEY=value, or # before a comment"},
};
/* clang-format on */

static const char *text_of(const struct fl_envfile *file, const char *key)
{
    const struct fl_env_entry *entry = fl_envfile_get(file, key);

    return entry ? entry->text : NULL;
}

static void reads_what_a_shell_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
        struct fleet_error err = {0};
        int rc = parse(good[i].text, strlen(good[i].text), &file, &err);

        if (!good[i].value) {
            assert_int_equal(rc, FLEET_ECONFIG);
            continue;
        }
        if (rc < 0)
            print_error("%s\n%s\n", good[i].text, err.text);
        assert_int_equal(rc, FLEET_OK);
        assert_non_null(fl_envfile_get(&file, "K"));
        assert_string_equal(text_of(&file, "K"), good[i].value);
    }
}

static void refuses_the_rest_by_file_line_and_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
        struct fleet_error err = {0};

        assert_int_equal(parse(bad[i].text, strlen(bad[i].text), &file, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, bad[i].error);
        assert_int_equal(file.n, 0);
    }
}

static void no_nul_byte_passes(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *error;
    } cases[] = {
        {"K=v\0w\n", 6, "config.env:1: K: "},
        {"K='v\0'", 6, "config.env:1: K: "},
        {"K='a\nv\0'", 8, "config.env:2: K: "},
        {"K=(a\n b\0)", 9, "config.env:2: K: "},
        {"K=v\n# c\0\nL=w", 12, "config.env:2: "},
        {"K=v\n\0", 5, "config.env:2: "},
        {"\xff\xfeK\0=\0v\0", 8, "config.env:1: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
        FL_AUTO_FREE char *error = fl_format(
            "%sa NUL byte; save the file as plain UTF-8 text", cases[i].error);
        struct fleet_error err = {0};

        assert_int_equal(parse(cases[i].text, cases[i].len, &file, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, error);
    }
}

/* inih's own buffer holds 200 bytes. */
static void long_values_arrive_whole(void **state)
{
    static const size_t lengths[] = {1,   195, 196, 197, 198,  199,   200,
                                     201, 202, 399, 400, 4096, 65535, 65536};
    static const char *const forms[] = {"K=%s\nL=end\n", "K='%s'\nL=end\n",
                                        "K=\"%s\" # c\nL=end",
                                        "K=(\n\"%s\"\n)\nL=end"};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        FL_AUTO_FREE char *value = malloc(lengths[i] + 1);

        assert_non_null(value);
        memset(value, 'v', lengths[i]);
        value[0] = 'a';
        value[lengths[i] - 1] = 'z';
        value[lengths[i]] = '\0';
        for (size_t f = 0; f < sizeof(forms) / sizeof(*forms); f++) {
            FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
            FL_AUTO_FREE char *text = NULL;
            const char *at = strstr(forms[f], "%s");

            text = fl_format("%.*s%s%s", (int)(at - forms[f]), forms[f], value,
                             at + 2);
            assert_non_null(text);
            assert_int_equal(parse(text, strlen(text), &file, NULL), FLEET_OK);
            assert_string_equal(text_of(&file, "K"), value);
            assert_string_equal(text_of(&file, "L"), "end");
            assert_int_equal(file.n, 2);
        }
    }
}

static void too_long_values_are_refused(void **state)
{
    static const char *const forms[] = {"K=%.*s\n", "K='%.*s'", "K=\"%.*s\"",
                                        "K=(a %.*s)"};
    size_t len = FL_VALUE_MAX + 1;
    FL_AUTO_FREE char *value = malloc(len);

    (void)state;
    assert_non_null(value);
    memset(value, 'v', len);
    for (size_t f = 0; f < sizeof(forms) / sizeof(*forms); f++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
        FL_AUTO_FREE char *text = NULL;
        struct fleet_error err = {0};
        const char *at = strstr(forms[f], "%");

        text = fl_format("%.*s%.*s%s", (int)(at - forms[f]), forms[f], (int)len,
                         value, at + 4);
        assert_non_null(text);
        assert_int_equal(parse(text, strlen(text), &file, &err), FLEET_ECONFIG);
        assert_string_equal(err.text,
                            "config.env:1: K: longer than 65536 bytes");
    }
}

static void keys_have_a_limit(void **state)
{
    char text[FL_KEY_MAX + 8];

    (void)state;
    for (size_t len = FL_KEY_MAX; len <= FL_KEY_MAX + 1; len++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};

        memset(text, 'K', len);
        memcpy(text + len, "=v", 3);
        assert_int_equal(parse(text, strlen(text), &file, NULL),
                         len <= FL_KEY_MAX ? FLEET_OK : FLEET_ECONFIG);
    }
}

static void a_huge_file_is_refused(void **state)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    FL_AUTO_FREE char *text = malloc(FL_ENVFILE_MAX + 1);
    struct fleet_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, '\n', FL_ENVFILE_MAX + 1);
    assert_int_equal(parse(text, FL_ENVFILE_MAX, &file, &err), FLEET_OK);
    assert_int_equal(parse(text, FL_ENVFILE_MAX + 1, &file, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, "config.env: larger than 4194304 bytes");
}

static void knows_lines_and_arrays(void **state)
{
    static const char text[] =
        "# c\nA=1\n\nB=(x\ny)\nC='1\n2'\nX= \\\n# c\nE=\n";
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};

    (void)state;
    assert_int_equal(parse(text, strlen(text), &file, NULL), FLEET_OK);
    assert_int_equal(fl_envfile_get(&file, "A")->line, 2);
    assert_int_equal(fl_envfile_get(&file, "B")->line, 4);
    assert_int_equal(fl_envfile_get(&file, "C")->line, 6);
    assert_int_equal(fl_envfile_get(&file, "X")->line, 8);
    assert_int_equal(fl_envfile_get(&file, "E")->line, 10);
    assert_true(fl_envfile_get(&file, "B")->array);
    assert_int_equal(fl_envfile_get(&file, "B")->values.n, 2);
    assert_false(fl_envfile_get(&file, "C")->array);
    assert_int_equal(fl_envfile_get(&file, "C")->values.n, 1);
    assert_null(fl_envfile_get(&file, "c"));
}

static void no_home_is_told(void **state)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_envfile_parse(&file, "x", "K=~/a", 5, NULL, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text,
                        "x:1: K: ~ and $HOME need a home directory: set HOME");
}

static void what_is_quoted_reads_back(void **state)
{
    static const char *const values[] = {
        "",       "plain", "two words", "it's",      "\"x\"", "$HOME", "~/x",
        "`id`",   "a\nb",  "\\",        "#x",        "x # y", "(a)",   "*",
        "'",      "''",    "a=b",       "\xc3\xa4",  "\t",    ";",     "-n",
        "/a/b:c", "x@y",   "%41",       "line\nK=v",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
        FL_AUTO(fl_buf_clear) struct fl_buf line = {0};

        fl_buf_init(&line, 1000);
        fl_buf_puts(&line, "K=");
        assert_int_equal(fl_envfile_quote(&line, values[i]), FLEET_OK);
        fl_buf_puts(&line, "\nL=x\n");
        assert_int_equal(parse(line.data, line.len, &file, NULL), FLEET_OK);
        assert_string_equal(text_of(&file, "K"), values[i]);
        assert_int_equal(file.n, 2);
    }
}

static void plain_words_stay_plain(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    (void)state;
    fl_buf_init(&out, 1000);
    assert_int_equal(fl_envfile_quote(&out, "example/env:6.1"), FLEET_OK);
    assert_string_equal(fl_buf_text(&out), "example/env:6.1");
    assert_int_equal(fl_envfile_quote(&out, "a\r\nb"), FLEET_EINVALID);
}

static void entries_can_be_added(void **state)
{
    static const char text[] = "A=(x y)\n";
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0}, copy = {0};

    (void)state;
    assert_int_equal(parse(text, strlen(text), &file, NULL), FLEET_OK);
    assert_int_equal(fl_envfile_add_copy(&copy, &file.at[0]), FLEET_OK);
    assert_int_equal(fl_envfile_add(&copy, "B", "z"), FLEET_OK);
    assert_int_equal(fl_envfile_add(&copy, "B", "last"), FLEET_OK);
    assert_string_equal(text_of(&copy, "A"), "x\ny");
    assert_true(fl_envfile_get(&copy, "A")->array);
    assert_int_equal(fl_envfile_get(&copy, "A")->line, 1);
    assert_string_equal(text_of(&copy, "B"), "last");
}

static void parse_with_failures(void *arg)
{
    static const char text[] = "A='x y'\nB=(x \"y z\"\n)\nC=$HOME/c\n";
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    struct fleet_error err = {0};
    int rc = parse(text, strlen(text), &file, &err);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_int_equal(err.code, rc);
    assert_int_equal(file.n, rc < 0 ? 0 : 3);
}

static void refuse_with_failures(void *arg)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    int rc = parse("A=x\nB C=x\n", 10, &file, NULL);

    (void)arg;
    assert_true(rc == FLEET_ECONFIG ||
                (rc == FLEET_ENOMEM && fl_test_alloc_failed()));
    assert_int_equal(file.n, 0);
}

static void add_with_failures(void *arg)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    int rc = fl_envfile_add(&file, "K", "v");

    (void)arg;
    if (rc == 0)
        rc = fl_envfile_add_copy(&file, &file.at[0]);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(parse_with_failures, NULL);
    fl_test_each_alloc(refuse_with_failures, NULL);
    fl_test_each_alloc(add_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_shell_reads),
        cmocka_unit_test(refuses_the_rest_by_file_line_and_key),
        cmocka_unit_test(no_nul_byte_passes),
        cmocka_unit_test(long_values_arrive_whole),
        cmocka_unit_test(too_long_values_are_refused),
        cmocka_unit_test(keys_have_a_limit),
        cmocka_unit_test(a_huge_file_is_refused),
        cmocka_unit_test(knows_lines_and_arrays),
        cmocka_unit_test(no_home_is_told),
        cmocka_unit_test(what_is_quoted_reads_back),
        cmocka_unit_test(plain_words_stay_plain),
        cmocka_unit_test(entries_can_be_added),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
