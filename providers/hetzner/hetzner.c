/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/access.h"
#include "providers/hetzner/action.h"
#include "providers/hetzner/handle.h"
#include "providers/hetzner/judge.h"
#include "providers/hetzner/left.h"
#include "providers/hetzner/market.h"
#include "providers/hetzner/request.h"
#include "providers/hetzner/wall.h"

#include <fleet/log.h>
#include <fleet/provider.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Hetzner Cloud: CPU servers, one project for each token. */

#define DEFAULT_TYPES     "cax21 cx33 cpx32"
#define DEFAULT_LOCATIONS "nbg1 hel1 fsn1"

#define ACTION_MS   60000 /* to wait for an action that was accepted */
#define MAKING_MS   60000 /* for a new server to be switched on */
#define SHUTDOWN_MS 30000 /* for the guest to go down by itself */
#define LOOK_MS     2000
#define SPARE_MS    30000 /* of a stop, to pull the plug */
#define DELETING_MS 3000

/* ---- open and close ---- */

static int hetzner_open(const void *given, struct fleet_host *host,
                        void **handle, struct fleet_error *err)
{
    const struct config *config = given;
    struct hetzner *h = calloc(1, sizeof(*h));
    int rc;

    if (!h)
        return api_enomem(err);
    h->config = config;
    rc = choices_read(config->types, config->locations, &h->choices, err);
    if (rc == FLEET_OK)
        rc = api_open(&h->api, host, config->endpoint, "/v1", config->token,
                      judge_answer, err);
    if (rc < 0) {
        choices_clear(&h->choices);
        free(h);
        return rc;
    }
    pthread_mutex_init(&h->mutex, NULL);
    *handle = h;
    return FLEET_OK;
}

static void hetzner_close(void *handle)
{
    struct hetzner *h = handle;

    json_decref(h->types);
    json_decref(h->pricing);
    json_decref(h->images);
    json_decref(h->keys);
    choices_clear(&h->choices);
    api_close(&h->api);
    pthread_mutex_destroy(&h->mutex);
    free(h);
}

/* ---- list, find, get ---- */

static int put_servers(const json_t *servers, const struct tariff *tariff,
                       struct fleet_sink *pods, struct fleet_error *err)
{
    const json_t *server;
    size_t i;
    int rc = FLEET_OK;

    json_array_foreach(servers, i, server)
    {
        struct fleet_pod *pod = fleet_sink_pod(pods);

        if (!pod)
            return FLEET_OK; /* the host knows why */
        rc = parse_server(server, tariff, pod, err);
        if (rc < 0)
            return rc;
    }
    return rc;
}

/* Everybody's: a name that a person has given is taken, too. */
static int hetzner_list(void *handle, struct fleet_sink *pods,
                        struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *servers = NULL;
    struct tariff tariff;
    int rc = hetzner_read_all(h, "/servers", "sort=id%3Aasc&", "servers",
                              &servers, err);

    if (rc < 0)
        return rc;
    market_tariff_if_any(h, &tariff);
    return put_servers(servers, &tariff, pods, err);
}

static bool has_token(const json_t *server, const char *token)
{
    const char *has = parse_label(server, LABEL_TOKEN);

    return parse_is_ours(server) && has && strcmp(has, token) == 0;
}

/* The first of a list for which MATCHES; NULL: none. */
static const json_t *first_of(const json_t *servers, const char *value,
                              bool (*matches)(const json_t *, const char *))
{
    const json_t *server;
    size_t i;

    json_array_foreach(servers, i, server)
    {
        if (matches(server, value))
            return server;
    }
    return NULL;
}

static int hetzner_find(void *handle, const char *token, struct fleet_pod *pod,
                        struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *servers = NULL;
    AUTO_FREE char *query = NULL;
    const json_t *server;
    struct tariff tariff;
    int rc = request_check_token(token, err);

    if (rc < 0)
        return rc;
    if (asprintf(&query, "label_selector=%s%%3D%s&", LABEL_TOKEN, token) < 0) {
        query = NULL;
        return api_enomem(err);
    }
    rc = hetzner_read_all(h, "/servers", query, "servers", &servers, err);
    if (rc < 0)
        return rc;
    server = first_of(servers, token, has_token);
    if (!server)
        return fleet_fail(err, FLEET_ENOTFOUND,
                          "no server was made for this order");
    market_tariff_if_any(h, &tariff);
    return parse_server(server, &tariff, pod, err);
}

