/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/wall.h"

#include "providers/hetzner/access.h"
#include "providers/hetzner/action.h"
#include "providers/hetzner/judge.h"
#include "providers/hetzner/request.h"

#include <fleet/log.h>
#include <stdio.h>

#define ACTION_MS 60000
#define NAME_SIZE 40

/* One server and its wall. */
struct wall {
    struct hetzner *h;
    const json_t *server;
    int64_t server_id;
    char name[NAME_SIZE];
};

static int wall_of(struct hetzner *h, const json_t *server, struct wall *wall,
                   struct fleet_error *err)
{
    *wall = (struct wall){.h = h, .server = server};
    if (!api_int(server, "id", &wall->server_id) || wall->server_id <= 0)
        return fleet_fail(err, FLEET_EINTERNAL, "a server without an id");
    snprintf(wall->name, sizeof(wall->name), "fleet-%lld",
             (long long)wall->server_id);
    return FLEET_OK;
}

/* All actions that an answer names. */
static int await_all(struct hetzner *h, const json_t *answer,
                     struct fleet_error *err)
{
    const json_t *action;
    size_t i;
    int rc = FLEET_OK;

    json_array_foreach(json_object_get(answer, "actions"), i, action)
    {
        if (rc == FLEET_OK)
            rc = action_await(h, action, ACTION_MS, err);
    }
    return rc;
}

/* BODY is eaten. PATH: without what goes before "/firewalls". */
static int change(struct wall *wall, const char *path, json_t *body,
                  struct fleet_error *err)
{
    struct api_call call = {.method = "POST",
                            .body = body,
                            .flags = FLEET_HTTP_REPEATABLE,
                            .lane = HETZNER_LANE,
                            .gap_ms = HETZNER_GAP_MS};
    AUTO_JSON json_t *answer = NULL;
    int rc = body ? api_send(&wall->h->api, &call, &answer, err, "%s", path)
                  : api_enomem(err);

    return rc < 0 ? rc : await_all(wall->h, answer, err);
}

static bool stands_before(const struct wall *wall, int64_t id)
{
    const json_t *net = api_object(wall->server, "public_net"), *entry;
    size_t i;

    json_array_foreach(json_object_get(net, "firewalls"), i, entry)
    {
        int64_t has;

        if (api_int(entry, "id", &has) && has == id)
            return true;
    }
    return false;
}

static int id_of(const json_t *firewall, int64_t *id, struct fleet_error *err)
{
    if (!api_int(firewall, "id", id) || *id <= 0)
        return fleet_fail(err, FLEET_EINTERNAL, "a firewall without an id");
    return FLEET_OK;
}

/* One that is there is made to fit. */
static int mend(struct wall *wall, const json_t *firewall, const char *ports,
                struct fleet_error *err)
{
    char path[80];
    int64_t id;
    int rc = id_of(firewall, &id, err);

    if (rc < 0)
        return rc;
    if (!parse_is_ours(firewall))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "the project has a firewall called %s that fleet "
                          "did not make: rename it",
                          wall->name);
    snprintf(path, sizeof(path), "/firewalls/%lld/actions/set_rules",
             (long long)id);
    rc = change(wall, path, request_rules(ports), err);
    if (rc < 0 || stands_before(wall, id))
        return rc;
    snprintf(path, sizeof(path), "/firewalls/%lld/actions/apply_to_resources",
             (long long)id);
    return change(wall, path, request_apply(wall->server_id), err);
}

/* FLEET_ECONFLICT, where nothing is said in ERR: there is one by now, after an
 * answer that was lost. */
static int put_up(struct wall *wall, const char *ports, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = change(wall, "/firewalls",
                    request_wall(wall->name, wall->server_id, ports), &why);

    if (rc < 0 && judge_is_taken(&why))
        return FLEET_ECONFLICT;
    return rc < 0 ? fleet_fail(err, rc, "%s", why.text) : FLEET_OK;
}

int wall_build(struct hetzner *h, const json_t *server, const char *ports,
               struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    struct wall wall;
    int rc = wall_of(h, server, &wall, err);

    if (rc == FLEET_OK)
        rc = access_find_wall(h, wall.name, &found, err);
    if (rc == FLEET_OK && !found) {
        rc = put_up(&wall, ports, err);
        if (rc != FLEET_ECONFLICT)
            return rc;
        rc = access_find_wall(h, wall.name, &found, err);
    }
    if (rc < 0)
        return rc;
    return found ? mend(&wall, found, ports, err)
                 : fleet_fail(err, FLEET_ETRANSIENT,
                              "the firewall %s comes and goes", wall.name);
}

bool wall_is_there(const json_t *server)
{
    const json_t *net = api_object(server, "public_net");

    return json_array_size(json_object_get(net, "firewalls")) > 0;
}

static int remove_named(struct hetzner *h, const char *name,
                        struct fleet_error *err)
{
    struct api_call call = {.method = "DELETE",
                            .flags = FLEET_HTTP_REPEATABLE,
                            .lane = HETZNER_LANE,
                            .gap_ms = HETZNER_GAP_MS};
    AUTO_JSON json_t *found = NULL;
    int64_t id;
    int rc = access_find_wall(h, name, &found, err);

    if (rc < 0 || !found || !parse_is_ours(found))
        return rc;
    rc = id_of(found, &id, err);
    if (rc == FLEET_OK)
        rc = api_send(&h->api, &call, NULL, err, "/firewalls/%lld",
                      (long long)id);
    return rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
}

void wall_remove(struct hetzner *h, const char *id)
{
    struct fleet_error why = {0};
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "fleet-%.20s", id);
    if (remove_named(h, name, &why) < 0)
        fleet_log(FLEET_LOG_WARNING, "hetzner", "the firewall %s is left: %s",
                  name, why.text);
}
