/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/provider.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/engine/invoke.h"
#include "core/engine/look.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE_MS  60000 /* never waited for, only bounded by */
#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

/* A plugin whose calls answer as the test has written down. */
struct settings {
    char *key;
};
static struct play {
    int codes[8]; /* one a call; 0 behind the last */
    size_t calls;
    int retry_ms;
    const char *text;
    struct fleet_pod *pods[4]; /* what list and find answer */
    struct fleet_host *host;
    sem_t entered, go_on; /* of list while it waits */
    bool waits;
    atomic_int inside, most;
    atomic_int lists, gets;
} play;

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "PLAY_KEY", .type = FLEET_OPT_SECRET, .flags = FLEET_OPT_REQUIRED,
     .help = "the key", FLEET_AT(struct settings, key)},
    {0},
};
/* clang-format on */

static int answer(struct fleet_error *err)
{
    int code = play.codes[play.calls++];

    if (code == FLEET_OK)
        return code;
    if (play.text)
        fleet_fail(err, code, "%s", play.text);
    err->retry_ms = play.retry_ms;
    return code;
}

static int play_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    (void)err;
    assert_string_equal(((const struct settings *)config)->key, "sesame-open");
    play.host = host;
    *handle = &play;
    return FLEET_OK;
}

static void play_close(void *handle)
{
    assert_ptr_equal(handle, &play);
}

static int play_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    (void)handle;
    if (play.waits) {
        sem_post(&play.entered);
        while (sem_wait(&play.go_on) != 0)
            ;
        return FLEET_OK;
    }
    for (size_t i = 0; i < COUNT(play.pods) && play.pods[i]; i++) {
        struct fleet_pod *pod = fleet_sink_pod(pods);

        if (!pod)
            return FLEET_OK; /* the host knows why */
        fl_pod_merge(pod, play.pods[i]);
    }
    return answer(err);
}

static int play_create(void *handle, const struct fleet_spec *spec,
                       struct fleet_pod *pod, struct fleet_error *err)
{
    char id[16];

    (void)handle;
    snprintf(id, sizeof(id), "id-%zu", play.calls);
    fleet_pod_set(pod, FLEET_POD_ID, id);
    if (play.calls == 0) /* must not be seen after a second attempt */
        fleet_pod_set(pod, FLEET_POD_REGION, "first");
    fleet_pod_set(pod, FLEET_POD_NAME, fleet_spec_get(spec, FLEET_SPEC_NAME));
    return answer(err);
}

static int play_find(void *handle, const char *token, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    (void)handle;
    (void)token;
    fl_pod_merge(pod, play.pods[0]);
    return answer(err);
}

static int play_act(void *handle, const char *id, struct fleet_error *err)
{
    (void)handle;
    assert_string_equal(id, "id-1");
    return answer(err);
}

static int play_balance(void *handle, int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    (void)handle;
    *micros = 5000000;
    memcpy(currency, "USD", 4);
    return answer(err);
}

static uint64_t without_stop(void *handle)
{
    (void)handle;
    return ~FLEET_CAN(FLEET_OP_STOP);
}

/* A test's own plugin and opened provider. */
struct stage {
    struct fl_config config;
    struct fl_plugin plugin;
    struct fl_provider *provider;
    struct fleet_error err;
    char *dir;
};

static void open_stage(struct stage *stage, void **state)
{
    struct fl_provider_entry entry = {"play", NULL, &stage->plugin};

    for (size_t i = 0; i < COUNT(play.pods); i++)
        fl_pod_free(play.pods[i]);
    memset(&play, 0, sizeof(play));
    fl_backoff_ms = 2;
    stage->dir = *state;
    assert_int_equal(fl_config_flag(&stage->config, "PLAY_KEY", "sesame-open"),
                     0);
    stage->plugin.about.name = "play";
    stage->plugin.about.config_size = sizeof(struct settings);
    stage->plugin.options.first = options;
    stage->plugin.options.stride = sizeof(options[0]);
    stage->plugin.provider.open = play_open;
    stage->plugin.provider.close = play_close;
    if (!stage->plugin.provider.list)
        stage->plugin.provider.list = play_list;
    fl_gate_init(&stage->plugin.gate);
    if (fl_provider_open(&entry, &stage->config, stage->dir,
                         fl_deadline(PATIENCE_MS), &stage->provider,
                         &stage->err) < 0)
        fail_msg("%s", stage->err.text);
}

