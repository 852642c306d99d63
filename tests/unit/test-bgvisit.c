/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/bgvisit.h"

#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID "3f9a1c22"
#define AT "2026-11-26T01:53:47Z"

/* clang-format off */
static const struct {
    const char *text;
    bool is_one;
    struct fl_bg_seen seen;
} lines[] = {
    {ID " running pid 12 began " AT " log 7", true,
     {.state = "running", .status = -1, .pid = 12, .log_bytes = 7, .sent = -1,
      .began = AT}},
    {ID " exited pid 12 exit 3 ended " AT " log 0", true,
     {.state = "exited", .status = 3, .pid = 12, .log_bytes = 0, .sent = -1,
      .ended = AT}},
    {ID " failed why no space: exit 3", true,
     {.state = "failed", .status = -1, .pid = -1, .log_bytes = -1, .sent = -1,
      .why = "no space: exit 3"}},
    {ID " lost sent 2 ", true,
     {.state = "lost", .status = -1, .pid = -1, .log_bytes = -1, .sent = 2}},
    /* what is no number and no time is not taken, nor what nobody knows */
    {ID " exited pid -4 exit x ended yesterday log 1e9 sent 99999999999999999999"
     " color red", true,
     {.state = "exited", .status = -1, .pid = -1, .log_bytes = -1, .sent = -1}},
    {ID " running pid", true,
     {.state = "running", .status = -1, .pid = -1, .log_bytes = -1,
      .sent = -1}},
    {"", false, {.id = ""}},
    {ID, false, {.id = ""}},
    {ID " starting", false, {.id = ""}},
    {ID "0 running", false, {.id = ""}},
    {"short running", false, {.id = ""}},
};
/* clang-format on */

static void lines_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        const struct fl_bg_seen *want = &lines[i].seen;
        struct fl_bg_seen seen;

        assert_int_equal(fl_bg_read(lines[i].text, &seen), lines[i].is_one);
        if (!lines[i].is_one)
            continue;
        assert_string_equal(seen.id, ID);
        assert_string_equal(seen.state, want->state);
        assert_int_equal(seen.status, want->status);
        assert_int_equal(seen.pid, want->pid);
        assert_int_equal(seen.log_bytes, want->log_bytes);
        assert_int_equal(seen.sent, want->sent);
        assert_string_equal(seen.began, want->began);
        assert_string_equal(seen.ended, want->ended);
        assert_string_equal(seen.why, want->why);
    }
}

static void jobs_are_remembered(void **scratch)
{
    struct fl_bgjob one = {(char *)ID, (char *)AT, (char *)"sleep 5"};
    struct fl_bgjob two = {(char *)"3f00aa11", (char *)AT, (char *)"true"};
    struct fl_bgpod pod = {.job = (char *)ID,
                           .name = (char *)"arena-apple",
                           .provider = (char *)"local",
                           .pod_id = (char *)"p-1",
                           .state = (char *)"starting",
                           .status = -1};
    struct fl_bgjobs jobs = {0};
    const struct fl_bgjob *found = NULL;
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    assert_int_equal(
        fl_state_open(*scratch, "arena", FL_STATE_WRITE, &state, &news, &err),
        FLEET_OK);
    assert_int_equal(fl_bgjobs_put(state, &one, &pod, 1, &err), FLEET_OK);
    assert_int_equal(fl_bgjobs_put(state, &two, NULL, 0, &err), FLEET_OK);
    /* The same name again is refused, and changes nothing. */
    assert_true(fl_bgjobs_put(state, &one, &pod, 1, &err) < 0);
    pod.state = (char *)"exited";
    pod.status = 4;
    pod.ended_at = (char *)AT;
    assert_int_equal(fl_bgjobs_put(state, NULL, &pod, 1, &err), FLEET_OK);

    assert_int_equal(fl_bgjobs_load(state, &jobs, &err), FLEET_OK);
    assert_int_equal(jobs.n_jobs, 2);
    assert_int_equal(jobs.n_pods, 1);
    assert_string_equal(jobs.pods[0].state, "exited");
    assert_int_equal(jobs.pods[0].status, 4);
    assert_true(fl_bgpod_ended(&jobs.pods[0]));
    assert_int_equal(fl_bgjobs_find(&jobs, "3f9", &found, &err), FLEET_OK);
    assert_string_equal(found->id, ID);
    assert_int_equal(fl_bgjobs_find(&jobs, "3f", &found, &err), FLEET_EUSAGE);
    assert_int_equal(fl_bgjobs_find(&jobs, "", &found, &err), FLEET_ENOTFOUND);
    assert_int_equal(fl_bgjobs_find(&jobs, "9", &found, &err), FLEET_ENOTFOUND);
    fl_bgjobs_clear(&jobs);

    assert_int_equal(fl_bgjobs_drop(state, ID, &err), FLEET_OK);
    assert_int_equal(fl_bgjobs_load(state, &jobs, &err), FLEET_OK);
    assert_int_equal(jobs.n_jobs, 1);
    assert_int_equal(jobs.n_pods, 0);
    fl_bgjobs_clear(&jobs);
    fl_state_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read),
        SCRATCH_TEST(jobs_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
