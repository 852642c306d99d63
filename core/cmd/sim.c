/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/sims.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/net/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES 4096
#define END_MS         60000

struct sim_options {
    int64_t port, pods, rate, ready_ms, latency_ms;
    char *dir;
    bool no_ssh;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "port", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 65535,
     .help = "listen on this port of 127.0.0.1; 0: a free one",
     FLEET_AT(struct sim_options, port)},
    {.key = "pods", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 1000000,
     .help = "begin with so many pods of somebody else",
     FLEET_AT(struct sim_options, pods)},
    {.key = "ready", .type = FLEET_OPT_DURATION, .fallback = "5s",
     .min = 0, .max = 86400000,
     .help = "how long a new pod takes until it is running",
     FLEET_AT(struct sim_options, ready_ms)},
    {.key = "latency", .type = FLEET_OPT_DURATION, .fallback = "0",
     .min = 0, .max = 86400000,
     .help = "how long every call takes",
     FLEET_AT(struct sim_options, latency_ms)},
    {.key = "rate", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 1000000,
     .help = "calls that are allowed in a minute; 0: any number",
     FLEET_AT(struct sim_options, rate)},
    {.key = "dir", .type = FLEET_OPT_PATH,
     .help = "where its pods have their files; by default a new directory "
             "that is removed at the end",
     FLEET_AT(struct sim_options, dir)},
    {.key = "no-ssh", .type = FLEET_OPT_BOOL,
     .help = "pods without an SSH server, for thousands of them",
     FLEET_AT(struct sim_options, no_ssh)},
    {0},
};
/* clang-format on */

/* --- the list ------------------------------------------------------------ */

static int list(struct fl_context *context, const struct fl_sims *sims)
{
    static const char *const headings[] = {"NAME", "SUMMARY", "FILE"};
    json_t *array = json_array();
    struct fl_table table;

    fl_table_init(&table, 3, headings, 0);
    for (size_t i = 0; i < sims->n; i++) {
        FL_AUTO_FREE char *about = fl_sim_about(&sims->at[i]);
        json_t *entry = json_object();

        fl_table_cell(&table, sims->at[i].name);
        fl_table_cell(&table, about);
        fl_table_cell(&table, sims->at[i].path);
        fl_json_put(entry, "name", fl_json_text(sims->at[i].name));
        fl_json_put(entry, "summary", fl_json_text(about));
        fl_json_put(entry, "file", fl_json_text(sims->at[i].path));
        fl_json_add(array, entry);
    }
    fl_json_put(context->document, "sims", array);
    fl_table_print(&table, context);
    fl_table_clear(&table);
    if (sims->n == 0)
        fl_say(context, "No fake cloud is installed here: they are built where "
                        "libmicrohttpd is there (libmicrohttpd-dev).");
    return FL_EXIT_OK;
}

/* --- one that runs ------------------------------------------------------- */

static int add_number(struct fl_strv *words, const char *flag, int64_t value)
{
    char text[24];
    int rc = fl_strv_add(words, flag);

    snprintf(text, sizeof(text), "%" PRId64, value);
    return rc < 0 ? rc : fl_strv_add(words, text);
}

static int make_words(const struct fl_sim *sim, const struct sim_options *given,
                      struct fl_strv *words)
{
    int rc = fl_strv_add(words, sim->path);

    if (rc == 0)
        rc = fl_strv_add(words, "--until-eof");
    if (rc == 0)
        rc = add_number(words, "--port", given->port);
    if (rc == 0)
        rc = add_number(words, "--pods", given->pods);
    if (rc == 0)
        rc = add_number(words, "--rate", given->rate);
    if (rc == 0)
        rc = add_number(words, "--ready", given->ready_ms);
    if (rc == 0)
        rc = add_number(words, "--latency", given->latency_ms);
    if (rc == 0 && given->no_ssh)
        rc = fl_strv_add(words, "--no-ssh");
    if (rc == 0 && given->dir)
        rc = fl_strv_add(words, "--dir");
    if (rc == 0 && given->dir)
        rc = fl_strv_add(words, given->dir);
    return rc;
}

struct running {
    struct fl_context *context;
    const struct fl_sim *sim;
    struct fl_child child;
    struct fl_buf out, err; /* the lines that have begun */
    bool told;
    int failed;
};

/* NAME=VALUE, for a shell. */
static void take_variable(struct running *running, const char *line)
{
    const char *equals = strchr(line, '=');
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(2 * LINE_MAX_BYTES);

    if (!equals)
        return;
    fl_buf_printf(&text, "export %.*s=", (int)(equals - line), line);
    fl_shell_quote(&text, equals + 1);
    fl_buf_putc(&text, '\n');
    fl_print(running->context, fl_buf_text(&text));
}

static void take_word(struct running *running, const char *line)
{
    fl_say(running->context, "%s", line);
}

