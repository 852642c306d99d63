/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/push.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/pool.h"
#include "core/cmd/commands.h"
#include "core/cmd/transfer.h"
#include "core/engine/scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct push_options {
    struct fl_transfer_flags transfer;
    char *to;
    bool no_rsync;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_TRANSFER_OPTIONS(struct push_options, transfer),
    {.key = "to", .type = FLEET_OPT_STRING,
     .help = "directory on the pods that it goes into, made where it is "
             "missing; without it the home of the login",
     FLEET_AT(struct push_options, to)},
    {.key = "no-rsync", .type = FLEET_OPT_BOOL,
     .help = "send a large file of which an older version is there whole, too",
     FLEET_AT(struct push_options, no_rsync)},
    {0},
};
/* clang-format on */

/* Everything one `fleet push` works with. */
struct work {
    struct fl_transfer transfer;
    struct fl_scan scan;
    struct fl_push_plan plan;
    char *to, *identity;
};

static int find_things(struct work *work, struct fleet_error *err)
{
    struct fl_scan *scan = &work->scan;
    const struct fl_strv *things = &work->transfer.things;
    int rc;

    scan->exclude = &work->transfer.ignore;
    scan->max_size = work->transfer.max_size;
    rc = fl_scan(scan, (const char *const *)things->at, things->n, err);
    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_EUSAGE,
                          "%.400s, on this computer (where it goes to on the "
                          "pods, --to says)",
                          err->text);
    if (rc == 0 && scan->copies.n == 0)
        return fleet_fail(err, FLEET_EUSAGE, "there is nothing to push");
    return rc;
}

/* Both for rsync, which brings its own ssh. */
static bool is_here(const char *program)
{
    FL_AUTO(fl_strv_clear) struct fl_strv folders = {0};
    const char *path = getenv("PATH");

    if (!path || fl_strv_split(&folders, path, ":") < 0)
        return false;
    for (size_t i = 0; i < folders.n; i++) {
        FL_AUTO_FREE char *file = fl_path_join(folders.at[i], program);

        if (file && access(file, X_OK) == 0)
            return true;
    }
    return false;
}

static int make_plan(struct work *work, const struct push_options *given,
                     struct fleet_error *err)
{
    const struct fl_engine *engine = &work->transfer.context->engine;
    struct fl_push_plan *plan = &work->plan;

    plan->copies = &work->scan.copies;
    plan->pace = &work->transfer.pace;
    plan->to = work->to;
    plan->dry_run = work->transfer.context->globals.dry_run;
    plan->idle_ms = work->transfer.idle_ms;
    fl_push_tag(plan);
    if (!given->no_rsync && is_here("rsync") && is_here("ssh") &&
        engine->settings.key_path)
        plan->identity = work->identity = strdup(engine->settings.key_path);
    return fl_hashes_open(plan->copies, &plan->hashes, err);
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct work *work = arg;
    struct fl_pushed *pushed = own;

    (void)member;
    (void)err;
    pushed->plan = &work->plan;
    pushed->copied.left_out = work->scan.n_large + work->scan.n_other;
    return FLEET_OK;
}

static int do_work(struct work *work, const struct push_options *given)
{
    static const struct fl_visit_kind kind = {.own_size =
                                                  sizeof(struct fl_pushed),
                                              .begin = begin,
                                              .work = fl_push_work,
                                              .clear = fl_pushed_clear,
                                              .told = fl_transfer_told};
    struct fleet_error err = {0};
    int rc = fl_transfer_open(&work->transfer, &err);

    if (rc == 0)
        rc = fl_transfer_path("--to ", given->to ? given->to : "~", &work->to,
                              &err);
    if (rc == 0)
        rc = find_things(work, &err);
    if (rc == 0)
        rc = fl_work_open(work->transfer.context, &err);
    if (rc == 0)
        rc = make_plan(work, given, &err);
    if (rc == 0)
        rc = fl_transfer_run(&work->transfer, &kind, work, &err);
    if (rc < 0)
        return fl_report(work->transfer.context, &err, NULL, NULL);
    return fl_transfer_finish(&work->transfer);
}

static int run(struct fl_context *context, const void *given)
{
    const struct push_options *chosen = given;
    struct work *work;
    int status;

    if (!context->split || context->n_before == context->n_args)
        return fl_usage(context,
                        "what is pushed stands behind --: "
                        "fleet push apple --to /workspace -- notes.txt");
    work = calloc(1, sizeof(*work)); /* threads may outlive this function */
    if (!work)
        return FL_EXIT_FAILED;
    work->transfer.context = context;
    work->transfer.flags = &chosen->transfer;
    work->transfer.verb = "pushed";
    status = do_work(work, chosen);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_transfer_close(&work->transfer);
    fl_hashes_close(work->plan.hashes);
    fl_copies_clear(&work->scan.copies);
    free(work->to);
    free(work->identity);
    free(work);
    return status;
}

const struct fl_command fl_cmd_push = {
    .name = "push",
    .group = "Pods",
    .summary = "copy files and directories to pods, all at once",
    .synopsis = "[TARGET...] [--to DIR] -- FILE...",
    .example = "fleet push -- notes.txt\n"
               "fleet push apple..mayor --to /workspace -- data exercises\n"
               "fleet push --to '~/models' --limit 50M -- big.safetensors\n"
               "fleet push --ignore '.git,*.pyc' --dry-run -- .",
    .about =
        "Without a target all pods are meant. Each FILE arrives in DIR under "
        "its own name, a directory with all that is in it, \".\" as what is in "
        "it; links stay links. A file that is there already, by size and "
        "checksum, is not sent again. What is sent comes under a temporary "
        "name, is compared by its checksum, and then gets its own in one step; "
        "what a cut connection or an ended run has left is taken up by the "
        "next. Nothing is deleted over there, so nothing is asked. Ends, for "
        "each pod, when for --timeout (a minute if it is not given) nothing "
        "has moved.",
    .options = options,
    .options_size = sizeof(struct push_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run,
};
