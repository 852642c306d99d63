/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/transfer.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"
#include "core/engine/copied.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS       60000
#define LIMIT_MS      (INT64_C(30) * 24 * 3600 * 1000) /* what moves may go on */
#define RATE_AFTER_MS 1000

void fl_size_text(char out[32], int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes / 1000;
    size_t i = 0;

    if (bytes < 1000) {
        snprintf(out, 32, "%d B", (int)bytes);
        return;
    }
    for (; value >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
        value /= 1000;
    snprintf(out, 32, "%.1f %s", value, units[i]);
}

/* "500K", "20M", "2G": powers of 1024. */
static int parse_size(const char *flag, const char *text, int64_t min,
                      int64_t *out, struct fleet_error *err)
{
    static const char letters[] = "KMGT";
    FL_AUTO_FREE char *digits = strdup(text ? text : "0");
    size_t len = digits ? strlen(digits) : 0;
    const char *letter = NULL;
    int shift = 0;
    int64_t n = 0;

    if (!digits)
        return fl_enomem(err);
    if (len > 1)
        letter = strchr(letters, digits[len - 1] & ~0x20);
    if (letter && *letter) {
        shift = 10 * (int)(letter - letters + 1);
        digits[len - 1] = '\0';
    }
    if (text &&
        (!fl_parse_int(digits, 1, INT64_MAX >> shift, &n) || n << shift < min))
        return fleet_fail(err, FLEET_EUSAGE,
                          "--%s: \"%.40s\" is no size of at least %" PRId64
                          " bytes, as in 500K, 20M or 2G",
                          flag, text, min);
    *out = n << shift;
    return FLEET_OK;
}

static int take_things(struct fl_transfer *transfer, struct fleet_error *err)
{
    struct fl_context *context = transfer->context;

    for (size_t i = context->n_before; i < context->n_args; i++) {
        if (!*context->args[i])
            return fleet_fail(err, FLEET_EUSAGE, "an empty name behind --");
        if (fl_strv_add(&transfer->things, context->args[i]) < 0)
            return fl_enomem(err);
    }
    context->n_args = context->n_before; /* the targets */
    return FLEET_OK;
}

int fl_transfer_path(const char *flag, const char *given, char **out,
                     struct fleet_error *err)
{
    const char *path = given;
    char *made;
    size_t len;

    if (strcmp(path, "~") == 0 || strcmp(path, ".") == 0)
        path = "";
    if (strncmp(path, "~/", 2) == 0)
        path += 2;
    else if (*path == '~')
        return fleet_fail(err, FLEET_EUSAGE,
                          "%s%.100s: of the homes over there only the login's "
                          "own, ~, is known",
                          flag, path);
    made = fl_format("%s%s", *path && *path != '/' ? "./" : "", path);
    if (!made)
        return fl_enomem(err);
    len = strlen(made);
    while (len > 1 && made[len - 1] == '/')
        made[--len] = '\0';
    *out = made;
    return FLEET_OK;
}

int fl_transfer_open(struct fl_transfer *transfer, struct fleet_error *err)
{
    const struct fl_transfer_flags *flags = transfer->flags;
    int64_t timeout_ms = transfer->context->globals.timeout_ms, rate = 0;
    int rc = take_things(transfer, err);

    transfer->began = fl_now_ms();
    transfer->idle_ms = timeout_ms > 0 ? timeout_ms : IDLE_MS;
    if (rc == 0 && flags->ignore &&
        fl_strv_split(&transfer->ignore, flags->ignore, "\n") < 0)
        rc = fl_enomem(err);
    if (rc == 0)
        rc = parse_size("max-size", flags->max_size, 1, &transfer->max_size,
                        err);
    if (rc == 0)
        rc = parse_size("limit", flags->limit, FL_PACE_RATE_MIN, &rate, err);
    fl_pace_open(&transfer->pace, rate);
    return rc;
}

/* ---- while it goes on ---- */

static void tell_rate(void *arg, struct fl_buf *out)
{
    struct fl_transfer *transfer = arg;
    int64_t moved = atomic_load(&transfer->pace.moved);
    int64_t ms = fl_now_ms() - transfer->began;
    char size[32], rate[32];

    if (moved == 0 || ms < RATE_AFTER_MS)
        return;
    fl_size_text(size, moved);
    fl_size_text(rate, moved * 1000 / ms);
    fl_buf_printf(out, "  %s, %s/s", size, rate);
}

bool fl_transfer_told(const void *arg, const struct fl_visit_result *result,
                      char text[64])
{
    const struct fl_copied *copied = result->own;
    char size[32];

    (void)arg;
    if (!copied)
        return true;
    fl_size_text(size, copied->bytes);
    snprintf(text, 64, "%zu files, %s, %zu already there", copied->files, size,
             copied->already);
    return true;
}

int fl_transfer_run(struct fl_transfer *transfer,
                    const struct fl_visit_kind *kind, const void *arg,
                    struct fleet_error *err)
{
    struct fl_context *context = transfer->context;
    struct fl_progress *progress;
    struct fl_visit_to to;
    int rc = fl_visiting_open(context, &transfer->flags->narrowing,
                              &transfer->visiting, err);

    if (rc < 0)
        return rc;
    progress = fl_progress_open(context, transfer->verb);
    fl_progress_tail(progress, tell_rate, transfer);
    transfer->began = fl_now_ms();
    to = fl_visiting_to(context, &transfer->visiting, LIMIT_MS, progress);
    to.limit_ms = LIMIT_MS; /* --timeout is for what does not move */
    rc = fl_visit_all(&to, kind, arg, &transfer->visiting.results, err);
    fl_progress_close(progress);
    return rc;
}

/* ---- results ---- */

static json_t *json_result(const struct fl_visit_result *result)
{
    const struct fl_copied none = {0};
    const struct fl_copied *copied = result->own ? result->own : &none;
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "files", json_integer((json_int_t)copied->files));
    fl_json_put(entry, "bytes", json_integer(copied->bytes));
    fl_json_put(entry, "skipped", json_integer((json_int_t)copied->already));
    fl_json_put(entry, "left_out", json_integer((json_int_t)copied->left_out));
    fl_json_put(entry, "resumed_bytes", json_integer(copied->resumed));
    fl_visiting_put(entry, result);
    return entry;
}

