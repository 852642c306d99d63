/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/certify.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/net/wait.h"

#include <inttypes.h>
#include <string.h>

#define OUTPUT_MAX 4096
#define SHOW_MS    10000 /* until sshd shows it: it starts anew */
#define PAUSE_MS   200

/* On the pod. The sshd that this session comes from is the topmost of those
 * that are above us in a row (that one may have been started from a session of
 * yet another), and its title tells its configuration. What it is told stands
 * before any Match block; a configuration that sshd itself refuses is not put
 * in place. */
static const char script[] =
    "LC_ALL=C PATH=$PATH:/usr/sbin:/sbin\n"
    "export LC_ALL PATH\n"
    "umask 022\n"
    "no() { printf 'no %s\\n' \"$*\"; exit 0; }\n"
    "pid=$$ top=\n"
    "while [ \"${pid:-0}\" -gt 1 ]; do\n"
    "    case $(cat \"/proc/$pid/comm\" 2>/dev/null) in\n"
    "    sshd*) top=$pid ;;\n"
    "    *) [ -z \"$top\" ] || break ;;\n"
    "    esac\n"
    "    pid=$(sed -n 's/^PPid:[^0-9]*//p' \"/proc/$pid/status\" 2>/dev/null)\n"
    "done\n"
    "[ -n \"$top\" ] || no 'no sshd is above this session'\n"
    "title=$(tr '\\0' ' ' <\"/proc/$top/cmdline\")\n"
    "sshd=$(readlink \"/proc/$top/exe\") || no \"may not look at its sshd\"\n"
    "case $sshd in */sshd) ;; *) no \"$sshd is no sshd that is known here\" ;; "
    "esac\n"
    "conf=$(printf '%s' \"$title\" | sed -n 's/.* -f \\([^ ]*\\).*/\\1/p')\n"
    "conf=${conf:-/etc/ssh/sshd_config}\n"
    "[ -f \"$conf\" ] && [ -w \"$conf\" ] || no \"may not write $conf\"\n"
    "all=$(\"$sshd\" -T -f \"$conf\" 2>/dev/null) || no \"sshd -T refuses "
    "$conf\"\n"
    "key=\n"
    "for k in $(printf '%s\\n' \"$all\" | sed -n 's/^hostkey //p'); do\n"
    "    l=$(ssh-keygen -y -P '' -f \"$k\" 2>/dev/null || cat \"$k.pub\") || "
    ":\n"
    "    case \"$l \" in \"$KEY \"*) key=$k ;; esac\n"
    "done\n"
    "[ -n \"$key\" ] || no 'the key that it shows is not among its host keys'\n"
    "cert=$key-cert.pub\n"
    "printf '%s\\n' \"$CERT\" >\"$cert.new\" && mv -f \"$cert.new\" \"$cert\" "
    "||\n"
    "    no \"cannot write $cert\"\n"
    "case $all in *\"hostcertificate $cert\"*) ;; *)\n"
    "    new=$conf.fleet\n"
    "    cp -p \"$conf\" \"$new\" && { printf 'HostCertificate \"%s\"\\n' "
    "\"$cert\"\n"
    "        cat \"$conf\"; } >\"$new\" || no \"cannot write $new\"\n"
    "    e=$(\"$sshd\" -t -f \"$new\" 2>&1) || { rm -f \"$new\"; no \"sshd: "
    "$e\"; }\n"
    "    mv -f \"$new\" \"$conf\" || no \"cannot write $conf\" ;;\n"
    "esac\n"
    "kill -HUP \"$top\" || no 'may not tell sshd to read it'\n"
    "echo ok\n";

/* What the work of one pod needs. */
struct line {
    const struct fl_hostca *ca;
    char *dir;
};

static void line_clear(void *own)
{
    free(((struct line *)own)->dir);
}

/* ---- in the thread ---- */

static int take_answer(const struct fl_ssh_exec *exec, struct fleet_error *err)
{
    const char *out = exec->out ? exec->out : "";
    const char *said = strncmp(out, "no ", 3) == 0 ? out + 3 : out;

    if (strcmp(out, "ok\n") == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EUNSUPPORTED,
                      "no certificate can be put there: %.*s",
                      (int)strcspn(said, "\n"), *said ? said : "no shell");
}

