/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ran.h"

#include <signal.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)8 << 20) /* of each stream of each pod */

/* The command and its input outlive a thread that is wedged: whoever runs this
 * leaves them then. */
static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_run_job *job = arg;
    struct fl_ran *ran = own;
    bool keeps = !job->heard || job->keep;

    (void)err;
    ran->exec = (struct fl_ssh_exec){
        .command = job->command,
        .input = job->input,
        .input_len = job->input_len,
        .max_out = keeps ? OUTPUT_MAX : 0,
        .max_err = keeps ? OUTPUT_MAX : 0,
        .heard = job->heard,
        .heard_arg = job->heard
                         ? job->heard_args[member - job->to.fleet->members]
                         : NULL,
    };
    return FLEET_OK;
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_ran *ran = visit->own;
    int rc;

    fl_visit_step(visit, "running");
    rc = fl_visit_run(visit, &ran->exec, err);
    ran->ended = rc == FLEET_OK;
    for (int stream = 1; ran->exec.heard && stream <= 2; stream++)
        ran->exec.heard(ran->exec.heard_arg, stream, NULL, 0);
    return rc;
}

static void clear(void *own)
{
    fl_ssh_exec_clear(&((struct fl_ran *)own)->exec);
}

static bool told(const void *arg, const struct fl_visit_result *result,
                 char text[64])
{
    int status = fl_run_status(result);

    (void)arg;
    snprintf(text, 64, "exit %d", status);
    return status == 0;
}

int fl_run_all(const struct fl_run_job *job, struct fl_visit_results *results,
               struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_ran),
        .begin = begin,
        .work = work,
        .clear = clear,
        .told = told,
    };

    return fl_visit_all(&job->to, &kind, job, results, err);
}

const struct fl_ran *fl_run_of(const struct fl_visit_result *result)
{
    static const struct fl_ran none;

    return result->own ? result->own : &none;
}

static int signal_number(const char *name)
{
    for (int i = 1; i < NSIG; i++) {
        const char *has = sigabbrev_np(i);

        if (has && strcmp(has, name) == 0)
            return i;
    }
    return 0;
}

int fl_run_status(const struct fl_visit_result *result)
{
    const struct fl_ran *ran = fl_run_of(result);

    if (!ran->ended)
        return 255;
    return ran->exec.signal[0] ? 128 + signal_number(ran->exec.signal)
                               : ran->exec.status;
}
