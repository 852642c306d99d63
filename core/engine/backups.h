/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BACKUPS_H
#define FL_ENGINE_BACKUPS_H

#include "core/engine/settings.h"
#include "core/engine/state.h"

/* The last backup of each pod that was seen where it was put. A row is about
 * the pod of that provider and id. */
struct fl_backup {
    char *name, *provider, *pod_id;
    char *at; /* RFC 3339: all of it was verified then; "": never */
    char *branch, *commit; /* at the remote; NULL: no repository there */
    char *print;           /* of all that could be lost of the repository */
    char *files, *sum;     /* the archive here, SHA-256 of it; or NULL */
    char *files_at;
};
struct fl_backup_list {
    struct fl_backup *at;
    size_t n, size;
};
int fl_backups_load(struct fl_state *state, struct fl_backup_list *out,
                    struct fleet_error *err);
void fl_backup_list_clear(struct fl_backup_list *list);
FL_CLEANUP_IN_PLACE(fl_backup_list_clear, struct fl_backup_list);
/* All of them, or none. */
int fl_backups_put(struct fl_state *state, const struct fl_backup *backups,
                   size_t n, struct fleet_error *err);

/* Of that very pod; NULL: none. */
const struct fl_backup *fl_backup_of(const struct fl_backup_list *list,
                                     const char *provider,
                                     const struct fleet_pod *pod);
/* The newest of any pod of that full name; NULL: none. */
const struct fl_backup *fl_backup_named(const struct fl_backup_list *list,
                                        const char *name);
/* Whether this cohort keeps backups: a repository or files are configured, or
 * one was made. */
bool fl_backups_used(const struct fl_settings *settings,
                     const struct fl_backup_list *list);

/* "w0d1" on the first day of the course, "w2d3", before it "w0d0"; without a
 * course the week and the day of the year, "w48d4". YEAR, month, mday of NOW
 * are local time. FLEET_ECONFIG: START is no day. Pure. */
#define FL_DAY_SIZE 48
struct tm;
int fl_course_day(const char *start, const struct tm *now,
                  char out[FL_DAY_SIZE], struct fleet_error *err);
bool fl_course_day_valid(const char *day);
/* "autocommit-arena-w0d1-apple", malloc'd. */
char *fl_backup_branch(const char *prefix, const char *day,
                       const char *short_name);

#endif