static void close_stage(struct stage *stage)
{
    fl_provider_close(stage->provider);
    fl_gate_clear(&stage->plugin.gate);
    fl_config_clear(&stage->config);
    for (size_t i = 0; i < COUNT(play.pods); i++) {
        fl_pod_free(play.pods[i]);
        play.pods[i] = NULL;
    }
    fl_log_close();
}

static struct fleet_pod *new_pod(const char *id, const char *name,
                                 const char *token)
{
    struct fleet_pod *pod = fl_pod_new();

    fleet_pod_set(pod, FLEET_POD_ID, id);
    fleet_pod_set(pod, FLEET_POD_NAME, name);
    fleet_pod_set(pod, FLEET_POD_TOKEN, token);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    return pod;
}

/* clang-format off */
static const struct outcome {
    int codes[8];
    int retry_ms;
    int expected;
    size_t calls;
} lists[] = {
    {{0}, 0, FLEET_OK, 1},
    {{FLEET_ETRANSIENT, FLEET_ERATELIMITED}, 0, FLEET_OK, 3},
    {{FLEET_ERATELIMITED}, 1, FLEET_OK, 2},
    {{-10, -10, -10, -10, -10, -10}, 0, FLEET_ETRANSIENT, 5},
    {{FLEET_ETRANSIENT}, -1, FLEET_ETRANSIENT, 1},
    {{FLEET_ERATELIMITED}, PATIENCE_MS, FLEET_ERATELIMITED, 1},
    {{FLEET_EAUTH}, 0, FLEET_EAUTH, 1},
    {{FLEET_EAMBIGUOUS}, 0, FLEET_EAMBIGUOUS, 1},
    {{FLEET_ETIMEOUT}, 0, FLEET_ETIMEOUT, 1},
    {{42}, 0, FLEET_EINTERNAL, 1},
    {{-4711}, 0, FLEET_EINTERNAL, 1},
    {{FLEET_ETRANSIENT, FLEET_EQUOTA}, 0, FLEET_EQUOTA, 2},
}, creates[] = {
    {{0}, 0, FLEET_OK, 1},
    {{FLEET_ETRANSIENT, FLEET_ERATELIMITED}, 0, FLEET_OK, 3},
    {{FLEET_EAMBIGUOUS}, 0, FLEET_EAMBIGUOUS, 1},
    {{FLEET_ECAPACITY}, 0, FLEET_ECAPACITY, 1},
    {{FLEET_EINVALID}, 0, FLEET_EINVALID, 1},
    {{FLEET_ETIMEOUT}, 0, FLEET_EAMBIGUOUS, 1},
    {{FLEET_EINTERNAL}, 0, FLEET_EAMBIGUOUS, 1},
    {{FLEET_ENOMEM}, 0, FLEET_EAMBIGUOUS, 1},
    {{FLEET_ECANCELLED}, 0, FLEET_EAMBIGUOUS, 1},
    {{42}, 0, FLEET_EAMBIGUOUS, 1},
};
/* clang-format on */

static void set_play(const struct outcome *outcome)
{
    memcpy(play.codes, outcome->codes, sizeof(play.codes));
    play.retry_ms = outcome->retry_ms;
    play.calls = 0;
}

static void list_is_repeated_where_that_helps(void **state)
{
    struct stage stage = {0};

    open_stage(&stage, state);
    play.pods[0] = new_pod("id-1", "apple", NULL);
    for (size_t i = 0; i < COUNT(lists); i++) {
        FL_AUTO(fl_sink_clear) struct fleet_sink sink;

        set_play(&lists[i]);
        fl_sink_init(&sink, false, FL_SINK_MAX);
        assert_int_equal(fl_provider_list(stage.provider,
                                          fl_deadline(PATIENCE_MS), &sink,
                                          &stage.err),
                         lists[i].expected);
        assert_int_equal(play.calls, lists[i].calls);
        assert_int_equal(sink.n, lists[i].expected == FLEET_OK);
        if (lists[i].expected != FLEET_OK)
            assert_int_equal(stage.err.code, lists[i].expected);
    }
    close_stage(&stage);
}

