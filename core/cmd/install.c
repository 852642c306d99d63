/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/install.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MAX (4 * 1024 * 1024)
#define OURS       "# fleet: cohort "

struct place {
    char *dir;    /* ~/.ssh/config.d */
    char *file;   /* our own in it */
    char *config; /* ~/.ssh/config */
    char *line;   /* "Include ..." and its newline */
    bool seen;
};

static void place_clear(struct place *place)
{
    free(place->dir);
    free(place->file);
    free(place->config);
    free(place->line);
}
FL_CLEANUP_IN_PLACE(place_clear, struct place);

/* The line is read by OpenSSH, which expands patterns in it. */
static bool is_plain(const char *path)
{
    return !path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789/._-+@,:=")];
}

static int find_place(const char *prefix, struct place *place,
                      struct fleet_error *err)
{
    const char *home = fl_home(), *real = fl_passwd_home();

    if (!home || home[0] != '/')
        return fleet_fail(err, FLEET_ECONFIG, "there is no home directory");
    if (!is_plain(home))
        return fleet_fail(err, FLEET_EREFUSED,
                          "the name of the home directory has odd characters; "
                          "use --out and write the Include line yourself");
    place->seen = real && strcmp(home, real) == 0;
    place->dir = fl_format("%s/.ssh/config.d", home);
    place->file = fl_format("%s/.ssh/config.d/fleet-%s", home, prefix);
    place->config = fl_format("%s/.ssh/config", home);
    place->line = fl_format("Include %s/.ssh/config.d/fleet-%s\n",
                            place->seen ? "~" : home, prefix);
    return place->dir && place->file && place->config && place->line
               ? FLEET_OK
               : fl_enomem(err);
}

/* A link is followed when what it leads to is ours, as dotfile managers have
 * it. ABOUT is of the file itself; *there is false when there is none. */
static int look_at(const char *path, struct stat *about, bool *there,
                   struct fleet_error *err)
{
    *there = lstat(path, about) == 0;
    if (!*there && errno == ENOENT)
        return FLEET_OK;
    if (!*there || stat(path, about) < 0)
        return fleet_fail(err, FLEET_EREFUSED, "%s: cannot be read: %s", path,
                          strerror(errno));
    if (!S_ISREG(about->st_mode))
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: not a regular file: move it away", path);
    if (about->st_uid != geteuid())
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: belongs to another user (uid %lu): left alone",
                          path, (unsigned long)about->st_uid);
    if (about->st_mode & 022)
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: others may write it, and ssh refuses it: chmod "
                          "go-w %s",
                          path, path);
    return FLEET_OK;
}

/* All of it, empty when there is none. */
static int read_config(const char *path, struct stat *about, bool *there,
                       struct fl_buf *text, struct fleet_error *err)
{
    int rc = look_at(path, about, there, err);

    if (rc < 0 || !*there)
        return rc;
    rc = fl_file_read(path, text, err);
    if (rc == FLEET_ECONFIG || rc == FLEET_ENOTFOUND) {
        if (err)
            err->code = FLEET_EREFUSED;
        return FLEET_EREFUSED;
    }
    if (rc == 0 && memchr(fl_buf_text(text), '\0', text->len))
        return fleet_fail(err, FLEET_EREFUSED, "%s: has a NUL byte in it",
                          path);
    return rc;
}

/* Our own file is one that fleet wrote, or none. */
static int check_own(const struct place *place, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(CONFIG_MAX * 16UL);
    struct stat about;
    bool there;
    int rc = read_config(place->file, &about, &there, &text, err);

    if (rc == 0 && there &&
        strncmp(fl_buf_text(&text), OURS, strlen(OURS)) != 0)
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: fleet did not write it: move it away",
                          place->file);
    return rc;
}

static size_t line_length(const char *at)
{
    size_t len = strcspn(at, "\n");

    return len + (at[len] == '\n');
}

