/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What there is to choose from, and the calls that tell. */

static const struct region {
    const char *name, *zones_id;
    bool closed; /* not opted in to */
} regions[] = {
    {"us-east-1", "use1-az", false},
    {"us-west-2", "usw2-az", false},
    {"eu-central-1", "euc1-az", false},
    {"eu-south-1", "eus1-az", true},
    {NULL, NULL, false},
};
static const char zone_letters[] = "abc";

#define G   "L-DB2E81BA", "L-3819A6DF"
#define P   "L-417A185B", "L-7212CCBC"
#define P5  "L-417A185B", "L-C4BD4855"
#define STD "L-1216C47A", "L-34B43A08"
#define X86 "x86_64"
#define ARM "arm64"

static const struct aws_type types[] = {
    {"g4ad.xlarge", X86, "Radeon Pro V520", "AMD", 4, 16384, 1, 8192, 0.37853,
     "ab", G},
    {"g4dn.12xlarge", X86, "T4", "NVIDIA", 48, 196608, 4, 16384, 3.912, "abc",
     G},
    {"g4dn.xlarge", X86, "T4", "NVIDIA", 4, 16384, 1, 16384, 0.526, "abc", G},
    {"g5.12xlarge", X86, "A10G", "NVIDIA", 48, 196608, 4, 22888, 5.672, "ab",
     G},
    {"g5.2xlarge", X86, "A10G", "NVIDIA", 8, 32768, 1, 22888, 1.212, "abc", G},
    {"g5.48xlarge", X86, "A10G", "NVIDIA", 192, 786432, 8, 22888, 16.288, "a",
     G},
    {"g5.xlarge", X86, "A10G", "NVIDIA", 4, 16384, 1, 22888, 1.006, "abc", G},
    {"g5g.xlarge", ARM, "T4g", "NVIDIA", 4, 8192, 1, 16384, 0.42, "ab", G},
    {"g6.xlarge", X86, "L4", "NVIDIA", 4, 16384, 1, 22888, 0.8048, "abc", G},
    {"g6e.xlarge", X86, "L40S", "NVIDIA", 4, 32768, 1, 45776, 1.861, "bc", G},
    {"p3.2xlarge", X86, "V100", "NVIDIA", 8, 62464, 1, 16384, 3.06, "a", P},
    {"p4d.24xlarge", X86, "A100", "NVIDIA", 96, 1179648, 8, 40960, 21.957642,
     "ab", P},
    {"p5.48xlarge", X86, "H100", "NVIDIA", 192, 2097152, 8, 81920, 55.04, "c",
     P5},
    {"m7i.large", X86, NULL, NULL, 2, 8192, 0, 0, 0.1008, "abc", STD},
    {"c7g.large", ARM, NULL, NULL, 2, 4096, 0, 0, 0.0725, "abc", STD},
    {"t2.2xlarge", X86, NULL, NULL, 8, 32768, 0, 0, 0.3712, "abc", STD},
    {"t3.medium", X86, NULL, NULL, 2, 4096, 0, 0, 0.0416, "abc", STD},
    {"t4g.medium", ARM, NULL, NULL, 2, 4096, 0, 0, 0.0336, "abc", STD},
};
enum { TYPES = sizeof types / sizeof *types };

#define CANONICAL "099720109477", NULL
#define DEEP      "898082745236", "amazon"
#define AMAZON    "137112412989", "amazon"
#define UBUNTU    "ubuntu/images/hvm-ssd"
#define SSM_DEEP  "/aws/service/deeplearning/ami/"
#define SSM_LINUX                                                              \
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
#define SSM_UBUNTU "/aws/service/canonical/ubuntu/server/"
#define DEEP_NAME  "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) "

