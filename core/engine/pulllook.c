/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/hashes.h"
#include "core/engine/pulling.h"
#include "core/model/seen.h"

#include <stdlib.h>
#include <string.h>

#define NS_IN_S    INT64_C(1000000000)
#define NAMES_MAX  ((size_t)64 << 20)
#define LINK_BYTES 4096

/* Says "look KIND TOOL TAR MODE SIZE MTIME", then the names of all below. */
static const char script[] =
    "sum=none\n"
    "if [ \"$(openssl dgst -sha256 -r </dev/null 2>/dev/null |\n"
    "    cut -c1-8)\" = e3b0c442 ]; then sum=openssl\n"
    "elif sha256sum </dev/null >/dev/null 2>&1; then sum=sha256sum\n"
    "elif cksum </dev/null >/dev/null 2>&1; then sum=cksum\n"
    "fi\n"
    "tar=no; command -v tar >/dev/null 2>&1 && tar=yes\n"
    "kind=none\n"
    "if [ -d \"$r\" ]; then kind=dir\n"
    "elif [ -f \"$r\" ]; then kind=file\n"
    "elif [ -e \"$r\" ] || [ -L \"$r\" ]; then kind=other\n"
    "fi\n"
    "echo \"look $kind $sum $tar\" $(stat -L -c '%f %s %Y' -- \"$r\" \\\n"
    "    2>/dev/null)\n"
    "[ \"$kind\" = dir ] || exit 0\n"
    "cd -- \"$r\" || exit\n"
    "find . -name '" FL_COPY_OWN_PREFIX "*' -prune -o ! -name . \\\n"
    "    \\( -type f -o -type d -o -type l \\) -print0\n";

/* ---- the answer ---- */

static int read_kind(struct fl_pulled *pull, const char *kind,
                     struct fleet_error *err)
{
    pull->is_file = strcmp(kind, "file") == 0;
    if (pull->is_file || strcmp(kind, "dir") == 0)
        return FLEET_OK;
    if (strcmp(kind, "none") == 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "%.300s: it has no such file",
                          pull->thing);
    return fleet_fail(err, FLEET_EINVALID,
                      "%.300s: neither a file nor a directory there",
                      pull->thing);
}

static int read_tools(struct fl_pulled *pull, const char *line,
                      struct fl_copy *top, struct fleet_error *err)
{
    char kind[8] = "", sum[16] = "", tar[8] = "";
    struct fl_seen seen = {0};
    int at = 0, rc;

    if (sscanf(line, "look %7s %15s %7s%n", kind, sum, tar, &at) < 3)
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "its sh does not do what one should: \"%.60s\"",
                          line);
    rc = read_kind(pull, kind, err);
    if (rc < 0)
        return rc;
    if (strcmp(sum, "none") == 0 || strcmp(tar, "yes") != 0 ||
        !fl_seen_numbers(line + at + (line[at] == ' '), &seen))
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "it needs tar, stat and sha256sum there: apt-get "
                          "install tar coreutils");
    pull->openssl = strcmp(sum, "openssl") == 0;
    pull->kind = strcmp(sum, "cksum") == 0 ? FL_DIGEST_CKSUM : FL_DIGEST_SHA256;
    top->mode = (pull->is_file ? S_IFREG : S_IFDIR) | (seen.mode & 07777);
    top->size = pull->is_file ? seen.size : 0;
    top->mtime_ns = seen.mtime * NS_IN_S;
    return FLEET_OK;
}

static int add_name(struct fl_pulled *pull, const char *base, const char *name,
                    struct fleet_error *err)
{
    FL_AUTO_FREE char *path =
        fl_format("%s%s%s", base, *base ? "/" : "", name + 2);
    struct fl_copy none = {0};

    if (!path)
        return fl_enomem(err);
    if (strncmp(name, "./", 2) != 0 || !fl_copy_name_ok(path))
        return fleet_fail(err, FLEET_EREFUSED,
                          "\"%.200s\" could lead out of the directory that is "
                          "copied: nothing of it is taken",
                          name);
    if (fl_copy_excluded(pull->plan->ignore, path))
        return FLEET_OK;
    return fl_copies_add(&pull->copies, path, 0, &none, err);
}

static int read_names(struct fl_pulled *pull, const struct fl_copy *top,
                      const char *at, const char *end, struct fleet_error *err)
{
    const char *base = fl_pull_base(pull);
    int rc = FLEET_OK;

    pull->prefix = *base ? strlen(base) + 1 : 0;
    if (*base)
        rc = fl_copies_add(&pull->copies, base, 0, top, err);
    for (; rc == 0 && at < end; at += strlen(at) + 1)
        rc = add_name(pull, base, at, err);
    return rc;
}

