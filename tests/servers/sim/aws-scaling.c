/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The calls of Auto Scaling; aws-groups.c has what groups do by themselves. */

static void invalid(struct sim_call *call, const char *message)
{
    aws_refuse(call, 400, "ValidationError", "%s", message);
}

static void no_group(struct sim_call *call, const char *name)
{
    aws_refuse(call, 400, "ValidationError",
               "AutoScalingGroup name not found - AutoScalingGroup '%s' not "
               "found",
               name);
}

/* NULL: there is none. */
static json_t *find_group(const struct sim_call *call, const char *name)
{
    const struct aws *aws = aws_of(call->sim);
    json_t *group;
    size_t i;

    json_array_foreach(aws->scaling, i, group)
    {
        if (strcmp(sim_text(group, "region", ""), aws->region) == 0 &&
            strcmp(sim_text(group, "name", ""), name) == 0)
            return group;
    }
    return NULL;
}

/* NULL and a reply: there is none. */
static json_t *the_group(struct sim_call *call)
{
    const char *name = aws_param(call, "AutoScalingGroupName");
    json_t *group = find_group(call, name);

    if (!group)
        no_group(call, name);
    return group;
}

/* --- what a group is made of --------------------------------------------- */

static const json_t *spec_in(const json_t *body)
{
    const json_t *mixed = aws_at(
        body,
        "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification");

    return mixed ? mixed : json_object_get(body, "LaunchTemplate");
}

/* The rights of a launch are those of the caller. */
static bool template_fits(struct sim_call *call)
{
    const json_t *spec = spec_in(call->body), *data;
    struct aws_trouble trouble = {0};
    const char *missing = NULL;

    if (!spec)
        return true;
    data = aws_template(call->sim, spec, &trouble, NULL, NULL);
    if (!aws_allowed(call, "ec2:RunInstances"))
        missing = "ec2:RunInstances";
    else if (json_object_get(data, "IamInstanceProfile") &&
             !aws_allowed(call, "iam:PassRole"))
        missing = "iam:PassRole";
    if (missing)
        aws_trouble(&trouble, 400, "ValidationError",
                    "You are not authorized to perform this operation (%s).",
                    missing);
    else if (data && json_object_get(call->body, "MixedInstancesPolicy") &&
             json_object_get(data, "InstanceMarketOptions"))
        aws_trouble(&trouble, 400, "ValidationError",
                    "Incompatible launch template: Launch templates that have "
                    "InstanceMarketOptions cannot be used with a "
                    "MixedInstancesPolicy.");
    if (trouble.status)
        aws_refuse(call, 400, "ValidationError",
                   "You must use a valid fully-formed launch template. %s",
                   trouble.message);
    return !trouble.status;
}

/* "subnet-a,subnet-b", or zones of the default VPC. NULL and a reply: one does
 * not exist; an empty list: none are named. */
static json_t *subnets_in(struct sim_call *call)
{
    const char *region = aws_of(call->sim)->region;
    const char *at = aws_param(call, "VPCZoneIdentifier");
    const json_t *zones = json_object_get(call->body, "AvailabilityZones");
    json_t *list = json_array();
    struct aws_subnet subnet;

    while (at && *at) {
        size_t len = strcspn(at, ",");
        char id[64];

        snprintf(id, sizeof id, "%.*s", (int)len, at);
        if (!aws_subnet_find(region, id, &subnet)) {
            json_decref(list);
            aws_refuse(call, 400, "ValidationError",
                       "The subnet ID '%s' does not exist", id);
            return NULL;
        }
        json_array_append_new(list, json_string(id));
        at += len + (at[len] == ',');
    }
    for (size_t i = 0; zones && i < 3 && aws_subnet_at(region, i, &subnet); i++)
        if (aws_listed(zones, subnet.zone))
            json_array_append_new(list, json_string(subnet.id));
    return list;
}

static bool sizes_fit(struct sim_call *call, int64_t min, int64_t desired,
                      int64_t max)
{
    if (min <= max && desired >= min && desired <= max)
        return true;
    aws_refuse(call, 400, "ValidationError",
               min > max ? "Max bound, %lld, must be greater than or equal to "
                           "min bound, %lld"
                         : "Desired capacity must be between the min and max "
                           "size (max %lld, min %lld)",
               (long long)max, (long long)min);
    return false;
}

