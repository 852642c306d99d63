/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/accesswork.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/login.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FILE_MAX  ((size_t)1 << 20)
#define ERROR_MAX 4096
#define TRIES     4
#define MARK      "fleet-authorized-keys "

/* Where sshd looks; a link stays one. */
#define FIND                                                                   \
    "umask 077\n"                                                              \
    "no() { printf '" MARK "no %s\\n' \"$*\"; exit 0; }\n"                     \
    "d=${HOME:?}/.ssh f=$HOME/.ssh/authorized_keys\n"                          \
    "[ ! -L \"$f\" ] || f=$(readlink -f \"$f\") || no 'its link leads "        \
    "nowhere'\n"

static const char reading[] =
    FIND "if [ -e \"$f\" ]; then\n"
         "    [ -f \"$f\" ] && [ -r \"$f\" ] || no \"cannot read $f\"\n"
         "    printf '" MARK "%s file\\n' \"$(date +%s)\"\n"
         "    cat \"$f\"\n"
         "else\n"
         "    printf '" MARK "%s none\\n' \"$(date +%s)\"\n"
         "fi\n";

/* Behind OLD and NEW. A function, so that no half of it is ever run. What is
 * renamed is whole, and has the mode and the owner of what was there. */
static const char writing[] =
    "main() {\n" FIND
    "    [ -d \"$d\" ] || mkdir -p -m 700 \"$d\" || no \"cannot make $d\"\n"
    "    t=$f.fleet.$$\n"
    "    trap 'rm -f \"$t\"' EXIT\n"
    "    trap 'exit 1' HUP INT TERM\n"
    "    if [ -e \"$f\" ]; then\n"
    "        [ \"$(cat \"$f\"; echo x)\" = \"${OLD}x\" ] || { printf '" MARK
    "again\\n'; exit 0; }\n"
    "        cp -p \"$f\" \"$t\" || no \"cannot write $t\"\n"
    "    else\n"
    "        [ -z \"$OLD\" ] || { printf '" MARK "again\\n'; exit 0; }\n"
    "        : >\"$t\" && chmod 600 \"$t\" || no \"cannot write $t\"\n"
    "    fi\n"
    "    printf '%s' \"$NEW\" >\"$t\" || no \"cannot write $t\"\n"
    "    sync \"$t\" 2>/dev/null || :\n"
    "    [ \"$(cat \"$t\"; echo x)\" = \"${NEW}x\" ] || no \"$t: the disk is "
    "full\"\n"
    "    mv -f \"$t\" \"$f\" || no \"cannot write $f\"\n"
    "    trap - EXIT\n"
    "    printf '" MARK "ok\\n'\n"
    "}\n"
    "main\n";

/* All sessions of the sshd that this one comes from, but for this one: its
 * children that are not above us, and theirs, of which some belong to the user.
 */
static const char killing[] =
    "main() {\n"
    "no() { printf '" MARK "no %s\\n' \"$*\"; exit 0; }\n"
    "parent() { sed -n 's/^PPid:[^0-9]*//p' \"/proc/$1/status\" 2>/dev/null; "
    "}\n"
    "pid=$$ top= mine=' ' n=0\n"
    "while [ \"${pid:-0}\" -gt 1 ]; do\n"
    "    case $(cat \"/proc/$pid/comm\" 2>/dev/null) in\n"
    "    sshd*) top=$pid ;;\n"
    "    *) [ -z \"$top\" ] || break ;;\n"
    "    esac\n"
    "    mine=\"$mine$pid \"\n"
    "    pid=$(parent \"$pid\")\n"
    "done\n"
    "[ -n \"$top\" ] || no 'no sshd is above this session'\n"
    "all=$(for p in /proc/[0-9]*; do\n"
    "    echo \"${p#/proc/} $(parent \"${p#/proc/}\")\"\n"
    "done)\n"
    "below() { printf '%s\\n' \"$all\" | sed -n \"s/^\\([0-9]*\\) "
    "$1\\$/\\1/p\"; "
    "}\n"
    "for c in $(below \"$top\"); do\n"
    "    case $mine in *\" $c \"*) continue ;; esac\n"
    "    hit=\n"
    "    for k in $c $(below \"$c\"); do\n"
    "        ! kill \"$k\" 2>/dev/null || hit=1\n"
    "    done\n"
    "    [ -z \"$hit\" ] || n=$((n + 1))\n"
    "done\n"
    "printf '" MARK "ended %s\\n' \"$n\"\n"
    "}\n"
    "main\n";

static int run_script(struct fl_visit *visit, const struct fl_buf *script,
                      size_t max_out, struct fl_ssh_exec *exec,
                      struct fleet_error *err)
{
    int rc = fl_buf_check(script, "the script", err);

    *exec = (struct fl_ssh_exec){.command = "exec sh",
                                 .input = script->data,
                                 .input_len = script->len,
                                 .max_out = max_out,
                                 .max_err = ERROR_MAX};
    if (rc == 0)
        rc = fl_visit_run(visit, exec, err);
    return rc;
}

