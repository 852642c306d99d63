/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_BGWORK_H
#define FL_CMD_BGWORK_H

#include "core/cmd/command.h"
#include "core/engine/bgvisit.h"
#include "core/engine/fleet.h"

/* What the commands about background jobs have in common. */

/* One job on one pod. */
struct fl_bgrow {
    struct fl_bgpod *pod;           /* as it is remembered, and kept up */
    const struct fl_member *member; /* the pod; NULL: it is not there now */
    bool vanished;                  /* its provider does not have it any more */
    struct fl_bg_seen seen;         /* what it says now; state "": nothing */
    bool news;                      /* to be remembered */
};
struct fl_bgwork {
    struct fl_context *context;
    struct fl_bgjobs jobs;
    bool *picked;          /* by job */
    struct fl_bgrow *rows; /* by pod of the jobs */
    struct fl_fleet fleet;
    bool *selected; /* by member */
    char **ids;     /* by member */
    struct fl_ssh_key *key;
    struct fl_visit_results results;
};
/* What is remembered; no provider is asked. */
int fl_bgwork_open(struct fl_context *context, struct fl_bgwork *work,
                   struct fleet_error *err);
/* Those jobs only; none named: all. */
int fl_bgwork_pick(struct fl_bgwork *work, const char *const *ids, size_t n,
                   struct fleet_error *err);
bool fl_bgwork_picked(const struct fl_bgwork *work, const struct fl_bgrow *row);
/* The fleet, and which of its pods the rows are about. */
int fl_bgwork_look(struct fl_bgwork *work, struct fleet_error *err);
/* Asks the pods of the rows that WANTED takes (with SELECTED, of those pods
 * only); what they say is in the rows then. */
int fl_bgwork_visit(struct fl_bgwork *work, enum fl_bg_verb verb,
                    const char *signal,
                    bool (*wanted)(const struct fl_bgwork *work,
                                   const struct fl_bgrow *row),
                    struct fleet_error *err);
/* What a row is now: a state of struct fl_bgpod, or "unknown". */
const char *fl_bgrow_state(const struct fl_bgrow *row);
json_t *fl_bgrow_json(const struct fl_bgrow *row);
/* Remembers the news; a failure is a warning. */
void fl_bgwork_keep(struct fl_bgwork *work);
void fl_bgwork_close(struct fl_bgwork *work);

/* `fleet run --background`: starts it, remembers it, tells of it. Returns the
 * exit status. */
struct fl_background {
    const char *command, *input; /* input may be NULL */
    size_t input_len;
    const struct fl_fleet *fleet;
    const bool *selected;
    const struct fl_ssh_key *key;
};
int fl_background_start(struct fl_context *context,
                        const struct fl_background *what);

#endif
