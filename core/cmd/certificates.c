/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/certificates.h"

#include "core/base/cancel.h"
#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/cmd/output.h"
#include "core/cmd/visiting.h"

#define LIMIT_MS 60000

static json_t *json_result(const struct fl_visit_result *result)
{
    const char *name = fleet_pod_get(result->member->pod, FLEET_POD_NAME);
    json_t *made = json_object();

    fl_json_put(made, "name", fl_json_text(name));
    fl_json_put(made, "result",
                fl_json_text(result->stage ? "pinned" : "certified"));
    fl_json_put(made, "error",
                result->stage ? fl_json_error(&result->error, name,
                                              result->member->listing->name)
                              : json_null());
    return made;
}

static void tell(struct fl_context *context,
                 const struct fl_visit_results *results)
{
    json_t *list = json_array();

    for (size_t i = 0; i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];

        fl_json_add(list, json_result(result));
        if (result->stage)
            fl_say(context,
                   "fleet: warning: %s has no host certificate and is known "
                   "by its key alone: %s",
                   fleet_pod_get(result->member->pod, FLEET_POD_NAME),
                   result->error.text);
    }
    fl_json_put(context->document, "certificates", list);
}

int fl_certificates_give(struct fl_context *context,
                         const struct fl_fleet *fleet, const bool *selected,
                         struct fl_visit_results *results,
                         struct fleet_error *err)
{
    struct fl_engine *engine = &context->engine;
    FL_AUTO(fl_hostca_clear) struct fl_hostca ca = {0};
    struct fl_ssh_key *key = NULL;
    struct fl_certify_job job = {
        .to = {.engine = engine,
               .fleet = fleet,
               .selected = selected,
               .limit_ms =
                   engine->timeout_ms > 0 ? engine->timeout_ms : LIMIT_MS},
        .ca = &ca,
        .command = context->words,
    };
    int rc = fl_hostca_open(engine, &ca, err);

    if (rc == 0)
        rc = fl_visiting_key(context, &key, err);
    job.to.key = key;
    if (rc == 0)
        rc = fl_certify_run(&job, results, err);
    if (rc == 0)
        tell(context, results);
    if (fl_pool_wedged()) /* a thread may still use them */
        ca = (struct fl_hostca){0};
    else
        fl_ssh_key_close(key);
    return rc;
}

static bool *select_names(const struct fl_fleet *fleet,
                          const struct fl_strv *names)
{
    bool *selected = calloc(fleet->n_members + 1, sizeof(*selected));

    for (size_t i = 0; selected && i < fleet->n_members; i++)
        selected[i] = fl_strv_has(
            names, fleet_pod_get(fleet->members[i].pod, FLEET_POD_NAME));
    return selected;
}

static int follow(struct fl_context *context, const struct fl_strv *names,
                  struct fleet_error *err)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_visit_results_clear) struct fl_visit_results results = {0};
    FL_AUTO_FREE bool *selected = NULL;
    int rc = fl_fleet_gather(&context->engine, 0, &fleet, err);

    if (rc < 0)
        return rc;
    selected = select_names(&fleet, names);
    return selected
               ? fl_certificates_give(context, &fleet, selected, &results, err)
               : fl_enomem(err);
}

void fl_certificates_follow(struct fl_context *context,
                            const struct fl_strv *names)
{
    struct fleet_error err = {0};

    if (!context->engine.settings.ca_key_path || names->n == 0 ||
        context->globals.dry_run || fl_cancelled() || fl_pool_wedged())
        return;
    if (follow(context, names, &err) < 0)
        fl_say(context, "fleet: warning: no host certificates were given: %s",
               err.text);
}
