/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/muster.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A round of a group's muster: look, name what has come, find out what will not
 * come, write down who is wanted, raise the desired capacity. */

enum {
    NEWS_MS = 500,        /* before the group is asked why nothing comes */
    PATIENCE_MS = 120000, /* without any news of a launch */
    FAILURES_MAX = 5      /* rounds, one behind the other */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All that the steps of a round share. Only the leader touches wants that have
 * not ended, but for the list itself, which others put new ones in front of. */
struct round {
    struct ec2 *ec2;
    struct muster *m;
    const struct wish *wish;
    struct group group;
    struct want *wants; /* the list as it was when the round began */
    struct form tags;   /* a CreateOrUpdateTags of N_TAGS */
    int n_tags;
    int64_t spare; /* instances that came, and have no name yet */
    bool late;     /* one has come that had been given up */
};

static size_t count(const struct round *round, enum stage stage)
{
    size_t n = 0;

    for (const struct want *at = round->wants; at; at = at->next)
        n += at->stage == stage;
    return n;
}

static void fail_want(struct want *want, const struct fleet_error *why)
{
    want->error = *why;
    want->stage = ENDED;
}

static int put_slot(struct round *round, const struct want *want, bool free,
                    struct fleet_error *err)
{
    if (round->n_tags == 0)
        group_open_form(&round->tags, "CreateOrUpdateTags");
    return group_put_slot(&round->tags, ++round->n_tags, round->m->name,
                          &want->slot, free, err);
}

static int send_slots(struct round *round, struct fleet_error *err)
{
    int n = round->n_tags;

    round->n_tags = 0;
    return n > 0 ? group_ask(round->ec2, "CreateOrUpdateTags", &round->tags,
                             NULL, NULL, err)
                 : FLEET_OK;
}

/* Best effort: one that stays is stale after a while. */
static void free_slot(struct round *round, const struct want *want)
{
    put_slot(round, want, true, NULL);
}

static void free_slots(struct round *round)
{
    struct fleet_error why = {0};

    if (send_slots(round, &why) < 0)
        fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", round->m->name, why.text);
}

static void read_want(struct want *want, const json_t *instance)
{
    const char *zone = parse_zone(instance);
    const char *type = api_text(instance, "instanceType");

    snprintf(want->zone, sizeof(want->zone), "%.63s", zone ? zone : "");
    snprintf(want->type, sizeof(want->type), "%.63s", type ? type : "");
}

/* An instance that tells of the token is the pod: nobody else has named it
 * after us. */
static void end_those_there(struct round *round)
{
    for (struct want *at = round->wants; at; at = at->next) {
        const json_t *holder =
            at->stage == ENDED
                ? NULL
                : slots_holder(round->group.members, at->slot.token);
        const char *id = holder ? api_text(holder, "instanceId") : NULL;

        if (!id || parse_is_leaving(holder))
            continue;
        snprintf(at->id, sizeof(at->id), "%.39s", id);
        read_want(at, holder);
        if (at->stage != COME)
            free_slot(round, at);
        at->stage = ENDED;
    }
}

/* ---- writing down ---- */

/* False: there is no tag for it, another round will do. */
static bool find_place(struct round *round, struct want *want, int *from)
{
    struct slot before;

    want->slot.since = (int64_t)time(NULL);
    if (slot_find(round->group.told, want->slot.token, &before)) {
        want->slot.number = before.number;
        return true;
    }
    want->slot.number = slot_free(round->group.told, *from, want->slot.since);
    *from = want->slot.number < 0 ? SLOTS : want->slot.number + 1;
    return want->slot.number >= 0;
}

static int note_new(struct round *round, struct fleet_error *err)
{
    int from = 0, rc;

    free_slots(round);
    for (struct want *at = round->wants; at; at = at->next) {
        if (at->stage != COME || !find_place(round, at, &from))
            continue;
        rc = put_slot(round, at, false, err);
        if (rc < 0)
            return rc;
        at->stage = NOTED;
    }
    return send_slots(round, err);
}

/* ---- giving names ---- */

/* What was there before anything was asked for, and is wanted by nobody: the
 * group's own replacements, which are listed by their ids. */
static int learn_strays(struct round *round, struct fleet_error *err)
{
    AUTO_JSON json_t *unnamed = slots_unnamed(round->group.members);
    size_t open = slots_open(round->group.told, round->group.members,
                             (int64_t)time(NULL));
    json_t *strays = json_object();

    if (!unnamed || !strays) {
        json_decref(strays);
        return api_enomem(err);
    }
    for (size_t i = open; i < json_array_size(unnamed); i++)
        json_object_set_new(strays,
                            api_text(json_array_get(unnamed, i), "instanceId"),
                            json_true());
    json_decref(round->m->strays);
    round->m->strays = strays;
    return FLEET_OK;
}

static bool is_taken(const struct round *round, const char *id)
{
    for (const struct want *at = round->wants; at; at = at->next) {
        if (strcmp(at->id, id) == 0)
            return true;
    }
    return json_object_get(round->m->strays, id) != NULL;
}

static struct want *next_in_need(const struct round *round)
{
    for (struct want *at = round->wants; at; at = at->next) {
        if (at->stage == NOTED || at->stage == ASKED || at->stage == GIVEN_UP)
            return at;
    }
    return NULL;
}

/* One that is not known everywhere yet gets its name in another round. */
static int christen(struct round *round, const char *id, struct want *want,
                    struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = group_christen(round->ec2, id, &want->slot, &why);

    if (rc < 0 && rc != FLEET_ENOTFOUND) {
        *err = why;
        return rc;
    }
    if (rc < 0)
        return FLEET_OK;
    snprintf(want->id, sizeof(want->id), "%s", id);
    round->late = round->late || want->stage == GIVEN_UP;
    round->spare--;
    want->stage = NAMED;
    round->m->waiting_ms = 0;
    round->m->pause_ms = PAUSE_MS;
    return FLEET_OK;
}

/* Those that were named in an earlier round keep their instance; that it tells
 * of its token ends them. */
static int christen_new(struct round *round, struct fleet_error *err)
{
    AUTO_JSON json_t *unnamed = slots_unnamed(round->group.members);
    const json_t *instance;
    size_t i;
    int rc = unnamed ? FLEET_OK : api_enomem(err);

    json_array_foreach(unnamed, i, instance)
    {
        const char *id = api_text(instance, "instanceId");
        struct want *want = next_in_need(round);

        if (rc < 0 || strlen(id) >= ID_MAX || is_taken(round, id))
            continue;
        round->spare++;
        if (want)
            rc = christen(round, id, want, err);
    }
    return rc;
}

/* The instance that it was given has gone, or somebody else has named it. */
static void renew_lost(struct round *round)
{
    for (struct want *at = round->wants; at; at = at->next) {
        const json_t *instance;
        size_t i;

        if (at->stage != NAMED)
            continue;
        json_array_foreach(round->group.members, i, instance)
        {
            const char *id = api_text(instance, "instanceId");
            const char *token = parse_tag(instance, TAG_TOKEN);

            if (!id || strcmp(id, at->id) != 0 ||
                (!parse_is_leaving(instance) && !token))
                continue;
            at->id[0] = '\0';
            at->stage = ASKED;
        }
    }
}

/* ---- more, and less ---- */

static bool is_seen(const struct group *group, const char *id)
{
    const json_t *instance;
    size_t i;

    json_array_foreach(group->members, i, instance)
    {
        const char *has = api_text(instance, "instanceId");

        if (has && strcmp(has, id) == 0)
            return true;
    }
    return false;
}

/* How many instances are on their way, or there without a name: also those that
 * EC2 does not show yet, though the group has them. */
static int64_t coming(const struct round *round)
{
    const json_t *member;
    int64_t n = round->group.desired - round->group.live + round->spare;
    size_t i;

    json_array_foreach(xml_list(round->group.told, "Instances"), i, member)
    {
        const char *id = api_text(member, "InstanceId");

        n += id && !is_seen(&round->group, id);
    }
    return n > 0 ? n : 0;
}

static int check_most(const struct round *round, int64_t desired,
                      struct fleet_error *err)
{
    int64_t most = round->wish->config->group_max;

