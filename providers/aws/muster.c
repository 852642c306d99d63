/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/muster.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Pods out of a group. It makes instances and says no more than how many there
 * shall be, so all that want one wait at one place, and one of them at a time
 * leads a round for all: write down who is wanted, raise the desired capacity
 * by what is missing, give new instances their names, and where none will come
 * lower it again. Every round looks first, so that it goes on from whatever an
 * earlier one, or a run that has died, has left. */

enum {
    GATHER_MS = 50, /* for the others to come */
    PAUSE_MAX_MS = 5000,
    SPARE_MS = 3000
};

/* ---- musters ---- */

static struct muster *muster_new(const char *name)
{
    struct muster *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    snprintf(m->name, sizeof(m->name), "%s", name);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->moved, NULL);
    return m;
}

static struct muster *muster_of(struct ec2 *ec2, const char *name,
                                struct fleet_error *err)
{
    struct muster *m;

    if (ec2_enter(ec2, err) < 0)
        return NULL;
    for (m = ec2->musters; m && strcmp(m->name, name) != 0; m = m->next)
        ;
    if (!m) {
        m = muster_new(name);
        if (m) {
            m->next = ec2->musters;
            ec2->musters = m;
        } else {
            api_enomem(err);
        }
    }
    ec2_leave(ec2);
    return m;
}

void muster_close(struct ec2 *ec2)
{
    while (ec2->musters) {
        struct muster *m = ec2->musters;

        ec2->musters = m->next;
        while (m->wants) {
            struct want *want = m->wants;

            m->wants = want->next;
            free(want);
        }
        json_decref(m->seen);
        json_decref(m->strays);
        pthread_mutex_destroy(&m->mutex);
        pthread_cond_destroy(&m->moved);
        free(m);
    }
}

/* ---- who leads ---- */

static bool wait_a_bit(struct muster *m)
{
    int64_t left = fleet_call_left_ms();
    struct timespec until;

    if (left <= 0)
        return false;
    if (left > 1000)
        left = 1000;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(left % 1000) * 1000000;
    until.tv_sec += (time_t)(left / 1000) + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&m->moved, &m->mutex, &until);
    return true;
}

struct muster *muster_enter(struct ec2 *ec2, const char *name,
                            struct fleet_error *err)
{
    struct muster *m = muster_of(ec2, name, err);
    bool mine;

    if (!m)
        return NULL;
    pthread_mutex_lock(&m->mutex);
    while (m->led && wait_a_bit(m))
        ;
    mine = !m->led;
    m->led = true;
    pthread_mutex_unlock(&m->mutex);
    if (mine)
        return m;
    fleet_fail(err, FLEET_ETRANSIENT, "another call is busy with %.100s", name);
    return NULL;
}

void muster_leave(struct muster *m)
{
    pthread_mutex_lock(&m->mutex);
    m->led = false;
    pthread_cond_broadcast(&m->moved);
    pthread_mutex_unlock(&m->mutex);
}

static struct want *wants_of(struct muster *m)
{
    struct want *wants;

    pthread_mutex_lock(&m->mutex);
    wants = m->wants;
    pthread_mutex_unlock(&m->mutex);
    return wants;
}

/* Tells those that wait, and forgets those for whom nobody waits. */
static void publish(struct muster *m)
{
    pthread_mutex_lock(&m->mutex);
    for (struct want **at = &m->wants; *at;) {
        struct want *want = *at;

        want->done = want->stage == ENDED;
        if (want->left || want->done)
            *at = want->next;
        else
            at = &want->next;
        if (want->left)
            free(want);
    }
    pthread_cond_broadcast(&m->moved);
    pthread_mutex_unlock(&m->mutex);
}

static void pause_before(struct muster *m)
{
    fleet_call_sleep(m->pause_ms ? m->pause_ms : GATHER_MS, NULL);
    m->pause_ms = m->pause_ms ? m->pause_ms * 3 / 2 : PAUSE_MS;
    if (m->pause_ms > PAUSE_MAX_MS)
        m->pause_ms = PAUSE_MAX_MS;
}

static void lead(struct ec2 *ec2, struct muster *m, const struct wish *wish)
{
    pause_before(m);
    round_run(ec2, m, wish, wants_of(m));
    publish(m);
}

/* ---- one of many ---- */

static struct want *join(struct muster *m, const struct wish *wish)
{
    struct want *want = calloc(1, sizeof(*want));

    if (!want)
        return NULL;
    snprintf(want->slot.token, sizeof(want->slot.token), "%s", wish->token);
    snprintf(want->slot.name, sizeof(want->slot.name), "%s", wish->name);
    want->slot.number = -1;
    pthread_mutex_lock(&m->mutex);
    want->next = m->wants;
    m->wants = want;
    pthread_mutex_unlock(&m->mutex);
    return want;
}

/* Under the muster's lock, which it lets go of in between. False: the time is
 * up. */
static bool attend(struct ec2 *ec2, struct muster *m, const struct wish *wish)
{
    if (m->led)
        return wait_a_bit(m);
    if (fleet_call_left_ms() < SPARE_MS)
        return false;
    m->led = true;
    pthread_mutex_unlock(&m->mutex);
    lead(ec2, m, wish);
    muster_leave(m);
    pthread_mutex_lock(&m->mutex);
    return true;
}

static int put_pod(const struct want *want, const struct wish *wish,
                   struct fleet_pod *pod)
{
    fleet_pod_set(pod, FLEET_POD_ID, want->id);
    fleet_pod_set(pod, FLEET_POD_NAME, wish->name);
    fleet_pod_set(pod, FLEET_POD_TOKEN, wish->token);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, wish->spot);
    fleet_pod_set(pod, FLEET_POD_TIER, want->type);
    fleet_pod_set(pod, FLEET_POD_REGION, want->zone);
    return FLEET_OK;
}

/* Whoever leaves before the end leaves the want to whoever leads. */
static int take_result(struct muster *m, struct want *want,
                       const struct wish *wish, struct fleet_pod *pod,
                       struct fleet_error *err)
{
    int rc;

    if (!want->done) {
        want->left = true;
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "the group %.100s has not made it in time", m->name);
    }
    rc = *want->id ? put_pod(want, wish, pod) : want->error.code;
    if (rc < 0)
        *err = want->error;
    free(want);
    return rc;
}

int muster(struct ec2 *ec2, const struct wish *wish, struct fleet_pod *pod,
           struct fleet_error *err)
{
    char name[GROUP_NAME];
    struct muster *m;
    struct want *want;
    int rc;

    if (strlen(wish->token) >= SLOT_TOKEN || strlen(wish->name) >= SLOT_NAME)
        return fleet_fail(err, FLEET_EINVALID, "a name or token too long");
    groupform_name(wish, name);
    m = muster_of(ec2, name, err);
    if (!m)
        return err->code;
    want = join(m, wish);
    if (!want)
        return api_enomem(err);
    pthread_mutex_lock(&m->mutex);
    while (!want->done && attend(ec2, m, wish))
        ;
    rc = take_result(m, want, wish, pod, err);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}
