/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/view.h"

#include "core/base/file.h"
#include "core/base/text.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void tells_hosts_from_what_is_none(void **state)
{
    static const char *const good[] = {
        "1.2.3.4",       "203.0.113.7", "2001:db8::6",
        "::1",           "localhost",   "a.b-c.org",
        "gpu-3.example", "1a.org",      "::ffff:1.2.3.4",
    };
    static const char *const bad[] = {
        "",
        "1.2.3",
        "1.2.3.400",
        "1.2.3.4:22",
        "a:b",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-.b",
        "a b",
        "a;b",
        "a\nb",
        "[::1]",
        "fe80::1%eth0",
        "example.99",
        "99999",
        "0x7f000001.",
        "a/b",
        "1.2.3.4\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        if (!fl_view_host_valid(good[i]))
            fail_msg("'%s' is one", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (fl_view_host_valid(bad[i]))
            fail_msg("'%s' is none", bad[i]);
    }
}

/* A cohort of a few pods at one provider. */
struct world {
    struct fl_settings settings;
    struct fl_cohort cohort;
    struct fl_listing listing;
    struct fl_fleet fleet;
    struct fl_ports ports;
    bool selected[16];
    struct fl_view_from from;
};

static struct fleet_pod *add(struct world *world, const char *name)
{
    struct fleet_pod *pod = fl_pod_new();

    assert_non_null(pod);
    fleet_pod_set(pod, FLEET_POD_NAME, name);
    fleet_pod_set(pod, FLEET_POD_ID, name);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "203.0.113.7");
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, 40022);
    assert_int_equal(
        fl_fleet_add(&world->fleet, &world->cohort, &world->listing, pod, NULL),
        FLEET_OK);
    return pod;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    if (!world || fl_cohort_init(&world->cohort, "arena", NULL, NULL) < 0)
        return -1;
    world->settings.ssh_user = (char *)"root";
    world->settings.proxy_user = (char *)"root";
    world->listing = (struct fl_listing){.name = "local", .ok = true};
    memset(world->selected, 1, sizeof(world->selected));
    world->from = (struct fl_view_from){
        .settings = &world->settings,
        .cohort = &world->cohort,
        .fleet = &world->fleet,
        .selected = world->selected,
        .ports = &world->ports,
        .host_keys = "pinned",
    };
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    fl_ports_clear(&world->ports);
    fl_fleet_clear(&world->fleet);
    fl_cohort_clear(&world->cohort);
    free(world);
    return 0;
}

static void look(struct world *world, struct fleet_view *view,
                 struct fl_strv *left_out)
{
    struct fleet_error err = {0};

    assert_int_equal(fl_fleet_sort(&world->fleet, &err), FLEET_OK);
    if (fl_view_init(view, &world->from, &err) < 0 ||
        fl_view_fill(view, &world->from, left_out, &err) < 0)
        fail_msg("%s", err.text);
}

static void shows_what_the_host_knows(void **state)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
    struct world *world = *state;
    struct fleet_pod *pod = add(world, "arena-apple");
    const struct fleet_pod *seen;
    int64_t port = 0;

    fleet_pod_set(pod, FLEET_POD_SHORT, "liar");
    fleet_pod_set(pod, FLEET_POD_PROVIDER, "liar");
    fleet_pod_set_number(pod, FLEET_POD_PROXY_PORT, 1);
    assert_int_equal(fl_ports_add(&world->ports, "arena-apple", 12000), 0);
    assert_int_equal(fl_ports_add(&world->ports, "arena-gone", 12001), 0);
    world->settings.proxy_host = (char *)"proxy.example.org";
    look(world, &view, &left_out);
    assert_int_equal(left_out.n, 0);
    assert_int_equal(fleet_view_count(&view), 1);
    assert_null(fleet_view_pod(&view, 1));
    seen = fleet_view_pod(&view, 0);
    assert_string_equal(fleet_pod_get(seen, FLEET_POD_SHORT), "apple");
    assert_string_equal(fleet_pod_get(seen, FLEET_POD_PROVIDER), "local");
    assert_string_equal(fleet_pod_get(seen, FLEET_POD_SSH_USER), "root");
    assert_int_equal(fleet_pod_get_number(seen, FLEET_POD_PROXY_PORT, 0),
                     12000);
    assert_string_equal(fleet_view_host(&view, seen), "203.0.113.7");
    assert_int_equal(fleet_view_port(&view, seen), 40022);
    assert_string_equal(fleet_view_kept(&view, 0, &port), "arena-gone");
    assert_int_equal(port, 12001);
    assert_null(fleet_view_kept(&view, 1, &port));
    assert_string_equal(fleet_view_get(&view, FLEET_VIEW_COHORT), "arena");
    assert_string_equal(fleet_view_get(&view, FLEET_VIEW_HOST_KEYS), "pinned");
    assert_null(fleet_view_get(&view, FLEET_VIEW_VIA_PROXY));
    assert_null(fleet_view_get(&view, 0));
    assert_null(fleet_view_get(&view, 99));
}

