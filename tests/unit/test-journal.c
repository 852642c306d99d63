/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/journal.h"

#include "core/base/clock.h"
#include "tests/unit/scratch.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fl_state *open_in(const char *dir)
{
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    if (fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(news);
    return state;
}

static int64_t begin_run(struct fl_state *state)
{
    int64_t run = 0;

    assert_int_equal(
        fl_journal_run_begin(state, "fleet create -n 20", &run, NULL), 0);
    assert_true(run > 0);
    return run;
}

static int64_t begin(struct fl_state *state, int64_t run, const char *op,
                     const char *name, const char *detail)
{
    struct fl_intent intent = {.op = (char *)op,
                               .name = (char *)name,
                               .provider = (char *)"local",
                               .token = (char *)"c-token",
                               .detail = (char *)detail};
    struct fleet_error err = {0};
    int64_t id = 0;

    if (fl_journal_begin(state, run, &intent, &id, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static void end(struct fl_state *state, int64_t id, const char *result)
{
    struct fleet_error err = {0};

    if (fl_journal_end(state, id, result, NULL, NULL, NULL, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_run_says_who_and_when(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_run_list_clear) struct fl_run_list runs = {0};
    int64_t first = begin_run(state), second = begin_run(state);
    int64_t now = time(NULL);
    char host[256] = "";

    gethostname(host, sizeof(host) - 1);
    assert_int_equal(fl_journal_run_end(state, first, 3, NULL), FLEET_OK);
    assert_int_equal(fl_journal_runs(state, 0, &runs, NULL), FLEET_OK);
    assert_int_equal(runs.n, 2);
    assert_true(runs.at[0].id == second);
    assert_int_equal(runs.at[0].status, -1);
    assert_null(runs.at[0].ended_at);
    assert_true(runs.at[1].id == first);
    assert_int_equal(runs.at[1].status, 3);
    assert_true(fl_stamp_parse(runs.at[1].started_at) >= now - 60);
    assert_true(fl_stamp_parse(runs.at[1].ended_at) >= now - 60);
    assert_string_equal(runs.at[1].command, "fleet create -n 20");
    assert_string_equal(runs.at[1].host, host);
    assert_true(runs.at[1].pid == getpid());
    assert_true(runs.at[1].user[0] != '\0');
}

static void a_run_ends_once(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    int64_t run = begin_run(state);

    assert_int_equal(fl_journal_run_end(state, run, 0, NULL), FLEET_OK);
    assert_int_equal(fl_journal_run_end(state, run, 1, NULL), FLEET_EINTERNAL);
    assert_int_equal(fl_journal_run_end(state, 99, 0, NULL), FLEET_EINTERNAL);
}

static void a_long_command_is_cut(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_run_list_clear) struct fl_run_list runs = {0};
    FL_AUTO_FREE char *command = malloc(100001);
    int64_t run;

    memset(command, 'x', 100000);
    command[100000] = '\0';
    assert_int_equal(fl_journal_run_begin(state, command, &run, NULL), 0);
    assert_int_equal(fl_journal_runs(state, 1, &runs, NULL), FLEET_OK);
    assert_int_equal(strlen(runs.at[0].command), 4096);
}

static void an_intent_is_open_until_it_ends(void **scratch)
{
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list all = {0};
    struct fl_state *state = open_in(*scratch);
    int64_t run = begin_run(state);
    int64_t first = begin(state, run, "create", "arena-apple", "local");
    int64_t second = begin(state, run, "create", "arena-banana", NULL);

    assert_true(first != second);
    assert_int_equal(fl_journal_end(state, second, "capacity", "p-7",
                                    "nothing left", NULL, NULL, NULL),
                     FLEET_OK);
    fl_state_close(state);

    state = open_in(*scratch);
    assert_int_equal(fl_journal_open_intents(state, &open, NULL), FLEET_OK);
    assert_int_equal(open.n, 1);
    assert_true(open.at[0].id == first);
    assert_true(open.at[0].run == run);
    assert_string_equal(open.at[0].op, "create");
    assert_string_equal(open.at[0].name, "arena-apple");
    assert_string_equal(open.at[0].provider, "local");
    assert_string_equal(open.at[0].token, "c-token");
    assert_string_equal(open.at[0].detail, "local");
    assert_true(fl_stamp_parse(open.at[0].begun_at) > 0);
    assert_null(open.at[0].pod_id);
    assert_null(open.at[0].ended_at);
    assert_null(open.at[0].result);
    assert_null(open.at[0].message);

    assert_int_equal(fl_journal_history(state, "arena-banana", 0, &all, NULL),
                     FLEET_OK);
    assert_int_equal(all.n, 1);
    assert_string_equal(all.at[0].result, "capacity");
    assert_string_equal(all.at[0].pod_id, "p-7");
    assert_string_equal(all.at[0].message, "nothing left");
    assert_true(fl_stamp_parse(all.at[0].ended_at) > 0);
    fl_state_close(state);
}

static void the_oldest_open_one_comes_first(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    int64_t died = begin_run(state);
    int64_t first = begin(state, died, "terminate", "arena-z", NULL);
    int64_t second = begin(state, begin_run(state), "create", "arena-a", NULL);

    assert_int_equal(fl_journal_open_intents(state, &open, NULL), FLEET_OK);
    assert_int_equal(open.n, 2);
    assert_true(open.at[0].id == first && open.at[1].id == second);
    assert_true(open.at[0].run == died && open.at[1].run != died);
}

static void an_end_keeps_the_id_that_was_known(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list all = {0};
    struct fl_intent intent = {.op = (char *)"terminate",
                               .name = (char *)"arena-apple",
                               .pod_id = (char *)"p-1"};
    int64_t id;

    assert_int_equal(
        fl_journal_begin(state, begin_run(state), &intent, &id, NULL), 0);
    end(state, id, "ok");
    assert_int_equal(fl_journal_history(state, NULL, 0, &all, NULL), FLEET_OK);
    assert_string_equal(all.at[0].pod_id, "p-1");
}

/* A rename: the old name goes and the new one comes, or neither. */
static void an_end_changes_what_is_known(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    struct fl_known apple = {.name = (char *)"arena-apple"};
    struct fl_known pear = {.name = (char *)"arena-pear"};
    struct fl_known nameless = {.id = (char *)"p-1"};
    int64_t id = begin(state, begin_run(state), "rename", "arena-apple", NULL);

    assert_int_equal(fl_state_put(state, &apple, NULL), FLEET_OK);
    assert_int_equal(fl_journal_end(state, id, "ok", NULL, NULL, &nameless,
                                    "arena-apple", NULL),
                     FLEET_EINTERNAL);
    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    assert_int_equal(list.n, 1);
    fl_known_list_clear(&list);

    assert_int_equal(
        fl_journal_end(state, id, "ok", NULL, NULL, &pear, "arena-apple", NULL),
        FLEET_OK);
    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.at[0].name, "arena-pear");
}

static void what_is_not_open_cannot_end(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    struct fl_known apple = {.name = (char *)"arena-apple"};
    struct fleet_error err = {0};
    int64_t id = begin(state, begin_run(state), "create", "arena-apple", NULL);

    end(state, id, "absent");
    assert_int_equal(
        fl_journal_end(state, id, "ok", NULL, NULL, &apple, NULL, &err),
        FLEET_EINTERNAL);
    assert_non_null(strstr(err.text, "is not open"));
    assert_int_equal(
        fl_journal_end(state, 4711, "ok", NULL, NULL, &apple, NULL, &err),
        FLEET_EINTERNAL);
    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    assert_int_equal(list.n, 0);
}

static void an_intent_needs_a_run_a_name_and_an_op(void **scratch)
{
    static const struct {
        const char *op, *name;
        int64_t run_offset;
    } cases[] = {
        {NULL, "arena-apple", 0},
        {"create", NULL, 0},
        {"create", "arena-apple", 1},
    };
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    int64_t run = begin_run(state);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fl_intent intent = {.op = (char *)cases[i].op,
                                   .name = (char *)cases[i].name};
        int64_t id = -5;

        assert_int_equal(fl_journal_begin(state, run + cases[i].run_offset,
                                          &intent, &id, NULL),
                         FLEET_EINTERNAL);
        assert_true(id == -5);
    }
    assert_int_equal(fl_journal_open_intents(state, &open, NULL), FLEET_OK);
    assert_int_equal(open.n, 0);
}

static void history_follows_a_name(void **scratch)
{
    static const struct {
        const char *name;
        int limit;
        const char *ops;
    } cases[] = {
        {NULL, 0, "stop rename terminate rename create "},
        {NULL, 2, "stop rename "},
        {"arena-apple", 0, "rename rename create "},
        {"arena-apple", 1, "rename "},
        {"arena-pear", 0, "terminate rename "},
        {"arena-offer", 0, ""},
        {"arena-fig", 0, "stop rename "},
        {"arena", 0, ""},
        {"", 0, ""},
        {"%", 0, ""},
    };
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    int64_t run = begin_run(state);

    begin(state, run, "create", "arena-apple", "arena-offer");
    begin(state, run, "rename", "arena-apple", "arena-pear");
    begin(state, run, "terminate", "arena-pear", NULL);
    begin(state, run, "rename", "arena-fig", "arena-apple");
    begin(state, run, "stop", "arena-fig", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO(fl_intent_list_clear) struct fl_intent_list list = {0};
        FL_AUTO(fl_buf_clear) struct fl_buf ops;

        fl_buf_init(&ops, 4096);
        assert_int_equal(fl_journal_history(state, cases[i].name,
                                            cases[i].limit, &list, NULL),
                         FLEET_OK);
        for (size_t k = 0; k < list.n; k++)
            fl_buf_printf(&ops, "%s ", list.at[k].op);
        assert_string_equal(fl_buf_text(&ops), cases[i].ops);
    }
}

static void tokens_are_new_every_time(void **scratch)
{
    enum { COUNT = 500 };
    static char tokens[COUNT][33];
    bool seen[256] = {false};
    size_t letters = 0;

    (void)scratch;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(fl_token_new(tokens[i], NULL), FLEET_OK);
        assert_int_equal(strlen(tokens[i]), 28);
        assert_memory_equal(tokens[i], "c-", 2);
        assert_int_equal(
            strspn(tokens[i] + 2, "0123456789abcdefghijklmnopqrstuvwxyz"), 26);
        for (size_t k = 2; tokens[i][k]; k++)
            seen[(unsigned char)tokens[i][k]] = true;
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(tokens[i], tokens[k]);
    }
    for (size_t i = 0; i < 256; i++)
        letters += seen[i];
    assert_int_equal(letters, 36);
}

#define THREADS 8
#define EACH    20

struct worker {
    struct fl_state *state;
    int64_t run;
    int number, failures;
};

static void *journal_many(void *arg)
{
    struct worker *worker = arg;

    for (int i = 0; i < EACH; i++) {
        FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
        FL_AUTO_FREE char *name = fl_format("arena-%d-%d", worker->number, i);
        struct fl_intent intent = {.op = (char *)"create", .name = name};
        struct fl_known known = {.name = name, .id = name};
        int64_t id = 0;

        worker->failures += fl_journal_begin(worker->state, worker->run,
                                             &intent, &id, NULL) < 0;
        worker->failures +=
            fl_journal_open_intents(worker->state, &open, NULL) < 0;
        worker->failures += open.n == 0;
        if (i % 2)
            worker->failures += fl_journal_end(worker->state, id, "ok", name,
                                               NULL, &known, NULL, NULL) < 0;
    }
    return NULL;
}

static void threads_share_it(void **scratch)
{
    FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
    FL_AUTO(fl_known_list_clear) struct fl_known_list known = {0};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    int64_t run = begin_run(state);

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){state, run, i, 0};
        assert_int_equal(
            pthread_create(&threads[i], NULL, journal_many, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(fl_journal_open_intents(state, &open, NULL), FLEET_OK);
    assert_int_equal(fl_state_known(state, &known, NULL), FLEET_OK);
    assert_int_equal(open.n, THREADS * EACH / 2);
    assert_int_equal(known.n, THREADS * EACH / 2);
}

/* Tells the id of each intent once it is on disk, negative once it has ended;
 * goes on until it is killed. */
static void write_for_ever(const char *dir, int out)
{
    struct fl_state *state = NULL;
    char *news = NULL;
    int64_t run, id;

    if (fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, NULL) < 0 ||
        fl_journal_run_begin(state, "fleet", &run, NULL) < 0)
        _exit(1);
    for (int i = 0;; i++) {
        FL_AUTO_FREE char *name = fl_format("arena-%d-%d", (int)getpid(), i);
        struct fl_intent intent = {.op = (char *)"create", .name = name};
        struct fl_known known = {.name = name};

        if (fl_journal_begin(state, run, &intent, &id, NULL) < 0 ||
            write(out, &id, sizeof(id)) != sizeof(id))
            _exit(1);
        if (fl_journal_end(state, id, "ok", NULL, NULL, &known, NULL, NULL) < 0)
            _exit(1);
        id = -id;
        if (write(out, &id, sizeof(id)) != sizeof(id))
            _exit(1);
    }
}

struct told {
    size_t begun, ended;
};

/* Kills a writer once it has told of COUNT steps; what it told until then. */
static struct told kill_after(const char *dir, size_t count)
{
    struct told told = {0, 0};
    int pipes[2], status;
    int64_t id;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        write_for_ever(dir, pipes[1]);
    }
    close(pipes[1]);
    for (size_t n = 0; read(pipes[0], &id, sizeof(id)) == sizeof(id); n++) {
        told.begun += id > 0;
        told.ended += id < 0;
        if (n == count)
            kill(pid, SIGKILL);
    }
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return told;
}

/* Nothing that was told is lost, and what is known fits what has ended. */
static void a_killed_writer_loses_nothing(void **scratch)
{
    struct told told = {0, 0};

    for (size_t i = 0; i < 12; i++) {
        FL_AUTO(fl_intent_list_clear) struct fl_intent_list all = {0};
        FL_AUTO(fl_intent_list_clear) struct fl_intent_list open = {0};
        FL_AUTO(fl_known_list_clear) struct fl_known_list known = {0};
        struct told more = kill_after(*scratch, i * 3);
        FL_AUTO(fl_state_close) struct fl_state *state = open_in(*scratch);

        told.begun += more.begun;
        told.ended += more.ended;
        assert_int_equal(fl_journal_history(state, NULL, 0, &all, NULL), 0);
        assert_int_equal(fl_journal_open_intents(state, &open, NULL), 0);
        assert_int_equal(fl_state_known(state, &known, NULL), 0);
        assert_true(all.n >= told.begun);
        assert_true(known.n >= told.ended);
        assert_true(open.n <= i + 1);
        assert_int_equal(all.n, open.n + known.n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_run_says_who_and_when),
        SCRATCH_TEST(a_run_ends_once),
        SCRATCH_TEST(a_long_command_is_cut),
        SCRATCH_TEST(an_intent_is_open_until_it_ends),
        SCRATCH_TEST(the_oldest_open_one_comes_first),
        SCRATCH_TEST(an_end_keeps_the_id_that_was_known),
        SCRATCH_TEST(an_end_changes_what_is_known),
        SCRATCH_TEST(what_is_not_open_cannot_end),
        SCRATCH_TEST(an_intent_needs_a_run_a_name_and_an_op),
        SCRATCH_TEST(history_follows_a_name),
        cmocka_unit_test(tokens_are_new_every_time),
        SCRATCH_TEST(threads_share_it),
        SCRATCH_TEST(a_killed_writer_loses_nothing),
    };

    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
