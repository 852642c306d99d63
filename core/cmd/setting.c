/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/setting.h"

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/envedit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *fl_setting_file(const struct fl_config *config)
{
    return config->path ? config->path : config->user_file.path;
}

static mode_t mode_for(const char *path, bool secret)
{
    struct stat about;
    mode_t mode = stat(path, &about) == 0 ? about.st_mode & 0777 : 0600;

    return secret ? mode & 0700 : mode;
}

int fl_setting_write(const char *path, const char *key, const char *value,
                     bool secret, struct fleet_error *err)
{
    FL_AUTO_FREE char *real = realpath(path, NULL);
    struct fl_buf before, after;
    int rc;

    if (!real)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", path, strerror(errno));
    fl_buf_init(&before, FL_ENVFILE_MAX);
    fl_buf_init(&after, FL_ENVFILE_MAX);
    rc = fl_file_read(real, &before, err);
    if (rc == 0)
        rc = fl_envedit_set(path, fl_buf_text(&before), before.len, fl_home(),
                            key, value, &after, err);
    if (rc == 0)
        rc = fl_file_write(real, after.data, after.len, mode_for(real, secret),
                           err);
    fl_wipe(before.data, before.size);
    fl_wipe(after.data, after.size);
    fl_buf_clear(&before);
    fl_buf_clear(&after);
    return rc;
}
