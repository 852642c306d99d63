/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/visiting.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/cmd/keep.h"

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
