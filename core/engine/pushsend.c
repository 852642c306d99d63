/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/pushing.h"
#include "core/model/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PIECE_BYTES ((size_t)64 * 1024)
#define NS_IN_S     INT64_C(1000000000)

/* The pod has no room for more: there is no use in going on. */
static bool is_full(const struct fl_podsh *sh)
{
    return strstr(fl_buf_text(&sh->complaint), "No space left");
}

/* ---- small files, directories and links: one archive ---- */

struct archive {
    struct fl_pushed *push;
    struct fl_podsh *sh;
    size_t next; /* item */
    size_t last_parent;
    bool any;     /* a stage directory was put in */
    int fd;       /* of the file whose contents go now; -1 */
    int64_t left; /* of them */
    size_t padding;
    bool ended;
    struct fl_buf piece;
};

static bool is_in_archive(const struct fl_push_item *item)
{
    return !item->there && !item->alone && !item->staged;
}

static int put_stage_dir(struct archive *archive, size_t i,
                         struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    struct fl_copy copy = {.mode = S_IFDIR | 0700,
                           .mtime_ns = time(NULL) * NS_IN_S};
    int rc;

    fl_push_stage_dir(archive->push, i, &name);
    rc = fl_buf_check(&name, "a name", err);
    return rc < 0 ? rc : fl_tar_header(&archive->piece, name.data, &copy, err);
}

static int put_header(struct archive *archive, size_t i,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    struct fl_copy copy = archive->push->plan->copies->at[i];
    int rc;

    if (S_ISDIR(copy.mode))
        copy.mode |= 0700; /* until all is in it */
    fl_push_stage_name(archive->push, i, &name);
    rc = fl_buf_check(&name, "a name", err);
    return rc < 0 ? rc : fl_tar_header(&archive->piece, name.data, &copy, err);
}

/* What cannot be read any more goes as zeros, and is found by its checksum. */
static int begin_item(struct archive *archive, size_t i,
                      struct fleet_error *err)
{
    struct fl_pushed *push = archive->push;
    const struct fl_copy *copy = &push->plan->copies->at[i];
    int rc = FLEET_OK;

    if (!archive->any || push->items[i].parent != archive->last_parent ||
        push->items[i].unit)
        rc = put_stage_dir(archive, i, err);
    archive->any = true;
    archive->last_parent = push->items[i].parent;
    if (rc == 0 && is_in_archive(&push->items[i])) {
        rc = put_header(archive, i, err);
        if (S_ISREG(copy->mode)) {
            archive->fd = open(copy->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
            archive->left = copy->size;
            archive->padding =
                (FL_TAR_BLOCK - (size_t)(copy->size % FL_TAR_BLOCK)) %
                FL_TAR_BLOCK;
        }
    }
    return rc;
}

static void end_item(struct archive *archive)
{
    static const char zeros[FL_TAR_BLOCK];

    fl_buf_add(&archive->piece, zeros, archive->padding);
    archive->padding = 0;
    if (archive->fd >= 0)
        close(archive->fd);
    archive->fd = -1;
}

static int put_contents(struct archive *archive, struct fleet_error *err)
{
    struct fl_buf *piece = &archive->piece;
    size_t most = archive->left < (int64_t)PIECE_BYTES ? (size_t)archive->left
                                                       : PIECE_BYTES;
    ssize_t n = 0;

    if (fl_buf_reserve(piece, most) < 0)
        return fl_buf_check(piece, "a piece", err);
    if (archive->fd >= 0)
        n = read(archive->fd, piece->data + piece->len, most);
    if (n <= 0) {
        memset(piece->data + piece->len, 0, most);
        n = (ssize_t)most;
    }
    piece->len += (size_t)n;
    archive->left -= n;
    return fl_push_moved(archive->push, (size_t)n);
}

static int put_next(struct archive *archive, struct fleet_error *err)
{
    const struct fl_pushed *push = archive->push;
    static const char zeros[2 * FL_TAR_BLOCK];

    if (archive->left > 0)
        return put_contents(archive, err);
    end_item(archive);
    while (archive->next < push->plan->copies->n) {
        size_t i = archive->next++;
        const struct fl_push_item *item = &push->items[i];

        if (is_in_archive(item) || (item->unit && item->alone))
            return begin_item(archive, i, err);
    }
    archive->ended = true;
    return fl_buf_add(&archive->piece, zeros, sizeof(zeros));
}

static int archive_source(void *arg, const char **data, size_t *len,
                          struct fleet_error *err)
{
    struct archive *archive = arg;
    int rc = FLEET_OK;

