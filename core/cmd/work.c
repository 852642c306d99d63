/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/work.h"

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/engine/reconcile.h"

#include <stdlib.h>

const char *const fl_alias_x[] = {"x", NULL};

int fl_work_open(struct fl_context *context, struct fleet_error *err)
{
    int rc;

    if (context->engine.cohort.prefix) /* open already */
        return FLEET_OK;
    rc = fl_engine_open(&context->engine, context->globals.config, err);
    fl_show_warnings(context);
    return rc;
}

int fl_work_look(struct fl_context *context, unsigned flags,
                 struct fl_fleet *fleet, struct fleet_error *err)
{
    int rc = fl_work_open(context, err);

    if (rc == 0)
        rc = fl_fleet_gather(&context->engine, flags, fleet, err);
    fl_show_warnings(context);
    return rc;
}

/* Whatever kept a provider from being listed, its answer cannot be trusted. */
static int status_of_listing(int code)
{
    int status = fl_exit_for(code);

    return status == FL_EXIT_AUTH || status == FL_EXIT_USAGE ? status
                                                             : FL_EXIT_PROVIDER;
}

int fl_work_incomplete(struct fl_context *context, const struct fl_fleet *fleet)
{
    int worst = FL_EXIT_OK;

    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];
        int status = status_of_listing(listing->error.code);

        if (listing->ok)
            continue;
        fl_report(context, &listing->error, NULL, listing->name);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static void tell_waiting(void *arg, const char *holder)
{
    fl_say(arg, "waiting for another run on this cohort: %s", holder);
}

static int put_right(struct fl_context *context, struct fl_fleet *fleet,
                     struct fleet_error *err)
{
    FL_AUTO(fl_reconciled_clear) struct fl_reconciled result = {0};
    int rc = fl_reconcile(&context->engine, fleet, &result, err);

    for (size_t i = 0; i < result.notes.n; i++)
        fl_say(context, "%s", result.notes.at[i]);
    if (rc == 0 && result.blocked.n > 0)
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "%s: nobody can say whether an earlier run made it: "
                          "nothing is changed; try again in a while",
                          result.blocked.at[0]);
    return rc;
}

int fl_work_begin(struct fl_context *context, struct fl_fleet *fleet,
                  struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    bool dry = context->globals.dry_run;
    int rc = fl_work_open(context, err);

    if (rc == 0 && !dry)
        rc = fl_engine_begin(engine, context->words,
                             context->globals.lock_wait_ms, tell_waiting,
                             context, err);
    if (rc == 0)
        rc = fl_fleet_gather(engine, 0, fleet, err);
    fl_show_warnings(context);
    if (rc == 0 && !dry)
        rc = put_right(context, fleet, err);
    return rc;
}

void fl_tally_add(struct fl_tally *tally, enum fl_outcome outcome, int status)
{
    if (outcome == FL_OUTCOME_DONE || outcome == FL_OUTCOME_ALREADY) {
        tally->good++;
        return;
    }
    if (outcome == FL_OUTCOME_CANCELLED)
        tally->cancelled++;
    else
        tally->bad++;
    if (tally->status == FL_EXIT_OK)
        tally->status = status;
}

int fl_tally_status(const struct fl_tally *tally)
{
    if (fl_cancelled())
        return fl_cancel_status();
    if (tally->bad + tally->cancelled == 0)
        return FL_EXIT_OK;
    return tally->good > 0 ? FL_EXIT_PARTIAL : tally->status;
}

int fl_work_select(struct fl_context *context, const struct fl_fleet *fleet,
                   const struct fl_narrowing *narrowing, bool default_all,
                   bool **selected, struct fleet_error *err)
{
    static const char *const all[] = {"all"};
    bool everything = context->n_args == 0 && default_all;
    size_t n = fleet->n_members ? fleet->n_members : 1;
    struct fleet_error listing;
    int rc;

    *selected = calloc(n, sizeof(**selected));
    if (!*selected)
        return fl_enomem(err);
    if (everything && fleet->n_members == 0)
        return FLEET_OK;
    rc = fl_fleet_select(fleet, everything ? all : context->args,
                         everything ? 1 : context->n_args, narrowing->exclude,
                         narrowing->on, *selected, err);
    if (rc == FLEET_ENOTFOUND && fl_fleet_check_complete(fleet, &listing) < 0)
        return fleet_fail(err, FLEET_EAMBIGUOUS, "%.200s; not listed: %.200s",
                          err->text, listing.text);
    return rc;
}
