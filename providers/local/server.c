/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/server.h"

#include "providers/local/file.h"
#include "providers/local/process.h"

#include <errno.h>
#include <fleet/host.h>
#include <inttypes.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    OLDEST = 708, /* SetEnv came with OpenSSH 7.8 */
    PENALTIES = 908,
    KEY_FILE_MAX = 16 * 1024,
    LOG_MAX = 16 * 1024 * 1024
};

static const char runtime_dir[] = "/run/sshd";
static const char search_more[] = "/usr/sbin:/sbin:/usr/local/sbin";
static const char session_path[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static bool is_program(const char *path)
{
    struct stat st;

    return path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           access(path, X_OK) == 0;
}

/* NULL when there is none, or no memory. */
static char *search(const char *dirs, const char *name)
{
    AUTO_FREE char *list = dirs ? strdup(dirs) : NULL;
    char *rest = list;

    for (char *dir; (dir = strsep(&rest, ":"));) {
        char *path = path_in(dir, name);

        if (path && is_program(path))
            return path;
        free(path);
    }
    return NULL;
}

static int find_sshd(const char *wanted, char **sshd, struct fleet_error *err)
{
    if (wanted) {
        if (!is_program(wanted))
            return fleet_fail(err, FLEET_ECONFIG,
                              "LOCAL_SSHD: %s is not a program", wanted);
        *sshd = strdup(wanted);
        return *sshd ? FLEET_OK : fail_memory(err);
    }
    *sshd = search(getenv("PATH"), "sshd");
    if (!*sshd)
        *sshd = search(search_more, "sshd");
    if (*sshd)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "no sshd on this machine: apt-get install "
                      "openssh-server");
}

/* Without PAM, sshd as root refuses an account with a "!" password, which is
 * how some systems ship root. */
static bool is_locked(const char *user)
{
    char space[1024];
    struct spwd entry, *found = NULL;

    return geteuid() == 0 &&
           getspnam_r(user, &entry, space, sizeof space, &found) == 0 &&
           found && found->sp_pwdp && found->sp_pwdp[0] == '!';
}

static int find_account(struct server *server, struct fleet_error *err)
{
    char space[4096];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(geteuid(), &entry, space, sizeof space, &found) != 0 ||
        !found)
        return fleet_fail(err, FLEET_ECONFIG,
                          "user %d is not in the password file, so sshd can "
                          "let nobody in",
                          (int)geteuid());
    server->user = strdup(found->pw_name);
    server->shell = strdup(*found->pw_shell ? found->pw_shell : "/bin/sh");
    if (!server->user || !server->shell)
        return fail_memory(err);
    server->pam = is_locked(server->user);
    return FLEET_OK;
}

int server_open(struct server *server, const char *wanted,
                struct fleet_error *err)
{
    int rc = find_sshd(wanted, &server->sshd, err);

    if (rc < 0)
        return rc;
    server->sftp = search("/usr/lib/openssh:/usr/libexec/openssh:/usr/lib/ssh:"
                          "/usr/libexec:/usr/lib64/ssh:/usr/local/libexec",
                          "sftp-server");
    return find_account(server, err);
}

void server_close(struct server *server)
{
    free(server->sshd);
    free(server->sftp);
    free(server->user);
    free(server->shell);
}

/* sshd tells its version on standard error, and older ones fail at that. */
static int read_version(const struct server *server, int *version,
                        struct fleet_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c",
                                "\"$0\" -V 2>&1 || :", server->sshd, NULL};
    const struct fleet_program program = {
        .size = sizeof program, .argv = argv, .max_output = 4096};
    AUTO_FREE char *output = NULL;
    const char *found;
    int major, minor;
    int rc = fleet_run_program(&program, &output, err);

    if (rc < 0)
        return rc;
    found = output ? strstr(output, "OpenSSH_") : NULL;
    if (!found || sscanf(found, "OpenSSH_%3d.%2d", &major, &minor) != 2)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s is not an OpenSSH sshd: set LOCAL_SSHD",
                          server->sshd);
    *version = major * 100 + minor;
    return FLEET_OK;
}

static int check_version(struct server *server, struct fleet_error *err)
{
    int version = atomic_load(&server->version);

    if (!version) {
        int rc = read_version(server, &version, err);

        if (rc < 0)
            return rc;
        atomic_store(&server->version, version);
    }
    if (version >= OLDEST)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s is OpenSSH %d.%d: 7.8 or newer is needed",
                      server->sshd, version / 100, version % 100);
}

static int check_shell(const struct server *server, struct fleet_error *err)
{
    const char *slash = strrchr(server->shell, '/');
    const char *name = slash ? slash + 1 : server->shell;

    if (strcmp(name, "nologin") != 0 && strcmp(name, "false") != 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "account %s has the shell %s, so nobody could log in: "
                      "use another account",
                      server->user, server->shell);
}

