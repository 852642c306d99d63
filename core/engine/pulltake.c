/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/pulling.h"
#include "core/model/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define PIECE_BYTES ((size_t)64 * 1024)
#define TRIES       3
/* Around the contents in an archive, at the most. */
#define ROOM_BYTES   ((int64_t)16 << 20)
#define HEADER_BYTES (16 * 1024)

static int write_all(int fd, const char *data, size_t len,
                     struct fleet_error *err)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fleet_fail(
                err, FLEET_EINTERNAL, "here: %s%s", strerror(errno),
                errno == ENOSPC ? ": the disk of this computer is full" : "");
        data += n;
        len -= (size_t)n;
    }
    return FLEET_OK;
}

/* ---- small files: one archive ---- */

struct archive {
    struct fl_pulled *pull;
    int64_t room; /* bytes that it may still have */
    struct fl_tar_reader reader;
    size_t item; /* that comes now; SIZE_MAX: nobody wants it */
    int fd;
    struct fl_digest digest;
};

static bool is_small(const struct fl_pulled *pull, size_t i)
{
    const struct fl_pull_item *item = &pull->items[i];

    return S_ISREG(pull->copies.at[i].mode) && !item->there && !item->alone;
}

static bool has_come(const struct fl_pulled *pull, size_t i)
{
    return is_small(pull, i) && pull->items[i].sum;
}

static void tag_of(size_t i, char out[32])
{
    snprintf(out, 32, "small-%zu", i);
}

/* The item that a member of the archive is, if that was asked for. */
static size_t find_item(struct fl_pulled *pull,
                        const struct fl_tar_member *member)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    const struct fl_copy *copy;
    size_t i;

    if (member->type != '0' || strncmp(member->name, "./", 2) != 0)
        return SIZE_MAX;
    fl_buf_printf(&name, "%s%s%s", fl_pull_base(pull), pull->prefix ? "/" : "",
                  member->name + 2);
    copy = fl_copies_find(&pull->copies, fl_buf_text(&name), name.len);
    if (!copy || copy->size != member->size)
        return SIZE_MAX;
    i = (size_t)(copy - pull->copies.at);
    return is_small(pull, i) && !pull->items[i].sum ? i : SIZE_MAX;
}

static int begin_member(void *arg, const struct fl_tar_member *member,
                        struct fleet_error *err)
{
    struct archive *archive = arg;
    struct fl_pulled *pull = archive->pull;
    char tag[32];
    int rc;

    archive->item = find_item(pull, member);
    if (archive->item == SIZE_MAX)
        return FLEET_OK;
    tag_of(archive->item, tag);
    fl_landing_drop(&pull->landing, tag);
    rc = fl_landing_temporary(&pull->landing, tag, &archive->fd, err);
    return rc == 0 ? fl_digest_begin(&archive->digest, pull->kind, err) : rc;
}

static int take_member(void *arg, const char *data, size_t len,
                       struct fleet_error *err)
{
    struct archive *archive = arg;

    if (archive->item == SIZE_MAX)
        return FLEET_OK;
    fl_digest_add(&archive->digest, data, len);
    return write_all(archive->fd, data, len, err);
}

static int end_member(void *arg, struct fleet_error *err)
{
    struct archive *archive = arg;
    struct fl_pulled *pull = archive->pull;
    char sum[FL_DIGEST_SIZE];

    if (archive->item == SIZE_MAX)
        return FLEET_OK;
    fl_landing_finish_file(archive->fd, &pull->copies.at[archive->item]);
    close(archive->fd);
    archive->fd = -1;
    fl_digest_end(&archive->digest, sum);
    fl_digest_clear(&archive->digest);
    pull->items[archive->item].sum = strdup(sum);
    if (!pull->items[archive->item].sum)
        return fl_enomem(err);
    archive->item = SIZE_MAX;
    return FLEET_OK;
}

static int archive_sink(void *arg, const char *data, size_t len,
                        struct fleet_error *err)
{
    struct archive *archive = arg;
    int rc = fl_tar_feed(&archive->reader, data, len, err);

