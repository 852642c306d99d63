/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_CRONTAB_H
#define FL_MODEL_CRONTAB_H

#include "core/base/buf.h"
#include "core/base/strv.h"

/* The text of a crontab. Lines that end in MARKER are ours, all others stay to
 * the byte. Pure. */
int fl_crontab_find(const char *text, const char *marker, struct fl_strv *out);
/* Into OUT: LINE in the place of the first of ours, or at the end; NULL: none.
 * *n (may be NULL) is how many there were. FLEET_OK or FLEET_ENOMEM. */
int fl_crontab_edit(const char *text, const char *marker, const char *line,
                    struct fl_buf *out, size_t *n);
/* A word for the shell of a line: quoted, with % as cron wants it. */
int fl_crontab_quote(struct fl_buf *out, const char *word);

#endif