/* *server is the caller's. */
static int read_server(struct hetzner *h, const char *id, json_t **server,
                       struct fleet_error *err)
{
    AUTO_FREE char *segment = NULL;
    AUTO_JSON json_t *answer = NULL;
    const json_t *found;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK)
        rc = hetzner_read(h, &answer, err, "/servers/%s", segment);
    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, "server", &found, err);
    if (rc == FLEET_OK)
        *server = json_incref((json_t *)found);
    return rc;
}

static bool is_off(const json_t *server)
{
    return parse_state(api_text(server, "status")) == FLEET_STATE_STOPPED;
}

/* A server that is off although it was told to start a moment ago is about to
 * come up. *server may be read again, since the action may just have ended. */
static int look_twice(struct hetzner *h, const char *id, json_t **server,
                      bool *starts, struct fleet_error *err)
{
    json_t *again = NULL;
    int rc;

    *starts = false;
    if (!is_off(*server))
        return FLEET_OK;
    rc = action_is_busy(h, id, starts, err);
    if (rc == FLEET_OK && !*starts)
        rc = read_server(h, id, &again, err);
    if (again) {
        json_decref(*server);
        *server = again;
    }
    return rc;
}

static int hetzner_get(void *handle, const char *id, struct fleet_pod *pod,
                       struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *server = NULL;
    struct tariff tariff;
    bool starts = false;
    int rc = read_server(h, id, &server, err);

    if (rc == FLEET_OK)
        rc = look_twice(h, id, &server, &starts, err);
    if (rc < 0)
        return rc;
    market_tariff_if_any(h, &tariff);
    rc = parse_server(server, &tariff, pod, err);
    if (rc == FLEET_OK && starts)
        fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
    return rc;
}

/* ---- offers ---- */

/* A cohort that wants GPUs must not get servers without one. */
static int check_gpu(const struct fleet_spec *want, struct fleet_error *err)
{
    const char *gpu = fleet_spec_get(want, FLEET_SPEC_GPU);
    int64_t gpus = fleet_spec_get_number(want, FLEET_SPEC_GPUS, 0);

    if (gpus > 1 || (gpus > 0 && gpu))
        return fleet_fail(err, FLEET_ECAPACITY,
                          "has no GPUs, and %.80s is wanted; NUM_GPUS=0 asks "
                          "for servers without",
                          gpu ? gpu : "more than one");
    return FLEET_OK;
}

/* One run through the candidates. */
struct survey {
    struct hetzner *h;
    const struct fleet_spec *want;
    struct fleet_sink *offers;
    const json_t *types;
    struct tariff tariff;
    char now[32];
    size_t n;               /* offers */
    struct fleet_error why; /* the last candidate that was left out */
};

static void leave_out(struct survey *survey, const struct choice *choice,
                      const char *why)
{
    fleet_log(FLEET_LOG_INFO, "hetzner", "%s@%s left out: %s", choice->type,
              choice->location, why);
    fleet_fail(&survey->why, FLEET_ECONFIG, "%s@%s: %s", choice->type,
               choice->location, why);
}

static int64_t price_at(const struct survey *survey, const json_t *type,
                        const char *location)
{
    int64_t price = parse_type_price(&survey->tariff, type, location);
    int64_t address = survey->h->config->ipv4
                          ? parse_ipv4_price(&survey->tariff, location)
                          : 0;

    return price < 0 || address < 0 ? -1 : price + address;
}

/* A class of RunPod's or Vast's that is asked for is no class here, and no
 * reason to leave anything out. */
static bool may_name_tier(const struct survey *survey)
{
    return !fleet_spec_get(survey->want, FLEET_SPEC_TIER);
}

static void put_offer(struct survey *survey, const struct choice *choice,
                      const json_t *type, const char *stock)
{
    ptrdiff_t place = choice - survey->h->choices.at;

    struct fleet_offer *offer = fleet_sink_offer(survey->offers);
    int64_t price = price_at(survey, type, choice->location);
    char id[CHOICE_TEXT_MAX];

    survey->n++;
    if (!offer)
        return; /* the host knows why */
    choice_text(choice, id);
    fleet_offer_set(offer, FLEET_OFFER_ID, id);
    fleet_offer_set(offer, FLEET_OFFER_REGION, choice->location);
    if (may_name_tier(survey))
        fleet_offer_set(offer, FLEET_OFFER_TIER, choice->type);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, 0);
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, 0);
    fleet_offer_set(offer, FLEET_OFFER_STOCK, stock);
    fleet_offer_set_number(offer, FLEET_OFFER_RANK, place + 1);
    if (price < 0)
        return;
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, price);
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY,
                    parse_currency(&survey->tariff));
}

