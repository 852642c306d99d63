/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/file.h"

#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* DIR/NAME in memory that lasts until the next test. */
static const char *in(void **state, const char *name)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];

    assert_true(snprintf(path, sizeof(paths[0]), "%s/%s", (char *)*state,
                         name) < (int)sizeof(paths[0]));
    return path;
}

static void make(const char *path, const char *text)
{
    assert_int_equal(fl_file_write(path, text, strlen(text), 0600, NULL),
                     FLEET_OK);
}

static void assert_holds(const char *path, const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(1 << 20);

    assert_int_equal(fl_file_read(path, &buf, NULL), FLEET_OK);
    assert_string_equal(fl_buf_text(&buf), text);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode;
}

static int entries_in(const char *path)
{
    FL_AUTO(closedir) DIR *dir = opendir(path);
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    return n - 2; /* . and .. */
}

static void reads_whole_files_within_the_ceiling(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(100000);
    FL_AUTO_FREE char *text = calloc(1, 100002);
    struct fleet_error err;

    memset(text, 'x', 100001);
    assert_int_equal(fl_file_write(in(state, "fits"), text, 100000, 0600, &err),
                     FLEET_OK);
    assert_int_equal(
        fl_file_write(in(state, "large"), text, 100001, 0600, &err), FLEET_OK);
    assert_int_equal(fl_file_read(in(state, "fits"), &buf, &err), FLEET_OK);
    assert_int_equal(buf.len, 100000);
    fl_buf_empty(&buf);
    assert_int_equal(fl_file_read(in(state, "large"), &buf, &err),
                     FLEET_ECONFIG);
    assert_int_equal(err.code, FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "large: larger than 100000 bytes"));
}

static void tells_why_it_cannot_read(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(100);
    struct fleet_error err;

    assert_int_equal(fl_file_read(in(state, "none"), &buf, &err),
                     FLEET_ENOTFOUND);
    assert_int_equal(err.detail, ENOENT);
    assert_non_null(strstr(err.text, "/none: No such file"));
    assert_int_equal(fl_file_read(*state, &buf, &err), FLEET_ECONFIG);
    assert_int_equal(mkfifo(in(state, "fifo"), 0600), 0);
    assert_int_equal(fl_file_read(in(state, "fifo"), &buf, &err),
                     FLEET_ECONFIG);
    make(in(state, "file"), "");
    assert_int_equal(fl_file_read(in(state, "file/below"), &buf, &err),
                     FLEET_ENOTFOUND);
    assert_int_equal(fl_file_read(in(state, "file"), &buf, &err), FLEET_OK);
    assert_string_equal(fl_buf_text(&buf), "");
}

static void replaces_and_leaves_nothing_else(void **state)
{
    const char *path = in(state, "file");
    mode_t mask = umask(077);

    assert_int_equal(fl_file_write(path, "old", 3, 0644, NULL), FLEET_OK);
    assert_int_equal(mode_of(path) & 07777, 0644);
    assert_int_equal(fl_file_write(path, "new text", 8, 0600, NULL), FLEET_OK);
    umask(mask);
    assert_holds(path, "new text");
    assert_int_equal(mode_of(path) & 07777, 0600);
    assert_int_equal(entries_in(*state), 1);
}

/* In a process of its own, for its limit and its directory. */
static int write_too_much(const char *dir)
{
    const struct rlimit limit = {.rlim_cur = 4, .rlim_max = 4};
    struct fleet_error err;

    if (chdir(dir) < 0 || fl_file_write("file", "old", 3, 0600, &err) < 0)
        return 1;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 2;
    if (fl_file_write("file", "new text", 8, 0600, &err) != FLEET_ECONFIG)
        return 3;
    return err.detail == EFBIG ? 0 : 4;
}

static void keeps_the_old_text_when_the_disk_is_full(void **state)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(write_too_much(*state));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_holds(in(state, "file"), "old");
    assert_int_equal(entries_in(*state), 1);
}

static void keeps_links_as_links(void **state)
{
    make(in(state, "real"), "old");
    assert_int_equal(symlink("real", in(state, "link")), 0);
    make(in(state, "link"), "new");
    assert_true(S_ISLNK(mode_of(in(state, "link"))));
    assert_holds(in(state, "real"), "new");
}

