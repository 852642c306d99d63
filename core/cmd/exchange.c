/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/exchange.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/wanted.h"

#include <stdlib.h>
#include <unistd.h>

int fl_exchange_open(struct fl_context *context, struct fl_fleet *fleet,
                     const char *given, struct fl_exchange *exchange,
                     struct fleet_error *err)
{
    const struct fl_engine *engine = &context->engine;
    int rc = fl_want_full(&engine->cohort, given, &exchange->name, err);

    exchange->context = context;
    exchange->fleet = fleet;
    if (rc < 0)
        return rc;
    exchange->next = fl_format("%s-next", exchange->name);
    exchange->old = fl_format("%s-old", exchange->name);
    exchange->dir =
        fl_format("%s/handover/%s", engine->state_dir, exchange->name);
    exchange->marker =
        exchange->dir ? fl_format("%s/exchange", exchange->dir) : NULL;
    return exchange->next && exchange->old && exchange->marker ? FLEET_OK
                                                               : fl_enomem(err);
}

void fl_exchange_close(struct fl_exchange *exchange)
{
    free(exchange->name);
    free(exchange->next);
    free(exchange->old);
    free(exchange->dir);
    free(exchange->marker);
    *exchange = (struct fl_exchange){0};
}

const struct fl_member *fl_exchange_find(const struct fl_exchange *exchange,
                                         const char *name)
{
    return fl_fleet_member(exchange->fleet, name);
}

int fl_exchange_look(struct fl_exchange *exchange, struct fleet_error *err)
{
    int rc;

    fl_fleet_clear(exchange->fleet);
    rc = fl_fleet_gather(&exchange->context->engine, 0, exchange->fleet, err);
    return rc < 0 ? rc : fl_fleet_check_complete(exchange->fleet, err);
}

int fl_exchange_change(struct fl_exchange *exchange, enum fl_change what,
                       const char *name, const char *new_name,
                       struct fleet_error *err)
{
    struct fl_fleet *fleet = exchange->fleet;
    FL_AUTO_FREE bool *selected =
        calloc(fleet->n_members + 1, sizeof(*selected));
    FL_AUTO(fl_change_results_clear) struct fl_change_results results = {0};
    struct fl_change_job job = {.engine = &exchange->context->engine,
                                .fleet = fleet,
                                .change = what,
                                .selected = selected,
                                .new_name = new_name};
    const struct fl_member *member = fl_exchange_find(exchange, name);
    int rc;

    if (!selected)
        return fl_enomem(err);
    if (!member)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s is not there any more",
                          name);
    selected[member - fleet->members] = true;
    rc = fl_change_check(member, what, err);
    if (rc == 0)
        rc = fl_change_run(&job, &results, err);
    if (rc == 0 && results.at[0].outcome != FL_OUTCOME_DONE &&
        results.at[0].outcome != FL_OUTCOME_ALREADY) {
        *err = results.at[0].error;
        rc = err->code;
    }
    return rc < 0 ? fl_error_in(err, "%s %s", fl_change_name(what), name) : rc;
}

/* A rename is seen in the next listing. */
static int rename_pod(struct fl_exchange *exchange, const char *name,
                      const char *new_name, struct fleet_error *err)
{
    int rc =
        fl_exchange_change(exchange, FL_CHANGE_RENAME, name, new_name, err);

    return rc < 0 ? rc : fl_exchange_look(exchange, err);
}

static bool is_there(const struct fl_exchange *exchange, const char *name)
{
    return fl_exchange_find(exchange, name) != NULL;
}

int fl_exchange_swap(struct fl_exchange *exchange, struct fleet_error *err)
{
    int rc = fl_file_write(exchange->marker, "", 0, 0600, err);

    if (rc == 0 && is_there(exchange, exchange->next) &&
        is_there(exchange, exchange->name))
        rc = rename_pod(exchange, exchange->name, exchange->old, err);
    if (rc == 0 && !is_there(exchange, exchange->name))
        rc = rename_pod(exchange, exchange->next, exchange->name, err);
    return rc;
}

/* Both have their names already: whatever failed, that has not. */
static bool is_swapped(const struct fl_exchange *exchange)
{
    return is_there(exchange, exchange->old) &&
           is_there(exchange, exchange->name) &&
           !is_there(exchange, exchange->next);
}

void fl_exchange_undo(struct fl_exchange *exchange)
{
    struct fl_context *context = exchange->context;
    struct fleet_error err = {0};
    int rc = fl_exchange_look(exchange, &err);

    if (rc == 0 && is_swapped(exchange)) {
        fl_say(context, "%s is exchanged already: run it again for the rest",
               exchange->name);
        return;
    }
    if (rc == 0 && is_there(exchange, exchange->old))
        rc = rename_pod(exchange, exchange->old, exchange->name, &err);
    if (rc == 0 && is_there(exchange, exchange->next))
        rc = fl_exchange_change(exchange, FL_CHANGE_TERMINATE, exchange->next,
                                NULL, &err);
    if (rc == 0) {
        unlink(exchange->marker);
        fl_say(context, "%s is as it was, and the new pod is gone",
               exchange->name);
    } else {
        fl_say(context,
               "fleet: warning: not all could be undone: %s; run it again, or "
               "see `fleet list`",
               err.text);
    }
}

bool fl_exchange_unfinished(const struct fl_exchange *exchange)
{
    bool old = is_there(exchange, exchange->old);
    bool next = is_there(exchange, exchange->next);
    bool name = is_there(exchange, exchange->name);

    return access(exchange->marker, F_OK) == 0 && (name || next) &&
           !(name && next && !old);
}
