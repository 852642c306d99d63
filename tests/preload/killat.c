/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* For LD_PRELOAD: lets a process die at an exact step, so that a test can try
 * every one of them.
 *
 *   KILLAT=fdatasync:7         SIGKILL in place of the 7th call of fdatasync
 *   KILLAT=fdatasync:7:after   SIGKILL right after it
 *   KILLAT=any:7               the 7th call of any function in the list below
 *   KILLAT_COUNT=FILE          nobody dies; at exit FILE gets "fdatasync 14"
 *                              and so on, one function a line, and "any"
 *   KILLAT_PROGRAM=fleet       only in processes of this name (also lt-fleet,
 *                              as libtool calls it in the build tree)
 *
 * Only the process that loaded it counts, not what it forks. A KILLAT that
 * cannot be understood ends the process with status 125: a test that kills
 * nobody must not look like one that passed. */

/* ftruncate and ftruncate64 are both wanted under their own names. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD_USAGE 125

enum step {
    ANY,
    FDATASYNC,
    FSYNC,
    FTRUNCATE,
    FTRUNCATE64,
    RENAME,
    RENAMEAT,
    RENAMEAT2,
    UNLINK,
    UNLINKAT,
    MKDIR,
    MKDIRAT,
    POSIX_SPAWN,
    POSIX_SPAWNP,
    FORK,
    VFORK,
    SEND,
    EXIT, /* _exit, which no destructor sees; not counted */
    STEPS
};

/* clang-format off */
static struct {
    const char *const name;
    void *real;
    atomic_long calls;
} steps[STEPS] = {
    [ANY] = {.name = "any"},
    [FDATASYNC] = {.name = "fdatasync"},
    [FSYNC] = {.name = "fsync"},
    [FTRUNCATE] = {.name = "ftruncate"},
    [FTRUNCATE64] = {.name = "ftruncate64"},
    [RENAME] = {.name = "rename"},
    [RENAMEAT] = {.name = "renameat"},
    [RENAMEAT2] = {.name = "renameat2"},
    [UNLINK] = {.name = "unlink"},
    [UNLINKAT] = {.name = "unlinkat"},
    [MKDIR] = {.name = "mkdir"},
    [MKDIRAT] = {.name = "mkdirat"},
    [POSIX_SPAWN] = {.name = "posix_spawn"},
    [POSIX_SPAWNP] = {.name = "posix_spawnp"},
    [FORK] = {.name = "fork"},
    [VFORK] = {.name = "vfork"},
    [SEND] = {.name = "send"},
    [EXIT] = {.name = "_exit"},
};
/* clang-format on */

/* Set once, before any call is counted. */
static struct {
    pid_t pid; /* of the process that counts; 0: this one does not */
    enum step step;
    long at;
    bool after;
    char *report;
} plan;
static pthread_once_t ready = PTHREAD_ONCE_INIT;
static atomic_flag reported = ATOMIC_FLAG_INIT;

/* "fleet" or "lt-fleet". Asks for the file that runs, because the kernel gives
 * libtool's wrapper script the name of the program too. */
