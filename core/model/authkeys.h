/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_AUTHKEYS_H
#define FL_MODEL_AUTHKEYS_H

#include "core/base/buf.h"
#include "core/base/strv.h"

/* The text of an authorized_keys file with one line for each person who may log
 * in. Lines of ours say in their comment which cohort's and whose they are;
 * all others stay as they are, where they are. Pure. */
struct fl_authkeys_person {
    const char *id, *principal;
};
struct fl_authkeys_want {
    const char *cohort;
    const char *ca; /* "ssh-ed25519 AAAA...", of the users' certificates */
    const struct fl_authkeys_person *people;
    size_t n;
    const char *only; /* this id: lines of all others stay as they are; NULL */
};
struct fl_authkeys_change {
    struct fl_strv added, removed, renewed; /* ids; renewed: another line */
    size_t kept;
    struct fl_strv principals; /* of all lines of ours, as they are then */
};
/* FLEET_EINVALID: OLD (LEN bytes) is no text, or the result is larger than OUT
 * may be. The same bytes when nothing has to change. */
int fl_authkeys_merge(const char *old, size_t len,
                      const struct fl_authkeys_want *want, struct fl_buf *out,
                      struct fl_authkeys_change *change,
                      struct fleet_error *err);
void fl_authkeys_change_clear(struct fl_authkeys_change *change);
FL_CLEANUP_IN_PLACE(fl_authkeys_change_clear, struct fl_authkeys_change);
bool fl_authkeys_changed(const struct fl_authkeys_change *change);

#endif
