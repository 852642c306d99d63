/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/keysheet.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/text.h"
#include "core/model/envfile.h"
#include "core/model/shown.h"

#include <fleet/csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One pass over a file. */
struct reading {
    struct fl_keysheet *sheet;
    const char *path;
    struct fleet_csv_record record;
    int pod; /* column of it; -1: none yet */
    int n;   /* columns */
    char *keys[FLEET_CSV_FIELDS];
};

static void reading_clear(struct reading *reading)
{
    for (int i = 0; i < reading->n; i++)
        free(reading->keys[i]);
}
FL_CLEANUP_IN_PLACE(reading_clear, struct reading);

/* WHAT never has a value in it. */
static int fault(struct reading *reading, const char *subject, const char *what)
{
    char shown[FL_SHOWN_SIZE];
    char *text;

    fl_shown(shown, subject ? subject : "");
    text = fl_format("%s:%d: %s%s%s", reading->path, reading->record.line,
                     shown, subject ? ": " : "", what);
    return fl_strv_take(&reading->sheet->faults, text);
}

/* ---- names ---- */

const char *fl_keysheet_objection(const char *key)
{
    static const char *const shells[] = {
        "PATH",           "HOME", "IFS",     "ENV", "BASH_ENV", "SHELL",
        "SHELLOPTS",      "USER", "LOGNAME", "PWD", "PS1",      "PS4",
        "PROMPT_COMMAND", NULL};

    if (strlen(key) > 128 || !fl_env_key_valid(key, strlen(key)))
        return "is no name of a variable: letters, digits and _";
    for (size_t i = 0; shells[i]; i++) {
        if (strcmp(key, shells[i]) == 0)
            return "is a variable that shells go by, and no key";
    }
    return strncmp(key, "LD_", 3) == 0
               ? "is a variable that programs are loaded by, and no key"
               : NULL;
}

static bool names_pods(const char *column)
{
    return strcasecmp(column, "name") == 0 || strcasecmp(column, "pod") == 0 ||
           strcasecmp(column, "machine") == 0;
}

/* Told by its number: where the first line was forgotten, what stands there is
 * a secret. */
static int fault_of_column(struct reading *reading, int column, const char *why)
{
    FL_AUTO_FREE char *what = fl_format("column %d %s", column + 1, why);

    return what ? fault(reading, NULL, what) : FLEET_ENOMEM;
}

static int read_column(struct reading *reading, const char *column)
{
    const char *why = names_pods(column) ? NULL : fl_keysheet_objection(column);

    if (reading->n == reading->pod || !names_pods(column)) {
        for (int i = 0; !why && i < reading->n; i++) {
            if (strcmp(reading->keys[i], column) == 0)
                why = "is there a second time";
        }
    } else {
        why = "names the pods a second time";
    }
    if (why)
        return fault_of_column(reading, reading->n, why);
    reading->keys[reading->n] = strdup(column);
    return reading->keys[reading->n++] ? FLEET_OK : FLEET_ENOMEM;
}

static bool sheet_is_good(const struct reading *reading, size_t before)
{
    return reading->sheet->faults.n == before;
}

/* 1: the rest can be read. */
static int read_header(struct reading *reading)
{
    const struct fleet_csv_record *record = &reading->record;
    size_t before = reading->sheet->faults.n;
    int rc = FLEET_OK;

    for (int i = 0; reading->pod < 0 && i < record->n; i++)
        reading->pod = names_pods(record->field[i]) ? i : -1;
    if (reading->pod < 0 || record->n < 2)
        return fault(reading, NULL,
                     "the first line has to name the columns: "
                     "name,OPENAI_API_KEY[,...]");
    for (int i = 0; rc == 0 && sheet_is_good(reading, before) && i < record->n;
         i++)
        rc = read_column(reading, record->field[i]);
    return rc < 0 ? rc : sheet_is_good(reading, before);
}

/* ---- cells ---- */

static const char *objection_to(const char *value)
{
    size_t len = strlen(value);

    if (len > FL_KEY_VALUE_MAX)
        return "is longer than 8 KiB";
    if (!fl_utf8_valid(value, len))
        return "is not UTF-8";
    for (; *value; value++) {
        if ((unsigned char)*value < ' ' || *value == 127)
            return "has a line break or another control character in it";
    }
    return NULL;
}

