/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/reconcile.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/await.h"

#include <string.h>
#include <time.h>

#define LOOK_MS 120000

/* Everything that one open intent is judged by. */
struct clearing {
    struct fl_engine *engine;
    struct fl_fleet *fleet;
    struct fl_reconciled *result;
    const struct fl_intent *intent;
    struct fl_listing *listing;
};

static int note(struct fl_reconciled *result, char *text,
                struct fleet_error *err)
{
    if (!text || fl_strv_take(&result->notes, text) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

static int close_intent(struct clearing *c, const char *result,
                        const char *message, const struct fl_known *put,
                        const char *drop, struct fleet_error *err)
{
    return fl_journal_end(c->engine->state, c->intent->id, result,
                          put ? put->id : NULL, message, put, drop, err);
}

static void know(struct fl_known *known, const struct fl_listing *listing,
                 const struct fleet_pod *pod, const char *token)
{
    *known = (struct fl_known){
        .name = (char *)fleet_pod_get(pod, FLEET_POD_NAME),
        .provider = (char *)listing->name,
        .id = (char *)fleet_pod_get(pod, FLEET_POD_ID),
        .token = (char *)(token ? token : fleet_pod_get(pod, FLEET_POD_TOKEN)),
        .price_quoted = -1,
        .price_actual = fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1),
        .currency = (char *)fleet_pod_get(pod, FLEET_POD_CURRENCY),
        .host_key = (char *)fleet_pod_get(pod, FLEET_POD_HOST_KEY),
        .created_at = (char *)fleet_pod_get(pod, FLEET_POD_CREATED_AT),
    };
}

static struct fl_member *member_by(const struct fl_fleet *fleet,
                                   const struct fl_listing *listing, int field,
                                   const char *value)
{
    for (size_t i = 0; value && i < fleet->n_members; i++) {
        struct fl_member *member = &fleet->members[i];
        const char *has = fleet_pod_get(member->pod, field);

        if (member->listing == listing && !member->unconfirmed && has &&
            !strcmp(has, value))
            return member;
    }
    return NULL;
}

/* ---- an unfinished create ---- */

/* A pod that was made but not started by the run that died is started. */
static void start_stopped(struct clearing *c, struct fleet_pod *pod)
{
    struct fleet_error err = {0};
    int64_t deadline = fl_engine_deadline(c->engine, LOOK_MS);

    if (fl_pod_state(pod) != FLEET_STATE_STOPPED ||
        !fl_provider_can(c->listing->provider, FLEET_OP_START))
        return;
    if (fl_provider_act(c->listing->provider, deadline, FLEET_OP_START,
                        fleet_pod_get(pod, FLEET_POD_ID), &err) < 0) {
        fleet_log(FLEET_LOG_WARNING, "reconcile", "%s", err.text);
        return;
    }
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
}

static int adopt(struct clearing *c, struct fleet_pod *pod,
                 struct fleet_error *err)
{
    struct fl_known known;
    int rc;