static bool disk_is_short(const struct survey *survey, const json_t *type)
{
    int64_t needs = fleet_spec_get_number(survey->want, FLEET_SPEC_DISK_GB, 0);
    double has;

    return api_number(type, "disk", &has) && (double)needs > has;
}

/* What is unlisted or expired there is shown, as none left. */
static int consider(struct survey *survey, const struct choice *choice,
                    struct fleet_error *err)
{
    const json_t *type = choice_type(survey->types, choice->type);
    struct fleet_error why = {0};
    enum choice_fit fit;
    int64_t image;
    int rc;

    if (!type) {
        leave_out(survey, choice, "there is no such server type");
        return FLEET_OK;
    }
    if (disk_is_short(survey, type)) {
        leave_out(survey, choice, "its disk is smaller than DISK_GB");
        return FLEET_OK;
    }
    rc = market_image(survey->h, fleet_spec_get(survey->want, FLEET_SPEC_IMAGE),
                      type, &image, &why);
    if (rc == FLEET_EINVALID) {
        leave_out(survey, choice, why.text);
        return FLEET_OK;
    }
    if (rc < 0) {
        *err = why;
        return rc;
    }
    fit = choice_fits(type, choice->location, survey->now);
    put_offer(survey, choice, type,
              fit == CHOICE_FITS ? "high"
                                 : (fit == CHOICE_SCARCE ? "low" : "none"));
    return FLEET_OK;
}

static void stamp_now(char out[32])
{
    time_t now = time(NULL);
    struct tm utc;

    if (!gmtime_r(&now, &utc) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc))
        out[0] = '\0';
}

static int hetzner_offers(void *handle, const struct fleet_spec *want,
                          struct fleet_sink *offers, struct fleet_error *err)
{
    struct hetzner *h = handle;
    struct survey survey = {.h = h, .want = want, .offers = offers};
    int rc = check_gpu(want, err);

    if (rc == FLEET_OK)
        rc = market_types(h, &survey.types, err);
    if (rc == FLEET_OK)
        rc = market_tariff(h, &survey.tariff, err);
    stamp_now(survey.now);
    for (size_t i = 0; rc == FLEET_OK && i < h->choices.n; i++)
        rc = consider(&survey, &h->choices.at[i], err);
    if (rc == FLEET_OK && survey.n == 0) {
        *err = survey.why;
        return err->code;
    }
    return rc;
}

/* ---- create ---- */

static bool has_name(const json_t *server, const char *name)
{
    const char *has = api_text(server, "name");

    return has && strcasecmp(has, name) == 0;
}

/* The name is taken: by this very order, if an earlier answer was lost. */
static int adopt(struct hetzner *h, const struct wish *wish,
                 struct fleet_pod *pod, struct fleet_error *err)
{
    AUTO_JSON json_t *servers = NULL;
    AUTO_FREE char *query = NULL;
    const json_t *server;
    struct tariff tariff;
    int rc;

    if (asprintf(&query, "name=%s&", wish->name) < 0) {
        query = NULL;
        return api_enomem(err);
    }
    rc = hetzner_read_all(h, "/servers", query, "servers", &servers, err);
    if (rc < 0)
        return rc;
    server = first_of(servers, wish->name, has_name);
    if (server && has_token(server, wish->token)) {
        market_tariff_if_any(h, &tariff);
        return parse_server(server, &tariff, pod, err);
    }
    if (!server ||
        parse_state(api_text(server, "status")) == FLEET_STATE_TERMINATING) {
        fleet_fail(err, FLEET_ETRANSIENT,
                   "the name %.80s is still taken by a server that goes away",
                   wish->name);
        err->retry_ms = DELETING_MS;
        return FLEET_ETRANSIENT;
    }
    return fleet_fail(err, FLEET_ECONFLICT,
                      "the project has a server called %.80s already: rename "
                      "or delete that one, or choose another name",
                      wish->name);
}

/* Until it has been made and told to start: before that it may look as if it
 * had been switched off. It exists whatever happens here, so nothing that
 * happens here is an error. */