/* What the call says about it, over what it is. */
static void take_settings(const json_t *body, json_t *group)
{
    static const char *const keys[][2] = {
        {"LaunchTemplate", "template"},      {"MixedInstancesPolicy", "mixed"},
        {"HealthCheckType", "health"},       {"DefaultCooldown", "cooldown"},
        {"TerminationPolicies", "policies"},
    };
    json_t *protect = json_object_get(body, "NewInstancesProtectedFromScaleIn");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(body, keys[i][0]);

        if (value && i == 1)
            sim_put(group, keys[i][1],
                    aws_merge(json_object_get(group, keys[i][1]), value));
        else if (value)
            json_object_set(group, keys[i][1], value);
    }
    if (json_object_get(body, "LaunchTemplate"))
        json_object_del(group, "mixed");
    if (protect)
        sim_put(group, "protect_new",
                json_boolean(
                    aws_is_true(body, "NewInstancesProtectedFromScaleIn")));
}

static bool may_create(struct sim_call *call, const json_t *subnets)
{
    const char *name = aws_param(call, "AutoScalingGroupName");
    bool plain = json_object_get(call->body, "LaunchTemplate") != NULL;
    bool mixed = json_object_get(call->body, "MixedInstancesPolicy") != NULL;

    if (find_group(call, name))
        aws_refuse(call, 400, "AlreadyExists",
                   "AutoScalingGroup by this name already exists - A group "
                   "with the name %s already exists",
                   name);
    else if (plain == mixed)
        invalid(call,
                "Valid requests must contain either LaunchTemplate, "
                "LaunchConfigurationName, InstanceId or MixedInstancesPolicy "
                "parameter.");
    else if (json_array_size(subnets) == 0)
        invalid(call,
                "At least one Availability Zone or VPC Subnet is required.");
    else
        return template_fits(call);
    return false;
}

static void create_group(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    int64_t min = aws_size(call->body, "MinSize", 0);
    int64_t max = aws_size(call->body, "MaxSize", 0);
    int64_t desired = aws_size(call->body, "DesiredCapacity", min);
    json_t *subnets = subnets_in(call), *tags, *group;
    char stamp[SIM_STAMP_SIZE];

    if (!subnets)
        return;
    if (!may_create(call, subnets) || !sizes_fit(call, min, desired, max)) {
        json_decref(subnets);
        return;
    }
    tags = json_object_get(call->body, "Tags");
    sim_stamp(stamp, sim_clock_ms(), false);
    group = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:s, s:{}}", "region", aws->region,
        "name", aws_param(call, "AutoScalingGroupName"), "min", (json_int_t)min,
        "max", (json_int_t)max, "desired", (json_int_t)desired, "subnets",
        subnets, "tags", tags ? json_deep_copy(tags) : json_array(), "created",
        stamp, "suspended");
    take_settings(call->body, group);
    json_array_append_new(aws->scaling, group);
    aws_answer(call, NULL);
}

static void update_group(struct sim_call *call)
{
    json_t *group = the_group(call), *subnets;
    int64_t min, max, desired;

    if (!group || !template_fits(call))
        return;
    min = aws_size(call->body, "MinSize", sim_number(group, "min", 0));
    max = aws_size(call->body, "MaxSize", sim_number(group, "max", 0));
    desired = sim_number(group, "desired", 0);
    desired = desired < min ? min : desired > max ? max : desired;
    desired = aws_size(call->body, "DesiredCapacity", desired);
    subnets = subnets_in(call);
    if (!subnets)
        return;
    if (sizes_fit(call, min, desired, max)) {
        sim_put(group, "min", json_integer(min));
        sim_put(group, "max", json_integer(max));
        sim_put(group, "desired", json_integer(desired));
        if (json_array_size(subnets))
            json_object_set(group, "subnets", subnets);
        json_object_del(group, "retry_at");
        take_settings(call->body, group);
        aws_answer(call, NULL);
    }
    json_decref(subnets);
}

