/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/pull.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/pulling.h"

#include <stdlib.h>
#include <string.h>

#define SLOW_BYTES 20000 /* a millisecond: what any disk reads */

void fl_pull_cd(const struct fl_pulled *pull, struct fl_buf *script)
{
    if (pull->is_file || !*pull->thing)
        return;
    fl_buf_puts(script, "cd -- ");
    fl_shell_quote(script, pull->thing);
    fl_buf_puts(script, " || exit\n");
}

const char *fl_pull_sum_command(const struct fl_pulled *pull)
{
    if (pull->kind == FL_DIGEST_CKSUM)
        return "cksum";
    return pull->openssl ? "openssl dgst -sha256 -r" : "sha256sum";
}

const char *fl_pull_base(const struct fl_pulled *pull)
{
    const char *slash = strrchr(pull->thing, '/');
    const char *base = slash ? slash + 1 : pull->thing;

    return fl_copy_name_ok(base) ? base : "";
}

void fl_pull_pod_name(const struct fl_pulled *pull, size_t i,
                      struct fl_buf *out)
{
    if (pull->is_file)
        fl_buf_puts(out, pull->thing);
    else
        fl_buf_printf(out, "./%s", pull->copies.at[i].name + pull->prefix);
}

int64_t fl_pull_patience(const struct fl_pulled *pull, int64_t bytes)
{
    return pull->plan->idle_ms + bytes / SLOW_BYTES;
}

int fl_pull_moved(struct fl_pulled *pull, size_t len)
{
    pull->moved += (int64_t)len;
    pull->visit->deadline = fl_deadline(pull->plan->idle_ms);
    fl_visit_step(pull->visit, fl_pace_step(pull->moved, pull->to_move));
    return fl_pace_move(pull->plan->pace, len);
}

/* ---- one thing ---- */

static void clear_thing(struct fl_pulled *pull)
{
    for (size_t i = 0; pull->items && i < pull->copies.n; i++)
        free(pull->items[i].sum);
    free(pull->items);
    pull->items = NULL;
    fl_copies_clear(&pull->copies);
}

static void count(struct fl_pulled *pull)
{
    for (size_t i = 0; i < pull->copies.n; i++) {
        const struct fl_copy *copy = &pull->copies.at[i];

        if (S_ISDIR(copy->mode))
            continue;
        if (pull->items[i].there) {
            pull->copied.already++;
            continue;
        }
        pull->copied.files++;
        pull->copied.bytes += copy->size;
        pull->to_move += copy->size;
        pull->items[i].alone = pull->is_file || copy->size >= FL_PULL_LARGE;
    }
}

static int make_dirs(struct fl_pulled *pull, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < pull->copies.n; i++) {
        if (S_ISDIR(pull->copies.at[i].mode))
            rc = fl_landing_dir(&pull->landing, pull->copies.at[i].name, err);
    }
    return rc;
}

/* One file that cannot be had costs the others nothing. */
static int give_up(struct fl_pulled *pull, size_t i, struct fleet_error *err)
{
    if (pull->given_up++ == 0)
        pull->first = *err;
    pull->copied.files--;
    pull->copied.bytes -= pull->copies.at[i].size;
    return fl_visit_again(pull->visit, err); /* it may be used up */
}

static int take_rest(struct fl_pulled *pull, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < pull->copies.n; i++) {
        const struct fl_copy *copy = &pull->copies.at[i];

        if (pull->items[i].there || S_ISDIR(copy->mode))
            continue;
        if (S_ISLNK(copy->mode))
            rc = fl_landing_link(&pull->landing, copy->link, copy->name, err);
        else
            rc = fl_pull_take_alone(pull, i, err);
        if (rc == FLEET_ECONFLICT || rc == FLEET_ENOTFOUND ||
            rc == FLEET_EINVALID)
            rc = give_up(pull, i, err);
    }
    return rc;
}

/* From below upwards: what is put into a directory changes its time. */
static void finish_dirs(struct fl_pulled *pull)
{
    for (size_t i = pull->copies.n; i-- > 0;) {
        if (S_ISDIR(pull->copies.at[i].mode))
            fl_landing_finish_dir(&pull->landing, &pull->copies.at[i]);
    }
}

static int pull_thing(struct fl_pulled *pull, struct fleet_error *err)
{
    int rc = fl_pull_look(pull, err);

    if (rc < 0)
        return rc;
    count(pull);
    if (pull->plan->dry_run)
        return FLEET_OK;
    rc = make_dirs(pull, err);
    if (rc == 0)
        rc = fl_pull_take_small(pull, err);
    if (rc == 0)
        rc = take_rest(pull, err);
    if (rc == 0)
        finish_dirs(pull);
    return rc;
}

static int pull_once(void *arg, struct fleet_error *err)
{
    struct fl_pulled *pull = arg;
    int rc = FLEET_OK;

    pull->copied = (struct fl_copied){0};
    pull->to_move = 0;
    pull->lost = pull->given_up = 0;
    for (size_t i = 0; rc == 0 && i < pull->plan->things->n; i++) {
        pull->thing = pull->plan->things->at[i];
        rc = pull_thing(pull, err);
        clear_thing(pull);
    }
    if (rc == 0 && pull->given_up > 0) {
        *err = pull->first;
        return err->code;
    }
    if (rc == 0 && pull->lost > 0)
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "%zu files went away, or changed, between listing and "
                        "looking: pull again",
                        pull->lost);
    return rc;
}

static int open_landing(struct fl_pulled *pull, struct fleet_error *err)
{
    FL_AUTO_FREE char *path = fl_path_join(pull->plan->out, pull->name);

    if (!path)
        return fl_enomem(err);
    return pull->plan->dry_run ? fl_landing_peek(path, &pull->landing, err)
                               : fl_landing_open(path, &pull->landing, err);
}

int fl_pull_work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_pulled *pull = visit->own;
    int rc;

    pull->visit = visit;
    pull->landing = FL_LANDING;
    rc = open_landing(pull, err);
    if (rc == 0)
        rc = fl_copy_persist(visit, pull->plan->idle_ms, &pull->moved,
                             pull_once, pull, err);
    if (rc == 0 || rc == FLEET_EINVALID || rc == FLEET_EINTERNAL)
        fl_landing_sweep(&pull->landing);
    fl_landing_close(&pull->landing);
    return rc;
}

void fl_pulled_clear(void *own)
{
    struct fl_pulled *pull = own;

    clear_thing(pull);
    free(pull->name);
    pull->name = NULL;
}
