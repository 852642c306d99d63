/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/forwards.h"
#include "core/cmd/keys.h"
#include "core/cmd/output.h"
#include "core/engine/about.h"
#include "core/engine/badge.h"
#include "core/engine/fleet.h"
#include "core/engine/keyfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEEK_S (7 * 86400)

enum verdict { OK, WARN, FAIL };

struct doctor {
    struct fl_context *context;
    struct fl_table table;
    json_t *checks;
    int status;
};

/* Any of detail and remedy may be NULL. */
static void note(struct doctor *doctor, const char *check, enum verdict verdict,
                 const char *detail, const char *remedy)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    json_t *made = json_object();

    fl_table_cell(&doctor->table, check);
    fl_table_cell(&doctor->table, words[verdict]);
    if (remedy)
        fl_table_cellf(&doctor->table, "%s: %s", detail, remedy);
    else
        fl_table_cell(&doctor->table, detail);
    fl_json_put(made, "check", fl_json_text(check));
    fl_json_put(made, "verdict", fl_json_text(words[verdict]));
    fl_json_put(made, "detail", fl_json_text(detail));
    fl_json_put(made, "remedy", fl_json_text(remedy));
    fl_json_add(doctor->checks, made);
    if (verdict == FAIL && doctor->status == FL_EXIT_OK)
        doctor->status = FL_EXIT_FAILED;
}

/* A failure whose kind decides the exit status; its text tells the remedy. */
static void note_error(struct doctor *doctor, const char *check,
                       const struct fleet_error *err)
{
    if (doctor->status == FL_EXIT_OK || doctor->status == FL_EXIT_FAILED)
        doctor->status = fl_exit_for(err->code);
    note(doctor, check, FAIL, err->text, NULL);
}

/* Whether a secret comes from the files. */
static bool holds_secret(struct fl_engine *engine, const char *path)
{
    FL_AUTO(fl_keys_clear) struct fl_keys keys = {0};
    struct fl_value value;

    if (fl_keys_collect(&engine->plugins, &keys, NULL) < 0)
        return false;
    for (size_t i = 0; i < keys.n; i++) {
        if (keys.at[i].option.type == FLEET_OPT_SECRET &&
            fl_config_lookup(&engine->config, &keys.at[i].option, &value) &&
            strncmp(value.where, path, strlen(path)) == 0)
            return true;
    }
    return false;
}

static void check_file(struct doctor *doctor, const char *path)
{
    struct fl_engine *engine = &doctor->context->engine;
    FL_AUTO_FREE char *remedy = fl_format("chmod 600 %s", path);
    struct stat about;

    if (stat(path, &about) == 0 && about.st_mode & 077 &&
        holds_secret(engine, path))
        note(doctor, "config", WARN,
             "there are secrets in it, and others may read it", remedy);
    else
        note(doctor, "config", OK, path, NULL);
}

static void check_config(struct doctor *doctor)
{
    struct fl_engine *engine = &doctor->context->engine;
    struct fleet_error err = {0};
    int rc = fl_engine_open(engine, doctor->context->globals.config, &err);

    if (rc < 0)
        note_error(doctor, "config", &err);
    else if (!engine->config.path && !engine->config.user_file.path)
        note(doctor, "config", WARN, "no file, only the environment",
             "fleet init");
    if (rc == 0 && engine->config.path)
        check_file(doctor, engine->config.path);
    if (rc == 0 && engine->config.user_file.path)
        check_file(doctor, engine->config.user_file.path);
    for (size_t i = 0; i < engine->warnings.n; i++)
        note(doctor, "config", WARN, engine->warnings.at[i], NULL);
    fl_strv_clear(&engine->warnings);
}

/* The .pub must belong to the key: a pair that does not match locks everybody
 * out of pods that were paid for. */
static void check_key(struct doctor *doctor)
{
    const struct fl_settings *settings = &doctor->context->engine.settings;
    FL_AUTO_FREE char *listed = NULL, *real = NULL, *remedy = NULL;
    struct fleet_error err = {0};

    if (fl_settings_public_key(settings, &listed, &err) < 0) {
        note_error(doctor, "key", &err);
        return;
    }
    remedy = fl_format("ssh-keygen -y -f %s > %s.pub", settings->key_path,
                       settings->key_path);
    if (fl_keyfile_public(settings->key_path, &real, &err) < 0)
        note(doctor, "key", WARN, err.text,
             "whether its .pub belongs to it is not known; a key without a "
             "passphrase can be checked");
    else if (!fl_keyfile_same(listed, real))
        note(doctor, "key", FAIL, "the .pub belongs to another key", remedy);
    else
        note(doctor, "key", OK, settings->key_path, NULL);
}

