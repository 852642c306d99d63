/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <fleet/log.h>
#include <fleet/provider.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Amazon EC2: instances, on spot or on demand, in one region. */

/* A new instance may not be found for so long. */
enum { SETTLE_MS = 60000 };

/* ---- open and close ---- */

static void ec2_close(void *handle)
{
    struct ec2 *ec2 = handle;

    json_decref(ec2->types);
    json_decref(ec2->prices);
    json_decref(ec2->spot);
    json_decref(ec2->spot_of);
    json_decref(ec2->images);
    json_decref(ec2->subnets);
    json_decref(ec2->keys);
    json_decref(ec2->templates);
    json_decref(ec2->host_keys);
    free(ec2->groups);
    free(ec2->cohort);
    pthread_mutex_destroy(&ec2->mutex);
    aws_close(&ec2->aws);
    free(ec2);
}

/* The prefix of the names, for a tag. */
static void learn_cohort(struct ec2 *ec2, struct fleet_host *host)
{
    const char *key, *value;

    if (fleet_host_setting(host, "MACHINE_NAME_PREFIX", 0, &key, &value) &&
        strcmp(key, "MACHINE_NAME_PREFIX") == 0)
        ec2->cohort = strdup(value);
}

static bool make_shelves(struct ec2 *ec2)
{
    ec2->types = json_object();
    ec2->prices = json_object();
    ec2->spot = json_array();
    ec2->spot_of = json_object();
    ec2->images = json_object();
    ec2->keys = json_object();
    ec2->templates = json_object();
    ec2->host_keys = json_object();
    return ec2->types && ec2->prices && ec2->spot && ec2->spot_of &&
           ec2->images && ec2->keys && ec2->templates && ec2->host_keys;
}

static int ec2_open(const void *given, struct fleet_host *host, void **handle,
                    struct fleet_error *err)
{
    const struct config *config = given;
    struct ec2 *ec2 = calloc(1, sizeof(*ec2));
    int rc;

    if (!ec2)
        return api_enomem(err);
    rc = aws_open(&ec2->aws, host, config->profile, config->region, err);
    if (rc < 0) {
        free(ec2);
        return rc;
    }
    ec2->config = config;
    pthread_mutex_init(&ec2->mutex, NULL);
    learn_cohort(ec2, host);
    rc = make_shelves(ec2) ? request_check_tags(config->tags, err)
                           : api_enomem(err);
    if (rc < 0)
        ec2_close(ec2);
    else
        *handle = ec2;
    return rc;
}

/* ---- looking ---- */

/* Instances as they came. */
static int keep(void *arg, const json_t *instance, struct fleet_error *err)
{
    return json_array_append(arg, (json_t *)instance) < 0 ? api_enomem(err)
                                                          : FLEET_OK;
}

/* Those that a filter finds, from all pages. */
static int find_instances(struct ec2 *ec2, const char *filter,
                          const char *value, json_t **out,
                          struct fleet_error *err)
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
    if (parse_gpu(type, &count)) {
        fleet_pod_set(pod, FLEET_POD_GPU, parse_gpu(type, &count));
        fleet_pod_set_number(pod, FLEET_POD_GPUS, count);
    }
    price =
        market_price(ec2, name, parse_is_spot(instance), parse_zone(instance));
    if (price < 0)
        return;
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

static int put_instances(struct ec2 *ec2, const json_t *instances,
                         struct fleet_sink *pods, struct fleet_error *err)
{
    const json_t *instance;
    size_t i;
    int rc = FLEET_OK;

    foresee_spot(ec2, instances);
    json_array_foreach(instances, i, instance)
    {
        struct fleet_pod *pod;

        if (parse_is_terminated(instance))
            continue;
        pod = fleet_sink_pod(pods);
        if (!pod)
            return FLEET_OK; /* the host knows why */
        rc = parse_instance(instance, pod, err);
        if (rc < 0)
            return rc;
        put_type(ec2, instance, pod);
    }
    return rc;
}

