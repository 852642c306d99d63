/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/plugins.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/engine/invoke.h"
#include "core/engine/provider.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS  60000 /* never waited for, only bounded by */
#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

/* Test plugins are built, but not installed. */
static char *built_in(const char *place, const char *name)
{
    const char *top = getenv("builddir");

    return fl_format("%s/tests/%s/.libs/%s.so", top ? top : ".", place, name);
}

static char *built(const char *name)
{
    return built_in("plugins", name);
}

/* A copy of a test plugin: DIR/AS. */
static char *copy_plugin(const char *name, const char *dir, const char *as)
{
    FL_AUTO_FREE char *from = built(name);
    FL_AUTO(fl_buf_clear) struct fl_buf text;
    struct fleet_error err = {0};
    char *to = fl_path_join(dir, as);

    fl_buf_init(&text, 64 << 20);
    if (fl_file_read(from, &text, &err) < 0 ||
        fl_file_write(to, text.data, text.len, 0755, &err) < 0)
        fail_msg("%s", err.text);
    return to;
}

static void put_plugin(const char *name, const char *dir, const char *as)
{
    free(copy_plugin(name, dir, as));
}

static char *make_dir(const char *parent, const char *name)
{
    char *dir = fl_path_join(parent, name);

    assert_int_equal(mkdir(dir, 0755), 0);
    return dir;
}

/* clang-format off */
static const struct refusal {
    const char *plugin, *reason;
} refusals[] = {
    {"notplugin", "not a plugin: no symbol fleet_plugin"},
    {"wrongabi", "made for ABI 7, this fleet takes 1"},
    {"lacking", "lacks list()"},
    {"badkind", "kind 4 is not known to this fleet"},
    {"badsize", "its descriptor cannot be 12 bytes long"},
    {"badops", "its functions cannot be 100000 bytes long"},
    {"badstride", "its options cannot be 8 bytes long each"},
    {"badname", "its name is not of [a-z0-9-], at most 32 long"},
    {"badoption", "MISFIT_NUMBER"},
    {"unresolved", "fleet_function_of_the_future"},
    {"nowhere", "No such file or directory"},
};
/* clang-format on */

static void each_misfit_is_refused_with_its_reason(void **state)
{
    struct fleet_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
        FL_AUTO_FREE char *path = built(refusals[i].plugin);

        assert_int_equal(fl_plugins_load(&plugins, path, &err), FLEET_OK);
        assert_int_equal(plugins.n, 1);
        assert_int_equal(plugins.at[0]->status, FL_PLUGIN_REFUSED);
        assert_string_equal(plugins.at[0]->path, path);
        if (!strstr(plugins.at[0]->reason, refusals[i].reason))
            fail_msg("%s: %s", path, plugins.at[0]->reason);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    struct fleet_error err = {0};

    assert_int_equal(fl_plugins_load(&plugins, *state, &err), FLEET_OK);
    assert_string_equal(plugins.at[0]->reason, "not a regular file");
}

static void what_others_may_write_is_refused(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO_FREE char *path = copy_plugin("memo", *state, "memo.so");
    FL_AUTO_FREE char *remedy = fl_format("chmod go-w %s", path);
    struct fleet_error err = {0};

    assert_int_equal(chmod(path, 0757), 0);
    assert_int_equal(fl_plugins_load(&plugins, path, &err), FLEET_OK);
    assert_int_equal(plugins.at[0]->status, FL_PLUGIN_REFUSED);
    if (!strstr(plugins.at[0]->reason, remedy))
        fail_msg("%s", plugins.at[0]->reason);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(fl_plugins_load(&plugins, path, &err), FLEET_OK);
    assert_int_equal(plugins.at[1]->status, FL_PLUGIN_LOADED);
    assert_ptr_equal(fl_plugins_find(&plugins, FLEET_PROVIDER, "memo"),
                     plugins.at[1]);
    assert_null(fl_plugins_find(&plugins, FLEET_FORMAT, "memo"));
}

static const struct fl_plugin *entry(const struct fl_plugins *plugins,
                                     const char *path)
{
    for (size_t i = 0; i < plugins->n; i++) {
        if (strcmp(plugins->at[i]->path, path) == 0)
            return plugins->at[i];
    }
    fail_msg("no entry for %s", path);
    return NULL;
}

