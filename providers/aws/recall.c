/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Instances of groups that have no name, and pods that have no instance: what a
 * run that has died leaves, and what groups do by themselves. */

enum { AGAIN_MS = 3000, MS = 1000 };

/* ---- by its token ---- */

static bool find_slot(const json_t *groups, const char *token,
                      const json_t **told, struct slot *slot)
{
    const json_t *group;
    size_t i;

    json_array_foreach(groups, i, group)
    {
        if (!slot_find(group, token, slot))
            continue;
        *told = group;
        return true;
    }
    return false;
}

/* The tag is of no use any more; whether that is written down is no matter. */
static void forget(struct ec2 *ec2, const struct group *group,
                   const struct slot *slot)
{
    struct fleet_error why = {0};

    if (group_keep(ec2, group->name, slot, true, &why) < 0)
        fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", group->name, why.text);
}

static bool has_failed(struct ec2 *ec2, const struct group *group)
{
    AUTO_JSON json_t *activities = NULL;
    struct fleet_error why = {0};
    struct aws_fault fault;

    return group_activities(ec2, group->name, &activities, &why) == FLEET_OK &&
           group_failure(json_array_get(activities, 0), &fault);
}

static int nothing(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ENOTFOUND, "no instance has that token");
}

/* It may still be on its way: then it is waited for, or no longer asked for. */
static int withdraw(struct ec2 *ec2, struct group *group,
                    const struct slot *slot, struct fleet_error *err)
{
    bool coming = group->desired > group->live;
    int rc;

    if (coming && !has_failed(ec2, group)) {
        fleet_fail(err, FLEET_ETRANSIENT, "%.100s has yet to make it",
                   group->name);
        err->retry_ms = AGAIN_MS;
        return FLEET_ETRANSIENT;
    }
    if (coming) {
        rc = group_resize(ec2, group, group->desired - 1, err);
        if (rc < 0)
            return rc;
    } else if (time(NULL) - slot->since < SLOT_SETTLE_S) {
        return nothing(err);
    }
    forget(ec2, group, slot);
    return nothing(err);
}

static int give_name(struct ec2 *ec2, const struct group *group,
                     const struct slot *slot, const json_t *unnamed,
                     json_t **instance, struct fleet_error *err)
{
    const char *id = api_text(unnamed, "instanceId");
    int rc = group_christen(ec2, id, slot, err);

    if (rc < 0)
        return rc;
    forget(ec2, group, slot);
    rc = look_at(ec2, id, instance, err);
    if (rc == FLEET_OK && !parse_tag(*instance, TAG_NAME)) {
        /* Written, and not shown yet. */
        json_t *tags =
            json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "key", TAG_NAME,
                      "value", slot->name, "key", TAG_TOKEN, "value",
                      slot->token, "key", TAG_OWNER, "value", TAG_FLEET);

        json_object_set_new(*instance, "tagSet", tags);
    }
    return rc;
}

/* Under the group's muster. */
static int resolve(struct ec2 *ec2, struct group *group,
                   const struct slot *slot, json_t **instance,
                   struct fleet_error *err)
{
    AUTO_JSON json_t *unnamed = NULL;
    const json_t *holder;
    int rc = group_look(ec2, group, err);

    if (rc < 0)
        return rc;
    if (!group->told)
        return nothing(err);
    holder = slots_holder(group->members, slot->token);
    if (holder) { /* named a moment ago */
        *instance = json_incref((json_t *)holder);
        return FLEET_OK;
    }
    unnamed = slots_unnamed(group->members);
    if (!unnamed)
        return api_enomem(err);
    if (json_array_size(unnamed) == 0)
        return withdraw(ec2, group, slot, err);
    return give_name(ec2, group, slot, json_array_get(unnamed, 0), instance,
                     err);
}

int recall(struct ec2 *ec2, const char *token, json_t **instance,
           struct fleet_error *err)
{
    AUTO_JSON json_t *groups = NULL;
    AUTO_GROUP struct group group = {0};
    const json_t *told = NULL;
    struct muster *muster;
    struct slot slot;
    int rc = group_all(ec2, &groups, err);

    if (rc < 0)
        return rc;
    if (!find_slot(groups, token, &told, &slot))
        return nothing(err);
    snprintf(group.name, sizeof(group.name), "%.127s",
             api_text(told, "AutoScalingGroupName"));
    muster = muster_enter(ec2, group.name, err);
    if (!muster)
        return err->code;
    rc = resolve(ec2, &group, &slot, instance, err);
    muster_leave(muster);
    return rc;
}

/* ---- in a listing ---- */

/* Those without a name, by group: {GROUP: [instance...]}. */
static json_t *by_group(const json_t *instances)
{
    AUTO_JSON json_t *unnamed = slots_unnamed(instances);
    json_t *groups = json_object(), *instance;
    size_t i;

    json_array_foreach(unnamed, i, instance)
    {
        const char *name = parse_tag(instance, TAG_GROUP);
        json_t *list = name ? json_object_get(groups, name) : NULL;

        if (name && !list) {
            list = json_array();
            json_object_set_new(groups, name, list);
        }
        if (list)
            json_array_append(list, instance);
    }
    return groups;
}

/* As many of the newest as there are pods without an instance. */
static int hide(struct ec2 *ec2, const char *name, const json_t *unnamed,
                json_t *ids, struct fleet_error *err)
{
    AUTO_GROUP struct group group = {0};
    size_t open, n = 0;
    int rc;

    snprintf(group.name, sizeof(group.name), "%.127s", name);
    rc = group_look(ec2, &group, err);
    if (rc < 0)
        return rc;
    open = slots_open(group.told, group.members, (int64_t)time(NULL));
    for (; n < open && n < json_array_size(unnamed); n++) {
        const char *id = api_text(json_array_get(unnamed, n), "instanceId");

        json_object_set_new(ids, id, json_true());
    }
    if (n > 0)
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "%s: %zu of its instances have no name yet: another run is "
                  "about to name them, or was cut short, and then the next "
                  "`fleet create` does",
                  name, n);
    return FLEET_OK;
}

int recall_hidden(struct ec2 *ec2, const json_t *instances, json_t **ids,
                  struct fleet_error *err)
{
    AUTO_JSON json_t *groups = by_group(instances), *hidden = json_object();
    json_t *unnamed;
    const char *name;

    if (!groups || !hidden)
        return api_enomem(err);
    json_object_foreach(groups, name, unnamed)
    {
        struct fleet_error why = {0};

        /* Where nobody can be asked, all are shown. */
        if (hide(ec2, name, unnamed, hidden, &why) < 0)
            fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", name, why.text);
    }
    *ids = json_incref(hidden);
    return FLEET_OK;
}

void recall_name(const json_t *instance, struct fleet_pod *pod)
{
    const char *cohort = parse_tag(instance, TAG_COHORT);
    const char *id = api_text(instance, "instanceId");
    char name[SLOT_NAME + 40];

    if (!cohort || !id || !parse_is_ours(instance) ||
        !parse_tag(instance, TAG_GROUP) || parse_tag(instance, TAG_NAME))
        return;
    snprintf(name, sizeof(name), "%.62s-%.39s", cohort, id);
    fleet_pod_set(pod, FLEET_POD_NAME, name);
}
