/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/copies.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PART_MAX 255

static int grow(struct fl_copies *list, struct fleet_error *err)
{
    size_t size = list->size ? 2 * list->size : 64;
    struct fl_copy *at;

    if (list->n < list->size)
        return FLEET_OK;
    if (list->n >= FL_COPIES_MAX)
        return fleet_fail(err, FLEET_EINVALID,
                          "more than %zu files and directories at once",
                          FL_COPIES_MAX);
    at = reallocarray(list->at, size, sizeof(*at));
    if (!at)
        return fl_enomem(err);
    list->at = at;
    list->size = size;
    return FLEET_OK;
}

static void clear_copy(struct fl_copy *copy)
{
    free(copy->path);
    free(copy->link);
}

int fl_copies_add(struct fl_copies *list, const char *path, size_t skip,
                  const struct fl_copy *what, struct fleet_error *err)
{
    struct fl_copy made = *what;
    int rc = grow(list, err);

    if (rc < 0)
        return rc;
    made.path = strdup(path);
    made.link = what->link ? strdup(what->link) : NULL;
    if (!made.path || (what->link && !made.link)) {
        clear_copy(&made);
        return fl_enomem(err);
    }
    made.name = made.path + skip;
    list->at[list->n++] = made;
    list->files += !S_ISDIR(made.mode);
    list->bytes += made.size;
    return FLEET_OK;
}

/* "/" before all else, so that what is in a directory follows it. */
static int rank(char c)
{
    return !c ? 0 : c == '/' ? 1 : (unsigned char)c + 1;
}

static int compare_names(const char *a, const char *b, size_t b_len)
{
    size_t i = 0;

    while (i < b_len && a[i] && a[i] == b[i])
        i++;
    return rank(a[i]) - (i < b_len ? rank(b[i]) : 0);
}

static int compare(const void *a, const void *b)
{
    const struct fl_copy *x = a, *y = b;

    return compare_names(x->name, y->name, strlen(y->name));
}

int fl_copies_sort(struct fl_copies *list, struct fleet_error *err)
{
    if (list->n)
        qsort(list->at, list->n, sizeof(*list->at), compare);
    for (size_t i = 1; i < list->n; i++) {
        if (strcmp(list->at[i - 1].name, list->at[i].name) == 0)
            return fleet_fail(err, FLEET_EINVALID,
                              "%.200s: two of that name, %.200s and %.200s",
                              list->at[i].name, list->at[i - 1].path,
                              list->at[i].path);
    }
    return FLEET_OK;
}

const struct fl_copy *fl_copies_find(const struct fl_copies *list,
                                     const char *name, size_t len)
{
    size_t low = 0, high = list->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(list->at[middle].name, name, len);

        if (order == 0)
            return &list->at[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void fl_copies_clear(struct fl_copies *list)
{
    for (size_t i = 0; i < list->n; i++)
        clear_copy(&list->at[i]);
    free(list->at);
    *list = (struct fl_copies){0};
}

static bool part_ok(const char *part, size_t len)
{
    return len > 0 && len <= PART_MAX && !(len == 1 && part[0] == '.') &&
           !(len == 2 && part[0] == '.' && part[1] == '.');
}

bool fl_copy_name_ok(const char *name)
{
    size_t len;

    if (strlen(name) > FL_COPY_NAME_MAX)
        return false;
    for (;; name += len + 1) {
        len = strcspn(name, "/");
        if (!part_ok(name, len))
            return false;
        if (!name[len])
            return true;
    }
}

static bool parent_is_listed(const struct fl_copies *list,
                             const struct fl_copy *copy)
{
    const char *slash = strrchr(copy->name, '/');
    const struct fl_copy *parent;

    if (!slash)
        return true;
    parent = fl_copies_find(list, copy->name, (size_t)(slash - copy->name));
    return parent && S_ISDIR(parent->mode);
}

int fl_copies_check(const struct fl_copies *list, struct fleet_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct fl_copy *copy = &list->at[i];

        if (!fl_copy_name_ok(copy->name) || !parent_is_listed(list, copy))
            return fleet_fail(err, FLEET_EREFUSED,
                              "\"%.200s\" could lead out of the directory that "
                              "is copied: nothing of it is taken",
                              copy->name);
    }
    return FLEET_OK;
}

static size_t depth_of(const char *name)
{
    size_t depth = 0;

    for (; *name; name++)
        depth += *name == '/';
    return depth;
}

/* Behind the first name another ".." could leave a directory that a link has
 * led to, so it may stand at the beginning only. */
bool fl_copy_link_ok(const char *name, const char *target)
{
    size_t depth = depth_of(name);
    bool down = false;

    if (!*target || *target == '/' || strlen(target) > FL_COPY_NAME_MAX)
        return false;
    while (*target) {
        size_t len = strcspn(target, "/");

        if (len == 2 && target[0] == '.' && target[1] == '.') {
            if (down || depth-- == 0)
                return false;
        } else if (len > 1 || (len == 1 && target[0] != '.')) {
            down = true;
        }
        target += len + (target[len] == '/');
    }
    return true;
}

static bool matches(const char *pattern, const char *name)
{
    const char *slash = strrchr(name, '/');

    if (*pattern == '/')
        return fnmatch(pattern + 1, name, FNM_PATHNAME) == 0;
    if (!strchr(pattern, '/'))
        return fnmatch(pattern, slash ? slash + 1 : name, 0) == 0;
    for (; name; name = strchr(name, '/')) {
        name += *name == '/';
        if (fnmatch(pattern, name, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

bool fl_copy_excluded(const struct fl_strv *patterns, const char *name)
{
    char part[FL_COPY_NAME_MAX + 1];
    size_t len = 0, all = strlen(name);

    if (all > FL_COPY_NAME_MAX)
        return false;
    while (len < all) {
        len += name[len] == '/';
        len += strcspn(name + len, "/");
        memcpy(part, name, len);
        part[len] = '\0';
        for (size_t i = 0; i < patterns->n; i++) {
            if (matches(patterns->at[i], part))
                return true;
        }
    }
    return false;
}
