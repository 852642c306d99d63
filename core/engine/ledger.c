/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ledger.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/model/money.h"

#include <stdbool.h>

#define MOMENT_MS 100 /* a run that is cancelled wakes nobody */

void fl_ledger_open(struct fl_ledger *ledger, int64_t cap, int64_t spent)
{
    pthread_mutex_init(&ledger->mutex, NULL);
    pthread_cond_init(&ledger->less, NULL);
    ledger->pending = 0;
    ledger->cap = cap;
    ledger->spent = spent;
}

void fl_ledger_close(struct fl_ledger *ledger)
{
    pthread_cond_destroy(&ledger->less);
    pthread_mutex_destroy(&ledger->mutex);
}

static int64_t known(int64_t price)
{
    return price < 0 ? 0 : price;
}

static int above(int64_t total, int64_t cap, struct fleet_error *err)
{
    char total_text[32], cap_text[32];

    fl_money_text(total_text, total);
    fl_money_text(cap_text, cap);
    return fleet_fail(err, FLEET_EREFUSED,
                      "the fleet would cost %s an hour with it, above "
                      "MAX_FLEET_PRICE %s",
                      total_text, cap_text);
}

/* Refused now, but not if what is pending comes to nothing. */
static bool depends(const struct fl_ledger *ledger, int64_t price)
{
    return ledger->spent + price > ledger->cap && ledger->pending > 0 &&
           ledger->spent - ledger->pending + price <= ledger->cap;
}

int fl_ledger_reserve(struct fl_ledger *ledger, int64_t price, int64_t deadline,
                      struct fleet_error *err)
{
    int64_t total;
    bool fits;

    if (ledger->cap > 0 && price < 0)
        return fleet_fail(err, FLEET_EREFUSED,
                          "the price is not known and MAX_FLEET_PRICE is set");
    pthread_mutex_lock(&ledger->mutex);
    while (ledger->cap > 0 && depends(ledger, known(price)) &&
           fl_left_ms(deadline) > 0 && !fl_cancelled())
        fl_cond_wait(&ledger->less, &ledger->mutex, MOMENT_MS);
    total = ledger->spent + known(price);
    fits = ledger->cap == 0 || total <= ledger->cap;
    if (fits) {
        ledger->spent = total;
        ledger->pending += known(price);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return fits ? FLEET_OK : above(total, ledger->cap, err);
}

/* Returns what all costs then. */
static int64_t end_pending(struct fl_ledger *ledger, int64_t reserved,
                           int64_t price)
{
    int64_t total;

    pthread_mutex_lock(&ledger->mutex);
    ledger->pending -= known(reserved);
    ledger->spent += known(price) - known(reserved);
    total = ledger->spent;
    pthread_cond_broadcast(&ledger->less);
    pthread_mutex_unlock(&ledger->mutex);
    return total;
}

void fl_ledger_cancel(struct fl_ledger *ledger, int64_t reserved)
{
    end_pending(ledger, reserved, 0);
}

int fl_ledger_settle(struct fl_ledger *ledger, int64_t reserved, int64_t price,
                     struct fleet_error *err)
{
    int64_t total = end_pending(ledger, reserved, price);

    return ledger->cap == 0 || total <= ledger->cap || price <= reserved
               ? FLEET_OK
               : above(total, ledger->cap, err);
}

void fl_ledger_release(struct fl_ledger *ledger, int64_t price)
{
    pthread_mutex_lock(&ledger->mutex);
    ledger->spent -= known(price);
    pthread_cond_broadcast(&ledger->less);
    pthread_mutex_unlock(&ledger->mutex);
}
