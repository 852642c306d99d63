/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/state.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_STATE  (1024 * 1024 * 1024)
#define MAX_ASIDE  1000
#define READ_TRIES 3

/* What SQLite keeps beside the file; -wal and -journal hold content of it. */
static const char *const companions[] = {"-wal", "-journal", "-shm"};
#define N_COMPANIONS (sizeof(companions) / sizeof(companions[0]))
#define N_CONTENT    2

static int cannot(const char *path, const char *what, struct fleet_error *err)
{
    fleet_fail(err, FLEET_ECONFIG,
               "%s: cannot %s (%m): make its directory writable, or set "
               "FLEET_STATE_DIR to another place",
               path, what);
    if (err)
        err->detail = errno;
    return FLEET_ECONFIG;
}

/* Only "no" is certain: what cannot be seen may be there. */
static bool exists(const char *path, const char *suffix)
{
    FL_AUTO_FREE char *full = fl_format("%s%s", path, suffix);
    struct stat about;

    return !full || lstat(full, &about) == 0 ||
           (errno != ENOENT && errno != ENOTDIR);
}

/* An existing one gets the mode back that it should have. */
static int check_file(const char *path, struct fleet_error *err)
{
    struct stat about;

    if (stat(path, &about) < 0)
        return cannot(path, "be read", err);
    if (!S_ISREG(about.st_mode))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s is no regular file: move it away, or set "
                          "FLEET_STATE_DIR to another place",
                          path);
    if ((about.st_mode & 077) && chmod(path, 0600) < 0)
        return cannot(path, "be made private", err);
    return FLEET_OK;
}

/* Mode 0600 from its first moment, whatever the umask is; SQLite gives the same
 * mode to the files beside it. */
static int make_file(const char *path, struct fleet_error *err)
{
    FL_AUTO(close)
    int fd =
        open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? check_file(path, err)
                               : cannot(path, "be made", err);
    return fchmod(fd, 0600) == 0 ? FLEET_OK : cannot(path, "be made", err);
}

/* One small commit, so that a full disk or a read-only directory is told now
 * and not when money has been spent. */
static int prove(struct fl_state *state, struct fleet_error *err)
{
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(state, FL_SQL_PROVE);
    char now[FL_STAMP_SIZE];

    fl_stamp(now, time(NULL));
    fl_query_text(&query, now);
    return fl_query_run(&query, err);
}

static int connect_write(struct fl_state *state, struct fleet_error *err)
{
    int version = 0;
    int rc = make_file(state->path, err);

    if (rc == 0)
        rc = fl_db_connect(state, state->path, SQLITE_OPEN_READWRITE, err);
    if (rc == 0)
        rc = fl_db_check(state, &version, err);
    if (rc == 0)
        rc = fl_db_exec(
            state, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err);
    if (rc == 0 && version < fl_db_version())
        rc = fl_db_migrate(state, err);
    if (rc == 0)
        rc = fl_db_prepare(state, err);
    return rc < 0 ? rc : prove(state, err);
}

/* PATH.corrupt-20261120T090000Z, with a number behind it if that is taken. */
static char *aside_name(const char *path)
{
    char stamp[FL_STAMP_SIZE], plain[FL_STAMP_SIZE];
    char *aside;
    size_t n = 0;

    fl_stamp(stamp, time(NULL));
    for (const char *at = stamp; *at; at++)
        if (*at != '-' && *at != ':')
            plain[n++] = *at;
    plain[n] = '\0';
    aside = fl_format("%s.corrupt-%s", path, plain);
    for (int i = 2; i < MAX_ASIDE && aside && exists(aside, ""); i++) {
        free(aside);
        aside = fl_format("%s.corrupt-%s-%d", path, plain, i);
    }
    return aside;
}

static int move_one(const char *path, const char *aside, const char *suffix,
                    struct fleet_error *err)
{
    FL_AUTO_FREE char *from = fl_format("%s%s", path, suffix);
    FL_AUTO_FREE char *to = fl_format("%s%s", aside, suffix);

    if (!from || !to)
        return fl_enomem(err);
    if (rename(from, to) < 0 && errno != ENOENT)
        return cannot(from, "be moved aside", err);
    return FLEET_OK;
}

/* Companions first: a new file must never meet the log of the old one. */
static int move_aside(const char *path, const char *aside,
                      struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < N_COMPANIONS; i++)
        rc = move_one(path, aside, companions[i], err);
    return rc < 0 ? rc : move_one(path, aside, "", err);
}

/* Evidence stays as it was found, with its log; an empty log is only ours. */
static void leave_damaged(struct fl_state *state)
{
    FL_AUTO_FREE char *log = fl_format("%s-wal", state->path);
    struct stat about;

    if (log && stat(log, &about) == 0 && about.st_size == 0)
        fl_db_disconnect(state);
    else
        fl_db_abandon(state);
}

static int begin_anew(struct fl_state *state, char **news,
                      struct fleet_error *err)
{
    FL_AUTO_FREE char *aside = aside_name(state->path);
    FL_AUTO_FREE char *told = NULL;
    int rc;

    if (!aside)
        return fl_enomem(err);
    told = fl_format("%s was damaged (%s) and is kept as %s; a new one is "
                     "begun, and pods are rebuilt from what the providers list",
                     state->path, state->damage, aside);
    if (!told)
        return fl_enomem(err);
    leave_damaged(state);
    rc = move_aside(state->path, aside, err);
    if (rc == 0)
        rc = connect_write(state, err);
    if (rc == 0)
        *news = fl_take(told);
    return rc;
}

static int open_write(struct fl_state *state, char **news,
                      struct fleet_error *err)
{
    int rc = connect_write(state, err);

