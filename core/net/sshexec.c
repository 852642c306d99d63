/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/net/ssh.h"
#include "core/net/sshlink.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_BYTES (256 * 1024) /* what may come before it is read */
#define PACKET_BYTES 32768
#define CHUNK_BYTES  16384
#define VAIN_MAX     2
#define COMMAND_MAX  (128 * 1024) /* what one word of a Linux program may be */

struct stream {
    int id;
    struct fl_buf kept;
    bool dropped;
};

struct run {
    struct fl_link *link;
    const struct fl_ssh_exec *exec;
    LIBSSH2_CHANNEL *channel;
    const char *input; /* what is left of it */
    size_t input_len;
    bool input_ended;
    struct stream out, err;
    bool moved; /* something has, in this round */
};

static int open_channel(struct run *run, struct fleet_error *err)
{
    struct fl_link *link = run->link;
    int rc;

    do {
        run->channel =
            libssh2_channel_open_ex(link->session, "session", strlen("session"),
                                    WINDOW_BYTES, PACKET_BYTES, NULL, 0);
        rc = fl_link_errno(link, run->channel);
    } while (fl_link_again(link, rc));
    if (run->channel)
        return FLEET_OK;
    if (!link->dead && rc == LIBSSH2_ERROR_CHANNEL_FAILURE)
        return fleet_fail(err, FLEET_EREFUSED,
                          "exec: the login worked, but the server opens no "
                          "session: the account or this key may not run "
                          "commands there, or too many run already "
                          "(MaxSessions)");
    return fl_link_failed(link, rc, "exec", err);
}