static void set_desired(struct sim_call *call)
{
    json_t *group = the_group(call);
    int64_t wanted = aws_size(call->body, "DesiredCapacity", 0), min, max;

    if (!group)
        return;
    min = sim_number(group, "min", 0);
    max = sim_number(group, "max", 0);
    if (sim_fault(call, "in-progress", sim_text(group, "name", ""))) {
        aws_refuse(call, 400, "ScalingActivityInProgress",
                   "Scaling activity is in progress for group %s",
                   sim_text(group, "name", ""));
    } else if (wanted < min || wanted > max) {
        aws_refuse(call, 400, "ValidationError",
                   "New SetDesiredCapacity value %lld is %s value %lld for the "
                   "AutoScalingGroup.",
                   (long long)wanted, wanted > max ? "above max" : "below min",
                   (long long)(wanted > max ? max : min));
    } else {
        sim_put(group, "desired", json_integer(wanted));
        json_object_del(group, "retry_at");
        json_object_del(group, "failures");
        aws_answer(call, NULL);
    }
}

/* Its status is told until the last instance has ended. */
static void delete_group(struct sim_call *call)
{
    json_t *group = the_group(call);
    bool force = aws_is_true(call->body, "ForceDelete");
    struct sim_machine *at = NULL;

    if (!group)
        return;
    while ((at = aws_member(call->sim, group, at))) {
        if (!aws_alive(call->sim, at))
            continue;
        if (!force) {
            aws_refuse(call, 400, "ResourceInUse",
                       "You cannot delete an AutoScalingGroup while there are "
                       "instances or pending Spot instance request(s) still "
                       "in the group.");
            return;
        }
        aws_take_out(call->sim, group, at, "the group is deleted");
    }
    sim_put(group, "deleting", json_true());
    sim_put(group, "desired", json_integer(0));
    aws_answer(call, NULL);
}

/* --- what is told -------------------------------------------------------- */

static const char *lifecycle_of(struct sim *sim, struct sim_machine *machine)
{
    const char *state = aws_state(sim, machine);

    if (strcmp(state, "pending") == 0)
        return "Pending";
    return strcmp(state, "running") == 0 ? "InService" : "Terminating";
}

static json_t *member_told(struct sim *sim, struct sim_machine *machine)
{
    struct aws_subnet subnet = {.zone = ""};
    const char *version = sim_text(machine->data, "template_version", "");
    const char *id =
        aws_text_at(machine->data, "tags.aws:ec2launchtemplate:id");

    aws_subnet_find(sim_text(machine->data, "region", ""),
                    sim_text(machine->data, "subnet", ""), &subnet);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:{s:s, s:s}}",
                     "InstanceId", machine->id, "InstanceType",
                     sim_text(machine->data, "type", ""), "AvailabilityZone",
                     subnet.zone, "LifecycleState", lifecycle_of(sim, machine),
                     "HealthStatus", "Healthy", "ProtectedFromScaleIn",
                     sim_flag(machine->data, "protected"), "LaunchTemplate",
                     "LaunchTemplateId", id ? id : "", "Version", version);
}

static json_t *members_told(struct sim *sim, const json_t *group)
{
    json_t *list = json_array();
    struct sim_machine *at = NULL;

    while ((at = aws_member(sim, group, at)))
        if (strcmp(aws_state(sim, at), "terminated") != 0)
            json_array_insert_new(list, 0, member_told(sim, at));
    return list;
}

static json_t *tags_told(const json_t *group)
{
    json_t *list = json_array();
    const json_t *tag;
    size_t i;

    json_array_foreach(json_object_get(group, "tags"), i, tag)
    {
        json_array_append_new(
            list,
            json_pack("{s:O, s:s, s:s, s:s, s:s}", "ResourceId",
                      json_object_get(group, "name"), "ResourceType",
                      "auto-scaling-group", "Key", sim_text(tag, "Key", ""),
                      "Value", sim_text(tag, "Value", ""), "PropagateAtLaunch",
                      sim_text(tag, "PropagateAtLaunch", "false")));
    }
    return list;
}

static void put_subnets(const json_t *group, json_t *told)
{
    char *joined = sim_copy("");
    json_t *zones = json_array();
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(group, "subnets"), i, id)
    {
        struct aws_subnet subnet;
        char *more = sim_format("%s%s%s", joined, *joined ? "," : "",
                                json_string_value(id));

        free(joined);
        joined = more;
        if (aws_subnet_find(sim_text(group, "region", ""),
                            json_string_value(id), &subnet))
            json_array_append_new(zones, json_string(subnet.zone));
    }
    sim_put(told, "VPCZoneIdentifier", json_string(joined));
    sim_put(told, "AvailabilityZones", zones);
    free(joined);
}

