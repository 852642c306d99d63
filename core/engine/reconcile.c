/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/reconcile.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/clearing.h"

#include <string.h>

#define ASK_MS 120000

int fl_reconciled_note(struct fl_reconciled *result, char *text,
                       struct fleet_error *err)
{
    if (!text || fl_strv_take(&result->notes, text) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

/* The pod is in the cohort no longer, and fleet is not the cause. NOW: the name
 * it has at its provider, NULL when it has ended. */
static int forget(struct fl_engine *engine, const char *name, const char *now,
                  const char *provider, struct fl_reconciled *result,
                  struct fleet_error *err)
{
    int rc = fl_state_drop(engine->state, name, err);

    if (rc < 0)
        return rc;
    return fl_reconciled_note(
        result,
        now ? fl_format("%s is called %s at %s now; it was not fleet that "
                        "renamed it",
                        name, now, provider)
            : fl_format("%s is no longer at %s; it was not fleet that ended "
                        "it",
                        name, provider),
        err);
}

/* A pod that is remembered but not listed: asked for by its id, because a
 * listing may lag behind. */
static int confirm(struct fl_engine *engine, struct fl_fleet *fleet,
                   struct fl_member *member, struct fl_reconciled *result,
                   bool *gone, struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *fresh = fl_pod_new();
    FL_AUTO_FREE char *name =
        fl_format("%s", fleet_pod_get(member->pod, FLEET_POD_NAME));
    bool there;
    int rc;

    if (!fresh || !name)
        return fl_enomem(err);
    rc = fl_provider_get(member->listing->provider,
                         fl_engine_deadline(engine, ASK_MS),
                         fleet_pod_get(member->pod, FLEET_POD_ID), fresh, err);
    if (rc < 0 && rc != FLEET_ENOTFOUND)
        return FLEET_OK; /* stays unconfirmed */
    there = rc == 0 && fl_pod_state(fresh) != FLEET_STATE_GONE;
    if (there && fl_fleet_refresh(fleet, &engine->cohort, member, fresh)) {
        member->unconfirmed = false;
        return FLEET_OK;
    }
    *gone = true;
    return forget(engine, name,
                  there ? fleet_pod_get(fresh, FLEET_POD_NAME) : NULL,
                  member->listing->name, result, err);
}

static int confirm_all(struct fl_engine *engine, struct fl_fleet *fleet,
                       struct fl_reconciled *result, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = fleet->n_members + 1; rc == 0 && i-- > 0;) {
        struct fl_member *member = fl_fleet_machine(fleet, i);
        bool gone = false;

        if (!member || !member->unconfirmed || !member->listing->ok)
            continue;
        rc = confirm(engine, fleet, member, result, &gone, err);
        if (rc == 0 && gone)
            fl_fleet_remove(fleet, member);
    }
    return rc;
}

static bool is_known(const struct fl_map *known, const struct fl_member *member)
{
    const struct fl_known *is =
        fl_map_get(known, fleet_pod_get(member->pod, FLEET_POD_NAME));
    const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);

    return is && id && !strcmp(is->provider, member->listing->name) &&
           !strcmp(is->id, id);
}

/* Pods of the cohort that the state has lost or never knew. */
static int remember(struct fl_engine *engine, struct fl_fleet *fleet,
                    const struct fl_map *known, struct fleet_error *err)
{
    const struct fl_member *member;

    for (size_t i = 0; (member = fl_fleet_machine(fleet, i)); i++) {
        struct fl_known put;
        int rc;

        if (member->unconfirmed || member->twin || is_known(known, member))
            continue;
        fl_known_of(&put, member->listing->name, member->pod);
        rc = fl_state_put(engine->state, &put, err);
        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

static int remember_all(struct fl_engine *engine, struct fl_fleet *fleet,
                        struct fleet_error *err)
{
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    struct fl_map known = {0};
    int rc = fl_state_known(engine->state, &list, err);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        if (fl_map_add(&known, list.at[i].name, &list.at[i], NULL) < 0)
            rc = fl_enomem(err);
    }
    if (rc == 0)
        rc = remember(engine, fleet, &known, err);
    fl_map_clear(&known);
    return rc;
}

int fl_reconcile(struct fl_engine *engine, struct fl_fleet *fleet,
                 struct fl_reconciled *result, struct fleet_error *err)
{
    int rc = fl_clear_intents(engine, fleet, result, err);

    if (rc == 0)
        rc = fl_fleet_sort(fleet, err);
    if (rc == 0)
        rc = confirm_all(engine, fleet, result, err);
    if (rc == 0)
        rc = fl_fleet_sort(fleet, err);
    if (rc == 0)
        rc = remember_all(engine, fleet, err);
    return rc;
}

void fl_reconciled_clear(struct fl_reconciled *result)
{
    fl_strv_clear(&result->blocked);
    fl_strv_clear(&result->notes);
    memset(result, 0, sizeof(*result));
}
