/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_VERSION_H
#define FL_CMD_VERSION_H

#include "core/cmd/command.h"

/* `fleet version` and `fleet --version`. Returns the exit status. */
int fl_version_print(struct fl_context *context);

#endif
