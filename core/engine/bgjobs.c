/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/bgjobs.h"

#include "core/engine/checkup.h"
#include "core/engine/db.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct fl_cell job_cells[] = {
    FL_CELL(struct fl_bgjob, id),
    FL_CELL(struct fl_bgjob, at),
    FL_CELL(struct fl_bgjob, command),
};
static const struct fl_row job_row = FL_ROW(struct fl_bgjob, job_cells);

static const struct fl_cell pod_cells[] = {
    FL_CELL(struct fl_bgpod, job),
    FL_CELL(struct fl_bgpod, name),
    FL_CELL(struct fl_bgpod, provider),
    FL_CELL(struct fl_bgpod, pod_id),
    FL_CELL(struct fl_bgpod, state),
    FL_CELL(struct fl_bgpod, status),
    FL_CELL(struct fl_bgpod, ended_at),
    FL_CELL(struct fl_bgpod, why),
};
static const struct fl_row pod_row = FL_ROW(struct fl_bgpod, pod_cells);
/* clang-format on */

int fl_bgjobs_load(struct fl_state *state, struct fl_bgjobs *out,
                   struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_bgjobs_clear) struct fl_bgjobs made = {0};
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_BGJOBS, &job_row, &rows, err);

    if (rc < 0)
        return rc;
    made.jobs = rows.at;
    made.n_jobs = rows.n;
    rc = fl_rows_load(held, FL_SQL_BGPODS, &pod_row, &rows, err);
    if (rc < 0)
        return rc;
    made.pods = rows.at;
    made.n_pods = rows.n;
    *out = made;
    made = (struct fl_bgjobs){0};
    return FLEET_OK;
}

void fl_bgjobs_clear(struct fl_bgjobs *jobs)
{
    fl_rows_clear(&job_row, jobs->jobs, jobs->n_jobs);
    fl_rows_clear(&pod_row, jobs->pods, jobs->n_pods);
    *jobs = (struct fl_bgjobs){0};
}

int fl_bgjobs_find(const struct fl_bgjobs *jobs, const char *id,
                   const struct fl_bgjob **out, struct fleet_error *err)
{
    const struct fl_bgjob *found = NULL;

    for (size_t i = 0; i < jobs->n_jobs; i++) {
        const struct fl_bgjob *job = &jobs->jobs[i];

        if (!*id || strncmp(job->id, id, strlen(id)) != 0)
            continue;
        if (found)
            return fleet_fail(err, FLEET_EUSAGE,
                              "%s: the jobs %s and %s begin so: give more of "
                              "it",
                              id, found->id, job->id);
        found = job;
    }
    if (!found)
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "%.64s: no such job: `fleet jobs` lists them", id);
    *out = found;
    return FLEET_OK;
}

bool fl_bgpod_ended(const struct fl_bgpod *pod)
{
    static const char *const ends[] = {"exited", "lost", "gone", "failed"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        if (strcmp(pod->state, ends[i]) == 0)
            return true;
    }
    return false;
}

int fl_bgjob_name(char out[FL_BGJOB_ID_SIZE], struct fleet_error *err)
{
    char nonce[FL_NONCE_SIZE];
    int rc = fl_nonce(nonce, err);

    if (rc == 0)
        snprintf(out, FL_BGJOB_ID_SIZE, "%.8s", nonce);
    return rc;
}

int fl_bgjobs_put(struct fl_state *state, const struct fl_bgjob *job,
                  const struct fl_bgpod *pods, size_t n,
                  struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    int rc = fl_db_begin(held, err);

    if (rc == 0 && job)
        rc = fl_row_put(held, FL_SQL_BGJOB_PUT, &job_row, job, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = fl_row_put(held, FL_SQL_BGPOD_PUT, &pod_row, &pods[i], err);
    return rc < 0 ? rc : fl_db_commit(held, err);
}

int fl_bgjobs_drop(struct fl_state *state, const char *id,
                   struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_query_end)
    struct fl_query query = fl_query(held, FL_SQL_BGJOB_DROP);

    fl_query_text(&query, id);
    return fl_query_run(&query, err);
}
