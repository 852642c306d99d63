/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fleet/host.h>
#include <fleet/log.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { DEEPEST = 200, LOCK_PAUSE_MS = 20 };

int fail_errno(struct fleet_error *err, const char *doing, const char *path)
{
    static const struct {
        int number, code;
    } known[] = {{ENOENT, FLEET_ENOTFOUND}, {ENOMEM, FLEET_ENOMEM},
                 {ENOSPC, FLEET_EQUOTA},    {EDQUOT, FLEET_EQUOTA},
                 {EACCES, FLEET_ECONFIG},   {EPERM, FLEET_ECONFIG},
                 {EROFS, FLEET_ECONFIG},    {EMFILE, FLEET_ETRANSIENT},
                 {ENFILE, FLEET_ETRANSIENT}};
    int number = errno;
    int code = FLEET_EINTERNAL;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            code = known[i].code;
    fleet_fail(err, code, "cannot %s %s: %s", doing, path, strerror(number));
    if (err)
        err->detail = number;
    return code;
}

int fail_memory(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ENOMEM, "out of memory");
}

uint64_t text_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

char *path_in(const char *dir, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

int dir_make(const char *path, struct fleet_error *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return FLEET_OK;
    return fail_errno(err, "make directory", path);
}

/* Grows data until the end of the file; false with errno set. */
static bool read_all(int fd, size_t max, char **data, size_t *len)
{
    size_t size = 0;

    for (;;) {
        if (size - *len < 2) {
            size = size ? size * 2 : 4096;
            char *grown = realloc(*data, size);

            if (!grown)
                return false;
            *data = grown;
        }
        ssize_t got = read(fd, *data + *len, size - *len - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        *len += (size_t)got;
        (*data)[*len] = '\0';
        if (got == 0)
            return true;
        if (*len > max) {
            errno = EFBIG;
            return false;
        }
    }
}

int file_read(const char *path, size_t max, char **data, size_t *len,
              struct fleet_error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    AUTO_FREE char *text = NULL;
    size_t n = 0;

    if (fd < 0)
        return fail_errno(err, "open", path);
    if (!read_all(fd, max, &text, &n))
        return fail_errno(err, "read", path);
    *data = text;
    text = NULL;
    if (len)
        *len = n;
    return FLEET_OK;
}

static bool write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left;) {
        ssize_t put = write(fd, text, left);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        left -= (size_t)put;
    }
    return fsync(fd) == 0;
}

int file_write(const char *path, const char *text, mode_t mode,
               struct fleet_error *err)
{
    AUTO_FREE char *fresh = NULL;
    AUTO_CLOSE int fd = -1;
    int rc;

    if (asprintf(&fresh, "%s.new", path) < 0) {
        fresh = NULL;
        return fail_memory(err);
    }
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
              mode);
    if (fd < 0)
        return fail_errno(err, "write", path);
    if (write_all(fd, text) && rename(fresh, path) == 0)
        return FLEET_OK;
    rc = fail_errno(err, "write", path);
    unlink(fresh);
    return rc;
}

/* A directory below PARENT that is neither a link nor a mount. */
static int open_below(int parent, const char *name)
{
    struct open_how how = {.flags =
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
    long fd = syscall(SYS_openat2, parent, name, &how, sizeof how);
    struct stat here, there;

    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return (int)fd;
    /* An older kernel, or a sandbox: mounts of one and the same file system
     * pass for directories. */
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat((int)fd, &here) == 0 && fstat(parent, &there) == 0 &&
        here.st_dev == there.st_dev)
        return (int)fd;
    close((int)fd);
    errno = EXDEV;
    return -1;
}

static bool remove_below(int parent, const char *name, int depth);

/* As far as it can be. Eats FD. */
static bool empty_directory(int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    int why = 0;

    if (!dir) {
        close(fd);
        return false;
    }
    for (struct dirent *at; (at = readdir(dir));)
        if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0 &&
            !remove_below(fd, at->d_name, depth))
            why = errno;
    closedir(dir);
    errno = why;
    return why == 0;
}

static bool remove_directory(int parent, const char *name, int depth)
{
    int fd;

    if (depth > DEEPEST) {
        errno = ENAMETOOLONG;
        return false;
    }
    fd = open_below(parent, name);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = open_below(parent, name);
    if (fd < 0)
        return errno == ENOENT;
    fchmod(fd, 0700); /* caches are often kept read-only */
    if (!empty_directory(fd, depth))
        return false;
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

static bool remove_below(int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    return remove_directory(parent, name, depth + 1);
}

int tree_remove(const char *path, struct fleet_error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
    AUTO_CLOSE int parent = -1;

    if (!above)
        return fail_memory(err);
    parent = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash && parent >= 0 && remove_below(parent, slash + 1, 0))
        return FLEET_OK;
    return fail_errno(err, "remove all of", path);
}

static bool same_file(int fd, const char *path)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int lock_try(const char *path, int *fd, struct fleet_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    AUTO_CLOSE int got = open(path, flags, 0600);

    if (got < 0)
        return fail_errno(err, "open", path);
    if (flock(got, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK || errno == EINTR
                   ? FLEET_ECONFLICT
                   : fail_errno(err, "lock", path);
    /* Its directory may have gone, or changed, while we waited. */
    if (!same_file(got, path))
        return FLEET_ECONFLICT;
    *fd = got;
    got = -1;
    return FLEET_OK;
}

int lock_take(const char *path, int *fd, struct fleet_error *err)
{
    for (int64_t pause = 1;; pause *= 2) {
        int rc = lock_try(path, fd, err);

        if (rc != FLEET_ECONFLICT)
            return rc;
        if (pause > LOCK_PAUSE_MS)
            pause = LOCK_PAUSE_MS;
        if (fleet_call_sleep(pause, NULL) < 0)
            return fleet_fail(err, FLEET_ETIMEOUT,
                              "%s: held by another run of fleet", path);
    }
}

bool lock_busy(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    /* Shared, so that two who ask do not take each other for the holder. */
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
