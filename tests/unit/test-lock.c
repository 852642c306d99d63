/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/lock.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/engine/who.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int take(const char *dir, int64_t ms, struct fl_lock **lock,
                struct fleet_error *err)
{
    return fl_lock_take(dir, "arena", "fleet create -n 20", fl_deadline(ms),
                        NULL, NULL, lock, err);
}

static struct fl_lock *must_take(const char *dir)
{
    struct fleet_error err = {0};
    struct fl_lock *lock = NULL;

    if (take(dir, 10000, &lock, &err) < 0)
        fail_msg("%s", err.text);
    return lock;
}

static void must_not_take(const char *dir, int code, const char *const *words)
{
    struct fleet_error err = {0};
    struct fl_lock *lock = NULL;

    assert_int_equal(take(dir, 30, &lock, &err), code);
    assert_null(lock);
    for (; *words; words++)
        if (!strstr(err.text, *words))
            fail_msg("'%s' is not in '%s'", *words, err.text);
    for (const char *at = err.text; *at; at++)
        assert_false(iscntrl((unsigned char)*at));
}

static char *lock_path(const char *dir)
{
    return fl_path_join(dir, "arena.lock");
}

static char *lock_text(const char *dir)
{
    FL_AUTO_FREE char *path = lock_path(dir);
    struct fl_buf buf;

    fl_buf_init(&buf, 65536);
    assert_int_equal(fl_file_read(path, &buf, NULL), FLEET_OK);
    return fl_buf_take(&buf);
}

/* Both without an allocation, for the test in which those fail. */
static void write_lock(const char *dir, const char *text)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/arena.lock", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* What another process would have left. */
static void write_holder(const char *dir, const char *host, const char *boot,
                         int64_t pid, int64_t start)
{
    char text[4096];

    snprintf(text, sizeof(text),
             "{\"user\":\"maria\",\"host\":\"%s\",\"boot\":\"%s\","
             "\"pid\":%" PRId64 ",\"start\":%" PRId64 ","
             "\"since\":\"2026-11-20T09:12:00Z\","
             "\"command\":\"fleet up\"}",
             host, boot, pid, start);
    write_lock(dir, text);
}

/* A child that holds the lock until it is told to go, or is killed. */
struct other {
    pid_t pid;
    int go; /* closed: drops the lock and ends */
};

static void hold(const char *dir, int ready, int go)
{
    struct fl_lock *lock = NULL;
    char byte = 0;

    if (take(dir, 10000, &lock, NULL) < 0 || write(ready, &byte, 1) != 1 ||
        read(go, &byte, 1) != 0)
        _exit(1);
    fl_lock_drop(lock);
    _exit(0);
}

