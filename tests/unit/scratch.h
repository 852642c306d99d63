/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include "core/base/file.h"
#include "core/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* cmocka set-up and tear-down: a private directory for each test in *state. */
static inline int scratch_setup(void **state)
{
    const char *root = getenv("TMPDIR");
    char *dir = fl_format("%s/fleet-test-XXXXXX", root ? root : "/tmp");

    *state = dir;
    return dir && mkdtemp(dir) ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
    int rc = fl_dir_remove(*state, NULL);

    free(*state);
    return rc;
}

#define SCRATCH_TEST(test_)                                                    \
    cmocka_unit_test_setup_teardown(test_, scratch_setup, scratch_teardown)

#endif
