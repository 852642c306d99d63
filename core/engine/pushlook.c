/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/pushing.h"
#include "core/model/seen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Says "look KIND TOOL TAR FREE STAGE RSYNC", then what stat tells of the
 * names. */
static const char script[] =
    "sum=none\n"
    "if [ \"$(openssl dgst -sha256 -r </dev/null 2>/dev/null |\n"
    "    cut -c1-8)\" = e3b0c442 ]; then sum=openssl\n"
    "elif sha256sum </dev/null >/dev/null 2>&1; then sum=sha256sum\n"
    "elif cksum </dev/null >/dev/null 2>&1; then sum=cksum\n"
    "fi\n"
    "tar=no; command -v tar >/dev/null 2>&1 && tar=yes\n"
    "kind=none\n"
    "if [ -d \"$d\" ]; then kind=dir\n"
    "elif [ -e \"$d\" ] || [ -L \"$d\" ]; then kind=other\n"
    "fi\n"
    "p=$d\n"
    "while [ ! -d \"$p\" ] && [ \"$p\" != . ] && [ \"$p\" != / ]; do\n"
    "    p=$(dirname -- \"$p\")\n"
    "done\n"
    "free=$(df -Pk -- \"$p\" 2>/dev/null |\n"
    "    sed -n '$s/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1/p')\n"
    "stage=no; [ -d \"$d/.fleet-push-$t\" ] && stage=yes\n"
    "rsync=no; command -v rsync >/dev/null 2>&1 && rsync=yes\n"
    "echo \"look $kind $sum $tar ${free:-x} $stage $rsync\"\n"
    "[ \"$kind\" = dir ] || exit 0\n"
    "cd -- \"$d\" && xargs -0 stat -c '" FL_SEEN_FORMAT "' -- 2>/dev/null\n"
    "exit 0\n";

static void add_name(struct fl_buf *out, const char *name, bool directory)
{
    fl_buf_printf(out, "./%s%s", name, directory ? "/." : "");
    fl_buf_putc(out, '\0');
}

static void ask(struct fl_pushed *push, struct fl_podsh *sh)
{
    const struct fl_copies *copies = push->plan->copies;

    fl_buf_puts(&sh->script, "d=");
    fl_shell_quote(&sh->script, *push->plan->to ? push->plan->to : ".");
    fl_buf_printf(&sh->script, "\nt=%s\n", push->plan->tag);
    fl_buf_puts(&sh->script, script);
    for (size_t i = 0; i < copies->n; i++)
        add_name(&sh->input, copies->at[i].name, S_ISDIR(copies->at[i].mode));
    for (size_t i = 0; i < copies->n; i++) {
        if (copies->at[i].size < FL_PUSH_LARGE)
            continue;
        fl_push_part_name(&copies->at[i], &sh->input);
        fl_buf_putc(&sh->input, '\0');
    }
}

static int read_tools(struct fl_pushed *push, const char **at,
                      struct fleet_error *err)
{
    char kind[8] = "", sum[16] = "", tar[8] = "", room[24] = "", stage[8] = "";
    char rsync[8] = "";
    size_t len = strcspn(*at, "\n");

    if (sscanf(*at, "look %7s %15s %7s %23s %7s %7s", kind, sum, tar, room,
               stage, rsync) < 6)
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "its sh does not do what one should: \"%.60s\"", *at);
    *at += len + ((*at)[len] == '\n');
    push->has_dir = strcmp(kind, "dir") == 0;
    push->has_stage = strcmp(stage, "yes") == 0;
    push->rsync = push->plan->identity && strcmp(rsync, "yes") == 0;
    push->openssl = strcmp(sum, "openssl") == 0;
    push->kind = strcmp(sum, "cksum") == 0 ? FL_DIGEST_CKSUM : FL_DIGEST_SHA256;
    if (!fl_parse_int(room, 0, INT64_MAX / 2048, &push->free_bytes))
        push->free_bytes = -1;
    else
        push->free_bytes *= 1024;
    if (strcmp(kind, "other") == 0)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%.200s: it is there and is no directory",
                          push->plan->to);
    if (strcmp(sum, "none") == 0 || strcmp(tar, "yes") != 0)
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "it needs tar and sha256sum there: apt-get install "
                          "tar coreutils");
    return FLEET_OK;
}

