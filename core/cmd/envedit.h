/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_ENVEDIT_H
#define FL_CMD_ENVEDIT_H

#include "core/base/buf.h"

#include <fleet/error.h>

/* Gives KEY the value VALUE in the text of a config.env and leaves every other
 * byte as it is: the last line that sets KEY is changed (what stands before
 * the key and a comment behind the value stay); else a line "#KEY=..." is put
 * to use; else a line is added at the end. The result goes to OUT, and is
 * certain to read back as meant. HOME as in fl_envfile_parse.
 * FLEET_ECONFIG: TEXT itself does not parse; FLEET_EINVALID: VALUE cannot be
 * written. */
int fl_envedit_set(const char *path, const char *text, size_t len,
                   const char *home, const char *key, const char *value,
                   struct fl_buf *out, struct fleet_error *err);

#endif
