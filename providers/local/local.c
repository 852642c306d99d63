/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/file.h"
#include "providers/local/process.h"
#include "providers/local/server.h"
#include "providers/local/store.h"

#include <errno.h>
#include <fleet/provider.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Pods of this machine: each is an sshd with a directory of its own. */

enum { TEXT_MAX = 16 * 1024, PORT_TRIES = 8 };

static const char region[] = "this machine";

struct config {
    char *sshd;
};
struct local {
    struct store store;
    struct server server;
    atomic_flag swept;
};

static void local_close(void *handle)
{
    struct local *local = handle;

    store_close(&local->store);
    server_close(&local->server);
    free(local);
}

/* One path only: processes are known by it. Before the first pod its parent
 * says where it will be, and without one there is nothing to know. */
static char *real_path(const char *dir)
{
    char *real = realpath(dir, NULL);
    const char *name = strrchr(dir, '/');
    AUTO_FREE char *parent = NULL, *above = NULL;

    if (real || errno != ENOENT || !name)
        return real;
    parent = strndup(dir, (size_t)(name - dir));
    if (!parent)
        return NULL;
    above = realpath(parent, NULL);
    if (above)
        return path_in(above, name + 1);
    return errno == ENOENT ? strdup(dir) : NULL;
}

static int open_store(struct store *store, struct fleet_host *host,
                      struct fleet_error *err)
{
    const char *dir = NULL;
    AUTO_FREE char *real = NULL;
    int rc = fleet_host_state_dir(host, &dir, err);

    if (rc < 0)
        return rc;
    real = real_path(dir);
    if (!real)
        return fail_errno(err, "open", dir);
    if (!pod_text_valid(real))
        return fleet_fail(err, FLEET_ECONFIG,
                          "the state directory has a control character in "
                          "its name: choose another with FLEET_STATE_DIR");
    return store_open(store, real, err);
}

static int local_open(const void *config, struct fleet_host *host,
                      void **handle, struct fleet_error *err)
{
    const struct config *settings = config;
    struct local *local = calloc(1, sizeof *local);
    int rc;

    if (!local)
        return fail_memory(err);
    atomic_flag_clear(&local->swept);
    rc = server_open(&local->server, settings->sshd, err);
    if (rc == FLEET_OK)
        rc = open_store(&local->store, host, err);
    if (rc < 0) {
        local_close(local);
        return rc;
    }
    *handle = local;
    return FLEET_OK;
}

/* FLEET_STATE_GONE: a create that died before its sshd was up; the next change
 * sweeps it away. */
static enum fleet_state state_of(const struct pod *pod, const char **word)
{
    if (process_serves(pod->dir)) {
        *word = "running";
        return FLEET_STATE_RUNNING;
    }
    if (store_busy(pod->dir)) {
        *word = pod->wanted == WANTED_STOPPED ? "stopping" : "starting";
        return pod->wanted == WANTED_STOPPED ? FLEET_STATE_STOPPING
                                             : FLEET_STATE_PENDING;
    }
    if (pod->wanted == WANTED_NEW) {
        *word = "starting";
        return process_started(pod->dir) ? FLEET_STATE_PENDING
                                         : FLEET_STATE_GONE;
    }
    *word = pod->wanted == WANTED_STOPPED ? "stopped" : "exited";
    return FLEET_STATE_STOPPED;
}

static void describe(const struct local *local, const char *id,
                     const struct pod *from, enum fleet_state state,
                     const char *word, struct fleet_pod *pod)
{
    fleet_pod_set(pod, FLEET_POD_NAME, from->name);
    fleet_pod_set(pod, FLEET_POD_ID, id);
    fleet_pod_set_number(pod, FLEET_POD_STATE, state);
    fleet_pod_set(pod, FLEET_POD_PROVIDER_STATE, word);
    fleet_pod_set(pod, FLEET_POD_REGION, region);
    fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, 0);
    fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
    fleet_pod_set(pod, FLEET_POD_BILLING, "nothing");
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "127.0.0.1");
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, from->port);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, local->server.user);
    fleet_pod_set(pod, FLEET_POD_CREATED_AT, from->created);
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, from->locked);
    fleet_pod_set(pod, FLEET_POD_HOST_KEY, from->host_key);
    fleet_pod_set(pod, FLEET_POD_TOKEN, from->token);
}

