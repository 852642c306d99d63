/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/unit/failalloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST_RUNS 100000

static _Thread_local long countdown; /* 0: none is to fail */
static _Thread_local bool failed;

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

/* clang-format off */
#define WRAP(type_, name_, parameters_, arguments_)                            \
    type_ __real_##name_ parameters_;                                          \
    type_ __wrap_##name_ parameters_;                                          \
    type_ __wrap_##name_ parameters_                                           \
    {                                                                          \
        return fails() ? NULL : __real_##name_ arguments_;                     \
    }
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t n, size_t size), (old, n, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))
/* clang-format on */

void fl_test_each_alloc(void (*fn)(void *arg), void *arg)
{
    for (long n = 1; n <= MOST_RUNS; n++) {
        countdown = n;
        failed = false;
        fn(arg);
        countdown = 0;
        if (!failed)
            return;
    }
    fail_msg("allocation number %d still fails", MOST_RUNS);
}

bool fl_test_alloc_failed(void)
{
    return failed;
}
