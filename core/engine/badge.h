/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BADGE_H
#define FL_ENGINE_BADGE_H

#include "core/engine/people.h"

/* What a participant shows: a certificate of the cohort's authority for his
 * own key or for one that fleet has made. They lie in a directory of his. */
#define FL_BADGE_DAYS 366 /* without a last day */
struct fl_badge {
    char *dir;
    char *key;         /* the private one, path; NULL: only he has it */
    char *public_path; /* of the public one */
    char *cert_path;
    char *public_key; /* "ssh-ed25519 AAAA..."; NULL: not made yet */
    char *cert;       /* the line; NULL: there is none */
    char *principal;  /* that it is good for; NULL: none */
    int64_t before;   /* until then */
    const char *why;  /* why it will not do, "none yet"; NULL: it will */
};
void fl_badge_clear(struct fl_badge *badge);
FL_CLEANUP_IN_PLACE(fl_badge_clear, struct fl_badge);

/* Reads what is there. CA NULL: whoever has signed it. */
int fl_badge_look(const struct fl_people *people,
                  const struct fl_cohort *cohort, const struct fl_signer *ca,
                  const struct fl_person *person, struct fl_badge *out,
                  struct fleet_error *err);
/* Makes it good, key pair and all, where it was not: OUT as after look. A key
 * of fleet's that was good for another principal is not used again. */
int fl_badge_make(const struct fl_people *people,
                  const struct fl_cohort *cohort, const struct fl_signer *ca,
                  const struct fl_person *person, int64_t deadline,
                  struct fl_badge *out, struct fleet_error *err);

#endif
