/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef LOCAL_SERVER_H
#define LOCAL_SERVER_H

#include "providers/local/pod.h"

#include <stdatomic.h>

/* The sshd of this machine and the account that it lets in: ours. */
struct server {
    char *sshd, *sftp; /* sftp: NULL where there is none */
    char *user, *shell;
    bool pam;           /* the account is locked but for PAM */
    atomic_int version; /* 902 for OpenSSH 9.2; 0: not asked yet */
};

/* WANTED: path of the sshd to use, NULL: the first that is found. */
int server_open(struct server *server, const char *wanted,
                struct fleet_error *err);
void server_close(struct server *server);

/* The pod's key pair, into DIR; *key is its public half without comment. */
int server_make_key(const char *dir, char **key, struct fleet_error *err);
/* What a login finds: name, key, home. Holds for new sessions at once. */
int server_write_session(const struct pod *pod, struct fleet_error *err);
/* Returns once it accepts connections. FLEET_ECONFLICT: the port is taken. The
 * caller holds the pod's lock, and none of the pod's sshds runs. */
int server_start(struct server *server, const struct pod *pod,
                 struct fleet_error *err);

#endif
