/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/tested.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/board.h"
#include "core/cmd/output.h"
#include "core/cmd/summary.h"
#include "core/cmd/verdict.h"
#include "core/cmd/visiting.h"
#include "core/cmd/work.h"
#include "core/net/wait.h"

#include <errno.h>
#include <string.h>

#define LIMIT_MS   60000
#define DEEP_MS    600000
#define JUNIT_MAX  (256UL * 1024 * 1024)
#define DETAIL_MAX 200
#define FIXED      3 /* columns before those of the checks */

struct test_options {
    struct fl_narrowing narrowing;
    bool deep, watch, learn_anew, via_proxy;
    char *only, *junit;
    int64_t interval_ms;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_NARROWING_OPTIONS(struct test_options, narrowing),
    {.key = "only", .type = FLEET_OPT_STRING,
     .help = "make these checks and no others: names, comma separated",
     FLEET_AT(struct test_options, only)},
    {.key = "deep", .type = FLEET_OPT_BOOL,
     .help = "test thoroughly: GPU arithmetic, transfers, downloads; takes "
             "minutes",
     FLEET_AT(struct test_options, deep)},
    {.key = "junit", .type = FLEET_OPT_PATH,
     .help = "also write the results as JUnit XML to this file",
     FLEET_AT(struct test_options, junit)},
    {.key = "watch", .type = FLEET_OPT_BOOL,
     .help = "test again and again until Ctrl-C, telling what changes",
     FLEET_AT(struct test_options, watch)},
    {.key = "interval", .type = FLEET_OPT_DURATION, .fallback = "60s",
     .min = 1000, .max = 86400000,
     .help = "pause between two rounds of --watch",
     FLEET_AT(struct test_options, interval_ms)},
    {.key = "new-host-keys", .type = FLEET_OPT_BOOL,
     .help = "learn host keys anew, for machines that were installed again",
     FLEET_AT(struct test_options, learn_anew)},
    {.key = "via-proxy", .type = FLEET_OPT_BOOL,
     .help = "log in through the port of each pod on SSH_PROXY_HOST, and prove "
             "by its host key that it is the right pod",
     FLEET_AT(struct test_options, via_proxy)},
    {0},
};
/* clang-format on */

/* Everything one `fleet test` works with; round: what is new with each round of
 * --watch. */
struct work {
    struct fl_context *context;
    const struct test_options *options;
    struct fl_checks checks;
    struct fl_ssh_key *key;
    struct fl_strv before; /* "NAME VERDICT" of the round before */
};
struct round {
    struct work *work;
    struct fl_fleet fleet;
    bool *selected;
    struct fl_test_results results;
    struct fl_board *board;
    const struct fl_test_results *running; /* as they come */
};

/* ---- as it goes ---- */

static void round_begun(void *arg, const struct fl_test_results *results)
{
    struct round *round = arg;

    round->running = results;
    if (round->work->options->watch)
        return;
    round->board = fl_board_open(round->work->context, results->n);
    for (size_t i = 0; i < results->n; i++)
        fl_board_name(round->board, i, results->at[i].member->short_name);
}

static void round_step(void *arg, size_t i, const char *what)
{
    struct round *round = arg;

    (void)what;
    fl_board_busy(round->board, i);
}

static void round_ended(void *arg, size_t i)
{
    struct round *round = arg;
    const struct fl_test_result *result = &round->running->at[i];
    size_t check = 0;
    const struct fl_finding *worst =
        fl_test_worst(result, round->running->n_checks, &check);
    FL_AUTO_FREE char *detail = NULL;

    if (result->stage)
        detail = strdup(result->error.text);
    else if (worst)
        detail = fl_format("%s: %s", round->work->checks.at[check].name,
                           worst->detail);
    fl_board_done(round->board, i, result->verdict, detail ? detail : "");
}

/* ---- results ---- */

/* What is not as it should be, the worst first. */
static int put_details(struct fl_buf *out, const struct fl_checks *checks,
                       const struct fl_test_result *result)
{
    for (int verdict = FLEET_FAIL; verdict >= FLEET_WARN; verdict--) {
        for (size_t i = 0; i < checks->n; i++) {
            const struct fl_finding *finding = &result->findings[i];

            if (finding->verdict == verdict && !finding->unasked)
                fl_buf_printf(out, "%s%s: %s", out->len ? "; " : "",
                              checks->at[i].name, finding->detail);
        }
    }
    if (result->stage && !out->len)
        fl_buf_puts(out, result->error.text);
    return out->failed;
}

static void add_row(struct fl_table *table, const struct fl_checks *checks,
                    const struct fl_test_result *result)
{
    FL_AUTO(fl_buf_clear)
    struct fl_buf details = FL_BUF(4 * FL_REPORT_MAX);
    char elapsed[32];

    fl_duration_text(elapsed, result->elapsed_ms);
    put_details(&details, checks, result);
    fl_table_cell(table, result->name);
    fl_table_cell(table, fl_verdict_name(result->verdict));
    fl_table_cell(table, elapsed);
    for (size_t i = 0; i < checks->n; i++)
        fl_table_cell(table,
                      result->findings[i].unasked
                          ? NULL
                          : fl_verdict_name(result->findings[i].verdict));
    if (details.len == 0)
        fl_table_cell(table, NULL);
    else if (details.len > DETAIL_MAX)
        fl_table_cellf(table, "%.*s...", DETAIL_MAX, fl_buf_text(&details));
    else
        fl_table_cell(table, fl_buf_text(&details));
}

