/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/strv.h"
#include "core/cmd/admit.h"
#include "core/cmd/certificates.h"
#include "core/cmd/making.h"

struct create_options {
    struct fl_make_options make;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "no-wait", .type = FLEET_OPT_BOOL,
     .help = "return once the provider has accepted, not when sshd answers",
     FLEET_AT(struct create_options, make.no_wait)},
    FL_MAKE_OPTIONS(struct create_options, make),
    {0},
};
/* clang-format on */

static int make(struct fl_make *work, struct fleet_error *err)
{
    struct fl_progress *progress = fl_progress_open(work->context, "created");
    const struct fl_rounds_job job = {.event = fl_progress_event,
                                      .event_arg = progress};
    int rc = fl_make_run(work, &job, err);

    fl_progress_close(progress);
    return rc;
}

static int run_work(struct fl_make *work, struct fleet_error *err)
{
    bool go = false;
    int rc = fl_make_prepare(work, &go, err);

    if (rc == 0 && !go)
        return work->status;
    if (rc == 0 && work->create.n > 0)
        rc = make(work, err);
    return rc < 0 ? fl_report(work->context, err, NULL, work->at_fault)
                  : fl_make_finish(work);
}

/* Those whose sshd answers. */
static void certify(const struct fl_make *work)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    for (size_t i = 0; !work->options->no_wait && i < work->results.n; i++) {
        const struct fl_create_result *result = &work->results.at[i];

        if (result->outcome == FL_OUTCOME_DONE &&
            fl_strv_add(&names, result->name) < 0)
            return;
    }
    fl_certificates_follow(work->context, &names);
    fl_admit_follow(work->context, &names);
}

static int run(struct fl_context *context, const void *given)
{
    const struct create_options *chosen = given;
    struct fl_make work = {.context = context, .options = &chosen->make};
    struct fleet_error err = {0};
    int status = run_work(&work, &err);

    fl_make_document(&work); /* whatever has become of it */
    certify(&work);
    if (work.results.n)
        status = fl_forwards_follow(context, work.options->skip_proxy, status);
    fl_make_clear(&work);
    return status;
}

const struct fl_command fl_cmd_create = {
    .name = "create",
    .group = "Pods",
    .summary = "make pods and wait until sshd answers",
    .synopsis = "[-n N | -a N | NAME...]",
    .example = "fleet create -n 20          # 20 in all; run again, still 20\n"
               "fleet create -a 3 --yes     # three more\n"
               "fleet create -n 20 --order cheapest --keep-trying 2h\n"
               "fleet create apple --dry-run",
    .about =
        "Names are taken from MACHINE_NAME_LIST in order, whichever are free. "
        "Every call is written to the journal before it is made: a run that "
        "is cut short anywhere is put right by the next one, and no pod is "
        "made twice or lost. Nothing is made while a provider cannot be "
        "listed. Where one offer has no room, the next one of `fleet offers` "
        "is tried, and MAX_PRICE and MAX_FLEET_PRICE hold for each of them: a "
        "pod that costs more than was agreed, or does not say what it costs, "
        "is given back.",
    .options = options,
    .options_size = sizeof(struct create_options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_NAMES,
    .run = run,
};
