/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/net/ssh.h"
#include "core/net/sshlink.h"

#include <libssh2_sftp.h>
#include <openssl/rand.h>
#include <string.h>

#define START_MS    15000
#define CHUNK_BYTES ((size_t)128 * 1024) /* libssh2 copies it all at once */
#define PATH_BYTES  4096

struct transfer {
    struct fl_link *link;
    LIBSSH2_SFTP *sftp;
    LIBSSH2_SFTP_HANDLE *handle;
    const char *path;
};

static int failed(struct transfer *transfer, int rc, struct fleet_error *err)
{
    static const struct {
        unsigned long number;
        int code;
        const char *text;
    } kinds[] = {
        {LIBSSH2_FX_NO_SUCH_FILE, FLEET_ENOTFOUND, "no such file or directory"},
        {LIBSSH2_FX_NO_SUCH_PATH, FLEET_ENOTFOUND, "no such directory"},
        {LIBSSH2_FX_PERMISSION_DENIED, FLEET_EREFUSED,
         "the account there may not do that"},
        {LIBSSH2_FX_WRITE_PROTECT, FLEET_EREFUSED, "read-only there"},
        {LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM, FLEET_EREFUSED, "no space left"},
    };
    unsigned long number;

    if (transfer->link->dead || !transfer->sftp ||
        rc != LIBSSH2_ERROR_SFTP_PROTOCOL) {
        fl_link_failed(transfer->link, rc, transfer->path, err);
        return fl_error_in(err, "sftp");
    }
    number = libssh2_sftp_last_error(transfer->sftp);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (kinds[i].number == number)
            return fleet_fail(err, kinds[i].code, "sftp: %s: %s",
                              transfer->path, kinds[i].text);
    return fleet_fail(err, FLEET_EREFUSED,
                      "sftp: %s: the server says no more than \"failure\" "
                      "(%lu): is its disk full, or is that a directory?",
                      transfer->path, number);
}

/* A server that says it has SFTP and has no program for it never answers, and
 * libssh2 does not notice: hence a time of its own. */
static int start(struct transfer *transfer, int64_t deadline,
                 struct fleet_error *err)
{
    struct fl_link *link = transfer->link;
    int64_t soon = fl_deadline(START_MS);
    int rc = fl_link_begin(link, soon < deadline ? soon : deadline, err);

    if (rc < 0)
        return rc;
    do {
        transfer->sftp = libssh2_sftp_init(link->session);
        rc = fl_link_errno(link, transfer->sftp);
    } while (fl_link_again(link, rc));
    link->deadline = deadline;
    if (transfer->sftp)
        return FLEET_OK;
    if (link->dead && link->why.code != FLEET_ETIMEOUT)
        return fl_link_failed(link, rc, "sftp", err);
    return fleet_fail(err, FLEET_EUNSUPPORTED,
                      "sftp: the server there has none that works: apt-get "
                      "install openssh-sftp-server on it, and a line "
                      "\"Subsystem sftp internal-sftp\" in its sshd_config");
}

static int open_file(struct transfer *transfer, unsigned long flags,
                     struct fleet_error *err)
{
    struct fl_link *link = transfer->link;
    int rc;

    do {
        transfer->handle = libssh2_sftp_open_ex(
            transfer->sftp, transfer->path, (unsigned)strlen(transfer->path),
            flags, 0600, LIBSSH2_SFTP_OPENFILE);
        rc = fl_link_errno(link, transfer->handle);
    } while (fl_link_again(link, rc));
    return transfer->handle ? FLEET_OK : failed(transfer, rc, err);
}

static int close_file(struct transfer *transfer, struct fleet_error *err)
{
    LIBSSH2_SFTP_HANDLE *handle = fl_take(transfer->handle);
    int rc;

    if (!handle)
        return FLEET_OK;
    do
        rc = libssh2_sftp_close_handle(handle);
    while (fl_link_again(transfer->link, rc));
    return rc == 0 ? FLEET_OK : failed(transfer, rc, err);
}

static void finish(struct transfer *transfer)
{
    int rc;

    close_file(transfer, NULL);
    if (!transfer->sftp)
        return;
    do
        rc = libssh2_sftp_shutdown(transfer->sftp);
    while (fl_link_again(transfer->link, rc));
}

static int send_all(struct transfer *transfer, const char *data, size_t len,
                    struct fleet_error *err)
{
    while (len) {
        size_t most = len < CHUNK_BYTES ? len : CHUNK_BYTES;
        ssize_t n;

        do
            n = libssh2_sftp_write(transfer->handle, data, most);
        while (fl_link_again(transfer->link, (int)n));
        if (n < 0)
            return failed(transfer, (int)n, err);
        data += n;
        len -= (size_t)n;
    }
    return FLEET_OK;
}

