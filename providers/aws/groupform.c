/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/groupform.h"

#include "providers/aws/slots.h"

#include <stdio.h>
#include <string.h>

#define DATA  "LaunchTemplateData."
#define MIXED "MixedInstancesPolicy."

/* ---- names ---- */

static const char *market_of(const struct wish *wish)
{
    return wish->spot ? "spot" : "on-demand";
}

/* "mixed-0123456789abcdef" */
static void mixed_name(const json_t *types, char out[GROUP_TEXT])
{
    char hash[REQUEST_NAME] = "";
    AUTO_FREE char *text = json_dumps(types, JSON_COMPACT);

    if (!text || request_name_by(text, hash) < 0)
        hash[0] = '\0';
    snprintf(out, GROUP_TEXT, "mixed%s", *hash ? hash + strlen("fleet") : "");
}

void groupform_name(const struct wish *wish, char out[GROUP_NAME])
{
    char type[GROUP_TEXT];

    if (wish->types)
        mixed_name(wish->types, type);
    else
        snprintf(type, sizeof(type), "%s", wish->type);
    snprintf(out, GROUP_NAME, "fleet-%.40s%s%s-%s",
             wish->cohort ? wish->cohort : "", wish->cohort ? "-" : "", type,
             market_of(wish));
}

bool groupform_is_ours(const char *name)
{
    return strncmp(name, "fleet-", 6) == 0;
}

/* ---- the template ---- */

/* Of several types, the market is the policy's. */
static void put_data(struct form *form, const struct wish *wish)
{
    request_common(form, DATA, wish);
    if (!wish->types) {
        form_add(form, wish->type, DATA "InstanceType");
        request_market(form, DATA, wish);
    }
    /* Tags of a group reach instances, and not their disks. */
    request_tags_at(form, DATA, 1, "volume", wish, TAGS_OF_COHORT);
}

int groupform_hash(const struct wish *wish, char out[REQUEST_NAME])
{
    AUTO_FORM struct form form = {0};

    form_open(&form, "", "");
    put_data(&form, wish);
    return form.text ? request_name_by(form.text, out) : -1;
}

void groupform_template(struct form *form, const struct wish *wish,
                        const char *name, const char *hash, int64_t before)
{
    char token[GROUP_TEXT];
    AUTO_FREE char *text = NULL;

    /* A create's own: one that was deleted is not what an old token stands for.
     */
    if (asprintf(&text, "%s %s %lld %s", name, hash, (long long)before,
                 wish->token) < 0 ||
        request_name_by(text, token) < 0)
        token[0] = '\0';
    form_open(form,
              before ? "CreateLaunchTemplateVersion" : "CreateLaunchTemplate",
              "2016-11-15");
    form_add(form, name, "LaunchTemplateName");
    form_add(form, hash, "VersionDescription");
    form_add(form, token, "ClientToken");
    if (!before)
        request_tags(form, 1, "launch-template", wish, false);
    put_data(form, wish);
}

/* ---- the group ---- */

static void put_subnets(struct form *form, const json_t *subnets)
{
    AUTO_FREE char *joined = strdup("");
    const json_t *subnet;
    size_t i;

    json_array_foreach(subnets, i, subnet)
    {
        char *more = NULL;

        if (!joined || asprintf(&more, "%s%s%s", joined, i ? "," : "",
                                json_string_value(subnet)) < 0)
            more = NULL;
        free(joined);
        joined = more;
    }
    if (!joined)
        form->failed = true;
    form_add(form, joined, "VPCZoneIdentifier");
}

/* An empty price is what ends an older one. */
static void put_policy(struct form *form, const struct wish *wish,
                       const char *name, const char *version)
{
    char price[REQUEST_PRICE];
    const json_t *type;
    size_t i;

    request_price(wish, price);
    form_add(form, name,
             MIXED "LaunchTemplate.LaunchTemplateSpecification."
                   "LaunchTemplateName");
    form_add(form, version,
             MIXED "LaunchTemplate.LaunchTemplateSpecification.Version");
    json_array_foreach(wish->types, i, type)
    {
        form_add(form, json_string_value(type),
                 MIXED "LaunchTemplate.Overrides.member.%zu.InstanceType",
                 i + 1);
    }
    form_add(form, "prioritized",
             MIXED "InstancesDistribution.OnDemandAllocationStrategy");
    form_add_number(form, wish->spot ? 0 : 100,
                    MIXED "InstancesDistribution."
                          "OnDemandPercentageAboveBaseCapacity");
    if (!wish->spot)
        return;
    form_add(form, "price-capacity-optimized",
             MIXED "InstancesDistribution.SpotAllocationStrategy");
    form_add_empty(form, price, MIXED "InstancesDistribution.SpotMaxPrice");
}

