/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/scan.h"

#include "core/base/error.h"
#include "core/base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX  200
#define NS_IN_S    INT64_C(1000000000)
#define LINK_BYTES 4096

static int unreadable(const char *path, struct fleet_error *err)
{
    int code = errno == ENOENT ? FLEET_ENOTFOUND : FLEET_EREFUSED;

    return fleet_fail(err, code, "%.400s: %s", path, strerror(errno));
}

static int add(struct fl_scan *scan, const char *path, size_t skip,
               const struct stat *at, struct fleet_error *err)
{
    struct fl_copy copy = {.mode = at->st_mode,
                           .size = S_ISREG(at->st_mode) ? at->st_size : 0,
                           .mtime_ns = at->st_mtim.tv_sec * NS_IN_S +
                                       at->st_mtim.tv_nsec};
    char link[LINK_BYTES];

    if (S_ISLNK(at->st_mode)) {
        ssize_t n = readlink(path, link, sizeof(link) - 1);

        if (n < 0)
            return unreadable(path, err);
        link[n] = '\0';
        copy.link = link;
    }
    if (S_ISREG(at->st_mode) && access(path, R_OK) < 0)
        return unreadable(path, err);
    return fl_copies_add(&scan->copies, path, skip, &copy, err);
}

static bool is_wanted(struct fl_scan *scan, const char *name,
                      const struct stat *at)
{
    if (strncmp(name, FL_COPY_OWN_PREFIX, strlen(FL_COPY_OWN_PREFIX)) == 0)
        return false;
    if (S_ISREG(at->st_mode) && scan->max_size &&
        at->st_size > scan->max_size) {
        scan->n_large++;
        return false;
    }
    if (S_ISREG(at->st_mode) || S_ISDIR(at->st_mode) || S_ISLNK(at->st_mode))
        return true;
    scan->n_other++;
    return false;
}

static int descend(struct fl_scan *scan, const char *path, size_t skip,
                   int depth, struct fleet_error *err);

static int look_at(struct fl_scan *scan, const char *path, size_t skip,
                   int depth, struct fleet_error *err)
{
    const char *slash = strrchr(path, '/');
    struct stat at;
    int rc;

    if (fl_copy_excluded(scan->exclude, path + skip))
        return FLEET_OK;
    if (lstat(path, &at) < 0)
        return unreadable(path, err);
    if (!is_wanted(scan, slash ? slash + 1 : path, &at))
        return FLEET_OK;
    if (!fl_copy_name_ok(path + skip))
        return fleet_fail(err, FLEET_EINVALID, "%.200s: too long a name", path);
    rc = add(scan, path, skip, &at, err);
    if (rc == 0 && S_ISDIR(at.st_mode))
        rc = descend(scan, path, skip, depth + 1, err);
    return rc;
}

static int descend(struct fl_scan *scan, const char *path, size_t skip,
                   int depth, struct fleet_error *err)
{
    FL_AUTO(closedir) DIR *dir = opendir(path);
    struct dirent *entry;
    int rc = FLEET_OK;

    if (!dir)
        return unreadable(path, err);
    if (depth > DEPTH_MAX)
        return fleet_fail(err, FLEET_EINVALID,
                          "%.200s: more than %d directories in each other",
                          path, DEPTH_MAX);
    while (rc == 0 && (errno = 0, entry = readdir(dir))) {
        FL_AUTO_FREE char *below = NULL;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        below = fl_path_join(path, entry->d_name);
        rc = below ? look_at(scan, below, skip, depth, err) : fl_enomem(err);
    }
    return rc == 0 && errno ? unreadable(path, err) : rc;
}

/* How much of the path is not in the names: all but the last part. Of a path
 * that ends in no name (".", "/") the contents are meant. */
static size_t skip_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;

    if (!*last)
        return strlen(path);
    return fl_copy_name_ok(last) ? (size_t)(last - path) : strlen(path) + 1;
}

static int look_at_top(struct fl_scan *scan, const char *given,
                       struct fleet_error *err)
{
    FL_AUTO_FREE char *path = strdup(given);
    size_t len = strlen(given), skip;
    struct stat at;
    int rc = FLEET_OK;

    if (!path)
        return fl_enomem(err);
    while (len > 1 && path[len - 1] == '/')
        path[--len] = '\0';
    if (stat(path, &at) < 0)
        return unreadable(given, err);
    skip = skip_of(path);
    if (S_ISREG(at.st_mode) && scan->max_size && at.st_size > scan->max_size) {
        scan->n_large++;
        return FLEET_OK;
    }
    if (!S_ISREG(at.st_mode) && !S_ISDIR(at.st_mode))
        return fleet_fail(err, FLEET_EINVALID,
                          "%.200s: neither a file nor a directory", given);
    if (skip < len)
        rc = add(scan, path, skip, &at, err);
    if (rc == 0 && S_ISDIR(at.st_mode))
        rc = descend(scan, path, skip, 0, err);
    return rc;
}

int fl_scan(struct fl_scan *scan, const char *const *paths, size_t n,
            struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = look_at_top(scan, paths[i], err);
    return rc == 0 ? fl_copies_sort(&scan->copies, err) : rc;
}
