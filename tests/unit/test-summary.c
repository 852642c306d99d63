/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/cmd/board.h"
#include "core/cmd/summary.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Pods in their hosts, with what two checks have found. */
#define MOST 5
static const struct pod {
    const char *name, *host;
    struct {
        int verdict;
        const char *detail;
        bool unasked;
    } findings[2];
    const char *error; /* of a pod that could not be asked */
} pods[] = {
    {"apple", "127.0.0.1", {{FLEET_PASS, "fine", 0}, {FLEET_PASS, "", 0}}, 0},
    {"arrow",
     "203.0.113.7",
     {{FLEET_PASS, "fine", 0}, {FLEET_FAIL, "0.2 GB free on /", 0}},
     0},
    {"autumn",
     "203.0.113.8",
     {{FLEET_WARN, "slow", 0}, {FLEET_FAIL, "0.7 GB free on /", 0}},
     0},
    {"badger",
     "203.0.113.7",
     {{FLEET_FAIL, "refused", 0}, {FLEET_FAIL, "could not be asked", 1}},
     "refused"},
    {"bamboo",
     "127.0.0.1",
     {{FLEET_FAIL, "could not be asked", 1},
      {FLEET_FAIL, "could not be asked", 1}},
     "port 20001: closed"},
};

static const char expected[] =
    "fail  bad host 203.0.113.7: 2 of its 2 pods fail: arrow badger\n"
    "fail  two: 0.2 GB free on / (or alike): arrow autumn\n"
    "fail  one: refused: badger\n"
    "fail  port 20001: closed: bamboo\n"
    "warn  one: slow: autumn\n";

struct scene {
    struct fl_check checks[2];
    struct fl_member members[MOST];
    struct fl_test_result results[MOST];
    struct fl_finding findings[MOST][2];
};

static void set_scene(struct scene *scene)
{
    *scene = (struct scene){.checks = {{.name = "one"}, {.name = "two"}}};
    for (size_t i = 0; i < MOST; i++) {
        struct fl_test_result *result = &scene->results[i];

        scene->members[i].pod = fl_pod_new();
        assert_non_null(scene->members[i].pod);
        fleet_pod_set(scene->members[i].pod, FLEET_POD_SSH_HOST, pods[i].host);
        scene->members[i].short_name = pods[i].name;
        result->member = &scene->members[i];
        result->findings = scene->findings[i];
        for (size_t k = 0; k < 2; k++)
            scene->findings[i][k] = (struct fl_finding){
                .verdict = pods[i].findings[k].verdict,
                .detail = (char *)pods[i].findings[k].detail,
                .unasked = pods[i].findings[k].unasked};
        result->verdict = i == 0 ? FLEET_PASS : FLEET_FAIL;
        if (pods[i].error) {
            result->stage = "connect";
            fleet_fail(&result->error, FLEET_ETRANSIENT, "%s", pods[i].error);
        }
    }
}

static void clear_scene(struct scene *scene)
{
    for (size_t i = 0; i < MOST; i++)
        fl_pod_free(scene->members[i].pod);
}

static void like_troubles_share_a_line(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4096);
    FL_AUTO(fl_troubles_clear) struct fl_troubles troubles = {0};
    struct scene scene;
    struct fl_checks checks = {.at = scene.checks, .n = 2};
    struct fl_test_results results = {scene.results, MOST, 2};

    (void)state;
    set_scene(&scene);
    assert_int_equal(fl_troubles_find(&checks, &results, &troubles), FLEET_OK);
    for (size_t i = 0; i < troubles.n; i++) {
        fl_trouble_text(&troubles.at[i], &text);
        fl_buf_putc(&text, '\n');
    }
    assert_string_equal(fl_buf_text(&text), expected);
    clear_scene(&scene);
}

static void many_names_are_counted(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4096);
    struct fl_trouble trouble = {.verdict = FLEET_WARN, .text = (char *)"x"};

    (void)state;
    for (int i = 0; i < 25; i++)
        assert_int_equal(fl_strv_add(&trouble.names, "p"), FLEET_OK);
    fl_trouble_text(&trouble, &text);
    assert_string_equal(
        fl_buf_text(&text),
        "warn  x: p p p p p p p p p p p p p p p p p p p p and 5 more");
    fl_strv_clear(&trouble.names);
}

static void find_short_of_memory(void *arg)
{
    struct scene *scene = arg;
    FL_AUTO(fl_troubles_clear) struct fl_troubles troubles = {0};
    struct fl_checks checks = {.at = scene->checks, .n = 2};
    struct fl_test_results results = {scene->results, MOST, 2};
    int rc = fl_troubles_find(&checks, &results, &troubles);

    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void each_allocation_may_fail(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene);
    fl_test_each_alloc(find_short_of_memory, &scene);
    clear_scene(&scene);
}

static const struct fl_board_cell cells[] = {
    {"apple", FL_BOARD_DONE, FLEET_PASS},  {"arrow", FL_BOARD_DONE, FLEET_WARN},
    {"autumn", FL_BOARD_DONE, FLEET_FAIL}, {"badger", FL_BOARD_BUSY, 0},
    {"bamboo", FL_BOARD_WAITING, 0},
};

#define HEAD "tested 3 of 5, 2 s: 1 pass, 1 warn, 1 fail"
static const struct {
    size_t columns, rows;
    bool color;
    const char *text;
} boards[] = {
    {80, 24, false, HEAD "\n+apple  !arrow  xautumn .badger  bamboo "},
    {20, 24, false, HEAD "\n+apple  !arrow  \nxautumn .badger \n bamboo "},
    {20, 5, false, HEAD "\n+apple  !arrow  \nxautumn  +2"},
    {80, 24, true,
     HEAD "\n\033[32m+apple \033[0m \033[33m!arrow \033[0m "
          "\033[31mxautumn\033[0m .badger \033[2m bamboo\033[0m "},
};

static void the_board_fits_the_screen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(4096);

        assert_int_equal(fl_board_text(&text, cells, 5, 2345, boards[i].columns,
                                       boards[i].rows, boards[i].color),
                         FLEET_OK);
        assert_string_equal(fl_buf_text(&text), boards[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_troubles_share_a_line),
        cmocka_unit_test(many_names_are_counted),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_board_fits_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
