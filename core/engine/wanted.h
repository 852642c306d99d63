/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_WANTED_H
#define FL_ENGINE_WANTED_H

#include "core/engine/fleet.h"

/* Which names to make: a pure function of the name list and of what exists. */
enum fl_want_mode { FL_WANT_TOTAL, FL_WANT_MORE, FL_WANT_NAMES };
struct fl_want {
    enum fl_want_mode mode;
    int64_t count;            /* of TOTAL and MORE */
    const char *const *names; /* of NAMES; short or full */
    size_t n_names;
};
/* The full name of what was typed, short or full; malloc'd. FLEET_EUSAGE when
 * it is no name. */
int fl_want_full(const struct fl_cohort *cohort, const char *name, char **full,
                 struct fleet_error *err);
/* What can be refused before anybody is asked: FLEET_EUSAGE when more are
 * wanted than there are names (both numbers are told), and for a bad name. */
int fl_want_check(const struct fl_cohort *cohort, const struct fl_want *want,
                  struct fleet_error *err);
/* Full names to make and names that are there, both in list order. A name that
 * is pending or terminating at a provider is taken. FLEET_EUSAGE: one given
 * twice, or more than there are names; or a bad name;
 * FLEET_ECONFLICT: one that is still terminating. */
int fl_plan_names(const struct fl_cohort *cohort, const struct fl_fleet *fleet,
                  const struct fl_want *want, struct fl_strv *create,
                  struct fl_strv *existing, struct fleet_error *err);

#endif
