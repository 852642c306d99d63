/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/runpod/judge.h"
#include "providers/runpod/parse.h"
#include "providers/runpod/request.h"

#include <fleet/provider.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RunPod, through REST v2. The container disk of a pod lives only while it
 * runs; names are not unique, so that the token of a create travels in the
 * pod's environment. */

enum { PAGE = 1000, PAGES_MAX = 100, SETTLE_MS = 15000, GRAPHQL_MS = 4000 };

struct runpod {
    const struct runpod_config *config;
    struct api rest, graphql;
    atomic_bool no_balance; /* REST does not have it yet */
    atomic_bool noted;      /* GraphQL was asked about maintenance */
};

static void runpod_close(void *handle)
{
    struct runpod *runpod = handle;

    api_close(&runpod->rest);
    api_close(&runpod->graphql);
    free(runpod);
}

/* "https://api.runpod.io/v2" is a way to write "https://api.runpod.io". */
static char *without_version(const char *url)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    if (len > 3 && strncmp(url + len - 3, "/v2", 3) == 0)
        len -= 3;
    return strndup(url, len);
}

static int runpod_open(const void *config, struct fleet_host *host,
                       void **handle, struct fleet_error *err)
{
    const struct runpod_config *settings = config;
    struct runpod *runpod = calloc(1, sizeof(*runpod));
    AUTO_FREE char *root = without_version(settings->api_url);
    int rc = runpod && root ? FLEET_OK : api_enomem(err);

    if (rc == FLEET_OK)
        rc = api_open(&runpod->rest, host, root, "/v2", settings->api_key,
                      runpod_judge, err);
    if (rc == FLEET_OK)
        rc = api_open(&runpod->graphql, host, root, "/graphql",
                      settings->api_key, runpod_judge_graphql, err);
    if (rc < 0) {
        if (runpod)
            runpod_close(runpod);
        return rc;
    }
    runpod->config = settings;
    *handle = runpod;
    return FLEET_OK;
}

/* ---- looking ---- */

static const struct api_call get = {.method = "GET",
                                    .flags = FLEET_HTTP_REPEATABLE};

/* Reads one page; *cursor stays NULL where no other shall be asked for. */
typedef int page_function(void *arg, const json_t *answer, const char **cursor,
                          struct fleet_error *err);

static int get_page(struct runpod *runpod, const char *cursor, json_t **answer,
                    struct fleet_error *err)
{
    AUTO_FREE char *escaped = cursor ? api_escape(cursor) : NULL;

    if (cursor && !escaped)
        return api_enomem(err);
    return api_send(&runpod->rest, &get, answer, err, "/pods?limit=%d%s%s",
                    PAGE, cursor ? "&cursor=" : "", escaped ? escaped : "");
}

static int each_page(struct runpod *runpod, page_function *each, void *arg,
                     struct fleet_error *err)
{
    AUTO_FREE char *at = NULL;

    for (int page = 0; page < PAGES_MAX; page++) {
        AUTO_JSON json_t *answer = NULL;
        const char *next = NULL;
        int rc = get_page(runpod, at, &answer, err);

        if (rc == FLEET_OK)
            rc = each(arg, answer, &next, err);
        if (rc < 0 || !next)
            return rc;
        if (at && strcmp(at, next) == 0)
            break;
        free(at);
        at = strdup(next);
        if (!at)
            return api_enomem(err);
    }
    return fleet_fail(err, FLEET_EINTERNAL, "the list of pods does not end");
}

static int ask_graphql(struct runpod *runpod, const char *query,
                       json_t **answer, struct fleet_error *err)
{
    struct api_call call = {.method = "POST",
                            .flags = FLEET_HTTP_REPEATABLE,
                            .limit_ms = GRAPHQL_MS};

    call.body = json_pack("{s:s}", "query", query);
    return call.body ? api_send(&runpod->graphql, &call, answer, err, "%s", "")
                     : api_enomem(err);
}

/* REST says nothing of maintenance. GraphQL is asked once a run, in case it
 * knows: a listing does not depend on it. */
