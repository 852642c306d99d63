/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Auto Scaling groups do by themselves. Nothing runs in the background:
 * before a call is answered, every group of its region takes the steps for
 * which the time has come. */

enum { RETRY_MS = 2000, LAUNCHES_MAX = 500 };

static const char *name_of(const json_t *group)
{
    return sim_text(group, "name", "");
}

/* --- who belongs to it --------------------------------------------------- */

struct sim_machine *aws_member(struct sim *sim, const json_t *group,
                               struct sim_machine *after)
{
    int64_t before = after ? after->number : INT64_MAX;
    struct sim_machine *at;

    while ((at = sim_machine_before(sim, before))) {
        before = at->number;
        if (strcmp(sim_text(at->data, "scaling", ""), name_of(group)) == 0 &&
            strcmp(sim_text(at->data, "region", ""),
                   sim_text(group, "region", "")) == 0)
            return at;
    }
    return NULL;
}

static int64_t weight_of(const struct sim_machine *machine)
{
    return sim_number(machine->data, "weight", 1);
}

/* What the living ones are worth; ONLY_MARKET NULL: all of them. */
static int64_t worth(struct sim *sim, const json_t *group, const char *subnet,
                     const char *market)
{
    struct sim_machine *at = NULL;
    int64_t n = 0;

    while ((at = aws_member(sim, group, at)))
        if (aws_alive(sim, at) &&
            (!subnet ||
             strcmp(sim_text(at->data, "subnet", ""), subnet) == 0) &&
            (!market || strcmp(sim_text(at->data, "market", ""), market) == 0))
            n += weight_of(at);
    return n;
}

static bool is_suspended(const json_t *group, const char *process)
{
    return json_object_get(json_object_get(group, "suspended"), process) !=
           NULL;
}

/* --- activities ---------------------------------------------------------- */

json_t *aws_activity(struct sim *sim, const json_t *group, const char *status,
                     const char *description, const char *cause,
                     const char *message)
{
    char stamp[SIM_STAMP_SIZE], *id = aws_new_id("");
    json_t *made;

    sim_stamp(stamp, sim_clock_ms(), true);
    made = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "ActivityId",
                     id, "AutoScalingGroupName", name_of(group), "Description",
                     description, "Cause", cause, "StartTime", stamp,
                     "StatusCode", status, "Progress", 100, "Details", "{}");
    if (message)
        sim_put(made, "StatusMessage", json_string(message));
    if (strcmp(status, "InProgress") != 0)
        sim_put(made, "EndTime", json_string(stamp));
    json_array_insert_new(aws_of(sim)->activities, 0,
                          json_pack("{s:O, s:O}", "region",
                                    json_object_get(group, "region"), "told",
                                    made));
    free(id);
    return made;
}

static void note(struct sim *sim, const json_t *group, const char *status,
                 const char *what, const char *id, const char *cause,
                 const char *message)
{
    char *description =
        sim_format("%s EC2 instance%s%s", what, *id ? ": " : "", id);

    json_decref(aws_activity(sim, group, status, description, cause, message));
    free(description);
}

/* --- one more ------------------------------------------------------------ */

struct choice {
    const char *type, *subnet; /* type NULL: the template's */
    int64_t weight, load;      /* how many are there already */
    double price;
};

static const json_t *spec_of(const json_t *group)
{
    const json_t *mixed =
        aws_at(group, "mixed.LaunchTemplate.LaunchTemplateSpecification");

    return mixed ? mixed : json_object_get(group, "template");
}

/* Whether the next one is to be spot: by the distribution, or by the template.
 */
static bool next_is_spot(struct sim *sim, const json_t *group,
                         const json_t *data)
{
    const json_t *mixed = json_object_get(group, "mixed");
    const json_t *how = json_object_get(mixed, "InstancesDistribution");
    const char *market = aws_text_at(data, "InstanceMarketOptions.MarketType");
    int64_t base = aws_size(how, "OnDemandBaseCapacity", 0);
    int64_t percent = aws_size(how, "OnDemandPercentageAboveBaseCapacity", 100);
    int64_t all = worth(sim, group, NULL, NULL);
    int64_t demand = worth(sim, group, NULL, "on-demand");

    if (!mixed)
        return market && strcmp(market, "spot") == 0;
    if (demand < base)
        return false;
    return (demand - base) * 100 >= percent * (all - base + 1);
}

