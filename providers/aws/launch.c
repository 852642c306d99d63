/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <fleet/log.h>
#include <fleet/provider.h>
#include <stdio.h>
#include <string.h>

/* One pod: a fleet of one over all subnets, in a single request that tries them
 * all, or where that is not allowed one request after the other. */

#define USUAL_USER "ubuntu"
#define LANE       "aws launch"
#define GAP_MS     100

enum { SETTLE_MS = 2000, SETTLE_ROUNDS = 10 };

bool launch_split(const char *id, char type[EC2_TYPE], bool *spot)
{
    const char *slash = id ? strchr(id, '/') : NULL;
    size_t len = slash ? (size_t)(slash - id) : 0;

    if (len == 0 || len >= EC2_TYPE)
        return false;
    snprintf(type, EC2_TYPE, "%.*s", (int)len, id);
    *spot = strcmp(slash + 1, "spot") == 0;
    return *spot || strcmp(slash + 1, "on-demand") == 0;
}

/* A quota is of one family and market, so others may still be had: it ends only
 * this option, and says what to ask for. */
int launch_explain(const struct wish *wish, const struct aws_fault *fault,
                   struct fleet_error *err)
{
    const char *quota = aws_quota_code(wish->type, wish->spot);

    if (fault->class == AWS_CAPACITY)
        return fleet_fail(err, FLEET_ECAPACITY, "%s: %.300s", fault->code,
                          fault->message);
    if (strcmp(fault->code, "VcpuLimitExceeded") != 0 &&
        strcmp(fault->code, "MaxSpotInstanceCountExceeded") != 0)
        return aws_explain(fault, 200, err);
    return fleet_fail(err, FLEET_ECAPACITY,
                      "%s: quota %s of this region is too low for a %s %s "
                      "(%.160s); ask for more in Service Quotas",
                      fault->code, *quota ? quota : "of EC2", wish->type,
                      wish->spot ? "on spot" : "on demand", fault->message);
}

/* ---- what a launch needs ---- */

struct needs {
    json_t *image, *subnets, *types;
    char *vpc, *key, *groups;
};

static void needs_clear(struct needs *needs)
{
    json_decref(needs->image);
    json_decref(needs->subnets);
    json_decref(needs->types);
    free(needs->vpc);
    free(needs->key);
    free(needs->groups);
}

static int gather(struct ec2 *ec2, const struct fleet_spec *spec,
                  const char *type, struct needs *needs,
                  struct fleet_error *err)
{
    const json_t *described;
    int rc = market_type(ec2, type, &described, err);

    if (rc == FLEET_OK)
        rc = market_image(ec2, fleet_spec_get(spec, FLEET_SPEC_IMAGE),
                          described, &needs->image, err);
    if (rc == FLEET_OK)
        rc = access_subnets(ec2, &needs->subnets, &needs->vpc, err);
    if (rc == FLEET_OK)
        rc = access_groups(ec2, needs->vpc, &needs->groups, err);
    if (rc == FLEET_OK)
        rc = access_key(ec2, fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY),
                        &needs->key, err);
    return rc;
}

/* ---- reading what came ---- */

static int put_pod(const struct wish *wish, const char *id, const char *zone,
                   struct fleet_pod *pod, struct fleet_error *err)
{
    if (!id)
        return fleet_fail(err, FLEET_EINTERNAL, "a new instance without an id");
    fleet_pod_set(pod, FLEET_POD_ID, id);
    fleet_pod_set(pod, FLEET_POD_NAME, wish->name);
    fleet_pod_set(pod, FLEET_POD_TOKEN, wish->token);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, wish->spot);
    fleet_pod_set(pod, FLEET_POD_TIER, wish->type);
    if (zone)
        fleet_pod_set(pod, FLEET_POD_REGION, zone);
    return FLEET_OK;
}

/* The first failure of a fleet, unless a later one is of another kind than
 * capacity: that is what has to be told. */
static int fleet_fault(const struct wish *wish, const json_t *answer,
                       struct aws_fault *told, struct fleet_error *err)
{
    struct aws_fault worst = {.class = AWS_CAPACITY};
    const json_t *entry;
    size_t i;

    json_array_foreach(xml_list(answer, "errorSet"), i, entry)
    {
        const char *code = api_text(entry, "errorCode");
        const char *message = api_text(entry, "errorMessage");
        struct aws_fault fault = {0};

        snprintf(fault.code, sizeof(fault.code), "%s", code ? code : "");
        snprintf(fault.message, sizeof(fault.message), "%s",
                 message ? message : "");
        fault.class = aws_classify(fault.code, 400, fault.message);
        if (!*worst.code || fault.class != AWS_CAPACITY)
            worst = fault;
    }
    if (!*worst.code)
        return fleet_fail(err, FLEET_ECAPACITY,
                          "no instance came, and no reason is given");
    *told = worst;
    return launch_explain(wish, &worst, err);
}

