/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <inttypes.h>

#define GIT_HOST "github.com"

struct config {
    char *host, *url, *speed_url;
    int64_t port, min_mbit;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "CHECK_NET_HOST", .type = FLEET_OPT_STRING,
     .help = "git host that pods must reach; default: " GIT_HOST ", of pods "
             "that are not on this computer",
     FLEET_AT(struct config, host)},
    {.key = "CHECK_NET_SSH_PORT", .type = FLEET_OPT_INT, .fallback = "22",
     .min = 1, .max = 65535, .help = "where that host speaks SSH",
     FLEET_AT(struct config, port)},
    {.key = "CHECK_NET_URL", .type = FLEET_OPT_STRING,
     .help = "address that pods must be able to load; "
             "default: https:// and that host",
     FLEET_AT(struct config, url)},
    {.key = "CHECK_NET_SPEED_URL", .type = FLEET_OPT_STRING,
     .help = "a large file that test --deep downloads to learn the speed; "
             "without it the speed is not measured",
     FLEET_AT(struct config, speed_url)},
    {.key = "CHECK_NET_MIN_MBIT", .type = FLEET_OPT_INT, .fallback = "100",
     .min = 0, .max = 1000000,
     .help = "warn when a download is slower, in Mbit/s",
     FLEET_AT(struct config, min_mbit)},
    {0},
};
/* clang-format on */

/* Any answer over HTTPS shows that the way is open, also a refusal. Who answers
 * on the SSH port is asked with ssh-keyscan, or in bash by its first line. */
static const char script_text[] =
    "if address=$(getent hosts \"$host\"); then\n"
    "    echo \"address=${address%% *}\"\n"
    "else\n"
    "    echo \"address=none\"\n"
    "fi\n"
    "load() {\n"
    "    if command -v curl >/dev/null; then\n"
    "        https=$(curl -sS -o /dev/null -m 8 -w '%{http_code}' \"$url\""
    " 2>&1)\n"
    "    elif command -v wget >/dev/null; then\n"
    "        wget -q -T 8 -O /dev/null \"$url\" && https=200 ||"
    " https=\"wget: status $?\"\n"
    "    else\n"
    "        https=untold\n"
    "    fi\n"
    "    printf 'https=%s\\n' \"$https\" | head -n 1\n"
    "}\n"
    "load &\n"
    "if command -v ssh-keyscan >/dev/null; then\n"
    "    keys=$(ssh-keyscan -T 8 -p \"$port\" -- \"$host\" 2>/dev/null |"
    " grep -c '^[^#]')\n"
    "    [ \"$keys\" -gt 0 ] && echo ssh=yes || echo ssh=no\n"
    "elif command -v bash >/dev/null; then\n"
    "    bash -c 'exec 3<>\"/dev/tcp/$0/$1\" && read -rt 8 line <&3 &&"
    " [[ $line == SSH-* ]]' \"$host\" \"$port\" && echo ssh=yes || echo "
    "ssh=no\n"
    "else\n"
    "    echo ssh=untold\n"
    "fi\n"
    "wait\n";

static const char speed_text[] = "if command -v curl >/dev/null; then\n"
                                 "    speed=$(curl -sS -o /dev/null -m 40 -w "
                                 "'%{speed_download}' \"$speed_url\""
                                 ")\n"
                                 "    echo \"speed=${speed%%[!0-9]*}\"\n"
                                 "fi\n";

static const char *host_of(const struct config *names)
{
    return names->host ? names->host : GIT_HOST;
}

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    const struct config *names = config;

    (void)err;
    if (!names->host)
        fleet_write(script, "[ ! \"$FLEET_HERE\" ] || exit\n");
    write_assignment(script, "host", host_of(names));
    fleet_writef(script, "port=%" PRId64 "\n", names->port);
    if (names->url)
        write_assignment(script, "url", names->url);
    else
        fleet_write(script, "url=https://$host/\n");
    fleet_write(script, script_text);
    if (flags & FLEET_CHECK_DEEP && names->speed_url) {
        write_assignment(script, "speed_url", names->speed_url);
        fleet_write(script, speed_text);
    }
    return FLEET_OK;
}

static void judge_https(const struct fleet_facts *facts,
                        struct fleet_report *report)
{
    const char *https = fleet_fact(facts, "https");
    int64_t code = fleet_fact_number(facts, "https", 0);

    if (!https)
        fleet_report(report, FLEET_FAIL,
                     "could not find out whether HTTPS works");
    else if (strcmp(https, "untold") == 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out whether HTTPS works: neither curl nor "
                     "wget is there");
    else if (code < 100)
        fleet_report(report, FLEET_FAIL, "no HTTPS: %.120s",
                     strcmp(https, "000") == 0 ? "no answer" : https);
    else if (code >= 500)
        fleet_report(report, FLEET_WARN, "HTTPS answers with status %" PRId64,
                     code);
}

static void judge_ssh(const struct config *names, const char *ssh,
                      struct fleet_report *report)
{
    if (!ssh)
        fleet_report(report, FLEET_FAIL,
                     "could not find out whether SSH works");
    else if (strcmp(ssh, "untold") == 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out whether SSH works: neither "
                     "ssh-keyscan nor bash is there");
    else if (strcmp(ssh, "yes") != 0)
        fleet_report(report, FLEET_FAIL, "no SSH to %.100s", host_of(names));
}

static void judge_speed(const struct config *names,
                        const struct fleet_facts *facts,
                        struct fleet_report *report)
{
    int64_t speed = fleet_fact_number(facts, "speed", -1);
    int64_t mbit = speed / 125000;

    if (!names->speed_url)
        fleet_report(report, FLEET_PASS,
                     "speed not measured: CHECK_NET_SPEED_URL is not set");
    else if (speed < 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out how fast it downloads");
    else
        fleet_report(report, mbit < names->min_mbit ? FLEET_WARN : FLEET_PASS,
                     "downloads at %" PRId64 " Mbit/s", mbit);
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *names = config;
    const char *address = fleet_fact(facts, "address");

    if (!names->host && is_here(facts)) {
        fleet_report(report, FLEET_SKIP,
                     "a pod of this computer, with its network");
        return FLEET_OK;
    }
    if (!address)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "could not find out whether names are resolved");
    if (strcmp(address, "none") == 0) {
        fleet_report(report, FLEET_FAIL, "DNS does not know %.100s",
                     host_of(names));
        return FLEET_OK;
    }
    judge_https(facts, report);
    judge_ssh(names, fleet_fact(facts, "ssh"), report);
    if (flags & FLEET_CHECK_DEEP)
        judge_speed(names, facts, report);
    fleet_report(report, FLEET_PASS, "%.100s answers", host_of(names));
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {
    .probe = probe, .judge = judge, .limit_ms = 12000, .deep_limit_ms = 60000};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "net",
    .version = "1.0",
    .summary = "DNS, HTTPS and SSH to the git host",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
