/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Amazon Web Services: EC2, Auto Scaling, STS, and a little of SSM, Service
 * Quotas and the price list, for all regions at one address. Real instances
 * listen on port 22 of addresses of their own; ours say where, and whom they
 * let in, in the tags fleet-ssh-port and fleet-ssh-user.
 *
 * In faults, in the log and in "match" a call is "POST /SERVICE/ACTION", such
 * as "POST /ec2/RunInstances": SERVICE is ec2, autoscaling, sts, ssm,
 * servicequotas or pricing; "body" in the log is the form as JSON. A "status"
 * fault whose detail is "Code: message" gives that code in the service's own
 * form. An "edit" reaches XML, too: "/RunInstancesResponse/instancesSet/0/...".
 *
 * Faults of our own; "only" is SERVICE:ACTION in the first two, and
 * TYPE@ZONE/MARKET (on-demand or spot) in the others:
 *   unauthorized    the caller may not do this
 *   throttle        too many calls
 *   capacity        InsufficientInstanceCapacity (500), "code" and "message":
 *                   another; spot-capacity: of spot only
 *   quota           VcpuLimitExceeded, of spot MaxSpotInstanceCountExceeded
 *   partial         no more than "count" in one pool (7)
 *   launch-failure  pending, then terminated; "code", "message"
 *   spot-interrupt  "ms" after the launch of a spot instance
 *   no-console      GetConsoleOutput has nothing yet
 *   in-progress     SetDesiredCapacity of the group "only": a 400
 *   new-token       the next call is refused as signed with an expired token
 * That a new instance is not found yet is "unlisted" of every provider, and
 * --settle.
 *
 * Values (POST /sim/set):
 *   allow       rights that the caller has, such as ["ec2:Describe*"]
 *   pools       {"g5.*@us-east-1a/spot": 3}: so many can live there
 *   quotas      {"L-DB2E81BA": 8}: vCPUs; 0 is possible
 *   clock_s     what the servers' clocks are ahead of ours; also in Date
 *   page_max    pages are that short
 *   action_ms   how long stopping and terminating take (100)
 *   linger_ms   how long terminated instances are told (an hour)
 *   retry_ms    until a group tries again to launch, then twice that (2000)
 *   interrupt   the id of a spot instance that is taken back
 *   private     the address of instances is also their private one
 *   roles       {"NAME": {"external_id", "max_s"}}: which can be assumed;
 *               by default fleet-worker and fleet-master
 *   profiles    names of instance profiles (fleet-worker)
 *   web_token   what a web identity is (fleet-web-identity)
 *   credentials_s    how long keys of metadata and containers last (3600)
 *   imds_role   role of the machine we run on (fleet-worker); "": none
 *   imds_code   "Code" of its credentials (Success)
 *   imds_instance    the id of the instance that we are
 *   container_token  what a container has to send as Authorization */

struct aws *aws_of(const struct sim *sim)
{
    return sim_state(sim);
}

/* --- from a request to an action ----------------------------------------- */

static const struct service {
    enum aws_service id;
    const char *name;
    const struct aws_action *actions[7]; /* several tables */
} services[] = {
    {AWS_EC2,
     "ec2",
     {aws_list_actions, aws_pod_actions, aws_launch_actions, aws_object_actions,
      aws_template_actions, aws_fleet_actions}},
    {AWS_STS, "sts", {aws_sts_actions}},
    {AWS_SCALING, "autoscaling", {aws_scaling_actions}},
    {AWS_SSM, "ssm", {aws_ssm_actions}},
    {AWS_QUOTAS, "servicequotas", {aws_quota_actions}},
    {AWS_PRICING, "pricing", {aws_pricing_actions}},
    {AWS_NONE, NULL, {NULL}},
};

static const struct service *service_of(const char *name)
{
    const struct service *service = services;

    while (service->name && strcmp(service->name, name) != 0)
        service++;
    return service->name ? service : NULL;
}

static const struct aws_action *find_action(const struct service *service,
                                            const char *name)
{
    for (size_t i = 0; service && service->actions[i]; i++)
        for (const struct aws_action *at = service->actions[i]; at->name; at++)
            if (strcmp(at->name, name) == 0)
                return at;
    return NULL;
}

