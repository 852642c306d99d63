/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_RECONCILE_H
#define FL_ENGINE_RECONCILE_H

#include "core/engine/fleet.h"

/* Puts right what a run that died has left: every open intent is looked up and
 * closed (adopted, absent, done), or stays open when its provider cannot be
 * asked. Pods of the cohort that the state does not know are adopted. Changing
 * commands do this after the lock and the listing, before they plan. */
struct fl_reconciled {
    size_t adopted, absent, finished, unknown;
    struct fl_strv blocked; /* full names that nothing may be made under */
    struct fl_strv notes;   /* sentences for the user */
};
int fl_reconcile(struct fl_engine *engine, struct fl_fleet *fleet,
                 struct fl_reconciled *result, struct fleet_error *err);
/* Takes TEXT (NULL: out of memory). */
int fl_reconciled_note(struct fl_reconciled *result, char *text,
                       struct fleet_error *err);
void fl_reconciled_clear(struct fl_reconciled *result);
FL_CLEANUP_IN_PLACE(fl_reconciled_clear, struct fl_reconciled);

#endif
