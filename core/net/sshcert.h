/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHCERT_H
#define FL_NET_SSHCERT_H

#include "core/base/strv.h"

#include <fleet/error.h>
#include <stdint.h>

/* What an SSH certificate says. Its signature is not looked at. */
struct fl_ssh_cert {
    char *key; /* that it is for, "ssh-ed25519 AAAA..." */
    char *ca;  /* that has signed it, likewise */
    bool user; /* not a host's */
    struct fl_strv principals;
    int64_t after, before; /* seconds since the epoch; INT64_MAX: for ever */
};
/* LINE as in a -cert.pub file. FLEET_EINVALID: no certificate. */
int fl_ssh_cert_parse(const char *line, struct fl_ssh_cert *out,
                      struct fleet_error *err);
void fl_ssh_cert_clear(struct fl_ssh_cert *cert);
FL_CLEANUP_IN_PLACE(fl_ssh_cert_clear, struct fl_ssh_cert);

#endif
