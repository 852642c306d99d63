/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_SETTING_H
#define FL_CMD_SETTING_H

#include "core/engine/config.h"

/* The file that a setting is put into; NULL: there is none. */
const char *fl_setting_file(const struct fl_config *config);
/* Changes the one line that sets KEY and no other byte. SECRET makes the file
 * private. */
int fl_setting_write(const char *path, const char *key, const char *value,
                     bool secret, struct fleet_error *err);

#endif
