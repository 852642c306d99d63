/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/journal.h"

#include "core/base/clock.h"
#include "core/engine/db.h"
#include "core/engine/who.h"

#include <errno.h>
#include <fleet/log.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#define TOKEN_LETTERS "0123456789abcdefghijklmnopqrstuvwxyz"
#define TOKEN_LENGTH  28 /* with its "c-" */

/* clang-format off */
static const struct fl_cell run_cells[] = {
    FL_CELL(struct fl_run_record, id),
    FL_CELL(struct fl_run_record, started_at),
    FL_CELL(struct fl_run_record, ended_at),
    FL_CELL(struct fl_run_record, user),
    FL_CELL(struct fl_run_record, host),
    FL_CELL(struct fl_run_record, command),
    FL_CELL(struct fl_run_record, pid),
    FL_CELL(struct fl_run_record, status),
};
static const struct fl_cell intent_cells[] = {
    FL_CELL(struct fl_intent, id),
    FL_CELL(struct fl_intent, run),
    FL_CELL(struct fl_intent, op),
    FL_CELL(struct fl_intent, name),
    FL_CELL(struct fl_intent, provider),
    FL_CELL(struct fl_intent, pod_id),
    FL_CELL(struct fl_intent, token),
    FL_CELL(struct fl_intent, detail),
    FL_CELL(struct fl_intent, begun_at),
    FL_CELL(struct fl_intent, ended_at),
    FL_CELL(struct fl_intent, result),
    FL_CELL(struct fl_intent, message),
};
/* clang-format on */
static const struct fl_row run_row = FL_ROW(struct fl_run_record, run_cells);
static const struct fl_row intent_row = FL_ROW(struct fl_intent, intent_cells);

void fl_run_record_clear(struct fl_run_record *run)
{
    fl_row_clear(&run_row, run);
}

void fl_intent_clear(struct fl_intent *intent)
{
    fl_row_clear(&intent_row, intent);
}

int fl_journal_run_begin(struct fl_state *state, const char *command,
                         int64_t *run, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_RUN_BEGIN);
    char now[FL_STAMP_SIZE];
    struct fl_who who;
    int rc;

    fl_stamp(now, time(NULL));
    fl_who_am_i(&who);
    fl_query_text(&query, now);
    fl_query_text(&query, who.user);
    fl_query_text(&query, who.host);
    fl_query_number(&query, who.pid);
    fl_query_text(&query, command);
    rc = fl_query_run(&query, err);
    if (rc == 0)
        *run = sqlite3_last_insert_rowid(held->db);
    return rc;
}

/* What closes something must have found it open. */
static int check_one(struct fl_state *held, const char *what, int64_t id,
                     struct fleet_error *err)
{
    if (sqlite3_changes(held->db) == 1)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINTERNAL,
                      "%s: %s %" PRId64 " is not open: please report this",
                      held->path, what, id);
}

int fl_journal_run_end(struct fl_state *state, int64_t run, int status,
                       struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_RUN_END);
    char now[FL_STAMP_SIZE];
    int rc;

    fl_stamp(now, time(NULL));
    fl_query_text(&query, now);
    fl_query_number(&query, status);
    fl_query_number(&query, run);
    rc = fl_query_run(&query, err);
    return rc < 0 ? rc : check_one(held, "run", run, err);
}

int fl_journal_begin(struct fl_state *state, int64_t run,
                     const struct fl_intent *intent, int64_t *id,
                     struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_INTENT_BEGIN);
    char now[FL_STAMP_SIZE];
    int rc;

    fl_stamp(now, time(NULL));
    fl_query_number(&query, run);
    fl_query_text(&query, intent->op);
    fl_query_text(&query, intent->name);
    fl_query_text(&query, intent->provider);
    fl_query_text(&query, intent->pod_id);
    fl_query_text(&query, intent->token);
    fl_query_text(&query, intent->detail);
    fl_query_text(&query, now);
    rc = fl_query_run(&query, err);
    if (rc < 0)
        return rc;
    *id = sqlite3_last_insert_rowid(held->db);
    fleet_log(FLEET_LOG_WIRE, "journal", "%" PRId64 ": %s %s begins", *id,
              intent->op, intent->name);
    return FLEET_OK;
}