static int add(struct reading *reading, const char *pod, const char *key,
               const char *value)
{
    struct fl_keysheet *sheet = reading->sheet;
    struct fl_keycell *cell;

    if (sheet->n == FL_KEYSHEET_CELLS)
        return fault(reading, NULL, "too many keys");
    if (sheet->n == sheet->size) {
        size_t size = sheet->size ? 2 * sheet->size : 64;
        struct fl_keycell *bigger =
            reallocarray(sheet->at, size, sizeof(*bigger));

        if (!bigger)
            return FLEET_ENOMEM;
        sheet->at = bigger;
        sheet->size = size;
    }
    cell = &sheet->at[sheet->n];
    *cell = (struct fl_keycell){.pod = strdup(pod),
                                .key = strdup(key),
                                .value = strdup(value),
                                .path = reading->path,
                                .line = reading->record.line};
    sheet->n++; /* also what is half there is wiped */
    return cell->pod && cell->key && cell->value ? FLEET_OK : FLEET_ENOMEM;
}

static int read_row(struct reading *reading)
{
    struct fleet_csv_record *record = &reading->record;
    const char *pod;
    int rc = FLEET_OK;

    if (record->n > reading->n)
        return fault(reading, NULL, "more fields than the first line has");
    pod = reading->pod < record->n ? record->field[reading->pod] : "";
    if (!*pod)
        return fault(reading, NULL, "no pod is named");
    for (int i = 0; rc == 0 && i < record->n; i++) {
        const char *value = record->field[i], *why;

        if (i == reading->pod || !*value)
            continue;
        why = objection_to(value);
        rc = why ? fault(reading, reading->keys[i], why)
                 : add(reading, pod, reading->keys[i], value);
    }
    return rc;
}

int fl_keysheet_read(struct fl_keysheet *sheet, const char *path, char *text,
                     struct fleet_error *err)
{
    FL_AUTO(reading_clear)
    struct reading reading = {.sheet = sheet, .path = path, .pod = -1};
    struct fleet_csv csv;
    bool headed = false;
    int rc = FLEET_OK;

    fleet_csv_init(&csv, text);
    while (rc >= 0 && fleet_csv_next(&csv, &reading.record)) {
        if (reading.record.fault) {
            rc = fault(&reading, NULL, reading.record.fault);
        } else if (headed) {
            rc = read_row(&reading);
        } else {
            rc = read_header(&reading);
            if (rc == 0)
                return FLEET_OK; /* nothing below can be judged */
            headed = true;
        }
    }
    if (rc >= 0 && !headed)
        rc = fault(&reading, NULL, "there is nothing in it");
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

/* ---- all files together ---- */

static void cell_clear(struct fl_keycell *cell)
{
    free(cell->pod);
    free(cell->key);
    if (cell->value)
        fl_wipe(cell->value, strlen(cell->value));
    free(cell->value);
    *cell = (struct fl_keycell){0};
}

static int clash(struct fl_keysheet *sheet, const struct fl_keycell *cell,
                 const struct fl_keycell *other)
{
    char *text =
        fl_format("%s:%d: %s of %s is another key in %s:%d", cell->path,
                  cell->line, cell->key, cell->pod, other->path, other->line);

    return fl_strv_take(&sheet->faults, text);
}

/* In place: cells[0..kept) stay. */
static int settle(struct fl_keysheet *sheet, struct fl_map *seen,
                  struct fl_strv *names)
{
    size_t kept = 0;
    int rc = FLEET_OK;

    for (size_t i = 0; i < sheet->n; i++) {
        struct fl_keycell cell = sheet->at[i];
        char *name = cell.pod ? fl_format("%s %s", cell.pod, cell.key) : NULL;
        size_t there = name ? (size_t)(uintptr_t)fl_map_get(seen, name) : 0;

        sheet->at[i] = (struct fl_keycell){0};
        if (!cell.pod || there || rc < 0) {
            if (there && strcmp(sheet->at[there - 1].value, cell.value) != 0)
                rc = clash(sheet, &cell, &sheet->at[there - 1]);
            cell_clear(&cell);
            free(name);
            continue;
        }
        sheet->at[kept++] = cell;
        rc = fl_strv_take(names, name);
        if (rc == 0)
            rc = fl_map_add(seen, names->at[names->n - 1],
                            (void *)(uintptr_t)kept, NULL);
    }
    sheet->n = kept;
    return rc;
}

int fl_keysheet_settle(struct fl_keysheet *sheet, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    struct fl_map seen = {0};
    int rc = settle(sheet, &seen, &names);

    fl_map_clear(&seen);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

void fl_keysheet_clear(struct fl_keysheet *sheet)
{
    for (size_t i = 0; i < sheet->n; i++)
        cell_clear(&sheet->at[i]);
    free(sheet->at);
    fl_strv_clear(&sheet->faults);
    *sheet = (struct fl_keysheet){0};
}
