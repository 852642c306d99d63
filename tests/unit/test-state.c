/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/state.h"

#include "tests/unit/child.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static struct fl_state *open_in(const char *dir, enum fl_state_mode mode,
                                char **news)
{
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *told = NULL;

    if (fl_state_open(dir, "arena", mode, &state, &told, &err) < 0)
        fail_msg("%s", err.text);
    if (news)
        *news = told;
    else if (told)
        fail_msg("unexpected news: %s", told);
    return state;
}

/* Opening fails with FLEET_ECONFIG and a text that holds each of WORDS. */
static void refuses(const char *dir, enum fl_state_mode mode,
                    const char *const *words)
{
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    assert_int_equal(fl_state_open(dir, "arena", mode, &state, &news, &err),
                     FLEET_ECONFIG);
    assert_null(state);
    assert_null(news);
    for (; *words; words++)
        if (!strstr(err.text, *words))
            fail_msg("'%s' is not in '%s'", *words, err.text);
}

static void put(struct fl_state *state, const char *name)
{
    struct fl_known known = {.name = (char *)name,
                             .provider = (char *)"local",
                             .id = (char *)"p-1",
                             .price_quoted = 250000,
                             .price_actual = -1};

    assert_int_equal(fl_state_put(state, &known, NULL), FLEET_OK);
}

static size_t count(struct fl_state *state)
{
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};

    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    return list.n;
}

static mode_t mode_of(const char *dir, const char *name)
{
    FL_AUTO_FREE char *path = fl_path_join(dir, name);
    struct stat about;

    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static char *slurp(const char *dir, const char *name, size_t *len)
{
    FL_AUTO_FREE char *path = fl_path_join(dir, name);
    struct fl_buf buf;

    fl_buf_init(&buf, 1 << 24);
    assert_int_equal(fl_file_read(path, &buf, NULL), FLEET_OK);
    *len = buf.len;
    return fl_buf_take(&buf);
}

static void spill(const char *dir, const char *name, const char *data,
                  size_t len)
{
    FL_AUTO_FREE char *path = fl_path_join(dir, name);

    assert_int_equal(fl_file_write(path, data, len, 0600, NULL), FLEET_OK);
}

/* Names in DIR but "." and "..". The first with PREFIX is copied out. */
static size_t entries(const char *dir, const char *prefix, char out[256])
{
    FL_AUTO(closedir) DIR *open = opendir(dir);
    struct dirent *entry;
    size_t n = 0;

    assert_non_null(open);
    while ((entry = readdir(open))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        n++;
        if (prefix && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            snprintf(out, 256, "%s", entry->d_name);
    }
    return n;
}

static void files_are_private_whatever_the_umask(void **scratch)
{
    static const mode_t masks[] = {0, 022, 0777};

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        FL_AUTO_FREE char *dir = fl_format("%s/%zu", (char *)*scratch, i);
        mode_t before = umask(masks[i]);
        struct fl_state *state;

        assert_int_equal(mkdir(dir, 0700), 0);
        assert_int_equal(chmod(dir, 0700), 0);
        state = open_in(dir, FL_STATE_WRITE, NULL);
        umask(before);
        assert_int_equal(mode_of(dir, "arena.db"), 0600);
        assert_int_equal(mode_of(dir, "arena.db-wal"), 0600);
        assert_int_equal(mode_of(dir, "arena.db-shm"), 0600);
        fl_state_close(state);
    }
}

static void a_file_that_others_may_read_is_closed_to_them(void **scratch)
{
    FL_AUTO_FREE char *path = fl_path_join(*scratch, "arena.db");

    fl_state_close(open_in(*scratch, FL_STATE_WRITE, NULL));
    assert_int_equal(chmod(path, 0664), 0);
    fl_state_close(open_in(*scratch, FL_STATE_WRITE, NULL));
    assert_int_equal(mode_of(*scratch, "arena.db"), 0600);
}

static void the_directory_is_made_private(void **scratch)
{
    FL_AUTO_FREE char *dir = fl_path_join(*scratch, "a/b");
    mode_t before = umask(0);

    fl_state_close(open_in(dir, FL_STATE_WRITE, NULL));
    umask(before);
    assert_int_equal(mode_of(*scratch, "a/b"), 0700);
}

static void remembers_every_field(void **scratch)
{
    struct fl_known full = {.name = (char *)"arena-apple",
                            .provider = (char *)"local",
                            .id = (char *)"i'\"; DROP TABLE known; --",
                            .token = (char *)"c-1",
                            .price_quoted = INT64_MAX,
                            .price_actual = -1,
                            .currency = (char *)"USD",
                            .host_key = (char *)"ssh-ed25519 AAAA \xc3\xa9",
                            .created_at = (char *)"2026-11-20T09:00:00Z"};
    struct fl_known bare = {
        .name = (char *)"arena-banana", .price_quoted = 0, .price_actual = 1};
    FL_AUTO(fl_state_close)
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};

    assert_int_equal(fl_state_put(state, &bare, NULL), FLEET_OK);
    assert_int_equal(fl_state_put(state, &full, NULL), FLEET_OK);
    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.at[0].name, full.name);
    assert_string_equal(list.at[0].provider, full.provider);
    assert_string_equal(list.at[0].id, full.id);
    assert_string_equal(list.at[0].token, full.token);
    assert_true(list.at[0].price_quoted == INT64_MAX);
    assert_true(list.at[0].price_actual == -1);
    assert_string_equal(list.at[0].currency, full.currency);
    assert_string_equal(list.at[0].host_key, full.host_key);
    assert_string_equal(list.at[0].created_at, full.created_at);
    assert_string_equal(list.at[1].name, bare.name);
    assert_null(list.at[1].provider);
    assert_null(list.at[1].host_key);
    assert_true(list.at[1].price_quoted == 0);
}

