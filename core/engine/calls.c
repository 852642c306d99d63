/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/provider.h"

#include "core/base/error.h"
#include "core/engine/invoke.h"
#include "core/engine/vet.h"
#include "core/model/report.h"

#include <string.h>

/* The calls of provider.h, one by one: what goes in, and what is believed of
 * what comes out. */

#define MONEY_MAX INT64_C(1000000000000000)

static const struct fleet_provider_ops *ops_of(const struct fl_provider *p)
{
    return &p->plugin->provider;
}

static int need(const struct fl_provider *provider, int op,
                struct fleet_error *err)
{
    if (fl_provider_can(provider, op))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EUNSUPPORTED, "%s: does not offer %s",
                      provider->host.name, fl_op_name(op));
}

static int rubbish(const struct fl_provider *provider, int op, int code,
                   const char *what, struct fleet_error *err)
{
    return fleet_fail(err, code, "%s: %s returned rubbish: %s",
                      provider->host.name, fl_op_name(op), what);
}

/* list and offers */

struct listing {
    struct fleet_sink *sink;
    const struct fleet_spec *want;
};

static int attempt_list(struct fl_provider *provider, void *arg,
                        struct fleet_error *err)
{
    struct listing *listing = arg;
    int rc, bad;

    fl_sink_clear(listing->sink);
    rc = ops_of(provider)->list(provider->handle, listing->sink, err);
    bad = fl_vet_sink(listing->sink, "list", err);
    return bad < 0 ? bad : rc;
}

static int attempt_offers(struct fl_provider *provider, void *arg,
                          struct fleet_error *err)
{
    struct listing *listing = arg;
    int rc, bad;

    fl_sink_clear(listing->sink);
    rc = ops_of(provider)->offers(provider->handle, listing->want,
                                  listing->sink, err);
    bad = fl_vet_sink(listing->sink, "offers", err);
    return bad < 0 ? bad : rc;
}

int fl_provider_list(struct fl_provider *provider, int64_t deadline,
                     struct fleet_sink *pods, struct fleet_error *err)
{
    struct listing listing = {.sink = pods};
    int rc = fl_invoke(provider, FLEET_OP_LIST, attempt_list, &listing,
                       deadline, err);

    if (rc == 0) {
        rc = fl_vet_pods(provider->host.name, pods, err);
        if (rc < 0)
            fl_error_in(err, "%s", provider->host.name);
    }
    if (rc < 0)
        fl_sink_clear(pods);
    return rc;
}

int fl_provider_offers(struct fl_provider *provider, int64_t deadline,
                       const struct fleet_spec *want, struct fleet_sink *offers,
                       struct fleet_error *err)
{
    struct listing listing = {.sink = offers, .want = want};
    int rc = need(provider, FLEET_OP_OFFERS, err);

    if (rc == 0)
        rc = fl_invoke(provider, FLEET_OP_OFFERS, attempt_offers, &listing,
                       deadline, err);
    if (rc == 0)
        fl_vet_offers(provider->host.name, offers);
    else
        fl_sink_clear(offers);
    return rc;
}

/* create, find and get: one pod comes back */

struct asking {
    const struct fleet_spec *spec; /* of create */
    const char *key;               /* token of find, id of get */
    struct fleet_pod *made;
};

/* A pod that no earlier attempt has touched. */
static int fresh_pod(struct asking *asking, struct fleet_error *err)
{
    fl_pod_free(asking->made);
    asking->made = fl_pod_new();
    return asking->made ? FLEET_OK : fl_enomem(err);
}

static int attempt_create(struct fl_provider *provider, void *arg,
                          struct fleet_error *err)
{
    struct asking *asking = arg;
    int rc = fresh_pod(asking, err);

    return rc < 0 ? rc
                  : ops_of(provider)->create(provider->handle, asking->spec,
                                             asking->made, err);
}

static int attempt_find(struct fl_provider *provider, void *arg,
                        struct fleet_error *err)
{
    struct asking *asking = arg;
    int rc = fresh_pod(asking, err);

    return rc < 0 ? rc
                  : ops_of(provider)->find(provider->handle, asking->key,
                                           asking->made, err);
}

static int attempt_get(struct fl_provider *provider, void *arg,
                       struct fleet_error *err)
{
    struct asking *asking = arg;
    int rc = fresh_pod(asking, err);

    return rc < 0 ? rc
                  : ops_of(provider)->get(provider->handle, asking->key,
                                          asking->made, err);
}

static int fail_gone(const struct fl_provider *provider,
                     struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ENOTFOUND, "%s: the pod is gone",
                      provider->host.name);
}

/* Into the caller's pod. What cannot be used of a create may exist all the
 * same. */
