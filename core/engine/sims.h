/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SIMS_H
#define FL_ENGINE_SIMS_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stddef.h>

/* The fake clouds of this installation: programs called fleet-sim-NAME. */
struct fl_sim {
    char *name, *path;
};
struct fl_sims {
    struct fl_sim *at; /* by name */
    size_t n, size;
};

/* Looks in the build tree when the program runs from there, else where it is
 * installed. None is fine; what others may write is left out. */
int fl_sims_look(struct fl_sims *sims, struct fleet_error *err);
void fl_sims_clear(struct fl_sims *sims);
FL_CLEANUP_IN_PLACE(fl_sims_clear, struct fl_sims);

/* FLEET_ENOTFOUND: none of that name; did you mean, and which there are. */
int fl_sims_find(const struct fl_sims *sims, const char *name,
                 const struct fl_sim **out, struct fleet_error *err);
/* What it says about itself in one line, malloc'd; NULL when it says nothing.
 */
char *fl_sim_about(const struct fl_sim *sim);

#endif
