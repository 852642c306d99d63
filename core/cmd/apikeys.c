/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/podkeys.h"

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <string.h>
#include <sys/stat.h>

/* fleet keys: API keys of pods. The keys of config.env are in keys.c. */

#define LIMIT_MS     60000
#define FAULTS_SHOWN 20

struct keys_options {
    struct fl_narrowing narrowing;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct keys_options, narrowing),
    {0},
};
/* clang-format on */

/* Everything one `fleet keys` works with. */
struct work {
    struct fl_context *context;
    const struct keys_options *options;
    enum fl_podkeys_what what;
    struct fl_keysheet sheet;
    struct fl_strv names; /* remove */
    struct fl_visiting visiting;
};

/* ---- the files ---- */

static int read_file(struct work *work, const char *path,
                     struct fleet_error *err)
{
    struct fl_buf text = FL_BUF(FL_KEYSHEET_MAX);
    struct stat about;
    int rc = fl_file_read(path, &text, err);

    if (rc == 0 && strlen(fl_buf_text(&text)) != text.len)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "%s: has a NUL byte in it: save it as UTF-8", path);
    if (rc == 0 && stat(path, &about) == 0 && about.st_mode & 077)
        fl_say(work->context,
               "fleet: warning: %s: others on this computer may read it: "
               "chmod 600 it",
               path);
    if (rc == 0)
        rc = fl_keysheet_read(&work->sheet, path, (char *)fl_buf_text(&text),
                              err);
    if (text.data)
        fl_wipe(text.data, text.size);
    fl_buf_clear(&text);
    return rc;
}

static int check_faults(struct work *work, struct fleet_error *err)
{
    const struct fl_strv *faults = &work->sheet.faults;

    for (size_t i = 0; i < faults->n && i < FAULTS_SHOWN; i++)
        fl_say(work->context, "%s", faults->at[i]);
    if (faults->n == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "%zu mistake%s in the files: nothing was sent", faults->n,
                      faults->n == 1 ? "" : "s");
}

static int read_files(struct work *work, struct fleet_error *err)
{
    const struct fl_context *context = work->context;
    int rc = FLEET_OK;

    for (size_t i = 1; rc == 0 && i < context->n_args; i++)
        rc = read_file(work, context->args[i], err);
    for (size_t i = 0; rc == 0 && i < work->sheet.n; i++) {
        if (fl_log_hide(work->sheet.at[i].value) < 0)
            rc = fl_enomem(err);
    }
    return rc < 0 ? rc : check_faults(work, err);
}

/* ---- whose they are ---- */

static const char *closest_pod(const struct fl_fleet *fleet, const char *name)
{
    FL_AUTO_FREE const char **names =
        calloc(fleet->n_members + 1, sizeof(*names));

    for (size_t i = 0; names && i < fleet->n_members; i++)
        names[i] = fleet->members[i].short_name;
    return names ? fl_closest(name, names) : NULL;
}

/* What is no pod's name at all may be a key in the wrong column. */
static int add_unknown(struct work *work, const struct fl_keycell *cell)
{
    const char *near = closest_pod(&work->visiting.fleet, cell->pod);
    bool sayable = fl_name_valid(cell->pod);
    char *text =
        sayable
            ? fl_format("%s:%d: no pod is called %s%s%s%s", cell->path,
                        cell->line, cell->pod, near ? "; did you mean " : "",
                        near ? near : "", near ? "?" : "")
            : fl_format("%s:%d: what stands there is no name of a pod",
                        cell->path, cell->line);

    return fl_strv_take(&work->sheet.faults, text);
}

/* One of the list that has not been made yet is no mistake. */
static bool is_to_come(const struct work *work, const char *name)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    const char *short_name = fl_cohort_short(cohort, name);

    return fl_cohort_index(cohort, short_name ? short_name : name) != SIZE_MAX;
}

