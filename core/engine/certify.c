/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/certify.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/fan.h"
#include "core/engine/login.h"
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

struct line {
    struct fl_fan_item item; /* first */
    const struct fl_hostca *ca;
    const struct fl_ssh_key *key;
    const char *dir;
    struct fleet_pod *pod;
    int64_t limit_ms;

    bool done;
    struct fleet_error error;
};

static struct line *line_of(struct fl_fan_item *item)
{
    return (struct line *)item; /* item is the first member */
}

static void line_free(struct line *line)
{
    if (!line)
        return;
    fl_pod_free(line->pod);
    free(line);
}
FL_CLEANUP(line_free, struct line *);

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

static int certify(struct line *line, int64_t deadline)
{
    struct fleet_error *err = &line->error;
    const char *name = fleet_pod_get(line->pod, FLEET_POD_NAME);
    FL_AUTO(fl_ssh_close) struct fl_ssh *ssh = NULL;
    FL_AUTO_FREE char *key = NULL, *cert = NULL;
    int rc =
        fl_login(line->pod, line->key, false, deadline, &ssh, NULL, &key, err);

    if (rc == 0)
        rc = fl_hostca_sign(line->ca, line->dir, name, key, deadline, &cert,
                            err);
    if (rc == 0)
        rc = put_there(ssh, key, cert, deadline, err);
    return rc < 0 ? rc : prove(line->pod, key, cert, deadline, err);
}

static void run_line(struct fl_fan_item *item)
{
    struct line *line = line_of(item);
    int64_t deadline =
        fl_fan_step(item, "certifying", fl_deadline(line->limit_ms));

    line->done = certify(line, deadline) == FLEET_OK;
}

/* ---- in the calling thread ---- */

struct run {
    struct fl_certify_results *results;
    size_t *places; /* of lines in the results */
};

static void line_ended(void *arg, struct fl_fan_item *item, enum fl_fan_end end)
{
    struct run *run = arg;
    struct line *line = line_of(item);
    struct fl_certify_result *result =
        &run->results->at[run->places[item->slot]];

    if (end == FL_FAN_FINISHED) {
        result->done = line->done;
        result->error = line->error;
    } else {
        fleet_fail(&result->error,
                   end == FL_FAN_UNRUN ? FLEET_ECANCELLED : FLEET_ETIMEOUT,
                   end == FL_FAN_UNRUN ? "cancelled, not begun"
                                       : "does not come back; given up");
    }
    if (end != FL_FAN_WEDGED)
        line_free(line);
}

static struct line *line_new(const struct fl_certify_job *job, const char *dir,
                             const struct fl_member *member)
{
    FL_AUTO(line_free) struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->ca = job->ca;
    line->key = job->key;
    line->dir = dir;
    line->limit_ms = job->limit_ms;
    line->pod = fl_login_pod(job->engine, member);
    return line->pod ? fl_take(line) : NULL;
}

static int open_lines(const struct fl_certify_job *job, const char *dir,
                      struct run *run, struct fl_fan *fan,
                      struct fleet_error *err)
{
    struct fl_certify_results *results = run->results;

    for (size_t i = 0; i < job->fleet->n_members; i++) {
        struct fl_certify_result *result = &results->at[results->n];
        struct line *line;

        if (!job->selected[i])
            continue;
        result->member = &job->fleet->members[i];
        results->n++;
        if (fl_login_trouble(result->member, &result->error))
            continue;
        line = line_new(job, dir, result->member);
        if (!line) {
            while (fan->n > 0)
                line_free(line_of(fan->items[--fan->n]));
            return fl_enomem(err);
        }
        run->places[fan->n] = results->n - 1;
        fan->items[fan->n++] = &line->item;
    }
    return FLEET_OK;
}

static int keep(const struct fl_certify_job *job,
                const struct fl_certify_results *results,
                struct fleet_error *err)
{
    size_t n = results->n + 1, n_with = 0, n_without = 0;
    FL_AUTO_FREE const struct fl_member **with = calloc(n, sizeof(*with));
    FL_AUTO_FREE const struct fl_member **without = calloc(n, sizeof(*without));

    if (!with || !without)
        return fl_enomem(err);
    for (size_t i = 0; i < results->n; i++) {
        const struct fl_certify_result *result = &results->at[i];

        if (result->done)
            with[n_with++] = result->member;
        else if (fleet_pod_get(result->member->pod, FLEET_POD_ID))
            without[n_without++] = result->member;
    }
    return fl_hostca_keep(job->engine, job->ca, job->command, with, n_with,
                          without, n_without, err);
}

static int run_in(const struct fl_certify_job *job, const char *dir,
                  struct fl_certify_results *results, struct fleet_error *err)
{
    size_t n = job->fleet->n_members + 1;
    FL_AUTO_FREE struct fl_fan_item **items = calloc(n, sizeof(*items));
    FL_AUTO_FREE size_t *places = calloc(n, sizeof(*places));
    struct run run = {results, places};
    struct fl_fan fan = {
        .items = items, .work = run_line, .ended = line_ended, .arg = &run};
    int rc;

    results->at = calloc(n, sizeof(*results->at));
    if (!items || !places || !results->at)
        return fl_enomem(err);
    rc = open_lines(job, dir, &run, &fan, err);
    if (rc < 0 || results->n == 0)
        return rc;
    fl_login_raise_descriptors();
    fan.threads = fl_engine_threads(job->engine, fan.n);
    rc = fan.n ? fl_fan_run(&fan, err) : FLEET_OK;
    return rc < 0 ? rc : keep(job, results, err);
}

int fl_certify_run(const struct fl_certify_job *job,
                   struct fl_certify_results *results, struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = fl_format("%s/ca.XXXXXX", job->engine->state_dir);
    int rc = dir ? fl_dir_make(job->engine->state_dir, err) : fl_enomem(err);

    if (rc < 0)
        return rc;
    if (!mkdtemp(dir))
        return fleet_fail(err, FLEET_ECONFIG, "%s: cannot be made", dir);
    rc = run_in(job, dir, results, err);
    fl_dir_remove(dir, NULL);
    return rc;
}

void fl_certify_results_clear(struct fl_certify_results *results)
{
    free(results->at);
    *results = (struct fl_certify_results){0};
}
