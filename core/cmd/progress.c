/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/progress.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/cmd/screen.h"
#include "core/cmd/ticker.h"

#include <string.h>

#define BAR_COLUMNS 20
#define LINE_BYTES  400
#define TABLE_BYTES (60 * 1024)
#define SPARE_ROWS  4 /* the head, and room for what else is said */

/* A pod that is being worked on, and what it waits for. */
struct active {
    char *name, *step;
};

struct fl_progress {
    const char *done_word;
    int64_t began;
    bool quiet, table;
    struct fl_ticker ticker; /* its mutex guards the rest */
    struct active *active;   /* in the order in which they began */
    size_t n_active, size;
    size_t done, total;
    void (*tail)(void *arg, struct fl_buf *out);
    void *tail_arg;
};

int fl_progress_text(struct fl_buf *out, const char *done_word, size_t done,
                     size_t total, int64_t elapsed_ms, const char *pod,
                     const char *step, size_t more)
{
    size_t filled = total ? done * BAR_COLUMNS / total : 0;
    char elapsed[32] = "0 s";

    if (elapsed_ms >= 1000)
        fl_duration_text(elapsed, elapsed_ms - elapsed_ms % 1000);
    fl_buf_printf(out, "%s %zu of %zu [", done_word, done, total);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        fl_buf_putc(out, i < filled ? '#' : ' ');
    fl_buf_printf(out, "] %s", elapsed);
    if (pod)
        fl_buf_printf(out, "  %s: %s", pod, step ? step : "at work");
    if (pod && more)
        fl_buf_printf(out, ", and %zu more", more);
    return out->failed;
}

/* A line of its own for each, which its own text cannot leave. */
static void put_row(struct fl_buf *out, const struct active *active,
                    size_t columns)
{
    FL_AUTO(fl_buf_clear) struct fl_buf row = FL_BUF(LINE_BYTES);

    fl_buf_puts(&row, "  ");
    fl_text_escape(&row, active->name);
    fl_buf_puts(&row, ": ");
    fl_text_escape(&row, active->step ? active->step : "at work");
    fl_buf_printf(out, "\n%.*s", (int)columns, fl_buf_text(&row));
}

static void draw_table(const struct fl_progress *progress)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(TABLE_BYTES);
    size_t columns, rows, shown = progress->n_active;

    fl_screen_size(&columns, &rows);
    if (shown + SPARE_ROWS > rows)
        shown = rows > SPARE_ROWS ? rows - SPARE_ROWS : 0;
    fl_progress_text(&text, progress->done_word, progress->done,
                     progress->total, fl_now_ms() - progress->began, NULL, NULL,
                     0);
    for (size_t i = 0; i < shown; i++)
        put_row(&text, &progress->active[i], columns - 1);
    if (shown < progress->n_active)
        fl_buf_printf(&text, "\n  and %zu more", progress->n_active - shown);
    fl_screen_board(fl_buf_text(&text));
}

static void draw(void *arg)
{
    const struct fl_progress *progress = arg;
    const struct active *first = progress->n_active ? progress->active : NULL;
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};

    if (progress->total == 0) /* nothing has begun */
        return;
    if (progress->table) {
        draw_table(progress);
        return;
    }
    fl_buf_init(&line, LINE_BYTES);
    fl_progress_text(&line, progress->done_word, progress->done,
                     progress->total, fl_now_ms() - progress->began,
                     first ? first->name : NULL, first ? first->step : NULL,
                     first ? progress->n_active - 1 : 0);
    if (progress->tail)
        progress->tail(progress->tail_arg, &line);
    fl_screen_status(fl_buf_text(&line));
}

struct fl_progress *fl_progress_open(struct fl_context *context,
                                     const char *done_word)
{
    struct fl_progress *progress = calloc(1, sizeof(*progress));

    if (!progress)
        return NULL;
    progress->done_word = done_word;
    progress->began = fl_now_ms();
    progress->quiet = context->globals.quiet;
    fl_ticker_open(&progress->ticker, context, draw, progress);
    return progress;
}

