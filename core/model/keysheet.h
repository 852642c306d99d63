/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_KEYSHEET_H
#define FL_MODEL_KEYSHEET_H

#include "core/base/strv.h"

#include <fleet/error.h>

/* API keys of machines, from CSV files: a column that names the pod, and one
 * for each key, called as the variable is that holds it. Values are secrets:
 * they are in no fault, and wiped. Pure. */
#define FL_KEYSHEET_MAX   (4 * 1024 * 1024)
#define FL_KEY_VALUE_MAX  8192
#define FL_KEYSHEET_CELLS 200000

struct fl_keycell {
    char *pod; /* as it stands there, until somebody knows better */
    char *key, *value;
    const char *path; /* borrowed */
    int line;
};
struct fl_keysheet {
    struct fl_keycell *at;
    size_t n, size;
    struct fl_strv faults; /* "keys.csv:3: ...", of all files */
};
/* Adds the cells of one file, whose text is taken apart; an empty cell is none.
 * PATH outlives the sheet. What is wrong is a fault, and reading goes on.
 * FLEET_ENOMEM. */
int fl_keysheet_read(struct fl_keysheet *sheet, const char *path, char *text,
                     struct fleet_error *err);
/* Once the pods are known by one name each: a key that one has twice, with two
 * values, is a fault; what is there twice alike, or has no pod (NULL), goes. */
int fl_keysheet_settle(struct fl_keysheet *sheet, struct fleet_error *err);
void fl_keysheet_clear(struct fl_keysheet *sheet);
FL_CLEANUP_IN_PLACE(fl_keysheet_clear, struct fl_keysheet);

/* Why no API key can be called so; NULL: one can. A variable that shells and
 * loaders go by is none. */
const char *fl_keysheet_objection(const char *key);

#endif