static int ec2_list(void *handle, struct fleet_sink *pods,
                    struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instances = NULL;
    int rc = find_instances(ec2, "tag:" TAG_OWNER, TAG_FLEET, &instances, err);

    return rc < 0 ? rc : put_instances(ec2, instances, pods, err);
}

static int ec2_find(void *handle, const char *token, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instances = NULL;
    const json_t *instance;
    size_t i;
    int rc = find_instances(ec2, "tag:" TAG_TOKEN, token, &instances, err);

    if (rc < 0)
        return rc;
    json_array_foreach(instances, i, instance)
    {
        if (parse_is_terminated(instance) || !parse_is_ours(instance))
            continue;
        rc = parse_instance(instance, pod, err);
        if (rc == FLEET_OK)
            put_type(ec2, instance, pod);
        return rc;
    }
    return fleet_fail(err, FLEET_ENOTFOUND, "no instance has that token");
}

/* ---- one by its id ---- */

static int check_id(const char *id, struct fleet_error *err)
{
    size_t len = id ? strlen(id) : 0;

    if (len > 2 && len < 40 && strncmp(id, "i-", 2) == 0 &&
        strspn(id + 2, "0123456789abcdef") == len - 2)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ENOTFOUND, "'%.60s' is no id of an instance",
                      id ? id : "");
}

static int read_instance(struct ec2 *ec2, const char *id, json_t **instance,
                         struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL, *into = json_array();
    struct form form;
    int rc = into ? check_id(id, err) : api_enomem(err);

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

static int ec2_get(void *handle, const char *id, struct fleet_pod *pod,
                   struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    AUTO_JSON json_t *instance = NULL;
    int rc = read_instance(ec2, id, &instance, err);

    if (rc == FLEET_OK)
        rc = parse_instance(instance, pod, err);
    if (rc < 0 || parse_is_terminated(instance))
        return rc;
    put_type(ec2, instance, pod);
    put_host_key(ec2, id, pod);
    return rc;
}

/* ---- offers ---- */

struct survey {
    struct ec2 *ec2;
    const struct fleet_spec *want;
    struct fleet_sink *offers;
    size_t n;
    struct fleet_error why; /* the last type that was left out */
};

/* One of a list with ", " between, or any where there is none. */
static bool gpu_is_wanted(const char *types, const char *gpu)
{
    char one[128];

    if (!types)
        return true;
    while (*types) {
        size_t len = strcspn(types, ",");

        snprintf(one, sizeof(one), "%.*s", (int)(len < 127 ? len : 127), types);
        if (fleet_gpu_fits(one, gpu))
            return true;
        types += len;
        types += strspn(types, ", ");
    }
    return false;
}

static void leave_out(struct survey *survey, const char *type, const char *why)
{
    fleet_log(FLEET_LOG_INFO, "aws", "%s left out: %s", type, why);
    fleet_fail(&survey->why, FLEET_ECAPACITY, "%s: %s", type, why);
}

/* Whether a type is one of what is wanted. Without a list of types every type
 * with an accelerator comes by: then what does not fit is no news. */
static bool fits(struct survey *survey, const json_t *type, const char *name)
{
    const char *wanted = fleet_spec_get(survey->want, FLEET_SPEC_GPU_TYPES);
    int64_t number = fleet_spec_get_number(survey->want, FLEET_SPEC_GPUS, 1);
    int64_t count;
    const char *gpu = parse_gpu(type, &count);
    bool named = survey->ec2->config->types;

    if (named && !gpu && (wanted && number > 0)) {
        leave_out(survey, name, "it has no GPU");
        return false;
    }
    if (named && (!gpu || number == 0))
        return true;
    if (!gpu || number == 0)
        return false;
    if (count == number && gpu_is_wanted(wanted, gpu))
        return true;
    if (named)
        leave_out(survey, name, "it has other GPUs than are wanted");
    return false;
}

static void put_offer(struct survey *survey, const json_t *type,
                      const char *name, bool spot, const char *region)
{
    struct fleet_offer *offer = fleet_sink_offer(survey->offers);
    int64_t price = market_price(survey->ec2, name, spot, NULL), count;
    const char *gpu = parse_gpu(type, &count);
    char id[EC2_TYPE + 16];

    survey->n++;
    if (!offer)
        return; /* the host knows why */
    snprintf(id, sizeof(id), "%s/%s", name, spot ? "spot" : "on-demand");
    fleet_offer_set(offer, FLEET_OFFER_ID, id);
    fleet_offer_set(offer, FLEET_OFFER_REGION, region);
    fleet_offer_set(offer, FLEET_OFFER_GPU, gpu);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, gpu ? count : 0);
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, spot);
    if (!fleet_spec_get(survey->want, FLEET_SPEC_TIER))
        fleet_offer_set(offer, FLEET_OFFER_TIER, name);
    if (price < 0)
        return;
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, price);
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY, "USD");
}

