/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHLINK_H
#define FL_NET_SSHLINK_H

#include "core/net/greeting.h"
#include "core/net/ssh.h"

#include <libssh2.h>

/* libssh2 and a socket, with a deadline for every call, cancelling, and a bound
 * on memory. All of libssh2 is called like this:
 *
 *     do
 *         rc = libssh2_...(link->session, ...);
 *     while (fl_link_again(link, rc));
 *
 * After a deadline, a cancelled run or a lost connection the link is dead, and
 * the call is made once more: libssh2 then lets go of all that it holds for it.
 */
struct fl_link {
    LIBSSH2_SESSION *session;
    int fd;
    int64_t deadline; /* of the call in progress */
    size_t held;      /* bytes that libssh2 has allocated */
    struct fl_heard heard;
    bool greeted;  /* what is left of heard goes to libssh2 */
    bool ended;    /* the peer closed; what it sent before is still read */
    unsigned idle; /* reads in vain, one after the other */
    bool dead;
    struct fleet_error why; /* of the death */
};

/* Owns FD, also on failure. */
int fl_link_open(int fd, int64_t deadline, struct fl_link **out,
                 struct fleet_error *err);
/* Bounded, whatever the peer does. */
void fl_link_close(struct fl_link *link);
FL_CLEANUP(fl_link_close, struct fl_link *);

/* Before each piece of work: until when. Fails on a link that is dead. */
int fl_link_begin(struct fl_link *link, int64_t deadline,
                  struct fleet_error *err);
/* These names, in this order, without those that libssh2 does not know. */
int fl_link_prefer(struct fl_link *link, int method, const char *names,
                   struct fleet_error *err);
/* Waits when RC is LIBSSH2_ERROR_EAGAIN; whether to make the call again. */
bool fl_link_again(struct fl_link *link, int rc);
/* For calls that return a pointer: what to give fl_link_again. */
int fl_link_errno(const struct fl_link *link, const void *got);
/* Ends all further talk; the first reason stays. */
void fl_link_kill(struct fl_link *link, int code, const char *why);
/* Tells why libssh2 has failed with RC: what the link died of, else what
 * libssh2 says. */
int fl_link_failed(struct fl_link *link, int rc, const char *what,
                   struct fleet_error *err);

/* Memory that libssh2 will free. */
void *fl_link_alloc(LIBSSH2_SESSION *session, size_t size);

struct fl_ssh {
    struct fl_link *link;
    int64_t elapsed_ms;
};

#endif