static void the_first_of_a_name_counts(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO_FREE char *one = make_dir(*state, "one");
    FL_AUTO_FREE char *two = make_dir(*state, "two");
    FL_AUTO_FREE char *search =
        fl_format("%s:/nonexistent::%s:%s", one, two, one);
    FL_AUTO_FREE char *first = copy_plugin("memo", one, "b.so");
    FL_AUTO_FREE char *second = copy_plugin("memo", one, "c.so");
    FL_AUTO_FREE char *third = copy_plugin("memo", two, "a.so");
    FL_AUTO_FREE char *broken = copy_plugin("wrongabi", one, "a.so");
    FL_AUTO_FREE char *shadow = fl_format("shadowed by %s", first);
    struct fleet_error err = {0};

    put_plugin("memo", one, "memo.so.1"); /* none of these counts */
    put_plugin("memo", one, ".hidden.so");
    put_plugin("memo", one, ".so");
    free(make_dir(one, "directory.so"));
    assert_int_equal(fl_plugins_open(search, &plugins, &err), FLEET_OK);
    assert_string_equal(plugins.at[0]->path, broken);
    assert_int_equal(plugins.at[0]->status, FL_PLUGIN_REFUSED);
    assert_string_equal(plugins.at[1]->path, first);
    assert_int_equal(plugins.at[1]->status, FL_PLUGIN_LOADED);
    assert_string_equal(plugins.at[2]->path, second);
    assert_int_equal(plugins.at[2]->status, FL_PLUGIN_SHADOWED);
    assert_string_equal(plugins.at[2]->reason, shadow);
    assert_string_equal(plugins.at[3]->path, third);
    assert_int_equal(plugins.at[3]->status, FL_PLUGIN_SHADOWED);
}

static void an_unsafe_directory_is_an_entry(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO_FREE char *dir = make_dir(*state, "open");
    struct fleet_error err = {0};
    const struct fl_plugin *plugin;

    put_plugin("memo", dir, "memo.so");
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(fl_plugins_open(dir, &plugins, &err), FLEET_OK);
    plugin = entry(&plugins, dir);
    assert_int_equal(plugin->status, FL_PLUGIN_REFUSED);
    assert_non_null(strstr(plugin->reason, "chmod go-w"));
    assert_null(fl_plugins_find(&plugins, FLEET_PROVIDER, "memo"));
}

static void links_are_followed_and_checked(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO_FREE char *dir = make_dir(*state, "links");
    FL_AUTO_FREE char *real = copy_plugin("memo", *state, "real");
    FL_AUTO_FREE char *good = fl_path_join(dir, "good.so");
    FL_AUTO_FREE char *dangling = fl_path_join(dir, "dangling.so");
    struct fleet_error err = {0};

    assert_int_equal(symlink(real, good), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(fl_plugins_open(dir, &plugins, &err), FLEET_OK);
    assert_int_equal(entry(&plugins, good)->status, FL_PLUGIN_LOADED);
    assert_int_equal(entry(&plugins, dangling)->status, FL_PLUGIN_REFUSED);
}

static struct fl_provider *open_from(struct fl_plugins *plugins,
                                     const char *path, const char *name,
                                     const struct fl_config *config,
                                     const char *state_dir)
{
    struct fl_provider_entry found = {name, NULL, NULL};
    struct fl_provider *provider = NULL;
    struct fleet_error err = {0};

    assert_int_equal(fl_plugins_load(plugins, path, &err), FLEET_OK);
    found.plugin = fl_plugins_find(plugins, FLEET_PROVIDER, name);
    if (!found.plugin)
        fail_msg("%s: %s", path, plugins->at[0]->reason);
    if (fl_provider_open(&found, config, state_dir, fl_deadline(PATIENCE_MS),
                         &provider, &err) < 0)
        fail_msg("%s", err.text);
    return provider;
}

static struct fl_provider *open_provider(struct fl_plugins *plugins,
                                         const char *name,
                                         const struct fl_config *config,
                                         const char *state_dir)
{
    FL_AUTO_FREE char *path = built(name);

    return open_from(plugins, path, name, config, state_dir);
}

static void a_newer_plugin_works(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct fl_provider *provider;
    struct fleet_error err = {0};
    struct fleet_option option;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    fl_config_flag(&config, "NEWER_SIZE", "9");
    provider = open_provider(&plugins, "newer", &config, *state);
    assert_true(fl_option_at(&plugins.at[0]->options, 1, &option));
    assert_string_equal(option.key, "NEWER_SIZE");
    assert_false(fl_option_at(&plugins.at[0]->options, 2, &option));
    assert_int_equal(plugins.at[0]->about.threads, FLEET_THREADS_SERIAL);
    assert_int_equal(fl_provider_abilities(provider), FLEET_CAN(FLEET_OP_LIST));
    assert_int_equal(
        fl_provider_list(provider, fl_deadline(PATIENCE_MS), &sink, &err),
        FLEET_OK);
    assert_int_equal(sink.n, 1);
    assert_null(fl_pod_fault(sink.pods[0]));
    assert_string_equal(fleet_pod_get(sink.pods[0], FLEET_POD_NAME), "hello");
    assert_int_equal(fleet_pod_get_number(sink.pods[0], FLEET_POD_GPUS, 0), 9);
    fl_provider_close(provider);
}

static void check_old_pod(const struct fleet_pod *pod)
{
    assert_null(fl_pod_fault(pod));
    for (int field = FLEET_POD_NAME; field <= FLEET_POD_TOKEN; field++)
        assert_true(fl_pod_is_set(pod, field));
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_REGION), "elsewhere");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_GPU), "green");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_TIER), "old");
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_GPUS, 0), 3);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, 0),
                     250000);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0), 1);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SPOT, 0), 1);
}