static void create_is_never_repeated_in_doubt(void **state)
{
    struct stage stage = {.plugin.provider.create = play_create};
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();

    open_stage(&stage, state);
    fl_spec_set(spec, FLEET_SPEC_NAME, "arena-apple");
    for (size_t i = 0; i < COUNT(creates); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

        set_play(&creates[i]);
        assert_int_equal(fl_provider_create(stage.provider,
                                            fl_deadline(PATIENCE_MS), spec, pod,
                                            &stage.err),
                         creates[i].expected);
        assert_int_equal(play.calls, creates[i].calls);
        assert_int_equal(fl_pod_is_set(pod, FLEET_POD_ID),
                         creates[i].expected == FLEET_OK);
        assert_int_equal(fl_pod_is_set(pod, FLEET_POD_REGION),
                         creates[i].expected == FLEET_OK &&
                             creates[i].calls == 1);
    }
    close_stage(&stage);
}

static int list(struct stage *stage, struct fleet_sink *sink)
{
    fl_sink_init(sink, false, FL_SINK_MAX);
    return fl_provider_list(stage->provider, fl_deadline(PATIENCE_MS), sink,
                            &stage->err);
}

static void errors_are_fit_to_be_shown(void **state)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct stage stage = {0};

    open_stage(&stage, state);
    play.codes[0] = play.codes[1] = FLEET_EAUTH;
    play.codes[2] = 42;
    play.text = "key sesame-open refused\nat \xff\033[2J once";
    assert_int_equal(list(&stage, &sink), FLEET_EAUTH);
    assert_string_equal(stage.err.text, "play: key *** refused at ? [2J once");
    play.text = NULL;
    assert_int_equal(list(&stage, &sink), FLEET_EAUTH);
    assert_string_equal(stage.err.text, "play: auth");
    assert_int_equal(list(&stage, &sink), FLEET_EINTERNAL);
    assert_string_equal(stage.err.text, "play: list returned rubbish: code 42");
    close_stage(&stage);
}

static void nothing_is_called_that_is_not_offered(void **state)
{
    struct stage stage = {.plugin.provider = {.create = play_create,
                                              .stop = play_act,
                                              .start = play_act,
                                              .abilities = without_stop}};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    int64_t deadline = fl_deadline(PATIENCE_MS), micros;
    char currency[8];

    open_stage(&stage, state);
    assert_int_equal(fl_provider_abilities(stage.provider),
                     FLEET_CAN(FLEET_OP_LIST) | FLEET_CAN(FLEET_OP_CREATE) |
                         FLEET_CAN(FLEET_OP_START));
    assert_int_equal(fl_provider_act(stage.provider, deadline, FLEET_OP_START,
                                     "id-1", &stage.err),
                     FLEET_OK);
    assert_int_equal(fl_provider_act(stage.provider, deadline, FLEET_OP_STOP,
                                     "id-1", &stage.err),
                     FLEET_EUNSUPPORTED);
    assert_string_equal(stage.err.text, "play: does not offer stop");
    assert_int_equal(
        fl_provider_rename(stage.provider, deadline, "id-1", "x", &stage.err),
        FLEET_EUNSUPPORTED);
    assert_int_equal(
        fl_provider_lock(stage.provider, deadline, "id-1", true, &stage.err),
        FLEET_EUNSUPPORTED);
    assert_int_equal(fl_provider_balance(stage.provider, deadline, &micros,
                                         currency, &stage.err),
                     FLEET_EUNSUPPORTED);
    assert_int_equal(play.calls, 1);
    close_stage(&stage);
}

static void to_terminate_what_is_gone_is_no_failure(void **state)
{
    struct stage stage = {
        .plugin.provider = {.terminate = play_act, .start = play_act}};
    int64_t deadline = fl_deadline(PATIENCE_MS);

    open_stage(&stage, state);
    play.codes[0] = play.codes[1] = FLEET_ENOTFOUND;
    assert_int_equal(fl_provider_act(stage.provider, deadline,
                                     FLEET_OP_TERMINATE, "id-1", &stage.err),
                     FLEET_OK);
    assert_int_equal(fl_provider_act(stage.provider, deadline, FLEET_OP_START,
                                     "id-1", &stage.err),
                     FLEET_ENOTFOUND);
    close_stage(&stage);
}

static void balances_are_checked(void **state)
{
    struct stage stage = {.plugin.provider.balance = play_balance};
    int64_t micros = 0;
    char currency[8] = "";

    open_stage(&stage, state);
    assert_int_equal(fl_provider_balance(stage.provider,
                                         fl_deadline(PATIENCE_MS), &micros,
                                         currency, &stage.err),
                     FLEET_OK);
    assert_int_equal(micros, 5000000);
    assert_string_equal(currency, "USD");
    close_stage(&stage);
}

