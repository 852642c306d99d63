/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* There is no filter for GPUs: these are the families that have them. */
#define ACCELERATED "g*\np*\ngr*\ndl*\ntrn*\ninf*"
#define CANONICAL   "099720109477"

/* ---- types ---- */

static int keep_types(struct ec2 *ec2, const json_t *found)
{
    const json_t *type;
    size_t i;

    json_array_foreach(found, i, type)
    {
        const char *name = api_text(type, "instanceType");

        if (name && json_object_set(ec2->types, name, (json_t *)type) < 0)
            return -1;
    }
    return 0;
}

/* Under the lock. A filter finds what there is; names that there are not would
 * fail the whole call. */
static int describe(struct ec2 *ec2, const char *names, struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    struct form form;
    int rc;

    ec2_open_form(&form, "DescribeInstanceTypes");
    request_filter(&form, 1, "instance-type", names);
    rc = ec2_read_all(ec2, "DescribeInstanceTypes", &form, 100,
                      "instanceTypeSet", &found, err);
    if (rc == FLEET_OK && keep_types(ec2, found) < 0)
        rc = api_enomem(err);
    return rc;
}

int market_type(struct ec2 *ec2, const char *name, const json_t **type,
                struct fleet_error *err)
{
    int rc = ec2_enter(ec2, err);

    if (rc < 0)
        return rc;
    if (!json_object_get(ec2->types, name))
        rc = describe(ec2, name, err);
    *type = rc == FLEET_OK ? json_object_get(ec2->types, name) : NULL;
    ec2_leave(ec2);
    if (rc == FLEET_OK && !*type)
        return fleet_fail(err, FLEET_ECONFIG,
                          "there is no instance type '%.60s' in this region",
                          name);
    return rc;
}

static int64_t size_of(const json_t *type)
{
    int64_t size = 0;

    api_int(api_object(type, "vCpuInfo"), "defaultVCpus", &size);
    return size;
}

static int smaller_first(const void *one, const void *two)
{
    const json_t *const *a = one, *const *b = two;
    int64_t first = size_of(*a), second = size_of(*b);

    return (first > second) - (first < second);
}

/* All of them, the small ones first: the price may not be known. */
static int all_types(const json_t *types, json_t *into)
{
    size_t n = 0, size = json_object_size(types);
    AUTO_FREE json_t **list = calloc(size + 1, sizeof(*list));
    const char *name;
    json_t *type;
    int rc = list ? 0 : -1;

    json_object_foreach((json_t *)types, name, type)
    {
        if (list && n < size)
            list[n++] = type;
    }
    if (list)
        qsort(list, n, sizeof(*list), smaller_first);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = json_array_append(into, list[i]);
    return rc;
}

/* In the order of the list, where there is one. */
static int pick_types(struct ec2 *ec2, const char *names, json_t *into)
{
    json_t *type;
    char one[EC2_TYPE];

    if (!names)
        return all_types(ec2->types, into);
    while (*names) {
        size_t len = strcspn(names, "\n");

        snprintf(one, sizeof(one), "%.*s", (int)(len < 63 ? len : 63), names);
        type = json_object_get(ec2->types, one);
        if (type && json_array_append(into, type) < 0)
            return -1;
        if (!type && *one)
            fleet_log(FLEET_LOG_WARNING, "aws",
                      "AWS_INSTANCE_TYPES: there is no '%s' in this region",
                      one);
        names += len + (names[len] ? 1 : 0);
    }
    return 0;
}

int market_types(struct ec2 *ec2, const char *names, json_t **types,
                 struct fleet_error *err)
{
    AUTO_JSON json_t *into = json_array();
    int rc = into ? ec2_enter(ec2, err) : api_enomem(err);

