/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/fleet.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/fan.h"
#include "core/engine/health.h"
#include "core/engine/ports.h"

#include <string.h>

#define LIST_MS     60000
#define BALANCE_MS  10000
#define MOMENT_MS   100
#define MAX_MEMBERS 200000

/* Where the two threads meet that ask one provider: for its pods, and what is
 * left on the account. */
struct meeting {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    struct fl_provider *provider; /* once it is open */
    bool listed;                  /* also: it will not be */
};

/* One provider being opened and listed, or asked for its balance, in a thread
 * of its own. */
struct look {
    struct fl_fan_item item; /* first */
    struct fl_engine *engine;
    const struct fl_provider_entry *entry;
    struct fl_listing *listing; /* the main thread's */
    struct meeting *meeting;    /* NULL: nobody asks for a balance */
    bool for_balance;
    int64_t deadline;

    struct fl_provider *provider; /* results */
    struct fleet_sink pods;
    struct fleet_error error;
    int rc;
    bool has_balance;
    int64_t balance_micros;
    char currency[8];
};

static struct look *look_of(struct fl_fan_item *item)
{
    return (struct look *)item; /* item is the first member */
}

static void tell_meeting(struct meeting *meeting, struct fl_provider *provider,
                         bool listed)
{
    if (!meeting)
        return;
    pthread_mutex_lock(&meeting->mutex);
    meeting->provider = provider;
    meeting->listed = listed;
    pthread_cond_broadcast(&meeting->changed);
    pthread_mutex_unlock(&meeting->mutex);
}

/* Until the provider is open, and has been listed where it takes one call at a
 * time: the listing goes first. NULL: it does not come to that. */
static struct fl_provider *meet(struct look *look)
{
    bool parallel =
        look->entry->plugin->about.threads == FLEET_THREADS_PARALLEL;
    struct meeting *meeting = look->meeting;
    struct fl_provider *provider;

    pthread_mutex_lock(&meeting->mutex);
    while (!meeting->listed && !(meeting->provider && parallel) &&
           fl_left_ms(look->deadline) > 0 && !fl_cancelled())
        fl_cond_wait(&meeting->changed, &meeting->mutex, MOMENT_MS);
    provider = meeting->listed || parallel ? meeting->provider : NULL;
    pthread_mutex_unlock(&meeting->mutex);
    return provider;
}

static void ask_balance(struct look *look)
{
    struct fl_provider *provider = meet(look);
    int64_t deadline = fl_engine_deadline(look->engine, BALANCE_MS);

    if (!provider || !fl_provider_can(provider, FLEET_OP_BALANCE))
        return;
    fl_fan_step(&look->item, "asking for the balance", deadline);
    look->rc = fl_provider_balance(provider, deadline, &look->balance_micros,
                                   look->currency, &look->error);
    look->has_balance = look->rc == 0;
}

static void do_look(struct fl_fan_item *item)
{
    struct look *look = look_of(item);

    fl_fan_step(item, "listing", look->deadline);
    if (look->for_balance) {
        ask_balance(look);
        return;
    }
    look->rc = fl_provider_open(look->entry, &look->engine->config,
                                look->engine->state_dir, look->deadline,
                                &look->provider, &look->error);
    if (look->rc == 0) {
        tell_meeting(look->meeting, look->provider, false);
        look->rc = fl_provider_list(look->provider, look->deadline, &look->pods,
                                    &look->error);
    }
    tell_meeting(look->meeting, look->provider, true);
}

static void balance_ended(struct look *look, enum fl_fan_end end)
{
    struct fl_listing *listing = look->listing;

    if (end == FL_FAN_WEDGED) {
        fleet_fail(&listing->balance_error, FLEET_ETIMEOUT,
                   "%s: does not come back from being asked for the balance",
                   listing->name);
        return; /* the thread may still write to it */
    }
    if (end == FL_FAN_FINISHED) {
        listing->balance_error = look->error;
        listing->has_balance = look->has_balance;
        listing->balance_micros = look->balance_micros;
        memcpy(listing->currency, look->currency, sizeof(listing->currency));
    }
    free(look);
}

