/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_STRV_H
#define FL_BASE_STRV_H

#include "core/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

/* A list of strings that it owns. at[n] is NULL once anything was added. */
struct fl_strv {
    char **at;
    size_t n, size;
};

int fl_strv_add(struct fl_strv *list, const char *text); /* copies */
int fl_strv_add_n(struct fl_strv *list, const char *text, size_t len);
int fl_strv_take(struct fl_strv *list, char *text); /* frees it on failure */
/* Splits at any of the bytes in SEPARATORS; empty pieces are left out. */
int fl_strv_split(struct fl_strv *list, const char *text,
                  const char *separators);
bool fl_strv_has(const struct fl_strv *list, const char *text);
void fl_strv_clear(struct fl_strv *list);

FL_CLEANUP_IN_PLACE(fl_strv_clear, struct fl_strv);

#endif
