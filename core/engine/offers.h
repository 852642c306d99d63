/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_OFFERS_H
#define FL_ENGINE_OFFERS_H

#include "core/engine/plan.h"

/* Asks every chosen provider at once what it has: a row for each answer, a
 * dropped row for a provider that failed or cannot create. The rows stand in
 * the order of PROVIDERS; fl_plan_order does the rest. */
int fl_offers_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                     struct fl_options_plan *plan, struct fleet_error *err);

#endif