static void look_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct look *look = look_of(item);
    struct fl_listing *listing = look->listing;
    struct look **kept = arg;

    if (look->for_balance) {
        balance_ended(look, end);
        return;
    }
    if (end == FL_FAN_WEDGED) {
        fleet_fail(&listing->error, FLEET_ETIMEOUT,
                   "%s: does not come back from being listed; given up",
                   listing->name);
        return; /* the thread may still write to it */
    }
    if (end == FL_FAN_UNRUN) {
        fleet_fail(&listing->error, FLEET_ECANCELLED, "%s: not listed",
                   listing->name);
        free(look);
        return;
    }
    listing->provider = look->provider;
    listing->ok = look->rc == 0;
    listing->error = look->error;
    kept[item->slot] = look; /* joined once all are back */
}

static struct meeting *meeting_new(void)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));

    if (!meeting)
        return NULL;
    pthread_mutex_init(&meeting->mutex, NULL);
    pthread_cond_init(&meeting->changed, NULL);
    return meeting;
}

static void free_meetings(struct meeting **meetings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!meetings[i])
            continue;
        pthread_cond_destroy(&meetings[i]->changed);
        pthread_mutex_destroy(&meetings[i]->mutex);
        free(meetings[i]);
    }
}

static struct look *look_new(struct fl_engine *engine,
                             const struct fl_provider_entry *entry,
                             struct fl_listing *listing,
                             struct meeting *meeting)
{
    struct look *look = calloc(1, sizeof(*look));

    if (!look)
        return NULL;
    look->engine = engine;
    look->entry = entry;
    look->listing = listing;
    look->meeting = meeting;
    look->deadline = fl_engine_deadline(engine, LIST_MS);
    fl_sink_init(&look->pods, false, FL_SINK_MAX);
    return look;
}

static int join(struct fl_fleet *fleet, const struct fl_cohort *cohort,
                struct look *look, struct fleet_error *err)
{
    int rc = FLEET_OK;

    for (size_t i = 0; look->listing->ok && rc == 0 && i < look->pods.n; i++) {
        struct fleet_pod *pod = look->pods.pods[i];

        look->pods.pods[i] = NULL;
        rc = fl_fleet_add(fleet, cohort, look->listing, pod, err);
    }
    return rc;
}

static void free_looks(struct look **looks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!looks[i])
            continue;
        fl_sink_clear(&looks[i]->pods);
        free(looks[i]);
    }
}

/* The listing of one provider, and beside it the question for the balance. */
static int add_looks(struct fl_engine *engine, unsigned flags,
                     const struct fl_provider_entry *entry,
                     struct fl_listing *listing, struct meeting **meeting,
                     struct fl_fan *fan, struct fleet_error *err)
{
    struct look *look;

    if (flags & FL_GATHER_BALANCE && !(*meeting = meeting_new()))
        return fl_enomem(err);
    look = look_new(engine, entry, listing, *meeting);
    if (!look)
        return fl_enomem(err);
    fan->items[fan->n++] = &look->item;
    if (!*meeting)
        return FLEET_OK;
    look = look_new(engine, entry, listing, *meeting);
    if (!look)
        return fl_enomem(err);
    look->for_balance = true;
    fan->items[fan->n++] = &look->item;
    return FLEET_OK;
}

/* Lists every provider that has an entry; a NULL entry is one that something
 * is remembered at but that no plugin offers any more. */