/* Looks up by token "c-1" or name "arena-apple". */
static int find(struct stage *stage, const char **id)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    static char found[32];
    int rc = fl_provider_find(stage->provider, fl_deadline(PATIENCE_MS), "c-1",
                              "arena-apple", pod, &stage->err);
    const char *text = fleet_pod_get(pod, FLEET_POD_ID);

    snprintf(found, sizeof(found), "%s", text ? text : "");
    *id = found;
    return rc;
}

static void without_find_the_listing_is_searched(void **state)
{
    struct stage stage = {0};
    const char *id;

    open_stage(&stage, state);
    assert_int_equal(find(&stage, &id), FLEET_ENOTFOUND);
    /* The same name, but made for somebody else. */
    play.pods[0] = new_pod("id-1", "arena-apple", "c-2");
    assert_int_equal(find(&stage, &id), FLEET_ENOTFOUND);
    play.pods[1] = new_pod("id-2", "arena-apple", NULL);
    assert_int_equal(find(&stage, &id), FLEET_OK);
    assert_string_equal(id, "id-2");
    play.pods[2] = new_pod("id-3", "another-name", "c-1");
    assert_int_equal(find(&stage, &id), FLEET_OK);
    assert_string_equal(id, "id-3");
    fleet_pod_set_number(play.pods[2], FLEET_POD_STATE, FLEET_STATE_GONE);
    assert_int_equal(find(&stage, &id), FLEET_ENOTFOUND);
    play.codes[play.calls] = FLEET_EAUTH;
    assert_int_equal(find(&stage, &id), FLEET_EAUTH);
    close_stage(&stage);
}

static void without_get_the_listing_is_searched(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct stage stage = {0};
    int64_t deadline = fl_deadline(PATIENCE_MS);

    open_stage(&stage, state);
    play.pods[0] = new_pod("id-1", "arena-apple", NULL);
    play.pods[1] = new_pod("id-2", "arena-basil", NULL);
    fleet_pod_set(play.pods[1], FLEET_POD_PROVIDER, "not its business");
    fleet_pod_set_number(play.pods[1], FLEET_POD_PROXY_PORT, 22);
    assert_int_equal(
        fl_provider_get(stage.provider, deadline, "id-2", pod, &stage.err),
        FLEET_OK);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "arena-basil");
    assert_false(fl_pod_is_set(pod, FLEET_POD_PROVIDER));
    assert_false(fl_pod_is_set(pod, FLEET_POD_PROXY_PORT));
    assert_int_equal(
        fl_provider_get(stage.provider, deadline, "id-3", pod, &stage.err),
        FLEET_ENOTFOUND);
    assert_string_equal(stage.err.text, "play: there is no such pod");
    close_stage(&stage);
}

static void what_find_answers_is_checked(void **state)
{
    struct stage stage = {.plugin.provider.find = play_find};
    const char *id;

    open_stage(&stage, state);
    play.pods[0] = new_pod("id-1", "arena-apple", "c-1");
    assert_int_equal(find(&stage, &id), FLEET_OK);
    fleet_pod_set(play.pods[0], FLEET_POD_TOKEN, "c-2");
    assert_int_equal(find(&stage, &id), FLEET_EINTERNAL);
    assert_string_equal(stage.err.text,
                        "play: find returned rubbish: another pod");
    fleet_pod_set(play.pods[0], FLEET_POD_TOKEN, NULL);
    assert_int_equal(find(&stage, &id), FLEET_OK);
    fleet_pod_set_number(play.pods[0], FLEET_POD_STATE, FLEET_STATE_GONE);
    assert_int_equal(find(&stage, &id), FLEET_ENOTFOUND);
    fleet_pod_set(play.pods[0], FLEET_POD_ID, NULL);
    assert_int_equal(find(&stage, &id), FLEET_EINTERNAL);
    assert_string_equal(id, "");
    close_stage(&stage);
}

struct stuck {
    struct stage *stage;
    int rc;
};

static void *list_in_thread(void *arg)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct stuck *stuck = arg;
    struct fleet_error err;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    stuck->rc =
        fl_provider_list(stuck->stage->provider, fl_deadline(20), &sink, &err);
    return NULL;
}

