/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/access.h"

#include "providers/hetzner/judge.h"
#include "providers/hetzner/request.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>

/* Both are looked up by id, or by a property that is unique. */
struct shelf {
    const char *path, *list, *one;
};
static const struct shelf keys_shelf = {"/ssh_keys", "ssh_keys", "ssh_key"};
static const struct shelf walls_shelf = {"/firewalls", "firewalls", "firewall"};

static bool is_number(const char *text)
{
    return *text && strlen(text) < 19 && !text[strspn(text, "0123456789")];
}

/* *found stays NULL when there is none. */
static int find_by(struct hetzner *h, const struct shelf *shelf,
                   const char *property, const char *value, json_t **found,
                   struct fleet_error *err)
{
    AUTO_FREE char *query = NULL, *escaped = api_escape(value);
    AUTO_JSON json_t *all = NULL;
    const json_t *entry;
    size_t i;
    int rc;

    if (!escaped || asprintf(&query, "%s=%s&", property, escaped) < 0) {
        query = NULL;
        return api_enomem(err);
    }
    rc = hetzner_read_all(h, shelf->path, query, shelf->list, &all, err);
    if (rc < 0)
        return rc;
    json_array_foreach(all, i, entry)
    {
        const char *has = api_text(entry, property);

        if (!*found && has && strcmp(has, value) == 0)
            *found = json_incref((json_t *)entry);
    }
    return FLEET_OK;
}

static int find_by_id(struct hetzner *h, const struct shelf *shelf,
                      const char *id, json_t **found, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *object;
    int rc = hetzner_read(h, &answer, err, "%s/%s", shelf->path, id);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, shelf->one, &object, err);
    if (rc == FLEET_OK)
        *found = json_incref((json_t *)object);
    return rc;
}

/* What a setting names, by name or id. */
static int find_setting(struct hetzner *h, const struct shelf *shelf,
                        const char *key, const char *value, json_t **found,
                        struct fleet_error *err)
{
    int rc = is_number(value) ? find_by_id(h, shelf, value, found, err)
                              : find_by(h, shelf, "name", value, found, err);

    if (rc == FLEET_OK && !*found)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no '%.80s' in this project", key,
                          value);
    return rc;
}

/* ---- keys ---- */

/* The name, where it cannot be taken for an id. */
static int add_key(json_t *keys, const json_t *key, struct fleet_error *err)
{
    const char *name = api_text(key, "name");
    int64_t id;
    json_t *value = NULL;

    if (name && *name && !is_number(name))
        value = json_string(name);
    else if (api_int(key, "id", &id))
        value = json_integer(id);
    else
        return fleet_fail(err, FLEET_EINTERNAL, "a key without name and id");
    return json_array_append_new(keys, value) < 0 ? api_enomem(err) : FLEET_OK;
}

static bool has_fingerprint(const json_t *key, const char *fingerprint)
{
    const char *has = api_text(key, "fingerprint");

    return has && strcasecmp(has, fingerprint) == 0;
}

/* By what it is: each key has a name of its own, whoever uploads it. */
static void name_key(const char *fingerprint, char out[48])
{
    size_t len = (size_t)snprintf(out, 48, "fleet-");

    for (; *fingerprint && len < 47; fingerprint++) {
        if (*fingerprint != ':')
            out[len++] = *fingerprint;
    }
    out[len] = '\0';
}

/* Asking twice is harmless: the key is unique. */
static int upload(struct hetzner *h, const char *public_key,
                  const char *fingerprint, json_t **key,
                  struct fleet_error *err)
{
    struct api_call call = {.method = "POST",
                            .flags = FLEET_HTTP_REPEATABLE,
                            .lane = HETZNER_LANE,
                            .gap_ms = HETZNER_GAP_MS};
    AUTO_JSON json_t *answer = NULL;
    const json_t *made;
    char name[48];
    int rc;

    name_key(fingerprint, name);
    call.body = request_key(name, public_key);
    if (!call.body)
        return api_enomem(err);
    rc = api_send(&h->api, &call, &answer, err, "/ssh_keys");
    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, "ssh_key", &made, err);
    if (rc == FLEET_OK)
        *key = json_incref((json_t *)made);
    return rc;
}

