/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdlib.h>
#include <string.h>

/* RunInstances, and the tokens that make a call that is repeated the same one.
 */

/* --- tokens -------------------------------------------------------------- */

static char *token_key(struct sim_call *call)
{
    const struct aws *aws = aws_of(call->sim);
    const char *token = aws_param(call, "ClientToken");

    return token ? sim_format("%s/%s/%s", aws->region, aws->action, token)
                 : NULL;
}

const json_t *aws_token_seen(struct sim_call *call, bool *refused)
{
    char *key = token_key(call);
    const json_t *seen =
        key ? json_object_get(aws_of(call->sim)->tokens, key) : NULL;

    free(key);
    *refused = seen && !json_equal(json_object_get(seen, "params"), call->body);
    if (!*refused)
        return json_object_get(seen, "result");
    aws_refuse(call, 400, "IdempotentParameterMismatch",
               "Arguments on this idempotent request are inconsistent with "
               "arguments used in previous request(s).");
    return NULL;
}

void aws_token_keep(struct sim_call *call, json_t *result_taken)
{
    char *key = token_key(call);

    if (key)
        sim_put(aws_of(call->sim)->tokens, key,
                json_pack("{s:O, s:O}", "params", call->body, "result",
                          result_taken));
    json_decref(result_taken);
    free(key);
}

/* --- RunInstances -------------------------------------------------------- */

/* The first result again, with the present state. */
static void answer_instances(struct sim_call *call, const json_t *ids)
{
    json_t *list = json_array();
    const char *reservation = "";
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        struct sim_machine *machine =
            sim_machine_find(call->sim, json_string_value(id));

        if (!machine)
            continue;
        json_array_append_new(list, aws_instance_json(call->sim, machine));
        reservation = sim_text(machine->data, "reservation", "");
    }
    aws_answer(call, json_pack("{s:s, s:s, s:[], s:o}", "reservationId",
                               reservation, "ownerId", AWS_ACCOUNT, "groupSet",
                               "instancesSet", list));
}

/* The wish with its template below it; NULL and a reply: there is none. */
static json_t *whole_wish(struct sim_call *call)
{
    const json_t *spec = json_object_get(call->body, "LaunchTemplate");
    struct aws_trouble trouble = {0};
    const json_t *data;

    if (!spec)
        return json_incref(call->body);
    data = aws_template(call->sim, spec, &trouble, NULL, NULL);
    if (data)
        return aws_merge(data, call->body);
    aws_refuse(call, trouble.status, trouble.code, "%s", trouble.message);
    return NULL;
}

static void launch_wish(struct sim_call *call, const json_t *wish)
{
    const char *market = aws_text_at(wish, "InstanceMarketOptions.MarketType");
    struct aws_launch launch = {
        .wish = wish,
        .spot = market && strcmp(market, "spot") == 0,
        .least = aws_size(wish, "MinCount", 1),
        .most = aws_size(wish, "MaxCount", 1),
    };
    struct aws_trouble trouble = {0};
    json_t *ids;

    if (launch.least < 1 || launch.most < launch.least) {
        aws_refuse(call, 400, "InvalidParameterValue",
                   "The value of MinCount must be at least 1 and at most that "
                   "of MaxCount");
        return;
    }
    ids = aws_launch(call, &launch, &trouble);
    if (trouble.status) {
        aws_refuse(call, trouble.status, trouble.code, "%s", trouble.message);
        json_decref(ids);
        return;
    }
    answer_instances(call, ids);
    aws_token_keep(call, ids);
}

static void run_instances(struct sim_call *call)
{
    bool refused = false;
    const json_t *ids = aws_token_seen(call, &refused);
    json_t *wish;

    if (refused)
        return;
    if (ids) {
        answer_instances(call, ids);
        return;
    }
    wish = whole_wish(call);
    if (wish)
        launch_wish(call, wish);
    json_decref(wish);
}

/* --- what it takes ------------------------------------------------------- */

static const char *const volume_types[] = {"gp3", "gp2", "io1",      "io2",
                                           "st1", "sc1", "standard", NULL};
static const struct sim_field ebs_fields[] = {
    AWS_SIZE("VolumeSize"),
    {.key = "VolumeType", .type = SIM_STRING, .words = volume_types},
    AWS_SIZE("Iops"),
    AWS_SIZE("Throughput"),
    AWS_BOOL("DeleteOnTermination"),
    AWS_BOOL("Encrypted"),
    AWS_TEXT("KmsKeyId"),
    AWS_TEXT("SnapshotId"),
    {0}};
static const struct sim_field device_fields[] = {AWS_NEED("DeviceName"),
                                                 AWS_SUB("Ebs", ebs_fields),
                                                 AWS_TEXT("VirtualName"),
                                                 AWS_TEXT("NoDevice"),
                                                 {0}};
