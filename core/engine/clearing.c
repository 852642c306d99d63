/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/clearing.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/await.h"
#include "core/model/money.h"

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

static int close_intent(struct clearing *c, const char *result,
                        const char *message, const struct fl_known *put,
                        const char *drop, struct fleet_error *err)
{
    return fl_journal_end(c->engine->state, c->intent->id, result,
                          put ? put->id : NULL, message, put, drop, err);
}

static struct fl_member *member_by(const struct fl_fleet *fleet,
                                   const struct fl_listing *listing, int field,
                                   const char *value)
{
    struct fl_member *member;

    for (size_t i = 0; value && (member = fl_fleet_machine(fleet, i)); i++) {
        const char *has = fleet_pod_get(member->pod, field);

        if (member->listing == listing && !member->unconfirmed && has &&
            !strcmp(has, value))
            return member;
    }
    return NULL;
}

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

/* The run that made it did not come to read its receipt. It is there, and may
 * be in use: whoever runs fleet decides. */
static int note_price(struct clearing *c, const struct fleet_pod *pod,
                      struct fleet_error *err)
{
    int64_t price = fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1);
    int64_t cap = c->engine->settings.max_price;
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    char costs[32], most[32];

    if (cap == 0 || price <= cap)
        return FLEET_OK;
    fl_money_text(costs, price);
    fl_money_text(most, cap);
    return fl_reconciled_note(
        c->result,
        fl_format("%s: costs %s an hour, above MAX_PRICE %s, and goes on "
                  "costing that: `fleet terminate` it, or raise the cap",
                  name, costs, most),
        err);
}

static int adopt(struct clearing *c, struct fleet_pod *pod,
                 struct fleet_error *err)
{
    struct fl_known known;
    int rc;

    start_stopped(c, pod);
    fl_known_of(&known, c->listing->name, pod);
    known.token = c->intent->token;
    rc = close_intent(c, "adopted", "found by its token after a run that died",
                      &known, NULL, err);
    if (rc < 0)
        return rc;
    c->result->adopted++;
    rc = fl_reconciled_note(
        c->result,
        fl_format("%s: made by an earlier run that was cut short; "
                  "adopted",
                  known.name),
        err);
    return rc < 0 ? rc : note_price(c, pod, err);
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
        return fl_reconciled_note(
            c->result,
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
    fl_known_of(&known, c->listing->name, member->pod);
    if (member->host_key_learnt) /* that one has a place of its own */
        known.host_key = NULL;
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

int fl_clear_intents(struct fl_engine *engine, struct fl_fleet *fleet,
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
