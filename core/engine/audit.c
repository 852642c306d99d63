/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/audit.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/about.h"
#include "core/model/money.h"

#include <stdlib.h>
#include <string.h>

int fl_audit_add(struct fl_audit *audit, const char *kind, const char *where,
                 char *what, char *remedy, bool bills, bool unknown)
{
    struct fl_leftover *more =
        reallocarray(audit->at, audit->n + 1, sizeof(*more));
    struct fl_leftover *at;

    if (more)
        audit->at = more;
    if (!more || !what) {
        free(what);
        free(remedy);
        return FLEET_ENOMEM;
    }
    at = &more[audit->n++];
    *at = (struct fl_leftover){.kind = kind,
                               .where = strdup(where),
                               .what = what,
                               .remedy = remedy,
                               .bills = bills,
                               .unknown = unknown};
    return at->where ? FLEET_OK : FLEET_ENOMEM;
}

void fl_audit_clear(struct fl_audit *audit)
{
    for (size_t i = 0; i < audit->n; i++) {
        free(audit->at[i].where);
        free(audit->at[i].what);
        free(audit->at[i].remedy);
    }
    free(audit->at);
    *audit = (struct fl_audit){0};
}

static int add_pod(struct fl_audit *audit, const struct fl_member *member,
                   const char *remedy)
{
    int64_t price =
        fleet_pod_get_number(member->pod, FLEET_POD_PRICE_MICROS, -1);
    const char *currency = fleet_pod_get(member->pod, FLEET_POD_CURRENCY);
    const char *state = member->unconfirmed
                            ? "not listed at present"
                            : fleet_state_name(fl_pod_state(member->pod));
    char text[32] = "an unknown sum";

    if (price >= 0)
        fl_money_text(text, price);
    return fl_audit_add(audit, "pod", member->listing->name,
                        fl_format("%s, %s, %s %s an hour",
                                  fleet_pod_get(member->pod, FLEET_POD_NAME),
                                  state, text,
                                  price >= 0 && currency ? currency : ""),
                        strdup(remedy), fl_member_bills(member) != FL_BILLS_NOT,
                        member->unconfirmed);
}

static int add_pods(const struct fl_fleet *fleet, struct fl_audit *audit)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        FL_AUTO_FREE char *remedy =
            fl_format("fleet terminate %s", fleet->members[i].short_name);

        rc = remedy ? add_pod(audit, &fleet->members[i], remedy) : FLEET_ENOMEM;
    }
    if (rc == 0 && fleet->proxy.pod)
        rc = add_pod(audit, &fleet->proxy, "fleet proxy remove");
    return rc;
}

static int add_listings(const struct fl_fleet *fleet, struct fl_audit *audit)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];

        if (!listing->ok)
            rc = fl_audit_add(audit, "provider", listing->name,
                              fl_format("cannot be listed, so nobody can say "
                                        "what is there: %s",
                                        listing->error.text),
                              NULL, false, true);
    }
    return rc;
}

static int add_intents(struct fl_engine *engine, struct fl_audit *audit,
                       struct fleet_error *err)
{
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    int rc = FLEET_OK;

    if (!engine->state)
        rc = fl_engine_state(engine, FL_STATE_READ, err);
    if (rc == FLEET_ENOTFOUND || (rc == 0 && !engine->state))
        return FLEET_OK; /* nothing was ever made */
    if (rc == 0)
        rc = fl_journal_open_intents(engine->state, &open, err);
    for (size_t i = 0; rc == 0 && i < open.n; i++) {
        const struct fl_intent *intent = &open.at[i];

        rc = fl_audit_add(audit, "call", intent->provider,
                          fl_format("%s of %s, begun at %s: nobody knows how "
                                    "it ended",
                                    intent->op, intent->name, intent->begun_at),
                          strdup("the next command that changes something "
                                 "finds out"),
                          false, true);
        if (rc < 0)
            fl_enomem(err);
    }
    return rc;
}

static int add_others(struct fl_engine *engine, struct fl_fleet *fleet,
                      struct fl_audit *audit, struct fleet_error *err)
{
    struct fl_about *answers = NULL;
    size_t n = 0;
    int rc =
        fl_about_gather(engine, fleet, FL_ASK_LEFTOVERS, &answers, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct fl_about *answer = &answers[i];

        if (answer->rc < 0)
            rc = fl_audit_add(audit, "other", answer->listing->name,
                              fl_format("what else bills there cannot be found "
                                        "out: %s",
                                        answer->error.text),
                              NULL, false, true);
        else if (answer->report.verdict >= FLEET_WARN)
            rc = fl_audit_add(audit, "other", answer->listing->name,
                              strdup(fl_buf_text(&answer->report.detail)), NULL,
                              answer->report.verdict == FLEET_FAIL, false);
        if (rc < 0)
            fl_enomem(err);
    }
    fl_about_free(answers, n);
    return rc;
}

int fl_audit_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                    struct fl_audit *audit, struct fleet_error *err)
{
    int rc = add_pods(fleet, audit);

    if (rc == 0)
        rc = add_listings(fleet, audit);
    if (rc < 0)
        return fl_enomem(err);
    rc = add_intents(engine, audit, err);
    return rc < 0 ? rc : add_others(engine, fleet, audit, err);
}
