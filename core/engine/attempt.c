/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/attempt.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/await.h"
#include "core/model/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_MS        300000
#define GONE_MS          300000
#define RECEIPT_MS       30000 /* for a provider to say what a pod costs */
#define TRIES_PER_OPTION 2

int fl_round_open(struct fl_round *round, const struct fl_options_plan *plan,
                  struct fl_ledger *ledger, struct fleet_error *err)
{
    pthread_mutex_init(&round->mutex, NULL);
    round->plan = plan;
    round->ledger = ledger;
    round->why = calloc(plan->n ? plan->n : 1, sizeof(*round->why));
    return round->why ? FLEET_OK : fl_enomem(err);
}

void fl_round_close(struct fl_round *round)
{
    if (!round->plan)
        return;
    pthread_mutex_destroy(&round->mutex);
    free(round->why);
    *round = (struct fl_round){0};
}

static void block_option(struct fl_round *round, size_t i,
                         const struct fleet_error *why)
{
    pthread_mutex_lock(&round->mutex);
    round->why[i] = *why;
    pthread_mutex_unlock(&round->mutex);
}

static void block_listing(struct fl_round *round,
                          const struct fl_listing *listing,
                          const struct fleet_error *why)
{
    for (size_t i = 0; i < round->plan->n; i++) {
        if (round->plan->at[i].listing == listing)
            block_option(round, i, why);
    }
}

/* Gets what another pod was told about this option. */
static bool is_blocked(struct fl_round *round, size_t i,
                       struct fleet_error *why)
{
    bool blocked;

    pthread_mutex_lock(&round->mutex);
    blocked = round->why[i].code != FLEET_OK;
    if (blocked)
        *why = round->why[i];
    pthread_mutex_unlock(&round->mutex);
    return blocked;
}

/* What a failure means for the options that are left. */
enum verdict { STOP, NEXT_OPTION, BLOCK_OPTION, BLOCK_PROVIDER };

/* HTTP's "forbidden" to a create may be about this option alone: a kind of
 * machine that the account is not let to. */
static enum verdict judge(int code, const struct fleet_error *why)
{
    switch (code) {
    case FLEET_ECAPACITY:
        return BLOCK_OPTION;
    case FLEET_EAUTH:
        return why->detail == 403 ? BLOCK_OPTION : BLOCK_PROVIDER;
    case FLEET_EQUOTA:
    case FLEET_EUNSUPPORTED:
        return BLOCK_PROVIDER;
    case FLEET_ERATELIMITED:
    case FLEET_ETRANSIENT:
        return NEXT_OPTION;
    default:
        return STOP;
    }
}

static void put_part(char out[160], const char *text)
{
    size_t len = strlen(out);

    if (text && *text)
        snprintf(out + len, 160 - len, "%s%s", len ? " " : "", text);
}

void fl_option_text(char out[160], const struct fl_option_row *row)
{
    char gpus[32] = "";
    int64_t n;

    out[0] = '\0';
    put_part(out, row->listing->name);
    if (!row->offer)
        return;
    n = fl_offer_get_number(row->offer, FLEET_OFFER_GPUS, 0);
    if (n > 1)
        snprintf(gpus, sizeof(gpus), "x%" PRId64, n);
    put_part(out, fl_offer_get(row->offer, FLEET_OFFER_GPU));
    put_part(out, gpus);
    put_part(out, fl_offer_get(row->offer, FLEET_OFFER_TIER));
    put_part(out, fl_offer_get(row->offer, FLEET_OFFER_REGION));
    if (fl_offer_get_number(row->offer, FLEET_OFFER_SPOT, 0))
        put_part(out, "spot");
}

static struct fl_attempt *tried_so(const struct fl_making *making,
                                   const char *option,
                                   const struct fleet_error *why)
{
    for (size_t i = 0; i < making->n_tried; i++) {
        struct fl_attempt *attempt = &making->tried[i];

        if (attempt->error.code == why->code &&
            strcmp(attempt->option, option) == 0 &&
            strcmp(attempt->error.text, why->text) == 0)
            return attempt;
    }
    return NULL;
}

static int note_offer(struct fl_attempt *attempt,
                      const struct fl_option_row *row, struct fleet_error *err)
{
    const char *id =
        row->offer ? fl_offer_get(row->offer, FLEET_OFFER_ID) : NULL;

    attempt->offer = id ? strdup(id) : NULL;
    return id && !attempt->offer ? fl_enomem(err) : FLEET_OK;
}