static struct other start_other(const char *dir)
{
    int ready[2], go[2];
    struct other other;
    char byte;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    other.pid = fork();
    assert_true(other.pid >= 0);
    if (other.pid == 0) {
        close(ready[0]);
        close(go[1]);
        hold(dir, ready[1], go[0]);
    }
    close(ready[1]);
    close(go[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    other.go = go[1];
    return other;
}

static int end_other(struct other other)
{
    int status;

    close(other.go);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
    return status;
}

static void it_is_taken_and_dropped(void **scratch)
{
    FL_AUTO_FREE char *dir = fl_path_join(*scratch, "a/b");

    for (int i = 0; i < 3; i++) {
        struct fl_lock *lock = must_take(dir);
        FL_AUTO_FREE char *held = lock_text(dir);
        FL_AUTO_FREE char *dropped = NULL;

        assert_non_null(strstr(held, "fleet create -n 20"));
        fl_lock_drop(lock);
        dropped = lock_text(dir);
        assert_string_equal(dropped, "");
    }
    errno = EDOM;
    fl_lock_drop(NULL);
    assert_int_equal(errno, EDOM);
}

static void the_file_is_private_whatever_the_umask(void **scratch)
{
    static const mode_t masks[] = {0, 022, 0777};
    FL_AUTO_FREE char *path = lock_path(*scratch);

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        mode_t before = umask(masks[i]);
        struct stat about;

        unlink(path);
        fl_lock_drop(must_take(*scratch));
        umask(before);
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
    }
}

static void two_cohorts_are_apart(void **scratch)
{
    FL_AUTO(fl_lock_drop) struct fl_lock *arena = must_take(*scratch);
    FL_AUTO(fl_lock_drop) struct fl_lock *other = NULL;

    assert_int_equal(
        fl_lock_take(*scratch, "other", "fleet", 0, NULL, NULL, &other, NULL),
        FLEET_OK);
    assert_ptr_not_equal(arena, other);
}

static void a_living_holder_is_named(void **scratch)
{
    struct other other = start_other(*scratch);
    FL_AUTO_FREE char *pid = fl_format("pid %d,", (int)other.pid);
    struct fl_who me;

    fl_who_am_i(&me);
    must_not_take(*scratch, FLEET_ELOCKED,
                  (const char *const[]){"arena", me.user, me.host, pid, "since",
                                        "fleet create -n 20", "wait", NULL});
    assert_int_equal(end_other(other), 0);
    fl_lock_drop(must_take(*scratch));
}

static void a_killed_holder_is_followed(void **scratch)
{
    struct other other = start_other(*scratch);
    FL_AUTO_FREE char *left = NULL;
    struct fl_lock *lock = NULL;

    kill(other.pid, SIGKILL);
    assert_true(WIFSIGNALED(end_other(other)));
    left = lock_text(*scratch);
    assert_true(left[0] == '{');
    assert_int_equal(take(*scratch, 0, &lock, NULL), FLEET_OK);
    fl_lock_drop(lock);
}

struct heard {
    int times;
    struct other other;
    char holder[512];
};

static void let_go(void *arg, const char *holder)
{
    struct heard *heard = arg;

    heard->times++;
    snprintf(heard->holder, sizeof(heard->holder), "%s", holder);
    assert_int_equal(end_other(heard->other), 0);
}

static void who_waits_is_told_once_and_gets_it(void **scratch)
{
    struct heard heard = {.other = start_other(*scratch)};
    struct fl_lock *lock = NULL;

    assert_int_equal(fl_lock_take(*scratch, "arena", "fleet", FL_FOREVER,
                                  let_go, &heard, &lock, NULL),
                     FLEET_OK);
    fl_lock_drop(lock);
    assert_int_equal(heard.times, 1);
    assert_non_null(strstr(heard.holder, "fleet create -n 20"));
}

/* What a file left behind is worth, when the kernel holds no lock on it. */
static void what_is_left_behind_is_judged(void **scratch)
{
    struct fl_who me;
    struct other other = start_other(*scratch);
    int64_t start = fl_process_start(other.pid);
    const struct {
        const char *host, *boot;
        int64_t pid, start;
        bool taken;
    } cases[] = {
        /* here, and dead */
        {me.host, me.boot, INT32_MAX, 5, true},
        /* before the machine booted, the pid is another's now */
        {me.host, "before", other.pid, start, true},
        {me.host, "", other.pid, start, true},
        /* a later process has that pid */
        {me.host, me.boot, other.pid, start + 1, true},
        /* here under another name, and dead */
        {"renamed", me.boot, INT32_MAX, 5, true},
        /* ours, from before */
        {me.host, me.boot, getpid(), fl_process_start(getpid()), true},
        /* alive, but the file system keeps no locks */
        {me.host, me.boot, other.pid, start, false},
        /* elsewhere */
        {"far-away", "before", INT32_MAX, 5, false},
        {"far-away", "", -1, -1, false},
    };

    fl_who_am_i(&me);
    assert_true(start > 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO_FREE char *dir = fl_format("%s/%zu", (char *)*scratch, i);
        struct fl_lock *lock = NULL;
        int rc;

        assert_int_equal(mkdir(dir, 0700), 0);
        write_holder(dir, cases[i].host, cases[i].boot, cases[i].pid,
                     cases[i].start);
        rc = take(dir, 0, &lock, NULL);
        fl_lock_drop(lock);
        if (rc != (cases[i].taken ? FLEET_OK : FLEET_ELOCKED))
            fail_msg("case %zu: %s", i, fleet_code_name(rc));
    }
    assert_int_equal(end_other(other), 0);
}

static void a_holder_elsewhere_is_believed(void **scratch)
{
    FL_AUTO_FREE char *path = lock_path(*scratch);
    FL_AUTO_FREE char *after = NULL;

    write_holder(*scratch, "far-away", "x", 4242, 1);
    must_not_take(*scratch, FLEET_ELOCKED,
                  (const char *const[]){"maria@far-away", "pid 4242",
                                        "2026-11-20T09:12:00Z", "fleet up",
                                        "delete", path, NULL});
    after = lock_text(*scratch);
    assert_non_null(strstr(after, "far-away"));
    assert_int_equal(unlink(path), 0);
    fl_lock_drop(must_take(*scratch));
}

/* All there but a pid that is no number. */
#define TEXT_PID                                                               \
    "{\"user\":\"m\",\"host\":\"far\",\"boot\":\"\",\"pid\":\"4\","            \
    "\"start\":1,\"since\":\"\",\"command\":\"\"}"

static void rubbish_holds_nothing(void **scratch)
{
    static const char *const texts[] = {
        "hello",        "{",
        "{}",           "[1]",
        "{\"user\":1}", "{\"host\":\"far-away\"}",
        "\xff\xfe",     TEXT_PID,
    };
    FL_AUTO_FREE char *large = malloc(100001);

    memset(large, '[', 100000);
    large[100000] = '\0';
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_lock(*scratch, texts[i]);
        fl_lock_drop(must_take(*scratch));
    }
    write_lock(*scratch, large);
    fl_lock_drop(must_take(*scratch));
}