static json_t *suspended_told(const json_t *group)
{
    json_t *list = json_array(), *value;
    const char *name;

    json_object_foreach(json_object_get(group, "suspended"), name, value)
    {
        (void)value;
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "ProcessName", name,
                                        "SuspensionReason", "User suspended"));
    }
    return list;
}

static json_t *group_told(struct sim *sim, const json_t *group, bool members)
{
    const char *name = sim_text(group, "name", "");
    char *arn = sim_format("arn:aws:autoscaling:%s:" AWS_ACCOUNT
                           ":autoScalingGroup:0:autoScalingGroupName/%s",
                           sim_text(group, "region", ""), name);
    json_t *told = json_pack(
        "{s:s, s:s, s:O, s:O, s:O, s:s, s:s, s:o, s:o, s:O, s:b, s:o}",
        "AutoScalingGroupName", name, "AutoScalingGroupARN", arn, "MinSize",
        json_object_get(group, "min"), "MaxSize", json_object_get(group, "max"),
        "DesiredCapacity", json_object_get(group, "desired"), "DefaultCooldown",
        sim_text(group, "cooldown", "300"), "HealthCheckType",
        sim_text(group, "health", "EC2"), "Instances",
        members ? members_told(sim, group) : json_array(), "Tags",
        tags_told(group), "CreatedTime", json_object_get(group, "created"),
        "NewInstancesProtectedFromScaleIn", sim_flag(group, "protect_new"),
        "SuspendedProcesses", suspended_told(group));

    put_subnets(group, told);
    if (json_object_get(group, "mixed"))
        json_object_set(told, "MixedInstancesPolicy",
                        json_object_get(group, "mixed"));
    else
        json_object_set(told, "LaunchTemplate",
                        json_object_get(group, "template"));
    if (sim_flag(group, "deleting"))
        sim_put(told, "Status", json_string("Delete in progress"));
    free(arn);
    return told;
}

static bool one_of(const json_t *patterns, const char *text)
{
    const json_t *each;
    size_t i;

    json_array_foreach(patterns, i, each)
    {
        if (aws_wild(json_string_value(each), text))
            return true;
    }
    return false;
}

static bool tag_fits(const json_t *filter, const json_t *group)
{
    const char *name = sim_text(filter, "Name", "");
    const json_t *values = json_object_get(filter, "Values"), *tag;
    size_t i;

    json_array_foreach(json_object_get(group, "tags"), i, tag)
    {
        const char *key = sim_text(tag, "Key", "");
        const char *value = sim_text(tag, "Value", "");

        if ((strcmp(name, "tag-key") == 0 && one_of(values, key)) ||
            (strcmp(name, "tag-value") == 0 && one_of(values, value)) ||
            (strncmp(name, "tag:", 4) == 0 && strcmp(name + 4, key) == 0 &&
             one_of(values, value)))
            return true;
    }
    return false;
}

static bool group_wanted(const struct sim_call *call, const json_t *group)
{
    const json_t *filter;
    size_t i;

    if (strcmp(sim_text(group, "region", ""), aws_of(call->sim)->region) != 0 ||
        !aws_listed(json_object_get(call->body, "AutoScalingGroupNames"),
                    sim_text(group, "name", "")))
        return false;
    json_array_foreach(json_object_get(call->body, "Filters"), i, filter)
    {
        if (!tag_fits(filter, group))
            return false;
    }
    return true;
}

static void answer_page(struct sim_call *call, const char *name, json_t *list)
{
    json_t *page = aws_page(call, name, list);

    if (page)
        aws_answer(call, page);
}

static void describe_groups(struct sim_call *call)
{
    const char *members = aws_param(call, "IncludeInstances");
    bool with = !members || strcmp(members, "true") == 0;
    json_t *list = json_array();
    const json_t *group;
    size_t i;

    json_array_foreach(aws_of(call->sim)->scaling, i, group)
    {
        if (group_wanted(call, group))
            json_array_append_new(list, group_told(call->sim, group, with));
    }
    answer_page(call, "AutoScalingGroups", list);
}

