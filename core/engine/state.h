/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_STATE_H
#define FL_ENGINE_STATE_H

#include "core/model/record.h"

#include <fleet/error.h>
#include <stdbool.h>

/* What fleet remembers of one cohort: one SQLite file, mode 0600, WAL,
 * synchronous=FULL. Everything that matters can be rebuilt from the providers.
 * Any thread may call; a mutex inside serialises. */
struct fl_state;

enum fl_state_mode {
    FL_STATE_READ, /* changes nothing, not even makes the file */
    FL_STATE_WRITE
};
/* DIR/PREFIX.db; WRITE only while the cohort's lock is held. FLEET_ECONFIG:
 * newer version, no access, read-only or full disk (told before any provider is
 * called: WRITE proves that it can commit). A corrupt file is kept aside as
 * PREFIX.db.corrupt-STAMP in WRITE mode and a new one begun; *news (malloc'd or
 * NULL) then says so in a sentence. In READ mode a corrupt or missing file
 * counts as empty; news says so if corrupt. */
int fl_state_open(const char *dir, const char *prefix, enum fl_state_mode mode,
                  struct fl_state **out, char **news, struct fleet_error *err);
void fl_state_close(struct fl_state *state);
FL_CLEANUP(fl_state_close, struct fl_state *);

/* What is remembered of a pod. Strings borrowed by put, owned in a result. */
struct fl_known {
    char *name, *provider, *id, *token;
    int64_t price_quoted, price_actual; /* micros; -1 unknown */
    char *currency, *host_key, *created_at;
};
void fl_known_clear(struct fl_known *known);
FL_CLEANUP_IN_PLACE(fl_known_clear, struct fl_known);
/* Takes the place of all that was known of that name; dropping an unknown name
 * is fine. */
int fl_state_put(struct fl_state *state, const struct fl_known *known,
                 struct fleet_error *err);
int fl_state_drop(struct fl_state *state, const char *name,
                  struct fleet_error *err);
struct fl_known_list {
    struct fl_known *at;
    size_t n, size;
};
int fl_state_known(struct fl_state *state, struct fl_known_list *out,
                   struct fleet_error *err);
void fl_known_list_clear(struct fl_known_list *list);
FL_CLEANUP_IN_PLACE(fl_known_list_clear, struct fl_known_list);

#endif