static void print_table(struct round *round)
{
    const struct fl_checks *checks = &round->work->checks;
    FL_AUTO_FREE const char **headings =
        calloc(checks->n + FIXED + 1, sizeof(*headings));
    struct fl_table table;

    if (!headings) {
        round->work->context->output_error = ENOMEM;
        return;
    }
    headings[0] = "NAME";
    headings[1] = "VERDICT";
    headings[2] = "TIME";
    for (size_t i = 0; i < checks->n; i++)
        headings[FIXED + i] = checks->at[i].name;
    headings[FIXED + checks->n] = "DETAIL";
    fl_table_init(&table, checks->n + FIXED + 1, headings, 1u << 2);
    for (size_t i = 0; i < round->results.n; i++)
        add_row(&table, checks, &round->results.at[i]);
    fl_table_print(&table, round->work->context);
    fl_table_clear(&table);
}

struct counts {
    size_t pass, warn, fail;
};

static struct counts count(const struct fl_test_results *results)
{
    struct counts counts = {0};

    for (size_t i = 0; i < results->n; i++) {
        counts.pass += results->at[i].verdict == FLEET_PASS;
        counts.warn += results->at[i].verdict == FLEET_WARN;
        counts.fail += results->at[i].verdict == FLEET_FAIL;
    }
    return counts;
}

static int tell_summary(struct round *round)
{
    FL_AUTO(fl_troubles_clear) struct fl_troubles troubles = {0};
    struct fl_context *context = round->work->context;
    struct counts counts = count(&round->results);

    if (fl_troubles_find(&round->work->checks, &round->results, &troubles) < 0)
        return FLEET_ENOMEM;
    fl_say(context, "%zu tested: %zu pass, %zu warn, %zu fail",
           round->results.n, counts.pass, counts.warn, counts.fail);
    for (size_t i = 0; i < troubles.n; i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(16 * 1024);

        fl_trouble_text(&troubles.at[i], &line);
        fl_say(context, "%s", fl_buf_text(&line));
    }
    return FLEET_OK;
}

static int write_junit(struct round *round, struct fleet_error *err)
{
    const char *path = round->work->options->junit;
    struct fl_context *context = round->work->context;
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(JUNIT_MAX);
    int rc;

    if (!path)
        return FLEET_OK;
    fl_verdict_junit(&round->work->checks, &round->results,
                     context->engine.cohort.prefix, &out);
    rc = fl_buf_check(&out, path, err);
    return rc < 0 ? rc : fl_file_write(path, out.data, out.len, 0644, err);
}

static int status_of(const struct round *round)
{
    struct counts counts = count(&round->results);

    if (fl_cancelled())
        return fl_cancel_status();
    if (counts.fail == 0)
        return FL_EXIT_OK;
    return counts.fail == round->results.n ? FL_EXIT_FAILED : FL_EXIT_PARTIAL;
}

/* ---- what --watch tells ---- */

/* "2026-11-20T09:00:00Z  arena-apple  fail  disk: ..." */
static void tell_change(struct round *round,
                        const struct fl_test_result *result, const char *line)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4 * FL_REPORT_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf shown = FL_BUF(64 * FL_REPORT_MAX);
    char stamp[FL_STAMP_SIZE];

    fl_stamp(stamp, time(NULL));
    put_details(&text, &round->work->checks, result);
    fl_buf_printf(&shown, "%s  %s%s", stamp, line, text.len ? "  " : "");
    fl_text_escape(&shown, fl_buf_text(&text));
    fl_buf_putc(&shown, '\n');
    fl_print(round->work->context, fl_buf_text(&shown));
}

static int tell_changes(struct round *round)
{
    struct work *work = round->work;
    struct fl_strv now = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < round->results.n; i++) {
        const struct fl_test_result *result = &round->results.at[i];
        FL_AUTO_FREE char *line =
            fl_format("%s  %s", result->name, fl_verdict_name(result->verdict));

        rc = line ? fl_strv_add(&now, line) : FLEET_ENOMEM;
        if (rc == 0 && !fl_strv_has(&work->before, line))
            tell_change(round, result, line);
    }
    fflush(stdout);
    fl_strv_clear(&work->before);
    work->before = now;
    return rc;
}

/* ---- rounds ---- */

