/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BILLED_H
#define FL_ENGINE_BILLED_H

#include "core/base/map.h"
#include "core/engine/fleet.h"

#include <time.h>

/* What pods have cost so far, as far as that can be told. */

/* Pods that fleet has stopped or started: their hours are not known. */
struct fl_pauses {
    struct fl_intent_list intents;
    struct fl_map by_id;
};
int fl_pauses_load(struct fl_state *state, struct fl_pauses *pauses,
                   struct fleet_error *err);
void fl_pauses_clear(struct fl_pauses *pauses);

/* The hours since it was made at the price it has now, in micros; an estimate.
 * -1: not known, because it does not run, was paused, or nobody says when it
 * was made or what it costs. */
int64_t fl_billed(const struct fl_pauses *pauses,
                  const struct fl_member *member, time_t now);
/* Hours that BALANCE lasts at so much an hour; -1: for ever. */
int64_t fl_runway_hours(int64_t balance, int64_t an_hour);

#endif
