/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_VET_H
#define FL_ENGINE_VET_H

#include "core/model/record.h"

/* What a provider has answered, made safe to work with. NAME is the provider's,
 * for the log and for errors. */

/* Once the plugin's list or offers has returned: FLEET_EINTERNAL when the sink
 * was full or of the other kind, FLEET_ENOMEM. */
int fl_vet_sink(const struct fleet_sink *sink, const char *what,
                struct fleet_error *err);
/* Afterwards every pod has an id that no other one has; what was bad is unset,
 * and the state of such a pod unknown. What had to go is logged. A pod with a
 * name but without an id fails the listing (FLEET_EINTERNAL): without it, the
 * name would look free. */
int fl_vet_pods(const char *name, struct fleet_sink *sink,
                struct fleet_error *err);
/* The same for a single pod that has an id. */
void fl_vet_pod(const char *name, struct fleet_pod *pod);
/* Offers with a fault are dropped. */
void fl_vet_offers(const char *name, struct fleet_sink *sink);

#endif
