/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/keyfile.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYGEN_MS 30000

static int keygen(const char *const *argv, char **output,
                  struct fleet_error *err)
{
    struct fleet_program program = {.size = sizeof(program), .argv = argv};
    int rc = fl_program_run(&program, fl_deadline(KEYGEN_MS), output, err);

    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "there is no ssh-keygen: install OpenSSH's client "
                          "(apt-get install openssh-client)");
    return rc;
}

int fl_keyfile_public(const char *path, char **line, struct fleet_error *err)
{
    const char *const argv[] = {"ssh-keygen", "-y", "-P", "", "-f", path, NULL};
    int rc = keygen(argv, line, err);

    if (rc < 0)
        return fl_error_in(err, "%s", path);
    (*line)[strcspn(*line, "\n")] = '\0';
    return FLEET_OK;
}

static int make_public(const char *path, const char *public_path,
                       struct fleet_error *err)
{
    FL_AUTO_FREE char *line = NULL, *text = NULL;
    int rc = fl_keyfile_public(path, &line, err);

    if (rc < 0)
        return rc;
    text = fl_format("%s\n", line);
    if (!text)
        return fl_enomem(err);
    return fl_file_write(public_path, text, strlen(text), 0644, err);
}

int fl_keyfile_ensure(const char *path, const char *comment, bool *made,
                      struct fleet_error *err)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-t", "ed25519",
                                "-N",         "",   "-C", comment,
                                "-f",         path, NULL};
    FL_AUTO_FREE char *public_path = fl_format("%s.pub", path);
    struct stat about;
    bool has_private = stat(path, &about) == 0, has_public;

    if (!public_path)
        return fl_enomem(err);
    has_public = stat(public_path, &about) == 0;
    *made = !has_private || !has_public;
    if (has_private)
        return has_public ? FLEET_OK : make_public(path, public_path, err);
    if (has_public)
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s is there, but its private key %s is not: bring "
                          "that back, or name another key with --key",
                          public_path, path);
    return keygen(argv, NULL, err);
}

/* The type and the key, without the comment. */
static size_t key_length(const char *line)
{
    size_t n = strcspn(line, " \t");

    n += strspn(line + n, " \t");
    return n + strcspn(line + n, " \t\r\n");
}

bool fl_keyfile_same(const char *a, const char *b)
{
    size_t n = key_length(a);

    return n > 0 && n == key_length(b) && memcmp(a, b, n) == 0;
}
