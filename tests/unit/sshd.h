/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_SSHD_H
#define TESTS_UNIT_SSHD_H

#include <stdbool.h>
#include <sys/types.h>

/* Real servers and tools, run by a test as the user who runs it. All of these
 * fail the test when they cannot do what they say. */

/* Whether sshd, ssh-keygen and a directory for sshd are there; else why not is
 * on standard error. */
bool sshd_possible(void);
/* DIR/NAME and DIR/NAME.pub; a passphrase may be NULL. */
void make_key(const char *dir, const char *name, const char *type,
              const char *passphrase);
/* The text of DIR/NAME, without the newline at its end; malloc'd. */
char *read_text(const char *dir, const char *name);
void write_text(const char *dir, const char *name, const char *text,
                mode_t mode);
/* Runs a shell command; its status has to be 0. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* sshd on a free port of the loopback, with the host keys DIR/host_* that are
 * there and DIR/authorized_keys. EXTRA: lines for its configuration. */
struct sshd {
    pid_t pid;
    int port;
    char user[64];
};
void sshd_start(struct sshd *sshd, const char *dir, const char *extra);
void sshd_stop(struct sshd *sshd);

/* ssh-agent at DIR/agent, named by SSH_AUTH_SOCK until it stops. */
pid_t agent_start(const char *dir);
void agent_stop(pid_t pid);

#endif