static int list_names(struct fl_pulled *pull, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct fl_copy top = {0};
    const char *at;
    size_t line;
    int rc;

    fl_podsh_open(&sh, pull->visit, pull->plan->idle_ms);
    sh.output.max = NAMES_MAX;
    fl_buf_puts(&sh.script, "r=");
    fl_shell_quote(&sh.script, *pull->thing ? pull->thing : ".");
    fl_buf_puts(&sh.script, "\n");
    fl_buf_puts(&sh.script, script);
    fl_visit_step(pull->visit, "looking");
    rc = fl_podsh_run(&sh, err); /* find may have met what it cannot read */
    at = fl_buf_text(&sh.output);
    line = strcspn(at, "\n");
    if (rc == 0)
        rc = read_tools(pull, at, &top, err);
    if (rc == 0 && sh.status != 0)
        rc = fl_podsh_complain(&sh, pull->thing, err);
    if (rc == 0)
        rc = read_names(pull, &top, at + line + (at[line] == '\n'),
                        at + sh.output.len, err);
    return rc;
}

/* ---- what they are ---- */

static int take_seen(struct fl_copy *copy, const struct fl_seen *seen,
                     struct fleet_error *err)
{
    copy->mode = seen->mode;
    copy->mtime_ns = seen->mtime * NS_IN_S;
    copy->size = S_ISREG(seen->mode) ? seen->size : 0;
    if (!S_ISLNK(seen->mode))
        return FLEET_OK;
    free(copy->link);
    copy->link = strndup(seen->link ? seen->link : "", seen->link_len);
    return copy->link ? FLEET_OK : fl_enomem(err);
}

static int read_kinds(struct fl_pulled *pull, const char *at,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < pull->copies.n; i++) {
        struct fl_copy *copy = &pull->copies.at[i];
        struct fl_seen seen;

        if (copy->mode) /* the top */
            continue;
        fl_buf_empty(&name);
        fl_pull_pod_name(pull, i, &name);
        if (fl_seen_read(&at, fl_buf_text(&name), &seen))
            rc = take_seen(copy, &seen, err);
        else
            pull->lost++;
    }
    return rc;
}

static int ask_kinds(struct fl_pulled *pull, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    int rc;

    if (pull->is_file)
        return FLEET_OK;
    fl_podsh_open(&sh, pull->visit, pull->plan->idle_ms);
    sh.output.max = 4 * NAMES_MAX;
    fl_pull_cd(pull, &sh.script);
    fl_buf_puts(&sh.script, "xargs -0 stat -c '" FL_SEEN_FORMAT
                            "' -- 2>/dev/null\nexit 0\n");
    for (size_t i = 0; i < pull->copies.n; i++) {
        if (pull->copies.at[i].mode)
            continue;
        fl_pull_pod_name(pull, i, &sh.input);
        fl_buf_putc(&sh.input, '\0');
    }
    if (sh.input.len == 0)
        return FLEET_OK;
    rc = fl_podsh_do(&sh, "looking", err);
    return rc == 0 ? read_kinds(pull, fl_buf_text(&sh.output), err) : rc;
}

static bool is_wanted(struct fl_pulled *pull, const struct fl_copy *copy)
{
    int64_t max = pull->plan->max_size;

    if (S_ISDIR(copy->mode))
        return true;
    if (S_ISREG(copy->mode) && (!max || copy->size <= max))
        return true;
    if (S_ISLNK(copy->mode) && fl_copy_link_ok(copy->name, copy->link))
        return true;
    pull->copied.left_out += copy->mode != 0;
    return false;
}

/* Keeps those that are copied, in order. */
static int choose(struct fl_pulled *pull, struct fleet_error *err)
{
    struct fl_copies *copies = &pull->copies;
    size_t n = 0;
    int rc;

    for (size_t i = 0; i < copies->n; i++) {
        if (is_wanted(pull, &copies->at[i])) {
            copies->at[n++] = copies->at[i];
        } else {
            free(copies->at[i].path);
            free(copies->at[i].link);
        }
    }
    copies->n = n;
    rc = fl_copies_sort(copies, err);
    return rc == 0 ? fl_copies_check(copies, err) : rc;
}

/* ---- what is here ---- */

static int compare_here(struct fl_pulled *pull, size_t i,
                        struct fleet_error *err)
{
    const struct fl_copy *copy = &pull->copies.at[i];
    struct fl_pull_item *item = &pull->items[i];
    struct stat at;
    int rc = fl_landing_look(&pull->landing, copy->name, &at, err);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc < 0)
        return rc;
    if (S_ISDIR(copy->mode) != S_ISDIR(at.st_mode))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%.300s: %s there, and here not", copy->name,
                          S_ISDIR(copy->mode) ? "a directory" : "no directory");
    item->there = S_ISDIR(at.st_mode);
    item->maybe =
        S_ISREG(copy->mode) && S_ISREG(at.st_mode) && at.st_size == copy->size;
    if (S_ISLNK(copy->mode) && S_ISLNK(at.st_mode)) {
        char link[LINK_BYTES] = "";

        fl_landing_read_link(&pull->landing, copy->name, link, sizeof(link));
        item->there = strcmp(link, copy->link) == 0;
    }
    return FLEET_OK;
}

