/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/podsh.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"

#include <string.h>
#include <sys/random.h>

#define SCRIPT_MAX    ((size_t)256 << 20)
#define TEXT_MAX      ((size_t)512 << 20)
#define COMPLAINT_MAX 400
#define NOISE_MAX     ((size_t)4 << 20)

static const char prelude[] =
    "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    "LC_ALL=C QUOTING_STYLE=literal\n"
    "export PATH LC_ALL QUOTING_STYLE\n"
    "unset POSIXLY_CORRECT TAR_OPTIONS CDPATH\n";

void fl_podsh_open(struct fl_podsh *sh, struct fl_visit *visit, int64_t idle_ms)
{
    unsigned char bytes[8] = {0};

    *sh = (struct fl_podsh){.visit = visit,
                            .idle_ms = idle_ms,
                            .script = FL_BUF(SCRIPT_MAX),
                            .input = FL_BUF(TEXT_MAX),
                            .output = FL_BUF(TEXT_MAX),
                            .complaint = FL_BUF(COMPLAINT_MAX)};
    if (getrandom(bytes, sizeof(bytes), 0) < 0)
        bytes[0] = 1;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(sh->mark + 2 * i, 3, "%02x", bytes[i]);
    fl_buf_puts(&sh->script, prelude);
    fl_buf_printf(&sh->script, "echo %s; echo %s >&2\n", sh->mark, sh->mark);
}

void fl_podsh_clear(struct fl_podsh *sh)
{
    fl_buf_clear(&sh->script);
    fl_buf_clear(&sh->input);
    fl_buf_clear(&sh->output);
    fl_buf_clear(&sh->complaint);
}

/* Bytes move: this pod is alive. */
static void alive(struct fl_podsh *sh)
{
    sh->visit->deadline = fl_deadline(sh->idle_ms);
    fl_fan_step(sh->visit->item, atomic_load(&sh->visit->item->step),
                sh->visit->deadline);
}

/* The script, then the input. */
static int give(void *arg, const char **data, size_t *len,
                struct fleet_error *err)
{
    struct fl_podsh *sh = arg;
    const struct fl_buf *piece = sh->stage == 0 ? &sh->script : &sh->input;

    alive(sh);
    if (sh->stage++ > 0 && sh->source)
        return sh->source(sh->arg, data, len, err);
    *data = piece->data;
    *len = sh->stage > 2 ? 0 : piece->len;
    return FLEET_OK;
}

/* Behind the mark, a newline and all, begins what the script itself has said;
 * before it is talk of the login's shell. *DATA moves on. */
static bool is_behind_mark(struct fl_podsh *sh, int number, const char **data,
                           size_t *len)
{
    size_t *seen = &sh->marks[number], whole = strlen(sh->mark);

    while (*len > 0 && *seen <= whole) {
        char c = *(*data)++;

        --*len;
        if (c == (*seen < whole ? sh->mark[*seen] : '\n'))
            ++*seen;
        else
            *seen = c == sh->mark[0];
    }
    return *len > 0;
}

static int take(void *arg, int number, const char *data, size_t len,
                struct fleet_error *err)
{
    struct fl_podsh *sh = arg;
    size_t room = COMPLAINT_MAX - sh->complaint.len;

    alive(sh);
    if (number == 2 || sh->marks[number] <= strlen(sh->mark))
        sh->noise += len;
    if (sh->noise > NOISE_MAX)
        return fleet_fail(err, FLEET_EINVALID,
                          "it does not stop complaining: %.200s",
                          fl_buf_text(&sh->complaint));
    if (!is_behind_mark(sh, number, &data, &len))
        return FLEET_OK;
    if (number == 2) {
        fl_buf_add(&sh->complaint, data, len < room ? len : room);
        return FLEET_OK;
    }
    if (sh->sink)
        return sh->sink(sh->arg, data, len, err);
    fl_buf_add(&sh->output, data, len);
    return fl_buf_check(&sh->output, "what the pod answers", err);
}

static int run_command(struct fl_podsh *sh, const char *command,
                       struct fleet_error *err)
{
    struct fl_ssh_stream stream = {.command = command,
                                   .source = give,
                                   .sink = take,
                                   .arg = sh,
                                   .idle_ms = sh->idle_ms};
    int rc = fl_buf_check(&sh->script, "a script for the pod", err);

    if (rc == 0)
        rc = fl_buf_check(&sh->input, "input for the pod", err);
    if (rc < 0)
        return rc;
    alive(sh);
    rc = fl_ssh_stream(sh->visit->ssh, &stream, FL_FOREVER, err);
    sh->status = stream.status;
    return rc;
}

/* dd takes byte by byte, so that what is behind the script stays for it. */
int fl_podsh_run(struct fl_podsh *sh, struct fleet_error *err)
{
    char command[100];

    snprintf(command, sizeof(command),
             "exec sh -c 'eval \"$(dd bs=1 count=%zu 2>/dev/null)\"'",
             sh->script.len);
    return run_command(sh, command, err);
}

int fl_podsh_complain(const struct fl_podsh *sh, const char *what,
                      struct fleet_error *err)
{
    const char *text = fl_buf_text(&sh->complaint);
    int len = (int)strcspn(text, "\n");
    bool full = strstr(text, "No space left") || strstr(text, "quota exceeded");

    if (len == 0)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s: it ended with status %d and said nothing", what,
                          sh->status);
    return fleet_fail(err, FLEET_EINVALID, "%s: %.*s%s", what, len, text,
                      full ? ": its disk is full: make room there, or take "
                             "a larger one"
                           : "");
}

int fl_podsh_do(struct fl_podsh *sh, const char *what, struct fleet_error *err)
{
    int rc = fl_podsh_run(sh, err);

    return rc == 0 && sh->status != 0 ? fl_podsh_complain(sh, what, err) : rc;
}

int fl_podsh_batch(struct fl_podsh *sh, const char *what,
                   struct fleet_error *err)
{
    int rc = run_command(sh, "exec sh", err);

    return rc == 0 && sh->status != 0 ? fl_podsh_complain(sh, what, err) : rc;
}
