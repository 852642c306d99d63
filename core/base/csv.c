/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/csv.h>
#include <stdbool.h>
#include <string.h>

static const char blanks[] = " \t\r";

void fleet_csv_init(struct fleet_csv *csv, char *text)
{
    static const char mark[] = "\xef\xbb\xbf";

    csv->text = csv->at = text;
    csv->line = 1;
    if (strncmp(text, mark, strlen(mark)) == 0)
        csv->at += strlen(mark);
}

static void skip_line(struct fleet_csv *csv)
{
    csv->at += strcspn(csv->at, "\n");
    if (*csv->at == '\n') {
        csv->at++;
        csv->line++;
    }
}

/* False at the end of the text. */
static bool skip_to_record(struct fleet_csv *csv)
{
    for (;;) {
        const char *first = csv->at + strspn(csv->at, blanks);

        if (*first && *first != '\n' && *first != '#')
            return true;
        if (!*first)
            return false;
        skip_line(csv);
    }
}

/* Both return the end of the field's text and leave csv->at behind the field;
 * NULL is a fault. */
static char *end_plain(struct fleet_csv *csv, struct fleet_csv_record *record)
{
    char *begin = csv->at;
    char *end = begin + strcspn(begin, ",\n\"");

    if (*end == '"') {
        record->fault = "a quote inside a field that is not quoted";
        return NULL;
    }
    csv->at = end;
    while (end > begin && strchr(blanks, end[-1]))
        end--;
    return end;
}

static char *end_quoted(struct fleet_csv *csv, struct fleet_csv_record *record)
{
    char *to = csv->at; /* behind the quote */

    for (;; csv->at++) {
        if (*csv->at == '"' && *++csv->at != '"')
            break;
        if (!*csv->at) {
            record->fault = "a quote is not closed";
            return NULL;
        }
        if (*csv->at == '\n')
            csv->line++;
        *to++ = *csv->at;
    }
    csv->at += strspn(csv->at, blanks);
    if (*csv->at && *csv->at != ',' && *csv->at != '\n') {
        record->fault = "text behind a closing quote";
        return NULL;
    }
    return to;
}

/* The last byte before the stopper that is no blank: a quote, or the text. */
static size_t raw_end(const struct fleet_csv *csv, size_t begin)
{
    size_t end = (size_t)(csv->at - csv->text);

    while (end > begin && strchr(blanks, csv->text[end - 1]))
        end--;
    return end;
}

/* False when it was the record's last, or is a fault. */
static bool read_field(struct fleet_csv *csv, struct fleet_csv_record *record)
{
    char *begin, *end, stopper;

    if (record->n == FLEET_CSV_FIELDS) {
        record->fault = "too many fields";
        return false;
    }
    csv->at += strspn(csv->at, blanks);
    record->begin[record->n] = (size_t)(csv->at - csv->text);
    if (*csv->at == '"') {
        begin = ++csv->at;
        end = end_quoted(csv, record);
    } else {
        begin = csv->at;
        end = end_plain(csv, record);
    }
    if (!end)
        return false;
    record->end[record->n] = raw_end(csv, record->begin[record->n]);
    stopper = *csv->at;
    *end = '\0'; /* may fall upon the stopper */
    record->field[record->n++] = begin;
    if (stopper)
        csv->at++;
    if (stopper == '\n')
        csv->line++;
    return stopper == ',';
}

int fleet_csv_next(struct fleet_csv *csv, struct fleet_csv_record *record)
{
    *record = (struct fleet_csv_record){0};
    if (!skip_to_record(csv))
        return 0;
    record->line = csv->line;
    while (read_field(csv, record))
        ;
    if (record->fault)
        skip_line(csv);
    return 1;
}
