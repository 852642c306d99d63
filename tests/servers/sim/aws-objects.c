/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What instances are made with: key pairs, security groups, launch templates;
 * and tags of everything. */

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
static json_t *find_in(const struct sim *sim, const json_t *list,
                       const char *key, const char *value)
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

static void remove_from(json_t *list, const json_t *entry)
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
static json_t *told(const json_t *entry)
{
    json_t *made = json_copy((json_t *)entry);

    sim_put(made, "tagSet", aws_tag_set(json_object_get(entry, "tags")));
    json_object_del(made, "region");
    json_object_del(made, "tags");
    json_object_del(made, "versions");
    return made;
}

/* --- key pairs
 * ---------------------------------------------------------------- */

const char *aws_key_material(const struct sim *sim, const char *name)
{
    return sim_text(find_in(sim, aws_of(sim)->keys, "keyName", name),
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
    } else if (find_in(call->sim, aws->keys, "keyName", name)) {
        aws_refuse(call, 400, "InvalidKeyPair.Duplicate",
                   "The key pair already exists");
    } else {
        char *id = aws_new_id("key-");
        json_t *key = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "region", here(call),
            "keyName", name, "keyPairId", id, "keyFingerprint", print,
            "keyType", strncmp(line, "ssh-rsa", 7) == 0 ? "rsa" : "ed25519",
            "publicKey", line, "tags", aws_tags_for(call->body, "key-pair"));
        json_t *made = told(key);

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
        if (!find_in(call->sim, aws->keys, "keyName", json_string_value(key))) {
            json_decref(list);
            aws_refuse(call, 400, "InvalidKeyPair.NotFound",
                       "The key pair '%s' does not exist",
                       json_string_value(key));
            return;
        }
    }
    json_array_foreach(aws->keys, i, key)
    {
        json_t *made = told(key);

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

    remove_from(aws->keys, find_in(call->sim, aws->keys, "keyName",
                                   aws_param(call, "KeyName")));
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

/* --- security groups
 * ------------------------------------------------------------ */

const json_t *aws_group_find(const struct sim *sim, const char *id)
{
    return find_in(sim, aws_of(sim)->groups, "groupId", id);
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
            json_array_append_new(list, told(group));
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
    remove_from(aws_of(call->sim)->groups, group);
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

/* --- launch templates
 * -------------------------------------------------------------- */

json_t *aws_merge(const json_t *base, const json_t *more)
{
    json_t *made = base ? json_copy((json_t *)base) : json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)more, key, value)
    {
        const json_t *below = json_object_get(base, key);

        if (json_is_object(below) && json_is_object(value))
            sim_put(made, key, aws_merge(below, value));
        else
            json_object_set(made, key, value);
    }
    return made;
}

static json_t *find_template(const struct sim *sim, const json_t *spec,
                             struct aws_trouble *trouble)
{
    const char *id = sim_text(spec, "LaunchTemplateId", NULL);
    const char *name = sim_text(spec, "LaunchTemplateName", NULL);
    const json_t *list = aws_of(sim)->templates;
    json_t *found = NULL;

    if (id && name) {
        aws_trouble(trouble, 400, "InvalidParameterCombination",
                    "Either a launch template id or a name, not both.");
        return NULL;
    }
    if (id)
        found = find_in(sim, list, "launchTemplateId", id);
    else if (name)
        found = find_in(sim, list, "launchTemplateName", name);
    if (!id && !name)
        aws_trouble(trouble, 400, "MissingParameter",
                    "The request must contain the parameter LaunchTemplateId");
    else if (!found && id)
        aws_trouble(trouble, 400, "InvalidLaunchTemplateId.NotFound",
                    "The specified launch template, with template ID %s, does "
                    "not exist.",
                    id);
    else if (!found)
        aws_trouble(trouble, 400, "InvalidLaunchTemplateName.NotFoundException",
                    "The specified launch template, with template name %s, "
                    "does not exist.",
                    name);
    return found;
}

static int64_t version_number(const json_t *template, const char *version)
{
    if (!version || strcmp(version, "$Default") == 0)
        return sim_number(template, "defaultVersionNumber", 1);
    if (strcmp(version, "$Latest") == 0)
        return sim_number(template, "latestVersionNumber", 1);
    return strtoll(version, NULL, 10);
}

/* NULL: there is none. Versions that were deleted leave null. */
static const json_t *find_version(const json_t *template, int64_t number)
{
    const json_t *entry =
        number > 0 ? json_array_get(json_object_get(template, "versions"),
                                    (size_t)number - 1)
                   : NULL;

    return json_is_object(entry) ? entry : NULL;
}