struct listing {
    const struct local *local;
    struct fleet_sink *sink;
};

static int list_one(const char *id, const char *dir, void *arg,
                    struct fleet_error *err)
{
    const struct listing *to = arg;
    AUTO_POD struct pod pod = {0};
    struct fleet_error why;
    struct fleet_pod *out;
    enum fleet_state state;
    const char *word;
    int rc = pod_read(dir, &pod, &why);

    if (rc < 0) {
        if (access(dir, F_OK) == 0) /* not terminated meanwhile */
            fleet_log(FLEET_LOG_WARNING, "local", "%s is not a pod: %s", dir,
                      why.text);
        return FLEET_OK;
    }
    state = state_of(&pod, &word);
    if (state == FLEET_STATE_GONE)
        return FLEET_OK;
    out = fleet_sink_pod(to->sink);
    if (!out)
        return fail_memory(err);
    describe(to->local, id, &pod, state, word, out);
    return FLEET_OK;
}

static int local_list(void *handle, struct fleet_sink *pods,
                      struct fleet_error *err)
{
    struct local *local = handle;
    struct listing to = {local, pods};

    return store_each(&local->store, list_one, &to, err);
}

static int local_offers(void *handle, const struct fleet_spec *want,
                        struct fleet_sink *offers, struct fleet_error *err)
{
    struct fleet_offer *offer = fleet_sink_offer(offers);

    (void)handle;
    (void)want;
    if (!offer)
        return fail_memory(err);
    /* It says nothing about GPUs, so that no wish for one rules it out. */
    fleet_offer_set(offer, FLEET_OFFER_ID, "local");
    fleet_offer_set(offer, FLEET_OFFER_REGION, region);
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, 0);
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY, "USD");
    fleet_offer_set(offer, FLEET_OFFER_STOCK, "high");
    return FLEET_OK;
}

/* TOKEN NULL: any. */
static int look_up(const struct local *local, const char *id, const char *token,
                   struct fleet_pod *out, struct fleet_error *err)
{
    AUTO_FREE char *dir = store_dir(&local->store, id);
    AUTO_POD struct pod pod = {0};
    enum fleet_state state;
    const char *word;
    int rc = dir ? FLEET_OK : fail_memory(err);

    if (rc == FLEET_OK && !pod_id_valid(id))
        rc = FLEET_ENOTFOUND;
    if (rc == FLEET_OK)
        rc = pod_read(dir, &pod, err);
    if (rc == FLEET_OK && token && strcmp(pod.token, token) != 0)
        rc = FLEET_ENOTFOUND;
    if (rc == FLEET_OK) {
        state = state_of(&pod, &word);
        if (state != FLEET_STATE_GONE) {
            describe(local, id, &pod, state, word, out);
            return FLEET_OK;
        }
        rc = FLEET_ENOTFOUND;
    }
    return rc == FLEET_ENOTFOUND
               ? fleet_fail(err, rc, "no pod %s on this machine",
                            token ? token : id)
               : rc;
}

static int local_find(void *handle, const char *token, struct fleet_pod *pod,
                      struct fleet_error *err)
{
    char id[POD_ID_SIZE];

    pod_id(id, token);
    return look_up(handle, id, token, pod, err);
}

static int local_get(void *handle, const char *id, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    return look_up(handle, id, NULL, pod, err);
}

/* What runs that died have left goes away once per run, at its first change. */
static void sweep_once(struct local *local)
{
    if (!atomic_flag_test_and_set(&local->swept))
        store_sweep(&local->store);
}

/* The caller holds the pod. */
static int bring_up(struct local *local, struct pod *pod,
                    struct fleet_error *err)
{
    int rc;

    if (!process_serves(pod->dir)) {
        rc = process_end(pod->dir, err); /* half of one, or one frozen */
        if (rc == FLEET_OK)
            rc = server_start(&local->server, pod, err);
        if (rc < 0)
            return rc;
    }
    if (pod->wanted == WANTED_RUNNING)
        return FLEET_OK;
    pod->wanted = WANTED_RUNNING;
    return pod_write(pod, err);
}

static int bring_down(struct pod *pod, struct fleet_error *err)
{
    AUTO_FREE char *path = path_in(pod->dir, "sshd.pid");
    int rc = process_end(pod->dir, err);

    if (rc == FLEET_OK && path)
        unlink(path);
    return rc;
}

