/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/action.h"

#include "providers/hetzner/judge.h"

#include <fleet/log.h>
#include <string.h>

#define FIRST_PAUSE_MS   500
#define LONGEST_PAUSE_MS 5000
#define BUSY_TRIES       6
#define BUSY_MS          60000
#define SPARE_MS         2000 /* of the call, to say how it went */

/* Longer each time. */
static int pause_a_while(int64_t *pause_ms, struct fleet_error *err)
{
    int rc = fleet_call_sleep(*pause_ms, err);

    *pause_ms += *pause_ms / 2;
    if (*pause_ms > LONGEST_PAUSE_MS)
        *pause_ms = LONGEST_PAUSE_MS;
    return rc;
}

static bool is_status(const json_t *action, const char *status)
{
    const char *has = api_text(action, "status");

    return has && strcmp(has, status) == 0;
}

static int fail_action(const json_t *action, struct fleet_error *err)
{
    const json_t *why = api_object(action, "error");
    const char *command = api_text(action, "command");
    struct fleet_error told = {0};
    int rc = FLEET_ETRANSIENT;

    if (api_text(why, "code"))
        rc = judge_error(0, why, &told);
    /* What failed on their side is not helped by asking for it again. */
    if (rc == FLEET_EINVALID)
        rc = FLEET_ETRANSIENT;
    fleet_fail(err, rc, "the action %.60s failed%s%s",
               command ? command : "that was begun", told.text[0] ? ": " : "",
               told.text);
    if (err)
        err->retry_ms = -1;
    return rc;
}

/* *action changes to how it stands now; NULL: it is not there any more. */
static int look_at(struct hetzner *h, int64_t id, json_t **action,
                   struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *now;
    int rc = hetzner_read(h, &answer, err, "/actions/%lld", (long long)id);

    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, "action", &now, err);
    if (rc < 0 && rc != FLEET_ENOTFOUND)
        return rc;
    json_decref(*action);
    *action = rc == FLEET_OK ? json_incref((json_t *)now) : NULL;
    return FLEET_OK;
}

/* Until it has ended, but no longer than MOST_MS and the call. */
int action_await(struct hetzner *h, const json_t *begun, int64_t most_ms,
                 struct fleet_error *err)
{
    AUTO_JSON json_t *action = json_incref((json_t *)begun);
    int64_t left = fleet_call_left_ms() - SPARE_MS;
    int64_t stop = left > most_ms ? left - most_ms : 0;
    int64_t pause_ms = FIRST_PAUSE_MS, id;
    int rc = FLEET_OK;

    if (!api_int(action, "id", &id))
        return FLEET_OK;
    while (rc == FLEET_OK && is_status(action, "running") &&
           fleet_call_left_ms() - SPARE_MS - pause_ms > stop) {
        rc = pause_a_while(&pause_ms, err);
        if (rc == FLEET_OK)
            rc = look_at(h, id, &action, err);
    }
    if (rc == FLEET_OK && is_status(action, "error"))
        return fail_action(action, err);
    return rc;
}

/* The first action that runs on the server; NULL: none. */
static int running_on(struct hetzner *h, const char *id, json_t **action,
                      struct fleet_error *err)
{
    AUTO_JSON json_t *actions = NULL;
    AUTO_FREE char *path = NULL;
    const json_t *entry;
    size_t i;
    int rc;

    if (asprintf(&path, "/servers/%s/actions", id) < 0) {
        path = NULL;
        return api_enomem(err);
    }
    rc = hetzner_read_all(h, path, "status=running&", "actions", &actions, err);
    if (rc < 0)
        return rc;
    json_array_foreach(actions, i, entry)
    {
        if (is_status(entry, "running")) {
            *action = json_incref((json_t *)entry);
            return FLEET_OK;
        }
    }
    *action = NULL;
    return FLEET_OK;
}

int action_is_busy(struct hetzner *h, const char *id, bool *busy,
                   struct fleet_error *err)
{
    AUTO_FREE char *segment = NULL;
    AUTO_JSON json_t *action = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK)
        rc = running_on(h, segment, &action, err);
    if (rc == FLEET_OK)
        *busy = action != NULL;
    return rc;
}

/* Whatever becomes of the action that is in the way, it ends. */
static int await_idle(struct hetzner *h, const char *id, int tries,
                      struct fleet_error *err)
{
    AUTO_JSON json_t *action = NULL;
    struct fleet_error ignored = {0};
    int64_t pause_ms = FIRST_PAUSE_MS << tries;
    int rc = running_on(h, id, &action, err);

    if (rc < 0)
        return rc;
    if (!action) /* it may have ended just now, or not show yet */
        return pause_a_while(&pause_ms, err);
    action_await(h, action, BUSY_MS, &ignored);
    return FLEET_OK;
}

static int fail_busy(struct fleet_error *err)
{
    fleet_fail(err, FLEET_ETRANSIENT,
               "another action keeps the server locked; try again later");
    if (err)
        err->retry_ms = -1; /* this waited already */
    return FLEET_ETRANSIENT;
}

static int send_when_idle(struct hetzner *h, const struct action *action,
                          const char *id, json_t **answer,
                          struct fleet_error *err)
{
    struct api_call call = {.method = action->method,
                            .flags = action->flags,
                            .lane = HETZNER_LANE,
                            .gap_ms = HETZNER_GAP_MS};
    struct fleet_error why = {0};
    int rc;

    for (int tries = 0; tries < BUSY_TRIES; tries++) {
        why = (struct fleet_error){0};
        call.body = json_incref(action->body);
        rc = api_send(&h->api, &call, answer, &why, "/servers/%s%s", id,
                      action->tail);
        if (rc == FLEET_OK || !judge_is_busy(&why)) {
            if (rc < 0 && err)
                *err = why;
            return rc;
        }
        if (fleet_call_left_ms() < SPARE_MS)
            break;
        rc = await_idle(h, id, tries, err);
        if (rc < 0)
            return rc;
    }
    return fail_busy(err);
}

int action_run(struct hetzner *h, const struct action *action,
               struct fleet_error *err)
{
    AUTO_JSON json_t *body = action->body;
    AUTO_JSON json_t *answer = NULL;
    AUTO_FREE char *id = NULL;
    int rc = api_segment(action->id, &id, err);

    (void)body; /* eaten */
    if (rc == FLEET_OK)
        rc = send_when_idle(h, action, id, &answer, err);
    if (rc == FLEET_OK)
        rc =
            action_await(h, api_object(answer, "action"), action->most_ms, err);
    return rc;
}