static bool is_maybe(const struct fl_pulled *pull, size_t i)
{
    return pull->items[i].maybe;
}

static int judge_here(struct fl_pulled *pull, size_t i, const char *sum,
                      struct fleet_error *err)
{
    const struct fl_copy *copy = &pull->copies.at[i];
    char ours[FL_DIGEST_SIZE] = "";
    FL_AUTO(close) int fd = -1;
    int rc = fl_landing_file(&pull->landing, copy->name, &fd, err);

    pull->visit->deadline = fl_deadline(fl_pull_patience(pull, copy->size));
    fl_visit_step(pull->visit, "comparing");
    if (rc == 0)
        rc = fl_hash_file(fd, copy->size, pull->kind, ours, err);
    pull->items[i].there = rc == 0 && strcmp(ours, sum) == 0;
    return rc == FLEET_ECONFLICT || rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
}

int fl_pull_look(struct fl_pulled *pull, struct fleet_error *err)
{
    int rc = list_names(pull, err);

    if (rc == 0)
        rc = ask_kinds(pull, err);
    if (rc == 0)
        rc = choose(pull, err);
    if (rc < 0)
        return rc;
    pull->items = calloc(pull->copies.n + 1, sizeof(*pull->items));
    if (!pull->items)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < pull->copies.n; i++)
        rc = compare_here(pull, i, err);
    return rc == 0 ? fl_pull_sums(pull, is_maybe, judge_here, err) : rc;
}

/* ---- checksums ---- */

static int read_sums(struct fl_pulled *pull,
                     bool (*asked)(const struct fl_pulled *pull, size_t i),
                     int (*told)(struct fl_pulled *pull, size_t i,
                                 const char *sum, struct fleet_error *err),
                     const char *at, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    char sum[FL_DIGEST_SIZE];
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < pull->copies.n; i++) {
        if (!asked(pull, i))
            continue;
        fl_buf_empty(&name);
        fl_pull_pod_name(pull, i, &name);
        if (fl_seen_sum(&at, pull->kind, fl_buf_text(&name), sum))
            rc = told(pull, i, sum, err);
    }
    return rc;
}

int fl_pull_sums(struct fl_pulled *pull,
                 bool (*asked)(const struct fl_pulled *pull, size_t i),
                 int (*told)(struct fl_pulled *pull, size_t i, const char *sum,
                             struct fleet_error *err),
                 struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    int64_t bytes = 0;
    int rc;

    fl_podsh_open(&sh, pull->visit, pull->plan->idle_ms);
    sh.output.max = 4 * NAMES_MAX;
    fl_pull_cd(pull, &sh.script);
    fl_buf_printf(&sh.script, "xargs -0 %s 2>/dev/null\nexit 0\n",
                  fl_pull_sum_command(pull));
    for (size_t i = 0; i < pull->copies.n; i++) {
        if (!asked(pull, i))
            continue;
        fl_pull_pod_name(pull, i, &sh.input);
        fl_buf_putc(&sh.input, '\0');
        bytes += pull->copies.at[i].size;
    }
    if (sh.input.len == 0)
        return FLEET_OK;
    sh.idle_ms = fl_pull_patience(pull, bytes);
    fl_visit_step(pull->visit, "comparing");
    rc = fl_podsh_do(&sh, "checksums", err);
    return rc == 0 ? read_sums(pull, asked, told, fl_buf_text(&sh.output), err)
                   : rc;
}

int fl_pull_look_again(struct fl_pulled *pull, size_t i, struct fl_copy *copy,
                       struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct fl_seen seen = {0};
    int rc;

    fl_podsh_open(&sh, pull->visit, pull->plan->idle_ms);
    fl_pull_cd(pull, &sh.script);
    fl_pull_pod_name(pull, i, &name);
    fl_buf_puts(&sh.script, "stat -L -c '%f %s %Y' -- ");
    fl_shell_quote(&sh.script, fl_buf_text(&name));
    fl_buf_puts(&sh.script, "\n");
    rc = fl_podsh_do(&sh, copy->name, err);
    if (rc < 0)
        return rc;
    if (!fl_seen_numbers(fl_buf_text(&sh.output), &seen) || !S_ISREG(seen.mode))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%.300s: it is no file any "
                          "more",
                          copy->name);
    copy->mode = seen.mode;
    copy->size = seen.size;
    copy->mtime_ns = seen.mtime * NS_IN_S;
    return FLEET_OK;
}