static struct fl_member *member_of(const struct work *work, const char *name)
{
    const struct fl_cohort *cohort = &work->context->engine.cohort;
    FL_AUTO_FREE char *full =
        fl_cohort_short(cohort, name) ? NULL : fl_cohort_full(cohort, name);
    struct fl_member *member = fl_fleet_member(&work->visiting.fleet, name);

    return member || !full ? member
                           : fl_fleet_member(&work->visiting.fleet, full);
}

/* By the full name from now on, or without a pod. */
static int resolve(struct work *work, struct fl_keycell *cell,
                   struct fl_strv *absent)
{
    const struct fl_member *member = member_of(work, cell->pod);
    int rc = FLEET_OK;

    if (!member && !is_to_come(work, cell->pod))
        return add_unknown(work, cell);
    if (!member && !fl_strv_has(absent, cell->pod))
        rc = fl_strv_add(absent, cell->pod);
    if (member && rc == 0) {
        char *full = strdup(fleet_pod_get(member->pod, FLEET_POD_NAME));

        if (!full)
            return FLEET_ENOMEM;
        free(cell->pod);
        cell->pod = full;
        return FLEET_OK;
    }
    free(cell->pod);
    cell->pod = NULL;
    return rc;
}

static int resolve_all(struct work *work, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv absent = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < work->sheet.n; i++)
        rc = resolve(work, &work->sheet.at[i], &absent);
    if (rc < 0)
        return fl_enomem(err);
    /* A listing that failed makes nobody unknown. */
    if (work->sheet.faults.n &&
        fl_fleet_check_complete(&work->visiting.fleet, err) < 0)
        return err->code;
    rc = check_faults(work, err);
    if (rc == 0)
        rc = fl_keysheet_settle(&work->sheet, err);
    for (size_t i = 0; i < absent.n; i++)
        fl_say(work->context, "%s: there is no such pod yet: left out",
               absent.at[i]);
    return rc < 0 ? rc : check_faults(work, err);
}

/* Those in the files, but for those that -x and --on leave out. */
static int select_named(struct work *work, struct fleet_error *err)
{
    static const char *const all[] = {"all"};
    const struct fl_narrowing *narrowing = &work->options->narrowing;
    struct fl_fleet *fleet = &work->visiting.fleet;
    int rc;

    work->visiting.selected =
        calloc(fleet->n_members + 1, sizeof(*work->visiting.selected));
    if (!work->visiting.selected)
        return fl_enomem(err);
    if (fleet->n_members == 0)
        return FLEET_OK;
    rc = fl_fleet_select(fleet, all, 1, narrowing->exclude, narrowing->on,
                         work->visiting.selected, err);
    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        const char *name = fleet_pod_get(fleet->members[i].pod, FLEET_POD_NAME);
        bool named = false;

        for (size_t k = 0; !named && k < work->sheet.n; k++)
            named = strcmp(work->sheet.at[k].pod, name) == 0;
        work->visiting.selected[i] &= named;
    }
    return rc;
}

/* ---- results ---- */

static const char *word_of(const struct fl_podkey *key)
{
    return key->word ? key->word : "unknown";
}

static json_t *json_keys(const struct fl_podkeys *keys)
{
    json_t *list = json_array();

    for (size_t i = 0; keys && i < keys->n; i++) {
        json_t *entry = json_object();

        fl_json_put(entry, "key", fl_json_text(keys->at[i].name));
        fl_json_put(entry, "result", fl_json_text(word_of(&keys->at[i])));
        fl_json_add(list, entry);
    }
    return list;
}

static void make_document(struct work *work)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        const struct fl_podkeys *keys = result->own;
        json_t *entry = json_object();

        fl_json_put(entry, "name", fl_json_text(result->name));
        fl_json_put(entry, "keys", json_keys(keys));
        if (work->what == FL_PODKEYS_SHOW)
            fl_json_put(entry, "read", json_boolean(keys && keys->read));
        fl_json_put(entry, "stage", fl_json_text(result->stage));
        fl_json_put(entry, "error",
                    result->stage ? fl_json_error(&result->error, result->name,
                                                  result->member->listing->name)
                                  : json_null());
        fl_json_add(list, entry);
    }
    fl_json_put(work->context->document, "results", list);
}

