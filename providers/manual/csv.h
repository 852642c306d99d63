/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef MANUAL_CSV_H
#define MANUAL_CSV_H

#include <stdbool.h>

/* Comma separated values as in RFC 4180, with what people add by hand: a
 * byte-order mark, blanks around fields, empty lines, and lines that begin
 * with "#". */
struct csv {
    char *at; /* the rest of the text, which is taken apart in place */
    int line;
};
#define CSV_FIELDS 16
struct csv_record {
    int line; /* where it begins */
    char *field[CSV_FIELDS];
    int n;
    const char *fault; /* what is wrong with it, or NULL */
};

void csv_init(struct csv *csv, char *text);
/* The next record; false at the end. After a fault, reading goes on with the
 * next line. */
bool csv_next(struct csv *csv, struct csv_record *record);

#endif
