/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/api/api.h"
#include "providers/vast/judge.h"
#include "providers/vast/parse.h"

#include <fleet/http.h>
#include <fleet/provider.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Instances rented from the hosts of a market: an offer is searched for, and
 * taken; each can be taken once. */

#define UNSEEN_MS  60000  /* so long a new instance may not be readable */
#define STARTED_MS 600000 /* so long "exited" is told of one that starts */
#define ATTACH_MS  10000
#define PAGES_MAX  400
#define SEARCHES   3 /* pages of offers */

struct vast {
    struct api api;
    const struct vast_config *config;
    pthread_mutex_t notes;  /* guards the rest */
    json_t *taken;          /* asks that are used up, or being taken */
    json_t *born, *started; /* id: when */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the endpoints, each with the least time between two calls ---- */

enum endpoint { SEARCH, LIST, GET, CREATE, CHANGE, REBOOT, DESTROY, KEY, USER };
/* A tenth more than what is asked for, since what counts is when they arrive.
 */
static const struct {
    const char *lane;
    uint32_t gap_ms;
} endpoints[] = {
    [SEARCH] = {"search", 2200},   [LIST] = {"list", 1100},
    [GET] = {"get", 2200},         [CREATE] = {"create", 5000},
    [CHANGE] = {"change", 1100},   [REBOOT] = {"reboot", 1100},
    [DESTROY] = {"destroy", 3300}, [KEY] = {"key", 2200},
    [USER] = {"user", 1100},
};

static int64_t paced(const struct vast *vast, int64_t ms)
{
    return ms * vast->config->pace_percent / 100;
}

static struct api_call call_to(const struct vast *vast, enum endpoint endpoint,
                               const char *method, fleet_judge_function *judge)
{
    return (struct api_call){
        .method = method,
        .judge = judge,
        .lane = endpoints[endpoint].lane,
        .gap_ms = (uint32_t)paced(vast, endpoints[endpoint].gap_ms),
        .flags = FLEET_HTTP_REPEATABLE,
    };
}

/* ---- notes ---- */

static void note_time(struct vast *vast, json_t *times, const char *id)
{
    pthread_mutex_lock(&vast->notes);
    json_object_set_new(times, id, json_integer(now_ms()));
    pthread_mutex_unlock(&vast->notes);
}

static bool was_within(struct vast *vast, const json_t *times, const char *id,
                       int64_t ms)
{
    int64_t at;
    bool within;

    pthread_mutex_lock(&vast->notes);
    within = api_int(times, id, &at) && now_ms() - at < ms;
    pthread_mutex_unlock(&vast->notes);
    return within;
}

/* ---- listing ---- */

static int read_page(struct vast *vast, const char *token, json_t **answer,
                     struct fleet_error *err)
{
    const struct api_call call = call_to(vast, LIST, "GET", NULL);
    AUTO_FREE char *escaped = token ? api_escape(token) : NULL;

