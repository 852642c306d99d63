/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/groupform.h"
#include "providers/aws/slots.h"
#include "tests/unit/aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW  1000000
#define SLOT "{s:s,s:s}"

static json_t *a_group(const char *first, const char *second)
{
    json_t *group = json_pack(
        "{s:[" SLOT "," SLOT "," SLOT "],s:[{s:s,s:s},{s:s,s:s},{s:s}],s:s,s:s,"
        "s:{s:s}}",
        "Tags", "Key", "fleet-wanted-00", "Value", first, "Key",
        "fleet-wanted-01", "Value", second, "Key", "managed-by", "Value",
        "fleet", "Instances", "InstanceId", "i-1", "LifecycleState",
        "InService", "InstanceId", "i-2", "LifecycleState", "Terminating:Wait",
        "InstanceId", "i-3", "MaxSize", "100", "VPCZoneIdentifier",
        "subnet-2,subnet-1", "LaunchTemplate", "Version", "3");

    assert_non_null(group);
    return group;
}

static void test_slots(void **state)
{
    static const char *const bad[] = {"-",         "t-1",       "t-1 apple",
                                      "t-1 a b",   "t-1 a -1",  " a 1",
                                      "t-1  1000", "t-1 a 1e3", ""};
    json_t *group = a_group("t-1 arena-apple 999990", "t-2 arena-arrow 5");
    struct slot slot = {0};
    struct fleet_error err = {0};
    char text[SLOT_TEXT], key[SLOT_KEY];

    (void)state;
    assert_true(slot_find(group, "t-1", &slot));
    assert_string_equal(slot.name, "arena-apple");
    assert_int_equal(slot.number, 0);
    assert_int_equal(slot_text(&slot, text, &err), FLEET_OK);
    assert_string_equal(text, "t-1 arena-apple 999990");
    slot_key(7, key);
    assert_string_equal(key, "fleet-wanted-07");
    assert_false(slot_find(group, "t-", &slot));
    assert_false(slot_find(NULL, "t-1", &slot));
    /* The second is stale. */
    assert_int_equal(slot_free(group, 0, NOW), 1);
    assert_int_equal(slot_free(group, 2, NOW), 2);
    assert_int_equal(slot_free(group, SLOTS, NOW), -1);
    assert_int_equal(slots_live(group), 2);
    json_decref(group);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        group = a_group(bad[i], "-");
        assert_false(slot_find(group, "t-1", &slot));
        assert_int_equal(slot_free(group, 0, NOW), 0);
        json_decref(group);
    }
    snprintf(slot.name, sizeof(slot.name), "a b");
    assert_int_equal(slot_text(&slot, text, &err), FLEET_EINVALID);
}

#define MEMBER(id_, when_, state_, tags_)                                      \
    "<item><instanceId>" id_ "</instanceId><launchTime>" when_                 \
    "</launchTime>" STATE(state_) "<tagSet>" tags_ "</tagSet></item>"

/* Who has no name, the newest first, and who is still to come. */
static void test_members(void **state)
{
    json_t *answer =
        xml("<R><set>" MEMBER("i-1", "2026-01-01T00:00:01Z", "running", "")
                MEMBER("i-2", "2026-01-01T00:00:03Z", "pending", "")
                    MEMBER("i-3", "2026-01-01T00:00:02Z", "running",
                           TAG("Name", "arena-apple") TAG("fleet-token", "t-1"))
                        MEMBER("i-4", "2026-01-01T00:00:09Z", "shutting-down",
                               "") "</set></R>");
    const json_t *members = xml_list(answer, "set");
    json_t *group = a_group("t-1 arena-apple 999990", "t-2 arena-arrow 999990");
    json_t *unnamed = slots_unnamed(members);

    (void)state;
    assert_int_equal(json_array_size(unnamed), 2);
    assert_string_equal(api_text(json_array_get(unnamed, 0), "instanceId"),
                        "i-2");
    assert_string_equal(api_text(json_array_get(unnamed, 1), "instanceId"),
                        "i-1");
    assert_non_null(slots_holder(members, "t-1"));
    assert_null(slots_holder(members, "t-2"));
    assert_int_equal(slots_open(group, members, NOW), 1);
    assert_int_equal(slots_open(group, members, NOW * 2), 0);
    json_decref(unnamed);
    unnamed = slots_unnamed(NULL);
    assert_int_equal(json_array_size(unnamed), 0);
    json_decref(unnamed);
    json_decref(group);
    json_decref(answer);
}