static int hand_over(const struct fl_provider *provider, int op,
                     struct fleet_pod *made, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    int doubt = op == FLEET_OP_CREATE ? FLEET_EAMBIGUOUS : FLEET_EINTERNAL;

    if (!fl_pod_is_set(made, FLEET_POD_ID))
        return rubbish(provider, op, doubt, "a pod without an id", err);
    if (op != FLEET_OP_CREATE && fl_pod_state(made) == FLEET_STATE_GONE)
        return fail_gone(provider, err);
    fl_vet_pod(provider->host.name, made);
    fl_pod_merge(pod, made);
    if (!fl_pod_is_set(pod, FLEET_POD_ID))
        return fleet_fail(err, doubt, "%s: out of memory", provider->host.name);
    return FLEET_OK;
}

/* It must be the one that was asked for: a wrong one might be terminated. */
static int check_same(const struct fl_provider *provider, int op, int field,
                      const struct asking *asking, struct fleet_error *err)
{
    const char *has = fleet_pod_get(asking->made, field);

    if (!has || strcmp(has, asking->key) == 0)
        return FLEET_OK;
    return rubbish(provider, op, FLEET_EINTERNAL, "another pod", err);
}

int fl_provider_create(struct fl_provider *provider, int64_t deadline,
                       const struct fleet_spec *spec, struct fleet_pod *pod,
                       struct fleet_error *err)
{
    struct asking asking = {.spec = spec};
    int rc = need(provider, FLEET_OP_CREATE, err);

    if (rc == 0)
        rc = fl_invoke(provider, FLEET_OP_CREATE, attempt_create, &asking,
                       deadline, err);
    if (rc == 0)
        rc = hand_over(provider, FLEET_OP_CREATE, asking.made, pod, err);
    fl_pod_free(asking.made);
    return rc;
}

/* Through find or get. */
static int ask(struct fl_provider *provider, int64_t deadline, int op,
               const char *key, struct fleet_pod *pod, struct fleet_error *err)
{
    bool find = op == FLEET_OP_FIND;
    struct asking asking = {.key = key};
    int rc = fl_invoke(provider, op, find ? attempt_find : attempt_get, &asking,
                       deadline, err);

    if (rc == 0)
        rc = check_same(provider, op, find ? FLEET_POD_TOKEN : FLEET_POD_ID,
                        &asking, err);
    if (rc == 0)
        rc = hand_over(provider, op, asking.made, pod, err);
    fl_pod_free(asking.made);
    return rc;
}

/* The pod of a listing with that id, or that token. */
static struct fleet_pod *pick(const struct fleet_sink *sink, int field,
                              const char *key)
{
    for (size_t i = 0; i < sink->n; i++) {
        const char *has = fleet_pod_get(sink->pods[i], field);

        if (has && strcmp(has, key) == 0)
            return sink->pods[i];
    }
    return NULL;
}

static struct fleet_pod *pick_by_name(const struct fleet_sink *sink,
                                      const char *name)
{
    for (size_t i = 0; name && i < sink->n; i++) {
        const char *has = fleet_pod_get(sink->pods[i], FLEET_POD_NAME);

        if (has && strcmp(has, name) == 0 &&
            fl_pod_state(sink->pods[i]) != FLEET_STATE_GONE &&
            !fl_pod_is_set(sink->pods[i], FLEET_POD_TOKEN))
            return sink->pods[i];
    }
    return NULL;
}

/* Where the provider has no such call: the whole listing is asked for. */
static int look_through(struct fl_provider *provider, int64_t deadline,
                        int field, const char *key, const char *name,
                        struct fleet_pod *pod, struct fleet_error *err)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink = {0};
    struct fleet_pod *found;
    int rc;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    rc = fl_provider_list(provider, deadline, &sink, err);
    if (rc < 0)
        return rc;
    found = pick(&sink, field, key);
    if (!found)
        found = pick_by_name(&sink, name);
    if (!found)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s: there is no such pod",
                          provider->host.name);
    return hand_over(provider, FLEET_OP_LIST, found, pod, err);
}

int fl_provider_find(struct fl_provider *provider, int64_t deadline,
                     const char *token, const char *name, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    if (fl_provider_can(provider, FLEET_OP_FIND))
        return ask(provider, deadline, FLEET_OP_FIND, token, pod, err);
    return look_through(provider, deadline, FLEET_POD_TOKEN, token, name, pod,
                        err);
}

int fl_provider_get(struct fl_provider *provider, int64_t deadline,
                    const char *id, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    if (fl_provider_can(provider, FLEET_OP_GET))
        return ask(provider, deadline, FLEET_OP_GET, id, pod, err);
    return look_through(provider, deadline, FLEET_POD_ID, id, NULL, pod, err);
}

/* Calls that change a pod and return nothing */

struct acting {
    int op;
    const char *id, *name, *ports;
    int32_t locked;
};