static const struct aws_image images[] = {
    {"ami-0f1ee700000000001",
     UBUNTU "/ubuntu-jammy-22.04-amd64-server-20251001", CANONICAL, X86,
     "2025-10-01T05:00:00.000Z", NULL, "/dev/sda1", 8,
     SSM_UBUNTU "22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"},
    {"ami-0f1ee700000000002",
     UBUNTU "/ubuntu-jammy-22.04-amd64-server-20250701", CANONICAL, X86,
     "2025-07-01T05:00:00.000Z", NULL, "/dev/sda1", 8, NULL},
    {"ami-0f1ee700000000003",
     UBUNTU "-gp3/ubuntu-noble-24.04-amd64-server-20251022", CANONICAL, X86,
     "2025-10-22T05:00:00.000Z", NULL, "/dev/sda1", 8,
     SSM_UBUNTU "24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"},
    {"ami-0f1ee700000000004",
     UBUNTU "-gp3/ubuntu-noble-24.04-arm64-server-20251022", CANONICAL, ARM,
     "2025-10-22T05:10:00.000Z", NULL, "/dev/sda1", 8,
     SSM_UBUNTU "24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"},
    {"ami-0f1ee700000000005",
     UBUNTU "/ubuntu-bionic-18.04-amd64-server-20201026", CANONICAL, X86,
     "2020-10-27T05:00:00.000Z", "2022-10-27T05:00:00.000Z", "/dev/sda1", 8,
     NULL},
    {"ami-0f1ee700000000006", DEEP_NAME "20251105", DEEP, X86,
     "2025-11-05T05:00:00.000Z", NULL, "/dev/sda1", 75,
     SSM_DEEP "x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"},
    {"ami-0f1ee700000000007",
     "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) "
     "20251105",
     DEEP, ARM, "2025-11-05T05:00:00.000Z", NULL, "/dev/sda1", 75,
     SSM_DEEP "arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"},
    {"ami-0f1ee700000000008", "al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64",
     AMAZON, X86, "2025-10-27T05:00:00.000Z", NULL, "/dev/xvda", 8,
     SSM_LINUX "x86_64"},
    {"ami-0f1ee700000000009", "al2023-ami-2023.9.20251027.0-kernel-6.1-arm64",
     AMAZON, ARM, "2025-10-27T05:00:00.000Z", NULL, "/dev/xvda", 8,
     SSM_LINUX "arm64"},
    /* Anybody can call an image anything. */
    {"ami-0bad0000000000001",
     UBUNTU "/ubuntu-jammy-22.04-amd64-server-20991231", "666666666666", NULL,
     X86, "2025-11-20T05:00:00.000Z", NULL, "/dev/sda1", 8, NULL},
    {"ami-0bad0000000000002", DEEP_NAME "20991231", "666666666666", NULL, X86,
     "2025-11-20T05:00:00.000Z", NULL, "/dev/sda1", 75, NULL},
    {"ami-0f1ee70000000000a", "fleet-base-20251101", AWS_ACCOUNT, "self", X86,
     "2025-11-01T05:00:00.000Z", NULL, "/dev/sda1", 30, NULL},
};
enum { IMAGES = sizeof images / sizeof *images };

/* --- looking up ---------------------------------------------------------- */

static int region_index(const char *name)
{
    for (int i = 0; regions[i].name; i++)
        if (strcmp(regions[i].name, name) == 0)
            return i;
    return -1;
}

bool aws_region_known(const char *region)
{
    int at = region_index(region);

    return at >= 0 && !regions[at].closed;
}

const struct aws_type *aws_type_at(size_t i)
{
    return i < TYPES ? &types[i] : NULL;
}

