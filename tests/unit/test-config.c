/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/config.h"

#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct sample {
    char *name, *path, *list, *secret;
    int64_t number;
};
#define AT(member_) FLEET_AT(struct sample, member_)

static const char *const aliases[] = {"OLD_NUMBER", "OLDER_NUMBER", NULL};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "T_NAME", .type = FLEET_OPT_STRING, .help = "h", AT(name)},
    {.key = "T_PATH", .type = FLEET_OPT_PATH, .help = "h", AT(path)},
    {.key = "T_LIST", .type = FLEET_OPT_LIST, .help = "h", AT(list)},
    {.key = "T_NUMBER", .type = FLEET_OPT_INT, .help = "h", .fallback = "1",
     .min = 0, .max = 9, .aliases = aliases, AT(number)},
    {.key = "T_SECRET", .type = FLEET_OPT_SECRET, .help = "from the account",
     .flags = FLEET_OPT_REQUIRED, AT(secret)},
    {0},
};
/* clang-format on */
static const struct fl_options table = {options, sizeof(*options)};
enum { NAME, PATH, LIST, NUMBER, SECRET };

/* A place of its own: current directory, home, and nothing set. */
struct place {
    char *dir;
    int before;
};

static int enter(void **state)
{
    static const char *const variables[] = {
        "FLEET_CONFIG", "XDG_CONFIG_HOME", "T_NAME",   "T_PATH",      "T_LIST",
        "T_NUMBER",     "OLD_NUMBER",      "T_SECRET", "OLDER_NUMBER"};
    struct place *place = calloc(1, sizeof(*place));
    void *dir = NULL;

    if (!place || scratch_setup(&dir) < 0)
        return -1;
    place->dir = realpath(dir, NULL);
    free(dir);
    place->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
        unsetenv(variables[i]);
    setenv("HOME", place->dir, 1);
    *state = place;
    return place->dir && place->before >= 0 ? chdir(place->dir) : -1;
}

static int leave(void **state)
{
    struct place *place = *state;
    void *dir = place->dir;
    int rc = fchdir(place->before);

    close(place->before);
    free(place);
    return scratch_teardown(&dir) < 0 ? -1 : rc;
}

static void write_file(const char *path, const char *text)
{
    struct fleet_error err = {0};

    assert_int_equal(fl_file_write(path, text, strlen(text), 0600, &err),
                     FLEET_OK);
}

static void write_user_file(const struct place *place, const char *text)
{
    FL_AUTO_FREE char *dir = fl_format("%s/.config/fleet", place->dir);
    FL_AUTO_FREE char *path = fl_format("%s/config.env", dir);

    assert_int_equal(fl_dir_make(dir, NULL), FLEET_OK);
    write_file(path, text);
}

static void assert_value(const struct fl_config *config, int option,
                         const char *text, enum fl_source source,
                         const char *where)
{
    struct fl_value value;

    assert_true(fl_config_lookup(config, &options[option], &value));
    assert_string_equal(value.text, text);
    assert_int_equal(value.source, source);
    assert_string_equal(value.where, where);
}

static void every_layer_hides_those_below(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO_FREE char *user = NULL;
    struct place *place = *state;

    write_file("config.env", "T_NAME=file\nT_NUMBER=2\n");
    write_user_file(place, "\nT_NAME=user\nT_LIST='user list'\n");
    user = fl_format("%s/.config/fleet/config.env:3", place->dir);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_string_equal(config.path, "config.env");
    assert_string_equal(config.dir, place->dir);

    assert_value(&config, LIST, "user list", FL_SOURCE_USER_FILE, user);
    assert_value(&config, NAME, "file", FL_SOURCE_FILE, "config.env:1");
    assert_value(&config, NUMBER, "2", FL_SOURCE_FILE, "config.env:2");
    setenv("T_NUMBER", "3", 1);
    assert_value(&config, NUMBER, "3", FL_SOURCE_ENVIRONMENT, "environment");
    assert_int_equal(fl_config_flag(&config, "T_NUMBER", "4"), FLEET_OK);
    assert_value(&config, NUMBER, "4", FL_SOURCE_FLAG, "flag");
}

static void nothing_set_is_the_default(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    struct place *place = *state;
    struct fl_value value;

    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_null(config.path);
    assert_string_equal(config.dir, place->dir);
    assert_value(&config, NUMBER, "1", FL_SOURCE_DEFAULT, "default");
    assert_false(fl_config_lookup(&config, &options[NAME], &value));
}

