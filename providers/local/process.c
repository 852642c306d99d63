/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/process.h"

#include "providers/local/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fleet/host.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    PROC_FILE_MAX = 4 * 1024 * 1024,
    GRACE_MS = 1000, /* between asking and force */
    FORCE_MS = 200,
    LONGEST_MS = 30000
};

enum role { ROLE_NONE = 0, ROLE_SERVER, ROLE_SESSION };
struct row {
    pid_t pid, parent;
    char state;
    uint64_t start; /* ticks since boot: with the pid, one process only */
    enum role role;
    int fd; /* pidfd; -1 when the kernel has none */
};
struct rows {
    struct row *at;
    size_t n, size;
};

static void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].fd >= 0)
            close(rows->at[i].fd);
    free(rows->at);
    *rows = (struct rows){0};
}

#define AUTO_ROWS __attribute__((cleanup(rows_clear)))

/* FLEET_ENOTFOUND: it is gone, or none of our business. Whoever is short of
 * descriptors or memory must not take all processes for gone. */
static int read_proc(pid_t pid, const char *file, char **data, size_t *len,
                     struct fleet_error *err)
{
    char path[64];
    int rc;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    rc = file_read(path, PROC_FILE_MAX, data, len, err);
    return rc == FLEET_OK || rc == FLEET_ENOMEM || rc == FLEET_ETRANSIENT
               ? rc
               : FLEET_ENOTFOUND;
}

/* FLEET_ENOTFOUND also when it is dead and only waits to be reaped. */
static int read_row(pid_t pid, struct row *row, struct fleet_error *err)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    const char *after;
    int parent = 0;
    int rc = read_proc(pid, "stat", &text, &len, err);

    if (rc < 0)
        return rc;
    *row = (struct row){.pid = pid, .fd = -1};
    after = strrchr(text, ')'); /* the name may hold anything */
    if (!after || sscanf(after + 1,
                         " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                         "%*d %*d %*d %*d %*d %*d %" SCNu64,
                         &row->state, &parent, &row->start) != 3)
        return FLEET_ENOTFOUND;
    row->parent = parent;
    return row->state == 'Z' || row->state == 'X' ? FLEET_ENOTFOUND : FLEET_OK;
}

void process_mark(char mark[MARK_SIZE], const char *dir)
{
    const char *slash = strrchr(dir, '/');

    snprintf(mark, MARK_SIZE, "FLEET_POD=%.12s.%016" PRIx64,
             slash ? slash + 1 : dir, text_hash(dir));
}

/* As it was started: PROGRAM -o "SetEnv MARK ...". */
static bool is_plain_server(const char *line, size_t len, const char *mark)
{
    static const char option[] = "-o\0SetEnv ";
    const size_t n = sizeof option - 1, m = strlen(mark);
    const char *first = memchr(line, '\0', len);

    return first && (size_t)(line + len - ++first) > n + m &&
           memcmp(first, option, n) == 0 && memcmp(first + n, mark, m) == 0 &&
           first[n + m] == ' ';
}

/* As sshd renames itself: "sshd: PROGRAM -o SetEnv MARK ... [listener] ...".
 * Behind the mark, what is not ASCII is escaped there, and the end cut off. */
static bool is_titled_server(const char *line, const char *mark)
{
    static const char title[] = "sshd: ", option[] = " -o SetEnv ";
    const char *found =
        strncmp(line, title, strlen(title)) == 0 ? strstr(line, option) : NULL;
    const size_t n = strlen(mark);

    return found && strncmp(found + strlen(option), mark, n) == 0 &&
           found[strlen(option) + n] == ' ';
}

/* FLEET_OK, or FLEET_ENOTFOUND when it is not. */
static int match_server(pid_t pid, const char *mark, struct fleet_error *err)
{
    AUTO_FREE char *line = NULL;
    size_t len = 0;
    int rc = read_proc(pid, "cmdline", &line, &len, err);

    if (rc < 0)
        return rc;
    return is_plain_server(line, len, mark) || is_titled_server(line, mark)
               ? FLEET_OK
               : FLEET_ENOTFOUND;
}

