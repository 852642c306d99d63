/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/record.h"
#include "providers/aws/parse.h"
#include "providers/aws/request.h"
#include "tests/unit/aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- instances ---- */

#define OURS TAG("managed-by", "fleet") TAG("fleet-token", "t-1")

struct instance_case {
    const char *text, *id, *name, *word, *host, *token, *billing;
    int state, port, spot, locked;
};

static const struct instance_case instances[] = {
    {"<i><instanceId>i-1</instanceId>" STATE(
         "running") "<ipAddress>203.0.113.9"
                    "</ipAddress><privateIpAddress>10.0.0.1</"
                    "privateIpAddress><tagSet>" OURS TAG("Name", "arena-apple")
                        TAG("fleet-locked", "1") "</tagSet></i>",
     "i-1", "arena-apple", "running", "203.0.113.9", "t-1",
     "instance and EBS disks", FLEET_STATE_RUNNING, 22, 0, 1},
    /* No public address, another port, on spot. */
    {"<i><instanceId>i-2</instanceId>" STATE(
         "running") "<privateIpAddress>10.0.0.1</"
                    "privateIpAddress><instanceLifecycle>spot"
                    "</instanceLifecycle><tagSet>" OURS TAG(
                        "fleet-ssh-port", "2222") "</tagSet></i>",
     "i-2", NULL, "running", "10.0.0.1", "t-1", "instance and EBS disks",
     FLEET_STATE_RUNNING, 2222, 1, 0},
    /* A port that is none; a reason of the last stop. */
    {"<i><instanceId>i-3</instanceId>" STATE(
         "running") "<ipAddress>203.0.113.9</ipAddress><stateReason><code>"
                    "Client.InstanceInitiatedShutdown</code></"
                    "stateReason><tagSet>" OURS TAG("fleet-ssh-port",
                                                    "99999") "</tagSet></i>",
     "i-3", NULL, "running", "203.0.113.9", "t-1", "instance and EBS disks",
     FLEET_STATE_RUNNING, 22, 0, 0},
    /* Told to stop, and it still has its address. */
    {"<i><instanceId>i-4</instanceId>" STATE(
         "stopped") "<privateIpAddress>10.0.0.1</"
                    "privateIpAddress><stateReason><code>"
                    "Client.UserInitiatedShutdown</code></stateReason></i>",
     "i-4", NULL, "stopped", NULL, NULL, "EBS disks", FLEET_STATE_STOPPED, 0, 0,
     0},
    {"<i><instanceId>i-5</instanceId>" STATE(
         "shutting-down") "<stateReason><code>Server.SpotInstanceTermination</"
                          "code></stateReason>"
                          "</i>",
     "i-5", NULL, "shutting-down (spot interruption: AWS takes it back)", NULL,
     NULL, "instance and EBS disks", FLEET_STATE_TERMINATING, 0, 0, 0},
    {"<i><instanceId>i-6</instanceId>" STATE(
         "terminated") "<stateReason><code>Client.VolumeLimitExceeded</code></"
                       "stateReason></i>",
     "i-6", NULL, "terminated (Client.VolumeLimitExceeded)", NULL, NULL,
     "instance and EBS disks", FLEET_STATE_GONE, 0, 0, 0},
    /* Somebody else's tags, and words that nobody knew of. */
    {"<i><instanceId>i-7</instanceId>" STATE("dreaming") "<tagSet>" TAG(
         "fleet-token", "t-1") TAG("fleet-locked", "1") "</tagSet></i>",
     "i-7", NULL, "dreaming", NULL, NULL, "instance and EBS disks",
     FLEET_STATE_UNKNOWN, 0, 0, 0},
    {"<i><instanceId>i-8</instanceId><tagSet>x</tagSet><placement>y</placement>"
     "</i>",
     "i-8", NULL, "not told", NULL, NULL, "instance and EBS disks",
     FLEET_STATE_UNKNOWN, 0, 0, 0},
};