static void a_call_that_hangs_holds_up_nobody(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct stage stage = {.plugin.provider.find = play_find};
    struct stuck stuck = {.stage = &stage};
    pthread_t thread;

    open_stage(&stage, state);
    sem_init(&play.entered, 0, 0);
    sem_init(&play.go_on, 0, 0);
    play.waits = true;
    assert_int_equal(pthread_create(&thread, NULL, list_in_thread, &stuck), 0);
    while (sem_wait(&play.entered) != 0)
        ;
    assert_int_equal(fl_provider_find(stage.provider, fl_deadline(20), "c-1",
                                      NULL, pod, &stage.err),
                     FLEET_ETIMEOUT);
    assert_string_equal(stage.err.text, "play: is busy with another call");
    fl_provider_close(stage.provider); /* at once, and leaves it alone */
    assert_string_equal(fl_provider_name(stage.provider), "play");
    sem_post(&play.go_on);
    pthread_join(thread, NULL);
    assert_int_equal(stuck.rc, FLEET_OK);
    sem_destroy(&play.entered);
    sem_destroy(&play.go_on);
    close_stage(&stage);
}

#define THREADS 6
#define ROUNDS  20

static int crowded_list(void *handle, struct fleet_sink *pods,
                        struct fleet_error *err)
{
    int inside = atomic_fetch_add(&play.inside, 1) + 1;
    int most = atomic_load(&play.most);

    (void)handle;
    (void)err;
    while (inside > most &&
           !atomic_compare_exchange_weak(&play.most, &most, inside))
        ;
    fleet_pod_set(fleet_sink_pod(pods), FLEET_POD_ID, "id-1");
    atomic_fetch_sub(&play.inside, 1);
    return FLEET_OK;
}

static void *list_often(void *arg)
{
    struct stuck stuck = {.stage = arg};

    for (int i = 0; i < ROUNDS && stuck.rc == 0; i++)
        list_in_thread(&stuck);
    return stuck.rc == 0 ? NULL : arg;
}

static void threads_get_in_as_the_plugin_wants(void **state)
{
    static const uint32_t models[] = {
        FLEET_THREADS_SERIAL, FLEET_THREADS_PER_HANDLE, FLEET_THREADS_PARALLEL};

    for (size_t m = 0; m < COUNT(models); m++) {
        struct stage stage = {.plugin.provider.list = crowded_list,
                              .plugin.about.threads = models[m]};
        pthread_t threads[THREADS];
        void *failed = NULL;

        open_stage(&stage, state);
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, list_often, &stage);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], &failed);
            assert_null(failed);
        }
        assert_true(models[m] == FLEET_THREADS_PARALLEL || play.most == 1);
        close_stage(&stage);
    }
}

static void the_host_has_a_directory_and_settings(void **state)
{
    struct stage stage = {0};
    const char *dir = NULL, *again = NULL, *key = NULL, *value = NULL;
    struct stat about;

    assert_int_equal(fl_config_flag(&stage.config, "PLAY_SIZE", "old"), 0);
    assert_int_equal(fl_config_flag(&stage.config, "PLAY_SIZE", "large"), 0);
    assert_int_equal(fl_config_flag(&stage.config, "PLAYER", "other"), 0);
    open_stage(&stage, state);
    assert_string_equal(fleet_host_name(play.host), "play");
    assert_null(fleet_host_argument(play.host));
    assert_int_equal(fleet_host_state_dir(play.host, &dir, &stage.err), 0);
    assert_int_equal(fleet_host_state_dir(play.host, &again, &stage.err), 0);
    assert_ptr_equal(dir, again);
    assert_int_equal(stat(dir, &about), -1); /* whoever writes makes it */
    assert_string_equal(strrchr(dir, '/'), "/play");
    assert_true(fleet_host_setting(play.host, "PLAY_S", 0, &key, &value));
    assert_string_equal(key, "PLAY_SIZE");
    assert_string_equal(value, "large");
    assert_false(fleet_host_setting(play.host, "PLAY_S", 1, &key, &value));
    assert_false(fleet_host_setting(play.host, "NONE_", 0, &key, &value));
    close_stage(&stage);
}

static void required_options_are_required(void **state)
{
    struct stage stage = {0};
    struct fl_provider_entry entry = {"play", NULL, &stage.plugin};
    struct fl_provider *provider = NULL;

    open_stage(&stage, state);
    fl_config_clear(&stage.config);
    assert_int_equal(fl_provider_open(&entry, &stage.config, stage.dir,
                                      fl_deadline(PATIENCE_MS), &provider,
                                      &stage.err),
                     FLEET_ECONFIG);
    assert_null(provider);
    assert_non_null(strstr(stage.err.text, "play: "));
    assert_non_null(strstr(stage.err.text, "PLAY_KEY"));
    close_stage(&stage);
}

