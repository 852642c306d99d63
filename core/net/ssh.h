/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSH_H
#define FL_NET_SSH_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* SSH with libssh2, as straight-line code: every call ends at its deadline or
 * when the run is cancelled. One connection belongs to one thread. */

/* Who we are: one private key, read and parsed once per run and used by every
 * thread, or the keys of an agent. */
struct fl_ssh_key;
/* PATH's .pub stands beside it. A key with a passphrase is used through
 * ssh-agent (SSH_AUTH_SOCK). FLEET_ECONFIG says what is wrong and the remedy:
 * unreadable, others may read it, needs an agent, RSA that this libssh2 cannot
 * use with modern servers (make an ed25519 key: ...). Call before the first
 * thread: it also sets the library up. */
int fl_ssh_key_open(const char *path, struct fl_ssh_key **out,
                    struct fleet_error *err);
void fl_ssh_key_close(struct fl_ssh_key *key);
FL_CLEANUP(fl_ssh_key_close, struct fl_ssh_key *);

/* How far a connection came before it failed. */
enum fl_ssh_stage {
    FL_SSH_RESOLVE = 1,
    FL_SSH_CONNECT,
    FL_SSH_GREETING,
    FL_SSH_HOST_KEY,
    FL_SSH_LOGIN,
    FL_SSH_EXEC,
    FL_SSH_DONE
};
const char *fl_ssh_stage_name(enum fl_ssh_stage stage); /* "host key" */

struct fl_ssh_target {
    const char *host;
    int port;
    const char *user;
    const char *host_key; /* "ssh-ed25519 AAAA..." expected; NULL: learn it */
};

struct fl_ssh;
/* FLEET_OK: logged in. The text of a failure names stage and remedy; *stage
 * (may be NULL) is where it happened. A host key other than the expected one is
 * FLEET_EREFUSED. *host_key (may be NULL): malloc'd, what the server showed, as
 * soon as that is known, also on failure. Tries again, a few times and ever
 * more slowly, when the server closes before its banner (MaxStartups); at most
 * 8 connections that are not logged in at once to one host and port, fewer
 * where it turns them away. Out of descriptors it waits for some. */
int fl_ssh_open(const struct fl_ssh_target *target,
                const struct fl_ssh_key *key, int64_t deadline,
                struct fl_ssh **out, enum fl_ssh_stage *stage, char **host_key,
                struct fleet_error *err);
void fl_ssh_close(struct fl_ssh *ssh); /* bounded, whatever the peer does */
FL_CLEANUP(fl_ssh_close, struct fl_ssh *);
/* Milliseconds that opening took. */
int64_t fl_ssh_elapsed_ms(const struct fl_ssh *ssh);

/* Output as it comes, in the thread that runs the command. STREAM: 1, or 2 of
 * its errors. */
typedef void fl_ssh_heard(void *arg, int stream, const char *data, size_t len);

/* One command. Output beyond the ceilings is read and dropped, and truncated is
 * set, unless somebody hears it. */
struct fl_ssh_exec {
    const char *command;
    const char *input; /* standard input; NULL: empty */
    size_t input_len;
    size_t max_out, max_err;
    fl_ssh_heard *heard; /* all of it, kept or not; may be NULL */
    void *heard_arg;

    char *out, *err_text; /* results, NUL-terminated; fl_ssh_exec_clear */
    size_t out_len, err_len;
    bool truncated;
    int status;      /* exit status; -1 when a signal ended it */
    char signal[16]; /* "TERM"; "" without */
};
/* FLEET_OK: it ran to its end, whatever its status. The input ends where the
 * command closes its output. On FLEET_ETIMEOUT, FLEET_ECANCELLED and on a peer
 * that closes early what had come so far is in the results, and the connection
 * is of no more use. FLEET_EREFUSED: logged in, but not allowed to run
 * anything. An account without a shell is no failure here: the server may run
 * something that says so and ends with a status. */
int fl_ssh_run(struct fl_ssh *ssh, struct fl_ssh_exec *exec, int64_t deadline,
               struct fleet_error *err);
void fl_ssh_exec_clear(struct fl_ssh_exec *exec);

/* One command whose input and output go through as they come, in bounded
 * memory. Returns as fl_ssh_run does, or what a callback has returned below 0;
 * the connection is then of no more use. */
struct fl_ssh_stream {
    const char *command;
    /* The next piece of standard input, which stays until the next call; *len
     * is 0 at its end. NULL: no input. */
    int (*source)(void *arg, const char **data, size_t *len,
                  struct fleet_error *err);
    /* Standard output (1) or error (2). NULL: all is dropped. */
    int (*sink)(void *arg, int number, const char *data, size_t len,
                struct fleet_error *err);
    void *arg;
    int64_t idle_ms; /* may pass without a byte; 0: until the deadline */

    int status; /* results, as in fl_ssh_exec */
    char signal[16];
};
int fl_ssh_stream(struct fl_ssh *ssh, struct fl_ssh_stream *stream,
                  int64_t deadline, struct fleet_error *err);

/* Files over SFTP. put: to a temporary name beside it, then renamed (with mv,
 * as a command). FLEET_EUNSUPPORTED: no SFTP there; FLEET_ENOTFOUND,
 * FLEET_EREFUSED; FLEET_EINVALID: no name of a file, or larger than MAX. */
int fl_ssh_put(struct fl_ssh *ssh, const char *remote, const char *data,
               size_t len, mode_t mode, int64_t deadline,
               struct fleet_error *err);
int fl_ssh_get(struct fl_ssh *ssh, const char *remote, size_t max, char **data,
               size_t *len, int64_t deadline, struct fleet_error *err);

#endif