static bool market_is(const struct ec2 *ec2, bool spot)
{
    const char *market = ec2->config->market;

    return strcmp(market, "any") == 0 || (strcmp(market, "spot") == 0) == spot;
}

static int consider(struct survey *survey, const json_t *type,
                    const char *region)
{
    const char *name = api_text(type, "instanceType");

    if (!name || strlen(name) >= EC2_TYPE || !fits(survey, type, name))
        return FLEET_OK;
    if (!parse_architecture(type)) {
        leave_out(survey, name, "its processors are of another kind");
        return FLEET_OK;
    }
    for (int spot = 1; spot >= 0; spot--) {
        if (!market_is(survey->ec2, spot))
            continue;
        if (parse_has_market(type, spot))
            put_offer(survey, type, name, spot, region);
        else
            leave_out(survey, name, spot ? "not on spot" : "not on demand");
    }
    return FLEET_OK;
}

/* Spot prices of all types that fit, asked for together. */
static void foresee(struct survey *survey, const json_t *types)
{
    AUTO_JSON json_t *names = json_array();
    const json_t *type;
    size_t i;

    if (!market_is(survey->ec2, true))
        return;
    json_array_foreach(types, i, type)
    {
        const char *name = api_text(type, "instanceType");

        if (names && name && fits(survey, type, name))
            json_array_append_new(names, json_string(name));
    }
    market_spot(survey->ec2, names);
}

static int ec2_offers(void *handle, const struct fleet_spec *want,
                      struct fleet_sink *offers, struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    struct survey survey = {.ec2 = ec2, .want = want, .offers = offers};
    AUTO_JSON json_t *types = NULL;
    const json_t *type;
    const char *region;
    size_t i;
    int rc = aws_region(&ec2->aws, &region, err);

    if (rc == FLEET_OK)
        rc = market_types(ec2, ec2->config->types, &types, err);
    if (rc < 0)
        return rc;
    foresee(&survey, types);
    json_array_foreach(types, i, type)
    {
        if (rc == FLEET_OK)
            rc = consider(&survey, type, region);
    }
    if (rc < 0 || survey.n > 0)
        return rc;
    if (survey.why.code) {
        *err = survey.why;
        return err->code;
    }
    return fleet_fail(err, FLEET_ECAPACITY,
                      "no instance type of %s fits: GPU_TYPE, NUM_GPUS, "
                      "AWS_INSTANCE_TYPES",
                      region);
}

/* ---- changing ---- */

static int ec2_create(void *handle, const struct fleet_spec *spec,
                      struct fleet_pod *pod, struct fleet_error *err)
{
    return launch(handle, spec, pod, err);
}

/* One instance, in an action that is harmless when it is repeated. */
static int act(struct ec2 *ec2, const char *action, const char *id,
               struct aws_fault *fault, struct fleet_error *err)
{
    struct form form;
    int rc = check_id(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, action);
    form_add(&form, id, "InstanceId.1");
    return ec2_ask(ec2, action, &form, NULL, fault, err);
}

static int ec2_start(void *handle, const char *id, struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc = act(handle, "StartInstances", id, &fault, err);

    /* It is on its way down: that passes. */
    if (rc < 0 && strcmp(fault.code, "IncorrectInstanceState") == 0) {
        err->code = FLEET_ETRANSIENT;
        err->retry_ms = 3000;
    }
    return rc < 0 ? err->code : rc;
}

