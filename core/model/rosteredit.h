/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_ROSTEREDIT_H
#define FL_MODEL_ROSTEREDIT_H

#include "core/base/buf.h"
#include "core/model/roster.h"

/* Changes in a roster's text that leave every other byte of it alone. TEXT is
 * the file as it was before it was parsed. */

/* Other pods for a person who stands in it. FLEET_ECONFIG: the line has no
 * place for them. */
int fl_roster_change(const char *text, const struct fl_person *person,
                     const struct fl_strv *pods, struct fl_buf *out,
                     struct fleet_error *err);
/* One more person, behind all others. FLEET_ECONFIG: there is no column for
 * something of him. */
int fl_roster_append(const char *text, const struct fl_roster *roster,
                     const struct fl_person *person, struct fl_buf *out,
                     struct fleet_error *err);

#endif
