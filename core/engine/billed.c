/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/billed.h"

#include "core/base/clock.h"
#include "core/base/error.h"

#include <string.h>

#define HOUR_S 3600

static bool is_pause(const struct fl_intent *intent)
{
    return intent->pod_id && intent->op &&
           (strcmp(intent->op, "stop") == 0 ||
            strcmp(intent->op, "start") == 0);
}

int fl_pauses_load(struct fl_state *state, struct fl_pauses *pauses,
                   struct fleet_error *err)
{
    int rc = fl_journal_history(state, NULL, 0, &pauses->intents, err);

    for (size_t i = 0; rc == 0 && i < pauses->intents.n; i++) {
        struct fl_intent *intent = &pauses->intents.at[i];

        if (is_pause(intent) &&
            fl_map_add(&pauses->by_id, intent->pod_id, intent, NULL) < 0)
            rc = fl_enomem(err);
    }
    return rc;
}

void fl_pauses_clear(struct fl_pauses *pauses)
{
    fl_map_clear(&pauses->by_id);
    fl_intent_list_clear(&pauses->intents);
}

int64_t fl_billed(const struct fl_pauses *pauses,
                  const struct fl_member *member, time_t now)
{
    const struct fleet_pod *pod = member->pod;
    const char *made = fleet_pod_get(pod, FLEET_POD_CREATED_AT);
    const char *id = fleet_pod_get(pod, FLEET_POD_ID);
    int64_t price = fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1);
    int64_t since = made ? fl_stamp_parse(made) : -1;
    int64_t seconds = (int64_t)now - since;

    if (member->unconfirmed || fl_pod_state(pod) != FLEET_STATE_RUNNING ||
        since < 0 || seconds < 0 || price < 0 || !id ||
        fl_map_get(&pauses->by_id, id))
        return -1;
    /* By the hour first: a product of both does not always fit. */
    return price * (seconds / HOUR_S) +
           (int64_t)((double)price * (double)(seconds % HOUR_S) / HOUR_S);
}

int64_t fl_runway_hours(int64_t balance, int64_t an_hour)
{
    if (an_hour <= 0)
        return -1;
    return balance > 0 ? balance / an_hour : 0;
}
