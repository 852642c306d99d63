/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/request.h"

#include "providers/hetzner/parse.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 63
#define DIGITS         "0123456789"
#define LETTERS        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Of these characters, but not one of MARKS at either end. */
static bool is_made_of(const char *text, const char *accept, const char *marks)
{
    size_t len = text ? strlen(text) : 0;

    return len > 0 && len <= NAME_MAX_BYTES && strspn(text, accept) == len &&
           !strchr(marks, text[0]) && !strchr(marks, text[len - 1]);
}

int request_check_name(const char *name, struct fleet_error *err)
{
    if (is_made_of(name, DIGITS LETTERS "-.", "-."))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "'%.80s' is no host name, which a server's name must be",
                      name ? name : "");
}

int request_check_token(const char *token, struct fleet_error *err)
{
    if (is_made_of(token, DIGITS LETTERS "-_.", "-_."))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "the token cannot be kept in a label");
}

/* JSON is YAML, so nothing has to be quoted by hand. No secrets: whoever is on
 * the server can read it. */
static char *user_data(const char *name)
{
    AUTO_FREE char *line = NULL, *text = NULL;
    AUTO_JSON json_t *config = NULL;
    char *out;

    if (asprintf(&line, "\nMACHINE_NAME=%s\n", name) < 0) {
        line = NULL;
        return NULL;
    }
    config = json_pack("{s:[{s:s,s:s,s:b}]}", "write_files", "path",
                       "/etc/environment", "content", line, "append", 1);
    text = config ? json_dumps(config, 0) : NULL;
    return text && asprintf(&out, "#cloud-config\n%s\n", text) >= 0 ? out
                                                                    : NULL;
}

/* Told where it is not the usual one, and fits. */
static int label_user(json_t *body, const char *user)
{
    json_t *labels = json_object_get(body, "labels");

    if (!user || strcmp(user, USUAL_USER) == 0 ||
        !is_made_of(user, DIGITS LETTERS "-_.", "-_."))
        return 0;
    return json_object_set_new(labels, LABEL_USER, json_string(user));
}

json_t *request_server(const struct wish *wish)
{
    AUTO_FREE char *data = user_data(wish->name);
    AUTO_JSON json_t *body = NULL;

    if (!data)
        return NULL;
    body = json_pack("{s:s,s:s,s:s,s:I,s:O,s:s,s:{s:s,s:s,s:s}}", "name",
                     wish->name, "server_type", wish->choice->type, "location",
                     wish->choice->location, "image", (json_int_t)wish->image,
                     "ssh_keys", wish->keys, "user_data", data, "labels",
                     LABEL_OWNER, LABEL_FLEET, LABEL_NAME, wish->name,
                     LABEL_TOKEN, wish->token);
    if (!body || label_user(body, wish->user) < 0)
        return NULL;
    if (!wish->ipv4 && json_object_set_new(body, "public_net",
                                           json_pack("{s:b,s:b}", "enable_ipv4",
                                                     0, "enable_ipv6", 1)) < 0)
        return NULL;
    if (wish->firewall > 0 &&
        json_object_set_new(
            body, "firewalls",
            json_pack("[{s:I}]", "firewall", (json_int_t)wish->firewall)) < 0)
        return NULL;
    return json_incref(body);
}

json_t *request_rename(const char *name, const json_t *labels)
{
    AUTO_JSON json_t *kept = labels ? json_copy((json_t *)labels) : NULL;

    if (!kept || json_object_set_new(kept, LABEL_NAME, json_string(name)) < 0)
        return NULL;
    return json_pack("{s:s,s:O}", "name", name, "labels", kept);
}

json_t *request_protection(bool on)
{
    return json_pack("{s:b,s:b}", "delete", on, "rebuild", on);
}

json_t *request_key(const char *name, const char *public_key)
{
    return json_pack("{s:s,s:s,s:{s:s}}", "name", name, "public_key",
                     public_key, "labels", LABEL_OWNER, LABEL_FLEET);
}

/* ---- firewalls ---- */

static json_t *rule(const char *protocol, const char *port, size_t len)
{
    json_t *made = json_pack("{s:s,s:s,s:[s,s]}", "direction", "in", "protocol",
                             protocol, "source_ips", "0.0.0.0/0", "::/0");

    if (made && port &&
        json_object_set_new(made, "port", json_stringn(port, len)) < 0) {
        json_decref(made);
        return NULL;
    }
    return made;
}

/* What is not TCP: only ping, which says that the machine is there. */
static json_t *rules_of(const char *ports)
{
    AUTO_JSON json_t *rules = json_array();

    for (const char *at = ports; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");

        if (json_array_append_new(rules, rule("tcp", at, len)) < 0)
            return NULL;
        at += len;
    }
    if (json_array_append_new(rules, rule("icmp", NULL, 0)) < 0)
        return NULL;
    return json_incref(rules);
}

static json_t *resources(int64_t server)
{
    return json_pack("[{s:s,s:{s:I}}]", "type", "server", "server", "id",
                     (json_int_t)server);
}

json_t *request_wall(const char *name, int64_t server, const char *ports)
{
    return json_pack("{s:s,s:{s:s},s:o,s:o}", "name", name, "labels",
                     LABEL_OWNER, LABEL_FLEET, "rules", rules_of(ports),
                     "apply_to", resources(server));
}

json_t *request_rules(const char *ports)
{
    return json_pack("{s:o}", "rules", rules_of(ports));
}

json_t *request_apply(int64_t server)
{
    return json_pack("{s:o}", "apply_to", resources(server));
}

/* ---- fingerprints ---- */

/* The second word: options in front of the type are not for a key here. */
static const char *base64_of(const char *public_key, size_t *len)
{
    const char *at = public_key + strcspn(public_key, " \t");

    at += strspn(at, " \t");
    *len = strcspn(at, " \t\r\n");
    return at;
}

static bool digest(const char *text, size_t len, unsigned char md5[16])
{
    size_t pads = 0;
    unsigned int size = 0;
    AUTO_FREE unsigned char *blob = malloc(len + 1);
    int n;

    if (!blob || len == 0 || len % 4 != 0 || len > 32768)
        return false;
    while (pads < 2 && text[len - 1 - pads] == '=')
        pads++;
    n = EVP_DecodeBlock(blob, (const unsigned char *)text, (int)len);
    return n > (int)pads &&
           EVP_Digest(blob, (size_t)n - pads, md5, &size, EVP_md5(), NULL) ==
               1 &&
           size == 16;
}

int request_fingerprint(const char *public_key, char out[REQUEST_FINGERPRINT],
                        struct fleet_error *err)
{
    unsigned char md5[EVP_MAX_MD_SIZE];
    size_t len;
    const char *text = public_key ? base64_of(public_key, &len) : NULL;

    if (!text || !digest(text, len, md5))
        return fleet_fail(err, FLEET_EINVALID,
                          "the public key is none that can be uploaded");
    for (size_t i = 0; i < 16; i++)
        snprintf(out + 3 * i, 4, "%02x%s", md5[i], i < 15 ? ":" : "");
    return FLEET_OK;
}
