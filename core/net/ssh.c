/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/ssh.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/connect.h"
#include "core/net/resolve.h"
#include "core/net/sshkey.h"
#include "core/net/sshlink.h"
#include "core/net/sshturn.h"
#include "core/net/wait.h"

#include <errno.h>
#include <string.h>

#define SCARCE_PAUSE_MS 50 /* until somebody has closed a descriptor */
#define FIRST_PAUSE_MS  50 /* after a server that closed at once */
#define RETRIES         5
#define USER_MAX        255

const char *fl_ssh_stage_name(enum fl_ssh_stage stage)
{
    static const char *const names[] = {
        [FL_SSH_RESOLVE] = "resolve",   [FL_SSH_CONNECT] = "connect",
        [FL_SSH_GREETING] = "greeting", [FL_SSH_HOST_KEY] = "host key",
        [FL_SSH_LOGIN] = "login",       [FL_SSH_EXEC] = "exec",
        [FL_SSH_DONE] = "done"};

    return stage >= FL_SSH_RESOLVE && stage <= FL_SSH_DONE ? names[stage] : "?";
}

/* One connection in the making. */
struct opening {
    const struct fl_ssh_target *target;
    const struct fl_ssh_key *key;
    int64_t deadline;
    struct fl_buf expected; /* host key; empty: any */
    struct addrinfo *list;
    enum fl_ssh_stage stage;
    char **host_key;
    struct fleet_error sign_err;
};

/* Puts the remedy behind what happened. */
static int advise(struct fleet_error *err, const char *remedy)
{
    struct fleet_error was = *err;

    fleet_fail(err, was.code, "%s: %s", was.text, remedy);
    err->detail = was.detail;
    return was.code;
}

static int advise_network(struct fleet_error *err)
{
    static const struct {
        int number;
        const char *remedy;
    } remedies[] = {
        {ECONNREFUSED, "nothing listens on that port: its SSH server is not "
                       "running (yet), or the port has changed"},
        {EHOSTUNREACH, "no route: the machine is off, or the address is gone"},
        {ENETUNREACH, "no route: is this computer online, and does it have "
                      "IPv6 if the address is one?"},
        {ETIMEDOUT, "the machine is off, or a firewall drops what we send"},
        {EMFILE, "out of descriptors: raise the limit (ulimit -n), or do "
                 "fewer at once (-j)"},
        {ENFILE, "this computer is out of descriptors: do fewer at once (-j)"},
    };

    if (err->code == FLEET_ETIMEOUT)
        return advise(err, "the machine is off, or a firewall drops what we "
                           "send");
    for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
        if (err->code == FLEET_ETRANSIENT && err->detail == remedies[i].number)
            return advise(err, remedies[i].remedy);
    return err->code;
}

static bool is_scarce(const struct fleet_error *err)
{
    return err->code == FLEET_ETRANSIENT &&
           (err->detail == EMFILE || err->detail == ENFILE);
}

/* Until deadline, or now + ms. FLEET_OK: there is time left. */
static int pause_ms(int64_t ms, int64_t deadline)
{
    int64_t until = fl_deadline(ms);
    int rc = fl_wait(NULL, 0, until < deadline ? until : deadline);

    if (rc == FLEET_ETIMEOUT && fl_left_ms(deadline) > 0)
        return FLEET_OK;
    return rc;
}

/* Out of descriptors: others of ours will soon be done with theirs. */
static bool may_come(const struct fleet_error *err, int64_t deadline)
{
    return is_scarce(err) && pause_ms(SCARCE_PAUSE_MS, deadline) == FLEET_OK;
}

static int connect_to(const struct opening *opening, int *fd,
                      struct fleet_error *err)
{
    int rc;

    do
        rc = fl_connect(opening->list, opening->deadline, fd, err);
    while (rc < 0 && may_come(err, opening->deadline));
    return rc < 0 ? advise_network(err) : FLEET_OK;
}

static int resolve(struct opening *opening, struct fleet_error *err)
{
    const struct fl_ssh_target *target = opening->target;
    int rc;

    do
        rc = fl_resolve(target->host, target->port, opening->deadline,
                        &opening->list, err);
    while (rc < 0 && may_come(err, opening->deadline));
    return rc < 0 && is_scarce(err) ? advise_network(err) : rc;
}

/* The expected type first, so that the server shows that key if it has it; the
 * others too, so that we see which key it shows in its place. */
static int prefer(struct fl_link *link, const struct fl_buf *expected,
                  struct fleet_error *err)
{
    static const char others[] =
        "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
        "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa";
    char type[FL_KEY_TYPE_SIZE], names[sizeof(others) + 2 * sizeof(type)];

    fl_key_type(expected->data, expected->len, type);
    snprintf(names, sizeof(names), "%s%s,%s",
             strcmp(type, "ssh-rsa") == 0 ? "rsa-sha2-512,rsa-sha2-256," : "",
             type, others);
    return fl_link_prefer(link, LIBSSH2_METHOD_HOSTKEY,
                          expected->len ? names : others, err);
}