static int ec2_stop(void *handle, const char *id, struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc = act(handle, "StopInstances", id, &fault, err);

    if (rc == FLEET_EUNSUPPORTED)
        return fleet_fail(err, rc,
                          "%.200s (a spot instance that is asked for once "
                          "cannot be stopped: terminate it)",
                          fault.message);
    return rc;
}

static int ec2_restart(void *handle, const char *id, struct fleet_error *err)
{
    return act(handle, "RebootInstances", id, NULL, err);
}

/* That it is not found is no proof that it is gone: the look before had seen
 * it. */
static int settle_missing(struct ec2 *ec2, const char *id,
                          struct fleet_error *err)
{
    AUTO_JSON json_t *instance = NULL;
    int rc = read_instance(ec2, id, &instance, err);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc < 0 || parse_is_terminated(instance))
        return rc;
    fleet_fail(err, FLEET_ETRANSIENT, "EC2 knows %.40s only half", id);
    err->retry_ms = 2000;
    return FLEET_ETRANSIENT;
}

static int ec2_terminate(void *handle, const char *id, struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc = act(handle, "TerminateInstances", id, &fault, err);

    if (rc == FLEET_ENOTFOUND)
        return fault.class == AWS_MISSING ? settle_missing(handle, id, err)
                                          : FLEET_OK;
    if (rc == FLEET_ELOCKED)
        return fleet_fail(err, rc,
                          "termination protection is on: `fleet unlock` ends "
                          "that (%.200s)",
                          fault.message);
    return rc;
}

static int set_tag(struct ec2 *ec2, const char *id, const char *key,
                   const char *value, struct fleet_error *err)
{
    struct form form;
    int rc = check_id(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, "CreateTags");
    form_add(&form, id, "ResourceId.1");
    form_add(&form, key, "Tag.1.Key");
    form_add(&form, value, "Tag.1.Value");
    return ec2_ask(ec2, "CreateTags", &form, NULL, NULL, err);
}

static int ec2_rename(void *handle, const char *id, const char *name,
                      struct fleet_error *err)
{
    return set_tag(handle, id, TAG_NAME, name, err);
}

/* DescribeInstances does not tell of the protection, so a tag does; it is
 * written where the protection is certain. */
static int ec2_lock(void *handle, const char *id, int32_t locked,
                    struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    struct form form;
    int rc = check_id(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, "ModifyInstanceAttribute");
    form_add(&form, id, "InstanceId");
    form_add(&form, locked ? "true" : "false", "DisableApiTermination.Value");
    rc = ec2_ask(ec2, "ModifyInstanceAttribute", &form, NULL, NULL, err);
    return rc < 0 ? rc : set_tag(ec2, id, TAG_LOCK, locked ? "1" : "0", err);
}

/* ---- what it is ---- */

static const char *const markets[] = {"on-demand", "spot", "any", NULL};
static const char *const volume_types[] = {"gp3", "gp2", "io1",      "io2",
                                           "st1", "sc1", "standard", NULL};

