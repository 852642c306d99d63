/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CERTIFY_H
#define FL_ENGINE_CERTIFY_H

#include "core/engine/hostca.h"
#include "core/engine/visit.h"

/* Gives pods host certificates, all at once: each is logged in to, the key that
 * it shows is signed here, its sshd is told of the certificate, and has to show
 * it to a stranger. */
struct fl_certify_job {
    struct fl_visit_to to;
    const struct fl_hostca *ca;
    const char *command; /* for the lock */
};
/* What came of it is in the results and, for those who write files, in the
 * state. */
int fl_certify_run(const struct fl_certify_job *job,
                   struct fl_visit_results *results, struct fleet_error *err);

/* The same for one pod that is visited, in its thread; DIR is a directory of
 * ours to sign in. What came of it is the caller's to keep. */
int fl_certify_visit(struct fl_visit *visit, const struct fl_hostca *ca,
                     const char *dir, struct fleet_error *err);

#endif
