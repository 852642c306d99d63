/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_ROSTER_H
#define FL_MODEL_ROSTER_H

#include "core/model/names.h"
#include "core/model/person.h"

/* Who takes part, on which pods, and until when: a CSV file with a header line,
 * person,pods[,key[,until[,email[,id]]]] in any order. Pure. */
#define FL_ROSTER_MAX    (4 * 1024 * 1024)
#define FL_ROSTER_PEOPLE 20000

enum fl_roster_column {
    FL_ROSTER_PERSON,
    FL_ROSTER_PODS,
    FL_ROSTER_KEY,
    FL_ROSTER_UNTIL,
    FL_ROSTER_EMAIL,
    FL_ROSTER_ID,
    FL_ROSTER_COLUMNS
};
struct fl_roster {
    struct fl_person *at; /* in the order of the file */
    size_t n, size;
    struct fl_map by_id;   /* to struct fl_person; set when there is no fault */
    struct fl_strv faults; /* "roster.csv:4: pods: ...": nothing in the roster
                              may be used then */
    enum fl_roster_column columns[FL_ROSTER_COLUMNS]; /* of the file */
    int n_columns;
};
/* TEXT is taken apart. FLEET_OK also when there are faults; when it holds a
 * private key that is the only one, and nothing else is read. */
int fl_roster_parse(const char *path, char *text,
                    const struct fl_cohort *cohort, struct fl_roster *out,
                    struct fleet_error *err);
void fl_roster_clear(struct fl_roster *roster);
FL_CLEANUP_IN_PLACE(fl_roster_clear, struct fl_roster);

/* The one who is called, or has the id; FLEET_ENOTFOUND with "did you mean". */
int fl_roster_find(const struct fl_roster *roster, const char *who,
                   const struct fl_person **out, struct fleet_error *err);
/* Pods as they are typed, with commas, semicolons or blanks between, short or
 * full: adds their short names, each once. FLEET_EINVALID names one that the
 * cohort does not have. */
int fl_roster_pods(const struct fl_cohort *cohort, const char *text,
                   struct fl_strv *pods, struct fleet_error *err);

#endif
