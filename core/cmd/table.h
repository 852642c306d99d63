/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_TABLE_H
#define FL_CMD_TABLE_H

#include "core/cmd/command.h"

/* Rows for people (aligned, escaped) or for CSV (RFC 4180 with plain newlines;
 * a cell that a spreadsheet would run as a formula gets a leading quote). */
struct fl_table {
    size_t columns;
    struct fl_strv cells; /* the headings first */
    uint64_t right;       /* bit i: column i is aligned right */
    int failed;
};
void fl_table_init(struct fl_table *table, size_t columns,
                   const char *const *headings, uint64_t right);
/* One cell after the other, row by row; NULL is "-" (CSV: empty). */
void fl_table_cell(struct fl_table *table, const char *text);
void fl_table_cellf(struct fl_table *table, const char *format, ...)
    FLEET_PRINTF(2, 3);
/* To standard output as the context's format asks (nothing for JSON). Words
 * such as "ok" and "failed" are coloured where colour is on. */
void fl_table_print(struct fl_table *table, struct fl_context *context);
void fl_table_clear(struct fl_table *table);

/* The two renderings; FLEET_OK or FLEET_ENOMEM. */
int fl_table_text(const struct fl_table *table, bool color, struct fl_buf *out);
int fl_table_csv(const struct fl_table *table, struct fl_buf *out);

#endif