static int attempt_act(struct fl_provider *provider, void *arg,
                       struct fleet_error *err)
{
    const struct fleet_provider_ops *ops = ops_of(provider);
    const struct acting *acting = arg;
    void *handle = provider->handle;

    switch (acting->op) {
    case FLEET_OP_START:
        return ops->start(handle, acting->id, err);
    case FLEET_OP_STOP:
        return ops->stop(handle, acting->id, err);
    case FLEET_OP_RESTART:
        return ops->restart(handle, acting->id, err);
    case FLEET_OP_TERMINATE:
        return ops->terminate(handle, acting->id, err);
    case FLEET_OP_RENAME:
        return ops->rename(handle, acting->id, acting->name, err);
    case FLEET_OP_EXPOSE:
        return ops->expose(handle, acting->id, acting->ports, err);
    default:
        return ops->lock(handle, acting->id, acting->locked, err);
    }
}

static int act(struct fl_provider *provider, int64_t deadline,
               struct acting *acting, struct fleet_error *err)
{
    int rc = need(provider, acting->op, err);

    return rc < 0 ? rc
                  : fl_invoke(provider, acting->op, attempt_act, acting,
                              deadline, err);
}

int fl_provider_act(struct fl_provider *provider, int64_t deadline, int op,
                    const char *id, struct fleet_error *err)
{
    struct acting acting = {.op = op, .id = id};
    int rc = act(provider, deadline, &acting, err);

    return op == FLEET_OP_TERMINATE && rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
}

int fl_provider_rename(struct fl_provider *provider, int64_t deadline,
                       const char *id, const char *name,
                       struct fleet_error *err)
{
    struct acting acting = {.op = FLEET_OP_RENAME, .id = id, .name = name};

    return act(provider, deadline, &acting, err);
}

int fl_provider_lock(struct fl_provider *provider, int64_t deadline,
                     const char *id, bool locked, struct fleet_error *err)
{
    struct acting acting = {.op = FLEET_OP_LOCK, .id = id, .locked = locked};

    return act(provider, deadline, &acting, err);
}

int fl_provider_expose(struct fl_provider *provider, int64_t deadline,
                       const char *id, const char *ports,
                       struct fleet_error *err)
{
    struct acting acting = {.op = FLEET_OP_EXPOSE, .id = id, .ports = ports};

    return act(provider, deadline, &acting, err);
}

struct balance {
    int64_t micros;
    char currency[8];
};

static int attempt_balance(struct fl_provider *provider, void *arg,
                           struct fleet_error *err)
{
    struct balance *balance = arg;

    memset(balance, 0, sizeof(*balance));
    return ops_of(provider)->balance(provider->handle, &balance->micros,
                                     balance->currency, err);
}

static bool is_currency(const char text[8])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";

    return strnlen(text, 8) == 3 && strspn(text, letters) == 3;
}

int fl_provider_balance(struct fl_provider *provider, int64_t deadline,
                        int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    struct balance balance;
    int rc = need(provider, FLEET_OP_BALANCE, err);

    if (rc == 0)
        rc = fl_invoke(provider, FLEET_OP_BALANCE, attempt_balance, &balance,
                       deadline, err);
    if (rc < 0)
        return rc;
    if (!is_currency(balance.currency) || balance.micros < -MONEY_MAX ||
        balance.micros > MONEY_MAX)
        return rubbish(provider, FLEET_OP_BALANCE, FLEET_EINTERNAL,
                       "no sum of money", err);
    *micros = balance.micros;
    memcpy(currency, balance.currency, sizeof(balance.currency));
    return FLEET_OK;
}

typedef int answer_op(void *handle, struct fleet_report *report,
                      struct fleet_error *err);

static answer_op *answer_of(const struct fl_provider *provider,
                            enum fl_question question)
{
    const struct fleet_provider_ops *ops = ops_of(provider);

    return question == FL_ASK_ABOUT ? ops->about : ops->leftovers;
}

bool fl_provider_has_answer(const struct fl_provider *provider,
                            enum fl_question question)
{
    return answer_of(provider, question) != NULL;
}

struct inquiry {
    enum fl_question question;
    struct fleet_report *report;
};

static int attempt_ask(struct fl_provider *provider, void *arg,
                       struct fleet_error *err)
{
    const struct inquiry *inquiry = arg;

    fl_report_clear(inquiry->report);
    fl_report_init(inquiry->report);
    return answer_of(provider, inquiry->question)(provider->handle,
                                                  inquiry->report, err);
}

int fl_provider_ask(struct fl_provider *provider, enum fl_question question,
                    int64_t deadline, struct fleet_report *report,
                    struct fleet_error *err)
{
    struct inquiry inquiry = {question, report};

    return fl_invoke(provider, 0, attempt_ask, &inquiry, deadline, err);
}
