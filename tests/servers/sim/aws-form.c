/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Filter.1.Name=x&Filter.1.Value.1=y" is {"Filter": [{"Name": "x", "Value":
 * ["y"]}]}; the word "member" of the query services stands for nothing. */

static bool is_index(const char *key)
{
    return *key && strspn(key, "0123456789") == strlen(key);
}

static void put_value(json_t *tree, char *name, const char *value)
{
    char *rest = strchr(name, '.');

    if (!rest) {
        json_object_set_new(tree, name, json_string(value));
        return;
    }
    *rest++ = '\0';
    if (!json_is_object(json_object_get(tree, name)))
        json_object_set_new(tree, name, json_object());
    put_value(json_object_get(tree, name), rest, value);
}

static char *decode_field(const char *text, size_t len)
{
    char *plain = sim_format("%.*s", (int)len, text), *out;

    for (char *c = plain; *c; c++)
        if (*c == '+')
            *c = ' ';
    out = sim_decode(plain, strlen(plain));
    free(plain);
    return out;
}

static json_t *read_tree(const char *text)
{
    json_t *tree = json_object();

    while (text && *text) {
        size_t len = strcspn(text, "&"), name_len = strcspn(text, "=&");
        char *name = decode_field(text, name_len);
        char *value = name_len < len ? decode_field(text + name_len + 1,
                                                    len - name_len - 1)
                                     : sim_copy("");

        put_value(tree, name, value);
        free(name);
        free(value);
        text += len + (text[len] == '&');
    }
    return tree;
}

/* Whether it is {"1": ..., "2": ...}: numbered without gaps. */
static bool is_list(const json_t *object)
{
    size_t n = json_object_size(object);
    char key[24];

    for (size_t i = 1; i <= n; i++) {
        snprintf(key, sizeof key, "%zu", i);
        if (!json_object_get(object, key))
            return false;
    }
    return n > 0;
}

static json_t *shape(const json_t *node)
{
    json_t *made, *value;
    const char *key;
    char number[24];

    if (!json_is_object(node))
        return json_incref((json_t *)node);
    value = json_object_get(node, "member");
    if (json_object_size(node) == 1 && value && is_list(value))
        return shape(value);
    if (!is_list(node)) {
        made = json_object();
        json_object_foreach((json_t *)node, key, value)
        {
            json_object_set_new(made, key, shape(value));
        }
        return made;
    }
    made = json_array();
    for (size_t i = 1; i <= json_object_size(node); i++) {
        snprintf(number, sizeof number, "%zu", i);
        json_array_append_new(made, shape(json_object_get(node, number)));
    }
    return made;
}

static const char *service_of_version(const char *version)
{
    static const char *const known[][2] = {
        {"2016-11-15", "ec2"},
        {"2011-01-01", "autoscaling"},
        {"2011-06-15", "sts"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], version) == 0)
            return known[i][1];
    return "unknown";
}

static void read_form(struct sim_call *call)
{
    json_t *tree = read_tree(call->text);
    const char *action = sim_text(tree, "Action", "none");
    const char *service = service_of_version(sim_text(tree, "Version", ""));

    sim_call_rename(call, sim_format("/%s/%s", service, action));
    json_object_del(tree, "Action");
    json_object_del(tree, "Version");
    json_decref(call->body);
    call->body = shape(tree);
    json_decref(tree);
}

static void read_target(struct sim_call *call, const char *target)
{
    static const char *const known[][2] = {
        {"AmazonSSM.", "ssm"},
        {"ServiceQuotasV20190624.", "servicequotas"},
        {"AWSPriceListService.", "pricing"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i][0]);

        if (strncmp(known[i][0], target, len) == 0)
            sim_call_rename(call,
                            sim_format("/%s/%s", known[i][1], target + len));
    }
}

void aws_read(struct sim_call *call)
{
    const char *target = sim_header(call, "X-Amz-Target");
    const char *type = sim_header(call, "Content-Type");

    if (strcmp(call->method, "POST") != 0 || strcmp(call->path, "/") != 0)
        return;
    if (target)
        read_target(call, target);
    else if (type && strstr(type, "application/x-www-form-urlencoded"))
        read_form(call);
}

const char *aws_param(const struct sim_call *call, const char *name)
{
    return aws_text_at(call->body, name);
}

bool aws_is_true(const json_t *object, const char *name)
{
    const char *text = aws_text_at(object, name);

    return text && strcmp(text, "true") == 0;
}

int64_t aws_size(const json_t *object, const char *name, int64_t fallback)
{
    const char *text = aws_text_at(object, name);

    return text && is_index(text) ? strtoll(text, NULL, 10) : fallback;
}

json_t *aws_at(const json_t *object, const char *path)
{
    size_t len = strcspn(path, ".");
    char key[128];
    json_t *found;

    snprintf(key, sizeof key, "%.*s", (int)len, path);
    found = json_object_get(object, key);
    return path[len] ? aws_at(found, path + len + 1) : found;
}

const char *aws_text_at(const json_t *object, const char *path)
{
    return json_string_value(aws_at(object, path));
}

bool aws_listed(const json_t *array, const char *text)
{
    const json_t *value;
    size_t i;

    if (json_array_size(array) == 0)
        return true;
    json_array_foreach(array, i, value)
    {
        if (strcmp(json_string_value(value), text) == 0)
            return true;
    }
    return false;
}

json_t *aws_tags_for(const json_t *params, const char *kind)
{
    json_t *tags = json_object();
    const json_t *spec, *tag;
    size_t i, k;

    json_array_foreach(json_object_get(params, "TagSpecification"), i, spec)
    {
        if (strcmp(sim_text(spec, "ResourceType", ""), kind) != 0)
            continue;
        json_array_foreach(json_object_get(spec, "Tag"), k, tag)
        {
            sim_put(tags, sim_text(tag, "Key", ""),
                    json_string(sim_text(tag, "Value", "")));
        }
    }
    return tags;
}

json_t *aws_tag_set(const json_t *tags)
{
    json_t *list = json_array();
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)tags, key, value)
    {
        json_array_append_new(
            list, json_pack("{s:s, s:O}", "key", key, "value", value));
    }
    return list;
}
