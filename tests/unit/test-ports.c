/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ports.h"

#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <string.h>
#include <sys/stat.h>

static void make_cohort(struct fl_cohort *cohort)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};

    assert_int_equal(fl_strv_split(&names, "apple birch cedar", " "), 0);
    assert_int_equal(fl_cohort_init(cohort, "arena", &names, NULL), FLEET_OK);
}

/* clang-format off */
static const struct {
    const char *text;
    const char *apple; /* port, or what the error says */
    int64_t port;
    size_t n;
} deployed[] = {
    {"", NULL, 0, 0},
    {"upstream x {}\n#fleet: pod name=arena-apple port=1\n", NULL, 0, 0},
    {"# fleet: pod name=arena-apple port=12000 target=1.2.3.4:22 provider=x "
     "id=port=7\n", NULL, 12000, 1},
    {"# fleet: pod name=arena-apple port=12000", NULL, 12000, 1},
    {"# fleet: pod port=12000 name=arena-apple\r\n", NULL, 12000, 1},
    {"# fleet: kept name=arena-apple port=1\n# fleet: news of the day\n", NULL,
     1, 1},
    {"# fleet: cohort arena, 2 pods, written now\n"
     "# fleet: pod name=arena-apple port=65535\n"
     "# fleet: kept name=arena-zoe port=2\n", NULL, 65535, 2},
    {"# fleet: cohort other, 2 pods\n", "of cohort 'other', not of arena", 0, 0},
    {"# fleet: cohort aren\n", "of cohort 'aren'", 0, 0},
    {"\n\n# fleet: pod name=other-apple port=1\n",
     "old.conf:3: 'other-apple' is no name of cohort arena", 0, 0},
    {"# fleet: pod name=arena- port=1\n", "is no name", 0, 0},
    {"# fleet: pod name=arena-x; port=1\n", "'arena-x;' is no name", 0, 0},
    {"# fleet: pod port=1\n", "'' is no name", 0, 0},
    {"# fleet: pod name=arena-apple\n", "no port from 1 to 65535", 0, 0},
    {"# fleet: pod name=arena-apple port=0\n", "no port from 1", 0, 0},
    {"# fleet: pod name=arena-apple port=65536\n", "no port from 1", 0, 0},
    {"# fleet: pod name=arena-apple port=-1\n", "no port from 1", 0, 0},
    {"# fleet: pod name=arena-apple port=12x\n", "no port from 1", 0, 0},
    {"# fleet: pod name=arena-apple port=1\n"
     "# fleet: pod name=arena-apple port=2\n",
     "old.conf:2: arena-apple has a port already", 0, 0},
    {"# fleet: pod name=arena-apple port=1\n"
     "# fleet: kept name=arena-birch port=1\n", "port 1 is taken already", 0, 0},
};
/* clang-format on */

static void reads_a_deployed_file(void **state)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};

    (void)state;
    make_cohort(&cohort);
    for (size_t i = 0; i < sizeof(deployed) / sizeof(*deployed); i++) {
        FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
        struct fleet_error err = {0};
        int rc = fl_ports_parse(&cohort, "old.conf", deployed[i].text,
                                strlen(deployed[i].text), &ports, &err);

        if (rc != (deployed[i].apple ? FLEET_ECONFIG : FLEET_OK))
            fail_msg("%zu: %d '%s'", i, rc, err.text);
        if (deployed[i].apple && !strstr(err.text, deployed[i].apple))
            fail_msg("%zu: '%s'", i, err.text);
        assert_int_equal(ports.n, deployed[i].n);
        assert_int_equal(fl_ports_get(&ports, "arena-apple"), deployed[i].port);
    }
}

static void a_line_has_an_end(void **state)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    static const char nul[] = "# fleet: pod name=arena-apple\0 port=1\n";
    char text[8000] = "# fleet: pod name=arena-apple port=1";

    (void)state;
    make_cohort(&cohort);
    memset(text + strlen(text), ' ', sizeof(text) - strlen(text));
    assert_int_equal(
        fl_ports_parse(&cohort, "x", text, sizeof(text), &ports, NULL),
        FLEET_ECONFIG);
    assert_int_equal(
        fl_ports_parse(&cohort, "x", nul, sizeof(nul) - 1, &ports, NULL),
        FLEET_ECONFIG);
    assert_int_equal(ports.n, 0);
}