    return rc < 0 && state->damage[0] ? begin_anew(state, news, err) : rc;
}

/* A log beside the file belongs to a run that goes on or that has died. */
static bool has_log(const struct fl_state *state)
{
    for (int i = 0; i < N_CONTENT; i++)
        if (exists(state->path, companions[i]))
            return true;
    return false;
}

/* The file by itself is all there is to read, and SQLite would make others
 * beside it: so its bytes are read here. *whole: nobody has written meanwhile.
 */
static int read_bytes(const struct fl_state *state, struct fl_buf *bytes,
                      bool *whole, struct fleet_error *err)
{
    struct stat before, after;
    int rc;

    if (stat(state->path, &before) < 0)
        return cannot(state->path, "be read", err);
    rc = fl_file_read(state->path, bytes, err);
    if (rc < 0)
        return rc;
    *whole = stat(state->path, &after) == 0 && before.st_ino == after.st_ino &&
             before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
             before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && !has_log(state);
    return FLEET_OK;
}

static int connect_read(struct fl_state *state, struct fleet_error *err)
{
    for (int i = 0; i < READ_TRIES && !has_log(state); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf bytes = {0};
        bool whole = false;
        int rc;

        fl_buf_init(&bytes, MAX_STATE);
        rc = read_bytes(state, &bytes, &whole, err);
        if (rc < 0)
            return rc;
        if (whole)
            return fl_db_connect_bytes(state, fl_buf_text(&bytes), bytes.len,
                                       err);
    }
    return fl_db_connect(state, state->path, SQLITE_OPEN_READONLY, err);
}

/* Nothing, or what an older fleet wrote, in the tables of this one. */
static int use_memory(struct fl_state *state, struct fleet_error *err)
{
    int rc = fl_db_detach(state, err);

    return rc < 0 ? rc : fl_db_migrate(state, err);
}

static int load(struct fl_state *state, struct fleet_error *err)
{
    int version = 0;
    int rc = connect_read(state, err);

    if (rc == 0)
        rc = fl_db_check(state, &version, err);
    if (rc == 0 && version < fl_db_version())
        rc = use_memory(state, err);
    return rc < 0 ? rc : fl_db_prepare(state, err);
}

static int load_nothing(struct fl_state *state, struct fleet_error *err)
{
    int rc = use_memory(state, err);

    return rc < 0 ? rc : fl_db_prepare(state, err);
}

static int open_read(struct fl_state *state, char **news,
                     struct fleet_error *err)
{
    FL_AUTO_FREE char *told = NULL;
    int rc =
        exists(state->path, "") ? load(state, err) : load_nothing(state, err);

    if (rc < 0 && state->damage[0]) {
        told = fl_format("%s is damaged (%s) and counts as empty; the next "
                         "command that changes something keeps it aside and "
                         "begins a new one",
                         state->path, state->damage);
        leave_damaged(state);
        rc = told ? load_nothing(state, err) : fl_enomem(err);
    }
    if (rc == 0)
        rc = fl_db_exec(state, "PRAGMA query_only = ON", err);
    if (rc == 0)
        *news = fl_take(told);
    return rc;
}

int fl_state_open(const char *dir, const char *prefix, enum fl_state_mode mode,
                  struct fl_state **out, char **news, struct fleet_error *err)
{
    FL_AUTO_FREE char *path = fl_format("%s/%s.db", dir, prefix);
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    char *told = NULL;
    int rc;

    state = path ? fl_db_new(path) : NULL;
    if (!state)
        return fl_enomem(err);
    if (mode == FL_STATE_READ) {
        rc = open_read(state, &told, err);
    } else {
        rc = fl_dir_make(dir, err);
        if (rc == 0)
            rc = open_write(state, &told, err);
    }
    if (rc < 0)
        return rc;
    *out = fl_take(state);
    *news = told;
    return FLEET_OK;
}

void fl_state_close(struct fl_state *state)
{
    fl_db_free(state);
}

/* clang-format off */
static const struct fl_cell known_cells[] = {
    FL_CELL(struct fl_known, name),
    FL_CELL(struct fl_known, provider),
    FL_CELL(struct fl_known, id),
    FL_CELL(struct fl_known, token),
    FL_CELL(struct fl_known, price_quoted),
    FL_CELL(struct fl_known, price_actual),
    FL_CELL(struct fl_known, currency),
    FL_CELL(struct fl_known, host_key),
    FL_CELL(struct fl_known, created_at),
};
/* clang-format on */
static const struct fl_row known_row = FL_ROW(struct fl_known, known_cells);

void fl_known_clear(struct fl_known *known)
{
    fl_row_clear(&known_row, known);
}

int fl_db_put(struct fl_state *held, const struct fl_known *known,
              struct fleet_error *err)
{
    return fl_row_put(held, FL_SQL_PUT, &known_row, known, err);
}

int fl_db_drop(struct fl_state *held, const char *name, struct fleet_error *err)
{
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(held, FL_SQL_DROP);

    fl_query_text(&query, name);
    return fl_query_run(&query, err);
}

int fl_state_put(struct fl_state *state, const struct fl_known *known,
                 struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);

    return fl_db_put(held, known, err);
}

int fl_state_drop(struct fl_state *state, const char *name,
                  struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);

    return fl_db_drop(held, name, err);
}

int fl_state_known(struct fl_state *state, struct fl_known_list *out,
                   struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_KNOWN, &known_row, &rows, err);

    if (rc < 0)
        return rc;
    *out = (struct fl_known_list){rows.at, rows.n, rows.size};
    return FLEET_OK;
}

void fl_known_list_clear(struct fl_known_list *list)
{
    fl_rows_clear(&known_row, list->at, list->n);
    *list = (struct fl_known_list){0};
}