static const struct sim_field device_item = AWS_ITEM(device_fields);
static const struct sim_field interface_fields[] = {
    AWS_SIZE("DeviceIndex"),
    AWS_TEXT("SubnetId"),
    AWS_LIST("SecurityGroupId"),
    AWS_BOOL("AssociatePublicIpAddress"),
    AWS_TEXT("InterfaceType"),
    AWS_SIZE("NetworkCardIndex"),
    AWS_BOOL("DeleteOnTermination"),
    AWS_SIZE("Ipv6AddressCount"),
    {0}};
static const struct sim_field interface_item = AWS_ITEM(interface_fields);
static const struct sim_field placement_fields[] = {
    AWS_TEXT("AvailabilityZone"),
    AWS_TEXT("AvailabilityZoneId"),
    AWS_TEXT("GroupName"),
    AWS_TEXT("Tenancy"),
    {0}};
static const struct sim_field profile_fields[] = {
    AWS_TEXT("Name"), AWS_TEXT("Arn"), {0}};
static const char *const spot_types[] = {"one-time", "persistent", NULL};
static const char *const behaviors[] = {"terminate", "stop", "hibernate", NULL};
static const struct sim_field spot_fields[] = {
    {.key = "MaxPrice", .type = SIM_STRING, .pattern = "^[0-9]*\\.?[0-9]+$"},
    {.key = "SpotInstanceType", .type = SIM_STRING, .words = spot_types},
    {.key = "InstanceInterruptionBehavior",
     .type = SIM_STRING,
     .words = behaviors},
    {0}};
static const char *const markets[] = {"spot", "capacity-block", NULL};
static const struct sim_field market_fields[] = {
    {.key = "MarketType", .type = SIM_STRING, .words = markets},
    AWS_SUB("SpotOptions", spot_fields),
    {0}};
static const struct sim_field spec_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                               AWS_TEXT("LaunchTemplateName"),
                                               AWS_TEXT("Version"),
                                               {0}};
static const char *const token_words[] = {"required", "optional", NULL};
static const char *const enabled_words[] = {"enabled", "disabled", NULL};
static const struct sim_field metadata_fields[] = {
    {.key = "HttpTokens", .type = SIM_STRING, .words = token_words},
    AWS_SIZE("HttpPutResponseHopLimit"),
    {.key = "HttpEndpoint", .type = SIM_STRING, .words = enabled_words},
    {.key = "InstanceMetadataTags", .type = SIM_STRING, .words = enabled_words},
    {.key = "HttpProtocolIpv6", .type = SIM_STRING, .words = enabled_words},
    {0}};
static const struct sim_field monitoring_fields[] = {AWS_BOOL("Enabled"), {0}};
static const struct sim_field credit_fields[] = {AWS_TEXT("CpuCredits"), {0}};

/* Of RunInstances and of launch templates. */
#define COMMON                                                                 \
    AWS_TEXT("ImageId"), AWS_TEXT("InstanceType"), AWS_TEXT("KeyName"),        \
        AWS_LIST("SecurityGroupId"), AWS_LIST("SecurityGroup"),                \
        AWS_SUB("Placement", placement_fields),                                \
        AWS_EACH("NetworkInterface", interface_item), AWS_TEXT("UserData"),    \
        AWS_EACH("BlockDeviceMapping", device_item),                           \
        AWS_SUB("IamInstanceProfile", profile_fields),                         \
        AWS_EACH("TagSpecification", aws_tags_item),                           \
        AWS_SUB("InstanceMarketOptions", market_fields),                       \
        {.key = "InstanceInitiatedShutdownBehavior",                           \
         .type = SIM_STRING,                                                   \
         .words = behaviors},                                                  \
        AWS_SUB("MetadataOptions", metadata_fields), AWS_BOOL("EbsOptimized"), \
        AWS_SUB("Monitoring", monitoring_fields),                              \
        AWS_BOOL("DisableApiTermination"),                                     \
        AWS_SUB("CreditSpecification", credit_fields)

const struct sim_field aws_template_fields[] = {COMMON, {0}};

static const struct sim_field run_fields[] = {
    COMMON,
    {.key = "MinCount",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .pattern = "^[0-9]+$"},
    {.key = "MaxCount",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .pattern = "^[0-9]+$"},
    AWS_TEXT("SubnetId"),
    AWS_TEXT("PrivateIpAddress"),
    AWS_SUB("LaunchTemplate", spec_fields),
    {.key = "ClientToken", .type = SIM_STRING, .min = 1, .max = 64},
    {0}};

const struct aws_action aws_launch_actions[] = {
    {"RunInstances", run_fields, run_instances},
    {NULL, NULL, NULL},
};
