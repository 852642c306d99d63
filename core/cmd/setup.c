/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/setup.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"

#include <stdlib.h>
#include <string.h>

struct setup_options {
    struct fl_narrowing narrowing;
    struct fl_steps_choice choice;
    bool list;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct setup_options, narrowing),
    {.key = "only", .type = FLEET_OPT_STRING,
     .help = "these steps only, with commas between",
     FLEET_AT(struct setup_options, choice.only)},
    {.key = "skip", .type = FLEET_OPT_STRING,
     .help = "all steps but these",
     FLEET_AT(struct setup_options, choice.skip)},
    {.key = "hard", .type = FLEET_OPT_BOOL,
     .help = "begin a checkout anew in which somebody has worked; the work is "
             "saved to a branch first",
     FLEET_AT(struct setup_options, choice.hard)},
    {.key = "list", .type = FLEET_OPT_BOOL,
     .help = "show the steps, and run none",
     FLEET_AT(struct setup_options, list)},
    {0},
};
/* clang-format on */

/* Everything one `fleet setup` works with. */
struct work {
    struct fl_context *context;
    const struct setup_options *options;
    struct fl_steps steps;
    struct fl_visiting visiting;
};

/* ---- what would be done ---- */

static int show_steps(struct work *work)
{
    static const char *const headings[] = {"STEP", "LIMIT", "WHAT IT DOES"};
    const struct fl_steps *steps = &work->steps;
    json_t *list = json_array();
    struct fl_table table;
    char limit[32];

    fl_table_init(&table, 3, headings, 0);
    for (size_t i = 0; i < steps->n; i++) {
        const struct fl_step *step = &steps->at[i];
        json_t *entry = json_object();

        fl_duration_text(limit, step->limit_ms);
        fl_table_cell(&table, step->name);
        fl_table_cell(&table, limit);
        fl_table_cell(&table, step->help);
        fl_json_put(entry, "step", fl_json_text(step->name));
        fl_json_put(entry, "limit_s", json_integer(step->limit_ms / 1000));
        fl_json_put(entry, "help", fl_json_text(step->help));
        fl_json_add(list, entry);
    }
    fl_json_put(work->context->document, "steps", list);
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
    return FL_EXIT_OK;
}

static int show_plan(struct work *work)
{
    json_t *names = json_array();

    for (size_t i = 0; i < work->visiting.fleet.n_members; i++) {
        if (work->visiting.selected[i])
            fl_json_add(names, fl_json_text(fleet_pod_get(
                                   work->visiting.fleet.members[i].pod,
                                   FLEET_POD_NAME)));
    }
    fl_json_put(work->context->document, "would_set_up", names);
    fl_say(work->context, "%zu pod%s would be set up with these steps",
           fl_visiting_count(&work->visiting),
           fl_visiting_count(&work->visiting) == 1 ? "" : "s");
    return show_steps(work);
}

/* ---- results ---- */

static const char *word_of(const struct fl_visit_result *result)
{
    if (result->stage)
        return fl_step_word_name(FL_STEP_FAILED);
    return fl_step_word_name(fl_set_up_word(result->own));
}

static json_t *json_steps(const struct fl_set_up *set_up)
{
    json_t *list = json_array();

    for (size_t i = 0; set_up && i < set_up->n; i++) {
        const struct fl_step_result *step = &set_up->at[i];
        json_t *entry = json_object();

        fl_json_put(entry, "step", fl_json_text(set_up->steps->at[i].name));
        fl_json_put(entry, "result",
                    fl_json_text(fl_step_word_name(step->word)));
        fl_json_put(entry, "detail", fl_json_text(step->detail));
        fl_json_put(entry, "elapsed_ms", json_integer(step->elapsed_ms));
        fl_json_add(list, entry);
    }
    return list;
}

static void make_document(struct work *work)
{
    json_t *list = json_array();

    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        json_t *entry = json_object();

        fl_json_put(entry, "name", fl_json_text(result->name));
        fl_json_put(entry, "result", fl_json_text(word_of(result)));
        fl_json_put(entry, "steps", json_steps(result->own));
        fl_json_put(entry, "elapsed_ms", json_integer(result->elapsed_ms));
        fl_json_put(entry, "stage", fl_json_text(result->stage));
        fl_json_put(entry, "error",
                    result->stage ? fl_json_error(&result->error, result->name,
                                                  result->member->listing->name)
                                  : json_null());
        fl_json_add(list, entry);
    }
    fl_json_put(work->context->document, "results", list);
}

/* The steps that did something. */
static void put_changed(const struct fl_set_up *set_up, struct fl_buf *out)
{
    for (size_t i = 0; set_up && i < set_up->n; i++) {
        if (set_up->at[i].word == FL_STEP_CHANGED ||
            set_up->at[i].word == FL_STEP_DONE)
            fl_buf_printf(out, "%s%s", out->len ? " " : "",
                          set_up->steps->at[i].name);
    }
}

