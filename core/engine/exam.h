/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_EXAM_H
#define FL_ENGINE_EXAM_H

#include "core/engine/checks.h"
#include "core/engine/fan.h"
#include "core/net/ssh.h"

/* One pod's test, in a thread: a connection, a command, and what the judges say
 * of its answer. */
struct fl_exam {
    struct fl_fan_item *item; /* whose progress it is */
    const struct fl_checks *checks;
    const struct fl_ssh_key *key;
    const struct fleet_pod *pod; /* with a user to log in as */
    bool trusting;               /* whatever host key it shows */
    const char *proxy;           /* by way of this host; may be NULL */
    int64_t limit_ms;

    /* results */
    const char *stage; /* where asking it failed; NULL: it answered */
    struct fleet_error error;
    char *host_key; /* malloc'd */
    int64_t elapsed_ms, open_ms, run_ms, asked_at, answered_at;
    struct fl_section *sections;   /* NULL: nothing came back */
    struct fl_finding *findings;   /* one of each check */
    int rc;                        /* of judging: memory */
    _Atomic(const char *) judging; /* the check whose judge is at work */
};
int fl_exam_open(struct fl_exam *exam, struct fleet_error *err);
void fl_exam_run(struct fl_exam *exam);
void fl_exam_clear(struct fl_exam *exam);

/* The worst of them; never skip. */
int fl_exam_verdict(const char *stage, const struct fl_finding *findings,
                    size_t n);

#endif
