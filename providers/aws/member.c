/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>

/* An instance of a group ends by its group, which would put another in its
 * place. */

enum { AGAIN_MS = 2000 };

int member_group(struct ec2 *ec2, const char *id, char **name,
                 struct fleet_error *err)
{
    AUTO_JSON json_t *instance = NULL;
    const char *group;
    int rc = look_at(ec2, id, &instance, err);

    if (rc < 0)
        return rc;
    group = parse_is_leaving(instance) ? NULL : parse_tag(instance, TAG_GROUP);
    *name = group ? strdup(group) : NULL;
    return group && !*name ? api_enomem(err) : FLEET_OK;
}

/* ---- where the group may not be told which one ---- */

static bool is_protected(const json_t *member)
{
    const char *text = api_text(member, "ProtectedFromScaleIn");

    return text && strcmp(text, "true") == 0;
}

static int unprotect(struct ec2 *ec2, const char *name, const char *id,
                     struct fleet_error *err)
{
    struct form form;

    group_open_form(&form, "SetInstanceProtection");
    form_add(&form, name, "AutoScalingGroupName");
    form_add(&form, id, "InstanceIds.member.1");
    form_add(&form, "false", "ProtectedFromScaleIn");
    return group_ask(ec2, "SetInstanceProtection", &form, NULL, NULL, err);
}

/* Whether the group, asked for one less, could take no other. */
static bool is_only_choice(const struct group *group, const char *id,
                           bool *shielded)
{
    const json_t *member;
    bool only = true;
    size_t i;

    *shielded = false;
    json_array_foreach(xml_list(group->told, "Instances"), i, member)
    {
        const char *has = api_text(member, "InstanceId");

        if (has && strcmp(has, id) == 0)
            *shielded = is_protected(member);
        else
            only = only && is_protected(member);
    }
    return only;
}

/* A worker that has nothing to do has lifted its own protection; all others are
 * protected: then one less is that one. Under the group's muster. */
static int shrink(struct ec2 *ec2, struct group *group, const char *id,
                  const struct fleet_error *refusal, struct fleet_error *err)
{
    struct fleet_error why = {0};
    bool shielded;
    int rc = group_look(ec2, group, err);

    if (rc < 0 || !group->told)
        return rc;
    if (!is_only_choice(group, id, &shielded))
        return fleet_fail(err, FLEET_EREFUSED,
                          "%.100s may be told only how many it shall have, and "
                          "it could end another pod: others are not protected "
                          "from scale-in, either (%.200s)",
                          group->name, refusal->text);
    if (shielded && unprotect(ec2, group->name, id, &why) < 0) {
        *err = *refusal;
        return err->code;
    }
    return group_resize(ec2, group, group->desired - 1, err);
}

static int scale_in(struct ec2 *ec2, const char *name, const char *id,
                    const struct fleet_error *refusal, struct fleet_error *err)
{
    AUTO_GROUP struct group group = {0};
    struct muster *muster = muster_enter(ec2, name, err);
    int rc;

    if (!muster)
        return err->code;
    snprintf(group.name, sizeof(group.name), "%.127s", name);
    rc = shrink(ec2, &group, id, refusal, err);
    muster_leave(muster);
    return rc;
}

/* ---- ending ---- */

static void warn_of_others(const char *name, const char *id)
{
    if (!groupform_is_ours(name))
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "%s is in the Auto Scaling group %s, which is not fleet's: "
                  "it shall have one less from now on",
                  id, name);
}

/* Twice would be one less twice, so it is sent once. */
static int send_terminate(struct ec2 *ec2, const char *id,
                          struct aws_fault *fault, struct fleet_error *err)
{
    AUTO_FORM struct form form = {0};
    struct aws_call call = {.service = &service_scaling,
                            .action = "TerminateInstanceInAutoScalingGroup",
                            .changes = true};

    group_open_form(&form, call.action);
    form_add(&form, id, "InstanceId");
    form_add(&form, "true", "ShouldDecrementDesiredCapacity");
    call.body = form.text;
    return form.text ? aws_send(&ec2->aws, &call, NULL, fault, err)
                     : api_enomem(err);
}

/* The answer was lost: the instance itself tells. */
static int see_whether(struct ec2 *ec2, const char *id, struct fleet_error *err)
{
    AUTO_JSON json_t *instance = NULL;
    int rc = look_at(ec2, id, &instance, err);

    if (rc < 0)
        return rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
    if (parse_is_leaving(instance))
        return FLEET_OK;
    fleet_fail(err, FLEET_ETRANSIENT,
               "the answer was lost, and %.40s is still there", id);
    err->retry_ms = AGAIN_MS;
    return FLEET_ETRANSIENT;
}

/* Groups do not heed termination protection, so it is looked at first. Where it
 * may not be, the tag of `fleet lock` has to do. */
static int check_unlocked(struct ec2 *ec2, const char *id,
                          struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    struct fleet_error why = {0};
    const char *locked;
    struct form form;

    ec2_open_form(&form, "DescribeInstanceAttribute");
    form_add(&form, id, "InstanceId");
    form_add(&form, "disableApiTermination", "Attribute");
    if (ec2_ask(ec2, "DescribeInstanceAttribute", &form, &answer, NULL, &why) <
        0)
        fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", id, why.text);
    locked = xml_text(answer, "disableApiTermination/value");
    if (!locked || strcmp(locked, "true") != 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ELOCKED,
                      "termination protection is on, and it was not fleet that "
                      "set it: `fleet lock` and then `fleet unlock` end that");
}

int member_terminate(struct ec2 *ec2, const char *name, const char *id,
                     struct aws_fault *fault, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = check_unlocked(ec2, id, err);

    if (rc < 0)
        return rc;
    warn_of_others(name, id);
    rc = send_terminate(ec2, id, fault, &why);
    if (rc == FLEET_EAMBIGUOUS)
        return see_whether(ec2, id, err);
    if (rc < 0 && fault->class == AWS_FORBIDDEN)
        return scale_in(ec2, name, id, &why, err);
    if (rc == FLEET_EINVALID && api_contains(fault->message, "min"))
        return fleet_fail(err, FLEET_EREFUSED,
                          "the Auto Scaling group %.100s keeps as many as it "
                          "has: lower its MinSize first (%.200s)",
                          name, fault->message);
    if (rc < 0)
        *err = why;
    return rc;
}
