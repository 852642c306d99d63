/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/settings.h"

#include "tests/unit/scratch.h"

#include <string.h>
#include <sys/stat.h>

/* make check runs in the build tree, which may be another. */
static char *data_file(const char *name)
{
    const char *srcdir = getenv("srcdir");

    return fl_format("%s/tests/unit/data/%s", srcdir ? srcdir : ".", name);
}

/* Nothing but the config file counts. */
static int forget_environment(void **state)
{
    struct fleet_option option;

    (void)state;
    for (size_t i = 0; fl_option_at(&fl_settings_table, i, &option); i++) {
        unsetenv(option.key);
        for (size_t a = 0; option.aliases && option.aliases[a]; a++)
            unsetenv(option.aliases[a]);
    }
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    return 0;
}

static void the_table_is_sound(void **state)
{
    struct fleet_error err = {0};
    int rc =
        fl_options_check(&fl_settings_table, sizeof(struct fl_settings), &err);

    (void)state;
    assert_string_equal(err.text, "");
    assert_int_equal(rc, FLEET_OK);
}

static void the_arena_file_reads_unchanged(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_settings_clear) struct fl_settings s = {0};
    FL_AUTO_FREE char *path = data_file("arena-config.env");
    struct fleet_error err = {0};

    (void)state;
    fl_config_open(&config, path, &err);
    assert_string_equal(err.text, "");
    fl_settings_read(&config, &s, &err);
    assert_string_equal(err.text, "");
    assert_null(s.providers);
    assert_string_equal(s.prefix, "arena");
    assert_string_equal(s.names, "apple\nautumn\nbloom\ncloud\ncoco\ndiamond\n"
                                 "ember\nzebra");
    assert_string_equal(s.ssh_user, "root");
    assert_string_equal(s.key_path, "/home/me/.ssh/shared_infra_key_name");
    assert_string_equal(s.gpu_type, "NVIDIA RTX A4000");
    assert_int_equal(s.num_gpus, 1);
    assert_string_equal(s.image, "example/arena-env:6.1");
    assert_int_equal(s.disk_gb, 100);
    assert_int_equal(s.volume_gb, 0);
    assert_string_equal(s.cloud_type, "COMMUNITY");
    assert_int_equal(s.max_parallel, 10);
    assert_string_equal(s.proxy_host, "proxy.example");
    assert_string_equal(s.proxy_user, "root");
    assert_int_equal(s.proxy_port, 22);
    assert_string_equal(s.proxy_key_path, "/home/me/.ssh/proxy_key_name");
    assert_string_equal(s.proxy_nginx_path, "~/proxy.conf");
    assert_int_equal(s.proxy_starting_port, 16000);
    assert_string_equal(s.conda_env, "arena-env");
    assert_string_equal(s.repo_owner, "callummcdougall");
    assert_string_equal(s.repo_name, "ARENA_3.0");
    assert_string_equal(s.default_branch, "main");
    assert_string_equal(s.git_key_local, "/home/me/.ssh/arena_infra_key");
    assert_string_equal(s.git_key_remote, "/root/.ssh/id_ed25519");
}

static void the_state_has_a_place(void **state)
{
    static const struct {
        const char *set, *xdg, *home, *dir;
    } cases[] = {
        {"/state", "/xdg", "/home/me", "/state"},
        {NULL, "/xdg", "/home/me", "/xdg/fleet"},
        {NULL, "xdg", "/home/me", "/home/me/.local/state/fleet"},
        {NULL, NULL, "/home/me", "/home/me/.local/state/fleet"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char set[32] = "";
        struct fl_settings settings = {0};
        FL_AUTO_FREE char *dir = NULL;

        if (cases[i].set) {
            snprintf(set, sizeof(set), "%s", cases[i].set);
            settings.state_dir = set;
        }
        setenv("XDG_STATE_HOME", cases[i].xdg ? cases[i].xdg : "", 1);
        dir = fl_settings_state_dir(&settings);
        assert_string_equal(dir, cases[i].dir);
    }
    unsetenv("XDG_STATE_HOME");
}

#define ED25519                                                                \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtvyYcBkYYzeWk8Ew3NXAVBmyhM1QvFxYgP" \
    "5zvXyMZQ"

/* A private key of mode MODE and a public one with TEXT, below DIR. */
static char *make_pair(const char *dir, mode_t mode, const char *text)
{
    char *path = fl_format("%s/key", dir);
    FL_AUTO_FREE char *public_path = fl_format("%s.pub", path);

    assert_int_equal(fl_file_write(path, "private", 7, mode, NULL), FLEET_OK);
    assert_int_equal(chmod(path, mode), 0);
    if (text)
        assert_int_equal(
            fl_file_write(public_path, text, strlen(text), 0644, NULL),
            FLEET_OK);
    return path;
}

static void public_keys_are_read(void **state)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        {ED25519 "\n", ED25519},
        {ED25519, ED25519},
        {ED25519 " me@here\r\n\n", ED25519 " me@here"},
        {ED25519 " a b c\n", ED25519 " a b c"},
        {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB\n",
         "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO_FREE char *path = make_pair(*state, 0600, cases[i].text);
        struct fl_settings settings = {.key_path = path};
        FL_AUTO_FREE char *line = NULL;
        struct fleet_error err = {0};

        fl_settings_public_key(&settings, &line, &err);
        assert_string_equal(err.text, "");
        assert_string_equal(line, cases[i].line);
    }
}