static void add_row(struct fl_table *table, struct fl_context *context,
                    const struct fl_visit_result *result)
{
    const struct fl_copied none = {0};
    const struct fl_copied *copied = result->own ? result->own : &none;
    int64_t ms = result->elapsed_ms > 0 ? result->elapsed_ms : 1;
    char size[32], time[32], rate[32];

    fl_size_text(size, copied->bytes);
    fl_duration_text(time, ms);
    fl_size_text(rate, (copied->bytes - copied->resumed) * 1000 / ms);
    fl_table_cell(table, result->member->short_name);
    fl_table_cell(table, result->stage              ? "failed"
                         : context->globals.dry_run ? "would be"
                                                    : "ok");
    fl_table_cellf(table, "%zu", copied->files);
    if (context->format == FL_FORMAT_CSV)
        fl_table_cellf(table, "%" PRId64, copied->bytes);
    else
        fl_table_cell(table, size);
    fl_table_cellf(table, "%zu", copied->already);
    fl_table_cell(table, time);
    fl_table_cellf(table, "%s/s", rate);
}

static void print_results(struct fl_transfer *transfer)
{
    static const char *const headings[] = {"NAME",    "RESULT", "FILES", "SIZE",
                                           "ALREADY", "TIME",   "RATE"};
    struct fl_context *context = transfer->context;
    struct fl_table table;
    json_t *list;

    if (context->format == FL_FORMAT_JSON) {
        list = json_array();
        for (size_t i = 0; i < transfer->visiting.results.n; i++)
            fl_json_add(list, json_result(&transfer->visiting.results.at[i]));
        fl_json_put(context->document, "results", list);
        return;
    }
    fl_table_init(&table, 7, headings, 0x7c);
    for (size_t i = 0; i < transfer->visiting.results.n; i++)
        add_row(&table, context, &transfer->visiting.results.at[i]);
    if (transfer->visiting.results.n)
        fl_table_print(&table, context);
    fl_table_clear(&table);
}

static int status_of_all(struct fl_transfer *transfer)
{
    struct fl_tally tally = {0};

    for (size_t i = 0; i < transfer->visiting.results.n; i++) {
        const struct fl_visit_result *result =
            &transfer->visiting.results.at[i];

        fl_tally_add(&tally,
                     !result->stage ? FL_OUTCOME_DONE
                     : result->error.code == FLEET_ECANCELLED
                         ? FL_OUTCOME_CANCELLED
                         : FL_OUTCOME_FAILED,
                     result->stage ? fl_exit_for(result->error.code) : 0);
    }
    return fl_tally_status(&tally);
}

static void tell_left_out(struct fl_transfer *transfer)
{
    for (size_t i = 0; i < transfer->visiting.results.n; i++) {
        const struct fl_visit_result *result =
            &transfer->visiting.results.at[i];
        const struct fl_copied *copied = result->own;

        if (copied && copied->left_out)
            fl_say(transfer->context,
                   "%s: %zu left out: above --max-size, neither file nor "
                   "directory, or links that lead elsewhere",
                   result->name, copied->left_out);
    }
}

int fl_transfer_finish(struct fl_transfer *transfer)
{
    struct fl_context *context = transfer->context;

    print_results(transfer);
    tell_left_out(transfer);
    fl_visiting_report(context, &transfer->visiting.results);
    return fl_visiting_end(context, &transfer->visiting,
                           status_of_all(transfer));
}

void fl_transfer_close(struct fl_transfer *transfer)
{
    fl_visiting_close(&transfer->visiting);
    fl_pace_close(&transfer->pace);
    fl_strv_clear(&transfer->things);
    fl_strv_clear(&transfer->ignore);
}
