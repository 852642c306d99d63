/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/request.h"

#include "providers/aws/parse.h"
#include "providers/aws/sigv4.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define DATA "LaunchTemplateData."

/* ---- names ---- */

int request_name_by(const char *text, char out[REQUEST_NAME])
{
    char hex[SIGV4_HEX];

    if (sigv4_digest(text, strlen(text), hex) < 0)
        return -1;
    snprintf(out, REQUEST_NAME, "fleet-%.16s", hex);
    return 0;
}

const char *request_key_blob(const char *public_key, size_t *len)
{
    const char *at = public_key + strcspn(public_key, " \t");

    at += strspn(at, " \t");
    *len = strcspn(at, " \t\r\n");
    return at;
}

/* ---- tags ---- */

/* The next line of a list; 0: there is none. */
static size_t next_line(const char **at)
{
    size_t len;

    *at += strspn(*at, "\n");
    len = strcspn(*at, "\n");
    return len;
}

int request_check_tags(const char *tags, struct fleet_error *err)
{
    size_t len;

    for (const char *at = tags ? tags : ""; (len = next_line(&at)); at += len) {
        const char *equals = memchr(at, '=', len);

        if (!equals || equals == at || equals - at > 127 ||
            strncmp(at, "aws:", 4) == 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "AWS_TAGS: '%.*s' is no KEY=VALUE",
                              (int)(len < 80 ? len : 80), at);
    }
    return FLEET_OK;
}

static void each_own_tag(const char *tags, request_each_tag *each, void *arg)
{
    size_t len;

    for (const char *at = tags ? tags : ""; (len = next_line(&at)); at += len) {
        char key[128], value[257];
        const char *equals = memchr(at, '=', len);

        if (!equals || equals - at >= (int)sizeof(key))
            continue;
        snprintf(key, sizeof(key), "%.*s", (int)(equals - at), at);
        snprintf(value, sizeof(value), "%.*s", (int)(at + len - equals - 1),
                 equals + 1);
        if (*value)
            each(arg, key, value);
    }
}

static void tell_tag(request_each_tag *each, void *arg, const char *key,
                     const char *value)
{
    if (value && *value)
        each(arg, key, value);
}

void request_each(const struct wish *wish, enum request_tags tags,
                  request_each_tag *each, void *arg)
{
    tell_tag(each, arg, TAG_OWNER, TAG_FLEET);
    if (tags == TAGS_OF_INSTANCE) {
        tell_tag(each, arg, TAG_NAME, wish->name);
        tell_tag(each, arg, TAG_TOKEN, wish->token);
    }
    if (tags != TAGS_OF_THING) {
        tell_tag(each, arg, TAG_COHORT, wish->cohort);
        tell_tag(each, arg, TAG_USER, wish->user);
    }
    each_own_tag(wish->config->tags, each, arg);
}

struct tagging {
    struct form *form;
    const char *prefix;
    int n, m;
};

static void put_tag(void *arg, const char *key, const char *value)
{
    struct tagging *to = arg;

    to->m++;
    form_add(to->form, key, "%sTagSpecification.%d.Tag.%d.Key", to->prefix,
             to->n, to->m);
    form_add(to->form, value, "%sTagSpecification.%d.Tag.%d.Value", to->prefix,
             to->n, to->m);
}

void request_tags_at(struct form *form, const char *prefix, int n,
                     const char *kind, const struct wish *wish,
                     enum request_tags tags)
{
    struct tagging to = {form, prefix, n, 0};

    form_add(form, kind, "%sTagSpecification.%d.ResourceType", prefix, n);
    request_each(wish, tags, put_tag, &to);
}

void request_tags(struct form *form, int n, const char *kind,
                  const struct wish *wish, bool of_instance)
{
    request_tags_at(form, "", n, kind, wish,
                    of_instance ? TAGS_OF_INSTANCE : TAGS_OF_THING);
}

/* ---- user data ---- */

/* Text between single quotes of a shell. */
static char *quoted(const char *text)
{
    char *out = malloc(strlen(text) * 4 + 3), *to = out;

    if (!out)
        return NULL;
    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            memcpy(to, "'\\''", 4);
            to += 4;
        } else if (*text != '\n' && *text != '\r') {
            *to++ = *text;
        }
    }
    *to++ = '\'';
    *to = '\0';
    return out;
}

