/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/wait.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"

#include <fleet/error.h>

int fl_wait(struct pollfd *at, size_t n, int64_t deadline)
{
    struct pollfd all[FL_WAIT_MAX + 1];
    int ready;

    if (n > FL_WAIT_MAX)
        return FLEET_EINTERNAL;
    all[0] = (struct pollfd){.fd = fl_cancel_fd(), .events = POLLIN};
    for (size_t i = 0; i < n; i++)
        all[i + 1] = at[i];
    do {
        int left = fl_left_ms(deadline);

        ready = poll(all, (nfds_t)n + 1, left);
        if (ready > 0 && all[0].revents)
            return FLEET_ECANCELLED;
        if (ready == 0 && fl_left_ms(deadline) == 0)
            return FLEET_ETIMEOUT;
    } while (ready <= 0);
    for (size_t i = 0; i < n; i++)
        at[i].revents = all[i + 1].revents;
    return FLEET_OK;
}
