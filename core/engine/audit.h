/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_AUDIT_H
#define FL_ENGINE_AUDIT_H

#include "core/engine/fleet.h"

/* What is still there at the end of a course, and what nobody can say. */
struct fl_leftover {
    const char *kind; /* "pod", "create", "provider", "other", "forward", ... */
    char *where;      /* provider, host or file */
    char *what;
    char *remedy; /* a command, or a sentence; may be NULL */
    bool bills;
    bool unknown; /* it could not be found out */
};
struct fl_audit {
    struct fl_leftover *at;
    size_t n;
};
/* Takes what and remedy. FLEET_ENOMEM also where what is NULL. */
int fl_audit_add(struct fl_audit *audit, const char *kind, const char *where,
                 char *what, char *remedy, bool bills, bool unknown);
/* Pods in any state, the proxy's machine, creates that nobody knows the end of,
 * providers that cannot be listed, and what else bills there. */
int fl_audit_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                    struct fl_audit *audit, struct fleet_error *err);
void fl_audit_clear(struct fl_audit *audit);
FL_CLEANUP_IN_PLACE(fl_audit_clear, struct fl_audit);

#endif