static int close_intent(struct fl_state *held, int64_t id, const char *result,
                        const char *pod_id, const char *message,
                        struct fleet_error *err)
{
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_INTENT_END);
    char now[FL_STAMP_SIZE];
    int rc;

    fl_stamp(now, time(NULL));
    fl_query_text(&query, now);
    fl_query_text(&query, result);
    fl_query_text(&query, pod_id);
    fl_query_text(&query, message);
    fl_query_number(&query, id);
    rc = fl_query_run(&query, err);
    return rc < 0 ? rc : check_one(held, "intent", id, err);
}

int fl_journal_end(struct fl_state *state, int64_t id, const char *result,
                   const char *pod_id, const char *message,
                   const struct fl_known *put, const char *drop,
                   struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    int rc = fl_db_begin(held, err);

    if (rc == 0)
        rc = close_intent(held, id, result, pod_id, message, err);
    if (rc == 0 && drop)
        rc = fl_db_drop(held, drop, err);
    if (rc == 0 && put)
        rc = fl_db_put(held, put, err);
    if (rc == 0)
        rc = fl_db_commit(held, err);
    if (rc == 0)
        fleet_log(FLEET_LOG_WIRE, "journal", "%" PRId64 ": %s", id, result);
    return rc;
}

static int read_intents(struct fl_query *query, struct fl_intent_list *out,
                        struct fleet_error *err)
{
    struct fl_rows rows;
    int rc = fl_query_rows(query, &intent_row, &rows, err);

    if (rc < 0)
        return rc;
    *out = (struct fl_intent_list){rows.at, rows.n, rows.size};
    return FLEET_OK;
}

int fl_journal_open_intents(struct fl_state *state, struct fl_intent_list *out,
                            struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_INTENTS_OPEN);

    return read_intents(&query, out, err);
}

/* SQLite takes a negative limit for none. */
static int64_t sql_limit(int limit)
{
    return limit > 0 ? limit : -1;
}

int fl_journal_history(struct fl_state *state, const char *name, int limit,
                       struct fl_intent_list *out, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query =
        fl_query(held, name ? FL_SQL_HISTORY_OF : FL_SQL_HISTORY);

    if (name)
        fl_query_text(&query, name);
    fl_query_number(&query, sql_limit(limit));
    return read_intents(&query, out, err);
}

void fl_intent_list_clear(struct fl_intent_list *list)
{
    fl_rows_clear(&intent_row, list->at, list->n);
    *list = (struct fl_intent_list){0};
}

int fl_journal_runs(struct fl_state *state, int limit, struct fl_run_list *out,
                    struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end) struct fl_query query = fl_query(held, FL_SQL_RUNS);
    struct fl_rows rows;
    int rc;

    fl_query_number(&query, sql_limit(limit));
    rc = fl_query_rows(&query, &run_row, &rows, err);
    if (rc < 0)
        return rc;
    *out = (struct fl_run_list){rows.at, rows.n, rows.size};
    return FLEET_OK;
}

void fl_run_list_clear(struct fl_run_list *list)
{
    fl_rows_clear(&run_row, list->at, list->n);
    *list = (struct fl_run_list){0};
}

/* Bytes that would make some letters likelier than others are thrown away. */
static size_t add_letters(char *out, size_t n, const unsigned char *bytes,
                          size_t count)
{
    const unsigned letters = sizeof(TOKEN_LETTERS) - 1;

    for (size_t i = 0; i < count && n < TOKEN_LENGTH; i++)
        if (bytes[i] < 256 / letters * letters)
            out[n++] = TOKEN_LETTERS[bytes[i] % letters];
    return n;
}

int fl_token_new(char out[33], struct fleet_error *err)
{
    char token[TOKEN_LENGTH + 1] = "c-";
    unsigned char bytes[64];
    size_t n = 2;

    while (n < TOKEN_LENGTH) {
        ssize_t got = getrandom(bytes, sizeof(bytes), 0);

        if (got < 0 && errno != EINTR)
            return fleet_fail(err, FLEET_EINTERNAL,
                              "no random numbers from the kernel: %m");
        n = add_letters(token, n, bytes, got < 0 ? 0 : (size_t)got);
    }
    memcpy(out, token, sizeof(token));
    return FLEET_OK;
}
