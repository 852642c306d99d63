/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every launch goes through, whoever asks for it: is it in order, may
 * there be so many, is there room; then they are made. */

void aws_trouble(struct aws_trouble *trouble, int status, const char *code,
                 const char *format, ...)
{
    va_list args;

    trouble->status = status;
    trouble->code = code;
    va_start(args, format);
    vsnprintf(trouble->message, sizeof trouble->message, format, args);
    va_end(args);
}

char *aws_new_id(const char *head)
{
    return sim_format("%s0%016llx", head, (unsigned long long)sim_random());
}

/* What of the wish has been found to exist. */
struct order {
    const struct aws_type *type;
    const struct aws_image *image;
    struct aws_subnet subnet;
    json_t *groups; /* ids */
    char *data;     /* user data, decoded; NULL: none */
    char *keys;     /* lines; NULL: none */
    char pool[96];
    const char *market;
    json_t *wish; /* the wish's, for short; borrowed */
};

static void order_clear(struct order *order)
{
    json_decref(order->groups);
    free(order->data);
    free(order->keys);
}

static const char *here(const struct sim_call *call)
{
    return aws_of(call->sim)->region;
}

/* --- is it in order ------------------------------------------------------ */

static bool find_type(const struct aws_launch *launch, struct order *order,
                      struct aws_trouble *trouble)
{
    const char *name =
        launch->type ? launch->type : aws_text_at(order->wish, "InstanceType");

    if (!name)
        name = "m1.small"; /* which no image here runs on */
    order->type = aws_type_find(name);
    if (!order->type)
        aws_trouble(trouble, 400, "InvalidParameterValue",
                    "Invalid value '%s' for InstanceType.", name);
    return order->type != NULL;
}

static bool find_image(const struct aws_launch *launch, struct order *order,
                       struct aws_trouble *trouble)
{
    const char *id =
        launch->image ? launch->image : aws_text_at(order->wish, "ImageId");

    if (!id) {
        aws_trouble(trouble, 400, "MissingParameter",
                    "The request must contain the parameter ImageId");
        return false;
    }
    order->image = aws_image_find(id);
    if (strncmp(id, "ami-", 4) != 0 && !order->image)
        aws_trouble(trouble, 400, "InvalidAMIID.Malformed",
                    "Invalid id: \"%s\" (expecting \"ami-...\")", id);
    else if (!order->image)
        aws_trouble(trouble, 400, "InvalidAMIID.NotFound",
                    "The image id '[%s]' does not exist", id);
    else if (strcmp(order->image->arch, order->type->arch) != 0)
        aws_trouble(trouble, 400, "Unsupported",
                    "The requested configuration is currently not supported: "
                    "the architecture '%s' of the specified instance type does "
                    "not match the architecture '%s' of the specified AMI.",
                    order->type->arch, order->image->arch);
    else
        return true;
    return false;
}

static const json_t *interface_of(const json_t *wish)
{
    return json_array_get(json_object_get(wish, "NetworkInterface"), 0);
}

/* In the default VPC: of that zone, or the first that offers the type. */
static bool default_subnet(const char *region, const char *zone,
                           struct order *order)
{
    struct aws_subnet *subnet = &order->subnet;

    for (size_t i = 0; i < 3 && aws_subnet_at(region, i, subnet); i++)
        if (zone ? strcmp(zone, subnet->zone) == 0
                 : aws_type_offered(order->type, subnet->zone))
            return true;
    return false;
}

static bool find_subnet(const struct sim_call *call,
                        const struct aws_launch *launch, struct order *order,
                        struct aws_trouble *trouble)
{
    const char *id = launch->subnet, *zone = launch->zone;

    if (!id && !zone)
        id = sim_text(interface_of(order->wish), "SubnetId", NULL);
    if (!id && !zone)
        id = aws_text_at(order->wish, "SubnetId");
    if (!id && !zone)
        zone = aws_text_at(order->wish, "Placement.AvailabilityZone");
    if (id && !aws_subnet_find(here(call), id, &order->subnet))
        aws_trouble(trouble, 400, "InvalidSubnetID.NotFound",
                    "The subnet ID '%s' does not exist", id);
    else if (!id && !default_subnet(here(call), zone, order))
        aws_trouble(trouble, 400, "InvalidParameterValue",
                    "Invalid availability zone: [%s]", zone ? zone : "");
    else if (!aws_type_offered(order->type, order->subnet.zone))
        aws_trouble(trouble, 400, "Unsupported",
                    "Your requested instance type (%s) is not supported in "
                    "your requested Availability Zone (%s). Please retry your "
                    "request by not specifying an Availability Zone or "
                    "choosing another one.",
                    order->type->name, order->subnet.zone);
    else
        return true;
    return false;
}