static json_t *ask_notes(struct runpod *runpod)
{
    AUTO_JSON json_t *answer = NULL;
    struct fleet_error why = {0};

    if (atomic_exchange(&runpod->noted, true))
        return NULL;
    if (ask_graphql(runpod,
                    "query { myself { pods { id machine { maintenanceStart "
                    "maintenanceEnd maintenanceNote } } } }",
                    &answer, &why) < 0) {
        fleet_log(FLEET_LOG_INFO, "runpod", "maintenance is not known: %s",
                  why.text);
        return NULL;
    }
    return runpod_read_notes(answer);
}

struct listing {
    struct runpod *runpod;
    struct fleet_sink *pods;
    json_t *notes;
};

static int add_page(void *arg, const json_t *answer, const char **cursor,
                    struct fleet_error *err)
{
    struct listing *listing = arg;

    if (!listing->notes && runpod_has_pods(answer))
        listing->notes = ask_notes(listing->runpod);
    return runpod_read_page(answer, listing->notes, listing->pods, cursor, err);
}

static int runpod_list(void *handle, struct fleet_sink *pods,
                       struct fleet_error *err)
{
    struct listing listing = {.runpod = handle, .pods = pods};
    int rc = each_page(handle, add_page, &listing, err);

    json_decref(listing.notes);
    return rc;
}

static int runpod_get(void *handle, const char *id, struct fleet_pod *pod,
                      struct fleet_error *err)
{
    struct runpod *runpod = handle;
    AUTO_FREE char *segment = NULL;
    AUTO_JSON json_t *answer = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK)
        rc = api_send(&runpod->rest, &get, &answer, err, "/pods/%s", segment);
    if (rc == FLEET_OK)
        runpod_read_pod(answer, pod);
    return rc;
}

struct search {
    const char *token;
    struct fleet_pod *pod;
    bool found;
};

static int search_page(void *arg, const json_t *answer, const char **cursor,
                       struct fleet_error *err)
{
    struct search *search = arg;

    return runpod_search_page(answer, search->token, search->pod,
                              &search->found, cursor, err);
}

static int runpod_find(void *handle, const char *token, struct fleet_pod *pod,
                       struct fleet_error *err)
{
    struct search search = {.token = token, .pod = pod};
    int rc = each_page(handle, search_page, &search, err);

    if (rc < 0 || search.found)
        return rc;
    return fleet_fail(err, FLEET_ENOTFOUND, "no pod of that token");
}

/* ---- offers ---- */

static int offers_of(struct runpod *runpod, const char *tier, int64_t count,
                     struct fleet_sink *offers, struct fleet_error *err)
{
    AUTO_FREE char *cuda = api_escape(runpod->config->min_cuda);
    AUTO_JSON json_t *answer = NULL;
    int rc = api_send(&runpod->rest, &get, &answer, err,
                      "/catalog/gpus?include=AVAILABILITY&product=POD&cloud=%s"
                      "&count=%lld%s%s",
                      tier, (long long)count, cuda ? "&minCudaVersion=" : "",
                      cuda ? cuda : "");

    return rc < 0 ? rc
                  : runpod_read_catalogue(answer, tier, count, offers, err);
}

static int runpod_offers(void *handle, const struct fleet_spec *want,
                         struct fleet_sink *offers, struct fleet_error *err)
{
    static const char *const tiers[] = {"SECURE", "COMMUNITY"};
    const char *tier = fleet_spec_get(want, FLEET_SPEC_TIER);
    int64_t count = fleet_spec_get_number(want, FLEET_SPEC_GPUS, 1);
    bool known = false;
    int rc = FLEET_OK;

    for (size_t i = 0; tier && i < 2; i++)
        known = known || strcasecmp(tier, tiers[i]) == 0;
    for (size_t i = 0; rc == FLEET_OK && i < 2; i++) {
        if (!known || strcasecmp(tier, tiers[i]) == 0)
            rc =
                offers_of(handle, tiers[i], count > 0 ? count : 1, offers, err);
    }
    return rc;
}

/* ---- changing ---- */

