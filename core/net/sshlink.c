/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshlink.h"

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/wait.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* More than a session ever needs; less than a hostile peer would like. */
#define HELD_MAX  ((size_t)8 << 20)
#define CLOSE_MAX 64   /* calls */
#define IDLE_MAX  1000 /* reads */
#define NAMES_MAX 4096

/* Without what is broken: SHA-1 in the key exchange, CBC, RC4, MD5. */
static const struct {
    int method;
    const char *names;
} methods[] = {
    {LIBSSH2_METHOD_KEX,
     "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
     "ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
     "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
     "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"},
    {LIBSSH2_METHOD_CRYPT_CS,
     "aes128-ctr,aes192-ctr,aes256-ctr,aes256-gcm@openssh.com,"
     "aes128-gcm@openssh.com"},
    {LIBSSH2_METHOD_CRYPT_SC,
     "aes128-ctr,aes192-ctr,aes256-ctr,aes256-gcm@openssh.com,"
     "aes128-gcm@openssh.com"},
    {LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
    {LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
};

/* libssh2 keeps packets that it cannot place, so a peer could make it grow
 * without end. */
static void *on_alloc(size_t size, void **abstract)
{
    struct fl_link *link = *abstract;
    void *memory;

    if (size > HELD_MAX - link->held) {
        fl_link_kill(link, FLEET_ETRANSIENT,
                     "the server sends more than anybody asked for");
        return NULL;
    }
    memory = malloc(size ? size : 1);
    if (memory)
        link->held += malloc_usable_size(memory);
    else
        fl_link_kill(link, FLEET_ENOMEM, "out of memory");
    return memory;
}

static void on_free(void *memory, void **abstract)
{
    struct fl_link *link = *abstract;

    link->held -= malloc_usable_size(memory);
    free(memory);
}

static void *on_realloc(void *memory, size_t size, void **abstract)
{
    size_t had = malloc_usable_size(memory);
    void *moved = on_alloc(size, abstract);

    if (moved && memory) {
        memcpy(moved, memory, had < size ? had : size);
        on_free(memory, abstract);
    }
    return moved;
}

void *fl_link_alloc(LIBSSH2_SESSION *session, size_t size)
{
    return on_alloc(size, libssh2_session_abstract(session));
}

/* The identification is ours to judge. libssh2 then gets it as it came: read in
 * one piece, where libssh2 would ask for it byte by byte. */
static bool greet(struct fl_link *link)
{
    struct fl_heard *heard = &link->heard;
    struct fleet_error err = {0};
    int rc = fl_greeting_hear(link->fd, heard, &err);

    if (rc == 1)
        return false;
    if (rc < 0) {
        const char *colon = strstr(err.text, ": ");

        fl_link_kill(link, rc, colon ? colon + 2 : err.text);
        return false;
    }
    heard->text[heard->line - 1] = '\n';
    if (!heard->text[heard->line - 2])
        heard->text[heard->line - 2] = '\r';
    link->greeted = true;
    return true;
}

/* What came along with the identification. */
static ssize_t hand_on(struct fl_link *link, void *buffer, size_t len)
{
    struct fl_heard *heard = &link->heard;
    size_t left = heard->len - heard->identity;

    if (len > left)
        len = left;
    memcpy(buffer, heard->text + heard->identity, len);
    heard->identity += len;
    return (ssize_t)len;
}

/* Delayed acknowledgements make a server wait that has Nagle on. The kernel
 * forgets this option. */
static void acknowledge_at_once(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static int wait_for(struct fl_link *link, short events)
{
    struct pollfd at = {.fd = link->fd, .events = events};
    int rc = FLEET_ETIMEOUT;

    if (fl_left_ms(link->deadline) > 0) /* also when there is always more */
        rc = fl_wait(&at, 1, link->deadline);
    if (rc < 0)
        fl_link_kill(link, rc,
                     rc == FLEET_ECANCELLED ? "cancelled" : "not done in time");
    return rc;
}

static void wait_or_end(struct fl_link *link)
{
    if (link->ended)
        fl_link_kill(link, FLEET_ETRANSIENT,
                     "the server closed the connection");
    else
        wait_for(link, POLLIN);
}

/* Normally fl_link_again waits. But libssh2 1.10 goes round in circles where
 * SFTP is refused, or ends within a packet: then the wait is here. */
static ssize_t nothing_yet(struct fl_link *link)
{
    if (++link->idle > IDLE_MAX)
        wait_or_end(link);
    return link->dead ? -ECONNRESET : -EAGAIN;
}

/* libssh2 reads on as long as there is something, so time may be up here too.
 * Where the peer has closed, libssh2 first gets to use what it has. All of that
 * is told in fl_link_again. */
static ssize_t on_recv(libssh2_socket_t fd, void *buffer, size_t len, int flags,
                       void **abstract)
{
    struct fl_link *link = *abstract;
    ssize_t n;

    if (link->dead)
        return -ECONNRESET;
    if (link->ended || fl_cancelled() || fl_left_ms(link->deadline) == 0)
        return nothing_yet(link);
    if (!link->greeted && !greet(link))
        return nothing_yet(link);
    if (link->heard.identity < link->heard.len)
        return hand_on(link, buffer, len);
    n = recv(fd, buffer, len, flags | MSG_DONTWAIT);
    if (n > 0) {
        link->idle = 0;
        acknowledge_at_once(fd);
        return n;
    }
    link->ended = n == 0 || (errno != EAGAIN && errno != EINTR);
    return nothing_yet(link);
}

/* Everything or nothing: with packets half sent, libssh2 must not be asked for
 * anything else. Servers read while they write, so this does not lock up. Where
 * a peer does not take it any more, what it said last is still worth hearing,
 * and reading will tell that it has gone. */
static ssize_t on_send(libssh2_socket_t fd, const void *buffer, size_t len,
                       int flags, void **abstract)
{
    struct fl_link *link = *abstract;
    const char *at = buffer;
    size_t left = len;

    while (left && !link->dead) {
        ssize_t n = send(fd, at, left, flags | MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            at += n;
            left -= (size_t)n;
        } else if (errno == EAGAIN) {
            wait_for(link, POLLOUT);
        } else if (errno != EINTR) {
            left = 0;
        }
    }
    return left ? -EPIPE : (ssize_t)len;
}

bool fl_link_again(struct fl_link *link, int rc)
{
    link->idle = 0;
    if (rc != LIBSSH2_ERROR_EAGAIN || link->dead)
        return false;
    wait_or_end(link);
    return true;
}

int fl_link_errno(const struct fl_link *link, const void *got)
{
    return got ? 0 : libssh2_session_last_errno(link->session);
}

void fl_link_kill(struct fl_link *link, int code, const char *why)
{
    if (!link->dead)
        fleet_fail(&link->why, code, "%s", why);
    link->dead = true;
}

static bool is_loss(int rc)
{
    return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
           rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND;
}

int fl_link_failed(struct fl_link *link, int rc, const char *what,
                   struct fleet_error *err)
{
    char *text = NULL;

    if (!link->dead && rc == LIBSSH2_ERROR_TIMEOUT)
        fl_link_kill(link, FLEET_ETIMEOUT, "no answer within a minute");
    if (!link->dead && (link->ended || is_loss(rc)))
        fl_link_kill(link, FLEET_ETRANSIENT,
                     "the server closed the connection");
    if (link->dead)
        return fleet_fail(err, link->why.code, "%s: %s", what, link->why.text);
    libssh2_session_last_error(link->session, &text, NULL, 0);
    fleet_fail(err, FLEET_ETRANSIENT, "%s: %s (libssh2 %d)", what,
               text && *text ? text : "failed", rc);
    if (err)
        err->detail = rc;
    return FLEET_ETRANSIENT;
}

int fl_link_begin(struct fl_link *link, int64_t deadline,
                  struct fleet_error *err)
{
    link->deadline = deadline;
    if (!link->dead)
        return FLEET_OK;
    return fleet_fail(err, link->why.code, "the connection is gone: %s",
                      link->why.text);
}

static void set_callback(LIBSSH2_SESSION *session, int type, void *callback)
{
#if LIBSSH2_VERSION_NUM >= 0x010b01
    libssh2_session_callback_set2(session, type,
                                  (libssh2_cb_generic *)callback);
#else
    libssh2_session_callback_set(session, type, callback);
#endif
}

static bool is_in(const char *const *list, int n, const char *name, size_t len)
{
    for (int i = 0; i < n; i++)
        if (strlen(list[i]) == len && memcmp(list[i], name, len) == 0)
            return true;
    return false;
}

/* libssh2 would leave out itself what it does not know, but 1.10 does that with
 * memcpy on memory that overlaps. */
int fl_link_prefer(struct fl_link *link, int method, const char *names,
                   struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf known = FL_BUF(NAMES_MAX);
    const char **supported = NULL;
    int n = libssh2_session_supported_algs(link->session, method, &supported);
    int rc;

    if (n <= 0)
        return fl_link_failed(link, n, "connect", err);
    for (size_t len; *names; names += len + (names[len] == ',')) {
        len = strcspn(names, ",");
        if (is_in(supported, n, names, len))
            fl_buf_printf(&known, "%s%.*s", known.len ? "," : "", (int)len,
                          names);
    }
    libssh2_free(link->session, supported);
    rc = fl_buf_check(&known, "names of algorithms", err);
    if (rc < 0)
        return rc;
    rc =
        libssh2_session_method_pref(link->session, method, fl_buf_text(&known));
    return rc ? fl_link_failed(link, rc, "connect", err) : FLEET_OK;
}

static int set_up(struct fl_link *link, struct fleet_error *err)
{
    link->session =
        libssh2_session_init_ex(on_alloc, on_free, on_realloc, link);
    if (!link->session)
        return fl_enomem(err);
    libssh2_session_set_blocking(link->session, 0);
    set_callback(link->session, LIBSSH2_CALLBACK_RECV, (void *)on_recv);
    set_callback(link->session, LIBSSH2_CALLBACK_SEND, (void *)on_send);
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        int rc = fl_link_prefer(link, methods[i].method, methods[i].names, err);

        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

int fl_link_open(int fd, int64_t deadline, struct fl_link **out,
                 struct fleet_error *err)
{
    FL_AUTO(fl_link_close) struct fl_link *made = calloc(1, sizeof(*made));
    int rc;

    if (!made) {
        close(fd);
        return fl_enomem(err);
    }
    made->fd = fd;
    made->deadline = deadline;
    rc = set_up(made, err);
    if (rc < 0)
        return rc;
    *out = fl_take(made);
    return FLEET_OK;
}

/* A word of farewell if it can be said without waiting; then libssh2 finds a
 * dead connection and has nothing more to wait for. */
static void end_session(struct fl_link *link)
{
    link->deadline = 0;
    if (!link->dead)
        libssh2_session_disconnect(link->session, "done");
    fl_link_kill(link, FLEET_ETRANSIENT, "closed");
    for (int i = 0; i < CLOSE_MAX; i++)
        if (libssh2_session_free(link->session) != LIBSSH2_ERROR_EAGAIN)
            break;
}

void fl_link_close(struct fl_link *link)
{
    int kept = errno;

    if (!link)
        return;
    if (link->session)
        end_session(link);
    close(link->fd);
    free(link);
    errno = kept;
}
