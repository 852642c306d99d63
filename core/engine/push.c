/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/push.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/pushing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SLOW_BYTES  20000 /* a millisecond: what any disk reads */
#define NS_IN_S     INT64_C(1000000000)
#define STAMP_LEN   15
#define SPARE_BYTES ((int64_t)1 << 20)

/* ---- names ---- */

void fl_push_cd(const struct fl_pushed *push, struct fl_buf *script)
{
    if (!*push->plan->to)
        return;
    fl_buf_puts(script, "cd -- ");
    fl_shell_quote(script, push->plan->to);
    fl_buf_puts(script, " || exit\n");
}

const char *fl_push_sum_command(const struct fl_pushed *push)
{
    if (push->kind == FL_DIGEST_CKSUM)
        return "cksum";
    return push->openssl ? "openssl dgst -sha256 -r" : "sha256sum";
}

void fl_push_stage_dir(const struct fl_pushed *push, size_t i,
                       struct fl_buf *out)
{
    int parent = (int)push->items[i].parent;

    fl_buf_printf(out, "./%.*s%s.fleet-push-%s", parent,
                  push->plan->copies->at[i].name, parent ? "/" : "",
                  push->plan->tag);
}

void fl_push_stage_name(const struct fl_pushed *push, size_t i,
                        struct fl_buf *out)
{
    size_t parent = push->items[i].parent;

    fl_push_stage_dir(push, i, out);
    fl_buf_printf(out, "/%s",
                  push->plan->copies->at[i].name + parent + (parent > 0));
}

void fl_push_part_name(const struct fl_copy *copy, struct fl_buf *out)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(2 * FL_COPY_NAME_MAX);
    char tag[17];

    fl_buf_printf(&text, "%s %" PRId64 " %" PRId64, copy->name, copy->size,
                  copy->mtime_ns);
    fl_digest_tag(fl_buf_text(&text), text.len, tag);
    fl_buf_printf(out, "./.fleet-push-%s.part", tag);
}

void fl_push_put_stamp(int64_t mtime_ns, struct fl_buf *script)
{
    time_t when = (time_t)(mtime_ns / NS_IN_S);
    char text[40] = "";
    struct tm tm;

    if (gmtime_r(&when, &tm) &&
        strftime(text, sizeof(text), "%Y%m%d%H%M.%S", &tm) == STAMP_LEN)
        fl_buf_printf(script, "TZ=UTC0 touch -t %s --", text);
    else
        fl_buf_puts(script, ":");
}

void fl_push_tag(struct fl_push_plan *plan)
{
    char tag[17] = "";

    for (size_t i = 0; i < plan->copies->n; i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4 * FL_COPY_NAME_MAX);
        const struct fl_copy *copy = &plan->copies->at[i];

        fl_buf_printf(&text, "%s %s %o %" PRId64 " %" PRId64 " %s", tag,
                      copy->name, (unsigned)copy->mode, copy->size,
                      S_ISREG(copy->mode) ? copy->mtime_ns : 0,
                      copy->link ? copy->link : "");
        fl_digest_tag(fl_buf_text(&text), text.len, tag);
    }
    memcpy(plan->tag, tag, sizeof(tag));
}

/* ---- time and progress ---- */

int64_t fl_push_patience(const struct fl_pushed *push, int64_t bytes)
{
    return push->plan->idle_ms + bytes / SLOW_BYTES;
}

int fl_push_moved(struct fl_pushed *push, size_t len)
{
    push->moved += (int64_t)len;
    push->visit->deadline = fl_deadline(push->plan->idle_ms);
    fl_visit_step(push->visit, fl_pace_step(push->moved, push->to_move));
    return fl_pace_move(push->plan->pace, len);
}

/* ---- one pod ---- */

static void count(struct fl_pushed *push)
{
    const struct fl_copies *copies = push->plan->copies;

    push->copied.files = push->copied.already = 0;
    push->copied.bytes = push->copied.resumed = 0;
    push->moved = push->to_move = 0;
    for (size_t i = 0; i < copies->n; i++) {
        const struct fl_push_item *item = &push->items[i];

        if (S_ISDIR(copies->at[i].mode))
            continue;
        if (item->there) {
            push->copied.already++;
            continue;
        }
        push->copied.files++;
        push->copied.bytes += copies->at[i].size;
        if (!item->staged)
            push->to_move += copies->at[i].size;
        else
            push->copied.resumed += copies->at[i].size;
    }
}

static bool is_all_there(const struct fl_pushed *push)
{
    for (size_t i = 0; i < push->plan->copies->n; i++) {
        if (!push->items[i].there || push->items[i].fix_mode)
            return false;
    }
    return push->has_dir;
}

static int check_room(const struct fl_pushed *push, struct fleet_error *err)
{
    int64_t need = push->to_move;

    for (size_t i = 0; i < push->plan->copies->n; i++)
        need -= push->items[i].partial;
    if (push->free_bytes < 0 || need + SPARE_BYTES <= push->free_bytes ||
        need <= 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "its disk is full: %" PRId64
                      " MB are to come and %" PRId64
                      " MB are free there: make room, or take a larger one",
                      (need + 999999) / 1000000, push->free_bytes / 1000000);
}

/* One file that does not come to rest, or is gone, costs the others nothing. */
static int send_alone(struct fl_pushed *push, struct fleet_error *first,
                      struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < push->plan->copies->n; i++) {
        if (!push->items[i].alone || push->items[i].staged)
            continue;
        rc = fl_push_send_alone(push, i, err);
        if (rc != FLEET_ECONFLICT && rc != FLEET_ENOTFOUND)
            continue;
        push->items[i].given_up = true;
        push->copied.files--;
        push->copied.bytes -= push->plan->copies->at[i].size;
        if (!first->code)
            *first = *err;
        rc = FLEET_OK;
    }
    return rc;
}

static int send_all(struct fl_pushed *push, struct fleet_error *err)
{
    struct fleet_error first = {0};
    int rc = fl_push_send_small(push, err);

    if (rc == 0)
        rc = fl_push_verify(push, err);
    if (rc == 0)
        rc = send_alone(push, &first, err);
    if (rc == 0)
        rc = fl_push_place(push, err);
    if (rc == 0 && first.code)
        *err = first;
    return rc == 0 ? first.code : rc;
}

static int push_once(void *arg, struct fleet_error *err)
{
    struct fl_pushed *push = arg;
    int rc;

    memset(push->items, 0, (push->plan->copies->n + 1) * sizeof(*push->items));
    rc = fl_push_look(push, err);
    if (rc < 0)
        return rc;
    count(push);
    if (push->plan->dry_run || is_all_there(push))
        return FLEET_OK;
    rc = check_room(push, err);
    if (rc == 0)
        rc = send_all(push, err);
    if (rc == FLEET_EINVALID) /* a full disk would stay full */
        fl_push_sweep(push);
    return rc;
}

int fl_push_work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_pushed *push = visit->own;

    push->visit = visit;
    push->items = calloc(push->plan->copies->n + 1, sizeof(*push->items));
    if (!push->items)
        return fl_enomem(err);
    return fl_copy_persist(visit, push->plan->idle_ms, &push->moved, push_once,
                           push, err);
}

void fl_pushed_clear(void *own)
{
    struct fl_pushed *push = own;

    free(push->items);
    push->items = NULL;
}
