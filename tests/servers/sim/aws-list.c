/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Filters and pages, of all Describe calls alike. */

const struct sim_field aws_text_item = {.type = SIM_STRING};
static const struct sim_field filter_fields[] = {
    AWS_NEED("Name"), AWS_LIST("Value"), AWS_LIST("Values"), {0}};
const struct sim_field aws_filter_item = AWS_ITEM(filter_fields);
static const struct sim_field tag_fields[] = {
    {.key = "Key",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 128,
     .pattern = "^([^a]|a[^w]|aw[^s]|aws[^:]|a$|aw$|aws$)"},
    {.key = "Value", .type = SIM_STRING, .max = 256},
    {0}};
const struct sim_field aws_tag_item = AWS_ITEM(tag_fields);
static const struct sim_field tags_fields[] = {
    AWS_NEED("ResourceType"),
    {.key = "Tag", .type = SIM_ARRAY, .max = 50, .sub = &aws_tag_item},
    {0}};
const struct sim_field aws_tags_item = AWS_ITEM(tags_fields);
const struct sim_field aws_none[] = {{0}};

/* --- filters ------------------------------------------------------------- */

/* * and ? are wild, a backslash takes that away. */
bool aws_wild(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            while (*pattern == '*')
                pattern++;
            for (;; text++) {
                if (aws_wild(pattern, text))
                    return true;
                if (!*text)
                    return false;
            }
        }
        if (!*text)
            return false;
        if (*pattern == '?')
            continue;
        if (*pattern == '\\' && pattern[1])
            pattern++;
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

static bool value_fits(const json_t *wanted, const json_t *value)
{
    char number[32];
    const char *text = json_string_value(value);
    const json_t *each;
    size_t i;

    if (json_is_boolean(value))
        text = json_is_true(value) ? "true" : "false";
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld",
                 (long long)json_integer_value(value));
        text = number;
    }
    if (!text)
        return false;
    json_array_foreach(wanted, i, each)
    {
        if (aws_wild(json_string_value(each), text))
            return true;
    }
    return false;
}

/* Any of what PATH leads to; * is each of an array. */
static bool path_fits(const json_t *wanted, const json_t *node,
                      const char *path)
{
    size_t len = strcspn(path, "/"), i;
    const char *rest = path + len + (path[len] == '/');
    const json_t *each;
    char key[64];

    if (!*path)
        return value_fits(wanted, node);
    if (*path != '*') {
        snprintf(key, sizeof key, "%.*s", (int)len, path);
        return path_fits(wanted, json_object_get(node, key), rest);
    }
    json_array_foreach(node, i, each)
    {
        if (path_fits(wanted, each, rest))
            return true;
    }
    return false;
}

static bool tag_fits(const json_t *wanted, const char *key, const json_t *entry)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(json_object_get(entry, "tagSet"), i, tag)
    {
        if (strcmp(sim_text(tag, "key", ""), key) == 0)
            return value_fits(wanted, json_object_get(tag, "value"));
    }
    return false;
}

static const char *path_of(const struct aws_filter *known, const char *name)
{
    if (strcmp(name, "tag-key") == 0)
        return "tagSet/*/key";
    for (; known->name; known++)
        if (strcmp(known->name, name) == 0)
            return known->path;
    return NULL;
}

bool aws_filters_known(struct sim_call *call, const struct aws_filter *known)
{
    const json_t *filter;
    size_t i;

    json_array_foreach(json_object_get(call->body, "Filter"), i, filter)
    {
        const char *name = sim_text(filter, "Name", "");

        if (strncmp(name, "tag:", 4) != 0 && !path_of(known, name)) {
            aws_refuse(call, 400, "InvalidParameterValue",
                       "The filter '%s' is invalid", name);
            return false;
        }
    }
    return true;
}

bool aws_filters_fit(struct sim_call *call, const struct aws_filter *known,
                     const json_t *entry)
{
    const json_t *filter;
    size_t i;

    json_array_foreach(json_object_get(call->body, "Filter"), i, filter)
    {
        const char *name = sim_text(filter, "Name", "");
        const json_t *wanted = json_object_get(filter, "Value");
        bool fits = strncmp(name, "tag:", 4) == 0
                        ? tag_fits(wanted, name + 4, entry)
                        : path_fits(wanted, entry, path_of(known, name));

        if (!fits)
            return false;
    }
    return true;
}

/* --- pages --------------------------------------------------------------- */

