/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/copied.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/net/wait.h"

#define PAUSE_MS 1000 /* before a pod is called again */
#define VAIN_MAX 2    /* connections that have brought nothing */

static bool is_cut(int rc)
{
    return !fl_cancelled() && (rc == FLEET_ETRANSIENT || rc == FLEET_ETIMEOUT);
}

/* Until it answers again, if it does so in time. */
static int call_again(struct fl_visit *visit, int64_t idle_ms,
                      struct fleet_error *err)
{
    int64_t until = fl_deadline(idle_ms);
    int rc;

    do {
        visit->deadline = until;
        fl_visit_step(visit, "cut off, connecting again");
        rc = fl_visit_again(visit, err);
        if (!is_cut(rc) || fl_left_ms(until) == 0)
            return rc;
        fl_wait(NULL, 0, fl_deadline(PAUSE_MS));
    } while (!fl_cancelled());
    return rc;
}

int fl_copy_persist(struct fl_visit *visit, int64_t idle_ms, int64_t *moved,
                    int (*once)(void *arg, struct fleet_error *err), void *arg,
                    struct fleet_error *err)
{
    int in_vain = 0, rc;

    for (;;) {
        *moved = 0;
        visit->deadline = fl_deadline(idle_ms);
        rc = once(arg, err);
        if (!is_cut(rc))
            return rc;
        if (*moved == 0 && (rc == FLEET_ETIMEOUT || ++in_vain > VAIN_MAX))
            return rc;
        rc = call_again(visit, idle_ms, err);
        if (rc < 0)
            return rc;
    }
}