static int note_tried(struct fl_making *making, const struct fl_option_row *row,
                      const struct fleet_error *why, struct fleet_error *err)
{
    struct fl_attempt *bigger;
    char text[160];

    fl_option_text(text, row);
    bigger = making->given_back ? NULL : tried_so(making, text, why);
    if (bigger) {
        bigger->times++;
        return FLEET_OK;
    }
    bigger = reallocarray(making->tried, making->n_tried + 1, sizeof(*bigger));
    if (!bigger)
        return fl_enomem(err);
    making->tried = bigger;
    bigger += making->n_tried;
    *bigger = (struct fl_attempt){.option = strdup(text),
                                  .provider = row->listing->name,
                                  .error = *why,
                                  .times = 1,
                                  .given_back = making->given_back};
    if (!bigger->option)
        return fl_enomem(err);
    making->n_tried++;
    return making->given_back ? note_offer(bigger, row, err) : FLEET_OK;
}

/* Could the provider have done it all the same? */
static bool unclear(int code)
{
    return code == FLEET_EAMBIGUOUS || code == FLEET_ETIMEOUT ||
           code == FLEET_EINTERNAL || code == FLEET_ENOMEM;
}

/* The call, and the look-up where its answer is unclear. *open: nobody knows
 * whether the pod exists, the intent must stay open. */
static int ask_provider(struct fl_making *making,
                        const struct fl_option_row *row, const char *token,
                        bool *open, struct fleet_error *err)
{
    struct fl_provider *provider = row->listing->provider;
    int64_t deadline = fl_engine_deadline(making->engine, CREATE_MS);
    FL_AUTO(fl_spec_free)
    struct fleet_spec *spec =
        fl_plan_spec(&making->engine->settings, row, making->name, token,
                     making->public_key);
    struct fleet_error look = {0};
    int rc;

    *open = false;
    if (!spec)
        return fl_enomem(err);
    if (fl_spec_fault(spec))
        return fleet_fail(err, FLEET_EINVALID, "%s", fl_spec_fault(spec));
    fl_fan_step(making->item, "asking the provider", deadline);
    rc = fl_provider_create(provider, deadline, spec, making->pod, err);
    if (!unclear(rc))
        return rc;
    rc = fl_await_token(
        making->item, provider, token, making->name, fl_now_ms(),
        fl_engine_deadline(making->engine, CREATE_MS), making->pod, &look);
    if (rc == 0)
        return FLEET_OK;
    if (rc == FLEET_ENOTFOUND) {
        err->code = FLEET_ETRANSIENT; /* certainly not made: may be repeated */
        return err->code;
    }
    *open = true;
    return fleet_fail(err, FLEET_EAMBIGUOUS,
                      "%s: it may exist; nothing is made under this name until "
                      "a later run finds out (%s)",
                      row->listing->name, look.text);
}

static int64_t price_of(const struct fl_making *making)
{
    return fleet_pod_get_number(making->pod, FLEET_POD_PRICE_MICROS, -1);
}

static bool is_capped(const struct fl_making *making)
{
    return making->engine->settings.max_price > 0 ||
           making->engine->settings.max_fleet_price > 0;
}

static int ask_price(struct fl_making *making, struct fl_provider *provider,
                     int64_t deadline, struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *fresh = fl_pod_new();
    int rc;

    if (!fresh)
        return fl_enomem(err);
    rc = fl_provider_get(provider, deadline,
                         fleet_pod_get(making->pod, FLEET_POD_ID), fresh, err);
    if (rc == 0)
        fl_pod_merge(making->pod, fresh);
    return rc;
}

/* What the pod really costs. The answer to a create may only repeat the quote,
 * so under a cap it is read back; a pod that does not say is asked again for a
 * while. */
static void read_receipt(struct fl_making *making,
                         const struct fl_option_row *row,
                         struct fleet_error *why)
{
    struct fl_provider *provider = row->listing->provider;
    int64_t deadline = fl_engine_deadline(making->engine, RECEIPT_MS);
    int64_t pause_ms = FL_FIRST_PAUSE_MS;
    bool capped = is_capped(making);

    if (!fl_provider_can(provider, FLEET_OP_GET) &&
        (price_of(making) >= 0 || !capped))
        return;
    if (price_of(making) >= 0 && !capped)
        return;
    fl_fan_step(making->item, "reading the price", deadline);
    do {
        ask_price(making, provider, deadline, why);
    } while (capped && price_of(making) < 0 &&
             fl_await_pause(&pause_ms, deadline));
}

/* Ends a pod that is not kept. Certainly gone when it succeeds. */
static int end_pod(struct fl_making *making, struct fl_provider *provider,
                   const char *id, struct fleet_error *err)
{
    int64_t deadline = fl_engine_deadline(making->engine, GONE_MS);
    int rc;

    fl_fan_step(making->item, "giving back", deadline);
    rc = fl_provider_act(provider, deadline, FLEET_OP_TERMINATE, id, err);
    if (rc < 0 && !unclear(rc))
        return rc;
    return fl_await_gone(making->item, provider, id,
                         fl_engine_deadline(making->engine, GONE_MS), err);
}