const json_t *aws_template(const struct sim *sim, const json_t *spec,
                           struct aws_trouble *trouble, int64_t *version,
                           const json_t **which)
{
    const json_t *template = find_template(sim, spec, trouble), *entry;
    int64_t number;

    if (!template)
        return NULL;
    number = version_number(template, sim_text(spec, "Version", NULL));
    entry = find_version(template, number);
    if (!entry) {
        aws_trouble(trouble, 400, "InvalidLaunchTemplateId.VersionNotFound",
                    "Could not find the specified version %s for the launch "
                    "template with ID %s.",
                    sim_text(spec, "Version", ""),
                    sim_text(template, "launchTemplateId", ""));
        return NULL;
    }
    if (version)
        *version = number;
    if (which)
        *which = template;
    return json_object_get(entry, "data");
}

static json_t *the_template(struct sim_call *call)
{
    struct aws_trouble trouble = {0};
    json_t *found = find_template(call->sim, call->body, &trouble);

    if (!found)
        aws_refuse(call, trouble.status, trouble.code, "%s", trouble.message);
    return found;
}

static json_t *stamp_now(void)
{
    char text[SIM_STAMP_SIZE];

    sim_stamp(text, sim_clock_ms(), false);
    return json_string(text);
}

static json_t *version_entry(struct sim_call *call, json_t *data_taken)
{
    const char *said = aws_param(call, "VersionDescription");

    return json_pack("{s:s, s:o, s:o}", "description", said ? said : "",
                     "created", stamp_now(), "data", data_taken);
}

/* The same token again has the same result. */
static bool seen_before(struct sim_call *call)
{
    bool refused = false;
    const json_t *seen = aws_token_seen(call, &refused);

    if (seen)
        aws_answer(call, json_deep_copy(seen));
    return refused || seen;
}

static void create_template(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    const char *name = aws_param(call, "LaunchTemplateName");
    json_t *data = json_object_get(call->body, "LaunchTemplateData"), *made;
    char *id;

    if (seen_before(call))
        return;
    if (find_in(call->sim, aws->templates, "launchTemplateName", name)) {
        aws_refuse(call, 400,
                   "InvalidLaunchTemplateName.AlreadyExistsException",
                   "Launch template name already in use.");
        return;
    }
    id = aws_new_id("lt-");
    made =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:i, s:i, s:[o], s:o}", "region",
                  here(call), "launchTemplateId", id, "launchTemplateName",
                  name, "createTime", stamp_now(), "createdBy", aws->arn,
                  "defaultVersionNumber", 1, "latestVersionNumber", 1,
                  "versions", version_entry(call, json_deep_copy(data)), "tags",
                  aws_tags_for(call->body, "launch-template"));
    json_array_append_new(aws->templates, made);
    made = json_pack("{s:o}", "launchTemplate", told(made));
    aws_answer(call, json_deep_copy(made));
    aws_token_keep(call, made);
    free(id);
}

static json_t *version_json(const json_t *template, int64_t number)
{
    const json_t *entry = find_version(template, number);

    return json_pack("{s:O, s:O, s:I, s:O, s:O, s:b, s:O}", "launchTemplateId",
                     json_object_get(template, "launchTemplateId"),
                     "launchTemplateName",
                     json_object_get(template, "launchTemplateName"),
                     "versionNumber", (json_int_t)number, "versionDescription",
                     json_object_get(entry, "description"), "createTime",
                     json_object_get(entry, "created"), "defaultVersion",
                     sim_number(template, "defaultVersionNumber", 1) == number,
                     "launchTemplateData", json_object_get(entry, "told"));
}

/* --- a template's data is told in other names
 * ----------------------------------- */

/* "ImageId" is told as imageId, the list "SecurityGroupId" as
 * securityGroupIdSet. */
static json_t *data_told(const json_t *data)
{
    json_t *made, *value;
    const char *key;
    size_t i;

    if (json_is_array(data)) {
        made = json_array();
        json_array_foreach(data, i, value)
            json_array_append_new(made, data_told(value));
        return made;
    }
    if (!json_is_object(data))
        return json_incref((json_t *)data);
    made = json_object();
    json_object_foreach((json_t *)data, key, value)
    {
        char *name = sim_format("%s%s", key, json_is_array(value) ? "Set" : "");

        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
        sim_put(made, name, data_told(value));
        free(name);
    }
    return made;
}

static json_t *version_told(const json_t *template, int64_t number)
{
    json_t *entry = (json_t *)find_version(template, number);

    sim_put(entry, "told", data_told(json_object_get(entry, "data")));
    return version_json(template, number);
}