/* Opens, lists, closes. */
static void one_life(void *arg)
{
    struct stage *stage = arg;
    struct fl_provider_entry entry = {"play", NULL, &stage->plugin};
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct fl_provider *provider = NULL;
    struct fleet_error err = {0};
    int rc;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    play.calls = 0;
    rc = fl_provider_open(&entry, &stage->config, stage->dir,
                          fl_deadline(PATIENCE_MS), &provider, &err);
    if (rc == 0)
        rc = fl_provider_list(provider, fl_deadline(PATIENCE_MS), &sink, &err);
    fl_provider_close(provider);
    assert_true(rc == FLEET_OK || fl_test_alloc_failed());
    if (rc < 0 && rc != FLEET_ENOMEM)
        fail_msg("%s", err.text);
    assert_int_equal(sink.n, rc == FLEET_OK ? 2 : 0);
}

static void memory_runs_out(void **state)
{
    struct stage stage = {0};

    open_stage(&stage, state);
    play.pods[0] = new_pod("id-1", "arena-apple", NULL);
    play.pods[1] = new_pod("id-2", "arena-basil", NULL);
    fl_test_each_alloc(one_life, &stage);
    close_stage(&stage);
}

static int busy_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    struct fleet_pod *pod = fleet_sink_pod(pods);

    (void)handle;
    (void)err;
    atomic_fetch_add(&play.lists, 1);
    fl_pod_merge(pod, play.pods[0]);
    return FLEET_OK;
}

static int busy_get(void *handle, const char *id, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    (void)handle;
    atomic_fetch_add(&play.gets, 1);
    if (strcmp(id, "id-1") != 0)
        return fleet_fail(err, FLEET_ENOTFOUND, "no pod %s", id);
    fl_pod_merge(pod, play.pods[0]);
    return FLEET_OK;
}

static void *look_once(void *arg)
{
    struct stage *stage = arg;
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    return fl_provider_look(stage->provider, fl_now_ms(),
                            fl_deadline(PATIENCE_MS), "id-1", pod,
                            NULL) == FLEET_OK &&
                   !strcmp(fleet_pod_get(pod, FLEET_POD_NAME), "arena-apple")
               ? stage
               : NULL;
}

/* Whoever waits for a pod asks for it; when many do, one listing serves them,
 * and only what it does not have is asked for by itself. */
static void many_who_look_share_a_listing(void **state)
{
    struct stage stage = {
        .plugin.provider = {.list = busy_list, .get = busy_get}};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    pthread_t threads[64];
    void *fine;

    stage.plugin.about.threads = FLEET_THREADS_PARALLEL;
    open_stage(&stage, state);
    play.pods[0] = new_pod("id-1", "arena-apple", NULL);
    assert_ptr_equal(look_once(&stage), &stage);
    assert_int_equal(play.lists, 0);
    assert_int_equal(play.gets, 1);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, look_once, &stage);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], &fine);
        assert_ptr_equal(fine, &stage);
    }
    assert_true(play.lists >= 1);
    assert_true(play.lists + play.gets < (int)COUNT(threads));
    assert_int_equal(fl_provider_look(stage.provider, fl_now_ms(),
                                      fl_deadline(PATIENCE_MS), "id-2", pod,
                                      &stage.err),
                     FLEET_ENOTFOUND);
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(list_is_repeated_where_that_helps),
        SCRATCH_TEST(create_is_never_repeated_in_doubt),
        SCRATCH_TEST(errors_are_fit_to_be_shown),
        SCRATCH_TEST(nothing_is_called_that_is_not_offered),
        SCRATCH_TEST(to_terminate_what_is_gone_is_no_failure),
        SCRATCH_TEST(balances_are_checked),
        SCRATCH_TEST(without_find_the_listing_is_searched),
        SCRATCH_TEST(without_get_the_listing_is_searched),
        SCRATCH_TEST(what_find_answers_is_checked),
        SCRATCH_TEST(a_call_that_hangs_holds_up_nobody),
        SCRATCH_TEST(threads_get_in_as_the_plugin_wants),
        SCRATCH_TEST(the_host_has_a_directory_and_settings),
        SCRATCH_TEST(required_options_are_required),
        SCRATCH_TEST(many_who_look_share_a_listing),
        SCRATCH_TEST(memory_runs_out),
    };

    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