    if (desired <= most)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECAPACITY,
                      "the group %.80s may hold %lld, and %lld would be in it: "
                      "AWS_GROUP_MAX",
                      round->m->name, (long long)most, (long long)desired);
}

static int raise_desired(struct round *round, struct fleet_error *err)
{
    int64_t needs = (int64_t)(count(round, NOTED) + count(round, ASKED));
    int64_t more = needs - coming(round);
    int64_t desired = round->group.desired + more;
    int rc = FLEET_OK;

    if (more > 0)
        rc = check_most(round, desired, err);
    if (more > 0 && rc == FLEET_OK)
        rc = group_resize(round->ec2, &round->group, desired, err);
    if (rc == FLEET_OK && needs > 0 && round->m->waiting_ms == 0)
        round->m->waiting_ms = now_ms();
    for (struct want *at = round->wants; rc == FLEET_OK && at; at = at->next) {
        if (at->stage == NOTED)
            at->stage = ASKED;
    }
    return rc;
}

/* What would not come is not asked for any longer. */
static int give_up(struct round *round, const struct fleet_error *why,
                   struct fleet_error *err)
{
    int64_t desired = round->group.desired - (int64_t)count(round, ASKED);
    int rc = FLEET_OK;

    if (desired < round->group.live)
        desired = round->group.live;
    if (desired < round->group.desired)
        rc = group_resize(round->ec2, &round->group, desired, err);
    for (struct want *at = round->wants; rc == FLEET_OK && at; at = at->next) {
        if (at->stage != ASKED)
            continue;
        at->stage = GIVEN_UP;
        at->error = *why;
    }
    round->m->pause_ms = PAUSE_MS;
    round->m->waiting_ms = 0;
    return rc;
}