static int runpod_create(void *handle, const struct fleet_spec *spec,
                         struct fleet_pod *pod, struct fleet_error *err)
{
    struct runpod *runpod = handle;
    struct api_call call = {.method = "POST"};
    AUTO_JSON json_t *answer = NULL;
    int rc = runpod_create_body(runpod->config, spec, &call.body, err);

    if (rc == FLEET_OK)
        rc = api_send(&runpod->rest, &call, &answer, err, "/pods");
    if (rc == FLEET_OK)
        runpod_read_pod(answer, pod);
    return rc;
}

/* RunPod refuses an action that the pod's state has no need of: then what the
 * pod is tells whether that was all. */
static int settle_conflict(struct runpod *runpod, const char *segment,
                           const char *wanted, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    struct fleet_error why = {0};
    const char *status;
    int rc = api_send(&runpod->rest, &get, &answer, &why, "/pods/%s", segment);

    status = rc == FLEET_OK ? api_text(answer, "status") : NULL;
    return status && strcmp(status, wanted) == 0 ? FLEET_OK : err->code;
}

/* WANTED: the state that makes it needless; NULL: none does. */
static int act(struct runpod *runpod, const char *id, const char *action,
               const char *wanted, json_t **answer, struct fleet_error *err)
{
    struct api_call call = {.method = "POST",
                            .flags = wanted ? FLEET_HTTP_REPEATABLE : 0};
    AUTO_FREE char *segment = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc < 0)
        return rc;
    call.body = json_pack("{s:s}", "action", action);
    if (!call.body)
        return api_enomem(err);
    rc =
        api_send(&runpod->rest, &call, answer, err, "/pods/%s/action", segment);
    return rc == FLEET_ECONFLICT && wanted
               ? settle_conflict(runpod, segment, wanted, err)
               : rc;
}

/* A stopped pod goes back to its host, and that may have no GPU left. */
static int runpod_start(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *gpu;
    int64_t count;
    int rc = act(handle, id, "start", "RUNNING", &answer, err);

    gpu = rc == FLEET_OK ? api_object(answer, "gpu") : NULL;
    if (!gpu || !api_int(gpu, "count", &count) || count > 0)
        return rc;
    return fleet_fail(err, FLEET_ECAPACITY,
                      "it came up without a GPU: its host has none left; stop "
                      "it, or make another pod in its place");
}

static int runpod_stop(void *handle, const char *id, struct fleet_error *err)
{
    return act(handle, id, "stop", "EXITED", NULL, err);
}

static int runpod_restart(void *handle, const char *id, struct fleet_error *err)
{
    return act(handle, id, "restart", NULL, NULL, err);
}

static int runpod_terminate(void *handle, const char *id,
                            struct fleet_error *err)
{
    static const struct api_call call = {.method = "DELETE",
                                         .flags = FLEET_HTTP_REPEATABLE};
    struct runpod *runpod = handle;
    AUTO_FREE char *segment = NULL;
    int rc = api_segment(id, &segment, err);

    if (rc == FLEET_OK)
        rc = api_send(&runpod->rest, &call, NULL, err, "/pods/%s", segment);
    return rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
}

/* Anything but the name or the lock would wipe the container. CHANGE is eaten.
 */
static int patch(struct runpod *runpod, const char *id, json_t *change,
                 json_t **answer, struct fleet_error *err)
{
    struct api_call call = {
        .method = "PATCH", .flags = FLEET_HTTP_REPEATABLE, .body = change};
    AUTO_FREE char *segment = NULL;
    int rc = change ? api_segment(id, &segment, err) : api_enomem(err);

    if (rc < 0) {
        json_decref(change);
        return rc;
    }
    return api_send(&runpod->rest, &call, answer, err, "/pods/%s", segment);
}

static int runpod_rename(void *handle, const char *id, const char *name,
                         struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const char *has;
    int rc = patch(handle, id, json_pack("{s:s}", "name", name), &answer, err);

    if (rc < 0)
        return rc;
    has = api_text(answer, "name");
    return has && strcmp(has, name) == 0
               ? FLEET_OK
               : fleet_fail(err, FLEET_EINTERNAL,
                            "the answer carries another name than asked for");
}