static bool is_program(const char *wanted)
{
    char file[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", file, sizeof(file) - 1);
    const char *name;

    if (n <= 0)
        return false;
    file[n] = '\0';
    name = strrchr(file, '/');
    name = name ? name + 1 : file;
    if (strncmp(name, "lt-", 3) == 0)
        name += 3;
    return strcmp(name, wanted) == 0;
}

static bool parse(const char *text)
{
    size_t len = strcspn(text, ":");
    char *end;

    if (text[len] != ':' || text[len + 1] < '1' || text[len + 1] > '9')
        return false;
    plan.at = strtol(text + len + 1, &end, 10);
    plan.after = strcmp(end, ":after") == 0;
    if (plan.at == LONG_MAX || (*end && !plan.after))
        return false;
    for (int i = 0; i < EXIT; i++) {
        if (strncmp(steps[i].name, text, len) == 0 && !steps[i].name[len]) {
            plan.step = (enum step)i;
            return true;
        }
    }
    return false;
}

static void resolve(void)
{
    for (int i = 1; i < STEPS; i++)
        steps[i].real = dlsym(RTLD_NEXT, steps[i].name);
}

static void start(void)
{
    const char *program = getenv("KILLAT_PROGRAM");
    const char *kill_at = getenv("KILLAT");
    const char *report = getenv("KILLAT_COUNT");

    resolve();
    if (program && !is_program(program))
        return;
    if (report) {
        plan.report = strdup(report);
    } else if (kill_at && !parse(kill_at)) {
        dprintf(STDERR_FILENO, "KILLAT=%s: not understood\n", kill_at);
        ((void (*)(int))steps[EXIT].real)(BAD_USAGE);
    }
    if (report || kill_at)
        plan.pid = getpid();
}

__attribute__((constructor)) static void begin(void)
{
    pthread_once(&ready, start);
}

static void report_once(void)
{
    int fd;

    if (!plan.report || plan.pid != getpid() ||
        atomic_flag_test_and_set(&reported))
        return;
    fd = open(plan.report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    for (int i = 0; i < EXIT; i++)
        dprintf(fd, "%s %ld\n", steps[i].name, atomic_load(&steps[i].calls));
    close(fd);
}

__attribute__((destructor)) static void end(void)
{
    report_once();
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    while (true)
        pause();
}

/* True when the process has to die after the call. */
static bool count(enum step step)
{
    long of_this, of_any, number;

    pthread_once(&ready, start);
    if (!plan.pid || plan.pid != getpid())
        return false;
    of_this = atomic_fetch_add(&steps[step].calls, 1) + 1;
    of_any = atomic_fetch_add(&steps[ANY].calls, 1) + 1;
    if (!plan.at || (plan.step != ANY && plan.step != step))
        return false;
    number = plan.step == ANY ? of_any : of_this;
    if (number == plan.at && !plan.after)
        die();
    return number == plan.at;
}

/* Only the parent dies after a fork: the child is another process. */
static void finish(bool dies)
{
    if (dies && plan.pid == getpid())
        die();
}

#define WATCH(type_, name_, step_, parameters_, arguments_)                    \
    type_ name_ parameters_                                                    \
    {                                                                          \
        bool dies = count(step_);                                              \
        type_ result = ((type_(*) parameters_)steps[step_].real)arguments_;    \
        int before = errno;                                                    \
                                                                               \
        finish(dies);                                                          \
        errno = before;                                                        \
        return result;                                                         \
    }                                                                          \
    struct swallow_##name_

/* clang-format off */
WATCH(int, fdatasync, FDATASYNC, (int fd), (fd));
WATCH(int, fsync, FSYNC, (int fd), (fd));
WATCH(int, ftruncate, FTRUNCATE, (int fd, off_t size), (fd, size));
WATCH(int, ftruncate64, FTRUNCATE64, (int fd, off64_t size), (fd, size));
WATCH(int, rename, RENAME, (const char *from, const char *to), (from, to));
WATCH(int, renameat, RENAMEAT,
      (int dir, const char *from, int there, const char *to),
      (dir, from, there, to));
WATCH(int, renameat2, RENAMEAT2,
      (int dir, const char *from, int there, const char *to, unsigned flags),
      (dir, from, there, to, flags));
WATCH(int, unlink, UNLINK, (const char *path), (path));
WATCH(int, unlinkat, UNLINKAT, (int dir, const char *path, int flags),
      (dir, path, flags));
WATCH(int, mkdir, MKDIR, (const char *path, mode_t mode), (path, mode));
WATCH(int, mkdirat, MKDIRAT, (int dir, const char *path, mode_t mode),
      (dir, path, mode));
WATCH(int, posix_spawn, POSIX_SPAWN,
      (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const argv[],
       char *const env[]),
      (pid, path, actions, attributes, argv, env));
WATCH(int, posix_spawnp, POSIX_SPAWNP,
      (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const argv[],
       char *const env[]),
      (pid, file, actions, attributes, argv, env));
WATCH(pid_t, fork, FORK, (void), ());
WATCH(ssize_t, send, SEND, (int fd, const void *data, size_t n, int flags),
      (fd, data, n, flags));
/* clang-format on */

/* A wrapper cannot return twice from one frame, which is what the real vfork
 * would need; fork keeps every promise that programs may rely on. */
pid_t vfork(void)
{
    bool dies = count(VFORK);
    pid_t pid = ((pid_t(*)(void))steps[FORK].real)();
    int before = errno;

    finish(dies);
    errno = before;
    return pid;
}

void _exit(int status)
{
    pthread_once(&ready, start);
    report_once();
    ((void (*)(int))steps[EXIT].real)(status);
    while (true)
        pause();
}
