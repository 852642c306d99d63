/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Instances from their launch on: what is told of them, and what can be done
 * with them. */

enum { HOUR_MS = 3600000 };

static int64_t action_ms(const struct sim *sim)
{
    return sim_number(sim_values(sim), "action_ms", 100);
}

static json_t *stamp(int64_t clock_ms)
{
    char text[SIM_STAMP_SIZE];

    sim_stamp(text, clock_ms, false);
    return json_string(text);
}

/* --- what becomes of them ------------------------------------------------ */

void aws_terminate(struct sim *sim, struct sim_machine *machine,
                   const char *code, const char *message)
{
    if (sim_machine_state(sim, machine) == SIM_GONE)
        return;
    sim_put(machine->data, "reason",
            json_pack("{s:s, s:s}", "code", code, "message", message));
    sim_put(machine->data, "until",
            json_integer(sim_now_ms() + action_ms(sim)));
    sim_machine_end(sim, machine);
    sim_machine_linger(machine,
                       sim_number(sim_values(sim), "linger_ms", HOUR_MS));
}

static void interrupt(struct sim *sim, struct sim_machine *machine)
{
    char text[SIM_STAMP_SIZE], *notice;

    sim_stamp(text, sim_clock_ms(), true);
    notice = sim_format("{\"action\":\"terminate\",\"time\":\"%s\"}", text);
    sim_put(machine->data, "notice", json_string(notice));
    free(notice);
    aws_terminate(sim, machine, "Server.SpotInstanceTermination",
                  "Server.SpotInstanceTermination: Spot instance termination");
}

/* The guest has shut itself down, which may be its end. */
static void settle_shutdown(struct sim *sim, struct sim_machine *machine)
{
    static const char code[] = "Client.InstanceInitiatedShutdown";
    static const char message[] =
        "Client.InstanceInitiatedShutdown: Instance initiated shutdown";

    if (strcmp(sim_text(machine->data, "on_shutdown", ""), "terminate") == 0)
        aws_terminate(sim, machine, code, message);
    else if (!json_object_get(machine->data, "reason"))
        sim_put(machine->data, "reason",
                json_pack("{s:s, s:s}", "code", code, "message", message));
}

void aws_settle(struct sim *sim, struct sim_machine *machine)
{
    int64_t at = sim_number(machine->data, "interrupt_at", INT64_MAX);
    const json_t *fails = json_object_get(machine->data, "fails");
    const char *taken = sim_text(sim_values(sim), "interrupt", "");
    enum sim_machine_state state = sim_machine_state(sim, machine);

    if (state == SIM_GONE)
        return;
    if (sim_now_ms() >= at || strcmp(taken, machine->id) == 0)
        interrupt(sim, machine);
    else if (fails && state == SIM_RUNNING)
        aws_terminate(sim, machine, sim_text(fails, "code", ""),
                      sim_text(fails, "message", ""));
    else if (state == SIM_STOPPED &&
             !sim_flag(machine->data, "stopped_by_call"))
        settle_shutdown(sim, machine);
    else if (state == SIM_FAILED)
        aws_terminate(sim, machine, "Server.InternalError",
                      "Server.InternalError: Internal error on launch");
}

const char *aws_state(struct sim *sim, struct sim_machine *machine)
{
    bool changing = sim_number(machine->data, "until", 0) > sim_now_ms();

    aws_settle(sim, machine);
    switch (sim_machine_state(sim, machine)) {
    case SIM_PENDING:
        return "pending";
    case SIM_RUNNING:
        return machine->port ? "running" : "pending";
    case SIM_STOPPED:
        return changing ? "stopping" : "stopped";
    case SIM_FAILED:
    case SIM_GONE:
        break;
    }
    return changing || sim_number(machine->data, "until", 0) > sim_now_ms()
               ? "shutting-down"
               : "terminated";
}

bool aws_alive(struct sim *sim, struct sim_machine *machine)
{
    aws_settle(sim, machine);
    return sim_machine_state(sim, machine) != SIM_GONE;
}

static json_t *state_json(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {{"pending", 0},     {"running", 16},  {"shutting-down", 32},
                 {"terminated", 48}, {"stopping", 64}, {"stopped", 80}};
    int code = 0;

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, name) == 0)
            code = codes[i].code;
    return json_pack("{s:i, s:s}", "code", code, "name", name);
}

