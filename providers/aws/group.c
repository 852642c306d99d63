/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <stdio.h>
#include <string.h>

enum { PAGES_MAX = 100, ACTIVITIES = 20, SETTLE_MS = 2000, SETTLE_ROUNDS = 10 };

void group_clear(struct group *group)
{
    json_decref(group->told);
    json_decref(group->members);
    group->told = group->members = NULL;
}

int group_ask(struct ec2 *ec2, const char *action, struct form *form,
              json_t **answer, struct aws_fault *fault, struct fleet_error *err)
{
    return aws_ask(&ec2->aws, &service_scaling, action, form, answer, fault,
                   err);
}

/* ---- looking ---- */

#define RESULT "DescribeAutoScalingGroupsResult/"

static int read_counts(struct group *group, struct fleet_error *err)
{
    group->live = slots_live(group->told);
    if (!api_int(group->told, "DesiredCapacity", &group->desired))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a group without a desired capacity");
    return FLEET_OK;
}

int group_of(struct ec2 *ec2, const json_t *told, struct group *group,
             struct fleet_error *err)
{
    const char *name = api_text(told, "AutoScalingGroupName");

    if (!name || strlen(name) >= GROUP_NAME)
        return fleet_fail(err, FLEET_EINTERNAL, "a group without a name");
    snprintf(group->name, sizeof(group->name), "%s", name);
    group->told = json_incref((json_t *)told);
    if (read_counts(group, err) < 0)
        return err->code;
    return look_for(ec2, "tag:" TAG_GROUP, name, &group->members, err);
}

/* One that an answer has left out is not there. */
int group_look(struct ec2 *ec2, struct group *group, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *told;
    struct form form;
    int rc;

    group_clear(group);
    group_open_form(&form, "DescribeAutoScalingGroups");
    form_add(&form, group->name, "AutoScalingGroupNames.member.1");
    rc = group_ask(ec2, "DescribeAutoScalingGroups", &form, &answer, NULL, err);
    if (rc < 0)
        return rc;
    if (!json_object_get(answer, "ResponseMetadata") &&
        !json_object_get(answer, "DescribeAutoScalingGroupsResult"))
        return fleet_fail(err, FLEET_EINTERNAL, "an answer without groups");
    told = json_array_get(xml_list(answer, RESULT "AutoScalingGroups"), 0);
    return told ? group_of(ec2, told, group, err) : FLEET_OK;
}

static void ask_page(struct form *form, const char *next)
{
    group_open_form(form, "DescribeAutoScalingGroups");
    form_add(form, "tag:" TAG_OWNER, "Filters.member.1.Name");
    form_add(form, TAG_FLEET, "Filters.member.1.Values.member.1");
    form_add_number(form, 100, "MaxRecords");
    form_add(form, next, "NextToken");
}

static int read_groups(struct ec2 *ec2, json_t *into, struct fleet_error *err)
{
    AUTO_FREE char *at = NULL;

    for (int page = 0; page < PAGES_MAX; page++) {
        AUTO_JSON json_t *answer = NULL;
        const char *next;
        const json_t *found;
        struct form form;
        int rc;

        ask_page(&form, at);
        rc = group_ask(ec2, "DescribeAutoScalingGroups", &form, &answer, NULL,
                       err);
        if (rc < 0)
            return rc;
        found = xml_list(answer, RESULT "AutoScalingGroups");
        if (found && json_array_extend(into, (json_t *)found) < 0)
            return api_enomem(err);
        next = xml_text(answer, RESULT "NextToken");
        if (!next)
            return FLEET_OK;
        free(at);
        at = strdup(next);
        if (!at)
            return api_enomem(err);
    }
    return fleet_fail(err, FLEET_EINTERNAL,
                      "the answers to DescribeAutoScalingGroups do not end");
}

int group_all(struct ec2 *ec2, json_t **groups, struct fleet_error *err)
{
    AUTO_JSON json_t *into = json_array();
    int rc = into ? read_groups(ec2, into, err) : api_enomem(err);

    if (rc == FLEET_OK)
        *groups = json_incref(into);
    return rc;
}

/* ---- the template ---- */

