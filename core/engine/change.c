/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/change.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/await.h"
#include "core/engine/health.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MS 120000
#define GONE_MS 600000
#define WAIT_MS 600000

static const struct about {
    const char *name, *past, *step;
    int op;
    enum fleet_state already; /* UNKNOWN: never needless */
    bool destroys;            /* refused for a locked pod */
    bool brings_up;           /* sshd is waited for */
} abouts[] = {
    [FL_CHANGE_START] = {"start", "started", "starting", FLEET_OP_START,
                         FLEET_STATE_RUNNING, false, true},
    [FL_CHANGE_STOP] = {"stop", "stopped", "stopping", FLEET_OP_STOP,
                        FLEET_STATE_STOPPED, true, false},
    [FL_CHANGE_RESTART] = {"restart", "restarted", "restarting",
                           FLEET_OP_RESTART, FLEET_STATE_UNKNOWN, true, true},
    [FL_CHANGE_TERMINATE] = {"terminate", "terminated", "terminating",
                             FLEET_OP_TERMINATE, FLEET_STATE_UNKNOWN, true,
                             false},
    [FL_CHANGE_LOCK] = {"lock", "locked", "locking", FLEET_OP_LOCK,
                        FLEET_STATE_UNKNOWN, false, false},
    [FL_CHANGE_UNLOCK] = {"unlock", "unlocked", "unlocking", FLEET_OP_LOCK,
                          FLEET_STATE_UNKNOWN, false, false},
    [FL_CHANGE_RENAME] = {"rename", "renamed", "renaming", FLEET_OP_RENAME,
                          FLEET_STATE_UNKNOWN, true, false},
};

const char *fl_change_name(enum fl_change change)
{
    return abouts[change].name;
}

const char *fl_change_past(enum fl_change change)
{
    return abouts[change].past;
}

static bool is_locked(const struct fleet_pod *pod)
{
    return fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0) != 0;
}

int fl_change_check(const struct fl_member *member, enum fl_change change,
                    struct fleet_error *err)
{
    const struct about *about = &abouts[change];
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    const struct fl_listing *listing = member->listing;

    if (!listing->ok) {
        *err = listing->error;
        return err->code;
    }
    if (member->unconfirmed)
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "%s: %s does not list it at present, but it was "
                          "there: try again in a while",
                          name, listing->name);
    if (member->twin && change != FL_CHANGE_TERMINATE)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%s: two pods have this name: terminate one by its "
                          "id (see `fleet list --json`)",
                          name);
    if (about->destroys && is_locked(member->pod))
        return fleet_fail(err, FLEET_ELOCKED,
                          "%s is locked: `fleet unlock %s` first", name,
                          member->short_name);
    if (!fl_provider_can(listing->provider, about->op))
        return fleet_fail(err, FLEET_EUNSUPPORTED, "%s: %s cannot %s pods",
                          name, listing->name, about->name);
    return FLEET_OK;
}

bool fl_change_needless(const struct fl_member *member, enum fl_change change)
{
    if (change == FL_CHANGE_LOCK || change == FL_CHANGE_UNLOCK)
        return is_locked(member->pod) == (change == FL_CHANGE_LOCK);
    return abouts[change].already != FLEET_STATE_UNKNOWN &&
           fl_pod_state(member->pod) == abouts[change].already;
}

const struct fleet_effect *fl_change_effect(const struct fl_member *member,
                                            enum fl_change change)
{
    struct fleet_error why = {0};

    if (fl_change_needless(member, change) ||
        fl_change_check(member, change, &why) < 0)
        return NULL;
    return fl_provider_effect(member->listing->provider, abouts[change].op);
}

/* One pod's change, in a thread of its own. */
struct line {
    struct fl_fan_item item; /* first */
    struct fl_engine *engine;
    struct fl_provider *provider;
    const char *provider_name;
    enum fl_change change;
    bool wait;
    char *new_name;
    int64_t price_quoted;
    bool host_key_learnt; /* at first contact, not told by the provider */
    struct fl_change_result *result; /* the main thread's */