static double price_at(struct sim *sim, const json_t *group, const char *name,
                       const char *subnet_id, bool spot)
{
    const struct aws_type *type = aws_type_find(name ? name : "");
    struct aws_subnet subnet;

    if (!type ||
        !aws_subnet_find(sim_text(group, "region", ""), subnet_id, &subnet))
        return 0;
    return spot ? aws_spot_price(sim, type, subnet.zone) : 0;
}

static int by_preference(const void *a, const void *b)
{
    const struct choice *one = a, *other = b;

    if (one->price != other->price)
        return one->price < other->price ? -1 : 1;
    return (one->load > other->load) - (one->load < other->load);
}

/* Spot by price; on demand by the order of the types; then where there are
 * fewest. */
static size_t find_choices(struct sim *sim, const json_t *group, bool spot,
                           struct choice *out, size_t max)
{
    const json_t *types = aws_at(group, "mixed.LaunchTemplate.Overrides");
    size_t n_types = json_array_size(types), n = 0, i;
    const json_t *subnet;

    for (size_t t = 0; t < (n_types ? n_types : 1); t++) {
        const json_t *type = json_array_get(types, t);
        const char *name = sim_text(type, "InstanceType", NULL);

        json_array_foreach(json_object_get(group, "subnets"), i, subnet)
        {
            const char *id = json_string_value(subnet);
            double price = price_at(sim, group, name, id, spot);

            if (n == max)
                break;
            out[n++] =
                (struct choice){.type = name,
                                .subnet = id,
                                .weight = aws_size(type, "WeightedCapacity", 1),
                                .load = worth(sim, group, id, NULL),
                                .price = spot ? price : (double)t};
        }
    }
    qsort(out, n, sizeof *out, by_preference);
    return n;
}

static json_t *tags_of(const json_t *group, const json_t *template,
                       int64_t version)
{
    json_t *tags = json_object();
    char *number = sim_format("%lld", (long long)version);
    const json_t *tag;
    size_t i;

    json_array_foreach(json_object_get(group, "tags"), i, tag)
    {
        if (strcmp(sim_text(tag, "PropagateAtLaunch", "true"), "true") == 0)
            sim_put(tags, sim_text(tag, "Key", ""),
                    json_string(sim_text(tag, "Value", "")));
    }
    sim_put(tags, "aws:autoscaling:groupName", json_string(name_of(group)));
    json_object_set(tags, "aws:ec2launchtemplate:id",
                    json_object_get(template, "launchTemplateId"));
    sim_put(tags, "aws:ec2launchtemplate:version", json_string(number));
    free(number);
    return tags;
}

static void note_launch(struct sim_call *call, json_t *group,
                        const struct choice *choice, const json_t *tags,
                        const char *id)
{
    struct sim_machine *machine = sim_machine_find(call->sim, id);

    sim_put(machine->data, "weight", json_integer(choice->weight));
    sim_put(machine->data, "protected",
            json_boolean(sim_flag(group, "protect_new")));
    json_object_set(machine->data, "template_version",
                    json_object_get(tags, "aws:ec2launchtemplate:version"));
    json_object_del(group, "failures");
    note(call->sim, group, "Successful", "Launching a new", id,
         "an instance was started in response to a difference between desired "
         "and actual capacity",
         NULL);
}

static bool try_choice(struct sim_call *call, json_t *group,
                       const struct choice *choice, bool spot,
                       const json_t *data, json_t *tags,
                       struct aws_trouble *trouble)
{
    const char *most =
        aws_text_at(group, "mixed.InstancesDistribution.SpotMaxPrice");
    const struct aws_launch launch = {
        .wish = data,
        .type = choice->type,
        .subnet = choice->subnet,
        .max_price = most && *most ? most : NULL,
        .scaling = name_of(group),
        .spot = spot,
        .least = 1,
        .most = 1,
        .tags = tags,
    };
    json_t *ids = aws_launch(call, &launch, trouble);
    bool done = json_array_size(ids) == 1;

    if (done)
        note_launch(call, group, choice, tags,
                    json_string_value(json_array_get(ids, 0)));
    json_decref(ids);
    return done;
}

/* It is tried again, after growing pauses. */
static void note_failure(struct sim *sim, json_t *group,
                         const struct aws_trouble *trouble)
{
    int64_t failures = sim_number(group, "failures", 0);
    int64_t pause = sim_number(sim_values(sim), "retry_ms", RETRY_MS)
                    << (failures < 6 ? failures : 6);
    char *message =
        sim_format("%s Launching EC2 instance failed.", trouble->message);

    sim_put(group, "failures", json_integer(failures + 1));
    sim_put(group, "retry_at", json_integer(sim_now_ms() + pause));
    note(sim, group, "Failed", "Launching a new", "",
         "an instance was started in response to a difference between desired "
         "and actual capacity",
         message);
    free(message);
}

