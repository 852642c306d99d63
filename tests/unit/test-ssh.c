/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/ssh.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/net/greeting.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"
#include "tests/unit/sshd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh2.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Tools that check memory keep it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKED_MEMORY true
#else
#define CHECKED_MEMORY false
#endif

#define SOON 60000 /* no test waits that long unless something is wrong */

/* What all tests share: a server, its host keys, keys that it lets in and one
 * that it does not. */
static char *home;
static struct sshd server;

static struct fl_ssh_key *open_key(const char *name)
{
    struct fl_ssh_key *key = NULL;
    struct fleet_error err;
    char *path = fl_path_join(home, name);

    if (fl_ssh_key_open(path, &key, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return key;
}

static struct fl_ssh_target target_at(const struct sshd *at)
{
    return (struct fl_ssh_target){
        .host = "127.0.0.1", .port = at->port, .user = at->user};
}

static struct fl_ssh *open_with(const char *name)
{
    struct fl_ssh_target target = target_at(&server);
    struct fl_ssh_key *key = open_key(name);
    struct fl_ssh *ssh = NULL;
    struct fleet_error err;

    if (fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, NULL, NULL, &err) <
        0)
        fail_msg("%s: %s", name, err.text);
    fl_ssh_key_close(key);
    return ssh;
}

/* The key of a host as its .pub file has it, without the comment. */
static char *host_key(const char *name)
{
    char *line = read_text(home, name);

    *strrchr(line, ' ') = '\0';
    return line;
}

static bool rsa_works(void)
{
    return libssh2_version(0x010b00) != NULL;
}

static void each_type_of_key_logs_in(void **state)
{
    static const char *const names[] = {"ed25519",  "ecdsa256", "ecdsa384",
                                        "ecdsa521", "pem",      "rsa"};
    size_t n = sizeof(names) / sizeof(*names) - (rsa_works() ? 0 : 1);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct fl_ssh *ssh = open_with(names[i]);
        struct fl_ssh_exec exec = {
            .command = "echo hello", .max_out = 100, .max_err = 100};
        struct fleet_error err;

        assert_true(fl_ssh_elapsed_ms(ssh) >= 0);
        if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(exec.out, "hello\n");
        fl_ssh_exec_clear(&exec);
        fl_ssh_close(ssh);
    }
}

static void host_keys_are_learnt_and_compared(void **state)
{
    static const struct {
        const char *expected; /* its .pub; NULL: any */
        const char *shown;
        int code;
    } cases[] = {
        {NULL, "host_ed25519.pub", FLEET_OK},
        {"host_ed25519.pub", "host_ed25519.pub", FLEET_OK},
        {"host_ecdsa.pub", "host_ecdsa.pub", FLEET_OK},
        {"stranger.pub", "host_ed25519.pub", FLEET_EREFUSED},
        {"ecdsa384.pub", "host_ed25519.pub", FLEET_EREFUSED},
        {"rsa.pub", "host_ed25519.pub", FLEET_EREFUSED},
    };
    struct fl_ssh_key *key = open_key("ed25519");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *expected = cases[i].expected ? host_key(cases[i].expected) : NULL;
        char *shown = host_key(cases[i].shown), *learnt = NULL;
        struct fl_ssh_target target = target_at(&server);
        struct fl_ssh *ssh = NULL;
        enum fl_ssh_stage stage = 0;
        struct fleet_error err = {0};

        target.host_key = expected;
        assert_int_equal(fl_ssh_open(&target, key, fl_deadline(SOON), &ssh,
                                     &stage, &learnt, &err),
                         cases[i].code);
        assert_string_equal(learnt, shown);
        assert_int_equal(stage, cases[i].code ? FL_SSH_HOST_KEY : FL_SSH_DONE);
        if (cases[i].code)
            assert_non_null(strstr(err.text, "host key: changed: it is ssh-"));
        else
            fl_ssh_close(ssh);
        free(expected);
        free(shown);
        free(learnt);
    }
    fl_ssh_key_close(key);
}

static void a_key_the_server_does_not_know(void **state)
{
    struct fl_ssh_target target = target_at(&server);
    struct fl_ssh_key *key = open_key("stranger");
    struct fl_ssh *ssh = NULL;
    enum fl_ssh_stage stage;
    struct fleet_error err;

    (void)state;
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, &stage, NULL, &err),
        FLEET_EAUTH);
    assert_int_equal(stage, FL_SSH_LOGIN);
    assert_non_null(strstr(err.text, "with the key SHA256:"));
    assert_non_null(strstr(err.text, "/stranger)"));
    assert_string_equal(fl_ssh_stage_name(stage), "login");
    fl_ssh_key_close(key);
}

