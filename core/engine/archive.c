/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/archive.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/savescript.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAX_BYTES ((int64_t)16 << 30)
#define NOTE_MAX  512
#define SUFFIX    ".tar.gz"
#define STALE_S   86400

FL_CLEANUP(EVP_MD_CTX_free, EVP_MD_CTX *);

static int hex_of(EVP_MD_CTX *digest, char out[72])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_DigestFinal_ex(digest, bytes, &len) != 1 || len > 35)
        return FLEET_EINTERNAL;
    for (unsigned i = 0; i < len; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", bytes[i]);
    return FLEET_OK;
}

static EVP_MD_CTX *digest_open(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1)
        return digest;
    EVP_MD_CTX_free(digest);
    return NULL;
}

/* ---- taking ---- */

struct taking {
    const struct fl_onpod *script;
    struct fl_onpod_start start;
    struct fl_buf note; /* the line of its errors that has begun */
    EVP_MD_CTX *digest;
    int fd;
    int failed; /* errno of the first write that has */
    int64_t bytes, large;
    bool none;
    char sum[72], why[300];
};

static void put(struct taking *taking, const char *data, size_t len)
{
    EVP_DigestUpdate(taking->digest, data, len);
    taking->bytes += (int64_t)len;
    while (len > 0 && !taking->failed) {
        ssize_t n = write(taking->fd, data, len);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            taking->failed = n == 0 ? EIO : errno;
        }
    }
}

static const char *behind(const char *text, const char *word)
{
    size_t len = strlen(word);

    return strncmp(text, word, len) == 0 ? text + len : NULL;
}

static void read_note(struct taking *taking)
{
    const char *text = behind(fl_buf_text(&taking->note), taking->script->word);
    const char *rest;

    if (!text)
        return;
    if ((rest = behind(text, " sum ")))
        snprintf(taking->sum, sizeof(taking->sum), "%s", rest);
    else if ((rest = behind(text, " fail ")))
        snprintf(taking->why, sizeof(taking->why), "%s", rest);
    else if ((rest = behind(text, " large ")))
        fl_parse_int(rest, 0, INT64_MAX, &taking->large);
    else if (behind(text, " none"))
        taking->none = true;
}

static void hear(void *arg, int stream, const char *data, size_t len)
{
    struct taking *taking = arg;

    if (stream == 1) {
        if (fl_onpod_begun(taking->script, &taking->start, &data, &len))
            put(taking, data, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\n') {
            if (taking->note.len < NOTE_MAX)
                fl_buf_putc(&taking->note, data[i]);
            continue;
        }
        read_note(taking);
        fl_buf_empty(&taking->note);
    }
}

static int check(struct taking *taking, char sum[72], struct fleet_error *err)
{
    if (taking->why[0])
        return fleet_fail(err, FLEET_ECONFLICT, "%s", taking->why);
    if (taking->failed) {
        errno = taking->failed;
        return fleet_fail(err, FLEET_ECONFIG, "it cannot be written here: %m");
    }
    if (taking->none)
        return FLEET_OK;
    if (taking->bytes > MAX_BYTES)
        return fleet_fail(err, FLEET_EREFUSED,
                          "more than %lld GiB: name less in BACKUP_PATHS",
                          (long long)(MAX_BYTES >> 30));
    if (hex_of(taking->digest, sum) < 0 || strcmp(sum, taking->sum) != 0)
        return fleet_fail(err, FLEET_ETRANSIENT,
                          "it has not come over whole: try again");
    return FLEET_OK;
}

static int receive(struct fl_visit *visit, struct fl_onpod *script, int fd,
                   struct fl_archive *archive, struct fleet_error *err)
{
    FL_AUTO(EVP_MD_CTX_free) EVP_MD_CTX *digest = digest_open();
    struct taking taking = {
        .script = script, .note = FL_BUF(NOTE_MAX), .digest = digest, .fd = fd};
    int rc;

    if (!digest)
        return fl_enomem(err);
    fl_onpod_set(script, "word", script->word);
    fl_onpod_set_number(script, "max_bytes", MAX_BYTES);
    fl_onpod_add(script, fl_savescript_pack);
    rc = fl_onpod_listen(visit, script, hear, &taking, NULL, err);
    if (rc == 0)
        rc = check(&taking, archive->sum, err);
    archive->bytes = taking.none ? -1 : taking.bytes;
    archive->large = taking.large;
    fl_buf_clear(&taking.note);
    fl_buf_clear(&taking.start.head);
    return rc;
}

/* The next look for newer files starts from here. */
static int confirm(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_ssh_exec exec = {
        .command = "exec sh -c 'cd \"${XDG_STATE_HOME:-$HOME/.local/state}/"
                   "fleet\" && mv -f files.new files'",
        .max_err = NOTE_MAX};
    int rc = fl_visit_run(visit, &exec, err);

    if (rc == 0 && exec.status != 0)
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "the pod cannot note that it was copied");
    fl_ssh_exec_clear(&exec);
    return rc;
}

static int is_ours(const struct dirent *entry, const char *name)
{
    size_t len = strlen(name), all = strlen(entry->d_name);

    return all == len + 1 + strlen("20261120T090000Z") + strlen(SUFFIX) &&
           strncmp(entry->d_name, name, len) == 0 &&
           entry->d_name[len] == '-' &&
           strcmp(entry->d_name + all - strlen(SUFFIX), SUFFIX) == 0;
}