    if (token && !escaped)
        return api_enomem(err);
    return api_send(&vast->api, &call, answer, err,
                    "/api/v1/instances/?limit=25%s%s",
                    token ? "&after_token=" : "", token ? escaped : "");
}

static int check_token(json_t *seen, const char *token, struct fleet_error *err)
{
    if (json_object_get(seen, token))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a listing that leads in a circle");
    return json_object_set_new(seen, token, json_true()) < 0 ? api_enomem(err)
                                                             : FLEET_OK;
}

/* TOKEN is replaced by the next page's; NULL: it was the last one. */
static int add_page(struct vast *vast, json_t *rows, json_t *seen, char **token,
                    int64_t *total, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const char *next = NULL;
    int rc = read_page(vast, *token, &answer, err);

    if (rc == FLEET_OK)
        rc = vast_page(answer, rows, &next, total, err);
    if (rc == FLEET_OK && next)
        rc = check_token(seen, next, err);
    if (rc < 0)
        return rc;
    free(*token);
    *token = next ? strdup(next) : NULL;
    return next && !*token ? api_enomem(err) : FLEET_OK;
}

/* A short listing may be one that was changed meanwhile: again. */
static int check_total(const json_t *rows, int64_t total,
                       struct fleet_error *err)
{
    if (total <= (int64_t)json_object_size(rows))
        return FLEET_OK;
    return fleet_fail(err, FLEET_ETRANSIENT,
                      "a listing of %zu instances where there are %" PRId64,
                      json_object_size(rows), total);
}

static int read_rows(struct vast *vast, json_t *rows, struct fleet_error *err)
{
    AUTO_FREE char *token = NULL;
    AUTO_JSON json_t *seen = json_object();
    int64_t total = -1;
    int rc, pages = 0;

    do {
        rc = add_page(vast, rows, seen, &token, &total, err);
        if (rc < 0)
            return rc;
    } while (token && ++pages < PAGES_MAX);
    if (token)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a listing of more than %d pages", PAGES_MAX);
    return check_total(rows, total, err);
}

static void put_pod(struct vast *vast, struct fleet_pod *pod, const json_t *row)
{
    char id[VAST_ID_SIZE] = "";

    vast_id(row, "id", id);
    vast_pod(pod, row, was_within(vast, vast->started, id, STARTED_MS),
             vast->config);
}

static int vast_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    struct vast *vast = handle;
    AUTO_JSON json_t *rows = json_object();
    int rc = rows ? read_rows(vast, rows, err) : api_enomem(err);
    const char *id;
    json_t *row;

    if (rc < 0)
        return rc;
    json_object_foreach(rows, id, row)
    {
        struct fleet_pod *pod = fleet_sink_pod(pods);

        if (!pod)
            break; /* the host knows why */
        put_pod(vast, pod, row);
    }
    return FLEET_OK;
}

/* ---- one instance ---- */

static int read_one(struct vast *vast, const char *id, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    const struct api_call call = call_to(vast, GET, "GET", vast_judge_instance);
    AUTO_FREE char *segment = NULL;
    AUTO_JSON json_t *answer = NULL;
    const json_t *row = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK)
        rc = api_send(&vast->api, &call, &answer, err, "/api/v0/instances/%s/",
                      segment);
    if (rc == FLEET_OK)
        rc = vast_instance(answer, &row, err);
    if (rc == FLEET_OK)
        put_pod(vast, pod, row);
    return rc;
}

static int vast_get(void *handle, const char *id, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    struct vast *vast = handle;
    int rc = read_one(vast, id, pod, err);

    if (rc == FLEET_ENOTFOUND && was_within(vast, vast->born, id, UNSEEN_MS))
        rc = fleet_fail(err, FLEET_ETRANSIENT,
                        "instance %s is new and cannot be read yet", id);
    return rc;
}

/* ---- changes ---- */

/* BODY is eaten. WHAT stands before the id in the path, "reboot/", and MORE
 * behind it, "/ssh". */
static int change(struct vast *vast, struct api_call call, json_t *body,
                  const char *what, const char *id, const char *more,
                  struct fleet_error *err)
{
    AUTO_FREE char *segment = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK && !body)
        rc = api_enomem(err);
    if (rc < 0) {
        json_decref(body);
        return rc;
    }
    call.body = body;
    return api_send(&vast->api, &call, NULL, err, "/api/v0/instances/%s%s%s/",
                    what, segment, more);
}

static int change_state(struct vast *vast, const char *id, const char *state,
                        struct fleet_error *err)
{
    return change(vast, call_to(vast, CHANGE, "PUT", vast_judge_instance),
                  json_pack("{s:s}", "state", state), "", id, "", err);
}

/* A start whose GPU is taken stays in a queue, and bills as soon as its turn
 * has come. */
