/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_STANDING_H
#define FL_ENGINE_STANDING_H

#include "core/engine/state.h"

/* What is remembered of participants, whatever the roster says. */

/* Somebody who was shut out at least once. */
struct fl_standing {
    char *id;
    int64_t generation; /* of what his certificates are good for, from 1 on */
    char *revoked_at;   /* RFC 3339; NULL: he was let in again */
    char *pods;         /* that let him in until then, with blanks between */
};
struct fl_standing_list {
    struct fl_standing *at;
    size_t n, size;
};
int fl_standings_load(struct fl_state *state, struct fl_standing_list *out,
                      struct fleet_error *err);
const struct fl_standing *fl_standing_of(const struct fl_standing_list *list,
                                         const char *id);
int fl_standing_put(struct fl_state *state, const struct fl_standing *standing,
                    struct fleet_error *err);
void fl_standing_list_clear(struct fl_standing_list *list);
FL_CLEANUP_IN_PLACE(fl_standing_list_clear, struct fl_standing_list);

/* Whom a pod lets in, as it was when fleet last had a look. The row is of the
 * pod of that provider and id; the next one of that name takes its place. */
struct fl_access {
    char *name, *provider, *pod_id;
    char *at;     /* RFC 3339 */
    char *people; /* principals, sorted, with blanks between */
};
struct fl_access_list {
    struct fl_access *at;
    size_t n, size;
};
int fl_accesses_load(struct fl_state *state, struct fl_access_list *out,
                     struct fleet_error *err);
const struct fl_access *fl_access_of(const struct fl_access_list *list,
                                     const char *provider, const char *pod_id);
/* All of them, or none. */
int fl_accesses_put(struct fl_state *state, const struct fl_access *accesses,
                    size_t n, struct fleet_error *err);
void fl_access_list_clear(struct fl_access_list *list);
FL_CLEANUP_IN_PLACE(fl_access_list_clear, struct fl_access_list);

#endif
