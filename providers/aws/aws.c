/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <fleet/provider.h>
#include <string.h>

/* Amazon EC2: instances, on spot or on demand, in one region, each by itself or
 * out of Auto Scaling groups. */

/* A new instance may not be found for so long. */
enum { SETTLE_MS = 60000 };

/* ---- open and close ---- */

static void ec2_close(void *handle)
{
    struct ec2 *ec2 = handle;

    json_decref(ec2->types);
    json_decref(ec2->prices);
    json_decref(ec2->spot);
    json_decref(ec2->spot_of);
    json_decref(ec2->images);
    json_decref(ec2->subnets);
    json_decref(ec2->keys);
    json_decref(ec2->templates);
    json_decref(ec2->host_keys);
    json_decref(ec2->grouped);
    json_decref(ec2->mixed);
    muster_close(ec2);
    free(ec2->groups);
    free(ec2->cohort);
    pthread_mutex_destroy(&ec2->mutex);
    aws_close(&ec2->aws);
    free(ec2);
}

/* The prefix of the names, for a tag. */
static void learn_cohort(struct ec2 *ec2, struct fleet_host *host)
{
    const char *key, *value;

    if (fleet_host_setting(host, "MACHINE_NAME_PREFIX", 0, &key, &value) &&
        strcmp(key, "MACHINE_NAME_PREFIX") == 0)
        ec2->cohort = strdup(value);
}

static bool make_shelves(struct ec2 *ec2)
{
    ec2->types = json_object();
    ec2->prices = json_object();
    ec2->spot = json_array();
    ec2->spot_of = json_object();
    ec2->images = json_object();
    ec2->keys = json_object();
    ec2->templates = json_object();
    ec2->host_keys = json_object();
    ec2->grouped = json_object();
    ec2->mixed = json_object();
    return ec2->types && ec2->prices && ec2->spot && ec2->spot_of &&
           ec2->images && ec2->keys && ec2->templates && ec2->host_keys &&
           ec2->grouped && ec2->mixed;
}

static int ec2_open(const void *given, struct fleet_host *host, void **handle,
                    struct fleet_error *err)
{
    const struct config *config = given;
    struct ec2 *ec2 = calloc(1, sizeof(*ec2));
    int rc;

    if (!ec2)
        return api_enomem(err);
    rc = aws_open(&ec2->aws, host, config->profile, config->region, err);
    if (rc < 0) {
        free(ec2);
        return rc;
    }
    ec2->config = config;
    pthread_mutex_init(&ec2->mutex, NULL);
    learn_cohort(ec2, host);
    rc = make_shelves(ec2) ? request_check_tags(config->tags, err)
                           : api_enomem(err);
    if (rc < 0)
        ec2_close(ec2);
    else
        *handle = ec2;
    return rc;
}

/* ---- what it is ---- */

static const char *const markets[] = {"on-demand", "spot", "any", NULL};
static const char *const pools[] = {"instances", "groups", "mixed", NULL};
static const char *const volume_types[] = {"gp3", "gp2", "io1",      "io2",
                                           "st1", "sc1", "standard", NULL};

