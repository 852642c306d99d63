/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/cron.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/talk.h"
#include "core/cmd/work.h"

#include <string.h>

struct cron_options {
    char *at, *log;
    bool mail;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "at", .type = FLEET_OPT_STRING, .fallback = "03:30",
     .help = "when, as HH:MM of this computer's clock",
     FLEET_AT(struct cron_options, at)},
    {.key = "log", .type = FLEET_OPT_PATH,
     .help = "file that its output is added to; "
             "default: PREFIX.cron.log in FLEET_STATE_DIR",
     FLEET_AT(struct cron_options, log)},
    {.key = "mail", .type = FLEET_OPT_BOOL,
     .help = "let cron mail its output in place of a log",
     FLEET_AT(struct cron_options, mail)},
    {0},
};
/* clang-format on */

struct work {
    struct fl_context *context;
    const struct cron_options *options;
    struct fl_cron cron;
};

static bool parse_time(const char *text, int *hour, int *minute)
{
    FL_AUTO_FREE char *copy = strdup(text);
    char *colon = copy ? strchr(copy, ':') : NULL;
    int64_t h, m;

    if (!colon)
        return false;
    *colon = '\0';
    if (strlen(colon + 1) != 2 || !fl_parse_int(copy, 0, 23, &h) ||
        !fl_parse_int(colon + 1 + (colon[1] == '0'), 0, 59, &m))
        return false;
    *hour = (int)h;
    *minute = (int)m;
    return true;
}

/* ---- what cron will not know ---- */

static void add_from_environment(const struct fl_config *config,
                                 const struct fl_options *table,
                                 struct fl_strv *keys)
{
    struct fleet_option option;
    struct fl_value value;

    for (size_t i = 0; fl_option_at(table, i, &option); i++) {
        if (strncmp(option.key, "FLEET_", 6) != 0 &&
            fl_config_lookup(config, &option, &value) &&
            value.source == FL_SOURCE_ENVIRONMENT &&
            !fl_strv_has(keys, option.key))
            fl_strv_add(keys, option.key);
    }
}

static void warn_of_environment(struct work *work)
{
    struct fl_engine *engine = &work->context->engine;
    FL_AUTO(fl_strv_clear) struct fl_strv keys = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4096);

    add_from_environment(&engine->config, &fl_settings_table, &keys);
    for (size_t i = 0; i < engine->plugins.n; i++) {
        const struct fl_plugin *plugin = engine->plugins.at[i];

        if (plugin->status == FL_PLUGIN_LOADED)
            add_from_environment(&engine->config, &plugin->options, &keys);
    }
    for (size_t i = 0; i < keys.n; i++)
        fl_buf_printf(&text, " %s", keys.at[i]);
    if (keys.n > 0)
        fl_say(work->context,
               "fleet: warning: set in the environment now, which cron does "
               "not have:%s; put what is needed into %s",
               fl_buf_text(&text), engine->config.path);
}

/* ---- the deeds ---- */

static void make_document(struct work *work, bool changed)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->cron.lines.n; i++)
        fl_json_add(list, fl_json_text(work->cron.lines.at[i]));
    fl_json_put(work->context->document, "lines", list);
    fl_json_put(work->context->document, "changed", json_boolean(changed));
}

static char *log_path(const struct work *work)
{
    const struct fl_engine *engine = &work->context->engine;

    if (work->options->log)
        return strdup(work->options->log);
    return fl_format("%s/%s.cron.log", engine->state_dir,
                     engine->cohort.prefix);
}

static int install(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    FL_AUTO_FREE char *log = log_path(work);
    FL_AUTO_FREE char *line = NULL;
    bool changed = false;
    int hour, minute, rc;

    if (!log)
        return fl_enomem(err);
    if (!parse_time(work->options->at, &hour, &minute))
        return fleet_fail(err, FLEET_EUSAGE,
                          "--at: %.32s is no time of day: write it as 03:30",
                          work->options->at);
    rc = fl_cron_line(&context->engine, &work->cron, hour, minute,
                      work->options->mail ? NULL : log, &line, err);
    if (rc < 0)
        return rc;
    warn_of_environment(work);
    if (context->globals.dry_run) {
        fl_say(context, "would put into the crontab:");
        fl_print_text(context, line, strlen(line));
        fl_print(context, "\n");
        return FLEET_OK;
    }
    rc = fl_consent(context, "cron install", err);
    if (rc == 0)
        rc = fl_cron_set(&work->cron, line, &changed, err);
    if (rc == 0)
        fl_say(context, "%s: every day at %02d:%02d",
               changed ? "installed" : "it is there already", hour, minute);
    make_document(work, changed);
    return rc;
}

static int uninstall(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    bool changed = false;
    int rc = FLEET_OK;

    if (!context->globals.dry_run)
        rc = fl_consent(context, "cron remove", err);
    if (rc == 0 && !context->globals.dry_run)
        rc = fl_cron_set(&work->cron, NULL, &changed, err);
    if (rc == 0)
        fl_say(context, "%s",
               changed                  ? "removed"
               : work->cron.lines.n > 0 ? "would remove it"
                                        : "there is none");
    make_document(work, changed);
    return rc;
}

static int show(struct work *work, struct fleet_error *err)
{
    (void)err;
    for (size_t i = 0;
         i < work->cron.lines.n && work->context->format != FL_FORMAT_JSON;
         i++) {
        const char *line = work->cron.lines.at[i];

        fl_print_text(work->context, line, strlen(line));
        fl_print(work->context, "\n");
    }
    if (work->cron.lines.n == 0)
        fl_say(work->context, "none: `fleet cron install` makes backups every "
                              "night");
    make_document(work, false);
    return FLEET_OK;
}

static int run(struct fl_context *context, const void *given)
{
    static const struct {
        const char *word;
        int (*deed)(struct work *work, struct fleet_error *err);
    } deeds[] = {{"install", install}, {"remove", uninstall}, {"show", show}};
    struct work work = {.context = context, .options = given};
    struct fleet_error err = {0};
    int rc = FLEET_EUSAGE;

    for (size_t i = 0; i < 3 && context->n_args == 1; i++) {
        if (strcmp(context->args[0], deeds[i].word) != 0)
            continue;
        rc = fl_work_open(context, &err);
        if (rc == 0)
            rc = fl_cron_open(&context->engine, &work.cron, &err);
        if (rc == 0)
            rc = deeds[i].deed(&work, &err);
        fl_cron_clear(&work.cron);
        return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
    }
    return fl_usage(context, "fleet cron install, show or remove");
}

const struct fl_command fl_cmd_cron = {
    .name = "cron",
    .group = "This installation",
    .summary = "back up every night, by cron",
    .synopsis = "install | show | remove",
    .example = "fleet cron install --at 02:15\n"
               "fleet cron show\n"
               "fleet cron remove",
    .about =
        "install: puts one line into this user's crontab that runs `fleet "
        "backup` of this cohort every day; run again, it changes that line.\n"
        "show: that line.\n"
        "remove: takes it out.\n"
        "Only the line with this cohort's mark at its end is touched. Nothing "
        "secret stands in it: what is needed has to be in the configuration "
        "file, and a key with a passphrase does not open anything at night.",
    .options = options,
    .options_size = sizeof(struct cron_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_WORDS,
    .words = FL_WORDS("install", "show", "remove"),
    .run = run,
};