/* The directory, or what it would be made in. */
static int check_writable(const char *path, struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = strdup(path);

    while (dir && access(dir, F_OK) < 0 && errno == ENOENT) {
        char *slash = strrchr(dir, '/');

        if (!slash || slash == dir)
            break;
        *slash = '\0';
    }
    if (!dir)
        return fl_enomem(err);
    if (access(dir, W_OK | X_OK) < 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: %s; make it writable, or set FLEET_STATE_DIR",
                          dir, strerror(errno));
    return FLEET_OK;
}

static void check_state(struct doctor *doctor)
{
    struct fl_engine *engine = &doctor->context->engine;
    struct fleet_error err = {0};
    int rc = check_writable(engine->state_dir, &err);

    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_READ, &err);
    if (rc < 0)
        note_error(doctor, "state", &err);
    else
        note(doctor, "state", OK, engine->state_dir, NULL);
    for (size_t i = 0; i < engine->warnings.n; i++)
        note(doctor, "state", WARN, engine->warnings.at[i], NULL);
    fl_strv_clear(&engine->warnings);
}

static size_t count_members(const struct fl_fleet *fleet,
                            const struct fl_listing *listing)
{
    size_t n = 0;

    for (size_t i = 0; i < fleet->n_members; i++)
        n += fleet->members[i].listing == listing;
    return n;
}

static void check_listings(struct doctor *doctor, const struct fl_fleet *fleet)
{
    for (size_t i = 0; i < fleet->n_listings; i++) {
        const struct fl_listing *listing = &fleet->listings[i];
        size_t n = count_members(fleet, listing);
        FL_AUTO_FREE char *check = fl_format("provider %s", listing->name);
        FL_AUTO_FREE char *detail = fl_format(
            "answers; %zu pod%s of this cohort", n, n == 1 ? "" : "s");

        if (listing->ok)
            note(doctor, check, OK, detail, NULL);
        else
            note_error(doctor, check, &listing->error);
    }
}

static void check_twins(struct doctor *doctor, const struct fl_fleet *fleet)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        FL_AUTO_FREE char *detail = NULL;

        if (!member->twin)
            continue;
        detail = fl_format("%s (%s at %s) is there more than once",
                           fleet_pod_get(member->pod, FLEET_POD_NAME),
                           fleet_pod_get(member->pod, FLEET_POD_ID),
                           member->listing->name);
        note(doctor, "names", WARN, detail,
             "terminate or rename one of them by its id");
    }
}

static void note_about(struct doctor *doctor, const struct fl_about *about)
{
    FL_AUTO_FREE char *check = fl_format("account %s", about->listing->name);
    int found = fl_report_verdict(&about->report);
    enum verdict verdict =
        found == FLEET_FAIL ? FAIL : (found == FLEET_WARN ? WARN : OK);

    if (about->rc < 0)
        note_error(doctor, check, &about->error);
    else
        note(doctor, check, verdict, fl_buf_text(&about->report.detail), NULL);
}

/* What providers say of the accounts that they are asked with. */
static void check_accounts(struct doctor *doctor, struct fl_fleet *fleet)
{
    struct fl_about *about = NULL;
    struct fleet_error err = {0};
    size_t n = 0;

    if (fl_about_gather(&doctor->context->engine, fleet, FL_ASK_ABOUT, &about,
                        &n, &err) < 0)
        note_error(doctor, "accounts", &err);
    for (size_t i = 0; i < n; i++)
        note_about(doctor, &about[i]);
    fl_about_free(about, n);
}

static void check_providers(struct doctor *doctor)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    struct fleet_error err = {0};

    if (fl_fleet_gather(&doctor->context->engine, 0, &fleet, &err) < 0) {
        note_error(doctor, "providers", &err);
        return;
    }
    check_listings(doctor, &fleet);
    check_accounts(doctor, &fleet);
    check_twins(doctor, &fleet);
}

static void check_plugins(struct doctor *doctor)
{
    const struct fl_plugins *plugins = &doctor->context->engine.plugins;
    size_t loaded = 0;

    for (size_t i = 0; i < plugins->n; i++) {
        const struct fl_plugin *plugin = plugins->at[i];
        FL_AUTO_FREE char *detail =
            fl_format("%s: %s: %s", fl_plugin_status_name(plugin->status),
                      plugin->path, plugin->reason ? plugin->reason : "");

        loaded += plugin->status == FL_PLUGIN_LOADED;
        if (plugin->status == FL_PLUGIN_REFUSED)
            note(doctor, "plugins", WARN, detail,
                 "take the file away or put it right");
        else if (plugin->status == FL_PLUGIN_SHADOWED)
            note(doctor, "plugins", WARN, detail,
                 "remove the one that is not meant");
    }
    if (loaded == 0)
        note(doctor, "plugins", FAIL, "none is loaded",
             "install fleet again, or set FLEET_PLUGIN_PATH");
    else
        note(doctor, "plugins", OK, "loaded; `fleet plugins` lists them", NULL);
}

