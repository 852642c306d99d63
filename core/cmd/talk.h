/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_TALK_H
#define FL_CMD_TALK_H

#include "core/cmd/command.h"
#include "core/cmd/progress.h"

/* Whether to ask, and asking: on standard error, when that and standard input
 * are terminals, so that a script is never left hanging. */
bool fl_can_ask(void);

/* Shows nothing itself: the caller has told what will happen. FLEET_OK: go on.
 * FLEET_EREFUSED: no terminal and no --yes, or the answer was not yes.
 * FLEET_ECANCELLED: Ctrl-C at the prompt. QUESTION: "Create 20 pods?" */
int fl_confirm(struct fl_context *context, const char *question,
               struct fleet_error *err);
/* For changes that can be undone: a person at a terminal is not asked, a script
 * has to say --yes. DEED: "lock". */
int fl_consent(struct fl_context *context, const char *deed,
               struct fleet_error *err);
/* For destroying: the answer must be EXPECTED (a name or a number). */
int fl_confirm_word(struct fl_context *context, const char *question,
                    const char *expected, struct fleet_error *err);
/* One line from the terminal; FALLBACK (may be NULL) when it is empty.
 * malloc'd; NULL at end of input, on Ctrl-C and when out of memory. */
char *fl_ask(const char *question, const char *fallback);
/* The same, not shown while it is typed. */
char *fl_ask_secret(const char *question);

#endif
