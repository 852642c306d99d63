/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_GROUP_H
#define AWS_GROUP_H

#include "providers/aws/ec2.h"
#include "providers/aws/groupform.h"
#include "providers/aws/slots.h"

/* An Auto Scaling group as it is at one moment, and the calls that change it.
 */
struct group {
    char name[GROUP_NAME];
    json_t *told;    /* by DescribeAutoScalingGroups; NULL: there is none */
    json_t *members; /* its instances, by DescribeInstances */
    int64_t desired, live;
};
void group_clear(struct group *group);
static inline void group_auto_clear(struct group *group)
{
    group_clear(group);
}
#define AUTO_GROUP __attribute__((cleanup(group_auto_clear)))

/* A query to Auto Scaling, closed. */
int group_ask(struct ec2 *ec2, const char *action, struct form *form,
              json_t **answer, struct aws_fault *fault,
              struct fleet_error *err);
#define group_open_form(form_, action_)                                        \
    form_open((form_), (action_), service_scaling.version)

/* Fills the rest of GROUP by its name. */
int group_look(struct ec2 *ec2, struct group *group, struct fleet_error *err);
/* Every group of fleet's, without its instances: an array, the caller's. */
int group_all(struct ec2 *ec2, json_t **groups, struct fleet_error *err);
/* GROUP, which was told, as one whose instances are known. */
int group_of(struct ec2 *ec2, const json_t *told, struct group *group,
             struct fleet_error *err);

/* Template and group of that name are there and as WISH has it. */
int group_prepare(struct ec2 *ec2, const struct wish *wish, const char *name,
                  struct aws_fault *fault, struct fleet_error *err);
int group_resize(struct ec2 *ec2, struct group *group, int64_t desired,
                 struct fleet_error *err);
/* Writes SLOT into its tag, or with FREE that it is free: as the member N of a
 * CreateOrUpdateTags, or in one of its own. */
int group_put_slot(struct form *form, int n, const char *name,
                   const struct slot *slot, bool free, struct fleet_error *err);
int group_keep(struct ec2 *ec2, const char *name, const struct slot *slot,
               bool free, struct fleet_error *err);
/* The name and token of SLOT onto an instance, which is its from then on. */
int group_christen(struct ec2 *ec2, const char *id, const struct slot *slot,
                   struct fleet_error *err);
/* What it has done lately, the newest first: an array, the caller's. */
int group_activities(struct ec2 *ec2, const char *name, json_t **activities,
                     struct fleet_error *err);
/* Why an activity has failed; false: it has not. */
bool group_failure(const json_t *activity, struct aws_fault *fault);

/* ---- muster.c ---- */

/* One pod out of the group for WISH: as launch, in a group. */
int muster(struct ec2 *ec2, const struct wish *wish, struct fleet_pod *pod,
           struct fleet_error *err);
/* One at a time looks after a group of that name. NULL: FLEET_ETRANSIENT, the
 * others were at it until the deadline. */
struct muster *muster_enter(struct ec2 *ec2, const char *name,
                            struct fleet_error *err);
void muster_leave(struct muster *muster);
void muster_close(struct ec2 *ec2);

/* ---- recall.c ---- */

/* A pod that a run which has died has asked a group for, under its name from
 * now on. FLEET_ENOTFOUND: there will be none; FLEET_ETRANSIENT: not yet. */
int recall(struct ec2 *ec2, const char *token, json_t **instance,
           struct fleet_error *err);
/* Ids of those INSTANCES of groups that have no name because somebody is about
 * to give them one: an object, the caller's. */
int recall_hidden(struct ec2 *ec2, const json_t *instances, json_t **ids,
                  struct fleet_error *err);
/* An instance that its group has made by itself goes by its id. */
void recall_name(const json_t *instance, struct fleet_pod *pod);

/* ---- member.c ---- */

/* Of an instance: its group, malloc'd; NULL: none. */
int member_group(struct ec2 *ec2, const char *id, char **name,
                 struct fleet_error *err);
int member_terminate(struct ec2 *ec2, const char *name, const char *id,
                     struct aws_fault *fault, struct fleet_error *err);

#endif
