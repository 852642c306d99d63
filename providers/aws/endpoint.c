/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define XML    "text/xml"
#define JSON_1 "application/x-amz-json-1.1"

/* clang-format off */
const struct service service_ec2 = {
    "ec2", "EC2", "ec2", "2016-11-15", NULL, XML, NULL};
const struct service service_sts = {
    "sts", "STS", "sts", "2011-06-15", NULL, XML, NULL};
const struct service service_scaling = {
    "autoscaling", "AUTO_SCALING", "auto_scaling", "2011-01-01", NULL, XML,
    NULL};
const struct service service_ssm = {
    "ssm", "SSM", "ssm", NULL, "AmazonSSM", JSON_1, NULL};
const struct service service_quotas = {
    "servicequotas", "SERVICE_QUOTAS", "service_quotas", NULL,
    "ServiceQuotasV20190624", JSON_1, NULL};
/* Signed as "pricing", its host begins with "api.pricing". */
const struct service service_pricing = {
    "pricing", "PRICING", "pricing", NULL, "AWSPriceListService", JSON_1,
    "us-east-1"};

/* The more special prefixes stand first. */
static const struct partition {
    const char *prefix, *name, *suffix, *dual;
} partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "aws", "amazonaws.com", "api.aws"},
};
/* clang-format on */

static const struct partition *partition_of(const char *region)
{
    const struct partition *at = partitions;

    while (strncmp(region, at->prefix, strlen(at->prefix)) != 0)
        at++;
    return at;
}

const char *endpoint_partition(const char *region)
{
    return partition_of(region)->name;
}

bool endpoint_is_region(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    return len > 3 && len < 40 && strchr(text, '-') &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* ---- what the user has set ---- */

/* The block of the service in the section that the profile names. */
static const char *block_url(const struct settings *settings,
                             const struct service *service)
{
    const json_t *profile = settings_profile(settings, settings->profile);
    const char *name = profile ? api_text(profile, "services") : NULL;
    const json_t *services = api_object(settings->files, "services");
    const json_t *section =
        name && services ? api_object(services, name) : NULL;
    const json_t *block = section ? api_object(section, service->block) : NULL;

    return block ? api_text(block, "endpoint_url") : NULL;
}

/* The first that is set counts. */
static const char * override(const struct settings *settings,
                             const struct service *service)
{
    char variable[64];
    const char *url;

    if (settings_true(settings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                      "ignore_configured_endpoint_urls"))
        return NULL;
    snprintf(variable, sizeof(variable), "AWS_ENDPOINT_URL_%s",
             service->variable);
    url = settings_env(settings, variable);
    if (!url)
        url = settings_env(settings, "AWS_ENDPOINT_URL");
    if (!url)
        url = block_url(settings, service);
    return url ? url
               : settings_get(settings, "AWS_ENDPOINT_URL", "endpoint_url");
}

/* ---- taking a URL apart ---- */

static bool is_usual_port(const char *host, size_t len, bool tls)
{
    const char *port = tls ? ":443" : ":80";
    size_t n = strlen(port);

    return len > n && memcmp(host + len - n, port, n) == 0;
}

/* What curl puts into "Host:". */
static size_t without_port(const char *host, size_t len, bool tls)
{
    return is_usual_port(host, len, tls) ? len - (tls ? 4 : 3) : len;
}

static int take_apart(const char *url, struct endpoint *out,
                      struct fleet_error *err)
{
    bool tls = strncasecmp(url, "https://", 8) == 0;
    const char *host = url + (tls ? 8 : 7);
    size_t len = strcspn(host, "/?#"), path = strcspn(host + len, "?#");

    while (path > 0 && host[len + path - 1] == '/')
        path--;
    if ((!tls && strncasecmp(url, "http://", 7) != 0) || len == 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_ENDPOINT_URL: '%.100s' is no URL", url);
    out->host = strndup(host, without_port(host, len, tls));
    if (asprintf(&out->path, "%.*s/", (int)path, host + len) < 0)
        out->path = NULL;
    if (asprintf(&out->url, "%.*s/", (int)((size_t)(host - url) + len + path),
                 url) < 0)
        out->url = NULL;
    if (out->host && out->path && out->url)
        return FLEET_OK;
    endpoint_clear(out);
    return api_enomem(err);
}

static char *usual_url(const struct settings *settings,
                       const struct service *service, const char *region)
{
    const struct partition *partition = partition_of(region);
    bool dual = settings_true(settings, "AWS_USE_DUALSTACK_ENDPOINT",
                              "use_dualstack_endpoint");
    bool fips =
        settings_true(settings, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    char *url;

    /* GovCloud's usual endpoints are such ones. */
    if (strcmp(partition->name, "aws-us-gov") == 0 && !dual)
        fips = false;
    return asprintf(&url, "https://%s%s%s.%s.%s/",
                    service == &service_pricing ? "api." : "", service->name,
                    fips ? "-fips" : "", region,
                    dual ? partition->dual : partition->suffix) < 0
               ? NULL
               : url;
}

int endpoint_of(const struct settings *settings, const struct service *service,
                const char *region, struct endpoint *out,
                struct fleet_error *err)
{
    const char *set = override(settings, service);
    AUTO_FREE char *usual = NULL;

    *out = (struct endpoint){0};
    if (set)
        return take_apart(set, out, err);
    usual = usual_url(settings, service, region);
    return usual ? take_apart(usual, out, err) : api_enomem(err);
}

void endpoint_clear(struct endpoint *endpoint)
{
    free(endpoint->url);
    free(endpoint->host);
    free(endpoint->path);
    *endpoint = (struct endpoint){0};
}