static void put_settings(struct form *form, const struct wish *wish,
                         const char *name, const char *version)
{
    form_add(form, name, "AutoScalingGroupName");
    form_add_number(form, wish->config->group_max, "MaxSize");
    put_subnets(form, wish->subnets);
    if (wish->types) {
        put_policy(form, wish, name, version);
        return;
    }
    form_add(form, name, "LaunchTemplate.LaunchTemplateName");
    form_add(form, version, "LaunchTemplate.Version");
}

void groupform_create(struct form *form, const struct wish *wish,
                      const char *name, const char *version)
{
    form_open(form, "CreateAutoScalingGroup", "2011-01-01");
    put_settings(form, wish, name, version);
    form_add_number(form, 0, "MinSize");
    form_add_number(form, 0, "DesiredCapacity");
    form_add_number(form, 0, "DefaultCooldown");
    form_add(form, "EC2", "HealthCheckType");
    /* Whoever is to go is named; nobody is chosen. */
    form_add(form, "true", "NewInstancesProtectedFromScaleIn");
    groupform_tags(form, NULL, wish, name, 1);
}

void groupform_update(struct form *form, const struct wish *wish,
                      const char *name, const char *version)
{
    form_open(form, "UpdateAutoScalingGroup", "2011-01-01");
    put_settings(form, wish, name, version);
}

static bool same(const char *one, const char *other)
{
    return strcmp(one ? one : "", other ? other : "") == 0;
}

/* In any order. */
static bool subnets_differ(const char *has, const json_t *wanted)
{
    const json_t *subnet;
    size_t i, commas = 0;

    for (const char *at = has; at && *at; at++)
        commas += *at == ',';
    if (!has || commas + 1 != json_array_size(wanted))
        return true;
    json_array_foreach(wanted, i, subnet)
    {
        if (!strstr(has, json_string_value(subnet)))
            return true;
    }
    return false;
}

static bool policy_differs(const json_t *group, const struct wish *wish)
{
    char price[REQUEST_PRICE];

    request_price(wish, price);
    return wish->types &&
           !same(xml_text(group, "MixedInstancesPolicy/InstancesDistribution/"
                                 "SpotMaxPrice"),
                 price);
}

bool groupform_differs(const json_t *group, const struct wish *wish,
                       const char *version)
{
    const char *spec = wish->types ? "MixedInstancesPolicy/LaunchTemplate/"
                                     "LaunchTemplateSpecification/Version"
                                   : "LaunchTemplate/Version";
    int64_t max = -1;

    api_int(group, "MaxSize", &max);
    return !same(xml_text(group, spec), version) ||
           max != wish->config->group_max ||
           subnets_differ(api_text(group, "VPCZoneIdentifier"),
                          wish->subnets) ||
           policy_differs(group, wish);
}

/* ---- tags ---- */

void groupform_tag(struct form *form, int n, const char *name, const char *key,
                   const char *value, bool to_instances)
{
    form_add(form, name, "Tags.member.%d.ResourceId", n);
    form_add(form, "auto-scaling-group", "Tags.member.%d.ResourceType", n);
    form_add(form, key, "Tags.member.%d.Key", n);
    form_add(form, value, "Tags.member.%d.Value", n);
    form_add(form, to_instances ? "true" : "false",
             "Tags.member.%d.PropagateAtLaunch", n);
}

struct tagging {
    struct form *form;
    const json_t *group;
    const char *name;
    int n;
};

static void put_missing(void *arg, const char *key, const char *value)
{
    struct tagging *to = arg;
    const char *has = slots_tag(to->group, key);

    if (!has || strcmp(has, value) != 0)
        groupform_tag(to->form, to->n++, to->name, key, value, true);
}

int groupform_tags(struct form *form, const json_t *group,
                   const struct wish *wish, const char *name, int from)
{
    struct tagging to = {form, group, name, from};

    request_each(wish, TAGS_OF_COHORT, put_missing, &to);
    return to.n - from;
}