static void leads_through_the_proxy(void **state)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
    struct world *world = *state;

    add(world, "arena-apple");
    add(world, "arena-birch");
    assert_int_equal(fl_ports_add(&world->ports, "arena-apple", 12000), 0);
    world->settings.proxy_host = (char *)"192.0.2.1";
    world->from.via_proxy = world->from.needs_ports = true;
    look(world, &view, &left_out);
    assert_int_equal(fleet_view_count(&view), 1);
    assert_string_equal(fleet_view_get(&view, FLEET_VIEW_VIA_PROXY), "yes");
    assert_string_equal(fleet_view_host(&view, fleet_view_pod(&view, 0)),
                        "192.0.2.1");
    assert_int_equal(fleet_view_port(&view, fleet_view_pod(&view, 0)), 12000);
    assert_int_equal(left_out.n, 1);
    assert_string_equal(left_out.at[0], "arena-birch: no port on the proxy");
}

/* clang-format off */
static const struct {
    int field;
    const char *text; /* NULL: the number, or unset it when that is 0 */
    int64_t number;
    const char *why;
} faults[] = {
    {FLEET_POD_SSH_HOST, NULL, 0, "arena-odd: no address yet"},
    {FLEET_POD_SSH_PORT, NULL, 0, "arena-odd: no SSH port yet"},
    {FLEET_POD_SSH_HOST, "1.2.3", 0, "arena-odd: its address is not valid"},
    {FLEET_POD_SSH_HOST, "1.2.3.4;", 0,
     "arena-odd: ssh host: not a host name or address"},
    {FLEET_POD_SSH_PORT, NULL, 70000, "arena-odd: ssh port: out of range"},
    {FLEET_POD_SSH_USER, "a b", 0, "arena-odd: ssh user: not a user name"},
    {FLEET_POD_GPU, "\n", 0, "arena-odd: gpu: holds a control character"},
    {FLEET_POD_STATE, NULL, FLEET_STATE_TERMINATING,
     "arena-odd: it is being terminated"},
    {FLEET_POD_NAME, "arena-x; } server {", 0,
     "arena-x; } server {: its name is not valid"},
    {FLEET_POD_NAME, "arena-", 0, NULL}, /* not of this cohort */
};
/* clang-format on */

static void leaves_out_what_is_unusable(void **state)
{
    struct world *world = *state;

    add(world, "arena-apple");
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        FL_AUTO(fl_view_clear) struct fleet_view view = {0};
        FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

        fleet_pod_set(pod, FLEET_POD_NAME, "arena-odd");
        fleet_pod_set(pod, FLEET_POD_SSH_HOST, "203.0.113.8");
        fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, 22);
        if (faults[i].text || !faults[i].number)
            fleet_pod_set(pod, faults[i].field, faults[i].text);
        else
            fleet_pod_set_number(pod, faults[i].field, faults[i].number);
        assert_int_equal(fl_fleet_add(&world->fleet, &world->cohort,
                                      &world->listing, fl_take(pod), NULL),
                         FLEET_OK);
        look(world, &view, &left_out);
        assert_int_equal(fleet_view_count(&view), 1);
        assert_int_equal(left_out.n, faults[i].why != NULL);
        if (faults[i].why) {
            assert_string_equal(left_out.at[0], faults[i].why);
            fl_fleet_remove(&world->fleet, &world->fleet.members[1]);
        }
    }
}

static void does_not_guess(void **state)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
    struct world *world = *state;

    add(world, "arena-apple");
    add(world, "arena-apple");
    add(world, "arena-arrow");
    world->fleet.members[2].unconfirmed = true;
    look(world, &view, &left_out);
    assert_int_equal(fleet_view_count(&view), 0);
    assert_int_equal(left_out.n, 3);
    assert_string_equal(left_out.at[0], "arena-apple: there are two of that "
                                        "name; terminate one by its id");
    assert_string_equal(left_out.at[2], "arena-arrow: no provider lists it");
}