static int list_all(struct fl_engine *engine, unsigned flags,
                    struct fl_fleet *fleet,
                    const struct fl_provider_entry **entries,
                    struct fleet_error *err)
{
    size_t n = fleet->n_listings, most = 2 * n;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(most, sizeof(*items));
    FL_AUTO_FREE struct look **looks = calloc(most, sizeof(*looks));
    FL_AUTO_FREE struct meeting **meetings = calloc(n, sizeof(*meetings));
    struct fl_fan fan = {
        .items = items, .work = do_look, .ended = look_ended, .arg = looks};
    int rc = items && looks && meetings ? FLEET_OK : fl_enomem(err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (entries[i])
            rc = add_looks(engine, flags, entries[i], &fleet->listings[i],
                           &meetings[i], &fan, err);
    }
    fan.threads = (unsigned)fan.n;
    for (size_t i = 0; rc < 0 && i < fan.n; i++)
        free(items[i]);
    if (rc == 0)
        rc = fl_fan_run(&fan, err);
    for (size_t i = 0; rc == 0 && i < most; i++) {
        if (looks[i])
            rc = join(fleet, &engine->cohort, looks[i], err);
    }
    if (looks)
        free_looks(looks, most);
    if (meetings && !fl_pool_wedged())
        free_meetings(meetings, n);
    return rc;
}

static int name_once(struct fl_fleet *fleet, const char *name)
{
    if (!name || fl_strv_has(&fleet->names, name))
        return FLEET_OK;
    return fl_strv_add(&fleet->names, name);
}

/* Those chosen, then those where something is remembered or unfinished. */
static int name_listings(struct fl_engine *engine, struct fl_fleet *fleet,
                         struct fleet_error *err)
{
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    int rc = fl_journal_open_intents(engine->state, &open, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < engine->n_chosen; i++)
        rc = name_once(fleet, engine->chosen[i]->name);
    for (size_t i = 0; rc == 0 && i < fleet->known.n; i++)
        rc = name_once(fleet, fleet->known.at[i].provider);
    for (size_t i = 0; rc == 0 && i < open.n; i++)
        rc = name_once(fleet, open.at[i].provider);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

static int open_listings(struct fl_engine *engine, struct fl_fleet *fleet,
                         const struct fl_provider_entry ***entries,
                         struct fleet_error *err)
{
    int rc = name_listings(engine, fleet, err);
    size_t n = fleet->names.n;

    if (rc < 0)
        return rc;
    fleet->listings = calloc(n ? n : 1, sizeof(*fleet->listings));
    *entries = calloc(n ? n : 1, sizeof(**entries));
    if (!fleet->listings || !*entries)
        return fl_enomem(err);
    for (size_t i = 0; i < n; i++) {
        struct fl_listing *listing = &fleet->listings[i];

        listing->name = fleet->names.at[i];
        listing->chosen = i < engine->n_chosen;
        (*entries)[i] = fl_catalog_find(&engine->catalog, listing->name);
        if (!(*entries)[i])
            fleet_fail(&listing->error, FLEET_ECONFIG,
                       "%s: pods are remembered there, but no plugin of that "
                       "name is loaded; see `fleet plugins`",
                       listing->name);
    }
    fleet->n_listings = n;
    return FLEET_OK;
}

/* Room for MORE members. */
static int reserve(struct fl_fleet *fleet, size_t more, struct fleet_error *err)
{
    size_t need = fleet->n_members + more;
    size_t size = fleet->size_members ? fleet->size_members : 64;
    struct fl_member *bigger;

    if (need <= fleet->size_members)
        return FLEET_OK;
    if (need > MAX_MEMBERS)
        return fleet_fail(err, FLEET_EINVALID, "more than %d pods",
                          MAX_MEMBERS);
    while (size < need)
        size *= 2;
    bigger = reallocarray(fleet->members, size, sizeof(*bigger));
    if (!bigger)
        return fl_enomem(err);
    fleet->members = bigger;
    fleet->size_members = size;
    return FLEET_OK;
}

static struct fleet_pod *pod_of_known(const struct fl_known *known)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    if (!pod)
        return NULL;
    fleet_pod_set(pod, FLEET_POD_NAME, known->name);
    fleet_pod_set(pod, FLEET_POD_ID, known->id);
    fleet_pod_set(pod, FLEET_POD_TOKEN, known->token);
    fleet_pod_set(pod, FLEET_POD_CURRENCY, known->currency);
    fleet_pod_set(pod, FLEET_POD_CREATED_AT, known->created_at);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_UNKNOWN);
    return fl_take(pod);
}

