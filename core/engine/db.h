/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_DB_H
#define FL_ENGINE_DB_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* The SQLite handle that the rooms share which keep something in the state:
 * schema, statements, transactions, rows. Nobody else includes this. */

/* Every statement there is; its text stands in db.c. */
enum fl_sql {
    FL_SQL_BEGIN,
    FL_SQL_COMMIT,
    FL_SQL_ROLLBACK,
    FL_SQL_PROVE,
    FL_SQL_PUT,
    FL_SQL_DROP,
    FL_SQL_KNOWN,
    FL_SQL_RUN_BEGIN,
    FL_SQL_RUN_END,
    FL_SQL_RUNS,
    FL_SQL_INTENT_BEGIN,
    FL_SQL_INTENT_END,
    FL_SQL_INTENTS_OPEN,
    FL_SQL_HISTORY,
    FL_SQL_HISTORY_OF,
    FL_SQL_PORTS,
    FL_SQL_PORT_PUT,
    FL_SQL_VERDICTS,
    FL_SQL_VERDICT_PUT,
    FL_SQL_HOST_KEYS,
    FL_SQL_HOST_KEY_PUT,
    FL_SQL_HOST_KEY_DROP,
    FL_SQL_BGJOBS,
    FL_SQL_BGJOB_PUT,
    FL_SQL_BGJOB_DROP,
    FL_SQL_BGPODS,
    FL_SQL_BGPOD_PUT,
    FL_SQL_STANDINGS,
    FL_SQL_STANDING_PUT,
    FL_SQL_ACCESSES,
    FL_SQL_ACCESS_PUT,
    FL_SQL_BACKUPS,
    FL_SQL_BACKUP_PUT,
    FL_SQL_COUNT
};

struct fl_state {
    pthread_mutex_t mutex; /* guards everything below it but path */
    sqlite3 *db;
    sqlite3_stmt *statements[FL_SQL_COUNT]; /* prepared when it is opened */
    char damage[160]; /* why the file is no sound state of ours; "": it is */
    char *path;       /* the file, for errors */
};

/* Connecting, one thread: an empty handle, then a file (flags as those of
 * sqlite3_open_v2), then what the mode needs. */
struct fl_state *fl_db_new(const char *path);
void fl_db_free(struct fl_state *state);
int fl_db_connect(struct fl_state *state, const char *file, int flags,
                  struct fleet_error *err);
/* A file by what is in it: a copy in memory, which nobody can write. */
int fl_db_connect_bytes(struct fl_state *state, const char *bytes, size_t len,
                        struct fleet_error *err);
void fl_db_disconnect(struct fl_state *state);
/* The same without writing anything more: the log beside the file stays. */
void fl_db_abandon(struct fl_state *state);
/* Sound, and of a version we understand: *version is 0 (new) to ours. */
int fl_db_check(struct fl_state *state, int *version, struct fleet_error *err);
int fl_db_version(void);
int fl_db_migrate(struct fl_state *state, struct fleet_error *err);
/* A copy in memory takes the place of the file. */
int fl_db_detach(struct fl_state *state, struct fleet_error *err);
int fl_db_prepare(struct fl_state *state, struct fleet_error *err);
int fl_db_exec(struct fl_state *state, const char *sql,
               struct fleet_error *err);

/* Use, any thread:
 *   FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
 * Leaving without a commit rolls back. */
struct fl_state *fl_db_enter(struct fl_state *state);
void fl_db_leave(struct fl_state *state);
FL_CLEANUP(fl_db_leave, struct fl_state *);
int fl_db_begin(struct fl_state *state, struct fleet_error *err);
int fl_db_commit(struct fl_state *state, struct fleet_error *err);

/* One use of a statement; parameters are bound in order, text is borrowed until
 * the end. The first failure sticks and is told by run or rows. */
struct fl_query {
    struct fl_state *state;
    sqlite3_stmt *statement;
    int bound, failed;
};
struct fl_query fl_query(struct fl_state *state, enum fl_sql which);
void fl_query_text(struct fl_query *query, const char *text);
void fl_query_number(struct fl_query *query, int64_t number);
void fl_query_end(struct fl_query *query);
FL_CLEANUP_IN_PLACE(fl_query_end, struct fl_query);
/* To its end, for statements without rows. */
int fl_query_run(struct fl_query *query, struct fleet_error *err);

/* How a row becomes a struct and back: column i is the cell i. */
enum fl_cell_type { FL_CELL_TEXT = 1, FL_CELL_INT64, FL_CELL_INT };
struct fl_cell {
    enum fl_cell_type type;
    size_t offset;
};
struct fl_row {
    size_t size;
    const struct fl_cell *cells;
    int count;
};
/* clang-format off */
#define FL_CELL(type_, member_)                                                \
    {_Generic(((type_ *)0)->member_,                                           \
        char *: FL_CELL_TEXT,                                                  \
        int64_t: FL_CELL_INT64,                                                \
        int: FL_CELL_INT), offsetof(type_, member_)}
#define FL_ROW(type_, cells_)                                                  \
    {sizeof(type_), (cells_), sizeof(cells_) / sizeof((cells_)[0])}
/* clang-format on */
void fl_query_row(struct fl_query *query, const struct fl_row *row,
                  const void *from);
void fl_row_clear(const struct fl_row *row, void *at);

struct fl_rows {
    void *at;
    size_t n, size;
};
int fl_query_rows(struct fl_query *query, const struct fl_row *row,
                  struct fl_rows *out, struct fleet_error *err);
void fl_rows_clear(const struct fl_row *row, void *at, size_t n);
/* A statement without parameters that has rows, and one that takes one. */
int fl_rows_load(struct fl_state *held, enum fl_sql which,
                 const struct fl_row *row, struct fl_rows *out,
                 struct fleet_error *err);
int fl_row_put(struct fl_state *held, enum fl_sql which,
               const struct fl_row *row, const void *from,
               struct fleet_error *err);

/* fl_state_put and fl_state_drop inside somebody's transaction. */
struct fl_known;
int fl_db_put(struct fl_state *held, const struct fl_known *known,
              struct fleet_error *err);
int fl_db_drop(struct fl_state *held, const char *name,
               struct fleet_error *err);

#endif
