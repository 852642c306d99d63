/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ran.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/bgwork.h"
#include "core/cmd/commands.h"
#include "core/cmd/lines.h"
#include "core/cmd/output.h"
#include "core/cmd/progress.h"
#include "core/cmd/screen.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS  3600000
#define INPUT_MAX ((size_t)64 << 20)

struct run_options {
    struct fl_narrowing narrowing;
    bool worst, stream, background;
    char *input;
};
static const char *const alias_s[] = {"S", NULL};
static const char *const alias_i[] = {"i", NULL};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct run_options, narrowing),
    {.key = "worst", .type = FLEET_OPT_BOOL, .aliases = alias_s,
     .help = "exit with the greatest of the commands' statuses",
     FLEET_AT(struct run_options, worst)},
    {.key = "stream", .type = FLEET_OPT_BOOL,
     .help = "print each line as it comes, behind the name of its pod",
     FLEET_AT(struct run_options, stream)},
    {.key = "background", .type = FLEET_OPT_BOOL,
     .help = "let it go on by itself, and do not wait for it",
     FLEET_AT(struct run_options, background)},
    {.key = "input", .type = FLEET_OPT_PATH, .aliases = alias_i,
     .help = "give this file to each of them as standard input; - is ours",
     FLEET_AT(struct run_options, input)},
    {0},
};
/* clang-format on */

/* Everything one `fleet run` works with. */
struct work {
    struct fl_context *context;
    const struct run_options *options;
    struct fl_buf command, input;
    struct fl_visiting visiting;
    struct fl_lines *lines; /* of --stream */
};

/* ---- what shall be run ---- */

/* As ssh does it: the words with blanks between, for the shell over there. */
static int take_command(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;

    for (size_t i = context->n_before; i < context->n_args; i++) {
        if (i > context->n_before)
            fl_buf_putc(&work->command, ' ');
        fl_buf_puts(&work->command, context->args[i]);
    }
    context->n_args = context->n_before; /* the targets */
    return fl_buf_check(&work->command, "the command", err);
}

static int read_own_input(struct fl_buf *input, struct fleet_error *err)
{
    ssize_t n = 1;

    while (n > 0) {
        if (fl_buf_reserve(input, 65536) < 0)
            break;
        n = read(STDIN_FILENO, input->data + input->len, 65536);
        if (n > 0)
            input->len += (size_t)n;
    }
    if (n < 0)
        return fleet_fail(err, FLEET_EUSAGE, "--input -: %s", strerror(errno));
    return fl_buf_check(input, "standard input", err);
}

static int take_input(struct work *work, struct fleet_error *err)
{
    const char *path = work->options->input;

    if (!path)
        return FLEET_OK;
    return strcmp(path, "-") == 0 ? read_own_input(&work->input, err)
                                  : fl_file_read(path, &work->input, err);
}

/* ---- results ---- */

/* Text of a pod as it may stand in JSON: bytes that are no UTF-8, and NUL, are
 * told by their numbers. */
static json_t *json_output(const char *text, size_t len)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(6 * len + 64);

    if (!text)
        return json_null();
    if (fl_utf8_valid(text, len))
        return json_stringn_nocheck(text, len);
    for (size_t at = 0; at < len; at += strlen(text + at) + 1) {
        if (at)
            fl_buf_puts(&out, "\\x00");
        fl_text_escape(&out, text + at);
    }
    return json_string(fl_buf_text(&out));
}

static json_t *json_result(const struct fl_visit_result *result)
{
    const struct fl_ran *ran = fl_run_of(result);
    const struct fl_ssh_exec *exec = &ran->exec;
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "exit",
                ran->ended && !exec->signal[0] ? json_integer(exec->status)
                                               : json_null());
    fl_json_put(entry, "signal",
                fl_json_text(exec->signal[0] ? exec->signal : NULL));
    fl_json_put(entry, "stdout", json_output(exec->out, exec->out_len));
    fl_json_put(entry, "stderr", json_output(exec->err_text, exec->err_len));
    fl_json_put(entry, "truncated", json_boolean(exec->truncated));
    fl_visiting_put(entry, result);
    return entry;
}

static void make_document(struct work *work)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->visiting.results.n; i++)
        fl_json_add(list, json_result(&work->visiting.results.at[i]));
    fl_json_put(work->context->document, "results", list);
}

