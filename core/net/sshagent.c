/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshagent.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGE_MAX (256 * 1024)
#define PAUSE_MS    20

/* draft-miller-ssh-agent */
enum {
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14
};

static int lost(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ECONFIG,
                      "ssh-agent breaks off: is it the one that SSH_AUTH_SOCK "
                      "names? `ssh-add -l` asks it too");
}

static int not_there(const char *path, struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ECONFIG,
                      "no ssh-agent answers at %.100s (SSH_AUTH_SOCK): %s; "
                      "start one with: eval \"$(ssh-agent)\"",
                      path, strerror(errno));
}

static int waited(int rc, struct fleet_error *err)
{
    return fleet_fail(err, rc, "ssh-agent: %s",
                      rc == FLEET_ECANCELLED ? "cancelled"
                                             : "no answer in time");
}

static int set_address(struct sockaddr_un *at, struct fleet_error *err)
{
    const char *path = getenv("SSH_AUTH_SOCK");

    if (!path || !*path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "no ssh-agent is known (SSH_AUTH_SOCK is not set): "
                          "start one with: eval \"$(ssh-agent)\"");
    if (strlen(path) >= sizeof(at->sun_path)) {
        errno = ENAMETOOLONG;
        return not_there(path, err);
    }
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path, path, strlen(path) + 1);
    return FLEET_OK;
}

/* FLEET_OK: there is time for another attempt. */
static int pause_until(int64_t deadline, struct fleet_error *err)
{
    int64_t next = fl_deadline(PAUSE_MS);
    int rc = fl_wait(NULL, 0, next < deadline ? next : deadline);

    if (rc == FLEET_ECANCELLED || fl_left_ms(deadline) == 0)
        return waited(rc, err);
    return FLEET_OK;
}

/* Out of descriptors: others of ours will soon be done with theirs. */
static int open_socket(int *fd, int64_t deadline, struct fleet_error *err)
{
    for (;;) {
        int rc;

        *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (*fd >= 0)
            return FLEET_OK;
        if (errno != EMFILE && errno != ENFILE)
            return fleet_fail(err, FLEET_ETRANSIENT, "ssh-agent: %s",
                              strerror(errno));
        rc = pause_until(deadline, err);
        if (rc < 0)
            return fleet_fail(err, rc, "ssh-agent: out of descriptors");
    }
}