/* "OPENAI_API_KEY set, HF_TOKEN already", or names alone. */
static void put_keys(const struct work *work, const struct fl_podkeys *keys,
                     struct fl_buf *out)
{
    for (size_t i = 0; keys && i < keys->n; i++) {
        const struct fl_podkey *key = &keys->at[i];

        fl_buf_printf(out, "%s%s", out->len ? ", " : "", key->name);
        if (work->what != FL_PODKEYS_SHOW)
            fl_buf_printf(out, " %s", word_of(key));
    }
}

static void print_table(struct work *work)
{
    static const char *const headings[] = {"NAME", "KEYS"};
    struct fl_table table;

    fl_table_init(&table, 2, headings, 0);
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(65536);

        put_keys(work, result->own, &text);
        fl_table_cell(&table, result->name);
        fl_table_cell(&table, result->stage ? "failed" : fl_buf_text(&text));
    }
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

/* Keys that are there, and that no shell sees. */
static void tell_unread(struct work *work)
{
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        const struct fl_podkeys *keys = result->own;

        if (!result->stage && keys && keys->n && !keys->read)
            fl_say(work->context,
                   "fleet: warning: %s: ~/.bashrc or ~/.profile does not read "
                   "the keys any more: `fleet keys push` puts that right",
                   result->name);
    }
}

static int finish(struct work *work)
{
    size_t failed = 0;
    int status;

    make_document(work);
    print_table(work);
    if (work->what == FL_PODKEYS_SHOW)
        tell_unread(work);
    status = fl_visiting_report(work->context, &work->visiting.results);
    failed = fl_visiting_failed(&work->visiting.results);
    if (fl_cancelled())
        return fl_cancel_status();
    return failed > 0 && failed < work->visiting.results.n ? FL_EXIT_PARTIAL
                                                           : status;
}

/* ---- the command ---- */

static int show_plan(struct work *work)
{
    json_t *names = json_array();

    for (size_t i = 0; i < work->visiting.fleet.n_members; i++) {
        const char *name =
            fleet_pod_get(work->visiting.fleet.members[i].pod, FLEET_POD_NAME);

        if (!work->visiting.selected[i])
            continue;
        fl_json_add(names, fl_json_text(name));
        fl_say(work->context, "would change the keys of %s", name);
    }
    fl_json_put(work->context->document, "would_change", names);
    return FL_EXIT_OK;
}

static int consent(struct work *work, struct fleet_error *err)
{
    FL_AUTO_FREE char *question = fl_format(
        "Remove keys from %zu pod%s?", fl_visiting_count(&work->visiting),
        fl_visiting_count(&work->visiting) == 1 ? "" : "s");

    if (!question)
        return fl_enomem(err);
    if (work->what == FL_PODKEYS_SHOW ||
        fl_visiting_count(&work->visiting) == 0)
        return FLEET_OK;
    if (work->what == FL_PODKEYS_REMOVE)
        return fl_confirm(work->context, question, err);
    return fl_consent(work->context, "put keys on pods", err);
}

static int visit(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_progress *progress = fl_progress_open(context, "keys");
    const struct fl_podkeys_job job = {
        .to = fl_visiting_to(context, &work->visiting, LIMIT_MS, progress),
        .what = work->what,
        .sheet = &work->sheet,
        .names = &work->names,
    };
    int rc = fl_podkeys_run(&job, &work->visiting.results, err);

    fl_progress_close(progress);
    return rc;
}

/* Files for those that put keys there, targets for the others. */
static int choose(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    bool by_files = work->what <= FL_PODKEYS_ROTATE;
    size_t skip = work->what == FL_PODKEYS_REMOVE ? 2 : 1;
    int rc;

    if (by_files) {
        rc = resolve_all(work, err);
        return rc < 0 ? rc : select_named(work, err);
    }
    context->args += skip;
    context->n_args -= skip;
    return fl_work_select(
        context, &work->visiting.fleet, &work->options->narrowing,
        work->what == FL_PODKEYS_SHOW, &work->visiting.selected, err);
}