static int run_tests(struct round *round, struct fleet_error *err)
{
    struct work *work = round->work;
    struct fl_engine *engine = &work->context->engine;
    int64_t most = work->options->deep ? DEEP_MS : LIMIT_MS;
    const struct fl_test_job job = {
        .engine = engine,
        .fleet = &round->fleet,
        .selected = round->selected,
        .checks = &work->checks,
        .key = work->key,
        .limit_ms = engine->timeout_ms > 0 ? engine->timeout_ms : most,
        .proxy = work->options->via_proxy ? engine->settings.proxy_host : NULL,
        .learn_anew = work->options->learn_anew,
        .begun = round_begun,
        .step = round_step,
        .ended = round_ended,
        .arg = round,
    };
    int rc = fl_test_run(&job, &round->results, err);

    fl_board_close(round->board);
    round->board = NULL;
    return rc;
}

static int show(struct round *round, struct fleet_error *err)
{
    struct work *work = round->work;
    int rc;

    if (work->options->watch) {
        rc = tell_changes(round);
    } else {
        fl_verdict_document(work->context, &work->checks, &round->results);
        print_table(round);
        rc = round->results.n ? tell_summary(round) : FLEET_OK;
    }
    return rc < 0 ? fl_enomem(err) : write_junit(round, err);
}

static int run_round(struct round *round, struct fleet_error *err)
{
    struct work *work = round->work;
    struct fl_context *context = work->context;
    int rc = fl_work_look(context, 0, &round->fleet, err);
    int status, incomplete;

    if (rc == 0)
        rc = fl_work_select(context, &round->fleet, &work->options->narrowing,
                            true, &round->selected, err);
    if (rc == 0)
        rc = run_tests(round, err);
    if (rc < 0)
        return fl_report(context, err, NULL, NULL);
    status = status_of(round);
    if (show(round, err) < 0)
        status = fl_report(context, err, NULL, NULL);
    fl_verdict_record(context, &work->checks, &round->results);
    if (round->results.n == 0 && round->fleet.complete)
        fl_say(context, "no pods of cohort %s to test",
               context->engine.cohort.prefix);
    incomplete = fl_work_incomplete(context, &round->fleet);
    return status == FL_EXIT_OK ? incomplete : status;
}

static int one_round(struct work *work)
{
    struct round round = {.work = work};
    struct fleet_error err = {0};
    int status = run_round(&round, &err);

    fl_test_results_clear(&round.results);
    free(round.selected);
    fl_fleet_clear(&round.fleet);
    return status;
}

/* What the round before has kept is there for the next one. */
static void forget_state(struct fl_engine *engine)
{
    fl_state_close(engine->state);
    engine->state = NULL;
}

static int all_rounds(struct work *work)
{
    int status = one_round(work);

    while (work->options->watch && !fl_cancelled()) {
        if (fl_wait(NULL, 0, fl_deadline(work->options->interval_ms)) ==
            FLEET_ECANCELLED)
            break;
        forget_state(&work->context->engine);
        status = one_round(work);
    }
    return status;
}

static int open_work(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    struct fl_engine *engine = &context->engine;
    uint32_t flags = work->options->deep ? FLEET_CHECK_DEEP : 0;
    int rc = fl_work_open(context, err);

    if (rc == 0)
        rc = fl_checks_open(engine, work->options->only, flags, &work->checks,
                            err);
    if (rc == 0 && work->options->via_proxy && !engine->settings.proxy_host)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "SSH_PROXY_HOST is not set: there is no proxy to go "
                        "through");
    return rc < 0 ? rc : fl_visiting_key(context, &work->key, err);
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context, .options = given};
    struct fleet_error err = {0};
    int status;

    if (work.options->watch && context->format != FL_FORMAT_TABLE)
        return fl_usage(context, "--watch tells what changes, in lines: it "
                                 "goes with no other output");
    status = open_work(&work, &err) < 0 ? fl_report(context, &err, NULL, NULL)
                                        : all_rounds(&work);
    fl_strv_clear(&work.before);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_ssh_key_close(work.key);
    fl_checks_close(&work.checks);
    return status;
}

const struct fl_command fl_cmd_test = {
    .name = "test",
    .group = "Pods",
    .summary = "check over SSH that pods are healthy",
    .synopsis = "[TARGET...]",
    .example = "fleet test\n"
               "fleet test apple..mayor --only ssh,gpu\n"
               "fleet test --via-proxy --only ssh\n"
               "fleet test --deep --junit results.xml\n"
               "fleet test --json | jq -r '.results[] | "
               "select(.verdict==\"fail\").name'",
    .about =
        "All pods are asked at once, each over one connection with one "
        "command, whatever the number of checks. A check passes, warns, fails, "
        "or is skipped where it does not apply; what could not be found out "
        "does not pass. A pod that cannot be asked fails, and the stage is "
        "named: resolve, connect, greeting, host key, login, exec or timeout. "
        "Executable scripts checks.d/NAME.sh beside the config file are "
        "checks, "
        "too: exit status 0 passes, 1 fails, 2 warns. The exit status is 0 "
        "when "
        "no pod fails, 3 when some do, 1 when all do. --timeout is for each "
        "pod: 60 seconds, with --deep 10 minutes. Limits are set in the "
        "configuration (see `fleet config show`); verdicts are kept, and "
        "`fleet "
        "list` shows the last one.",
    .options = options,
    .options_size = sizeof(struct test_options),
    .args = FL_ARGS_PODS,
    .run = run,
};