/* Unknown ones are left out. */
static void describe_members(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "InstanceIds"), *group;
    json_t *list = json_array();
    size_t i;

    json_array_foreach(aws_of(call->sim)->scaling, i, group)
    {
        struct sim_machine *at = NULL;

        while ((at = aws_member(call->sim, group, at))) {
            json_t *told;

            if (!aws_listed(ids, at->id) ||
                strcmp(aws_state(call->sim, at), "terminated") == 0)
                continue;
            told = member_told(call->sim, at);
            json_object_set(told, "AutoScalingGroupName",
                            json_object_get(group, "name"));
            json_array_append_new(list, told);
        }
    }
    answer_page(call, "AutoScalingInstances", list);
}

static void describe_activities(struct sim_call *call)
{
    const struct aws *aws = aws_of(call->sim);
    const char *name = aws_param(call, "AutoScalingGroupName");
    json_t *list = json_array();
    const json_t *activity;
    size_t i;

    json_array_foreach(aws->activities, i, activity)
    {
        json_t *told = json_object_get(activity, "told");

        if (strcmp(sim_text(activity, "region", ""), aws->region) == 0 &&
            (!name ||
             strcmp(name, sim_text(told, "AutoScalingGroupName", "")) == 0))
            json_array_append(list, told);
    }
    answer_page(call, "Activities", list);
}

/* --- single instances ---------------------------------------------------- */

/* NULL and a reply: it is in no group. */
static struct sim_machine *the_member(struct sim_call *call, const char *id,
                                      json_t **group)
{
    struct sim_machine *machine = sim_machine_find(call->sim, id);
    const char *name =
        machine ? sim_text(machine->data, "scaling", NULL) : NULL;

    *group = name ? find_group(call, name) : NULL;
    if (*group && aws_alive(call->sim, machine))
        return machine;
    aws_refuse(call, 400, "ValidationError",
               "Instance Id not found - No managed instance found for instance "
               "ID: %s",
               id);
    return NULL;
}

static void terminate_member(struct sim_call *call)
{
    bool shrink = aws_is_true(call->body, "ShouldDecrementDesiredCapacity");
    json_t *group = NULL, *activity;
    struct sim_machine *machine =
        the_member(call, aws_param(call, "InstanceId"), &group);
    int64_t desired = sim_number(group, "desired", 0);
    char *what;

    if (!machine)
        return;
    if (shrink && desired <= sim_number(group, "min", 0)) {
        aws_refuse(call, 400, "ValidationError",
                   "Currently, desiredSize equals minSize (%lld). Terminating "
                   "instance without replacement will violate group's min size "
                   "constraint. Either set shouldDecrementDesiredCapacity flag "
                   "to false or lower group's min size.",
                   (long long)desired);
        return;
    }
    if (shrink)
        sim_put(group, "desired", json_integer(desired - 1));
    aws_terminate(call->sim, machine, "Client.UserInitiatedShutdown",
                  "Client.UserInitiatedShutdown: User initiated shutdown");
    what = sim_format("Terminating EC2 instance: %s", machine->id);
    activity = aws_activity(call->sim, group, "InProgress", what,
                            "instance was taken out of service in response to "
                            "a user request",
                            NULL);
    aws_answer(call, json_pack("{s:o}", "Activity", activity));
    free(what);
}

static void set_protection(struct sim_call *call)
{
    bool protect = aws_is_true(call->body, "ProtectedFromScaleIn");
    json_t *group = the_group(call), *other = NULL;
    const json_t *ids = json_object_get(call->body, "InstanceIds"), *id;
    struct sim_machine *machine;
    size_t i;

    if (!group)
        return;
    json_array_foreach(ids, i, id)
    {
        machine = the_member(call, json_string_value(id), &other);
        if (!machine)
            return;
        if (other != group ||
            strcmp(lifecycle_of(call->sim, machine), "InService") != 0) {
            aws_refuse(call, 400, "ValidationError",
                       "The instance %s is not in InService or EnteringStandby "
                       "or Standby.",
                       machine->id);
            return;
        }
    }
    json_array_foreach(ids, i, id)
    {
        machine = sim_machine_find(call->sim, json_string_value(id));
        sim_put(machine->data, "protected", json_boolean(protect));
    }
    aws_answer(call, json_object());
}

/* --- tags, processes ----------------------------------------------------- */

static void put_tag(json_t *tags, const json_t *tag)
{
    json_t *each;
    size_t i;

    json_array_foreach(tags, i, each)
    {
        if (strcmp(sim_text(each, "Key", ""), sim_text(tag, "Key", "")) == 0) {
            json_array_set_new(tags, i, json_deep_copy(tag));
            return;
        }
    }
    json_array_append_new(tags, json_deep_copy(tag));
}