int server_make_key(const char *dir, char **key, struct fleet_error *err)
{
    AUTO_FREE char *path = path_in(dir, "host_key");
    AUTO_FREE char *public = path_in(dir, "host_key.pub");
    const char *const argv[] = {"ssh-keygen", "-q", "-t", "ed25519",
                                "-N",         "",   "-C", "fleet",
                                "-f",         path, NULL};
    const struct fleet_program program = {.size = sizeof program, .argv = argv};
    AUTO_FREE char *text = NULL;
    char *comment;
    int rc;

    if (!path || !public)
        return fail_memory(err);
    rc = fleet_run_program(&program, NULL, err);
    if (rc < 0)
        return rc;
    rc = file_read(public, KEY_FILE_MAX, &text, NULL, err);
    if (rc < 0)
        return rc;
    comment = strstr(text, " fleet");
    if (!comment)
        return fleet_fail(err, FLEET_EINTERNAL, "%s: not as expected", public);
    *comment = '\0';
    *key = text;
    text = NULL;
    return FLEET_OK;
}

/* For sshd_config: "quoted", also where it holds quotes. With PERCENT, for the
 * keywords that expand tokens. */
static void put_quoted(FILE *out, const char *head, const char *dir,
                       const char *tail, bool percent)
{
    fprintf(out, "\"%s", head);
    for (; *dir; dir++) {
        if (*dir == '"' || *dir == '\\')
            fputc('\\', out);
        if (*dir == '%' && percent)
            fputc('%', out);
        fputc(*dir, out);
    }
    fprintf(out, "%s\"", tail);
}

static void put_path(FILE *out, const char *keyword, const char *dir,
                     const char *tail)
{
    fprintf(out, "%s ", keyword);
    put_quoted(out, "", dir, tail, false);
    fputc('\n', out);
}

static const char fixed_lines[] = "AddressFamily inet\n"
                                  "ListenAddress 127.0.0.1\n"
                                  "StrictModes no\n"
                                  "AuthenticationMethods publickey\n"
                                  "PasswordAuthentication no\n"
                                  "PermitRootLogin prohibit-password\n"
                                  "PermitUserRC no\n"
                                  "PermitUserEnvironment no\n"
                                  "AllowTcpForwarding yes\n"
                                  "X11Forwarding no\n"
                                  "UseDNS no\n"
                                  "PrintMotd no\n"
                                  "PrintLastLog no\n"
                                  "Banner none\n"
                                  "MaxStartups 500\n"
                                  "MaxSessions 100\n"
                                  "LoginGraceTime 60\n"
                                  "LogLevel INFO\n"
                                  "ForceCommand /bin/sh \"$HOME/../session\"\n";

static void put_config(FILE *out, const struct server *server,
                       const struct pod *pod)
{
    fprintf(out, "# made by fleet at every start\nPort %" PRId64 "\n%s",
            pod->port, fixed_lines);
    put_path(out, "HostKey", pod->dir, "/host_key");
    put_path(out, "PidFile", pod->dir, "/sshd.pid");
    fputs("AuthorizedKeysFile ", out);
    put_quoted(out, "", pod->dir, "/authorized_keys", true);
    fputc(' ', out);
    put_quoted(out, "", pod->dir, "/home/.ssh/authorized_keys", true);
    fprintf(out, "\nUsePAM %s\n", server->pam ? "yes" : "no");
    if (server->sftp)
        fprintf(out, "Subsystem sftp %s\n", server->sftp);
    if (geteuid() == 0) /* others can only let themselves in */
        fprintf(out, "AllowUsers %s\n", server->user);
    if (atomic_load(&server->version) >= PENALTIES)
        fputs("PerSourcePenalties no\n", out); /* all come from one address */
}

static void put_shell_word(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s='", name);
    for (; *value; value++)
        if (*value == '\'')
            fputs("'\\''", out);
        else
            fputc(*value, out);
    fputs("'\n", out);
}

static const char session_rest[] =
    "export MACHINE_NAME PUBLIC_KEY\n"
    "cd \"$HOME\" || exit 1\n"
    "unset SHLVL OLDPWD\n"
    "if [ -n \"${SSH_ORIGINAL_COMMAND+set}\" ]; then\n"
    "    command=$SSH_ORIGINAL_COMMAND\n"
    "    unset SSH_ORIGINAL_COMMAND\n"
    "    exec \"$SHELL\" -c \"$command\"\n"
    "fi\n"
    "exec \"$SHELL\" -l\n";

static void put_session(FILE *out, const struct pod *pod)
{
    put_shell_word(out, "MACHINE_NAME", pod->name);
    put_shell_word(out, "PUBLIC_KEY", pod->public_key);
    fputs(session_rest, out);
}

/* Closes OUT, whose memory *TEXT is, and writes that to the pod's file NAME. */
static int save(FILE *out, char *const *text, const struct pod *pod,
                const char *name, struct fleet_error *err)
{
    AUTO_FREE char *path = path_in(pod->dir, name);

    if (fclose(out) != 0 || !path)
        return fail_memory(err);
    return file_write(path, *text, 0600, err);
}