static void a_hostile_holder_stays_within_bounds(void **scratch)
{
    FL_AUTO_FREE char *many = malloc(3001);

    write_holder(*scratch, "far\\u001b[2Jaway\\n\\u202e", "", INT64_MAX, 0);
    must_not_take(
        *scratch, FLEET_ELOCKED,
        (const char *const[]){"far\\x1b[2Jaway\\x0a\\u{202e}", "delete", NULL});
    memset(many, 'x', 3000);
    many[3000] = '\0';
    write_holder(*scratch, many, "", 1, 0);
    must_not_take(*scratch, FLEET_ELOCKED,
                  (const char *const[]){"maria@xxx", "delete", NULL});
}

static void an_odd_command_is_no_obstacle(void **scratch)
{
    FL_AUTO_FREE char *text = NULL;
    FL_AUTO_FREE char *command = malloc(50001);
    struct fl_lock *lock = NULL;

    memset(command, '\xff', 50000);
    command[50000] = '\0';
    assert_int_equal(
        fl_lock_take(*scratch, "arena", command, 0, NULL, NULL, &lock, NULL),
        FLEET_OK);
    text = lock_text(*scratch);
    assert_true(strlen(text) < 4096);
    fl_lock_drop(lock);
}

static void a_place_that_cannot_be_used_is_named(void **scratch)
{
    FL_AUTO_FREE char *path = lock_path(*scratch);
    FL_AUTO_FREE char *file = fl_path_join(*scratch, "file");
    const char *const words[] = {path, NULL};
    const char *const at_file[] = {file, NULL};

    assert_int_equal(mkdir(path, 0700), 0);
    must_not_take(*scratch, FLEET_ECONFIG, words);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    must_not_take(*scratch, FLEET_ECONFIG, words);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("target", path), 0);
    must_not_take(*scratch, FLEET_ECONFIG, words);
    assert_int_equal(fl_file_write(file, "", 0, 0600, NULL), 0);
    must_not_take(file, FLEET_ECONFIG, at_file);
}