/* What a run that was killed has left, long ago. */
static bool is_stale(const struct fl_archive *archive, const char *name)
{
    FL_AUTO_FREE char *path = fl_path_join(archive->dir, name);
    struct stat about;

    return path && strncmp(name, ".part-", 6) == 0 &&
           lstat(path, &about) == 0 && S_ISREG(about.st_mode) &&
           time(NULL) - about.st_mtime > STALE_S;
}

/* By name, which is by time. What cannot be removed stays. */
static void prune(const struct fl_archive *archive)
{
    struct dirent **entries = NULL;
    int n = scandir(archive->dir, &entries, NULL, alphasort);
    int64_t ours = 0;

    for (int i = 0; i < n; i++)
        ours += is_ours(entries[i], archive->name);
    for (int i = 0; i < n; i++) {
        FL_AUTO_FREE char *path = NULL;
        bool old = is_ours(entries[i], archive->name) && ours > archive->keep;

        if (old || is_stale(archive, entries[i]->d_name)) {
            ours -= old;
            path = fl_path_join(archive->dir, entries[i]->d_name);
            if (path)
                unlink(path);
        }
        free(entries[i]);
    }
    free(entries);
}

static char *final_name(const struct fl_archive *archive)
{
    char stamp[FL_STAMP_SIZE], plain[FL_STAMP_SIZE];
    size_t n = 0;

    fl_stamp(stamp, time(NULL));
    for (const char *at = stamp; *at; at++) {
        if (*at != '-' && *at != ':')
            plain[n++] = *at;
    }
    plain[n] = '\0';
    return fl_format("%s/%s-%s" SUFFIX, archive->dir, archive->name, plain);
}

static int keep(const char *part, int fd, struct fl_archive *archive,
                struct fleet_error *err)
{
    FL_AUTO_FREE char *path = final_name(archive);

    if (!path)
        return fl_enomem(err);
    if (fsync(fd) < 0 || rename(part, path) < 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: it cannot be written: %m",
                          path);
    archive->path = fl_take(path);
    prune(archive);
    return FLEET_OK;
}

int fl_archive_take(struct fl_visit *visit, struct fl_onpod *script,
                    struct fl_archive *archive, struct fleet_error *err)
{
    FL_AUTO_FREE char *part = fl_format("%s/.part-XXXXXX", archive->dir);
    FL_AUTO(close) int fd = -1;
    int rc = part ? fl_dir_make(archive->dir, err) : fl_enomem(err);

    if (rc < 0)
        return rc;
    fd = mkostemp(part, O_CLOEXEC);
    if (fd < 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: it cannot be written: %m",
                          archive->dir);
    rc = receive(visit, script, fd, archive, err);
    if (rc == 0 && archive->bytes >= 0)
        rc = keep(part, fd, archive, err);
    if (rc == 0 && archive->path)
        rc = confirm(visit, err);
    if (!archive->path)
        unlink(part);
    return rc;
}

/* ---- giving ---- */

static int check_sum(const char *path, const char *data, size_t len,
                     const char *sum, struct fleet_error *err)
{
    FL_AUTO(EVP_MD_CTX_free) EVP_MD_CTX *digest = digest_open();
    char found[72] = "";

    if (!digest)
        return fl_enomem(err);
    EVP_DigestUpdate(digest, data, len);
    if (hex_of(digest, found) < 0 || !sum || strcmp(found, sum) != 0)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s: it is not what was backed up any more", path);
    return FLEET_OK;
}

static int send_bytes(struct fl_visit *visit, const char *name,
                      const char *data, size_t len, struct fleet_error *err)
{
    FL_AUTO_FREE char *command = fl_format(
        "exec sh -c 'umask 077; dir=\"${XDG_STATE_HOME:-$HOME/.local/state}/"
        "fleet\"; mkdir -p \"$dir\" && cat >\"$dir/$1\"' fleet %s",
        name);
    struct fl_ssh_exec exec = {.command = command,
                               .input = data,
                               .input_len = len,
                               .max_err = NOTE_MAX};
    int rc;

    if (!command)
        return fl_enomem(err);
    fl_visit_step(visit, "sending files");
    rc = fl_visit_run(visit, &exec, err);
    if (rc == 0 && exec.status != 0)
        rc = fleet_fail(err, FLEET_ECONFLICT, "the pod cannot keep it: %.*s",
                        (int)strcspn(exec.err_text, "\n"), exec.err_text);
    fl_ssh_exec_clear(&exec);
    return rc;
}

int fl_archive_give(struct fl_visit *visit, const char *path, const char *sum,
                    struct fl_onpod *script, struct fleet_error *err)
{
    FL_AUTO(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char name[FL_NONCE_SIZE + 16];
    struct stat about;
    char *data;
    int rc;

    if (fd < 0 || fstat(fd, &about) < 0 || about.st_size <= 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s: it cannot be read", path);
    data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return fleet_fail(err, FLEET_ENOMEM, "%s: %m", path);
    rc = check_sum(path, data, (size_t)about.st_size, sum, err);
    snprintf(name, sizeof(name), "restore.%s", script->word);
    if (rc == 0)
        rc = send_bytes(visit, name, data, (size_t)about.st_size, err);
    munmap(data, (size_t)about.st_size);
    fl_onpod_set(script, "stage", name);
    fl_onpod_set(script, "sum", sum ? sum : "");
    return rc;
}
