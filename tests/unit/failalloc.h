/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_TEST_FAILALLOC_H
#define FL_TEST_FAILALLOC_H

#include <stdbool.h>

/* Link with -Wl,--wrap= of malloc, calloc, realloc, reallocarray, strdup and
 * strndup. Runs FN with its first allocation failing, then its second, and so
 * on, until a run has none that failed. Only those of the calling thread. */
void fl_test_each_alloc(void (*fn)(void *arg), void *arg);

/* Within FN: an allocation of this run has failed. */
bool fl_test_alloc_failed(void);

#endif
