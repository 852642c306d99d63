/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/keep.h"

#include "core/base/clock.h"
#include "core/base/file.h"

#define LOCK_WAIT_MS 2000

static void tell_waiting(void *arg, const char *holder)
{
    fl_say(arg, "waiting for another run on this cohort: %s", holder);
}

int fl_keep_open(struct fl_context *context, int64_t wait_ms,
                 struct fl_keeping *keeping, struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO_FREE char *news = NULL;
    int rc = fl_dir_make(engine->state_dir, err);

    if (rc == 0)
        rc = fl_lock_take(engine->state_dir, engine->cohort.prefix,
                          context->words, fl_deadline(wait_ms),
                          wait_ms > LOCK_WAIT_MS ? tell_waiting : NULL, context,
                          &keeping->lock, err);
    return rc < 0 ? rc
                  : fl_state_open(engine->state_dir, engine->cohort.prefix,
                                  FL_STATE_WRITE, &keeping->state, &news, err);
}

void fl_keep_close(struct fl_keeping *keeping)
{
    fl_state_close(keeping->state);
    fl_lock_drop(keeping->lock);
    *keeping = (struct fl_keeping){0};
}

int fl_keep(struct fl_context *context, const struct fl_verdict *verdicts,
            size_t n_verdicts, const struct fl_host_key *keys, size_t n_keys,
            struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_keep_close) struct fl_keeping keeping = {0};
    int rc;

    if (engine->lock)
        return fl_health_put(engine->state, verdicts, n_verdicts, keys, n_keys,
                             err);
    rc = fl_keep_open(context, LOCK_WAIT_MS, &keeping, err);
    return rc < 0 ? rc
                  : fl_health_put(keeping.state, verdicts, n_verdicts, keys,
                                  n_keys, err);
}
