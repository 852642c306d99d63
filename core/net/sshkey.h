/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHKEY_H
#define FL_NET_SSHKEY_H

#include "core/net/ssh.h"
#include "core/net/sshwire.h"

#include <openssl/evp.h>

/* Constant once it is open: every thread may sign with it. */
struct fl_ssh_key {
    char *path;
    struct fl_buf blob; /* the public key */
    EVP_PKEY *pkey;     /* NULL: ssh-agent has the private one */
    char print[FL_KEY_PRINT_SIZE];
};

/* The signature of RFC 4253, 6.6 under what a client signs to log in (RFC
 * 4252, 7), without the name of the algorithm; that stands within DATA. */
int fl_ssh_key_sign(const struct fl_ssh_key *key, const void *data, size_t len,
                    int64_t deadline, struct fl_buf *signature,
                    struct fleet_error *err);

/* The text of a private key file. *PKEY stays NULL when it has a passphrase;
 * its public key is then in BLOB where the file tells it. FLEET_ECONFIG. */
int fl_private_key_parse(const char *text, size_t len, EVP_PKEY **pkey,
                         struct fl_buf *blob, struct fleet_error *err);

#endif
