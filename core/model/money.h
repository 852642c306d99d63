/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_MONEY_H
#define FL_MODEL_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/* Prices are whole millionths of a currency unit an hour. */
#define FL_MICROS 1000000

/* "1.25", "0.000001", ".5"; not negative, at most 6 decimals, below 10^12. */
bool fl_money_parse(const char *text, int64_t *micros);
/* "0.27", "1.50", "0.1234": at least 2 decimals, no more than needed. */
void fl_money_text(char out[32], int64_t micros);

#endif