/* Somebody may take the port between our look at it and sshd's. */
static int bring_up_first(struct local *local, struct pod *pod,
                          struct fleet_error *err)
{
    int rc = bring_up(local, pod, err);

    for (int i = 1; i < PORT_TRIES && rc == FLEET_ECONFLICT; i++) {
        rc = store_new_port(&local->store, pod, err);
        if (rc == FLEET_OK)
            rc = bring_up(local, pod, err);
    }
    return rc;
}

/* The create failed with rc: leave nothing. */
static int undo(struct local *local, struct held *held, int rc,
                struct fleet_error *err)
{
    struct fleet_error why;

    if (process_end(held->dir, &why) == FLEET_OK &&
        store_discard(&local->store, held, &why) == FLEET_OK)
        return rc;
    return fleet_fail(err, FLEET_EAMBIGUOUS, "a half-made pod is left: %s",
                      why.text);
}

static int check_text(const char *what, const char *text,
                      struct fleet_error *err)
{
    if (text && *text && strlen(text) < TEXT_MAX && pod_text_valid(text))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "the %s is missing, too long or more than a line", what);
}

static int copy_wish(struct pod *pod, const struct fleet_spec *spec,
                     struct fleet_error *err)
{
    const struct {
        const char *what;
        int field;
        char **to;
    } wishes[] = {{"name", FLEET_SPEC_NAME, &pod->name},
                  {"token", FLEET_SPEC_TOKEN, &pod->token},
                  {"public key", FLEET_SPEC_PUBLIC_KEY, &pod->public_key}};

    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        const char *text = fleet_spec_get(spec, wishes[i].field);
        int rc = check_text(wishes[i].what, text, err);

        if (rc < 0)
            return rc;
        *wishes[i].to = strdup(text);
        if (!*wishes[i].to)
            return fail_memory(err);
    }
    return FLEET_OK;
}

static char *stamp_now(void)
{
    char text[32];
    struct tm utc;
    time_t now = time(NULL);

    if (!gmtime_r(&now, &utc) ||
        !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc))
        return NULL;
    return strdup(text);
}

/* Prepares the pod aside and puts it in its place, held. */
static int make(struct local *local, const char *id, struct pod *pod,
                struct held *held, struct fleet_error *err)
{
    int rc = store_prepare(&local->store, held, err);

    if (rc < 0)
        return rc;
    pod->dir = strdup(held->dir);
    pod->created = stamp_now();
    rc = pod->dir && pod->created ? FLEET_OK : fail_memory(err);
    if (rc == FLEET_OK)
        rc = server_make_key(held->dir, &pod->host_key, err);
    if (rc == FLEET_OK)
        rc = store_commit(&local->store, id, held, pod, err);
    if (rc < 0)
        store_discard(&local->store, held, NULL);
    return rc;
}

static int check_token(const char *id, const struct pod *pod, const char *token,
                       struct fleet_error *err)
{
    if (strcmp(pod->token, token) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFLICT,
                      "pod %s has been made for another token", id);
}

/* The pod that an earlier create with this token has made. */
static int take_up(struct local *local, const char *id, const char *token,
                   struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = store_hold(&local->store, id, &held, err);

    if (rc == FLEET_OK)
        rc = pod_read(held.dir, &pod, err);
    if (rc == FLEET_OK)
        rc = check_token(id, &pod, token, err);
    if (rc == FLEET_OK && pod.wanted == WANTED_NEW)
        rc = bring_up_first(local, &pod, err);
    return rc;
}

/* *exists: somebody has been faster. */
static int make_and_start(struct local *local, const struct fleet_spec *spec,
                          const char *id, bool *exists, struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = copy_wish(&pod, spec, err);

    if (rc == FLEET_OK)
        rc = make(local, id, &pod, &held, err);
    *exists = rc == FLEET_ECONFLICT;
    if (rc < 0)
        return rc;
    rc = bring_up_first(local, &pod, err);
    return rc < 0 ? undo(local, &held, rc, err) : FLEET_OK;
}

static int local_create(void *handle, const struct fleet_spec *spec,
                        struct fleet_pod *pod, struct fleet_error *err)
{
    struct local *local = handle;
    const char *token = fleet_spec_get(spec, FLEET_SPEC_TOKEN);
    char id[POD_ID_SIZE];
    int rc = check_text("token", token, err);