static void put_replaces_and_drop_forgets(void **scratch)
{
    struct fl_known changed = {.name = (char *)"arena-apple",
                               .provider = (char *)"other",
                               .price_quoted = -1,
                               .price_actual = -1};
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);

    put(state, "arena-apple");
    put(state, "arena-banana");
    assert_int_equal(fl_state_put(state, &changed, NULL), FLEET_OK);
    assert_int_equal(fl_state_drop(state, "arena-banana", NULL), FLEET_OK);
    assert_int_equal(fl_state_drop(state, "arena-nobody", NULL), FLEET_OK);
    fl_state_close(state);

    state = open_in(*scratch, FL_STATE_WRITE, NULL);
    assert_int_equal(fl_state_known(state, &list, NULL), FLEET_OK);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.at[0].provider, "other");
    assert_null(list.at[0].id);
    fl_state_close(state);
}

static void a_pod_without_a_name_is_refused(void **scratch)
{
    FL_AUTO(fl_state_close)
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);
    struct fl_known known = {.provider = (char *)"local"};
    struct fleet_error err = {0};

    assert_int_equal(fl_state_put(state, &known, &err), FLEET_EINTERNAL);
    assert_non_null(strstr(err.text, "arena.db"));
    assert_int_equal(count(state), 0);
}

static void reading_what_is_missing_makes_nothing(void **scratch)
{
    FL_AUTO_FREE char *dir = fl_path_join(*scratch, "a/b");
    struct fl_state *state = open_in(dir, FL_STATE_READ, NULL);

    assert_int_equal(count(state), 0);
    fl_state_close(state);
    fl_state_close(open_in(*scratch, FL_STATE_READ, NULL));
    assert_int_equal(entries(*scratch, NULL, NULL), 0);
}

static void reading_leaves_no_trace(void **scratch)
{
    FL_AUTO_FREE char *before = NULL, *after = NULL;
    size_t before_len, after_len;
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);
    struct stat old, new;

    put(state, "arena-apple");
    fl_state_close(state);
    before = slurp(*scratch, "arena.db", &before_len);
    assert_int_equal(stat(*scratch, &old), 0);
    state = open_in(*scratch, FL_STATE_READ, NULL);
    assert_int_equal(count(state), 1);
    fl_state_close(state);
    assert_int_equal(stat(*scratch, &new), 0);
    assert_int_equal(old.st_mtim.tv_sec, new.st_mtim.tv_sec);
    assert_int_equal(old.st_mtim.tv_nsec, new.st_mtim.tv_nsec);
    after = slurp(*scratch, "arena.db", &after_len);
    assert_int_equal(entries(*scratch, NULL, NULL), 1);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
}

static void a_reader_sees_what_a_writer_commits(void **scratch)
{
    FL_AUTO(fl_state_close)
    struct fl_state *writer = open_in(*scratch, FL_STATE_WRITE, NULL);
    FL_AUTO(fl_state_close)
    struct fl_state *reader = open_in(*scratch, FL_STATE_READ, NULL);

    assert_int_equal(count(reader), 0);
    put(writer, "arena-apple");
    assert_int_equal(count(reader), 1);
}

