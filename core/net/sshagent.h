/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHAGENT_H
#define FL_NET_SSHAGENT_H

#include "core/net/sshwire.h"

/* The ssh-agent that SSH_AUTH_SOCK names, asked directly: libssh2's own client
 * waits for it without any deadline. Each question is a connection of its own,
 * so any thread may ask. FLEET_ECONFIG tells what to do about an agent that is
 * not there or does not want to; also FLEET_ETIMEOUT, FLEET_ECANCELLED,
 * FLEET_ETRANSIENT and FLEET_ENOMEM. */

/* FLEET_OK when it holds this public key, FLEET_ENOTFOUND when it does not. */
int fl_agent_holds(const struct fl_buf *blob, int64_t deadline,
                   struct fleet_error *err);
/* Its signature under DATA, without the name of the algorithm. */
#define FL_AGENT_RSA_SHA256 2
#define FL_AGENT_RSA_SHA512 4
int fl_agent_sign(const struct fl_buf *blob, const void *data, size_t len,
                  uint32_t flags, int64_t deadline, struct fl_buf *signature,
                  struct fleet_error *err);

/* What an agent answers, taken apart. */
bool fl_agent_lists(const struct fl_buf *answer, const struct fl_buf *blob);
int fl_agent_signature(const struct fl_buf *answer, struct fl_buf *signature,
                       struct fleet_error *err);

#endif