static void targets_that_are_none(void **state)
{
    static const struct fl_ssh_target targets[] = {
        {"-oProxyCommand=x", 22, "root", NULL},
        {"127.0.0.1", 0, "root", NULL},
        {"127.0.0.1", 65536, "root", NULL},
        {"127.0.0.1", 22, "", NULL},
        {"127.0.0.1", 22, "root", "ssh-ed25519"},
        {"127.0.0.1", 22, "root", "ssh-ed25519 AAAA"},
        {"127.0.0.1", 22, "root",
         "ssh-rsa "
         "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AAAAAAAAAA"},
    };
    struct fl_ssh_key *key = open_key("ed25519");
    struct fleet_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
        struct fl_ssh *ssh = NULL;

        assert_int_equal(fl_ssh_open(&targets[i], key, fl_deadline(SOON), &ssh,
                                     NULL, NULL, &err),
                         FLEET_EINVALID);
    }
    fl_ssh_key_close(key);
}

static void commands(void **state)
{
    static const struct {
        const char *command, *input, *out, *err, *signal;
        int status;
        size_t max;
        bool truncated;
    } cases[] = {
        {"true", NULL, "", "", "", 0, 100, false},
        {"exit 3", NULL, "", "", "", 3, 100, false},
        {"echo out; echo err >&2; exit 255", NULL, "out\n", "err\n", "", 255,
         100, false},
        {"cat", "some input", "some input", "", "", 0, 100, false},
        {"cat; echo end", NULL, "end\n", "", "", 0, 100, false},
        {"cat >&2", "x", "", "x", "", 0, 100, false},
        {"kill -TERM $$", NULL, "", "", "TERM", -1, 100, false},
        {"kill -KILL $$", NULL, "", "", "KILL", -1, 100, false},
        {"printf 1234567", NULL, "1234567", "", "", 0, 7, false},
        {"printf 12345678; printf 1 >&2", NULL, "1234567", "1", "", 0, 7, true},
        {"printf 123; printf 12345678 >&2", NULL, "123", "1234567", "", 0, 7,
         true},
        {"echo x", NULL, "", "", "", 0, 0, true},
        {"exec >&- 2>&-; exit 4", "y", "", "", "", 4, 100, false},
    };
    struct fl_ssh *ssh = open_with("ed25519");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_ssh_exec exec = {
            .command = cases[i].command,
            .input = cases[i].input,
            .input_len = cases[i].input ? strlen(cases[i].input) : 0,
            .max_out = cases[i].max,
            .max_err = cases[i].max};
        struct fleet_error err;

        if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
            fail_msg("%s: %s", cases[i].command, err.text);
        assert_string_equal(exec.out, cases[i].out);
        assert_int_equal(exec.out_len, strlen(cases[i].out));
        assert_string_equal(exec.err_text, cases[i].err);
        assert_int_equal(exec.err_len, strlen(cases[i].err));
        assert_string_equal(exec.signal, cases[i].signal);
        assert_int_equal(exec.status, cases[i].status);
        assert_int_equal(exec.truncated, cases[i].truncated);
        fl_ssh_exec_clear(&exec);
        assert_null(exec.out);
    }
    fl_ssh_close(ssh);
}

/* More than all windows and buffers, in both directions at once. */
static void much_input_comes_back(void **state)
{
    size_t len = 5u << 20;
    char *input = malloc(len);
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_exec exec = {.command = "cat; echo done >&2",
                               .input = input,
                               .input_len = len,
                               .max_out = len,
                               .max_err = 100};
    struct fleet_error err;

    (void)state;
    for (size_t i = 0; i < len; i++)
        input[i] = (char)(i * 31 % 253);
    if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(exec.out_len, len);
    assert_memory_equal(exec.out, input, len);
    assert_string_equal(exec.err_text, "done\n");
    assert_false(exec.truncated);
    fl_ssh_exec_clear(&exec);
    free(input);
    fl_ssh_close(ssh);
}

/* Many times what either side has room for, in pieces of all sizes. */
struct flow {
    size_t given, taken, most;
    char piece[70001];
};

static char byte_at(size_t i)
{
    return (char)(i * 31 % 253);
}

static int give_piece(void *arg, const char **data, size_t *len,
                      struct fleet_error *err)
{
    struct flow *flow = arg;
    size_t n = 1 + flow->given % sizeof(flow->piece);

