/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What instances are made with: key pairs and security groups; and tags of
 * everything. */

char *aws_base64(const void *data, size_t n)
{
    char *out = sim_alloc(4 * (n / 3 + 1) + 1);

    EVP_EncodeBlock((unsigned char *)out, data, (int)n);
    return out;
}

char *aws_unbase64(const char *text, size_t *n)
{
    size_t len = strlen(text);
    char *out = sim_alloc(len + 4);
    int got = len % 4 ? -1
                      : EVP_DecodeBlock((unsigned char *)out,
                                        (const unsigned char *)text, (int)len);

    if (got < 0) {
        free(out);
        return NULL;
    }
    for (size_t i = len; i > 0 && text[i - 1] == '=' && got > 0; i--)
        got--;
    out[got] = '\0';
    *n = (size_t)got;
    return out;
}

static const char *here(const struct sim_call *call)
{
    return aws_of(call->sim)->region;
}

/* In the list, of the region of the call. */
json_t *aws_find_in(const struct sim *sim, const json_t *list, const char *key,
                    const char *value)
{
    json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        if (strcmp(sim_text(each, "region", ""), aws_of(sim)->region) == 0 &&
            strcmp(sim_text(each, key, ""), value) == 0)
            return each;
    }
    return NULL;
}

void aws_remove(json_t *list, const json_t *entry)
{
    const json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        if (each == entry) {
            json_array_remove(list, i);
            return;
        }
    }
}

/* As it is told: without what is ours. */
json_t *aws_told(const json_t *entry)
{
    json_t *made = json_copy((json_t *)entry);

    sim_put(made, "tagSet", aws_tag_set(json_object_get(entry, "tags")));
    json_object_del(made, "region");
    json_object_del(made, "tags");
    json_object_del(made, "versions");
    return made;
}

/* --- key pairs ----------------------------------------------------------- */

const char *aws_key_material(const struct sim *sim, const char *name)
{
    return sim_text(aws_find_in(sim, aws_of(sim)->keys, "keyName", name),
                    "publicKey", NULL);
}

/* The fingerprint of ED25519 keys: base64 of the blob's SHA-256. NULL: it is no
 * key that EC2 takes. */
static char *fingerprint_of(const char *line)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    const char *blob = strchr(line, ' ');
    char *text, *bytes, *made = NULL;
    size_t n = 0;

    if (!blob || (strncmp(line, "ssh-ed25519 ", 12) != 0 &&
                  strncmp(line, "ssh-rsa ", 8) != 0))
        return NULL;
    text = sim_format("%.*s", (int)strcspn(blob + 1, " \r\n"), blob + 1);
    bytes = aws_unbase64(text, &n);
    if (bytes && n > 32 && EVP_Digest(bytes, n, hash, NULL, EVP_sha256(), NULL))
        made = aws_base64(hash, 32);
    free(text);
    free(bytes);
    return made;
}

static void import_key(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    const char *name = aws_param(call, "KeyName");
    size_t n = 0;
    char *line = aws_unbase64(aws_param(call, "PublicKeyMaterial"), &n);
    char *print = line ? fingerprint_of(line) : NULL;

    if (!print) {
        aws_refuse(call, 400, "InvalidKey.Format",
                   "Key is not in valid OpenSSH public key format");
    } else if (aws_find_in(call->sim, aws->keys, "keyName", name)) {
        aws_refuse(call, 400, "InvalidKeyPair.Duplicate",
                   "The key pair already exists");
    } else {
        char *id = aws_new_id("key-");
        json_t *key = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "region", here(call),
            "keyName", name, "keyPairId", id, "keyFingerprint", print,
            "keyType", strncmp(line, "ssh-rsa", 7) == 0 ? "rsa" : "ed25519",
            "publicKey", line, "tags", aws_tags_for(call->body, "key-pair"));
        json_t *made = aws_told(key);

        json_array_append_new(aws->keys, key);
        json_object_del(made, "publicKey");
        json_object_del(made, "keyType");
        aws_answer(call, made);
        free(id);
    }
    free(line);
    free(print);
}

