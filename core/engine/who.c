/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/who.h"

#include "core/base/file.h"
#include "core/base/text.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#define MAX_PROC    4096
#define MAX_PASSWD  16384
#define START_FIELD 22 /* of /proc/PID/stat */

static void user_name(char *out, size_t size)
{
    FL_AUTO_FREE char *space = malloc(MAX_PASSWD);
    uid_t uid = geteuid();
    struct passwd entry, *found = NULL;

    if (space)
        getpwuid_r(uid, &entry, space, MAX_PASSWD, &found);
    if (found)
        snprintf(out, size, "%s", found->pw_name);
    else
        snprintf(out, size, "uid %ju", (uintmax_t)uid);
}

static void host_name(char *out, size_t size)
{
    if (gethostname(out, size) < 0)
        out[0] = '\0';
    out[size - 1] = '\0';
}

static void boot_id(char *out, size_t size)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = {0};

    fl_buf_init(&buf, MAX_PROC);
    fl_file_read("/proc/sys/kernel/random/boot_id", &buf, NULL);
    snprintf(out, size, "%.*s", (int)strcspn(fl_buf_text(&buf), "\n"),
             fl_buf_text(&buf));
}

/* The name in the second field may hold spaces and brackets of its own. */
static int64_t parse_start(const char *stat)
{
    const char *at = strrchr(stat, ')');
    int64_t start;
    char number[32];

    for (int field = 2; at && field < START_FIELD; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -1;
    snprintf(number, sizeof(number), "%.*s", (int)strcspn(at + 1, " "), at + 1);
    return fl_parse_int(number, 0, INT64_MAX, &start) ? start : -1;
}

int64_t fl_process_start(int64_t pid)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = {0};
    char path[64];

    fl_buf_init(&buf, MAX_PROC);
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    if (fl_file_read(path, &buf, NULL) < 0)
        return -1;
    return parse_start(fl_buf_text(&buf));
}

void fl_who_am_i(struct fl_who *who)
{
    memset(who, 0, sizeof(*who));
    user_name(who->user, sizeof(who->user));
    host_name(who->host, sizeof(who->host));
    boot_id(who->boot, sizeof(who->boot));
    who->pid = getpid();
    who->start = fl_process_start(who->pid);
}