    (void)err;
    n = n < flow->most - flow->given ? n : flow->most - flow->given;
    for (size_t i = 0; i < n; i++)
        flow->piece[i] = byte_at(flow->given + i);
    flow->given += n;
    *data = flow->piece;
    *len = n;
    return FLEET_OK;
}

static int take_piece(void *arg, int number, const char *data, size_t len,
                      struct fleet_error *err)
{
    struct flow *flow = arg;

    if (number == 2)
        return fleet_fail(err, FLEET_ECONFLICT, "enough");
    for (size_t i = 0; i < len; i++)
        assert_int_equal(data[i], byte_at(flow->taken + i));
    flow->taken += len;
    return FLEET_OK;
}

static void what_goes_through(void **state)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_stream stream = {.command = "cat; exit 3",
                                   .source = give_piece,
                                   .sink = take_piece,
                                   .arg = flow,
                                   .idle_ms = SOON};
    struct fleet_error err;

    (void)state;
    flow->most = 20u << 20;
    if (fl_ssh_stream(ssh, &stream, FL_FOREVER, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(flow->taken, flow->most);
    assert_int_equal(stream.status, 3);
    /* A callback that gives up ends it at once, and the connection. */
    stream.command = "echo oops >&2; sleep 1000";
    flow->most = 0;
    assert_int_equal(fl_ssh_stream(ssh, &stream, FL_FOREVER, &err),
                     FLEET_ECONFLICT);
    assert_string_equal(err.text, "enough");
    assert_int_equal(fl_ssh_stream(ssh, &stream, FL_FOREVER, &err),
                     FLEET_ECONFLICT);
    fl_ssh_close(ssh);
    /* Silence ends it, too. */
    ssh = open_with("ed25519");
    stream.command = "sleep 1000";
    stream.idle_ms = 300;
    assert_int_equal(fl_ssh_stream(ssh, &stream, FL_FOREVER, &err),
                     FLEET_ETIMEOUT);
    fl_ssh_close(ssh);
    free(flow);
}

static void input_that_nobody_reads(void **state)
{
    size_t len = 5u << 20;
    char *input = calloc(1, len);
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_exec exec = {
        .command = "exit 7", .input = input, .input_len = len};
    struct fleet_error err;

    (void)state;
    if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(exec.status, 7);
    fl_ssh_exec_clear(&exec);
    free(input);
    fl_ssh_close(ssh);
}

static void too_much_output_is_dropped(void **state)
{
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_exec exec = {.command =
                                   getenv("FLEET_TEST_LONG")
                                       ? "head -c 100000000 /dev/zero; exit 5"
                                       : "head -c 10000000 /dev/zero; exit 5",
                               .max_out = 1000,
                               .max_err = 1000};
    struct rusage before, after;
    struct fleet_error err;

    (void)state;
    getrusage(RUSAGE_SELF, &before);
    if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(exec.status, 5);
    assert_int_equal(exec.out_len, 1000);
    assert_true(exec.truncated);
    if (!CHECKED_MEMORY && !getenv("FLEET_TEST_WRAP"))
        assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB */
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
}

static void a_command_that_never_ends(void **state)
{
    static const char *const ticking[] = {
        "while echo tick; do sleep 0.02; done", /* ends without its reader */
        "while :; do echo tick; done"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fl_ssh *ssh = open_with("ed25519");
        struct fl_ssh_exec exec = {
            .command = ticking[i], .max_out = 10, .max_err = 10};
        struct fleet_error err;
        int64_t began = fl_now_ms();

        assert_int_equal(fl_ssh_run(ssh, &exec, fl_deadline(500), &err),
                         FLEET_ETIMEOUT);
        assert_string_equal(err.text, "exec: not done in time");
        assert_true(fl_now_ms() - began < SOON / 2);
        assert_string_equal(exec.out, "tick\ntick\n");
        fl_ssh_exec_clear(&exec);
        assert_int_equal(fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err),
                         FLEET_ETIMEOUT);
        assert_string_equal(err.text,
                            "the connection is gone: not done in time");
        assert_string_equal(exec.out, "");
        fl_ssh_exec_clear(&exec);
        fl_ssh_close(ssh);
    }
}

static void a_connection_that_breaks_off(void **state)
{
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_exec exec = {.command =
                                   "echo before; sleep 0.3; kill -9 $PPID",
                               .max_out = 100,
                               .max_err = 100};
    struct fleet_error err;

    (void)state;
    assert_int_equal(fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err),
                     FLEET_ETRANSIENT);
    assert_string_equal(err.text, "exec: the server closed the connection");
    assert_string_equal(exec.out, "before\n");
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
}