static void gives_the_next_free_ones(void **state)
{
    static const char *const names[] = {"a", "b", "c", "b"};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_ports_add(&ports, "z", 100), FLEET_OK);
    assert_int_equal(fl_ports_add(&ports, "c", 102), FLEET_OK);
    assert_int_equal(fl_ports_plan(&ports, names, 4, 99, &err), FLEET_OK);
    assert_int_equal(ports.n, 4);
    assert_int_equal(fl_ports_get(&ports, "a"), 99);
    assert_int_equal(fl_ports_get(&ports, "b"), 101);
    assert_int_equal(fl_ports_get(&ports, "c"), 102);
    assert_int_equal(fl_ports_get(&ports, "d"), 0);
}

static void stays_below_what_the_kernel_takes(void **state)
{
    static const char *const names[] = {"a", "b"};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_ports_plan(&ports, names, 2, FL_PORT_LAST, &err),
                     FLEET_ECONFIG);
    assert_string_equal(err.text, "b: no port is left from 32767 to 32767; set "
                                  "SSH_PROXY_STARTING_PORT to a lower one");
    assert_int_equal(fl_ports_plan(&ports, names, 2, 40000, &err),
                     FLEET_ECONFIG);
}

/* An engine with nothing but a cohort and a place for its state. */
static void open_engine(struct fl_engine *engine, const char *dir)
{
    engine->state_dir = strdup(dir);
    assert_non_null(engine->state_dir);
    engine->settings.proxy_starting_port = 12000;
    make_cohort(&engine->cohort);
}

static int give(struct fl_engine *engine, const char *words,
                const struct fl_ports *already, struct fl_ports *out,
                struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    struct fl_ports_job job = {.engine = engine,
                               .names = &names,
                               .deployed = already,
                               .command = "test"};

    assert_int_equal(fl_strv_split(&names, words, " "), FLEET_OK);
    return fl_ports_give(&job, out, err);
}

static void a_port_is_given_once(void **scratch)
{
    struct fl_engine engine = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports first = {0}, second = {0};

    open_engine(&engine, *scratch);
    assert_int_equal(give(&engine, "arena-other arena-cedar arena-apple", NULL,
                          &first, NULL),
                     FLEET_OK);
    assert_int_equal(fl_ports_get(&first, "arena-apple"), 12000);
    assert_int_equal(fl_ports_get(&first, "arena-cedar"), 12001);
    assert_int_equal(fl_ports_get(&first, "arena-other"), 12002);
    fl_engine_close(&engine);
    open_engine(&engine, *scratch);
    assert_int_equal(
        give(&engine, "arena-birch arena-cedar", NULL, &second, NULL),
        FLEET_OK);
    assert_int_equal(second.n, 4);
    assert_int_equal(fl_ports_get(&second, "arena-apple"), 12000);
    assert_int_equal(fl_ports_get(&second, "arena-cedar"), 12001);
    assert_int_equal(fl_ports_get(&second, "arena-birch"), 12003);
    for (size_t i = 0; i + 1 < second.n; i++)
        assert_true(second.at[i].port < second.at[i + 1].port);
    fl_engine_close(&engine);
}