static int vast_start(void *handle, const char *id, struct fleet_error *err)
{
    struct vast *vast = handle;
    int rc;

    note_time(vast, vast->started, id);
    rc = change_state(vast, id, "running", err);
    if (rc == FLEET_ECAPACITY)
        return fleet_fail(err, rc,
                          "its GPU is taken: the start waits in a queue at "
                          "Vast, and it will run and bill as soon as the GPU "
                          "is free; stop the pod to cancel that");
    return rc;
}

static int vast_stop(void *handle, const char *id, struct fleet_error *err)
{
    return change_state(handle, id, "stopped", err);
}

static int vast_restart(void *handle, const char *id, struct fleet_error *err)
{
    struct vast *vast = handle;
    struct api_call call = call_to(vast, REBOOT, "PUT", vast_judge_instance);

    call.flags = 0;
    note_time(vast, vast->started, id);
    return change(vast, call, json_object(), "reboot/", id, "", err);
}

static int vast_terminate(void *handle, const char *id, struct fleet_error *err)
{
    struct vast *vast = handle;
    int rc = change(vast, call_to(vast, DESTROY, "DELETE", vast_judge_instance),
                    json_object(), "", id, "", err);

    if (rc == FLEET_OK || rc == FLEET_ENOTFOUND) { /* to be believed, then */
        pthread_mutex_lock(&vast->notes);
        json_object_del(vast->born, id);
        pthread_mutex_unlock(&vast->notes);
    }
    return rc;
}

static int vast_rename(void *handle, const char *id, const char *name,
                       struct fleet_error *err)
{
    struct vast *vast = handle;
    int rc = vast_check_label(name, err);

    return rc < 0
               ? rc
               : change(vast, call_to(vast, CHANGE, "PUT", vast_judge_instance),
                        json_pack("{s:s}", "label", name), "", id, "", err);
}

/* ---- offers ---- */

struct search {
    struct vast *vast;
    struct vast_want want;
    struct fleet_sink *sink;
    json_t *seen; /* asks that are in the sink */
    bool any_gpu;
    double last_price; /* of the page */
    size_t rows;       /* likewise */
};

static int read_offer(struct search *search, const json_t *row)
{
    char id[VAST_ID_SIZE];
    struct fleet_offer *offer;

    api_number(row, "dph_total", &search->last_price);
    if (!vast_offer_fits(row, &search->want, search->any_gpu) ||
        !vast_id(row, "id", id) || json_object_get(search->seen, id))
        return FLEET_OK;
    offer = fleet_sink_offer(search->sink);
    if (!offer)
        return FLEET_ENOMEM;
    vast_offer(offer, row, &search->want);
    return json_object_set_new(search->seen, id, json_true());
}

static int search_page(struct search *search, struct fleet_error *err)
{
    struct api_call call = call_to(search->vast, SEARCH, "POST", NULL);
    AUTO_JSON json_t *answer = NULL;
    const json_t *list, *row;
    size_t i;
    int rc;

    call.body =
        vast_search_body(&search->want, search->last_price, search->any_gpu);
    if (!call.body)
        return api_enomem(err);
    rc = api_send(&search->vast->api, &call, &answer, err, "/api/v0/bundles/");
    if (rc == FLEET_OK)
        rc = api_list(answer, "offers", &list, err);
    if (rc < 0)
        return rc;
    search->rows = json_array_size(list);
    json_array_foreach(list, i, row)
    {
        if (read_offer(search, row) < 0)
            return api_enomem(err);
    }
    return FLEET_OK;
}

/* There is no cursor: the next page begins at the last price. */
static int search_pages(struct search *search, struct fleet_error *err)
{
    double before;
    int rc, pages = 0;

    search->last_price = 0;
    do {
        before = search->last_price;
        rc = search_page(search, err);
    } while (rc == FLEET_OK && search->rows >= VAST_ROWS &&
             search->last_price > before && ++pages < SEARCHES);
    return rc;
}

/* A name that Vast does not know finds nothing, without an error: what there is
 * besides shows whether that is so. */