static void create_version(struct sim_call *call)
{
    json_t *template, *made, *data;
    const json_t *source;
    const char *from = aws_param(call, "SourceVersion");
    int64_t number;

    if (seen_before(call))
        return;
    template = the_template(call);
    if (!template)
        return;
    source =
        from ? find_version(template, version_number(template, from)) : NULL;
    if (from && !source) {
        aws_refuse(call, 400, "InvalidLaunchTemplateId.VersionNotFound",
                   "Could not find the specified version %s", from);
        return;
    }
    data = json_object_get(call->body, "LaunchTemplateData");
    data = source ? aws_merge(json_object_get(source, "data"), data)
                  : json_deep_copy(data);
    json_array_append_new(json_object_get(template, "versions"),
                          version_entry(call, data));
    number = sim_number(template, "latestVersionNumber", 0) + 1;
    sim_put(template, "latestVersionNumber", json_integer(number));
    made = json_pack("{s:o}", "launchTemplateVersion",
                     version_told(template, number));
    aws_answer(call, json_deep_copy(made));
    aws_token_keep(call, made);
}

static void modify_template(struct sim_call *call)
{
    json_t *template = the_template(call);
    int64_t number = aws_size(call->body, "SetDefaultVersion", 0);

    if (!template)
        return;
    if (!find_version(template, number)) {
        aws_refuse(call, 400, "InvalidLaunchTemplateId.VersionNotFound",
                   "Could not find the specified version %lld",
                   (long long)number);
        return;
    }
    sim_put(template, "defaultVersionNumber", json_integer(number));
    aws_answer(call, json_pack("{s:o}", "launchTemplate", told(template)));
}

static const struct aws_filter template_filters[] = {
    {"launch-template-name", "launchTemplateName"},
    {"create-time", "createTime"},
    {0}};

/* false and a reply: one that is named is not there. */
static bool templates_fit(struct sim_call *call, const char *list,
                          const char *key)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(call->body, list), i, each)
    {
        json_t *spec = json_pack("{s:O}", key, each);
        struct aws_trouble trouble = {0};

        find_template(call->sim, spec, &trouble);
        json_decref(spec);
        if (trouble.status) {
            aws_refuse(call, trouble.status, trouble.code, "%s",
                       trouble.message);
            return false;
        }
    }
    return true;
}

static void describe_templates(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "LaunchTemplateId");
    const json_t *names = json_object_get(call->body, "LaunchTemplateName");
    json_t *list, *each;
    size_t i;

    if (!templates_fit(call, "LaunchTemplateId", "LaunchTemplateId") ||
        !templates_fit(call, "LaunchTemplateName", "LaunchTemplateName"))
        return;
    list = json_array();
    json_array_foreach(aws_of(call->sim)->templates, i, each)
    {
        if (strcmp(sim_text(each, "region", ""), here(call)) == 0 &&
            aws_listed(ids, sim_text(each, "launchTemplateId", "")) &&
            aws_listed(names, sim_text(each, "launchTemplateName", "")))
            json_array_append_new(list, told(each));
    }
    aws_answer_list(call, "launchTemplates", list, template_filters);
}

static bool version_wanted(const json_t *template, const json_t *wanted,
                           int64_t number)
{
    const json_t *each;
    size_t i;

    json_array_foreach(wanted, i, each)
    {
        if (version_number(template, json_string_value(each)) == number)
            return true;
    }
    return json_array_size(wanted) == 0;
}

/* Newest first. */
static void describe_versions(struct sim_call *call)
{
    const json_t *template = the_template(call);
    const json_t *wanted = json_object_get(call->body, "LaunchTemplateVersion");
    json_t *list;

    if (!template)
        return;
    list = json_array();
    for (int64_t n = sim_number(template, "latestVersionNumber", 0); n > 0; n--)
        if (find_version(template, n) && version_wanted(template, wanted, n))
            json_array_append_new(list, version_told(template, n));
    aws_answer_list(call, "launchTemplateVersionSet", list, template_filters);
}

static void delete_template(struct sim_call *call)
{
    json_t *template = the_template(call);

    if (!template)
        return;
    aws_answer(call, json_pack("{s:o}", "launchTemplate", told(template)));
    remove_from(aws_of(call->sim)->templates, template);
}

