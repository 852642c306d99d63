/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/bgscript.h"

/* Single quotes would have to be doubled for the login shell: there are none.
 */
const char fl_bgscript_input[] =
    "umask 077; "
    "dir=\"${XDG_STATE_HOME:-$HOME/.local/state}/fleet/jobs/$1\"; "
    "mkdir -p \"$dir\" && cat >\"$dir/in\"";

const char fl_bgscript_common[] =
    "mask=$(umask)\n"
    "umask 077\n"
    "base=${XDG_STATE_HOME:-$HOME/.local/state}/fleet/jobs\n"
    "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)\n"
    /* Fields of a process: $4 is its session, ${20} when it began. A name may
     * have blanks, brackets and newlines in it. */
    "fields() {\n"
    "    line=$(cat \"/proc/$1/stat\" 2>/dev/null) && line=${line##*) }\n"
    /* One that has ended, and that nobody has asked how, is none. */
    "    case $line in '' | [ZX]*) return 1 ;; esac\n"
    "}\n"
    "session_of() { fields \"$1\" && set -- $line && echo \"$4\"; }\n"
    "start_of() { fields \"$1\" && set -- $line && echo \"${20}\"; }\n"
    "alive() {\n"
    "    [ \"$pid\" ] && [ \"$(start_of \"$pid\")\" = \"$start\" ]\n"
    "}\n"
    /* Of $id: $dir, $state, $pid, $start. */
    "recall() {\n"
    "    dir=$base/$id pid='' start='' state=gone\n"
    "    [ -f \"$dir/command\" ] || return 0\n"
    "    if [ -f \"$dir/pid\" ]; then read -r pid start <\"$dir/pid\"; fi\n"
    "    state=lost\n"
    "    if [ -f \"$dir/status\" ]; then state=exited\n"
    "    elif [ \"$(cat \"$dir/boot\" 2>/dev/null)\" != \"$boot\" ]; then :\n"
    "    elif alive; then state=running\n"
    "    fi\n"
    "}\n"
    /* Between the end of a job and the note of it there is a moment. */
    "look() {\n"
    "    recall\n"
    "    tries=0\n"
    "    while [ $state = lost ] && [ $tries -lt 10 ] &&\n"
    "        [ \"$(cat \"$dir/boot\" 2>/dev/null)\" = \"$boot\" ]; do\n"
    "        tries=$((tries + 1))\n"
    "        sleep 0.1 2>/dev/null || sleep 1\n"
    "        recall\n"
    "    done\n"
    "}\n"
    "tell() {\n"
    "    set -- \"job $id $state\" \"$@\"\n"
    "    [ ! \"$pid\" ] || set -- \"$@\" pid \"$pid\"\n"
    "    [ ! -f \"$dir/began\" ] || set -- \"$@\" began \"$(cat "
    "\"$dir/began\")\"\n"
    "    [ $state != exited ] || set -- \"$@\" exit \"$(cat "
    "\"$dir/status\")\"\n"
    "    [ ! -f \"$dir/log\" ] ||\n"
    "        set -- \"$@\" log $(($(cat \"$dir/log.old\" \"$dir/log\" "
    "2>/dev/null | wc -c)))\n"
    "    say \"$@\"\n"
    "}\n";

/* The keeper outlives the connection, in a session of its own, and the job has
 * another one, so that all of it can be told from all else. */