static void same_text(const struct fleet_pod *pod, int field, const char *text)
{
    const char *has = fleet_pod_get(pod, field);

    if (text)
        assert_string_equal(has ? has : "(none)", text);
    else
        assert_null(has);
}

static void check_instance(const struct instance_case *c)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    json_t *instance = xml(c->text);
    struct fleet_error err = {0};

    assert_int_equal(parse_instance(instance, pod, &err), FLEET_OK);
    assert_null(fl_pod_fault(pod));
    same_text(pod, FLEET_POD_ID, c->id);
    same_text(pod, FLEET_POD_NAME, c->name);
    same_text(pod, FLEET_POD_PROVIDER_STATE, c->word);
    same_text(pod, FLEET_POD_SSH_HOST, c->host);
    same_text(pod, FLEET_POD_TOKEN, c->token);
    same_text(pod, FLEET_POD_BILLING, c->billing);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_STATE, -1), c->state);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0), c->port);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SPOT, 0), c->spot);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0), c->locked);
    json_decref(instance);
}

static void test_instances(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(instances) / sizeof(instances[0]); i++)
        check_instance(&instances[i]);
}

static int count_one(void *arg, const json_t *instance, struct fleet_error *err)
{
    (void)instance;
    (void)err;
    ++*(int *)arg;
    return FLEET_OK;
}

