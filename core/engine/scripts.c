/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/scripts.h"

#include "core/base/cleanup.h"
#include "core/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_script(DIR *dir, const char *name)
{
    size_t len = strlen(name), suffix = strlen(FL_SCRIPT_SUFFIX);
    struct stat about;

    return name[0] != '.' && len > suffix &&
           strcmp(name + len - suffix, FL_SCRIPT_SUFFIX) == 0 &&
           fstatat(dirfd(dir), name, &about, 0) == 0 &&
           S_ISREG(about.st_mode) && (about.st_mode & 0111);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int fl_scripts_list(const char *path, struct fl_strv *names,
                    struct fleet_error *err)
{
    FL_AUTO(closedir) DIR *dir = opendir(path);
    const struct dirent *entry;

    if (!dir && (errno == ENOENT || errno == ENOTDIR))
        return FLEET_OK;
    if (!dir)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", path, strerror(errno));
    while ((entry = readdir(dir))) {
        size_t len = strlen(entry->d_name);

        if (is_script(dir, entry->d_name) &&
            fl_strv_add_n(names, entry->d_name,
                          len - strlen(FL_SCRIPT_SUFFIX)) < 0)
            return fl_enomem(err);
    }
    if (names->n > 0)
        qsort(names->at, names->n, sizeof(*names->at), by_name);
    return FLEET_OK;
}
