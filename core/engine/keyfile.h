/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_KEYFILE_H
#define FL_ENGINE_KEYFILE_H

#include <fleet/error.h>
#include <stdbool.h>

/* Key files through ssh-keygen, the tool people trust. None of these ever asks
 * for a passphrase. */

/* Makes an ed25519 pair without a passphrase at PATH (0600) and PATH.pub, or
 * only the missing PATH.pub. *made: something was. FLEET_EREFUSED: there is a
 * PATH.pub without its private key. */
int fl_keyfile_ensure(const char *path, const char *comment, bool *made,
                      struct fleet_error *err);
/* The public key that belongs to the private one at PATH; malloc'd. */
int fl_keyfile_public(const char *path, char **line, struct fleet_error *err);
/* Whether two lines of authorized_keys hold the same key, whatever the
 * comment. */
bool fl_keyfile_same(const char *a, const char *b);

#endif
