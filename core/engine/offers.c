/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/offers.h"

#include "core/base/error.h"
#include "core/engine/fan.h"

#include <stdlib.h>
#include <string.h>

#define OFFERS_MS  60000
#define OFFERS_MAX 20000

struct asking {
    struct fl_fan_item item; /* first */
    struct fl_provider *provider;
    struct fleet_spec *want;
    int64_t deadline;
    struct fleet_sink offers;
    struct fleet_error error;
    int rc;
};

struct answers {
    struct fl_listing **listings; /* by slot */
    struct asking **asked;        /* by slot; NULL: wedged or unrun */
};

static struct asking *asking_of(struct fl_fan_item *item)
{
    return (struct asking *)item; /* item is the first member */
}

static void ask(struct fl_fan_item *item)
{
    struct asking *asking = asking_of(item);

    fl_fan_step(item, "asking for offers", asking->deadline);
    asking->rc =
        fl_provider_offers(asking->provider, asking->deadline, asking->want,
                           &asking->offers, &asking->error);
}

static void asking_free(struct asking *asking)
{
    if (!asking)
        return;
    fl_sink_clear(&asking->offers);
    fl_spec_free(asking->want);
    free(asking);
}
FL_CLEANUP(asking_free, struct asking *);

static void asked(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct answers *answers = arg;

    if (end == FL_FAN_FINISHED)
        answers->asked[item->slot] = asking_of(item);
    else if (end == FL_FAN_UNRUN)
        asking_free(asking_of(item));
}

static struct fl_option_row *add_row(struct fl_options_plan *plan,
                                     struct fl_listing *listing,
                                     struct fleet_offer *offer, int code,
                                     const char *dropped)
{
    if (plan->n == plan->size) {
        size_t size = plan->size ? plan->size * 2 : 16;
        struct fl_option_row *bigger =
            reallocarray(plan->at, size, sizeof(*bigger));

        if (!bigger)
            return NULL;
        plan->at = bigger;
        plan->size = size;
    }
    plan->at[plan->n] =
        (struct fl_option_row){.listing = listing,
                               .offer = offer,
                               .code = code,
                               .dropped = dropped ? strdup(dropped) : NULL};
    if (dropped && !plan->at[plan->n].dropped)
        return NULL;
    return &plan->at[plan->n++];
}

static int add_failed(struct fl_options_plan *plan, struct fl_listing *listing,
                      const struct fleet_error *why, struct fleet_error *err)
{
    size_t len = strlen(listing->name);
    const char *text = why->text;

    /* The row names the provider already. */
    if (strncmp(text, listing->name, len) == 0 &&
        strncmp(text + len, ": ", 2) == 0)
        text += len + 2;
    return add_row(plan, listing, NULL, why->code, text) ? FLEET_OK
                                                         : fl_enomem(err);
}

static int add_answer(struct fl_options_plan *plan, struct fl_listing *listing,
                      struct asking *asking, struct fleet_error *err)
{
    struct fleet_error why = {0};

    if (!asking)
        fleet_fail(&why, FLEET_ETIMEOUT,
                   "does not come back from being asked for offers");
    else if (asking->rc < 0)
        why = asking->error;
    else if (asking->offers.n == 0)
        fleet_fail(&why, FLEET_ECAPACITY, "offers nothing that fits");
    if (why.code)
        return add_failed(plan, listing, &why, err);
    for (size_t i = 0; i < asking->offers.n; i++) {
        if (!add_row(plan, listing, asking->offers.offers[i], FLEET_OK, NULL))
            return fl_enomem(err);
        asking->offers.offers[i] = NULL;
    }
    return FLEET_OK;
}

static struct asking *asking_new(struct fl_engine *engine,
                                 struct fl_provider *provider)
{
    FL_AUTO(asking_free) struct asking *asking = calloc(1, sizeof(*asking));

    if (!asking)
        return NULL;
    asking->provider = provider;
    asking->deadline = fl_engine_deadline(engine, OFFERS_MS);
    fl_sink_init(&asking->offers, true, OFFERS_MAX);
    asking->want = fl_plan_spec(&engine->settings, NULL, NULL, NULL, NULL);
    return asking->want ? fl_take(asking) : NULL;
}

/* An item for a listing that can be asked. */
static int add_question(struct fl_engine *engine, struct fl_listing *listing,
                        struct answers *answers, struct fl_fan *fan,
                        struct fleet_error *err)
{
    struct asking *asking = asking_new(engine, listing->provider);

    if (!asking)
        return fl_enomem(err);
    answers->listings[fan->n] = listing;
    fan->items[fan->n++] = &asking->item;
    return FLEET_OK;
}

/* Rows for the listings that cannot be asked; items for those that can. */
static int prepare(struct fl_engine *engine, struct fl_fleet *fleet,
                   struct fl_options_plan *plan, struct answers *answers,
                   struct fl_fan *fan, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_listings; i++) {
        struct fl_listing *listing = &fleet->listings[i];
        struct fleet_error why = {0};

        if (!listing->chosen)
            continue;
        if (!listing->ok)
            why = listing->error;
        else if (!fl_provider_can(listing->provider, FLEET_OP_CREATE))
            fleet_fail(&why, FLEET_EUNSUPPORTED, "cannot create pods");
        if (why.code)
            rc = add_failed(plan, listing, &why, err);
        else if (fl_provider_can(listing->provider, FLEET_OP_OFFERS))
            rc = add_question(engine, listing, answers, fan, err);
        else if (!add_row(plan, listing, NULL, FLEET_OK, NULL))
            rc = fl_enomem(err);
    }
    return rc;
}

int fl_offers_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                     struct fl_options_plan *plan, struct fleet_error *err)
{
    size_t n = fleet->n_listings ? fleet->n_listings : 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    FL_AUTO_FREE struct fl_listing **listings = calloc(n, sizeof(*listings));
    FL_AUTO_FREE struct asking **done = calloc(n, sizeof(*done));
    struct answers answers = {listings, done};
    struct fl_fan fan = {.items = items,
                         .threads = (unsigned)n,
                         .work = ask,
                         .ended = asked,
                         .arg = &answers};
    int rc;

    if (!items || !listings || !done)
        return fl_enomem(err);
    rc = prepare(engine, fleet, plan, &answers, &fan, err);
    if (rc == 0)
        rc = fl_fan_run(&fan, err);
    else
        for (size_t i = 0; i < fan.n; i++)
            asking_free(asking_of(items[i]));
    for (size_t i = 0; rc == 0 && i < fan.n; i++)
        rc = add_answer(plan, listings[i], done[i], err);
    for (size_t i = 0; i < fan.n; i++)
        asking_free(done[i]);
    return rc;
}
