/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/file.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_errno(struct fleet_error *err, int code, const char *path)
{
    int number = errno;

    fleet_fail(err, code, "%s: %s", path, strerror(number));
    if (err)
        err->detail = number;
    return code;
}

/* Opening must not hang on a FIFO or take a terminal. */
static int open_regular(const char *path, int *fd, struct fleet_error *err)
{
    FL_AUTO(close) int opened = -1;
    struct stat st;

    opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0 && (errno == ENOENT || errno == ENOTDIR))
        return fail_errno(err, FLEET_ENOTFOUND, path);
    if (opened < 0 || fstat(opened, &st) < 0)
        return fail_errno(err, FLEET_ECONFIG, path);
    if (!S_ISREG(st.st_mode))
        return fleet_fail(err, FLEET_ECONFIG, "%s: not a regular file", path);
    *fd = opened;
    opened = -1;
    return FLEET_OK;
}

int fl_file_read(const char *path, struct fl_buf *buf, struct fleet_error *err)
{
    FL_AUTO(close) int fd = -1;
    char chunk[16384];
    ssize_t n;
    int rc = open_regular(path, &fd, err);

    if (rc < 0)
        return rc;
    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, FLEET_ECONFIG, path);
        if (fl_buf_add(buf, chunk, (size_t)n) < 0)
            break;
    }
    fl_wipe(chunk, sizeof(chunk)); /* key files pass through here */
    rc = fl_buf_check(buf, path, err);
    if (rc != FLEET_EINVALID)
        return rc;
    if (err)
        err->code = FLEET_ECONFIG;
    return FLEET_ECONFIG;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Everything before the last '/', for the directory that holds PATH. */
static char *parent(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The new name must survive a crash too. Where a directory cannot be opened or
 * its file system has no such thing, there is nothing to wait for. */
static int sync_dir(const char *dir)
{
    FL_AUTO(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) < 0 && errno != EINVAL ? -1 : 0;
}

static int fill(int fd, const char *data, size_t len, mode_t mode)
{
    return fchmod(fd, mode) < 0 || write_all(fd, data, len) < 0 || fsync(fd) < 0
               ? -1
               : 0;
}

static int replace(const char *path, const char *data, size_t len, mode_t mode,
                   struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = parent(path);
    FL_AUTO_FREE char *temporary = fl_format("%s.XXXXXX", path);
    FL_AUTO(close) int fd = -1;

    if (!dir || !temporary)
        return fl_enomem(err);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, FLEET_ECONFIG, path);
    if (fill(fd, data, len, mode) < 0 || rename(temporary, path) < 0) {
        fail_errno(err, FLEET_ECONFIG, path);
        unlink(temporary);
        return FLEET_ECONFIG;
    }
    if (sync_dir(dir) < 0)
        return fail_errno(err, FLEET_ECONFIG, dir);
    return FLEET_OK;
}

int fl_file_write(const char *path, const char *data, size_t len, mode_t mode,
                  struct fleet_error *err)
{
    FL_AUTO_FREE char *target = realpath(path, NULL); /* a link stays one */
    struct stat st;

    if (!target && errno != ENOENT)
        return fail_errno(err, FLEET_ECONFIG, path);
    if (target && stat(target, &st) == 0 && !S_ISREG(st.st_mode))
        return fleet_fail(err, FLEET_ECONFIG, "%s: not a regular file", path);
    return replace(target ? target : path, data, len, mode, err);
}

int fl_dir_make(const char *path, struct fleet_error *err)
{
    FL_AUTO_FREE char *part = strdup(path);
    struct stat st;

    if (!part)
        return fl_enomem(err);
    for (char *at = part; *at;) {
        char kept;

        at += strspn(at, "/");
        at += strcspn(at, "/");
        kept = *at;
        *at = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST &&
            (stat(part, &st) < 0 || !S_ISDIR(st.st_mode)))
            return fail_errno(err, FLEET_ECONFIG, part);
        *at = kept;
    }
    if (stat(path, &st) < 0)
        return fail_errno(err, FLEET_ECONFIG, path);
    if (!S_ISDIR(st.st_mode))
        return fleet_fail(err, FLEET_ECONFIG, "%s: not a directory", path);
    return FLEET_OK;
}

#define DEEPEST 256 /* each level holds a descriptor */

struct removal {
    dev_t device;
    int depth;
};
static int remove_entry(int dir, const char *name, struct removal *run);

