/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* The file of machines that people type in. It is taken apart in place, so
 * every field lies inside the text, ends there, and no line is read twice. */
#include "tests/fuzz/fuzz.h"

#include <fleet/csv.h>
#include <stdlib.h>
#include <string.h>

static void check_record(const struct fleet_csv_record *record,
                         const char *text, size_t size, int last_line)
{
    ALWAYS(record->line > last_line);
    ALWAYS(record->fault || (record->n >= 1 && record->n <= FLEET_CSV_FIELDS));
    for (int i = 0; !record->fault && i < record->n; i++) {
        const char *field = record->field[i];

        ALWAYS(field >= text && field <= text + size);
        ALWAYS(field + strlen(field) <= text + size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct fleet_csv_record record;
    struct fleet_csv csv;
    int line = 0;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    fleet_csv_init(&csv, text);
    while (fleet_csv_next(&csv, &record)) {
        check_record(&record, text, size, line);
        line = record.line;
    }
    free(text);
    return 0;
}