static void await_made(struct hetzner *h, const json_t *answer)
{
    const json_t *next = json_object_get(answer, "next_actions"), *action;
    struct fleet_error why = {0};
    size_t i;
    int rc = action_await(h, api_object(answer, "action"), MAKING_MS, &why);

    json_array_foreach(next, i, action)
    {
        if (rc == FLEET_OK)
            rc = action_await(h, action, MAKING_MS, &why);
    }
    if (rc < 0)
        fleet_log(FLEET_LOG_WARNING, "hetzner", "a new server: %s", why.text);
}

static int read_made(struct hetzner *h, const json_t *answer,
                     struct fleet_pod *pod, struct fleet_error *err)
{
    struct tariff tariff;
    const json_t *server;
    int rc = parse_wrapped(answer, "server", &server, err);

    if (rc < 0)
        return rc;
    market_tariff_if_any(h, &tariff);
    rc = parse_server(server, &tariff, pod, err);
    if (rc < 0)
        return rc;
    await_made(h, answer);
    hetzner_get(h, fleet_pod_get(pod, FLEET_POD_ID), pod, NULL);
    return FLEET_OK;
}

static int order(struct hetzner *h, const struct wish *wish,
                 struct fleet_pod *pod, struct fleet_error *err)
{
    struct api_call call = {
        .method = "POST", .lane = HETZNER_LANE, .gap_ms = HETZNER_GAP_MS};
    AUTO_JSON json_t *answer = NULL;
    struct fleet_error why = {0};
    int rc;

    call.body = request_server(wish);
    if (!call.body)
        return fleet_fail(err, FLEET_ETRANSIENT, "out of memory");
    rc = api_send(&h->api, &call, &answer, &why, "/servers");
    if (rc == FLEET_OK)
        return read_made(h, answer, pod, err);
    if (judge_is_taken(&why))
        return adopt(h, wish, pod, err);
    *err = why;
    return rc;
}

/* All that has to be known before anything is ordered. */
static int prepare(struct hetzner *h, const struct fleet_spec *spec,
                   struct choice *choice, struct wish *wish,
                   struct fleet_error *err)
{
    const json_t *types, *type;
    int rc = request_check_name(wish->name, err);

    if (rc == FLEET_OK)
        rc = request_check_token(wish->token, err);
    if (rc < 0)
        return rc;
    if (!choice_read(fleet_spec_get(spec, FLEET_SPEC_OFFER), choice))
        return fleet_fail(err, FLEET_EINVALID, "no offer was chosen");
    rc = market_types(h, &types, err);
    if (rc < 0)
        return rc;
    type = choice_type(types, choice->type);
    if (!type)
        return fleet_fail(err, FLEET_ECAPACITY, "there is no server type %s",
                          choice->type);
    rc = market_image(h, fleet_spec_get(spec, FLEET_SPEC_IMAGE), type,
                      &wish->image, err);
    if (rc == FLEET_OK)
        rc = access_firewall(h, &wish->firewall, err);
    if (rc == FLEET_OK)
        rc = access_keys(h, fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY),
                         &wish->keys, err);
    return rc;
}

/* Nothing was ordered: what would leave a doubt of that leaves none. */
static int not_ordered(int rc, struct fleet_error *err)
{
    switch (rc) {
    case FLEET_EINTERNAL:
    case FLEET_ENOMEM:
    case FLEET_ETIMEOUT:
    case FLEET_EAMBIGUOUS:
        err->retry_ms = -1;
        return err->code = FLEET_ETRANSIENT;
    default:
        return rc;
    }
}

static int hetzner_create(void *handle, const struct fleet_spec *spec,
                          struct fleet_pod *pod, struct fleet_error *err)
{
    struct hetzner *h = handle;
    struct choice choice;
    struct wish wish = {.name = fleet_spec_get(spec, FLEET_SPEC_NAME),
                        .token = fleet_spec_get(spec, FLEET_SPEC_TOKEN),
                        .user = fleet_spec_get(spec, FLEET_SPEC_SSH_USER),
                        .choice = &choice,
                        .ipv4 = h->config->ipv4};
    int rc = prepare(h, spec, &choice, &wish, err);

    rc = rc < 0 ? not_ordered(rc, err) : order(h, &wish, pod, err);
    json_decref(wish.keys);
    return rc;
}

/* ---- changes ---- */