/* In processes of their own: cancelling is for good. */
static void *cancel_soon(void *arg)
{
    (void)arg;
    usleep(200000);
    kill(getpid(), SIGINT);
    return NULL;
}

static int cancelled_exec(int port)
{
    struct fl_ssh *ssh = open_with("ed25519");
    struct fl_ssh_exec exec = {.command = "while echo; do sleep 0.02; done"};
    struct fleet_error err;
    pthread_t thread;
    int rc;

    (void)port;
    fl_cancel_open();
    pthread_create(&thread, NULL, cancel_soon, NULL);
    rc = fl_ssh_run(ssh, &exec, FL_FOREVER, &err);
    pthread_join(thread, NULL);
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
    return rc == FLEET_ECANCELLED ? 0 : 1;
}

static int cancelled_open(int port)
{
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target = {"127.0.0.1", port, "root", NULL};
    struct fl_ssh *ssh = NULL;
    struct fleet_error err;
    pthread_t thread;
    int rc;

    fl_cancel_open();
    pthread_create(&thread, NULL, cancel_soon, NULL);
    rc = fl_ssh_open(&target, key, FL_FOREVER, &ssh, NULL, NULL, &err);
    pthread_join(thread, NULL);
    fl_ssh_key_close(key);
    return rc == FLEET_ECANCELLED ? 0 : 1;
}