const struct aws_type *aws_type_find(const char *name)
{
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

bool aws_type_offered(const struct aws_type *type, const char *zone)
{
    return strchr(type->zones, zone[strlen(zone) - 1]) != NULL;
}

double aws_spot_price(const struct sim *sim, const struct aws_type *type,
                      const char *zone)
{
    static const double part[] = {0.35, 0.4, 0.3};
    const char *at = strchr(zone_letters, zone[strlen(zone) - 1]);

    (void)sim;
    return type->price * part[at ? at - zone_letters : 0];
}

const char *aws_parameter(const char *name)
{
    for (size_t i = 0; i < IMAGES; i++)
        if (images[i].parameter && strcmp(images[i].parameter, name) == 0)
            return images[i].id;
    return NULL;
}

const struct aws_image *aws_image_find(const char *id)
{
    if (strncmp(id, "resolve:ssm:", 12) == 0)
        id = aws_parameter(id + 12);
    for (size_t i = 0; id && i < IMAGES; i++)
        if (strcmp(images[i].id, id) == 0)
            return &images[i];
    return NULL;
}

/* Three of the default VPC, and two of one that is called fleet. */
bool aws_subnet_at(const char *region, size_t i, struct aws_subnet *out)
{
    int at = region_index(region);
    size_t zone = i < 3 ? i : i - 3;

    if (at < 0 || i >= AWS_SUBNETS)
        return false;
    snprintf(out->id, sizeof out->id, "subnet-0f1ee7000000%03x%02x", at + 1,
             (unsigned)i);
    snprintf(out->vpc, sizeof out->vpc, "vpc-0f1ee7000000%03x%02x", at + 1,
             i < 3 ? 0 : 1);
    snprintf(out->zone, sizeof out->zone, "%s%c", region, zone_letters[zone]);
    snprintf(out->zone_id, sizeof out->zone_id, "%s%zu", regions[at].zones_id,
             (zone + 1) % 3 + 1);
    snprintf(out->cidr, sizeof out->cidr, "%s.%zu.0/20",
             i < 3 ? "172.31" : "10.0", 16 * zone);
    out->by_default = i < 3;
    out->public = i < 4;
    return true;
}

bool aws_subnet_find(const char *region, const char *id, struct aws_subnet *out)
{
    for (size_t i = 0; aws_subnet_at(region, i, out); i++)
        if (strcmp(out->id, id) == 0)
            return true;
    return false;
}

void aws_default_vpc(const char *region, char out[32])
{
    struct aws_subnet subnet;

    *out = '\0';
    if (aws_subnet_at(region, 0, &subnet))
        snprintf(out, 32, "%s", subnet.vpc);
}

static const char *here(const struct sim_call *call)
{
    return aws_of(call->sim)->region;
}

/* --- regions and networks ------------------------------------------------ */

static const struct aws_filter region_filters[] = {
    {"region-name", "regionName"}, {"opt-in-status", "optInStatus"}, {0}};

static void describe_regions(struct sim_call *call)
{
    bool all = aws_is_true(call->body, "AllRegions");
    json_t *list = json_array();

    for (const struct region *at = regions; at->name; at++) {
        char *host = sim_format("ec2.%s.amazonaws.com", at->name);

        if ((all || !at->closed) &&
            aws_listed(json_object_get(call->body, "RegionName"), at->name))
            json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:s}", "regionName", at->name,
                          "regionEndpoint", host, "optInStatus",
                          at->closed ? "not-opted-in" : "opt-in-not-required"));
        free(host);
    }
    aws_answer_list(call, "regionInfo", list, region_filters);
}

static const struct aws_filter zone_filters[] = {
    {"zone-name", "zoneName"},     {"zone-id", "zoneId"},
    {"zone-type", "zoneType"},     {"state", "zoneState"},
    {"region-name", "regionName"}, {0}};

static void describe_zones(struct sim_call *call)
{
    json_t *list = json_array();
    struct aws_subnet subnet;

    for (size_t i = 0; i < 3 && aws_subnet_at(here(call), i, &subnet); i++)
        if (aws_listed(json_object_get(call->body, "ZoneName"), subnet.zone))
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "zoneName",
                                subnet.zone, "zoneId", subnet.zone_id,
                                "zoneState", "available", "optInStatus",
                                "opt-in-not-required", "zoneType",
                                "availability-zone", "regionName", here(call)));
    aws_answer_list(call, "availabilityZoneInfo", list, zone_filters);
}

