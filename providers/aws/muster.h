/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_MUSTER_H
#define AWS_MUSTER_H

#include "providers/aws/group.h"

enum { PAUSE_MS = 250, ID_MAX = 40 };

enum stage {
    COME,     /* nothing has been done for it */
    NOTED,    /* it stands in a tag of the group */
    ASKED,    /* the desired capacity is such that one will come */
    NAMED,    /* an instance was given its name */
    GIVEN_UP, /* less is desired by one; it may come late all the same */
    ENDED
};

/* Lives until it has ended and whoever waits for it has read that. */
struct want {
    struct slot slot;
    enum stage stage;
    char id[ID_MAX], zone[64], type[EC2_TYPE];
    struct fleet_error error;
    bool done, left; /* left: nobody waits for it any more */
    struct want *next;
};

struct muster {
    char name[GROUP_NAME];
    pthread_mutex_t mutex; /* guards what is below */
    pthread_cond_t moved;
    bool led;
    struct want *wants;
    /* Of whoever leads. */
    bool ready;
    json_t *seen;   /* ids of activities that are old news; NULL: not asked */
    json_t *strays; /* ids of instances that are nobody's, and stay so */
    int64_t pause_ms, waiting_ms; /* waiting since; 0: not */
    int failures;
    struct muster *next;
};

/* One round for all WANTS, by whoever leads. What it decides stands in them; it
 * is told by the caller. */
void round_run(struct ec2 *ec2, struct muster *m, const struct wish *wish,
               struct want *wants);

#endif
