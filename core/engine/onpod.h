/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ONPOD_H
#define FL_ENGINE_ONPOD_H

#include "core/engine/checkup.h"
#include "core/engine/visit.h"

/* A shell script of ours on a pod. It is the input of sh, whatever shell the
 * account has, so that nothing of it stands in a list of processes there. What
 * it has to say are lines that begin with a word that only it is told (in it:
 * "say KEY TEXT..."); whatever else is printed is not read. */
struct fl_onpod {
    char word[FL_NONCE_SIZE];
    struct fl_buf text;
};
int fl_onpod_open(struct fl_onpod *script, struct fleet_error *err);
void fl_onpod_set(struct fl_onpod *script, const char *name, const char *value);
void fl_onpod_set_number(struct fl_onpod *script, const char *name,
                         int64_t number);
/* Each body runs in a subshell: it may exit. */
void fl_onpod_add(struct fl_onpod *script, const char *body);
void fl_onpod_clear(struct fl_onpod *script);
FL_CLEANUP_IN_PLACE(fl_onpod_clear, struct fl_onpod);

/* One line, cut in place; a failure ends the reading. Hostile text. */
typedef int fl_onpod_said(void *arg, const char *key, char *text,
                          struct fleet_error *err);
/* To its end. FLEET_EINVALID: no shell, or an answer without end. */
int fl_onpod_run(struct fl_visit *visit, struct fl_onpod *script,
                 size_t max_out, fl_onpod_said *said, void *arg,
                 struct fleet_error *err);
/* The same, but HEARD is told of all that comes, as it comes; whether the
 * script has run is the caller's to tell. *status (may be NULL) is how it
 * ended. */
int fl_onpod_listen(struct fl_visit *visit, struct fl_onpod *script,
                    fl_ssh_heard *heard, void *arg, int *status,
                    struct fleet_error *err);
/* Skips what login scripts print, for a script that prints other things once it
 * has said "begin". Whether it has; *data and *len are what follows. */
struct fl_onpod_start {
    struct fl_buf head;
    bool begun;
};
bool fl_onpod_begun(const struct fl_onpod *script, struct fl_onpod_start *start,
                    const char **data, size_t *len);

#endif