static const struct aws_filter subnet_filters[] = {
    {"vpc-id", "vpcId"},
    {"availability-zone", "availabilityZone"},
    {"availability-zone-id", "availabilityZoneId"},
    {"default-for-az", "defaultForAz"},
    {"state", "state"},
    {"subnet-id", "subnetId"},
    {"map-public-ip-on-launch", "mapPublicIpOnLaunch"},
    {0}};

static json_t *subnet_json(const struct aws_subnet *subnet)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:s, s:o}", "subnetId",
        subnet->id, "vpcId", subnet->vpc, "availabilityZone", subnet->zone,
        "availabilityZoneId", subnet->zone_id, "cidrBlock", subnet->cidr,
        "availableIpAddressCount", 4091, "mapPublicIpOnLaunch", subnet->public,
        "defaultForAz", subnet->by_default, "state", "available", "tagSet",
        subnet->by_default
            ? json_array()
            : json_pack("[{s:s, s:s}, {s:s, s:s}]", "key", "Name", "value",
                        subnet->public ? "fleet-public" : "fleet-private",
                        "key", "valohai", "value", "1"));
}

/* false and a reply: one of LIST is not there. */
static bool all_known(struct sim_call *call, const char *list, const char *code,
                      const char *what,
                      bool (*known)(const char *region, const char *id))
{
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(call->body, list), i, id)
    {
        if (!known(here(call), json_string_value(id))) {
            aws_refuse(call, 400, code, "The %s '%s' does not exist", what,
                       json_string_value(id));
            return false;
        }
    }
    return true;
}

static bool subnet_known(const char *region, const char *id)
{
    struct aws_subnet subnet;

    return aws_subnet_find(region, id, &subnet);
}

static void describe_subnets(struct sim_call *call)
{
    json_t *list = json_array();
    struct aws_subnet subnet;

    if (!all_known(call, "SubnetId", "InvalidSubnetID.NotFound", "subnet ID",
                   subnet_known)) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; aws_subnet_at(here(call), i, &subnet); i++)
        if (aws_listed(json_object_get(call->body, "SubnetId"), subnet.id))
            json_array_append_new(list, subnet_json(&subnet));
    aws_answer_list(call, "subnetSet", list, subnet_filters);
}

static const struct aws_filter vpc_filters[] = {{"is-default", "isDefault"},
                                                {"vpc-id", "vpcId"},
                                                {"state", "state"},
                                                {"cidr", "cidrBlock"},
                                                {0}};

static bool vpc_known(const char *region, const char *id)
{
    struct aws_subnet subnet;

    for (size_t i = 0; aws_subnet_at(region, i, &subnet); i++)
        if (strcmp(subnet.vpc, id) == 0)
            return true;
    return false;
}

static void describe_vpcs(struct sim_call *call)
{
    json_t *list = json_array();
    struct aws_subnet subnet;

    if (!all_known(call, "VpcId", "InvalidVpcID.NotFound", "vpc ID",
                   vpc_known)) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < 4; i += 3) {
        aws_subnet_at(here(call), i, &subnet);
        if (aws_listed(json_object_get(call->body, "VpcId"), subnet.vpc))
            json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:b, s:s, s:o}", "vpcId", subnet.vpc,
                          "cidrBlock", i ? "10.0.0.0/16" : "172.31.0.0/16",
                          "isDefault", i == 0, "state", "available", "tagSet",
                          i ? json_pack("[{s:s, s:s}]", "key", "Name", "value",
                                        "fleet")
                            : json_array()));
    }
    aws_answer_list(call, "vpcSet", list, vpc_filters);
}

/* --- types --------------------------------------------------------------- */