static int read_fleet(const struct wish *wish, const json_t *answer,
                      struct fleet_pod *pod, struct aws_fault *fault,
                      struct fleet_error *err)
{
    const json_t *set = json_array_get(xml_list(answer, "fleetInstanceSet"), 0);
    const json_t *id = json_array_get(xml_list(set, "instanceIds"), 0);

    if (!api_text(answer, "fleetId") && !set && !xml_list(answer, "errorSet"))
        return fleet_fail(err, FLEET_EINTERNAL, "an answer without a fleet");
    if (!set)
        return fleet_fault(wish, answer, fault, err);
    return put_pod(wish, json_string_value(id),
                   xml_text(set, "launchTemplateAndOverrides/overrides/"
                                 "availabilityZone"),
                   pod, err);
}

/* ---- a fleet ---- */

/* Under the lock. The name says what is in it, so one that is there is right.
 */
static int ensure_template(struct ec2 *ec2, const struct wish *wish,
                           const char *name, struct aws_fault *fault,
                           struct fleet_error *err)
{
    struct form form;
    int rc;

    if (json_object_get(ec2->templates, name))
        return FLEET_OK;
    request_template(&form, wish, name);
    rc = ec2_ask(ec2, "CreateLaunchTemplate", &form, NULL, fault, err);
    if (rc < 0 && fault->class != AWS_EXISTS)
        return rc;
    json_object_set_new(ec2->templates, name, json_true());
    return FLEET_OK;
}

static int template_for(struct ec2 *ec2, const struct wish *wish,
                        char name[REQUEST_NAME], struct aws_fault *fault,
                        struct fleet_error *err)
{
    int rc = request_template_name(wish, name) < 0 ? api_enomem(err)
                                                   : ec2_enter(ec2, err);

    if (rc < 0)
        return rc;
    rc = ensure_template(ec2, wish, name, fault, err);
    ec2_leave(ec2);
    return rc;
}

/* The form of a create, closed. */
static int send_create(struct ec2 *ec2, const char *action, struct form *form,
                       json_t **answer, struct aws_fault *fault,
                       struct fleet_error *err)
{
    const struct aws_call call = {.service = &service_ec2,
                                  .action = action,
                                  .body = form->text,
                                  .changes = true,
                                  .token = true,
                                  .lane = LANE,
                                  .gap_ms = GAP_MS};
    int rc = form->text ? aws_send(&ec2->aws, &call, answer, fault, err)
                        : api_enomem(err);

    form_close(form);
    return rc;
}

static int by_fleet(struct ec2 *ec2, const struct wish *wish,
                    struct fleet_pod *pod, struct aws_fault *fault,
                    struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    char name[REQUEST_NAME];
    struct form form;
    int rc = template_for(ec2, wish, name, fault, err);

    if (rc < 0)
        return rc;
    request_fleet(&form, wish, name);
    rc = send_create(ec2, "CreateFleet", &form, &answer, fault, err);
    return rc < 0 ? rc : read_fleet(wish, answer, pod, fault, err);
}

/* ---- one subnet after the other ---- */

static int take_first(void *arg, const json_t *instance,
                      struct fleet_error *err)
{
    const json_t **first = arg;

    (void)err;
    if (!*first)
        *first = instance;
    return FLEET_OK;
}

static int read_run(const struct wish *wish, const json_t *answer,
                    struct fleet_pod *pod, struct fleet_error *err)
{
    const json_t *first = NULL;
    int rc = parse_instances(answer, take_first, &first, err);

    if (rc < 0)
        return rc;
    return put_pod(wish, api_text(first, "instanceId"), parse_zone(first), pod,
                   err);
}

static int by_run(struct ec2 *ec2, const struct wish *wish,
                  struct fleet_pod *pod, struct aws_fault *fault,
                  struct fleet_error *err)
{
    int rc = FLEET_EINVALID;

    for (size_t i = 0; i < json_array_size(wish->subnets); i++) {
        AUTO_JSON json_t *answer = NULL;
        struct form form;

        request_run(&form, wish, i);
        rc = send_create(ec2, "RunInstances", &form, &answer, fault, err);
        if (rc == FLEET_OK)
            return read_run(wish, answer, pod, err);
        if (fault->class == AWS_QUOTA)
            return launch_explain(wish, fault, err);
        if (fault->class != AWS_CAPACITY)
            return rc;
    }
    return rc;
}

/* ---- altogether ---- */

static bool may_template(struct ec2 *ec2)
{
    bool may;

    if (ec2_enter(ec2, NULL) < 0)
        return false;
    may = !ec2->no_templates;
    ec2_leave(ec2);
    return may;
}