static void test_answers(void **state)
{
    static const struct {
        const char *text;
        int code, n;
        const char *next;
    } rows[] = {
        {"<R><requestId>r</requestId><reservationSet><item><instancesSet><item>"
         "<instanceId>a</instanceId></item><item><instanceId>b</instanceId>"
         "</item></instancesSet></item><item><instancesSet><item><instanceId>c"
         "</instanceId></item></instancesSet></item></reservationSet>"
         "<nextToken>n</nextToken></R>",
         FLEET_OK, 3, "n"},
        {"<R><requestId>r</requestId><reservationSet/><nextToken/></R>",
         FLEET_OK, 0, NULL},
        {"<R><reservationId>r</reservationId><instancesSet><item><instanceId>a"
         "</instanceId></item></instancesSet></R>",
         FLEET_OK, 1, NULL},
        {"<R/>", FLEET_EINTERNAL, 0, NULL},
        {"<R><x>1</x></R>", FLEET_EINTERNAL, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *answer = xml(rows[i].text);
        struct fleet_error err = {0};
        int n = 0;

        assert_int_equal(parse_instances(answer, count_one, &n, &err),
                         rows[i].code);
        assert_int_equal(n, rows[i].n);
        if (rows[i].next)
            assert_string_equal(parse_next(answer), rows[i].next);
        else
            assert_null(parse_next(answer));
        json_decref(answer);
    }
}

/* ---- the market ---- */

static void test_types(void **state)
{
    json_t *type = xml("<i><supportedUsageClasses><item>spot</item>"
                       "</supportedUsageClasses><processorInfo>"
                       "<supportedArchitectures><item>i386</item><item>x86_64"
                       "</item></supportedArchitectures></processorInfo>"
                       "<gpuInfo><gpus><item><name>A100</name><count>8</count>"
                       "</item></gpus></gpuInfo></i>");
    json_t *plain = xml("<i><processorInfo><supportedArchitectures><item>mips"
                        "</item></supportedArchitectures></processorInfo></i>");
    int64_t count;

    (void)state;
    assert_true(parse_has_market(type, true));
    assert_false(parse_has_market(type, false));
    assert_string_equal(parse_architecture(type), "x86_64");
    assert_string_equal(parse_gpu(type, &count), "A100");
    assert_int_equal(count, 8);
    assert_null(parse_architecture(plain));
    assert_null(parse_gpu(plain, &count));
    json_decref(type);
    json_decref(plain);
}

#define IMAGE(id_, made_, arch_)                                               \
    "<item><imageId>" id_ "</imageId><creationDate>" made_                     \
    "</creationDate><architecture>" arch_ "</architecture></item>"

static void test_images(void **state)
{
    json_t *answer =
        xml("<R><imagesSet>" IMAGE("ami-1", "2026-01-01T", "arm64")
                IMAGE("ami-2", "2025-01-01T", "x86_64") IMAGE(
                    "ami-3", "2025-09-01T",
                    "x86_64") "<item><architecture>x86_64</architecture>"
                              "<creationDate>2027-01-01T</creationDate></item>"
                              "</imagesSet></R>");
    const json_t *images = xml_list(answer, "imagesSet");

    (void)state;
    assert_string_equal(api_text(parse_newest(images, "x86_64"), "imageId"),
                        "ami-3");
    assert_string_equal(api_text(parse_newest(images, "arm64"), "imageId"),
                        "ami-1");
    assert_null(parse_newest(images, "mips"));
    assert_null(parse_newest(NULL, "x86_64"));
    json_decref(answer);
}

#define SPOT(type_, zone_, price_)                                             \
    "<item><instanceType>" type_ "</instanceType><availabilityZone>" zone_     \
    "</availabilityZone><spotPrice>" price_ "</spotPrice></item>"

static void test_prices(void **state)
{
    json_t *answer =
        xml("<R><h>" SPOT("g5.xlarge", "a", "0.5") SPOT("g5.xlarge", "b", "0.4")
                SPOT("g6.xlarge", "a", "0.1")
                    SPOT("g5.xlarge", "c", "cheap") "</h></R>");
    const json_t *history = xml_list(answer, "h");
    json_t *list = json_loads(
        "{\"PriceList\":[\"{\\\"terms\\\":{\\\"OnDemand\\\":{\\\"a\\\":{"
        "\\\"priceDimensions\\\":{\\\"b\\\":{\\\"unit\\\":\\\"Hrs\\\","
        "\\\"pricePerUnit\\\":{\\\"USD\\\":\\\"1.0060000000\\\"}}}}}}}\","
        "\"{\",7]}",
        0, NULL);

    (void)state;
    assert_int_equal(parse_spot_price(history, "g5.xlarge", NULL), 400000);
    assert_int_equal(parse_spot_price(history, "g5.xlarge", "a"), 500000);
    assert_int_equal(parse_spot_price(history, "g5.xlarge", "c"), -1);
    assert_int_equal(parse_spot_price(NULL, "g5.xlarge", NULL), -1);
    assert_int_equal(parse_list_price(list), 1006000);
    assert_int_equal(parse_list_price(NULL), -1);
    assert_int_equal(parse_table_price("us-east-1", "g5.xlarge"), 1006000);
    assert_int_equal(parse_table_price("eu-central-1", "g5.xlarge"), -1);
    assert_int_equal(parse_table_price("us-east-1", "t3.medium"), -1);
    json_decref(answer);
    json_decref(list);
}

/* ---- requests ---- */

static void test_run(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish();

    (void)state;
    request_run(&form, &wish, 1);
    has(&form, "Action=RunInstances&Version=2016-11-15");
    has(&form, "&MinCount=1&MaxCount=1&ClientToken=t-1-0-1&");
    has(&form, "&InstanceType=g5.xlarge&SubnetId=subnet-2&");
    has(&form, "&InstanceMarketOptions.MarketType=spot&");
    has(&form, "&InstanceMarketOptions.SpotOptions.MaxPrice=1.250000&");
    has(&form, "&SecurityGroupId.1=sg-1&SecurityGroupId.2=sg-2&");
    has(&form, "&BlockDeviceMapping.1.DeviceName=%2Fdev%2Fsda1&"
               "BlockDeviceMapping.1.Ebs.VolumeSize=100&"
               "BlockDeviceMapping.1.Ebs.VolumeType=gp3&"
               "BlockDeviceMapping.1.Ebs.DeleteOnTermination=true&");
    has(&form, "&MetadataOptions.HttpTokens=required&");
    has(&form, "&TagSpecification.2.ResourceType=volume&");
    has(&form, "&TagSpecification.1.Tag.7.Key=team&"
               "TagSpecification.1.Tag.7.Value=a%3Db");
}

static void test_fleet(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish();

    (void)state;
    request_fleet(&form, &wish, "fleet-x");
    has(&form, "&Type=instant&ClientToken=t-1-f0&");
    has(&form, ".LaunchTemplateName=fleet-x&");
    has(&form, "Overrides.2.InstanceType=g5.xlarge&LaunchTemplateConfigs.1."
               "Overrides.2.SubnetId=subnet-2&LaunchTemplateConfigs.1."
               "Overrides.2.MaxPrice=1.250000&");
    has(&form, "TotalTargetCapacity=1&");
    has(&form, "DefaultTargetCapacityType=spot&");
    form_close(&form);
    wish.spot = false;
    request_fleet(&form, &wish, "fleet-x");
    has(&form, "DefaultTargetCapacityType=on-demand&");
    assert_null(strstr(form.text, "MaxPrice"));
}

/* Called by what is in it, and not by whom it is for. */
static void test_template(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish(), other = a_wish();
    char name[REQUEST_NAME], same[REQUEST_NAME], differs[REQUEST_NAME];

    (void)state;
    other.name = "arena-arrow";
    other.token = "t-2";
    other.spot = false;
    assert_int_equal(request_template_name(&wish, name), 0);
    assert_int_equal(request_template_name(&other, same), 0);
    assert_string_equal(name, same);
    other.image = "ami-2";
    assert_int_equal(request_template_name(&other, differs), 0);
    assert_string_not_equal(name, differs);
    assert_memory_equal(name, "fleet-", 6);
    request_template(&form, &wish, name);
    has(&form, "LaunchTemplateData.ImageId=ami-1&");
    has(&form, "TagSpecification.1.ResourceType=launch-template&");
    assert_null(strstr(form.text, "InstanceMarketOptions"));
    assert_null(strstr(form.text, "arena-apple"));
}

/* Nothing in a key ends the quotes of the script. */
static void test_user_data(void **state)
{
    struct wish wish = a_wish();
    char *text = request_user_data(&wish);

    (void)state;
    assert_non_null(text);
    assert_memory_equal(text, "#!/bin/sh\n", 10);
    assert_non_null(strstr(text, "key='ssh-ed25519 AAAAC3Nz it'\\''s me'\n"));
    assert_non_null(strstr(text, "user='root'\n"));
    assert_null(strstr(text, "arena-apple"));
    assert_true(strlen(text) < 16384);
    free(text);
    wish.public_key = "ssh-rsa A\nreboot";
    text = request_user_data(&wish);
    assert_non_null(strstr(text, "key='ssh-rsa Areboot'\n"));
    free(text);
}

static void test_tags(void **state)
{
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(request_check_tags("a=1\nb=", &err), FLEET_OK);
    assert_int_equal(request_check_tags(NULL, &err), FLEET_OK);
    assert_int_equal(request_check_tags("a", &err), FLEET_ECONFIG);
    assert_int_equal(request_check_tags("=a", &err), FLEET_ECONFIG);
    assert_int_equal(request_check_tags("aws:x=1", &err), FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "AWS_TAGS"));
}

static void test_filters(void **state)
{
    AUTO_FORM struct form form = {0};

    (void)state;
    form_open(&form, "A", "B");
    request_filter(&form, 1, "tag:managed-by", "fleet");
    request_filter(&form, 2, "nothing", NULL);
    request_filter(&form, 2, "instance-type", "g*\np*");
    assert_string_equal(form.text,
                        "Action=A&Version=B&Filter.1.Name=tag%3Amanaged-by&"
                        "Filter.1.Value.1=fleet&Filter.2.Name=instance-type&"
                        "Filter.2.Value.1=g%2A&Filter.2.Value.2=p%2A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instances), cmocka_unit_test(test_answers),
        cmocka_unit_test(test_types),     cmocka_unit_test(test_images),
        cmocka_unit_test(test_prices),    cmocka_unit_test(test_run),
        cmocka_unit_test(test_fleet),     cmocka_unit_test(test_template),
        cmocka_unit_test(test_user_data), cmocka_unit_test(test_tags),
        cmocka_unit_test(test_filters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
