/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PEOPLE_H
#define FL_ENGINE_PEOPLE_H

#include "core/engine/engine.h"
#include "core/engine/signer.h"
#include "core/engine/standing.h"
#include "core/model/roster.h"

/* The participants: the roster, and what is remembered of them. */
struct fl_people {
    char *path; /* of the roster */
    char *text; /* of it, as it stands in the file */
    char *dir;  /* of keys and certificates */
    struct fl_roster roster;
    struct fl_standing_list standings;
};
/* PATH may be NULL: ROSTER. FLEET_ECONFIG: it is not set, or cannot be read.
 * What is wrong in it is in roster.faults. */
int fl_people_open(struct fl_engine *engine, const char *path,
                   struct fl_people *out, struct fleet_error *err);
/* FLEET_ECONFIG: the first fault, and how many there are. */
int fl_people_check(const struct fl_people *people, struct fleet_error *err);
void fl_people_clear(struct fl_people *people);
FL_CLEANUP_IN_PLACE(fl_people_clear, struct fl_people);

/* What signs their certificates. */
int fl_people_signer(const struct fl_engine *engine, struct fl_signer *out,
                     struct fleet_error *err);

enum fl_presence {
    FL_PRESENT,
    FL_NOWHERE, /* he has no pods */
    FL_ENDED,   /* his last day is over */
    FL_REVOKED  /* he was shut out, whatever the roster says */
};
enum fl_presence fl_people_presence(const struct fl_people *people,
                                    const struct fl_person *person);
const char *fl_presence_name(enum fl_presence presence);
/* What his certificates are good for now; malloc'd. */
char *fl_people_principal(const struct fl_people *people,
                          const struct fl_cohort *cohort,
                          const struct fl_person *person);
/* Shuts an id out, of PODS that let it in until now, or lets it in again under
 * another principal: on disk when it returns. Needs the state for writing. */
int fl_people_revoke(struct fl_engine *engine, struct fl_people *people,
                     const char *id, const struct fl_strv *pods,
                     struct fleet_error *err);
int fl_people_readmit(struct fl_engine *engine, struct fl_people *people,
                      const char *id, struct fleet_error *err);
/* Another text for the roster, which is read anew. The file keeps its mode. */
int fl_people_rewrite(struct fl_engine *engine, struct fl_people *people,
                      const char *text, size_t len, struct fleet_error *err);

#endif
