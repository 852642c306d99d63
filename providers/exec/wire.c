/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/exec/wire.h"

#include <errno.h>
#include <fleet/host.h>
#include <fleet/log.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A program may end while something it started still holds its pipes. */
#define EXEC_LOOK_MS      100
#define EXEC_GRACE_MS     5000
#define EXEC_LAST_WORD_MS 1000
#define EXEC_LINE_FIRST   ((size_t)256 << 10)
#define EXEC_HEARD_MAX    ((size_t)128 << 10)
#define EXEC_HEARD_LINES  500

struct talk { /* one request and its answer */
    const char *call, *request;
    size_t left;
    struct exec_line answer;
    int64_t time_ms;
    bool done;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_line(struct exec_wire *wire, const char *text, size_t len)
{
    char shown[1000];

    exec_secrets_show(&wire->secrets, text, len, shown, sizeof(shown));
    exec_secrets_show(&wire->secrets, shown, strlen(shown), wire->last,
                      sizeof(wire->last));
    wire->n_heard++;
    if (wire->n_heard <= EXEC_HEARD_LINES)
        fleet_log(FLEET_LOG_WARNING, wire->name, "%s", shown);
    else if (wire->n_heard == EXEC_HEARD_LINES + 1)
        fleet_log(FLEET_LOG_WARNING, wire->name,
                  "(more than %d lines; the rest is left out)",
                  EXEC_HEARD_LINES);
}

static void show_heard(struct exec_wire *wire)
{
    if (wire->heard_len > 0 && !wire->cut)
        show_line(wire, wire->heard, wire->heard_len);
    wire->heard_len = 0;
}

/* Shows what has become a line. Of an endless one only the beginning: what
 * follows could be the second half of a secret. */
static void split_heard(struct exec_wire *wire, size_t fresh)
{
    char *text = wire->heard, *from = text + wire->heard_len - fresh;
    char *end = text + wire->heard_len, *newline;

    while ((newline = memchr(from, '\n', (size_t)(end - from)))) {
        if (!wire->cut)
            show_line(wire, text, (size_t)(newline - text));
        wire->cut = false;
        text = from = newline + 1;
    }
    wire->heard_len = (size_t)(end - text);
    memmove(wire->heard, text, wire->heard_len);
    if (wire->heard_len < EXEC_HEARD_MAX)
        return;
    show_heard(wire);
    wire->cut = true;
}

/* One read from standard error: true when there was something. */
static bool hear(struct exec_wire *wire)
{
    ssize_t n = read(wire->child.err, wire->heard + wire->heard_len,
                     EXEC_HEARD_MAX - wire->heard_len);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        show_heard(wire);
        exec_child_close(&wire->child.err);
        return false;
    }
    wire->heard_len += (size_t)n;
    split_heard(wire, (size_t)n);
    return true;
}

/* The last words of a program that is gone; bounded, as something else may
 * still hold the pipe. */
static void hear_out(struct exec_wire *wire)
{
    for (int i = 0; i < 64 && wire->child.err >= 0 && hear(wire); i++)
        ;
    show_heard(wire);
}

static void discard(struct exec_wire *wire)
{
    char scratch[4096];
    ssize_t n = read(wire->child.out, scratch, sizeof(scratch));

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        exec_child_close(&wire->child.out);
}

/* With its input closed, a program should end by itself: true if it does. */
static bool wait_for_end(struct exec_wire *wire, int64_t grace_ms)
{
    struct exec_child *child = &wire->child;
    int64_t end = now_ms() + grace_ms;

    exec_child_close(&child->in);
    while (!exec_child_ended(child) && now_ms() < end) {
        struct pollfd fds[2] = {{.fd = child->out, .events = POLLIN},
                                {.fd = child->err, .events = POLLIN}};
        bool listens = child->out >= 0 || child->err >= 0;

        if (poll(fds, 2, listens ? EXEC_LOOK_MS / 5 : 1) <= 0)
            continue;
        if (fds[0].revents)
            discard(wire);
        if (fds[1].revents)
            hear(wire);
    }
    hear_out(wire);
    return exec_child_ended(child);
}