static int set_mode(struct transfer *transfer, mode_t mode,
                    struct fleet_error *err)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes = {
        .flags = LIBSSH2_SFTP_ATTR_PERMISSIONS, .permissions = mode & 07777};
    int rc;

    do
        rc = libssh2_sftp_fstat_ex(transfer->handle, &attributes, 1);
    while (fl_link_again(transfer->link, rc));
    return rc == 0 ? FLEET_OK : failed(transfer, rc, err);
}

static int upload(struct transfer *transfer, const char *data, size_t len,
                  mode_t mode, struct fleet_error *err)
{
    int rc = open_file(transfer,
                       LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL,
                       err);

    if (rc == FLEET_OK)
        rc = send_all(transfer, data, len, err);
    if (rc == FLEET_OK)
        rc = set_mode(transfer, mode, err);
    if (rc == FLEET_OK)
        rc = close_file(transfer, err);
    return rc;
}

static void remove_temporary(struct transfer *transfer)
{
    int rc;

    close_file(transfer, NULL);
    if (transfer->link->dead || !transfer->sftp)
        return;
    do
        rc = libssh2_sftp_unlink_ex(transfer->sftp, transfer->path,
                                    (unsigned)strlen(transfer->path));
    while (fl_link_again(transfer->link, rc));
}

/* SFTP's own rename does not replace a file, and libssh2 1.10 does not know
 * OpenSSH's that does; rename(2) is what mv calls. */
static int move(struct fl_ssh *ssh, const char *from, const char *to,
                int64_t deadline, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf command = FL_BUF(16 * PATH_BYTES);
    struct fl_ssh_exec exec = {.max_out = 0, .max_err = 200};
    int rc;

    fl_buf_puts(&command, "! test -d ");
    fl_shell_quote(&command, to);
    fl_buf_puts(&command, " && mv -f -- ");
    fl_shell_quote(&command, from);
    fl_buf_puts(&command, " ");
    fl_shell_quote(&command, to);
    rc = fl_buf_check(&command, "sftp: rename", err);
    if (rc < 0)
        return rc;
    exec.command = command.data;
    rc = fl_ssh_run(ssh, &exec, deadline, err);
    if (rc == FLEET_OK && exec.status != 0)
        rc =
            fleet_fail(err, FLEET_EREFUSED, "sftp: %s: cannot be put there: %s",
                       to, *exec.err_text ? exec.err_text : "a directory");
    fl_ssh_exec_clear(&exec);
    return rc;
}

static int check_path(const char *remote, struct fleet_error *err)
{
    size_t len = strlen(remote);

    if (len > 0 && len < PATH_BYTES - 32 && remote[len - 1] != '/' &&
        remote[0] != '-')
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID, "sftp: \"%.100s\" names no file",
                      remote);
}

int fl_ssh_put(struct fl_ssh *ssh, const char *remote, const char *data,
               size_t len, mode_t mode, int64_t deadline,
               struct fleet_error *err)
{
    FL_AUTO_FREE char *temporary = NULL;
    struct transfer transfer = {.link = ssh->link};
    uint32_t number = 0;
    int rc = check_path(remote, err);

    if (rc < 0)
        return rc;
    if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1)
        return fleet_fail(err, FLEET_EINTERNAL, "no random numbers");
    temporary = fl_format("%s.fleet-%08x", remote, (unsigned)number);
    if (!temporary)
        return fl_enomem(err);
    transfer.path = temporary;
    rc = start(&transfer, deadline, err);
    if (rc == FLEET_OK)
        rc = upload(&transfer, data, len, mode, err);
    if (rc == FLEET_OK)
        rc = move(ssh, temporary, remote, deadline, err);
    if (rc < 0)
        remove_temporary(&transfer);
    finish(&transfer);
    return rc;
}

static int download(struct transfer *transfer, struct fl_buf *into,
                    struct fleet_error *err)
{
    char chunk[16384];
    ssize_t n;

    for (;;) {
        do
            n = libssh2_sftp_read(transfer->handle, chunk, sizeof(chunk));
        while (fl_link_again(transfer->link, (int)n));
        if (n < 0)
            return failed(transfer, (int)n, err);
        if (n == 0)
            return FLEET_OK;
        if (fl_buf_add(into, chunk, (size_t)n) < 0)
            return fl_buf_check(into, transfer->path, err);
    }
}

int fl_ssh_get(struct fl_ssh *ssh, const char *remote, size_t max, char **data,
               size_t *len, int64_t deadline, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(max);
    struct transfer transfer = {.link = ssh->link, .path = remote};
    char *taken;
    int rc = check_path(remote, err);

    if (rc == FLEET_OK)
        rc = start(&transfer, deadline, err);
    if (rc == FLEET_OK)
        rc = open_file(&transfer, LIBSSH2_FXF_READ, err);
    if (rc == FLEET_OK)
        rc = download(&transfer, &text, err);
    finish(&transfer);
    if (rc < 0)
        return rc;
    *len = text.len;
    taken = text.data ? fl_buf_take(&text) : strdup("");
    if (!taken)
        return fl_enomem(err);
    *data = taken;
    return FLEET_OK;
}
