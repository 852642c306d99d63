/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CreateFleet of type instant: pools are tried in the order that the strategy
 * gives them until there are enough. That there are fewer, or none, is a 200,
 * and why is in errorSet. */

struct pool {
    const json_t *spec, *override; /* of the request; override may be NULL */
    double rank;
};

struct filling {
    struct sim_call *call;
    bool spot;
    const char *fleet;
    int64_t left;            /* units of capacity */
    json_t *instances;       /* fleetInstanceSet */
    json_t *errors;          /* errorSet */
    json_t *launched;        /* ids of this market */
    char type[64], zone[32]; /* of the last that had room */
};

/* --- which pools, in which order ----------------------------------------- */

static double price_of(const struct sim_call *call, const json_t *override,
                       bool spot)
{
    const struct aws_type *type =
        aws_type_find(sim_text(override, "InstanceType", ""));
    const char *zone = sim_text(override, "AvailabilityZone", "");
    struct aws_subnet subnet = {.zone = ""};

    if (!type)
        return 1e9;
    if (aws_subnet_find(aws_of(call->sim)->region,
                        sim_text(override, "SubnetId", ""), &subnet))
        zone = subnet.zone;
    return spot && *zone ? aws_spot_price(call->sim, type, zone) : type->price;
}

static double rank_of(const struct sim_call *call, const json_t *override,
                      bool spot, size_t number)
{
    const char *strategy =
        aws_param(call, spot ? "SpotOptions.AllocationStrategy"
                             : "OnDemandOptions.AllocationStrategy");
    const char *priority = sim_text(override, "Priority", NULL);
    bool by_priority = strategy && strstr(strategy, "prioritized");
    double rank = by_priority ? (priority ? strtod(priority, NULL) : 1e6)
                              : price_of(call, override, spot);

    return rank + 1e-9 * (double)number;
}

static int by_rank(const void *a, const void *b)
{
    double first = ((const struct pool *)a)->rank;
    double second = ((const struct pool *)b)->rank;

    return (first > second) - (first < second);
}

static void add_pool(const struct sim_call *call, struct pool *pools, size_t *n,
                     const json_t *config, const json_t *override, bool spot)
{
    enum { POOLS_MAX = 300 };

    if (*n == POOLS_MAX)
        return;
    pools[*n] = (struct pool){
        .spec = json_object_get(config, "LaunchTemplateSpecification"),
        .override = override,
        .rank = rank_of(call, override, spot, *n)};
    ++*n;
}

static size_t find_pools(const struct sim_call *call, struct pool pools[300],
                         bool spot)
{
    const json_t *configs =
        json_object_get(call->body, "LaunchTemplateConfigs");
    const json_t *config, *override;
    size_t n = 0, i, k;

    json_array_foreach(configs, i, config)
    {
        const json_t *overrides = json_object_get(config, "Overrides");

        if (!overrides)
            add_pool(call, pools, &n, config, NULL, spot);
        json_array_foreach(overrides, k, override)
        {
            add_pool(call, pools, &n, config, override, spot);
        }
    }
    qsort(pools, n, sizeof *pools, by_rank);
    return n;
}

/* --- one pool ------------------------------------------------------------ */

static json_t *override_told(const struct pool *pool)
{
    static const char *const keys[][2] = {
        {"InstanceType", "instanceType"},
        {"SubnetId", "subnetId"},
        {"AvailabilityZone", "availabilityZone"},
        {"MaxPrice", "maxPrice"},
        {"Priority", "priority"},
        {"WeightedCapacity", "weightedCapacity"},
    };
    json_t *made = json_object(), *spec = json_object();
    const char *id = sim_text(pool->spec, "LaunchTemplateId", NULL);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(pool->override, keys[i][0]);

        if (value)
            json_object_set(made, keys[i][1], value);
    }
    sim_put(
        spec, id ? "launchTemplateId" : "launchTemplateName",
        json_string(id ? id : sim_text(pool->spec, "LaunchTemplateName", "")));
    sim_put(spec, "version", json_string(sim_text(pool->spec, "Version", "")));
    return json_pack("{s:o, s:o}", "launchTemplateSpecification", spec,
                     "overrides", made);
}