/* What stands behind the mark; a shell's greeting may stand before it. */
static const char *answer_of(const struct fl_ssh_exec *exec,
                             struct fleet_error *err)
{
    const char *at = exec->out ? strstr(exec->out, MARK) : NULL;
    char line[160] = "";

    if (!at) {
        if (exec->err_text)
            snprintf(line, sizeof(line), ": %.*s",
                     (int)strcspn(exec->err_text, "\r\n"), exec->err_text);
        fleet_fail(err, FLEET_EUNSUPPORTED,
                   "its shell did not do what it was told%s", line);
        return NULL;
    }
    at += strlen(MARK);
    if (strncmp(at, "no ", 3) != 0)
        return at;
    fleet_fail(err, FLEET_EREFUSED, "authorized_keys is as it was: %.*s",
               (int)strcspn(at + 3, "\n"), at + 3);
    return NULL;
}

/* ---- the file ---- */

static int take_file(struct fl_accessed *accessed,
                     const struct fl_ssh_exec *exec, struct fl_buf *old,
                     struct fleet_error *err)
{
    const char *answer = answer_of(exec, err), *body;
    int64_t clock = 0;
    char number[24];
    size_t digits;

    if (!answer)
        return err->code;
    if (exec->truncated)
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "authorized_keys is larger than 1 MiB: it is left "
                          "alone");
    digits = strspn(answer, "0123456789");
    body = answer + strcspn(answer, "\n");
    snprintf(number, sizeof(number), "%.*s", (int)digits, answer);
    if (digits < sizeof(number) && fl_parse_int(number, 0, INT64_MAX, &clock))
        accessed->skew_s = clock - time(NULL);
    if (*body && strncmp(answer + digits, " file\n", 6) == 0)
        fl_buf_add(old, body + 1,
                   exec->out_len - (size_t)(body + 1 - exec->out));
    return fl_buf_check(old, "authorized_keys", err);
}

static int read_file(struct fl_visit *visit, struct fl_buf *old,
                     struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(16384);
    struct fl_ssh_exec exec;
    int rc;

    fl_buf_puts(&script, reading);
    rc = run_script(visit, &script, FILE_MAX, &exec, err);
    if (rc == 0)
        rc = take_file(visit->own, &exec, old, err);
    fl_ssh_exec_clear(&exec);
    return rc;
}

static int merge(struct fl_accessed *accessed, const struct fl_buf *old,
                 struct fl_buf *made, struct fl_authkeys_change *change,
                 struct fleet_error *err)
{
    size_t n = accessed->ids.n;
    FL_AUTO_FREE struct fl_authkeys_person *people =
        calloc(n + 1, sizeof(*people));
    const struct fl_authkeys_want want = {.cohort = accessed->cohort,
                                          .ca = accessed->ca,
                                          .people = people,
                                          .n = n,
                                          .only = accessed->only};
    int rc;

    if (!people)
        return fl_enomem(err);
    for (size_t i = 0; i < n; i++)
        people[i] = (struct fl_authkeys_person){accessed->ids.at[i],
                                                accessed->principals.at[i]};
    rc =
        fl_authkeys_merge(fl_buf_text(old), old->len, &want, made, change, err);
    if (rc < 0)
        return rc;
    fl_strv_clear(&accessed->now);
    accessed->now = change->principals;
    change->principals = (struct fl_strv){0};
    return FLEET_OK;
}

