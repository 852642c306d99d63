/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>

/* What an instance stands in and who is let in: all of it is looked up or made
 * once, and used by every pod. */

/* ---- subnets ---- */

static bool is_tag(const char *line)
{
    return strncmp(line, "tag:", 4) == 0 && strchr(line, '=');
}

/* "subnet-1", several of them, or one "tag:KEY=VALUE". */
static int subnet_form(const struct config *config, struct form *form,
                       struct fleet_error *err)
{
    const char *set = config->subnets, *equals;
    AUTO_FREE char *name = NULL;

    ec2_open_form(form, "DescribeSubnets");
    request_filter(form, 1, "availability-zone", config->zones);
    if (!set) {
        request_filter(form, config->zones ? 2 : 1, "default-for-az", "true");
        return FLEET_OK;
    }
    if (!is_tag(set)) {
        request_filter(form, config->zones ? 2 : 1, "subnet-id", set);
        return FLEET_OK;
    }
    equals = strchr(set, '=');
    name = strndup(set, (size_t)(equals - set));
    if (!name)
        return api_enomem(err);
    request_filter(form, config->zones ? 2 : 1, name, equals + 1);
    return FLEET_OK;
}

/* All of one VPC: an instance's groups belong to one. */
static int check_vpc(const json_t *subnets, struct fleet_error *err)
{
    const char *vpc = NULL;
    const json_t *subnet;
    size_t i;

    json_array_foreach(subnets, i, subnet)
    {
        const char *has = api_text(subnet, "vpcId");

        if (!has || !api_text(subnet, "subnetId"))
            return fleet_fail(err, FLEET_EINTERNAL,
                              "a subnet without an id or a VPC");
        if (vpc && strcmp(vpc, has) != 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "AWS_SUBNETS: they are of different VPCs, %.40s "
                              "and %.40s",
                              vpc, has);
        vpc = has;
    }
    if (vpc)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "there is no subnet to stand in: this region has no "
                      "default VPC or AWS_ZONES leaves nothing; set "
                      "AWS_SUBNETS");
}

/* Under the lock. */
static int read_subnets(struct ec2 *ec2, struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    struct form form;
    int rc = subnet_form(ec2->config, &form, err);

    if (rc == FLEET_OK)
        rc = ec2_read_all(ec2, "DescribeSubnets", &form, 1000, "subnetSet",
                          &found, err);
    else
        form_close(&form);
    if (rc == FLEET_OK)
        rc = check_vpc(found, err);
    if (rc == FLEET_OK)
        ec2->subnets = json_incref(found);
    return rc;
}

static int put_subnets(const json_t *from, json_t **subnets, char **vpc,
                       struct fleet_error *err)
{
    AUTO_JSON json_t *ids = json_array();
    const json_t *subnet;
    size_t i;

    json_array_foreach(from, i, subnet)
    {
        if (json_array_append(ids, json_object_get(subnet, "subnetId")) < 0)
            return api_enomem(err);
    }
    *vpc = strdup(api_text(json_array_get(from, 0), "vpcId"));
    if (!ids || !*vpc)
        return api_enomem(err);
    *subnets = json_incref(ids);
    return FLEET_OK;
}

int access_subnets(struct ec2 *ec2, json_t **subnets, char **vpc,
                   struct fleet_error *err)
{
    int rc = ec2_enter(ec2, err);

    if (rc < 0)
        return rc;
    if (!ec2->subnets)
        rc = read_subnets(ec2, err);
    if (rc == FLEET_OK)
        rc = put_subnets(ec2->subnets, subnets, vpc, err);
    ec2_leave(ec2);
    return rc;
}

/* ---- keys ---- */

/* A key of that name is that key: it is called by what it is. */
static int import_key(struct ec2 *ec2, const char *public_key, const char *name,
                      struct fleet_error *err)
{
    const struct wish nobody = {.config = ec2->config};
    struct aws_fault fault;
    struct fleet_error why = {0};
    struct form form;
    int rc;

    ec2_open_form(&form, "ImportKeyPair");
    form_add(&form, name, "KeyName");
    form_add_base64(&form, public_key, "PublicKeyMaterial");
    request_tags(&form, 1, "key-pair", &nobody, false);
    rc = ec2_ask(ec2, "ImportKeyPair", &form, NULL, &fault, &why);
    if (rc < 0 && fault.class != AWS_EXISTS) {
        if (err)
            *err = why;
        return rc;
    }
    return FLEET_OK;
}