static const struct aws_filter key_filters[] = {
    {"key-name", "keyName"},
    {"key-pair-id", "keyPairId"},
    {"fingerprint", "keyFingerprint"},
    {0}};

static void describe_keys(struct sim_call *call)
{
    const struct aws *aws = aws_of(call->sim);
    const json_t *names = json_object_get(call->body, "KeyName");
    json_t *list = json_array(), *key;
    size_t i;

    json_array_foreach(names, i, key)
    {
        if (!aws_find_in(call->sim, aws->keys, "keyName",
                         json_string_value(key))) {
            json_decref(list);
            aws_refuse(call, 400, "InvalidKeyPair.NotFound",
                       "The key pair '%s' does not exist",
                       json_string_value(key));
            return;
        }
    }
    json_array_foreach(aws->keys, i, key)
    {
        json_t *made = aws_told(key);

        if (!aws_is_true(call->body, "IncludePublicKey"))
            json_object_del(made, "publicKey");
        if (strcmp(sim_text(key, "region", ""), here(call)) == 0 &&
            aws_listed(names, sim_text(key, "keyName", "")))
            json_array_append(list, made);
        json_decref(made);
    }
    aws_answer_list(call, "keySet", list, key_filters);
}

static void delete_key(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);

    aws_remove(aws->keys, aws_find_in(call->sim, aws->keys, "keyName",
                                      aws_param(call, "KeyName")));
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

/* --- security groups ----------------------------------------------------- */

const json_t *aws_group_find(const struct sim *sim, const char *id)
{
    return aws_find_in(sim, aws_of(sim)->groups, "groupId", id);
}

static bool vpc_exists(struct sim_call *call, const char *vpc)
{
    struct aws_subnet subnet;

    for (size_t i = 0; aws_subnet_at(here(call), i, &subnet); i++)
        if (strcmp(subnet.vpc, vpc) == 0)
            return true;
    aws_refuse(call, 400, "InvalidVpcID.NotFound",
               "The vpc ID '%s' does not exist", vpc);
    return false;
}

static bool group_is_new(struct sim_call *call, const char *name,
                         const char *vpc)
{
    const json_t *group;
    size_t i;

    if (strncmp(name, "sg-", 3) == 0) {
        aws_refuse(call, 400, "InvalidParameterValue",
                   "Value (%s) for parameter GroupName is invalid. Group names "
                   "may not be in the format sg-*.",
                   name);
        return false;
    }
    json_array_foreach(aws_of(call->sim)->groups, i, group)
    {
        if (strcmp(sim_text(group, "groupName", ""), name) == 0 &&
            strcmp(sim_text(group, "vpcId", ""), vpc) == 0) {
            aws_refuse(call, 400, "InvalidGroup.Duplicate",
                       "The security group '%s' already exists for VPC '%s'",
                       name, vpc);
            return false;
        }
    }
    return true;
}

static void create_group(struct sim_call *call)
{
    const char *name = aws_param(call, "GroupName");
    const char *wanted = aws_param(call, "VpcId");
    char vpc[32], *id;

    aws_default_vpc(here(call), vpc);
    if (wanted)
        snprintf(vpc, sizeof vpc, "%s", wanted);
    if (!vpc_exists(call, vpc) || !group_is_new(call, name, vpc))
        return;
    id = aws_new_id("sg-");
    json_array_append_new(
        aws_of(call->sim)->groups,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:o}", "region",
                  here(call), "groupId", id, "groupName", name,
                  "groupDescription", aws_param(call, "GroupDescription"),
                  "vpcId", vpc, "ownerId", AWS_ACCOUNT, "ipPermissions", "tags",
                  aws_tags_for(call->body, "security-group")));
    aws_answer(call, json_pack("{s:s, s:b}", "groupId", id, "return", 1));
    free(id);
}