static int vast_offers(void *handle, const struct fleet_spec *spec,
                       struct fleet_sink *sink, struct fleet_error *err)
{
    struct search search = {.vast = handle, .sink = sink};
    int rc = vast_want_init(&search.want, search.vast->config, spec, err);

    if (rc < 0)
        return rc;
    search.seen = json_object();
    rc = search.seen ? search_pages(&search, err) : api_enomem(err);
    if (rc == FLEET_OK && json_object_size(search.seen) == 0 &&
        json_array_size(search.want.names) > 0) {
        search.any_gpu = true;
        search.last_price = 0;
        rc = search_page(&search, err);
    }
    json_decref(search.seen);
    vast_want_clear(&search.want);
    return rc;
}

/* ---- create ---- */

/* False: this ask is used up, or another thread is at it. Who comes second
 * would wait for its turn, only to be told that it is gone. */
static bool take_ask(struct vast *vast, const char *ask)
{
    bool free;

    pthread_mutex_lock(&vast->notes);
    free = !json_object_get(vast->taken, ask) &&
           json_object_set_new(vast->taken, ask, json_true()) == 0;
    pthread_mutex_unlock(&vast->notes);
    return free;
}

static void give_ask_back(struct vast *vast, const char *ask)
{
    pthread_mutex_lock(&vast->notes);
    json_object_del(vast->taken, ask);
    pthread_mutex_unlock(&vast->notes);
}

/* The script that the instance starts with puts the key in, too: so this may
 * fail. */
static void attach_key(struct vast *vast, const char *id, const char *key)
{
    struct api_call call = call_to(vast, KEY, "POST", vast_judge_attach);
    struct fleet_error ignored = {0};

    if (!key)
        return;
    call.flags = 0; /* one try */
    call.limit_ms = ATTACH_MS;
    if (change(vast, call, json_pack("{s:s}", "ssh_key", key), "", id, "/ssh",
               &ignored) < 0)
        fleet_log(FLEET_LOG_INFO, "vast",
                  "instance %s: the key was not attached: %s", id,
                  ignored.text);
}

/* It exists and bills its storage, but did not start. What cannot start now is
 * not left in the queue, from which it would begin to bill at any time. */
static void start_stopped(struct vast *vast, const char *id)
{
    struct fleet_error why = {0}, ignored = {0};

    if (vast_start(vast, id, &why) == FLEET_OK)
        return;
    fleet_log(FLEET_LOG_WARNING, "vast",
              "instance %s was made but does not start; it bills its storage: "
              "%s",
              id, why.text);
    if (why.code == FLEET_ECAPACITY)
        change_state(vast, id, "stopped", &ignored);
}

/* Without the answer's key, which nobody needs. */
static int read_created(const json_t *answer, char id[VAST_ID_SIZE],
                        bool *stopped, struct fleet_error *err)
{
    if (!vast_id(answer, "new_contract", id))
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "an answer without the number of the instance");
    *stopped = json_is_false(json_object_get(answer, "success"));
    return FLEET_OK;
}

static int take(struct vast *vast, const struct fleet_spec *spec,
                const char *ask, int64_t bid, struct fleet_pod *pod,
                struct fleet_error *err)
{
    struct api_call call = call_to(vast, CREATE, "PUT", vast_judge_create);
    AUTO_JSON json_t *answer = NULL;
    char id[VAST_ID_SIZE];
    bool stopped = false;
    int rc = vast_create_body(vast->config, spec, bid, &call.body, err);

    if (rc < 0)
        return rc;
    call.flags = 0;
    rc = api_send(&vast->api, &call, &answer, err, "/api/v0/asks/%s/", ask);
    if (rc == FLEET_OK)
        rc = read_created(answer, id, &stopped, err);
    if (rc < 0)
        return rc;
    note_time(vast, vast->born, id);
    if (stopped)
        start_stopped(vast, id);
    attach_key(vast, id, fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY));
    fleet_pod_set(pod, FLEET_POD_ID, id);
    fleet_pod_set(pod, FLEET_POD_NAME, fleet_spec_get(spec, FLEET_SPEC_NAME));
    fleet_pod_set(pod, FLEET_POD_TOKEN, fleet_spec_get(spec, FLEET_SPEC_TOKEN));
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_PENDING);
    return FLEET_OK;
}