static bool find_groups(const struct sim_call *call, struct order *order,
                        struct aws_trouble *trouble)
{
    const json_t *interface = interface_of(order->wish);
    const json_t *ids =
        json_object_get(interface ? interface : order->wish, "SecurityGroupId");
    const json_t *id, *group;
    size_t i;

    if (interface && (json_object_get(order->wish, "SecurityGroupId") ||
                      json_object_get(order->wish, "SubnetId"))) {
        aws_trouble(trouble, 400, "InvalidParameterCombination",
                    "Network interfaces and an instance-level subnet ID may "
                    "not be specified on the same request");
        return false;
    }
    order->groups = json_array();
    json_array_foreach(ids, i, id)
    {
        group = aws_group_find(call->sim, json_string_value(id));
        if (!group) {
            aws_trouble(trouble, 400, "InvalidGroup.NotFound",
                        "The security group '%s' does not exist",
                        json_string_value(id));
            return false;
        }
        if (strcmp(sim_text(group, "vpcId", ""), order->subnet.vpc) != 0) {
            aws_trouble(trouble, 400, "InvalidParameter",
                        "Security group %s and subnet %s belong to different "
                        "networks.",
                        json_string_value(id), order->subnet.id);
            return false;
        }
        json_array_append(order->groups, (json_t *)id);
    }
    return true;
}

static bool read_data(struct order *order, struct aws_trouble *trouble)
{
    const char *text = aws_text_at(order->wish, "UserData");
    size_t n = 0;

    if (!text)
        return true;
    order->data = aws_unbase64(text, &n);
    if (order->data && n <= 16384)
        return true;
    if (order->data)
        aws_trouble(trouble, 400, "InvalidParameterValue",
                    "User data is limited to 16384 bytes");
    else
        aws_trouble(trouble, 400, "InvalidUserData.Malformed",
                    "Invalid BASE64 encoding of user data.");
    return false;
}

static bool disks_fit(const struct order *order, struct aws_trouble *trouble)
{
    const json_t *disk;
    size_t i;

    json_array_foreach(json_object_get(order->wish, "BlockDeviceMapping"), i,
                       disk)
    {
        int64_t size = aws_size(disk, "Ebs.VolumeSize", INT32_MAX);

        if (strcmp(sim_text(disk, "DeviceName", ""), order->image->root) == 0 &&
            size < order->image->size) {
            aws_trouble(trouble, 400, "InvalidBlockDeviceMapping",
                        "Volume of size %lldGB is smaller than snapshot "
                        "'snap-%s', expect size>= %dGB",
                        (long long)size, order->image->id + 4,
                        order->image->size);
            return false;
        }
    }
    return true;
}

static bool profile_fits(const struct sim_call *call, const struct order *order,
                         struct aws_trouble *trouble)
{
    const char *name = aws_text_at(order->wish, "IamInstanceProfile.Name");
    const char *arn = aws_text_at(order->wish, "IamInstanceProfile.Arn");
    const json_t *known = json_object_get(sim_values(call->sim), "profiles");

    if (arn && strrchr(arn, '/'))
        name = strrchr(arn, '/') + 1;
    if (!name || (json_array_size(known) ? aws_listed(known, name)
                                         : strcmp(name, "fleet-worker") == 0))
        return true;
    aws_trouble(trouble, 400, "InvalidParameterValue",
                "Value (%s) for parameter iamInstanceProfile.name is invalid. "
                "Invalid IAM Instance Profile name",
                name);
    return false;
}

