/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/program.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <fleet/log.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_OUTPUT (1u << 20)
#define LINE_BYTES     400 /* of standard error, as log and errors show it */
#define TICK_MS        20  /* where the kernel has no pidfd */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The ends of three pipes; theirs are what the child gets as 0, 1 and 2. */
struct ends {
    int ours[3], theirs[3];
};

static void ends_clear(struct ends *ends)
{
    for (int i = 0; i < 3; i++) {
        close_fd(&ends->ours[i]);
        close_fd(&ends->theirs[i]);
    }
}

FL_CLEANUP_IN_PLACE(ends_clear, struct ends);

/* Above 2, so that no dup2 in the child overwrites an end still needed: we may
 * have been started without standard streams. */
static int lift(int *fd)
{
    int high;

    if (*fd > 2)
        return 0;
    high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (high < 0)
        return -1;
    close(*fd);
    *fd = high;
    return 0;
}

static int ends_open(struct ends *ends)
{
    *ends = (struct ends){{-1, -1, -1}, {-1, -1, -1}};
    for (int i = 0; i < 3; i++) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
            return -1;
        ends->ours[i] = fds[i == 0];
        ends->theirs[i] = fds[i != 0];
        if (lift(&ends->ours[i]) < 0 || lift(&ends->theirs[i]) < 0 ||
            fcntl(ends->ours[i], F_SETFL, O_NONBLOCK) < 0)
            return -1;
    }
    return 0;
}

static int set_up(posix_spawnattr_t *attr, posix_spawn_file_actions_t *files,
                  const struct ends *ends)
{
    sigset_t all, none;
    int rc = 0;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attr, &all);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setpgroup(attr, 0);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
                                       POSIX_SPAWN_SETSIGMASK |
                                       POSIX_SPAWN_SETPGROUP);
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = posix_spawn_file_actions_adddup2(files, ends->theirs[i], i);
    return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, 3);
}