struct fl_progress *fl_progress_table(struct fl_context *context,
                                      const char *done_word)
{
    struct fl_progress *progress = fl_progress_open(context, done_word);

    if (progress) {
        pthread_mutex_lock(&progress->ticker.mutex);
        progress->table = true;
        pthread_mutex_unlock(&progress->ticker.mutex);
    }
    return progress;
}

static struct active *find(struct fl_progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->n_active; i++) {
        if (strcmp(progress->active[i].name, name) == 0)
            return &progress->active[i];
    }
    return NULL;
}

static struct active *add(struct fl_progress *progress, const char *name)
{
    char *copy = strdup(name);

    if (copy && progress->n_active == progress->size) {
        size_t size = progress->size ? 2 * progress->size : 16;
        struct active *grown =
            reallocarray(progress->active, size, sizeof(*grown));

        if (grown) {
            progress->active = grown;
            progress->size = size;
        }
    }
    if (!copy || progress->n_active == progress->size) {
        free(copy);
        return NULL;
    }
    progress->active[progress->n_active] = (struct active){.name = copy};
    return &progress->active[progress->n_active++];
}

/* What is missing here for want of memory is missing on the screen only. */
static void set_step(struct fl_progress *progress, const char *name,
                     const char *step)
{
    struct active *active = find(progress, name);

    if (!active)
        active = add(progress, name);
    if (!active)
        return;
    free(active->step);
    active->step = step ? strdup(step) : NULL;
}

static void clear_active(struct active *active)
{
    free(active->name);
    free(active->step);
}

static void drop(struct fl_progress *progress, const char *name)
{
    struct active *active = find(progress, name);
    size_t behind;

    if (!active)
        return;
    clear_active(active);
    behind = progress->n_active - (size_t)(active - progress->active) - 1;
    memmove(active, active + 1, behind * sizeof(*active));
    progress->n_active--;
}

static void tell_finished(const struct fl_progress *progress,
                          const struct fl_event *event)
{
    char elapsed[32];

    fl_duration_text(elapsed, fl_now_ms() - progress->began);
    fl_screen_linef("%s: %s (%zu of %zu, %s)", event->name,
                    event->kind == FL_EVENT_FAILED ? "failed"
                                                   : progress->done_word,
                    event->done, event->total, elapsed);
}

static void update(struct fl_progress *progress, const struct fl_event *event)
{
    bool finished =
        event->kind == FL_EVENT_DONE || event->kind == FL_EVENT_FAILED;
    bool first;

    pthread_mutex_lock(&progress->ticker.mutex);
    first = progress->total == 0;
    progress->done = event->done;
    progress->total = event->total;
    if (finished)
        drop(progress, event->name);
    else
        set_step(progress, event->name, event->text);
    if (progress->ticker.live && first) /* from then on the ticker does it */
        draw(progress);
    pthread_mutex_unlock(&progress->ticker.mutex);
    if (finished && !progress->ticker.live)
        tell_finished(progress, event);
}

void fl_progress_event(void *arg, const struct fl_event *event)
{
    struct fl_progress *progress = arg;

    if (!progress || progress->quiet)
        return;
    if (event->kind == FL_EVENT_STOPPING)
        fl_screen_line("interrupted: what runs is finished, nothing new is "
                       "begun; Ctrl-C again stops at once");
    else if (event->kind == FL_EVENT_NOTE)
        fl_screen_line(event->text);
    else
        update(progress, event);
}

void fl_progress_tail(struct fl_progress *progress,
                      void (*tail)(void *arg, struct fl_buf *out), void *arg)
{
    if (!progress)
        return;
    pthread_mutex_lock(&progress->ticker.mutex);
    progress->tail = tail;
    progress->tail_arg = arg;
    pthread_mutex_unlock(&progress->ticker.mutex);
}

void fl_progress_close(struct fl_progress *progress)
{
    if (!progress)
        return;
    fl_ticker_close(&progress->ticker);
    for (size_t i = 0; i < progress->n_active; i++)
        clear_active(&progress->active[i]);
    free(progress->active);
    free(progress);
}
