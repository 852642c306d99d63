/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Faults are the JSON objects that tests have posted, in order. Of those that
 * fit a call the first is used. "skip" and "times" are counted down in place; a
 * fault that is used up goes. */

/* Kinds that say what becomes of the answer; all others are asked for by name,
 * by the model of machines or by a provider. */
static const char *const transport[] = {"status",   "html", "drop", "reset",
                                        "truncate", "drip", "hang", "edit",
                                        "slow",     NULL};

static bool is_transport(const char *kind)
{
    for (size_t i = 0; transport[i]; i++)
        if (strcmp(transport[i], kind) == 0)
            return true;
    return false;
}

/* "POST /v2/pods" also covers what goes on from there; "POST /v2/pods$" does
 * not. "*" is any method, and anything in a path. */
static bool matches(const char *match, const struct sim_call *call)
{
    const char *space = strchr(match, ' ');
    const char *path = space ? space + 1 : "*";
    size_t method = space ? (size_t)(space - match) : strlen(match);
    size_t len = strlen(path);
    bool exact = len && path[len - 1] == '$';
    char *pattern = sim_format("%.*s%s", (int)(exact ? len - 1 : len), path,
                               exact ? "" : "*");
    const char *subject =
        exact && !strchr(path, '?') ? call->path : call->target;
    bool fits = (method == 1 && *match == '*') ||
                (strlen(call->method) == method &&
                 strncmp(call->method, match, method) == 0);

    fits = fits && fnmatch(pattern, subject, 0) == 0;
    free(pattern);
    return fits;
}

static void count(struct sim *sim, size_t index, json_t *fault)
{
    int64_t times = sim_number(fault, "times", 1);

    if (times > 1)
        sim_put(fault, "times", json_integer(times - 1));
    else if (times == 1)
        json_array_remove(sim->faults, index);
}

/* The first that CHOOSE takes and whose turn it is: a new reference. */
static json_t *take(struct sim_call *call,
                    bool (*choose)(const json_t *fault, const void *arg),
                    const void *arg)
{
    struct sim *sim = call->sim;
    json_t *fault;
    size_t i;

    json_array_foreach(sim->faults, i, fault)
    {
        int64_t skip = sim_number(fault, "skip", 0);

        if (!choose(fault, arg) ||
            !matches(sim_text(fault, "match", "*"), call))
            continue;
        if (skip > 0) {
            sim_put(fault, "skip", json_integer(skip - 1));
            continue;
        }
        json_incref(fault);
        count(sim, i, fault);
        return fault;
    }
    return NULL;
}

static bool choose_transport(const json_t *fault, const void *arg)
{
    (void)arg;
    return is_transport(sim_text(fault, "kind", ""));
}

json_t *sim_fault_take(struct sim_call *call)
{
    return take(call, choose_transport, NULL);
}

struct sought {
    const char *kind, *what;
};

static bool choose_wanted(const json_t *fault, const void *arg)
{
    const struct sought *wanted = arg;
    const char *only = sim_text(fault, "only", NULL);

    return strcmp(sim_text(fault, "kind", ""), wanted->kind) == 0 &&
           (!only || !wanted->what || fnmatch(only, wanted->what, 0) == 0);
}

const json_t *sim_fault(struct sim_call *call, const char *kind,
                        const char *what)
{
    const struct sought wanted = {kind, what};
    json_t *fault = take(call, choose_wanted, &wanted);

    if (fault) { /* the call keeps it alive */
        if (!call->faults)
            call->faults = json_array();
        json_array_append_new(call->faults, fault);
    }
    return fault;
}

const char *sim_fault_add(struct sim *sim, const json_t *fault)
{
    if (!json_is_object(fault))
        return "a fault is an object";
    if (!*sim_text(fault, "kind", ""))
        return "a fault has a \"kind\"";
    json_array_append_new(sim->faults, json_deep_copy(fault));
    return NULL;
}

static const char html[] =
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    "<body><center><h1>502 Bad Gateway</h1></center><hr>"
    "<center>gateway</center></body></html>\n";

void sim_fault_reply(struct sim_call *call, const json_t *fault)
{
    bool is_html = strcmp(sim_text(fault, "kind", ""), "html") == 0;
    int status = (int)sim_number(fault, "status", is_html ? 502 : 500);
    json_t *body = json_object_get(fault, "body");
    const char *name;
    json_t *value;

    if (is_html || json_is_string(body))
        sim_reply_text(call, status, is_html ? "text/html" : "text/plain",
                       is_html ? html : json_string_value(body));
    else if (body)
        sim_reply(call, status, json_deep_copy(body));
    else
        call->sim->provider->fail(call, status,
                                  sim_text(fault, "detail", "as asked for"));
    if (json_object_get(fault, "type"))
        call->type = sim_text(fault, "type", NULL);
    json_object_foreach(json_object_get(fault, "headers"), name, value)
    {
        if (json_is_string(value))
            sim_reply_header(call, name, "%s", json_string_value(value));
    }
}

/* --- "edit": {"set": {"/pods/0/cost": "0.5"}, "remove": ["/pods"]} ------- */

static void edit(json_t *node, const char *path, json_t *value);

static void edit_member(json_t *object, const char *key, const char *rest,
                        json_t *value)
{
    if (*rest)
        edit(json_object_get(object, key), rest, value);
    else if (value)
        json_object_set_new(object, key, json_deep_copy(value));
    else
        json_object_del(object, key);
}

static void edit_element(json_t *array, size_t index, const char *rest,
                         json_t *value)
{
    if (*rest)
        edit(json_array_get(array, index), rest, value);
    else if (!value)
        json_array_remove(array, index);
    else if (index >= json_array_size(array))
        json_array_append_new(array, json_deep_copy(value));
    else
        json_array_set_new(array, index, json_deep_copy(value));
}

static void edit_elements(json_t *array, const char *key, const char *rest,
                          json_t *value)
{
    if (strcmp(key, "*") != 0) {
        edit_element(array, (size_t)strtoul(key, NULL, 10), rest, value);
        return;
    }
    for (size_t i = json_array_size(array); i-- > 0;)
        edit_element(array, i, rest, value);
}

/* PATH begins with a slash; VALUE NULL removes. What is not there is left
 * alone. */
static void edit(json_t *node, const char *path, json_t *value)
{
    size_t len = strcspn(path + 1, "/");
    char *key = sim_format("%.*s", (int)len, path + 1);

    if (json_is_object(node))
        edit_member(node, key, path + 1 + len, value);
    else if (json_is_array(node))
        edit_elements(node, key, path + 1 + len, value);
    free(key);
}

void sim_fault_edit(struct sim_call *call, const json_t *fault)
{
    const char *path;
    json_t *value;
    size_t i;

    if (!call->reply)
        return;
    json_object_foreach(json_object_get(fault, "set"), path, value)
    {
        if (*path == '/')
            edit(call->reply, path, value);
    }
    json_array_foreach(json_object_get(fault, "remove"), i, value)
    {
        path = json_string_value(value);
        if (path && *path == '/')
            edit(call->reply, path, NULL);
    }
}
