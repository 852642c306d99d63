/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_RECORD_H
#define FL_MODEL_RECORD_H

#include "core/base/cleanup.h"

#include <fleet/record.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A record is a set of numbered fields whose types stand in a table (shape.h).
 * Pods, offers and specs are records. One thread at a time. */

/* Pods and offers are handled by pointer and have these pairs: */
struct fleet_pod *fl_pod_new(void);
struct fleet_pod *fl_pod_copy(const struct fleet_pod *pod);
void fl_pod_free(struct fleet_pod *pod);
FL_CLEANUP(fl_pod_free, struct fleet_pod *);
struct fleet_offer *fl_offer_new(void);
struct fleet_offer *fl_offer_copy(const struct fleet_offer *offer);
void fl_offer_free(struct fleet_offer *offer);
FL_CLEANUP(fl_offer_free, struct fleet_offer *);
struct fleet_spec *fl_spec_new(void);
struct fleet_spec *fl_spec_copy(const struct fleet_spec *spec);
void fl_spec_free(struct fleet_spec *spec);
FL_CLEANUP(fl_spec_free, struct fleet_spec *);
void fl_spec_set(struct fleet_spec *spec, int field, const char *value);
void fl_spec_set_number(struct fleet_spec *spec, int field, int64_t value);
const char *fl_offer_get(const struct fleet_offer *offer, int field);
int64_t fl_offer_get_number(const struct fleet_offer *offer, int field,
                            int64_t fallback);

/* The first thing a setter did not accept, "gpu: not UTF-8", or NULL. That
 * field is then unset. Setting the record right again does not clear it. "out
 * of memory" counts too, and before any other. */
const char *fl_pod_fault(const struct fleet_pod *pod);
const char *fl_offer_fault(const struct fleet_offer *offer);
const char *fl_spec_fault(const struct fleet_spec *spec);

bool fl_pod_starved(const struct fleet_pod *pod); /* of memory */
bool fl_pod_is_set(const struct fleet_pod *pod, int field);
enum fleet_state fl_pod_state(const struct fleet_pod *pod);
/* Fields that are set in FROM replace those of POD. */
void fl_pod_merge(struct fleet_pod *pod, const struct fleet_pod *from);
/* Likewise with what the provider says of the same pod now: an address that it
 * does not tell any more is none. */
void fl_pod_renew(struct fleet_pod *pod, const struct fleet_pod *fresh);

/* The sink of one listing: bounded. */
#define FL_SINK_MAX 200000
struct fleet_sink {
    struct fleet_pod **pods; /* exactly one of the two kinds is taken */
    struct fleet_offer **offers;
    size_t n, size, max;
    bool wants_offers;
    int failed; /* FLEET_OK, FLEET_ENOMEM, FLEET_EINVALID (full, wrong kind) */
};
void fl_sink_init(struct fleet_sink *sink, bool wants_offers, size_t max);
/* Frees the records and forgets the failure; kind and ceiling stay. */
void fl_sink_clear(struct fleet_sink *sink);
FL_CLEANUP_IN_PLACE(fl_sink_clear, struct fleet_sink);

#endif
