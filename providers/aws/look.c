/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <fleet/log.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* What there is. */

/* ---- looking ---- */

/* Instances as they came. */
static int keep(void *arg, const json_t *instance, struct fleet_error *err)
{
    return json_array_append(arg, (json_t *)instance) < 0 ? api_enomem(err)
                                                          : FLEET_OK;
}

/* Those that a filter finds, from all pages. */
int look_for(struct ec2 *ec2, const char *filter, const char *value,
             json_t **out, struct fleet_error *err)
{
    AUTO_JSON json_t *reservations = NULL, *into = json_array();
    AUTO_JSON json_t *answer = NULL;
    struct form form;
    int rc;

    ec2_open_form(&form, "DescribeInstances");
    request_filter(&form, 1, filter, value);
    rc = ec2_read_all(ec2, "DescribeInstances", &form, 1000, "reservationSet",
                      &reservations, err);
    if (rc < 0)
        return rc;
    answer = json_pack("{s:O}", "reservationSet", reservations);
    rc = answer && into ? parse_instances(answer, keep, into, err)
                        : api_enomem(err);
    if (rc == FLEET_OK)
        *out = json_incref(into);
    return rc;
}

/* The GPUs of its type, and what it costs now. Both are only told. */
static void put_type(struct ec2 *ec2, const json_t *instance,
                     struct fleet_pod *pod)
{
    const char *name = api_text(instance, "instanceType");
    const json_t *type = NULL;
    struct fleet_error why = {0};
    int64_t count, price;

    if (!name)
        return;
    if (market_type(ec2, name, &type, &why) < 0)
        fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", name, why.text);
    if (parse_keeps(instance, type))
        fleet_pod_set_number(pod, FLEET_POD_STOP_KEEPS, 1);
    if (parse_gpu(type, &count)) {
        fleet_pod_set(pod, FLEET_POD_GPU, parse_gpu(type, &count));
        fleet_pod_set_number(pod, FLEET_POD_GPUS, count);
    }
    price =
        market_price(ec2, name, parse_is_spot(instance), parse_zone(instance));
    if (price < 0)
        return;
    if (!parse_is_spot(instance) && market_is_old(ec2) &&
        !fleet_pod_get(pod, FLEET_POD_NOTE))
        fleet_pod_set(pod, FLEET_POD_NOTE,
                      "its price is from a table of " PRICES_OF);
    fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, price);
    fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
}

/* All spot types in one request instead of one each. */
static void foresee_spot(struct ec2 *ec2, const json_t *instances)
{
    AUTO_JSON json_t *names = json_array();
    const json_t *instance;
    size_t i;

    json_array_foreach(instances, i, instance)
    {
        if (names && parse_is_spot(instance))
            json_array_append(names, json_object_get(instance, "instanceType"));
    }
    market_spot(ec2, names);
}

/* For those who end it. */
static void remember_group(struct ec2 *ec2, const json_t *instance)
{
    const char *id = api_text(instance, "instanceId");
    const char *group = parse_tag(instance, TAG_GROUP);

    if (!id || ec2_enter(ec2, NULL) < 0)
        return;
    json_object_set_new(ec2->grouped, id, json_string(group ? group : ""));
    ec2_leave(ec2);
}

static int put_instance(struct ec2 *ec2, const json_t *instance,
                        struct fleet_pod *pod, struct fleet_error *err)
{
    int rc = parse_instance(instance, pod, err);

    if (rc < 0)
        return rc;
    recall_name(instance, pod);
    remember_group(ec2, instance);
    put_type(ec2, instance, pod);
    return FLEET_OK;
}

static int put_instances(struct ec2 *ec2, const json_t *instances,
                         struct fleet_sink *pods, struct fleet_error *err)
{
    AUTO_JSON json_t *hidden = NULL;
    const json_t *instance;
    size_t i;
    int rc = recall_hidden(ec2, instances, &hidden, err);

    foresee_spot(ec2, instances);
    json_array_foreach(instances, i, instance)
    {
        const char *id = api_text(instance, "instanceId");
        struct fleet_pod *pod;

        if (rc < 0)
            return rc;
        if (parse_is_terminated(instance) ||
            (id && json_object_get(hidden, id)))
            continue;
        pod = fleet_sink_pod(pods);
        if (!pod)
            return FLEET_OK; /* the host knows why */
        rc = put_instance(ec2, instance, pod, err);
    }
    return rc;
}

int ec2_list(void *handle, struct fleet_sink *pods, struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instances = NULL;
    int rc = look_for(ec2, "tag:" TAG_OWNER, TAG_FLEET, &instances, err);

    return rc < 0 ? rc : put_instances(ec2, instances, pods, err);
}