/* cloud-init lets root in for a message only, with the very same key, so that
 * line goes. The name stands in the instance's metadata, in a group some time
 * after the start: so it comes last, when one can log in already. */
static const char script[] =
    "#!/bin/sh\n"
    "# By fleet: who may log in, and what programs find in the environment.\n"
    "key=%s\n"
    "user=%s\n"
    "base=http://169.254.169.254/latest\n"
    "add()\n"
    "{\n"
    "    printf '%%s=\"%%s\"\\n' \"$1\" \"$2\" >>/etc/environment\n"
    "}\n"
    "home=$(getent passwd \"$user\" | cut -d: -f6)\n"
    "if [ -n \"$home\" ]; then\n"
    "    mkdir -p \"$home/.ssh\" && chmod 700 \"$home/.ssh\"\n"
    "    blob=$(printf '%%s' \"$key\" | cut -d' ' -f2)\n"
    "    file=$home/.ssh/authorized_keys\n"
    "    { grep -vF \"$blob\" \"$file\" 2>/dev/null; printf '%%s\\n' \"$key\"; "
    "} "
    ">\"$file.new\"\n"
    "    chmod 600 \"$file.new\" && mv \"$file.new\" \"$file\"\n"
    "    chown -R \"$user:\" \"$home/.ssh\"\n"
    "fi\n"
    "add PUBLIC_KEY \"$key\"\n"
    "token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: "
    "600' $base/api/token)\n"
    "name= n=0\n"
    "while [ -z \"$name\" ] && [ $n -lt 60 ]; do\n"
    "    [ $n -eq 0 ] || sleep 2\n"
    "    n=$((n + 1))\n"
    "    name=$(curl -sf -m 5 -H \"X-aws-ec2-metadata-token: $token\" "
    "$base/meta-data/tags/instance/Name)\n"
    "done\n"
    "add MACHINE_NAME \"$name\"\n";

char *request_user_data(const struct wish *wish)
{
    AUTO_FREE char *key = quoted(wish->public_key);
    AUTO_FREE char *user = quoted(wish->user);
    char *text;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return key && user && asprintf(&text, script, key, user) >= 0 ? text : NULL;
#pragma GCC diagnostic pop
}

/* ---- what template and instance share ---- */

static void put_groups(struct form *form, const char *prefix,
                       const char *groups)
{
    size_t len;
    int n = 0;

    for (const char *at = groups; (len = next_line(&at)); at += len) {
        char id[64];

        snprintf(id, sizeof(id), "%.*s", (int)len, at);
        form_add(form, id, "%sSecurityGroupId.%d", prefix, ++n);
    }
}

static void put_disk(struct form *form, const char *prefix,
                     const struct wish *wish)
{
    form_add(form, wish->root_device, "%sBlockDeviceMapping.1.DeviceName",
             prefix);
    if (wish->disk_gb > 0)
        form_add_number(form, wish->disk_gb,
                        "%sBlockDeviceMapping.1.Ebs.VolumeSize", prefix);
    form_add(form, wish->config->volume_type,
             "%sBlockDeviceMapping.1.Ebs.VolumeType", prefix);
    form_add(form, "true", "%sBlockDeviceMapping.1.Ebs.DeleteOnTermination",
             prefix);
}

void request_common(struct form *form, const char *prefix,
                    const struct wish *wish)
{
    const char *role = wish->config->role;
    AUTO_FREE char *data = request_user_data(wish), *name = NULL;

    if (!data || asprintf(&name, "%sUserData", prefix) < 0) {
        name = NULL;
        form->failed = true;
        return;
    }
    form_add(form, wish->image, "%sImageId", prefix);
    form_add(form, wish->key, "%sKeyName", prefix);
    form_add_base64(form, data, name);
    put_groups(form, prefix, wish->group);
    put_disk(form, prefix, wish);
    form_add(form, role,
             strncmp(role ? role : "", "arn:", 4) == 0
                 ? "%sIamInstanceProfile.Arn"
                 : "%sIamInstanceProfile.Name",
             prefix);
    form_add(form, "required", "%sMetadataOptions.HttpTokens", prefix);
    form_add(form, "2", "%sMetadataOptions.HttpPutResponseHopLimit", prefix);
    form_add(form, "enabled", "%sMetadataOptions.InstanceMetadataTags", prefix);
}

/* ---- requests ---- */