static json_t *gpu_json(const struct aws_type *type)
{
    return json_pack("{s:[{s:s, s:s, s:i, s:{s:i}}], s:i}", "gpus", "name",
                     type->gpu, "manufacturer", type->maker, "count",
                     type->gpus, "memoryInfo", "sizeInMiB", type->gpu_mib,
                     "totalGpuMemoryInMiB", type->gpus * type->gpu_mib);
}

/* Disks of its own, which a stop empties. */
static bool has_disks(const struct aws_type *type)
{
    return type->gpu && strncmp(type->name, "p3", 2) != 0 &&
           strncmp(type->name, "g5g", 3) != 0;
}

static json_t *type_json(const struct aws_type *type)
{
    json_t *made = json_pack(
        "{s:s, s:b, s:[s, s], s:b, s:s, s:{s:[s]}, s:{s:i, s:i}, s:{s:i}, "
        "s:{s:s, s:i, s:b}}",
        "instanceType", type->name, "currentGeneration",
        strncmp(type->name, "p3", 2) != 0, "supportedUsageClasses", "on-demand",
        "spot", "bareMetal", 0, "hypervisor", "nitro", "processorInfo",
        "supportedArchitectures", type->arch, "vCpuInfo", "defaultVCpus",
        type->vcpus, "defaultCores", type->vcpus / 2, "memoryInfo", "sizeInMiB",
        type->memory_mib, "networkInfo", "networkPerformance",
        "Up to 10 Gigabit", "maximumNetworkInterfaces", 4, "efaSupported", 0);

    if (type->gpu)
        sim_put(made, "gpuInfo", gpu_json(type));
    sim_put(made, "instanceStorageSupported", json_boolean(has_disks(type)));
    if (has_disks(type))
        sim_put(made, "instanceStorageInfo",
                json_pack("{s:i, s:[{s:i, s:i, s:s}]}", "totalSizeInGB", 250,
                          "disks", "sizeInGB", 250, "count", 1, "type", "ssd"));
    return made;
}

static const struct aws_filter type_filters[] = {
    {"instance-type", "instanceType"},
    {"supported-usage-class", "supportedUsageClasses/*"},
    {"processor-info.supported-architecture",
     "processorInfo/supportedArchitectures/*"},
    {"current-generation", "currentGeneration"},
    {"bare-metal", "bareMetal"},
    {0}};

static void describe_types(struct sim_call *call)
{
    const json_t *wanted = json_object_get(call->body, "InstanceType"), *name;
    json_t *list = json_array();
    size_t i;

    json_array_foreach(wanted, i, name)
    {
        if (!aws_type_find(json_string_value(name))) {
            json_decref(list);
            aws_refuse(call, 400, "InvalidInstanceType",
                       "The following supplied instance types do not exist: "
                       "[%s]",
                       json_string_value(name));
            return;
        }
    }
    for (i = 0; i < TYPES; i++)
        if (aws_listed(wanted, types[i].name))
            json_array_append_new(list, type_json(&types[i]));
    aws_answer_list(call, "instanceTypeSet", list, type_filters);
}

static const struct aws_filter offering_filters[] = {
    {"instance-type", "instanceType"}, {"location", "location"}, {0}};

static void add_offerings(json_t *list, const struct aws_type *type,
                          const char *region, const char *kind)
{
    struct aws_subnet subnet;

    if (strcmp(kind, "region") == 0) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "instanceType",
                                              type->name, "location", region,
                                              "locationType", kind));
        return;
    }
    for (size_t i = 0; i < 3 && aws_subnet_at(region, i, &subnet); i++)
        if (aws_type_offered(type, subnet.zone))
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s}", "instanceType", type->name,
                                "location",
                                strcmp(kind, "availability-zone-id") == 0
                                    ? subnet.zone_id
                                    : subnet.zone,
                                "locationType", kind));
}

static void describe_offerings(struct sim_call *call)
{
    const char *kind = aws_param(call, "LocationType");
    json_t *list = json_array();

    for (size_t i = 0; i < TYPES; i++)
        add_offerings(list, &types[i], here(call), kind ? kind : "region");
    aws_answer_list(call, "instanceTypeOfferingSet", list, offering_filters);
}