/* Nobody's server is touched but fleet's. *server is the caller's. */
static int read_ours(struct hetzner *h, const char *id, json_t **server,
                     struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    int rc = read_server(h, id, &found, err);

    if (rc < 0)
        return rc;
    if (!parse_is_ours(found))
        return fleet_fail(err, FLEET_EREFUSED,
                          "server %.40s was not made by fleet, which leaves it "
                          "alone; the label %s=%s would change that",
                          id, LABEL_OWNER, LABEL_FLEET);
    *server = json_incref(found);
    return FLEET_OK;
}

/* An action without parameters, which takes no body. */
static int power(struct hetzner *h, const char *id, const char *tail,
                 uint32_t flags, struct fleet_error *err)
{
    const struct action action = {.method = "POST",
                                  .id = id,
                                  .tail = tail,
                                  .flags = flags,
                                  .most_ms = ACTION_MS};

    return action_run(h, &action, err);
}

static int power_on(struct hetzner *h, const char *id, struct fleet_error *err)
{
    return power(h, id, "/actions/poweron", FLEET_HTTP_REPEATABLE, err);
}

static int hetzner_start(void *handle, const char *id, struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *server = NULL;
    int rc = read_ours(h, id, &server, err);

    if (rc < 0 ||
        parse_state(api_text(server, "status")) == FLEET_STATE_RUNNING)
        return rc;
    return power_on(h, id, err);
}

/* The guest may take no notice of a shutdown. *off: whether it went down. */
static int await_off(struct hetzner *h, const char *id, bool *off,
                     struct fleet_error *err)
{
    int64_t stop = fleet_call_left_ms() - SHUTDOWN_MS;
    int rc = FLEET_OK;

    if (stop < SPARE_MS)
        stop = SPARE_MS;
    *off = false;
    while (rc == FLEET_OK && !*off && fleet_call_left_ms() > stop + LOOK_MS) {
        AUTO_JSON json_t *server = NULL;

        rc = fleet_call_sleep(LOOK_MS, err);
        if (rc == FLEET_OK)
            rc = read_server(h, id, &server, err);
        if (rc == FLEET_OK)
            *off = is_off(server);
    }
    return rc;
}

static int hetzner_stop(void *handle, const char *id, struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *server = NULL;
    bool off = false;
    int rc = read_ours(h, id, &server, err);

    if (rc < 0 || is_off(server))
        return rc;
    rc = power(h, id, "/actions/shutdown", FLEET_HTTP_REPEATABLE, err);
    if (rc == FLEET_OK)
        rc = await_off(h, id, &off, err);
    if (rc < 0 || off)
        return rc;
    fleet_log(FLEET_LOG_INFO, "hetzner",
              "server %s takes no notice of a shutdown: powered off", id);
    return power(h, id, "/actions/poweroff", FLEET_HTTP_REPEATABLE, err);
}

/* A soft reboot would not bring a hung server back. */
static int hetzner_restart(void *handle, const char *id,
                           struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *server = NULL;
    int rc = read_ours(h, id, &server, err);

    if (rc < 0)
        return rc;
    return is_off(server) ? power_on(h, id, err)
                          : power(h, id, "/actions/reset", 0, err);
}

static int hetzner_terminate(void *handle, const char *id,
                             struct fleet_error *err)
{
    struct hetzner *h = handle;
    const struct action action = {.method = "DELETE",
                                  .id = id,
                                  .tail = "",
                                  .flags = FLEET_HTTP_REPEATABLE,
                                  .most_ms = ACTION_MS};
    AUTO_JSON json_t *server = NULL;
    int rc = read_ours(h, id, &server, err);

    if (rc == FLEET_OK &&
        parse_state(api_text(server, "status")) != FLEET_STATE_TERMINATING)
        rc = action_run(h, &action, err);
    if (rc == FLEET_ENOTFOUND)
        rc = FLEET_OK;
    if (rc == FLEET_OK && (!server || wall_is_there(server)))
        wall_remove(h, id);
    return rc;
}

static int hetzner_rename(void *handle, const char *id, const char *name,
                          struct fleet_error *err)
{
    struct hetzner *h = handle;
    struct action action = {
        .method = "PUT", .id = id, .tail = "", .flags = FLEET_HTTP_REPEATABLE};
    AUTO_JSON json_t *server = NULL;
    int rc = request_check_name(name, err);

