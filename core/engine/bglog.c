/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/bgscript.h"
#include "core/engine/bgvisit.h"
#include "core/engine/onpod.h"

#include <stdio.h>
#include <string.h>

#define NOTE_MAX 512

/* One pod's log, as it is read. */
struct fl_bg_log {
    struct fl_bg_log_task task;
    void *heard_arg;
    struct fl_onpod script;
    struct fl_onpod_start start;
    struct fl_buf note; /* the line of its errors that has begun */
};

/* "WORD STATE ...", said at the end. */
static void read_note(struct fl_bg_heard *heard)
{
    const struct fl_bg_log *log = heard->log;
    const char *text = fl_buf_text(&log->note);
    size_t len = strlen(log->script.word);
    FL_AUTO_FREE char *line = NULL;
    struct fl_bg_seen seen;

    if (strncmp(text, log->script.word, len) != 0 || text[len] != ' ')
        return;
    line = strncmp(text + len + 1, "exited", 6) == 0
               ? fl_format("%s exited exit %s", log->task.id, text + len + 8)
               : fl_format("%s %s", log->task.id, text + len + 1);
    if (line && fl_bg_read(line, &seen))
        heard->seen = seen;
}

static void hear_note(struct fl_bg_heard *heard, const char *data, size_t len)
{
    struct fl_buf *note = &heard->log->note;

    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\n') {
            if (note->len < NOTE_MAX)
                fl_buf_putc(note, data[i]);
            continue;
        }
        read_note(heard);
        fl_buf_empty(note);
    }
}

static void hear(void *arg, int stream, const char *data, size_t len)
{
    struct fl_bg_heard *heard = arg;
    struct fl_bg_log *log = heard->log;

    if (stream == 2)
        hear_note(heard, data, len);
    else if (fl_onpod_begun(&log->script, &log->start, &data, &len) && len > 0)
        log->task.heard(log->heard_arg, 1, data, len);
}

static int make_script(const struct fl_bg_log *log, struct fl_onpod *script,
                       struct fleet_error *err)
{
    int rc = fl_onpod_open(script, err);

    if (rc < 0)
        return rc;
    fl_onpod_set(script, "word", script->word);
    fl_onpod_set(script, "id", log->task.id);
    fl_onpod_set_number(script, "lines", log->task.lines);
    fl_onpod_set(script, "follow", log->task.follow ? "1" : "");
    fl_buf_puts(&script->text, fl_bgscript_common);
    fl_onpod_add(script, fl_bgscript_log);
    return FLEET_OK;
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_bg_heard *heard = visit->own;
    struct fl_bg_log *log = heard->log;
    int rc = make_script(log, &log->script, err);

    fl_visit_step(visit, "reading");
    if (rc == 0)
        rc = fl_onpod_listen(visit, &log->script, hear, heard, NULL, err);
    log->task.heard(log->heard_arg, 1, NULL, 0);
    if (rc == 0 && !log->start.begun)
        rc = fleet_fail(err, FLEET_EINVALID,
                        "exec: logged in, but no shell that runs commands");
    if (rc == 0 && strcmp(heard->seen.state, "gone") == 0)
        rc = fleet_fail(err, FLEET_ENOTFOUND,
                        "it has nothing of the job any more");
    return rc;
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_bg_log_task *task = arg;
    struct fl_bg_heard *heard = own;

    heard->log = calloc(1, sizeof(*heard->log));
    if (!heard->log)
        return fl_enomem(err);
    heard->log->task = *task;
    heard->log->heard_arg = task->heard_args[member - task->to.fleet->members];
    fl_buf_init(&heard->log->note, NOTE_MAX);
    return FLEET_OK;
}

static void clear(void *own)
{
    struct fl_bg_log *log = ((struct fl_bg_heard *)own)->log;

    if (!log)
        return;
    fl_onpod_clear(&log->script);
    fl_buf_clear(&log->start.head);
    fl_buf_clear(&log->note);
    free(log);
}

int fl_bg_read_logs(const struct fl_bg_log_task *task,
                    struct fl_visit_results *results, struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_bg_heard),
        .begin = begin,
        .work = work,
        .clear = clear,
    };

    return fl_visit_all(&task->to, &kind, task, results, err);
}