static int open_port(int backlog, int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void ends_when_cancelled(void **state)
{
    int (*const bodies[])(int) = {cancelled_exec, cancelled_open};
    int port, fd = open_port(8, &port), status;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(bodies[i](port));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    close(fd);
}

/* Something that is no sshd: says TEXT to each client, all at once or byte by
 * byte, and stays or closes. */
struct fake {
    const char *text;
    size_t len;
    int slow_ms;
    bool closes;
    char floods; /* then packets of this type, without end */

    int fd, port;
    atomic_int clients;
    pthread_t thread;
};

static void flood(int fd, char type)
{
    char packet[32768] = {0, 0, 0x7f, (char)0xfc, 4, type};

    while (send(fd, packet, sizeof(packet), MSG_NOSIGNAL) > 0)
        ;
}

static void say(const struct fake *fake, int fd)
{
    char rest[4096];

    for (size_t i = 0; fake->slow_ms && i < fake->len; i++) {
        if (send(fd, fake->text + i, 1, MSG_NOSIGNAL) < 0)
            return;
        usleep((useconds_t)fake->slow_ms * 1000);
    }
    if (!fake->slow_ms && fake->len)
        send(fd, fake->text, fake->len, MSG_NOSIGNAL);
    if (fake->floods)
        flood(fd, fake->floods);
    if (fake->closes)
        return;
    while (read(fd, rest, sizeof(rest)) > 0)
        ;
}

static void *serve(void *arg)
{
    struct fake *fake = arg;
    int fd;

    while ((fd = accept(fake->fd, NULL, NULL)) >= 0) {
        atomic_fetch_add(&fake->clients, 1);
        say(fake, fd);
        close(fd);
    }
    return NULL;
}

static void fake_start(struct fake *fake)
{
    atomic_init(&fake->clients, 0);
    fake->fd = open_port(16, &fake->port);
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

static void fake_stop(struct fake *fake)
{
    shutdown(fake->fd, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->fd);
}

#define IDENTITY    "SSH-2.0-fake\r\n"
#define SAYS(text_) .text = (text_), .len = sizeof(text_) - 1

static void servers_that_are_none(void **state)
{
    struct {
        struct fake fake;
        int code;
        enum fl_ssh_stage stage;
        int clients;
        const char *text;
    } cases[] = {
        {{SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"), .closes = true},
         FLEET_EINVALID,
         FL_SSH_GREETING,
         1,
         "but it is not SSH"},
        {{SAYS("220 mail ESMTP\r\n"), .closes = true},
         FLEET_EINVALID,
         FL_SSH_GREETING,
         1,
         "\"220 mail ESMTP\""},
        {{SAYS("\x16\x03\x01\0\0\0")},
         FLEET_EINVALID,
         FL_SSH_GREETING,
         1,
         "but it is not SSH"},
        {{SAYS("SSH-1.5-old\r\n")},
         FLEET_EINVALID,
         FL_SSH_GREETING,
         1,
         "an SSH version of old"},
        {{SAYS("")},
         FLEET_ETIMEOUT,
         FL_SSH_GREETING,
         1,
         "no SSH server says who it is"},
        {{SAYS(IDENTITY), .slow_ms = 60},
         FLEET_ETIMEOUT,
         FL_SSH_GREETING,
         1,
         "no SSH server says who it is"},
        {{SAYS(""), .closes = true},
         FLEET_ETRANSIENT,
         FL_SSH_GREETING,
         6,
         "MaxStartups"},
        {{SAYS("Exceeded MaxStartups\r\n"), .closes = true},
         FLEET_ETRANSIENT,
         FL_SSH_GREETING,
         6,
         "MaxStartups"},
        {{SAYS(IDENTITY)},
         FLEET_ETIMEOUT,
         FL_SSH_HOST_KEY,
         1,
         "host key: not done in time"},
        {{SAYS(IDENTITY), .closes = true},
         FLEET_ETRANSIENT,
         FL_SSH_HOST_KEY,
         1,
         "host key: "},
        {{SAYS(IDENTITY "\0\0\0\x0c\x0a\x14 no kexinit")},
         FLEET_ETRANSIENT,
         FL_SSH_HOST_KEY,
         1,
         "host key: "},
        {{SAYS(IDENTITY "\xff\xff\xff\xff\xff\xff\xff")},
         FLEET_ETRANSIENT,
         FL_SSH_HOST_KEY,
         1,
         "host key: "},
        {{SAYS(IDENTITY), .floods = 2}, /* SSH_MSG_IGNORE */
         FLEET_ETIMEOUT,
         FL_SSH_HOST_KEY,
         1,
         "host key: not done in time"},
        {{SAYS(IDENTITY), .floods = 100},
         FLEET_ETRANSIENT,
         FL_SSH_HOST_KEY,
         1,
         "more than anybody asked for"},
    };
    struct fl_ssh_key *key = open_key("ed25519");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_ssh_target target = {"127.0.0.1", 0, "root", NULL};
        bool waits = cases[i].code == FLEET_ETIMEOUT;
        enum fl_ssh_stage stage = 0;
        struct fleet_error err = {0};
        struct fl_ssh *ssh = NULL;
        int64_t began = fl_now_ms();
        int rc;

        fake_start(&cases[i].fake);
        target.port = cases[i].fake.port;
        rc = fl_ssh_open(&target, key, fl_deadline(waits ? 300 : SOON), &ssh,
                         &stage, NULL, &err);
        fake_stop(&cases[i].fake);
        if (rc != cases[i].code || stage != cases[i].stage ||
            !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %d, %s: %s", i, rc, fl_ssh_stage_name(stage),
                     err.text);
        if (waits)
            assert_true(fl_now_ms() - began >= 300);
        if (cases[i].fake.clients != cases[i].clients)
            fail_msg("case %zu: %d clients: %s", i, cases[i].fake.clients,
                     err.text);
    }
    fl_ssh_key_close(key);
}

/* Some servers send more along with their identification. */
static void a_greeting_with_something_behind_it(void **state)
{
    struct fake fake = {SAYS(IDENTITY "\0\0\1\x24")};
    struct fleet_error err;

    (void)state;
    fake_start(&fake);
    assert_int_equal(
        fl_greeting("127.0.0.1", fake.port, fl_deadline(SOON), &err), FLEET_OK);
    fake_stop(&fake);
}

static void nobody_there(void **state)
{
    int port, fd = open_port(-1, &port);
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target = {"127.0.0.1", port, "root", NULL};
    struct fl_ssh *ssh = NULL;
    enum fl_ssh_stage stage;
    struct fleet_error err;

    (void)state;
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, &stage, NULL, &err),
        FLEET_ETRANSIENT);
    assert_int_equal(stage, FL_SSH_CONNECT);
    assert_non_null(strstr(err.text, "nothing listens on that port"));
    fl_ssh_key_close(key);
    close(fd);
}

/* Many threads at one server. */
struct crowd {
    const struct sshd *at;
    const struct fl_ssh_key *key;
    atomic_int failures;
};

static void *one_of_many(void *arg)
{
    struct crowd *crowd = arg;
    struct fl_ssh_target target = target_at(crowd->at);
    struct fl_ssh_exec exec = {.command = "echo hello", .max_out = 100};
    struct fl_ssh *ssh = NULL;
    struct fleet_error err = {0};
    int64_t deadline = fl_deadline(SOON);
    int rc = fl_ssh_open(&target, crowd->key, deadline, &ssh, NULL, NULL, &err);

    if (rc == FLEET_OK)
        rc = fl_ssh_run(ssh, &exec, deadline, &err);
    if (rc < 0 || strcmp(exec.out, "hello\n") != 0) {
        atomic_fetch_add(&crowd->failures, 1);
        fprintf(stderr, "%s\n", err.text);
    }
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
    return NULL;
}