static void does_not_replace_what_is_no_file(void **state)
{
    struct fleet_error err;

    assert_int_equal(mkfifo(in(state, "fifo"), 0600), 0);
    assert_int_equal(fl_file_write(in(state, "fifo"), "x", 1, 0600, &err),
                     FLEET_ECONFIG);
    assert_true(S_ISFIFO(mode_of(in(state, "fifo"))));
    assert_int_equal(fl_file_write(*state, "x", 1, 0600, &err), FLEET_ECONFIG);
    assert_int_equal(fl_file_write(in(state, "no/where"), "x", 1, 0600, &err),
                     FLEET_ECONFIG);
    assert_int_equal(err.detail, ENOENT);
    assert_int_equal(entries_in(*state), 1);
}

static void makes_directories(void **state)
{
    const char *path = in(state, "a/b//c/");
    struct fleet_error err;

    assert_int_equal(fl_dir_make(path, &err), FLEET_OK);
    assert_int_equal(fl_dir_make(path, &err), FLEET_OK);
    assert_int_equal(mode_of(in(state, "a/b/c")) & 07777, 0700);
    make(in(state, "file"), "");
    assert_int_equal(fl_dir_make(in(state, "file"), &err), FLEET_ECONFIG);
    assert_int_equal(fl_dir_make(in(state, "file/below"), &err), FLEET_ECONFIG);
}

static void removes_trees_but_not_what_they_point_to(void **state)
{
    struct fleet_error err;

    assert_int_equal(fl_dir_make(in(state, "kept"), &err), FLEET_OK);
    make(in(state, "kept/file"), "precious");
    assert_int_equal(fl_dir_make(in(state, "tree/deep/er"), &err), FLEET_OK);
    make(in(state, "tree/deep/file"), "x");
    assert_int_equal(symlink("../../kept", in(state, "tree/deep/link")), 0);
    assert_int_equal(symlink("nowhere", in(state, "tree/dangling")), 0);
    assert_int_equal(chmod(in(state, "tree/deep"), 0500), 0);
    assert_int_equal(fl_dir_remove(in(state, "tree"), &err), FLEET_OK);
    assert_int_equal(access(in(state, "tree"), F_OK), -1);
    assert_int_equal(symlink("kept", in(state, "link")), 0);
    assert_int_equal(fl_dir_remove(in(state, "link"), &err), FLEET_OK);
    assert_holds(in(state, "kept/file"), "precious");
    assert_int_equal(entries_in(*state), 1);
    assert_int_equal(fl_dir_remove(in(state, "missing"), &err), FLEET_OK);
}

static void gives_up_on_bottomless_trees(void **state)
{
    FL_AUTO(close) int at = open(*state, O_RDONLY | O_DIRECTORY);
    struct fleet_error err;

    for (int i = 0; i < 300; i++) {
        int below;

        assert_int_equal(mkdirat(at, "d", 0700), 0);
        below = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(at);
        at = below;
    }
    assert_int_equal(fl_dir_remove(in(state, "d"), &err), FLEET_ECONFIG);
    assert_int_equal(err.detail, ELOOP);
    /* in two bites, so that nothing is left behind */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(
            renameat(AT_FDCWD, in(state, "d/d"), AT_FDCWD, in(state, "e")), 0);
        assert_int_equal(rmdir(in(state, "d")), 0);
        assert_int_equal(rename(in(state, "e"), in(state, "d")), 0);
    }
    assert_int_equal(fl_dir_remove(in(state, "d"), &err), FLEET_OK);
}

/* Whether a group of one's own makes 0664 as good as 0644 here. */
static bool group_is_mine(void)
{
    const struct passwd *user = getpwuid(geteuid());
    const struct group *group = getgrgid(getegid());

    return geteuid() != 0 && user && group && !group->gr_mem[0] &&
           strcmp(user->pw_name, group->gr_name) == 0;
}

