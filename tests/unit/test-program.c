/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/program.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "tests/unit/child.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOON 60000 /* no test waits that long unless something is wrong */

#define SHELL(script_)                                                         \
    (const char *const[])                                                      \
    {                                                                          \
        "sh", "-c", script_, NULL                                              \
    }

static struct fleet_program program(const char *const *argv, const char *input)
{
    return (struct fleet_program){
        .size = sizeof(struct fleet_program), .argv = argv, .input = input};
}

static int run(const char *const *argv, const char *input, char **output,
               struct fleet_error *err)
{
    struct fleet_program it = program(argv, input);

    return fl_program_run(&it, fl_deadline(SOON), output, err);
}

static void outcomes(void **state)
{
    static const struct {
        const char *script, *input, *output; /* output NULL: fails */
        int detail;
        const char *text;
    } cases[] = {
        {"echo hello", NULL, "hello\n", 0, NULL},
        {"true", NULL, "", 0, NULL},
        {"cat", "some\ninput", "some\ninput", 0, NULL},
        {"cat", NULL, "", 0, NULL},
        {"echo out; echo err >&2", NULL, "out\n", 0, NULL},
        {"exec >&- 2>&-; cat", "x", NULL, 1, "sh: exit status 1"},
        {"exit 3", NULL, NULL, 3, "sh: exit status 3"},
        {"echo one >&2; printf 'two\\n\\n' >&2; exit 4", NULL, NULL, 4,
         "sh: exit status 4: two"},
        {"printf 'no\\037newline' >&2; exit 5", NULL, NULL, 5,
         "sh: exit status 5: no newline"},
        {"kill -TERM $$", NULL, NULL, 143, "sh: killed by signal 15"},
        {"no-such-program-here 2>/dev/null", NULL, NULL, 127,
         "sh: exit status 127"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO_FREE char *output = NULL;
        struct fleet_error err = {0};
        int rc = run(SHELL(cases[i].script), cases[i].input, &output, &err);

        assert_int_equal(rc, cases[i].output ? FLEET_OK : FLEET_EINTERNAL);
        if (cases[i].output) {
            assert_string_equal(output, cases[i].output);
            continue;
        }
        assert_null(output);
        assert_int_equal(err.detail, cases[i].detail);
        assert_string_equal(err.text, cases[i].text);
    }
}

/* More than any pipe holds, both ways at once. */
static void large_input_and_output(void **state)
{
    FL_AUTO_FREE char *input = malloc(3000001), *output = NULL;
    const char *const argv[] = {"cat", NULL};
    struct fleet_program it = program(argv, input);
    struct fleet_error err;

    (void)state;
    memset(input, 'x', 3000000);
    input[3000000] = '\0';
    it.max_output = 3000000;
    assert_int_equal(fl_program_run(&it, fl_deadline(SOON), &output, &err),
                     FLEET_OK);
    assert_string_equal(output, input);
    assert_int_equal(fl_program_run(&it, fl_deadline(SOON), NULL, &err),
                     FLEET_OK);
}

static void unread_input_is_no_failure(void **state)
{
    FL_AUTO_FREE char *input = malloc(3000001), *output = NULL;
    struct fleet_error err;
    sigset_t pending;

    (void)state;
    memset(input, 'x', 3000000);
    input[3000000] = '\0';
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(run(SHELL("exec <&-; echo done"), input, &output, &err),
                     FLEET_OK);
    assert_string_equal(output, "done\n");
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
}

static void output_has_a_ceiling(void **state)
{
    const char *const argv[] = {"yes", NULL};
    struct fleet_program it = program(argv, NULL);
    char *output = NULL;
    struct fleet_error err;

    (void)state;
    it.max_output = 1000;
    assert_int_equal(fl_program_run(&it, fl_deadline(SOON), &output, &err),
                     FLEET_EINVALID);
    assert_string_equal(err.text, "yes: larger than 1000 bytes");
    assert_int_equal(run(SHELL("printf 'a\\0b'"), NULL, &output, &err),
                     FLEET_EINVALID);
    assert_string_equal(err.text, "sh: wrote a NUL byte");
    assert_null(output);
}

static void what_cannot_start(void **state)
{
    FL_AUTO_FREE char *path = fl_format("%s/file", (char *)*state);
    struct fleet_error err;

    assert_int_equal(run((const char *const[]){NULL}, NULL, NULL, &err),
                     FLEET_EINTERNAL);
    if (getenv("FLEET_TEST_WRAP")) /* valgrind keeps exec's errors from us */
        return;
    /* A directory that we may not read would be what the error is about. */
    assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
    assert_int_equal(run((const char *const[]){"no-such-program-here", NULL},
                         NULL, NULL, &err),
                     FLEET_ENOTFOUND);
    assert_non_null(strstr(err.text, "no-such-program-here: "));
    assert_int_equal(
        run((const char *const[]){"/no/such/program", NULL}, NULL, NULL, &err),
        FLEET_ENOTFOUND);
    assert_int_equal(fl_file_write(path, "text", 4, 0600, &err), FLEET_OK);
    assert_int_equal(run((const char *const[]){path, NULL}, NULL, NULL, &err),
                     FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "Permission denied"));
}