static char *token_for(const char *action, size_t at)
{
    char *plain = sim_format("page/%s/%zu", action, at);
    char *token = aws_base64(plain, strlen(plain));

    free(plain);
    return token;
}

/* -1: none of ours. */
static int64_t place_of(const char *action, const char *token)
{
    size_t n = 0;
    char *plain = aws_unbase64(token, &n);
    char *head = sim_format("page/%s/", action);
    int64_t at = -1;

    if (plain && strncmp(plain, head, strlen(head)) == 0)
        at = strtoll(plain + strlen(head), NULL, 10);
    free(plain);
    free(head);
    return at;
}

/* What a page may be, by the call; 0: anything. */
static void bounds_of(const struct aws *aws, int64_t *least, int64_t *most)
{
    bool templates = strncmp(aws->action, "DescribeLaunchTemplate", 22) == 0;

    *least = 1;
    if (aws->service == AWS_SCALING) {
        *most =
            strcmp(aws->action, "DescribeAutoScalingInstances") == 0 ? 50 : 100;
    } else if (aws->service == AWS_EC2) {
        *least = templates ? 1 : 5;
        *most = templates                                           ? 200
                : strcmp(aws->action, "DescribeInstanceTypes") == 0 ? 100
                                                                    : 1000;
    } else {
        *most = 100;
    }
}

/* -1 and a reply: that is no size. */
static int64_t size_of_page(struct sim_call *call, const char *name)
{
    const struct aws *aws = aws_of(call->sim);
    const json_t *value = json_object_get(call->body, name);
    int64_t least, most, wanted;
    int64_t cut = sim_number(sim_values(call->sim), "page_max", 1000);

    bounds_of(aws, &least, &most);
    wanted = json_is_integer(value) ? json_integer_value(value)
                                    : aws_size(call->body, name, most);
    if (wanted >= least && wanted <= most)
        return wanted < cut ? wanted : cut;
    aws_refuse(call, 400,
               aws->service == AWS_EC2 ? "InvalidParameterValue"
                                       : "ValidationError",
               "Value ( %lld ) for parameter %s is invalid. Expecting a value "
               "between %lld and %lld.",
               (long long)wanted, name, (long long)least, (long long)most);
    return -1;
}

static void refuse_token(struct sim_call *call, const char *token)
{
    aws_refuse(call, 400,
               aws_of(call->sim)->service == AWS_SCALING
                   ? "InvalidNextToken"
                   : "InvalidParameterValue",
               "The token '%s' is invalid", token);
}

/* EC2's last page has an empty token where pages were asked for. */
static json_t *next_token(const struct sim_call *call, const json_t *all,
                          int64_t at)
{
    const struct aws *aws = aws_of(call->sim);
    json_t *made = NULL;
    char *token;

    if ((int64_t)json_array_size(all) > at) {
        token = token_for(aws->action, (size_t)at);
        made = json_string(token);
        free(token);
    } else if (aws->service == AWS_EC2 && aws_param(call, "MaxResults")) {
        made = json_null();
    }
    return made;
}

json_t *aws_page(struct sim_call *call, const char *name, json_t *all)
{
    const struct aws *aws = aws_of(call->sim);
    const char *token = aws_param(call, "NextToken");
    int64_t at = token ? place_of(aws->action, token) : 0;
    int64_t size = size_of_page(
        call, aws->service == AWS_SCALING ? "MaxRecords" : "MaxResults");
    json_t *list = json_array(), *made = NULL, *next;

    if (size > 0 && at < 0)
        refuse_token(call, token);
    if (size > 0 && at >= 0) {
        for (int64_t i = at; i < at + size; i++)
            json_array_append(list, json_array_get(all, (size_t)i));
        made = json_pack("{s:O}", name, list);
        next = next_token(call, all, at + size);
        if (next)
            sim_put(made, aws->service == AWS_EC2 ? "nextToken" : "NextToken",
                    next);
    }
    json_decref(list);
    json_decref(all);
    return made;
}

void aws_answer_list(struct sim_call *call, const char *name, json_t *all,
                     const struct aws_filter *known)
{
    json_t *list = json_array(), *page, *each;
    size_t i;

    if (aws_filters_known(call, known)) {
        json_array_foreach(all, i, each)
        {
            if (aws_filters_fit(call, known, each))
                json_array_append(list, each);
        }
        page = aws_page(call, name, list);
        if (page)
            aws_answer(call, page);
    } else {
        json_decref(list);
    }
    json_decref(all);
}