static void put_tags(struct sim_call *call)
{
    const json_t *tags = json_object_get(call->body, "Tags"), *tag;
    size_t i;

    json_array_foreach(tags, i, tag)
    {
        if (!find_group(call, sim_text(tag, "ResourceId", ""))) {
            no_group(call, sim_text(tag, "ResourceId", ""));
            return;
        }
    }
    json_array_foreach(tags, i, tag)
    {
        put_tag(json_object_get(
                    find_group(call, sim_text(tag, "ResourceId", "")), "tags"),
                tag);
    }
    aws_answer(call, NULL);
}

static void change_processes(struct sim_call *call, bool suspend)
{
    json_t *group = the_group(call), *suspended;
    const json_t *names = json_object_get(call->body, "ScalingProcesses"),
                 *name;
    size_t i;

    if (!group)
        return;
    suspended = json_object_get(group, "suspended");
    json_array_foreach(names, i, name)
    {
        if (suspend)
            sim_put(suspended, json_string_value(name), json_true());
        else
            json_object_del(suspended, json_string_value(name));
    }
    if (!names && !suspend)
        json_object_clear(suspended);
    aws_answer(call, NULL);
}

static void suspend(struct sim_call *call)
{
    change_processes(call, true);
}

static void resume(struct sim_call *call)
{
    change_processes(call, false);
}

/* --- what they take ------------------------------------------------------ */

#define GROUP                                                                  \
    {                                                                          \
        .key = "AutoScalingGroupName", .type = SIM_STRING,                     \
        .flags = SIM_REQUIRED, .min = 1, .max = 255                            \
    }
#define NEED_SIZE(name)                                                        \
    {                                                                          \
        .key = (name), .type = SIM_STRING, .flags = SIM_REQUIRED,              \
        .pattern = "^[0-9]+$"                                                  \
    }
#define NEED_BOOL(name)                                                        \
    {                                                                          \
        .key = (name), .type = SIM_STRING, .flags = SIM_REQUIRED,              \
        .pattern = "^(true|false)$"                                            \
    }

static const struct sim_field spec_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                               AWS_TEXT("LaunchTemplateName"),
                                               AWS_TEXT("Version"),
                                               {0}};
static const struct sim_field type_fields[] = {
    AWS_NEED("InstanceType"),
    AWS_SIZE("WeightedCapacity"),
    AWS_SUB("LaunchTemplateSpecification", spec_fields),
    {0}};
static const struct sim_field type_item = AWS_ITEM(type_fields);
static const struct sim_field mixed_template_fields[] = {
    AWS_SUB("LaunchTemplateSpecification", spec_fields),
    {.key = "Overrides", .type = SIM_ARRAY, .max = 40, .sub = &type_item},
    {0}};
static const char *const demand_words[] = {"prioritized", "lowest-price", NULL};
static const char *const spot_words[] = {"lowest-price", "capacity-optimized",
                                         "capacity-optimized-prioritized",
                                         "price-capacity-optimized", NULL};
static const struct sim_field distribution_fields[] = {
    {.key = "OnDemandAllocationStrategy",
     .type = SIM_STRING,
     .words = demand_words},
    AWS_SIZE("OnDemandBaseCapacity"),
    AWS_SIZE("OnDemandPercentageAboveBaseCapacity"),
    {.key = "SpotAllocationStrategy", .type = SIM_STRING, .words = spot_words},
    AWS_SIZE("SpotInstancePools"),
    {.key = "SpotMaxPrice",
     .type = SIM_STRING,
     .pattern = "^([0-9]*\\.?[0-9]+)?$"},
    {0}};
static const struct sim_field mixed_fields[] = {
    AWS_SUB("LaunchTemplate", mixed_template_fields),
    AWS_SUB("InstancesDistribution", distribution_fields),
    {0}};
static const char *const kinds[] = {"auto-scaling-group", NULL};
static const struct sim_field tag_fields[] = {
    {.key = "ResourceId", .type = SIM_STRING},
    {.key = "ResourceType", .type = SIM_STRING, .words = kinds},
    {.key = "Key",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 128},
    {.key = "Value", .type = SIM_STRING, .max = 256},
    AWS_BOOL("PropagateAtLaunch"),
    {0}};