#define KEEPER                                                                 \
    "cat >\"$dir/keeper\" <<'END' || fail 'no space for it'\n"                 \
    "dir=$1 half=$2 mask=$3\n"                                                 \
    "trap '' HUP\n"                                                            \
    "size() { echo $(($(wc -c <\"$dir/log\"))); }\n"                           \
    "pump() {\n"                                                               \
    "    while :; do\n"                                                        \
    "        : >>\"$dir/log\"\n"                                               \
    "        before=$(size)\n"                                                 \
    "        dd bs=65536 count=256 >>\"$dir/log\" 2>/dev/null\n"               \
    "        after=$(size)\n"                                                  \
    "        [ \"$after\" != \"$before\" ] || break\n"                         \
    "        [ \"$after\" -gt \"$half\" ] || continue\n"                       \
    "        mv -f \"$dir/log\" \"$dir/log.old\" && echo >>\"$dir/turns\"\n"   \
    "    done\n"                                                               \
    "    cat >/dev/null\n"                                                     \
    "    : >\"$dir/drained\"\n"                                                \
    "}\n"                                                                      \
    "cd\n"                                                                     \
    "in=/dev/null\n"                                                           \
    "[ ! -f \"$dir/in\" ] || in=$dir/in\n"                                     \
    "{\n"                                                                      \
    "    setsid sh \"$dir/enter\" \"$dir\" \"$mask\" <\"$in\"\n"               \
    "    echo \"$? ended $(date -u +%Y-%m-%dT%H:%M:%SZ)\" "                    \
    ">\"$dir/status.new\" &&\n"                                                \
    "        mv -f \"$dir/status.new\" \"$dir/status\"\n"                      \
    "} 2>&1 | pump\n"                                                          \
    "END\n"                                                                    \
    "cat >\"$dir/enter\" <<'END' || fail 'no space for it'\n"                  \
    "line=$(cat /proc/$$/stat)\n"                                              \
    "dir=$1\n"                                                                 \
    "umask \"$2\"\n"                                                           \
    "set -- ${line##*) }\n"                                                    \
    "echo \"$$ ${20}\" >\"$dir/pid.new\" && mv \"$dir/pid.new\" "              \
    "\"$dir/pid\"\n"                                                           \
    "exec \"${SHELL:-/bin/sh}\" -c \"$(cat \"$dir/command\")\"\n"              \
    "END\n"

const char fl_bgscript_start[] =
    "fail() { state=failed; say \"job $id failed why $*\"; exit; }\n"
    "recall\n"
    "[ $state = gone ] || { look; tell; exit; }\n"
    "[ \"$boot\" ] || fail 'no /proc on it to tell its processes by'\n"
    "command -v setsid >/dev/null || fail 'it has no setsid: install "
    "util-linux'\n"
    "why=$(mkdir -p \"$dir\" 2>&1) || fail \"$why\"\n"
    "why=$({\n"
    "    echo \"$boot\" >\"$dir/boot\" && : >\"$dir/log\" &&\n"
    "        date -u +%Y-%m-%dT%H:%M:%SZ >\"$dir/began\"\n"
    "} 2>&1) || fail \"$why\"\n" KEEPER
    "why=$(printf '%s\\n' \"$command\" 2>&1 >\"$dir/command\") || fail "
    "\"$why\"\n"
    /* Where logging out ends what somebody has started, it is taken out of the
     * login. */
    "scope=''\n"
    "if [ \"$(busctl get-property org.freedesktop.login1 "
    "/org/freedesktop/login1 \\\n"
    "    org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null)\" = "
    "'b true' ]; then\n"
    "    loginctl --no-ask-password enable-linger >/dev/null 2>&1 &&\n"
    "        systemd-run --user --scope --quiet -- true >/dev/null 2>&1 &&\n"
    "        scope='systemd-run --user --scope --quiet --'\n"
    "fi\n"
    "FLEET_JOB=$id export FLEET_JOB\n"
    /* What a shell begins with & cannot be interrupted, nor what that begins.
     */
    "set -- sh \"$dir/keeper\" \"$dir\" \"$half\" \"$mask\"\n"
    "if setsid -f true 2>/dev/null; then\n"
    "    $scope setsid -f \"$@\" </dev/null >/dev/null 2>&1\n"
    "else\n"
    "    $scope setsid \"$@\" </dev/null >/dev/null 2>&1 &\n"
    "fi\n"
    "tries=0\n"
    "until [ -f \"$dir/pid\" ] || [ -f \"$dir/status\" ]; do\n"
    "    tries=$((tries + 1))\n"
    "    [ $tries -lt 200 ] || fail 'it does not begin'\n"
    "    sleep 0.1 2>/dev/null || sleep 1\n"
    "done\n"
    "look\n"
    "tell\n";