/* What else the caller has to be allowed; groups have rights of their own. */
static bool rights_fit(struct sim_call *call, const struct aws_launch *launch,
                       const struct order *order, struct aws_trouble *trouble)
{
    const char *missing = NULL;

    if (launch->scaling)
        return true;
    if (!aws_allowed(call, "ec2:RunInstances"))
        missing = "ec2:RunInstances";
    else if (json_object_get(order->wish, "TagSpecification") &&
             !aws_allowed(call, "ec2:CreateTags"))
        missing = "ec2:CreateTags";
    else if (json_object_get(order->wish, "IamInstanceProfile") &&
             !aws_allowed(call, "iam:PassRole"))
        missing = "iam:PassRole";
    if (missing)
        aws_trouble(trouble, 403, "UnauthorizedOperation",
                    "You are not authorized to perform this operation. User: "
                    "%s is not authorized to perform: %s",
                    aws_of(call->sim)->arn, missing);
    return !missing;
}

/* --- who may log in ------------------------------------------------------ */

static void add_key(struct order *order, const char *text, size_t len)
{
    char *key = sim_format("%.*s", (int)len, text), *more;

    if (order->keys && strstr(order->keys, key)) {
        free(key);
        return;
    }
    more = sim_format("%s%s%s", order->keys ? order->keys : "",
                      order->keys ? "\n" : "", key);
    free(order->keys);
    free(key);
    order->keys = more;
}