static void a_reader_writes_nothing(void **scratch)
{
    struct fl_known known = {.name = (char *)"arena-apple"};
    struct fleet_error err = {0};
    struct fl_state *state;

    state = open_in(*scratch, FL_STATE_READ, NULL);
    assert_int_equal(fl_state_put(state, &known, &err), FLEET_ECONFIG);
    fl_state_close(state);
    fl_state_close(open_in(*scratch, FL_STATE_WRITE, NULL));
    state = open_in(*scratch, FL_STATE_READ, NULL);
    assert_int_equal(fl_state_put(state, &known, &err), FLEET_ECONFIG);
    assert_int_equal(count(state), 0);
    fl_state_close(state);
}

/* Files that are no state of ours, made in the place of a sound one. */
static void exec_on(const char *dir, const char *sql)
{
    FL_AUTO_FREE char *path = fl_path_join(dir, "arena.db");
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void make_noise(const char *dir)
{
    char noise[8192];
    unsigned seed = 1;

    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1103515245u + 12345u;
        noise[i] = (char)(seed >> 16);
    }
    spill(dir, "arena.db", noise, sizeof(noise));
}

static void make_text(const char *dir)
{
    spill(dir, "arena.db", "hello\n", 6);
}

static void make_short(const char *dir)
{
    FL_AUTO_FREE char *data = NULL;
    size_t len;

    data = slurp(dir, "arena.db", &len);
    spill(dir, "arena.db", data, len / 2);
}

static void make_flipped(const char *dir)
{
    FL_AUTO_FREE char *data = NULL;
    size_t len;

    data = slurp(dir, "arena.db", &len);
    assert_true(len > 8192);
    data[4096] ^= 0x40; /* the type of the second page */
    spill(dir, "arena.db", data, len);
}

static void make_foreign(const char *dir)
{
    spill(dir, "arena.db", "", 0);
    exec_on(dir, "CREATE TABLE known (song TEXT)");
}

static void make_stripped(const char *dir)
{
    exec_on(dir, "DROP TABLE intent");
}

static void make_negative(const char *dir)
{
    exec_on(dir, "PRAGMA user_version = -7");
}

static const struct {
    const char *name;
    void (*make)(const char *dir);
} damages[] = {
    {"noise", make_noise},       {"text", make_text},
    {"short", make_short},       {"flipped", make_flipped},
    {"foreign", make_foreign},   {"stripped", make_stripped},
    {"negative", make_negative},
};
#define N_DAMAGES (sizeof(damages) / sizeof(damages[0]))

static char *damaged_dir(const char *scratch, size_t i)
{
    char *dir = fl_path_join(scratch, damages[i].name);
    struct fl_state *state = open_in(dir, FL_STATE_WRITE, NULL);

    put(state, "arena-apple");
    fl_state_close(state);
    damages[i].make(dir);
    return dir;
}

static void a_damaged_file_reads_as_empty(void **scratch)
{
    for (size_t i = 0; i < N_DAMAGES; i++) {
        FL_AUTO_FREE char *dir = damaged_dir(*scratch, i);
        FL_AUTO_FREE char *news = NULL, *before = NULL, *after = NULL;
        size_t before_len, after_len;
        struct fl_state *state;

        before = slurp(dir, "arena.db", &before_len);
        state = open_in(dir, FL_STATE_READ, &news);
        assert_int_equal(count(state), 0);
        fl_state_close(state);
        assert_non_null(news);
        assert_non_null(strstr(news, "arena.db is damaged"));
        after = slurp(dir, "arena.db", &after_len);
        assert_int_equal(before_len, after_len);
        assert_memory_equal(before, after, before_len);
        assert_int_equal(entries(dir, NULL, NULL), 1);
    }
}

static void a_damaged_file_is_kept_aside(void **scratch)
{
    for (size_t i = 0; i < N_DAMAGES; i++) {
        FL_AUTO_FREE char *dir = damaged_dir(*scratch, i);
        FL_AUTO_FREE char *news = NULL, *before = NULL, *after = NULL;
        size_t before_len, after_len;
        struct fl_state *state;
        char aside[256] = "";

        before = slurp(dir, "arena.db", &before_len);
        state = open_in(dir, FL_STATE_WRITE, &news);
        assert_non_null(news);
        assert_non_null(strstr(news, "rebuilt from what the providers list"));
        assert_int_equal(count(state), 0);
        put(state, "arena-banana");
        fl_state_close(state);

        assert_int_equal(entries(dir, "arena.db.corrupt-", aside), 2);
        assert_non_null(strstr(news, aside));
        assert_int_equal(strlen(aside), strlen("arena.db.corrupt-"
                                               "20261120T090000Z"));
        after = slurp(dir, aside, &after_len);
        assert_int_equal(before_len, after_len);
        assert_memory_equal(before, after, before_len);

        state = open_in(dir, FL_STATE_WRITE, NULL);
        assert_int_equal(count(state), 1);
        fl_state_close(state);
    }
}

