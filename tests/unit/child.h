/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What FN returns, 0 to 255, in a process of its own; -1 when it did not live
 * to tell. By a pipe, because the exit status is valgrind's: to it all that
 * the functions above FN hold is lost in such a process. */
static inline int result_in_child(int (*fn)(const void *arg), const void *arg)
{
    unsigned char result = 0;
    int fds[2];
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        result = (unsigned char)fn(arg);
        _exit(write(fds[1], &result, 1) != 1);
    }
    close(fds[1]);
    n = read(fds[0], &result, 1);
    close(fds[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return n == 1 ? result : -1;
}

#endif