/* --- what is told of them ------------------------------------------------ */

static json_t *tags_of(const struct sim *sim, const struct sim_machine *machine)
{
    json_t *tags = json_copy(json_object_get(machine->data, "tags"));
    json_t *set;

    if (machine->port) {
        char *port = sim_format("%d", machine->port);

        sim_put(tags, "fleet-ssh-port", json_string(port));
        sim_put(tags, "fleet-ssh-user", json_string(sim_login(sim)));
        free(port);
    }
    set = aws_tag_set(tags);
    json_decref(tags);
    return set;
}

static json_t *groups_of(const struct sim *sim,
                         const struct sim_machine *machine)
{
    json_t *list = json_array();
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(machine->data, "groups"), i, id)
    {
        const json_t *group = aws_group_find(sim, json_string_value(id));

        json_array_append_new(
            list, json_pack("{s:O, s:s}", "groupId", id, "groupName",
                            sim_text(group, "groupName", "gone")));
    }
    return list;
}

static json_t *disks_of(const struct sim_machine *machine)
{
    json_t *list = json_array();
    const json_t *disk;
    size_t i;

    json_array_foreach(json_object_get(machine->data, "volumes"), i, disk)
    {
        json_array_append_new(
            list, json_pack("{s:s, s:{s:s, s:s, s:b}}", "deviceName",
                            sim_text(disk, "device", ""), "ebs", "volumeId",
                            sim_text(disk, "id", ""), "status", "attached",
                            "deleteOnTermination", 1));
    }
    return list;
}

static void put_addresses(struct sim *sim, struct sim_machine *machine,
                          const char *state, json_t *told)
{
    bool same = sim_flag(sim_values(sim), "private");
    const char *host = machine->host ? machine->host : "127.0.0.1";
    char *inner =
        same ? sim_copy(host)
             : sim_format("172.31.%d.%d", (int)(machine->number >> 8 & 255),
                          (int)(machine->number & 255));

    if (strcmp(state, "terminated") != 0)
        sim_put(told, "privateIpAddress", json_string(inner));
    if (sim_machine_reachable(sim, machine) &&
        sim_flag(machine->data, "public")) {
        sim_put(told, "ipAddress", json_string(host));
        sim_put(told, "dnsName", json_string("ec2.compute-1.example"));
    } else {
        sim_put(told, "dnsName", json_null());
    }
    free(inner);
}

/* As it was launched, with what is so where nothing was said. */
static json_t *options_of(const struct sim_machine *machine)
{
    const json_t *said = json_object_get(machine->data, "metadata");

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s}", "state", "applied", "httpTokens",
        sim_text(said, "HttpTokens", "optional"), "httpPutResponseHopLimit",
        sim_text(said, "HttpPutResponseHopLimit", "1"), "httpEndpoint",
        sim_text(said, "HttpEndpoint", "enabled"), "instanceMetadataTags",
        sim_text(said, "InstanceMetadataTags", "disabled"));
}

static void put_rest(struct sim_machine *machine, json_t *told)
{
    const json_t *data = machine->data;
    const json_t *reason = json_object_get(data, "reason");
    const char *key = sim_text(data, "key", NULL);
    const char *request = sim_text(data, "request", NULL);

    if (reason)
        json_object_set(told, "stateReason", (json_t *)reason);
    sim_put(told, "reason",
            reason ? json_string(sim_text(reason, "message", ""))
                   : json_null());
    if (key)
        sim_put(told, "keyName", json_string(key));
    if (request) {
        char *id = sim_format("sir-%s", request);

        sim_put(told, "instanceLifecycle", json_string("spot"));
        sim_put(told, "spotInstanceRequestId", json_string(id));
        free(id);
    }
}