/* What the guest would make of its user data: keys that it has in it. */
static void add_keys_in(struct order *order)
{
    static const char *const kinds[] = {"ssh-ed25519 ", "ssh-rsa ",
                                        "ecdsa-sha2-"};

    for (size_t i = 0; order->data && i < 3; i++) {
        const char *at = order->data;

        while ((at = strstr(at, kinds[i]))) {
            size_t kind = strcspn(at, " ");
            size_t blob = strspn(at + kind + 1,
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789+/=");

            if (blob > 40)
                add_key(order, at, kind + 1 + blob);
            at += kind;
        }
    }
}

static bool find_keys(const struct sim_call *call, struct order *order,
                      struct aws_trouble *trouble)
{
    const char *name = aws_text_at(order->wish, "KeyName");
    const char *key = name ? aws_key_material(call->sim, name) : NULL;

    if (name && !key) {
        aws_trouble(trouble, 400, "InvalidKeyPair.NotFound",
                    "The key pair '%s' does not exist", name);
        return false;
    }
    if (key)
        add_key(order, key, strcspn(key, "\r\n"));
    add_keys_in(order);
    return true;
}

static char *login_of(const struct order *order)
{
    static const char key[] = "MACHINE_NAME=";
    const char *at = order->data ? strstr(order->data, key) : NULL;

    if (!at)
        return NULL;
    at += sizeof key - 1;
    at += strspn(at, "'\"\\");
    return sim_format("%.*s", (int)strcspn(at, "\\\n\"' ;"), at);
}

/* --- may there be so many, is there room --------------------------------- */

static struct sim_machine *next_alive(struct sim *sim,
                                      struct sim_machine *machine)
{
    int64_t before = machine ? machine->number : INT64_MAX;

    do {
        machine = sim_machine_before(sim, before);
        before = machine ? machine->number : 0;
    } while (machine && !aws_alive(sim, machine));
    return machine;
}

static bool within_quota(struct sim_call *call, const struct order *order,
                         int64_t most, struct aws_trouble *trouble)
{
    bool spot = strcmp(order->market, "spot") == 0;
    const char *code = spot ? order->type->spot_quota : order->type->quota;
    const json_t *quotas = json_object_get(sim_values(call->sim), "quotas");
    int64_t limit = sim_number(quotas, code, INT64_MAX), used = 0;
    struct sim_machine *at = NULL;

    while ((at = next_alive(call->sim, at)))
        if (strcmp(sim_text(at->data, "quota", ""), code) == 0 &&
            strcmp(sim_text(at->data, "region", ""), here(call)) == 0)
            used += sim_number(at->data, "vcpus", 0);
    if (used + most * order->type->vcpus <= limit &&
        !sim_fault(call, "quota", order->pool))
        return true;
    if (spot)
        aws_trouble(trouble, 400, "MaxSpotInstanceCountExceeded",
                    "Max spot instance count exceeded");
    else
        aws_trouble(trouble, 400, "VcpuLimitExceeded",
                    "You have requested more vCPU capacity than your current "
                    "vCPU limit of %lld allows for the instance bucket that "
                    "the specified instance type belongs to.",
                    (long long)(limit == INT64_MAX ? 0 : limit));
    return false;
}

static bool price_fits(const struct sim_call *call,
                       const struct aws_launch *launch,
                       const struct order *order, struct aws_trouble *trouble)
{
    double price = aws_spot_price(call->sim, order->type, order->subnet.zone);
    const char *text = launch->max_price;

    if (!text)
        text = aws_text_at(order->wish,
                           "InstanceMarketOptions.SpotOptions.MaxPrice");
    if (!launch->spot || !text || strtod(text, NULL) >= price)
        return true;
    aws_trouble(trouble, 400, "SpotMaxPriceTooLow",
                "Your Spot request price of %s is lower than the minimum "
                "required Spot request fulfillment price of %.6f.",
                text, price);
    return false;
}

static int64_t live_in(struct sim *sim, const char *pattern)
{
    struct sim_machine *at = NULL;
    int64_t n = 0;

    while ((at = next_alive(sim, at)))
        n += aws_wild(pattern, sim_text(at->data, "pool", ""));
    return n;
}

/* How many more the pool takes. */
static int64_t room_in(struct sim_call *call, const struct order *order,
                       int64_t most)
{
    json_t *pools = json_object_get(sim_values(call->sim), "pools");
    const json_t *partial = sim_fault(call, "partial", order->pool);
    int64_t room = partial ? sim_number(partial, "count", 7) : most;
    const char *pattern;
    json_t *size;

    json_object_foreach(pools, pattern, size)
    {
        int64_t left = json_integer_value(size) - live_in(call->sim, pattern);

        if (aws_wild(pattern, order->pool) && left < room)
            room = left;
    }
    return room < 0 ? 0 : room < most ? room : most;
}

static void no_capacity(const struct order *order, const json_t *fault,
                        struct aws_trouble *trouble)
{
    const char *code = sim_text(fault, "code", "InsufficientInstanceCapacity");
    const char *message = sim_text(fault, "message", NULL);

    if (message)
        aws_trouble(trouble, (int)sim_number(fault, "status", 500), code, "%s",
                    message);
    else
        aws_trouble(trouble, (int)sim_number(fault, "status", 500), code,
                    "We currently do not have sufficient %s capacity in the "
                    "Availability Zone you requested (%s). Our system will be "
                    "working on provisioning additional capacity.",
                    order->type->name, order->subnet.zone);
}

/* 0 and trouble: none. */
static int64_t room_for(struct sim_call *call, const struct aws_launch *launch,
                        const struct order *order, struct aws_trouble *trouble)
{
    const json_t *fault = sim_fault(call, "capacity", order->pool);
    int64_t room;

    if (!fault && launch->spot)
        fault = sim_fault(call, "spot-capacity", order->pool);
    room = fault ? 0 : room_in(call, order, launch->most);
    if (room >= launch->least && room > 0)
        return room;
    no_capacity(order, fault, trouble);
    return 0;
}

static bool read_order(struct sim_call *call, const struct aws_launch *launch,
                       struct order *order, struct aws_trouble *trouble)
{
    order->wish = (json_t *)launch->wish;
    order->market = launch->spot ? "spot" : "on-demand";
    if (!find_type(launch, order, trouble) ||
        !find_image(launch, order, trouble) ||
        !find_subnet(call, launch, order, trouble) ||
        !find_groups(call, order, trouble) || !read_data(order, trouble) ||
        !disks_fit(order, trouble) || !profile_fits(call, order, trouble) ||
        !rights_fit(call, launch, order, trouble) ||
        !find_keys(call, order, trouble))
        return false;
    snprintf(order->pool, sizeof order->pool, "%s@%s/%s", order->type->name,
             order->subnet.zone, order->market);
    return price_fits(call, launch, order, trouble) &&
           within_quota(call, order, launch->least, trouble);
}

/* --- they are made ------------------------------------------------------- */

static json_t *volumes_of(const struct order *order)
{
    const json_t *disk;
    json_t *root =
        json_pack("{s:s, s:i, s:s, s:b}", "device", order->image->root, "size",
                  order->image->size, "type", "gp2", "ends", 1);
    json_t *list = json_pack("[o]", root);
    size_t i;

    json_array_foreach(json_object_get(order->wish, "BlockDeviceMapping"), i,
                       disk)
    {
        const char *device = sim_text(disk, "DeviceName", "");
        bool is_root = strcmp(device, order->image->root) == 0;
        json_t *one = is_root ? root : json_object();

        sim_put(one, "device", json_string(device));
        sim_put(
            one, "size",
            json_integer(aws_size(disk, "Ebs.VolumeSize", order->image->size)));
        if (aws_text_at(disk, "Ebs.VolumeType"))
            sim_put(one, "type",
                    json_string(aws_text_at(disk, "Ebs.VolumeType")));
        if (!is_root)
            json_array_append_new(list, one);
    }
    json_array_foreach(list, i, disk)
    {
        char *id = aws_new_id("vol-");

        sim_put((json_t *)disk, "id", json_string(id));
        free(id);
    }
    return list;
}

static bool has_public_address(const struct order *order)
{
    const char *said =
        sim_text(interface_of(order->wish), "AssociatePublicIpAddress", NULL);

    return said ? strcmp(said, "true") == 0 : order->subnet.public;
}

static json_t *data_of(const struct sim_call *call,
                       const struct aws_launch *launch,
                       const struct order *order, const char *reservation)
{
    json_t *tags = aws_tags_for(order->wish, "instance");
    const char *token = aws_text_at(order->wish, "ClientToken");
    const char *key = aws_text_at(order->wish, "KeyName");
    const char *at_end =
        aws_text_at(order->wish, "InstanceInitiatedShutdownBehavior");
    json_t *data = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:o, s:o, "
        "s:O}",
        "region", here(call), "type", order->type->name, "image",
        order->image->id, "subnet", order->subnet.id, "pool", order->pool,
        "market", order->market, "reservation", reservation, "quota",
        launch->spot ? order->type->spot_quota : order->type->quota, "vcpus",
        order->type->vcpus, "token", token ? token : "", "public",
        has_public_address(order), "tags", tags, "volumes", volumes_of(order),
        "groups", order->groups);

    if (launch->tags)
        json_object_update(tags, launch->tags);
    if (json_object_get(order->wish, "MetadataOptions"))
        json_object_set(data, "metadata",
                        json_object_get(order->wish, "MetadataOptions"));
    if (at_end)
        sim_put(data, "on_shutdown", json_string(at_end));
    if (key)
        sim_put(data, "key", json_string(key));
    if (launch->scaling)
        sim_put(data, "scaling", json_string(launch->scaling));
    if (launch->spot) {
        char word[9];

        sim_random_word(word, 8);
        sim_put(data, "request", json_string(word));
    }
    return data;
}

