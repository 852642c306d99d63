/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ATTEMPT_H
#define FL_ENGINE_ATTEMPT_H

#include "core/engine/fan.h"
#include "core/engine/ledger.h"
#include "core/engine/plan.h"

#include <pthread.h>

/* Making one pod: the options in order until one is accepted. What one pod
 * learns (no capacity, quota reached) spares the others the same call. */
struct fl_round {
    const struct fl_options_plan *plan;
    struct fl_ledger *ledger; /* lasts longer than a round */
    pthread_mutex_t mutex;    /* guards the rest */
    struct fleet_error *why;  /* by option: what blocks it; no code: nothing */
};
int fl_round_open(struct fl_round *round, const struct fl_options_plan *plan,
                  struct fl_ledger *ledger, struct fleet_error *err);
void fl_round_close(struct fl_round *round);

struct fl_attempt { /* an option that did not work */
    char *option;
    const char *provider; /* borrowed from the fleet */
    struct fleet_error error;
    int64_t times;   /* that it was tried with this result */
    bool given_back; /* it cost more than was agreed, or did not pass */
    bool unfit;      /* the latter */
    char *offer;     /* of what was given back: its id; may be NULL */
};
struct fl_making {
    struct fl_fan_item *item;
    struct fl_engine *engine;
    struct fl_round *round;
    const char *name; /* full */
    const char *public_key;

    struct fleet_pod *pod; /* results; set once one was accepted */
    struct fl_listing *listing;
    const struct fl_option_row *row; /* of what was made last; NULL: nothing */
    char token[33];                  /* likewise */
    int64_t price_quoted;            /* -1 unknown */
    bool given_back;                 /* what was made last */
    bool skipped; /* the option looked at last, for the fleet's cap */
    struct fl_attempt *tried;
    size_t n_tried;
};
/* Each call is journalled before and after; an unclear answer is looked up by
 * its token; what costs more than MAX_PRICE or MAX_FLEET_PRICE allow, or does
 * not say what it costs where one of them is set, is given back. An option that
 * would pass MAX_FLEET_PRICE is skipped. FLEET_EAMBIGUOUS: it may exist, the
 * intent stays open and the next run looks. */
int fl_make_pod(struct fl_making *making, struct fleet_error *err);

/* What was made is not kept, for WHY: terminated and noted as tried, so that
 * fl_make_pod may make another, on another machine where an offer is one. Only
 * of what this run has made. */
int fl_make_unfit(struct fl_making *making, const struct fleet_error *why,
                  struct fleet_error *err);

/* "lab RTX A4000 x2 community EU-RO-1 spot" */
void fl_option_text(char out[160], const struct fl_option_row *row);

#endif
