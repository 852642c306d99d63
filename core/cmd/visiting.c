/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/visiting.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/cmd/document.h"
#include "core/cmd/keep.h"

#include <stdlib.h>

int fl_visiting_key(struct fl_context *context, struct fl_ssh_key **key,
                    struct fleet_error *err)
{
    const char *path = context->engine.settings.key_path;

    if (!path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "SHARED_SSH_KEY_PATH is not set: it names the "
                          "private key that opens the pods; see `fleet init`");
    return fl_ssh_key_open(path, key, err);
}

int fl_visiting_open(struct fl_context *context,
                     const struct fl_narrowing *narrowing,
                     struct fl_visiting *visiting, struct fleet_error *err)
{
    int rc = fl_work_look(context, 0, &visiting->fleet, err);

    if (rc == 0)
        rc = fl_visiting_key(context, &visiting->key, err);
    return rc < 0 ? rc
                  : fl_work_select(context, &visiting->fleet, narrowing, true,
                                   &visiting->selected, err);
}

size_t fl_visiting_count(const struct fl_visiting *visiting)
{
    size_t n = 0;

    for (size_t i = 0; i < visiting->fleet.n_members; i++)
        n += visiting->selected[i];
    return n;
}

struct fl_visit_to fl_visiting_to(struct fl_context *context,
                                  const struct fl_visiting *visiting,
                                  int64_t limit_ms,
                                  struct fl_progress *progress)
{
    int64_t asked_ms = context->globals.timeout_ms;

    return (struct fl_visit_to){.engine = &context->engine,
                                .fleet = &visiting->fleet,
                                .selected = visiting->selected,
                                .key = visiting->key,
                                .limit_ms = asked_ms > 0 ? asked_ms : limit_ms,
                                .event = fl_progress_event,
                                .event_arg = progress};
}

void fl_visiting_put(json_t *entry, const struct fl_visit_result *result)
{
    fl_json_put(entry, "elapsed_ms", json_integer(result->elapsed_ms));
    fl_json_put(entry, "stage", fl_json_text(result->stage));
    fl_json_put(entry, "error",
                result->stage ? fl_json_error(&result->error, result->name,
                                              result->member->listing->name)
                              : json_null());
}

size_t fl_visiting_failed(const struct fl_visit_results *results)
{
    size_t n = 0;

    for (size_t i = 0; i < results->n; i++)
        n += results->at[i].stage != NULL;
    return n;
}

int fl_visiting_report(struct fl_context *context,
                       const struct fl_visit_results *results)
{
    int status = FL_EXIT_OK;

    for (size_t i = 0; i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];

        if (result->stage)
            status = fl_report(context, &result->error, result->name,
                               result->member->listing->name);
    }
    return status;
}

void fl_visiting_keep(struct fl_context *context,
                      const struct fl_visit_results *results)
{
    FL_AUTO_FREE struct fl_host_key *keys =
        calloc(results->n + 1, sizeof(*keys));
    struct fleet_error err = {0};
    char now[FL_STAMP_SIZE];
    size_t n = 0;

    fl_stamp(now, time(NULL));
    for (size_t i = 0; keys && i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];

        if (result->learnt)
            keys[n++] = (struct fl_host_key){
                (char *)result->name, (char *)result->member->listing->name,
                (char *)fleet_pod_get(result->member->pod, FLEET_POD_ID), now,
                result->learnt};
    }
    if (n > 0 && fl_keep(context, NULL, 0, keys, n, &err) < 0)
        fl_say(context, "fleet: warning: host keys are not kept: %s", err.text);
}

int fl_visiting_end(struct fl_context *context,
                    const struct fl_visiting *visiting, int status)
{
    int incomplete;

    fl_visiting_keep(context, &visiting->results);
    if (visiting->results.n == 0 && visiting->fleet.complete)
        fl_say(context, "no pods of cohort %s", context->engine.cohort.prefix);
    incomplete = fl_work_incomplete(context, &visiting->fleet);
    return status == FL_EXIT_OK ? incomplete : status;
}

void fl_visiting_close(struct fl_visiting *visiting)
{
    fl_visit_results_clear(&visiting->results);
    free(visiting->selected);
    fl_fleet_clear(&visiting->fleet);
    fl_ssh_key_close(visiting->key);
}
