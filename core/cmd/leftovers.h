/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_LEFTOVERS_H
#define FL_CMD_LEFTOVERS_H

#include "core/cmd/command.h"

/* Looks at everything anew and tells what is still there. FL_EXIT_DIFFERENT
 * while anything is left or unknown. */
int fl_leftovers_tell(struct fl_context *context);

#endif
