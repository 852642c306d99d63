/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/health.h"

#include "core/engine/db.h"

#include <string.h>

/* clang-format off */
static const struct fl_cell verdict_cells[] = {
    FL_CELL(struct fl_verdict, name),
    FL_CELL(struct fl_verdict, provider),
    FL_CELL(struct fl_verdict, pod_id),
    FL_CELL(struct fl_verdict, at),
    FL_CELL(struct fl_verdict, verdict),
    FL_CELL(struct fl_verdict, facts),
};
static const struct fl_row verdict_row =
    FL_ROW(struct fl_verdict, verdict_cells);

static const struct fl_cell host_key_cells[] = {
    FL_CELL(struct fl_host_key, name),
    FL_CELL(struct fl_host_key, provider),
    FL_CELL(struct fl_host_key, pod_id),
    FL_CELL(struct fl_host_key, at),
    FL_CELL(struct fl_host_key, key),
};
static const struct fl_row host_key_row =
    FL_ROW(struct fl_host_key, host_key_cells);
/* clang-format on */

int fl_verdicts_load(struct fl_state *state, struct fl_verdict_list *out,
                     struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_VERDICTS, &verdict_row, &rows, err);

    if (rc == 0)
        *out = (struct fl_verdict_list){rows.at, rows.n, rows.size};
    return rc;
}

void fl_verdict_list_clear(struct fl_verdict_list *list)
{
    fl_rows_clear(&verdict_row, list->at, list->n);
    *list = (struct fl_verdict_list){0};
}

const struct fl_verdict *fl_verdict_of(const struct fl_verdict_list *list,
                                       const char *provider,
                                       const struct fleet_pod *pod)
{
    const char *id = fleet_pod_get(pod, FLEET_POD_ID);

    for (size_t i = 0; id && i < list->n; i++) {
        if (strcmp(list->at[i].pod_id, id) == 0 &&
            strcmp(list->at[i].provider, provider) == 0)
            return &list->at[i];
    }
    return NULL;
}

int fl_host_keys_load(struct fl_state *state, struct fl_host_key_list *out,
                      struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_HOST_KEYS, &host_key_row, &rows, err);

    if (rc == 0)
        *out = (struct fl_host_key_list){rows.at, rows.n, rows.size};
    return rc;
}

void fl_host_key_list_clear(struct fl_host_key_list *list)
{
    fl_rows_clear(&host_key_row, list->at, list->n);
    *list = (struct fl_host_key_list){0};
}

int fl_host_key_forget(struct fl_state *state, const char *provider,
                       const char *pod_id, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_HOST_KEY_DROP);

    fl_query_text(&query, provider);
    fl_query_text(&query, pod_id);
    return fl_query_run(&query, err);
}

int fl_health_put(struct fl_state *state, const struct fl_verdict *verdicts,
                  size_t n_verdicts, const struct fl_host_key *keys,
                  size_t n_keys, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    int rc = fl_db_begin(held, err);

    for (size_t i = 0; rc == 0 && i < n_verdicts; i++)
        rc = fl_row_put(held, FL_SQL_VERDICT_PUT, &verdict_row, &verdicts[i],
                        err);
    for (size_t i = 0; rc == 0 && i < n_keys; i++)
        rc =
            fl_row_put(held, FL_SQL_HOST_KEY_PUT, &host_key_row, &keys[i], err);
    return rc < 0 ? rc : fl_db_commit(held, err);
}