/* What fl_forwards_faults has to say, each a fault of its own. */
static void check_proxy(struct doctor *doctor)
{
    struct fl_context *context = doctor->context;
    const struct fl_settings *settings = &context->engine.settings;
    FL_AUTO(fl_strv_clear) struct fl_strv faults = {0};
    struct fleet_error err = {0};
    const char *why;

    if (!settings->proxy_host || !settings->proxy_nginx_path)
        return;
    if (!fl_proxyhost_configured(settings, &why))
        note(doctor, "proxy", WARN, why, NULL);
    else if (fl_forwards_faults(context, &faults, &err) < 0)
        note_error(doctor, "proxy", &err);
    else if (faults.n == 0)
        note(doctor, "proxy", OK, settings->proxy_nginx_path, NULL);
    for (size_t i = 0; i < faults.n; i++)
        note(doctor, "proxy", WARN, faults.at[i], NULL);
}

/* Certificates that end within a week, though their owners stay. */
static void check_badges(struct doctor *doctor, const struct fl_people *people,
                         const struct fl_signer *ca)
{
    const struct fl_cohort *cohort = &doctor->context->engine.cohort;
    size_t missing = 0, ending = 0;
    int64_t soon = time(NULL) + WEEK_S;

    for (size_t i = 0; i < people->roster.n; i++) {
        const struct fl_person *person = &people->roster.at[i];
        FL_AUTO(fl_badge_clear) struct fl_badge badge = {0};

        if (fl_people_presence(people, person) != FL_PRESENT)
            continue;
        if (fl_badge_look(people, cohort, ca, person, &badge, NULL) < 0 ||
            badge.why)
            missing++;
        else if (badge.before < soon)
            ending++;
    }
    if (missing) {
        FL_AUTO_FREE char *detail =
            fl_format("%zu of those who may get in have no certificate that "
                      "is good",
                      missing);
        note(doctor, "roster", WARN, detail, "fleet roster apply");
    }
    if (ending) {
        FL_AUTO_FREE char *detail = fl_format(
            "%zu will be shut out within a week, by their last day", ending);
        note(doctor, "roster", WARN, detail,
             "change it in the roster if that is not meant");
    }
    if (!missing && !ending)
        note(doctor, "roster", OK, people->path, NULL);
}

static void check_roster(struct doctor *doctor)
{
    struct fl_engine *engine = &doctor->context->engine;
    FL_AUTO(fl_people_clear) struct fl_people people = {0};
    FL_AUTO(fl_signer_clear) struct fl_signer ca = {0};
    struct fleet_error err = {0};
    int rc;

    if (!engine->settings.roster)
        return;
    rc = fl_people_open(engine, NULL, &people, &err);
    if (rc == 0)
        rc = fl_people_check(&people, &err);
    if (rc == 0)
        rc = fl_people_signer(engine, &ca, &err);
    if (rc < 0)
        note_error(doctor, "roster", &err);
    else
        check_badges(doctor, &people, &ca);
}

/* What needs a configuration is asked only when there is one. */
static void check_all(struct doctor *doctor)
{
    check_config(doctor);
    if (doctor->status == FL_EXIT_OK) {
        check_key(doctor);
        check_state(doctor);
        check_providers(doctor);
        check_proxy(doctor);
        check_roster(doctor);
    }
    if (doctor->context->engine.plugins.n)
        check_plugins(doctor);
}

static int run(struct fl_context *context, const void *options)
{
    static const char *const headings[] = {"CHECK", "VERDICT", "DETAIL"};
    struct doctor doctor = {.context = context};

    (void)options;
    if (context->n_args)
        return fl_usage(context, "takes no arguments");
    doctor.checks = json_array();
    fl_table_init(&doctor.table, 3, headings, 0);
    check_all(&doctor);
    fl_json_put(context->document, "checks", doctor.checks);
    fl_table_print(&doctor.table, context);
    fl_table_clear(&doctor.table);
    return doctor.status;
}

const struct fl_command fl_cmd_doctor = {
    .name = "doctor",
    .group = "Setting up",
    .summary = "check configuration, keys, state, providers and plugins",
    .synopsis = "",
    .example = "fleet doctor",
    .about = "Looks at everything that has to be right before pods can be "
             "made, and says what to do about what is not. Each provider in "
             "use is asked for its pods, and whom it takes fleet for; nothing "
             "is changed anywhere.",
    .args = FL_ARGS_NONE,
    .run = run,
};
