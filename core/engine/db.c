/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/db.h"

#include "core/base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define BUSY_MS     5000
#define MAX_CELL    (1024 * 1024)
#define MAX_COMMAND "4096"
#define ELSEWHERE   ", or set FLEET_STATE_DIR to another place"
#define DAMAGED                                                                \
    "damaged", "move it away, and pods are found again at their providers"

/* Number N takes a file from version N to N + 1. Never edit one that was
 * released: add the next. */
/* clang-format off */
static const char *const migrations[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);"
    "CREATE TABLE known ("
    "  name TEXT PRIMARY KEY NOT NULL, provider TEXT, id TEXT, token TEXT,"
    "  price_quoted INTEGER NOT NULL, price_actual INTEGER NOT NULL,"
    "  currency TEXT, host_key TEXT, created_at TEXT);"
    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, ended_at TEXT,"
    "  user TEXT, host TEXT, pid INTEGER NOT NULL, command TEXT,"
    "  status INTEGER NOT NULL DEFAULT -1);"
    "CREATE TABLE intent ("
    "  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(id),"
    "  op TEXT NOT NULL, name TEXT NOT NULL, provider TEXT, pod_id TEXT,"
    "  token TEXT, detail TEXT, begun_at TEXT NOT NULL, ended_at TEXT,"
    "  result TEXT, message TEXT);"
    "CREATE INDEX intent_open ON intent(id) WHERE ended_at IS NULL;"
    "CREATE INDEX intent_name ON intent(name);"
    "CREATE INDEX intent_renamed ON intent(detail) WHERE op = 'rename';",
    "CREATE TABLE port ("
    "  name TEXT PRIMARY KEY NOT NULL, port INTEGER NOT NULL UNIQUE);",
    "CREATE TABLE verdict ("
    "  name TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL,"
    "  pod_id TEXT NOT NULL, at TEXT NOT NULL, verdict TEXT NOT NULL,"
    "  facts TEXT NOT NULL, UNIQUE (provider, pod_id));"
    "CREATE TABLE host_key ("
    "  name TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL,"
    "  pod_id TEXT NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL,"
    "  UNIQUE (provider, pod_id));",
    "CREATE TABLE bgjob ("
    "  id TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, command TEXT NOT NULL);"
    "CREATE TABLE bgpod ("
    "  job TEXT NOT NULL REFERENCES bgjob(id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL, provider TEXT NOT NULL, pod_id TEXT NOT NULL,"
    "  state TEXT NOT NULL, status INTEGER NOT NULL, ended_at TEXT, why TEXT,"
    "  PRIMARY KEY (job, name));",
    "CREATE TABLE standing ("
    "  id TEXT PRIMARY KEY NOT NULL, generation INTEGER NOT NULL,"
    "  revoked_at TEXT, pods TEXT);"
    "CREATE TABLE access ("
    "  name TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL,"
    "  pod_id TEXT NOT NULL, at TEXT NOT NULL, people TEXT NOT NULL,"
    "  UNIQUE (provider, pod_id));",
    "CREATE TABLE backup ("
    "  name TEXT NOT NULL, provider TEXT NOT NULL, pod_id TEXT NOT NULL,"
    "  at TEXT NOT NULL, branch TEXT, commit_id TEXT, print TEXT,"
    "  files TEXT, sum TEXT, files_at TEXT, PRIMARY KEY (provider, pod_id));",
};

#define INTENT_COLUMNS "SELECT id, run, op, name, provider, pod_id, token," \
    " detail, begun_at, ended_at, result, message FROM intent "

