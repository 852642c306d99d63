/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/checkup.h"

#include "core/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MIN_LIMIT_S 1
#define MAX_LIMIT_S 86400

/* Runs in dash, bash, ksh and busybox alike, with nothing but sleep, dd and
 * cat. N is the word before each line, G has LIMIT:PROBE:PID of what runs, in
 * the order of the limits.
 *
 * probe: its lines go out as "N K:line", its status as "N K.status". dd hands
 *        on what it gets at once, up to a number of blocks.
 * fell:  ends a process and all below it. Without process groups, which need
 *        job control and so a terminal, /proc has to tell who is below whom.
 * guard: "N K!" for each probe that had to be ended. What hangs in the kernel
 *        cannot be; but the shell above it can, and that is what is waited for.
 *        Said before it is done: once they all are ended the guard is, too.
 */
static const char prelude[] =
    "exec 2>/dev/null\n"
    "LC_ALL=C; export LC_ALL\n"
    "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    "probe() {\n"
    "    {\n"
    "        (text=$2; set --; unset N G; eval \"$text\") </dev/null 3>&-\n"
    "        printf '%s %s.%s\\n' \"$N\" \"$1\" \"$?\" >&3\n"
    "    } | {\n"
    "        dd bs=512 count=\"$blocks\" 3>&-\n"
    "        [ ! \"$3\" ] || cat >/dev/null\n"
    "    } | while IFS= read -r line || [ \"$line\" ]; do\n"
    "        n=${#line}; [ \"$n\" -le 3000 ] || n=3000\n"
    "        bytes=$((bytes - n - 33))\n"
    "        [ \"$bytes\" -lt 0 ] ||\n"
    "            printf '%s %s:%.3000s\\n' \"$N\" \"$1\" \"$line\"\n"
    "    done\n"
    "} 3>&1\n"
    "parent() {\n"
    "    read -r P <\"/proc/$1/stat\" || return 1\n"
    "    P=${P##*) }; P=${P#* }; P=${P%% *}\n"
    "}\n"
    "fell() {\n"
    "    found=$1 all=\n"
    "    while [ \"$found\" ]; do\n"
    "        all=\"$all $found\" below=\n"
    "        for pid in /proc/[0-9]*; do\n"
    "            pid=${pid#/proc/}\n"
    "            parent \"$pid\" || continue\n"
    "            case \" $found \" in\n"
    "            *\" $P \"*) below=\"$below $pid\" ;;\n"
    "            esac\n"
    "        done\n"
    "        found=$below\n"
    "    done\n"
    "    kill -9 $all\n"
    "}\n"
    "guard() {\n"
    "    trap 'kill $!; exit' TERM\n"
    "    now=0\n"
    "    for g in $G; do\n"
    "        limit=${g%%:*} k=${g#*:}; k=${k%%:*}\n"
    "        if [ \"$limit\" -gt \"$now\" ]; then\n"
    "            sleep $((limit - now)) >/dev/null &\n"
    "            wait $!\n"
    "            now=$limit\n"
    "        fi\n"
    "        parent \"${g##*:}\" && [ \"$P\" = $$ ] || continue\n"
    "        printf '%s %s!\\n' \"$N\" \"$k\"\n"
    "        fell \"${g##*:}\"\n"
    "    done\n"
    "}\n"
    "checkup() {\n"
    "G=\n";

static const char ending[] = "guard &\n"
                             "g=$!\n"
                             "for pid in $G; do wait \"${pid##*:}\"; done\n"
                             "kill $g; wait $g\n"
                             "printf '%s end\\n' \"$N\"\n"
                             "}\n"
                             "checkup\n";

int fl_nonce(char out[FL_NONCE_SIZE], struct fleet_error *err)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return fleet_fail(err, FLEET_EINTERNAL, "no random numbers: %s",
                          strerror(errno));
    snprintf(out, FL_NONCE_SIZE, "%016llx", (unsigned long long)number);
    return FLEET_OK;
}

static long long seconds_of(const struct fl_probe *probe)
{
    int64_t seconds = probe->limit_ms / 1000 + (probe->limit_ms % 1000 > 0);

    if (seconds < MIN_LIMIT_S)
        return MIN_LIMIT_S;
    return seconds < MAX_LIMIT_S ? seconds : MAX_LIMIT_S;
}