static void add_error(struct filling *filling, const struct pool *pool,
                      const struct aws_trouble *trouble)
{
    json_array_append_new(
        filling->errors,
        json_pack("{s:o, s:s, s:s, s:s}", "launchTemplateAndOverrides",
                  override_told(pool), "lifecycle",
                  filling->spot ? "spot" : "on-demand", "errorCode",
                  trouble->code, "errorMessage", trouble->message));
}

static void add_success(struct filling *filling, const struct pool *pool,
                        json_t *ids)
{
    const struct sim_machine *machine = sim_machine_find(
        filling->call->sim, json_string_value(json_array_get(ids, 0)));
    struct aws_subnet subnet = {.zone = ""};

    aws_subnet_find(aws_of(filling->call->sim)->region,
                    sim_text(machine->data, "subnet", ""), &subnet);
    snprintf(filling->type, sizeof filling->type, "%s",
             sim_text(machine->data, "type", ""));
    snprintf(filling->zone, sizeof filling->zone, "%s", subnet.zone);
    json_array_extend(filling->launched, ids);
    json_array_append_new(
        filling->instances,
        json_pack("{s:o, s:s, s:O, s:s, s:s}", "launchTemplateAndOverrides",
                  override_told(pool), "lifecycle",
                  filling->spot ? "spot" : "on-demand", "instanceIds", ids,
                  "instanceType", filling->type, "availabilityZone",
                  subnet.zone));
}

/* What all its instances carry. */
static json_t *tags_of(const struct filling *filling, const json_t *template,
                       int64_t version)
{
    json_t *tags = aws_tags_for(filling->call->body, "instance");
    char *number = sim_format("%lld", (long long)version);

    sim_put(tags, "aws:ec2:fleet-id", json_string(filling->fleet));
    json_object_set(tags, "aws:ec2launchtemplate:id",
                    json_object_get(template, "launchTemplateId"));
    sim_put(tags, "aws:ec2launchtemplate:version", json_string(number));
    free(number);
    return tags;
}

/* NULL and trouble: no template, or one that is not for fleets. */
static json_t *wish_of(struct filling *filling, const struct pool *pool,
                       json_t **tags, struct aws_trouble *trouble)
{
    const json_t *template = NULL, *data;
    int64_t version = 0;
    json_t *more, *made;
    char *token;

    data = aws_template(filling->call->sim, pool->spec, trouble, &version,
                        &template);
    if (data && json_object_get(data, "InstanceMarketOptions")) {
        aws_trouble(trouble, 400, "InvalidParameterCombination",
                    "Your launch template may not have InstanceMarketOptions.");
        return NULL;
    }
    if (!data)
        return NULL;
    token = sim_format("%s-%zu", filling->fleet,
                       json_array_size(filling->instances));
    more = json_pack("{s:s}", "ClientToken", token);
    made = aws_merge(data, more);
    *tags = tags_of(filling, template, version);
    json_decref(more);
    free(token);
    return made;
}

static int64_t weight_of(const struct pool *pool)
{
    const char *text = sim_text(pool->override, "WeightedCapacity", "1");
    int64_t weight = (int64_t)strtod(text, NULL);

    return weight > 0 ? weight : 1;
}

static void try_pool(struct filling *filling, const struct pool *pool)
{
    struct aws_trouble trouble = {0};
    json_t *tags = NULL, *wish = wish_of(filling, pool, &tags, &trouble);
    int64_t weight = weight_of(pool);
    const struct aws_launch launch = {
        .wish = wish,
        .type = sim_text(pool->override, "InstanceType", NULL),
        .subnet = sim_text(pool->override, "SubnetId", NULL),
        .zone = sim_text(pool->override, "AvailabilityZone", NULL),
        .image = sim_text(pool->override, "ImageId", NULL),
        .max_price = sim_text(pool->override, "MaxPrice", NULL),
        .spot = filling->spot,
        .least = 1,
        .most = (filling->left + weight - 1) / weight,
        .tags = tags,
    };
    json_t *ids =
        wish ? aws_launch(filling->call, &launch, &trouble) : json_array();

    filling->left -= (int64_t)json_array_size(ids) * weight;
    if (json_array_size(ids))
        add_success(filling, pool, ids);
    else
        add_error(filling, pool, &trouble);
    json_decref(ids);
    json_decref(wish);
    json_decref(tags);
}

