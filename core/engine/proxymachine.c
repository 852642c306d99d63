/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/proxymachine.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/await.h"
#include "core/engine/change.h"
#include "core/engine/offers.h"
#include "core/engine/ports.h"
#include "core/engine/rounds.h"

#include <inttypes.h>
#include <string.h>

#define WAIT_MS   600000
#define EXPOSE_MS 120000
#define SSH_PORT  22
#define PORT_MAX  65535
#define ROOM      1000 /* ports open at the least */
#define SPARE     100  /* above the last that is taken */

/* ---- what is wanted ---- */

/* A copy that borrows everything: a plain machine, and whoever has the key of
 * the proxy logs in. */
static struct fl_settings plain_of(const struct fl_settings *settings)
{
    struct fl_settings plain = *settings;

    plain.gpu_type = NULL;
    plain.num_gpus = 0;
    plain.image = NULL;
    plain.template_id = NULL;
    plain.disk_gb = plain.volume_gb = 0;
    plain.cloud_type = plain.regions = NULL;
    plain.placement = (char *)"cheapest";
    plain.ssh_user = settings->proxy_user;
    plain.key_path = settings->proxy_key_path;
    return plain;
}

static const char *unfit(const struct fl_option_row *row, const char *on)
{
    if (on && strcmp(row->listing->name, on) != 0)
        return "not asked for";
    if (row->listing->provider &&
        !fl_provider_can(row->listing->provider, FLEET_OP_EXPOSE))
        return "cannot put a firewall before a machine";
    return NULL;
}

static int drop_unfit(struct fl_options_plan *plan, const char *on,
                      struct fleet_error *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct fl_option_row *row = &plan->at[i];
        const char *why = unfit(row, on);

        if (!why)
            continue;
        free(row->dropped);
        row->code = FLEET_EUNSUPPORTED;
        row->dropped = strdup(why);
        if (!row->dropped)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* Nobody in use can do it, which is another matter than want of room. */
static int check_any(const struct fl_options_plan *plan, const char *on,
                     struct fleet_error *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (!unfit(&plan->at[i], on))
            return FLEET_OK;
    }
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s can make a machine with a firewall before it: such "
                      "providers have the ability expose (`fleet providers "
                      "NAME`), and --on NAME takes one that PROVIDERS leaves "
                      "out",
                      on ? "no such provider" : "no provider in use");
}

int fl_proxymachine_plan(struct fl_engine *engine, struct fl_fleet *fleet,
                         const char *on, struct fl_options_plan *plan,
                         struct fleet_error *err)
{
    struct fl_settings saved = engine->settings;
    int rc;

    engine->settings = plain_of(&saved);
    rc = fl_offers_gather(engine, fleet, plan, err);
    if (rc == 0)
        rc = drop_unfit(plan, on, err);
    if (rc == 0)
        rc = fl_plan_order(&engine->settings, plan, err);
    engine->settings = saved;
    return rc < 0 ? rc : check_any(plan, on, err);
}

/* ---- making ---- */

static int make(const struct fl_proxymachine_job *job,
                const struct fl_strv *names, const char *public_key,
                struct fl_create_results *results, struct fleet_error *err)
{
    struct fl_engine *engine = job->engine;
    struct fl_settings saved = engine->settings;
    struct fl_rounds_job rounds = {.engine = engine,
                                   .fleet = job->fleet,
                                   .plan = job->plan,
                                   .names = names,
                                   .public_key = public_key,
                                   .wait = true,
                                   .event = job->event,
                                   .event_arg = job->event_arg};
    int rc;

    engine->settings = plain_of(&saved);
    rc = fl_rounds_run(&rounds, results, err);
    if (!fl_pool_wedged()) /* a thread that is left may still read them */
        engine->settings = saved;
    return rc;
}

/* What became of the one that was made. */
static int take(const struct fl_proxymachine_job *job,
                const struct fl_create_result *result, struct fleet_error *err)
{
    struct fl_listing *listing;
    struct fleet_pod *pod;

    if (result->outcome == FL_OUTCOME_CANCELLED)
        return fleet_fail(err, FLEET_ECANCELLED, "cancelled");
    if (result->outcome != FL_OUTCOME_DONE) {
        *err = result->error;
        return err->code;
    }
    listing = fl_fleet_listing(job->fleet, result->provider);
    pod = fl_pod_copy(result->pod);
    if (!pod)
        return fl_enomem(err);
    return fl_fleet_add(job->fleet, &job->engine->cohort, listing, pod, err);
}