static void what_is_no_public_key_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "\n",
        "private",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 !!!!",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKtvyYcBkYYzeWk8Ew3NXAVBmyhM1QvFxYgP",
        "ssh-dss AAAAB3NzaC1kc3MAAACBAP//",
        ED25519 "\n" ED25519 "\n",
        "command=\"x\" " ED25519 "\n",
        ED25519 " a\x1b[1m\n",
        ED25519 " \xff\n",
        ED25519 "\tme\n",
    };
    FL_AUTO_FREE char *error =
        fl_format("%s/key.pub: not one line with a public key; make it anew "
                  "with ssh-keygen -y",
                  (const char *)*state);

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO_FREE char *path = make_pair(*state, 0600, cases[i]);
        struct fl_settings settings = {.key_path = path};
        struct fleet_error err = {0};
        char *line = NULL;

        assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, error);
        assert_null(line);
    }
}

static void a_missing_public_key_can_be_made(void **state)
{
    FL_AUTO_FREE char *path = make_pair(*state, 0600, NULL);
    FL_AUTO_FREE char *error = fl_format(
        "%s.pub: there is no public key; make it with: ssh-keygen -y -f %s > "
        "%s.pub",
        path, path, path);
    struct fl_settings settings = {.key_path = path};
    struct fleet_error err = {0};
    char *line = NULL;

    assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, error);
}

static void an_open_private_key_is_refused(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0660, 0604, 0601, 0610};

    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        FL_AUTO_FREE char *path = make_pair(*state, modes[i], ED25519);
        FL_AUTO_FREE char *error = fl_format(
            "%s: others may read the private key: chmod 600 %s", path, path);
        struct fl_settings settings = {.key_path = path};
        struct fleet_error err = {0};
        char *line = NULL;

        assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, error);
    }
}

static void a_missing_private_key_is_told(void **state)
{
    FL_AUTO_FREE char *path = fl_format("%s/none", (const char *)*state);
    FL_AUTO_FREE char *missing =
        fl_format("%s: there is no such key; `fleet init` makes one, or set "
                  "SHARED_SSH_KEY_PATH",
                  path);
    FL_AUTO_FREE char *directory =
        fl_format("%s: no key file; set SHARED_SSH_KEY_PATH to the private key",
                  (const char *)*state);
    struct fl_settings settings = {0};
    struct fleet_error err = {0};
    char *line = NULL;

    assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, "SHARED_SSH_KEY_PATH: not set; `fleet init` "
                                  "makes a key pair and sets it");
    settings.key_path = path;
    assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, missing);
    settings.key_path = *state;
    assert_int_equal(fl_settings_public_key(&settings, &line, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, directory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(the_arena_file_reads_unchanged),
        cmocka_unit_test(the_state_has_a_place),
        SCRATCH_TEST(public_keys_are_read),
        SCRATCH_TEST(what_is_no_public_key_is_refused),
        SCRATCH_TEST(a_missing_public_key_can_be_made),
        SCRATCH_TEST(an_open_private_key_is_refused),
        SCRATCH_TEST(a_missing_private_key_is_told),
    };

    return cmocka_run_group_tests(tests, forget_environment, NULL);
}