/* --- one market ---------------------------------------------------------- */

static bool is_apart(const struct filling *filling, const struct pool *pool,
                     const char *options)
{
    char *type = sim_format("%s.SingleInstanceType", options);
    char *zone = sim_format("%s.SingleAvailabilityZone", options);
    const json_t *body = filling->call->body;
    struct aws_subnet subnet = {.zone = ""};
    bool apart;

    aws_subnet_find(aws_of(filling->call->sim)->region,
                    sim_text(pool->override, "SubnetId", ""), &subnet);
    apart = *filling->type &&
            ((aws_is_true(body, type) &&
              strcmp(filling->type,
                     sim_text(pool->override, "InstanceType", "")) != 0) ||
             (aws_is_true(body, zone) && *subnet.zone &&
              strcmp(filling->zone, subnet.zone) != 0));
    free(type);
    free(zone);
    return apart;
}

/* All or nothing, where a minimum is asked for. */
static void undo(struct filling *filling, size_t before)
{
    const json_t *id;
    size_t i;

    json_array_foreach(filling->launched, i, id)
    {
        struct sim_machine *machine =
            sim_machine_find(filling->call->sim, json_string_value(id));

        if (machine)
            sim_machine_end(filling->call->sim, machine);
    }
    while (json_array_size(filling->instances) > before)
        json_array_remove(filling->instances, before);
}

static void fill(struct filling *filling, int64_t wanted)
{
    const char *options = filling->spot ? "SpotOptions" : "OnDemandOptions";
    char *least = sim_format("%s.MinTargetCapacity", options);
    struct pool *pools = sim_alloc(300 * sizeof *pools);
    size_t n = find_pools(filling->call, pools, filling->spot);
    size_t before = json_array_size(filling->instances);

    filling->left = wanted;
    filling->launched = json_array();
    *filling->type = '\0';
    for (size_t i = 0; i < n && filling->left > 0; i++)
        if (!is_apart(filling, &pools[i], options))
            try_pool(filling, &pools[i]);
    if (wanted - filling->left < aws_size(filling->call->body, least, 0))
        undo(filling, before);
    json_decref(filling->launched);
    free(pools);
    free(least);
}

/* --- the call ------------------------------------------------------------ */

static bool asks_for_instant(struct sim_call *call)
{
    const char *type = aws_param(call, "Type");

    if (type && strcmp(type, "instant") == 0)
        return true;
    aws_refuse(call, 403, "UnauthorizedOperation",
               "You are not authorized to use the service-linked role "
               "AWSServiceRoleForEC2Fleet, which fleets of type %s need",
               type ? type : "maintain");
    return false;
}

static void fill_markets(struct filling *filling, const json_t *target)
{
    int64_t total = aws_size(target, "TotalTargetCapacity", 0);
    int64_t spot = aws_size(target, "SpotTargetCapacity", 0);
    int64_t demand = aws_size(target, "OnDemandTargetCapacity", 0);
    const char *other =
        sim_text(target, "DefaultTargetCapacityType", "on-demand");
    int64_t rest = total > spot + demand ? total - spot - demand : 0;

    if (strcmp(other, "spot") == 0)
        spot += rest;
    else
        demand += rest;
    filling->spot = false;
    if (demand)
        fill(filling, demand);
    filling->spot = true;
    if (spot)
        fill(filling, spot);
}

