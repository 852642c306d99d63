/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <inttypes.h>
#include <stdio.h>

struct config {
    char *glibc;
    int64_t home_mb;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_EDITOR_GLIBC", .type = FLEET_OPT_STRING,
     .fallback = "2.28", .help = "glibc that the editor's server needs",
     FLEET_AT(struct config, glibc)},
    {.key = "CHECK_EDITOR_HOME_MB", .type = FLEET_OPT_INT,
     .fallback = "1024", .min = 0, .max = 1000000,
     .help = "warn with less space in the home directory than this",
     FLEET_AT(struct config, home_mb)},
    {0},
};
/* clang-format on */

/* What the server allows is asked of sshd itself, with the configuration that
 * the one in front of us was started with; where that fails, and only the
 * administrator may ask, its configuration is read. No line: as OpenSSH comes,
 * with forwarding and without sftp. */
static const char script_text[] =
    "if version=$(getconf GNU_LIBC_VERSION); then\n"
    "    echo \"glibc=${version#glibc }\"\n"
    "elif ldd --version 2>&1 | grep -qi musl; then\n"
    "    echo glibc=musl\n"
    "fi\n"
    "if (umask 077; echo fleet >\"$HOME/.fleet-$$\"); then\n"
    "    echo home=writable\n"
    "else\n"
    "    echo home=fixed\n"
    "fi\n"
    "rm -f \"$HOME/.fleet-$$\"\n"
    "echo \"space=$(df -Pk \"$HOME\" | tail -n 1)\"\n"
    "for program in tar bash; do\n"
    "    command -v $program >/dev/null || echo \"lacks=$program\"\n"
    "done\n"
    "command -v curl >/dev/null || command -v wget >/dev/null ||\n"
    "    echo 'lacks=curl or wget'\n"
    "parent_of() {\n"
    "    read -r line <\"/proc/$1/stat\" || return 1\n"
    "    line=${line##*) }; line=${line#* }; pid=${line%% *}\n"
    "}\n"
    "config=/etc/ssh/sshd_config pid=$$\n"
    "while parent_of $pid && [ \"$pid\" -gt 1 ]; do\n"
    "    words=$(tr '\\0' ' ' <\"/proc/$pid/cmdline\")\n"
    "    case $words in *sshd*' -f '*)\n"
    "        config=${words#* -f }; config=${config%% *}; break ;;\n"
    "    esac\n"
    "done\n"
    "sshd=$(command -v sshd)\n"
    "if [ \"$sshd\" ] && rules=$(\"$sshd\" -T -f \"$config\" -C"
    " user=\"$(id -un)\",host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    "); then\n"
    "    :\n"
    "elif [ -r \"$config\" ]; then\n"
    "    rules=$(echo allowtcpforwarding yes;"
    " cat \"$config\" /etc/ssh/sshd_config.d/*.conf)\n"
    "else\n"
    "    rules=\n"
    "fi\n"
    "if [ \"$rules\" ]; then\n"
    "    echo rules=known\n"
    "    printf '%s\\n' \"$rules\" | tr A-Z a-z | tr '\\t' ' ' |\n"
    "        while read -r key value rest; do\n"
    "            case $key in\n"
    "            allowtcpforwarding) echo \"forwarding=$value\" ;;\n"
    "            subsystem) echo \"subsystem=$value\" ;;\n"
    "            esac\n"
    "        done\n"
    "fi\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    (void)config;
    (void)flags;
    (void)err;
    fleet_write(script, script_text);
    return FLEET_OK;
}

/* "2.36" as 2036; -1: no such number. */
static int version_of(const char *text)
{
    int major, minor;

    if (sscanf(text, "%3d.%3d", &major, &minor) != 2 || major < 0 || minor < 0)
        return -1;
    return major * 1000 + minor;
}

static void judge_libc(const struct config *limits, const char *glibc,
                       struct fleet_report *report)
{
    int needed = version_of(limits->glibc);
    int found = glibc ? version_of(glibc) : -1;

    if (glibc && strcmp(glibc, "musl") == 0)
        fleet_report(report, FLEET_FAIL,
                     "no glibc but musl: the editor's server does not run");
    else if (found < 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out which glibc it has");
    else if (found < needed)
        fleet_report(report, FLEET_FAIL,
                     "glibc %.20s is older than the %.20s that is needed",
                     glibc, limits->glibc);
    else
        fleet_report(report, FLEET_PASS, "glibc %.20s", glibc);
}

static void judge_home(const struct config *limits,
                       const struct fleet_facts *facts,
                       struct fleet_report *report)
{
    const char *home = fleet_fact(facts, "home");
    struct df df;

    if (!home || strcmp(home, "writable") != 0)
        fleet_report(report, FLEET_FAIL,
                     "nothing can be written to the home directory");
    if (!read_df(fleet_fact(facts, "space"), &df))
        fleet_report(report, FLEET_WARN,
                     "could not find out what is free in the home directory");
    else if (df.left / 1024 < limits->home_mb)
        fleet_report(report, FLEET_WARN, "%lld MB free in the home directory",
                     df.left / 1024);
}

static int has_value(const struct fleet_facts *facts, const char *key,
                     const char *value)
{
    const char *found;

    for (size_t i = 0; (found = fleet_fact_nth(facts, key, i)); i++) {
        if (strcmp(found, value) == 0)
            return 1;
    }
    return 0;
}

static void judge_server(const struct fleet_facts *facts,
                         struct fleet_report *report)
{
    if (!fleet_fact(facts, "rules")) {
        fleet_report(report, FLEET_WARN,
                     "could not find out whether its SSH "
                     "server forwards ports and has sftp");
        return;
    }
    if (has_value(facts, "forwarding", "no") ||
        has_value(facts, "forwarding", "remote"))
        fleet_report(report, FLEET_FAIL,
                     "its SSH server forwards no ports: the editor cannot "
                     "reach its own server (AllowTcpForwarding yes)");
    if (!has_value(facts, "subsystem", "sftp"))
        fleet_report(report, FLEET_WARN,
                     "its SSH server has no sftp (Subsystem sftp ...)");
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const char *program;

    (void)flags;
    (void)err;
    judge_libc(config, fleet_fact(facts, "glibc"), report);
    judge_home(config, facts, report);
    judge_server(facts, report);
    for (size_t i = 0; (program = fleet_fact_nth(facts, "lacks", i)); i++)
        fleet_report(report, FLEET_WARN, "there is no %.40s", program);
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.probe = probe, .judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "editor",
    .version = "1.0",
    .summary = "what VS Code needs to work on a pod over SSH",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
