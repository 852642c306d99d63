/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

enum { WINDOW_MS = 60000 };

bool sim_rate_take(struct sim *sim, struct sim_rate *rate)
{
    int64_t now = sim_now_ms();

    if (!sim->window_calls || now - sim->window_ms >= WINDOW_MS) {
        sim->window_ms = now;
        sim->window_calls = 0;
    }
    sim->window_calls++;
    rate->quota = sim->options.rate ? sim->options.rate : -1;
    rate->left = sim->options.rate ? sim->options.rate - sim->window_calls : -1;
    rate->reset_s = (sim->window_ms + WINDOW_MS - now + 999) / 1000;
    if (sim->options.rate && rate->left < 0) {
        rate->left = 0;
        return false;
    }
    return true;
}