/* What is to become of it by itself. */
static void foretell(struct sim_call *call, const struct aws_launch *launch,
                     const struct order *order, json_t *data)
{
    const json_t *fault = sim_fault(call, "launch-failure", order->pool);

    if (fault)
        sim_put(data, "fails",
                json_pack("{s:s, s:s}", "code",
                          sim_text(fault, "code", "Server.InternalError"),
                          "message",
                          sim_text(fault, "message",
                                   "Server.InternalError: Internal error on "
                                   "launch")));
    fault =
        launch->spot ? sim_fault(call, "spot-interrupt", order->pool) : NULL;
    if (fault)
        sim_put(data, "interrupt_at",
                json_integer(sim_now_ms() + sim_number(fault, "ms", 1000)));
}

static void make_instance(struct sim_call *call,
                          const struct aws_launch *launch,
                          const struct order *order, const char *reservation,
                          json_t *ids)
{
    char *id = aws_new_id("i-"), *login = login_of(order);
    json_t *data = data_of(call, launch, order, reservation);
    const char *name = sim_text(json_object_get(data, "tags"), "Name", id);
    const struct sim_wish wish = {.id = id,
                                  .name = name,
                                  .login = login,
                                  .keys = order->keys,
                                  .call = call};
    struct sim_machine *machine;

    foretell(call, launch, order, data);
    machine = sim_machine_new(call->sim, &wish);
    json_decref(machine->data);
    machine->data = data;
    machine->locked = aws_is_true(order->wish, "DisableApiTermination");
    json_array_append_new(ids, json_string(id));
    free(id);
    free(login);
}

json_t *aws_launch(struct sim_call *call, const struct aws_launch *launch,
                   struct aws_trouble *trouble)
{
    struct order order = {NULL};
    char *reservation = aws_new_id("r-");
    json_t *ids = json_array();
    int64_t n = 0;

    if (read_order(call, launch, &order, trouble))
        n = room_for(call, launch, &order, trouble);
    while (n-- > 0)
        make_instance(call, launch, &order, reservation, ids);
    order_clear(&order);
    free(reservation);
    return ids;
}