const char fl_bgscript_look[] = "for id in $ids; do look; tell; done\n";

/* The job's first process is known by when it began; all else in its session
 * by what it has inherited, for a number of a process is given again. */
const char fl_bgscript_kill[] =
    "is_its() {\n"
    "    [ \"$(session_of \"$1\")\" = \"$pid\" ] || return 1\n"
    "    [ \"$1\" != \"$pid\" ] || { alive; return; }\n"
    "    tr '\\0' '\\n' 2>/dev/null <\"/proc/$1/environ\" |\n"
    "        grep -qx \"FLEET_JOB=$id\"\n"
    "}\n"
    "for id in $ids; do\n"
    "    look\n"
    "    sent=0\n"
    "    [ \"$pid\" ] && [ \"$(cat \"$dir/boot\" 2>/dev/null)\" = \"$boot\" ] "
    "||\n"
    "        { tell sent 0; continue; }\n"
    "    for at in /proc/[0-9]*; do\n"
    "        at=${at#/proc/}\n"
    "        is_its \"$at\" && kill -s \"$signal\" \"$at\" 2>/dev/null &&\n"
    "            sent=$((sent + 1))\n"
    "    done\n"
    "    tell sent $sent\n"
    "done\n";

const char fl_bgscript_clean[] =
    "for id in $ids; do\n"
    "    look\n"
    "    case $state in exited | lost) rm -rf \"$dir\" && state=gone ;; esac\n"
    "    tell\n"
    "done\n";

/* The other end is known to be gone when nothing can be written to it. */
const char fl_bgscript_log[] =
    "recall\n"
    "[ $state != gone ] || { say begin; echo \"$word gone\" >&2; exit; }\n"
    "size() { echo $(($(wc -c 2>/dev/null <\"$1\" || echo 0))); }\n"
    "turns() { [ ! -f \"$dir/turns\" ] || size \"$dir/turns\"; }\n"
    "turn=$(turns)\n"
    "at=$(size \"$dir/log\")\n"
    "past() { [ ! -f \"$dir/log.old\" ] || cat \"$dir/log.old\"; "
    "head -c \"$at\" \"$dir/log\"; }\n"
    "say begin\n"
    "if [ \"$lines\" -ge 0 ]; then past | tail -n \"$lines\"; else past; fi\n"
    "quiet=0 over=0\n"
    "while [ \"$follow\" ]; do\n"
    "    recall\n"
    "    [ $state = running ] || over=$((over + 1))\n"
    "    [ ! -f \"$dir/drained\" ] || over=$((over + 9))\n"
    "    if [ \"$(turns)\" != \"$turn\" ]; then\n"
    "        tail -c +$((at + 1)) \"$dir/log.old\"\n"
    "        at=0 turn=$(turns)\n"
    "    fi\n"
    "    now=$(size \"$dir/log\")\n"
    "    if [ \"$now\" -gt \"$at\" ]; then\n"
    "        tail -c +$((at + 1)) \"$dir/log\" | head -c $((now - at)) || "
    "exit\n"
    "        at=$now quiet=0\n"
    "        continue\n"
    "    fi\n"
    "    [ $over -lt 10 ] || break\n"
    "    quiet=$((quiet + 1))\n"
    "    [ $((quiet % 10)) -ne 0 ] || echo >&2 || exit\n"
    "    sleep 0.2 2>/dev/null || sleep 1\n"
    "done\n"
    "echo \"$word $state $(cat \"$dir/status\" 2>/dev/null)\" >&2\n";