/* An errno. The C library tells here what exec has to say. */
static int spawn(const char *const *argv, const char *const *env,
                 const struct ends *ends, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int rc;

    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&files);
    rc = set_up(&attr, &files, ends);
    if (rc == 0)
        rc = posix_spawnp(pid, argv[0], &files, &attr, (char *const *)argv,
                          env ? (char *const *)env : environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int cannot_start(const char *name, int number, struct fleet_error *err)
{
    if (number == ENOENT)
        fleet_fail(err, FLEET_ENOTFOUND,
                   "%s: no such program: install it or correct its path", name);
    else if (number == ENOMEM || number == EAGAIN)
        fleet_fail(err, FLEET_ENOMEM, "%s: cannot start: %s", name,
                   strerror(number));
    else
        fleet_fail(err, FLEET_ECONFIG, "%s: cannot start: %s", name,
                   strerror(number));
    if (err)
        err->detail = number;
    return number == ENOENT                       ? FLEET_ENOTFOUND
           : number == ENOMEM || number == EAGAIN ? FLEET_ENOMEM
                                                  : FLEET_ECONFIG;
}

int fl_child_start(const char *const *argv, const char *const *env,
                   struct fl_child *child, struct fleet_error *err)
{
    FL_AUTO(ends_clear) struct ends ends = {0};
    pid_t pid;
    int rc;

    if (ends_open(&ends) < 0)
        return cannot_start(argv[0], errno, err);
    rc = spawn(argv, env, &ends, &pid);
    if (rc)
        return cannot_start(argv[0], rc, err);
    *child = (struct fl_child){.pid = pid,
                               .in = ends.ours[0],
                               .out = ends.ours[1],
                               .err = ends.ours[2]};
    for (int i = 0; i < 3; i++)
        ends.ours[i] = -1;
    return FLEET_OK;
}

/* Ended, but not reaped: until it is, its number is nobody else's. */
static bool ended(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == pid;
}

/* A descriptor that poll calls readable once PID has ended, or -1. */
static int open_pidfd(pid_t pid)
{
    return pidfd_open(pid, 0);
}

static int tick(int pidfd, int64_t deadline)
{
    int left = fl_left_ms(deadline);

    return pidfd >= 0 || left < TICK_MS ? left : TICK_MS;
}

static bool wait_ended(pid_t pid, int64_t deadline)
{
    FL_AUTO(close) int pidfd = open_pidfd(pid);
    struct pollfd at = {.fd = pidfd, .events = POLLIN};

    while (!ended(pid)) {
        if (fl_left_ms(deadline) == 0)
            return false;
        poll(&at, 1, tick(pidfd, deadline));
    }
    return true;
}

int fl_child_end(struct fl_child *child, int64_t deadline, int *status)
{
    bool in_time;
    pid_t got;
    int how = 0;

    close_fd(&child->in);
    close_fd(&child->out);
    close_fd(&child->err);
    in_time = wait_ended(child->pid, deadline);
    if (!in_time)
        kill(-child->pid, SIGKILL);
    do {
        got = waitpid(child->pid, &how, 0);
    } while (got < 0 && errno == EINTR);
    child->pid = -1;
    if (got < 0)
        return FLEET_EINTERNAL; /* somebody else reaped it */
    if (status)
        *status = how;
    return in_time ? FLEET_OK : FLEET_ETIMEOUT;
}

/* One program from start to end. */
struct run {
    const char *name;
    struct fl_child child;
    int pidfd;
    const char *input;
    size_t input_left;
    struct fl_buf output;
    char line[LINE_BYTES], last[LINE_BYTES]; /* of standard error */
    size_t line_len;
};

/* The host may not ignore SIGPIPE, and a signal would hit all of it: blocked
 * for this write, and taken back if it was ours. */
static ssize_t write_quietly(int fd, const void *data, size_t len)
{
    const struct timespec now = {0};
    sigset_t pipe_set, before, pending;
    ssize_t n;
    int saved;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_set, &before);
    n = write(fd, data, len);
    saved = errno;
    if (n < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return n;
}

static bool again(void)
{
    return errno == EINTR || errno == EAGAIN;
}

/* A program need not read what it is given. */
static void feed(struct run *run)
{
    ssize_t n = 0;

    if (run->input_left)
        n = write_quietly(run->child.in, run->input, run->input_left);
    if (n < 0 && again())
        return;
    if (n > 0) {
        run->input += n;
        run->input_left -= (size_t)n;
    }
    if (n < 0 || run->input_left == 0)
        close_fd(&run->child.in);
}

static void end_line(struct run *run)
{
    if (run->line_len == 0)
        return;
    run->line[run->line_len] = '\0';
    memcpy(run->last, run->line, run->line_len + 1);
    fleet_log(FLEET_LOG_INFO, run->name, "%s", run->line);
    run->line_len = 0;
}

static void take_errors(struct run *run, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n' || data[i] == '\r')
            end_line(run);
        else if (run->line_len < sizeof(run->line) - 1)
            run->line[run->line_len++] = data[i];
    }
}

/* Reads what is there now; false at the end or a failure. A pipe holds at most
 * 1 MiB, and with somebody who fills it without end we must come back. */
static bool drain(struct run *run, int *fd)
{
    char chunk[16384];

    for (int i = 0; i < (1 << 20) / (int)sizeof(chunk); i++) {
        ssize_t n = *fd < 0 ? 0 : read(*fd, chunk, sizeof(chunk));

        if (n <= 0)
            return n < 0 && again();
        if (fd == &run->child.err)
            take_errors(run, chunk, (size_t)n);
        else if (fl_buf_add(&run->output, chunk, (size_t)n) < 0)
            return false;
    }
    return true;
}

/* Until the program has ended (what it wrote is then in the pipes, however
 * long some child of its own keeps them open), the deadline, or the ceiling. */