static bool is_line(const char *at, size_t len, const char *line)
{
    size_t whole = strlen(line), bare = whole - 1; /* at the end of the file */

    return (len == whole && strncmp(at, line, whole) == 0) ||
           (len == bare && strncmp(at, line, bare) == 0);
}

/* What follows holds for some hosts only. */
static bool begins_block(const char *at)
{
    at += strspn(at, " \t");
    return (strncasecmp(at, "host", 4) == 0 && strchr(" \t=\"", at[4])) ||
           (strncasecmp(at, "match", 5) == 0 && strchr(" \t=\"", at[5]));
}

static bool includes(const char *text, const char *line)
{
    while (*text && !begins_block(text)) {
        size_t len = line_length(text);

        if (is_line(text, len, line))
            return true;
        text += len;
    }
    return false;
}

static int add_line(const struct place *place, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf old = FL_BUF(CONFIG_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(2 * CONFIG_MAX);
    struct stat about;
    bool there;
    int rc = read_config(place->config, &about, &there, &old, err);

    if (rc < 0 || includes(fl_buf_text(&old), place->line))
        return rc;
    fl_buf_puts(&text, place->line);
    fl_buf_add(&text, fl_buf_text(&old), old.len);
    rc = fl_buf_check(&text, place->config, err);
    if (rc < 0)
        return rc;
    return fl_file_write(place->config, text.data, text.len,
                         there ? about.st_mode & 0777 : 0600, err);
}

int fl_install(const char *prefix, const char *text, size_t len, char **config,
               bool *seen, struct fleet_error *err)
{
    FL_AUTO(place_clear) struct place place = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf old = FL_BUF(CONFIG_MAX);
    struct stat about;
    bool there;
    int rc = find_place(prefix, &place, err);

    if (rc == 0)
        rc = read_config(place.config, &about, &there, &old, err);
    if (rc == 0)
        rc = check_own(&place, err);
    if (rc == 0)
        rc = fl_dir_make(place.dir, err);
    if (rc == 0)
        rc = fl_file_write(place.file, text, len, 0600, err);
    if (rc == 0)
        rc = add_line(&place, err);
    if (rc == 0) {
        *config = fl_take(place.config);
        *seen = place.seen;
    }
    return rc;
}

static void without_line(const char *text, const char *line, struct fl_buf *out)
{
    while (*text) {
        size_t len = line_length(text);

        if (!is_line(text, len, line))
            fl_buf_add(out, text, len);
        text += len;
    }
}

/* One that holds nothing any more was made by us, or is no loss. */
static int replace(const char *path, const struct fl_buf *text, mode_t mode,
                   struct fleet_error *err)
{
    struct stat about;

    if (text->len == 0 && lstat(path, &about) == 0 && S_ISREG(about.st_mode) &&
        unlink(path) == 0)
        return FLEET_OK;
    return fl_file_write(path, fl_buf_text(text), text->len, mode, err);
}

static int remove_line(const struct place *place, bool *was,
                       struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf old = FL_BUF(CONFIG_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(CONFIG_MAX);
    struct stat about;
    bool there;
    int rc = read_config(place->config, &about, &there, &old, err);

    if (rc < 0 || !there)
        return rc;
    without_line(fl_buf_text(&old), place->line, &text);
    rc = fl_buf_check(&text, place->config, err);
    if (rc < 0 || text.len == old.len)
        return rc;
    *was = true;
    return replace(place->config, &text, about.st_mode & 0777, err);
}

int fl_uninstall(const char *prefix, bool *was, struct fleet_error *err)
{
    FL_AUTO(place_clear) struct place place = {0};
    int rc = find_place(prefix, &place, err);

    *was = false;
    if (rc == 0)
        rc = check_own(&place, err);
    if (rc == 0)
        rc = remove_line(&place, was, err);
    if (rc < 0)
        return rc;
    if (unlink(place.file) == 0)
        *was = true;
    else if (errno != ENOENT && errno != ENOTDIR)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", place.file,
                          strerror(errno));
    return FLEET_OK;
}
