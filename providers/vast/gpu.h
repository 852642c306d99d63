/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_GPU_H
#define VAST_GPU_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* GPU names: the search compares them exactly, blanks included, and says
 * nothing when it does not know one. Pure. */

/* The names to search for, where WANTED (", " between entries) is what the user
 * has written; an entry that is no card of the table goes through as it is,
 * less its vendor. A new array, empty when nothing is wanted; NULL: no memory.
 */
json_t *vast_gpu_names(const char *wanted);

/* Letters and digits alone count, and they are equal: "RTX 3090 Ti" is no
 * "RTX 3090". */
bool vast_gpu_same(const char *one, const char *other);

/* NAME as fleet shows it. A card that is sold with more memory and with less
 * has it behind its name: "A100 SXM4 80GB". RAM_MB: of one GPU, 0: unknown. */
void vast_gpu_title(char *out, size_t size, const char *name, int64_t ram_mb);

/* Least memory that all of WANTED ask for, in GB; 0: some leave it open. */
int64_t vast_gpu_least_gb(const char *wanted);

#endif
