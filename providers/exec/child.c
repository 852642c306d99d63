/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/exec/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A listing of 10,000 pods is 5 MB: fewer turns to hand it over. A wish only.
 */
#define EXEC_PIPE_SIZE (1 << 20)

extern char **environ;

/* Anybody may change the file, or put another in its place. */
static bool anybody_may_write(const struct stat *info)
{
    return (info->st_mode & S_IWOTH) &&
           !(S_ISDIR(info->st_mode) && (info->st_mode & S_ISVTX));
}

static int check_place(const char *path, struct fleet_error *err)
{
    struct stat info;

    if (stat(path, &info))
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", path, strerror(errno));
    if (!anybody_may_write(&info))
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s: anybody may write there, so it is not run: "
                      "chmod o-w it",
                      path);
}

/* The file and every directory above it. */
static int check_places(char *path, struct fleet_error *err)
{
    int rc = check_place(path, err);
    char *slash;

    while (!rc && (slash = strrchr(path, '/')) && slash != path) {
        *slash = '\0';
        rc = check_place(path, err);
    }
    return rc;
}

static int check_program(const char *path, struct fleet_error *err)
{
    char real[PATH_MAX];
    struct stat info;

    if (path[0] != '/')
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: the path of a program begins with '/'", path);
    if (!realpath(path, real) || stat(real, &info))
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode) || access(real, X_OK))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: is no program that you may run (chmod +x?)",
                          path);
    return check_places(real, err);
}

/* Never on 0, 1 or 2, even where the host was started without them: the child's
 * own ends are moved there one after the other. */
static int move_up(int *fd)
{
    int moved;

    if (*fd > STDERR_FILENO)
        return 0;
    moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0)
        return -1;
    close(*fd);
    *fd = moved;
    return 0;
}

/* ends[0] is to be read, ends[1] to be written; OURS does not block. */
static int make_pipe(int ends[2], int ours)
{
    if (pipe2(ends, O_CLOEXEC)) {
        ends[0] = ends[1] = -1;
        return -1;
    }
    if (move_up(&ends[0]) || move_up(&ends[1]))
        return -1;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK);
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int rc;

    sigfillset(&all);
    sigemptyset(&none);
    rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                                  POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETSIGMASK);
    if (!rc)
        rc = posix_spawnattr_setpgroup(attributes, 0);
    if (!rc)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    return rc ? rc : posix_spawnattr_setsigmask(attributes, &none);
}

static int set_descriptors(posix_spawn_file_actions_t *actions,
                           const int theirs[3])
{
    int rc = 0;

    for (int i = 0; i < 3 && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(actions, theirs[i], i);
#ifdef __GLIBC__
    /* Elsewhere it is close-on-exec that keeps ours to ourselves. */
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return rc;
}

/* Returns an errno value. */
static int spawn(const char *path, const int theirs[3], pid_t *pid)
{
    char *argv[] = {(char *)path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc)
        goto actions;
    rc = set_attributes(&attributes);
    if (!rc)
        rc = set_descriptors(&actions, theirs);
    if (!rc)
        rc = posix_spawn(pid, path, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
actions:
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int cannot_start(const char *path, int number, struct fleet_error *err)
{
    int code = number == EAGAIN || number == ENOMEM || number == EMFILE ||
                       number == ENFILE
                   ? FLEET_EINTERNAL
                   : FLEET_ECONFIG;
    const char *hint = "";

    if (number == ENOEXEC)
        hint = ": is its first line '#!/bin/sh' or the like?";
    else if (number == ENOENT)
        hint = ": is the interpreter in its first line there?";
    fleet_fail(err, code, "%s: cannot be started: %s%s", path, strerror(number),
               hint);
    if (err)
        err->detail = number;
    return code;
}

int exec_child_start(const char *path, struct exec_child *child,
                     struct fleet_error *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
    pid_t pid = 0;
    int rc, number;

    rc = check_program(path, err);
    if (rc)
        return rc;
    if (make_pipe(in, 1) || make_pipe(out, 0) || make_pipe(errors, 0))
        number = errno;
    else
        number = spawn(path, (const int[3]){in[0], out[1], errors[1]}, &pid);
    exec_child_close(&in[0]);
    exec_child_close(&out[1]);
    exec_child_close(&errors[1]);
    if (number) {
        exec_child_close(&in[1]);
        exec_child_close(&out[0]);
        exec_child_close(&errors[0]);
        return cannot_start(path, number, err);
    }
    fcntl(out[0], F_SETPIPE_SZ, EXEC_PIPE_SIZE);
    *child = (struct exec_child){
        .pid = pid, .in = in[1], .out = out[0], .err = errors[0]};
    return FLEET_OK;
}

/* Takes away the SIGPIPE that a write of this thread has just raised. */
static void take_sigpipe(const sigset_t *sigpipe)
{
    const struct timespec now = {0, 0};

    while (sigtimedwait(sigpipe, NULL, &now) < 0 && errno == EINTR)
        ;
}

ssize_t exec_child_write(struct exec_child *child, const char *data, size_t len)
{
    sigset_t sigpipe, before, pending;
    ssize_t written;
    int number;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    written = write(child->in, data, len);
    number = errno;
    if (written < 0 && number == EPIPE && !sigismember(&pending, SIGPIPE))
        take_sigpipe(&sigpipe);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return written;
}

bool exec_child_ended(struct exec_child *child)
{
    pid_t pid;

    if (!child->pid)
        return true;
    pid = waitpid(child->pid, &child->status, WNOHANG);
    if (!pid || (pid < 0 && errno == EINTR))
        return false;
    child->pid = 0;
    return true;
}

void exec_child_kill(struct exec_child *child)
{
    if (exec_child_ended(child))
        return;
    /* It may have left the group that we made for it. */
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
}

void exec_child_close(int *fd)
{
    int number = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = number;
}

void exec_child_fate(const struct exec_child *child, char text[64])
{
    if (WIFSIGNALED(child->status))
        snprintf(text, 64, "was ended by signal %d (%s)",
                 WTERMSIG(child->status), strsignal(WTERMSIG(child->status)));
    else
        snprintf(text, 64, "exited with status %d", WEXITSTATUS(child->status));
}
