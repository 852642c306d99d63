/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_PERSON_H
#define FL_MODEL_PERSON_H

#include "core/base/cleanup.h"
#include "core/base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody who may log in to some pods until some day. */
#define FL_PERSON_ID_MAX   40
#define FL_PERSON_NAME_MAX 120
struct fl_person {
    char *name; /* as it was written: UTF-8 without control characters */
    char *id;   /* a slug: files, lines and certificates bear it */
    struct fl_strv pods; /* short names */
    char *key;    /* his own public key, bare; NULL: fleet makes a pair */
    char *until;  /* "2026-12-19"; NULL: no end */
    int64_t ends; /* the first second after that day; 0: none */
    char *email;  /* or NULL */
    int line;     /* in the roster; 0: in none */
    size_t pods_begin, pods_end; /* where the pods stand in it */
};
void fl_person_clear(struct fl_person *person);
FL_CLEANUP_IN_PLACE(fl_person_clear, struct fl_person);

/* [a-z0-9-] with no dash at the ends, at most FL_PERSON_ID_MAX. */
bool fl_person_id_valid(const char *id);
/* "ada-lovelace" of "Ada Lovelace", "jose-nunez" of "José Núñez": Latin letters
 * lose their marks, whatever else stands between becomes one dash. "" when
 * nothing is left. */
void fl_person_slug(char out[FL_PERSON_ID_MAX + 1], const char *name);

/* "2026-12-19" as the second after which that day is over, in this computer's
 * time zone; -1 when it is no such day. */
int64_t fl_day_end(const char *text);

/* What his certificates are good for: "ada@arena" and, after he was shut out
 * once, "ada@arena.2". malloc'd; NULL when out of memory. */
char *fl_principal(const char *id, const char *cohort, int64_t generation);

#endif