static bool launch_one(struct sim_call *call, json_t *group)
{
    enum { CHOICES = 200 };
    const json_t *template = NULL, *data;
    struct choice *choices = sim_alloc(CHOICES * sizeof *choices);
    struct aws_trouble trouble = {0};
    int64_t version = 0;
    bool spot, done = false;
    json_t *tags;
    size_t n;

    data =
        aws_template(call->sim, spec_of(group), &trouble, &version, &template);
    spot = next_is_spot(call->sim, group, data);
    tags = tags_of(group, template, version);
    n = data ? find_choices(call->sim, group, spot, choices, CHOICES) : 0;
    for (size_t i = 0; i < n && !done; i++)
        done = try_choice(call, group, &choices[i], spot, data, tags, &trouble);
    if (!done)
        note_failure(call->sim, group, &trouble);
    json_decref(tags);
    free(choices);
    return done;
}

/* --- one less ------------------------------------------------------------ */

void aws_take_out(struct sim *sim, const json_t *group,
                  struct sim_machine *machine, const char *cause)
{
    aws_terminate(sim, machine, "Client.UserInitiatedShutdown",
                  "Client.UserInitiatedShutdown: User initiated shutdown");
    note(sim, group, "Successful", "Terminating", machine->id, cause, NULL);
}

/* The oldest that is not protected, or by its policy the newest; false: there
 * is none. */
static bool drop_one(struct sim *sim, const json_t *group)
{
    const json_t *policy =
        json_array_get(json_object_get(group, "policies"), 0);
    bool newest =
        policy && strcmp(json_string_value(policy), "NewestInstance") == 0;
    struct sim_machine *at = NULL, *chosen = NULL;

    while ((at = aws_member(sim, group, at)))
        if (aws_alive(sim, at) && !sim_flag(at->data, "protected") &&
            !(newest && chosen))
            chosen = at;
    if (chosen)
        aws_take_out(sim, group, chosen,
                     "an instance was taken out of service in response to a "
                     "difference between desired and actual capacity");
    return chosen != NULL;
}

/* Ended or stopped by somebody else: a new one takes its place. */
static void look_after_health(struct sim *sim, const json_t *group)
{
    struct sim_machine *at = NULL;

    while ((at = aws_member(sim, group, at))) {
        if (aws_alive(sim, at) && sim_machine_state(sim, at) == SIM_STOPPED &&
            !is_suspended(group, "ReplaceUnhealthy"))
            aws_take_out(sim, group, at,
                         "an instance was taken out of service in response to "
                         "an EC2 health check indicating it has been "
                         "terminated or stopped");
    }
}

/* --- all of them --------------------------------------------------------- */

static void scale(struct sim_call *call, json_t *group)
{
    struct sim *sim = call->sim;
    int64_t desired = sim_number(group, "desired", 0);

    look_after_health(sim, group);
    for (int i = 0; i < LAUNCHES_MAX; i++) {
        if (worth(sim, group, NULL, NULL) >= desired ||
            is_suspended(group, "Launch") ||
            sim_now_ms() < sim_number(group, "retry_at", 0) ||
            !launch_one(call, group))
            break;
    }
    while (worth(sim, group, NULL, NULL) > desired &&
           !is_suspended(group, "Terminate") && drop_one(sim, group))
        ;
}

/* One that is being deleted goes with its last instance. */
static bool is_deleted(struct sim *sim, const json_t *group)
{
    struct sim_machine *at = NULL;

    if (!sim_flag(group, "deleting"))
        return false;
    while ((at = aws_member(sim, group, at)))
        if (strcmp(aws_state(sim, at), "terminated") != 0)
            return false;
    return true;
}

void aws_scale(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);

    for (size_t i = json_array_size(aws->scaling); i-- > 0;) {
        json_t *group = json_array_get(aws->scaling, i);

        if (strcmp(sim_text(group, "region", ""), aws->region) != 0)
            continue;
        if (is_deleted(call->sim, group))
            json_array_remove(aws->scaling, i);
        else if (!sim_flag(group, "deleting"))
            scale(call, group);
    }
}