/* clang-format off */
#define AT(member_) FLEET_AT(struct config, member_)
static const struct fleet_option options[] = {
    {.key = "AWS_ACCESS_KEY_ID", .type = FLEET_OPT_STRING, AT(access_key),
     .flags = FLEET_OPT_ACCOUNT,
     .help = "id of an access key; profiles, roles, web identities, containers "
             "and instances are other sources of credentials"},
    {.key = "AWS_SECRET_ACCESS_KEY", .type = FLEET_OPT_SECRET, AT(secret_key),
     .help = "the access key itself"},
    {.key = "AWS_SESSION_TOKEN", .type = FLEET_OPT_SECRET, AT(session_token),
     .help = "token that belongs to temporary keys"},
    {.key = "AWS_PROFILE", .type = FLEET_OPT_STRING, AT(profile),
     .flags = FLEET_OPT_ACCOUNT,
     .help = "profile of ~/.aws/config and ~/.aws/credentials; "
             "default: default"},
    {.key = "AWS_REGION", .type = FLEET_OPT_STRING, AT(region),
     .aliases = (const char *const[]){"AWS_DEFAULT_REGION", NULL},
     .help = "region such as us-east-1; default: that of the profile"},
    {.key = "AWS_ENDPOINT_URL", .type = FLEET_OPT_STRING, AT(endpoint),
     .help = "another address of all AWS services; plain http to the loopback "
             "only"},
    {.key = "AWS_ENDPOINT_URL_EC2", .type = FLEET_OPT_STRING,
     AT(endpoint_ec2),
     .help = "likewise, of EC2 alone; _AUTO_SCALING, _STS, _SSM and _PRICING "
             "are known, too"},
    {.key = "AWS_INSTANCE_TYPES", .type = FLEET_OPT_LIST, AT(types),
     .help = "instance types that pods may be, in order of preference; "
             "default: those with the GPUs that are wanted"},
    {.key = "AWS_MARKET", .type = FLEET_OPT_CHOICE, .choices = markets,
     .fallback = "on-demand", AT(market),
     .help = "on-demand, spot, or any of both, the cheaper first"},
    {.key = "AWS_POOL", .type = FLEET_OPT_CHOICE, .choices = pools,
     .fallback = "instances", AT(pool),
     .help = "pods are single instances, or of an Auto Scaling group for each "
             "type and market (groups), or of one for all of "
             "AWS_INSTANCE_TYPES (mixed)"},
    {.key = "AWS_GROUP_MAX", .type = FLEET_OPT_INT, .fallback = "100",
     .min = 1, .max = 10000, AT(group_max),
     .help = "most instances that a group may hold"},
    {.key = "AWS_ZONES", .type = FLEET_OPT_LIST, AT(zones),
     .help = "availability zones that pods may stand in; default: any"},
    {.key = "AWS_SUBNETS", .type = FLEET_OPT_LIST, AT(subnets),
     .help = "subnets by id, or one tag:KEY=VALUE that they have; default: "
             "those of the default VPC"},
    {.key = "AWS_SECURITY_GROUPS", .type = FLEET_OPT_LIST, AT(groups),
     .help = "ids of security groups; default: one that lets SSH in, made "
             "where it is missing"},
    {.key = "AWS_SSH_FROM", .type = FLEET_OPT_LIST, AT(ssh_from),
     .fallback = "0.0.0.0/0",
     .help = "addresses that the group made by fleet lets in, such as "
             "203.0.113.7/32"},
    {.key = "AWS_IMAGE", .type = FLEET_OPT_STRING, AT(image),
     .help = "machine image: ami-..., ssm:PARAMETER or a name, with * and "
             "{arch}; default: Ubuntu, with NVIDIA's driver for GPUs"},
    {.key = "AWS_IMAGE_OWNER", .type = FLEET_OPT_STRING, AT(image_owner),
     .help = "whose image of that name: amazon, self or an account's number"},
    {.key = "AWS_VOLUME_TYPE", .type = FLEET_OPT_CHOICE,
     .choices = volume_types, .fallback = "gp3", AT(volume_type),
     .help = "kind of the EBS disk; DISK_GB is its size"},
    {.key = "AWS_INSTANCE_PROFILE", .type = FLEET_OPT_STRING, AT(role),
     .help = "instance profile of pods, by name or ARN"},
    {.key = "AWS_USER", .type = FLEET_OPT_STRING, AT(user),
     .help = "who logs in to these pods; default: SSH_USER"},
    {.key = "AWS_TAGS", .type = FLEET_OPT_LIST, AT(tags),
     .help = "tags on all that is made, KEY=VALUE each"},
    {0},
};
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_WIPES | FLEET_EFFECT_BILLS,
     "EC2 empties local disks (instance store), where the type has some, and "
     "takes the public address; EBS disks stay, and are billed"},
    {FLEET_OP_START, 0,
     "an instance comes up at another address, if its zone has room for it"},
    {0, 0, NULL},
};
static const struct fleet_provider_ops ops = {
    .open = ec2_open,
    .close = ec2_close,
    .list = ec2_list,
    .offers = ec2_offers,
    .create = ec2_create,
    .find = ec2_find,
    .get = ec2_get,
    .start = ec2_start,
    .stop = ec2_stop,
    .restart = ec2_restart,
    .terminate = ec2_terminate,
    .rename = ec2_rename,
    .lock = ec2_lock,
    .about = about,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "aws",
    .version = "1.0",
    .summary =
        "EC2 instances of Amazon Web Services, spot and on demand, alone "
        "or in Auto Scaling groups",
    .threads = FLEET_THREADS_PARALLEL,
    .caps = FLEET_CAP_SPOT | FLEET_CAP_IDEMPOTENT,
    .options = options,
    .config_size = sizeof(struct config),
    .settle_ms = SETTLE_MS,
    .effects = effects,
};
