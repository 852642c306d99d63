/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_GPU_H
#define FL_MODEL_GPU_H

#include <stdbool.h>
#include <stddef.h>

/* GPU names as people and providers write them. "A4000", "RTX A4000" and
 * "NVIDIA RTX A4000" are one card; "RTX 3090" and "RTX 3090 Ti" are two. */

/* Whether a card that is offered under this name is what was wanted. What
 * WANTED leaves open (form, memory, edition) may be anything: "A100" takes
 * "A100-SXM4-80GB" and "A100 PCIE". A slice of a card and a part for laptops
 * are never the card itself. */
bool fl_gpu_fits(const char *wanted, const char *offered);

/* The entry of LIST (ends at NULL) that WANTED may have been meant to be; NULL
 * when none is near. Borrowed. */
const char *fl_gpu_closest(const char *wanted, const char *const *list);

#endif