/* Also several of one second, each with the log that lay beside it. */
static void every_damaged_file_is_kept(void **scratch)
{
    for (int i = 0; i < 3; i++) {
        FL_AUTO_FREE char *news = NULL, *log = NULL, *kept = NULL;
        FL_AUTO_FREE char *text = fl_format("log %d", i);
        const char *aside;
        size_t len;

        make_noise(*scratch);
        spill(*scratch, "arena.db-wal", text, strlen(text));
        fl_state_close(open_in(*scratch, FL_STATE_WRITE, &news));
        assert_non_null(news);
        aside = strstr(news, "arena.db.corrupt-");
        assert_non_null(aside);
        log = fl_format("%.*s-wal", (int)strcspn(aside, ";"), aside);
        kept = slurp(*scratch, log, &len);
        assert_string_equal(kept, text);
    }
}

/* Whatever one bit does: no crash, and either the state or news. */
static void no_flipped_bit_is_fatal(void **scratch)
{
    FL_AUTO_FREE char *data = NULL;
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);
    unsigned seed = 7;
    size_t len;

    put(state, "arena-apple");
    fl_state_close(state);
    data = slurp(*scratch, "arena.db", &len);
    for (int i = 0; i < 200; i++) {
        FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
        FL_AUTO_FREE char *news = NULL;
        struct fleet_error err = {0};
        size_t at;

        seed = seed * 1103515245u + 12345u;
        at = (seed >> 8) % (i < 100 ? 200 : len);
        data[at] ^= (char)(1 << (i % 8));
        spill(*scratch, "arena.db", data, len);
        data[at] ^= (char)(1 << (i % 8));
        state = NULL;
        if (fl_state_open(*scratch, "arena", FL_STATE_READ, &state, &news,
                          &err) < 0) {
            assert_int_equal(err.code, FLEET_ECONFIG); /* a newer version */
            assert_non_null(strstr(err.text, "upgrade fleet"));
            continue;
        }
        if (fl_state_known(state, &list, &err) < 0)
            assert_non_null(strstr(err.text, "damaged"));
        fl_state_close(state);
    }
}

static void a_newer_version_is_left_alone(void **scratch)
{
    static const char *const words[] = {"arena.db", "version 99",
                                        "knows version", "upgrade fleet", NULL};
    FL_AUTO_FREE char *before = NULL, *after = NULL;
    size_t before_len, after_len;

    fl_state_close(open_in(*scratch, FL_STATE_WRITE, NULL));
    exec_on(*scratch, "PRAGMA user_version = 99; DROP TABLE known;");
    before = slurp(*scratch, "arena.db", &before_len);
    refuses(*scratch, FL_STATE_WRITE, words);
    refuses(*scratch, FL_STATE_READ, words);
    after = slurp(*scratch, "arena.db", &after_len);
    assert_int_equal(entries(*scratch, NULL, NULL), 1);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
}

/* A run that died between making the file and making its tables. */
static void an_unfinished_file_is_a_new_one(void **scratch)
{
    struct fl_state *state;

    spill(*scratch, "arena.db", "", 0);
    state = open_in(*scratch, FL_STATE_READ, NULL);
    assert_int_equal(count(state), 0);
    fl_state_close(state);
    exec_on(*scratch, "PRAGMA journal_mode = WAL");
    state = open_in(*scratch, FL_STATE_READ, NULL);
    assert_int_equal(count(state), 0);
    fl_state_close(state);
    state = open_in(*scratch, FL_STATE_WRITE, NULL);
    put(state, "arena-apple");
    fl_state_close(state);
}

