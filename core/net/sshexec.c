/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/net/ssh.h"

#include <string.h>

/* One command with its input and output in memory. */

struct kept {
    struct fl_buf text;
    bool dropped;
};

struct run {
    const struct fl_ssh_exec *exec;
    bool fed;
    struct kept out, err;
};

static int give_input(void *arg, const char **data, size_t *len,
                      struct fleet_error *err)
{
    struct run *run = arg;

    (void)err;
    *data = run->exec->input;
    *len = run->fed || !run->exec->input ? 0 : run->exec->input_len;
    run->fed = true;
    return FLEET_OK;
}

static int keep_output(void *arg, int number, const char *data, size_t len,
                       struct fleet_error *err)
{
    struct run *run = arg;
    struct kept *kept = number == 1 ? &run->out : &run->err;
    const struct fl_ssh_exec *exec = run->exec;
    size_t room = kept->text.max - kept->text.len;

    (void)err;
    if (exec->heard)
        exec->heard(exec->heard_arg, number, data, len);
    if (len > room) {
        len = room;
        kept->dropped = !exec->heard || kept->text.max > 0;
    }
    fl_buf_add(&kept->text, data, len);
    return FLEET_OK;
}

/* What has come is the caller's, also after a failure. */
static int hand_over(struct kept *kept, char **text, size_t *len,
                     struct fleet_error *err)
{
    int rc = fl_buf_check(&kept->text, "output", err);

    if (rc < 0)
        return rc;
    *len = kept->text.len;
    *text = kept->text.data ? fl_buf_take(&kept->text) : strdup("");
    return *text ? FLEET_OK : fl_enomem(err);
}

static void clear_results(struct fl_ssh_exec *exec)
{
    exec->out = exec->err_text = NULL;
    exec->out_len = exec->err_len = 0;
    exec->truncated = false;
    exec->status = -1;
    exec->signal[0] = '\0';
}

int fl_ssh_run(struct fl_ssh *ssh, struct fl_ssh_exec *exec, int64_t deadline,
               struct fleet_error *err)
{
    struct run run = {.exec = exec,
                      .out = {.text = FL_BUF(exec->max_out)},
                      .err = {.text = FL_BUF(exec->max_err)}};
    struct fl_ssh_stream stream = {.command = exec->command,
                                   .source = give_input,
                                   .sink = keep_output,
                                   .arg = &run};
    int rc, handed;

    clear_results(exec);
    rc = fl_ssh_stream(ssh, &stream, deadline, err);
    exec->status = stream.status;
    memcpy(exec->signal, stream.signal, sizeof(exec->signal));
    exec->truncated = run.out.dropped || run.err.dropped;
    handed =
        hand_over(&run.out, &exec->out, &exec->out_len, rc < 0 ? NULL : err);
    if (handed == FLEET_OK)
        handed = hand_over(&run.err, &exec->err_text, &exec->err_len,
                           rc < 0 ? NULL : err);
    fl_buf_clear(&run.out.text);
    fl_buf_clear(&run.err.text);
    return rc < 0 ? rc : handed;
}

void fl_ssh_exec_clear(struct fl_ssh_exec *exec)
{
    free(exec->out);
    free(exec->err_text);
    clear_results(exec);
}