static int tell_no_greeting(struct fl_link *link, int rc,
                            struct fleet_error *err)
{
    fl_link_failed(link, rc, "greeting", err);
    if (err->code == FLEET_EINVALID)
        return advise(err, "something answers on that port but it is not SSH; "
                           "is the port right?");
    if (err->code == FLEET_ETIMEOUT)
        return advise(err, "the port takes connections, but no SSH server says "
                           "who it is");
    return err->code;
}

static int tell_no_key(struct fl_link *link, int rc, struct fleet_error *err)
{
    fl_link_failed(link, rc, "host key", err);
    if (!link->dead && rc == LIBSSH2_ERROR_KEX_FAILURE)
        return advise(err, "server and libssh2 have no algorithm in common; a "
                           "server that only has an RSA host key needs libssh2 "
                           "1.11 here, or an ed25519 key there (ssh-keygen "
                           "-A)");
    return err->code;
}

/* The server says who it is, keys are exchanged, and the server proves that it
 * has its host key. */
static int shake_hands(struct opening *opening, struct fl_link *link,
                       struct fleet_error *err)
{
    int rc;

    opening->stage = FL_SSH_GREETING;
    do
        rc = libssh2_session_handshake(link->session, link->fd);
    while (fl_link_again(link, rc));
    if (link->greeted)
        opening->stage = FL_SSH_HOST_KEY;
    if (rc == 0)
        return FLEET_OK;
    return link->greeted ? tell_no_key(link, rc, err)
                         : tell_no_greeting(link, rc, err);
}

static int tell_change(const struct fl_buf *expected, const char *blob,
                       size_t len, struct fleet_error *err)
{
    char type[FL_KEY_TYPE_SIZE], print[FL_KEY_PRINT_SIZE];
    char wanted[FL_KEY_PRINT_SIZE];

    fl_key_type(blob, len, type);
    fl_key_print(blob, len, print);
    fl_key_print(expected->data, expected->len, wanted);
    return fleet_fail(
        err, FLEET_EREFUSED,
        "host key: changed: it is %s %s, but was %s when fleet first "
        "connected. "
        "Somebody may be in between, or the machine was replaced or set up "
        "again outside fleet. Nothing was sent to it. If you know why it "
        "changed, replace the pod with fleet; if not, do not use it",
        type, print, wanted);
}

static int check_host_key(struct opening *opening, struct fl_link *link,
                          struct fleet_error *err)
{
    const struct fl_buf *expected = &opening->expected;
    size_t len = 0;
    const char *blob;

    blob = libssh2_session_hostkey(link->session, &len, NULL);
    if (!blob)
        return fl_link_failed(link, LIBSSH2_ERROR_HOSTKEY_INIT, "host key",
                              err);
    if (opening->host_key) {
        free(*opening->host_key);
        *opening->host_key = fl_key_line(blob, len);
        if (!*opening->host_key)
            return fl_enomem(err);
    }
    if (!expected->len ||
        (expected->len == len && memcmp(expected->data, blob, len) == 0))
        return FLEET_OK;
    return tell_change(expected, blob, len, err);
}

/* libssh2 frees the signature with our allocator, so it is made with it. */
static int on_sign(LIBSSH2_SESSION *session, unsigned char **sig,
                   size_t *sig_len, const unsigned char *data, size_t len,
                   void **abstract)
{
    FL_AUTO(fl_buf_clear) struct fl_buf made = FL_BUF(FL_KEY_BLOB_MAX);
    struct opening *opening = *abstract;

    if (fl_ssh_key_sign(opening->key, data, len, opening->deadline, &made,
                        &opening->sign_err) < 0)
        return LIBSSH2_ERROR_AUTHENTICATION_FAILED;
    *sig = fl_link_alloc(session, made.len);
    if (!*sig)
        return LIBSSH2_ERROR_ALLOC;
    memcpy(*sig, made.data, made.len);
    *sig_len = made.len;
    return 0;
}

static int log_in(struct opening *opening, struct fl_link *link,
                  struct fleet_error *err)
{
    const struct fl_buf *blob = &opening->key->blob;
    void *abstract = opening;
    int rc;

    opening->stage = FL_SSH_LOGIN;
    do
        rc = libssh2_userauth_publickey(link->session, opening->target->user,
                                        (const unsigned char *)blob->data,
                                        blob->len, on_sign, &abstract);
    while (fl_link_again(link, rc));
    if (rc == 0)
        return FLEET_OK;
    if (opening->sign_err.code)
        return fleet_fail(err, opening->sign_err.code, "login: %s",
                          opening->sign_err.text);
    if (link->dead || link->ended ||
        (rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED &&
         rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED))
        return fl_link_failed(link, rc, "login", err);
    return fleet_fail(err, FLEET_EAUTH,
                      "login: the server does not let %.60s in with the key %s "
                      "(%.150s), the only one tried: that key's .pub has to "
                      "stand in the account's ~/.ssh/authorized_keys there",
                      opening->target->user, opening->key->print,
                      opening->key->path);
}