    fl_buf_empty(&archive->piece);
    while (rc == 0 && !archive->ended && archive->piece.len < PIECE_BYTES)
        rc = put_next(archive, err);
    if (rc < 0)
        return rc;
    *data = archive->piece.data;
    *len = is_full(archive->sh) ? 0 : archive->piece.len;
    return FLEET_OK;
}

int fl_push_send_small(struct fl_pushed *push, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct archive archive = {
        .push = push, .sh = &sh, .fd = -1, .piece = FL_BUF(8 * PIECE_BYTES)};
    int rc;

    fl_podsh_open(&sh, push->visit, push->plan->idle_ms);
    if (*push->plan->to) {
        fl_buf_puts(&sh.script, "mkdir -p -- ");
        fl_shell_quote(&sh.script, push->plan->to);
        fl_buf_puts(&sh.script, " || exit\n");
    }
    fl_push_cd(push, &sh.script);
    fl_buf_puts(&sh.script, "exec tar -xpof -\n");
    sh.source = archive_source;
    sh.arg = &archive;
    rc = fl_podsh_do(&sh, "unpacking", err);
    if (archive.fd >= 0)
        close(archive.fd);
    fl_buf_clear(&archive.piece);
    return rc;
}

/* ---- a large file, or one again: alone ---- */

struct single {
    struct fl_pushed *push;
    struct fl_podsh *sh;
    struct fl_copy copy; /* as the file is now */
    int fd;
    int64_t at;
    struct fl_digest sum;
    char *piece;
};

static int open_single(struct single *single, size_t i, struct fleet_error *err)
{
    struct fl_pushed *push = single->push;
    struct stat at;

    single->copy = push->plan->copies->at[i];
    single->piece = malloc(PIECE_BYTES);
    if (!single->piece)
        return fl_enomem(err);
    single->fd = open(single->copy.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (single->fd < 0 || fstat(single->fd, &at) < 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "%.300s: %s", single->copy.path,
                          strerror(errno));
    single->copy.size = at.st_size;
    single->copy.mode = at.st_mode;
    single->copy.mtime_ns = at.st_mtim.tv_sec * NS_IN_S + at.st_mtim.tv_nsec;
    return fl_digest_begin(&single->sum, push->kind, err);
}

static void close_single(struct single *single)
{
    if (single->fd >= 0)
        close(single->fd);
    fl_digest_clear(&single->sum);
    free(single->piece);
}

/* The next piece, into the checksum, too; 0 at the end or where the file has
 * become shorter. */
static size_t read_piece(struct single *single, int64_t until)
{
    int64_t left = until - single->at;
    size_t most = left < (int64_t)PIECE_BYTES ? (size_t)left : PIECE_BYTES;
    ssize_t n = read(single->fd, single->piece, most);

    if (n <= 0)
        return 0;
    fl_digest_add(&single->sum, single->piece, (size_t)n);
    single->at += n;
    return (size_t)n;
}

/* What is there already still counts in the checksum. */
static void skip_to(struct single *single, int64_t offset)
{
    single->push->visit->deadline =
        fl_deadline(fl_push_patience(single->push, offset));
    fl_visit_step(single->push->visit, "comparing");
    while (single->at < offset && read_piece(single, offset) > 0)
        continue;
    single->push->moved += single->at;
}

static int single_source(void *arg, const char **data, size_t *len,
                         struct fleet_error *err)
{
    struct single *single = arg;
    int rc = FLEET_OK;

    *len = is_full(single->sh) ? 0 : read_piece(single, single->copy.size);
    *data = single->piece;
    if (*len)
        rc = fl_push_moved(single->push, *len);
    return rc < 0 ? fleet_fail(err, rc, "cancelled") : rc;
}

/* Appends to the part, and prints the checksum of all of it, tee's status and
 * the size. */
static void write_script(struct single *single, struct fl_buf *script)
{
    fl_push_cd(single->push, script);
    fl_buf_printf(script, "umask 077\no=%" PRId64 "\np=", single->at);
    fl_push_part_name(&single->copy, script);
    fl_buf_puts(script, "\n[ $o -gt 0 ] || : >\"$p\" || exit\n"
                        "exec 4>&1\n"
                        "t=$({ { [ $o -eq 0 ] || cat \"$p\"; tee -a \"$p\"\n"
                        "    echo $? >&3; } | ");
    fl_buf_puts(script, fl_push_sum_command(single->push));
    fl_buf_puts(script, " >&4; } 3>&1)\n"
                        "n=$(wc -c <\"$p\")\n"
                        "echo \"end\" $t $n\n"
                        "[ \"$t\" = 0 ]\n");
}

static bool arrived(struct single *single, const char *answer)
{
    char ours[FL_DIGEST_SIZE], theirs[FL_DIGEST_SIZE];
    const char *end = strstr(answer, "\nend ");
    long long size = -1;

    fl_digest_end(&single->sum, ours);
    return fl_digest_read(single->push->kind, answer, theirs) &&
           strcmp(ours, theirs) == 0 && end &&
           sscanf(end, "\nend 0 %lld", &size) == 1 &&
           size == single->copy.size && single->at == size;
}

/* From the part to where it is staged, or away with it. */
static int settle(struct single *single, size_t i, bool good,
                  struct fleet_error *err)
{
    struct fl_pushed *push = single->push;
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};

    fl_podsh_open(&sh, push->visit, fl_push_patience(push, single->copy.size));
    fl_push_cd(push, &sh.script);
    fl_buf_puts(&sh.script, "p=");
    fl_push_part_name(&single->copy, &sh.script);
    if (!good) {
        fl_buf_puts(&sh.script, "\nrm -f -- \"$p\"\n");
        return fl_podsh_batch(&sh, "clearing up", err);
    }
    fl_buf_printf(&sh.script, "\nchmod %o \"$p\" || exit\n",
                  (unsigned)(single->copy.mode & 07777));
    fl_push_put_stamp(single->copy.mtime_ns, &sh.script);
    fl_buf_puts(&sh.script, " \"$p\"\n");
    fl_push_stage_dir(push, i, &name);
    fl_buf_puts(&sh.script, "mkdir -p -m 700 -- ");
    fl_shell_quote(&sh.script, fl_buf_text(&name));
    fl_buf_empty(&name);
    fl_push_stage_name(push, i, &name);
    fl_buf_puts(&sh.script, " && mv -f -- \"$p\" ");
    fl_shell_quote(&sh.script, fl_buf_text(&name));
    fl_buf_puts(&sh.script, "\n");
    return fl_podsh_batch(&sh, single->copy.name, err);
}

/* Only what is different, by rsync; what has come of it is then only read.
 * Where that does not work it has all to be sent. */
static int sync_part(struct single *single, size_t i, struct fleet_error *err)
{
    struct fl_pushed *push = single->push;
    const struct fl_push_item *item = &push->items[i];
    int rc = FLEET_EUNSUPPORTED;

    if (push->rsync && item->older && item->partial == 0 &&
        push->plan->pace->rate == 0 && item->unit)
        rc = fl_push_rsync(push, &single->copy, err);
    if (rc == FLEET_OK)
        skip_to(single, single->copy.size);
    return rc == FLEET_EUNSUPPORTED ? FLEET_OK : rc;
}

/* FLEET_ECONFLICT: what has arrived is not what is here now. */
static int try_single(struct fl_pushed *push, size_t i, int64_t offset,
                      bool may_sync, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct single single = {.push = push, .sh = &sh, .fd = -1};
    int rc = open_single(&single, i, err);

    if (rc == 0 && may_sync)
        rc = sync_part(&single, i, err);
    if (rc == 0) {
        if (single.at == 0)
            skip_to(&single, offset);
        fl_podsh_open(&sh, push->visit, fl_push_patience(push, 2 * single.at));
        write_script(&single, &sh.script);
        sh.source = single_source;
        sh.arg = &single;
        rc = fl_podsh_do(&sh, single.copy.name, err);
    }
    if (rc == 0) {
        bool good = arrived(&single, fl_buf_text(&sh.output)) &&
                    fl_hashes_same(&single.copy, single.fd, NULL) == 0;

        rc = settle(&single, i, good, err);
        if (rc == 0 && !good)
            rc = FLEET_ECONFLICT;
    }
    if (rc == 0)
        push->copied.resumed += offset;
    close_single(&single);
    return rc;
}

int fl_push_send_alone(struct fl_pushed *push, size_t i,
                       struct fleet_error *err)
{
    const struct fl_copy *copy = &push->plan->copies->at[i];
    int64_t offset = push->items[i].partial;
    int rc = FLEET_ECONFLICT;

    for (int tries = 0; rc == FLEET_ECONFLICT && tries < 3; tries++) {
        int64_t before = push->moved;

        rc = try_single(push, i, offset, tries == 0, err);
        if (rc == FLEET_ECONFLICT)
            push->moved = before;
        offset = 0;
    }
    push->items[i].staged = rc == 0;
    if (rc == FLEET_ECONFLICT)
        return fleet_fail(err, rc,
                          "%.300s: it changes while it is copied: nothing of "
                          "it was put there; push it once it is at rest",
                          copy->path);
    return rc;
}