/* Nothing has come late in the round since. */
static void end_those_given_up(struct round *round)
{
    for (struct want *at = round->wants; at; at = at->next) {
        if (at->stage != GIVEN_UP)
            continue;
        free_slot(round, at);
        at->stage = ENDED;
    }
}

/* Late, when less was desired already: then more is again, or the group would
 * want to be rid of one. */
static int keep_late(struct round *round, struct fleet_error *err)
{
    if (!round->late || round->group.desired >= round->group.live)
        return FLEET_OK;
    return group_resize(round->ec2, &round->group, round->group.live, err);
}

/* ---- why nothing comes ---- */

static void remember(struct muster *m, const json_t *activities)
{
    const json_t *activity;
    size_t i;

    if (!m->seen)
        m->seen = json_object();
    json_array_foreach(activities, i, activity)
    {
        const char *id = api_text(activity, "ActivityId");

        if (id)
            json_object_set_new(m->seen, id, json_true());
    }
}

static bool is_launching(const json_t *activity)
{
    static const char *const over[] = {"Failed", "Successful", "Cancelled"};
    const char *status = api_text(activity, "StatusCode");
    const char *what = api_text(activity, "Description");

    for (size_t i = 0; status && i < 3; i++) {
        if (strcmp(status, over[i]) == 0)
            return false;
    }
    return !what || strncmp(what, "Terminating", 11) != 0;
}

/* The newest failure that is news, unless others are still on their way. */
static bool find_failure(const struct muster *m, const json_t *activities,
                         struct aws_fault *fault)
{
    const json_t *activity;
    bool found = false;
    size_t i;

    json_array_foreach(activities, i, activity)
    {
        const char *id = api_text(activity, "ActivityId");

        if (!id || json_object_get(m->seen, id))
            continue;
        if (is_launching(activity))
            return false;
        found = found || group_failure(activity, fault);
    }
    return found;
}

/* Those who may not look at them find out by waiting. */
static json_t *ask_activities(const struct round *round)
{
    struct fleet_error why = {0};
    json_t *activities = NULL;

    if (group_activities(round->ec2, round->m->name, &activities, &why) < 0)
        fleet_log(FLEET_LOG_INFO, "aws", "%s: %s", round->m->name, why.text);
    return activities;
}

static void lose_patience(const struct round *round, const json_t *activities,
                          struct fleet_error *why)
{
    const json_t *newest = json_array_get(activities, 0);
    const char *status = newest ? api_text(newest, "StatusCode") : NULL;
    const char *message = newest ? api_text(newest, "StatusMessage") : NULL;

    fleet_fail(why, FLEET_ECAPACITY,
               "%s: nothing has come for %d s; the group says %s%s%.200s",
               round->m->name, PATIENCE_MS / 1000, status ? status : "nothing",
               message ? ": " : "", message ? message : "");
}

