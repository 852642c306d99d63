/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/catalog.h"

#include "core/base/buf.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

/* With credentials, with one of many sources of them, without any account, with
 * instances, and one that asks for nothing. */
/* clang-format off */
struct settings {
    char *key, *more;
};
static const struct fleet_option cloud_options[] = {
    {.key = "CLOUD_KEY", .type = FLEET_OPT_SECRET, .flags = FLEET_OPT_REQUIRED,
     .help = "the key", FLEET_AT(struct settings, key)},
    {.key = "CLOUD_REGION", .type = FLEET_OPT_STRING,
     .help = "where", FLEET_AT(struct settings, more)},
    {0},
};
static const struct fleet_option chain_options[] = {
    {.key = "CHAIN_KEY", .type = FLEET_OPT_SECRET, .flags = FLEET_OPT_ACCOUNT,
     .help = "a key", FLEET_AT(struct settings, key)},
    {.key = "CHAIN_PROFILE", .type = FLEET_OPT_STRING,
     .flags = FLEET_OPT_ACCOUNT,
     .help = "another source", FLEET_AT(struct settings, more)},
    {0},
};
static const struct fleet_option no_options[] = {{0}};

static struct fl_plugin
cloud = {
    .path = (char []){"cloud.so"}, .status = FL_PLUGIN_LOADED,
    .about = {.kind = FLEET_PROVIDER, .name = "cloud"},
    .options = {cloud_options, sizeof(cloud_options[0])},
},
chain = {
    .path = (char []){"chain.so"}, .status = FL_PLUGIN_LOADED,
    .about = {.kind = FLEET_PROVIDER, .name = "chain"},
    .options = {chain_options, sizeof(chain_options[0])},
},
exec = {
    .path = (char []){"exec.so"}, .status = FL_PLUGIN_LOADED,
    .about = {.kind = FLEET_PROVIDER, .name = "exec",
              .instances_key = "EXEC_PROVIDERS"},
    .options = {no_options, sizeof(no_options[0])},
},
local = {
    .path = (char []){"local.so"}, .status = FL_PLUGIN_LOADED,
    .about = {.kind = FLEET_PROVIDER, .name = "local",
              .caps = FLEET_CAP_NO_ACCOUNT},
    .options = {no_options, sizeof(no_options[0])},
},
plain = {
    .path = (char []){"plain.so"}, .status = FL_PLUGIN_LOADED,
    .about = {.kind = FLEET_PROVIDER, .name = "plain"},
    .options = {no_options, sizeof(no_options[0])},
},
refused = {
    .path = (char []){"refused.so"}, .status = FL_PLUGIN_REFUSED,
},
shadowed = {
    .path = (char []){"other/cloud.so"}, .status = FL_PLUGIN_SHADOWED,
    .about = {.kind = FLEET_PROVIDER, .name = "cloud"},
};
/* clang-format on */
static struct fl_plugin *all[] = {&refused, &cloud, &chain,   &exec,
                                  &local,   &plain, &shadowed};
static struct fl_plugins plugins = {all, COUNT(all), COUNT(all)};

/* "cloud,local" of what is chosen, or the error. */
static int choose(const char *key, const char *exec_providers,
                  const char *providers, struct fl_buf *out)
{
    FL_AUTO(fl_config_clear) struct fl_config config = {0};
    FL_AUTO(fl_catalog_clear) struct fl_catalog catalog = {0};
    FL_AUTO_FREE const struct fl_provider_entry **chosen = NULL;
    struct fleet_error err = {0};
    size_t n = 0;
    int rc = FLEET_OK;

    if (key && strncmp(key, "profile", 7) == 0)
        rc = fl_config_flag(&config, "CHAIN_PROFILE", key);
    else if (key)
        rc = fl_config_flag(&config, "CLOUD_KEY", key);
    if (rc == 0 && exec_providers)
        rc = fl_config_flag(&config, "EXEC_PROVIDERS", exec_providers);
    if (rc == 0)
        rc = fl_catalog_open(&catalog, &plugins, &config, &err);
    if (rc == 0)
        rc = fl_catalog_choose(&catalog, &config, providers, &chosen, &n, &err);
    if (rc < 0)
        fl_buf_puts(out, err.text);
    for (size_t i = 0; i < n; i++)
        fl_buf_printf(out, "%s%s%s%s", i ? "," : "", chosen[i]->name,
                      chosen[i]->argument ? "=" : "",
                      chosen[i]->argument ? chosen[i]->argument : "");
    return rc;
}