/* Not asked for where it may not be imported: user data lets the key in, too.
 * Under the lock. */
static int ensure_key(struct ec2 *ec2, const char *public_key, const char *blob,
                      const char *name, struct fleet_error *err)
{
    int rc = import_key(ec2, public_key, name, err);

    if (rc == FLEET_EAUTH && err->detail == 403) {
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "no key pair is made, pods get the key by user data: %s",
                  err->text);
        name = "";
        rc = FLEET_OK;
    }
    if (rc == FLEET_OK &&
        json_object_set_new(ec2->keys, blob, json_string(name)) < 0)
        rc = api_enomem(err);
    return rc;
}

int access_key(struct ec2 *ec2, const char *public_key, char **name,
               struct fleet_error *err)
{
    size_t len = 0;
    const char *at = public_key ? request_key_blob(public_key, &len) : "";
    AUTO_FREE char *blob = strndup(at, len);
    char made[REQUEST_NAME];
    int rc;

    if (len == 0)
        return fleet_fail(err, FLEET_EINVALID,
                          "there is no public key to let in");
    if (!blob || request_name_by(blob, made) < 0)
        return api_enomem(err);
    rc = ec2_enter(ec2, err);
    if (rc < 0)
        return rc;
    if (!json_object_get(ec2->keys, blob))
        rc = ensure_key(ec2, public_key, blob, made, err);
    if (rc == FLEET_OK) {
        *name = strdup(api_text(ec2->keys, blob));
        rc = *name ? FLEET_OK : api_enomem(err);
    }
    ec2_leave(ec2);
    return rc;
}

/* ---- security groups ---- */

/* Those that are named have to be of the subnets' VPC. */
static int check_groups(const json_t *found, const char *vpc,
                        struct fleet_error *err)
{
    const json_t *group;
    size_t i;

    json_array_foreach(found, i, group)
    {
        const char *has = api_text(group, "vpcId");

        if (has && strcmp(has, vpc) != 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "AWS_SECURITY_GROUPS: %.40s is of %.40s, and the "
                              "subnets are of %.40s",
                              api_text(group, "groupId"), has, vpc);
    }
    return FLEET_OK;
}

static int read_groups(struct ec2 *ec2, const char *filter, const char *values,
                       const char *vpc, json_t **found, struct fleet_error *err)
{
    struct form form;

    ec2_open_form(&form, "DescribeSecurityGroups");
    request_filter(&form, 1, filter, values);
    request_filter(&form, 2, "vpc-id", vpc);
    return ec2_read_all(ec2, "DescribeSecurityGroups", &form, 1000,
                        "securityGroupInfo", found, err);
}

/* Under the lock. */
static int named_groups(struct ec2 *ec2, const char *vpc,
                        struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    int rc =
        read_groups(ec2, "group-id", ec2->config->groups, NULL, &found, err);

    if (rc == FLEET_OK)
        rc = check_groups(found, vpc, err);
    if (rc == FLEET_OK && json_array_size(found) == 0)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "AWS_SECURITY_GROUPS: there is none of these");
    if (rc < 0)
        return rc;
    ec2->groups = strdup(ec2->config->groups);
    return ec2->groups ? FLEET_OK : api_enomem(err);
}

/* SSH, and from where it may come. */
static void put_rule(struct form *form, const char *id, const char *from)
{
    int v4 = 0, v6 = 0;

    form_add(form, id, "GroupId");
    form_add(form, "tcp", "IpPermissions.1.IpProtocol");
    form_add(form, "22", "IpPermissions.1.FromPort");
    form_add(form, "22", "IpPermissions.1.ToPort");
    while (*from) {
        size_t len = strcspn(from, "\n");
        char range[64];

        snprintf(range, sizeof(range), "%.*s", (int)(len < 63 ? len : 63),
                 from);
        if (strchr(range, ':'))
            form_add(form, range, "IpPermissions.1.Ipv6Ranges.%d.CidrIpv6",
                     ++v6);
        else
            form_add(form, range, "IpPermissions.1.IpRanges.%d.CidrIp", ++v4);
        from += len + (from[len] ? 1 : 0);
    }
}