    struct fleet_pod *pod; /* a copy; the result */
    int rc;
    struct fleet_error error;
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

static const char *id_of(const struct line *line)
{
    return fleet_pod_get(line->pod, FLEET_POD_ID);
}

static int call(struct line *line, struct fleet_error *err)
{
    const struct about *about = &abouts[line->change];
    int64_t deadline = fl_engine_deadline(line->engine, CALL_MS);

    fl_fan_step(&line->item, about->step, deadline);
    switch (line->change) {
    case FL_CHANGE_RENAME:
        return fl_provider_rename(line->provider, deadline, id_of(line),
                                  line->new_name, err);
    case FL_CHANGE_LOCK:
    case FL_CHANGE_UNLOCK:
        return fl_provider_lock(line->provider, deadline, id_of(line),
                                line->change == FL_CHANGE_LOCK, err);
    default:
        return fl_provider_act(line->provider, deadline, about->op, id_of(line),
                               err);
    }
}

static bool may_be_done(int code)
{
    return code == FLEET_EAMBIGUOUS || code == FLEET_ETIMEOUT;
}

/* The call; a terminate ends only when the provider no longer has the pod,
 * whatever the call itself said. */
static int carry_out(struct line *line, struct fleet_error *err)
{
    struct fleet_error said = {0};
    int rc = call(line, &said);

    if (line->change != FL_CHANGE_TERMINATE || (rc < 0 && !may_be_done(rc))) {
        *err = said;
        return rc;
    }
    return fl_await_gone(&line->item, line->provider, id_of(line),
                         fl_engine_deadline(line->engine, GONE_MS), err);
}

static void bring_up_to_date(struct line *line)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *fresh = fl_pod_new();
    struct fleet_error ignored = {0};

    if (fresh && fl_provider_get(line->provider,
                                 fl_engine_deadline(line->engine, CALL_MS),
                                 id_of(line), fresh, &ignored) == 0)
        fl_pod_renew(line->pod, fresh);
}

/* Journal, call, journal. */
static int journalled(struct line *line, const char *name,
                      struct fleet_error *err)
{
    struct fl_state *state = line->engine->state;
    struct fl_intent intent = {.op = (char *)abouts[line->change].name,
                               .name = (char *)name,
                               .provider = (char *)line->provider_name,
                               .pod_id = (char *)id_of(line),
                               .detail = line->new_name};
    bool gone = line->change == FL_CHANGE_TERMINATE;
    bool renamed = line->change == FL_CHANGE_RENAME;
    struct fleet_error closing = {0};
    struct fl_known known;
    int64_t number = 0;
    int rc = fl_journal_begin(state, line->engine->run, &intent, &number, err);

    if (rc < 0)
        return rc;
    rc = carry_out(line, err);
    if (rc < 0) {
        if (!may_be_done(rc) &&
            fl_journal_end(state, number, fleet_code_name(rc), NULL, err->text,
                           NULL, NULL, &closing) < 0)
            fleet_log(FLEET_LOG_WARNING, "journal", "%s", closing.text);
        return rc;
    }
    fl_known_of(&known, line->provider_name, line->pod);
    known.name = line->new_name;
    known.price_quoted = line->price_quoted;
    if (line->host_key_learnt) /* that one has a place of its own */
        known.host_key = NULL;
    return fl_journal_end(state, number, "ok", id_of(line), NULL,
                          renamed ? &known : NULL,
                          gone || renamed ? name : NULL, err);
}

/* A machine that starts may make itself new host keys; since fleet has started
 * it, the next first contact is trusted. */
static void forget_host_key(const struct line *line)
{
    struct fleet_error err = {0};

    if (fl_host_key_forget(line->engine->state, line->provider_name,
                           id_of(line), &err) < 0)
        fleet_log(FLEET_LOG_WARNING, "state", "%s", err.text);
}

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    FL_AUTO_FREE char *name = strdup(fleet_pod_get(line->pod, FLEET_POD_NAME));

    line->rc =
        name ? journalled(line, name, &line->error) : fl_enomem(&line->error);
    if (line->rc < 0)
        return;
    if (abouts[line->change].brings_up || line->change == FL_CHANGE_TERMINATE)
        forget_host_key(line);
    if (line->change == FL_CHANGE_TERMINATE) {
        fl_pod_free(line->pod);
        line->pod = NULL;
        return;
    }
    if (line->change == FL_CHANGE_RENAME)
        fleet_pod_set(line->pod, FLEET_POD_NAME, line->new_name);
    bring_up_to_date(line);
    if (line->wait && abouts[line->change].brings_up)
        line->rc = fl_await_ssh(item, line->provider, line->pod,
                                fl_engine_deadline(line->engine, WAIT_MS),
                                &line->error);
}

struct run {
    const struct fl_change_job *job;
    struct fl_change_results *results;
    size_t done;
};

static void tell(struct run *run, enum fl_event_kind kind, const char *name,
                 const char *text)
{
    struct fl_event event = {kind, name, text, run->done, run->results->n};

    if (run->job->event)
        run->job->event(run->job->event_arg, &event);
}

