/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_CSV_H
#define FLEET_CSV_H

#include <fleet/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Comma separated values as in RFC 4180, with what people add by hand: a
 * byte-order mark, blanks around fields, empty lines, and lines that begin
 * with "#". The layout of both structs is frozen. */
struct fleet_csv {
    char *text; /* which is taken apart in place */
    char *at;   /* the rest of it */
    int32_t line;
};
#define FLEET_CSV_FIELDS 16
struct fleet_csv_record {
    int32_t line; /* where it begins */
    int32_t n;
    const char *fault; /* what is wrong with it, or NULL */
    char *field[FLEET_CSV_FIELDS];
    /* Where each field stood in the text, with its quotes. */
    size_t begin[FLEET_CSV_FIELDS], end[FLEET_CSV_FIELDS];
};

/* TEXT ends in a NUL and lives as long as the records. */
FLEET_API void fleet_csv_init(struct fleet_csv *csv, char *text);
/* The next record: 1, or 0 at the end. After a fault, reading goes on with the
 * next line. */
FLEET_API int fleet_csv_next(struct fleet_csv *csv,
                             struct fleet_csv_record *record);

#ifdef __cplusplus
}
#endif
#endif