static int give_back(struct fl_making *making, const struct fl_option_row *row,
                     const struct fleet_error *why, struct fleet_error *err)
{
    struct fl_engine *engine = making->engine;
    const char *id = fleet_pod_get(making->pod, FLEET_POD_ID);
    struct fl_intent intent = {.op = (char *)"terminate",
                               .name = (char *)making->name,
                               .provider = (char *)row->listing->name,
                               .pod_id = (char *)id};
    struct fleet_error ending = {0};
    int64_t number = 0;
    int rc =
        fl_journal_begin(engine->state, engine->run, &intent, &number, &ending);

    if (rc == 0)
        rc = end_pod(making, row->listing->provider, id, &ending);
    if (rc < 0)
        return fleet_fail(err, rc,
                          "%.150s; to give it back failed, it may still bill, "
                          "`fleet terminate` ends it: %.200s",
                          why->text, ending.text);
    rc = fl_journal_end(engine->state, number, "ok", id, why->text, NULL,
                        making->name, err);
    if (rc < 0)
        return rc;
    fl_ledger_release(making->round->ledger, price_of(making));
    fl_pod_free(making->pod);
    making->pod = NULL;
    making->listing = NULL;
    making->row = NULL;
    making->given_back = true;
    return fleet_fail(err, FLEET_ECAPACITY, "%s: %.300s; given back",
                      row->listing->name, why->text);
}

/* FLEET_EREFUSED: it may not be kept. RESERVED counts as its price from now
 * on. */
static int judge_price(struct fl_making *making, int64_t reserved,
                       const struct fleet_error *unread,
                       struct fleet_error *why)
{
    int64_t cap = making->engine->settings.max_price;
    int64_t price = price_of(making);
    char costs[32], cap_text[32];
    int rc = fl_ledger_settle(making->round->ledger, reserved, price, why);

    if (price < 0 && is_capped(making))
        return fleet_fail(why, FLEET_EREFUSED,
                          "the provider does not tell what it costs, and %s "
                          "is set%s%.200s",
                          cap ? "MAX_PRICE" : "MAX_FLEET_PRICE",
                          unread->code ? ": " : "", unread->text);
    if (cap == 0 || price <= cap)
        return rc;
    fl_money_text(costs, price);
    fl_money_text(cap_text, cap);
    return fleet_fail(why, FLEET_EREFUSED,
                      "cost %s an hour, above MAX_PRICE %s", costs, cap_text);
}

static int begin_intent(struct fl_making *making,
                        const struct fl_option_row *row, char token[33],
                        int64_t *number, struct fleet_error *err)
{
    char option[160];
    struct fl_intent intent = {.op = (char *)"create",
                               .name = (char *)making->name,
                               .provider = (char *)row->listing->name,
                               .token = token,
                               .detail = option};
    int rc = fl_token_new(token, err);

    fl_option_text(option, row);
    if (rc == 0)
        rc = fl_journal_begin(making->engine->state, making->engine->run,
                              &intent, number, err);
    return rc;
}

/* The create between its two lines in the journal; the pod is known when it
 * succeeds. */
static int make_one(struct fl_making *making, const struct fl_option_row *row,
                    bool *open, struct fleet_error *err)
{
    struct fl_state *state = making->engine->state;
    struct fleet_error closing = {0};
    struct fl_known known;
    char *token = making->token;
    int64_t number = 0;
    int rc = begin_intent(making, row, token, &number, err);

    if (rc < 0)
        return rc;
    making->pod = fl_pod_new();
    rc = making->pod ? ask_provider(making, row, token, open, err)
                     : fl_enomem(err);
    if (rc < 0) {
        fl_pod_free(making->pod);
        making->pod = NULL;
        if (!*open && fl_journal_end(state, number, fleet_code_name(rc), NULL,
                                     err->text, NULL, NULL, &closing) < 0)
            fleet_log(FLEET_LOG_WARNING, "journal", "%s", closing.text);
        return rc;
    }
    fleet_pod_set(making->pod, FLEET_POD_NAME, making->name);
    making->listing = row->listing;
    making->row = row;
    making->price_quoted = fl_plan_price(row);
    fl_known_of(&known, row->listing->name, making->pod);
    known.token = token;
    known.price_quoted = making->price_quoted;
    return fl_journal_end(state, number, "ok", known.id, NULL, &known, NULL,
                          err);
}

/* The receipt says something else than the answer to the create. */
static int remember_price(struct fl_making *making,
                          const struct fl_option_row *row,
                          struct fleet_error *err)
{
    struct fl_known known;

