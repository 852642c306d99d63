/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/invoke.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/provider.h"

#include <sys/random.h>

#define MAX_ATTEMPTS 5
#define BACKOFF_MAX  20000
#define LONGEST_HINT 60000
#define LAST_CODE    FLEET_EUSAGE

int64_t fl_backoff_ms = 500;

const char *fl_op_name(int op)
{
    static const char *const names[] = {
        [0] = "open",
        [FLEET_OP_ANY] = "any",
        [FLEET_OP_LIST] = "list",
        [FLEET_OP_OFFERS] = "offers",
        [FLEET_OP_CREATE] = "create",
        [FLEET_OP_FIND] = "find",
        [FLEET_OP_GET] = "get",
        [FLEET_OP_START] = "start",
        [FLEET_OP_STOP] = "stop",
        [FLEET_OP_RESTART] = "restart",
        [FLEET_OP_TERMINATE] = "terminate",
        [FLEET_OP_RENAME] = "rename",
        [FLEET_OP_LOCK] = "lock",
        [FLEET_OP_BALANCE] = "balance",
        [FLEET_OP_EXPOSE] = "expose",
    };
    const int count = sizeof(names) / sizeof(names[0]);

    return op >= 0 && op < count ? names[op] : "unknown";
}

/* What a call has to itself while it is inside. */
static struct fl_turn *turn_of(struct fl_provider *provider)
{
    switch (provider->plugin->about.threads) {
    case FLEET_THREADS_PARALLEL:
        return NULL;
    case FLEET_THREADS_PER_HANDLE:
        return &provider->turn;
    default:
        return &provider->plugin->gate.turn;
    }
}

/* Whatever else went wrong in a create, the pod may have been made. */
static bool leaves_doubt(int code)
{
    return code == FLEET_EINTERNAL || code == FLEET_ENOMEM ||
           code == FLEET_ETIMEOUT || code == FLEET_ECANCELLED;
}

/* What the plugin has returned, as a code that we know. */
static int judge(int op, int rc, struct fleet_error *err)
{
    if (rc == FLEET_OK)
        return rc;
    if (rc > 0 || rc < LAST_CODE)
        rc = fleet_fail(err, FLEET_EINTERNAL, "%s returned rubbish: code %d",
                        fl_op_name(op), rc);
    if (op == FLEET_OP_CREATE && leaves_doubt(rc))
        rc = FLEET_EAMBIGUOUS;
    err->code = rc;
    return rc;
}

static int attempt(struct fl_provider *provider, int op,
                   fl_attempt_function *make, void *arg, int64_t *deadline,
                   struct fleet_error *err)
{
    struct fl_gate *gate = &provider->plugin->gate;
    struct fl_turn *turn = turn_of(provider);
    int rc = fl_gate_enter(gate, turn, op, deadline, err);
    int64_t began = fl_now_ms();

    if (rc < 0)
        return rc;
    fl_call_begin(*deadline); /* it has moved on while we waited */
    atomic_fetch_add(&provider->inside, 1);
    rc = make(provider, arg, err);
    atomic_fetch_sub(&provider->inside, 1);
    fl_gate_leave(gate, turn);
    rc = judge(op, rc, err);
    if (op)
        fleet_log(FLEET_LOG_INFO, provider->host.name, "%s: %s, %lld ms",
                  fl_op_name(op), fleet_code_name(rc),
                  (long long)(fl_now_ms() - began));
    return rc;
}

/* Who is asked to come back much later says so, rather than wait. */
static bool may_repeat(const struct fleet_error *err)
{
    return (err->code == FLEET_ERATELIMITED || err->code == FLEET_ETRANSIENT) &&
           err->retry_ms >= 0 && err->retry_ms <= LONGEST_HINT;
}

int64_t fl_random_below(int64_t limit)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        random = (uint32_t)fl_now_ms();
    return random % limit;
}

int64_t fl_backoff(int tries, int64_t hint_ms)
{
    int64_t most = fl_backoff_ms << tries;

    return (hint_ms > 0 ? hint_ms : 0) +
           fl_random_below(most < BACKOFF_MAX ? most : BACKOFF_MAX);
}

/* False when the time is up before it would be worth it. */
static bool back_off(const struct fl_provider *provider, int op, int tries,
                     const struct fleet_error *why, int64_t deadline)
{
    int64_t delay = fl_backoff(tries, why->retry_ms);

    if (fl_deadline(delay) >= deadline)
        return false;
    fleet_log(FLEET_LOG_INFO, provider->host.name, "%s: again in %lld ms: %.*s",
              fl_op_name(op), (long long)delay, (int)sizeof(why->text) - 1,
              why->text);
    return fleet_call_sleep(delay, NULL) == FLEET_OK;
}

/* The plugin's words, fit to be shown, behind its name. */
static int tell(const char *name, const struct fleet_error *why,
                struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf raw = {0}, open_text = {0}, text = {0};

    fl_buf_init(&raw, sizeof(why->text));
    fl_buf_init(&open_text, FL_LOG_LINE_MAX);
    fl_buf_init(&text, FL_LOG_LINE_MAX);
    fl_buf_printf(&raw, "%.*s", (int)sizeof(why->text) - 1, why->text);
    fl_log_redact(&open_text, fl_buf_text(&raw));
    fl_text_escape(&text, fl_buf_text(&open_text));
    if (text.len == 0)
        fl_buf_puts(&text, fleet_code_name(why->code));
    fleet_fail(err, why->code, "%s: %s", name, fl_buf_text(&text));
    if (err) {
        err->detail = why->detail;
        err->retry_ms = why->retry_ms;
    }
    return why->code;
}

int fl_invoke(struct fl_provider *provider, int op, fl_attempt_function *make,
              void *arg, int64_t deadline, struct fleet_error *err)
{
    int64_t before = fl_call_begin(deadline);
    struct fleet_error why;
    int rc;

    for (int tries = 0;; tries++) {
        why = (struct fleet_error){0};
        rc = attempt(provider, op, make, arg, &deadline, &why);
        if (rc == FLEET_OK || tries + 1 == MAX_ATTEMPTS || !may_repeat(&why) ||
            !back_off(provider, op, tries, &why, deadline))
            break;
    }
    fl_call_end(before);
    return rc < 0 ? tell(provider->host.name, &why, err) : FLEET_OK;
}