json_t *aws_instance_json(struct sim *sim, struct sim_machine *machine)
{
    const json_t *data = machine->data;
    const char *state = aws_state(sim, machine);
    struct aws_subnet subnet = {.id = ""};
    const struct aws_image *image = aws_image_find(sim_text(data, "image", ""));
    json_t *told;

    aws_subnet_find(sim_text(data, "region", ""), sim_text(data, "subnet", ""),
                    &subnet);
    told = json_pack(
        "{s:s, s:s, s:o, s:s, s:o, s:s, s:{s:s, s:s, s:n, s:s}, s:{s:s}, s:s, "
        "s:s, s:s, s:s, s:s, s:o, s:o, s:o}",
        "instanceId", machine->id, "imageId", image->id, "instanceState",
        state_json(state), "instanceType", sim_text(data, "type", ""),
        "launchTime", stamp(machine->created_ms), "clientToken",
        sim_text(data, "token", ""), "placement", "availabilityZone",
        subnet.zone, "availabilityZoneId", subnet.zone_id, "groupName",
        "tenancy", "default", "monitoring", "state", "disabled", "subnetId",
        subnet.id, "vpcId", subnet.vpc, "architecture", image->arch,
        "rootDeviceName", image->root, "rootDeviceType", "ebs", "tagSet",
        tags_of(sim, machine), "groupSet", groups_of(sim, machine),
        "blockDeviceMapping", disks_of(machine));
    sim_put(told, "metadataOptions", options_of(machine));
    put_addresses(sim, machine, state, told);
    put_rest(machine, told);
    return told;
}

/* --- by id --------------------------------------------------------------- */

/* NULL: not of this region, or not known yet. */
static struct sim_machine *find_instance(struct sim_call *call, const char *id)
{
    struct sim_machine *machine = sim_machine_find(call->sim, id);

    if (!machine || sim_machine_hidden(call->sim, machine) ||
        strcmp(sim_text(machine->data, "region", ""),
               aws_of(call->sim)->region) != 0)
        return NULL;
    return machine;
}

static bool well_formed(const char *id)
{
    size_t len = strlen(id);

    return strncmp(id, "i-", 2) == 0 && (len == 19 || len == 10) &&
           strspn(id + 2, "0123456789abcdef") == len - 2;
}

/* One that is unknown fails them all; the message lists the unknown. */
static bool ids_fit(struct sim_call *call, const json_t *ids)
{
    char *missing = sim_copy("");
    int n = 0;
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        const char *text = json_string_value(id);
        char *more;

        if (!well_formed(text)) {
            free(missing);
            aws_refuse(call, 400, "InvalidInstanceID.Malformed",
                       "Invalid id: \"%s\"", text);
            return false;
        }
        if (find_instance(call, text))
            continue;
        more = sim_format("%s%s%s", missing, n++ ? ", " : "", text);
        free(missing);
        missing = more;
    }
    if (n)
        aws_refuse(call, 400, "InvalidInstanceID.NotFound",
                   "The instance ID%s '%s' do%s not exist", n > 1 ? "s" : "",
                   missing, n > 1 ? "" : "es");
    free(missing);
    if (n)
        sim_machines_listed(call->sim);
    return n == 0;
}

/* --- DescribeInstances --------------------------------------------------- */

static const struct aws_filter instance_filters[] = {
    {"instance-id", "instanceId"},
    {"instance-state-name", "instanceState/name"},
    {"instance-state-code", "instanceState/code"},
    {"client-token", "clientToken"},
    {"instance-type", "instanceType"},
    {"instance-lifecycle", "instanceLifecycle"},
    {"spot-instance-request-id", "spotInstanceRequestId"},
    {"image-id", "imageId"},
    {"vpc-id", "vpcId"},
    {"subnet-id", "subnetId"},
    {"availability-zone", "placement/availabilityZone"},
    {"instance.group-id", "groupSet/*/groupId"},
    {"instance.group-name", "groupSet/*/groupName"},
    {"key-name", "keyName"},
    {"reservation-id", "reservationId"},
    {"private-ip-address", "privateIpAddress"},
    {"ip-address", "ipAddress"},
    {"network-interface.addresses.association.public-ip", "ipAddress"},
    {"launch-time", "launchTime"},
    {0}};

static void add_instance(struct sim_call *call, json_t *list,
                         struct sim_machine *machine)
{
    json_t *told = aws_instance_json(call->sim, machine);

    sim_put(told, "reservationId",
            json_string(sim_text(machine->data, "reservation", "")));
    if (aws_filters_fit(call, instance_filters, told))
        json_array_insert(list, 0, told);
    json_decref(told);
}

