/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/vet.h"

#include "core/base/error.h"
#include "core/base/map.h"

#include <fleet/log.h>

/* One line for each sort of trouble, however often it is met. */
enum trouble { FAULTY, NAMELESS, DOUBLE, TROUBLES };

struct tally {
    size_t count[TROUBLES];
    struct fleet_error first[TROUBLES]; /* for the text */
};

static const char *or_nothing(const char *text)
{
    return text ? text : "(none)";
}

static void count(struct tally *tally, enum trouble which, const char *about,
                  const char *why)
{
    if (tally->count[which]++ == 0)
        fleet_fail(&tally->first[which], FLEET_EINTERNAL, "'%s': %s",
                   or_nothing(about), why);
}

static void warn(const struct tally *tally, const char *name, const char *what)
{
    for (int i = 0; i < TROUBLES; i++) {
        if (tally->count[i] > 0)
            fleet_log(FLEET_LOG_WARNING, name, "%zu %s%s answered badly: %s",
                      tally->count[i], what, tally->count[i] > 1 ? "s" : "",
                      tally->first[i].text);
    }
}

int fl_vet_sink(const struct fleet_sink *sink, const char *what,
                struct fleet_error *err)
{
    if (sink->failed == FLEET_OK)
        return FLEET_OK;
    if (sink->failed == FLEET_ENOMEM)
        return fl_enomem(err);
    if (sink->n >= sink->max)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "%s returned rubbish: more than %zu answers", what,
                          sink->max);
    return fleet_fail(err, FLEET_EINTERNAL,
                      "%s returned rubbish: %s were asked for", what,
                      sink->wants_offers ? "offers" : "pods");
}

/* What the host fills is not the provider's to say. */
static void unset_ours(struct fleet_pod *pod)
{
    static const int fields[] = {FLEET_POD_SHORT, FLEET_POD_PROVIDER,
                                 FLEET_POD_PROXY_PORT};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        fleet_pod_set(pod, fields[i], NULL);
}

static void mark_unknown(struct fleet_pod *pod)
{
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_UNKNOWN);
}

void fl_vet_pod(const char *name, struct fleet_pod *pod)
{
    const char *fault = fl_pod_fault(pod);

    unset_ours(pod);
    if (!fault)
        return;
    mark_unknown(pod);
    fleet_log(FLEET_LOG_WARNING, name, "pod '%s' answered badly: %s",
              or_nothing(fleet_pod_get(pod, FLEET_POD_ID)), fault);
}

/* Whether the pod stays in the listing: *keep. */
static int vet_one(struct fleet_pod *pod, struct fl_map *ids,
                   struct tally *tally, bool *keep, struct fleet_error *err)
{
    const char *id = fleet_pod_get(pod, FLEET_POD_ID);
    const char *called = fleet_pod_get(pod, FLEET_POD_NAME);
    const char *fault = fl_pod_fault(pod);
    bool was = false;

    *keep = false;
    unset_ours(pod);
    if (fl_pod_starved(pod))
        return fl_enomem(err);
    if (!id && called)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "list returned rubbish: pod '%s' has no id", called);
    if (!id) {
        count(tally, NAMELESS, NULL, "neither id nor name: left out");
        return FLEET_OK;
    }
    if (fl_map_add(ids, id, pod, &was) < 0)
        return fl_enomem(err);
    if (was) {
        count(tally, DOUBLE, id, "there twice: only the first one counts");
        return FLEET_OK;
    }
    if (fault) {
        count(tally, FAULTY, id, fault);
        mark_unknown(pod);
    }
    *keep = true;
    return FLEET_OK;
}

int fl_vet_pods(const char *name, struct fleet_sink *sink,
                struct fleet_error *err)
{
    struct fl_map ids = {0};
    struct tally tally = {0};
    size_t kept = 0, i;
    bool keep;
    int rc = FLEET_OK;

    for (i = 0; i < sink->n; i++) {
        rc = vet_one(sink->pods[i], &ids, &tally, &keep, err);
        if (rc < 0)
            break;
        if (keep)
            sink->pods[kept++] = sink->pods[i];
        else
            fl_pod_free(sink->pods[i]);
    }
    while (i < sink->n) /* of a listing that failed */
        fl_pod_free(sink->pods[i++]);
    sink->n = kept;
    fl_map_clear(&ids);
    warn(&tally, name, "pod");
    return rc;
}

void fl_vet_offers(const char *name, struct fleet_sink *sink)
{
    struct tally tally = {0};
    size_t kept = 0;

    for (size_t i = 0; i < sink->n; i++) {
        struct fleet_offer *offer = sink->offers[i];
        const char *fault = fl_offer_fault(offer);

        if (fault) {
            count(&tally, FAULTY, fl_offer_get(offer, FLEET_OFFER_ID), fault);
            fl_offer_free(offer);
        } else {
            sink->offers[kept++] = offer;
        }
    }
    sink->n = kept;
    warn(&tally, name, "offer");
}