static void old_names_and_empty_values(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    struct fl_value value;

    (void)state;
    write_file("config.env", "T_NUMBER=\nOLDER_NUMBER=5\nOLD_NUMBER=6\n");
    setenv("T_NUMBER", "", 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_value(&config, NUMBER, "6", FL_SOURCE_FILE, "config.env:3");
    assert_true(fl_config_lookup(&config, &options[NUMBER], &value));
    assert_string_equal(value.key, "OLD_NUMBER");
    /* an old name in a higher layer hides a new one below */
    setenv("OLDER_NUMBER", "7", 1);
    assert_value(&config, NUMBER, "7", FL_SOURCE_ENVIRONMENT, "environment");
}

static void relative_paths_stand_on_their_file(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO_FREE char *in_file = NULL, *in_place = NULL, *in_home = NULL;
    struct place *place = *state;
    struct sample sample = {0};

    in_file = fl_format("%s/sub/keys/k", place->dir);
    in_place = fl_format("%s/k", place->dir);
    in_home = fl_format("%s/.config/fleet/keys/k", place->dir);
    assert_int_equal(fl_dir_make("sub", NULL), FLEET_OK);
    write_file("sub/a.env", "T_PATH=keys/k\n");
    write_user_file(place, "T_PATH=keys/k\n");

    assert_int_equal(fl_config_open(&config, "sub/a.env", NULL), FLEET_OK);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, NULL),
                     FLEET_OK);
    assert_string_equal(sample.path, in_file);
    setenv("T_PATH", "k", 1);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, NULL),
                     FLEET_OK);
    assert_string_equal(sample.path, in_place);
    unsetenv("T_PATH");
    fl_config_clear(&config);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, NULL),
                     FLEET_OK);
    assert_string_equal(sample.path, in_home);
    fl_options_clear(&table, &sample);
}

