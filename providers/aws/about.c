/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"
#include "providers/aws/keys.h"

#include <fleet/check.h>
#include <stdio.h>
#include <string.h>

/* Every right is asked for in a dry run: only a plain refusal counts, since AWS
 * says what is wrong with the rest of a request to those that may make it. */

enum need { ALWAYS, OWN_GROUP, WISHED };
/* For which pods: any, single instances, those of Auto Scaling groups. */
enum pool { ANY, SINGLE, GROUPED };

/* Those of Auto Scaling have no dry run: they are tried on what cannot be. */
#define NOBODY "fleet-look-0000000000000000"

static const struct right {
    const char *action;
    enum need need;
    enum pool pool;
    const char *words;   /* of the request */
    const char *without; /* what is lost, where it is only wished for */
    bool scaling;        /* of Auto Scaling, not EC2 */
} rights[] = {
    {"DescribeInstances", ALWAYS, ANY, "", "", false},
    {"DescribeInstanceTypes", ALWAYS, ANY, "", "", false},
    {"DescribeImages", ALWAYS, ANY, "&Owner.1=self", "", false},
    {"DescribeSubnets", ALWAYS, ANY, "", "", false},
    {"DescribeSecurityGroups", ALWAYS, ANY, "", "", false},
    {"RunInstances", ALWAYS, ANY,
     "&MinCount=1&MaxCount=1&InstanceType=t3.micro&ImageId="
     "ami-00000000000000000",
     "", false},
    {"StartInstances", ALWAYS, SINGLE, "&InstanceId.1=i-00000000000000000", "",
     false},
    {"StopInstances", ALWAYS, SINGLE, "&InstanceId.1=i-00000000000000000", "",
     false},
    {"RebootInstances", ALWAYS, SINGLE, "&InstanceId.1=i-00000000000000000", "",
     false},
    {"RebootInstances", WISHED, GROUPED, "&InstanceId.1=i-00000000000000000",
     "pods cannot be restarted", false},
    {"TerminateInstances", ALWAYS, SINGLE, "&InstanceId.1=i-00000000000000000",
     "", false},
    {"CreateTags", ALWAYS, ANY,
     "&ResourceId.1=i-00000000000000000&Tag.1.Key=managed-by&Tag.1.Value=fleet",
     "", false},
    {"CreateSecurityGroup", OWN_GROUP, ANY,
     "&GroupName=fleet-look&GroupDescription=fleet", "", false},
    {"AuthorizeSecurityGroupIngress", OWN_GROUP, ANY,
     "&GroupId=sg-00000000000000000&IpPermissions.1.IpProtocol=tcp&"
     "IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&"
     "IpPermissions.1.IpRanges.1.CidrIp=192.0.2.1%2F32",
     "", false},
    {"ImportKeyPair", WISHED, ANY,
     "&KeyName=fleet-look&PublicKeyMaterial=Zg%3D%3D",
     "pods get the key by user data alone", false},
    {"CreateLaunchTemplate", WISHED, SINGLE,
     "&LaunchTemplateName=fleet-look&LaunchTemplateData.InstanceType=t3.micro",
     "zones are tried one by one", false},
    {"CreateLaunchTemplate", ALWAYS, GROUPED,
     "&LaunchTemplateName=fleet-look&LaunchTemplateData.InstanceType=t3.micro",
     "", false},
    {"CreateLaunchTemplateVersion", ALWAYS, GROUPED,
     "&LaunchTemplateName=fleet-look&LaunchTemplateData.InstanceType=t3.micro",
     "", false},
    {"DescribeLaunchTemplateVersions", ALWAYS, GROUPED,
     "&LaunchTemplateName=fleet-look", "", false},
    {"CreateFleet", WISHED, SINGLE,
     "&Type=instant&LaunchTemplateConfigs.1.LaunchTemplateSpecification."
     "LaunchTemplateName=fleet-look&LaunchTemplateConfigs.1."
     "LaunchTemplateSpecification.Version=1&TargetCapacitySpecification."
     "TotalTargetCapacity=1",
     "zones are tried one by one", false},
    {"DescribeSpotPriceHistory", WISHED, ANY, "",
     "prices on spot are not known", false},
    {"GetConsoleOutput", WISHED, ANY, "&InstanceId=i-00000000000000000",
     "host keys are trusted at first contact", false},
    {"ModifyInstanceAttribute", WISHED, ANY,
     "&InstanceId=i-00000000000000000&DisableApiTermination.Value=true",
     "pods cannot be locked", false},
    {"DescribeInstanceAttribute", WISHED, GROUPED,
     "&InstanceId=i-00000000000000000&Attribute=disableApiTermination",
     "only a lock of fleet's is seen", false},
    {"DescribeAutoScalingGroups", ALWAYS, GROUPED, "&MaxRecords=1", "", true},
    {"CreateAutoScalingGroup", ALWAYS, GROUPED,
     "&AutoScalingGroupName=" NOBODY "&MinSize=0&MaxSize=0", "", true},
    {"UpdateAutoScalingGroup", ALWAYS, GROUPED, "&AutoScalingGroupName=" NOBODY,
     "", true},
    {"SetDesiredCapacity", ALWAYS, GROUPED,
     "&AutoScalingGroupName=" NOBODY "&DesiredCapacity=0", "", true},
    {"CreateOrUpdateTags", ALWAYS, GROUPED,
     "&Tags.member.1.ResourceId=" NOBODY
     "&Tags.member.1.ResourceType=auto-scaling-group&Tags.member.1.Key=fleet&"
     "Tags.member.1.Value=fleet&Tags.member.1.PropagateAtLaunch=false",
     "", true},
    {"DescribeScalingActivities", WISHED, GROUPED,
     "&AutoScalingGroupName=" NOBODY,
     "launches that fail are waited for in vain", true},
    {"TerminateInstanceInAutoScalingGroup", WISHED, GROUPED,
     "&InstanceId=i-00000000000000000&ShouldDecrementDesiredCapacity=true",
     "a pod is ended only where it alone has no protection from scale-in",
     true},
};
enum { RIGHTS = sizeof(rights) / sizeof(rights[0]) };

