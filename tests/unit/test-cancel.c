/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"

#include <fleet/error.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Cancelling is for the whole process and for good, so each case is a process
 * of its own. */
static int status_of(int (*body)(int number), int number)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body(number));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static bool readable(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    return poll(&at, 1, 0) == 1 && at.revents == POLLIN;
}

/* 0, or the number of the step that went wrong. */
static int one_signal(int number)
{
    if (fl_cancel_fd() != -1)
        return 1;
    if (fl_cancel_open() != FLEET_OK || fl_cancel_open() != FLEET_OK)
        return 2;
    if (fl_cancelled() || fl_cancel_status() || readable(fl_cancel_fd()))
        return 3;
    raise(number);
    if (!fl_cancelled() || !readable(fl_cancel_fd()))
        return 4;
    if (fl_cancel_status() != 128 + number)
        return 5;
    return readable(fl_cancel_fd()) ? 0 : 6;
}

static int two_signals(int number)
{
    fl_cancel_open();
    raise(number);
    raise(SIGTERM);
    return 0;
}

static int ignored_before(int number)
{
    signal(number, SIG_IGN);
    fl_cancel_open();
    raise(number);
    return fl_cancelled();
}

static void first_signal_cancels(void **state)
{
    (void)state;
    assert_int_equal(status_of(one_signal, SIGINT), 0);
    assert_int_equal(status_of(one_signal, SIGTERM), 0);
    assert_int_equal(status_of(one_signal, SIGHUP), 0);
}

static void second_signal_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(status_of(two_signals, SIGINT), 130);
    assert_int_equal(status_of(two_signals, SIGHUP), 130);
}

static void nohup_is_respected(void **state)
{
    (void)state;
    assert_int_equal(status_of(ignored_before, SIGHUP), 0);
    assert_int_equal(status_of(ignored_before, SIGINT), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_signal_cancels),
        cmocka_unit_test(second_signal_ends_the_process),
        cmocka_unit_test(nohup_is_respected),
    };

    signal(SIGHUP, SIG_DFL); /* whatever started us */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