/* clang-format off */
#define AT(member_) FLEET_AT(struct config, member_)
static const struct fleet_option options[] = {
    {.key = "AWS_ACCESS_KEY_ID", .type = FLEET_OPT_STRING, AT(access_key),
     .flags = FLEET_OPT_ACCOUNT,
     .help = "id of an access key; profiles, roles, web identities, containers "
             "and instances are other sources of credentials"},
    {.key = "AWS_SECRET_ACCESS_KEY", .type = FLEET_OPT_SECRET, AT(secret_key),
     .help = "the access key itself"},
    {.key = "AWS_SESSION_TOKEN", .type = FLEET_OPT_SECRET, AT(session_token),
     .help = "token that belongs to temporary keys"},
    {.key = "AWS_PROFILE", .type = FLEET_OPT_STRING, AT(profile),
     .flags = FLEET_OPT_ACCOUNT,
     .help = "profile of ~/.aws/config and ~/.aws/credentials; "
             "default: default"},
    {.key = "AWS_REGION", .type = FLEET_OPT_STRING, AT(region),
     .aliases = (const char *const[]){"AWS_DEFAULT_REGION", NULL},
     .help = "region such as us-east-1; default: that of the profile"},
    {.key = "AWS_ENDPOINT_URL", .type = FLEET_OPT_STRING, AT(endpoint),
     .help = "another address of all AWS services; plain http to the loopback "
             "only"},
    {.key = "AWS_ENDPOINT_URL_EC2", .type = FLEET_OPT_STRING,
     AT(endpoint_ec2),
     .help = "likewise, of EC2 alone; _STS, _SSM and _PRICING are known, too"},
    {.key = "AWS_INSTANCE_TYPES", .type = FLEET_OPT_LIST, AT(types),
     .help = "instance types that pods may be; default: those with the GPUs "
             "that are wanted"},
    {.key = "AWS_MARKET", .type = FLEET_OPT_CHOICE, .choices = markets,
     .fallback = "on-demand", AT(market),
     .help = "on-demand, spot, or any of both, the cheaper first"},
    {.key = "AWS_ZONES", .type = FLEET_OPT_LIST, AT(zones),
     .help = "availability zones that pods may stand in; default: any"},
    {.key = "AWS_SUBNETS", .type = FLEET_OPT_LIST, AT(subnets),
     .help = "subnets by id, or one tag:KEY=VALUE that they have; default: "
             "those of the default VPC"},
    {.key = "AWS_SECURITY_GROUPS", .type = FLEET_OPT_LIST, AT(groups),
     .help = "ids of security groups; default: one that lets SSH in, made "
             "where it is missing"},
    {.key = "AWS_SSH_FROM", .type = FLEET_OPT_LIST, AT(ssh_from),
     .fallback = "0.0.0.0/0",
     .help = "addresses that the group made by fleet lets in, such as "
             "203.0.113.7/32"},
    {.key = "AWS_IMAGE", .type = FLEET_OPT_STRING, AT(image),
     .help = "machine image: ami-..., ssm:PARAMETER or a name, with * and "
             "{arch}; default: Ubuntu, with NVIDIA's driver for GPUs"},
    {.key = "AWS_IMAGE_OWNER", .type = FLEET_OPT_STRING, AT(image_owner),
     .help = "whose image of that name: amazon, self or an account's number"},
    {.key = "AWS_VOLUME_TYPE", .type = FLEET_OPT_CHOICE,
     .choices = volume_types, .fallback = "gp3", AT(volume_type),
     .help = "kind of the EBS disk; DISK_GB is its size"},
    {.key = "AWS_INSTANCE_PROFILE", .type = FLEET_OPT_STRING, AT(role),
     .help = "instance profile of pods, by name or ARN"},
    {.key = "AWS_USER", .type = FLEET_OPT_STRING, AT(user),
     .help = "who logs in to these pods; default: SSH_USER"},
    {.key = "AWS_TAGS", .type = FLEET_OPT_LIST, AT(tags),
     .help = "tags on all that is made, KEY=VALUE each"},
    {0},
};
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_WIPES | FLEET_EFFECT_BILLS,
     "EC2 empties local disks (instance store) and takes the public address; "
     "EBS disks stay, and are billed"},
    {FLEET_OP_START, 0,
     "an instance comes up at another address, if its zone has room for it"},
    {0, 0, NULL},
};
static const struct fleet_provider_ops ops = {
    .open = ec2_open,
    .close = ec2_close,
    .list = ec2_list,
    .offers = ec2_offers,
    .create = ec2_create,
    .find = ec2_find,
    .get = ec2_get,
    .start = ec2_start,
    .stop = ec2_stop,
    .restart = ec2_restart,
    .terminate = ec2_terminate,
    .rename = ec2_rename,
    .lock = ec2_lock,
    .about = about,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "aws",
    .version = "1.0",
    .summary = "EC2 instances of Amazon Web Services, spot and on demand",
    .threads = FLEET_THREADS_PARALLEL,
    .caps = FLEET_CAP_SPOT | FLEET_CAP_IDEMPOTENT,
    .options = options,
    .config_size = sizeof(struct config),
    .settle_ms = SETTLE_MS,
    .effects = effects,
};
