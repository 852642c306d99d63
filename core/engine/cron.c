/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/cron.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/model/crontab.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX   ((size_t)1 << 20)
#define LINE_BYTES 990 /* what the most modest cron takes of a command */
#define LIMIT_MS   20000
#define PATHS      "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

/* FNV-1a: it only tells one cohort's line from another's. */
static uint32_t hash_of(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static char *absolute(const char *path)
{
    return realpath(path, NULL);
}

static int make_marker(const struct fl_engine *engine, char **marker,
                       struct fleet_error *err)
{
    FL_AUTO_FREE char *config = NULL;
    uint32_t hash = 2166136261u;

    if (!engine->config.path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "cron needs a configuration file: `fleet init` "
                          "writes one, --config names another");
    config = absolute(engine->config.path);
    if (!config)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %m", engine->config.path);
    hash = hash_of(hash, config);
    hash = hash_of(hash_of(hash, "\n"), engine->state_dir);
    *marker =
        fl_format("# fleet cron %s %08" PRIx32, engine->cohort.prefix, hash);
    return *marker ? FLEET_OK : fl_enomem(err);
}

/* "" where this user has none yet. */
static int read_crontab(char **text, struct fleet_error *err)
{
    static const char *const argv[] = {"crontab", "-l", NULL};
    const struct fleet_program program = {
        .size = sizeof(program), .argv = argv, .max_output = TEXT_MAX};
    FL_AUTO_FREE char *output = NULL;
    struct fleet_error why = {0};
    int rc = fl_program_run(&program, fl_deadline(LIMIT_MS), &output, &why);

    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, rc,
                          "there is no crontab here: install cron, or run "
                          "`fleet backup` by something else");
    if (rc < 0 && (why.detail != 1 || !strstr(why.text, "no crontab")))
        return fleet_fail(err, rc, "crontab -l: %s", why.text);
    *text = rc < 0 || !output ? strdup("") : fl_take(output);
    return *text ? FLEET_OK : fl_enomem(err);
}

static int write_crontab(const char *text, struct fleet_error *err)
{
    static const char *const argv[] = {"crontab", "-", NULL};
    const struct fleet_program program = {
        .size = sizeof(program), .argv = argv, .input = text};
    int rc = fl_program_run(&program, fl_deadline(LIMIT_MS), NULL, err);

    return rc < 0 ? fl_error_in(err, "crontab") : FLEET_OK;
}

static int look(struct fl_cron *cron, struct fleet_error *err)
{
    FL_AUTO_FREE char *text = NULL;
    int rc = read_crontab(&text, err);

    if (rc < 0)
        return rc;
    free(cron->text);
    cron->text = fl_take(text);
    fl_strv_clear(&cron->lines);
    return fl_crontab_find(cron->text, cron->marker, &cron->lines) < 0
               ? fl_enomem(err)
               : FLEET_OK;
}

int fl_cron_open(struct fl_engine *engine, struct fl_cron *cron,
                 struct fleet_error *err)
{
    int rc = make_marker(engine, &cron->marker, err);

    return rc < 0 ? rc : look(cron, err);
}

void fl_cron_clear(struct fl_cron *cron)
{
    free(cron->marker);
    free(cron->text);
    fl_strv_clear(&cron->lines);
    *cron = (struct fl_cron){0};
}

static int put_path(struct fl_buf *out, const char *path,
                    struct fleet_error *err)
{
    if (strpbrk(path, "\n\r"))
        return fleet_fail(err, FLEET_ECONFIG,
                          "a path with a newline cannot stand in a crontab");
    return fl_crontab_quote(out, path);
}

int fl_cron_line(const struct fl_engine *engine, const struct fl_cron *cron,
                 int hour, int minute, const char *log, char **line,
                 struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4 * PATH_MAX);
    FL_AUTO_FREE char *config = absolute(engine->config.path);
    FL_AUTO_FREE char *program = absolute("/proc/self/exe");
    FL_AUTO_FREE char *state = absolute(engine->state_dir);
    int rc = FLEET_OK;

    if (!config || !program)
        return fleet_fail(err, FLEET_ECONFIG,
                          "it is not known where fleet and its configuration "
                          "lie: %m");
    fl_buf_printf(&out, "%d %d * * * PATH=" PATHS " FLEET_STATE_DIR=", minute,
                  hour);
    rc = put_path(&out, state ? state : engine->state_dir, err);
    fl_buf_putc(&out, ' ');
    if (rc == 0)
        rc = put_path(&out, program, err);
    fl_buf_puts(&out, " --config ");
    if (rc == 0)
        rc = put_path(&out, config, err);
    fl_buf_puts(&out, " --quiet backup");
    if (rc == 0 && log) {
        fl_buf_puts(&out, " >>");
        rc = put_path(&out, log, err);
        fl_buf_puts(&out, " 2>&1");
    }
    fl_buf_printf(&out, " %s", cron->marker);
    if (rc == 0 && out.len > LINE_BYTES)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "the line for cron is too long: use shorter paths");
    if (rc < 0)
        return rc;
    *line = fl_buf_take(&out);
    return *line ? FLEET_OK : fl_enomem(err);
}

/* Whatever the crontab program may have made of it. */
static int check(const struct fl_cron *cron, const char *line,
                 struct fleet_error *err)
{
    bool fine = line
                    ? cron->lines.n == 1 && strcmp(cron->lines.at[0], line) == 0
                    : cron->lines.n == 0;

    return fine ? FLEET_OK
                : fleet_fail(err, FLEET_ECONFLICT,
                             "crontab took it, and does not show it: something "
                             "else has changed it meanwhile; try again");
}

int fl_cron_set(struct fl_cron *cron, const char *line, bool *changed,
                struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(TEXT_MAX);
    int rc = look(cron, err);

    if (rc < 0)
        return rc;
    fl_crontab_edit(cron->text, cron->marker, line, &text, NULL);
    rc = fl_buf_check(&text, "the crontab", err);
    if (rc < 0)
        return rc;
    *changed = strcmp(fl_buf_text(&text), cron->text) != 0;
    if (!*changed)
        return FLEET_OK;
    rc = write_crontab(fl_buf_text(&text), err);
    if (rc == 0)
        rc = look(cron, err);
    return rc < 0 ? rc : check(cron, line, err);
}