static void xdg_config_home_counts_when_absolute(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO_FREE char *xdg = NULL, *where = NULL;
    struct place *place = *state;

    xdg = fl_format("%s/xdg", place->dir);
    where = fl_format("%s/fleet/config.env:1", xdg);
    assert_int_equal(fl_dir_make("xdg/fleet", NULL), FLEET_OK);
    write_file("xdg/fleet/config.env", "T_NAME=xdg\n");
    write_user_file(place, "T_NAME=home\n");
    setenv("XDG_CONFIG_HOME", xdg, 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_value(&config, NAME, "xdg", FL_SOURCE_USER_FILE, where);
    fl_config_clear(&config);
    setenv("XDG_CONFIG_HOME", "xdg", 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_string_equal(config.user_file.at[0].text, "home");
}

static void named_files_must_be_there(void **state)
{
    static const struct {
        const char *path, *variable, *error;
    } cases[] = {
        {"no.env", NULL,
         "--config: there is no file no.env; `fleet init` writes one"},
        {NULL, "no.env",
         "FLEET_CONFIG: there is no file no.env; `fleet init` writes one"},
        {".", NULL, ".: a directory; name the file in it"},
        {NULL, ".", ".: a directory; name the file in it"},
        {"pipe", NULL, "pipe: not a regular file"},
        {"open.env", NULL,
         "open.env: others may write it: chmod go-w open.env"},
        {"bad.env", NULL, "bad.env:1: K: unclosed quote (')"},
    };

    (void)state;
    write_file("config.env", "T_NAME=there\n");
    write_file("open.env", "T_NAME=x\n");
    write_file("bad.env", "K='\n");
    assert_int_equal(chmod("open.env", 0666), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_config_clear) struct fl_config config = {0};
        struct fleet_error err = {0};

        if (cases[i].variable)
            setenv("FLEET_CONFIG", cases[i].variable, 1);
        assert_int_equal(fl_config_open(&config, cases[i].path, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, cases[i].error);
        unsetenv("FLEET_CONFIG");
    }
}

static void fleet_config_names_the_file(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};

    (void)state;
    write_file("config.env", "T_NAME=found\n");
    write_file("a.env", "T_NAME=variable\n");
    write_file("b.env", "T_NAME=flag\n");
    setenv("FLEET_CONFIG", "a.env", 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_value(&config, NAME, "variable", FL_SOURCE_FILE, "a.env:1");
    fl_config_clear(&config);
    assert_int_equal(fl_config_open(&config, "b.env", NULL), FLEET_OK);
    assert_value(&config, NAME, "flag", FL_SOURCE_FILE, "b.env:1");
}

static void an_unreadable_file_is_told(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    struct fleet_error err = {0};

    (void)state;
    if (geteuid() == 0)
        skip(); /* root reads anything */
    write_file("config.env", "T_NAME=x\n");
    assert_int_equal(chmod("config.env", 0), 0);
    assert_int_equal(fl_config_open(&config, NULL, &err), FLEET_ECONFIG);
    assert_string_equal(err.text, "config.env: Permission denied");
}

static void another_users_file_must_be_named(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    struct fleet_error err = {0};

    (void)state;
    write_file("config.env", "T_NAME=x\n");
    if (chown("config.env", 12345, (gid_t)-1) < 0)
        skip(); /* only root gives files away */
    assert_int_equal(fl_config_open(&config, NULL, &err), FLEET_ECONFIG);
    assert_string_equal(err.text,
                        "config.env: belongs to another user; to use it all "
                        "the same, name it with --config config.env");
    assert_int_equal(fl_config_open(&config, "config.env", &err), FLEET_OK);
}

static void bad_values_name_their_place(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"\nT_NUMBER=10\n",
         "config.env:2: T_NUMBER: '10' is not a whole number from 0 to 9"},
        {"OLD_NUMBER=x\n",
         "config.env:1: OLD_NUMBER: 'x' is not a whole number from 0 to 9"},
        {"T_NAME=(a b)\n", "config.env:1: T_NAME: takes one value, not 2"},
        {"T_NAME=x\n", "T_SECRET: not set; put T_SECRET=... into config.env "
                       "(from the account)"},
        {"T_SECRET=\n", "T_SECRET: not set; put T_SECRET=... into config.env "
                        "(from the account)"},
        {"T_SECRET='hunter2\n'\n",
         "config.env:1: T_SECRET: the value has a line break or another "
         "control character in it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_config_clear) struct fl_config config = {0};
        struct sample sample = {0}, empty = {.number = 1};
        struct fleet_error err = {0};

        write_file("config.env", cases[i].text);
        assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
        assert_int_equal(fl_config_fill(&config, &table, &sample, true, &err),
                         FLEET_ECONFIG);
        assert_string_equal(err.text, cases[i].error);
        sample.number = 1;
        assert_memory_equal(&sample, &empty, sizeof(sample));
    }
}

static void lists_come_in_many_forms(void **state)
{
    static const struct {
        const char *text, *list;
    } cases[] = {
        {"T_LIST=(a b)", "a\nb"},
        {"T_LIST='a b'", "a\nb"},
        {"T_LIST=a,b", "a\nb"},
        {"T_LIST=('a b')", "a b"},
        {"T_LIST=('a b' c)", "a b\nc"},
        {"T_LIST=a", "a"},
        {"T_LIST=(a)", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_config_clear) struct fl_config config = {0};
        struct sample sample = {0};

        write_file("config.env", cases[i].text);
        assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
        assert_int_equal(fl_config_fill(&config, &table, &sample, false, NULL),
                         FLEET_OK);
        assert_string_equal(sample.list, cases[i].list);
        fl_options_clear(&table, &sample);
    }
}

static void an_array_of_one_is_one_value(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    struct sample sample = {0};

    (void)state;
    write_file("config.env", "T_NAME=('a b')\nT_NUMBER=(3)\n");
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, NULL),
                     FLEET_OK);
    assert_string_equal(sample.name, "a b");
    assert_int_equal(sample.number, 3);
    fl_options_clear(&table, &sample);
}

static void a_huge_variable_is_refused(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO_FREE char *value = malloc(FL_VALUE_MAX + 2);
    struct sample sample = {0};
    struct fleet_error err = {0};

    (void)state;
    assert_non_null(value);
    memset(value, 'v', FL_VALUE_MAX + 1);
    value[FL_VALUE_MAX + 1] = '\0';
    setenv("T_NAME", value, 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text,
                        "environment: T_NAME: longer than 65536 bytes");
    setenv("T_NAME", value + 1, 1);
    assert_int_equal(fl_config_fill(&config, &table, &sample, false, &err),
                     FLEET_OK);
    fl_options_clear(&table, &sample);
}

static void keys_with_a_prefix_are_gathered(void **state)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_envfile_clear) struct fl_envfile found = {0}, all = {0};
    struct place *place = *state;

    write_file("config.env", "T_NAME=file\nT_LIST=(a b)\nOTHER=x\n");
    write_user_file(place, "T_NAME=user\nT_PATH=user\n");
    setenv("T_NUMBER", "3", 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_int_equal(fl_config_flag(&config, "T_PATH", "flag"), FLEET_OK);
    assert_int_equal(fl_config_prefixed(&config, "T_", &found), FLEET_OK);
    assert_int_equal(found.n, 6);
    assert_string_equal(fl_envfile_get(&found, "T_NAME")->text, "file");
    assert_string_equal(fl_envfile_get(&found, "T_PATH")->text, "flag");
    assert_string_equal(fl_envfile_get(&found, "T_LIST")->text, "a\nb");
    assert_string_equal(fl_envfile_get(&found, "T_NUMBER")->text, "3");
    assert_null(fl_envfile_get(&found, "OTHER"));

    assert_int_equal(fl_config_prefixed(&config, "", &all), FLEET_OK);
    assert_int_equal(all.n, 5);
    assert_non_null(fl_envfile_get(&all, "OTHER"));
}