static bool same_link(const struct fl_copy *copy, const struct fl_seen *seen)
{
    return S_ISLNK(seen->mode) && seen->link_len == strlen(copy->link) &&
           memcmp(seen->link, copy->link, seen->link_len) == 0;
}

static void judge(const struct fl_copy *copy, const struct fl_seen *seen,
                  struct fl_push_item *item)
{
    if (S_ISDIR(copy->mode)) {
        item->there = S_ISDIR(seen->mode);
    } else if (S_ISLNK(copy->mode)) {
        item->there = same_link(copy, seen);
    } else if (S_ISREG(seen->mode) && seen->size == copy->size) {
        item->maybe = true;
        item->fix_mode = (seen->mode & 07777) != (copy->mode & 07777);
        item->older = true;
    } else if (S_ISREG(seen->mode) && seen->size > 0) {
        item->older = true;
    }
}

static int read_names(struct fl_pushed *push, const char *at,
                      struct fleet_error *err)
{
    const struct fl_copies *copies = push->plan->copies;
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    struct fl_seen seen;

    for (size_t i = 0; i < copies->n; i++) {
        bool directory = S_ISDIR(copies->at[i].mode);

        seen.mode = 0;
        fl_buf_empty(&name);
        fl_buf_printf(&name, "./%s%s", copies->at[i].name,
                      directory ? "/." : "");
        if (fl_seen_read(&at, fl_buf_text(&name), &seen))
            judge(&copies->at[i], &seen, &push->items[i]);
        if (S_ISDIR(seen.mode) && !directory)
            return fleet_fail(err, FLEET_ECONFLICT,
                              "%.300s: a directory of that name is there: "
                              "nothing was sent",
                              copies->at[i].name);
    }
    for (size_t i = 0; i < copies->n; i++) {
        if (copies->at[i].size < FL_PUSH_LARGE)
            continue;
        fl_buf_empty(&name);
        fl_push_part_name(&copies->at[i], &name);
        if (fl_seen_read(&at, fl_buf_text(&name), &seen) &&
            S_ISREG(seen.mode) && seen.size <= copies->at[i].size)
            push->items[i].partial = seen.size;
    }
    return fl_buf_check(&name, "a name", err);
}

/* Which of them are moved as a whole, and what they are below. */
static void find_units(struct fl_pushed *push)
{
    const struct fl_copies *copies = push->plan->copies;
    const char *root = NULL; /* a directory that is not there */
    size_t root_len = 0, root_parent = 0;

    for (size_t i = 0; i < copies->n; i++) {
        struct fl_push_item *item = &push->items[i];
        const char *name = copies->at[i].name, *slash = strrchr(name, '/');

        if (root && strncmp(name, root, root_len) == 0 &&
            name[root_len] == '/') {
            item->parent = root_parent;
            continue;
        }
        item->parent = slash ? (size_t)(slash - name) : 0;
        item->unit = !item->there;
        if (item->there || !S_ISDIR(copies->at[i].mode))
            continue;
        root = name;
        root_len = strlen(name);
        root_parent = item->parent;
    }
}

/* ---- checksums ---- */

enum where { IN_PLACE, STAGED };

static bool is_asked(const struct fl_pushed *push, size_t i, enum where where)
{
    const struct fl_push_item *item = &push->items[i];

    if (!S_ISREG(push->plan->copies->at[i].mode))
        return false;
    return where == IN_PLACE ? item->maybe
                             : !item->there && !item->alone && !item->staged;
}

