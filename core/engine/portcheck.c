/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/portcheck.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/fan.h"
#include "core/net/connect.h"
#include "core/net/greeting.h"
#include "core/net/resolve.h"
#include "core/net/wait.h"

#include <string.h>

#define PATIENCE_MS 10000 /* until the port is served */
#define ATTEMPT_MS  3000
#define PAUSE_MS    50

struct asking {
    struct fl_fan_item item; /* first */
    struct fl_port_check check;
    char *address, *host;
};

static struct asking *asking_of(struct fl_fan_item *item)
{
    return (struct asking *)item; /* item is the first member */
}

static void asking_free(struct asking *asking)
{
    if (!asking)
        return;
    free(asking->address);
    free(asking->host);
    free(asking);
}
FL_CLEANUP(asking_free, struct asking *);

static int64_t soon(int64_t deadline)
{
    int64_t at = fl_deadline(ATTEMPT_MS);

    return at < deadline ? at : deadline;
}

/* Whether anybody listens there at all. */
static bool takes_connections(const char *host, int64_t port, int64_t deadline)
{
    FL_AUTO(freeaddrinfo) struct addrinfo *list = NULL;
    FL_AUTO(close) int fd = -1;

    return fl_resolve(host, (int)port, deadline, &list, NULL) == FLEET_OK &&
           fl_connect(list, deadline, &fd, NULL) == FLEET_OK;
}

/* Silence is the pod's own affair when it does not answer us either. */
static void judge(struct asking *asking, int64_t deadline)
{
    struct fl_port_check *check = &asking->check;

    check->verdict = FL_PORT_BROKEN;
    if (takes_connections(asking->address, check->port, soon(deadline)) &&
        fl_greeting(asking->host, (int)check->ssh_port, soon(deadline), NULL) <
            0)
        check->verdict = FL_PORT_SILENT;
}

static bool pause_for(int64_t deadline)
{
    return fl_left_ms(deadline) > 0 &&
           fl_wait(NULL, 0, fl_deadline(PAUSE_MS)) == FLEET_ETIMEOUT;
}

/* The old workers of nginx close it a moment after the reload. */
static void await_end(struct asking *asking)
{
    struct fl_port_check *check = &asking->check;
    int64_t patience = fl_deadline(PATIENCE_MS);
    bool open;

    do
        open = takes_connections(asking->address, check->port, soon(patience));
    while (open && pause_for(patience));
    check->verdict = open ? FL_PORT_SILENT : FL_PORT_SERVED;
    if (open)
        fleet_fail(&check->error, FLEET_ECONFLICT,
                   "something still listens on port %lld",
                   (long long)check->port);
}

static void await_answer(struct asking *asking, int64_t deadline)
{
    struct fl_port_check *check = &asking->check;
    int64_t patience = fl_deadline(PATIENCE_MS);
    int rc;

    do {
        rc = fl_greeting(asking->address, (int)check->port, soon(patience),
                         &check->error);
        if (rc == FLEET_OK || rc == FLEET_ECANCELLED)
            break;
        judge(asking, deadline);
    } while (check->verdict == FL_PORT_BROKEN && pause_for(patience));
    if (rc == FLEET_OK)
        check->verdict = FL_PORT_SERVED;
    else if (rc == FLEET_ECANCELLED)
        check->verdict = FL_PORT_BROKEN;
}

static void ask(struct fl_fan_item *item)
{
    struct asking *asking = asking_of(item);
    int64_t deadline =
        fl_fan_step(item, "asking", fl_deadline(2 * PATIENCE_MS));

    if (asking->host)
        await_answer(asking, deadline);
    else
        await_end(asking);
}

/* ARG: the checks, in the order of the items. */
static void asked(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct fl_port_check *check = (struct fl_port_check *)arg + item->slot;
    struct asking *asking = asking_of(item);

    if (end == FL_FAN_FINISHED) {
        check->verdict = asking->check.verdict;
        check->error = asking->check.error;
    } else {
        check->verdict = FL_PORT_BROKEN;
        fleet_fail(&check->error,
                   end == FL_FAN_UNRUN ? FLEET_ECANCELLED : FLEET_ETIMEOUT,
                   "port %lld was not asked", (long long)check->port);
    }
    if (end != FL_FAN_WEDGED)
        asking_free(asking);
}

static struct asking *asking_new(const char *address,
                                 const struct fl_port_check *check)
{
    FL_AUTO(asking_free) struct asking *asking = calloc(1, sizeof(*asking));

    if (!asking)
        return NULL;
    asking->check = *check;
    asking->address = strdup(address);
    asking->host = check->host ? strdup(check->host) : NULL;
    return asking->address && (asking->host || !check->host) ? fl_take(asking)
                                                             : NULL;
}

int fl_port_checks_run(struct fl_engine *engine, const char *address,
                       struct fl_port_check *checks, size_t n,
                       struct fleet_error *err)
{
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n + 1, sizeof(*items));
    struct fl_fan fan = {
        .items = items, .work = ask, .ended = asked, .arg = checks};

    if (!items)
        return fl_enomem(err);
    for (; fan.n < n; fan.n++) {
        struct asking *asking = asking_new(address, &checks[fan.n]);

        if (!asking) {
            while (fan.n > 0)
                asking_free(asking_of(items[--fan.n]));
            return fl_enomem(err);
        }
        items[fan.n] = &asking->item;
    }
    fan.threads = fl_engine_threads(engine, n);
    return n ? fl_fan_run(&fan, err) : FLEET_OK;
}
