/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_ADMIT_H
#define FL_CMD_ADMIT_H

#include "core/cmd/work.h"
#include "core/engine/access.h"
#include "core/engine/badge.h"

/* What roster, grant, revoke and move have in common: the participants, their
 * certificates, and the pods that let them in. */
struct fl_admit {
    struct fl_context *context;
    struct fl_people people;
    struct fl_signer ca;
    struct fl_fleet fleet;
    struct fl_access_list accesses; /* as they were last known */
    bool *selected;                 /* by member */
    struct fl_visit_results results;
    struct fl_strv made; /* ids that were given a new certificate */

    /* what the pods are visited for */
    bool dry, kill;
    const char *only; /* this id, and nobody else's line */
    const struct fl_strv *kill_on;
    const char *key_path, *cert_path; /* see fl_access_job */
};
/* clang-format off */
#define FL_ADMIT_ROSTER_OPTION(type_, member_)                                 \
    {.key = "roster", .type = FLEET_OPT_PATH, FLEET_AT(type_, member_),        \
     .help = "the file of participants, in place of ROSTER"}
#define FL_ADMIT_KILL_OPTION(type_, member_)                                   \
    {.key = "kill-sessions", .type = FLEET_OPT_BOOL, FLEET_AT(type_, member_), \
     .help = "where somebody is shut out, end all SSH sessions of the pod, "   \
             "other people's too"}
/* clang-format on */

/* The lock, the fleet, the roster, which has no faults unless FAULTY may be,
 * and what signs. */
int fl_admit_open(struct fl_context *context, const char *roster, bool faulty,
                  struct fl_admit *admit, struct fleet_error *err);
void fl_admit_close(struct fl_admit *admit);
/* Certificates for those who are to have one: for one person, or all. */
int fl_admit_badges(struct fl_admit *admit, const struct fl_person *person,
                    struct fleet_error *err);
/* Selects all pods; or those that PODS (short names) names, and those that let
 * this id in when they were last looked at. Either may be NULL. */
void fl_admit_select_all(struct fl_admit *admit);
void fl_admit_select(struct fl_admit *admit, const struct fl_strv *pods,
                     const char *id);
/* Visits the selected pods, remembers and prints what became of them. */
int fl_admit_visit(struct fl_admit *admit, struct fleet_error *err);
/* Whether anything was, or would be, changed on a pod. */
bool fl_admit_changed(const struct fl_admit *admit);
/* The exit status that the visits mean; listings that failed count too. Pods
 * that could not be put right are told of. */
int fl_admit_status(struct fl_admit *admit);

/* At the end of commands after which these pods, by full name, are new, were
 * set up or have started anew: they let the participants in, where there is a
 * roster. Takes the lock where the command has not. */
void fl_admit_follow(struct fl_context *context, const struct fl_strv *names);

#endif
