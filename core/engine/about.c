/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/about.h"

#include "core/base/error.h"
#include "core/engine/fan.h"

#include <stdlib.h>
#include <string.h>

#define ABOUT_MS 60000

/* A question on its way, in a thread of its own: a plugin may hang. */
struct asking {
    struct fl_fan_item item; /* first */
    struct fl_provider *provider;
    enum fl_question question;
    int64_t deadline;
    struct fl_about answer;
};

static struct asking *asking_of(struct fl_fan_item *item)
{
    return (struct asking *)item; /* item is the first member */
}

static void ask(struct fl_fan_item *item)
{
    struct asking *asking = asking_of(item);

    fl_fan_step(item, "asking", asking->deadline);
    asking->answer.rc =
        fl_provider_ask(asking->provider, asking->question, asking->deadline,
                        &asking->answer.report, &asking->answer.error);
}

static void asked(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct fl_about *about = arg;
    struct asking *asking = asking_of(item);
    struct fl_about *into = &about[item->slot];

    if (end == FL_FAN_WEDGED) {
        into->rc = fleet_fail(&into->error, FLEET_ETIMEOUT,
                              "%s: does not come back", into->listing->name);
        return;
    }
    if (end == FL_FAN_UNRUN)
        asking->answer.rc =
            fleet_fail(&asking->answer.error, FLEET_ECANCELLED, "cancelled");
    asking->answer.listing = into->listing;
    fl_report_clear(&into->report);
    *into = asking->answer;
    free(asking);
}

static int add_question(struct fl_engine *engine, struct fl_listing *listing,
                        enum fl_question question, struct fl_about *about,
                        struct fl_fan *fan)
{
    struct asking *asking = calloc(1, sizeof(*asking));

    if (!asking)
        return FLEET_ENOMEM;
    asking->provider = listing->provider;
    asking->question = question;
    asking->deadline = fl_engine_deadline(engine, ABOUT_MS);
    fl_report_init(&asking->answer.report);
    about[fan->n].listing = listing;
    fan->items[fan->n++] = &asking->item;
    return FLEET_OK;
}

static int add_questions(struct fl_engine *engine, struct fl_fleet *fleet,
                         enum fl_question question, struct fl_about *about,
                         struct fl_fan *fan)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_listings; i++) {
        struct fl_listing *listing = &fleet->listings[i];

        if (listing->ok && fl_provider_has_answer(listing->provider, question))
            rc = add_question(engine, listing, question, about, fan);
    }
    return rc;
}

static void drop_questions(struct fl_fan *fan)
{
    for (size_t i = 0; i < fan->n; i++) {
        fl_report_clear(&asking_of(fan->items[i])->answer.report);
        free(asking_of(fan->items[i]));
    }
}

int fl_about_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                    enum fl_question question, struct fl_about **out, size_t *n,
                    struct fleet_error *err)
{
    size_t size = fleet->n_listings ? fleet->n_listings : 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(size, sizeof(*items));
    FL_AUTO_FREE struct fl_about *about = calloc(size, sizeof(*about));
    struct fl_fan fan = {.items = items,
                         .threads = (unsigned)size,
                         .work = ask,
                         .ended = asked,
                         .arg = about};
    int rc = items && about ? FLEET_OK : fl_enomem(err);

    if (rc < 0)
        return rc;
    rc = add_questions(engine, fleet, question, about, &fan);
    if (rc < 0) {
        drop_questions(&fan);
        return fl_enomem(err);
    }
    rc = fl_fan_run(&fan, err);
    if (rc < 0) {
        drop_questions(&fan);
        return rc;
    }
    *n = fan.n;
    *out = fl_take(about);
    return FLEET_OK;
}

void fl_about_free(struct fl_about *about, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fl_report_clear(&about[i].report);
    free(about);
}