static void line_step(void *arg, struct fl_fan_item *item, const char *what)
{
    tell(arg, FL_EVENT_STEP, line_of(item)->result->name, what);
}

static void lines_stopping(void *arg)
{
    tell(arg, FL_EVENT_STOPPING, NULL, NULL);
}

static void line_free(struct line *line)
{
    fl_pod_free(line->pod);
    free(line->new_name);
    free(line);
}

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct run *run = arg;
    struct line *line = line_of(item);
    struct fl_change_result *result = line->result;

    run->done++;
    if (end == FL_FAN_UNRUN) {
        result->outcome = FL_OUTCOME_CANCELLED;
        fleet_fail(&result->error, FLEET_ECANCELLED, "cancelled, not begun");
    } else if (end == FL_FAN_WEDGED) {
        result->outcome = FL_OUTCOME_FAILED;
        fleet_fail(&result->error, FLEET_ETIMEOUT,
                   "%s does not come back from the call; given up",
                   result->provider);
    } else {
        result->outcome = line->rc == 0 ? FL_OUTCOME_DONE : FL_OUTCOME_FAILED;
        result->error = line->error;
    }
    if (end != FL_FAN_WEDGED) {
        result->pod = fl_take(line->pod);
        line_free(line);
    }
    if (result->outcome == FL_OUTCOME_DONE)
        tell(run, FL_EVENT_DONE, result->name,
             fl_change_past(run->job->change));
    else
        tell(run, FL_EVENT_FAILED, result->name, result->error.text);
}

static struct line *line_new(const struct fl_change_job *job,
                             const struct fl_member *member,
                             struct fl_change_result *result)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->engine = job->engine;
    line->provider = member->listing->provider;
    line->provider_name = member->listing->name;
    line->change = job->change;
    line->wait = job->wait;
    line->price_quoted = member->price_quoted;
    line->host_key_learnt = member->host_key_learnt;
    line->result = result;
    line->pod = fl_pod_copy(member->pod);
    line->new_name = job->new_name ? strdup(job->new_name) : NULL;
    if (line->pod && (line->new_name || !job->new_name))
        return line;
    line_free(line);
    return NULL;
}

static int open_line(const struct fl_change_job *job,
                     const struct fl_member *member,
                     struct fl_change_result *result, struct fl_fan *fan,
                     struct fleet_error *err)
{
    struct line *line;

    result->name = strdup(fleet_pod_get(member->pod, FLEET_POD_NAME));
    result->provider = member->listing->name;
    if (!result->name)
        return fl_enomem(err);
    if (fl_change_needless(member, job->change)) {
        result->outcome = FL_OUTCOME_ALREADY;
        result->pod = fl_pod_copy(member->pod);
        return result->pod ? FLEET_OK : fl_enomem(err);
    }
    if (fl_change_check(member, job->change, &result->error) < 0) {
        result->outcome = FL_OUTCOME_FAILED;
        result->pod = fl_pod_copy(member->pod);
        return result->pod ? FLEET_OK : fl_enomem(err);
    }
    line = line_new(job, member, result);
    if (!line)
        return fl_enomem(err);
    fan->items[fan->n++] = &line->item;
    return FLEET_OK;
}

static int open_lines(const struct fl_change_job *job,
                      struct fl_change_results *results, struct fl_fan *fan,
                      struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < job->fleet->n_members; i++) {
        if (job->selected[i])
            rc = open_line(job, &job->fleet->members[i],
                           &results->at[results->n++], fan, err);
    }
    while (rc < 0 && fan->n > 0)
        line_free(line_of(fan->items[--fan->n]));
    return rc;
}

int fl_change_run(const struct fl_change_job *job,
                  struct fl_change_results *results, struct fleet_error *err)
{
    size_t n = job->fleet->n_members ? job->fleet->n_members : 1;
    struct run run = {job, results, 0};
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    struct fl_fan fan = {.items = items,
                         .work = run_line,
                         .ended = line_ended,
                         .step = line_step,
                         .stopping = lines_stopping,
                         .arg = &run};
    int rc;

    results->at = calloc(n, sizeof(*results->at));
    if (!items || !results->at)
        return fl_enomem(err);
    rc = open_lines(job, results, &fan, err);
    if (rc < 0)
        return rc;
    fan.threads = fl_engine_threads(job->engine, fan.n);
    return fl_fan_run(&fan, err);
}

void fl_change_results_clear(struct fl_change_results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        free(results->at[i].name);
        fl_pod_free(results->at[i].pod);
    }
    free(results->at);
    memset(results, 0, sizeof(*results));
}
