/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/net/ssh.h"
#include "core/net/sshlink.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_BYTES (2 * 1024 * 1024) /* what may come before it is read */
#define PACKET_BYTES 32768
#define CHUNK_BYTES  32768
#define ROUND_BYTES  ((size_t)1 << 20) /* sent before output is looked at */
#define VAIN_MAX     2
#define COMMAND_MAX  (128 * 1024) /* what one word of a Linux program may be */

struct talk {
    struct fl_ssh_stream *stream;
    struct fl_link *link;
    LIBSSH2_CHANNEL *channel;
    const char *piece; /* of the input, what is left of it */
    size_t piece_len;
    bool input_ended, input_told; /* told: the other end knows */
    bool moved;                   /* something has, in this round */
    int64_t deadline;
    int failed; /* what a callback has returned */
    struct fleet_error why;
};

static int open_channel(struct talk *talk, struct fleet_error *err)
{
    struct fl_link *link = talk->link;
    int rc;

    do {
        talk->channel =
            libssh2_channel_open_ex(link->session, "session", strlen("session"),
                                    WINDOW_BYTES, PACKET_BYTES, NULL, 0);
        rc = fl_link_errno(link, talk->channel);
    } while (fl_link_again(link, rc));
    if (talk->channel)
        return FLEET_OK;
    if (!link->dead && rc == LIBSSH2_ERROR_CHANNEL_FAILURE)
        return fleet_fail(err, FLEET_EREFUSED,
                          "exec: the login worked, but the server opens no "
                          "session: the account or this key may not run "
                          "commands there, or too many run already "
                          "(MaxSessions)");
    return fl_link_failed(link, rc, "exec", err);
}