static int do_work(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    int rc = FLEET_OK;

    if (work->what <= FL_PODKEYS_ROTATE)
        rc = read_files(work, &err);
    if (rc == 0)
        rc = fl_work_look(context, 0, &work->visiting.fleet, &err);
    if (rc == 0)
        rc = choose(work, &err);
    if (rc == 0 && context->globals.dry_run)
        return show_plan(work);
    if (rc == 0)
        rc = consent(work, &err);
    if (rc == 0)
        rc = fl_visiting_key(context, &work->visiting.key, &err);
    if (rc == 0)
        rc = visit(work, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    return fl_visiting_end(context, &work->visiting, finish(work));
}

static int take_names(struct work *work, const char *list)
{
    if (fl_strv_split(&work->names, list, ",") < 0 || work->names.n == 0)
        return fl_usage(work->context, "remove: which keys?");
    for (size_t i = 0; i < work->names.n; i++) {
        const char *why = fl_keysheet_objection(work->names.at[i]);

        if (why)
            return fl_usage(work->context, "%s %s", work->names.at[i], why);
    }
    return FL_EXIT_OK;
}

static int check_words(struct work *work)
{
    const struct fl_context *context = work->context;

    switch (work->what) {
    case FL_PODKEYS_PUSH:
    case FL_PODKEYS_ROTATE:
        return context->n_args > 1
                   ? FL_EXIT_OK
                   : fl_usage(work->context, "a CSV file is needed");
    case FL_PODKEYS_REMOVE:
        if (context->n_args < 3)
            return fl_usage(work->context,
                            "remove: which keys, and from which pods? all is "
                            "a target");
        return take_names(work, context->args[1]);
    default:
        return FL_EXIT_OK;
    }
}

static int run(struct fl_context *context, const void *given)
{
    static const char *const verbs[] = {"push", "rotate", "remove", "show",
                                        NULL};
    struct work work = {.context = context, .options = given};
    const char *verb = context->n_args ? context->args[0] : "";
    int status;

    for (int i = 0; verbs[i]; i++) {
        if (strcmp(verbs[i], verb) == 0)
            work.what = (enum fl_podkeys_what)(FL_PODKEYS_PUSH + i);
    }
    if (!work.what)
        return fl_usage(context,
                        "one of push, rotate, remove and show is meant");
    status = check_words(&work);
    if (status == FL_EXIT_OK)
        status = do_work(&work);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_keysheet_clear(&work.sheet);
    fl_strv_clear(&work.names);
    fl_visiting_close(&work.visiting);
    return status;
}

const struct fl_command fl_cmd_keys = {
    .name = "keys",
    .group = "Pods",
    .summary = "put API keys into the environment of pods",
    .synopsis = "push | rotate FILE... | remove KEY POD... | show",
    .example =
        "fleet keys push keys.csv --yes   # name,OPENAI_API_KEY,HF_TOKEN\n"
        "fleet keys show\n"
        "fleet keys rotate new.csv --yes\n"
        "fleet keys remove OPENAI_API_KEY all --yes",
    .about =
        "push: from CSV files with a column name and one for each key, called "
        "as the variable is. Each pod gets the keys of its line; an empty "
        "field leaves what is there. Run again, nothing is there twice.\n"
        "rotate: the same for keys that are there and have to change: a pod "
        "without the key, or with this very one, is told of and left as it "
        "is.\n"
        "remove: takes keys away.\n"
        "show: which keys are set where; never what they are.\n"
        "Keys are in ~/.config/fleet/env (mode 0600) on the pod, which one "
        "line at the top of ~/.bashrc and ~/.profile reads: logins have them, "
        "and commands over ssh where the shell is bash or zsh; what runs "
        "already does not. Values go through the input of a shell only, and "
        "are proven by a sum of what a shell there reads.",
    .options = options,
    .options_size = sizeof(struct keys_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_WORDS,
    .words = FL_WORDS("push", "rotate", "remove", "show"),
    .run = run,
};
