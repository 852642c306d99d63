/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_GROUPFORM_H
#define AWS_GROUPFORM_H

#include "providers/aws/request.h"

/* What Auto Scaling is asked for. Pure.
 *
 * A group and its launch template have one name, by cohort, type and market:
 * "fleet-arena-g5.xlarge-spot"; one of several types has a hash of them in the
 * type's place. */
enum { GROUP_NAME = 128, GROUP_TEXT = 64 };

void groupform_name(const struct wish *wish, char out[GROUP_NAME]);
/* Whether a group of that name is one of fleet's. */
bool groupform_is_ours(const char *name);

/* What the template's data comes to, for its VersionDescription: a version of
 * that description is the one that is wanted. */
int groupform_hash(const struct wish *wish, char out[REQUEST_NAME]);
/* The template's first version (BEFORE 0), or the one behind BEFORE. */
void groupform_template(struct form *form, const struct wish *wish,
                        const char *name, const char *hash, int64_t before);

/* A new group with nothing in it. VERSION: of the template. */
void groupform_create(struct form *form, const struct wish *wish,
                      const char *name, const char *version);
/* What a group that is there shall be like from now on: what runs is left as it
 * is. */
void groupform_update(struct form *form, const struct wish *wish,
                      const char *name, const char *version);
/* Whether GROUP, as DescribeAutoScalingGroups tells it, needs that. */
bool groupform_differs(const json_t *group, const struct wish *wish,
                       const char *version);
/* Likewise for its tags; puts those that are missing into FORM, from the place
 * FROM of "Tags.member.N" on, and returns how many. */
int groupform_tags(struct form *form, const json_t *group,
                   const struct wish *wish, const char *name, int from);
/* One of "Tags.member.N" of CreateOrUpdateTags, for the group alone. */
void groupform_tag(struct form *form, int n, const char *name, const char *key,
                   const char *value, bool to_instances);

#endif
