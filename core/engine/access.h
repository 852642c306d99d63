/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ACCESS_H
#define FL_ENGINE_ACCESS_H

#include "core/engine/people.h"
#include "core/engine/visit.h"
#include "core/model/authkeys.h"

/* Whom pods let in: one line for each participant in authorized_keys of the
 * pod's user, which makes certificates of the cohort's authority good there
 * when they bear his name. Nothing is asked of the pod's sshd, and no line of
 * anybody else is touched. */
struct fl_access_job {
    struct fl_visit_to to;
    const struct fl_people *people;
    const struct fl_signer *ca;
    const char *only; /* this id, and nobody else's line; NULL: all */
    bool dry;         /* looks, and changes nothing */
    bool kill;        /* ends all sessions where somebody is shut out */
    const struct fl_strv *kill_on; /* and on these (short names); may be NULL */
    /* Of somebody who is shut out everywhere: what he would show. Each pod has
     * to refuse it. NULL: nobody, or it is not here. */
    const char *key_path, *cert_path;
};

enum fl_proof {
    FL_PROOF_NONE,    /* nothing was tried */
    FL_PROOF_REFUSED, /* his login was */
    FL_PROOF_LET_IN,
    FL_PROOF_UNCLEAR /* the login failed for another reason */
};
/* What became of a pod; of the results' own. */
struct fl_accessed {
    struct fl_authkeys_change change; /* or what it would be */
    struct fl_strv now;               /* principals that are let in */
    int64_t skew_s; /* how far the pod's clock is ahead of ours */
    int64_t ended;  /* sessions that were ended */
    enum fl_proof proof;

    /* the room's */
    char *cohort, *ca, *dir, *only;
    struct fl_strv ids, principals;
    char *key_path, *cert_path;
    bool dry, kill, kill_anyway;
};
int fl_access_run(const struct fl_access_job *job,
                  struct fl_visit_results *results, struct fleet_error *err);
/* Zeroed where nothing became of it. */
const struct fl_accessed *fl_accessed_of(const struct fl_visit_result *result);

/* Whom the roster has for this pod, or whether it has ONLY this id: ids and
 * principals side by side. */
int fl_access_wanted(const struct fl_engine *engine,
                     const struct fl_people *people, const char *only,
                     const struct fl_member *member, struct fl_strv *ids,
                     struct fl_strv *principals, struct fleet_error *err);
/* The same as fl_access has it, sorted; malloc'd, NULL when out of memory. */
char *fl_access_text(const struct fl_strv *principals);
/* Remembers what the pods that were reached let in now. */
int fl_access_keep(struct fl_engine *engine,
                   const struct fl_visit_results *results,
                   struct fleet_error *err);

#endif
