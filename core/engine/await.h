/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_AWAIT_H
#define FL_ENGINE_AWAIT_H

#include "core/engine/fan.h"
#include "core/engine/provider.h"

/* Waiting for a pod, inside its own thread. ITEM carries the steps that the
 * user sees. Both end at the deadline (FLEET_ETIMEOUT) or when the run is
 * cancelled (FLEET_ECANCELLED). */

/* Sleeps, a little longer each time; false when the time is up or the run was
 * cancelled. *pause_ms begins as FL_FIRST_PAUSE_MS. */
#define FL_FIRST_PAUSE_MS 200
bool fl_await_pause(int64_t *pause_ms, int64_t deadline);

/* Until the pod has an address and an SSH server greets there. POD is brought
 * up to date as the provider tells more. */
int fl_await_ssh(struct fl_fan_item *item, struct fl_provider *provider,
                 struct fleet_pod *pod, int64_t deadline,
                 struct fleet_error *err);
/* Until the provider is certain that it has no such pod. */
int fl_await_gone(struct fl_fan_item *item, struct fl_provider *provider,
                  const char *id, int64_t deadline, struct fleet_error *err);
/* Until a create that may have happened is found by its token; keeps looking
 * for as long as the provider may need to show it, counted from begun_ms. POD
 * is filled. FLEET_ENOTFOUND: certainly absent. */
int fl_await_token(struct fl_fan_item *item, struct fl_provider *provider,
                   const char *token, const char *name, int64_t begun_ms,
                   int64_t deadline, struct fleet_pod *pod,
                   struct fleet_error *err);

#endif
