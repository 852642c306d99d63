/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/pull.h"

#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/commands.h"
#include "core/cmd/transfer.h"

#include <stdlib.h>
#include <string.h>

struct pull_options {
    struct fl_transfer_flags transfer;
    char *out;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_TRANSFER_OPTIONS(struct pull_options, transfer),
    {.key = "out", .type = FLEET_OPT_PATH,
     .help = "directory here that gets one of its own for each pod",
     FLEET_AT(struct pull_options, out)},
    {0},
};
/* clang-format on */

/* Everything one `fleet pull` works with. */
struct work {
    struct fl_transfer transfer;
    struct fl_pull_plan plan;
    struct fl_strv things;
    char *out;
};

/* As the pods' tools take them. */
static int take_things(struct work *work, struct fleet_error *err)
{
    const struct fl_strv *given = &work->transfer.things;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < given->n; i++) {
        char *path = NULL;

        rc = fl_transfer_path("", given->at[i], &path, err);
        if (rc == 0 && fl_strv_take(&work->things, path) < 0)
            rc = fl_enomem(err);
    }
    return rc;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Each has a place of its own here. */
static int check_things(const struct work *work, struct fleet_error *err)
{
    for (size_t i = 0; i < work->things.n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(base_of(work->things.at[i]),
                       base_of(work->things.at[k])) == 0)
                return fleet_fail(err, FLEET_EUSAGE,
                                  "%.200s and %.200s would have the same name "
                                  "here: pull them one after the other, with "
                                  "another --out",
                                  work->things.at[k], work->things.at[i]);
        }
    }
    return FLEET_OK;
}

static int make_plan(struct work *work, const struct pull_options *given,
                     struct fleet_error *err)
{
    struct fl_pull_plan *plan = &work->plan;

    work->out = strdup(given->out);
    if (!work->out)
        return fl_enomem(err);
    plan->things = &work->things;
    plan->ignore = &work->transfer.ignore;
    plan->out = work->out;
    plan->pace = &work->transfer.pace;
    plan->max_size = work->transfer.max_size;
    plan->dry_run = work->transfer.context->globals.dry_run;
    plan->idle_ms = work->transfer.idle_ms;
    return FLEET_OK;
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct work *work = arg;
    struct fl_pulled *pulled = own;

    pulled->plan = &work->plan;
    pulled->landing = FL_LANDING;
    pulled->name = strdup(member->short_name);
    return pulled->name ? FLEET_OK : fl_enomem(err);
}

static int do_work(struct work *work, const struct pull_options *given)
{
    static const struct fl_visit_kind kind = {.own_size =
                                                  sizeof(struct fl_pulled),
                                              .begin = begin,
                                              .work = fl_pull_work,
                                              .clear = fl_pulled_clear,
                                              .told = fl_transfer_told};
    struct fleet_error err = {0};
    int rc = fl_transfer_open(&work->transfer, &err);

    if (rc == 0)
        rc = take_things(work, &err);
    if (rc == 0)
        rc = check_things(work, &err);
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
    const struct pull_options *chosen = given;
    struct work *work;
    int status;

    if (!context->split || context->n_before == context->n_args)
        return fl_usage(context, "what is pulled stands behind --: "
                                 "fleet pull apple --out results -- "
                                 "/workspace/logs");
    if (!chosen->out || !*chosen->out)
        return fl_usage(context, "--out says where it goes to, here: "
                                 "fleet pull --out results -- notes.txt");
    work = calloc(1, sizeof(*work)); /* threads may outlive this function */
    if (!work)
        return FL_EXIT_FAILED;
    work->transfer.context = context;
    work->transfer.flags = &chosen->transfer;
    work->transfer.verb = "pulled";
    status = do_work(work, chosen);
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return status;
    fl_transfer_close(&work->transfer);
    fl_strv_clear(&work->things);
    free(work->out);
    free(work);
    return status;
}

const struct fl_command fl_cmd_pull = {
    .name = "pull",
    .group = "Pods",
    .summary = "copy files and directories from pods, all at once",
    .synopsis = "[TARGET...] --out DIR -- PATH...",
    .example = "fleet pull --out results -- /workspace/results\n"
               "fleet pull apple..mayor --out logs --max-size 10M -- "
               "'~/logs' notes.txt\n"
               "fleet pull --out work --ignore '.git,*.pt' --dry-run -- .",
    .about =
        "Without a target all pods are meant. What comes from arena-apple goes "
        "to DIR/apple, under its own name, a directory with all that is in it, "
        "\".\" as what is in it. A PATH is taken as it stands, from the home "
        "of "
        "the login where it does not begin with /. What is here already, by "
        "size and checksum, is not copied again; the rest is compared by its "
        "checksum before it gets its name, and taken up where it was cut. "
        "Nothing is deleted here. A pod is not trusted: nothing is written "
        "outside of its directory, and links that would lead out of it are "
        "left out. --timeout is for how long nothing may move.",
    .options = options,
    .options_size = sizeof(struct pull_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PODS,
    .run = run,
};
