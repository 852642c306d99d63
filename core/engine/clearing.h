/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CLEARING_H
#define FL_ENGINE_CLEARING_H

#include "core/engine/reconcile.h"

/* Every open intent of a run that died, looked up and closed; one whose
 * provider cannot be asked stays open. Adopted pods join the fleet, unsorted.
 */
int fl_clear_intents(struct fl_engine *engine, struct fl_fleet *fleet,
                     struct fl_reconciled *result, struct fleet_error *err);

#endif
