/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_NAMES_H
#define FL_MODEL_NAMES_H

#include "core/base/map.h"
#include "core/base/strv.h"

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Pod names: [a-z0-9]([a-z0-9-]*[a-z0-9])?, at most 63 bytes with the prefix.
 */
#define FL_NAME_MAX 63

bool fl_name_valid(const char *name);
/* FLEET_EINVALID names the text (escaped, cut) and the rule. WHAT: "pod name".
 */
int fl_name_check(const char *what, const char *name, struct fleet_error *err);

/* One cohort: its prefix and its short names in order. Zeroed is empty. */
struct fl_cohort {
    char *prefix;
    struct fl_strv names;
    struct fl_map index; /* of names; filled by fl_cohort_init */
};
/* names NULL or empty: the built-in list. Checks every name, the prefix, the
 * joined length, and refuses duplicates (FLEET_ECONFIG, names the entry). */
int fl_cohort_init(struct fl_cohort *cohort, const char *prefix,
                   const struct fl_strv *names, struct fleet_error *err);
void fl_cohort_clear(struct fl_cohort *cohort);
FL_CLEANUP_IN_PLACE(fl_cohort_clear, struct fl_cohort);

/* "arena-apple" of "apple"; malloc'd, NULL when out of memory. */
char *fl_cohort_full(const struct fl_cohort *cohort, const char *short_name);
/* "proxy.arena": what the machine is called that fleet makes to be the proxy.
 * No pod of any cohort can have such a name. Likewise malloc'd. */
char *fl_cohort_proxy(const struct fl_cohort *cohort);
bool fl_cohort_is_proxy(const struct fl_cohort *cohort, const char *name);
/* "apple" inside "arena-apple" when the prefix matches, else NULL. Borrowed. */
const char *fl_cohort_short(const struct fl_cohort *cohort, const char *name);
/* Position in the list; names outside it sort behind, SIZE_MAX. */
size_t fl_cohort_index(const struct fl_cohort *cohort, const char *short_name);

/* The built-in names, in order; ends at NULL. */
extern const char *const fl_builtin_names[];

/* Targets: names short or full, provider ids, ranges apple..mayor in list
 * order, globs, "all". PODS are the cohort's pods in list order. selected[i]
 * is set for each hit, cleared for the rest. No target at all means all; so
 * does "all", even when there is no pod. With ON only the pods there can be
 * hit. FLEET_ENOTFOUND names the target, or the entry of EXCLUDE, that hits
 * nothing, with "did you mean"; FLEET_EUSAGE a range that runs backwards.
 * SELECTED is untouched on failure. */
struct fl_target_pod {
    const char *name, *short_name, *id, *provider; /* id may be NULL */
};
int fl_targets_match(const char *const *targets, size_t n_targets,
                     const char *exclude, /* comma list or NULL */
                     const char *on,      /* provider or NULL */
                     const struct fl_target_pod *pods, size_t n_pods,
                     bool *selected, struct fleet_error *err);

#endif