static const struct aws_filter group_filters[] = {
    {"group-name", "groupName"},
    {"group-id", "groupId"},
    {"vpc-id", "vpcId"},
    {"description", "groupDescription"},
    {"ip-permission.from-port", "ipPermissions/*/fromPort"},
    {"ip-permission.to-port", "ipPermissions/*/toPort"},
    {"ip-permission.cidr", "ipPermissions/*/ipRanges/*/cidrIp"},
    {"ip-permission.protocol", "ipPermissions/*/ipProtocol"},
    {0}};

static void describe_groups(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "GroupId"), *id;
    const json_t *names = json_object_get(call->body, "GroupName");
    json_t *list, *group;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        if (!aws_group_find(call->sim, json_string_value(id))) {
            aws_refuse(call, 400, "InvalidGroup.NotFound",
                       "The security group '%s' does not exist",
                       json_string_value(id));
            return;
        }
    }
    list = json_array();
    json_array_foreach(aws_of(call->sim)->groups, i, group)
    {
        if (strcmp(sim_text(group, "region", ""), here(call)) == 0 &&
            aws_listed(ids, sim_text(group, "groupId", "")) &&
            aws_listed(names, sim_text(group, "groupName", "")))
            json_array_append_new(list, aws_told(group));
    }
    aws_answer_list(call, "securityGroupInfo", list, group_filters);
}

/* One rule for one source, as it is told. */
static json_t *rule_json(const json_t *asked)
{
    const char *protocol = sim_text(asked, "IpProtocol", "");
    json_t *rule = json_pack("{s:s, s:[], s:[], s:[]}", "ipProtocol", protocol,
                             "groups", "ipRanges", "ipv6Ranges");

    if (strcmp(protocol, "-1") != 0) {
        sim_put(rule, "fromPort",
                json_integer(aws_size(asked, "FromPort", -1)));
        sim_put(rule, "toPort", json_integer(aws_size(asked, "ToPort", -1)));
    }
    return rule;
}

static void add_sources(json_t *rules, const json_t *asked, const char *list,
                        const char *key, const char *told_list,
                        const char *told_key)
{
    const json_t *source;
    size_t i;

    json_array_foreach(json_object_get(asked, list), i, source)
    {
        json_t *rule = rule_json(asked);

        json_array_append_new(
            json_object_get(rule, told_list),
            json_pack("{s:s}", told_key, sim_text(source, key, "")));
        json_array_append_new(rules, rule);
    }
}

static json_t *rules_of(struct sim_call *call)
{
    json_t *rules = json_array();
    const json_t *asked;
    size_t i;

    json_array_foreach(json_object_get(call->body, "IpPermissions"), i, asked)
    {
        add_sources(rules, asked, "IpRanges", "CidrIp", "ipRanges", "cidrIp");
        add_sources(rules, asked, "Ipv6Ranges", "CidrIpv6", "ipv6Ranges",
                    "cidrIpv6");
        add_sources(rules, asked, "Groups", "GroupId", "groups", "groupId");
    }
    return rules;
}

static bool has_rule(const json_t *rules, const json_t *rule)
{
    const json_t *each;
    size_t i;

    json_array_foreach(rules, i, each)
    {
        if (json_equal(each, rule))
            return true;
    }
    return false;
}

/* NULL and a reply: there is none. */
static json_t *the_group(struct sim_call *call)
{
    const char *id = aws_param(call, "GroupId");
    const json_t *group = aws_group_find(call->sim, id);

    if (!group)
        aws_refuse(call, 400, "InvalidGroup.NotFound",
                   "The security group '%s' does not exist", id);
    return (json_t *)group;
}

