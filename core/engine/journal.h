/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_JOURNAL_H
#define FL_ENGINE_JOURNAL_H

#include "core/engine/state.h"

/* Who, when, what, result. Each call that may spend money or destroy something
 * is an intent, committed to disk before the call is made, and closed after. */
struct fl_run_record {
    int64_t id;
    char *started_at, *ended_at; /* RFC 3339; ended_at NULL: died or running */
    char *user, *host, *command;
    int64_t pid;
    int status; /* exit status; -1 while not ended */
};
struct fl_intent {
    int64_t id, run;
    char *op; /* "create", "terminate", "rename", ... */
    char *name, *provider;
    char *pod_id;              /* known before (terminate) or after (create) */
    char *token;               /* of create */
    char *detail;              /* new name of rename; offer of create */
    char *begun_at, *ended_at; /* ended_at NULL: open */
    char *result;              /* "ok", "adopted", "absent", or a code name */
    char *message;
};
void fl_run_record_clear(struct fl_run_record *run);
void fl_intent_clear(struct fl_intent *intent);

/* command: the words of the command line without values of secret options. */
int fl_journal_run_begin(struct fl_state *state, const char *command,
                         int64_t *run, struct fleet_error *err);
int fl_journal_run_end(struct fl_state *state, int64_t run, int status,
                       struct fleet_error *err);

/* On disk when it returns. Uses op, name, provider, pod_id, token, detail. */
int fl_journal_begin(struct fl_state *state, int64_t run,
                     const struct fl_intent *intent, int64_t *id,
                     struct fleet_error *err);
/* Closes the intent and changes what is known in one transaction: drop (a name)
 * is forgotten when not NULL, then put is stored when not NULL. pod_id NULL
 * keeps the one of begin. FLEET_EINTERNAL, and nothing changed: not open. */
int fl_journal_end(struct fl_state *state, int64_t id, const char *result,
                   const char *pod_id, const char *message,
                   const struct fl_known *put, const char *drop,
                   struct fleet_error *err);

struct fl_intent_list {
    struct fl_intent *at;
    size_t n, size;
};
/* Open ones of all runs, oldest first. */
int fl_journal_open_intents(struct fl_state *state, struct fl_intent_list *out,
                            struct fleet_error *err);
/* Newest first; name NULL: all, else also renames to it; limit 0: all. */
int fl_journal_history(struct fl_state *state, const char *name, int limit,
                       struct fl_intent_list *out, struct fleet_error *err);
void fl_intent_list_clear(struct fl_intent_list *list);
FL_CLEANUP_IN_PLACE(fl_intent_list_clear, struct fl_intent_list);

struct fl_run_list {
    struct fl_run_record *at;
    size_t n, size;
};
int fl_journal_runs(struct fl_state *state, int limit, struct fl_run_list *out,
                    struct fleet_error *err);
void fl_run_list_clear(struct fl_run_list *list);
FL_CLEANUP_IN_PLACE(fl_run_list_clear, struct fl_run_list);

/* "c-" and 26 random characters [0-9a-z]; a token no provider has seen. */
int fl_token_new(char out[33], struct fleet_error *err);

#endif
