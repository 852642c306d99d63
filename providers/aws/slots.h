/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_SLOTS_H
#define AWS_SLOTS_H

#include "providers/aws/parse.h"

/* A group makes instances without names. So a pod that it is asked for stands
 * in a tag of the group first, "fleet-wanted-NN" = "TOKEN NAME SECONDS", until
 * an instance carries its name and token: whoever comes after a run that has
 * died finds out there what it was about. A tag that says "-" is free; there
 * may be 50 on a group, so there are some and not one for each pod. Pure. */

#define TAG_GROUP "aws:autoscaling:groupName" /* AWS's own, on instances */

enum {
    SLOTS = 30,
    SLOT_TOKEN = 40,
    SLOT_NAME = 64,
    SLOT_KEY = 24,
    SLOT_TEXT = SLOT_TOKEN + SLOT_NAME + 24,
    SLOT_SETTLE_S = 60, /* what was just written need not be seen yet */
    SLOT_STALE_S = 900  /* nobody waits for that any more */
};

struct slot {
    int number;
    char token[SLOT_TOKEN], name[SLOT_NAME];
    int64_t since; /* seconds since the epoch */
};

void slot_key(int number, char out[SLOT_KEY]);
/* FLEET_EINVALID: a token or name that does not fit. */
int slot_text(const struct slot *slot, char out[SLOT_TEXT],
              struct fleet_error *err);
/* GROUP: as DescribeAutoScalingGroups tells it. */
bool slot_find(const json_t *group, const char *token, struct slot *out);
/* The first that is free or stale, from FROM on; -1: none. */
int slot_free(const json_t *group, int from, int64_t now);

/* The value of a group's tag; NULL: none. */
const char *slots_tag(const json_t *group, const char *key);
/* How many instances it has that count towards its desired capacity. */
int64_t slots_live(const json_t *group);
/* Of its instances (MEMBERS: as DescribeInstances tells them) the one that
 * carries TOKEN, also when it has ended; NULL: none. */
const json_t *slots_holder(const json_t *members, const char *token);
/* Those that live and have no name, the newest first; NULL: out of memory. */
json_t *slots_unnamed(const json_t *members);
/* How many pods are wanted that have no instance yet, without stale ones. */
size_t slots_open(const json_t *group, const json_t *members, int64_t now);

#endif
