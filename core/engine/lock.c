/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/lock.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/who.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MAX_TEXT    4096
#define MAX_COMMAND 200
#define MAX_SHOWN   320
#define FIRST_PAUSE 5
#define LAST_PAUSE  250
#define ANYBODY     "another run of fleet"

struct fl_lock {
    int fd;
};

/* What the file says, and what that is worth. */
enum standing {
    NOBODY,    /* nothing there, or nothing that can be read */
    DEAD,      /* the kernel gave up that process's lock */
    ALIVE,     /* here, and its lock holds or should */
    ELSEWHERE, /* on another machine: nobody can tell */
    REPLACED   /* not the file that stands there now: look again */
};
struct holder {
    enum standing standing;
    char shown[MAX_SHOWN]; /* escaped */
};

struct claim {
    const char *path, *prefix, *command;
    struct fl_who me;
};

FL_CLEANUP(json_decref, json_t *);

static int cannot(const char *path, const char *what, struct fleet_error *err)
{
    fleet_fail(err, FLEET_ECONFIG,
               "%s: cannot be %s (%m): make it and its directory writable, or "
               "set FLEET_STATE_DIR to another place",
               path, what);
    if (err)
        err->detail = errno;
    return FLEET_ECONFIG;
}

/* The mode is set again because the umask may have left nothing of it. */
static int open_file(const char *path, int *fd, struct fleet_error *err)
{
    FL_AUTO(close)
    int opened = open(
        path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat about;

    if (opened < 0 || fstat(opened, &about) < 0)
        return cannot(path, "opened", err);
    if (!S_ISREG(about.st_mode))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s is no regular file: move it away", path);
    if ((about.st_mode & 0777) != 0600 && fchmod(opened, 0600) < 0)
        return cannot(path, "made private", err);
    *fd = opened;
    opened = -1;
    return FLEET_OK;
}

static json_t *read_json(int fd)
{
    char text[MAX_TEXT];
    ssize_t len = pread(fd, text, sizeof(text), 0);

    if (len <= 0)
        return NULL;
    return json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
}

static void show(char out[MAX_SHOWN], const char *user, const char *host,
                 int64_t pid, const char *since, const char *command)
{
    FL_AUTO_FREE char *plain =
        fl_format("%.64s@%.64s, pid %" PRId64 ", since %.30s: %.200s", user,
                  host, pid, since, command);
    FL_AUTO(fl_buf_clear) struct fl_buf escaped = {0};

    fl_buf_init(&escaped, MAX_TEXT);
    if (plain)
        fl_text_escape(&escaped, plain);
    snprintf(out, MAX_SHOWN, "%s",
             escaped.len ? fl_buf_text(&escaped) : ANYBODY);
}

/* The same boot is the same kernel, whatever the host is called by now. */
static bool is_here(const char *host, const char *boot, const struct fl_who *me)
{
    return (*boot && strcmp(boot, me->boot) == 0) ||
           (*host && strcmp(host, me->host) == 0);
}

/* Whether the very process lives, and no later one of the same pid. Only asked
 * when its lock is gone: then the file system does not keep locks. */
static bool lives(const char *boot, int64_t pid, int64_t start,
                  const struct fl_who *me)
{
    if (!*boot || strcmp(boot, me->boot) != 0 || start < 0 || pid <= 0)
        return false;
    if (pid == me->pid && start == me->start)
        return false;
    return fl_process_start(pid) == start;
}

static void read_holder(int fd, const struct fl_who *me, struct holder *holder)
{
    FL_AUTO(json_decref) json_t *root = read_json(fd);
    const char *user, *host, *boot, *since, *command;
    json_int_t pid, start;

    *holder = (struct holder){NOBODY, ANYBODY};
    if (json_unpack(root, "{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "user", &user,
                    "host", &host, "boot", &boot, "pid", &pid, "start", &start,
                    "since", &since, "command", &command) < 0)
        return;
    show(holder->shown, user, host, pid, since, command);
    if (!is_here(host, boot, me))
        holder->standing = ELSEWHERE;
    else
        holder->standing = lives(boot, pid, start, me) ? ALIVE : DEAD;
}

/* Valid UTF-8 of bounded length, as JSON wants it. */
static char *clean(const char *text)
{
    FL_AUTO_FREE char *cut = fl_format("%.*s", MAX_COMMAND, text);
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    fl_buf_init(&out, MAX_TEXT);
    if (!cut || fl_text_escape(&out, cut) < 0)
        return NULL;
    return fl_buf_take(&out);
}

static char *describe(const struct claim *claim)
{
    FL_AUTO_FREE char *user = clean(claim->me.user);
    FL_AUTO_FREE char *host = clean(claim->me.host);
    FL_AUTO_FREE char *command = clean(claim->command);
    FL_AUTO(json_decref) json_t *root = NULL;
    char now[FL_STAMP_SIZE];

    if (!user || !host || !command)
        return NULL;
    fl_stamp(now, time(NULL));
    root = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "user", user, "host", host,
        "boot", claim->me.boot, "pid", (json_int_t)claim->me.pid, "start",
        (json_int_t)claim->me.start, "since", now, "command", command);
    return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

/* Our name goes into the file, whole or not at all. */
static int sign(int fd, const struct claim *claim, struct fleet_error *err)
{
    FL_AUTO_FREE char *text = describe(claim);
    size_t len = text ? strlen(text) : 0;
    ssize_t written;

    if (!text)
        return fl_enomem(err);
    if (ftruncate(fd, 0) < 0)
        return cannot(claim->path, "written", err);
    written = pwrite(fd, text, len, 0);
    if (written >= 0 && (size_t)written == len)
        return FLEET_OK;
    if (written >= 0)
        errno = ENOSPC;
    cannot(claim->path, "written", err);
    if (written > 0 && ftruncate(fd, 0) < 0)
        fleet_log(FLEET_LOG_INFO, "lock", "cannot empty the lock file: %m");
    return FLEET_ECONFIG;
}

/* Somebody may have deleted the file between our opening and our locking. */
static bool is_current(int fd, const char *path)
{
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Looks once; the lock is ours when HOLDER is nobody or dead. */
static int look(int fd, const struct claim *claim, struct holder *holder,
                struct fleet_error *err)
{
    bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;

    if (!locked && errno != EWOULDBLOCK && errno != EINTR)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: cannot be locked (%m): set FLEET_STATE_DIR to a "
                          "directory on a local disk",
                          claim->path);
    read_holder(fd, &claim->me, holder);
    if (!locked)
        holder->standing = ALIVE;
    else if (!is_current(fd, claim->path))
        holder->standing = REPLACED;
    return FLEET_OK;
}

static int attempt(const struct claim *claim, struct holder *holder, int *fd,
                   struct fleet_error *err)
{
    FL_AUTO(close) int opened = -1;
    int rc = open_file(claim->path, &opened, err);

    if (rc == 0)
        rc = look(opened, claim, holder, err);
    if (rc < 0 || (holder->standing != NOBODY && holder->standing != DEAD))
        return rc;
    if (holder->standing == DEAD)
        fleet_log(FLEET_LOG_INFO, "lock", "%s: taken over from %s, which died",
                  claim->path, holder->shown);
    rc = sign(opened, claim, err);
    if (rc < 0)
        return rc;
    *fd = opened;
    opened = -1;
    return FLEET_OK;
}

static int give_up(const struct claim *claim, const struct holder *holder,
                   struct fleet_error *err)
{
    if (fl_cancelled())
        return fleet_fail(err, FLEET_ECANCELLED,
                          "interrupted while waiting for %s", holder->shown);
    if (holder->standing == ELSEWHERE)
        return fleet_fail(err, FLEET_ELOCKED,
                          "cohort %s is locked from another machine by %s; if "
                          "that run is certainly over, delete %s",
                          claim->prefix, holder->shown, claim->path);
    return fleet_fail(err, FLEET_ELOCKED,
                      "cohort %s is locked by %s; wait until that run is over, "
                      "or end it",
                      claim->prefix, holder->shown);
}

/* Until the next look, the deadline or Ctrl-C. */
static void pause_for(int ms, int64_t deadline)
{
    struct pollfd cancel = {.fd = fl_cancel_fd(), .events = POLLIN};
    int left = fl_left_ms(deadline);

    poll(&cancel, 1, left < ms ? left : ms);
}

/* A holder that was met between locking and signing gets the time to sign. */
static void tell(fl_lock_waiting **waiting, void *arg,
                 const struct holder *holder, int pause)
{
    if (!*waiting ||
        (pause < LAST_PAUSE / 4 && strcmp(holder->shown, ANYBODY) == 0))
        return;
    (*waiting)(arg, holder->shown);
    *waiting = NULL;
}

static int wait_for(const struct claim *claim, int64_t deadline,
                    fl_lock_waiting *waiting, void *arg, int *fd,
                    struct fleet_error *err)
{
    int pause = FIRST_PAUSE;

    while (true) {
        struct holder holder;
        int rc = attempt(claim, &holder, fd, err);

        if (rc < 0 || *fd >= 0)
            return rc;
        if (holder.standing == REPLACED)
            continue;
        if (fl_left_ms(deadline) == 0 || fl_cancelled())
            return give_up(claim, &holder, err);
        tell(&waiting, arg, &holder, pause);
        pause_for(pause, deadline);
        pause = pause * 2 < LAST_PAUSE ? pause * 2 : LAST_PAUSE;
    }
}

static struct fl_lock *new_lock(void)
{
    struct fl_lock *lock = malloc(sizeof(*lock));

    if (lock)
        lock->fd = -1;
    return lock;
}

int fl_lock_take(const char *dir, const char *prefix, const char *command,
                 int64_t deadline, fl_lock_waiting *waiting, void *arg,
                 struct fl_lock **out, struct fleet_error *err)
{
    FL_AUTO_FREE char *path = fl_format("%s/%s.lock", dir, prefix);
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = new_lock();
    struct claim claim = {.path = path, .prefix = prefix, .command = command};
    int rc;

    if (!path || !lock)
        return fl_enomem(err);
    rc = fl_dir_make(dir, err);
    if (rc < 0)
        return rc;
    fl_who_am_i(&claim.me);
    rc = wait_for(&claim, deadline, waiting, arg, &lock->fd, err);
    if (rc == 0)
        *out = fl_take(lock);
    return rc;
}

/* The file is emptied, never deleted: somebody may be waiting on it. */
void fl_lock_drop(struct fl_lock *lock)
{
    int before = errno;

    if (!lock)
        return;
    if (lock->fd >= 0) {
        if (ftruncate(lock->fd, 0) < 0)
            fleet_log(FLEET_LOG_INFO, "lock", "cannot empty the lock file: %m");
        close(lock->fd);
    }
    free(lock);
    errno = before;
}
