/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/log.h"

#include "core/base/buf.h"
#include "tests/unit/failalloc.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Written under the log's own lock. */
static struct fl_buf heard;

static void sink(int level, const char *part, const char *text)
{
    fl_buf_printf(&heard, "%d %s %s\n", level, part, text);
}

static int start(void **state)
{
    (void)state;
    fl_buf_init(&heard, 64u << 20);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fl_log_close();
    fl_buf_clear(&heard);
    return 0;
}

static void silent_until_opened(void **state)
{
    (void)state;
    fleet_log(FLEET_LOG_WARNING, "http", "lost");
    fl_log_open(NULL, FLEET_LOG_WIRE, "http");
    fleet_log(FLEET_LOG_WARNING, "http", "lost");
    assert_false(fl_log_on(FLEET_LOG_WARNING, "http"));
    fl_log_open(sink, FLEET_LOG_WARNING, NULL);
    fl_log_close();
    fleet_log(FLEET_LOG_WARNING, "http", "lost");
    assert_string_equal(fl_buf_text(&heard), "");
}

static void levels_and_parts(void **state)
{
    static const struct {
        int level;
        const char *trace, *part;
        int line;
        bool on;
    } cases[] = {
        {0, NULL, "http", FLEET_LOG_WARNING, false},
        {1, NULL, "http", FLEET_LOG_WARNING, true},
        {1, NULL, "http", FLEET_LOG_INFO, false},
        {2, NULL, "http", FLEET_LOG_INFO, true},
        {2, NULL, "http", FLEET_LOG_WIRE, false},
        {3, NULL, "http", FLEET_LOG_WIRE, true},
        {1, "http", "http", FLEET_LOG_WIRE, true},
        {0, "ssh,http", "http", FLEET_LOG_WIRE, true},
        {1, "ssh", "http", FLEET_LOG_INFO, false},
        {1, "https", "http", FLEET_LOG_INFO, false},
        {1, "", "http", FLEET_LOG_WIRE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fl_log_open(sink, cases[i].level, cases[i].trace);
        fl_buf_empty(&heard);
        fleet_log(cases[i].line, cases[i].part, "line");
        if (fl_log_on(cases[i].line, cases[i].part) != cases[i].on ||
            (heard.len > 0) != cases[i].on)
            fail_msg("case %zu", i);
    }
}

static void escapes_and_keeps_errno(void **state)
{
    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    errno = ENOENT;
    fleet_log(FLEET_LOG_INFO, "exec", "a\n\x1b[2J%s", "\xff");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(fl_buf_text(&heard), "2 exec a\\x0a\\x1b[2J\\xff\n");
}

static void hides_secrets(void **state)
{
    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    assert_int_equal(fl_log_hide("abcdef"), FLEET_OK);
    assert_int_equal(fl_log_hide("abcdefghi"), FLEET_OK);
    assert_int_equal(fl_log_hide("abcdef"), FLEET_OK);
    assert_int_equal(fl_log_hide("two\nlines"), FLEET_OK);
    assert_int_equal(fl_log_hide("short"), FLEET_OK);
    assert_int_equal(fl_log_hide(NULL), FLEET_OK);
    fleet_log(FLEET_LOG_INFO, "x", "%s",
              "abcdefabcdefghi-abcde-short-two\nlines");
    assert_string_equal(fl_buf_text(&heard), "2 x ******-abcde-short-***\n");
}

/* No half of a secret survives where a long line is cut. */
static void hides_secrets_where_it_cuts(void **state)
{
    char text[17000];

    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    fl_log_hide("the-secret-of-the-cut");
    for (size_t at = 16384 - 25; at <= 16384 + 5; at++) {
        memset(text, '.', sizeof(text) - 1);
        memcpy(text + at, "the-secret-of-the-cut", 21);
        text[sizeof(text) - 1] = '\0';
        fl_buf_empty(&heard);
        fleet_log(FLEET_LOG_INFO, "x", "%s", text);
        assert_null(strstr(fl_buf_text(&heard), "the"));
        assert_in_range(heard.len, 16384, 16400);
    }
}

static void hides_secrets_for_others(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(100);

    (void)state;
    fl_log_hide("abcdef");
    fl_log_redact(&out, "a key: abcdef\n");
    assert_string_equal(fl_buf_text(&out), "a key: ***\n");
}

static void forgets_secrets_when_closed(void **state)
{
    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    fl_log_hide("abcdef");
    fl_log_close();
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    fleet_log(FLEET_LOG_INFO, "x", "abcdef");
    assert_string_equal(fl_buf_text(&heard), "2 x abcdef\n");
}

#define THREADS 4
#define LINES   200

static void *chatter(void *arg)
{
    for (int i = 0; i < LINES; i++) {
        fleet_log(FLEET_LOG_INFO, arg, "a line of %s with a password", "words");
        fl_log_hide("password");
        fleet_log(FLEET_LOG_WIRE, arg, "not heard");
    }
    return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
    static char parts[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    size_t lines = 0;

    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, "other");
    fl_log_hide("password");
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, parts[i]),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (char *line = heard.data; *line; line += strcspn(line, "\n") + 1) {
        assert_memory_equal(line, "2 ", 2);
        assert_memory_equal(line + 3, " a line of words with a ***\n", 28);
        lines++;
    }
    assert_int_equal(lines, THREADS * LINES);
}

/* A line may get lost then, but its secret must not get out. */
static void short_of_memory(void *arg)
{
    int rc;

    (void)arg;
    fl_log_open(sink, FLEET_LOG_INFO, "a,b");
    fl_buf_empty(&heard);
    rc = fl_log_hide("password");
    if (rc == FLEET_OK)
        fleet_log(FLEET_LOG_INFO, "x", "my password");
    assert_true(rc == FLEET_OK || fl_test_alloc_failed());
    assert_null(strstr(fl_buf_text(&heard), "password"));
    if (!fl_test_alloc_failed())
        assert_string_equal(fl_buf_text(&heard), "2 x my ***\n");
    fl_log_close();
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silent_until_opened, start, stop),
        cmocka_unit_test_setup_teardown(levels_and_parts, start, stop),
        cmocka_unit_test_setup_teardown(escapes_and_keeps_errno, start, stop),
        cmocka_unit_test_setup_teardown(hides_secrets, start, stop),
        cmocka_unit_test_setup_teardown(hides_secrets_where_it_cuts, start,
                                        stop),
        cmocka_unit_test_setup_teardown(hides_secrets_for_others, start, stop),
        cmocka_unit_test_setup_teardown(forgets_secrets_when_closed, start,
                                        stop),
        cmocka_unit_test_setup_teardown(threads_do_not_mix_lines, start, stop),
        cmocka_unit_test_setup_teardown(survives_no_memory, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