static bool hangs_up(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    return poll(&at, 1, SOON) == 1 && (at.revents & POLLHUP);
}

/* Who holds the FIFO open is alive: nobody, once the group was killed. */
static void killed_with_its_children_at_the_deadline(void **state)
{
    FL_AUTO_FREE char *fifo = fl_format("%s/fifo", (char *)*state);
    FL_AUTO_FREE char *script =
        fl_format("exec 3>%s; echo up >&3; sleep 1000 & wait", fifo);
    FL_AUTO(close) int fd = -1;
    struct fleet_program it = program(SHELL(script), NULL);
    struct fleet_error err;
    int64_t before;
    char up[3];
    int rc;

    assert_int_equal(mkfifo(fifo, 0600), 0);
    fd = open(fifo, O_RDONLY | O_NONBLOCK);
    for (int64_t ms = 50;; ms *= 2) { /* until it got as far as "up" */
        before = fl_call_begin(fl_deadline(ms));
        rc = fleet_run_program(&it, NULL, &err);
        fl_call_end(before);
        assert_int_equal(rc, FLEET_ETIMEOUT);
        if (read(fd, up, 3) == 3)
            break;
        assert_true(ms < SOON);
    }
    assert_true(hangs_up(fd));
    assert_string_equal(err.text, "sh: did not end in time");
}

/* The end of the program is the end, not the end of all that it started. */
static void does_not_wait_for_those_left_behind(void **state)
{
    FL_AUTO_FREE char *output = NULL;
    int64_t began = fl_now_ms(), group = 0;
    struct fleet_error err;

    (void)state;
    assert_int_equal(run(SHELL("sleep 1000 & echo $$"), NULL, &output, &err),
                     FLEET_OK);
    output[strcspn(output, "\n")] = '\0';
    assert_true(fl_parse_int(output, 2, INT32_MAX, &group));
    assert_int_equal(kill((pid_t)-group, SIGKILL), 0);
    assert_true(fl_now_ms() - began < SOON / 2);
}

static void gets_its_environment_and_nothing_else(void **state)
{
    const char *const argv[] = {"env", NULL};
    const char *const env[] = {"A=b", "C=", NULL};
    struct fleet_program it = program(argv, NULL);
    FL_AUTO_FREE char *output = NULL;
    struct fleet_error err;
    sigset_t mask, before;

    (void)state;
    it.env = env;
    assert_int_equal(fl_program_run(&it, fl_deadline(SOON), &output, &err),
                     FLEET_OK);
    assert_string_equal(output, "A=b\nC=\n");
    free(fl_take(output));

    assert_int_equal(dup2(2, 99), 99); /* stays open on exec */
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, &before);
    assert_int_equal(
        run(SHELL("[ ! -e /proc/$$/fd/99 ] && "
                  "grep -E '^Sig(Blk|Ign)' /proc/$$/status | "
                  "grep -v '0000000[0-9a-f][08]0000000$'"),
            NULL, &output, &err),
        FLEET_EINTERNAL); /* no line, but for signals of the C library's own */
    assert_int_equal(err.detail, 1);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
    close(99);
}