/* Those that were launched together are one entry. */
static json_t *by_reservation(const json_t *instances)
{
    json_t *list = json_array(), *entry = NULL, *told;
    size_t i;

    json_array_foreach(instances, i, told)
    {
        const char *id = sim_text(told, "reservationId", "");

        if (strcmp(sim_text(entry, "reservationId", ""), id) != 0) {
            entry =
                json_pack("{s:s, s:s, s:[], s:[]}", "reservationId", id,
                          "ownerId", AWS_ACCOUNT, "groupSet", "instancesSet");
            json_array_append_new(list, entry);
        }
        json_object_del(told, "reservationId");
        json_array_append(json_object_get(entry, "instancesSet"), told);
    }
    return list;
}

static void describe_instances(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const json_t *ids = json_object_get(call->body, "InstanceId");
    json_t *list, *page;
    struct sim_machine *at = sim_machine_before(sim, INT64_MAX);

    if (ids && json_object_get(call->body, "MaxResults")) {
        aws_refuse(call, 400, "InvalidParameterCombination",
                   "The parameter instancesSet cannot be used with the "
                   "parameter maxResults");
        return;
    }
    if (!aws_filters_known(call, instance_filters) || !ids_fit(call, ids))
        return;
    list = json_array();
    for (; at; at = sim_machine_before(sim, at->number))
        if (find_instance(call, at->id) && aws_listed(ids, at->id))
            add_instance(call, list, at);
    sim_machines_listed(sim);
    page = aws_page(call, "reservationSet", list);
    if (!page)
        return;
    sim_put(page, "reservationSet",
            by_reservation(json_object_get(page, "reservationSet")));
    aws_answer(call, page);
}

static void describe_status(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const json_t *ids = json_object_get(call->body, "InstanceId");
    bool all = aws_is_true(call->body, "IncludeAllInstances");
    struct sim_machine *at = sim_machine_before(sim, INT64_MAX);
    json_t *list = json_array();

    if (!ids_fit(call, ids)) {
        json_decref(list);
        return;
    }
    for (; at; at = sim_machine_before(sim, at->number)) {
        const char *state = aws_state(sim, at);
        bool up = sim_machine_reachable(sim, at);

        if (find_instance(call, at->id) && aws_listed(ids, at->id) &&
            (all || strcmp(state, "running") == 0))
            json_array_insert_new(
                list, 0,
                json_pack("{s:s, s:o, s:{s:s}, s:{s:s}, s:[]}", "instanceId",
                          at->id, "instanceState", state_json(state),
                          "systemStatus", "status", up ? "ok" : "initializing",
                          "instanceStatus", "status",
                          up ? "ok" : "initializing", "eventsSet"));
    }
    aws_answer_list(call, "instanceStatusSet", list,
                    (const struct aws_filter[]){{0}});
}

/* --- start, stop, reboot, terminate -------------------------------------- */

/* false: it has replied, and nothing has changed. */
typedef bool may_change(struct sim_call *call, struct sim_machine *machine);
typedef void change(struct sim *sim, struct sim_machine *machine);

static void change_all(struct sim_call *call, may_change *may, change *run)
{
    const json_t *ids = json_object_get(call->body, "InstanceId"), *id;
    json_t *list = json_array();
    size_t i;

    if (!ids_fit(call, ids)) {
        json_decref(list);
        return;
    }
    json_array_foreach(ids, i, id)
    {
        if (!may(call, sim_machine_find(call->sim, json_string_value(id)))) {
            json_decref(list);
            return;
        }
    }
    json_array_foreach(ids, i, id)
    {
        struct sim_machine *machine =
            sim_machine_find(call->sim, json_string_value(id));
        json_t *before = state_json(aws_state(call->sim, machine));

        run(call->sim, machine);
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o}", "instanceId", machine->id,
                      "currentState", state_json(aws_state(call->sim, machine)),
                      "previousState", before));
    }
    aws_answer(call, json_pack("{s:o}", "instancesSet", list));
}

static bool refuse_state(struct sim_call *call, struct sim_machine *machine,
                         const char *what)
{
    aws_refuse(call, 400, "IncorrectInstanceState",
               "The instance '%s' is not in a state from which it can be %s.",
               machine->id, what);
    return false;
}