static int start(struct run *run, const char *command, struct fleet_error *err)
{
    struct fl_link *link = run->link;
    int rc;

    do
        rc = libssh2_channel_process_startup(run->channel, "exec",
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

/* As much input as goes now. LIBSSH2_ERROR_EAGAIN, or 0 when all is sent. */
static int feed(struct run *run)
{
    while (run->input_len) {
        ssize_t n = libssh2_channel_write_ex(run->channel, 0, run->input,
                                             run->input_len);

        if (n <= 0)
            return n < 0 ? (int)n : LIBSSH2_ERROR_EAGAIN;
        run->input += n;
        run->input_len -= (size_t)n;
        run->moved = true;
    }
    if (!run->input_ended) {
        int rc = libssh2_channel_send_eof(run->channel);

        if (rc < 0)
            return rc;
        run->input_ended = true;
    }
    return 0;
}

static void keep(struct run *run, struct stream *stream, const char *data,
                 size_t len)
{
    const struct fl_ssh_exec *exec = run->exec;
    size_t room = stream->kept.max - stream->kept.len;

    if (exec->heard)
        exec->heard(exec->heard_arg, stream->id == 0 ? 1 : 2, data, len);
    if (len > room) {
        len = room;
        stream->dropped = !exec->heard || stream->kept.max > 0;
    }
    fl_buf_add(&stream->kept, data, len);
}

/* All that is there. LIBSSH2_ERROR_EAGAIN, or 0 at its end. */
static int drain(struct run *run, struct stream *stream)
{
    char chunk[CHUNK_BYTES];
    ssize_t n;

    while ((n = libssh2_channel_read_ex(run->channel, stream->id, chunk,
                                        sizeof(chunk))) > 0) {
        keep(run, stream, chunk, (size_t)n);
        run->moved = true;
    }
    return (int)n;
}

static bool is_failure(int rc)
{
    return rc < 0 && rc != LIBSSH2_ERROR_EAGAIN;
}

/* Each of the calls in a round takes in whatever packets are there, also those
 * that one before it would have wanted. */
static bool is_more_to_do(struct run *run)
{
    unsigned long queued = 0;

    libssh2_channel_window_read_ex(run->channel, &queued, NULL);
    return run->moved || queued ||
           (run->input_len && libssh2_channel_window_write(run->channel));
}

/* Both directions at once, or a command that prints before it reads would lock
 * up. The input ends where the command has closed its output. Rounds in vain
 * end: what nobody can read may be queued as well. */
static int talk_to_end(struct run *run)
{
    int in_vain = 0;

    do {
        int fed, out, err;

        run->moved = false;
        fed = feed(run);
        out = drain(run, &run->out);
        err = drain(run, &run->err);
        if (is_failure(out) || is_failure(err))
            return is_failure(out) ? out : err;
        if (libssh2_channel_eof(run->channel))
            return 0;
        if (is_failure(fed))
            return fed;
        in_vain = run->moved ? 0 : in_vain + 1;
    } while ((in_vain <= VAIN_MAX && is_more_to_do(run)) ||
             fl_link_again(run->link, LIBSSH2_ERROR_EAGAIN));
    return LIBSSH2_ERROR_SOCKET_DISCONNECT;
}

static int talk(struct run *run)
{
    int rc = talk_to_end(run);

    if (rc < 0)
        return rc;
    do
        rc = libssh2_channel_wait_closed(run->channel);
    while (fl_link_again(run->link, rc));
    return rc;
}

static void read_status(struct run *run, struct fl_ssh_exec *exec)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char *name = NULL;
    size_t len = 0;

    libssh2_channel_get_exit_signal(run->channel, &name, &len, NULL, NULL, NULL,
                                    NULL);
    if (name) {
        exec->status = -1;
        snprintf(exec->signal, sizeof(exec->signal), "%.*s",
                 (int)strspn(name, allowed), name);
        libssh2_free(run->link->session, name);
    } else {
        exec->status = libssh2_channel_get_exit_status(run->channel);
    }
}

static void close_channel(struct run *run)
{
    int rc;

    do
        rc = libssh2_channel_free(run->channel);
    while (fl_link_again(run->link, rc));
}

static int run_command(struct run *run, struct fl_ssh_exec *exec,
                       struct fleet_error *err)
{
    int rc = open_channel(run, err);

    if (rc < 0)
        return rc;
    rc = start(run, exec->command, err);
    if (rc == FLEET_OK) {
        rc = talk(run);
        if (rc < 0)
            rc = fl_link_failed(run->link, rc, "exec", err);
        else
            read_status(run, exec);
    }
    close_channel(run);
    return rc;
}

/* What has come is the caller's, also after a failure. */
static int hand_over(struct stream *stream, char **text, size_t *len,
                     struct fleet_error *err)
{
    int rc = fl_buf_check(&stream->kept, "output", err);

    if (rc < 0)
        return rc;
    *len = stream->kept.len;
    *text = stream->kept.data ? fl_buf_take(&stream->kept) : strdup("");
    return *text ? FLEET_OK : fl_enomem(err);
}

static void clear_results(struct fl_ssh_exec *exec)
{
    exec->out = exec->err_text = NULL;
    exec->out_len = exec->err_len = 0;
    exec->truncated = false;
    exec->status = -1;
    exec->signal[0] = '\0';
}

int fl_ssh_run(struct fl_ssh *ssh, struct fl_ssh_exec *exec, int64_t deadline,
               struct fleet_error *err)
{
    struct run run = {
        .link = ssh->link,
        .exec = exec,
        .input = exec->input,
        .input_len = exec->input ? exec->input_len : 0,
        .out = {.id = 0, .kept = FL_BUF(exec->max_out)},
        .err = {.id = SSH_EXTENDED_DATA_STDERR, .kept = FL_BUF(exec->max_err)}};
    int rc = fl_link_begin(ssh->link, deadline, err), handed;

    clear_results(exec);
    if (rc == FLEET_OK && strlen(exec->command) > COMMAND_MAX)
        rc = fleet_fail(err, FLEET_EINVALID,
                        "exec: a command of more than %d bytes: send it as "
                        "input to sh",
                        COMMAND_MAX);
    if (rc == FLEET_OK)
        rc = run_command(&run, exec, err);
    exec->truncated = run.out.dropped || run.err.dropped;
    handed =
        hand_over(&run.out, &exec->out, &exec->out_len, rc < 0 ? NULL : err);
    if (handed == FLEET_OK)
        handed = hand_over(&run.err, &exec->err_text, &exec->err_len,
                           rc < 0 ? NULL : err);
    fl_buf_clear(&run.out.kept);
    fl_buf_clear(&run.err.kept);
    return rc < 0 ? rc : handed;
}

void fl_ssh_exec_clear(struct fl_ssh_exec *exec)
{
    free(exec->out);
    free(exec->err_text);
    clear_results(exec);
}