static int attempt(struct opening *opening, struct fl_link **out,
                   struct fleet_error *err)
{
    FL_AUTO(fl_link_close) struct fl_link *made = NULL;
    int fd = -1, rc;

    opening->stage = FL_SSH_CONNECT;
    rc = connect_to(opening, &fd, err);
    if (rc == FLEET_OK)
        rc = fl_link_open(fd, opening->deadline, &made, err);
    if (rc == FLEET_OK)
        rc = prefer(made, &opening->expected, err);
    if (rc == FLEET_OK)
        rc = shake_hands(opening, made, err);
    if (rc == FLEET_OK)
        rc = check_host_key(opening, made, err);
    if (rc == FLEET_OK)
        rc = log_in(opening, made, err);
    if (rc == FLEET_OK)
        *out = fl_take(made);
    return rc;
}

static int attempt_in_turn(struct opening *opening, struct fl_link **out,
                           struct fleet_error *err)
{
    FL_AUTO(fl_turn_end) struct fl_turn *turn = NULL;
    int rc;

    opening->stage = FL_SSH_CONNECT;
    rc = fl_turn_take(opening->target->host, opening->target->port,
                      opening->deadline, &turn, err);
    if (rc < 0)
        return rc;
    rc = attempt(opening, out, err);
    if (rc == FLEET_ETRANSIENT && opening->stage == FL_SSH_GREETING)
        fl_turn_crowded(turn);
    return rc;
}

/* A server with too many logins under way closes at once (MaxStartups); it is
 * asked again, ever more slowly. */
static int insist(struct opening *opening, struct fl_link **out,
                  struct fleet_error *err)
{
    int64_t wait_ms = FIRST_PAUSE_MS;
    int rc;

    for (int i = 0;; i++) {
        rc = attempt_in_turn(opening, out, err);
        if (rc != FLEET_ETRANSIENT || opening->stage != FL_SSH_GREETING)
            return rc;
        if (i == RETRIES || pause_ms(wait_ms, opening->deadline) < 0)
            return advise(err, "it is busy (too many logins at once: "
                               "MaxStartups), does not want this address, or "
                               "has nothing behind it yet");
        wait_ms *= 2;
    }
}

static int check_target(const struct fl_ssh_target *target,
                        struct fl_buf *expected, struct fleet_error *err)
{
    size_t len = strlen(target->user);
    struct fleet_error why = {0};
    int rc = FLEET_OK;

    if (!fl_host_valid(target->host) || target->port < 1 ||
        target->port > 65535)
        return fleet_fail(err, FLEET_EINVALID,
                          "\"%.60s\" port %d is no place to connect to",
                          target->host, target->port);
    if (len == 0 || len > USER_MAX)
        return fleet_fail(err, FLEET_EINVALID, "\"%.60s\" is no user name",
                          target->user);
    if (target->host_key)
        rc = fl_key_line_parse(target->host_key, expected, &why);
    if (rc < 0)
        return fleet_fail(err, rc, "host key: the one that is known %s",
                          why.text);
    return FLEET_OK;
}

static int open_link(struct opening *opening, struct fl_link **out,
                     struct fleet_error *err)
{
    int rc = check_target(opening->target, &opening->expected, err);

    if (rc == FLEET_OK)
        rc = resolve(opening, err);
    return rc < 0 ? rc : insist(opening, out, err);
}

int fl_ssh_open(const struct fl_ssh_target *target,
                const struct fl_ssh_key *key, int64_t deadline,
                struct fl_ssh **out, enum fl_ssh_stage *stage, char **host_key,
                struct fleet_error *err)
{
    struct opening opening = {.target = target,
                              .key = key,
                              .deadline = deadline,
                              .expected = FL_BUF(FL_KEY_BLOB_MAX),
                              .stage = FL_SSH_RESOLVE,
                              .host_key = host_key};
    FL_AUTO(fl_ssh_close) struct fl_ssh *made = calloc(1, sizeof(*made));
    int64_t began = fl_now_ms();
    struct fleet_error why = {0};
    int rc;

    if (host_key)
        *host_key = NULL;
    rc = made ? open_link(&opening, &made->link, &why) : fl_enomem(&why);
    fl_buf_clear(&opening.expected);
    if (opening.list)
        freeaddrinfo(opening.list);
    if (stage)
        *stage = rc == FLEET_OK ? FL_SSH_DONE : opening.stage;
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    made->elapsed_ms = fl_now_ms() - began;
    *out = fl_take(made);
    return FLEET_OK;
}

void fl_ssh_close(struct fl_ssh *ssh)
{
    if (!ssh)
        return;
    fl_link_close(ssh->link);
    free(ssh);
}

int64_t fl_ssh_elapsed_ms(const struct fl_ssh *ssh)
{
    return ssh->elapsed_ms;
}