static void note_refusal(struct ec2 *ec2, const struct fleet_error *why)
{
    if (ec2_enter(ec2, NULL) < 0)
        return;
    if (!ec2->no_templates)
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "CreateFleet cannot be used, zones are tried one by one: %s",
                  why->text);
    ec2->no_templates = true;
    ec2_leave(ec2);
}

static int launch_once(struct ec2 *ec2, const struct wish *wish,
                       struct fleet_pod *pod, struct aws_fault *fault,
                       struct fleet_error *err)
{
    int rc;

    *fault = (struct aws_fault){0};
    if (may_template(ec2)) {
        rc = by_fleet(ec2, wish, pod, fault, err);
        if (fault->class != AWS_FORBIDDEN &&
            strcmp(fault->code, "InvalidAction") != 0)
            return rc == FLEET_EQUOTA && *fault->code
                       ? launch_explain(wish, fault, err)
                       : rc;
        note_refusal(ec2, err);
    }
    return by_run(ec2, wish, pod, fault, err);
}

/* What was made a moment ago is not known everywhere yet. */
static bool is_settling(const struct aws_fault *fault)
{
    static const char *const ours[] = {"InvalidGroup.", "InvalidKeyPair.",
                                       "InvalidLaunchTemplate"};

    for (size_t i = 0; fault->class == AWS_MISSING && i < 3; i++) {
        if (strncmp(fault->code, ours[i], strlen(ours[i])) == 0)
            return true;
    }
    return api_contains(fault->message, "Invalid IAM Instance Profile name");
}

/* Each round has a token of its own: the answer to a fleet, its failures with
 * it, is remembered by its token. */
static int launch_wish(struct ec2 *ec2, struct wish *wish,
                       struct fleet_pod *pod, struct fleet_error *err)
{
    struct aws_fault fault;
    int rc;

    for (wish->round = 0;; wish->round++) {
        rc = launch_once(ec2, wish, pod, &fault, err);
        if (rc == FLEET_OK || !is_settling(&fault) ||
            wish->round == SETTLE_ROUNDS ||
            fleet_call_left_ms() < SETTLE_MS * 2 ||
            fleet_call_sleep(SETTLE_MS, NULL) < 0)
            return rc;
    }
}

/* Where an image's own user will do, root is not let in. */
static const char *user_of(const struct ec2 *ec2, const struct fleet_spec *spec)
{
    const char *user = fleet_spec_get(spec, FLEET_SPEC_SSH_USER);

    if (ec2->config->user)
        return ec2->config->user;
    return user ? user : USUAL_USER;
}

/* Of a group with several types, the first stands for all. */
static int choose(struct ec2 *ec2, const struct fleet_spec *spec,
                  char type[EC2_TYPE], struct wish *wish, struct needs *needs,
                  struct fleet_error *err)
{
    int rc;

    if (!launch_split(fleet_spec_get(spec, FLEET_SPEC_OFFER), type,
                      &wish->spot))
        return fleet_fail(err, FLEET_EINVALID, "an offer that is none of AWS");
    if (strcmp(type, OFFER_MIXED) != 0)
        return FLEET_OK;
    rc = offers_types(ec2, wish->spot, &needs->types, err);
    if (rc < 0)
        return rc;
    snprintf(type, EC2_TYPE, "%s",
             json_string_value(json_array_get(needs->types, 0)));
    wish->types = needs->types;
    return FLEET_OK;
}

int launch(struct ec2 *ec2, const struct fleet_spec *spec,
           struct fleet_pod *pod, struct fleet_error *err)
{
    char type[EC2_TYPE];
    struct needs needs = {0};
    struct wish wish = {.name = fleet_spec_get(spec, FLEET_SPEC_NAME),
                        .token = fleet_spec_get(spec, FLEET_SPEC_TOKEN),
                        .cohort = ec2->cohort,
                        .user = user_of(ec2, spec),
                        .public_key =
                            fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY),
                        .type = type,
                        .config = ec2->config};
    int rc;

    rc = choose(ec2, spec, type, &wish, &needs, err);
    if (rc == FLEET_OK)
        rc = gather(ec2, spec, type, &needs, err);
    if (rc == FLEET_OK) {
        wish.max_micros =
            fleet_spec_get_number(spec, FLEET_SPEC_MAX_PRICE_MICROS, 0);
        wish.disk_gb = fleet_spec_get_number(spec, FLEET_SPEC_DISK_GB, 0);
        wish.image = api_text(needs.image, "imageId");
        wish.root_device = api_text(needs.image, "rootDeviceName");
        wish.key = needs.key;
        wish.group = needs.groups;
        wish.subnets = needs.subnets;
        rc = offers_in_groups(ec2) ? muster(ec2, &wish, pod, err)
                                   : launch_wish(ec2, &wish, pod, err);
    }
    needs_clear(&needs);
    return rc;
}
