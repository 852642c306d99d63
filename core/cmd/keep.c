/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/keep.h"

#include "core/base/clock.h"
#include "core/base/file.h"

#define LOCK_WAIT_MS 2000

int fl_keep(struct fl_context *context, const struct fl_verdict *verdicts,
            size_t n_verdicts, const struct fl_host_key *keys, size_t n_keys,
            struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = NULL;
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    int rc;

    if (engine->lock)
        return fl_health_put(engine->state, verdicts, n_verdicts, keys, n_keys,
                             err);
    rc = fl_dir_make(engine->state_dir, err);
    if (rc == 0)
        rc = fl_lock_take(engine->state_dir, engine->cohort.prefix,
                          context->words, fl_deadline(LOCK_WAIT_MS), NULL, NULL,
                          &lock, err);
    if (rc == 0)
        rc = fl_state_open(engine->state_dir, engine->cohort.prefix,
                           FL_STATE_WRITE, &state, &news, err);
    return rc < 0
               ? rc
               : fl_health_put(state, verdicts, n_verdicts, keys, n_keys, err);
}