static int runpod_lock(void *handle, const char *id, int32_t locked,
                       struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    int rc = patch(handle, id, json_pack("{s:b}", "locked", locked != 0),
                   &answer, err);

    if (rc < 0 || api_true(answer, "locked") == (locked != 0))
        return rc;
    return fleet_fail(err, FLEET_EINTERNAL,
                      "the answer says that the lock is as before");
}

/* ---- money ---- */

/* REST has it since late in 2026, under a path that may differ: GraphQL is
 * asked where it does not know the call or the key lacks its scope. */
static int runpod_balance(void *handle, int64_t *micros, char currency[8],
                          struct fleet_error *err)
{
    struct runpod *runpod = handle;
    AUTO_JSON json_t *answer = NULL;
    int rc = FLEET_ENOTFOUND;

    if (!atomic_load(&runpod->no_balance))
        rc = api_send(&runpod->rest, &get, &answer, err, "/billing/balance");
    if (rc == FLEET_ENOTFOUND || rc == FLEET_EAUTH || rc == FLEET_EINTERNAL) {
        atomic_store(&runpod->no_balance, true);
        json_decref(answer);
        answer = NULL;
        rc = ask_graphql(runpod, "query { myself { clientBalance } }", &answer,
                         err);
    }
    if (rc == FLEET_OK)
        rc = runpod_read_balance(answer, micros, err);
    if (rc == FLEET_OK)
        memcpy(currency, "USD", 4);
    return rc;
}

/* ---- what it is ---- */

/* clang-format off */
#define AT(member_) FLEET_AT(struct runpod_config, member_)
static const struct fleet_option options[] = {
    {.key = "RUNPOD_API_KEY", .type = FLEET_OPT_SECRET,
     .flags = FLEET_OPT_REQUIRED, AT(api_key),
     .help = "key from the settings of the RunPod console, with read and write "
             "access to pods"},
    {.key = "RUNPOD_API_URL", .type = FLEET_OPT_STRING, AT(api_url),
     .fallback = "https://api.runpod.io",
     .help = "another endpoint of the API; plain http to the loopback only"},
    {.key = "RUNPOD_DATA_CENTERS", .type = FLEET_OPT_LIST, AT(data_centers),
     .help = "data centres that pods may stand in, such as EU-RO-1; "
             "default: any"},
    {.key = "RUNPOD_MIN_CUDA", .type = FLEET_OPT_STRING, AT(min_cuda),
     .help = "least CUDA version of the host, such as 12.8"},
    {.key = "RUNPOD_NETWORK_VOLUME", .type = FLEET_OPT_STRING,
     AT(network_volume),
     .help = "id of a network volume that every pod mounts"},
    {.key = "RUNPOD_VOLUME_PATH", .type = FLEET_OPT_STRING, AT(volume_path),
     .fallback = "/workspace", .help = "where pods mount their volume"},
    {0},
};
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_WIPES,
     "RunPod deletes the container disk; only a volume (RUNPOD_VOLUME_PATH) "
     "stays, and bills at twice the rate"},
    {FLEET_OP_START, 0,
     "a pod goes back to its host, and that may have no GPU left"},
    {FLEET_OP_RESTART, FLEET_EFFECT_WIPES,
     "RunPod sets the container disk back to the image; only a volume "
     "(RUNPOD_VOLUME_PATH) stays"},
    {0, 0, NULL},
};
static const struct fleet_provider_ops ops = {
    .open = runpod_open,
    .close = runpod_close,
    .list = runpod_list,
    .offers = runpod_offers,
    .create = runpod_create,
    .find = runpod_find,
    .get = runpod_get,
    .start = runpod_start,
    .stop = runpod_stop,
    .restart = runpod_restart,
    .terminate = runpod_terminate,
    .rename = runpod_rename,
    .lock = runpod_lock,
    .balance = runpod_balance,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "runpod",
    .version = "1.0",
    .summary = "GPU pods of RunPod, secure and community cloud",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct runpod_config),
    .settle_ms = SETTLE_MS,
    .effects = effects,
};