static void nothing_is_written_without_need(void **scratch)
{
    FL_AUTO_FREE char *file = fl_path_join(*scratch, "arena.db");
    FL_AUTO_FREE char *lock = fl_path_join(*scratch, "arena.lock");
    struct fl_engine engine = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports none = {0}, one = {0}, same = {0};
    struct stat before, after;

    open_engine(&engine, *scratch);
    assert_int_equal(give(&engine, "", NULL, &none, NULL), FLEET_OK);
    assert_int_equal(stat(file, &before), -1);
    assert_int_equal(give(&engine, "arena-apple", NULL, &one, NULL), FLEET_OK);
    fl_engine_close(&engine);
    assert_int_equal(stat(file, &before), 0);
    assert_int_equal(unlink(lock), 0);
    open_engine(&engine, *scratch);
    assert_int_equal(give(&engine, "arena-apple", NULL, &same, NULL), FLEET_OK);
    assert_int_equal(stat(lock, &after), -1);
    fl_engine_close(&engine);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void lost_ports_come_back(void **scratch)
{
    struct fl_engine engine = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports already = {0}, ports = {0};

    open_engine(&engine, *scratch);
    assert_int_equal(fl_ports_add(&already, "arena-cedar", 12000), FLEET_OK);
    assert_int_equal(fl_ports_add(&already, "arena-gone", 12001), FLEET_OK);
    assert_int_equal(
        give(&engine, "arena-apple arena-cedar", &already, &ports, NULL),
        FLEET_OK);
    assert_int_equal(fl_ports_get(&ports, "arena-cedar"), 12000);
    assert_int_equal(fl_ports_get(&ports, "arena-gone"), 12001);
    assert_int_equal(fl_ports_get(&ports, "arena-apple"), 12002);
    assert_int_equal(engine.warnings.n, 0);
    fl_engine_close(&engine);
}

static void the_state_is_right_where_they_differ(void **scratch)
{
    struct fl_engine engine = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports already = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports first = {0}, ports = {0};

    open_engine(&engine, *scratch);
    assert_int_equal(give(&engine, "arena-apple", NULL, &first, NULL),
                     FLEET_OK);
    assert_int_equal(fl_ports_add(&already, "arena-apple", 13000), FLEET_OK);
    assert_int_equal(fl_ports_add(&already, "arena-birch", 12000), FLEET_OK);
    assert_int_equal(
        give(&engine, "arena-apple arena-birch", &already, &ports, NULL),
        FLEET_OK);
    assert_int_equal(fl_ports_get(&ports, "arena-apple"), 12000);
    assert_int_equal(fl_ports_get(&ports, "arena-birch"), 12001);
    assert_int_equal(engine.warnings.n, 2);
    assert_string_equal(engine.warnings.at[0],
                        "the deployed file gives port 13000 to arena-apple, "
                        "but here it has 12000: that counts");
    assert_string_equal(engine.warnings.at[1],
                        "the deployed file gives port 12000 to arena-birch, "
                        "but here arena-apple has 12000: that counts");
    fl_engine_close(&engine);
}

static void all_or_none(void **scratch)
{
    struct fl_engine engine = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fleet_error err = {0};

    open_engine(&engine, *scratch);
    engine.settings.proxy_starting_port = FL_PORT_LAST;
    assert_int_equal(
        give(&engine, "arena-apple arena-birch", NULL, &ports, &err),
        FLEET_ECONFIG);
    assert_int_equal(ports.n, 0);
    fl_engine_close(&engine);
    open_engine(&engine, *scratch);
    assert_int_equal(give(&engine, "", NULL, &ports, NULL), FLEET_OK);
    assert_int_equal(ports.n, 0);
    fl_engine_close(&engine);
}

static void shows_them_in_the_fleet(void **state)
{
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fleet_pod *pods[] = {fl_pod_new(), fl_pod_new()};
    struct fl_member members[] = {{.pod = pods[0]}, {.pod = pods[1]}};
    struct fl_fleet fleet = {.members = members, .n_members = 2};

    (void)state;
    fleet_pod_set(pods[0], FLEET_POD_NAME, "arena-apple");
    fleet_pod_set(pods[1], FLEET_POD_NAME, "arena-birch");
    fleet_pod_set_number(pods[1], FLEET_POD_PROXY_PORT, 22); /* a lie */
    assert_int_equal(fl_ports_add(&ports, "arena-apple", 12000), FLEET_OK);
    fl_ports_show(&ports, &fleet);
    assert_int_equal(fleet_pod_get_number(pods[0], FLEET_POD_PROXY_PORT, 0),
                     12000);
    assert_int_equal(fleet_pod_get_number(pods[1], FLEET_POD_PROXY_PORT, 0), 0);
    fl_pod_free(pods[0]);
    fl_pod_free(pods[1]);
}

static void parse_and_plan(void *arg)
{
    static const char text[] = "# fleet: cohort arena, 1 pod\n"
                               "# fleet: pod name=arena-birch port=12000\n";
    static const char *const names[] = {"arena-apple", "arena-birch"};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    int rc = fl_ports_parse(arg, "x", text, strlen(text), &ports, NULL);

    if (rc == 0)
        rc = fl_ports_plan(&ports, names, 2, 12000, NULL);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};

    (void)state;
    make_cohort(&cohort);
    fl_test_each_alloc(parse_and_plan, &cohort);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_deployed_file),
        cmocka_unit_test(a_line_has_an_end),
        cmocka_unit_test(gives_the_next_free_ones),
        cmocka_unit_test(stays_below_what_the_kernel_takes),
        SCRATCH_TEST(a_port_is_given_once),
        SCRATCH_TEST(nothing_is_written_without_need),
        SCRATCH_TEST(lost_ports_come_back),
        SCRATCH_TEST(the_state_is_right_where_they_differ),
        SCRATCH_TEST(all_or_none),
        cmocka_unit_test(shows_them_in_the_fleet),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
