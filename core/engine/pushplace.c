/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/engine/pushing.h"

#include <string.h>
#include <sys/stat.h>

#define WORDS_MAX ((size_t)64 * 1024) /* of one mv */

static void put_quoted(struct fl_buf *script, const struct fl_buf *name)
{
    fl_buf_putc(script, ' ');
    fl_shell_quote(script, fl_buf_text(name));
}

static void put_parent(const struct fl_pushed *push, size_t i,
                       struct fl_buf *script)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    int len = (int)push->items[i].parent;

    fl_buf_printf(&name, "./%.*s%s", len, push->plan->copies->at[i].name,
                  len ? "/" : "");
    put_quoted(script, &name);
}

static bool same_parent(const struct fl_pushed *push, size_t a, size_t b)
{
    size_t len = push->items[a].parent;

    return push->items[b].parent == len &&
           memcmp(push->plan->copies->at[a].name,
                  push->plan->copies->at[b].name, len) == 0;
}

/* What goes to one directory in as few calls as can be: rename(2) each. */
static void put_moves(const struct fl_pushed *push, struct fl_buf *script)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    size_t last = SIZE_MAX, begun = 0;

    for (size_t i = 0; i < push->plan->copies->n; i++) {
        if (!push->items[i].unit || push->items[i].given_up)
            continue;
        if (last == SIZE_MAX || !same_parent(push, last, i) ||
            script->len - begun > WORDS_MAX) {
            if (last != SIZE_MAX) {
                put_parent(push, last, script);
                fl_buf_puts(script, " || f=1\n");
            }
            begun = script->len;
            fl_buf_puts(script, "mv -f --");
        }
        fl_buf_empty(&name);
        fl_push_stage_name(push, i, &name);
        put_quoted(script, &name);
        last = i;
    }
    if (last == SIZE_MAX)
        return;
    put_parent(push, last, script);
    fl_buf_puts(script, " || f=1\n");
}

static void put_modes(const struct fl_pushed *push, struct fl_buf *script)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);

    for (size_t i = 0; i < push->plan->copies->n; i++) {
        const struct fl_copy *copy = &push->plan->copies->at[i];
        bool narrow = S_ISDIR(copy->mode) && !push->items[i].there &&
                      (copy->mode & 0700) != 0700;

        if (!(push->items[i].fix_mode && push->items[i].there) && !narrow)
            continue;
        fl_buf_empty(&name);
        fl_buf_printf(&name, "./%s", copy->name);
        fl_buf_printf(script, "chmod %o", (unsigned)(copy->mode & 07777));
        put_quoted(script, &name);
        fl_buf_puts(script, " || f=1\n");
    }
}

/* A large file comes into its directory last, and changes its time. */
static void put_times(const struct fl_pushed *push, struct fl_buf *script)
{
    const struct fl_copies *copies = push->plan->copies;

    for (size_t i = 0; i < copies->n; i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
        const char *slash = strrchr(copies->at[i].name, '/');
        const struct fl_copy *above;

        if (!push->items[i].alone || !slash)
            continue;
        above = fl_copies_find(copies, copies->at[i].name,
                               (size_t)(slash - copies->at[i].name));
        if (!above || push->items[above - copies->at].there)
            continue;
        fl_buf_printf(&name, "./%s", above->name);
        fl_push_put_stamp(above->mtime_ns, script);
        put_quoted(script, &name);
        fl_buf_puts(script, "\n");
    }
}

static void put_removals(const struct fl_pushed *push, struct fl_buf *script)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    size_t last = SIZE_MAX;

    fl_buf_printf(script, "rm -rf -- ./.fleet-push-%s\n", push->plan->tag);
    for (size_t i = 0; i < push->plan->copies->n; i++) {
        if (!push->items[i].unit || push->items[i].parent == 0 ||
            (last != SIZE_MAX && same_parent(push, last, i)))
            continue;
        last = i;
        fl_buf_empty(&name);
        fl_push_stage_dir(push, i, &name);
        fl_buf_puts(script, "rm -rf --");
        put_quoted(script, &name);
        fl_buf_puts(script, "\n");
    }
    /* What runs that never came back have left. */
    fl_buf_puts(script, "find . -maxdepth 1 -name '.fleet-push-*' -mtime +1 "
                        "-exec rm -rf -- {} + 2>/dev/null\n");
}

int fl_push_place(struct fl_pushed *push, struct fleet_error *err)
{
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};

    fl_podsh_open(&sh, push->visit, push->plan->idle_ms);
    fl_push_cd(push, &sh.script);
    fl_buf_puts(&sh.script, "f=0\n");
    put_moves(push, &sh.script);
    put_times(push, &sh.script);
    put_modes(push, &sh.script);
    put_removals(push, &sh.script);
    fl_buf_puts(&sh.script, "exit $f\n");
    fl_visit_step(push->visit, "putting in place");
    return fl_podsh_batch(&sh, "putting in place", err);
}

void fl_push_sweep(struct fl_pushed *push)
{
    const struct fl_copies *copies = push->plan->copies;
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};

    fl_podsh_open(&sh, push->visit, push->plan->idle_ms);
    fl_push_cd(push, &sh.script);
    put_removals(push, &sh.script);
    for (size_t i = 0; i < copies->n; i++) {
        if (copies->at[i].size < FL_PUSH_LARGE)
            continue;
        fl_buf_puts(&sh.script, "rm -f -- ");
        fl_push_part_name(&copies->at[i], &sh.script);
        fl_buf_puts(&sh.script, "\n");
    }
    fl_podsh_batch(&sh, "clearing up", NULL);
}