/* "/ec2/RunInstances" */
static void note_call(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    const char *slash = strchr(call->path + 1, '/');
    char name[32];
    const struct service *service;

    snprintf(name, sizeof name, "%.*s",
             slash ? (int)(slash - call->path - 1) : 0, call->path + 1);
    service = service_of(name);
    aws->service = service ? service->id : AWS_EC2;
    snprintf(aws->action, sizeof aws->action, "%s", slash ? slash + 1 : "");
}

static void note_request_id(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    uint64_t a = sim_random(), b = sim_random();

    snprintf(aws->request_id, sizeof aws->request_id,
             "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
             (unsigned)(b & 0xfff), (unsigned long long)(b >> 16));
    sim_reply_header(call, "x-amzn-RequestId", "%s", aws->request_id);
}

/* Servers' clocks are in every reply, also in refusals. */
static void note_date(struct sim_call *call)
{
    int64_t ahead = sim_number(sim_values(call->sim), "clock_s", 0);
    time_t now = (time_t)(sim_clock_ms() / 1000 + ahead);
    struct tm utc = {0};
    char text[64];

    if (!ahead)
        return;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    sim_reply_header(call, "Date", "%s", text);
}

static bool aws_admit(struct sim_call *call)
{
    struct sim_rate rate = {0};

    note_call(call);
    note_request_id(call);
    note_date(call);
    if (aws_is_metadata(call))
        return true;
    if (!aws_signed(call))
        return false;
    if (sim_rate_take(call->sim, &rate))
        return true;
    aws_refuse_rate(call);
    return false;
}

bool aws_allowed(struct sim_call *call, const char *right)
{
    const json_t *allow = json_object_get(sim_values(call->sim), "allow");
    const json_t *each;
    size_t i;

    if (sim_fault(call, "unauthorized", right))
        return false;
    if (!allow)
        return true;
    json_array_foreach(allow, i, each)
    {
        if (aws_wild(json_string_value(each), right))
            return true;
    }
    return false;
}

/* --- parameters ---------------------------------------------------------- */

struct first {
    char *path, *message;
};

static void note_first(void *arg, const char *path, const char *message)
{
    struct first *first = arg;

    if (first->path)
        return;
    first->path = sim_copy(path);
    first->message = sim_copy(message);
}

static void refuse_ec2_field(struct sim_call *call, const char *path,
                             const char *message, const char *name)
{
    if (strncmp(message, "additional", 10) == 0)
        aws_refuse(call, 400, "UnknownParameter",
                   "The parameter %s%s%s is not recognized", path,
                   *path ? "." : "", name);
    else if (strncmp(message, "missing", 7) == 0)
        aws_refuse(call, 400, "MissingParameter",
                   "The request must contain the parameter %s%s%s", path,
                   *path ? "." : "", name);
    else
        aws_refuse(call, 400, "InvalidParameterValue",
                   "Invalid value for parameter %s: %s", path, message);
}

static void refuse_field(struct sim_call *call, const struct first *first)
{
    const char *path = first->path + strspn(first->path, "$.");
    const char *quote = strchr(first->message, '\'');
    char *name = sim_format("%.*s", quote ? (int)strcspn(quote + 1, "'") : 0,
                            quote ? quote + 1 : "");

    if (aws_of(call->sim)->service == AWS_EC2)
        refuse_ec2_field(call, path, first->message, name);
    else
        aws_refuse(
            call, 400,
            aws_speaks_json(aws_of(call->sim)->service) ? "ValidationException"
                                                        : "ValidationError",
            "1 validation error detected: %s at '%s'", first->message, path);
    free(name);
}

static bool fields_fit(struct sim_call *call, const struct sim_field *fields)
{
    struct first first = {NULL, NULL};
    int wrong = sim_check(call->body, fields, note_first, &first);

    if (wrong)
        refuse_field(call, &first);
    free(first.path);
    free(first.message);
    return wrong == 0;
}

/* --- running one --------------------------------------------------------- */