/* What was raised in an earlier round ought to have come, or be on its way. */
static int look_for_failures(struct round *round, struct fleet_error *err)
{
    AUTO_JSON json_t *activities = NULL;
    struct fleet_error why = {0};
    struct aws_fault fault;
    bool failed;

    if (count(round, ASKED) == 0 || round->m->waiting_ms == 0 ||
        now_ms() - round->m->waiting_ms < NEWS_MS)
        return FLEET_OK;
    activities = ask_activities(round);
    failed = find_failure(round->m, activities, &fault);
    if (failed)
        launch_explain(round->wish, &fault, &why);
    else if (now_ms() - round->m->waiting_ms > PATIENCE_MS)
        lose_patience(round, activities, &why);
    else
        return FLEET_OK;
    remember(round->m, activities);
    return give_up(round, &why, err);
}

/* ---- altogether ---- */

static int prepare(struct round *round, struct fleet_error *err)
{
    struct aws_fault fault = {0};
    int rc;

    if (round->m->ready)
        return FLEET_OK;
    rc = group_prepare(round->ec2, round->wish, round->m->name, &fault, err);
    round->m->ready = rc == FLEET_OK;
    return rc == FLEET_EQUOTA && *fault.code
               ? launch_explain(round->wish, &fault, err)
               : rc;
}

/* Before the first pod of several is asked for. */
static int look_around(struct round *round, struct fleet_error *err)
{
    AUTO_JSON json_t *activities = NULL;

    for (const struct want *at = round->wants; at; at = at->next) {
        if (at->stage != COME && at->stage != ENDED)
            return FLEET_OK;
    }
    activities = ask_activities(round);
    remember(round->m, activities);
    return learn_strays(round, err);
}

static int run_steps(struct round *round, struct fleet_error *err)
{
    int rc = prepare(round, err);

    if (rc == FLEET_OK)
        rc = group_look(round->ec2, &round->group, err);
    if (rc == FLEET_OK && !round->group.told) {
        round->m->ready = false;
        return fleet_fail(err, FLEET_ETRANSIENT,
                          "the group %.100s is not there yet", round->m->name);
    }
    if (rc == FLEET_OK)
        rc = look_around(round, err);
    if (rc < 0)
        return rc;
    end_those_there(round);
    renew_lost(round);
    rc = christen_new(round, err);
    if (rc == FLEET_OK)
        rc = keep_late(round, err);
    if (rc == FLEET_OK)
        rc = look_for_failures(round, err);
    if (rc == FLEET_OK)
        rc = note_new(round, err);
    if (rc == FLEET_OK)
        rc = raise_desired(round, err);
    return rc;
}

/* Whether what was asked for may have been done all the same. */
static bool is_unclear(int code)
{
    return code == FLEET_EAMBIGUOUS || code == FLEET_ETRANSIENT ||
           code == FLEET_ETIMEOUT || code == FLEET_EINTERNAL ||
           code == FLEET_ENOMEM;
}

/* Nothing was asked for on their behalf, or it was refused. What was asked for
 * is looked at again in another round, and given up as unclear where that does
 * not get better. */
static void judge_failure(struct round *round, const struct fleet_error *why)
{
    struct fleet_error unclear = *why;
    bool enough = ++round->m->failures >= FAILURES_MAX;

    unclear.code = FLEET_EAMBIGUOUS;
    for (struct want *at = round->wants; at; at = at->next) {
        bool asked =
            at->stage > NOTED || (at->stage == NOTED && is_unclear(why->code));

        if (at->stage == ENDED || (asked && !enough))
            continue;
        if (at->stage == NOTED && !asked)
            free_slot(round, at);
        fail_want(at, asked ? &unclear : why);
    }
}

void round_run(struct ec2 *ec2, struct muster *m, const struct wish *wish,
               struct want *wants)
{
    struct round round = {.ec2 = ec2, .m = m, .wish = wish, .wants = wants};
    struct fleet_error why = {0};
    bool given_up = count(&round, GIVEN_UP) > 0;

    snprintf(round.group.name, sizeof(round.group.name), "%s", m->name);
    if (run_steps(&round, &why) < 0) {
        judge_failure(&round, &why);
    } else {
        m->failures = 0;
        if (given_up)
            end_those_given_up(&round);
    }
    free_slots(&round);
    if (count(&round, ENDED) > 0)
        m->pause_ms = 0;
    group_clear(&round.group);
}