    archive->room -= (int64_t)len;
    if (rc == 0 && archive->room < 0)
        rc = fleet_fail(err, FLEET_EREFUSED,
                        "its tar sends more than was asked for");
    return rc == 0 ? fl_pull_moved(archive->pull, len) : rc;
}

/* Hard links would come as such, but each file is wanted. */
static void ask_archive(struct archive *archive, struct fl_podsh *sh)
{
    struct fl_pulled *pull = archive->pull;

    archive->room = ROOM_BYTES;
    fl_podsh_open(sh, pull->visit, pull->plan->idle_ms);
    fl_pull_cd(pull, &sh->script);
    fl_buf_puts(&sh->script,
                "h=; tar --hard-dereference --version >/dev/null 2>&1 &&\n"
                "    h=--hard-dereference\n"
                "xargs -0 tar $h -cf -\n"
                "exit 0\n");
    for (size_t i = 0; i < pull->copies.n; i++) {
        if (!is_small(pull, i))
            continue;
        fl_pull_pod_name(pull, i, &sh->input);
        fl_buf_putc(&sh->input, '\0');
        archive->room += pull->copies.at[i].size + HEADER_BYTES;
    }
}

static int place_item(struct fl_pulled *pull, size_t i, const char *sum,
                      struct fleet_error *err)
{
    struct fl_pull_item *item = &pull->items[i];
    char tag[32];

    if (strcmp(item->sum, sum) != 0)
        return FLEET_OK;
    tag_of(i, tag);
    item->there = true;
    return fl_landing_place(&pull->landing, tag, pull->copies.at[i].name, err);
}

int fl_pull_take_small(struct fl_pulled *pull, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct archive archive = {.pull = pull,
                              .item = SIZE_MAX,
                              .fd = -1,
                              .reader = {.begin = begin_member,
                                         .data = take_member,
                                         .end = end_member,
                                         .arg = &archive}};
    int rc = FLEET_OK;

    ask_archive(&archive, &sh);
    fl_tar_open(&archive.reader);
    sh.sink = archive_sink;
    sh.arg = &archive;
    if (sh.input.len > 0)
        rc = fl_podsh_do(&sh, "packing", err);
    fl_tar_close(&archive.reader);
    fl_digest_clear(&archive.digest);
    if (archive.fd >= 0)
        close(archive.fd);
    if (rc == 0)
        rc = fl_pull_sums(pull, has_come, place_item, err);
    for (size_t i = 0; i < pull->copies.n; i++) /* what was not right */
        pull->items[i].alone = pull->items[i].alone || is_small(pull, i);
    return rc;
}

/* ---- a large file, or one again: alone ---- */

struct single {
    struct fl_pulled *pull;
    struct fl_copy copy; /* as the file is now */
    char tag[17];
    int fd;
    int64_t at, offset;
    struct fl_digest digest;
};

static void make_tag(struct single *single)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4 * FL_COPY_NAME_MAX);

    fl_buf_printf(&text, "%s %s %" PRId64 " %" PRId64, single->pull->thing,
                  single->copy.name, single->copy.size, single->copy.mtime_ns);
    fl_digest_tag(fl_buf_text(&text), text.len, single->tag);
}

/* What came earlier counts in the checksum, too. */
static int open_single(struct single *single, struct fleet_error *err)
{
    struct fl_pulled *pull = single->pull;
    char *piece = malloc(PIECE_BYTES);
    ssize_t n = 1;
    int rc = piece ? FLEET_OK : fl_enomem(err);

    make_tag(single);
    if (rc == 0)
        rc =
            fl_landing_temporary(&pull->landing, single->tag, &single->fd, err);
    if (rc == 0)
        rc = fl_digest_begin(&single->digest, pull->kind, err);
    pull->visit->deadline =
        fl_deadline(fl_pull_patience(pull, single->copy.size));
    fl_visit_step(pull->visit, "comparing");
    while (rc == 0 && (n = read(single->fd, piece, PIECE_BYTES)) > 0) {
        fl_digest_add(&single->digest, piece, (size_t)n);
        single->at += n;
    }
    free(piece);
    if (rc == 0 && (n < 0 || single->at > single->copy.size))
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "%.300s: what was here of it is "
                        "no part of it",
                        single->copy.name);
    single->offset = single->at;
    return rc;
}

