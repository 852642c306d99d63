/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/engine/journal.h"

struct options {
    int64_t limit;
};

/* clang-format off */
static const struct fleet_option history_options[] = {
    {.key = "limit", .aliases = FL_WORDS("n"), .type = FLEET_OPT_INT,
     .fallback = "50", .min = 0, .max = 1000000,
     .help = "the newest so many; 0: all",
     FLEET_AT(struct options, limit)},
    {0},
};
/* clang-format on */

/* Who ran it; runs are newest first, as the intents are. */
static const struct fl_run_record *run_of(const struct fl_run_list *runs,
                                          int64_t id)
{
    size_t low = 0, high = runs->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (runs->at[middle].id == id)
            return &runs->at[middle];
        if (runs->at[middle].id > id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void add_row(struct fl_table *table, const struct fl_intent *intent,
                    const struct fl_run_record *by)
{
    fl_table_cell(table, intent->begun_at);
    if (by)
        fl_table_cellf(table, "%s@%s", by->user, by->host);
    else
        fl_table_cell(table, NULL);
    fl_table_cell(table, intent->op);
    fl_table_cell(table, intent->name);
    fl_table_cell(table, intent->provider);
    fl_table_cell(table, intent->pod_id);
    fl_table_cell(table, intent->ended_at ? intent->result : "open");
    fl_table_cell(table, intent->message ? intent->message : intent->detail);
}

static json_t *intent_json(const struct fl_intent *intent,
                           const struct fl_run_record *by)
{
    json_t *made = json_object();

    fl_json_put(made, "id", json_integer(intent->id));
    fl_json_put(made, "op", fl_json_text(intent->op));
    fl_json_put(made, "name", fl_json_text(intent->name));
    fl_json_put(made, "provider", fl_json_text(intent->provider));
    fl_json_put(made, "pod_id", fl_json_text(intent->pod_id));
    fl_json_put(made, "detail", fl_json_text(intent->detail));
    fl_json_put(made, "begun_at", fl_json_text(intent->begun_at));
    fl_json_put(made, "ended_at", fl_json_text(intent->ended_at));
    fl_json_put(made, "result", fl_json_text(intent->result));
    fl_json_put(made, "message", fl_json_text(intent->message));
    fl_json_put(made, "run", json_integer(intent->run));
    fl_json_put(made, "user", fl_json_text(by ? by->user : NULL));
    fl_json_put(made, "host", fl_json_text(by ? by->host : NULL));
    fl_json_put(made, "pid", by ? json_integer(by->pid) : json_null());
    fl_json_put(made, "command", fl_json_text(by ? by->command : NULL));
    fl_json_put(made, "exit",
                by && by->ended_at ? json_integer(by->status) : json_null());
    return made;
}

static void show(struct fl_context *context,
                 const struct fl_intent_list *intents,
                 const struct fl_run_list *runs)
{
    static const char *const headings[] = {"TIME",     "WHO", "WHAT",   "POD",
                                           "PROVIDER", "ID",  "RESULT", "TEXT"};
    json_t *list = json_array();
    struct fl_table table;

    fl_table_init(&table, 8, headings, 0);
    for (size_t i = 0; i < intents->n; i++) {
        const struct fl_run_record *by = run_of(runs, intents->at[i].run);

        add_row(&table, &intents->at[i], by);
        fl_json_add(list, intent_json(&intents->at[i], by));
    }
    fl_json_put(context->document, "history", list);
    fl_table_print(&table, context);
    fl_table_clear(&table);
}

/* The journal knows full names; people also type short ones. */
static int full_name(const struct fl_cohort *cohort, const char *typed,
                     char **out, struct fleet_error *err)
{
    *out = fl_cohort_short(cohort, typed) ? fl_format("%s", typed)
                                          : fl_cohort_full(cohort, typed);
    return *out ? FLEET_OK : fl_enomem(err);
}

static int run(struct fl_context *context, const void *arg)
{
    const struct options *options = arg;
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list intents = {0};
    FL_AUTO(fl_run_list_clear) struct fl_run_list runs = {0};
    FL_AUTO_FREE char *name = NULL;
    struct fleet_error err = {0};
    int rc;

    if (context->n_args > 1)
        return fl_usage(context, "one pod at a time");
    rc = fl_engine_open(engine, context->globals.config, &err);
    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_READ, &err);
    if (rc == 0 && context->n_args)
        rc = full_name(&engine->cohort, context->args[0], &name, &err);
    if (rc == 0)
        rc = fl_journal_history(engine->state, name, (int)options->limit,
                                &intents, &err);
    if (rc == 0)
        rc = fl_journal_runs(engine->state, 0, &runs, &err);
    fl_show_warnings(context);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    show(context, &intents, &runs);
    return FL_EXIT_OK;
}

const struct fl_command fl_cmd_history = {
    .name = "history",
    .group = "This installation",
    .summary = "show the journal: who did what to which pod, and what came of "
               "it",
    .synopsis = "[NAME]",
    .example = "fleet history\nfleet history apple --limit 5",
    .about = "Every call that may spend money or destroy something is written "
             "down before it is made. Newest first. A result of \"open\" means "
             "that the run is still at it, or died; the next command that "
             "changes something puts that right.",
    .options = history_options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_PODS,
    .run = run,
};