static bool may_start(struct sim_call *call, struct sim_machine *machine)
{
    const char *state = aws_state(call->sim, machine);
    const char *pool = sim_text(machine->data, "pool", "");

    if (strcmp(state, "stopping") == 0 || !aws_alive(call->sim, machine))
        return refuse_state(call, machine, "started");
    if (strcmp(state, "stopped") != 0 || !sim_fault(call, "capacity", pool))
        return true;
    aws_refuse(call, 500, "InsufficientInstanceCapacity",
               "Insufficient capacity.");
    return false;
}

static void start(struct sim *sim, struct sim_machine *machine)
{
    if (sim_machine_state(sim, machine) != SIM_STOPPED)
        return;
    json_object_del(machine->data, "reason");
    json_object_del(machine->data, "stopped_by_call");
    sim_machine_start(sim, machine);
}

static bool may_stop(struct sim_call *call, struct sim_machine *machine)
{
    if (!aws_alive(call->sim, machine))
        return refuse_state(call, machine, "stopped");
    if (!json_object_get(machine->data, "request"))
        return true;
    aws_refuse(call, 400, "UnsupportedOperation",
               "You can't stop the Spot Instance '%s' because it is associated "
               "with a one-time Spot Instance request.",
               machine->id);
    return false;
}

static void stop(struct sim *sim, struct sim_machine *machine)
{
    if (sim_machine_state(sim, machine) == SIM_STOPPED)
        return;
    sim_put(machine->data, "until",
            json_integer(sim_now_ms() + action_ms(sim)));
    sim_put(machine->data, "stopped_by_call", json_true());
    sim_put(machine->data, "reason",
            json_pack("{s:s, s:s}", "code", "Client.UserInitiatedShutdown",
                      "message",
                      "Client.UserInitiatedShutdown: User initiated shutdown"));
    sim_machine_stop(sim, machine, false);
}

static bool may_reboot(struct sim_call *call, struct sim_machine *machine)
{
    return sim_machine_state(call->sim, machine) == SIM_RUNNING ||
           refuse_state(call, machine, "rebooted");
}

static void reboot(struct sim *sim, struct sim_machine *machine)
{
    sim_machine_stop(sim, machine, false);
    sim_machine_start(sim, machine);
}

static void terminate(struct sim *sim, struct sim_machine *machine)
{
    aws_terminate(sim, machine, "Client.UserInitiatedShutdown",
                  "Client.UserInitiatedShutdown: User initiated shutdown");
}

/* Those in zones where nothing is protected go all the same. */
static void terminate_elsewhere(struct sim_call *call, const json_t *ids)
{
    char *kept = sim_copy(" ");
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        struct sim_machine *at =
            sim_machine_find(call->sim, json_string_value(id));
        char *more =
            sim_format("%s%s ", kept, sim_text(at->data, "subnet", ""));

        if (at->locked) {
            free(kept);
            kept = more;
        } else {
            free(more);
        }
    }
    json_array_foreach(ids, i, id)
    {
        struct sim_machine *at =
            sim_machine_find(call->sim, json_string_value(id));

        if (!strstr(kept, sim_text(at->data, "subnet", "")))
            terminate(call->sim, at);
    }
    free(kept);
}

static bool may_terminate(struct sim_call *call, struct sim_machine *machine)
{
    if (!machine->locked)
        return true;
    terminate_elsewhere(call, json_object_get(call->body, "InstanceId"));
    aws_refuse(call, 400, "OperationNotPermitted",
               "The instance '%s' may not be terminated. Modify its "
               "'disableApiTermination' instance attribute and try again.",
               machine->id);
    return false;
}

static void start_instances(struct sim_call *call)
{
    change_all(call, may_start, start);
}

static void stop_instances(struct sim_call *call)
{
    change_all(call, may_stop, stop);
}

static void reboot_instances(struct sim_call *call)
{
    change_all(call, may_reboot, reboot);
    if (call->status == 200)
        aws_answer(call, json_pack("{s:b}", "return", 1));
}

static void terminate_instances(struct sim_call *call)
{
    change_all(call, may_terminate, terminate);
}

/* --- attributes ---------------------------------------------------------- */

static struct sim_machine *the_instance(struct sim_call *call)
{
    json_t *one = json_pack("[s]", aws_param(call, "InstanceId"));
    struct sim_machine *machine =
        ids_fit(call, one)
            ? sim_machine_find(call->sim, aws_param(call, "InstanceId"))
            : NULL;