int fl_proxymachine_make(const struct fl_proxymachine_job *job,
                         struct fl_create_results *results,
                         struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO_FREE char *public_key = NULL;
    struct fl_settings plain = plain_of(&job->engine->settings);
    char *name = fl_cohort_proxy(&job->engine->cohort);
    int rc;

    if (!name || fl_strv_take(&names, name) < 0)
        return fl_enomem(err);
    rc = fl_settings_public_key(&plain, &public_key, err);
    if (rc == 0)
        rc = make(job, &names, public_key, results, err);
    return rc < 0 ? rc : take(job, &results->at[0], err);
}

/* ---- one that is there ---- */

/* What it borrows from its pod, which has been brought up to date. */
static void renamed(struct fl_member *proxy)
{
    proxy->short_name = fleet_pod_get(proxy->pod, FLEET_POD_NAME);
}

/* A fleet of this machine alone, for changes that go by members. Borrows. */
static int alter(struct fl_engine *engine, struct fl_fleet *fleet,
                 enum fl_change change, struct fleet_error *err)
{
    FL_AUTO(fl_change_results_clear) struct fl_change_results results = {0};
    const bool selected = true;
    struct fl_fleet alone = {.members = &fleet->proxy, .n_members = 1};
    struct fl_change_job job = {.engine = engine,
                                .fleet = &alone,
                                .change = change,
                                .selected = &selected,
                                .wait = true};
    int rc = fl_change_run(&job, &results, err);

    if (rc < 0)
        return rc;
    if (results.at[0].pod)
        fl_pod_renew(fleet->proxy.pod, results.at[0].pod);
    renamed(&fleet->proxy);
    if (results.at[0].outcome == FL_OUTCOME_CANCELLED)
        return fleet_fail(err, FLEET_ECANCELLED, "cancelled");
    if (results.at[0].outcome == FL_OUTCOME_FAILED) {
        *err = results.at[0].error;
        return err->code;
    }
    return FLEET_OK;
}

/* What is sure of it, before anything is done with it. */
static int check_there(const struct fl_member *proxy, struct fleet_error *err)
{
    const char *name = fleet_pod_get(proxy->pod, FLEET_POD_NAME);

    if (!proxy->listing->ok) {
        *err = proxy->listing->error;
        return err->code;
    }
    if (proxy->unconfirmed)
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "%s: %s does not list it at present, but it was "
                          "there: try again in a while",
                          name, proxy->listing->name);
    if (proxy->twin)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "two machines are called %s: rename one, or end it, "
                          "at its provider",
                          name);
    return FLEET_OK;
}

int fl_proxymachine_wake(struct fl_engine *engine, struct fl_fleet *fleet,
                         struct fleet_error *err)
{
    struct fl_member *proxy = &fleet->proxy;
    struct fl_fan_item nobody = {0}; /* steps that nobody watches */
    int rc = check_there(proxy, err);

    if (rc < 0)
        return rc;
    if (fl_pod_state(proxy->pod) == FLEET_STATE_STOPPED)
        return alter(engine, fleet, FL_CHANGE_START, err);
    rc = fl_await_ssh(&nobody, proxy->listing->provider, proxy->pod,
                      fl_engine_deadline(engine, WAIT_MS), err);
    renamed(proxy);
    return rc;
}

int fl_proxymachine_end(struct fl_engine *engine, struct fl_fleet *fleet,
                        struct fleet_error *err)
{
    int rc = check_there(&fleet->proxy, err);

    return rc < 0 ? rc : alter(engine, fleet, FL_CHANGE_TERMINATE, err);
}

/* ---- its firewall ---- */

int fl_proxymachine_ports(struct fl_engine *engine,
                          const struct fl_fleet *fleet, char **ports,
                          struct fleet_error *err)
{
    FL_AUTO(fl_ports_clear) struct fl_ports given = {0};
    int64_t first = engine->settings.proxy_starting_port;
    int64_t last = first + ROOM - 1;
    int64_t door =
        fleet_pod_get_number(fleet->proxy.pod, FLEET_POD_SSH_PORT, SSH_PORT);
    int rc = fl_ports_load(engine->state, &given, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < given.n; i++) {
        if (given.at[i].port < first)
            first = given.at[i].port;
        if (given.at[i].port + SPARE > last)
            last = given.at[i].port + SPARE;
    }
    if (last > PORT_MAX)
        last = PORT_MAX;
    *ports = fl_format("%" PRId64 " %" PRId64 "-%" PRId64, door, first, last);
    return *ports ? FLEET_OK : fl_enomem(err);
}

int fl_proxymachine_expose(struct fl_engine *engine,
                           const struct fl_fleet *fleet, const char *ports,
                           struct fleet_error *err)
{
    const struct fl_member *proxy = &fleet->proxy;

    return fl_provider_expose(
        proxy->listing->provider, fl_engine_deadline(engine, EXPOSE_MS),
        fleet_pod_get(proxy->pod, FLEET_POD_ID), ports, err);
}