static bool take_dry_run(struct sim_call *call)
{
    bool dry = aws_is_true(call->body, "DryRun");
    json_t *rest = json_copy(call->body);

    if (aws_of(call->sim)->service == AWS_EC2)
        json_object_del(rest, "DryRun");
    json_decref(call->body);
    call->body = rest;
    return dry;
}

static bool may_run(struct sim_call *call, const char *service,
                    const char *action)
{
    char *right = sim_format("%s:%s", service, action);
    bool may = false;

    if (sim_fault(call, "throttle", right))
        aws_refuse_rate(call);
    else if (strcmp(action, "GetCallerIdentity") != 0 &&
             !aws_allowed(call, right))
        aws_refuse_right(call, right);
    else
        may = true;
    free(right);
    return may;
}

static void run_action(struct sim_call *call)
{
    const char *service = call->arg[0], *name = call->arg[1];
    const struct aws_action *action = find_action(service_of(service), name);
    bool dry;

    if (!action) {
        aws_refuse(call, 400, "InvalidAction",
                   "The action %s is not valid for this web service.", name);
        return;
    }
    if (!call->body)
        call->body = json_object();
    dry = take_dry_run(call);
    if (!fields_fit(call, action->fields) || !may_run(call, service, name))
        return;
    aws_scale(call);
    if (dry)
        aws_refuse(call, 412, "DryRunOperation",
                   "Request would have succeeded, but DryRun flag is set.");
    else
        action->run(call);
}

/* --- the provider -------------------------------------------------------- */

static void aws_open(struct sim *sim)
{
    struct aws *aws = sim_alloc(sizeof *aws);

    aws->sessions = json_object();
    aws->keys = json_array();
    aws->groups = json_array();
    aws->templates = json_array();
    aws->tokens = json_object();
    aws->scaling = json_array();
    aws->activities = json_array();
    aws->imds = json_object();
    aws->arn = sim_copy("arn:aws:iam::" AWS_ACCOUNT ":user/fleet");
    aws->service = AWS_EC2;
    snprintf(aws->region, sizeof aws->region, "%s", AWS_REGION);
    sim_set_state(sim, aws);
}

static void aws_close(struct sim *sim)
{
    struct aws *aws = aws_of(sim);

    json_decref(aws->sessions);
    json_decref(aws->keys);
    json_decref(aws->groups);
    json_decref(aws->templates);
    json_decref(aws->tokens);
    json_decref(aws->scaling);
    json_decref(aws->activities);
    json_decref(aws->imds);
    free(aws->arn);
    free(aws);
}

#define META "/latest/meta-data/"

static const struct sim_route routes[] = {
    {"PUT", "/latest/api/token", aws_imds_token},
    {"GET", META "{}", aws_imds_get},
    {"GET", META "{}/{}", aws_imds_get},
    {"GET", META "{}/{}/{}", aws_imds_get},
    {"GET", "/v1/credentials", aws_container},
    {"GET", "/v2/credentials/{}", aws_container},
    {"POST", "/{}/{}", run_action},
    {0},
};

static const struct sim_variable environment[] = {
    {"AWS_ACCESS_KEY_ID", AWS_KEY_ID},
    {"AWS_REGION", AWS_REGION},
    {"AWS_SESSION_TOKEN", ""}, /* not that of other keys */
    {0},
};

const struct sim_provider sim_provider = {
    .name = "aws",
    .about = "Amazon EC2's API with made-up instances",
    .url_variable = "AWS_ENDPOINT_URL",
    .url_path = "",
    .key_variable = "AWS_SECRET_ACCESS_KEY",
    .curl = "--aws-sigv4 aws:amz:$AWS_REGION:ec2 \\\n"
            "    --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\\n"
            "    -d Action=DescribeInstances -d Version=2016-11-15 "
            "\"$AWS_ENDPOINT_URL\"",
    .environment = environment,
    .routes = routes,
    .body_max = 1048576,
    .open = aws_open,
    .close = aws_close,
    .read = aws_read,
    .render = aws_render,
    .admit = aws_admit,
    .fail = aws_fail,
    .seed = aws_seed,
};