static int vast_create(void *handle, const struct fleet_spec *spec,
                       struct fleet_pod *pod, struct fleet_error *err)
{
    struct vast *vast = handle;
    int64_t number, bid;
    char ask[VAST_ID_SIZE];
    int rc = vast_offer_read(fleet_spec_get(spec, FLEET_SPEC_OFFER), &number,
                             &bid, err);

    if (rc < 0)
        return rc;
    snprintf(ask, sizeof(ask), "%" PRId64, number);
    if (!take_ask(vast, ask))
        return fleet_fail(err, FLEET_ECAPACITY,
                          "offer %s has been taken already", ask);
    rc = take(vast, spec, ask, bid, pod, err);
    if (rc == FLEET_ERATELIMITED || rc == FLEET_ETRANSIENT)
        give_ask_back(vast, ask); /* nothing was done with it */
    return rc;
}

/* ---- the account ---- */

static int vast_balance(void *handle, int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    struct vast *vast = handle;
    const struct api_call call = call_to(vast, USER, "GET", NULL);
    AUTO_JSON json_t *answer = NULL;
    double credit;
    int rc =
        api_send(&vast->api, &call, &answer, err, "/api/v0/users/current/");

    if (rc < 0)
        return rc;
    if (!api_number(answer, "credit", &credit))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "the account does not tell its credit");
    *micros = api_to_micros(credit);
    memcpy(currency, "USD", 4);
    return FLEET_OK;
}

/* ---- open and close ---- */

static void vast_close(void *handle)
{
    struct vast *vast = handle;

    if (!vast)
        return;
    api_close(&vast->api);
    json_decref(vast->taken);
    json_decref(vast->born);
    json_decref(vast->started);
    pthread_mutex_destroy(&vast->notes);
    free(vast);
}

static int vast_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    struct vast *vast = calloc(1, sizeof(*vast));
    int rc;

    if (!vast)
        return api_enomem(err);
    vast->config = config;
    pthread_mutex_init(&vast->notes, NULL);
    vast->taken = json_object();
    vast->born = json_object();
    vast->started = json_object();
    rc = vast->taken && vast->born && vast->started
             ? api_open(&vast->api, host, vast->config->api_url, "",
                        vast->config->api_key, vast_judge, err)
             : api_enomem(err);
    if (rc < 0)
        vast_close(vast);
    else
        *handle = vast;
    return rc;
}