/* Hands over whole lines; the rest stays. */
static void take_lines(struct running *running, struct fl_buf *buf,
                       void (*take)(struct running *, const char *))
{
    const char *text = fl_buf_text(buf), *newline;
    FL_AUTO_FREE char *rest = NULL;

    while ((newline = strchr(text, '\n'))) {
        FL_AUTO_FREE char *line = strndup(text, (size_t)(newline - text));

        if (line)
            take(running, line);
        text = newline + 1;
    }
    rest = strdup(text);
    fl_buf_empty(buf);
    if (rest)
        fl_buf_puts(buf, rest);
}

/* false: there is no more. */
static bool take_from(int fd, struct fl_buf *buf)
{
    char data[LINE_MAX_BYTES / 2];
    ssize_t n = read(fd, data, sizeof(data));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    return n > 0 && fl_buf_add(buf, data, (size_t)n) == 0;
}

static void tell_once(struct running *running)
{
    if (running->told)
        return;
    running->told = true;
    fl_say(running->context,
           "A made-up %s, on this machine only: what is created there costs "
           "nothing. Paste the lines above into another shell; Ctrl-C here "
           "ends it and its pods.",
           running->sim->name);
}

/* Until it is to end, or has. */
static void follow(struct running *running)
{
    struct pollfd at[] = {{.fd = running->child.out, .events = POLLIN},
                          {.fd = running->child.err, .events = POLLIN}};
    bool more = true;

    while (more && fl_wait(at, 2, FL_FOREVER) == FLEET_OK) {
        if (at[1].revents && !take_from(at[1].fd, &running->err))
            at[1].fd = -1;
        take_lines(running, &running->err, take_word);
        if (!at[0].revents)
            continue;
        more = take_from(at[0].fd, &running->out);
        take_lines(running, &running->out, take_variable);
        if (more)
            tell_once(running);
    }
}

static int end(struct running *running, struct fleet_error *err)
{
    bool meant = fl_cancelled();
    int how = 0;
    int rc;

    if (meant)
        fl_say(running->context, "Ending %s and its pods.", running->sim->name);
    rc = fl_child_end(&running->child, fl_deadline(END_MS), &how);
    if (rc < 0)
        return fleet_fail(err, rc, "%s did not end in time and was killed",
                          running->sim->path);
    if (!meant)
        return fleet_fail(err, FLEET_EINTERNAL, "%s has ended with status %d",
                          running->sim->path,
                          WIFEXITED(how) ? WEXITSTATUS(how)
                                         : 128 + WTERMSIG(how));
    return FLEET_OK;
}

static int run_sim(struct fl_context *context, const struct fl_sim *sim,
                   const struct sim_options *given, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv words = {0};
    struct running running = {.context = context, .sim = sim};
    int rc = make_words(sim, given, &words);

    if (rc < 0)
        return fl_enomem(err);
    rc = fl_child_start((const char *const *)words.at, NULL, &running.child,
                        err);
    if (rc < 0)
        return rc;
    fl_buf_init(&running.out, LINE_MAX_BYTES);
    fl_buf_init(&running.err, LINE_MAX_BYTES);
    follow(&running);
    rc = end(&running, err);
    fl_buf_clear(&running.out);
    fl_buf_clear(&running.err);
    return rc;
}

static int run(struct fl_context *context, const void *arg)
{
    FL_AUTO(fl_sims_clear) struct fl_sims sims = {0};
    const struct fl_sim *sim = NULL;
    struct fleet_error err = {0};
    int rc;

    if (context->n_args > 1)
        return fl_usage(context, "one fake cloud at a time");
    if (context->n_args && context->format != FL_FORMAT_TABLE)
        return fl_usage(context, "only the list has formats: what a fake cloud "
                                 "prints is for a shell");
    rc = fl_sims_look(&sims, &err);
    if (rc == 0 && context->n_args == 0)
        return list(context, &sims);
    if (rc == 0)
        rc = fl_sims_find(&sims, context->args[0], &sim, &err);
    if (rc == 0)
        rc = run_sim(context, sim, arg, &err);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

const struct fl_command fl_cmd_sim = {
    .name = "sim",
    .group = "This installation",
    .summary = "run a made-up cloud on this machine, to rehearse for free",
    .synopsis = "[NAME]",
    .example = "fleet sim\nfleet sim NAME --ready 20s --pods 3",
    .about =
        "Without a name, lists the clouds that can be made up. With one, "
        "starts a server on this machine that answers as that cloud would, "
        "and prints the lines to paste into another shell; there, fleet "
        "then creates, tests and terminates pods that cost nothing. Each "
        "is an SSH server of this machine. Runs until Ctrl-C, and its "
        "pods end with it.",
    .options = options,
    .options_size = sizeof(struct sim_options),
    .args = FL_ARGS_SIMS,
    .run = run,
};