/* *again: somebody else has changed it meanwhile. */
static int write_file(struct fl_visit *visit, const struct fl_buf *old,
                      const struct fl_buf *made, bool *again,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(10 * FILE_MAX);
    struct fl_ssh_exec exec;
    const char *answer;
    int rc;

    fl_buf_puts(&script, "OLD=");
    fl_shell_quote(&script, fl_buf_text(old));
    fl_buf_puts(&script, "\nNEW=");
    fl_shell_quote(&script, fl_buf_text(made));
    fl_buf_puts(&script, "\n");
    fl_buf_puts(&script, writing);
    rc = run_script(visit, &script, ERROR_MAX, &exec, err);
    if (rc == 0) {
        answer = answer_of(&exec, err);
        rc = answer ? FLEET_OK : err->code;
        *again = answer && strncmp(answer, "again\n", 6) == 0;
    }
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* Reads, merges and writes, and reads again to see that it is so. */
static int put_right(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_accessed *accessed = visit->own;
    int rc = FLEET_OK;

    for (int i = 0; rc == 0 && i < TRIES; i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf old = FL_BUF(FILE_MAX);
        FL_AUTO(fl_buf_clear) struct fl_buf made = FL_BUF(FILE_MAX);
        FL_AUTO(fl_authkeys_change_clear)
        struct fl_authkeys_change change = {0};
        bool again = false;

        fl_visit_step(visit, i ? "looking again" : "looking");
        rc = read_file(visit, &old, err);
        if (rc == 0)
            rc = merge(accessed, &old, &made, &change, err);
        if (rc < 0 || (i > 0 && !fl_authkeys_changed(&change)))
            return rc;
        fl_authkeys_change_clear(&accessed->change);
        accessed->change = change;
        change = (struct fl_authkeys_change){0};
        if (accessed->dry || !fl_authkeys_changed(&accessed->change))
            return FLEET_OK;
        fl_visit_step(visit, "writing");
        rc = write_file(visit, &old, &made, &again, err);
    }
    return rc < 0 ? rc
                  : fleet_fail(err, FLEET_ECONFLICT,
                               "somebody else keeps changing its "
                               "authorized_keys; try again");
}

/* ---- who was shut out ---- */

static int end_sessions(struct fl_visit *visit, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(16384);
    struct fl_accessed *accessed = visit->own;
    struct fl_ssh_exec exec;
    const char *answer;
    int rc;

    fl_visit_step(visit, "ending sessions");
    fl_buf_puts(&script, killing);
    rc = run_script(visit, &script, ERROR_MAX, &exec, err);
    if (rc == 0) {
        answer = answer_of(&exec, err);
        rc = answer ? FLEET_OK : err->code;
        if (answer && strncmp(answer, "ended ", 6) == 0)
            accessed->ended = strtol(answer + 6, NULL, 10);
    }
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* Words that ssh would take for something else in an option. */
static bool is_plain_path(const char *path)
{
    return !strpbrk(path, "\"\\%$\n");
}

static enum fl_proof judge(int rc, const struct fleet_error *why)
{
    if (rc == 0)
        return FL_PROOF_LET_IN;
    return why->detail == 255 && strstr(why->text, "Permission denied")
               ? FL_PROOF_REFUSED
               : FL_PROOF_UNCLEAR;
}

/* Logs in as he would, with the program that he would use. */
static enum fl_proof try_login(const struct fl_visit *visit,
                               const char *known_hosts)
{
    const struct fl_accessed *accessed = visit->own;
    const struct fleet_pod *pod = visit->pod;
    FL_AUTO_FREE char *port = fl_format(
        "%" PRId64, fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22));
    FL_AUTO_FREE char *known =
        fl_format("UserKnownHostsFile=\"%s\"", known_hosts);
    FL_AUTO_FREE char *cert =
        fl_format("CertificateFile=\"%s\"", accessed->cert_path);
    FL_AUTO_FREE char *identity =
        fl_format("IdentityFile=\"%s\"", accessed->key_path);
    /* clang-format off */
    const char *const argv[] = {
        "ssh", "-F", "none", "-n", "-T", "-p", port,
        "-l", fleet_pod_get(pod, FLEET_POD_SSH_USER),
        "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
        "-o", "IdentityAgent=none", "-o", "ConnectTimeout=15",
        "-o", "PreferredAuthentications=publickey",
        "-o", "StrictHostKeyChecking=yes",
        "-o", "GlobalKnownHostsFile=/dev/null", "-o", known,
        "-o", "HostKeyAlias=pod", "-o", identity, "-o", cert,
        "--", fleet_pod_get(pod, FLEET_POD_SSH_HOST), "true", NULL};
    /* clang-format on */
    const struct fleet_program program = {.size = sizeof(program),
                                          .argv = argv};
    struct fleet_error why = {0};

    if (!port || !known || !cert || !identity)
        return FL_PROOF_UNCLEAR;
    return judge(fl_program_run(&program, visit->deadline, NULL, &why), &why);
}

static void prove(struct fl_visit *visit)
{
    struct fl_accessed *accessed = visit->own;
    FL_AUTO_FREE char *dir = fl_format("%s/proof.XXXXXX", accessed->dir);
    FL_AUTO_FREE char *known = NULL, *line = NULL;

    accessed->proof = FL_PROOF_UNCLEAR;
    if (!dir || !visit->host_key || !is_plain_path(dir) ||
        !is_plain_path(accessed->key_path) ||
        !is_plain_path(accessed->cert_path) || !mkdtemp(dir))
        return;
    fl_visit_step(visit, "proving it");
    known = fl_format("%s/known_hosts", dir);
    line = fl_format("pod %s\n", visit->host_key);
    if (known && line &&
        fl_file_write(known, line, strlen(line), 0600, NULL) == 0)
        accessed->proof = try_login(visit, known);
    fl_dir_remove(dir, NULL);
}

int fl_access_work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_accessed *accessed = visit->own;
    int rc = put_right(visit, err);

    if (rc < 0 || accessed->dry)
        return rc;
    if (accessed->key_path)
        prove(visit);
    if (accessed->kill_anyway ||
        (accessed->kill &&
         accessed->change.removed.n + accessed->change.renewed.n > 0))
        rc = end_sessions(visit, err);
    return rc;
}