static int remove_children(int dir, const char *name, struct removal *run)
{
    FL_AUTO(closedir) DIR *list = NULL;
    struct dirent *entry;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -1;
    list = fdopendir(fd);
    if (!list) {
        close(fd);
        return -1;
    }
    while ((errno = 0, entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (remove_entry(dirfd(list), entry->d_name, run) < 0)
            return -1;
    }
    return errno ? -1 : 0;
}

static int remove_tree(int dir, const char *name, const struct stat *st,
                       struct removal *run)
{
    int rc;

    if (st->st_dev != run->device) {
        errno = EXDEV;
        return -1;
    }
    if (run->depth == DEEPEST) {
        errno = ELOOP;
        return -1;
    }
    if ((st->st_mode & S_IRWXU) != S_IRWXU && /* read-only, but ours */
        fchmodat(dir, name, (st->st_mode & 07777) | S_IRWXU, 0) < 0)
        return -1;
    run->depth++;
    rc = remove_children(dir, name, run);
    run->depth--;
    return rc < 0 ? rc : unlinkat(dir, name, AT_REMOVEDIR);
}

static int remove_entry(int dir, const char *name, struct removal *run)
{
    struct stat st;
    int rc;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    rc = S_ISDIR(st.st_mode) ? remove_tree(dir, name, &st, run)
                             : unlinkat(dir, name, 0);
    return rc < 0 && errno == ENOENT ? 0 : rc;
}

int fl_dir_remove(const char *path, struct fleet_error *err)
{
    struct removal run = {0};
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? FLEET_OK
                               : fail_errno(err, FLEET_ECONFIG, path);
    run.device = st.st_dev;
    if (remove_entry(AT_FDCWD, path, &run) < 0)
        return fail_errno(err, FLEET_ECONFIG, path);
    return FLEET_OK;
}

/* A group that is one user's own, as Ubuntu and others give each user: its name
 * is the user's, and nobody else is in it. There umask 002 is common, and a
 * group that may write means nobody else. */
static bool is_own_group(uid_t uid, gid_t gid)
{
    struct passwd user, *is_user = NULL;
    struct group group, *is_group = NULL;
    char user_space[16384], group_space[16384];

    if (uid == 0 ||
        getpwuid_r(uid, &user, user_space, sizeof(user_space), &is_user) != 0 ||
        getgrgid_r(gid, &group, group_space, sizeof(group_space), &is_group) !=
            0)
        return false;
    return is_user && is_group && user.pw_gid == gid && !group.gr_mem[0] &&
           strcmp(user.pw_name, group.gr_name) == 0;
}

/* Whoever may write to PATH may put something else in its place. In a sticky
 * directory only the owner of an entry may, and that is looked at next. */
static int trust_one(const char *path, bool last, struct fleet_error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return fail_errno(err, FLEET_EREFUSED, path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: owned by another user (uid %lu): chown it, or "
                          "use another place",
                          path, (unsigned long)st.st_uid);
    if (!(st.st_mode & (S_IWGRP | S_IWOTH)))
        return FLEET_OK;
    if (!last && S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX))
        return FLEET_OK;
    if (!(st.st_mode & S_IWOTH) && is_own_group(st.st_uid, st.st_gid))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EREFUSED, "others may write %s: chmod go-w %s",
                      path, path);
}

int fl_path_trusted(const char *path, struct fleet_error *err)
{
    FL_AUTO_FREE char *real = realpath(path, NULL);
    int rc = FLEET_OK;

    if (!real && (errno == ENOENT || errno == ENOTDIR))
        return fail_errno(err, FLEET_ENOTFOUND, path);
    if (!real)
        return fail_errno(err, FLEET_EREFUSED, path);
    rc = trust_one("/", !real[1], err);
    for (char *at = real + 1; rc == FLEET_OK && *at;) {
        char kept;

        at += strspn(at, "/");
        at += strcspn(at, "/");
        kept = *at;
        *at = '\0';
        rc = trust_one(real, !kept, err);
        *at = kept;
    }
    return rc;
}

char *fl_path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);

    if (*name == '/' || len == 0)
        return strdup(name);
    return fl_format("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

static char passwd_home[4096];

static void find_passwd_home(void)
{
    struct passwd entry, *found = NULL;
    char space[16384];

    if (getpwuid_r(geteuid(), &entry, space, sizeof(space), &found) == 0 &&
        found && strlen(entry.pw_dir) < sizeof(passwd_home))
        memcpy(passwd_home, entry.pw_dir, strlen(entry.pw_dir) + 1);
}

const char *fl_passwd_home(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, find_passwd_home);
    return *passwd_home ? passwd_home : NULL;
}

const char *fl_home(void)
{
    const char *home = getenv("HOME");

    return home && *home ? home : fl_passwd_home();
}