/* The listed pod that this is: of that id, whatever its name is by now, else of
 * that name. */
static struct fl_member *listed_as(const struct fl_fleet *fleet,
                                   const struct fl_map *by_id,
                                   const struct fl_known *known)
{
    struct fl_member *member = fl_map_get(by_id, known->id);

    if (!member || strcmp(member->listing->name, known->provider) != 0)
        member = fl_fleet_member(fleet, known->name);
    if (member && strcmp(member->listing->name, known->provider) != 0)
        return NULL;
    return member;
}

/* Likewise for the proxy, which stands beside the members. */
static int join_proxy(struct fl_engine *engine, struct fl_fleet *fleet,
                      const struct fl_known *known, struct fleet_error *err)
{
    struct fl_listing *listing = fl_fleet_listing(fleet, known->provider);
    struct fleet_pod *pod;
    int rc;

    if (fleet->proxy.pod) {
        fleet->proxy.price_quoted = known->price_quoted;
        return FLEET_OK;
    }
    pod = pod_of_known(known);
    if (!pod)
        return fl_enomem(err);
    rc = fl_fleet_add(fleet, &engine->cohort, listing, pod, err);
    fleet->proxy.unconfirmed = fleet->proxy.pod != NULL;
    return rc;
}

static int join_one(struct fl_engine *engine, struct fl_fleet *fleet,
                    const struct fl_map *by_id, const struct fl_known *known,
                    struct fleet_error *err)
{
    struct fl_member *member = listed_as(fleet, by_id, known);
    struct fleet_pod *pod;

    if (!member && fl_cohort_is_proxy(&engine->cohort, known->name))
        return join_proxy(engine, fleet, known, err);
    if (member) {
        member->price_quoted = known->price_quoted;
        if (!fl_pod_is_set(member->pod, FLEET_POD_HOST_KEY))
            fleet_pod_set(member->pod, FLEET_POD_HOST_KEY, known->host_key);
        return FLEET_OK;
    }
    pod = pod_of_known(known);
    if (!pod)
        return fl_enomem(err);
    return fl_fleet_add(fleet, &engine->cohort,
                        fl_fleet_listing(fleet, known->provider), pod, err);
}

