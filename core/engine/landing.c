/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/landing.h"

#include "core/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define STAGE     ".fleet-pull"
#define NS_IN_S   INT64_C(1000000000)
#define WALK      (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LINK_NAME "link"

static int failed(const char *name, struct fleet_error *err)
{
    int code = errno == ENOENT ? FLEET_ENOTFOUND : FLEET_ECONFLICT;

    if (errno == ELOOP || errno == ENOTDIR)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%.300s: here there is something else of that name, "
                          "or of a directory above it",
                          name);
    return fleet_fail(err, code, "%.300s, here: %s", name, strerror(errno));
}

/* ---- the directory ---- */

/* Whoever else writes there holds the lock. */
static int lock(struct fl_landing *landing, const char *path,
                struct fleet_error *err)
{
    if (flock(landing->top, LOCK_EX | LOCK_NB) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ELOCKED, "%.300s: another pull writes there",
                      path);
}

static int make_path(const char *path, struct fleet_error *err)
{
    FL_AUTO_FREE char *above = strdup(path);
    char *slash = above ? above + 1 : NULL;

    if (!above || !*path)
        return above ? FLEET_OK : fl_enomem(err);
    while ((slash = strchr(slash, '/'))) {
        *slash = '\0';
        if (mkdir(above, 0777) < 0 && errno != EEXIST)
            return failed(above, err);
        *slash++ = '/';
    }
    return mkdir(path, 0777) < 0 && errno != EEXIST ? failed(path, err)
                                                    : FLEET_OK;
}

int fl_landing_peek(const char *path, struct fl_landing *out,
                    struct fleet_error *err)
{
    *out = FL_LANDING;
    out->top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return out->top < 0 && errno != ENOENT ? failed(path, err) : FLEET_OK;
}

int fl_landing_open(const char *path, struct fl_landing *out,
                    struct fleet_error *err)
{
    struct fl_landing made = FL_LANDING;
    int rc = make_path(path, err);

    if (rc < 0)
        return rc;
    made.top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (made.top < 0)
        return failed(path, err);
    rc = lock(&made, path, err);
    if (rc == 0 && mkdirat(made.top, STAGE, 0700) < 0 && errno != EEXIST)
        rc = failed(path, err);
    if (rc == 0)
        made.stage = openat(made.top, STAGE, WALK);
    if (rc == 0 && made.stage < 0)
        rc = failed(STAGE, err);
    if (rc < 0)
        fl_landing_close(&made);
    else
        *out = made;
    return rc;
}

void fl_landing_close(struct fl_landing *landing)
{
    if (landing->stage >= 0)
        close(landing->stage);
    if (landing->stage >= 0)
        unlinkat(landing->top, STAGE, AT_REMOVEDIR); /* if it is empty */
    if (landing->top >= 0)
        close(landing->top);
    *landing = FL_LANDING;
}

void fl_landing_sweep(struct fl_landing *landing)
{
    int fd = landing->stage < 0 ? -1 : openat(landing->stage, ".", WALK);
    FL_AUTO(closedir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        unlinkat(landing->stage, entry->d_name, 0);
}

/* ---- names in it ---- */

/* The directory above NAME, opened part by part and never through a link;
 * *BASE is the last part. */
static int walk(const struct fl_landing *landing, const char *name, int *out,
                const char **base, struct fleet_error *err)
{
    int at = openat(landing->top, ".", WALK);
    const char *part = name;

    for (;;) {
        char copy[256];
        size_t len = strcspn(part, "/");
        int next;

        if (at < 0)
            return failed(name, err);
        if (!part[len])
            break;
        snprintf(copy, sizeof(copy), "%.*s", (int)len, part);
        next = openat(at, copy, WALK);
        close(at);
        at = next;
        part += len + 1;
    }
    *out = at;
    *base = part;
    return FLEET_OK;
}

int fl_landing_look(const struct fl_landing *landing, const char *name,
                    struct stat *out, struct fleet_error *err)
{
    FL_AUTO(close) int above = -1;
    const char *base = NULL;
    int rc;

    if (landing->top < 0)
        return FLEET_ENOTFOUND;
    rc = walk(landing, name, &above, &base, err);
    if (rc == 0 && fstatat(above, base, out, AT_SYMLINK_NOFOLLOW) < 0)
        rc = failed(name, err);
    return rc;
}

int fl_landing_file(const struct fl_landing *landing, const char *name, int *fd,
                    struct fleet_error *err)
{
    FL_AUTO(close) int above = -1;
    const char *base = NULL;
    int rc = walk(landing, name, &above, &base, err);

    if (rc < 0)
        return rc;
    *fd = openat(above, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    return *fd < 0 ? failed(name, err) : FLEET_OK;
}

int fl_landing_dir(const struct fl_landing *landing, const char *name,
                   struct fleet_error *err)
{
    FL_AUTO(close) int above = -1;
    FL_AUTO(close) int made = -1;
    const char *base = NULL;
    int rc = walk(landing, name, &above, &base, err);

    if (rc < 0)
        return rc;
    if (mkdirat(above, base, 0700) == 0)
        return FLEET_OK;
    if (errno != EEXIST)
        return failed(name, err);
    made = openat(above, base, WALK);
    return made < 0 ? failed(name, err) : FLEET_OK;
}

int fl_landing_temporary(const struct fl_landing *landing, const char *tag,
                         int *fd, struct fleet_error *err)
{
    *fd = openat(landing->stage, tag, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                 0600);
    return *fd < 0 ? failed(STAGE, err) : FLEET_OK;
}

void fl_landing_drop(const struct fl_landing *landing, const char *tag)
{
    unlinkat(landing->stage, tag, 0);
}

int fl_landing_place(const struct fl_landing *landing, const char *tag,
                     const char *name, struct fleet_error *err)
{
    FL_AUTO(close) int above = -1;
    const char *base = NULL;
    int rc = walk(landing, name, &above, &base, err);

    if (rc == 0 && renameat(landing->stage, tag, above, base) < 0)
        rc = failed(name, err);
    return rc;
}

int fl_landing_link(const struct fl_landing *landing, const char *target,
                    const char *name, struct fleet_error *err)
{
    unlinkat(landing->stage, LINK_NAME, 0);
    if (symlinkat(target, landing->stage, LINK_NAME) < 0)
        return failed(name, err);
    return fl_landing_place(landing, LINK_NAME, name, err);
}

int fl_landing_read_link(const struct fl_landing *landing, const char *name,
                         char *out, size_t size)
{
    FL_AUTO(close) int above = -1;
    const char *base = NULL;
    ssize_t n = -1;

    if (walk(landing, name, &above, &base, NULL) == 0)
        n = readlinkat(above, base, out, size - 1);
    if (n < 0)
        return FLEET_ENOTFOUND;
    out[n] = '\0';
    return FLEET_OK;
}

/* Nothing here becomes another user because a pod says so: no set-uid. */
void fl_landing_finish_file(int fd, const struct fl_copy *copy)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)(copy->mtime_ns / NS_IN_S)}};

    (void)!fchmod(fd, copy->mode & 0777);
    (void)!futimens(fd, times);
}

void fl_landing_finish_dir(const struct fl_landing *landing,
                           const struct fl_copy *copy)
{
    struct fl_copy wide = *copy;
    FL_AUTO(close) int fd = -1;

    wide.mode |= 0700; /* or the next pull would not get in */
    if (fl_landing_file(landing, copy->name, &fd, NULL) == 0)
        fl_landing_finish_file(fd, &wide);
}