static int start(struct talk *talk, struct fleet_error *err)
{
    const char *command = talk->stream->command;
    struct fl_link *link = talk->link;
    int rc;

    do
        rc = libssh2_channel_process_startup(talk->channel, "exec",
                                             strlen("exec"), command,
                                             (unsigned)strlen(command));
    while (fl_link_again(link, rc));
    if (rc == 0)
        return FLEET_OK;
    if (!link->dead && rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
        return fleet_fail(err, FLEET_EREFUSED,
                          "exec: the login worked, but the server runs no "
                          "command: the account has no shell, or the key is "
                          "restricted there");
    return fl_link_failed(link, rc, "exec", err);
}

/* A callback gives up; there is no other way to end a command in its tracks. */
static int give_up(struct talk *talk, int code)
{
    talk->failed = code;
    fl_link_kill(talk->link, code, "given up");
    return LIBSSH2_ERROR_SOCKET_DISCONNECT;
}

static int fetch(struct talk *talk)
{
    struct fl_ssh_stream *stream = talk->stream;
    int rc = FLEET_OK;

    if (stream->source)
        rc = stream->source(stream->arg, &talk->piece, &talk->piece_len,
                            &talk->why);
    if (rc < 0)
        return give_up(talk, rc);
    talk->input_ended = talk->piece_len == 0;
    return 0;
}

static int tell_end(struct talk *talk)
{
    int rc = 0;

    if (!talk->input_told)
        rc = libssh2_channel_send_eof(talk->channel);
    talk->input_told = rc >= 0;
    return rc;
}

/* As much input as goes now. LIBSSH2_ERROR_EAGAIN, or 0 when all is sent. */
static int feed(struct talk *talk)
{
    size_t sent = 0;

    while (!talk->input_ended) {
        ssize_t n;
        int rc = talk->piece_len ? 0 : fetch(talk);

        if (rc < 0)
            return rc;
        if (talk->input_ended)
            break;
        if (sent >= ROUND_BYTES)
            return LIBSSH2_ERROR_EAGAIN;
        n = libssh2_channel_write_ex(talk->channel, 0, talk->piece,
                                     talk->piece_len);
        if (n <= 0)
            return n < 0 ? (int)n : LIBSSH2_ERROR_EAGAIN;
        talk->piece += n;
        talk->piece_len -= (size_t)n;
        sent += (size_t)n;
        talk->moved = true;
    }
    return tell_end(talk);
}

/* All that is there. LIBSSH2_ERROR_EAGAIN, or 0 at its end. */
static int drain(struct talk *talk, int id, int number)
{
    struct fl_ssh_stream *stream = talk->stream;
    char chunk[CHUNK_BYTES];
    ssize_t n;

    while ((n = libssh2_channel_read_ex(talk->channel, id, chunk,
                                        sizeof(chunk))) > 0) {
        int rc = stream->sink ? stream->sink(stream->arg, number, chunk,
                                             (size_t)n, &talk->why)
                              : FLEET_OK;

        if (rc < 0)
            return give_up(talk, rc);
        talk->moved = true;
    }
    return (int)n;
}

static bool is_failure(int rc)
{
    return rc < 0 && rc != LIBSSH2_ERROR_EAGAIN;
}

/* Each of the calls in a round takes in whatever packets are there, also those
 * that one before it would have wanted. */
static bool is_more_to_do(struct talk *talk)
{
    unsigned long queued = 0;

    libssh2_channel_window_read_ex(talk->channel, &queued, NULL);
    return talk->moved || queued ||
           (!talk->input_ended && libssh2_channel_window_write(talk->channel));
}

/* Whoever moves something has earned more time. */
static void extend(struct talk *talk)
{
    int64_t idle_ms = talk->stream->idle_ms;
    int64_t until = idle_ms ? fl_deadline(idle_ms) : talk->deadline;

    if (!talk->moved)
        return;
    talk->link->deadline = until < talk->deadline ? until : talk->deadline;
}

/* Both directions at once, or a command that prints before it reads would lock
 * up. The input ends where the command has closed its output. Rounds in vain
 * end: what nobody can read may be queued as well. */
static int talk_to_end(struct talk *talk)
{
    int in_vain = 0;

    do {
        int fed, out, err;

        talk->moved = false;
        fed = feed(talk);
        out = drain(talk, 0, 1);
        err = drain(talk, SSH_EXTENDED_DATA_STDERR, 2);
        if (is_failure(out) || is_failure(err))
            return is_failure(out) ? out : err;
        if (libssh2_channel_eof(talk->channel))
            return 0;
        if (is_failure(fed))
            return fed;
        extend(talk);
        in_vain = talk->moved ? 0 : in_vain + 1;
    } while ((in_vain <= VAIN_MAX && is_more_to_do(talk)) ||
             fl_link_again(talk->link, LIBSSH2_ERROR_EAGAIN));
    return LIBSSH2_ERROR_SOCKET_DISCONNECT;
}

static int talk_and_close(struct talk *talk)
{
    int rc = talk_to_end(talk);

    if (rc < 0)
        return rc;
    do
        rc = libssh2_channel_wait_closed(talk->channel);
    while (fl_link_again(talk->link, rc));
    return rc;
}

static void read_status(struct talk *talk)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    struct fl_ssh_stream *stream = talk->stream;
    char *name = NULL;
    size_t len = 0;

    libssh2_channel_get_exit_signal(talk->channel, &name, &len, NULL, NULL,
                                    NULL, NULL);
    if (name) {
        stream->status = -1;
        snprintf(stream->signal, sizeof(stream->signal), "%.*s",
                 (int)strspn(name, allowed), name);
        libssh2_free(talk->link->session, name);
    } else {
        stream->status = libssh2_channel_get_exit_status(talk->channel);
    }
}

static void close_channel(struct talk *talk)
{
    int rc;

    do
        rc = libssh2_channel_free(talk->channel);
    while (fl_link_again(talk->link, rc));
}

static int tell_failure(struct talk *talk, int rc, struct fleet_error *err)
{
    if (!talk->failed)
        return fl_link_failed(talk->link, rc, "exec", err);
    if (err)
        *err = talk->why;
    return talk->failed;
}

static int run_command(struct talk *talk, struct fleet_error *err)
{
    int rc = open_channel(talk, err);

    if (rc < 0)
        return rc;
    rc = start(talk, err);
    if (rc == FLEET_OK) {
        rc = talk_and_close(talk);
        if (rc < 0)
            rc = tell_failure(talk, rc, err);
        else
            read_status(talk);
    }
    close_channel(talk);
    return rc;
}

int fl_ssh_stream(struct fl_ssh *ssh, struct fl_ssh_stream *stream,
                  int64_t deadline, struct fleet_error *err)
{
    struct talk talk = {.stream = stream,
                        .link = ssh->link,
                        .moved = true,
                        .deadline = deadline};
    int rc = fl_link_begin(ssh->link, deadline, err);

    stream->status = -1;
    stream->signal[0] = '\0';
    if (rc == FLEET_OK && strlen(stream->command) > COMMAND_MAX)
        rc = fleet_fail(err, FLEET_EINVALID,
                        "exec: a command of more than %d bytes: send it as "
                        "input to sh",
                        COMMAND_MAX);
    if (rc < 0)
        return rc;
    extend(&talk);
    return run_command(&talk, err);
}