    if (rc < 0)
        return rc;
    if (names || !ec2->all_types)
        rc = describe(ec2, names ? names : ACCELERATED, err);
    if (rc == FLEET_OK && !names)
        ec2->all_types = true;
    if (rc == FLEET_OK && pick_types(ec2, names, into) < 0)
        rc = api_enomem(err);
    ec2_leave(ec2);
    if (rc == FLEET_OK)
        *types = json_incref(into);
    return rc;
}

/* ---- images ---- */

/* The value of AWS_IMAGE with what stands for the architecture filled in:
 * {arch} is x86_64 or arm64, {deb} amd64 or arm64. malloc'd. */
static char *fill_in(const char *text, const char *architecture)
{
    const char *deb = strcmp(architecture, "x86_64") == 0 ? "amd64" : "arm64";
    char *out = malloc(strlen(text) * 2 + 1), *to = out;

    while (out && *text) {
        bool arch = strncmp(text, "{arch}", 6) == 0;
        bool name = strncmp(text, "{deb}", 5) == 0;

        if (arch || name) {
            to = stpncpy(to, arch ? architecture : deb, 7);
            text += arch ? 6 : 5;
        } else {
            *to++ = *text++;
        }
    }
    if (out)
        *to = '\0';
    return out;
}

static int ask_parameter(struct ec2 *ec2, const char *name, char **id,
                         struct fleet_error *err)
{
    AUTO_JSON json_t *query = json_pack("{s:s}", "Name", name);
    AUTO_JSON json_t *answer = NULL;
    AUTO_FREE char *body = query ? json_dumps(query, JSON_COMPACT) : NULL;
    const struct aws_call call = {
        .service = &service_ssm, .action = "GetParameter", .body = body};
    const char *value;
    int rc =
        body ? aws_send(&ec2->aws, &call, &answer, NULL, err) : api_enomem(err);

    if (rc < 0)
        return rc;
    value = xml_text(answer, "Parameter/Value");
    if (!value || strncmp(value, "ami-", 4) != 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "the SSM parameter %.120s names no image", name);
    *id = strdup(value);
    return *id ? FLEET_OK : api_enomem(err);
}

/* By id, or by a pattern of names and an owner. *image stays NULL where there
 * is none. FLEET_ECAPACITY: for other processors, so that another type may do.
 */
static int describe_image(struct ec2 *ec2, const char *id, const char *pattern,
                          const char *owner, const char *architecture,
                          json_t **image, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    struct form form;
    int rc;

    ec2_open_form(&form, "DescribeImages");
    form_add(&form, id, "ImageId.1");
    form_add(&form, owner, "Owner.1");
    form_add(&form, "true", "IncludeDeprecated");
    request_filter(&form, 1, "name", pattern);
    if (pattern)
        request_filter(&form, 2, "state", "available");
    rc = ec2_ask(ec2, "DescribeImages", &form, &answer, NULL, err);
    if (rc < 0)
        return rc;
    *image = json_incref(
        (json_t *)parse_newest(xml_list(answer, "imagesSet"), architecture));
    if (*image || !xml_list(answer, "imagesSet"))
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECAPACITY,
                      "the image %.80s is for other processors than %s",
                      id ? id : pattern, architecture);
}

static int by_parameter(struct ec2 *ec2, const char *name,
                        const char *architecture, json_t **image,
                        struct fleet_error *err)
{
    AUTO_FREE char *filled = fill_in(name, architecture), *id = NULL;
    char *got = NULL;
    int rc = filled ? ask_parameter(ec2, filled, &got, err) : api_enomem(err);

    id = got;
    return rc < 0
               ? rc
               : describe_image(ec2, id, NULL, NULL, architecture, image, err);
}

/* What is taken where nothing is set: for GPUs, with the driver in it. The SSM
 * parameter, or by name where that may not be read. */
static const struct usual {
    const char *parameter, *pattern, *owner;
} usual_images[2] = {
    {"/aws/service/canonical/ubuntu/server/24.04/stable/current/{deb}/hvm/"
     "ebs-gp3/ami-id",
     "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{deb}-server-*", CANONICAL},
    {"/aws/service/deeplearning/ami/{arch}/"
     "base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
     "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *", "amazon"},
};