/* A run that was killed has left a group without its rule. */
static int open_ssh(struct ec2 *ec2, const char *id, struct fleet_error *err)
{
    struct aws_fault fault;
    struct fleet_error why = {0};
    struct form form;
    int rc;

    ec2_open_form(&form, "AuthorizeSecurityGroupIngress");
    put_rule(&form, id, ec2->config->ssh_from);
    rc = ec2_ask(ec2, "AuthorizeSecurityGroupIngress", &form, NULL, &fault,
                 &why);
    if (rc == FLEET_OK || fault.class == AWS_EXISTS)
        return FLEET_OK;
    if (err)
        *err = why;
    return rc;
}

static int make_group(struct ec2 *ec2, const char *name, const char *vpc,
                      struct aws_fault *fault, char **id,
                      struct fleet_error *err)
{
    const struct wish nobody = {.config = ec2->config};
    AUTO_JSON json_t *answer = NULL;
    const char *made;
    struct form form;
    int rc;

    ec2_open_form(&form, "CreateSecurityGroup");
    form_add(&form, name, "GroupName");
    form_add(&form, "SSH to pods of fleet", "GroupDescription");
    form_add(&form, vpc, "VpcId");
    request_tags(&form, 1, "security-group", &nobody, false);
    rc = ec2_ask(ec2, "CreateSecurityGroup", &form, &answer, fault, err);
    made = rc == FLEET_OK ? api_text(answer, "groupId") : NULL;
    if (rc == FLEET_OK && !made)
        return fleet_fail(err, FLEET_EINTERNAL, "a new group without an id");
    if (rc < 0)
        return rc;
    *id = strdup(made);
    return *id ? FLEET_OK : api_enomem(err);
}

/* The one of that name in the VPC. *id stays NULL where there is none. */
static int find_group(struct ec2 *ec2, const char *name, const char *vpc,
                      char **id, bool *open, struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    const json_t *group;
    const char *has;
    int rc = read_groups(ec2, "group-name", name, vpc, &found, err);

    group = rc == FLEET_OK ? json_array_get(found, 0) : NULL;
    has = group ? api_text(group, "groupId") : NULL;
    if (!has)
        return rc;
    *open = xml_list(group, "ipPermissions") != NULL;
    *id = strdup(has);
    return *id ? FLEET_OK : api_enomem(err);
}

/* Looked for first: another run may have made it, and a repeated look costs
 * less than a refusal. Under the lock. */
static int own_group(struct ec2 *ec2, const char *vpc, struct fleet_error *err)
{
    AUTO_FREE char *id = NULL;
    char name[REQUEST_NAME], *got = NULL;
    struct aws_fault fault = {0};
    struct fleet_error why = {0};
    bool open = false;
    int rc;

    if (request_name_by(ec2->config->ssh_from, name) < 0)
        return api_enomem(err);
    rc = find_group(ec2, name, vpc, &got, &open, err);
    if (rc == FLEET_OK && !got) {
        rc = make_group(ec2, name, vpc, &fault, &got, &why);
        if (rc < 0 && fault.class == AWS_EXISTS) /* somebody was faster */
            rc = find_group(ec2, name, vpc, &got, &open, &why);
        if (rc < 0 || !got) {
            *err = why;
            return rc < 0 ? rc : FLEET_ECONFLICT;
        }
    }
    id = got;
    if (rc == FLEET_OK && !open)
        rc = open_ssh(ec2, id, err);
    if (rc < 0)
        return rc;
    ec2->groups = strdup(id);
    return ec2->groups ? FLEET_OK : api_enomem(err);
}

int access_groups(struct ec2 *ec2, const char *vpc, char **groups,
                  struct fleet_error *err)
{
    int rc = ec2_enter(ec2, err);

    if (rc < 0)
        return rc;
    if (!ec2->groups)
        rc = ec2->config->groups ? named_groups(ec2, vpc, err)
                                 : own_group(ec2, vpc, err);
    if (rc == FLEET_OK) {
        *groups = strdup(ec2->groups);
        rc = *groups ? FLEET_OK : api_enomem(err);
    }
    ec2_leave(ec2);
    return rc;
}