static int put_there(struct fl_ssh *ssh, const char *key, const char *cert,
                     int64_t deadline, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf input = FL_BUF(65536);
    struct fl_ssh_exec exec = {
        .command = "exec sh", .max_out = OUTPUT_MAX, .max_err = OUTPUT_MAX};
    int rc;

    fl_buf_puts(&input, "KEY=");
    fl_shell_quote(&input, key);
    fl_buf_puts(&input, "\nCERT=");
    fl_shell_quote(&input, cert);
    fl_buf_putc(&input, '\n');
    fl_buf_puts(&input, script);
    rc = fl_buf_check(&input, "the script", err);
    if (rc < 0)
        return rc;
    exec.input = input.data;
    exec.input_len = input.len;
    rc = fl_ssh_run(ssh, &exec, deadline, err);
    if (rc == 0)
        rc = take_answer(&exec, err);
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* The kind of key, as ssh-keyscan calls it. */
static const char *kind_of(const char *key)
{
    if (strncmp(key, "ecdsa", 5) == 0)
        return "ecdsa";
    return strncmp(key, "ssh-rsa", 7) == 0 ? "rsa" : "ed25519";
}

static bool shows(const struct fleet_pod *pod, const char *key,
                  const char *cert, int64_t deadline)
{
    FL_AUTO_FREE char *port = fl_format(
        "%" PRId64, fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22));
    FL_AUTO_FREE char *output = NULL;
    const char *const argv[] = {
        "ssh-keyscan", "-c", "-T",
        "5",           "-t", kind_of(key),
        "-p",          port, fleet_pod_get(pod, FLEET_POD_SSH_HOST),
        NULL};
    const struct fleet_program program = {.size = sizeof(program),
                                          .argv = argv};
    const char *blob = strchr(cert, ' ');

    return port && blob &&
           fl_program_run(&program, deadline, &output, NULL) == FLEET_OK &&
           strstr(output, blob + 1);
}

/* A stranger sees it, with the tool that participants have. */
static int prove(const struct fleet_pod *pod, const char *key, const char *cert,
                 int64_t deadline, struct fleet_error *err)
{
    int64_t patience = fl_deadline(SHOW_MS);

    if (patience > deadline)
        patience = deadline;
    do {
        if (shows(pod, key, cert, deadline))
            return FLEET_OK;
    } while (fl_left_ms(patience) > 0 &&
             fl_wait(NULL, 0, fl_deadline(PAUSE_MS)) == FLEET_ETIMEOUT);
    return fleet_fail(err, FLEET_EUNSUPPORTED,
                      "its certificate was put there, but its sshd does not "
                      "show it");
}

int fl_certify_visit(struct fl_visit *visit, const struct fl_hostca *ca,
                     const char *dir, struct fleet_error *err)
{
    const char *name = fleet_pod_get(visit->pod, FLEET_POD_NAME);
    FL_AUTO_FREE char *cert = NULL;
    int rc = fl_hostca_sign(ca, dir, name, visit->host_key, visit->deadline,
                            &cert, err);

    if (rc == 0)
        rc = put_there(visit->ssh, visit->host_key, cert, visit->deadline, err);
    return rc < 0
               ? rc
               : prove(visit->pod, visit->host_key, cert, visit->deadline, err);
}

static int certify(struct fl_visit *visit, struct fleet_error *err)
{
    const struct line *line = visit->own;

    fl_visit_step(visit, "certifying");
    return fl_certify_visit(visit, line->ca, line->dir, err);
}

/* ---- in the calling thread ---- */

struct run {
    const struct fl_hostca *ca;
    const char *dir;
};

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct run *run = arg;
    struct line *line = own;

    (void)member;
    line->ca = run->ca;
    line->dir = strdup(run->dir);
    return line->dir ? FLEET_OK : fl_enomem(err);
}

static int keep(const struct fl_certify_job *job,
                const struct fl_visit_results *results, struct fleet_error *err)
{
    size_t n = results->n + 1, n_with = 0, n_without = 0;
    FL_AUTO_FREE const struct fl_member **with = calloc(n, sizeof(*with));
    FL_AUTO_FREE const struct fl_member **without = calloc(n, sizeof(*without));

    if (!with || !without)
        return fl_enomem(err);
    for (size_t i = 0; i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];

        if (!result->stage)
            with[n_with++] = result->member;
        else if (fleet_pod_get(result->member->pod, FLEET_POD_ID))
            without[n_without++] = result->member;
    }
    return fl_hostca_keep(job->to.engine, job->ca, job->command, with, n_with,
                          without, n_without, err);
}

static int run_in(const struct fl_certify_job *job, const char *dir,
                  struct fl_visit_results *results, struct fleet_error *err)
{
    struct run run = {job->ca, dir};
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct line),
        .begin = begin,
        .work = certify,
        .clear = line_clear,
    };
    int rc = fl_visit_all(&job->to, &kind, &run, results, err);

    return rc < 0 || results->n == 0 ? rc : keep(job, results, err);
}

int fl_certify_run(const struct fl_certify_job *job,
                   struct fl_visit_results *results, struct fleet_error *err)
{
    FL_AUTO_FREE char *dir =
        fl_format("%s/ca.XXXXXX", job->to.engine->state_dir);
    int rc = dir ? fl_dir_make(job->to.engine->state_dir, err) : fl_enomem(err);

    if (rc < 0)
        return rc;
    if (!mkdtemp(dir))
        return fleet_fail(err, FLEET_ECONFIG, "%s: cannot be made", dir);
    rc = run_in(job, dir, results, err);
    fl_dir_remove(dir, NULL);
    return rc;
}
