/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SIGNER_H
#define FL_ENGINE_SIGNER_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdbool.h>
#include <stdint.h>

/* A key that vouches for others: ssh-keygen signs with it, from its file or by
 * the agent that holds it. */
struct fl_signer {
    char *path;    /* of the private key, or of what stands for it: PATH.pub */
    char *line;    /* "ssh-ed25519 AAAA...", without the comment */
    bool in_agent; /* there is only the .pub here */
};
/* FLEET_ECONFIG: there is no such key; REMEDY tells the command that makes it.
 */
int fl_signer_open(const char *path, const char *remedy, struct fl_signer *out,
                   struct fleet_error *err);
void fl_signer_clear(struct fl_signer *signer);
FL_CLEANUP_IN_PLACE(fl_signer_clear, struct fl_signer);

/* A certificate for a public key, both as lines without comment. OPTIONS are
 * those of ssh-keygen that tell what it is good for; NULL at the end. In any
 * thread; DIR is there and for a short-lived file. */
int fl_signer_sign(const struct fl_signer *signer, const char *dir,
                   const char *const *options, const char *public_key,
                   int64_t deadline, char **certificate,
                   struct fleet_error *err);

#endif
