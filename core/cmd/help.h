/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_HELP_H
#define FL_CMD_HELP_H

#include "core/cmd/command.h"

/* Help texts, from the tables. */
int fl_help_overview(struct fl_buf *out);
int fl_help_command(const struct fl_command *command, struct fl_buf *out);

/* Pages of `fleet help TOPIC`. */
struct fl_topic {
    const char *name, *summary, *text;
};
extern const struct fl_topic fl_topics[]; /* ends at no name */
const struct fl_topic *fl_topic_find(const char *name);

/* The command nearest to NAME, or topic where TOPICS; NULL: none is near. */
const char *fl_help_closest(const char *name, bool topics);

/* `fleet --help` and `fleet VERB --help`. Returns the exit status. */
int fl_help_print(struct fl_context *context, const struct fl_command *command);

/* TEXT wrapped at 78 columns behind INDENT blanks; *column is where the line
 * stands now. */
int fl_help_wrap(struct fl_buf *out, const char *text, size_t indent,
                 size_t column);

#endif