/* Likewise, of what was started in a session. */
static int match_session(pid_t pid, const char *mark, struct fleet_error *err)
{
    AUTO_FREE char *all = NULL;
    size_t len = 0;
    int rc = read_proc(pid, "environ", &all, &len, err);

    if (rc < 0)
        return rc;
    for (const char *at = all; at < all + len; at += strlen(at) + 1)
        if (strcmp(at, mark) == 0)
            return FLEET_OK;
    return FLEET_ENOTFOUND;
}

static pid_t pid_of(const char *text)
{
    char *end = NULL;
    long pid;

    if (!isdigit((unsigned char)*text))
        return 0;
    errno = 0;
    pid = strtol(text, &end, 10);
    return errno || pid < 2 || pid > INT32_MAX || (*end && *end != '\n')
               ? 0
               : (pid_t)pid;
}

bool process_serves(const char *dir)
{
    AUTO_FREE char *path = path_in(dir, "sshd.pid");
    AUTO_FREE char *text = NULL;
    char mark[MARK_SIZE];
    struct row row;
    pid_t pid;

    process_mark(mark, dir);
    if (!path || file_read(path, 64, &text, NULL, NULL) < 0)
        return false;
    pid = pid_of(text);
    /* One that process_end() froze before it died with fleet serves nobody. */
    return pid && read_row(pid, &row, NULL) == FLEET_OK && row.state != 'T' &&
           match_server(pid, mark, NULL) == FLEET_OK;
}

static bool rows_add(struct rows *rows, const struct row *row)
{
    if (rows->n == rows->size) {
        size_t size = rows->size ? rows->size * 2 : 256;
        struct row *grown = reallocarray(rows->at, size, sizeof *grown);

        if (!grown)
            return false;
        rows->at = grown;
        rows->size = size;
    }
    rows->at[rows->n++] = *row;
    return true;
}

static int rows_add_pid(struct rows *rows, pid_t pid, struct fleet_error *err)
{
    struct row row;
    int rc = read_row(pid, &row, err);

    if (rc < 0)
        return rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
    return rows_add(rows, &row) ? FLEET_OK : fail_memory(err);
}

/* Every living process but our own. */
static int rows_read(struct rows *rows, struct fleet_error *err)
{
    DIR *proc = opendir("/proc");
    int rc = FLEET_OK;

    if (!proc || access("/proc/self/stat", R_OK) < 0)
        rc = fail_errno(err, "read", "/proc, the list of processes");
    for (struct dirent *at; rc == FLEET_OK && (at = readdir(proc));) {
        pid_t pid = pid_of(at->d_name);

        if (pid && pid != getpid())
            rc = rows_add_pid(rows, pid, err);
    }
    if (proc)
        closedir(proc);
    return rc;
}

static int by_pid(const void *a, const void *b)
{
    const struct row *left = a, *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

static bool has_role(const struct rows *rows, pid_t pid)
{
    struct row key = {.pid = pid};
    const struct row *row =
        bsearch(&key, rows->at, rows->n, sizeof key, by_pid);

    return row && row->role != ROLE_NONE;
}

static void mark_descendants(struct rows *rows)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < rows->n; i++) {
            struct row *row = &rows->at[i];

            if (row->role == ROLE_NONE && has_role(rows, row->parent)) {
                row->role = ROLE_SESSION;
                more = true;
            }
        }
    }
}

/* Gives ROLE to those that have none and match. */
static int mark_matches(struct rows *rows, enum role role,
                        int (*match)(pid_t, const char *, struct fleet_error *),
                        const char *mark, struct fleet_error *err)
{
    for (size_t i = 0; i < rows->n; i++) {
        struct row *row = &rows->at[i];
        int rc = row->role ? FLEET_ENOTFOUND : match(row->pid, mark, err);

        if (rc == FLEET_OK)
            row->role = role;
        else if (rc != FLEET_ENOTFOUND)
            return rc;
    }
    return FLEET_OK;
}

/* A child that sshd has just forked looks like it: the elder is the server. */
static int mark_servers(struct rows *rows, const char *mark,
                        struct fleet_error *err)
{
    int rc = mark_matches(rows, ROLE_SERVER, match_server, mark, err);

    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].role == ROLE_SERVER &&
            has_role(rows, rows->at[i].parent))
            rows->at[i].role = ROLE_SESSION;
    return rc;
}

static void keep_marked(struct rows *rows)
{
    size_t kept = 0;

    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].role != ROLE_NONE)
            rows->at[kept++] = rows->at[i];
    rows->n = kept;
}

