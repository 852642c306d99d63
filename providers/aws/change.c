/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/group.h"

#include <string.h>

/* What is done to one pod. */

enum { AGAIN_MS = 2000 };

int ec2_create(void *handle, const struct fleet_spec *spec,
               struct fleet_pod *pod, struct fleet_error *err)
{
    return launch(handle, spec, pod, err);
}

/* One instance, in an action that is harmless when it is repeated. */
static int act(struct ec2 *ec2, const char *action, const char *id,
               struct aws_fault *fault, struct fleet_error *err)
{
    struct form form;
    int rc = look_check(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, action);
    form_add(&form, id, "InstanceId.1");
    return ec2_ask(ec2, action, &form, NULL, fault, err);
}

int ec2_start(void *handle, const char *id, struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc = act(handle, "StartInstances", id, &fault, err);

    /* It is on its way down: that passes. */
    if (rc < 0 && strcmp(fault.code, "IncorrectInstanceState") == 0) {
        err->code = FLEET_ETRANSIENT;
        err->retry_ms = 3000;
    }
    return rc < 0 ? err->code : rc;
}

/* Malloc'd; NULL: it is in none. */
static int group_name(struct ec2 *ec2, const char *id, char **name,
                      struct fleet_error *err)
{
    const char *known;
    bool seen;
    int rc = look_check(id, err);

    if (rc == FLEET_OK)
        rc = ec2_enter(ec2, err);
    if (rc < 0)
        return rc;
    known = api_text(ec2->grouped, id);
    seen = known != NULL;
    *name = known && *known ? strdup(known) : NULL;
    ec2_leave(ec2);
    return seen ? FLEET_OK : member_group(ec2, id, name, err);
}

static int refuse_stop(const char *group, struct fleet_error *err)
{
    return fleet_fail(err, FLEET_EREFUSED,
                      "it is in the Auto Scaling group %.100s, which would "
                      "take a stopped instance for a broken one, end it and "
                      "make another: terminate it instead",
                      group);
}

int ec2_stop(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_FREE char *group = NULL;
    struct aws_fault fault = {0};
    char *name = NULL;
    int rc = group_name(handle, id, &name, err);

    group = name;
    if (group)
        return refuse_stop(group, err);
    if (rc == FLEET_OK || rc == FLEET_ENOTFOUND)
        rc = act(handle, "StopInstances", id, &fault, err);

    if (rc == FLEET_EUNSUPPORTED)
        return fleet_fail(err, rc,
                          "%s: %.200s (a spot instance that is asked for "
                          "once cannot be stopped: terminate it)",
                          fault.code, fault.message);
    return rc;
}

int ec2_restart(void *handle, const char *id, struct fleet_error *err)
{
    return act(handle, "RebootInstances", id, NULL, err);
}

/* That it is not found is no proof that it is gone: the look before had seen
 * it. */
static int settle_missing(struct ec2 *ec2, const char *id,
                          struct fleet_error *err)
{
    AUTO_JSON json_t *instance = NULL;
    int rc = look_at(ec2, id, &instance, err);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc < 0 || parse_is_terminated(instance))
        return rc;
    fleet_fail(err, FLEET_ETRANSIENT, "EC2 knows %.40s only half", id);
    err->retry_ms = AGAIN_MS;
    return FLEET_ETRANSIENT;
}

static int terminate_alone(struct ec2 *ec2, const char *id,
                           struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc = act(ec2, "TerminateInstances", id, &fault, err);

    if (rc == FLEET_ENOTFOUND)
        return fault.class == AWS_MISSING ? settle_missing(ec2, id, err)
                                          : FLEET_OK;
    if (rc == FLEET_ELOCKED)
        return fleet_fail(err, rc,
                          "termination protection is on, and it was not "
                          "fleet that set it: `fleet lock` and then `fleet "
                          "unlock` end that (%s: %.200s)",
                          fault.code, fault.message);
    return rc;
}

/* A group that does not know it would not replace it, either: but one that it
 * was in a moment ago may only be behind. */
static int end_unknown(struct ec2 *ec2, const char *id, struct fleet_error *err)
{
    AUTO_FREE char *group = NULL;
    char *name = NULL;
    int rc = member_group(ec2, id, &name, err);

    group = name;
    if (!group)
        return rc == FLEET_OK || rc == FLEET_ENOTFOUND
                   ? terminate_alone(ec2, id, err)
                   : rc;
    fleet_fail(err, FLEET_ETRANSIENT,
               "%.40s is of the group %.100s, which does not know it", id,
               group);
    err->retry_ms = AGAIN_MS;
    return FLEET_ETRANSIENT;
}

int ec2_terminate(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_FREE char *group = NULL;
    struct aws_fault fault = {0};
    char *name = NULL;
    int rc = group_name(handle, id, &name, err);

    group = name;
    if (!group)
        return rc == FLEET_OK || rc == FLEET_ENOTFOUND
                   ? terminate_alone(handle, id, err)
                   : rc;
    rc = member_terminate(handle, group, id, &fault, err);
    return rc < 0 && fault.class == AWS_MISSING ? end_unknown(handle, id, err)
                                                : rc;
}

static int set_tag(struct ec2 *ec2, const char *id, const char *key,
                   const char *value, struct fleet_error *err)
{
    struct form form;
    int rc = look_check(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, "CreateTags");
    form_add(&form, id, "ResourceId.1");
    form_add(&form, key, "Tag.1.Key");
    form_add(&form, value, "Tag.1.Value");
    return ec2_ask(ec2, "CreateTags", &form, NULL, NULL, err);
}

int ec2_rename(void *handle, const char *id, const char *name,
               struct fleet_error *err)
{
    return set_tag(handle, id, TAG_NAME, name, err);
}

/* DescribeInstances does not tell of the protection, so a tag does; it is
 * written where the protection is certain. */
int ec2_lock(void *handle, const char *id, int32_t locked,
             struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    struct form form;
    int rc = look_check(id, err);

    if (rc < 0)
        return rc;
    ec2_open_form(&form, "ModifyInstanceAttribute");
    form_add(&form, id, "InstanceId");
    form_add(&form, locked ? "true" : "false", "DisableApiTermination.Value");
    rc = ec2_ask(ec2, "ModifyInstanceAttribute", &form, NULL, NULL, err);
    return rc < 0 ? rc : set_tag(ec2, id, TAG_LOCK, locked ? "1" : "0", err);
}