void exec_wire_init(struct exec_wire *wire, const char *program,
                    const char *name)
{
    *wire = (struct exec_wire){.program = program,
                               .name = name,
                               .child = {.in = -1, .out = -1, .err = -1}};
}

int exec_wire_open(struct exec_wire *wire, struct fleet_error *err)
{
    wire->heard = malloc(EXEC_HEARD_MAX);
    if (!wire->heard)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    return exec_child_start(wire->program, &wire->child, err);
}

int exec_wire_break(struct exec_wire *wire, struct fleet_error *err)
{
    struct exec_child *child = &wire->child;

    exec_child_kill(child);
    if (child->err >= 0)
        hear_out(wire);
    exec_child_close(&child->in);
    exec_child_close(&child->out);
    exec_child_close(&child->err);
    err->retry_ms = -1;
    wire->broken = *err;
    return err->code;
}

/* Its output has ended, or it no longer takes input. */
static int stopped(struct exec_wire *wire, const struct talk *talk,
                   struct fleet_error *err)
{
    const char *when = talk->answer.len > 0 ? "in the middle of its answer to"
                                            : "without an answer to";
    char fate[64];

    if (wait_for_end(wire, EXEC_LAST_WORD_MS))
        exec_child_fate(&wire->child, fate);
    else
        memcpy(fate, "hung up", sizeof("hung up"));
    fleet_fail(err, FLEET_EINTERNAL, "%s %s %s '%s'%s%s", wire->program, fate,
               when, talk->call, wire->last[0] ? ": " : "", wire->last);
    return exec_wire_break(wire, err);
}

static int silent(struct exec_wire *wire, const struct talk *talk,
                  struct fleet_error *err)
{
    fleet_fail(err, FLEET_ETIMEOUT,
               "%s gave no answer to '%s' within %.1f s and was killed%s%s",
               wire->program, talk->call, (double)talk->time_ms / 1000,
               wire->last[0] ? ": " : "", wire->last);
    return exec_wire_break(wire, err);
}

static int talkative(struct exec_wire *wire, const char *call, const char *text,
                     size_t len, struct fleet_error *err)
{
    char shown[80];

    exec_secrets_show(&wire->secrets, text, len, shown, sizeof(shown));
    fleet_fail(err, FLEET_EINTERNAL,
               "%s wrote more than one line in answer to one request, seen at "
               "'%s': %s",
               wire->program, call, shown);
    return exec_wire_break(wire, err);
}

static int endless(struct exec_wire *wire, const struct talk *talk,
                   struct fleet_error *err)
{
    fleet_fail(err, FLEET_EINTERNAL,
               "%s: the answer to '%s' is longer than 64 MiB", wire->program,
               talk->call);
    return exec_wire_break(wire, err);
}

static int no_memory(struct exec_wire *wire, struct fleet_error *err)
{
    fleet_fail(err, FLEET_ENOMEM, "out of memory");
    return exec_wire_break(wire, err);
}

static bool grow(struct exec_line *line)
{
    size_t size = line->size ? line->size * 2 : EXEC_LINE_FIRST;
    char *text = realloc(line->text, size);

    if (!text)
        return false;
    line->text = text;
    line->size = size;
    return true;
}

static int receive(struct exec_wire *wire, struct talk *talk,
                   struct fleet_error *err)
{
    struct exec_line *line = &talk->answer;
    char *fresh, *newline;
    ssize_t n;