static bool is_ours(void *arg, const char *key)
{
    (void)arg;
    return fl_option_find(&table, key) >= 0;
}

static void unknown_keys_are_told(void **state)
{
    static const char *const keys[] = {"T_NAME", "T_PATH", "T_LIST", NULL};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv warnings = {0};
    FL_AUTO_FREE char *user = NULL;
    struct place *place = *state;

    write_file("config.env", "T_NAME=x\nT_NAEM=y\nQUITE_ANOTHER=z\n");
    write_user_file(place, "OLD_NUMBER=1\nT_PAHT=x\n");
    user = fl_format("%s/.config/fleet/config.env:2: T_PAHT: unknown key; did "
                     "you mean T_PATH?",
                     place->dir);
    setenv("T_UNKNOWN", "x", 1);
    assert_int_equal(fl_config_open(&config, NULL, NULL), FLEET_OK);
    assert_int_equal(fl_config_unknown(&config, is_ours, NULL, keys, &warnings),
                     FLEET_OK);
    unsetenv("T_UNKNOWN");
    assert_int_equal(warnings.n, 3);
    assert_string_equal(
        warnings.at[0],
        "config.env:2: T_NAEM: unknown key; did you mean T_NAME?");
    assert_string_equal(warnings.at[1],
                        "config.env:3: QUITE_ANOTHER: unknown key");
    assert_string_equal(warnings.at[2], user);
}

static void sources_have_names(void **state)
{
    (void)state;
    assert_string_equal(fl_source_name(FL_SOURCE_DEFAULT), "default");
    assert_string_equal(fl_source_name(FL_SOURCE_USER_FILE), "user file");
    assert_string_equal(fl_source_name(FL_SOURCE_FILE), "file");
    assert_string_equal(fl_source_name(FL_SOURCE_ENVIRONMENT), "environment");
    assert_string_equal(fl_source_name(FL_SOURCE_FLAG), "flag");
}

#define IN_PLACE(test_) cmocka_unit_test_setup_teardown(test_, enter, leave)

static void read_with_failures(void *arg)
{
    static const char *const keys[] = {"T_NAME", NULL};
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_envfile_clear) struct fl_envfile found = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv warnings = {0};
    struct fleet_error err = {0};
    struct sample sample = {0};
    int rc = fl_config_open(&config, NULL, &err);

    (void)arg;
    if (rc == 0)
        rc = fl_config_flag(&config, "T_NUMBER", "4");
    if (rc == 0)
        rc = fl_config_fill(&config, &table, &sample, true, &err);
    if (rc == 0)
        rc = fl_config_prefixed(&config, "T_", &found);
    if (rc == 0)
        rc = fl_config_unknown(&config, is_ours, NULL, keys, &warnings);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    fl_options_clear(&table, &sample);
}

static void memory_may_run_out(void **state)
{
    write_file("config.env", "T_NAEM=x\nT_NAME=x\nT_PATH=p\nT_LIST=(a b)\n"
                             "T_SECRET=s\n");
    write_user_file(*state, "T_NAME=user\n");
    fl_test_each_alloc(read_with_failures, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_PLACE(every_layer_hides_those_below),
        IN_PLACE(nothing_set_is_the_default),
        IN_PLACE(old_names_and_empty_values),
        IN_PLACE(relative_paths_stand_on_their_file),
        IN_PLACE(xdg_config_home_counts_when_absolute),
        IN_PLACE(named_files_must_be_there),
        IN_PLACE(fleet_config_names_the_file),
        IN_PLACE(an_unreadable_file_is_told),
        IN_PLACE(another_users_file_must_be_named),
        IN_PLACE(bad_values_name_their_place),
        IN_PLACE(lists_come_in_many_forms),
        IN_PLACE(an_array_of_one_is_one_value),
        IN_PLACE(a_huge_variable_is_refused),
        IN_PLACE(keys_with_a_prefix_are_gathered),
        IN_PLACE(unknown_keys_are_told),
        cmocka_unit_test(sources_have_names),
        IN_PLACE(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