static int by_usual(struct ec2 *ec2, bool gpu, const char *architecture,
                    json_t **image, struct fleet_error *err)
{
    const struct usual *usual = &usual_images[gpu];
    AUTO_FREE char *pattern = fill_in(usual->pattern, architecture);
    struct fleet_error why = {0};

    if (by_parameter(ec2, usual->parameter, architecture, image, &why) ==
            FLEET_OK &&
        *image)
        return FLEET_OK;
    fleet_log(FLEET_LOG_INFO, "aws", "the image is looked for by its name: %s",
              why.text);
    return pattern ? describe_image(ec2, NULL, pattern, usual->owner,
                                    architecture, image, err)
                   : api_enomem(err);
}

static int by_name(struct ec2 *ec2, const char *name, const char *architecture,
                   json_t **image, struct fleet_error *err)
{
    AUTO_FREE char *pattern = fill_in(name, architecture);

    if (!ec2->config->image_owner)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_IMAGE is a name, and anybody can publish an "
                          "image of any name: set AWS_IMAGE_OWNER, such as "
                          "amazon, self or an account's number");
    return pattern
               ? describe_image(ec2, NULL, pattern, ec2->config->image_owner,
                                architecture, image, err)
               : api_enomem(err);
}

/* Under the lock. */
static int find_image(struct ec2 *ec2, const char *wanted, bool gpu,
                      const char *architecture, json_t **image,
                      struct fleet_error *err)
{
    int rc;

    if (!wanted)
        rc = by_usual(ec2, gpu, architecture, image, err);
    else if (strncmp(wanted, "ami-", 4) == 0)
        rc = describe_image(ec2, wanted, NULL, NULL, architecture, image, err);
    else if (strncmp(wanted, "ssm:", 4) == 0)
        rc = by_parameter(ec2, wanted + 4, architecture, image, err);
    else
        rc = by_name(ec2, wanted, architecture, image, err);
    if (rc == FLEET_ENOTFOUND || (rc == FLEET_OK && !*image))
        return fleet_fail(err, FLEET_ECONFIG,
                          "there is no image %.100s for %s: AWS_IMAGE",
                          wanted ? wanted : "of Ubuntu", architecture);
    return rc;
}

/* A container's image is none for a machine. */
static int image_wanted(const struct ec2 *ec2, const char *image,
                        const char **wanted, struct fleet_error *err)
{
    *wanted = ec2->config->image;
    if (*wanted || !image)
        return FLEET_OK;
    if (strncmp(image, "ami-", 4) != 0 && strncmp(image, "ssm:", 4) != 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "IMAGE '%.80s' is no machine image: set AWS_IMAGE to "
                          "ami-..., ssm:PARAMETER or a name",
                          image);
    *wanted = image;
    return FLEET_OK;
}

int market_image(struct ec2 *ec2, const char *image, const json_t *type,
                 json_t **found, struct fleet_error *err)
{
    const char *architecture = parse_architecture(type), *wanted;
    int64_t gpus;
    bool gpu = parse_gpu(type, &gpus);
    char key[32];
    int rc = image_wanted(ec2, image, &wanted, err);

    if (rc < 0)
        return rc;
    if (!architecture)
        return fleet_fail(err, FLEET_EINVALID,
                          "its processors are neither x86_64 nor arm64");
    snprintf(key, sizeof(key), "%s%s", architecture, gpu ? " gpu" : "");
    rc = ec2_enter(ec2, err);
    if (rc < 0)
        return rc;
    *found = json_incref(json_object_get(ec2->images, key));
    if (!*found)
        rc = find_image(ec2, wanted, gpu, architecture, found, err);
    if (rc == FLEET_OK)
        json_object_set(ec2->images, key, *found);
    ec2_leave(ec2);
    return rc;
}