static void print_output(struct fl_context *context, const char *text,
                         size_t len)
{
    if (len == 0)
        return;
    fl_print_text(context, text, len);
    if (text[len - 1] != '\n')
        fl_print(context, "\n");
}

static bool same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* Pods of which there is nothing different to say. */
static bool same(const struct fl_visit_result *a,
                 const struct fl_visit_result *b)
{
    const struct fl_ssh_exec *x = &fl_run_of(a)->exec;
    const struct fl_ssh_exec *y = &fl_run_of(b)->exec;

    if (fl_run_status(a) != fl_run_status(b) || !a->stage != !b->stage ||
        (a->stage && strcmp(a->error.text, b->error.text) != 0))
        return false;
    return same_text(x->out, x->out_len, y->out, y->out_len) &&
           same_text(x->err_text, x->err_len, y->err_text, y->err_len);
}

static int put_heading(const struct fl_visit_result *first,
                       const struct fl_strv *names, struct fl_buf *out)
{
    const struct fl_ssh_exec *exec = &fl_run_of(first)->exec;

    fl_buf_puts(out, "---- ");
    for (size_t i = 0; i < names->n; i++)
        fl_buf_printf(out, "%s%s", i ? " " : "", names->at[i]);
    if (names->n > 1)
        fl_buf_printf(out, " (%zu)", names->n);
    if (first->stage)
        fl_buf_printf(out, ": %s\n", first->error.text);
    else if (exec->signal[0])
        fl_buf_printf(out, ": signal %s\n", exec->signal);
    else if (exec->status != 0)
        fl_buf_printf(out, ": exit %d\n", exec->status);
    else
        fl_buf_puts(out, "\n");
    return out->failed;
}

static void print_group(struct work *work, size_t first, bool *told)
{
    const struct fl_visit_result *result = &work->visiting.results.at[first];
    const struct fl_ssh_exec *exec = &fl_run_of(result)->exec;
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf heading = FL_BUF(1 << 20);

    for (size_t i = first; i < work->visiting.results.n; i++) {
        if (told[i] || !same(result, &work->visiting.results.at[i]))
            continue;
        told[i] = true;
        fl_strv_add(&names, work->visiting.results.at[i].member->short_name);
    }
    if (put_heading(result, &names, &heading) == 0)
        fl_print_text(work->context, heading.data, heading.len);
    print_output(work->context, exec->out, exec->out_len);
    print_output(work->context, exec->err_text, exec->err_len);
}

static void print_errors(const struct fl_ssh_exec *exec)
{
    const char *at = exec->err_text;

    while (at && *at) {
        int len = (int)strcspn(at, "\n");

        fl_screen_linef("%.*s", len, at);
        at += len + (at[len] == '\n');
    }
}

/* One pod's output is what ssh would have printed. */
static void print_single(struct work *work)
{
    const struct fl_ssh_exec *exec =
        &fl_run_of(&work->visiting.results.at[0])->exec;

    if (exec->out)
        fl_print_text(work->context, exec->out, exec->out_len);
    print_errors(exec);
}

static void print_results(struct work *work)
{
    FL_AUTO_FREE bool *told =
        calloc(work->visiting.results.n + 1, sizeof(*told));

    if (work->visiting.results.n == 1) {
        print_single(work);
        return;
    }
    for (size_t i = 0; told && i < work->visiting.results.n; i++) {
        if (!told[i])
            print_group(work, i, told);
    }
}

static int status_of_all(const struct work *work)
{
    size_t failed = 0;
    int worst = 0;

    for (size_t i = 0; i < work->visiting.results.n; i++) {
        int status = fl_run_status(&work->visiting.results.at[i]);

        failed += status != 0;
        worst = status > worst ? status : worst;
    }
    if (work->options->worst || failed == 0)
        return worst;
    return failed < work->visiting.results.n ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
}

/* What several pods have printed is told already. */
static void tell_statuses(const struct work *work)
{
    for (size_t i = 0;
         work->visiting.results.n > 1 && i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        int status = fl_run_status(result);

        if (!result->stage && status != 0)
            fl_say(work->context, "%s: exit %d", result->member->short_name,
                   status);
    }
}

/* Of one pod its own status; what kept it from running tells in words. */
static int finish(struct work *work)
{
    struct fl_context *context = work->context;
    int status;

    if (context->format == FL_FORMAT_JSON)
        make_document(work);
    else if (work->options->stream)
        tell_statuses(work);
    else
        print_results(work);
    status = fl_visiting_report(context, &work->visiting.results);
    if (fl_cancelled())
        return fl_cancel_status();
    if (work->visiting.results.n != 1)
        return status_of_all(work);
    return status ? status : fl_run_status(&work->visiting.results.at[0]);
}

