/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/githost.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/strv.h"
#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYGEN_MS 10000
#define KEYS_MAX  65536

/* As that service publishes it. */
static const char github[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0d"
    "h2l9GKJl\n";

/* "host type blob comment": without marks such as @revoked. */
static int add_line(const char *line, struct fl_buf *keys)
{
    FL_AUTO(fl_strv_clear) struct fl_strv words = {0};

    if (line[0] == '#' || line[0] == '@')
        return FLEET_OK;
    if (fl_strv_split(&words, line, " \t\r") < 0)
        return FLEET_ENOMEM;
    if (words.n >= 3)
        fl_buf_printf(keys, "%s %s\n", words.at[1], words.at[2]);
    return FLEET_OK;
}

static int look_in(const char *file, const char *host, struct fl_buf *keys)
{
    const char *const argv[] = {"ssh-keygen", "-F", host, "-f", file, NULL};
    const struct fleet_program program = {.size = sizeof(program),
                                          .argv = argv};
    FL_AUTO(fl_strv_clear) struct fl_strv lines = {0};
    FL_AUTO_FREE char *output = NULL;
    int rc = FLEET_OK;

    if (access(file, R_OK) < 0 ||
        fl_program_run(&program, fl_deadline(KEYGEN_MS), &output, NULL) < 0 ||
        !output)
        return FLEET_OK; /* it exits with 1 where it finds none */
    rc = fl_strv_split(&lines, output, "\n");
    for (size_t i = 0; rc == 0 && i < lines.n; i++)
        rc = add_line(lines.at[i], keys);
    return rc;
}

int fl_githost_keys(const char *host, char **keys, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf found = FL_BUF(KEYS_MAX);
    const char *home = fl_home();
    FL_AUTO_FREE char *own = fl_format("%s/.ssh/known_hosts", home ? home : "");
    int rc = own ? look_in(own, host, &found) : FLEET_ENOMEM;

    if (rc == 0)
        rc = look_in("/etc/ssh/ssh_known_hosts", host, &found);
    if (rc == 0 && found.len == 0 && strcmp(host, "github.com") == 0)
        rc = fl_buf_puts(&found, github);
    if (rc < 0 || found.failed)
        return fl_enomem(err);
    if (found.len == 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: the host of the repository is not in %s, so the "
                          "pods cannot be told its key: log in to it once with "
                          "ssh, and compare",
                          host, own);
    *keys = fl_buf_take(&found);
    return *keys ? FLEET_OK : fl_enomem(err);
}