    if (rc < 0)
        return rc;
    sweep_once(local);
    pod_id(id, token);
    rc = take_up(local, id, token, err);
    if (rc == FLEET_ENOTFOUND) {
        bool exists = false;

        rc = make_and_start(local, spec, id, &exists, err);
        if (exists)
            rc = take_up(local, id, token, err);
    }
    return rc < 0 ? rc : look_up(local, id, token, pod, err);
}

/* Holds the pod and reads it. */
static int change(struct local *local, const char *id, struct held *held,
                  struct pod *pod, struct fleet_error *err)
{
    int rc = store_hold(&local->store, id, held, err);

    return rc < 0 ? rc : pod_read(held->dir, pod, err);
}

/* Likewise, but not when it is locked. */
static int change_unlocked(struct local *local, const char *id,
                           struct held *held, struct pod *pod,
                           struct fleet_error *err)
{
    int rc = change(local, id, held, pod, err);

    if (rc < 0 || !pod->locked)
        return rc;
    return fleet_fail(err, FLEET_ELOCKED, "%s is locked: unlock it first",
                      pod->name);
}

static int local_start(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = change(handle, id, &held, &pod, err);

    return rc < 0 ? rc : bring_up(handle, &pod, err);
}

static int local_stop(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = change_unlocked(handle, id, &held, &pod, err);

    if (rc < 0)
        return rc;
    pod.wanted = WANTED_STOPPED;
    rc = pod_write(&pod, err);
    return rc < 0 ? rc : bring_down(&pod, err);
}

static int local_restart(void *handle, const char *id, struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = change_unlocked(handle, id, &held, &pod, err);

    if (rc == FLEET_OK)
        rc = bring_down(&pod, err);
    return rc < 0 ? rc : bring_up(handle, &pod, err);
}

static int local_terminate(void *handle, const char *id,
                           struct fleet_error *err)
{
    struct local *local = handle;
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc;

    sweep_once(local);
    rc = change_unlocked(local, id, &held, &pod, err);
    if (rc == FLEET_ENOTFOUND && held.lock < 0)
        return FLEET_OK;
    /* A pod whose file is damaged or missing goes too. */
    if (rc < 0 &&
        (held.lock < 0 || (rc != FLEET_ENOTFOUND && rc != FLEET_ECONFIG)))
        return rc;
    rc = process_end(held.dir, err);
    return rc < 0 ? rc : store_discard(&local->store, &held, err);
}

static int local_rename(void *handle, const char *id, const char *name,
                        struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = check_text("name", name, err);

    if (rc == FLEET_OK)
        rc = change_unlocked(handle, id, &held, &pod, err);
    if (rc < 0)
        return rc;
    free(pod.name);
    pod.name = strdup(name);
    if (!pod.name)
        return fail_memory(err);
    rc = server_write_session(&pod, err);
    return rc < 0 ? rc : pod_write(&pod, err);
}

static int local_lock(void *handle, const char *id, int32_t locked,
                      struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    int rc = change(handle, id, &held, &pod, err);

    if (rc < 0)
        return rc;
    pod.locked = locked != 0;
    return pod_write(&pod, err);
}

/* A pod is all there is. */
static int local_leftovers(void *handle, struct fleet_report *report,
                           struct fleet_error *err)
{
    (void)handle;
    (void)report;
    (void)err;
    return FLEET_OK;
}

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "LOCAL_SSHD", .type = FLEET_OPT_PATH,
     .help = "sshd to run for local pods; the first one found by default",
     FLEET_AT(struct config, sshd)},
    {0},
};
static const struct fleet_provider_ops ops = {
    .open = local_open,
    .close = local_close,
    .list = local_list,
    .offers = local_offers,
    .create = local_create,
    .find = local_find,
    .get = local_get,
    .start = local_start,
    .stop = local_stop,
    .restart = local_restart,
    .terminate = local_terminate,
    .rename = local_rename,
    .lock = local_lock,
    .leftovers = local_leftovers,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "local",
    .version = "1.0",
    .summary = "pods on this machine, each an OpenSSH server of its own",
    .threads = FLEET_THREADS_PARALLEL,
    .caps = FLEET_CAP_NO_ACCOUNT | FLEET_CAP_IDEMPOTENT,
    .options = options,
    .config_size = sizeof(struct config),
};