/* --- images -------------------------------------------------------------- */

static json_t *image_json(const struct aws_image *image)
{
    char *snapshot = sim_format("snap-%s", image->id + 4);
    json_t *made = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:b, s:s, s:s,"
        " s:[{s:s, s:{s:s, s:i, s:s, s:b, s:b}}], s:[]}",
        "imageId", image->id, "name", image->name, "imageOwnerId", image->owner,
        "imageState", "available", "creationDate", image->created,
        "architecture", image->arch, "isPublic",
        strcmp(image->owner, AWS_ACCOUNT) != 0, "rootDeviceName", image->root,
        "rootDeviceType", "ebs", "virtualizationType", "hvm", "bootMode",
        "uefi-preferred", "enaSupport", 1, "platformDetails", "Linux/UNIX",
        "description", image->name, "blockDeviceMapping", "deviceName",
        image->root, "ebs", "snapshotId", snapshot, "volumeSize", image->size,
        "volumeType", "gp2", "deleteOnTermination", 1, "encrypted", 0,
        "tagSet");

    if (image->alias && strcmp(image->alias, "self") != 0)
        sim_put(made, "imageOwnerAlias", json_string(image->alias));
    if (image->deprecated)
        sim_put(made, "deprecationTime", json_string(image->deprecated));
    free(snapshot);
    return made;
}

static const struct aws_filter image_filters[] = {
    {"name", "name"},
    {"architecture", "architecture"},
    {"state", "imageState"},
    {"virtualization-type", "virtualizationType"},
    {"root-device-type", "rootDeviceType"},
    {"owner-alias", "imageOwnerAlias"},
    {"owner-id", "imageOwnerId"},
    {"is-public", "isPublic"},
    {"creation-date", "creationDate"},
    {"image-id", "imageId"},
    {0}};

static bool image_ids_fit(struct sim_call *call, const json_t *ids)
{
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        const char *text = json_string_value(id);

        if (strncmp(text, "ami-", 4) != 0) {
            aws_refuse(call, 400, "InvalidAMIID.Malformed",
                       "Invalid id: \"%s\" (expecting \"ami-...\")", text);
            return false;
        }
        if (!aws_image_find(text)) {
            aws_refuse(call, 400, "InvalidAMIID.NotFound",
                       "The image id '[%s]' does not exist", text);
            return false;
        }
    }
    return true;
}

static void describe_images(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "ImageId");
    const json_t *owners = json_object_get(call->body, "Owner");
    bool old = aws_is_true(call->body, "IncludeDeprecated");
    json_t *list = json_array();

    if (!image_ids_fit(call, ids)) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < IMAGES; i++) {
        const struct aws_image *image = &images[i];

        if (aws_listed(ids, image->id) &&
            (aws_listed(owners, image->owner) ||
             (image->alias && aws_listed(owners, image->alias))) &&
            (!image->deprecated || old || json_array_size(ids)))
            json_array_append_new(list, image_json(image));
    }
    aws_answer_list(call, "imagesSet", list, image_filters);
}

/* --- spot prices --------------------------------------------------------- */

static const struct aws_filter price_filters[] = {
    {"instance-type", "instanceType"},
    {"availability-zone", "availabilityZone"},
    {"product-description", "productDescription"},
    {0}};

static json_t *price_json(const struct aws_type *type, const char *zone,
                          double price, int64_t clock_ms)
{
    char text[32], stamp[SIM_STAMP_SIZE];

    snprintf(text, sizeof text, "%.6f", price);
    sim_stamp(stamp, clock_ms, false);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "instanceType", type->name,
                     "productDescription", "Linux/UNIX", "spotPrice", text,
                     "timestamp", stamp, "availabilityZone", zone);
}