static void crowd_at(const struct sshd *at, const char *name, size_t n)
{
    struct fl_ssh_key *key = open_key(name);
    struct crowd crowd = {.at = at, .key = key};
    pthread_t threads[64];

    assert_true(n <= sizeof(threads) / sizeof(*threads));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_of_many, &crowd),
                         0);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.failures, 0);
    fl_ssh_key_close(key);
}

static void many_at_once(void **state)
{
    (void)state;
    crowd_at(&server, "ed25519", 64);
}

static void more_than_the_server_takes(void **state)
{
    struct sshd narrow;

    (void)state;
    sshd_start(&narrow, home, "MaxStartups 2:100:2\n");
    crowd_at(&narrow, "ed25519", 20);
    sshd_stop(&narrow);
}

static void a_server_that_runs_nothing(void **state)
{
    struct sshd closed;
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target;
    struct fl_ssh_exec exec = {.command = "true"};
    struct fl_ssh *ssh = NULL;
    struct fleet_error err;

    (void)state;
    sshd_start(&closed, home, "MaxSessions 0\n");
    target = target_at(&closed);
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, NULL, NULL, &err),
        FLEET_OK);
    assert_int_equal(fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err),
                     FLEET_EREFUSED);
    assert_non_null(strstr(err.text, "opens no session"));
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
    sshd_stop(&closed);
    fl_ssh_key_close(key);
}

static void a_host_with_nothing_but_an_rsa_key(void **state)
{
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target;
    struct fl_ssh *ssh = NULL;
    enum fl_ssh_stage stage = 0;
    struct fleet_error err;
    struct sshd old;
    int rc;

    make_key(*state, "host_rsa", "rsa", NULL);
    shell("cp '%s/authorized_keys' '%s'", home, (char *)*state);
    sshd_start(&old, *state, "");
    target = target_at(&old);
    rc = fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, &stage, NULL, &err);
    if (rsa_works()) {
        assert_int_equal(rc, FLEET_OK);
    } else {
        assert_int_equal(rc, FLEET_ETRANSIENT);
        assert_int_equal(stage, FL_SSH_HOST_KEY);
        assert_non_null(strstr(err.text, "no algorithm in common"));
    }
    fl_ssh_close(ssh);
    sshd_stop(&old);
    fl_ssh_key_close(key);
}

/* All descriptors there are; *N is how many. */
static void use_up(int *fds, size_t *n)
{
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};

    setrlimit(RLIMIT_NOFILE, &limit);
    while (*n < 64 && (fds[*n] = open("/dev/null", O_RDONLY)) >= 0)
        (*n)++;
}

static void *close_soon(void *arg)
{
    usleep(150000);
    close(*(int *)arg);
    return NULL;
}

static int without_descriptors(void)
{
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target = target_at(&server);
    struct fl_ssh *ssh = NULL;
    struct fleet_error err = {0};
    pthread_t thread;
    int fds[64], rc;
    size_t n = 0;
    bool told;

    use_up(fds, &n);
    rc = fl_ssh_open(&target, key, fl_deadline(1000), &ssh, NULL, NULL, &err);
    told = rc == FLEET_ETRANSIENT && strstr(err.text, "out of descriptors");
    pthread_create(&thread, NULL, close_soon, &fds[0]);
    rc = fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, NULL, NULL, &err);
    pthread_join(thread, NULL);
    fl_ssh_close(ssh);
    fl_ssh_key_close(key);
    for (size_t i = 1; i < n; i++)
        close(fds[i]);
    return told && rc == FLEET_OK ? 0 : 1;
}