    json_decref(one);
    return machine;
}

static void modify_attribute(struct sim_call *call)
{
    struct sim_machine *machine = the_instance(call);
    const char *locked = aws_param(call, "DisableApiTermination.Value");
    const char *behavior =
        aws_param(call, "InstanceInitiatedShutdownBehavior.Value");

    if (!machine)
        return;
    if (!locked && !behavior) {
        aws_refuse(call, 400, "InvalidParameterCombination",
                   "No attributes specified.");
        return;
    }
    if (locked)
        machine->locked = strcmp(locked, "true") == 0;
    if (behavior)
        sim_put(machine->data, "on_shutdown", json_string(behavior));
    aws_answer(call, json_pack("{s:b}", "return", 1));
}

static void describe_attribute(struct sim_call *call)
{
    struct sim_machine *machine = the_instance(call);
    const char *name = aws_param(call, "Attribute");

    if (!machine)
        return;
    if (strcmp(name, "disableApiTermination") == 0)
        aws_answer(call, json_pack("{s:s, s:{s:b}}", "instanceId", machine->id,
                                   name, "value", machine->locked));
    else if (strcmp(name, "instanceType") == 0)
        aws_answer(call,
                   json_pack("{s:s, s:{s:s}}", "instanceId", machine->id, name,
                             "value", sim_text(machine->data, "type", "")));
    else
        aws_refuse(call, 400, "InvalidParameterValue",
                   "Value (%s) for parameter attribute is invalid.", name);
}

static char *console_text(const struct sim_machine *machine)
{
    return sim_format(
        "[    0.000000] Linux version 6.8.0-aws\r\n"
        "<14>Nov 20 10:00:00 cloud-init: "
        "#############################################################\r\n"
        "<14>Nov 20 10:00:00 cloud-init: -----BEGIN SSH HOST KEY "
        "FINGERPRINTS-----\r\n"
        "<14>Nov 20 10:00:00 cloud-init: -----END SSH HOST KEY "
        "FINGERPRINTS-----\r\n"
        "-----BEGIN SSH HOST KEY KEYS-----\r\n"
        "%s root@ip-172-31-0-1\r\n"
        "-----END SSH HOST KEY KEYS-----\r\n"
        "[   21.000000] cloud-init[1]: Cloud-init finished\r\n",
        machine->host_key);
}

static void get_console(struct sim_call *call)
{
    struct sim_machine *machine = the_instance(call);
    json_t *told;

    if (!machine)
        return;
    told = json_pack("{s:s, s:o}", "instanceId", machine->id, "timestamp",
                     stamp(sim_clock_ms()));
    if (machine->host_key && sim_machine_reachable(call->sim, machine) &&
        !sim_fault(call, "no-console", NULL)) {
        char *plain = console_text(machine);
        char *coded = aws_base64(plain, strlen(plain));

        sim_put(told, "output", json_string(coded));
        free(plain);
        free(coded);
    } else {
        sim_put(told, "output", json_null());
    }
    aws_answer(call, told);
}

/* --- spot requests ------------------------------------------------------- */

static json_t *request_json(struct sim *sim, struct sim_machine *machine)
{
    bool alive = aws_alive(sim, machine);
    const char *reason =
        sim_text(json_object_get(machine->data, "reason"), "code", "");
    bool taken = strstr(reason, "Spot") != NULL;
    char *id = sim_format("sir-%s", sim_text(machine->data, "request", ""));
    json_t *made = json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:s, s:[]}", "spotInstanceRequestId", id,
        "state", alive ? "active" : "closed", "status", "code",
        alive   ? "fulfilled"
        : taken ? "instance-terminated-no-capacity"
                : "instance-terminated-by-user",
        "message", "see the code", "instanceId", machine->id, "tagSet");

    free(id);
    return made;
}

static const struct aws_filter request_filters[] = {
    {"state", "state"},
    {"instance-id", "instanceId"},
    {"spot-instance-request-id", "spotInstanceRequestId"},
    {"status-code", "status/code"},
    {0}};