/* clang-format off */
static const struct choice {
    const char *key, *exec, *providers;
    int code;
    const char *result;
} choices[] = {
    {NULL, NULL, NULL, FLEET_OK, "local"},
    {"k", NULL, NULL, FLEET_OK, "cloud"},
    /* One of the sources that it marks is enough. */
    {"profile", NULL, NULL, FLEET_OK, "chain"},
    {"", NULL, NULL, FLEET_OK, "local"},
    {NULL, "acme=/bin/acme", NULL, FLEET_OK, "acme=/bin/acme"},
    {"k", "acme=/bin/a=b  zeta=/z", NULL, FLEET_OK,
     "cloud,acme=/bin/a=b,zeta=/z"},
    {"k", NULL, "local", FLEET_OK, "local"},
    {NULL, NULL, "plain, local\tcloud\nplain", FLEET_OK, "plain,local,cloud"},
    {NULL, "acme=/x", "acme", FLEET_OK, "acme=/x"},
    {"k", NULL, " , ", FLEET_OK, "cloud"},
    {NULL, NULL, "cluod", FLEET_ECONFIG,
     "PROVIDERS: there is no provider 'cluod': did you mean 'cloud'? "
     "(`fleet providers` lists them)"},
    {NULL, NULL, "exec", FLEET_ECONFIG,
     "PROVIDERS: there is no provider 'exec' (`fleet providers` lists them)"},
    {NULL, NULL, "a\033b", FLEET_ECONFIG,
     "PROVIDERS: there is no provider 'a\\x1bb' "
     "(`fleet providers` lists them)"},
    {NULL, "acme", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: 'acme' is not NAME=VALUE"},
    {NULL, "acme=", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: 'acme=' is not NAME=VALUE"},
    {NULL, "=/x", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: the name in '=/x' is no name of [a-z0-9-], at "
     "most 32 long"},
    {NULL, "../acme=/x", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: the name in '../acme=/x' is no name of "
     "[a-z0-9-], at most 32 long"},
    {NULL, "abcdefghijklmnopqrstuvwxyz0123456=/x", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: the name in "
     "'abcdefghijklmnopqrstuvwxyz0123456=/x' is no name of [a-z0-9-], at "
     "most 32 long"},
    {NULL, "acme=/x acme=/y", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: the name in 'acme=/y' is there twice: choose "
     "another name"},
    {NULL, "cloud=/x", NULL, FLEET_ECONFIG,
     "flag: EXEC_PROVIDERS: the name in 'cloud=/x' is there twice: choose "
     "another name"},
    {NULL, "plain=/x", NULL, FLEET_ECONFIG,
     "an instance is called 'plain', as is the provider in plain.so: choose "
     "another name"},
};
/* clang-format on */

static void providers_are_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(choices); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf got;

        fl_buf_init(&got, 4096);
        assert_int_equal(
            choose(choices[i].key, choices[i].exec, choices[i].providers, &got),
            choices[i].code);
        assert_string_equal(fl_buf_text(&got), choices[i].result);
    }
}

static void choose_all(void *arg)
{
    FL_AUTO(fl_buf_clear) struct fl_buf got;
    int rc;

    (void)arg;
    fl_buf_init(&got, 4096);
    rc = choose("k", "acme=/bin/acme zeta=/z", "local zeta", &got);
    if (rc == FLEET_OK && !fl_test_alloc_failed())
        assert_string_equal(fl_buf_text(&got), "local,zeta=/z");
    assert_true(rc == FLEET_OK || rc == FLEET_ENOMEM);
    assert_true(rc == FLEET_OK || fl_test_alloc_failed());
}

static void memory_runs_out(void **state)
{
    (void)state;
    fl_test_each_alloc(choose_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(providers_are_chosen),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
