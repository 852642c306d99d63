/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/net/greeting.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#define PIECES 4

/* What has been understood lies within what was heard. */
static void check_heard(const struct fl_heard *heard, int rc)
{
    ALWAYS(heard->len <= FL_GREETING_BYTES);
    ALWAYS(heard->line <= heard->len);
    if (rc != FLEET_OK)
        return;
    ALWAYS(heard->identity < heard->line);
    ALWAYS(strncmp(heard->text + heard->identity, "SSH-", 4) == 0);
    ALWAYS(heard->identity + strlen(heard->text + heard->identity) <
           heard->line);
}

static int hear(int fd, struct fl_heard *heard)
{
    struct fleet_error err = {0};
    int rc = fl_greeting_hear(fd, heard, &err);

    ALWAYS(rc == FLEET_OK || rc == 1 || rc == FLEET_EINVALID ||
           rc == FLEET_ETRANSIENT);
    ALWAYS(rc >= 0 || *err.text);
    check_heard(heard, rc);
    return rc;
}

/* The first byte says in how many pieces the rest arrives; then the peer
 * closes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t pieces = size ? data[0] % PIECES + 1 : 1;
    struct fl_heard heard;
    int pair[2], rc = 1;

    heard.len = heard.line = 0;
    heard.lines = 0;
    ALWAYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    size = size < FL_GREETING_BYTES + 100 ? size : FL_GREETING_BYTES + 100;
    for (size_t i = 0, at = size ? 1 : 0; rc == 1 && i < pieces; i++) {
        size_t len = i + 1 < pieces ? (size - at) / (pieces - i) : size - at;

        ALWAYS(len == 0 || write(pair[1], data + at, len) == (ssize_t)len);
        at += len;
        rc = hear(pair[0], &heard);
    }
    close(pair[1]);
    while (rc == 1)
        rc = hear(pair[0], &heard);
    close(pair[0]);
    return 0;
}