static void create_fleet(struct sim_call *call)
{
    const json_t *target =
        json_object_get(call->body, "TargetCapacitySpecification");
    bool refused = false;
    const json_t *seen = aws_token_seen(call, &refused);
    struct filling filling = {.call = call};
    char *id;
    json_t *made;

    if (seen)
        aws_answer(call, json_deep_copy(seen));
    if (seen || refused || !asks_for_instant(call))
        return;
    id = aws_new_id("fleet-");
    filling.fleet = id;
    filling.instances = json_array();
    filling.errors = json_array();
    fill_markets(&filling, target);
    made = json_pack("{s:s, s:o, s:o}", "fleetId", id, "fleetInstanceSet",
                     filling.instances, "errorSet", filling.errors);
    aws_answer(call, json_deep_copy(made));
    aws_token_keep(call, made);
    free(id);
}

/* --- what it takes ------------------------------------------------------- */

static const struct sim_field spec_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                               AWS_TEXT("LaunchTemplateName"),
                                               AWS_NEED("Version"),
                                               {0}};
static const struct sim_field placement_fields[] = {AWS_TEXT("GroupName"), {0}};
static const struct sim_field override_fields[] = {
    AWS_TEXT("InstanceType"),
    AWS_TEXT("SubnetId"),
    AWS_TEXT("AvailabilityZone"),
    AWS_TEXT("MaxPrice"),
    AWS_TEXT("Priority"),
    AWS_TEXT("WeightedCapacity"),
    AWS_TEXT("ImageId"),
    AWS_SUB("Placement", placement_fields),
    {0}};
static const struct sim_field override_item = AWS_ITEM(override_fields);
static const struct sim_field config_fields[] = {
    {.key = "LaunchTemplateSpecification",
     .type = SIM_OBJECT,
     .flags = SIM_REQUIRED,
     .sub = spec_fields},
    {.key = "Overrides", .type = SIM_ARRAY, .max = 300, .sub = &override_item},
    {0}};
static const struct sim_field config_item = AWS_ITEM(config_fields);
static const char *const capacity_types[] = {"spot", "on-demand",
                                             "capacity-block", NULL};
static const struct sim_field target_fields[] = {
    {.key = "TotalTargetCapacity",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .pattern = "^[0-9]+$"},
    {.key = "DefaultTargetCapacityType",
     .type = SIM_STRING,
     .words = capacity_types},
    AWS_SIZE("OnDemandTargetCapacity"),
    AWS_SIZE("SpotTargetCapacity"),
    {0}};
static const char *const spot_strategies[] = {"lowest-price",
                                              "diversified",
                                              "capacity-optimized",
                                              "capacity-optimized-prioritized",
                                              "price-capacity-optimized",
                                              NULL};
static const struct sim_field spot_fields[] = {
    {.key = "AllocationStrategy", .type = SIM_STRING, .words = spot_strategies},
    AWS_SIZE("MinTargetCapacity"),
    AWS_BOOL("SingleInstanceType"),
    AWS_BOOL("SingleAvailabilityZone"),
    AWS_TEXT("InstanceInterruptionBehavior"),
    {0}};
static const char *const strategies[] = {"lowest-price", "prioritized", NULL};
static const struct sim_field demand_fields[] = {
    {.key = "AllocationStrategy", .type = SIM_STRING, .words = strategies},
    AWS_SIZE("MinTargetCapacity"),
    AWS_BOOL("SingleInstanceType"),
    AWS_BOOL("SingleAvailabilityZone"),
    {0}};
static const char *const types[] = {"instant", "request", "maintain", NULL};

static const struct sim_field fleet_fields[] = {
    {.key = "Type", .type = SIM_STRING, .words = types},
    {.key = "LaunchTemplateConfigs",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 50,
     .sub = &config_item},
    {.key = "TargetCapacitySpecification",
     .type = SIM_OBJECT,
     .flags = SIM_REQUIRED,
     .sub = target_fields},
    AWS_SUB("SpotOptions", spot_fields),
    AWS_SUB("OnDemandOptions", demand_fields),
    AWS_EACH("TagSpecification", aws_tags_item),
    {.key = "ClientToken", .type = SIM_STRING, .min = 1, .max = 64},
    {0}};

const struct aws_action aws_fleet_actions[] = {
    {"CreateFleet", fleet_fields, create_fleet},
    {NULL, NULL, NULL},
};
