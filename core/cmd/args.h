/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_ARGS_H
#define FL_CMD_ARGS_H

#include "core/base/buf.h"
#include "core/model/option.h"

#include <stdbool.h>
#include <stddef.h>

/* Command lines, read with the same option tables as config files: the key
 * "lock-wait" is --lock-wait, an alias of one letter is a short flag. */

/* In fleet_option.flags: takes no value, each one adds 1, as in -vv. */
#define FL_FLAG_COUNT (1u << 16)

struct fl_flags {
    struct fl_options options;
    void *base; /* the struct that the table describes */
};

struct fl_parse {
    const struct fl_flags *sets;
    size_t n_sets;
    const char *const *words; /* to read */
    size_t n_words;
    bool to_first;     /* stop before the first word that is no flag */
    const char **rest; /* room for n_words; gets the words that are no flags */
    /* Results: */
    size_t n_rest, used;
    size_t n_before; /* of rest: before "--"; n_rest where there was none */
    bool split;      /* there was one */
};
/* --flag VALUE, --flag=VALUE, -f VALUE, -fVALUE, bundled -qy; "--" ends the
 * flags. FLEET_EUSAGE names the flag and, for an unknown one, the nearest. */
int fl_args_parse(struct fl_parse *parse, struct fleet_error *err);

/* Finds a flag by "--name" or "-n" as a user types it; false: none. */
bool fl_args_find(const struct fl_flags *sets, size_t n_sets, const char *flag,
                  struct fleet_option *out);
bool fl_flag_takes_value(const struct fleet_option *option);
/* The one-letter alias, or 0. */
char fl_flag_letter(const struct fleet_option *option);
/* What stands for the value in help: "N", "FILE", "table|json|csv"; added to
 * out. Nothing for a flag without a value. */
int fl_flag_metavar(const struct fleet_option *option, struct fl_buf *out);

/* WORDS as one line that a shell would read back. */
int fl_args_join(const char *const *words, size_t n, struct fl_buf *out);

#endif