static int single_sink(void *arg, const char *data, size_t len,
                       struct fleet_error *err)
{
    struct single *single = arg;
    int rc;

    if ((int64_t)len > single->copy.size - single->at)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%.300s: more comes than it "
                          "is said to have",
                          single->copy.name);
    fl_digest_add(&single->digest, data, len);
    rc = write_all(single->fd, data, len, err);
    single->at += (int64_t)len;
    return rc == 0 ? fl_pull_moved(single->pull, len) : rc;
}

/* Of a file that grows, what it had when it was looked at. The checksum goes by
 * way of standard error, beside the contents. */
static void ask_single(struct single *single, size_t i, struct fl_podsh *sh)
{
    struct fl_pulled *pull = single->pull;
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);

    fl_podsh_open(sh, pull->visit, fl_pull_patience(pull, single->copy.size));
    fl_pull_cd(pull, &sh->script);
    fl_pull_pod_name(pull, i, &name);
    fl_buf_puts(&sh->script, "f=");
    fl_shell_quote(&sh->script, fl_buf_text(&name));
    fl_buf_printf(&sh->script,
                  "\n[ -r \"$f\" ] || exec cat \"$f\"\n"
                  "head -c %" PRId64 " \"$f\" | %s >&2 &\n"
                  "tail -c +%" PRId64 " \"$f\" | head -c %" PRId64 "\n"
                  "wait\n",
                  single->copy.size, fl_pull_sum_command(pull),
                  single->offset + 1, single->copy.size - single->offset);
    sh->sink = single_sink;
    sh->arg = single;
}

static bool is_right(struct single *single, const struct fl_podsh *sh)
{
    char ours[FL_DIGEST_SIZE], theirs[FL_DIGEST_SIZE];
    const char *text = fl_buf_text(&sh->complaint);

    fl_digest_end(&single->digest, ours);
    return single->at == single->copy.size &&
           fl_digest_read(single->pull->kind, text, theirs) &&
           strcmp(ours, theirs) == 0;
}

/* FLEET_ECONFLICT: what has come is not what is there now. */
static int try_single(struct single *single, size_t i, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};
    struct fl_pulled *pull = single->pull;
    int rc = open_single(single, err);

    if (rc == 0) {
        pull->moved += single->offset;
        ask_single(single, i, &sh);
        rc = fl_podsh_do(&sh, single->copy.name, err);
    }
    if (rc == 0 && !is_right(single, &sh))
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "%.300s: it changes while it is copied: nothing of it "
                        "was taken; pull it once it is at rest",
                        single->copy.name);
    if (rc == 0) {
        fl_landing_finish_file(single->fd, &single->copy);
        rc = fl_landing_place(&pull->landing, single->tag, single->copy.name,
                              err);
        pull->copied.resumed += single->offset;
    } else if (rc == FLEET_ECONFLICT) {
        fl_landing_drop(&pull->landing, single->tag);
    }
    if (single->fd >= 0)
        close(single->fd);
    fl_digest_clear(&single->digest);
    return rc;
}

int fl_pull_take_alone(struct fl_pulled *pull, size_t i,
                       struct fleet_error *err)
{
    struct fl_copy copy = pull->copies.at[i];
    int rc = FLEET_OK;

    for (int tries = 0; rc == 0 && tries < TRIES; tries++) {
        struct single single = {.pull = pull, .copy = copy, .fd = -1};
        int64_t before = pull->moved;

        rc = try_single(&single, i, err);
        if (rc == 0) {
            pull->items[i].there = true;
            return FLEET_OK;
        }
        if (rc != FLEET_ECONFLICT || tries + 1 == TRIES)
            return rc;
        pull->moved = before;
        rc = fl_visit_again(pull->visit, err); /* it may be used up */
        if (rc == 0)
            rc = fl_pull_look_again(pull, i, &copy, err);
    }
    return rc;
}