/* clang-format off */
static const char *const ssh_choices[] = {"direct", "proxy", NULL};
static const struct fleet_option options[] = {
    {.key = "VAST_API_KEY", .type = FLEET_OPT_SECRET,
     .flags = FLEET_OPT_REQUIRED,
     .help = "key of the account; it needs instance_read, instance_write and "
             "user_read",
     FLEET_AT(struct vast_config, api_key)},
    {.key = "VAST_API_URL", .type = FLEET_OPT_STRING,
     .fallback = "https://console.vast.ai",
     .help = "where the API is",
     FLEET_AT(struct vast_config, api_url)},
    {.key = "VAST_SPOT", .type = FLEET_OPT_BOOL, .fallback = "no",
     .help = "rent interruptible instances, by bidding",
     FLEET_AT(struct vast_config, spot)},
    {.key = "VAST_BID_PRICE", .type = FLEET_OPT_PRICE,
     .min = 0, .max = 128000000,
     .help = "what to bid an hour for a pod, storage apart; default: a tenth "
             "above the lowest bid that is taken",
     FLEET_AT(struct vast_config, bid_micros)},
    {.key = "VAST_RELIABILITY", .type = FLEET_OPT_INT, .fallback = "95",
     .min = 0, .max = 100,
     .help = "least reliability of a host, in percent",
     FLEET_AT(struct vast_config, reliability_percent)},
    {.key = "VAST_UNVERIFIED", .type = FLEET_OPT_BOOL, .fallback = "no",
     .help = "take hosts that Vast has not verified, too",
     FLEET_AT(struct vast_config, unverified)},
    {.key = "VAST_MIN_DURATION", .type = FLEET_OPT_DURATION, .fallback = "7d",
     .min = 0, .max = INT64_C(31536000000),
     .help = "how long an offer has to last: at its end the pod stops for good",
     FLEET_AT(struct vast_config, duration_ms)},
    {.key = "VAST_COUNTRIES", .type = FLEET_OPT_LIST,
     .help = "where hosts may be: codes such as DE, or europe, asia, africa, "
             "oceania, north-america, south-america; default: anywhere",
     FLEET_AT(struct vast_config, countries)},
    {.key = "VAST_AVOID", .type = FLEET_OPT_LIST,
     .help = "machine_id of hosts not to rent from",
     FLEET_AT(struct vast_config, avoid)},
    {.key = "VAST_RUNTYPE", .type = FLEET_OPT_STRING,
     .fallback = "ssh_direc ssh_proxy",
     .help = "how the container is begun, in Vast's words",
     FLEET_AT(struct vast_config, runtype)},
    {.key = "VAST_SSH", .type = FLEET_OPT_CHOICE, .choices = ssh_choices,
     .fallback = "direct",
     .help = "direct: log in to the host itself where it has a port for that; "
             "proxy: always by way of Vast's proxy",
     FLEET_AT(struct vast_config, ssh)},
    {.key = "VAST_SSH_USER", .type = FLEET_OPT_STRING, .fallback = "root",
     .help = "who logs in; Vast knows nobody but root",
     FLEET_AT(struct vast_config, ssh_user)},
    {.key = "VAST_ONSTART", .type = FLEET_OPT_STRING,
     .help = "shell commands that a pod runs at each start",
     FLEET_AT(struct vast_config, onstart)},
    {.key = "VAST_TEMPLATE_HASH", .type = FLEET_OPT_STRING,
     .help = "hash id of a template that pods are made from",
     FLEET_AT(struct vast_config, template_hash)},
    {.key = "VAST_IMAGE_LOGIN", .type = FLEET_OPT_SECRET,
     .help = "for a private image: -u USER -p TOKEN REGISTRY",
     FLEET_AT(struct vast_config, image_login)},
    {.key = "VAST_PACE", .type = FLEET_OPT_INT, .fallback = "100",
     .min = 0, .max = 1000,
     .help = "distance between calls, in percent of what Vast asks for",
     FLEET_AT(struct vast_config, pace_percent)},
    {0},
};
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_BILLS,
     "the disk stays and is billed until the pod is terminated; the GPU goes "
     "to whoever wants it"},
    {FLEET_OP_START, 0,
     "where the GPU is taken, the start waits in a queue at Vast, and bills "
     "once its turn has come"},
    {0, 0, NULL},
};
static const struct fleet_provider_ops ops = {
    .open = vast_open,
    .close = vast_close,
    .list = vast_list,
    .offers = vast_offers,
    .create = vast_create,
    .get = vast_get,
    .start = vast_start,
    .stop = vast_stop,
    .restart = vast_restart,
    .terminate = vast_terminate,
    .rename = vast_rename,
    .balance = vast_balance,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "vast",
    .version = "1.0",
    .summary = "Vast.ai: containers on the GPUs of a market of hosts",
    .threads = FLEET_THREADS_PARALLEL,
    .caps = FLEET_CAP_SPOT,
    .options = options,
    .config_size = sizeof(struct vast_config),
    .settle_ms = 60000,
    .effects = effects,
};
