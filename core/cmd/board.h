/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_BOARD_H
#define FL_CMD_BOARD_H

#include "core/cmd/command.h"

/* Many pods under test, as it goes: on a terminal a board with the name of each
 * that turns green, yellow or red; elsewhere a line for each that is done;
 * nothing under -q. */
struct fl_board;
/* NULL when out of memory, which the others accept. */
struct fl_board *fl_board_open(struct fl_context *context, size_t n);
/* Names are borrowed until it is closed. */
void fl_board_name(struct fl_board *board, size_t i, const char *name);
void fl_board_busy(struct fl_board *board, size_t i);
/* verdict: of fleet/check.h; detail for the line; may be "". */
void fl_board_done(struct fl_board *board, size_t i, int verdict,
                   const char *detail);
void fl_board_close(struct fl_board *board);
FL_CLEANUP(fl_board_close, struct fl_board *);

/* The board for a screen of that size. */
enum fl_board_state { FL_BOARD_WAITING, FL_BOARD_BUSY, FL_BOARD_DONE };
struct fl_board_cell {
    const char *name;
    enum fl_board_state state;
    int verdict; /* of one that is done */
};
int fl_board_text(struct fl_buf *out, const struct fl_board_cell *cells,
                  size_t n, int64_t elapsed_ms, size_t columns, size_t rows,
                  bool color);

#endif
