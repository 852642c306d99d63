/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/await.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/look.h"
#include "core/net/greeting.h"

#include <poll.h>

#define LONGEST_PAUSE_MS 5000
#define FIRST_SLICE_MS   2000
#define LONGEST_SLICE_MS 16000
#define ASK_MS           60000

bool fl_await_pause(int64_t *pause_ms, int64_t deadline)
{
    struct pollfd cancel = {.fd = fl_cancel_fd(), .events = POLLIN};
    int left = fl_left_ms(deadline);

    if (left == 0 || fl_cancelled())
        return false;
    poll(&cancel, cancel.fd >= 0 ? 1 : 0,
         *pause_ms < left ? (int)*pause_ms : left);
    *pause_ms += *pause_ms / 2;
    if (*pause_ms > LONGEST_PAUSE_MS)
        *pause_ms = LONGEST_PAUSE_MS;
    return !fl_cancelled();
}

static int64_t ask_by(int64_t deadline)
{
    int64_t soon = fl_deadline(ASK_MS);

    return soon < deadline ? soon : deadline;
}

static int ran_out(const char *what, struct fleet_error *err)
{
    if (fl_cancelled())
        return fleet_fail(err, FLEET_ECANCELLED, "cancelled while %s", what);
    return fleet_fail(err, FLEET_ETIMEOUT, "gave up %s", what);
}

/* Worth asking again? */
static bool passes(int code)
{
    return code == FLEET_ETRANSIENT || code == FLEET_ERATELIMITED ||
           code == FLEET_ETIMEOUT;
}

/* SETTLED: what has been started may not be said to be stopped any more. */
static int check_alive(const struct fleet_pod *pod, bool settled,
                       struct fleet_error *err)
{
    const char *word = fleet_pod_get(pod, FLEET_POD_PROVIDER_STATE);
    int state = fl_pod_state(pod);

    if (state != FLEET_STATE_FAILED && state != FLEET_STATE_TERMINATING &&
        state != FLEET_STATE_GONE && (state != FLEET_STATE_STOPPED || !settled))
        return FLEET_OK;
    return fleet_fail(
        err, FLEET_ETRANSIENT, "does not come up: the provider says %s%s%s",
        fleet_state_name(state), word ? ", " : "", word ? word : "");
}

static bool has_address(const struct fleet_pod *pod)
{
    return fl_pod_state(pod) == FLEET_STATE_RUNNING &&
           fl_pod_is_set(pod, FLEET_POD_SSH_HOST) &&
           fl_pod_is_set(pod, FLEET_POD_SSH_PORT);
}

/* Brings POD up to date. Trouble that may pass is no failure here. */
static int look_again(struct fl_provider *provider, struct fleet_pod *pod,
                      int64_t deadline, struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *fresh = fl_pod_new();
    int rc;

    if (!fresh)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    rc = fl_provider_look(provider, fl_now_ms(), ask_by(deadline),
                          fleet_pod_get(pod, FLEET_POD_ID), fresh, err);
    if (rc < 0)
        return passes(rc) ? FLEET_OK : rc;
    fl_pod_renew(pod, fresh);
    return FLEET_OK;
}

static int await_address(struct fl_fan_item *item, struct fl_provider *provider,
                         struct fleet_pod *pod, int64_t deadline,
                         struct fleet_error *err)
{
    int64_t settled = fl_now_ms() + fl_provider_settle_ms(provider);
    int64_t pause_ms = FL_FIRST_PAUSE_MS;
    int rc;

    fl_fan_step(item, "waiting for an address", deadline);
    while (!has_address(pod)) {
        rc = check_alive(pod, fl_now_ms() >= settled, err);
        if (rc < 0)
            return rc;
        if (!fl_await_pause(&pause_ms, deadline))
            return ran_out("waiting for an address", err);
        rc = look_again(provider, pod, deadline, err);
        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

/* A pod that starts again may still be told of at its old address, so whoever
 * gets no answer there asks whether it has moved. */
int fl_await_ssh(struct fl_fan_item *item, struct fl_provider *provider,
                 struct fleet_pod *pod, int64_t deadline,
                 struct fleet_error *err)
{
    int64_t slice_ms = FIRST_SLICE_MS;

    for (;;) {
        int64_t until = fl_deadline(slice_ms);
        int rc = await_address(item, provider, pod, deadline, err);

        if (rc < 0)
            return rc;
        fl_fan_step(item, "waiting for sshd", deadline);
        rc = fl_greeting_await(
            fleet_pod_get(pod, FLEET_POD_SSH_HOST),
            (int)fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0),
            until < deadline ? until : deadline, err);
        if (rc != FLEET_ETIMEOUT)
            return rc;
        if (until >= deadline)
            return fl_error_in(err, "no answer from sshd in time");
        rc = look_again(provider, pod, deadline, err);
        if (rc < 0)
            return rc;
        slice_ms = slice_ms < LONGEST_SLICE_MS ? slice_ms * 2 : slice_ms;
    }
}

int fl_await_gone(struct fl_fan_item *item, struct fl_provider *provider,
                  const char *id, int64_t deadline, struct fleet_error *err)
{
    int64_t pause_ms = FL_FIRST_PAUSE_MS;

    fl_fan_step(item, "waiting until it is gone", deadline);
    for (;;) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        int rc;

        if (!pod)
            return fleet_fail(err, FLEET_ENOMEM, "out of memory");
        rc = fl_provider_look(provider, fl_now_ms(), ask_by(deadline), id, pod,
                              err);
        if (rc == FLEET_ENOTFOUND ||
            (rc == 0 && fl_pod_state(pod) == FLEET_STATE_GONE))
            return FLEET_OK;
        if (rc < 0 && !passes(rc))
            return rc;
        if (!fl_await_pause(&pause_ms, deadline))
            return ran_out("waiting until it is gone", err);
    }
}

int fl_await_token(struct fl_fan_item *item, struct fl_provider *provider,
                   const char *token, const char *name, int64_t begun_ms,
                   int64_t deadline, struct fleet_pod *pod,
                   struct fleet_error *err)
{
    int64_t settled = begun_ms + fl_provider_settle_ms(provider);
    int64_t pause_ms = FL_FIRST_PAUSE_MS;

    fl_fan_step(item, "looking whether it was made", deadline);
    for (;;) {
        bool certain = fl_now_ms() >= settled;
        int rc =
            fl_provider_find(provider, ask_by(deadline), token, name, pod, err);

        if (rc == 0 || (rc == FLEET_ENOTFOUND && certain))
            return rc;
        if (rc < 0 && rc != FLEET_ENOTFOUND && !passes(rc))
            return rc;
        if (!fl_await_pause(&pause_ms, deadline))
            return ran_out("looking whether it was made", err);
    }
}