static void a_plugin_of_the_first_release_works(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    FL_AUTO_FREE char *path = built_in("abi/v1", "old");
    int64_t deadline = fl_deadline(PATIENCE_MS);
    struct fleet_error err = {0};
    struct fl_provider *old;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    fl_config_flag(&config, "OLD_SECRET", "sesame");
    fl_config_flag(&config, "OLD_WORDS", "elsewhere");
    old = open_from(&plugins, path, "old", &config, *state);
    assert_int_equal(fl_provider_caps(old), FLEET_CAP_SPOT);
    assert_true(fl_provider_can(old, FLEET_OP_BALANCE));
    assert_false(fl_provider_can(old, FLEET_OP_RENAME));
    assert_int_equal(fl_provider_list(old, deadline, &sink, &err), FLEET_OK);
    assert_int_equal(sink.n, 1);
    check_old_pod(sink.pods[0]);
    fl_spec_set(spec, FLEET_SPEC_NAME, "arena-basil");
    assert_int_equal(fl_provider_create(old, deadline, spec, pod, &err),
                     FLEET_OK);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "arena-basil");
    assert_int_equal(
        fl_provider_act(old, deadline, FLEET_OP_START, "old-1", &err),
        FLEET_OK);
    assert_int_equal(fl_provider_lock(old, deadline, "old-1", true, &err),
                     FLEET_EUNSUPPORTED);
    assert_string_equal(err.text, "old: lock: locks are out of unsupported");
    fl_provider_close(old);
}

/* clang-format off */
static const struct rubbish {
    const char *with;
    int code;
    const char *text; /* in the error, or in the log */
    size_t n;
} rubbish[] = {
    {"code", FLEET_EINTERNAL, "rubbish: list returned rubbish: code 42", 0},
    {"unknown", FLEET_EINTERNAL, "rubbish: list returned rubbish: code -4711",
     0},
    {"silence", FLEET_EAUTH, "rubbish: auth", 0},
    {"words", FLEET_EINVALID, "rubbish: ", 0},
    {"secret", FLEET_EAUTH, "rubbish: key *** refused", 0},
    {"many", FLEET_EINTERNAL,
     "rubbish: list returned rubbish: more than 1000 answers", 0},
    {"ignore", FLEET_EINTERNAL,
     "rubbish: list returned rubbish: more than 1000 answers", 0},
    {"kind", FLEET_EINTERNAL,
     "rubbish: list returned rubbish: pods were asked for", 0},
    {"noid", FLEET_EINTERNAL,
     "rubbish: list returned rubbish: pod 'arena-apple' has no id", 0},
    {"nothing", FLEET_OK, "neither id nor name: left out", 0},
    {"twins", FLEET_OK, "'same': there twice: only the first one counts", 1},
    {"fields", FLEET_OK, "6 pods answered badly: 'r1': gpu: not UTF-8", 7},
};
/* clang-format on */