static const struct sim_field tag_item = AWS_ITEM(tag_fields);
static const struct sim_field full_tag_fields[] = {
    AWS_NEED("ResourceId"),
    {.key = "ResourceType",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .words = kinds},
    {.key = "Key",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 128},
    {.key = "Value", .type = SIM_STRING, .max = 256},
    NEED_BOOL("PropagateAtLaunch"),
    {0}};
static const struct sim_field full_tag_item = AWS_ITEM(full_tag_fields);

#define SETTINGS                                                               \
    AWS_SIZE("DesiredCapacity"), AWS_SUB("LaunchTemplate", spec_fields),       \
        AWS_SUB("MixedInstancesPolicy", mixed_fields),                         \
        AWS_TEXT("VPCZoneIdentifier"), AWS_LIST("AvailabilityZones"),          \
        AWS_TEXT("HealthCheckType"), AWS_SIZE("HealthCheckGracePeriod"),       \
        AWS_SIZE("DefaultCooldown"),                                           \
        AWS_BOOL("NewInstancesProtectedFromScaleIn"),                          \
        AWS_BOOL("CapacityRebalance"), AWS_LIST("TerminationPolicies"),        \
        AWS_SIZE("DefaultInstanceWarmup")

static const struct sim_field create_fields[] = {
    GROUP,    NEED_SIZE("MinSize"),       NEED_SIZE("MaxSize"),
    SETTINGS, AWS_EACH("Tags", tag_item), {0}};
static const struct sim_field update_fields[] = {
    GROUP, AWS_SIZE("MinSize"), AWS_SIZE("MaxSize"), SETTINGS, {0}};
static const struct sim_field desired_fields[] = {
    GROUP, NEED_SIZE("DesiredCapacity"), AWS_BOOL("HonorCooldown"), {0}};
static const struct sim_field delete_fields[] = {
    GROUP, AWS_BOOL("ForceDelete"), {0}};
#define RECORDS AWS_SIZE("MaxRecords"), AWS_TEXT("NextToken")
static const struct sim_field describe_fields[] = {
    AWS_LIST("AutoScalingGroupNames"),
    AWS_EACH("Filters", aws_filter_item),
    AWS_BOOL("IncludeInstances"),
    RECORDS,
    {0}};
static const struct sim_field members_fields[] = {
    {.key = "InstanceIds", .type = SIM_ARRAY, .max = 50, .sub = &aws_text_item},
    RECORDS,
    {0}};
static const struct sim_field activity_fields[] = {
    AWS_TEXT("AutoScalingGroupName"),
    AWS_BOOL("IncludeDeletedGroups"),
    RECORDS,
    {0}};
static const struct sim_field terminate_fields[] = {
    AWS_NEED("InstanceId"), NEED_BOOL("ShouldDecrementDesiredCapacity"), {0}};
static const struct sim_field protection_fields[] = {
    GROUP,
    {.key = "InstanceIds",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .max = 50,
     .sub = &aws_text_item},
    NEED_BOOL("ProtectedFromScaleIn"),
    {0}};
static const struct sim_field tags_fields[] = {{.key = "Tags",
                                                .type = SIM_ARRAY,
                                                .flags = SIM_REQUIRED,
                                                .sub = &full_tag_item},
                                               {0}};
static const struct sim_field process_fields[] = {
    GROUP, AWS_LIST("ScalingProcesses"), {0}};

const struct aws_action aws_scaling_actions[] = {
    {"CreateAutoScalingGroup", create_fields, create_group},
    {"UpdateAutoScalingGroup", update_fields, update_group},
    {"SetDesiredCapacity", desired_fields, set_desired},
    {"DeleteAutoScalingGroup", delete_fields, delete_group},
    {"DescribeAutoScalingGroups", describe_fields, describe_groups},
    {"DescribeAutoScalingInstances", members_fields, describe_members},
    {"DescribeScalingActivities", activity_fields, describe_activities},
    {"TerminateInstanceInAutoScalingGroup", terminate_fields, terminate_member},
    {"SetInstanceProtection", protection_fields, set_protection},
    {"CreateOrUpdateTags", tags_fields, put_tags},
    {"SuspendProcesses", process_fields, suspend},
    {"ResumeProcesses", process_fields, resume},
    {NULL, NULL, NULL},
};