static void a_place_that_cannot_be_used_is_named(void **scratch)
{
    FL_AUTO_FREE char *file = fl_path_join(*scratch, "file");
    FL_AUTO_FREE char *below = fl_path_join(*scratch, "file/below");
    FL_AUTO_FREE char *taken = fl_path_join(*scratch, "arena.db");
    const char *const at_file[] = {file, NULL};
    const char *const at_taken[] = {taken, "regular file", "FLEET_STATE_DIR",
                                    NULL};

    spill(*scratch, "file", "", 0);
    refuses(file, FL_STATE_WRITE, at_file);
    refuses(below, FL_STATE_WRITE, at_file);
    assert_int_equal(mkdir(taken, 0700), 0);
    refuses(*scratch, FL_STATE_WRITE, at_taken);
}

/* A test for a child, as nobody when we are root. */
struct unprivileged {
    const char *dir;
    void (*test)(const char *dir);
};

enum { CHILD_DONE, CHILD_CANNOT };

static int run_unprivileged(const void *arg)
{
    const struct unprivileged *run = arg;

    if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
                           setresuid(NOBODY, NOBODY, NOBODY) < 0))
        return CHILD_CANNOT;
    if (access(run->dir, W_OK) < 0)
        return CHILD_CANNOT;
    run->test(run->dir);
    return CHILD_DONE;
}

static void in_child(const char *dir, void (*test)(const char *dir))
{
    const struct unprivileged run = {.dir = dir, .test = test};
    int result;

    if (geteuid() == 0)
        assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
    result = result_in_child(run_unprivileged, &run);
    if (result == CHILD_CANNOT)
        skip();
    assert_int_equal(result, CHILD_DONE);
}

/* For children, where a failed assertion of cmocka would go astray. */
static void want(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "in the child: not so: %s\n", what);
    _exit(1);
}

static void child_read_only(const char *dir)
{
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    struct fl_known known = {.name = (char *)"arena-apple"};
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    want(fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err) == 0,
         err.text);
    want(fl_state_put(state, &known, &err) == 0, err.text);
    fl_state_close(state);
    want(chmod(dir, 0500) == 0, "chmod");

    want(fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err) ==
             FLEET_ECONFIG,
         "a read-only directory is told");
    want(strstr(err.text, dir) && strstr(err.text, "FLEET_STATE_DIR"),
         err.text);
    want(fl_state_open(dir, "other", FL_STATE_WRITE, &state, &news, &err) ==
             FLEET_ECONFIG,
         "a file that cannot be made is told");
    want(strstr(err.text, "Permission denied") != NULL, err.text);
    want(fl_state_open(dir, "arena", FL_STATE_READ, &state, &news, &err) == 0,
         err.text);
    want(fl_state_known(state, &list, &err) == 0 && list.n == 1, err.text);
    fl_state_close(state);
    want(chmod(dir, 0700) == 0, "chmod");
}

static void a_read_only_directory_can_be_read(void **scratch)
{
    FL_AUTO_FREE char *odd = fl_path_join(*scratch, "100% odd?#name");

    assert_int_equal(mkdir(odd, 0700), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(*scratch, NOBODY, NOBODY), 0);
    in_child(odd, child_read_only);
}

static void child_no_access(const char *dir)
{
    FL_AUTO_FREE char *path = fl_path_join(dir, "arena.db");
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    want(fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err) == 0,
         err.text);
    fl_state_close(state);
    want(chmod(path, 0) == 0, "chmod");
    want(fl_state_open(dir, "arena", FL_STATE_READ, &state, &news, &err) ==
             FLEET_ECONFIG,
         "a file without access is not empty");
    want(strstr(err.text, path) != NULL, err.text);
    want(chmod(dir, 0) == 0, "chmod");
    want(fl_state_open(dir, "arena", FL_STATE_READ, &state, &news, &err) ==
             FLEET_ECONFIG,
         "a directory without access is not empty");
    want(chmod(dir, 0700) == 0, "chmod");
}

static void no_access_is_not_empty(void **scratch)
{
    in_child(*scratch, child_no_access);
}

/* A limit on file sizes stands for the full disk. */
static void child_full(const char *dir)
{
    struct rlimit limit = {20000, 20000};
    struct fl_state *state = NULL;
    struct fleet_error err = {0};
    char *news = NULL;

    signal(SIGXFSZ, SIG_IGN);
    want(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
    want(fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err) ==
             FLEET_ECONFIG,
         "a full disk is told");
    want(strstr(err.text, "no space left") && strstr(err.text, dir), err.text);
}

static void a_full_disk_is_told_when_opening(void **scratch)
{
    in_child(*scratch, child_full);
    fl_state_close(open_in(*scratch, FL_STATE_WRITE, NULL));
}

#define THREADS 8
#define EACH    25