static int attend(struct run *run, int64_t deadline, struct fleet_error *err)
{
    while (!ended(run->child.pid)) {
        struct pollfd at[] = {
            {.fd = run->child.in, .events = POLLOUT},
            {.fd = run->child.out, .events = POLLIN},
            {.fd = run->child.err, .events = POLLIN},
            {.fd = run->pidfd, .events = POLLIN},
        };

        if (fl_left_ms(deadline) == 0)
            return fleet_fail(err, FLEET_ETIMEOUT, "%s: did not end in time",
                              run->name);
        if (poll(at, 4, tick(run->pidfd, deadline)) <= 0)
            continue;
        if (at[0].revents)
            feed(run);
        if (at[1].revents && !drain(run, &run->child.out))
            close_fd(&run->child.out);
        if (at[2].revents && !drain(run, &run->child.err))
            close_fd(&run->child.err);
        if (run->output.failed)
            break;
    }
    drain(run, &run->child.out);
    drain(run, &run->child.err);
    end_line(run);
    return fl_buf_check(&run->output, run->name, err);
}

static int judge(const struct run *run, int status, struct fleet_error *err)
{
    const char *colon = *run->last ? ": " : "";
    int detail;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return FLEET_OK;
    if (WIFSIGNALED(status)) {
        detail = 128 + WTERMSIG(status);
        fleet_fail(err, FLEET_EINTERNAL, "%s: killed by signal %d%s%s",
                   run->name, WTERMSIG(status), colon, run->last);
    } else {
        detail = WEXITSTATUS(status);
        fleet_fail(err, FLEET_EINTERNAL, "%s: exit status %d%s%s", run->name,
                   detail, colon, run->last);
    }
    if (err)
        err->detail = detail;
    return FLEET_EINTERNAL;
}

static int finish(struct run *run, char **output, struct fleet_error *err)
{
    char *text;

    if (run->output.len && memchr(run->output.data, '\0', run->output.len))
        return fleet_fail(err, FLEET_EINVALID, "%s: wrote a NUL byte",
                          run->name);
    if (!output)
        return FLEET_OK;
    text = fl_buf_take(&run->output);
    if (!text)
        return fl_enomem(err);
    *output = text;
    return FLEET_OK;
}

static int conduct(struct run *run, int64_t deadline, char **output,
                   struct fleet_error *err)
{
    int status, rc, ended_rc;

    run->pidfd = open_pidfd(run->child.pid);
    rc = attend(run, deadline, err);
    if (run->pidfd >= 0)
        close(run->pidfd);
    /* it has ended, or it is to be killed now */
    ended_rc = fl_child_end(&run->child, fl_now_ms(), &status);
    if (rc < 0)
        return rc;
    if (ended_rc < 0)
        return fleet_fail(err, ended_rc, "%s: its exit status got lost",
                          run->name);
    rc = judge(run, status, err);
    return rc < 0 ? rc : finish(run, output, err);
}

int fl_program_run(const struct fleet_program *program, int64_t deadline,
                   char **output, struct fleet_error *err)
{
    struct run run = {0};
    int rc;

    if (!program->argv || !program->argv[0])
        return fleet_fail(err, FLEET_EINTERNAL, "no program named");
    run.name = base_name(program->argv[0]);
    run.input = program->input ? program->input : "";
    run.input_left = strlen(run.input);
    rc = fl_child_start(program->argv, program->env, &run.child, err);
    if (rc < 0)
        return rc;
    fl_buf_init(&run.output,
                program->max_output ? program->max_output : DEFAULT_OUTPUT);
    rc = conduct(&run, deadline, output, err);
    fl_buf_clear(&run.output);
    return rc;
}

int fleet_run_program(const struct fleet_program *program, char **output,
                      struct fleet_error *err)
{
    struct fleet_program known = {0}; /* a plugin's struct may be older */
    size_t size = program->size;

    memcpy(&known, program, size < sizeof(known) ? size : sizeof(known));
    return fl_program_run(&known, fl_call_deadline(), output, err);
}