static void describe_requests(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "SpotInstanceRequestId");
    struct sim_machine *at = sim_machine_before(call->sim, INT64_MAX);
    json_t *list = json_array();

    for (; at; at = sim_machine_before(call->sim, at->number)) {
        json_t *told;

        if (!json_object_get(at->data, "request") ||
            !find_instance(call, at->id))
            continue;
        told = request_json(call->sim, at);
        if (aws_listed(ids, sim_text(told, "spotInstanceRequestId", "")))
            json_array_insert(list, 0, told);
        json_decref(told);
    }
    aws_answer_list(call, "spotInstanceRequestSet", list, request_filters);
}

/* --- the calls ----------------------------------------------------------- */

#define IDS_NEEDED                                                             \
    {                                                                          \
        .key = "InstanceId", .type = SIM_ARRAY, .flags = SIM_REQUIRED,         \
        .sub = &aws_text_item                                                  \
    }

static const struct sim_field describe_fields[] = {
    AWS_LIST("InstanceId"), AWS_FILTERS, AWS_PAGES, {0}};
static const struct sim_field status_fields[] = {
    AWS_LIST("InstanceId"),
    AWS_BOOL("IncludeAllInstances"),
    AWS_FILTERS,
    AWS_PAGES,
    {0}};
static const struct sim_field ids_fields[] = {IDS_NEEDED, {0}};
static const struct sim_field stop_fields[] = {
    IDS_NEEDED, AWS_BOOL("Force"), AWS_BOOL("Hibernate"), {0}};
static const struct sim_field value_fields[] = {AWS_TEXT("Value"), {0}};
static const struct sim_field modify_fields[] = {
    AWS_NEED("InstanceId"),
    AWS_SUB("DisableApiTermination", value_fields),
    AWS_SUB("InstanceInitiatedShutdownBehavior", value_fields),
    {0}};
static const struct sim_field attribute_fields[] = {
    AWS_NEED("InstanceId"), AWS_NEED("Attribute"), {0}};
static const struct sim_field console_fields[] = {
    AWS_NEED("InstanceId"), AWS_BOOL("Latest"), {0}};
static const struct sim_field request_fields[] = {
    AWS_LIST("SpotInstanceRequestId"), AWS_FILTERS, AWS_PAGES, {0}};

const struct aws_action aws_pod_actions[] = {
    {"DescribeInstances", describe_fields, describe_instances},
    {"DescribeInstanceStatus", status_fields, describe_status},
    {"StartInstances", ids_fields, start_instances},
    {"StopInstances", stop_fields, stop_instances},
    {"RebootInstances", ids_fields, reboot_instances},
    {"TerminateInstances", ids_fields, terminate_instances},
    {"ModifyInstanceAttribute", modify_fields, modify_attribute},
    {"DescribeInstanceAttribute", attribute_fields, describe_attribute},
    {"GetConsoleOutput", console_fields, get_console},
    {"DescribeSpotInstanceRequests", request_fields, describe_requests},
    {NULL, NULL, NULL},
};

/* --- of somebody else ---------------------------------------------------- */

struct sim_machine *aws_seed(struct sim *sim, const json_t *wish)
{
    const char *region = sim_text(wish, "region", AWS_REGION);
    const struct aws_type *type =
        aws_type_find(sim_text(wish, "type", "t3.medium"));
    const json_t *tags = json_object_get(wish, "tags");
    struct aws_subnet subnet;
    char *id = aws_new_id("i-");
    const struct sim_wish made = {.id = id,
                                  .name = sim_text(wish, "name", "stranger"),
                                  .keys = sim_text(wish, "public_key", NULL)};
    struct sim_machine *machine = NULL;

    if (type && aws_subnet_at(region, 0, &subnet)) {
        machine = sim_machine_new(sim, &made);
        json_decref(machine->data);
        machine->data = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:o, s:[], "
            "s:[]}",
            "region", region, "type", type->name, "image",
            "ami-0f1ee700000000001", "subnet", subnet.id, "pool", "", "market",
            "on-demand", "reservation", "r-0f1ee700000000000", "quota",
            type->quota, "vcpus", type->vcpus, "public", 1, "tags",
            tags ? json_deep_copy(tags) : json_pack("{s:s}", "Name", made.name),
            "volumes", "groups");
        machine->locked = sim_flag(wish, "locked");
    }
    free(id);
    return machine;
}