static void take_over(void *dir)
{
    struct fleet_error err = {0};
    struct fl_lock *lock = NULL;
    struct fl_who me;
    int rc;

    fl_who_am_i(&me);
    write_holder(dir, me.host, me.boot, INT32_MAX, 5);
    rc = take(dir, 0, &lock, &err);
    fl_lock_drop(lock);
    if (fl_test_alloc_failed())
        assert_true(rc == FLEET_OK || rc == FLEET_ENOMEM);
    else
        assert_int_equal(rc, FLEET_OK);
}

static void stand_before(void *dir)
{
    struct fleet_error err = {0};
    struct fl_lock *lock = NULL;
    int rc;

    rc = take(dir, 0, &lock, &err);
    if (rc != FLEET_ELOCKED)
        assert_true(fl_test_alloc_failed() && rc == FLEET_ENOMEM);
}

static void running_out_of_memory_is_told(void **scratch)
{
    struct fl_lock *lock;

    fl_test_each_alloc(take_over, *scratch);
    lock = must_take(*scratch);
    fl_test_each_alloc(stand_before, *scratch);
    fl_lock_drop(lock);
}

static void interrupt(void *arg, const char *holder)
{
    (void)arg;
    (void)holder;
    raise(SIGINT);
}

static void child_cancelled(const char *dir)
{
    struct fleet_error err = {0};
    struct fl_lock *lock = NULL;
    int rc;

    if (fl_cancel_open() < 0)
        _exit(1);
    rc = fl_lock_take(dir, "arena", "fleet", FL_FOREVER, interrupt, NULL, &lock,
                      &err);
    _exit(rc == FLEET_ECANCELLED && !lock && strstr(err.text, "pid") ? 0 : 1);
}

static void waiting_ends_with_ctrl_c(void **scratch)
{
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = must_take(*scratch);
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        child_cancelled(*scratch);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_non_null(lock);
}

#define PROCESSES 4
#define EACH      25

/* Reads, waits for a moment, writes one more: only safe under the lock. */
static int count_up(const char *dir, const char *file)
{
    for (int i = 0; i < EACH; i++) {
        FL_AUTO(fl_lock_drop) struct fl_lock *lock = NULL;
        FL_AUTO(close) int fd = -1;
        int number = 0;

        if (take(dir, 60000, &lock, NULL) < 0)
            return 1;
        fd = open(file, O_RDWR | O_CREAT, 0600);
        if (pread(fd, &number, sizeof(number), 0) < 0)
            return 1;
        number++;
        sched_yield();
        if (pwrite(fd, &number, sizeof(number), 0) != sizeof(number))
            return 1;
    }
    return 0;
}

static void only_one_at_a_time(void **scratch)
{
    FL_AUTO_FREE char *file = fl_path_join(*scratch, "count");
    FL_AUTO(close) int fd = -1;
    pid_t pids[PROCESSES];
    int number = 0;

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(count_up(*scratch, file));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    fd = open(file, O_RDONLY);
    assert_int_equal(read(fd, &number, sizeof(number)), sizeof(number));
    assert_int_equal(number, PROCESSES * EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(it_is_taken_and_dropped),
        SCRATCH_TEST(the_file_is_private_whatever_the_umask),
        SCRATCH_TEST(two_cohorts_are_apart),
        SCRATCH_TEST(a_living_holder_is_named),
        SCRATCH_TEST(a_killed_holder_is_followed),
        SCRATCH_TEST(who_waits_is_told_once_and_gets_it),
        SCRATCH_TEST(what_is_left_behind_is_judged),
        SCRATCH_TEST(a_holder_elsewhere_is_believed),
        SCRATCH_TEST(rubbish_holds_nothing),
        SCRATCH_TEST(a_hostile_holder_stays_within_bounds),
        SCRATCH_TEST(an_odd_command_is_no_obstacle),
        SCRATCH_TEST(a_place_that_cannot_be_used_is_named),
        SCRATCH_TEST(waiting_ends_with_ctrl_c),
        SCRATCH_TEST(only_one_at_a_time),
        SCRATCH_TEST(running_out_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