    fl_known_of(&known, row->listing->name, making->pod);
    known.token = making->token;
    known.price_quoted = making->price_quoted;
    return fl_state_put(making->engine->state, &known, err);
}

/* One option, once: reserved, made, and the receipt read. */
static int try_once(struct fl_making *making, const struct fl_option_row *row,
                    struct fleet_error *err)
{
    struct fleet_error unread = {0}, why = {0};
    struct fl_ledger *ledger = making->round->ledger;
    int64_t price = fl_plan_price(row);
    int64_t deadline = fl_engine_deadline(making->engine, CREATE_MS);
    int64_t told;
    bool open = false;
    int rc;

    fl_fan_step(making->item, "waiting for what the others cost", deadline);
    rc = fl_ledger_reserve(ledger, price, deadline, err);
    making->given_back = false;
    making->skipped = rc < 0;
    if (rc < 0)
        return rc;
    rc = make_one(making, row, &open, err);
    if (rc < 0 && !making->pod && !open)
        fl_ledger_cancel(ledger, price);
    else if (rc < 0) /* it may well be there */
        fl_ledger_settle(ledger, price, price, NULL);
    if (rc < 0)
        return rc;
    told = price_of(making);
    read_receipt(making, row, &unread);
    if (judge_price(making, price, &unread, &why) < 0)
        return give_back(making, row, &why, err);
    return price_of(making) == told ? FLEET_OK
                                    : remember_price(making, row, err);
}

static int try_option(struct fl_making *making, size_t i,
                      struct fleet_error *err)
{
    const struct fl_option_row *row = &making->round->plan->at[i];
    struct fleet_error closing = {0};
    int rc = FLEET_OK;

    for (int attempt = 0; attempt < TRIES_PER_OPTION; attempt++) {
        rc = try_once(making, row, err);
        if (rc == 0 || making->pod)
            return rc;
        if (note_tried(making, row, err, &closing) < 0)
            return fl_enomem(err);
        if (rc != FLEET_ETRANSIENT || fl_cancelled())
            break;
    }
    if (judge(rc, err) == BLOCK_OPTION)
        block_option(making->round, i, err);
    else if (judge(rc, err) == BLOCK_PROVIDER)
        block_listing(making->round, row->listing, err);
    return rc;
}

/* Skips an option that another pod was refused. */
static int skip_option(struct fl_making *making, size_t i,
                       const struct fleet_error *why, struct fleet_error *err)
{
    making->given_back = false;
    return note_tried(making, &making->round->plan->at[i], why, err);
}

int fl_make_unfit(struct fl_making *making, const struct fleet_error *why,
                  struct fleet_error *err)
{
    const struct fl_option_row *row = making->row;
    struct fleet_error noting = {0};

    if (give_back(making, row, why, err) != FLEET_ECAPACITY || making->pod)
        return err->code;
    if (note_tried(making, row, why, &noting) < 0)
        return fl_enomem(err);
    making->tried[making->n_tried - 1].unfit = true;
    return FLEET_OK;
}

/* The one machine that this offer is has been found unfit. */
static bool is_unfit(const struct fl_making *making,
                     const struct fl_option_row *row)
{
    const char *id =
        row->offer ? fl_offer_get(row->offer, FLEET_OFFER_ID) : NULL;
    const char *stock =
        row->offer ? fl_offer_get(row->offer, FLEET_OFFER_STOCK) : NULL;

    if (!id || !stock || strcmp(stock, "1") != 0)
        return false;
    for (size_t i = 0; i < making->n_tried; i++) {
        const struct fl_attempt *attempt = &making->tried[i];

        if (attempt->unfit && attempt->offer &&
            strcmp(attempt->offer, id) == 0 &&
            strcmp(attempt->provider, row->listing->name) == 0)
            return true;
    }
    return false;
}

int fl_make_pod(struct fl_making *making, struct fleet_error *err)
{
    const struct fl_options_plan *plan = making->round->plan;
    int rc = fl_plan_first(plan)
                 ? fleet_fail(err, FLEET_ECAPACITY, "no other machine is left")
                 : fl_plan_fault(plan, NULL, err);

    for (size_t i = 0; i < plan->n; i++) {
        if (plan->at[i].dropped || is_unfit(making, &plan->at[i]))
            continue;
        if (is_blocked(making->round, i, err)) {
            struct fleet_error why = *err;

            rc = why.code;
            if (skip_option(making, i, &why, err) < 0)
                return err->code;
            continue;
        }
        if (fl_cancelled())
            return fleet_fail(err, FLEET_ECANCELLED, "cancelled");
        rc = try_option(making, i, err);
        if (rc == 0 || making->pod ||
            (!making->skipped && judge(rc, err) == STOP))
            return rc;
    }
    return rc;
}