struct worker {
    struct fl_state *state;
    int number, failures;
};

static void *put_many(void *arg)
{
    struct worker *worker = arg;

    for (int i = 0; i < EACH; i++) {
        FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
        FL_AUTO_FREE char *name = fl_format("arena-%d-%d", worker->number, i);
        struct fl_known known = {.name = name, .provider = (char *)"local"};

        worker->failures += fl_state_put(worker->state, &known, NULL) < 0;
        worker->failures += fl_state_known(worker->state, &list, NULL) < 0;
        if (i % 5 == 0)
            worker->failures += fl_state_drop(worker->state, name, NULL) < 0;
    }
    return NULL;
}

static void threads_share_it(void **scratch)
{
    FL_AUTO(fl_state_close)
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){state, i, 0};
        assert_int_equal(
            pthread_create(&threads[i], NULL, put_many, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(count(state), THREADS * (EACH - EACH / 5));
}

/* It works, or an allocation failed and that is told. */
static void check_told(int rc, const struct fleet_error *err)
{
    if (!fl_test_alloc_failed())
        assert_int_equal(rc, FLEET_OK);
    if (rc < 0)
        assert_true(err->code == rc && err->text[0]);
}

static void use_it(const char *dir, enum fl_state_mode mode)
{
    FL_AUTO(fl_known_list_clear) struct fl_known_list list = {0};
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    struct fleet_error err = {0};
    int rc = fl_state_open(dir, "arena", mode, &state, &news, &err);

    check_told(rc, &err);
    if (rc < 0)
        return;
    rc = fl_state_known(state, &list, &err);
    check_told(rc, &err);
    if (rc == 0)
        assert_int_equal(list.n, 1);
}

static void write_it(void *dir)
{
    use_it(dir, FL_STATE_WRITE);
}

static void read_it(void *dir)
{
    use_it(dir, FL_STATE_READ);
}

/* Makes its damage without an allocation: only those of the state count. */
static void repair_it(void *dir)
{
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    struct fleet_error err = {0};
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/arena.db", (char *)dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "hello\n", 6), 6);
    close(fd);
    check_told(fl_state_open(dir, "arena", FL_STATE_WRITE, &state, &news, &err),
               &err);
    assert_true(!state == !news);
}

static void running_out_of_memory_is_told(void **scratch)
{
    struct fl_state *state = open_in(*scratch, FL_STATE_WRITE, NULL);

    put(state, "arena-apple");
    fl_state_close(state);
    fl_test_each_alloc(write_it, *scratch);
    fl_test_each_alloc(read_it, *scratch);
    fl_test_each_alloc(repair_it, *scratch);
}

static void closing_nothing_is_fine(void **scratch)
{
    struct fl_known_list list = {0};
    struct fl_known known = {0};

    (void)scratch;
    errno = EDOM;
    fl_state_close(NULL);
    fl_known_list_clear(&list);
    fl_known_clear(&known);
    assert_int_equal(errno, EDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(files_are_private_whatever_the_umask),
        SCRATCH_TEST(a_file_that_others_may_read_is_closed_to_them),
        SCRATCH_TEST(the_directory_is_made_private),
        SCRATCH_TEST(remembers_every_field),
        SCRATCH_TEST(put_replaces_and_drop_forgets),
        SCRATCH_TEST(a_pod_without_a_name_is_refused),
        SCRATCH_TEST(reading_what_is_missing_makes_nothing),
        SCRATCH_TEST(reading_leaves_no_trace),
        SCRATCH_TEST(a_reader_sees_what_a_writer_commits),
        SCRATCH_TEST(a_reader_writes_nothing),
        SCRATCH_TEST(a_damaged_file_reads_as_empty),
        SCRATCH_TEST(a_damaged_file_is_kept_aside),
        SCRATCH_TEST(every_damaged_file_is_kept),
        SCRATCH_TEST(no_flipped_bit_is_fatal),
        SCRATCH_TEST(a_newer_version_is_left_alone),
        SCRATCH_TEST(an_unfinished_file_is_a_new_one),
        SCRATCH_TEST(a_place_that_cannot_be_used_is_named),
        SCRATCH_TEST(a_read_only_directory_can_be_read),
        SCRATCH_TEST(no_access_is_not_empty),
        SCRATCH_TEST(a_full_disk_is_told_when_opening),
        SCRATCH_TEST(threads_share_it),
        SCRATCH_TEST(running_out_of_memory_is_told),
        cmocka_unit_test(closing_nothing_is_fine),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
