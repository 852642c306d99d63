/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_PUBKEY_H
#define FL_MODEL_PUBKEY_H

#include <stdbool.h>

/* Public keys as OpenSSH writes them: "ssh-ed25519 AAAA... comment". */
bool fl_pubkey_valid(const char *line);
/* Why nobody can log in with this text as his public key, in words that do not
 * repeat it; NULL: he can. */
const char *fl_pubkey_objection(const char *text);
/* Whether the text holds a private key, which must not be shown. */
bool fl_pubkey_is_private(const char *text);
/* "ssh-ed25519 AAAA...", without the comment; malloc'd, NULL when out of
 * memory. */
char *fl_pubkey_bare(const char *line);

#endif