    start_stopped(c, pod);
    know(&known, c->listing, pod, c->intent->token);
    rc = close_intent(c, "adopted", "found by its token after a run that died",
                      &known, NULL, err);
    if (rc < 0)
        return rc;
    c->result->adopted++;
    return note(c->result,
                fl_format("%s: made by an earlier run that was cut short; "
                          "adopted",
                          known.name),
                err);
}

/* Milliseconds on fl_now_ms()'s clock at which the intent was begun. */
static int64_t begun_ms(const struct fl_intent *intent)
{
    int64_t begun = fl_stamp_parse(intent->begun_at);
    int64_t ago = begun < 0 ? 0 : (int64_t)time(NULL) - begun;

    return fl_now_ms() - (ago > 0 ? ago * 1000 : 0);
}

static int look_for(struct clearing *c, struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct fl_fan_item nobody = {0}; /* steps that nobody watches */
    const char *name = c->intent->name;
    struct fleet_error look = {0};
    int rc;

    if (!pod)
        return fl_enomem(err);
    rc = fl_await_token(&nobody, c->listing->provider, c->intent->token, name,
                        begun_ms(c->intent),
                        fl_engine_deadline(c->engine, LOOK_MS), pod, &look);
    if (rc == FLEET_ENOTFOUND) {
        c->result->absent++;
        return close_intent(c, "absent", "never came to be", NULL, NULL, err);
    }
    if (rc < 0) {
        c->result->unknown++;
        if (fl_strv_add(&c->result->blocked, name) < 0)
            return fl_enomem(err);
        return note(c->result,
                    fl_format("%s: an earlier create is unclear and cannot be "
                              "looked up: %s",
                              name, look.text),
                    err);
    }
    if (!fl_pod_is_set(pod, FLEET_POD_NAME))
        fleet_pod_set(pod, FLEET_POD_NAME, name);
    rc = adopt(c, pod, err);
    if (rc < 0)
        return rc;
    return fl_fleet_add(c->fleet, &c->engine->cohort, c->listing, fl_take(pod),
                        err);
}

static int clear_create(struct clearing *c, struct fleet_error *err)
{
    struct fl_member *member =
        member_by(c->fleet, c->listing, FLEET_POD_TOKEN, c->intent->token);

    return member ? adopt(c, member->pod, err) : look_for(c, err);
}

/* ---- other unfinished changes ---- */

static int clear_terminate(struct clearing *c, struct fleet_error *err)
{
    if (!member_by(c->fleet, c->listing, FLEET_POD_ID, c->intent->pod_id)) {
        c->result->finished++;
        return close_intent(c, "ok", "gone", NULL, c->intent->name, err);
    }
    return close_intent(c, "interrupted", "the pod is still there", NULL, NULL,
                        err);
}

static int clear_rename(struct clearing *c, struct fleet_error *err)
{
    struct fl_member *member =
        member_by(c->fleet, c->listing, FLEET_POD_ID, c->intent->pod_id);
    const char *name =
        member ? fleet_pod_get(member->pod, FLEET_POD_NAME) : NULL;
    struct fl_known known;

    if (!name || !c->intent->detail || strcmp(name, c->intent->detail) != 0)
        return close_intent(c, "interrupted", "the old name stands", NULL, NULL,
                            err);
    c->result->finished++;
    know(&known, c->listing, member->pod, NULL);
    return close_intent(c, "ok", "renamed", &known, c->intent->name, err);
}

static int clear_other(struct clearing *c, struct fleet_error *err)
{
    return close_intent(c, "interrupted", "the run was cut short", NULL, NULL,
                        err);
}

static int clear_intent(struct clearing *c, struct fleet_error *err)
{
    static const struct {
        const char *op;
        int (*clear)(struct clearing *c, struct fleet_error *err);
    } table[] = {
        {"create", clear_create},
        {"terminate", clear_terminate},
        {"rename", clear_rename},
    };

    c->listing = fl_fleet_listing(c->fleet, c->intent->provider);
    if (!c->listing || !c->listing->ok) {
        c->result->unknown++; /* stays open: nobody can be asked */
        return FLEET_OK;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!strcmp(c->intent->op, table[i].op))
            return table[i].clear(c, err);
    }
    return clear_other(c, err);
}

static int clear_intents(struct fl_engine *engine, struct fl_fleet *fleet,
                         struct fl_reconciled *result, struct fleet_error *err)
{
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    struct clearing c = {.engine = engine, .fleet = fleet, .result = result};
    int rc = fl_journal_open_intents(engine->state, &open, err);

    for (size_t i = 0; rc == 0 && i < open.n; i++) {
        c.intent = &open.at[i];
        rc = clear_intent(&c, err);
    }
    return rc;
}

/* ---- what is remembered against what is there ---- */

/* A pod that is remembered but not listed: asked for by its id, because a
 * listing may lag behind. */
static int confirm(struct fl_engine *engine, struct fl_member *member,
                   struct fl_reconciled *result, bool *gone,
                   struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *fresh = fl_pod_new();
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    int rc;

    *gone = false;
    if (!fresh)
        return fl_enomem(err);
    rc = fl_provider_get(member->listing->provider,
                         fl_engine_deadline(engine, LOOK_MS),
                         fleet_pod_get(member->pod, FLEET_POD_ID), fresh, err);
    if (rc == 0 && fl_pod_state(fresh) != FLEET_STATE_GONE) {
        fl_pod_merge(member->pod, fresh);
        member->unconfirmed = false;
        return FLEET_OK;
    }
    if (rc < 0 && rc != FLEET_ENOTFOUND)
        return FLEET_OK; /* stays unconfirmed */
    *gone = true;
    rc = fl_state_drop(engine->state, name, err);
    if (rc < 0)
        return rc;
    return note(result,
                fl_format("%s is no longer at %s; it was not fleet that ended "
                          "it",
                          name, member->listing->name),
                err);
}

static int confirm_all(struct fl_engine *engine, struct fl_fleet *fleet,
                       struct fl_reconciled *result, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = fleet->n_members; rc == 0 && i-- > 0;) {
        struct fl_member *member = &fleet->members[i];
        bool gone = false;

        if (!member->unconfirmed || !member->listing->ok)
            continue;
        rc = confirm(engine, member, result, &gone, err);
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
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        struct fl_known put;
        int rc;

        if (member->unconfirmed || member->twin || is_known(known, member))
            continue;
        know(&put, member->listing, member->pod, NULL);
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
    int rc = clear_intents(engine, fleet, result, err);

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