static void trusts_only_what_others_cannot_write(void **state)
{
    const int mine = group_is_mine() ? FLEET_OK : FLEET_EREFUSED;
    const struct {
        mode_t dir, file;
        int code;
        const char *at; /* fault */
    } cases[] = {
        {0700, 0600, FLEET_OK, NULL},
        {0755, 0644, FLEET_OK, NULL},
        {0755, 0660, mine, "dir/file"},
        {0755, 0646, FLEET_EREFUSED, "dir/file"},
        {0770, 0644, mine, "dir: chmod"},
        {0757, 0644, FLEET_EREFUSED, "dir: chmod"},
        {01777, 0644, FLEET_OK, NULL},
        {01777, 0666, FLEET_EREFUSED, "dir/file"},
    };
    const char *dir = in(state, "dir"), *file = in(state, "dir/file");
    struct fleet_error err;

    assert_int_equal(fl_dir_make(dir, &err), FLEET_OK);
    make(file, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chmod(dir, cases[i].dir), 0);
        assert_int_equal(chmod(file, cases[i].file), 0);
        assert_int_equal(fl_path_trusted(file, &err), cases[i].code);
        if (cases[i].code < 0 && !strstr(err.text, cases[i].at))
            fail_msg("case %zu: %s", i, err.text);
    }
    assert_int_equal(fl_path_trusted(dir, &err), FLEET_EREFUSED);
    assert_int_equal(fl_path_trusted("/", &err), FLEET_OK);
    assert_int_equal(fl_path_trusted(in(state, "none"), &err), FLEET_ENOTFOUND);
}

static void looks_where_links_lead(void **state)
{
    struct fleet_error err;

    assert_int_equal(fl_dir_make(in(state, "open"), &err), FLEET_OK);
    assert_int_equal(fl_dir_make(in(state, "open/inner"), &err), FLEET_OK);
    assert_int_equal(symlink("open/inner", in(state, "link")), 0);
    assert_int_equal(fl_path_trusted(in(state, "link"), &err), FLEET_OK);
    assert_int_equal(chmod(in(state, "open"), 0777), 0);
    assert_int_equal(fl_path_trusted(in(state, "link"), &err), FLEET_EREFUSED);
    assert_non_null(strstr(err.text, "/open: chmod go-w /"));
}

static void foreign_owners_are_refused(void **state)
{
    const char *path = in(state, "theirs");
    struct fleet_error err;

    make(path, "");
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(path, 4711, 0), 0);
    assert_int_equal(fl_path_trusted(path, &err), FLEET_EREFUSED);
    assert_non_null(strstr(err.text, "owned by another user (uid 4711)"));
}

static void joins(void **state)
{
    static const char *const cases[][3] = {
        {"dir", "name", "dir/name"}, {"dir/", "name", "dir/name"},
        {"/", "name", "/name"},      {"dir", "/name", "/name"},
        {"", "name", "name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FL_AUTO_FREE char *path = fl_path_join(cases[i][0], cases[i][1]);

        assert_string_equal(path, cases[i][2]);
    }
}

static void home(void **state)
{
    FL_AUTO_FREE char *before = getenv("HOME") ? strdup(getenv("HOME")) : NULL;

    (void)state;
    setenv("HOME", "/some/where", 1);
    assert_string_equal(fl_home(), "/some/where");
    setenv("HOME", "", 1);
    assert_true(!fl_home() || fl_home()[0] == '/');
    if (before)
        setenv("HOME", before, 1);
    else
        unsetenv("HOME");
}

static void short_of_memory(void *arg)
{
    FL_AUTO(fl_buf_clear) struct fl_buf buf = FL_BUF(100);
    const char *path = arg;
    struct fleet_error err;
    int rc = fl_dir_make(path, &err);

    if (rc == FLEET_OK)
        rc = fl_file_write(in(&arg, "file"), "text", 4, 0600, &err);
    if (rc == FLEET_OK)
        rc = fl_file_read(in(&arg, "file"), &buf, &err);
    if (rc == FLEET_OK)
        rc = fl_path_trusted(path, &err);
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
    assert_true(access(path, F_OK) != 0 || entries_in(path) <= 1);
}

static void survives_no_memory(void **state)
{
    fl_test_each_alloc(short_of_memory, (void *)in(state, "sub"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(reads_whole_files_within_the_ceiling),
        SCRATCH_TEST(tells_why_it_cannot_read),
        SCRATCH_TEST(replaces_and_leaves_nothing_else),
        SCRATCH_TEST(keeps_the_old_text_when_the_disk_is_full),
        SCRATCH_TEST(keeps_links_as_links),
        SCRATCH_TEST(does_not_replace_what_is_no_file),
        SCRATCH_TEST(makes_directories),
        SCRATCH_TEST(removes_trees_but_not_what_they_point_to),
        SCRATCH_TEST(gives_up_on_bottomless_trees),
        SCRATCH_TEST(trusts_only_what_others_cannot_write),
        SCRATCH_TEST(looks_where_links_lead),
        SCRATCH_TEST(foreign_owners_are_refused),
        cmocka_unit_test(joins),
        cmocka_unit_test(home),
        SCRATCH_TEST(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
