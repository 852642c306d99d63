/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS       "0123456789"
#define WHOLE_DIGITS 12
#define DECIMALS     6

/* N digits as a number; digits that are not there count as 0. */
static int64_t number(const char *text, size_t have, size_t n)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value * 10 + (i < have ? text[i] - '0' : 0);
    return value;
}

bool fl_money_parse(const char *text, int64_t *micros)
{
    size_t zeros = strspn(text, "0");
    size_t whole = strspn(text + zeros, DIGITS);
    const char *point = text + zeros + whole;
    size_t decimals = *point == '.' ? strspn(point + 1, DIGITS) : 0;

    if (*point == '.' ? decimals == 0 || point[1 + decimals] : *point)
        return false;
    if (zeros + whole + decimals == 0 || whole > WHOLE_DIGITS ||
        decimals > DECIMALS)
        return false;
    *micros = number(text + zeros, whole, whole) * FL_MICROS +
              number(point + 1, decimals, DECIMALS);
    return true;
}

void fl_money_text(char out[32], int64_t micros)
{
    uint64_t size = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
    int len =
        snprintf(out, 32, "%s%" PRIu64 ".%06" PRIu64, micros < 0 ? "-" : "",
                 size / FL_MICROS, size % FL_MICROS);

    for (int i = 0; i < DECIMALS - 2 && out[len - 1] == '0'; i++)
        out[--len] = '\0';
}
