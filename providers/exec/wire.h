/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef EXEC_WIRE_H
#define EXEC_WIRE_H

#include "providers/exec/child.h"
#include "providers/exec/secrets.h"

#define EXEC_LINE_MAX ((size_t)64 << 20)

/* One line there, one line back, while standard error is passed on. What cannot
 * be trusted any more is broken: the program is killed, and whoever asks again
 * is told the first reason. One thread at a time. */
struct exec_wire {
    struct exec_child child;
    const char *program, *name; /* borrowed; they outlive it */
    struct exec_secrets secrets;
    struct fleet_error broken; /* code 0: in order */
    bool sent;                 /* some of the last request has left */
    char *heard;               /* of standard error, a line not yet ended */
    size_t heard_len;
    bool cut;         /* the line was too long; the rest of it is left out */
    unsigned n_heard; /* lines since the last request */
    char last[160];   /* the last line, as it may be shown */
};
struct exec_line {
    char *text; /* the caller's to free */
    size_t len, size;
};

void exec_wire_init(struct exec_wire *wire, const char *program,
                    const char *name);
/* Starts the program. */
int exec_wire_open(struct exec_wire *wire, struct fleet_error *err);
/* REQUEST ends in a newline; the answer comes without it. CALL is for errors.
 * Keeps to the deadline of the call that this thread is in. */
int exec_wire_ask(struct exec_wire *wire, const char *call, const char *request,
                  size_t len, struct exec_line *answer,
                  struct fleet_error *err);
/* The reason is in *err. Returns its code. */
int exec_wire_break(struct exec_wire *wire, struct fleet_error *err);
/* Closes its input, gives it 5 seconds to end, then kills it. */
void exec_wire_close(struct exec_wire *wire);

#endif
