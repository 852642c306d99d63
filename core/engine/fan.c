/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/fan.h"

#include "core/base/call.h"
#include "core/base/cancel.h"
#include "core/base/clock.h"

#define TICK_MS  100
#define GRACE_MS 3000 /* for a call to notice its own deadline */

static struct fl_fan_item *item_of(struct fl_job *job)
{
    return (struct fl_fan_item *)job; /* job is the first member */
}

static void run_item(struct fl_job *job)
{
    struct fl_fan_item *item = item_of(job);

    /* The main thread may be a moment late to stop the pool. */
    item->unrun = fl_cancelled();
    if (item->unrun)
        return;
    fl_call_watched(&item->give_up);
    item->work(item);
    fl_call_watched(NULL);
}

static void mark_unrun(struct fl_job *job)
{
    item_of(job)->unrun = true;
}

int64_t fl_fan_step(struct fl_fan_item *item, const char *what,
                    int64_t deadline)
{
    int64_t last =
        deadline > FL_FOREVER - GRACE_MS ? FL_FOREVER : deadline + GRACE_MS;
    atomic_store(&item->give_up, last);
    atomic_store(&item->step, what);
    return deadline;
}

static void tell_step(struct fl_fan *fan, struct fl_fan_item *item)
{
    const char *what = atomic_load(&item->step);

    if (what == item->told)
        return;
    item->told = what;
    if (fan->step)
        fan->step(fan->arg, item, what);
}

/* Shows new steps and counts the items that will not come back. */
static size_t look_round(struct fl_fan *fan)
{
    int64_t now = fl_now_ms();
    size_t wedged = 0;

    for (size_t i = 0; i < fan->n; i++) {
        struct fl_fan_item *item = fan->items[i];

        if (!item)
            continue;
        tell_step(fan, item);
        wedged += now > atomic_load(&item->give_up);
    }
    return wedged;
}

static void take_back(struct fl_fan *fan, struct fl_fan_item *item)
{
    fan->items[item->slot] = NULL;
    tell_step(fan, item);
    fan->ended(fan->arg, item, item->unrun ? FL_FAN_UNRUN : FL_FAN_FINISHED);
}

/* Returns how many items will never come back. */
static size_t collect(struct fl_fan *fan, struct fl_pool *pool)
{
    bool stopped = false;
    size_t wedged = 0, left = fan->n;

    while (left > wedged) {
        struct fl_job *job = fl_pool_next(pool, fl_deadline(TICK_MS), &left);

        if (job)
            take_back(fan, item_of(job));
        else
            wedged = look_round(fan);
        if (!stopped && (fl_cancelled() || wedged >= fan->threads)) {
            stopped = true;
            fl_pool_stop(pool, mark_unrun);
            if (fan->stopping && fl_cancelled() && left > wedged)
                fan->stopping(fan->arg);
        }
    }
    return left;
}

int fl_fan_run(struct fl_fan *fan, struct fleet_error *err)
{
    struct fl_pool *pool = NULL;
    size_t left;
    int rc;

    if (fan->n == 0)
        return FLEET_OK;
    rc = fl_pool_open(fan->threads, &pool, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < fan->n; i++) {
        struct fl_fan_item *item = fan->items[i];

        item->job.run = run_item;
        item->work = fan->work;
        item->slot = i;
        atomic_store(&item->give_up, FL_FOREVER);
        fl_pool_add(pool, &item->job);
    }
    left = collect(fan, pool);
    fl_pool_close(pool, fl_deadline(left > 0 ? 0 : GRACE_MS));
    for (size_t i = 0; i < fan->n; i++) {
        if (fan->items[i])
            fan->ended(fan->arg, fan->items[i], FL_FAN_WEDGED);
    }
    return FLEET_OK;
}