int request_template_name(const struct wish *wish, char out[REQUEST_NAME])
{
    AUTO_FORM struct form form = {0};
    struct tagging to = {&form, "", 1, 0};

    form_open(&form, "", "");
    request_common(&form, DATA, wish);
    each_own_tag(wish->config->tags, put_tag, &to);
    return form.text ? request_name_by(form.text, out) : -1;
}

void request_template(struct form *form, const struct wish *wish,
                      const char *name)
{
    form_open(form, "CreateLaunchTemplate", "2016-11-15");
    form_add(form, name, "LaunchTemplateName");
    form_add(form, name, "ClientToken");
    request_tags(form, 1, "launch-template", wish, false);
    request_common(form, DATA, wish);
}

void request_price(const struct wish *wish, char out[REQUEST_PRICE])
{
    out[0] = '\0';
    if (wish->spot && wish->max_micros > 0)
        snprintf(out, REQUEST_PRICE, "%lld.%06lld",
                 (long long)(wish->max_micros / 1000000),
                 (long long)(wish->max_micros % 1000000));
}

#define TARGET "TargetCapacitySpecification."

void request_fleet(struct form *form, const struct wish *wish,
                   const char *template)
{
    const json_t *subnet;
    size_t i;
    char token[64], price[REQUEST_PRICE];

    request_price(wish, price);
    snprintf(token, sizeof(token), "%.40s-f%d", wish->token, wish->round);
    form_open(form, "CreateFleet", "2016-11-15");
    form_add(form, "instant", "Type");
    form_add(form, token, "ClientToken");
    form_add(form, template,
             "LaunchTemplateConfigs.1.LaunchTemplateSpecification."
             "LaunchTemplateName");
    form_add(form, "1",
             "LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version");
    json_array_foreach(wish->subnets, i, subnet)
    {
        int n = (int)i + 1;

        form_add(form, wish->type,
                 "LaunchTemplateConfigs.1.Overrides.%d.InstanceType", n);
        form_add(form, json_string_value(subnet),
                 "LaunchTemplateConfigs.1.Overrides.%d.SubnetId", n);
        form_add(form, price, "LaunchTemplateConfigs.1.Overrides.%d.MaxPrice",
                 n);
    }
    form_add(form, "1", TARGET "TotalTargetCapacity");
    form_add(form, wish->spot ? "spot" : "on-demand",
             TARGET "DefaultTargetCapacityType");
    if (wish->spot)
        form_add(form, "price-capacity-optimized",
                 "SpotOptions.AllocationStrategy");
    request_tags(form, 1, "instance", wish, true);
    request_tags(form, 2, "volume", wish, true);
}

void request_market(struct form *form, const char *prefix,
                    const struct wish *wish)
{
    char price[REQUEST_PRICE];

    if (!wish->spot)
        return;
    request_price(wish, price);
    form_add(form, "spot", "%sInstanceMarketOptions.MarketType", prefix);
    form_add(form, "one-time",
             "%sInstanceMarketOptions.SpotOptions.SpotInstanceType", prefix);
    form_add(form, price, "%sInstanceMarketOptions.SpotOptions.MaxPrice",
             prefix);
}

void request_run(struct form *form, const struct wish *wish, size_t i)
{
    char token[64];

    snprintf(token, sizeof(token), "%.40s-%d-%zu", wish->token, wish->round, i);
    form_open(form, "RunInstances", "2016-11-15");
    form_add(form, "1", "MinCount");
    form_add(form, "1", "MaxCount");
    form_add(form, token, "ClientToken");
    form_add(form, wish->type, "InstanceType");
    form_add(form, json_string_value(json_array_get(wish->subnets, i)),
             "SubnetId");
    request_market(form, "", wish);
    request_common(form, "", wish);
    request_tags(form, 1, "instance", wish, true);
    request_tags(form, 2, "volume", wish, true);
}

void request_filter(struct form *form, int n, const char *name,
                    const char *values)
{
    size_t len;
    int m = 0;

    if (!values || !*values)
        return;
    form_add(form, name, "Filter.%d.Name", n);
    for (const char *at = values; (len = next_line(&at)); at += len) {
        char value[512];

        snprintf(value, sizeof(value), "%.*s",
                 (int)(len < sizeof(value) ? len : sizeof(value) - 1), at);
        form_add(form, value, "Filter.%d.Value.%d", n, ++m);
    }
}