/* ---- the command ---- */

/* A line of progress would stand among those of the pods. */
static int open_output(struct work *work, struct fl_progress **progress,
                       struct fleet_error *err)
{
    struct fl_context *context = work->context;

    if (work->options->stream)
        return fl_lines_open(context, &work->visiting.fleet, true,
                             context->format == FL_FORMAT_JSON, &work->lines,
                             err);
    *progress = fl_progress_open(context, "done");
    return FLEET_OK;
}

static int run_all(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_progress *progress = NULL;
    int rc = open_output(work, &progress, err);
    struct fl_run_job job = {
        .to = fl_visiting_to(context, &work->visiting, LIMIT_MS, progress),
        .command = fl_buf_text(&work->command),
        .input = work->options->input ? fl_buf_text(&work->input) : NULL,
        .input_len = work->input.len,
        .heard = work->lines ? fl_lines_heard : NULL,
        .heard_args = work->lines ? fl_lines_members(work->lines) : NULL,
        .keep = context->format == FL_FORMAT_JSON,
    };

    if (rc == 0)
        rc = fl_run_all(&job, &work->visiting.results, err);
    fl_progress_close(progress);
    return rc;
}

static int run_behind(struct work *work)
{
    const struct fl_background what = {
        .command = fl_buf_text(&work->command),
        .input = work->options->input ? fl_buf_text(&work->input) : NULL,
        .input_len = work->input.len,
        .fleet = &work->visiting.fleet,
        .selected = work->visiting.selected,
        .key = work->visiting.key,
    };

    return fl_background_start(work->context, &what);
}

static int do_work(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    int rc = take_command(work, &err), status, incomplete;

    if (rc == 0)
        rc = take_input(work, &err);
    if (rc == 0)
        rc = fl_visiting_open(context, &work->options->narrowing,
                              &work->visiting, &err);
    if (rc == 0 && work->options->background) {
        status = run_behind(work);
        incomplete = fl_work_incomplete(context, &work->visiting.fleet);
        return status == FL_EXIT_OK ? incomplete : status;
    }
    if (rc == 0)
        rc = run_all(work, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    return fl_visiting_end(context, &work->visiting, finish(work));
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context,
                        .options = given,
                        .command = FL_BUF(128 * 1024),
                        .input = FL_BUF(INPUT_MAX)};
    int status;

    if (!context->split || context->n_before == context->n_args)
        return fl_usage(context, "the command stands behind --: "
                                 "fleet run apple -- nvidia-smi -L");
    if (work.options->background && work.options->stream)
        return fl_usage(context, "--background prints nothing to --stream: "
                                 "`fleet logs -f` does that");
    status = do_work(&work);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_visiting_close(&work.visiting);
    fl_lines_close(work.lines);
    fl_buf_clear(&work.command);
    fl_buf_clear(&work.input);
    return status;
}

const struct fl_command fl_cmd_run = {
    .name = "run",
    .group = "Pods",
    .summary = "run a command on pods, all at once",
    .synopsis = "[TARGET...] -- COMMAND...",
    .example = "fleet run -- nvidia-smi -L\n"
               "fleet run apple..mayor -- 'cd /workspace && git pull'\n"
               "fleet run --input notes.txt -- 'cat > notes.txt'\n"
               "fleet run --stream -- make train\n"
               "fleet run --background -- python train.py\n"
               "fleet run --json -- uptime | jq -r '.results[].stdout'",
    .about =
        "The words behind -- are joined with blanks and given to the shell of "
        "each pod, as ssh does it. Without a target all pods are meant. What "
        "several pods print alike is printed once, under their names; one pod "
        "alone prints as over ssh. With --stream each line is printed when it "
        "comes, behind the pod's name; with --json those lines go to standard "
        "error. --background starts it and comes back at once: it goes on "
        "also when this computer is gone, and `fleet jobs`, `fleet logs` and "
        "`fleet kill` are about it. --timeout is for each pod, an hour if it "
        "is "
        "not given. The exit status is the command's own where there is one "
        "pod; else 0, 3 when it failed on some, 1 when on all, or with --worst "
        "the greatest of all.",
    .options = options,
    .options_size = sizeof(struct run_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