static int without_streams(const void *unused)
{
    FL_AUTO_FREE char *output = NULL;
    struct fleet_error err = {0};

    (void)unused;
    close(0);
    close(1);
    close(2);
    if (run(SHELL("cat; echo no >&2; exit 7"), "in", NULL, &err) !=
            FLEET_EINTERNAL ||
        strcmp(err.text, "sh: exit status 7: no") != 0)
        return 1;
    if (run(SHELL("cat"), "in", &output, &err) != FLEET_OK)
        return 2;
    return strcmp(output, "in") == 0 ? 0 : 3;
}

static void works_without_standard_streams(void **state)
{
    (void)state;
    assert_int_equal(result_in_child(without_streams, NULL), 0);
}

static struct fl_buf heard = FL_BUF(1 << 20);

static void sink(int level, const char *part, const char *text)
{
    fl_buf_printf(&heard, "%d %s %s\n", level, part, text);
}

static void standard_error_is_logged(void **state)
{
    struct fleet_error err;

    (void)state;
    fl_log_open(sink, FLEET_LOG_INFO, NULL);
    assert_int_equal(
        run(SHELL("printf 'one\\r\\n\\ntwo\\033[2J' >&2"), NULL, NULL, &err),
        FLEET_OK);
    assert_string_equal(fl_buf_text(&heard), "2 sh one\n2 sh two\\x1b[2J\n");
    fl_buf_empty(&heard);
    assert_int_equal(run(SHELL("i=0; while [ $i -lt 100 ]; do i=$((i + 1)); "
                               "printf 0123456789 >&2; done"),
                         NULL, NULL, &err),
                     FLEET_OK);
    assert_in_range(heard.len, 300, 500); /* one line, cut */
    fl_log_close();
    fl_buf_clear(&heard);
}

static void older_callers(void **state)
{
    struct fleet_program it = program(SHELL("echo hello"), NULL);
    FL_AUTO_FREE char *output = NULL;
    struct fleet_error err;

    (void)state;
    it.size = offsetof(struct fleet_program, max_output);
    it.max_output = 1; /* they know no such field: this is something else */
    assert_int_equal(fleet_run_program(&it, &output, &err), FLEET_OK);
    assert_string_equal(output, "hello\n");
}

static void talks_with_a_child(void **state)
{
    struct fl_child child;
    struct fleet_error err;
    struct pollfd at = {.events = POLLIN};
    char line[8] = "";
    int status = -1;

    (void)state;
    assert_int_equal(
        fl_child_start((const char *const[]){"cat", NULL}, NULL, &child, &err),
        FLEET_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write(child.in, "line\n", 5), 5);
        at.fd = child.out;
        assert_int_equal(poll(&at, 1, SOON), 1);
        assert_int_equal(read(child.out, line, sizeof(line)), 5);
    }
    assert_int_equal(fl_child_end(&child, fl_deadline(SOON), &status),
                     FLEET_OK);
    assert_int_equal(status, 0);
    assert_int_equal(child.in & child.out & child.err, -1);
}

static void kills_a_child_that_stays(void **state)
{
    struct fl_child child;
    struct fleet_error err;
    int status = 0;

    (void)state;
    assert_int_equal(fl_child_start(SHELL("sleep 1000"), NULL, &child, &err),
                     FLEET_OK);
    assert_int_equal(fl_child_end(&child, fl_deadline(20), &status),
                     FLEET_ETIMEOUT);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void short_of_memory(void *arg)
{
    FL_AUTO_FREE char *output = NULL;
    struct fleet_error err;
    int rc = run(SHELL("echo hello; echo word >&2"), "input", &output, &err);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_int_equal(output == NULL, fl_test_alloc_failed());
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),
        cmocka_unit_test(large_input_and_output),
        cmocka_unit_test(unread_input_is_no_failure),
        cmocka_unit_test(output_has_a_ceiling),
        SCRATCH_TEST(what_cannot_start),
        SCRATCH_TEST(killed_with_its_children_at_the_deadline),
        cmocka_unit_test(does_not_wait_for_those_left_behind),
        cmocka_unit_test(gets_its_environment_and_nothing_else),
        cmocka_unit_test(works_without_standard_streams),
        cmocka_unit_test(standard_error_is_logged),
        cmocka_unit_test(older_callers),
        cmocka_unit_test(talks_with_a_child),
        cmocka_unit_test(kills_a_child_that_stays),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