static void delete_versions(struct sim_call *call)
{
    json_t *template = the_template(call), *good, *bad;
    const json_t *each;
    size_t i;

    if (!template)
        return;
    good = json_array();
    bad = json_array();
    json_array_foreach(json_object_get(call->body, "LaunchTemplateVersion"), i,
                       each)
    {
        int64_t n = version_number(template, json_string_value(each));
        bool is_default = sim_number(template, "defaultVersionNumber", 1) == n;
        json_t *told_one =
            json_pack("{s:O, s:I}", "launchTemplateId",
                      json_object_get(template, "launchTemplateId"),
                      "versionNumber", (json_int_t)n);

        if (find_version(template, n) && !is_default) {
            json_array_set_new(json_object_get(template, "versions"),
                               (size_t)n - 1, json_null());
            json_array_append_new(good, told_one);
            continue;
        }
        sim_put(told_one, "responseError",
                json_pack("{s:s, s:s}", "code",
                          is_default ? "unexpectedError"
                                     : "launchTemplateVersionDoesNotExist",
                          "message", "it cannot be deleted"));
        json_array_append_new(bad, told_one);
    }
    aws_answer(call,
               json_pack("{s:o, s:o}",
                         "successfullyDeletedLaunchTemplateVersionSet", good,
                         "unsuccessfullyDeletedLaunchTemplateVersionSet", bad));
}

/* --- tags
 * ------------------------------------------------------------------------------
 */

/* Where the tags of a resource are; NULL: there is no such. */
static json_t *tags_at(struct sim_call *call, const char *id)
{
    const struct aws *aws = aws_of(call->sim);
    struct sim_machine *machine = sim_machine_find(call->sim, id);
    json_t *found;

    if (machine && !sim_machine_hidden(call->sim, machine))
        return json_object_get(machine->data, "tags");
    found = find_in(call->sim, aws->groups, "groupId", id);
    if (!found)
        found = find_in(call->sim, aws->keys, "keyPairId", id);
    if (!found)
        found = find_in(call->sim, aws->templates, "launchTemplateId", id);
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

        if (tags)
            change_tags(tags, changes, add);
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

/* --- the calls
 * ---------------------------------------------------------------------------
 */

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

#define TOKEN                                                                  \
    {                                                                          \
        .key = "ClientToken", .type = SIM_STRING, .min = 1, .max = 64          \
    }
#define DATA                                                                   \
    {                                                                          \
        .key = "LaunchTemplateData", .type = SIM_OBJECT,                       \
        .flags = SIM_REQUIRED, .sub = aws_template_fields                      \
    }
static const struct sim_field template_fields[] = {
    {.key = "LaunchTemplateName",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 3,
     .max = 128,
     .pattern = "^[a-zA-Z0-9()./_-]+$"},
    {.key = "VersionDescription", .type = SIM_STRING, .max = 255},
    TOKEN,
    DATA,
    AWS_EACH("TagSpecification", aws_tags_item),
    {0}};
static const struct sim_field version_fields[] = {
    AWS_TEXT("LaunchTemplateId"),
    AWS_TEXT("LaunchTemplateName"),
    AWS_TEXT("SourceVersion"),
    {.key = "VersionDescription", .type = SIM_STRING, .max = 255},
    TOKEN,
    DATA,
    {0}};
static const struct sim_field modify_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                                 AWS_TEXT("LaunchTemplateName"),
                                                 AWS_NEED("SetDefaultVersion"),
                                                 TOKEN,
                                                 {0}};
static const struct sim_field templates_fields[] = {
    AWS_LIST("LaunchTemplateId"),
    AWS_LIST("LaunchTemplateName"),
    AWS_FILTERS,
    AWS_PAGES,
    {0}};
static const struct sim_field versions_fields[] = {
    AWS_TEXT("LaunchTemplateId"),
    AWS_TEXT("LaunchTemplateName"),
    AWS_LIST("LaunchTemplateVersion"),
    AWS_BOOL("ResolveAlias"),
    AWS_FILTERS,
    AWS_PAGES,
    {0}};
static const struct sim_field which_fields[] = {
    AWS_TEXT("LaunchTemplateId"), AWS_TEXT("LaunchTemplateName"), {0}};
static const struct sim_field drop_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                               AWS_TEXT("LaunchTemplateName"),
                                               {.key = "LaunchTemplateVersion",
                                                .type = SIM_ARRAY,
                                                .flags = SIM_REQUIRED,
                                                .sub = &aws_text_item},
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
    {"CreateLaunchTemplate", template_fields, create_template},
    {"CreateLaunchTemplateVersion", version_fields, create_version},
    {"ModifyLaunchTemplate", modify_fields, modify_template},
    {"DescribeLaunchTemplates", templates_fields, describe_templates},
    {"DescribeLaunchTemplateVersions", versions_fields, describe_versions},
    {"DeleteLaunchTemplate", which_fields, delete_template},
    {"DeleteLaunchTemplateVersions", drop_fields, delete_versions},
    {"CreateTags", tag_fields, create_tags},
    {"DeleteTags", tag_fields, delete_tags},
    {NULL, NULL, NULL},
};