/* With more askers than its queue takes, an agent has to be asked again. */
static int dial(int *fd, int64_t deadline, struct fleet_error *err)
{
    struct sockaddr_un at = {0};
    int rc = set_address(&at, err);

    if (rc == FLEET_OK)
        rc = open_socket(fd, deadline, err);
    while (rc == FLEET_OK &&
           connect(*fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return not_there(at.sun_path, err);
        rc = pause_until(deadline, err);
    }
    return rc;
}

static int say(int fd, const struct fl_buf *request, int64_t deadline,
               struct fleet_error *err)
{
    struct pollfd at = {.fd = fd, .events = POLLOUT};

    for (size_t done = 0; done < request->len;) {
        ssize_t n =
            send(fd, request->data + done, request->len - done, MSG_NOSIGNAL);
        int rc = FLEET_OK;

        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            rc = fl_wait(&at, 1, deadline);
        else if (errno != EINTR)
            return lost(err);
        if (rc < 0)
            return waited(rc, err);
    }
    return FLEET_OK;
}

/* LEN more bytes. */
static int hear(int fd, size_t len, struct fl_buf *answer, int64_t deadline,
                struct fleet_error *err)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    if (fl_buf_reserve(answer, len) < 0)
        return fl_buf_check(answer, "ssh-agent's answer", err);
    while (len) {
        int rc = fl_wait(&at, 1, deadline);
        ssize_t n;

        if (rc < 0)
            return waited(rc, err);
        n = recv(fd, answer->data + answer->len, len, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return lost(err);
        if (n > 0) {
            answer->len += (size_t)n;
            len -= (size_t)n;
        }
    }
    return FLEET_OK;
}

/* *REQUEST begins with four bytes for its length, which are filled in. */
static int ask(struct fl_buf *request, struct fl_buf *answer, int64_t deadline,
               struct fleet_error *err)
{
    FL_AUTO(close) int fd = -1;
    FL_AUTO(fl_buf_clear) struct fl_buf head = FL_BUF(4);
    struct fl_wire wire;
    int rc = fl_buf_check(request, "request to ssh-agent", err);

    if (rc < 0)
        return rc;
    fl_wire_put_u32(&head, (uint32_t)request->len - 4);
    if (head.failed)
        return fl_enomem(err);
    memcpy(request->data, head.data, 4);
    fl_buf_empty(&head);
    rc = dial(&fd, deadline, err);
    if (rc == FLEET_OK)
        rc = say(fd, request, deadline, err);
    if (rc == FLEET_OK)
        rc = hear(fd, 4, &head, deadline, err);
    if (rc < 0)
        return rc;
    wire = fl_wire(head.data, head.len);
    return hear(fd, fl_wire_u32(&wire), answer, deadline, err);
}

static void begin(struct fl_buf *request, char type)
{
    fl_wire_put_u32(request, 0);
    fl_buf_putc(request, type);
}

bool fl_agent_lists(const struct fl_buf *answer, const struct fl_buf *blob)
{
    struct fl_wire wire = fl_wire(answer->data, answer->len);
    uint32_t n;

    if (fl_wire_byte(&wire) != IDENTITIES_ANSWER)
        return false;
    n = fl_wire_u32(&wire);
    while (n-- && !wire.bad) {
        struct fl_wire key = fl_wire_string(&wire);

        fl_wire_string(&wire); /* comment */
        if (!wire.bad && key.left == blob->len &&
            memcmp(key.at, blob->data, blob->len) == 0)
            return true;
    }
    return false;
}

int fl_agent_holds(const struct fl_buf *blob, int64_t deadline,
                   struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf request = FL_BUF(MESSAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf answer = FL_BUF(MESSAGE_MAX);
    int rc;

    begin(&request, REQUEST_IDENTITIES);
    rc = ask(&request, &answer, deadline, err);
    if (rc < 0 || fl_agent_lists(&answer, blob))
        return rc;
    return fleet_fail(err, FLEET_ENOTFOUND, "ssh-agent does not hold this key");
}

int fl_agent_signature(const struct fl_buf *answer, struct fl_buf *signature,
                       struct fleet_error *err)
{
    struct fl_wire wire = fl_wire(answer->data, answer->len);
    bool signs = fl_wire_byte(&wire) == SIGN_RESPONSE;
    struct fl_wire pair = fl_wire_string(&wire);
    struct fl_wire bytes;

    if (!signs)
        return fleet_fail(err, FLEET_ECONFIG,
                          "ssh-agent does not sign with this key: is it locked "
                          "(ssh-add -X), or was the question declined?");
    fl_wire_string(&pair); /* algorithm */
    bytes = fl_wire_string(&pair);
    if (bytes.bad)
        return lost(err);
    fl_buf_add(signature, bytes.at, bytes.left);
    return fl_buf_check(signature, "ssh-agent's signature", err);
}

int fl_agent_sign(const struct fl_buf *blob, const void *data, size_t len,
                  uint32_t flags, int64_t deadline, struct fl_buf *signature,
                  struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf request = FL_BUF(MESSAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf answer = FL_BUF(MESSAGE_MAX);
    int rc;

    begin(&request, SIGN_REQUEST);
    fl_wire_put(&request, blob->data, blob->len);
    fl_wire_put(&request, data, len);
    fl_wire_put_u32(&request, flags);
    rc = ask(&request, &answer, deadline, err);
    return rc < 0 ? rc : fl_agent_signature(&answer, signature, err);
}