/* Its newest version; *number stays 0 where there is no template. */
static int newest_version(struct ec2 *ec2, const char *name, int64_t *number,
                          char description[REQUEST_NAME],
                          struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    struct aws_fault fault;
    struct form form;
    const json_t *newest;
    const char *said;
    int rc;

    ec2_open_form(&form, "DescribeLaunchTemplateVersions");
    form_add(&form, name, "LaunchTemplateName");
    form_add(&form, "$Latest", "LaunchTemplateVersion.1");
    rc = ec2_ask(ec2, "DescribeLaunchTemplateVersions", &form, &answer, &fault,
                 err);
    if (rc < 0 && fault.class == AWS_MISSING)
        return FLEET_OK;
    if (rc < 0)
        return rc;
    newest = json_array_get(xml_list(answer, "launchTemplateVersionSet"), 0);
    if (!newest || !api_int(newest, "versionNumber", number))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a launch template without a version");
    said = api_text(newest, "versionDescription");
    snprintf(description, REQUEST_NAME, "%.*s", REQUEST_NAME - 1,
             said ? said : "");
    return FLEET_OK;
}

static int make_version(struct ec2 *ec2, const struct wish *wish,
                        const char *name, const char *hash, int64_t *number,
                        struct aws_fault *fault, struct fleet_error *err)
{
    const char *action =
        *number ? "CreateLaunchTemplateVersion" : "CreateLaunchTemplate";
    AUTO_JSON json_t *answer = NULL;
    struct form form;
    int rc;

    groupform_template(&form, wish, name, hash, *number);
    rc = ec2_ask(ec2, action, &form, &answer, fault, err);
    if (rc < 0)
        return rc;
    if (*number == 0) {
        *number = 1;
        return FLEET_OK;
    }
    if (!api_int(api_object(answer, "launchTemplateVersion"), "versionNumber",
                 number))
        return fleet_fail(err, FLEET_EINTERNAL, "a new version of no number");
    return FLEET_OK;
}

static int ensure_version(struct ec2 *ec2, const struct wish *wish,
                          const char *name, char version[24],
                          struct aws_fault *fault, struct fleet_error *err)
{
    char hash[REQUEST_NAME], newest[REQUEST_NAME] = "";
    int64_t number = 0;
    int rc;

    if (groupform_hash(wish, hash) < 0)
        return api_enomem(err);
    rc = newest_version(ec2, name, &number, newest, err);
    if (rc == FLEET_OK && (number == 0 || strcmp(hash, newest) != 0))
        rc = make_version(ec2, wish, name, hash, &number, fault, err);
    snprintf(version, 24, "%lld", (long long)number);
    return rc;
}

/* ---- the group ---- */

static int check_ours(const struct group *group, struct fleet_error *err)
{
    const char *owner = slots_tag(group->told, TAG_OWNER);
    const char *status = api_text(group->told, "Status");

    if (!owner || strcmp(owner, TAG_FLEET) != 0)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "the Auto Scaling group %.100s is somebody else's: "
                          "it has no tag managed-by=fleet",
                          group->name);
    if (status)
        return fleet_fail(err, FLEET_ECAPACITY,
                          "the Auto Scaling group %.100s is being deleted "
                          "(%.80s): try again in some minutes",
                          group->name, status);
    return FLEET_OK;
}

static int update(struct ec2 *ec2, const struct wish *wish,
                  const struct group *group, const char *version,
                  struct aws_fault *fault, struct fleet_error *err)
{
    struct form form;
    int rc;

    if (groupform_differs(group->told, wish, version)) {
        groupform_update(&form, wish, group->name, version);
        rc = group_ask(ec2, "UpdateAutoScalingGroup", &form, NULL, fault, err);
        if (rc < 0)
            return rc;
    }
    group_open_form(&form, "CreateOrUpdateTags");
    if (groupform_tags(&form, group->told, wish, group->name, 1) > 0)
        return group_ask(ec2, "CreateOrUpdateTags", &form, NULL, fault, err);
    form_close(&form);
    return FLEET_OK;
}

static int ensure_group(struct ec2 *ec2, const struct wish *wish,
                        const char *name, const char *version,
                        struct aws_fault *fault, struct fleet_error *err)
{
    AUTO_GROUP struct group group = {0};
    struct form form;
    int rc;

    snprintf(group.name, sizeof(group.name), "%s", name);
    rc = group_look(ec2, &group, err);
    if (rc == FLEET_OK && !group.told) {
        groupform_create(&form, wish, name, version);
        rc = group_ask(ec2, "CreateAutoScalingGroup", &form, NULL, fault, err);
        if (rc == FLEET_OK || fault->class != AWS_EXISTS)
            return rc;
        rc = group_look(ec2, &group, err); /* somebody was faster */
    }
    if (rc == FLEET_OK && group.told)
        rc = check_ours(&group, err);
    return rc == FLEET_OK && group.told
               ? update(ec2, wish, &group, version, fault, err)
               : rc;
}