static void put_probe(struct fl_buf *script, size_t number,
                      const struct fl_probe *probe)
{
    fl_buf_printf(script, "probe %zu ", number);
    fl_shell_quote(script, probe->script);
    fl_buf_printf(script, " '%s' & G=\"$G %lld:%zu:$!\"\n",
                  probe->drain ? "drain" : "", seconds_of(probe), number);
}

/* The next in the order of the limits, behind the one numbered LAST. */
static size_t next_probe(const struct fl_probe *probes, size_t n, size_t last)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++) {
        bool behind =
            last == n || seconds_of(&probes[i]) > seconds_of(&probes[last]) ||
            (i > last && seconds_of(&probes[i]) == seconds_of(&probes[last]));

        if (behind &&
            (best == n || seconds_of(&probes[i]) < seconds_of(&probes[best])))
            best = i;
    }
    return best;
}

int fl_checkup_compose(const struct fl_probe *probes, size_t n,
                       const char *nonce, struct fl_buf *script)
{
    size_t at = n;

    fl_buf_printf(script, "N=%s bytes=%d blocks=%d\n", nonce, FL_PROBE_BYTES,
                  FL_PROBE_BLOCKS);
    fl_buf_puts(script, prelude);
    while ((at = next_probe(probes, n, at)) < n)
        put_probe(script, at, &probes[at]);
    return fl_buf_puts(script, ending);
}

/* The number that the text begins with; *rest is what follows. N: there is
 * none below N. */
static size_t read_index(const char *text, size_t len, size_t n,
                         const char **rest)
{
    size_t number = 0, i = 0;

    while (i < len && i < 6 && text[i] >= '0' && text[i] <= '9')
        number = 10 * number + (size_t)(text[i++] - '0');
    *rest = text + i;
    return i > 0 && number < n ? number : n;
}

static int read_status(const char *text, size_t len)
{
    char digits[8];
    int64_t status;

    snprintf(digits, sizeof(digits), "%.*s", (int)(len < 7 ? len : 7), text);
    return fl_parse_int(digits, 0, 255, &status) ? (int)status : -1;
}

/* More than a probe may print is more than the script lets through. */
static int add_text(struct fl_section *section, const char *text, size_t len)
{
    if (section->text.max == 0)
        section->text = FL_BUF(FL_PROBE_BYTES + 1);
    if (section->text.len + len + 1 > FL_PROBE_BYTES)
        return FLEET_OK;
    fl_buf_add(&section->text, text, len);
    return fl_buf_putc(&section->text, '\n');
}

static int take_line(const char *line, size_t len, struct fl_section *sections,
                     size_t n, bool *whole)
{
    const char *rest;
    size_t index;

    if (len == 3 && memcmp(line, "end", 3) == 0) {
        *whole = true;
        return FLEET_OK;
    }
    index = read_index(line, len, n, &rest);
    len -= (size_t)(rest - line);
    if (index == n || len == 0)
        return FLEET_OK;
    switch (*rest) {
    case ':':
        return add_text(&sections[index], rest + 1, len - 1);
    case '.':
        sections[index].status = read_status(rest + 1, len - 1);
        break;
    case '!':
        sections[index].timed_out = true;
        break;
    }
    return FLEET_OK;
}

int fl_checkup_parse(const char *answer, size_t len, const char *nonce,
                     struct fl_section *sections, size_t n, bool *whole)
{
    size_t word = strlen(nonce);

    *whole = false;
    for (size_t i = 0; i < n; i++)
        sections[i] = (struct fl_section){.status = -1};
    while (len > 0) {
        const char *end = memchr(answer, '\n', len);
        size_t line = end ? (size_t)(end - answer) : len;

        /* A line that was cut off says nothing that can be relied on. */
        if (end && line > word && answer[word] == ' ' &&
            memcmp(answer, nonce, word) == 0 &&
            take_line(answer + word + 1, line - word - 1, sections, n, whole) <
                0)
            return FLEET_ENOMEM;
        answer += line + (end ? 1 : 0);
        len -= line + (end ? 1 : 0);
    }
    /* The guard may come by when a probe has ended but not been waited for. */
    for (size_t i = 0; i < n; i++)
        sections[i].timed_out &= sections[i].status < 0;
    return FLEET_OK;
}

void fl_sections_clear(struct fl_section *sections, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fl_buf_clear(&sections[i].text);
        sections[i] = (struct fl_section){.status = -1};
    }
}
