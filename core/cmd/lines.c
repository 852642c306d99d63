/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/lines.h"

#include "core/base/error.h"
#include "core/cmd/output.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define LINE_MAX_BYTES  16384
#define BATCH_MAX_BYTES (64 * 1024)

struct fl_lines_of {
    struct fl_lines *all;
    const char *name;      /* NULL: without */
    struct fl_buf part[2]; /* the line that has begun, of each stream */
};

struct fl_lines {
    struct fl_context *context; /* its output: guarded by the mutex */
    pthread_mutex_t mutex;
    bool aside;
    bool tame[2]; /* that stream of ours is a terminal */
    struct fl_lines_of *of;
    void **members;
    size_t n;
};

int fl_lines_open(struct fl_context *context, const struct fl_fleet *fleet,
                  bool named, bool aside, struct fl_lines **out,
                  struct fleet_error *err)
{
    size_t n = fleet->n_members;
    FL_AUTO(fl_lines_close) struct fl_lines *lines = calloc(1, sizeof(*lines));

    if (!lines || pthread_mutex_init(&lines->mutex, NULL) != 0)
        return fl_enomem(err);
    lines->context = context;
    lines->aside = aside;
    lines->tame[0] = isatty(STDOUT_FILENO);
    lines->tame[1] = isatty(STDERR_FILENO);
    lines->of = calloc(n + 1, sizeof(*lines->of));
    lines->members = calloc(n + 1, sizeof(*lines->members));
    if (!lines->of || !lines->members)
        return fl_enomem(err);
    for (lines->n = 0; lines->n < n; lines->n++) {
        struct fl_lines_of *of = &lines->of[lines->n];

        of->all = lines;
        of->name = named ? fleet->members[lines->n].short_name : NULL;
        fl_buf_init(&of->part[0], LINE_MAX_BYTES);
        fl_buf_init(&of->part[1], LINE_MAX_BYTES);
        lines->members[lines->n] = of;
    }
    *out = fl_take(lines);
    return FLEET_OK;
}

void fl_lines_close(struct fl_lines *lines)
{
    if (!lines)
        return;
    for (size_t i = 0; i < lines->n; i++) {
        fl_buf_clear(&lines->of[i].part[0]);
        fl_buf_clear(&lines->of[i].part[1]);
    }
    free(lines->of);
    free(lines->members);
    pthread_mutex_destroy(&lines->mutex);
    free(lines);
}

void *const *fl_lines_members(const struct fl_lines *lines)
{
    return lines->members;
}

/* Nothing can be told when standard error itself fails. */
static void put_error(const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(STDERR_FILENO, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

static void put(struct fl_lines *lines, int stream, struct fl_buf *batch)
{
    if (batch->len == 0)
        return;
    pthread_mutex_lock(&lines->mutex);
    if (stream == 1)
        fl_print_n(lines->context, fl_buf_text(batch), batch->len);
    else
        put_error(fl_buf_text(batch), batch->len);
    pthread_mutex_unlock(&lines->mutex);
    fl_buf_empty(batch);
}

static void add_line(const struct fl_lines_of *of, bool tame,
                     const struct fl_buf *line, struct fl_buf *batch)
{
    if (of->name)
        fl_buf_printf(batch, "%s: ", of->name);
    if (tame)
        fl_tame(batch, fl_buf_text(line), line->len);
    else
        fl_buf_add(batch, fl_buf_text(line), line->len);
    fl_buf_putc(batch, '\n');
}

/* Takes in as much as the line has room for; whether it is a whole one now. */
static bool fill(struct fl_buf *part, const char **data, size_t *len)
{
    const char *end = memchr(*data, '\n', *len);
    size_t n = end ? (size_t)(end - *data) : *len;
    size_t room = LINE_MAX_BYTES - part->len;
    bool whole = end && n <= room;

    if (n > room)
        n = room;
    fl_buf_add(part, *data, n);
    *data += n + whole;
    *len -= n + whole;
    return whole || part->len == LINE_MAX_BYTES;
}

void fl_lines_heard(void *arg, int stream, const char *data, size_t len)
{
    FL_AUTO(fl_buf_clear)
    struct fl_buf batch = FL_BUF(BATCH_MAX_BYTES + 6 * LINE_MAX_BYTES + 512);
    struct fl_lines_of *of = arg;
    struct fl_buf *part = &of->part[stream - 1];
    int where = of->all->aside ? 2 : stream;
    bool tame = of->all->tame[where - 1], ending = len == 0 && part->len > 0;

    while (len > 0 || ending) {
        if (ending || fill(part, &data, &len)) {
            add_line(of, tame, part, &batch);
            fl_buf_empty(part);
        }
        ending = false;
        if (batch.len > BATCH_MAX_BYTES)
            put(of->all, where, &batch);
    }
    put(of->all, where, &batch);
}