static bool concerns(const struct ec2 *ec2, const struct right *right)
{
    enum pool pool = offers_in_groups(ec2) ? GROUPED : SINGLE;

    return (right->need != OWN_GROUP || !ec2->config->groups) &&
           (right->pool == ANY || right->pool == pool);
}

static const struct service *service_of(const struct right *right)
{
    return right->scaling ? &service_scaling : &service_ec2;
}

/* *missing: it was refused in so many words. */
static int try_right(struct ec2 *ec2, const struct right *right, bool *missing,
                     struct fleet_error *err)
{
    AUTO_FREE char *body = NULL;
    struct aws_fault fault;
    struct fleet_error why = {0};
    struct aws_call call = {.service = service_of(right),
                            .action = right->action};
    int rc;

    if (asprintf(&body, "Action=%s&Version=%s%s%s", right->action,
                 call.service->version, right->scaling ? "" : "&DryRun=true",
                 right->words) < 0) {
        body = NULL;
        return api_enomem(err);
    }
    call.body = body;
    rc = aws_send(&ec2->aws, &call, NULL, &fault, &why);
    *missing = fault.class == AWS_FORBIDDEN;
    if (rc == FLEET_OK || *fault.code)
        return FLEET_OK;
    *err = why; /* nobody has looked at the right */
    return rc;
}

/* What would do, where something needed is missing. */
static void tell_policy(const struct ec2 *ec2, struct fleet_report *report)
{
    char text[1600] = "";
    size_t len = 0;

    for (size_t i = 0; i < RIGHTS && len < sizeof(text) - 64; i++) {
        if (concerns(ec2, &rights[i]))
            len += (size_t)snprintf(
                text + len, sizeof(text) - len, "%s\"%s:%s\"", len ? "," : "",
                service_of(&rights[i])->name, rights[i].action);
    }
    fleet_report(
        report, FLEET_FAIL,
        "a policy that allows all: {\"Version\":\"2012-10-17\","
        "\"Statement\":[{\"Effect\":\"Allow\",\"Resource\":\"*\","
        "\"Action\":[%s,\"ssm:GetParameter\",\"pricing:GetProducts\"%s]"
        "}]}",
        text, ec2->config->role ? ",\"iam:PassRole\"" : "");
}

/* *worst: what was found. */
static int try_rights(struct ec2 *ec2, struct fleet_report *report, int *worst,
                      struct fleet_error *err)
{
    bool needed = false;
    int rc = FLEET_OK;

    *worst = FLEET_PASS;

    for (size_t i = 0; rc == FLEET_OK && i < RIGHTS; i++) {
        const struct right *right = &rights[i];
        bool wished = right->need == WISHED, missing = false;

        if (!concerns(ec2, right))
            continue;
        rc = try_right(ec2, right, &missing, err);
        if (!missing)
            continue;
        needed = needed || !wished;
        *worst = needed ? FLEET_FAIL : FLEET_WARN;
        fleet_report(report, wished ? FLEET_WARN : FLEET_FAIL,
                     "not allowed: %s:%s%s%s", service_of(right)->name,
                     right->action, wished ? ", so " : "", right->without);
    }
    if (rc == FLEET_OK && needed)
        tell_policy(ec2, report);
    return rc;
}

/* Everybody may ask that. malloc'd. */
static int ask_identity(struct ec2 *ec2, char **text, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const char *region, *arn;
    struct form form;
    char source[160];
    int rc = aws_region(&ec2->aws, &region, err);

    if (rc < 0)
        return rc;
    form_open(&form, "GetCallerIdentity", service_sts.version);
    rc = aws_ask(&ec2->aws, &service_sts, "GetCallerIdentity", &form, &answer,
                 NULL, err);
    if (rc < 0)
        return rc;
    arn = xml_text(answer, "GetCallerIdentityResult/Arn");
    if (!arn)
        return fleet_fail(err, FLEET_EINTERNAL, "STS does not say who we are");
    keys_text(&ec2->aws, source);
    return asprintf(text, "%.200s in %s, keys from %s", arn, region, source) < 0
               ? api_enomem(err)
               : FLEET_OK;
}

/* The account is told whatever else is: a report keeps only the worst. */
int about(void *handle, struct fleet_report *report, struct fleet_error *err)
{
    AUTO_FREE char *identity = NULL;
    char *text = NULL;
    int worst, rc = ask_identity(handle, &text, err);

    if (rc < 0)
        return rc;
    identity = text;
    rc = try_rights(handle, report, &worst, err);
    if (rc == FLEET_OK)
        fleet_report(report, worst, "%s", identity);
    return rc;
}
