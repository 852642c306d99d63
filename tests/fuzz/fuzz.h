/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_TEST_FUZZ_H
#define FL_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each target defines. With FLEET_LIBFUZZER, libFuzzer calls it; without,
 * driver.c does, on the files of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for every input. */
#define ALWAYS(condition_)                                                     \
    do {                                                                       \
        if (!(condition_)) {                                                   \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,   \
                    #condition_);                                              \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The input as text: up to its first NUL byte, at most MAX bytes; malloc'd. */
static inline char *fuzz_text(const uint8_t *data, size_t size, size_t max)
{
    char *text = strndup((const char *)data, size < max ? size : max);

    ALWAYS(text);
    return text;
}

#endif
