/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_GREETING_H
#define FL_NET_GREETING_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is an SSH server answering at HOST:PORT? Resolves (IPv6 and IPv4), connects,
 * reads the identification line. One attempt. FLEET_OK, or
 *   FLEET_ETRANSIENT  not yet: refused, unreachable, closed before its line
 *   FLEET_ETIMEOUT    the deadline came
 *   FLEET_ECANCELLED  the run was cancelled
 *   FLEET_EINVALID    something answers, but it is not SSH
 * with text that names the stage. Small and bounded whatever answers. */
int fl_greeting(const char *host, int port, int64_t deadline,
                struct fleet_error *err);
/* Again and again, with growing pauses, until it answers (FLEET_OK), the
 * deadline comes (FLEET_ETIMEOUT) or the run is cancelled (FLEET_ECANCELLED).
 * The text tells what was seen last. */
int fl_greeting_await(const char *host, int port, int64_t deadline,
                      struct fleet_error *err);

/* What a server said so far, for those who go on talking to it; its identity is
 * a line that ends in NUL, before what begins at text + line. */
#define FL_GREETING_BYTES 8192
struct fl_heard {
    char text[FL_GREETING_BYTES + 1];
    size_t len, line; /* where the line begins that is not whole yet */
    size_t identity;
    int lines;
};
/* Takes in what has come by now: FLEET_OK when the identification is whole, 1
 * when more must come, else a code as above. Begin with len, line and lines 0.
 */
int fl_greeting_hear(int fd, struct fl_heard *heard, struct fleet_error *err);

/* Host names and addresses as they may stand in a config file: letters,
 * digits, '.', '-', ':' and nothing else, at most 253 bytes, no '-' first (that
 * would be an option to ssh). */
bool fl_host_valid(const char *host);

#endif
