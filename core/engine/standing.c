/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/standing.h"

#include "core/engine/db.h"

#include <string.h>

/* clang-format off */
static const struct fl_cell standing_cells[] = {
    FL_CELL(struct fl_standing, id),
    FL_CELL(struct fl_standing, generation),
    FL_CELL(struct fl_standing, revoked_at),
    FL_CELL(struct fl_standing, pods),
};
static const struct fl_row standing_row =
    FL_ROW(struct fl_standing, standing_cells);

static const struct fl_cell access_cells[] = {
    FL_CELL(struct fl_access, name),
    FL_CELL(struct fl_access, provider),
    FL_CELL(struct fl_access, pod_id),
    FL_CELL(struct fl_access, at),
    FL_CELL(struct fl_access, people),
};
static const struct fl_row access_row = FL_ROW(struct fl_access, access_cells);
/* clang-format on */

int fl_standings_load(struct fl_state *state, struct fl_standing_list *out,
                      struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_STANDINGS, &standing_row, &rows, err);

    if (rc == 0)
        *out = (struct fl_standing_list){rows.at, rows.n, rows.size};
    return rc;
}

const struct fl_standing *fl_standing_of(const struct fl_standing_list *list,
                                         const char *id)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i].id, id) == 0)
            return &list->at[i];
    return NULL;
}

int fl_standing_put(struct fl_state *state, const struct fl_standing *standing,
                    struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);

    return fl_row_put(held, FL_SQL_STANDING_PUT, &standing_row, standing, err);
}

void fl_standing_list_clear(struct fl_standing_list *list)
{
    fl_rows_clear(&standing_row, list->at, list->n);
    *list = (struct fl_standing_list){0};
}

int fl_accesses_load(struct fl_state *state, struct fl_access_list *out,
                     struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_ACCESSES, &access_row, &rows, err);

    if (rc == 0)
        *out = (struct fl_access_list){rows.at, rows.n, rows.size};
    return rc;
}

const struct fl_access *fl_access_of(const struct fl_access_list *list,
                                     const char *provider, const char *pod_id)
{
    for (size_t i = 0; pod_id && i < list->n; i++)
        if (strcmp(list->at[i].pod_id, pod_id) == 0 &&
            strcmp(list->at[i].provider, provider) == 0)
            return &list->at[i];
    return NULL;
}

int fl_accesses_put(struct fl_state *state, const struct fl_access *accesses,
                    size_t n, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    int rc = fl_db_begin(held, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc =
            fl_row_put(held, FL_SQL_ACCESS_PUT, &access_row, &accesses[i], err);
    return rc < 0 ? rc : fl_db_commit(held, err);
}

void fl_access_list_clear(struct fl_access_list *list)
{
    fl_rows_clear(&access_row, list->at, list->n);
    *list = (struct fl_access_list){0};
}