static void test_group_names(void **state)
{
    struct wish wish = a_wish();
    json_t *types = json_pack("[s,s]", "g5.xlarge", "g5.2xlarge");
    char name[GROUP_NAME];

    (void)state;
    groupform_name(&wish, name);
    assert_string_equal(name, "fleet-arena-g5.xlarge-spot");
    assert_true(groupform_is_ours(name));
    assert_false(groupform_is_ours("workers"));
    wish.spot = false;
    wish.types = types;
    wish.cohort = NULL;
    groupform_name(&wish, name);
    assert_int_equal(strlen(name), strlen("fleet-mixed-0123456789abcdef-"
                                          "on-demand"));
    json_decref(types);
}

static void test_group_template(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish();
    char hash[REQUEST_NAME], other[REQUEST_NAME];

    (void)state;
    assert_int_equal(groupform_hash(&wish, hash), 0);
    groupform_template(&form, &wish, "g", hash, 0);
    has(&form, "Action=CreateLaunchTemplate&");
    has(&form, "&LaunchTemplateData.InstanceType=g5.xlarge&");
    has(&form, "&LaunchTemplateData.InstanceMarketOptions.SpotOptions."
               "MaxPrice=1.250000&");
    has(&form, "&LaunchTemplateData.TagSpecification.1.ResourceType=volume&");
    has(&form, hash);
    form_close(&form);
    groupform_template(&form, &wish, "g", hash, 2);
    has(&form, "Action=CreateLaunchTemplateVersion&");
    wish.name = "arena-arrow"; /* one for all pods */
    wish.token = "t-2";
    assert_int_equal(groupform_hash(&wish, other), 0);
    assert_string_equal(hash, other);
    wish.max_micros++; /* and one for each price */
    assert_int_equal(groupform_hash(&wish, other), 0);
    assert_string_not_equal(hash, other);
}

static void test_group(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish();
    json_t *group = a_group("-", "-");

    (void)state;
    config.group_max = 100;
    groupform_create(&form, &wish, "g", "3");
    has(&form, "&VPCZoneIdentifier=subnet-1%2Csubnet-2&");
    has(&form,
        "&LaunchTemplate.LaunchTemplateName=g&LaunchTemplate.Version=3&");
    has(&form, "&MinSize=0&DesiredCapacity=0&");
    has(&form, "&NewInstancesProtectedFromScaleIn=true&");
    has(&form, ".Key=team&Tags.member.5.Value=a%3Db&"
               "Tags.member.5.PropagateAtLaunch=true");
    form_close(&form);
    assert_false(groupform_differs(group, &wish, "3"));
    assert_true(groupform_differs(group, &wish, "4"));
    json_object_set_new(group, "MaxSize", json_string("7"));
    assert_true(groupform_differs(group, &wish, "3"));
    json_object_set_new(group, "MaxSize", json_string("100"));
    json_object_set_new(group, "VPCZoneIdentifier", json_string("subnet-1"));
    assert_true(groupform_differs(group, &wish, "3"));
    form_open(&form, "", "");
    assert_int_equal(groupform_tags(&form, group, &wish, "g", 1), 4);
    json_decref(group);
}

/* An empty price is sent: it ends an older one. */
static void test_mixed(void **state)
{
    AUTO_FORM struct form form = {0};
    struct wish wish = a_wish();
    json_t *types = json_pack("[s,s]", "g5.xlarge", "g5.2xlarge");

    (void)state;
    wish.types = types;
    wish.max_micros = 0;
    groupform_update(&form, &wish, "g", "1");
    has(&form, ".Overrides.member.2.InstanceType=g5.2xlarge&");
    has(&form, ".OnDemandPercentageAboveBaseCapacity=0&");
    assert_string_equal(strrchr(form.text, '&'),
                        "&MixedInstancesPolicy.InstancesDistribution."
                        "SpotMaxPrice=");
    form_close(&form);
    groupform_template(&form, &wish, "g", "h", 0);
    assert_null(strstr(form.text, "InstanceMarketOptions"));
    assert_null(strstr(form.text, "Data.InstanceType"));
    json_decref(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_group_names),
        cmocka_unit_test(test_group_template),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_mixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
