/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LEDGER_H
#define FL_ENGINE_LEDGER_H

#include <fleet/error.h>
#include <pthread.h>
#include <stdint.h>

/* What the fleet costs an hour while pods are being made, so that the cap holds
 * whichever options they fall back to: a price is reserved before the create,
 * and put right by the receipt. Any thread. */
struct fl_ledger {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t less;   /* is pending */
    int64_t cap;           /* micros; 0: none */
    int64_t spent;         /* with what is pending */
    int64_t pending;       /* reserved, and not yet made */
};
void fl_ledger_open(struct fl_ledger *ledger, int64_t cap, int64_t spent);
void fl_ledger_close(struct fl_ledger *ledger);

/* FLEET_EREFUSED, and nothing reserved, where this would pass the cap. PRICE
 * below 0 is not known: refused under a cap, else free. Where it depends on
 * what becomes of others, waits for them, at most until the deadline. Each one
 * that is reserved is ended by one of the next two. */
int fl_ledger_reserve(struct fl_ledger *ledger, int64_t price, int64_t deadline,
                      struct fleet_error *err);
/* It was not made. */
void fl_ledger_cancel(struct fl_ledger *ledger, int64_t reserved);
/* It was made, or may have been, and costs PRICE. FLEET_EREFUSED when that is
 * more than was reserved and takes all above the cap. */
int fl_ledger_settle(struct fl_ledger *ledger, int64_t reserved, int64_t price,
                     struct fleet_error *err);
/* What was settled at this price is gone again. */
void fl_ledger_release(struct fl_ledger *ledger, int64_t price);

#endif