static char logged[4096];

static void keep_log(int level, const char *part, const char *text)
{
    size_t len = strlen(logged);

    (void)level;
    snprintf(logged + len, sizeof(logged) - len, "%s: %s\n", part, text);
}

static void check_fields(const struct fleet_sink *sink)
{
    for (size_t i = 0; i < 6; i++) {
        assert_non_null(fl_pod_fault(sink->pods[i]));
        assert_int_equal(fl_pod_state(sink->pods[i]), FLEET_STATE_UNKNOWN);
    }
    assert_null(fl_pod_fault(sink->pods[6]));
    assert_int_equal(fl_pod_state(sink->pods[6]), FLEET_STATE_RUNNING);
}

static void rubbish_is_told_apart(void **state)
{
    for (size_t i = 0; i < COUNT(rubbish); i++) {
        FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
        FL_AUTO(fl_config_clear) struct fl_config config = {0};
        FL_AUTO(fl_sink_clear) struct fleet_sink sink;
        struct fleet_error err = {0};
        struct fl_provider *provider;

        logged[0] = '\0';
        fl_log_open(keep_log, FLEET_LOG_WARNING, NULL);
        fl_config_flag(&config, "RUBBISH_WITH", rubbish[i].with);
        provider = open_provider(&plugins, "rubbish", &config, *state);
        fl_sink_init(&sink, false, 1000);
        assert_int_equal(
            fl_provider_list(provider, fl_deadline(PATIENCE_MS), &sink, &err),
            rubbish[i].code);
        if (!strstr(rubbish[i].code < 0 ? err.text : logged, rubbish[i].text))
            fail_msg("%s: %s%s", rubbish[i].with, err.text, logged);
        assert_int_equal(sink.n, rubbish[i].n);
        assert_true(fl_utf8_valid(err.text, strlen(err.text)));
        if (sink.n == 7)
            check_fields(&sink);
        fl_provider_close(provider);
        fl_log_close();
    }
}

static void rubbish_from_other_calls(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();
    int64_t deadline = fl_deadline(PATIENCE_MS), micros = 7;
    struct fleet_error err = {0};
    struct fl_provider *provider;
    char currency[8] = "";

    fl_config_flag(&config, "RUBBISH_WITH", "twins");
    provider = open_provider(&plugins, "rubbish", &config, *state);
    assert_int_equal(fl_provider_abilities(provider),
                     FLEET_CAN(FLEET_OP_LIST) | FLEET_CAN(FLEET_OP_CREATE) |
                         FLEET_CAN(FLEET_OP_GET) | FLEET_CAN(FLEET_OP_BALANCE));
    assert_int_equal(fl_provider_create(provider, deadline, spec, pod, &err),
                     FLEET_EAMBIGUOUS);
    assert_string_equal(
        err.text, "rubbish: create returned rubbish: a pod without an id");
    assert_int_equal(fl_provider_get(provider, deadline, "mine", pod, &err),
                     FLEET_EINTERNAL);
    assert_string_equal(err.text, "rubbish: get returned rubbish: another pod");
    assert_int_equal(
        fl_provider_balance(provider, deadline, &micros, currency, &err),
        FLEET_EINTERNAL);
    assert_int_equal(micros, 7);
    assert_string_equal(currency, "");
    assert_false(fl_pod_is_set(pod, FLEET_POD_ID));
    fl_provider_close(provider);
}

