/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_GITURL_H
#define FL_MODEL_GITURL_H

#include "core/base/cleanup.h"

#include <fleet/error.h>

/* Where a repository lies, as git is told it: git@host:path, ssh://, https://,
 * file:// or a path on the pod. Pure. */
struct fl_giturl {
    char *text;
    char *known_as; /* as ssh keeps its host key: "host" or "[host]:port";
                       NULL: not by ssh */
    char *name;     /* the last part, without .git */
};
/* FLEET_ECONFIG: no such thing, or a secret stands in it. */
int fl_giturl_read(const char *text, struct fl_giturl *url,
                   struct fleet_error *err);
void fl_giturl_clear(struct fl_giturl *url);
FL_CLEANUP_IN_PLACE(fl_giturl_clear, struct fl_giturl);

#endif