/* The pod's processes. */
static int rows_find(struct rows *rows, const char *mark,
                     struct fleet_error *err)
{
    int rc = rows_read(rows, err);

    if (rc < 0)
        return rc;
    if (rows->n)
        qsort(rows->at, rows->n, sizeof *rows->at, by_pid);
    rc = mark_servers(rows, mark, err);
    if (rc < 0)
        return rc;
    mark_descendants(rows);
    rc = mark_matches(rows, ROLE_SESSION, match_session, mark, err);
    if (rc < 0)
        return rc;
    mark_descendants(rows);
    keep_marked(rows);
    return FLEET_OK;
}

bool process_started(const char *dir)
{
    AUTO_ROWS struct rows rows = {0};
    char mark[MARK_SIZE];

    process_mark(mark, dir);
    if (rows_read(&rows, NULL) < 0)
        return true;
    for (size_t i = 0; i < rows.n; i++)
        if (match_server(rows.at[i].pid, mark, NULL) != FLEET_ENOTFOUND)
            return true;
    return false;
}

/* Takes hold of the process, so that a later one with its pid cannot be hit,
 * and looks whether it is still the one that was judged. */
static bool row_hold(struct row *row)
{
    struct row now;

    if (row->fd < 0)
        row->fd = (int)syscall(SYS_pidfd_open, row->pid, 0);
    return read_row(row->pid, &now, NULL) == FLEET_OK &&
           now.start == row->start;
}

static void row_signal(const struct row *row, int number)
{
    if (row->fd >= 0)
        syscall(SYS_pidfd_send_signal, row->fd, number, NULL, 0);
    else
        kill(row->pid, number);
}

static void end_session(const struct row *row, bool force)
{
    if (force) {
        row_signal(row, SIGKILL);
        return;
    }
    row_signal(row, SIGTERM);
    row_signal(row, SIGHUP); /* interactive shells ignore SIGTERM */
    row_signal(row, SIGCONT);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void wait_row(const struct row *row, int64_t until)
{
    struct pollfd ended = {.fd = row->fd, .events = POLLIN};
    int64_t left = until - now_ms();

    if (left <= 0)
        return;
    if (row->fd < 0)
        fleet_call_sleep(left < 20 ? left : 20, NULL);
    else
        (void)poll(&ended, 1, (int)left);
}

static bool has_sessions(const struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].role == ROLE_SESSION)
            return true;
    return false;
}

/* The server is frozen until it has no sessions, so that no new one can begin
 * and none loses the parent by which it is known. */
static void end_servers(struct rows *rows)
{
    bool sessions = has_sessions(rows);

    for (size_t i = 0; i < rows->n; i++) {
        struct row *row = &rows->at[i];
        bool last = row->state == 'T' && !sessions;

        if (row->role != ROLE_SERVER || !row_hold(row))
            continue;
        row_signal(row, last ? SIGKILL : SIGSTOP);
        if (last)
            wait_row(row, now_ms() + FORCE_MS);
    }
}

static void end_sessions(struct rows *rows, bool force)
{
    int64_t left = fleet_call_left_ms();
    int64_t grace = left < GRACE_MS ? left : GRACE_MS;
    int64_t until = now_ms() + (force ? FORCE_MS : grace);

    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].role == ROLE_SESSION && row_hold(&rows->at[i]))
            end_session(&rows->at[i], force);
    for (size_t i = 0; i < rows->n; i++)
        if (rows->at[i].role == ROLE_SESSION)
            wait_row(&rows->at[i], until);
}

int process_end(const char *dir, struct fleet_error *err)
{
    int64_t until = now_ms() + LONGEST_MS;
    char mark[MARK_SIZE];

    process_mark(mark, dir);
    /* Asked, then forced, even where the call has no time left: sessions first,
     * then the server. */
    for (int round = 0;; round++) {
        AUTO_ROWS struct rows rows = {0};
        int rc = rows_find(&rows, mark, err);

        if (rc < 0 || rows.n == 0)
            return rc;
        if (round > 2 && (fleet_call_left_ms() == 0 || now_ms() > until))
            return fleet_fail(err, FLEET_ETIMEOUT,
                              "process %d of the pod in %s does not end",
                              (int)rows.at[0].pid, dir);
        end_servers(&rows);
        end_sessions(&rows, round > 0);
    }
}