int ec2_find(void *handle, const char *token, struct fleet_pod *pod,
             struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instances = NULL, *recalled = NULL;
    const json_t *instance;
    size_t i;
    int rc = look_for(ec2, "tag:" TAG_TOKEN, token, &instances, err);

    if (rc < 0)
        return rc;
    json_array_foreach(instances, i, instance)
    {
        if (!parse_is_terminated(instance) && parse_is_ours(instance))
            return put_instance(ec2, instance, pod, err);
    }
    if (!offers_in_groups(ec2))
        return fleet_fail(err, FLEET_ENOTFOUND, "no instance has that token");
    rc = recall(ec2, token, &recalled, err);
    return rc < 0 ? rc : put_instance(ec2, recalled, pod, err);
}

/* ---- one by its id ---- */

int look_check(const char *id, struct fleet_error *err)
{
    size_t len = id ? strlen(id) : 0;

    if (len > 2 && len < 40 && strncmp(id, "i-", 2) == 0 &&
        strspn(id + 2, "0123456789abcdef") == len - 2)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ENOTFOUND, "'%.60s' is no id of an instance",
                      id ? id : "");
}

int look_at(struct ec2 *ec2, const char *id, json_t **instance,
            struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL, *into = json_array();
    struct form form;
    int rc = into ? look_check(id, err) : api_enomem(err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, "DescribeInstances");
    form_add(&form, id, "InstanceId.1");
    rc = ec2_ask(ec2, "DescribeInstances", &form, &answer, NULL, err);
    if (rc == FLEET_OK)
        rc = parse_instances(answer, keep, into, err);
    if (rc < 0)
        return rc;
    *instance = json_incref(json_array_get(into, 0));
    return *instance ? FLEET_OK
                     : fleet_fail(err, FLEET_ENOTFOUND,
                                  "there is no instance %.40s", id);
}

/* What cloud-init has printed: a line of type and key. malloc'd or NULL. */
static char *host_key_in(const char *console)
{
    const char *begin = strstr(console, "-----BEGIN SSH HOST KEY KEYS-----");
    const char *at = begin ? strstr(begin, "ssh-ed25519 ") : NULL;
    size_t len = at ? 12 + strcspn(at + 12, " \r\n") : 0;

    return at && at[len] ? strndup(at, len) : NULL;
}

static char *decoded(const char *base64)
{
    size_t len = strlen(base64), n = 0;
    char *clean = malloc(len + 1);
    unsigned char *out = calloc(1, len + 4);
    int size = -1;

    for (const char *at = base64; clean && *at; at++) {
        if (!strchr(" \r\n\t", *at))
            clean[n++] = *at;
    }
    if (clean && out && n > 0 && n % 4 == 0)
        size = EVP_DecodeBlock(out, (const unsigned char *)clean, (int)n);
    free(clean);
    if (size >= 0)
        return (char *)out;
    free(out);
    return NULL;
}

/* malloc'd; NULL: not told yet, or never. */
static char *ask_host_key(struct ec2 *ec2, const char *id)
{
    AUTO_JSON json_t *answer = NULL;
    AUTO_FREE char *text = NULL;
    struct fleet_error why = {0};
    const char *output;
    struct form form;

    ec2_open_form(&form, "GetConsoleOutput");
    form_add(&form, id, "InstanceId");
    form_add(&form, "true", "Latest");
    if (ec2_ask(ec2, "GetConsoleOutput", &form, &answer, NULL, &why) < 0) {
        fleet_log(FLEET_LOG_INFO, "aws", "%s: no console: %s", id, why.text);
        return NULL;
    }
    output = api_text(answer, "output");
    text = output ? decoded(output) : NULL;
    return text ? host_key_in(text) : NULL;
}

/* Asked for while nobody knows it; a listing does not wait for it. */
static void put_host_key(struct ec2 *ec2, const char *id, struct fleet_pod *pod)
{
    AUTO_FREE char *key = NULL;
    const char *known;

    if (fleet_pod_get_number(pod, FLEET_POD_STATE, 0) != FLEET_STATE_RUNNING)
        return;
    if (ec2_enter(ec2, NULL) < 0)
        return;
    known = api_text(ec2->host_keys, id);
    key = known ? strdup(known) : NULL;
    ec2_leave(ec2);
    if (!known)
        key = ask_host_key(ec2, id);
    if (!key)
        return;
    fleet_pod_set(pod, FLEET_POD_HOST_KEY, key);
    if (!known && ec2_enter(ec2, NULL) == FLEET_OK) {
        json_object_set_new(ec2->host_keys, id, json_string(key));
        ec2_leave(ec2);
    }
}

int ec2_get(void *handle, const char *id, struct fleet_pod *pod,
            struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instance = NULL;
    int rc = look_at(ec2, id, &instance, err);

    if (rc == FLEET_OK && parse_is_terminated(instance))
        return parse_instance(instance, pod, err);
    if (rc == FLEET_OK)
        rc = put_instance(ec2, instance, pod, err);
    if (rc == FLEET_OK)
        put_host_key(ec2, id, pod);
    return rc;
}
