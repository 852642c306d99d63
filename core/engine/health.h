/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_HEALTH_H
#define FL_ENGINE_HEALTH_H

#include "core/engine/state.h"

/* What the last test has said of each pod, and the host keys it has learnt. A
 * row is about the pod of that provider and id, whatever it is called by now;
 * the next pod of that name takes its place. */
struct fl_verdict {
    char *name, *provider, *pod_id;
    char *at;      /* RFC 3339 */
    char *verdict; /* "pass", "warn", "fail" */
    char *facts;   /* JSON: the checks of interface.md section 4 */
};
struct fl_verdict_list {
    struct fl_verdict *at;
    size_t n, size;
};
int fl_verdicts_load(struct fl_state *state, struct fl_verdict_list *out,
                     struct fleet_error *err);
void fl_verdict_list_clear(struct fl_verdict_list *list);
FL_CLEANUP_IN_PLACE(fl_verdict_list_clear, struct fl_verdict_list);
/* NULL when that pod was never tested. */
const struct fl_verdict *fl_verdict_of(const struct fl_verdict_list *list,
                                       const char *provider,
                                       const struct fleet_pod *pod);

struct fl_host_key {
    char *name, *provider, *pod_id;
    char *at; /* when it was learnt */
    char *key;
};
struct fl_host_key_list {
    struct fl_host_key *at;
    size_t n, size;
};
int fl_host_keys_load(struct fl_state *state, struct fl_host_key_list *out,
                      struct fleet_error *err);
void fl_host_key_list_clear(struct fl_host_key_list *list);
FL_CLEANUP_IN_PLACE(fl_host_key_list_clear, struct fl_host_key_list);
/* The next first contact learns it anew. */
int fl_host_key_forget(struct fl_state *state, const char *provider,
                       const char *pod_id, struct fleet_error *err);

/* All of them, or none, in one transaction. */
int fl_health_put(struct fl_state *state, const struct fl_verdict *verdicts,
                  size_t n_verdicts, const struct fl_host_key *keys,
                  size_t n_keys, struct fleet_error *err);

#endif