static void change_rules(struct sim_call *call, bool add)
{
    json_t *group = the_group(call), *rules, *have, *rule;
    size_t i;

    if (!group)
        return;
    have = json_object_get(group, "ipPermissions");
    rules = rules_of(call);
    json_array_foreach(rules, i, rule)
    {
        if (has_rule(have, rule) == add) {
            aws_refuse(call, 400,
                       add ? "InvalidPermission.Duplicate"
                           : "InvalidPermission.NotFound",
                       add ? "the specified rule already exists"
                           : "The specified rule does not exist in this "
                             "security group.");
            json_decref(rules);
            return;
        }
    }
    json_array_foreach(rules, i, rule)
    {
        if (add)
            json_array_append(have, rule);
        for (size_t k = json_array_size(have); !add && k-- > 0;)
            if (json_equal(json_array_get(have, k), rule))
                json_array_remove(have, k);
    }
    json_decref(rules);
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

static void authorize(struct sim_call *call)
{
    change_rules(call, true);
}

static void revoke(struct sim_call *call)
{
    change_rules(call, false);
}

static void delete_group(struct sim_call *call)
{
    json_t *group = the_group(call);
    struct sim_machine *at = sim_machine_before(call->sim, INT64_MAX);

    if (!group)
        return;
    for (; at; at = sim_machine_before(call->sim, at->number)) {
        const json_t *groups = json_object_get(at->data, "groups");

        if (json_array_size(groups) && aws_alive(call->sim, at) &&
            aws_listed(groups, sim_text(group, "groupId", ""))) {
            aws_refuse(call, 400, "DependencyViolation",
                       "resource %s has a dependent object",
                       sim_text(group, "groupId", ""));
            return;
        }
    }
    aws_remove(aws_of(call->sim)->groups, group);
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

/* --- tags ---------------------------------------------------------------- */

/* Where the tags of a resource are; NULL: there is no such. */
static json_t *tags_at(struct sim_call *call, const char *id)
{
    const struct aws *aws = aws_of(call->sim);
    struct sim_machine *machine = sim_machine_find(call->sim, id);
    json_t *found;

    if (machine && !sim_machine_hidden(call->sim, machine))
        return json_object_get(machine->data, "tags");
    found = aws_find_in(call->sim, aws->groups, "groupId", id);
    if (!found)
        found = aws_find_in(call->sim, aws->keys, "keyPairId", id);
    if (!found)
        found = aws_find_in(call->sim, aws->templates, "launchTemplateId", id);
    return json_object_get(found, "tags");
}

/* A tag to delete may name its value, which then has to be that. */
static void change_tags(json_t *tags, const json_t *changes, bool add)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(changes, i, tag)
    {
        const char *key = sim_text(tag, "Key", "");
        const char *value = sim_text(tag, "Value", NULL);

        if (add)
            sim_put(tags, key, json_string(value ? value : ""));
        else if (!value || strcmp(value, sim_text(tags, key, "")) == 0)
            json_object_del(tags, key);
    }
}

/* Volumes and addresses are taken as they come: theirs are never told. */
static bool resources_fit(struct sim_call *call, const json_t *ids)
{
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        const char *text = json_string_value(id);

        if (tags_at(call, text) || strncmp(text, "vol-", 4) == 0 ||
            strncmp(text, "sir-", 4) == 0)
            continue;
        aws_refuse(call, 400,
                   strncmp(text, "i-", 2) == 0 ? "InvalidInstanceID.NotFound"
                                               : "InvalidID",
                   strncmp(text, "i-", 2) == 0
                       ? "The instance ID '%s' does not exist"
                       : "The ID '%s' is not valid",
                   text);
        return false;
    }
    return true;
}

