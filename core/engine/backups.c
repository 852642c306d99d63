/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/backups.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/checkout.h"
#include "core/engine/db.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

/* clang-format off */
static const struct fl_cell backup_cells[] = {
    FL_CELL(struct fl_backup, name),
    FL_CELL(struct fl_backup, provider),
    FL_CELL(struct fl_backup, pod_id),
    FL_CELL(struct fl_backup, at),
    FL_CELL(struct fl_backup, branch),
    FL_CELL(struct fl_backup, commit),
    FL_CELL(struct fl_backup, print),
    FL_CELL(struct fl_backup, files),
    FL_CELL(struct fl_backup, sum),
    FL_CELL(struct fl_backup, files_at),
};
static const struct fl_row backup_row = FL_ROW(struct fl_backup, backup_cells);
/* clang-format on */

int fl_backups_load(struct fl_state *state, struct fl_backup_list *out,
                    struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_BACKUPS, &backup_row, &rows, err);

    if (rc == 0)
        *out = (struct fl_backup_list){rows.at, rows.n, rows.size};
    return rc;
}

void fl_backup_list_clear(struct fl_backup_list *list)
{
    fl_rows_clear(&backup_row, list->at, list->n);
    *list = (struct fl_backup_list){0};
}

int fl_backups_put(struct fl_state *state, const struct fl_backup *backups,
                   size_t n, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    int rc = fl_db_begin(held, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = fl_row_put(held, FL_SQL_BACKUP_PUT, &backup_row, &backups[i], err);
    return rc < 0 ? rc : fl_db_commit(held, err);
}

const struct fl_backup *fl_backup_of(const struct fl_backup_list *list,
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

const struct fl_backup *fl_backup_named(const struct fl_backup_list *list,
                                        const char *name)
{
    const struct fl_backup *newest = NULL;

    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->at[i].name, name) == 0)
            newest = &list->at[i]; /* they are in order of time */
    }
    return newest;
}

bool fl_backups_used(const struct fl_settings *settings,
                     const struct fl_backup_list *list)
{
    return fl_checkout_configured(settings) || settings->backup_paths ||
           list->n > 0;
}

/* Days since the epoch of a day of the calendar; -1: there is no such day. */
static int64_t days_of(int year, int month, int mday)
{
    struct tm day = {
        .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = mday};
    time_t when = timegm(&day);

    if (day.tm_mon != month - 1 || day.tm_mday != mday)
        return -1;
    return (int64_t)when / DAY_S;
}

static int64_t parse_day(const char *text)
{
    int year, month, mday, end = 0;

    for (size_t i = 0; i < 10; i++) {
        bool dash = i == 4 || i == 7;

        if (dash ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return -1;
    }
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &mday, &end) != 3 ||
        text[end])
        return -1;
    return days_of(year, month, mday);
}

int fl_course_day(const char *start, const struct tm *now,
                  char out[FL_DAY_SIZE], struct fleet_error *err)
{
    int64_t today = days_of(now->tm_year + 1900, now->tm_mon + 1, now->tm_mday);
    int64_t first, passed;

    if (!start) {
        strftime(out, FL_DAY_SIZE, "w%Vd%u", now);
        return FLEET_OK;
    }
    first = parse_day(start);
    if (first < 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "COURSE_START: %.32s is no day: write it as "
                          "2026-11-23",
                          start);
    passed = today - first;
    if (passed < 0)
        snprintf(out, FL_DAY_SIZE, "w0d0");
    else
        snprintf(out, FL_DAY_SIZE, "w%lldd%lld", (long long)(passed / 7),
                 (long long)(passed % 7 + 1));
    return FLEET_OK;
}

bool fl_course_day_valid(const char *day)
{
    size_t week, weekday;

    if (day[0] != 'w')
        return false;
    week = strspn(day + 1, "0123456789");
    if (week < 1 || week > 4 || day[1 + week] != 'd')
        return false;
    weekday = strspn(day + 2 + week, "0123456789");
    return weekday == 1 && !day[2 + week + weekday];
}

char *fl_backup_branch(const char *prefix, const char *day,
                       const char *short_name)
{
    return fl_format("autocommit-%s-%s-%s", prefix, day, short_name);
}