static void print_table(struct work *work)
{
    static const char *const headings[] = {"NAME", "RESULT", "CHANGED", "TOOK"};
    struct fl_table table;
    char took[32];

    fl_table_init(&table, 4, headings, 1u << 3);
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        FL_AUTO(fl_buf_clear) struct fl_buf changed = FL_BUF(65536);

        put_changed(result->own, &changed);
        fl_duration_text(took, result->elapsed_ms);
        fl_table_cell(&table, result->name);
        fl_table_cell(&table, word_of(result));
        fl_table_cell(&table, changed.len ? fl_buf_text(&changed) : NULL);
        fl_table_cell(&table, took);
    }
    fl_table_print(&table, work->context);
    fl_table_clear(&table);
}

static void tell_kept(struct work *work)
{
    for (size_t i = 0; i < work->visiting.results.n; i++) {
        const struct fl_visit_result *result = &work->visiting.results.at[i];
        const struct fl_set_up *set_up = result->own;

        for (size_t k = 0; set_up && k < set_up->n; k++) {
            if (set_up->at[k].word == FL_STEP_KEPT)
                fl_say(work->context, "%s: %s: %s", result->name,
                       set_up->steps->at[k].name,
                       set_up->at[k].detail ? set_up->at[k].detail : "kept");
        }
    }
}

static int finish(struct work *work)
{
    size_t failed = 0;
    int status;

    make_document(work);
    print_table(work);
    tell_kept(work);
    status = fl_visiting_report(work->context, &work->visiting.results);
    failed = fl_visiting_failed(&work->visiting.results);
    if (fl_cancelled())
        return fl_cancel_status();
    return failed > 0 && failed < work->visiting.results.n ? FL_EXIT_PARTIAL
                                                           : status;
}

/* ---- the command ---- */

static int consent(struct work *work, struct fleet_error *err)
{
    FL_AUTO_FREE char *deed = fl_format(
        work->options->choice.hard ? "Begin the checkouts on %zu pods anew?"
                                   : "set up %zu pods",
        fl_visiting_count(&work->visiting));

    if (!deed)
        return fl_enomem(err);
    return work->options->choice.hard ? fl_confirm(work->context, deed, err)
                                      : fl_consent(work->context, deed, err);
}

static int set_up(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_progress *progress = fl_progress_open(context, "set up");
    const struct fl_setup_job job = {
        .to = fl_visiting_to(context, &work->visiting, 0, progress),
        .steps = &work->steps,
        .command = context->words,
    };
    int rc = fl_setup_run(&job, &work->visiting.results, err);

    fl_progress_close(progress);
    return rc;
}

/* Whoever belongs there gets in, and who does not is out. */
static void admit(const struct work *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    for (size_t i = 0; i < work->visiting.results.n; i++)
        if (!work->visiting.results.at[i].stage &&
            fl_strv_add(&names, work->visiting.results.at[i].name) < 0)
            return;
    fl_admit_follow(work->context, &names);
}

static int do_work(struct work *work)
{
    struct fl_context *context = work->context;
    struct fleet_error err = {0};
    int rc = fl_work_open(context, &err), status, incomplete;

    if (rc == 0)
        rc = fl_steps_open(&context->engine, &work->options->choice,
                           &work->steps, &err);
    if (rc == 0 && work->options->list)
        return show_steps(work);
    if (rc == 0)
        rc = fl_visiting_open(context, &work->options->narrowing,
                              &work->visiting, &err);
    if (rc == 0 && context->globals.dry_run)
        return show_plan(work);
    if (rc == 0 && fl_visiting_count(&work->visiting) > 0)
        rc = consent(work, &err);
    if (rc == 0)
        rc = set_up(work, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    status = finish(work);
    fl_visiting_keep(context, &work->visiting.results);
    admit(work);
    if (work->visiting.results.n == 0 && work->visiting.fleet.complete)
        fl_say(context, "no pods of cohort %s", context->engine.cohort.prefix);
    incomplete = fl_work_incomplete(context, &work->visiting.fleet);
    return status == FL_EXIT_OK ? incomplete : status;
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context, .options = given};
    int status = do_work(&work);

    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_visiting_close(&work.visiting);
    fl_steps_close(&work.steps);
    return status;
}

const struct fl_command fl_cmd_setup = {
    .name = "setup",
    .group = "Pods",
    .summary = "set pods up: keys, repository, your own steps",
    .synopsis = "[TARGET...]",
    .example = "fleet setup --yes           # run again: only what is missing\n"
               "fleet setup apple --hard    # begins its checkout anew\n"
               "fleet setup --only fetch,branch --yes\n"
               "fleet setup --list          # which steps there are",
    .about =
        "Runs the steps that the configuration asks for on each pod, in "
        "order, all pods at once, and then your own: the executable setup.d/"
        "NAME.sh beside the configuration file, in order of their names. Each "
        "step has its own time limit and says whether it was so already, was "
        "changed, or failed; a pod stops at the step that fails, and running "
        "set-up again goes on from there. A checkout in which somebody has "
        "worked is kept as it is; with --hard that work is saved to a branch "
        "first. Without a target all pods are meant.",
    .options = options,
    .options_size = sizeof(struct setup_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run,
};
