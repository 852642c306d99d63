/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SCRIPTS_H
#define FL_ENGINE_SCRIPTS_H

#include "core/base/strv.h"

#include <fleet/error.h>

/* The user's own scripts beside the config file: checks.d, setup.d. */
#define FL_SCRIPT_SUFFIX ".sh"

/* The executable DIR/NAME.sh, without the suffix, in order; none when there is
 * no such directory. */
int fl_scripts_list(const char *dir, struct fl_strv *names,
                    struct fleet_error *err);

#endif