    if (line->len == EXEC_LINE_MAX)
        return endless(wire, talk, err);
    if (line->len == line->size && !grow(line))
        return no_memory(wire, err);
    fresh = line->text + line->len;
    n = read(wire->child.out, fresh, line->size - line->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FLEET_OK;
    if (n <= 0)
        return stopped(wire, talk, err);
    newline = memchr(fresh, '\n', (size_t)n);
    line->len += (size_t)n;
    if (!newline)
        return FLEET_OK;
    if (newline + 1 != line->text + line->len)
        return talkative(wire, talk->call, newline + 1,
                         (size_t)(line->text + line->len - newline - 1), err);
    line->len--;
    talk->done = true;
    return FLEET_OK;
}

static int send_some(struct exec_wire *wire, struct talk *talk,
                     struct fleet_error *err)
{
    ssize_t n = exec_child_write(&wire->child, talk->request, talk->left);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FLEET_OK;
    if (n < 0)
        return stopped(wire, talk, err);
    wire->sent = true;
    talk->request += n;
    talk->left -= (size_t)n;
    return FLEET_OK;
}

static bool readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0;
}

/* Waits for whatever is ready and moves it. */
static int step(struct exec_wire *wire, struct talk *talk,
                struct fleet_error *err)
{
    struct exec_child *child = &wire->child;
    struct pollfd fds[3] = {
        {.fd = talk->left > 0 ? child->in : -1, .events = POLLOUT},
        {.fd = child->out, .events = POLLIN},
        {.fd = child->err, .events = POLLIN}};
    int64_t left = fleet_call_left_ms();
    int n, rc = FLEET_OK;

    if (left <= 0)
        return silent(wire, talk, err);
    n = poll(fds, 3, left < EXEC_LOOK_MS ? (int)left : EXEC_LOOK_MS);
    if (n <= 0)
        return exec_child_ended(child) && !readable(child->out)
                   ? stopped(wire, talk, err)
                   : FLEET_OK;
    if (fds[2].revents)
        hear(wire);
    if (fds[1].revents)
        rc = receive(wire, talk, err);
    if (!rc && !talk->done && fds[0].revents)
        rc = send_some(wire, talk, err);
    return rc;
}

/* A line that nobody asked for would be taken for the next answer. */
static int check_quiet(struct exec_wire *wire, const struct talk *talk,
                       struct fleet_error *err)
{
    char text[256];
    ssize_t n;

    if (!readable(wire->child.out))
        return FLEET_OK;
    n = read(wire->child.out, text, sizeof(text));
    if (n > 0)
        return talkative(wire, talk->call, text, (size_t)n, err);
    return stopped(wire, talk, err);
}

int exec_wire_ask(struct exec_wire *wire, const char *call, const char *request,
                  size_t len, struct exec_line *answer, struct fleet_error *err)
{
    struct talk talk = {.call = call,
                        .request = request,
                        .left = len,
                        .time_ms = fleet_call_left_ms()};
    int rc;

    wire->sent = false;
    wire->n_heard = 0;
    wire->last[0] = '\0';
    if (wire->broken.code) {
        *err = wire->broken;
        return err->code;
    }
    if (talk.time_ms <= 0)
        return fleet_fail(err, FLEET_ETIMEOUT,
                          "no time left to ask %s for '%s'", wire->program,
                          call);
    rc = check_quiet(wire, &talk, err);
    while (!rc && !talk.done)
        rc = step(wire, &talk, err);
    if (rc) {
        free(talk.answer.text);
        return rc;
    }
    *answer = talk.answer;
    return FLEET_OK;
}

/* The host does not wait for ever either. */
static int64_t grace_ms(void)
{
    int64_t left = fleet_call_left_ms() - EXEC_GRACE_MS / 10;

    if (left < 0)
        return 0;
    return left < EXEC_GRACE_MS ? left : EXEC_GRACE_MS;
}

void exec_wire_close(struct exec_wire *wire)
{
    struct exec_child *child = &wire->child;

    if (child->pid && !wait_for_end(wire, grace_ms())) {
        exec_child_kill(child);
        fleet_log(FLEET_LOG_WARNING, wire->name,
                  "%s did not end when its input did, and was killed",
                  wire->program);
    }
    exec_child_close(&child->in);
    exec_child_close(&child->out);
    exec_child_close(&child->err);
    free(wire->heard);
    wire->heard = NULL;
    exec_secrets_clear(&wire->secrets);
}