int server_write_session(const struct pod *pod, struct fleet_error *err)
{
    AUTO_FREE char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return fail_memory(err);
    put_session(out, pod);
    return save(out, &text, pod, "session", err);
}

static int write_config(const struct server *server, const struct pod *pod,
                        struct fleet_error *err)
{
    AUTO_FREE char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return fail_memory(err);
    put_config(out, server, pod);
    return save(out, &text, pod, "sshd_config", err);
}

static int write_keys(const struct pod *pod, struct fleet_error *err)
{
    AUTO_FREE char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return fail_memory(err);
    fprintf(out, "%s\n", pod->public_key);
    return save(out, &text, pod, "authorized_keys", err);
}

static int write_files(const struct server *server, const struct pod *pod,
                       struct fleet_error *err)
{
    AUTO_FREE char *home = path_in(pod->dir, "home");
    int rc = home ? dir_make(home, err) : fail_memory(err);

    if (rc == FLEET_OK)
        rc = write_config(server, pod, err);
    if (rc == FLEET_OK)
        rc = write_keys(pod, err);
    if (rc == FLEET_OK)
        rc = server_write_session(pod, err);
    return rc;
}

/* FLEET_ECONFLICT when the port was the trouble, else CODE and its log's last
 * line. */
static int tell_failure(const struct pod *pod, const char *log, int code,
                        const char *what, struct fleet_error *err)
{
    AUTO_FREE char *text = NULL;
    const char *last = "its log is empty";

    if (file_read(log, LOG_MAX, &text, NULL, NULL) < 0)
        return fleet_fail(err, code, "sshd %s, without a log", what);
    if (strstr(text, "Address already in use"))
        return fleet_fail(err, FLEET_ECONFLICT,
                          "port %" PRId64 " of this machine is in use by "
                          "another program",
                          pod->port);
    for (char *rest = text, *line; (line = strsep(&rest, "\r\n"));)
        if (*line)
            last = line;
    return fleet_fail(err, code, "sshd %s: %s", what, last);
}

/* sshd writes its pid once it listens. */
static int await(const struct pod *pod, const char *log,
                 struct fleet_error *err)
{
    enum { STEP_MS = 5, LOOK_EVERY = 20, STEPS = 4000 };

    for (int i = 1; !process_serves(pod->dir); i++) {
        if (i > STEPS || fleet_call_sleep(STEP_MS, NULL) < 0)
            return tell_failure(pod, log, FLEET_ETIMEOUT,
                                "does not begin to listen", err);
        if (i % LOOK_EVERY == 0 && !process_started(pod->dir) &&
            !process_serves(pod->dir))
            return tell_failure(pod, log, FLEET_EINTERNAL, "has ended", err);
    }
    return FLEET_OK;
}

/* The environment of sessions, as the option that process.c knows sshd by. The
 * user's shell runs the forced command; a SHLVL keeps it from reading the pod's
 * .bashrc then, since the shell that the session script starts will. */
static char *session_option(const struct pod *pod)
{
    char mark[MARK_SIZE];
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return NULL;
    process_mark(mark, pod->dir);
    fprintf(out, "SetEnv %s SHLVL=1 ", mark);
    put_quoted(out, "HOME=", pod->dir, "/home", false);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int run_sshd(const struct server *server, const struct pod *pod,
                    const char *log, struct fleet_error *err)
{
    AUTO_FREE char *config = path_in(pod->dir, "sshd_config");
    AUTO_FREE char *option = session_option(pod);
    const char *const argv[] = {server->sshd, "-o", option, "-f",
                                config,       "-E", log,    NULL};
    const char *const env[] = {session_path, NULL};
    const struct fleet_program program = {
        .size = sizeof program, .argv = argv, .env = env};

    if (!config || !option)
        return fail_memory(err);
    return fleet_run_program(&program, NULL, err);
}

static int launch(const struct server *server, const struct pod *pod,
                  struct fleet_error *err)
{
    AUTO_FREE char *log = path_in(pod->dir, "log");
    AUTO_FREE char *pid = path_in(pod->dir, "sshd.pid");
    int rc;

    if (!log || !pid)
        return fail_memory(err);
    unlink(pid);
    unlink(log);
    if (geteuid() == 0)
        mkdir(runtime_dir, 0755); /* sshd says so itself if it misses it */
    rc = run_sshd(server, pod, log, err);
    if (rc < 0)
        return access(log, R_OK) == 0
                   ? tell_failure(pod, log, FLEET_EINTERNAL, "has failed", err)
                   : rc;
    return await(pod, log, err);
}

int server_start(struct server *server, const struct pod *pod,
                 struct fleet_error *err)
{
    int rc = check_version(server, err);

    if (rc == FLEET_OK)
        rc = check_shell(server, err);
    if (rc == FLEET_OK)
        rc = write_files(server, pod, err);
    if (rc == FLEET_OK)
        rc = launch(server, pod, err);
    return rc;
}