/* Without a time to start from there are older ones, too. */
static void add_prices(struct sim_call *call, json_t *list,
                       const struct aws_type *type)
{
    enum { DAY_MS = 86400000 };
    const char *zone = aws_param(call, "AvailabilityZone");
    struct aws_subnet subnet;

    for (size_t i = 0; i < 3 && aws_subnet_at(here(call), i, &subnet); i++) {
        double price = aws_spot_price(call->sim, type, subnet.zone);

        if (!aws_type_offered(type, subnet.zone) ||
            (zone && strcmp(zone, subnet.zone) != 0))
            continue;
        json_array_append_new(
            list, price_json(type, subnet.zone, price, sim_clock_ms() - 60000));
        if (!aws_param(call, "StartTime"))
            json_array_append_new(list,
                                  price_json(type, subnet.zone, price * 1.5,
                                             sim_clock_ms() - DAY_MS));
    }
}

static void describe_prices(struct sim_call *call)
{
    const json_t *wanted = json_object_get(call->body, "InstanceType");
    const json_t *products = json_object_get(call->body, "ProductDescription");
    json_t *list = json_array();

    for (size_t i = 0; i < TYPES; i++)
        if (aws_listed(wanted, types[i].name) &&
            aws_listed(products, "Linux/UNIX"))
            add_prices(call, list, &types[i]);
    aws_answer_list(call, "spotPriceHistorySet", list, price_filters);
}

/* --- the calls ----------------------------------------------------------- */

static const struct sim_field region_fields[] = {
    AWS_BOOL("AllRegions"), AWS_LIST("RegionName"), AWS_FILTERS, {0}};
static const struct sim_field zone_fields[] = {AWS_LIST("ZoneName"),
                                               AWS_LIST("ZoneId"),
                                               AWS_BOOL("AllAvailabilityZones"),
                                               AWS_FILTERS,
                                               {0}};
static const struct sim_field subnet_fields[] = {
    AWS_LIST("SubnetId"), AWS_FILTERS, AWS_PAGES, {0}};
static const struct sim_field vpc_fields[] = {
    AWS_LIST("VpcId"), AWS_FILTERS, AWS_PAGES, {0}};
static const struct sim_field type_fields[] = {{.key = "InstanceType",
                                                .type = SIM_ARRAY,
                                                .max = 100,
                                                .sub = &aws_text_item},
                                               AWS_FILTERS,
                                               AWS_PAGES,
                                               {0}};
static const struct sim_field offering_fields[] = {
    AWS_TEXT("LocationType"), AWS_FILTERS, AWS_PAGES, {0}};
static const struct sim_field image_fields[] = {AWS_LIST("ImageId"),
                                                AWS_LIST("Owner"),
                                                AWS_LIST("ExecutableBy"),
                                                AWS_BOOL("IncludeDeprecated"),
                                                AWS_BOOL("IncludeDisabled"),
                                                AWS_FILTERS,
                                                AWS_PAGES,
                                                {0}};
static const struct sim_field price_fields[] = {AWS_LIST("InstanceType"),
                                                AWS_LIST("ProductDescription"),
                                                AWS_TEXT("AvailabilityZone"),
                                                AWS_TEXT("StartTime"),
                                                AWS_TEXT("EndTime"),
                                                AWS_FILTERS,
                                                AWS_PAGES,
                                                {0}};

const struct aws_action aws_list_actions[] = {
    {"DescribeRegions", region_fields, describe_regions},
    {"DescribeAvailabilityZones", zone_fields, describe_zones},
    {"DescribeSubnets", subnet_fields, describe_subnets},
    {"DescribeVpcs", vpc_fields, describe_vpcs},
    {"DescribeInstanceTypes", type_fields, describe_types},
    {"DescribeInstanceTypeOfferings", offering_fields, describe_offerings},
    {"DescribeImages", image_fields, describe_images},
    {"DescribeSpotPriceHistory", price_fields, describe_prices},
    {NULL, NULL, NULL},
};