static int ensure(struct hetzner *h, const char *public_key,
                  const char *fingerprint, json_t **key,
                  struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = find_by(h, &keys_shelf, "fingerprint", fingerprint, key, err);

    if (rc < 0 || *key)
        return rc;
    rc = upload(h, public_key, fingerprint, key, &why);
    if (rc < 0 && judge_is_taken(&why)) { /* somebody was faster */
        rc = find_by(h, &keys_shelf, "fingerprint", fingerprint, key, err);
        if (rc < 0 || *key)
            return rc;
        rc = FLEET_ECONFLICT;
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}

/* Under the lock. */
static int gather(struct hetzner *h, const char *public_key, json_t *keys,
                  struct fleet_error *err)
{
    AUTO_JSON json_t *named = NULL, *ours = NULL;
    char fingerprint[REQUEST_FINGERPRINT];
    int rc = request_fingerprint(public_key, fingerprint, err);

    if (rc == FLEET_OK && h->config->ssh_key)
        rc = find_setting(h, &keys_shelf, "HETZNER_SSH_KEY", h->config->ssh_key,
                          &named, err);
    if (rc == FLEET_OK && named)
        rc = add_key(keys, named, err);
    if (rc < 0 || has_fingerprint(named, fingerprint))
        return rc;
    rc = ensure(h, public_key, fingerprint, &ours, err);
    return rc < 0 ? rc : add_key(keys, ours, err);
}

/* Under the lock. */
static int keys_for(struct hetzner *h, const char *public_key, json_t **keys,
                    struct fleet_error *err)
{
    AUTO_JSON json_t *list = NULL;
    int rc;

    if (!h->keys)
        h->keys = json_object();
    *keys = json_incref(json_object_get(h->keys, public_key));
    if (*keys)
        return FLEET_OK;
    list = json_array();
    rc = list ? gather(h, public_key, list, err) : api_enomem(err);
    if (rc < 0)
        return rc;
    if (json_object_set(h->keys, public_key, list) < 0)
        return api_enomem(err);
    *keys = json_incref(list);
    return FLEET_OK;
}

int access_keys(struct hetzner *h, const char *public_key, json_t **keys,
                struct fleet_error *err)
{
    int rc;

    if (!public_key)
        return fleet_fail(err, FLEET_EINVALID,
                          "there is no public key to give to the server");
    rc = hetzner_enter(h, err);
    if (rc < 0)
        return rc;
    rc = keys_for(h, public_key, keys, err);
    hetzner_leave(h);
    return rc;
}

/* ---- firewalls ---- */

/* Under the lock. */
static int read_firewall(struct hetzner *h, struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    const char *name = h->config->firewall;
    int64_t id;
    int rc =
        find_setting(h, &walls_shelf, "HETZNER_FIREWALL", name, &found, err);

    if (rc < 0)
        return rc;
    if (!api_int(found, "id", &id) || id <= 0)
        return fleet_fail(err, FLEET_EINTERNAL, "a firewall without an id");
    if (!parse_lets_ssh_in(found))
        fleet_log(FLEET_LOG_WARNING, "hetzner",
                  "HETZNER_FIREWALL: %.80s lets nobody in on TCP port 22",
                  name);
    h->firewall = id;
    return FLEET_OK;
}

int access_firewall(struct hetzner *h, int64_t *id, struct fleet_error *err)
{
    int rc = FLEET_OK;

    *id = 0;
    if (!h->config->firewall)
        return FLEET_OK;
    rc = hetzner_enter(h, err);
    if (rc < 0)
        return rc;
    if (h->firewall == 0)
        rc = read_firewall(h, err);
    if (rc == FLEET_OK)
        *id = h->firewall;
    hetzner_leave(h);
    return rc;
}

int access_find_wall(struct hetzner *h, const char *name, json_t **found,
                     struct fleet_error *err)
{
    return find_by(h, &walls_shelf, "name", name, found, err);
}
