/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_FLEET_H
#define FL_ENGINE_FLEET_H

#include "core/base/map.h"
#include "core/engine/engine.h"

/* What exists: each provider listed in parallel, joined with what is known.
 * Unknown is not empty: a listing that failed says so. */
struct fl_listing {
    const char *name;
    struct fl_provider *provider; /* NULL when it could not be opened */
    bool chosen;                  /* by PROVIDERS; else only looked at, because
                                     something is remembered there */
    bool ok;
    struct fleet_error error;
    bool has_balance;
    int64_t balance_micros;
    char currency[8];
    struct fleet_error balance_error; /* why it is not known; no code: nobody
                                         was asked */
};
struct fl_member {
    struct fleet_pod *pod;  /* FLEET_POD_NAME is the full name */
    const char *short_name; /* borrowed from pod */
    struct fl_listing *listing;
    size_t index;         /* in the cohort's list; SIZE_MAX outside */
    bool twin;            /* another pod has the same name */
    bool unconfirmed;     /* remembered, but not in any listing */
    bool host_key_learnt; /* by fleet, at first contact */
    int64_t price_quoted; /* -1 unknown */
};
struct fl_fleet {
    struct fl_listing *listings;
    size_t n_listings;
    struct fl_member *members; /* the cohort's, in list order; none is gone */
    size_t n_members, size_members;
    struct fl_member proxy; /* the machine that fleet made to be the proxy,
                               which is no pod; its pod NULL: none */
    bool complete;          /* every listing ok */
    struct fl_map by_name;  /* to members */
    struct fl_map order;    /* short name to its place in the list + 1 */
    struct fl_known_list known;
    struct fl_strv names; /* of the listings */
};

#define FL_GATHER_BALANCE (1u << 0) /* beside the listing; never fails it */
/* Fails only when nothing at all can be said; a listing's failure is inside. */
int fl_fleet_gather(struct fl_engine *engine, unsigned flags,
                    struct fl_fleet *fleet, struct fleet_error *err);
/* Closes the providers. */
void fl_fleet_clear(struct fl_fleet *fleet);
FL_CLEANUP_IN_PLACE(fl_fleet_clear, struct fl_fleet);

/* Takes the pod, which stands at that provider; fl_fleet_sort after the last
 * one. A pod of another cohort, or one that is gone, is freed. */
int fl_fleet_add(struct fl_fleet *fleet, const struct fl_cohort *cohort,
                 struct fl_listing *listing, struct fleet_pod *pod,
                 struct fleet_error *err);
/* Merges what its provider says now; false when it has been given a name that
 * is no pod's of the cohort. fl_fleet_sort after the last one. */
bool fl_fleet_refresh(const struct fl_fleet *fleet,
                      const struct fl_cohort *cohort, struct fl_member *member,
                      const struct fleet_pod *fresh);
void fl_fleet_remove(struct fl_fleet *fleet, struct fl_member *member);
/* List order, twins, names. Pointers to members are new after it. */
int fl_fleet_sort(struct fl_fleet *fleet, struct fleet_error *err);

/* What is to be remembered of a pod at a provider; borrows from both. */
void fl_known_of(struct fl_known *known, const char *provider,
                 const struct fleet_pod *pod);
/* Every machine that is paid for: the members, then the proxy. NULL: there is
 * no I-th. */
struct fl_member *fl_fleet_machine(const struct fl_fleet *fleet, size_t i);
/* The first of that full name, or NULL. */
struct fl_member *fl_fleet_member(const struct fl_fleet *fleet,
                                  const char *name);
struct fl_listing *fl_fleet_listing(const struct fl_fleet *fleet,
                                    const char *provider);
/* What bills now, summed by currency: pods that are not stopped, or those that
 * are and still cost money, at the price that their provider tells. LISTING
 * NULL: of all providers. */
enum fl_bills { FL_BILLS_NOT, FL_BILLS_RUNNING, FL_BILLS_STOPPED };
enum fl_bills fl_member_bills(const struct fl_member *member);
struct fl_sum {
    char currency[8];
    int64_t micros;
};
size_t fl_fleet_sums(const struct fl_fleet *fleet,
                     const struct fl_listing *listing, enum fl_bills which,
                     struct fl_sum *sums, size_t max);
/* First failed listing's error; FLEET_OK if complete. */
int fl_fleet_check_complete(const struct fl_fleet *fleet,
                            struct fleet_error *err);
/* fl_targets_match on members. */
int fl_fleet_select(const struct fl_fleet *fleet, const char *const *targets,
                    size_t n, const char *exclude, const char *on,
                    bool *selected, struct fleet_error *err);

#endif