    if (rc == FLEET_OK)
        rc = read_ours(h, id, &server, err);
    if (rc < 0)
        return rc;
    action.body = request_rename(name, api_object(server, "labels"));
    return action.body ? action_run(h, &action, err) : api_enomem(err);
}

static int hetzner_lock(void *handle, const char *id, int32_t locked,
                        struct fleet_error *err)
{
    struct hetzner *h = handle;
    struct action action = {.method = "POST",
                            .id = id,
                            .tail = "/actions/change_protection",
                            .flags = FLEET_HTTP_REPEATABLE,
                            .most_ms = ACTION_MS};
    AUTO_JSON json_t *server = NULL;
    int rc = read_ours(h, id, &server, err);

    if (rc < 0)
        return rc;
    action.body = request_protection(locked != 0);
    return action.body ? action_run(h, &action, err) : api_enomem(err);
}

static int hetzner_expose(void *handle, const char *id, const char *ports,
                          struct fleet_error *err)
{
    struct hetzner *h = handle;
    AUTO_JSON json_t *server = NULL;
    int rc = read_ours(h, id, &server, err);

    return rc < 0 ? rc : wall_build(h, server, ports, err);
}

/* ---- descriptor ---- */

static int hetzner_leftovers(void *handle, struct fleet_report *report,
                             struct fleet_error *err)
{
    return left_report(handle, report, err);
}

/* clang-format off */
static const char *const token_aliases[] = {"HETZNER_API_KEY", NULL};
static const char *const price_choices[] = {"gross", "net", NULL};

static const struct fleet_option options[] = {
    {.key = "HCLOUD_TOKEN", .type = FLEET_OPT_SECRET,
     .flags = FLEET_OPT_REQUIRED, .aliases = token_aliases,
     .help = "API token of the project, with Read & Write",
     FLEET_AT(struct config, token)},
    {.key = "HCLOUD_ENDPOINT", .type = FLEET_OPT_STRING,
     .fallback = "https://api.hetzner.cloud/v1",
     .help = "address of the API",
     FLEET_AT(struct config, endpoint)},
    {.key = "HETZNER_SERVER_TYPE", .type = FLEET_OPT_LIST,
     .fallback = DEFAULT_TYPES,
     .help = "server types to try, in order; TYPE@LOCATION for one place only",
     FLEET_AT(struct config, types)},
    {.key = "HETZNER_LOCATION", .type = FLEET_OPT_LIST,
     .fallback = DEFAULT_LOCATIONS,
     .help = "locations to try for each type, in order",
     FLEET_AT(struct config, locations)},
    {.key = "HETZNER_IMAGE", .type = FLEET_OPT_STRING,
     .help = "name or id of an image, before IMAGE; "
             "without both the newest Ubuntu LTS",
     FLEET_AT(struct config, image)},
    {.key = "HETZNER_SSH_KEY", .type = FLEET_OPT_STRING,
     .help = "name or id of a key of the project that may log in, too",
     FLEET_AT(struct config, ssh_key)},
    {.key = "HETZNER_FIREWALL", .type = FLEET_OPT_STRING,
     .help = "name or id of a firewall for new servers",
     FLEET_AT(struct config, firewall)},
    {.key = "HETZNER_IPV4", .type = FLEET_OPT_BOOL, .fallback = "yes",
     .help = "give new servers an IPv4 address, which costs extra",
     FLEET_AT(struct config, ipv4)},
    {.key = "HETZNER_PRICES", .type = FLEET_OPT_CHOICE, .fallback = "gross",
     .choices = price_choices,
     .help = "prices with VAT (gross) or without (net)",
     FLEET_AT(struct config, prices)},
    {0},
};
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_BILLS,
     "a server that is off costs as much as one that runs; "
     "only terminate ends that"},
    {0},
};
static const struct fleet_provider_ops ops = {
    .open = hetzner_open,
    .close = hetzner_close,
    .list = hetzner_list,
    .offers = hetzner_offers,
    .create = hetzner_create,
    .find = hetzner_find,
    .get = hetzner_get,
    .start = hetzner_start,
    .stop = hetzner_stop,
    .restart = hetzner_restart,
    .terminate = hetzner_terminate,
    .rename = hetzner_rename,
    .lock = hetzner_lock,
    .expose = hetzner_expose,
    .leftovers = hetzner_leftovers,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "hetzner",
    .version = "1.0",
    .summary = "Hetzner Cloud servers",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
    .settle_ms = 5000,
    .effects = effects,
};
