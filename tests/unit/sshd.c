/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/unit/sshd.h"

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/net/greeting.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <shadow.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define READY_MS 60000
#define TRIES    5

static const char *sshd_path(void)
{
    static const char *const paths[] = {"/usr/sbin/sshd", "/sbin/sshd",
                                        "/usr/local/sbin/sshd",
                                        "/usr/bin/sshd"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

bool sshd_possible(void)
{
    const char *missing = NULL;

    if (geteuid() == 0)
        mkdir("/run/sshd", 0755);
    if (!sshd_path())
        missing = "no sshd here: apt-get install openssh-server";
    else if (access("/usr/bin/ssh-keygen", X_OK) < 0)
        missing = "no ssh-keygen here: apt-get install openssh-client";
    else if (geteuid() == 0 && access("/run/sshd", X_OK) < 0)
        missing = "no /run/sshd, which sshd needs";
    if (missing)
        fprintf(stderr, "skipped: %s\n", missing);
    return !missing;
}

void shell(const char *format, ...)
{
    char command[8192];
    va_list args;
    int status;
    pid_t pid;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("%s: status %d", command, status);
}

void make_key(const char *dir, const char *name, const char *type,
              const char *passphrase)
{
    shell("ssh-keygen -q -t %s -N '%s' -C test -f '%s/%s' </dev/null", type,
          passphrase ? passphrase : "", dir, name);
}

char *read_text(const char *dir, const char *name)
{
    struct fl_buf text = FL_BUF(1 << 20);
    char *path = fl_path_join(dir, name), *taken;
    struct fleet_error err;

    if (fl_file_read(path, &text, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    taken = fl_buf_take(&text);
    taken[strcspn(taken, "\n")] = '\0';
    return taken;
}

void write_text(const char *dir, const char *name, const char *text,
                mode_t mode)
{
    char *path = fl_path_join(dir, name);
    struct fleet_error err;

    if (fl_file_write(path, text, strlen(text), mode, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* Some systems ship root with a "!" for a password, and sshd then lets nobody
 * in without PAM. */
static bool is_locked(const char *user)
{
    const struct spwd *entry = geteuid() == 0 ? getspnam(user) : NULL;

    return entry && entry->sp_pwdp && entry->sp_pwdp[0] == '!';
}

static void write_config(const struct sshd *sshd, const char *dir,
                         const char *extra)
{
    static const char *const hosts[] = {"host_ed25519", "host_ecdsa",
                                        "host_rsa"};
    struct fl_buf text = FL_BUF(65536);

    fl_buf_printf(&text,
                  "Port %d\nListenAddress 127.0.0.1\nPidFile none\n"
                  "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\n"
                  "PasswordAuthentication no\nUsePAM %s\nUseDNS no\n"
                  "PermitUserRC no\nPrintMotd no\nPrintLastLog no\n"
                  "SetEnv SHLVL=1\n", /* or bash reads .bashrc */
                  sshd->port, dir, is_locked(sshd->user) ? "yes" : "no");
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        char *path = fl_path_join(dir, hosts[i]);

        if (access(path, R_OK) == 0)
            fl_buf_printf(&text, "HostKey %s\n", path);
        free(path);
    }
    fl_buf_puts(&text, extra);
    write_text(dir, "sshd_config", fl_buf_text(&text), 0600);
    fl_buf_clear(&text);
}

/* The child goes when its parent does, however that ends. */
static pid_t start(const char *dir, const char *log, const char *const *argv)
{
    char *path = fl_path_join(dir, log);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        dup2(open("/dev/null", O_RDWR), 0);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    free(path);
    return pid;
}

void sshd_start(struct sshd *sshd, const char *dir, const char *extra)
{
    char *config = fl_path_join(dir, "sshd_config");
    const char *const argv[] = {sshd_path(), "-D", "-e", "-f", config, NULL};
    struct fleet_error err = {0};
    int rc = FLEET_ETRANSIENT;

    snprintf(sshd->user, sizeof(sshd->user), "%s",
             getpwuid(geteuid())->pw_name);
    for (int i = 0; rc != FLEET_OK && i < TRIES; i++) {
        sshd->port = free_port();
        write_config(sshd, dir, extra);
        sshd->pid = start(dir, "sshd.log", argv);
        /* another program may have taken the port: then sshd has ended */
        while ((rc = fl_greeting("127.0.0.1", sshd->port, fl_deadline(READY_MS),
                                 &err)) < 0 &&
               waitpid(sshd->pid, NULL, WNOHANG) == 0)
            usleep(10000);
    }
    free(config);
    if (rc != FLEET_OK)
        shell("cat '%s/sshd.log' >&2; exit 1", dir);
}

static void stop(pid_t pid)
{
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

void sshd_stop(struct sshd *sshd)
{
    stop(sshd->pid);
}

static bool answers(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    rc = connect(fd, (struct sockaddr *)&at, sizeof(at));
    close(fd);
    return rc == 0;
}

pid_t agent_start(const char *dir)
{
    char *path = fl_path_join(dir, "agent");
    const char *const argv[] = {"/usr/bin/ssh-agent", "-D", "-a", path, NULL};
    int64_t deadline = fl_deadline(READY_MS);
    pid_t pid = start(dir, "agent.log", argv);

    while (!answers(path) && fl_left_ms(deadline) > 0)
        usleep(5000);
    setenv("SSH_AUTH_SOCK", path, 1);
    free(path);
    return pid;
}

void agent_stop(pid_t pid)
{
    unsetenv("SSH_AUTH_SOCK");
    stop(pid);
}
