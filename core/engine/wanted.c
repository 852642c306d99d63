/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/wanted.h"

#include "core/base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool there(const struct fl_fleet *fleet, const char *full)
{
    return fl_fleet_member(fleet, full) != NULL;
}

static size_t count_live(const struct fl_fleet *fleet)
{
    size_t n = 0;

    for (size_t i = 0; i < fleet->n_members; i++)
        n += fl_pod_state(fleet->members[i].pod) != FLEET_STATE_TERMINATING;
    return n;
}

static int add_existing(const struct fl_fleet *fleet, struct fl_strv *existing)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        const struct fleet_pod *pod = fleet->members[i].pod;
        const char *name = fleet_pod_get(pod, FLEET_POD_NAME);

        if (fl_pod_state(pod) != FLEET_STATE_TERMINATING)
            rc = fl_strv_add(existing, name);
    }
    return rc;
}

/* The first COUNT names of the list that no pod has. */
static int take_free(const struct fl_cohort *cohort,
                     const struct fl_fleet *fleet, int64_t count,
                     struct fl_strv *create, struct fleet_error *err)
{
    for (size_t i = 0; i < cohort->names.n && count > 0; i++) {
        char *full = fl_cohort_full(cohort, cohort->names.at[i]);

        if (!full)
            return fl_enomem(err);
        if (there(fleet, full)) {
            free(full);
            continue;
        }
        if (fl_strv_take(create, full) < 0)
            return fl_enomem(err);
        count--;
    }
    if (count == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EUSAGE,
                      "%" PRId64 " names are wanted, %zu of the %zu in "
                      "MACHINE_NAME_LIST are free: add names, or ask for fewer",
                      count + (int64_t)create->n, create->n, cohort->names.n);
}

static int plan_total(const struct fl_cohort *cohort,
                      const struct fl_fleet *fleet, int64_t count,
                      struct fl_strv *create, struct fl_strv *existing,
                      struct fleet_error *err)
{
    int64_t live = (int64_t)count_live(fleet);

    if (add_existing(fleet, existing) < 0)
        return fl_enomem(err);
    if (count <= live)
        return FLEET_OK;
    return take_free(cohort, fleet, count - live, create, err);
}

int fl_want_full(const struct fl_cohort *cohort, const char *name, char **full,
                 struct fleet_error *err)
{
    const char *short_name = fl_cohort_short(cohort, name);

    if (!short_name)
        short_name = name;
    if (fl_name_check("pod name", short_name, err) < 0)
        return err->code = FLEET_EUSAGE;
    *full = fl_cohort_full(cohort, short_name);
    if (!*full)
        return fl_enomem(err);
    if (fl_name_check("pod name", *full, err) < 0)
        return err->code = FLEET_EUSAGE;
    return FLEET_OK;
}

int fl_want_check(const struct fl_cohort *cohort, const struct fl_want *want,
                  struct fleet_error *err)
{
    int rc = FLEET_OK;

    if (want->mode != FL_WANT_NAMES && want->count > (int64_t)cohort->names.n)
        return fleet_fail(err, FLEET_EUSAGE,
                          "%" PRId64 " pods are wanted, but there are %zu "
                          "names in MACHINE_NAME_LIST: add names, or ask for "
                          "fewer",
                          want->count, cohort->names.n);
    for (size_t i = 0; rc == 0 && i < want->n_names; i++) {
        FL_AUTO_FREE char *full = NULL;

        rc = fl_want_full(cohort, want->names[i], &full, err);
    }
    return rc;
}

static int plan_name(const struct fl_cohort *cohort,
                     const struct fl_fleet *fleet, const char *name,
                     struct fl_strv *create, struct fl_strv *existing,
                     struct fleet_error *err)
{
    FL_AUTO_FREE char *full = NULL;
    const struct fl_member *member;
    int rc = fl_want_full(cohort, name, &full, err);

    if (rc < 0)
        return rc;
    if (fl_strv_has(create, full) || fl_strv_has(existing, full))
        return fleet_fail(err, FLEET_EUSAGE, "%s is named twice", full);
    member = fl_fleet_member(fleet, full);
    if (member && fl_pod_state(member->pod) == FLEET_STATE_TERMINATING)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%s is still terminating at %s: try again when it "
                          "is gone",
                          full, member->listing->name);
    rc = fl_strv_add(member ? existing : create, full);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

int fl_plan_names(const struct fl_cohort *cohort, const struct fl_fleet *fleet,
                  const struct fl_want *want, struct fl_strv *create,
                  struct fl_strv *existing, struct fleet_error *err)
{
    int rc = FLEET_OK;

    switch (want->mode) {
    case FL_WANT_TOTAL:
        return plan_total(cohort, fleet, want->count, create, existing, err);
    case FL_WANT_MORE:
        if (add_existing(fleet, existing) < 0)
            return fl_enomem(err);
        return take_free(cohort, fleet, want->count, create, err);
    case FL_WANT_NAMES:
        for (size_t i = 0; rc == 0 && i < want->n_names; i++)
            rc =
                plan_name(cohort, fleet, want->names[i], create, existing, err);
        return rc;
    }
    return fleet_fail(err, FLEET_EINTERNAL, "no such way to count pods");
}
