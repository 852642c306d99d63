/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PODKEYS_H
#define FL_ENGINE_PODKEYS_H

#include "core/engine/visit.h"
#include "core/model/keysheet.h"

/* API keys in the environment of pods: ~/.config/fleet/env there, which the
 * shells read. Values travel in the input of a shell, are kept in memory that
 * is wiped, and come back only as a sum. */
enum fl_podkeys_what {
    FL_PODKEYS_PUSH = 1,
    FL_PODKEYS_ROTATE, /* each has to be there, with another value */
    FL_PODKEYS_REMOVE,
    FL_PODKEYS_SHOW
};
struct fl_podkey {
    char *name, *value; /* value NULL: none is to be set */
    const char *word;   /* "set", "changed", "already", "removed", "absent";
                           NULL: not told */
    bool proven;        /* a shell there reads this value */
};
/* What a visit's own is. */
struct fl_podkeys {
    enum fl_podkeys_what what;
    struct fl_podkey *at;
    size_t n, size;
    bool read; /* show: the shells' files read them */
};

struct fl_podkeys_job {
    struct fl_visit_to to;
    enum fl_podkeys_what what;
    const struct fl_keysheet *sheet; /* push, rotate: settled, by full names */
    const struct fl_strv *names;     /* remove */
};
int fl_podkeys_run(const struct fl_podkeys_job *job,
                   struct fl_visit_results *results, struct fleet_error *err);

#endif