static void tag_all(struct sim_call *call, bool add)
{
    const json_t *ids = json_object_get(call->body, "ResourceId"), *id;
    const json_t *changes = json_object_get(call->body, "Tag");
    size_t i;

    if (!resources_fit(call, ids))
        return;
    json_array_foreach(ids, i, id)
    {
        json_t *tags = tags_at(call, json_string_value(id));
        struct sim_machine *machine =
            sim_machine_find(call->sim, json_string_value(id));

        if (tags)
            change_tags(tags, changes, add);
        if (machine && sim_text(tags, "Name", NULL))
            sim_machine_rename(machine, sim_text(tags, "Name", ""));
    }
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

static void create_tags(struct sim_call *call)
{
    tag_all(call, true);
}

static void delete_tags(struct sim_call *call)
{
    tag_all(call, false);
}

/* --- the calls ----------------------------------------------------------- */

static const struct sim_field import_fields[] = {
    AWS_NEED("KeyName"),
    AWS_NEED("PublicKeyMaterial"),
    AWS_EACH("TagSpecification", aws_tags_item),
    {0}};
static const struct sim_field keys_fields[] = {AWS_LIST("KeyName"),
                                               AWS_LIST("KeyPairId"),
                                               AWS_BOOL("IncludePublicKey"),
                                               AWS_FILTERS,
                                               {0}};
static const struct sim_field key_fields[] = {AWS_NEED("KeyName"), {0}};

static const struct sim_field group_fields[] = {
    {.key = "GroupName",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 255},
    AWS_NEED("GroupDescription"),
    AWS_TEXT("VpcId"),
    AWS_EACH("TagSpecification", aws_tags_item),
    {0}};
static const struct sim_field groups_fields[] = {
    AWS_LIST("GroupId"), AWS_LIST("GroupName"), AWS_FILTERS, AWS_PAGES, {0}};
static const struct sim_field group_id_fields[] = {AWS_NEED("GroupId"), {0}};
#define CIDR "^([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}$"
static const struct sim_field range_fields[] = {{.key = "CidrIp",
                                                 .type = SIM_STRING,
                                                 .flags = SIM_REQUIRED,
                                                 .pattern = CIDR},
                                                AWS_TEXT("Description"),
                                                {0}};
static const struct sim_field range_item = AWS_ITEM(range_fields);
static const struct sim_field range6_fields[] = {
    AWS_NEED("CidrIpv6"), AWS_TEXT("Description"), {0}};
static const struct sim_field range6_item = AWS_ITEM(range6_fields);
static const struct sim_field source_fields[] = {
    AWS_NEED("GroupId"), AWS_TEXT("Description"), AWS_TEXT("UserId"), {0}};
static const struct sim_field source_item = AWS_ITEM(source_fields);
static const char *const protocols[] = {"tcp", "udp", "icmp", "-1", NULL};
static const struct sim_field permission_fields[] = {
    {.key = "IpProtocol",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .words = protocols},
    AWS_SIZE("FromPort"),
    AWS_SIZE("ToPort"),
    AWS_EACH("IpRanges", range_item),
    AWS_EACH("Ipv6Ranges", range6_item),
    AWS_EACH("Groups", source_item),
    {0}};
static const struct sim_field permission_item = AWS_ITEM(permission_fields);
static const struct sim_field rule_fields[] = {
    AWS_NEED("GroupId"),
    {.key = "IpPermissions",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .sub = &permission_item},
    AWS_EACH("TagSpecification", aws_tags_item),
    {0}};

static const struct sim_field tag_fields[] = {{.key = "ResourceId",
                                               .type = SIM_ARRAY,
                                               .flags = SIM_REQUIRED,
                                               .sub = &aws_text_item},
                                              {.key = "Tag",
                                               .type = SIM_ARRAY,
                                               .flags = SIM_REQUIRED,
                                               .sub = &aws_tag_item},
                                              {0}};

const struct aws_action aws_object_actions[] = {
    {"ImportKeyPair", import_fields, import_key},
    {"DescribeKeyPairs", keys_fields, describe_keys},
    {"DeleteKeyPair", key_fields, delete_key},
    {"CreateSecurityGroup", group_fields, create_group},
    {"DescribeSecurityGroups", groups_fields, describe_groups},
    {"AuthorizeSecurityGroupIngress", rule_fields, authorize},
    {"RevokeSecurityGroupIngress", rule_fields, revoke},
    {"DeleteSecurityGroup", group_id_fields, delete_group},
    {"CreateTags", tag_fields, create_tags},
    {"DeleteTags", tag_fields, delete_tags},
    {NULL, NULL, NULL},
};