static void out_of_descriptors(void **state)
{
    pid_t pid;
    int status;

    (void)state;
    if (getenv("FLEET_TEST_WRAP")) /* valgrind lets sockets pass the limit */
        skip();
    pid = fork();
    if (pid == 0)
        _exit(without_descriptors());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void put(struct fl_ssh *ssh, const char *path, const char *data,
                size_t len, mode_t mode)
{
    struct fleet_error err;

    if (fl_ssh_put(ssh, path, data, len, mode, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
}

static void assert_file(struct fl_ssh *ssh, const char *path, const char *data,
                        size_t len)
{
    struct fleet_error err;
    char *got = NULL;
    size_t got_len = 0;

    if (fl_ssh_get(ssh, path, len, &got, &got_len, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got_len, len);
    assert_memory_equal(got, data, len);
    free(got);
}

static void files_go_and_come(void **state)
{
    struct fl_ssh *ssh = open_with("ed25519");
    char *path = fl_format("%s/it's a $file", (char *)*state);
    size_t len = 3000001;
    char *data = malloc(len);
    struct stat st;

    for (size_t i = 0; i < len; i++)
        data[i] = (char)(i * 7 % 251);
    put(ssh, path, "first", 5, 0600);
    assert_file(ssh, path, "first", 5);
    put(ssh, path, data, len, 0755);
    assert_file(ssh, path, data, len);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    put(ssh, path, "", 0, 0644);
    assert_file(ssh, path, "", 0);
    shell("test \"$(ls -A '%s' | wc -l)\" -eq 1", (char *)*state);
    free(data);
    free(path);
    fl_ssh_close(ssh);
}

static void files_that_cannot_be(void **state)
{
    struct fl_ssh *ssh = open_with("ed25519");
    char *missing = fl_format("%s/none/file", (char *)*state);
    char *large = fl_format("%s/large", (char *)*state);
    struct fleet_error err;
    char *data = NULL;
    size_t len = 0;
    int64_t deadline = fl_deadline(SOON);

    put(ssh, large, "12345", 5, 0600);
    assert_int_equal(fl_ssh_get(ssh, large, 4, &data, &len, deadline, &err),
                     FLEET_EINVALID);
    assert_int_equal(fl_ssh_get(ssh, missing, 4, &data, &len, deadline, &err),
                     FLEET_ENOTFOUND);
    assert_null(data);
    assert_int_equal(fl_ssh_put(ssh, missing, "x", 1, 0600, deadline, &err),
                     FLEET_ENOTFOUND);
    assert_int_equal(fl_ssh_put(ssh, *state, "x", 1, 0600, deadline, &err),
                     FLEET_EREFUSED);
    assert_non_null(strstr(err.text, "directory"));
    assert_int_equal(fl_ssh_put(ssh, "", "x", 1, 0600, deadline, &err),
                     FLEET_EINVALID);
    assert_int_equal(fl_ssh_put(ssh, "a/", "x", 1, 0600, deadline, &err),
                     FLEET_EINVALID);
    shell("test -z \"$(ls '%s'.fleet-* 2>/dev/null)\"", (char *)*state);
    free(missing);
    free(large);
    fl_ssh_close(ssh);
}

static void a_server_without_sftp(void **state)
{
    struct sshd plain;
    struct fl_ssh_key *key = open_key("ed25519");
    struct fl_ssh_target target;
    struct fl_ssh_exec exec = {.command = "echo still", .max_out = 100};
    struct fl_ssh *ssh = NULL;
    struct fleet_error err;

    (void)state;
    sshd_start(&plain, home, "");
    target = target_at(&plain);
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, NULL, NULL, &err),
        FLEET_OK);
    assert_int_equal(
        fl_ssh_put(ssh, "x", "x", 1, 0600, fl_deadline(SOON), &err),
        FLEET_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "openssh-sftp-server"));
    if (fl_ssh_run(ssh, &exec, fl_deadline(SOON), &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(exec.out, "still\n");
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
    sshd_stop(&plain);
    fl_ssh_key_close(key);
}

/* Keys with a passphrase: by way of an agent, by many threads at once. */
static void an_agent_signs(void **state)
{
    static const char *const names[] = {"locked", "locked-rsa"};
    size_t n = rsa_works() ? 2 : 1;
    pid_t agent = agent_start(home);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        shell("cd '%s' && SSH_ASKPASS=./askpass SSH_ASKPASS_REQUIRE=force "
              "ssh-add -q %s </dev/null",
              home, names[i]);
        crowd_at(&server, names[i], 20);
    }
    agent_stop(agent);
}

static void an_agent_that_stops_signing(void **state)
{
    pid_t agent = agent_start(home);
    struct fl_ssh_target target = target_at(&server);
    struct fl_ssh_key *key;
    struct fl_ssh *ssh = NULL;
    enum fl_ssh_stage stage;
    struct fleet_error err;

    (void)state;
    shell("cd '%s' && SSH_ASKPASS=./askpass SSH_ASKPASS_REQUIRE=force "
          "ssh-add -q locked </dev/null",
          home);
    key = open_key("locked");
    shell("ssh-add -q -D");
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, &stage, NULL, &err),
        FLEET_ECONFIG);
    assert_int_equal(stage, FL_SSH_LOGIN);
    assert_non_null(strstr(err.text, "does not sign"));
    kill(agent, SIGSTOP);
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(500), &ssh, &stage, NULL, &err),
        FLEET_ETIMEOUT);
    assert_non_null(strstr(err.text, "ssh-agent: no answer in time"));
    kill(agent, SIGCONT);
    agent_stop(agent);
    assert_int_equal(
        fl_ssh_open(&target, key, fl_deadline(SOON), &ssh, &stage, NULL, &err),
        FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "SSH_AUTH_SOCK is not set"));
    fl_ssh_key_close(key);
}

