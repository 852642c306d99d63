/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/board.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/cmd/screen.h"
#include "core/cmd/ticker.h"
#include "core/model/report.h"

#include <string.h>

#define BOARD_MAX   (60 * 1024)
#define SPARE_ROWS  3 /* the head, and room for what else is said */
#define DETAIL_MAX  160
#define NAME_COLUMN 24

struct fl_board {
    bool quiet, color;
    int64_t began;
    struct fl_ticker ticker; /* its mutex guards the rest */
    struct fl_board_cell *cells;
    size_t n, done;
};

/* How one cell looks; the mark tells what the colour tells. */
static const struct look {
    char mark;
    const char *color;
} waiting = {' ', "\033[2m"}, busy = {'.', ""},
  looks[] = {
      [FLEET_PASS] = {'+', "\033[32m"},
      [FLEET_SKIP] = {'+', "\033[32m"},
      [FLEET_WARN] = {'!', "\033[33m"},
      [FLEET_FAIL] = {'x', "\033[31m"},
};

static const struct look *look_of(const struct fl_board_cell *cell)
{
    if (cell->state == FL_BOARD_DONE)
        return &looks[cell->verdict];
    return cell->state == FL_BOARD_BUSY ? &busy : &waiting;
}

static void put_head(struct fl_buf *out, const struct fl_board_cell *cells,
                     size_t n, int64_t elapsed_ms)
{
    size_t counts[FLEET_FAIL + 1] = {0}, done = 0;
    char elapsed[32];

    for (size_t i = 0; i < n; i++) {
        if (cells[i].state != FL_BOARD_DONE)
            continue;
        done++;
        counts[cells[i].verdict]++;
    }
    fl_duration_text(elapsed, elapsed_ms - elapsed_ms % 1000);
    fl_buf_printf(out, "tested %zu of %zu, %s: %zu pass, %zu warn, %zu fail",
                  done, n, elapsed, counts[FLEET_PASS], counts[FLEET_WARN],
                  counts[FLEET_FAIL]);
}

static size_t width_of(const struct fl_board_cell *cells, size_t n)
{
    size_t widest = 1;

    for (size_t i = 0; i < n; i++) {
        size_t width = cells[i].name ? strlen(cells[i].name) : 0;

        if (width > widest)
            widest = width;
    }
    return widest < NAME_COLUMN ? widest : NAME_COLUMN;
}

static void put_cell(struct fl_buf *out, const struct fl_board_cell *cell,
                     size_t width, bool color)
{
    const struct look *look = look_of(cell);
    const char *name = cell->name ? cell->name : "";

    fl_buf_puts(out, color ? look->color : "");
    fl_buf_printf(out, "%c%-*.*s", look->mark, (int)width, (int)width, name);
    fl_buf_puts(out, color && *look->color ? "\033[0m" : "");
    fl_buf_putc(out, ' ');
}

int fl_board_text(struct fl_buf *out, const struct fl_board_cell *cells,
                  size_t n, int64_t elapsed_ms, size_t columns, size_t rows,
                  bool color)
{
    size_t width = width_of(cells, n);
    size_t across = columns / (width + 2) ? columns / (width + 2) : 1;
    size_t down = rows > SPARE_ROWS + 1 ? rows - SPARE_ROWS : 1;
    size_t shown = n < across * down ? n : across * down;

    put_head(out, cells, n, elapsed_ms);
    if (shown < n) /* its place is taken by how many there are beside */
        shown--;
    for (size_t i = 0; i < shown; i++) {
        if (i % across == 0)
            fl_buf_putc(out, '\n');
        put_cell(out, &cells[i], width, color);
    }
    if (shown < n)
        fl_buf_printf(out, " +%zu", n - shown);
    return out->failed;
}

static void draw(void *arg)
{
    const struct fl_board *board = arg;
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(BOARD_MAX);
    size_t columns, rows;

    fl_screen_size(&columns, &rows);
    if (fl_board_text(&text, board->cells, board->n, fl_now_ms() - board->began,
                      columns - 1, rows, board->color) == 0)
        fl_screen_board(fl_buf_text(&text));
}

struct fl_board *fl_board_open(struct fl_context *context, size_t n)
{
    struct fl_board *board = calloc(1, sizeof(*board));

    if (board)
        board->cells = calloc(n + 1, sizeof(*board->cells));
    if (!board || !board->cells) {
        free(board);
        return NULL;
    }
    board->n = n;
    board->began = fl_now_ms();
    board->quiet = context->globals.quiet;
    board->color = fl_color_on(context, STDERR_FILENO);
    fl_ticker_open(&board->ticker, context, draw, board);
    return board;
}

void fl_board_name(struct fl_board *board, size_t i, const char *name)
{
    if (!board)
        return;
    pthread_mutex_lock(&board->ticker.mutex);
    board->cells[i].name = name;
    pthread_mutex_unlock(&board->ticker.mutex);
}

void fl_board_busy(struct fl_board *board, size_t i)
{
    if (!board)
        return;
    pthread_mutex_lock(&board->ticker.mutex);
    board->cells[i].state = FL_BOARD_BUSY;
    pthread_mutex_unlock(&board->ticker.mutex);
}

static void tell_done(const struct fl_board *board,
                      const struct fl_board_cell *cell, size_t done,
                      const char *detail)
{
    char elapsed[32];

    fl_duration_text(elapsed, fl_now_ms() - board->began);
    fl_screen_linef(
        "%s: %s%s%.*s%s (%zu of %zu, %s)", cell->name,
        fl_verdict_name(cell->verdict), *detail ? ": " : "", DETAIL_MAX, detail,
        strlen(detail) > DETAIL_MAX ? "..." : "", done, board->n, elapsed);
}

void fl_board_done(struct fl_board *board, size_t i, int verdict,
                   const char *detail)
{
    size_t done;

    if (!board)
        return;
    pthread_mutex_lock(&board->ticker.mutex);
    board->cells[i].verdict = verdict;
    board->cells[i].state = FL_BOARD_DONE;
    done = ++board->done;
    pthread_mutex_unlock(&board->ticker.mutex);
    if (!board->ticker.live && !board->quiet)
        tell_done(board, &board->cells[i], done, detail);
}

void fl_board_close(struct fl_board *board)
{
    if (!board)
        return;
    fl_ticker_close(&board->ticker);
    free(board->cells);
    free(board);
}