static void has_what_is_selected(void **state)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
    struct world *world = *state;

    add(world, "arena-apple");
    add(world, "arena-arrow");
    world->selected[0] = false;
    world->from.ports = NULL;
    look(world, &view, &left_out);
    assert_int_equal(fleet_view_count(&view), 1);
    assert_string_equal(fleet_pod_get(fleet_view_pod(&view, 0), FLEET_POD_NAME),
                        "arena-arrow");
    assert_int_equal(left_out.n, 0);
}

static void refuse(struct world *world, const char *text)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    struct fleet_error err = {0};

    assert_int_equal(fl_view_init(&view, &world->from, &err), FLEET_ECONFIG);
    if (!strstr(err.text, text))
        fail_msg("'%s' is not in '%s'", text, err.text);
}

static void refuses_settings_that_would_be_more(void **state)
{
    static const char *const paths[] = {"/k\"x",    "/k\nx", "/k$HOME", "/k%h",
                                        "/{{ x }}", "/k\\",  "/k\xff"};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        world->settings.key_path = (char *)paths[i];
        refuse(world, "SHARED_SSH_KEY_PATH");
    }
    world->settings.key_path = NULL;
    world->from.via_proxy = true;
    refuse(world, "SSH_PROXY_HOST: not set");
    world->settings.proxy_host = (char *)"a\nProxyCommand b";
    refuse(world, "SSH_PROXY_HOST: 'a\\x0aProxyCommand b' is no host name");
    world->settings.proxy_host = (char *)"a";
    world->settings.proxy_user = (char *)"a b";
    refuse(world, "SSH_PROXY_USER: 'a b' is no user name");
    world->settings.ssh_user = (char *)"-oProxyCommand=x";
    refuse(world, "SSH_USER");
}

static void names_the_key_as_ssh_understands_it(void **state)
{
    struct world *world = *state;
    const char *home = fl_passwd_home();
    FL_AUTO_FREE char *inside = fl_format("%s/.ssh/key", home);
    FL_AUTO_FREE char *beside = fl_format("%sx/key", home);
    const char *cases[][2] = {
        {inside, "~/.ssh/key"}, {beside, beside}, {"/else/key", "/else/key"}};

    for (size_t i = 0; i < 3; i++) {
        FL_AUTO(fl_view_clear) struct fleet_view view = {0};

        world->settings.key_path = (char *)cases[i][0];
        assert_int_equal(fl_view_init(&view, &world->from, NULL), FLEET_OK);
        assert_string_equal(fleet_view_get(&view, FLEET_VIEW_KEY_PATH),
                            cases[i][1]);
    }
}

static void make_view(void *arg)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv left_out = {0};
    struct world *world = arg;
    struct fleet_error err = {0};
    int rc = fl_view_init(&view, &world->from, &err);

    if (rc == 0)
        rc = fl_view_fill(&view, &world->from, &left_out, &err);
    /* Of a pod that is left out the name may be missing, no more. */
    if (!fl_test_alloc_failed() || rc == FLEET_OK)
        assert_int_equal(left_out.n, 1);
    else
        assert_int_equal(rc, FLEET_ENOMEM);
}

static void memory_may_run_out(void **state)
{
    struct world *world = *state;

    add(world, "arena-apple");
    fleet_pod_set(add(world, "arena-arrow"), FLEET_POD_SSH_HOST, NULL);
    assert_int_equal(fl_ports_add(&world->ports, "arena-x", 12000), 0);
    assert_int_equal(fl_fleet_sort(&world->fleet, NULL), FLEET_OK);
    world->settings.key_path = (char *)"/key";
    world->settings.proxy_host = (char *)"proxy";
    fl_test_each_alloc(make_view, world);
}

#define WORLD_TEST(test_)                                                      \
    cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_hosts_from_what_is_none),
        WORLD_TEST(shows_what_the_host_knows),
        WORLD_TEST(leads_through_the_proxy),
        WORLD_TEST(leaves_out_what_is_unusable),
        WORLD_TEST(does_not_guess),
        WORLD_TEST(has_what_is_selected),
        WORLD_TEST(refuses_settings_that_would_be_more),
        WORLD_TEST(names_the_key_as_ssh_understands_it),
        WORLD_TEST(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