/* The cloud that drives most end-to-end tests, once through. */
static void memo_works(void **state)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    FL_AUTO(fl_pod_free) struct fleet_pod *found = fl_pod_new();
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();
    FL_AUTO_FREE char *dir = fl_path_join(*state, "cloud");
    int64_t deadline = fl_deadline(PATIENCE_MS);
    struct fleet_error err = {0};
    struct fl_provider *memo;
    const char *id;

    fl_backoff_ms = 2;
    fl_config_flag(&config, "MEMO_DIR", dir);
    fl_config_flag(&config, "MEMO_FAIL",
                   "create:ambiguous:1,create:transient:1");
    fl_config_flag(&config, "MEMO_EVENTUAL", "1");
    memo = open_provider(&plugins, "memo", &config, *state);
    fl_spec_set(spec, FLEET_SPEC_NAME, "arena-apple");
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "c-1");
    assert_int_equal(fl_provider_create(memo, deadline, spec, pod, &err),
                     FLEET_EAMBIGUOUS);
    assert_int_equal(fl_provider_find(memo, deadline, "c-1", NULL, found, &err),
                     FLEET_ENOTFOUND); /* not yet */
    assert_int_equal(fl_provider_find(memo, deadline, "c-1", NULL, found, &err),
                     FLEET_OK);
    id = fleet_pod_get(found, FLEET_POD_ID);
    assert_int_equal(fl_pod_state(found), FLEET_STATE_RUNNING);
    assert_int_equal(fl_provider_act(memo, deadline, FLEET_OP_STOP, id, &err),
                     FLEET_OK);
    assert_int_equal(
        fl_provider_rename(memo, deadline, id, "arena-basil", &err), FLEET_OK);
    assert_int_equal(fl_provider_lock(memo, deadline, id, true, &err),
                     FLEET_OK);
    assert_int_equal(fl_provider_get(memo, deadline, id, pod, &err), FLEET_OK);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "arena-basil");
    assert_int_equal(fl_pod_state(pod), FLEET_STATE_STOPPED);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0), 1);
    assert_int_equal(
        fl_provider_act(memo, deadline, FLEET_OP_TERMINATE, id, &err),
        FLEET_OK);
    assert_int_equal(fl_provider_get(memo, deadline, id, pod, &err),
                     FLEET_ENOTFOUND);
    assert_int_equal(
        fl_provider_act(memo, deadline, FLEET_OP_TERMINATE, id, &err),
        FLEET_OK);
    /* The first try fails with transient, the second succeeds. */
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "c-2");
    assert_int_equal(fl_provider_create(memo, deadline, spec, pod, &err),
                     FLEET_OK);
    fl_provider_close(memo);
}

static void load_all(void *arg)
{
    FL_AUTO(fl_plugins_close) struct fl_plugins plugins = {0};
    struct fleet_error err = {0};
    int rc = fl_plugins_open(arg, &plugins, &err);

    if (fl_test_alloc_failed())
        assert_true(rc == FLEET_OK || rc == FLEET_ENOMEM);
    else
        assert_int_equal(rc, FLEET_OK);
    if (rc == FLEET_ENOMEM)
        assert_int_equal(err.code, FLEET_ENOMEM);
    else
        assert_non_null(fl_plugins_find(&plugins, FLEET_PROVIDER, "newer"));
}

static void memory_runs_out(void **state)
{
    FL_AUTO_FREE char *dir = make_dir(*state, "all");

    put_plugin("memo", dir, "memo.so");
    put_plugin("memo", dir, "shadowed.so");
    put_plugin("newer", dir, "newer.so");
    put_plugin("wrongabi", dir, "wrongabi.so");
    put_plugin("unresolved", dir, "unresolved.so");
    fl_test_each_alloc(load_all, dir);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(fl_plugin_status_name(FL_PLUGIN_SHADOWED), "shadowed");
    assert_string_equal(fl_kind_name(FLEET_PROVIDER), "provider");
    assert_string_equal(fl_kind_name(FLEET_CHECK), "check");
    assert_string_equal(fl_kind_name(0), "unknown");
    assert_string_equal(fl_kind_name(4), "unknown");
    assert_string_equal(fl_op_name(FLEET_OP_CREATE), "create");
    assert_string_equal(fl_op_name(FLEET_OP_BALANCE), "balance");
    assert_string_equal(fl_op_name(99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(each_misfit_is_refused_with_its_reason),
        SCRATCH_TEST(what_is_no_file_is_refused),
        SCRATCH_TEST(what_others_may_write_is_refused),
        SCRATCH_TEST(the_first_of_a_name_counts),
        SCRATCH_TEST(an_unsafe_directory_is_an_entry),
        SCRATCH_TEST(links_are_followed_and_checked),
        SCRATCH_TEST(a_newer_plugin_works),
        SCRATCH_TEST(a_plugin_of_the_first_release_works),
        SCRATCH_TEST(rubbish_is_told_apart),
        SCRATCH_TEST(rubbish_from_other_calls),
        SCRATCH_TEST(memo_works),
        SCRATCH_TEST(memory_runs_out),
        SCRATCH_TEST(words),
    };

    return cmocka_run_group_tests_name("plugins", tests, NULL, NULL);
}