/* What was made a moment ago is not known everywhere yet. */
static bool is_settling(const struct aws_fault *fault)
{
    return fault->class == AWS_MISSING || fault->class == AWS_EXISTS ||
           api_contains(fault->message, "Invalid IAM Instance Profile name");
}

int group_prepare(struct ec2 *ec2, const struct wish *wish, const char *name,
                  struct aws_fault *fault, struct fleet_error *err)
{
    char version[24];
    int rc;

    for (int round = 0;; round++) {
        *fault = (struct aws_fault){0};
        rc = ensure_version(ec2, wish, name, version, fault, err);
        if (rc == FLEET_OK)
            rc = ensure_group(ec2, wish, name, version, fault, err);
        if (rc == FLEET_OK || !is_settling(fault) || round == SETTLE_ROUNDS ||
            fleet_call_left_ms() < SETTLE_MS * 2 ||
            fleet_call_sleep(SETTLE_MS, NULL) < 0)
            return rc;
    }
}

/* ---- changing ---- */

int group_resize(struct ec2 *ec2, struct group *group, int64_t desired,
                 struct fleet_error *err)
{
    struct form form;
    int rc;

    group_open_form(&form, "SetDesiredCapacity");
    form_add(&form, group->name, "AutoScalingGroupName");
    form_add_number(&form, desired, "DesiredCapacity");
    form_add(&form, "false", "HonorCooldown");
    rc = group_ask(ec2, "SetDesiredCapacity", &form, NULL, NULL, err);
    if (rc == FLEET_OK)
        group->desired = desired;
    return rc;
}

int group_put_slot(struct form *form, int n, const char *name,
                   const struct slot *slot, bool free, struct fleet_error *err)
{
    char key[SLOT_KEY], text[SLOT_TEXT] = "-";

    if (!free && slot_text(slot, text, err) < 0)
        return FLEET_EINVALID;
    slot_key(slot->number, key);
    groupform_tag(form, n, name, key, text, false);
    return FLEET_OK;
}

int group_keep(struct ec2 *ec2, const char *name, const struct slot *slot,
               bool free, struct fleet_error *err)
{
    struct form form;

    group_open_form(&form, "CreateOrUpdateTags");
    if (group_put_slot(&form, 1, name, slot, free, err) == FLEET_OK)
        return group_ask(ec2, "CreateOrUpdateTags", &form, NULL, NULL, err);
    form_close(&form);
    return FLEET_EINVALID;
}

int group_christen(struct ec2 *ec2, const char *id, const struct slot *slot,
                   struct fleet_error *err)
{
    struct form form;

    ec2_open_form(&form, "CreateTags");
    form_add(&form, id, "ResourceId.1");
    form_add(&form, TAG_NAME, "Tag.1.Key");
    form_add(&form, slot->name, "Tag.1.Value");
    form_add(&form, TAG_TOKEN, "Tag.2.Key");
    form_add(&form, slot->token, "Tag.2.Value");
    return ec2_ask(ec2, "CreateTags", &form, NULL, NULL, err);
}

/* ---- what it has done ---- */

int group_activities(struct ec2 *ec2, const char *name, json_t **activities,
                     struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *found;
    struct form form;
    int rc;

    group_open_form(&form, "DescribeScalingActivities");
    form_add(&form, name, "AutoScalingGroupName");
    form_add_number(&form, ACTIVITIES, "MaxRecords");
    rc = group_ask(ec2, "DescribeScalingActivities", &form, &answer, NULL, err);
    if (rc < 0)
        return rc;
    found = xml_list(answer, "DescribeScalingActivitiesResult/Activities");
    *activities = found ? json_incref((json_t *)found) : json_array();
    return *activities ? FLEET_OK : api_enomem(err);
}

bool group_failure(const json_t *activity, struct aws_fault *fault)
{
    const char *status = api_text(activity, "StatusCode");
    const char *message = api_text(activity, "StatusMessage");

    if (!status || strcmp(status, "Failed") != 0)
        return false;
    *fault = (struct aws_fault){0};
    snprintf(fault->message, sizeof(fault->message), "%.*s",
             (int)sizeof(fault->message) - 1,
             message ? message : "a launch has failed, and no reason is given");
    snprintf(fault->code, sizeof(fault->code), "%s",
             aws_code_in(fault->message));
    fault->class = *fault->code ? aws_classify(fault->code, 400, fault->message)
                                : aws_by_words(fault->message);
    return true;
}