static const char *const texts[FL_SQL_COUNT] = {
    [FL_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [FL_SQL_COMMIT] = "COMMIT",
    [FL_SQL_ROLLBACK] = "ROLLBACK",
    [FL_SQL_PROVE] =
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('opened_at', ?)",
    [FL_SQL_PUT] =
        "INSERT OR REPLACE INTO known (name, provider, id, token,"
        " price_quoted, price_actual, currency, host_key, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [FL_SQL_DROP] = "DELETE FROM known WHERE name = ?",
    [FL_SQL_KNOWN] =
        "SELECT name, provider, id, token, price_quoted, price_actual,"
        " currency, host_key, created_at FROM known ORDER BY name",
    [FL_SQL_RUN_BEGIN] =
        "INSERT INTO run (started_at, user, host, pid, command)"
        " VALUES (?, ?, ?, ?, substr(?, 1, " MAX_COMMAND "))",
    [FL_SQL_RUN_END] =
        "UPDATE run SET ended_at = ?, status = ?"
        " WHERE id = ? AND ended_at IS NULL",
    [FL_SQL_RUNS] =
        "SELECT id, started_at, ended_at, user, host, command, pid, status"
        " FROM run ORDER BY id DESC LIMIT ?",
    [FL_SQL_INTENT_BEGIN] =
        "INSERT INTO intent (run, op, name, provider, pod_id, token, detail,"
        " begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [FL_SQL_INTENT_END] =
        "UPDATE intent SET ended_at = ?, result = ?,"
        " pod_id = coalesce(?, pod_id), message = ?"
        " WHERE id = ? AND ended_at IS NULL",
    [FL_SQL_INTENTS_OPEN] =
        INTENT_COLUMNS "WHERE ended_at IS NULL ORDER BY id",
    [FL_SQL_HISTORY] = INTENT_COLUMNS "ORDER BY id DESC LIMIT ?",
    [FL_SQL_HISTORY_OF] =
        INTENT_COLUMNS "WHERE name = ?1 OR (op = 'rename' AND detail = ?1)"
        " ORDER BY id DESC LIMIT ?2",
    [FL_SQL_PORTS] = "SELECT name, port FROM port ORDER BY port",
    [FL_SQL_PORT_PUT] = "INSERT INTO port (name, port) VALUES (?, ?)",
    [FL_SQL_VERDICTS] =
        "SELECT name, provider, pod_id, at, verdict, facts FROM verdict",
    [FL_SQL_VERDICT_PUT] =
        "INSERT OR REPLACE INTO verdict (name, provider, pod_id, at, verdict,"
        " facts) VALUES (?, ?, ?, ?, ?, ?)",
    [FL_SQL_HOST_KEYS] =
        "SELECT name, provider, pod_id, at, key FROM host_key",
    [FL_SQL_HOST_KEY_PUT] =
        "INSERT OR REPLACE INTO host_key (name, provider, pod_id, at, key)"
        " VALUES (?, ?, ?, ?, ?)",
    [FL_SQL_HOST_KEY_DROP] =
        "DELETE FROM host_key WHERE provider = ? AND pod_id = ?",
    [FL_SQL_BGJOBS] = "SELECT id, at, command FROM bgjob ORDER BY rowid",
    [FL_SQL_BGJOB_PUT] =
        "INSERT INTO bgjob (id, at, command)"
        " VALUES (?, ?, substr(?, 1, " MAX_COMMAND "))",
    [FL_SQL_BGJOB_DROP] = "DELETE FROM bgjob WHERE id = ?",
    [FL_SQL_BGPODS] =
        "SELECT job, name, provider, pod_id, state, status, ended_at, why"
        " FROM bgpod ORDER BY job, rowid",
    [FL_SQL_BGPOD_PUT] =
        "INSERT INTO bgpod (job, name, provider, pod_id, state, status,"
        " ended_at, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (job, name) DO UPDATE SET state = excluded.state,"
        " status = excluded.status, ended_at = excluded.ended_at,"
        " why = excluded.why",
    [FL_SQL_STANDINGS] =
        "SELECT id, generation, revoked_at, pods FROM standing",
    [FL_SQL_STANDING_PUT] =
        "INSERT OR REPLACE INTO standing (id, generation, revoked_at,"
        " pods) VALUES (?, ?, ?, ?)",
    [FL_SQL_ACCESSES] =
        "SELECT name, provider, pod_id, at, people FROM access",
    [FL_SQL_ACCESS_PUT] =
        "INSERT OR REPLACE INTO access (name, provider, pod_id, at, people)"
        " VALUES (?, ?, ?, ?, ?)",
    [FL_SQL_BACKUPS] =
        "SELECT name, provider, pod_id, at, branch, commit_id, print, files,"
        " sum, files_at FROM backup ORDER BY at",
    [FL_SQL_BACKUP_PUT] =
        "INSERT OR REPLACE INTO backup (name, provider, pod_id, at, branch,"
        " commit_id, print, files, sum, files_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};

static const struct fault {
    int sqlite, code;
    const char *what, *remedy;
} faults[] = {
    {SQLITE_NOMEM, FLEET_ENOMEM, "out of memory", "free some and try again"},
    {SQLITE_BUSY, FLEET_ELOCKED, "another program keeps it busy",
     "try again when that one is done"},
    {SQLITE_PROTOCOL, FLEET_ELOCKED, "another program keeps it busy",
     "try again when that one is done"},
    {SQLITE_FULL, FLEET_ECONFIG, "no space left", "free some" ELSEWHERE},
    {SQLITE_READONLY, FLEET_ECONFIG, "cannot be written",
     "make it and its directory writable" ELSEWHERE},
    {SQLITE_CANTOPEN, FLEET_ECONFIG, "cannot be opened",
     "make it and its directory accessible" ELSEWHERE},
    {SQLITE_PERM, FLEET_ECONFIG, "no permission",
     "make it and its directory accessible" ELSEWHERE},
    {SQLITE_IOERR, FLEET_ECONFIG, "cannot be read or written",
     "see what is wrong with the disk" ELSEWHERE},
    {SQLITE_CORRUPT, FLEET_ECONFIG, DAMAGED},
    {SQLITE_NOTADB, FLEET_ECONFIG, DAMAGED},
    /* Our statements are sound, so the tables are not ours. */
    {SQLITE_ERROR, FLEET_ECONFIG, DAMAGED},
};
/* clang-format on */

static const struct fault *fault_of(int rc)
{
    static const struct fault other = {SQLITE_OK, FLEET_EINTERNAL, "failed",
                                       "please report this"};

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (faults[i].sqlite == (rc & 0xff))
            return &faults[i];
    return &other;
}

/* The errno behind it, where SQLite keeps one. */
static int cause_of(const struct fl_state *state, int rc)
{
    int primary = rc & 0xff;

    if (!state->db || (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN))
        return 0;
    return sqlite3_system_errno(state->db);
}

static bool is_full(int cause)
{
    return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
}

static void describe(const struct fl_state *state, int rc, int cause, char *out,
                     size_t size)
{
    if (cause) {
        errno = cause;
        snprintf(out, size, "%m");
    } else if (state->db && sqlite3_extended_errcode(state->db) == rc) {
        snprintf(out, size, "%s", sqlite3_errmsg(state->db));
    } else {
        snprintf(out, size, "%s", sqlite3_errstr(rc));
    }
}

static int damage(struct fl_state *state, const char *reason,
                  struct fleet_error *err)
{
    const struct fault *fault = fault_of(SQLITE_CORRUPT);

    snprintf(state->damage, sizeof(state->damage), "%s", reason);
    return fleet_fail(err, fault->code, "%s: %s (%s): %s", state->path,
                      fault->what, reason, fault->remedy);
}

static int db_fail(struct fl_state *state, int rc, struct fleet_error *err)
{
    int cause = cause_of(state, rc);
    const struct fault *fault = fault_of(is_full(cause) ? SQLITE_FULL : rc);
    char detail[sizeof(state->damage)];
    int before = errno;

    describe(state, rc, cause, detail, sizeof(detail));
    errno = before;
    if (strcmp(fault->what, "damaged") == 0)
        return damage(state, detail, err);
    fleet_fail(err, fault->code, "%s: %s (%s): %s", state->path, fault->what,
               detail, fault->remedy);
    if (err)
        err->detail = cause;
    return fault->code;
}

struct fl_state *fl_db_new(const char *path)
{
    struct fl_state *state = calloc(1, sizeof(*state));

    if (!state)
        return NULL;
    state->path = strdup(path);
    if (!state->path || pthread_mutex_init(&state->mutex, NULL) != 0) {
        free(state->path);
        free(state);
        return NULL;
    }
    return state;
}

void fl_db_free(struct fl_state *state)
{
    int before = errno;

    if (!state)
        return;
    fl_db_disconnect(state);
    pthread_mutex_destroy(&state->mutex);
    free(state->path);
    free(state);
    errno = before;
}

/* The file may be anybody's: no surprises from its schema or its sizes. */
static int distrust(struct fl_state *state, struct fleet_error *err)
{
    int rc = sqlite3_db_config(state->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(state->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
                               NULL);
    if (rc != SQLITE_OK)
        return db_fail(state, rc, err);
    sqlite3_limit(state->db, SQLITE_LIMIT_LENGTH, MAX_CELL);
    return fl_db_exec(state, "PRAGMA foreign_keys = ON", err);
}

int fl_db_connect(struct fl_state *state, const char *file, int flags,
                  struct fleet_error *err)
{
    int rc =
        sqlite3_open_v2(file, &state->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK)
        return db_fail(state, rc, err);
    sqlite3_extended_result_codes(state->db, 1);
    sqlite3_busy_timeout(state->db, BUSY_MS);
    return distrust(state, err);
}

/* In the header, who may read and write it: 2 stands for "by a log beside it",
 * which nothing in memory has; 1 for "without". */
static void expect_no_log(unsigned char *image, size_t len)
{
    for (size_t at = 18; at <= 19 && at < len; at++)
        if (image[at] == 2)
            image[at] = 1;
}

int fl_db_connect_bytes(struct fl_state *state, const char *bytes, size_t len,
                        struct fleet_error *err)
{
    unsigned char *image;
    int rc = fl_db_connect(
        state, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, err);

    if (rc < 0 || len == 0)
        return rc;
    image = sqlite3_malloc64(len);
    if (!image)
        return fl_enomem(err);
    memcpy(image, bytes, len);
    expect_no_log(image, len);
    rc = sqlite3_deserialize(
        state->db, "main", image, (sqlite3_int64)len, (sqlite3_int64)len,
        SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
    return rc == SQLITE_OK ? FLEET_OK : db_fail(state, rc, err);
}

void fl_db_disconnect(struct fl_state *state)
{
    for (int i = 0; i < FL_SQL_COUNT; i++) {
        sqlite3_finalize(state->statements[i]);
        state->statements[i] = NULL;
    }
    sqlite3_close(state->db);
    state->db = NULL;
    state->damage[0] = '\0';
}

void fl_db_abandon(struct fl_state *state)
{
    if (state->db)
        sqlite3_db_config(state->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    fl_db_disconnect(state);
}

int fl_db_exec(struct fl_state *state, const char *sql, struct fleet_error *err)
{
    int rc = sqlite3_exec(state->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? FLEET_OK : db_fail(state, rc, err);
}

/* The first row's first column, ended by the caller. */
static int ask(struct fl_state *state, const char *sql,
               sqlite3_stmt **statement, struct fleet_error *err)
{
    int rc = sqlite3_prepare_v2(state->db, sql, -1, statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(*statement);
    return rc == SQLITE_ROW ? FLEET_OK : db_fail(state, rc, err);
}

static int ask_number(struct fl_state *state, const char *sql, int *number,
                      struct fleet_error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = ask(state, sql, &statement, err);

    if (rc == 0)
        *number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return rc;
}

static int read_version(struct fl_state *state, int *version,
                        struct fleet_error *err)
{
    return ask_number(state, "PRAGMA user_version", version, err);
}

static int check_pages(struct fl_state *state, struct fleet_error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = ask(state, "PRAGMA quick_check(1)", &statement, err);
    const char *verdict =
        rc == 0 ? (const char *)sqlite3_column_text(statement, 0) : NULL;

    if (verdict && strcmp(verdict, "ok") != 0)
        rc = damage(state, verdict, err);
    sqlite3_finalize(statement);
    return rc;
}

int fl_db_version(void)
{
    return (int)(sizeof(migrations) / sizeof(migrations[0]));
}

/* Ours has a version from its first table on. */
static int check_owner(struct fl_state *state, int version,
                       struct fleet_error *err)
{
    int tables = 0;
    int rc =
        ask_number(state, "SELECT count(*) FROM sqlite_master", &tables, err);

    if (rc == 0 && (version < 0 || (version == 0 && tables > 0)))
        rc = damage(state, "made by another program", err);
    return rc;
}

int fl_db_check(struct fl_state *state, int *version, struct fleet_error *err)
{
    int found = 0;
    int rc = read_version(state, &found, err);

    if (rc == 0 && found > fl_db_version())
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s is of version %d and this fleet knows version "
                          "%d: upgrade fleet, or set FLEET_STATE_DIR to "
                          "another place",
                          state->path, found, fl_db_version());
    if (rc == 0)
        rc = check_owner(state, found, err);
    if (rc == 0)
        rc = check_pages(state, err);
    if (rc == 0)
        *version = found;
    return rc;
}

static int set_version(struct fl_state *state, int version,
                       struct fleet_error *err)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
    return fl_db_exec(state, sql, err);
}

static int migrate(struct fl_state *state, struct fleet_error *err)
{
    int version = 0;
    /* Asked again inside the transaction: somebody may have been quicker. */
    int rc = read_version(state, &version, err);

    if (rc < 0 || version >= fl_db_version())
        return rc;
    for (int i = version; rc == 0 && i < fl_db_version(); i++)
        rc = fl_db_exec(state, migrations[i], err);
    return rc < 0 ? rc : set_version(state, fl_db_version(), err);
}

int fl_db_migrate(struct fl_state *state, struct fleet_error *err)
{
    int rc = fl_db_exec(state, "BEGIN IMMEDIATE", err);

    if (rc < 0)
        return rc;
    rc = migrate(state, err);
    if (rc == 0)
        rc = fl_db_exec(state, "COMMIT", err);
    if (rc < 0)
        sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int copy(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

    if (!backup)
        return sqlite3_extended_errcode(to);
    sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup);
}

int fl_db_detach(struct fl_state *state, struct fleet_error *err)
{
    sqlite3 *file = state->db;
    int rc;

    state->db = NULL;
    rc = fl_db_connect(
        state, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, err);
    if (rc == 0 && file) {
        int failed = copy(file, state->db);

        if (failed != SQLITE_OK)
            rc = db_fail(state, failed, err);
    }
    sqlite3_close(file);
    return rc;
}

int fl_db_prepare(struct fl_state *state, struct fleet_error *err)
{
    for (int i = 0; i < FL_SQL_COUNT; i++) {
        int rc = sqlite3_prepare_v3(state->db, texts[i], -1,
                                    SQLITE_PREPARE_PERSISTENT,
                                    &state->statements[i], NULL);

        if (rc != SQLITE_OK)
            return db_fail(state, rc, err);
    }
    return FLEET_OK;
}

struct fl_state *fl_db_enter(struct fl_state *state)
{
    pthread_mutex_lock(&state->mutex);
    return state;
}

static int run_plain(struct fl_state *state, enum fl_sql which,
                     struct fleet_error *err)
{
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(state, which);

    return fl_query_run(&query, err);
}

void fl_db_leave(struct fl_state *state)
{
    int before = errno;

    if (!sqlite3_get_autocommit(state->db))
        run_plain(state, FL_SQL_ROLLBACK, NULL);
    pthread_mutex_unlock(&state->mutex);
    errno = before;
}

int fl_db_begin(struct fl_state *state, struct fleet_error *err)
{
    return run_plain(state, FL_SQL_BEGIN, err);
}

int fl_db_commit(struct fl_state *state, struct fleet_error *err)
{
    return run_plain(state, FL_SQL_COMMIT, err);
}

struct fl_query fl_query(struct fl_state *state, enum fl_sql which)
{
    return (struct fl_query){.state = state,
                             .statement = state->statements[which]};
}

static void keep_failure(struct fl_query *query, int rc)
{
    if (query->failed == SQLITE_OK)
        query->failed = rc;
}

void fl_query_text(struct fl_query *query, const char *text)
{
    keep_failure(query, sqlite3_bind_text(query->statement, ++query->bound,
                                          text, -1, SQLITE_STATIC));
}

void fl_query_number(struct fl_query *query, int64_t number)
{
    keep_failure(query,
                 sqlite3_bind_int64(query->statement, ++query->bound, number));
}

void fl_query_end(struct fl_query *query)
{
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
}

int fl_query_run(struct fl_query *query, struct fleet_error *err)
{
    int rc = query->failed;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(query->statement);
    return rc == SQLITE_DONE ? FLEET_OK : db_fail(query->state, rc, err);
}

void fl_query_row(struct fl_query *query, const struct fl_row *row,
                  const void *from)
{
    for (int i = 0; i < row->count; i++) {
        const void *cell = (const char *)from + row->cells[i].offset;

        switch (row->cells[i].type) {
        case FL_CELL_TEXT:
            fl_query_text(query, *(char *const *)cell);
            break;
        case FL_CELL_INT64:
            fl_query_number(query, *(const int64_t *)cell);
            break;
        case FL_CELL_INT:
            fl_query_number(query, *(const int *)cell);
            break;
        }
    }
}

static int read_text(sqlite3_stmt *statement, int column, char **out)
{
    const char *text;

    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return SQLITE_OK;
    text = (const char *)sqlite3_column_text(statement, column);
    *out = text ? strdup(text) : NULL;
    return *out ? SQLITE_OK : SQLITE_NOMEM;
}

static int read_int(sqlite3_stmt *statement, int column)
{
    int64_t value = sqlite3_column_int64(statement, column);

    return value < INT_MIN || value > INT_MAX ? -1 : (int)value;
}

static int read_row(sqlite3_stmt *statement, const struct fl_row *row,
                    void *into)
{
    int rc = SQLITE_OK;

    for (int i = 0; rc == SQLITE_OK && i < row->count; i++) {
        void *cell = (char *)into + row->cells[i].offset;

        switch (row->cells[i].type) {
        case FL_CELL_TEXT:
            rc = read_text(statement, i, cell);
            break;
        case FL_CELL_INT64:
            *(int64_t *)cell = sqlite3_column_int64(statement, i);
            break;
        case FL_CELL_INT:
            *(int *)cell = read_int(statement, i);
            break;
        }
    }
    return rc;
}

void fl_row_clear(const struct fl_row *row, void *at)
{
    int before = errno;

    for (int i = 0; i < row->count; i++)
        if (row->cells[i].type == FL_CELL_TEXT)
            free(*(char **)((char *)at + row->cells[i].offset));
    memset(at, 0, row->size);
    errno = before;
}

void fl_rows_clear(const struct fl_row *row, void *at, size_t n)
{
    int before = errno;

    for (size_t i = 0; i < n; i++)
        fl_row_clear(row, (char *)at + i * row->size);
    free(at);
    errno = before;
}

int fl_rows_load(struct fl_state *held, enum fl_sql which,
                 const struct fl_row *row, struct fl_rows *out,
                 struct fleet_error *err)
{
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(held, which);

    return fl_query_rows(&query, row, out, err);
}

int fl_row_put(struct fl_state *held, enum fl_sql which,
               const struct fl_row *row, const void *from,
               struct fleet_error *err)
{
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(held, which);

    fl_query_row(&query, row, from);
    return fl_query_run(&query, err);
}

/* A zeroed place at the end. */
static void *grow(struct fl_rows *rows, size_t row_size)
{
    if (rows->n == rows->size) {
        size_t size = rows->size ? rows->size * 2 : 16;
        void *more = reallocarray(rows->at, size, row_size);

        if (!more)
            return NULL;
        rows->at = more;
        rows->size = size;
    }
    return memset((char *)rows->at + rows->n++ * row_size, 0, row_size);
}

int fl_query_rows(struct fl_query *query, const struct fl_row *row,
                  struct fl_rows *out, struct fleet_error *err)
{
    struct fl_rows rows = {0};
    int rc = query->failed;

    while (rc == SQLITE_OK &&
           (rc = sqlite3_step(query->statement)) == SQLITE_ROW) {
        void *place = grow(&rows, row->size);

        rc = place ? read_row(query->statement, row, place) : SQLITE_NOMEM;
    }
    if (rc != SQLITE_DONE) {
        fl_rows_clear(row, rows.at, rows.n);
        return db_fail(query->state, rc, err);
    }
    *out = rows;
    return FLEET_OK;
}
