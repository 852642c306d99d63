/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/onpod.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_MAX (1 << 20)
#define STDERR_MAX 4096
#define HEAD_MAX   65536

int fl_onpod_open(struct fl_onpod *script, struct fleet_error *err)
{
    int rc = fl_nonce(script->word, err);

    if (rc < 0)
        return rc;
    fl_buf_init(&script->text, SCRIPT_MAX);
    fl_buf_printf(&script->text,
                  "LC_ALL=C export LC_ALL\n"
                  "say() { printf %%s %s; printf ' %%s' \"$@\"; echo; }\n",
                  script->word);
    return FLEET_OK;
}

void fl_onpod_set(struct fl_onpod *script, const char *name, const char *value)
{
    fl_buf_printf(&script->text, "%s=", name);
    fl_shell_quote(&script->text, value);
    fl_buf_putc(&script->text, '\n');
}

void fl_onpod_set_number(struct fl_onpod *script, const char *name,
                         int64_t number)
{
    fl_buf_printf(&script->text, "%s=%" PRId64 "\n", name, number);
}

void fl_onpod_add(struct fl_onpod *script, const char *body)
{
    fl_buf_printf(&script->text, "(\n%s) </dev/null\n", body);
}

void fl_onpod_clear(struct fl_onpod *script)
{
    fl_buf_clear(&script->text);
}

/* What is behind the word in this line; NULL: it is none of the script's. */
static char *spoken(const struct fl_onpod *script, char *line)
{
    size_t len = strlen(script->word);

    if (strncmp(line, script->word, len) != 0 || line[len] != ' ')
        return NULL;
    return line + len + 1;
}

static int read_line(const struct fl_onpod *script, char *line, bool *whole,
                     fl_onpod_said *said, void *arg, struct fleet_error *err)
{
    char *key = spoken(script, line), *text;

    if (!key)
        return FLEET_OK;
    text = key + strcspn(key, " ");
    if (*text)
        *text++ = '\0';
    *whole = strcmp(key, "end") == 0;
    return *whole || !said ? FLEET_OK : said(arg, key, text, err);
}

static int read_answer(const struct fl_onpod *script, struct fl_ssh_exec *exec,
                       bool *whole, fl_onpod_said *said, void *arg,
                       struct fleet_error *err)
{
    char *at = exec->out, *end = exec->out ? exec->out + exec->out_len : NULL;
    int rc = FLEET_OK;

    while (rc == 0 && !*whole && at < end) {
        char *stop = memchr(at, '\n', (size_t)(end - at));

        if (!stop) /* cut short */
            break;
        *stop = '\0';
        rc = read_line(script, at, whole, said, arg, err);
        at = stop + 1;
    }
    return rc;
}

static int no_end(const struct fl_ssh_exec *exec, struct fleet_error *err)
{
    const char *text = exec->err_len ? exec->err_text : exec->out;
    int len = text ? (int)strcspn(text, "\r\n") : 0;

    if (exec->truncated)
        return fleet_fail(err, FLEET_EINVALID,
                          "exec: the pod answers without end: see what its "
                          "login scripts print");
    return fleet_fail(err, FLEET_EINVALID,
                      "exec: logged in, but no shell that runs commands to "
                      "their end (exit status %d: %.*s)",
                      exec->status, len > 120 ? 120 : len,
                      len ? text : "it says nothing");
}

int fl_onpod_run(struct fl_visit *visit, struct fl_onpod *script,
                 size_t max_out, fl_onpod_said *said, void *arg,
                 struct fleet_error *err)
{
    struct fl_ssh_exec exec = {
        .command = "exec sh", .max_out = max_out, .max_err = STDERR_MAX};
    bool whole = false;
    int rc, read;

    fl_buf_puts(&script->text, "say end\n");
    rc = fl_buf_check(&script->text, "the script", err);
    if (rc < 0)
        return rc;
    exec.input = fl_buf_text(&script->text);
    exec.input_len = script->text.len;
    rc = fl_visit_run(visit, &exec, err);
    read = read_answer(script, &exec, &whole, said, arg, rc < 0 ? NULL : err);
    if (rc == 0)
        rc = read;
    if (rc == 0 && !whole)
        rc = no_end(&exec, err);
    fl_ssh_exec_clear(&exec);
    return rc;
}

int fl_onpod_listen(struct fl_visit *visit, struct fl_onpod *script,
                    fl_ssh_heard *heard, void *arg, int *status,
                    struct fleet_error *err)
{
    struct fl_ssh_exec exec = {
        .command = "exec sh", .heard = heard, .heard_arg = arg};
    int rc = fl_buf_check(&script->text, "the script", err);

    if (rc < 0)
        return rc;
    exec.input = fl_buf_text(&script->text);
    exec.input_len = script->text.len;
    rc = fl_visit_run(visit, &exec, err);
    if (status)
        *status = exec.status;
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* The end of the line in which it begins; NULL: not yet. */
static const char *find_begin(const struct fl_onpod *script,
                              const struct fl_buf *head)
{
    char mark[FL_NONCE_SIZE + 16];
    const char *at;

    snprintf(mark, sizeof(mark), "%s begin\n", script->word);
    if (head->len == 0)
        return NULL;
    at = memmem(head->data, head->len, mark, strlen(mark));
    return at ? at + strlen(mark) : NULL;
}

bool fl_onpod_begun(const struct fl_onpod *script, struct fl_onpod_start *start,
                    const char **data, size_t *len)
{
    size_t before = start->head.len, skipped;
    const char *behind;

    if (start->begun)
        return true;
    if (start->head.max == 0)
        fl_buf_init(&start->head, HEAD_MAX);
    if (fl_buf_add(&start->head, *data, *len) < 0)
        return false;
    behind = find_begin(script, &start->head);
    if (!behind)
        return false;
    skipped = (size_t)(behind - start->head.data) - before;
    *data += skipped;
    *len -= skipped;
    start->begun = true;
    return true;
}