static void name_of(const struct fl_pushed *push, size_t i, enum where where,
                    struct fl_buf *out)
{
    if (where == STAGED)
        fl_push_stage_name(push, i, out);
    else
        fl_buf_printf(out, "./%s", push->plan->copies->at[i].name);
}

/* What is known here of the file, against what is over there. A file that has
 * changed here is another than that there. */
static int compare(struct fl_pushed *push, size_t i, const char *theirs,
                   bool *same, struct fleet_error *err)
{
    char ours[FL_DIGEST_SIZE] = "";
    int rc = fl_hashes_get(push->plan->hashes, i, push->kind, ours, err);

    if (rc < 0 && rc != FLEET_ECONFLICT)
        return rc;
    *same = rc == 0 && strcmp(ours, theirs) == 0;
    return FLEET_OK;
}

static int read_sums(struct fl_pushed *push, enum where where, const char *at,
                     struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    char theirs[FL_DIGEST_SIZE];
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < push->plan->copies->n; i++) {
        struct fl_push_item *item = &push->items[i];
        bool same = false;

        if (!is_asked(push, i, where))
            continue;
        fl_buf_empty(&name);
        name_of(push, i, where, &name);
        push->visit->deadline =
            fl_deadline(fl_push_patience(push, push->plan->copies->at[i].size));
        fl_visit_step(push->visit, "comparing");
        if (fl_seen_sum(&at, push->kind, fl_buf_text(&name), theirs))
            rc = compare(push, i, theirs, &same, err);
        if (where == STAGED)
            item->staged = same;
        else
            item->there = same;
    }
    return rc;
}

static int ask_sums(struct fl_pushed *push, enum where where,
                    struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    int64_t bytes = 0;
    size_t n = 0;
    int rc;

    fl_podsh_open(&sh, push->visit, push->plan->idle_ms);
    fl_push_cd(push, &sh.script);
    fl_buf_printf(&sh.script, "xargs -0 %s 2>/dev/null\nexit 0\n",
                  fl_push_sum_command(push));
    for (size_t i = 0; i < push->plan->copies->n; i++) {
        if (!is_asked(push, i, where))
            continue;
        name_of(push, i, where, &sh.input);
        fl_buf_putc(&sh.input, '\0');
        bytes += push->plan->copies->at[i].size;
        n++;
    }
    if (n == 0)
        return FLEET_OK;
    fl_visit_step(push->visit, "comparing");
    sh.idle_ms = fl_push_patience(push, bytes);
    rc = fl_podsh_do(&sh, "checksums", err);
    return rc == 0 ? read_sums(push, where, fl_buf_text(&sh.output), err) : rc;
}

int fl_push_look(struct fl_pushed *push, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    const struct fl_copies *copies = push->plan->copies;
    const char *at;
    int rc;

    fl_podsh_open(&sh, push->visit, push->plan->idle_ms);
    ask(push, &sh);
    fl_visit_step(push->visit, "looking");
    rc = fl_podsh_do(&sh, "looking", err);
    at = fl_buf_text(&sh.output);
    if (rc == 0)
        rc = read_tools(push, &at, err);
    if (rc == 0)
        rc = read_names(push, at, err);
    if (rc == 0)
        rc = ask_sums(push, IN_PLACE, err);
    if (rc < 0)
        return rc;
    find_units(push);
    for (size_t i = 0; i < copies->n; i++)
        push->items[i].alone =
            !push->items[i].there && copies->at[i].size >= FL_PUSH_LARGE;
    return push->has_stage ? ask_sums(push, STAGED, err) : FLEET_OK;
}

int fl_push_verify(struct fl_pushed *push, struct fleet_error *err)
{
    int rc = ask_sums(push, STAGED, err);

    for (size_t i = 0; rc == 0 && i < push->plan->copies->n; i++) {
        struct fl_push_item *item = &push->items[i];

        if (is_asked(push, i, STAGED))
            item->alone = true;
    }
    return rc;
}
