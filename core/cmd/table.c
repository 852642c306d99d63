/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/table.h"

#include "core/base/text.h"
#include "core/cmd/output.h"
#include "core/cmd/screen.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define TABLE_MAX   (512UL * 1024 * 1024)
#define MAX_COLUMNS 64

void fl_table_init(struct fl_table *table, size_t columns,
                   const char *const *headings, uint64_t right)
{
    *table = (struct fl_table){.columns = columns, .right = right};
    for (size_t i = 0; i < columns; i++)
        fl_table_cell(table, headings[i]);
}

void fl_table_clear(struct fl_table *table)
{
    fl_strv_clear(&table->cells);
}

/* An unset cell is kept as "": no cell that is set is empty. */
void fl_table_cell(struct fl_table *table, const char *text)
{
    if (fl_strv_add(&table->cells, text ? text : "") < 0)
        table->failed = FLEET_ENOMEM;
}

void fl_table_cellf(struct fl_table *table, const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    va_list args;

    fl_buf_init(&text, 64 * 1024);
    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    if (text.failed)
        table->failed = FLEET_ENOMEM;
    fl_table_cell(table, fl_buf_text(&text));
}

static const char *color_of(const char *cell)
{
    static const struct {
        const char *word, *color;
    } colors[] = {
        {"ok", "\033[32m"},          {"running", "\033[32m"},
        {"pass", "\033[32m"},        {"loaded", "\033[32m"},
        {"warn", "\033[33m"},        {"pending", "\033[33m"},
        {"stopping", "\033[33m"},    {"stopped", "\033[33m"},
        {"shadowed", "\033[33m"},    {"unknown", "\033[33m"},
        {"terminating", "\033[33m"}, {"fail", "\033[31m"},
        {"failed", "\033[31m"},      {"refused", "\033[31m"},
    };

    for (size_t i = 0; i < sizeof(colors) / sizeof(*colors); i++) {
        if (strcmp(cell, colors[i].word) == 0)
            return colors[i].color;
    }
    return NULL;
}

static void pad(struct fl_buf *out, size_t n)
{
    while (n--)
        fl_buf_putc(out, ' ');
}

static void add_cell(struct fl_buf *out, const char *cell, bool color)
{
    const char *start = color ? color_of(cell) : NULL;

    fl_buf_puts(out, start ? start : "");
    fl_buf_puts(out, cell);
    fl_buf_puts(out, start ? "\033[0m" : "");
}

/* Nothing follows the last cell of a line, not even blanks. */
static void add_row(const struct fl_table *table, char *const *cells,
                    const size_t *widths, bool color, struct fl_buf *out)
{
    for (size_t i = 0; i < table->columns; i++) {
        size_t width = fl_text_width(cells[i]);
        size_t blanks = widths[i] > width ? widths[i] - width : 0;
        bool right = table->right >> i & 1;

        if (i)
            pad(out, 2);
        if (right)
            pad(out, blanks);
        add_cell(out, cells[i], color);
        if (!right && i + 1 < table->columns)
            pad(out, blanks);
    }
    fl_buf_putc(out, '\n');
}

/* No cell may steer a terminal; widths are those of the escaped text. */
static int escape_cells(const struct fl_table *table, const char *unset,
                        struct fl_strv *shown)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};

    fl_buf_init(&text, TABLE_MAX);
    for (size_t i = 0; i < table->cells.n; i++) {
        const char *cell = table->cells.at[i];

        fl_buf_empty(&text);
        if (fl_text_escape(&text, *cell ? cell : unset) < 0 ||
            fl_strv_add(shown, fl_buf_text(&text)) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

int fl_table_text(const struct fl_table *table, bool color, struct fl_buf *out)
{
    FL_AUTO(fl_strv_clear) struct fl_strv shown = {0};
    size_t widths[MAX_COLUMNS] = {0};

    if (table->failed || table->columns > MAX_COLUMNS ||
        escape_cells(table, "-", &shown) < 0)
        return FLEET_ENOMEM;
    for (size_t i = 0; i < shown.n; i++) {
        size_t width = fl_text_width(shown.at[i]);

        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i + table->columns <= shown.n; i += table->columns)
        add_row(table, shown.at + i, widths, color && i, out);
    return out->failed;
}

/* -1.5 is a number, not a formula. */
static bool is_number(const char *cell)
{
    if (*cell == '-')
        cell++;
    return *cell && strspn(cell, "0123456789.") == strlen(cell);
}

static void add_csv_cell(struct fl_buf *out, const char *cell)
{
    bool formula = *cell && strchr("=+-@", *cell) && !is_number(cell);
    bool quoted = strpbrk(cell, ",\"") != NULL;

    if (quoted)
        fl_buf_putc(out, '"');
    if (formula)
        fl_buf_putc(out, '\'');
    for (; *cell; cell++) {
        if (*cell == '"')
            fl_buf_putc(out, '"');
        fl_buf_putc(out, *cell);
    }
    if (quoted)
        fl_buf_putc(out, '"');
}

/* "PRICE PER H" is price_per_h: programs read the first line, too. */
static void add_csv_heading(struct fl_buf *out, const char *heading)
{
    for (; *heading; heading++)
        fl_buf_putc(out, isalnum((unsigned char)*heading)
                             ? (char)tolower((unsigned char)*heading)
                             : '_');
}

int fl_table_csv(const struct fl_table *table, struct fl_buf *out)
{
    FL_AUTO(fl_strv_clear) struct fl_strv shown = {0};

    if (table->failed || escape_cells(table, "", &shown) < 0)
        return FLEET_ENOMEM;
    for (size_t i = 0; i < shown.n; i++) {
        if (i < table->columns)
            add_csv_heading(out, shown.at[i]);
        else
            add_csv_cell(out, shown.at[i]);
        fl_buf_putc(out, (i + 1) % table->columns ? ',' : '\n');
    }
    return out->failed;
}

void fl_table_print(struct fl_table *table, struct fl_context *context)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};
    int rc = FLEET_OK;

    fl_buf_init(&out, TABLE_MAX);
    if (context->format == FL_FORMAT_TABLE)
        rc = fl_table_text(table, fl_color_on(context, STDOUT_FILENO), &out);
    else if (context->format == FL_FORMAT_CSV)
        rc = fl_table_csv(table, &out);
    if (rc < 0)
        context->output_error = ENOMEM;
    fl_print_n(context, fl_buf_text(&out), out.len);
}