/* An allocation that fails, ours or one of libssh2, at every step. libssh2
 * forgets some keys then, which is not ours to find. */
static void short_of_memory(void *arg)
{
    struct fl_ssh_target target = target_at(&server);
    struct fl_ssh_exec exec = {.command = "echo x", .max_out = 9, .max_err = 9};
    int64_t deadline = fl_deadline(SOON);
    struct fl_ssh *ssh = NULL;
    struct fleet_error err = {0};
    char *shown = NULL;
    int rc = fl_ssh_open(&target, arg, deadline, &ssh, NULL, &shown, &err);

    if (rc == FLEET_OK)
        rc = fl_ssh_run(ssh, &exec, deadline, &err);
    if (rc != FLEET_OK)
        assert_true(fl_test_alloc_failed() && rc == FLEET_ENOMEM);
    fl_ssh_exec_clear(&exec);
    fl_ssh_close(ssh);
    free(shown);
}

static void survives_no_memory(void **state)
{
    struct fl_ssh_key *key;

    (void)state;
    if (CHECKED_MEMORY || getenv("FLEET_TEST_WRAP"))
        skip();
    key = open_key("ed25519");
    fl_test_each_alloc(short_of_memory, key);
    fl_ssh_key_close(key);
}

static int set_up(void **state)
{
    static const char *const let_in[] = {"ed25519",  "ecdsa256",  "ecdsa384",
                                         "ecdsa521", "pem",       "rsa",
                                         "locked",   "locked-rsa"};

    if (scratch_setup(state) < 0)
        return -1;
    home = *state;
    make_key(home, "host_ed25519", "ed25519", NULL);
    make_key(home, "host_ecdsa", "ecdsa", NULL);
    make_key(home, "ed25519", "ed25519", NULL);
    make_key(home, "stranger", "ed25519", NULL);
    make_key(home, "ecdsa256", "ecdsa -b 256", NULL);
    make_key(home, "ecdsa384", "ecdsa -b 384", NULL);
    make_key(home, "ecdsa521", "ecdsa -b 521", NULL);
    make_key(home, "pem", "ecdsa -m PEM", NULL);
    make_key(home, "rsa", "rsa", NULL);
    make_key(home, "locked", "ed25519", "a passphrase");
    make_key(home, "locked-rsa", "rsa", "a passphrase");
    write_text(home, "askpass", "#!/bin/sh\necho a passphrase\n", 0700);
    for (size_t i = 0; i < sizeof(let_in) / sizeof(*let_in); i++)
        shell("cat '%s/%s.pub' >>'%s/authorized_keys'", home, let_in[i], home);
    unsetenv("SSH_AUTH_SOCK");
    sshd_start(&server, home,
               "MaxStartups 100\nMaxSessions 100\n"
               "Subsystem sftp internal-sftp\n");
    return 0;
}

static int tear_down(void **state)
{
    sshd_stop(&server);
    return scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_of_key_logs_in),
        cmocka_unit_test(host_keys_are_learnt_and_compared),
        cmocka_unit_test(a_key_the_server_does_not_know),
        cmocka_unit_test(targets_that_are_none),
        cmocka_unit_test(commands),
        cmocka_unit_test(much_input_comes_back),
        cmocka_unit_test(what_goes_through),
        cmocka_unit_test(input_that_nobody_reads),
        cmocka_unit_test(too_much_output_is_dropped),
        cmocka_unit_test(a_command_that_never_ends),
        cmocka_unit_test(a_connection_that_breaks_off),
        cmocka_unit_test(ends_when_cancelled),
        cmocka_unit_test(servers_that_are_none),
        cmocka_unit_test(a_greeting_with_something_behind_it),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(more_than_the_server_takes),
        cmocka_unit_test(a_server_that_runs_nothing),
        SCRATCH_TEST(a_host_with_nothing_but_an_rsa_key),
        cmocka_unit_test(out_of_descriptors),
        SCRATCH_TEST(files_go_and_come),
        SCRATCH_TEST(files_that_cannot_be),
        cmocka_unit_test(a_server_without_sftp),
        cmocka_unit_test(an_agent_signs),
        cmocka_unit_test(an_agent_that_stops_signing),
        cmocka_unit_test(survives_no_memory),
    };

    if (!sshd_possible())
        return 77;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