static int map_ids(const struct fl_fleet *fleet, struct fl_map *by_id,
                   struct fleet_error *err)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        struct fl_member *member = &fleet->members[i];
        const char *id = fleet_pod_get(member->pod, FLEET_POD_ID);

        if (id && fl_map_add(by_id, id, member, NULL) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* What is remembered joins what was listed; what no listing shows stands there
 * as unconfirmed. */
static int join_known(struct fl_engine *engine, struct fl_fleet *fleet,
                      struct fleet_error *err)
{
    size_t listed = fleet->n_members;
    struct fl_map by_id = {0};
    int rc;

    /* Room for all, so that the members in the maps stay where they are. */
    rc = reserve(fleet, fleet->known.n, err);
    if (rc == 0)
        rc = fl_fleet_sort(fleet, err);
    if (rc == 0)
        rc = map_ids(fleet, &by_id, err);
    for (size_t i = 0; rc == 0 && i < fleet->known.n; i++)
        rc = join_one(engine, fleet, &by_id, &fleet->known.at[i], err);
    fl_map_clear(&by_id);
    for (size_t i = listed; i < fleet->n_members; i++)
        fleet->members[i].unconfirmed = true;
    return rc == 0 ? fl_fleet_sort(fleet, err) : rc;
}

/* The pod that a row is about: by name, and by id where it was renamed. */
static struct fl_member *owner_of(const struct fl_fleet *fleet,
                                  const struct fl_map *by_id,
                                  const struct fl_host_key *key)
{
    struct fl_member *members[] = {fl_fleet_member(fleet, key->name),
                                   fl_map_get(by_id, key->pod_id)};

    for (size_t i = 0; i < 2; i++) {
        const char *id =
            members[i] ? fleet_pod_get(members[i]->pod, FLEET_POD_ID) : NULL;

        if (id && strcmp(id, key->pod_id) == 0 &&
            strcmp(members[i]->listing->name, key->provider) == 0)
            return members[i];
    }
    return NULL;
}

/* Host keys that fleet has learnt, for pods whose provider tells none. */
static int join_host_keys(struct fl_engine *engine, struct fl_fleet *fleet,
                          struct fleet_error *err)
{
    FL_AUTO(fl_host_key_list_clear) struct fl_host_key_list keys = {0};
    struct fl_map by_id = {0};
    int rc = fl_host_keys_load(engine->state, &keys, err);

    if (rc == 0 && keys.n > 0)
        rc = map_ids(fleet, &by_id, err);
    for (size_t i = 0; rc == 0 && i < keys.n; i++) {
        struct fl_member *member = owner_of(fleet, &by_id, &keys.at[i]);

        if (!member || fl_pod_is_set(member->pod, FLEET_POD_HOST_KEY))
            continue;
        fleet_pod_set(member->pod, FLEET_POD_HOST_KEY, keys.at[i].key);
        member->host_key_learnt = true;
    }
    fl_map_clear(&by_id);
    return rc;
}

static int map_order(struct fl_fleet *fleet, const struct fl_cohort *cohort,
                     struct fleet_error *err)
{
    for (size_t i = 0; i < cohort->names.n; i++) {
        if (fl_map_add(&fleet->order, cohort->names.at[i],
                       (void *)(uintptr_t)(i + 1), NULL) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int show_ports(struct fl_engine *engine, struct fl_fleet *fleet,
                      struct fleet_error *err)
{
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    int rc = fl_ports_load(engine->state, &ports, err);

    if (rc == 0)
        fl_ports_show(&ports, fleet);
    return rc;
}

int fl_fleet_gather(struct fl_engine *engine, unsigned flags,
                    struct fl_fleet *fleet, struct fleet_error *err)
{
    FL_AUTO_FREE const struct fl_provider_entry **entries = NULL;
    int rc = fl_engine_state(engine, FL_STATE_READ, err);

    if (rc == 0)
        rc = map_order(fleet, &engine->cohort, err);
    if (rc == 0)
        rc = fl_state_known(engine->state, &fleet->known, err);
    if (rc == 0)
        rc = open_listings(engine, fleet, &entries, err);
    if (rc == 0)
        rc = list_all(engine, flags, fleet, entries, err);
    if (rc == 0)
        rc = join_known(engine, fleet, err);
    if (rc == 0)
        rc = join_host_keys(engine, fleet, err);
    if (rc == 0)
        rc = show_ports(engine, fleet, err);
    if (rc < 0)
        return rc;
    fleet->complete = true;
    for (size_t i = 0; i < fleet->n_listings; i++)
        fleet->complete &= fleet->listings[i].ok;
    return FLEET_OK;
}

void fl_fleet_clear(struct fl_fleet *fleet)
{
    if (fl_pool_wedged())
        return;
    for (size_t i = 0; i < fleet->n_listings; i++)
        fl_provider_close(fleet->listings[i].provider);
    for (size_t i = 0; i < fleet->n_members; i++)
        fl_pod_free(fleet->members[i].pod);
    fl_pod_free(fleet->proxy.pod);
    free(fleet->listings);
    free(fleet->members);
    fl_strv_clear(&fleet->names);
    fl_map_clear(&fleet->by_name);
    fl_map_clear(&fleet->order);
    fl_known_list_clear(&fleet->known);
    memset(fleet, 0, sizeof(*fleet));
}

/* Where a member stands, by its name; false: no pod of the cohort has such. */
static bool place(const struct fl_fleet *fleet, const struct fl_cohort *cohort,
                  struct fl_member *member)
{
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    uintptr_t at;

    member->short_name = name ? fl_cohort_short(cohort, name) : NULL;
    if (name && fl_cohort_is_proxy(cohort, name))
        member->short_name = name;
    if (!member->short_name)
        return false;
    at = (uintptr_t)fl_map_get(&fleet->order, member->short_name);
    member->index = at ? at - 1 : SIZE_MAX;
    return true;
}

int fl_fleet_add(struct fl_fleet *fleet, const struct fl_cohort *cohort,
                 struct fl_listing *listing, struct fleet_pod *pod,
                 struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *owned = pod;
    struct fl_member member = {
        .pod = pod, .listing = listing, .price_quoted = -1};
    int rc;

    if (!place(fleet, cohort, &member) || fl_pod_state(pod) == FLEET_STATE_GONE)
        return FLEET_OK;
    if (fl_cohort_is_proxy(cohort, member.short_name)) {
        fleet->proxy.twin = fleet->proxy.pod != NULL;
        if (!fleet->proxy.pod) {
            fleet->proxy = member;
            owned = NULL;
        }
        return FLEET_OK;
    }
    rc = reserve(fleet, 1, err);
    if (rc < 0)
        return rc;
    fleet->members[fleet->n_members++] = member;
    owned = NULL;
    return FLEET_OK;
}

bool fl_fleet_refresh(const struct fl_fleet *fleet,
                      const struct fl_cohort *cohort, struct fl_member *member,
                      const struct fleet_pod *fresh)
{
    fl_pod_renew(member->pod, fresh);
    return place(fleet, cohort, member);
}

void fl_fleet_remove(struct fl_fleet *fleet, struct fl_member *member)
{
    size_t at = (size_t)(member - fleet->members);

    fl_pod_free(member->pod);
    if (member == &fleet->proxy) {
        fleet->proxy = (struct fl_member){0};
        return;
    }
    memmove(member, member + 1, (fleet->n_members - at - 1) * sizeof(*member));
    fleet->n_members--;
}

static const char *text_of(const struct fl_member *member, int field)
{
    const char *text = fleet_pod_get(member->pod, field);

    return text ? text : "";
}

static int by_place(const void *one, const void *two)
{
    const struct fl_member *a = one, *b = two;
    int order;

    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    order = strcmp(text_of(a, FLEET_POD_NAME), text_of(b, FLEET_POD_NAME));
    if (order == 0)
        order = strcmp(a->listing->name, b->listing->name);
    return order ? order
                 : strcmp(text_of(a, FLEET_POD_ID), text_of(b, FLEET_POD_ID));
}

int fl_fleet_sort(struct fl_fleet *fleet, struct fleet_error *err)
{
    fl_map_clear(&fleet->by_name);
    if (fleet->n_members)
        qsort(fleet->members, fleet->n_members, sizeof(*fleet->members),
              by_place);
    for (size_t i = 0; i < fleet->n_members; i++) {
        struct fl_member *member = &fleet->members[i];
        bool was = false;

        if (fl_map_add(&fleet->by_name, text_of(member, FLEET_POD_NAME), member,
                       &was) < 0)
            return fl_enomem(err);
        member->twin = was;
        if (was)
            fleet->members[i - 1].twin = true;
    }
    return FLEET_OK;
}

void fl_known_of(struct fl_known *known, const char *provider,
                 const struct fleet_pod *pod)
{
    *known = (struct fl_known){
        .name = (char *)fleet_pod_get(pod, FLEET_POD_NAME),
        .provider = (char *)provider,
        .id = (char *)fleet_pod_get(pod, FLEET_POD_ID),
        .token = (char *)fleet_pod_get(pod, FLEET_POD_TOKEN),
        .price_quoted = -1,
        .price_actual = fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1),
        .currency = (char *)fleet_pod_get(pod, FLEET_POD_CURRENCY),
        .host_key = (char *)fleet_pod_get(pod, FLEET_POD_HOST_KEY),
        .created_at = (char *)fleet_pod_get(pod, FLEET_POD_CREATED_AT),
    };
}

struct fl_member *fl_fleet_machine(const struct fl_fleet *fleet, size_t i)
{
    if (i < fleet->n_members)
        return &fleet->members[i];
    return i == fleet->n_members && fleet->proxy.pod
               ? (struct fl_member *)&fleet->proxy
               : NULL;
}

struct fl_member *fl_fleet_member(const struct fl_fleet *fleet,
                                  const char *name)
{
    return fl_map_get(&fleet->by_name, name);
}

struct fl_listing *fl_fleet_listing(const struct fl_fleet *fleet,
                                    const char *provider)
{
    for (size_t i = 0; i < fleet->n_listings; i++) {
        if (!strcmp(fleet->listings[i].name, provider))
            return &fleet->listings[i];
    }
    return NULL;
}

enum fl_bills fl_member_bills(const struct fl_member *member)
{
    const char *what = fleet_pod_get(member->pod, FLEET_POD_BILLING);

    if (fl_pod_state(member->pod) != FLEET_STATE_STOPPED)
        return FL_BILLS_RUNNING;
    return what && strcasecmp(what, "nothing") != 0 ? FL_BILLS_STOPPED
                                                    : FL_BILLS_NOT;
}

size_t fl_fleet_sums(const struct fl_fleet *fleet,
                     const struct fl_listing *listing, enum fl_bills which,
                     struct fl_sum *sums, size_t max)
{
    const struct fl_member *member;
    size_t n = 0, k;

    for (size_t i = 0; (member = fl_fleet_machine(fleet, i)); i++) {
        int64_t price =
            fleet_pod_get_number(member->pod, FLEET_POD_PRICE_MICROS, -1);
        const char *currency = text_of(member, FLEET_POD_CURRENCY);

        if (price < 0 || fl_member_bills(member) != which ||
            (listing && member->listing != listing))
            continue;
        if (!*currency)
            currency = "USD";
        for (k = 0; k < n && strcmp(sums[k].currency, currency) != 0; k++)
            ;
        if (k == max)
            continue;
        if (k == n) {
            sums[n].micros = 0;
            snprintf(sums[n++].currency, sizeof(sums->currency), "%s",
                     currency);
        }
        sums[k].micros += price;
    }
    return n;
}

int fl_fleet_check_complete(const struct fl_fleet *fleet,
                            struct fleet_error *err)
{
    for (size_t i = 0; i < fleet->n_listings; i++) {
        if (!fleet->listings[i].ok) {
            *err = fleet->listings[i].error;
            return err->code;
        }
    }
    return FLEET_OK;
}

int fl_fleet_select(const struct fl_fleet *fleet, const char *const *targets,
                    size_t n, const char *exclude, const char *on,
                    bool *selected, struct fleet_error *err)
{
    FL_AUTO_FREE struct fl_target_pod *pods =
        calloc(fleet->n_members ? fleet->n_members : 1, sizeof(*pods));

    if (!pods)
        return fl_enomem(err);
    for (size_t i = 0; i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];

        pods[i] = (struct fl_target_pod){
            .name = fleet_pod_get(member->pod, FLEET_POD_NAME),
            .short_name = member->short_name,
            .id = fleet_pod_get(member->pod, FLEET_POD_ID),
            .provider = member->listing->name,
        };
    }
    return fl_targets_match(targets, n, exclude, on, pods, fleet->n_members,
                            selected, err);
}
