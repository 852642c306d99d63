/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CRON_H
#define FL_ENGINE_CRON_H

#include "core/engine/engine.h"

/* This user's crontab, by the program of that name, and the line in it that is
 * this cohort's: it ends in "# fleet cron PREFIX HASH", where the hash is of
 * the configuration file and the state directory. */
struct fl_cron {
    char *marker;
    char *text;           /* the crontab; "": there is none */
    struct fl_strv lines; /* ours */
};
/* FLEET_ENOTFOUND: no such program. */
int fl_cron_open(struct fl_engine *engine, struct fl_cron *cron,
                 struct fleet_error *err);
void fl_cron_clear(struct fl_cron *cron);
FL_CLEANUP_IN_PLACE(fl_cron_clear, struct fl_cron);

/* The line that runs `fleet backup` every day: absolute paths, no secrets. LOG
 * NULL: what it prints is mailed by cron. FLEET_ECONFIG: no configuration
 * file, or a path that cannot stand in a crontab. */
int fl_cron_line(const struct fl_engine *engine, const struct fl_cron *cron,
                 int hour, int minute, const char *log, char **line,
                 struct fleet_error *err);
/* Ours become LINE (NULL: none), and that is read back. *changed: it was not so
 * already. */
int fl_cron_set(struct fl_cron *cron, const char *line, bool *changed,
                struct fleet_error *err);

#endif
