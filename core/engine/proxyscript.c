/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/proxyscript.h"

#include "core/base/text.h"

#include <string.h>

/* Whatever becomes of the connection, a step that has begun comes to its end.
 * A link stays one: what it leads to is replaced. */
static const char head[] =
    "trap '' HUP PIPE INT TERM\n"
    "LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n"
    "export LC_ALL PATH\n"
    "umask 022\n"
    "case $F in '~/'*) F=$HOME/${F#'~/'} ;; esac\n"
    "N=$F\n" /* as nginx knows it */
    "if [ -L \"$F\" ]; then F=$(readlink -f \"$F\"); fi\n"
    "D=${F%/*} B=${F##*/}\n"
    "[ -n \"$D\" ] || D=/\n"
    "new=$D/.$B.fleet-new old=$D/.$B.fleet-old lock=$D/.$B.fleet-lock\n"
    "end() { printf '%s\\n' \"$*\"; exit 0; }\n"
    "one() { printf '%s' \"$*\" | tr '\\n' ' '; }\n"
    "sum() { if [ -e \"$F\" ]; then cksum <\"$F\"; else echo none; fi; }\n"
    "mine() { [ \"$(readlink \"$lock\")\" = \"$ME\" ] || end lost; }\n"
    /* A swap under way, of a run that has lost its lock meanwhile. */
    "begin() { ln -s $$ \"$lock.run\" 2>/dev/null; }\n"
    "done_() { rm -f \"$lock.run\"; }\n"
    "reload() { eval \"$RELOAD\" </dev/null 2>&1; }\n"
    /* nginx's own word on the whole tree, and what it reads. A comment may
     * speak of worker_connections, too. */
    "ask() {\n"
    "    eval \"$NGINX -T\" </dev/null 2>&1 | awk -v f=\"$N\" '\n"
    "        $0 == \"# configuration file \" f \":\" { print \"included\" }\n"
    "        /^nginx: .* test is successful/ { good = 1 }\n"
    "        /^(nginx:|[0-9]+\\/[0-9\\/]+ [0-9:]+) \\[emerg\\] / && !bad {\n"
    "            bad = $0; sub(/^.*\\[emerg\\] ([0-9]+#[0-9]+: )?/, \"\", bad) "
    "}\n"
    "        { last = $0; sub(/#.*/, \"\") }\n"
    "        match($0, /worker_connections[ \\t]+[0-9]+/) {\n"
    "            n = substr($0, RSTART + 18, RLENGTH - 18) + 0 }\n"
    "        END {\n"
    "            if (good) print \"connections \" n + 0\n"
    "            else print \"fault \" (bad ? bad : last) }'\n"
    "}\n"
    /* What was served before; a link says that there was nothing. */
    "put_back() {\n"
    "    if [ -L \"$old\" ]; then rm -f \"$F\" \"$old\"\n"
    "    elif [ -e \"$old\" ]; then mv -f \"$old\" \"$F\"; fi\n"
    "}\n";

static const struct {
    const char *name, *text;
} steps[] = {
    {"look",
     "[ -d \"$D\" ] || end \"failed there is no directory $D\"\n"
     "[ ! -e \"$F\" ] || [ -f \"$F\" ] || end \"failed $F is no file\"\n"
     "[ ! -e \"$F\" ] || [ -r \"$F\" ] ||\n"
     "    end \"failed $F may not be read by $(id -un)\"\n"
     "echo ok\n"
     "echo \"sum $(sum)\"\n"
     "h=$(readlink \"$lock\") && echo \"lock $(one \"$h\")\"\n"
     "if [ -e \"$old\" ] || [ -L \"$old\" ]; then echo unfinished; fi\n"
     "awk '$4 == \"0A\" { split($2, a, \":\"); print \"listen \" a[2] }' \\\n"
     "    /proc/net/tcp /proc/net/tcp6 2>/dev/null\n"
     "ask\n"
     "if [ -e \"$F\" ]; then echo file; cat \"$F\"; fi\n"},
    {"lock", "if ln -s \"$ME\" \"$lock\" 2>/dev/null; then end ok; fi\n"
             "if h=$(readlink \"$lock\"); then\n"
             "    [ -z \"$(find \"$lock\" -prune -mmin +15 2>/dev/null)\" ] || "
             "echo old\n"
             "    end \"busy $(one \"$h\")\"\n"
             "fi\n"
             "end \"failed $(one \"$(ln -s \"$ME\" \"$lock\" 2>&1)\")\"\n"},
    /* One of those who want it may; what its holder had begun ends first. */
    {"seize",
     "case ${SEEN##* } in *[!0-9a-f]* | '') end \"busy $SEEN\" ;; esac\n"
     "claim=$lock.${SEEN##* }\n"
     "[ -z \"$(find \"$claim\" -prune -mmin +15 2>/dev/null)\" ] ||\n"
     "    rm -f \"$claim\"\n"
     "ln -s \"$ME\" \"$claim\" 2>/dev/null || end \"busy $SEEN\"\n"
     "i=0\n"
     "while p=$(readlink \"$lock.run\") && kill -0 \"$p\" 2>/dev/null &&\n"
     "    [ $i -lt 60 ]; do i=$((i + 1)); sleep 1; done\n"
     "if [ \"$(readlink \"$lock\")\" != \"$SEEN\" ]; then\n"
     "    rm -f \"$claim\"; end \"busy $SEEN\"\n"
     "fi\n"
     "rm -f \"$lock.run\"\n"
     "mv -f \"$claim\" \"$lock\" || end \"failed $lock cannot be replaced\"\n"
     "end ok\n"},
    {"unlock", "mine; rm -f \"$new\" \"$lock\"; end ok\n"},
    /* Mode and owner are those of the file that it replaces. */
    {"put",
     "mine\n"
     "rm -f \"$new\"\n"
     "[ ! -e \"$F\" ] || cp -p \"$F\" \"$new\" 2>/dev/null\n"
     "e=$( (cat >\"$new\") 2>&1) || end \"failed $(one \"$e\")\"\n"
     "[ \"$(wc -c <\"$new\")\" -eq \"$SIZE\" ] || end 'failed cut short'\n"
     "sync \"$new\" 2>/dev/null || :\n"
     "end ok\n"},
    {"swap",
     "mine\n"
     "[ \"$(sum)\" = \"$WAS\" ] || end changed\n"
     "begin\n"
     "if [ ! -e \"$old\" ] && [ ! -L \"$old\" ]; then\n"
     "    if [ -e \"$F\" ]; then\n"
     "        cp -p \"$F\" \"$old.tmp\" && mv -f \"$old.tmp\" \"$old\"\n"
     "    else ln -s none \"$old\"; fi ||\n"
     "        { done_; end \"failed $old cannot be written\"; }\n"
     "fi\n"
     "e=$(mv -f \"$new\" \"$F\" 2>&1) || { done_; end \"failed $(one "
     "\"$e\")\"; }\n"
     "a=$(ask)\n"
     "case $a in *'fault '*)\n"
     "    put_back; done_; end \"refused $(one \"${a#*fault }\")\" ;; esac\n"
     "case $a in *included*) ;; *)\n"
     "    put_back; done_\n"
     "    end \"unread put the line 'include $N;' into its stream {} block\" "
     ";;\n"
     "esac\n"
     "e=$(reload) || { put_back; reload >/dev/null; done_\n"
     "    end \"unloaded $(one \"$e\")\"; }\n"
     "done_\n"
     "end ok\n"},
    {"back", "mine; begin; put_back\n"
             "e=$(reload) || { done_; end \"unloaded $(one \"$e\")\"; }\n"
             "done_; end ok\n"},
    /* What is changed is nginx's own main file, in a copy that takes its place
     * only when nginx accepts it. What is right already stays. */
    {"install",
     "ID= ID_LIKE= PRETTY_NAME=; . /etc/os-release 2>/dev/null\n"
     "case \" $ID $ID_LIKE \" in *' debian '* | *' ubuntu '*) ;; *)\n"
     "    end \"failed only Debian and Ubuntu are known, and this is\" \\\n"
     "        \"${PRETTY_NAME:-neither}\" ;; esac\n"
     "has() { command -v \"$1\" >/dev/null 2>&1; }\n"
     "root() { [ \"$(id -u)\" = 0 ] || end \"failed $1 takes root, and\" \\\n"
     "    \"SSH_PROXY_USER is $(id -un)\"; }\n"
     "run() { e=$(\"$@\" </dev/null 2>&1) ||\n"
     "    end \"failed $1: $(one \"$(printf '%s' \"$e\" | tail -n 1)\")\"; }\n"
     "streams() { eval \"$NGINX -V\" 2>&1 | grep -qE -- '--with-stream( |$)' "
     "||\n"
     "    dpkg -s libnginx-mod-stream 2>/dev/null | grep -q ' installed$'; }\n"
     "want=\n"
     "eval \"$NGINX -v\" >/dev/null 2>&1 || want=' nginx'\n"
     "streams || want=\"$want libnginx-mod-stream\"\n"
     "has logrotate || want=\"$want logrotate\"\n"
     "if [ -n \"$want\" ]; then\n"
     "    root \"installing$want\"\n"
     "    DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND\n"
     "    run apt-get -qq update\n"
     "    run apt-get -qq -y -o Dpkg::Options::=--force-confold install $want\n"
     "    echo \"did installed$want\"\n"
     "fi\n"
     "main=$(printf '%s' \"$NGINX\" | sed -n 's/.* -c *\\([^ ]*\\).*/\\1/p')\n"
     "[ -n \"$main\" ] || main=$(eval \"$NGINX -V\" 2>&1 |\n"
     "    sed -n 's/.*--conf-path=\\([^ ]*\\).*/\\1/p')\n"
     "[ -f \"$main\" ] || end \"failed there is no ${main:-nginx.conf}\"\n"
     "[ -w \"$main\" ] || end \"failed $main may not be written by $(id "
     "-un)\"\n"
     "if [ ! -d \"$D\" ]; then run mkdir -p \"$D\"; echo \"did made $D\"; fi\n"
     "[ -e \"$F\" ] || { run touch \"$F\"; echo \"did made $F, empty\"; }\n"
     "a=$(ask)\n"
     "case $a in *'fault '*) end \"refused as it is: $(one \"${a#*fault }\")\" "
     ";;\n"
     "esac\n"
     "copy=$main.fleet\n"
     "run cp -p \"$main\" \"$copy\"\n"
     "keep() { cat \"$copy.2\" >\"$copy\" && rm -f \"$copy.2\" ||\n"
     "    end \"failed $copy cannot be written\"; }\n"
     "change() { sed \"$1\" \"$copy\" >\"$copy.2\" && keep; }\n"
     "did=\n"
     "case $a in *included*) ;; *)\n"
     "    if grep -qE '^[[:space:]]*stream[[:space:]]*[{]' \"$copy\"; then\n"
     "        change \"s|^\\([[:space:]]*stream[[:space:]]*{\\)|\\1 include "
     "$N;|\"\n"
     "    else\n"
     "        printf '\\n# fleet: the proxy\\nstream {\\n    include "
     "%s;\\n}\\n' \\\n"
     "            \"$N\" >>\"$copy\"\n"
     "    fi\n"
     "    did=\"$did; included $N\" ;;\n"
     "esac\n"
     "n=$(printf '%s\\n' \"$a\" | sed -n 's/^connections //p')\n"
     "if [ \"${n:-0}\" -lt \"$NEEDS\" ]; then\n"
     "    c='s/^\\([^#]*worker_connections[[:space:]]*\\)[0-9]*/\\1'$NEEDS/\n"
     "    [ \"${n:-0}\" -gt 0 ] || c='s/^\\([^#]*events[[:space:]]*{\\)/'\n"
     "    [ \"${n:-0}\" -gt 0 ] || c=\"$c\\\\1 worker_connections $NEEDS;/\"\n"
     "    change \"$c\"\n"
     "    did=\"$did; worker_connections $NEEDS\"\n"
     "fi\n"
     "c='s/^[^#]*worker_rlimit_nofile[[:space:]]*\\([0-9]*\\).*/\\1/p'\n"
     "n=$(sed -n \"$c\" \"$copy\" | tail -n 1)\n"
     "files=$((2 * NEEDS))\n"
     "if [ \"${n:-0}\" -lt \"$files\" ]; then\n"
     "    change '/^[^#]*worker_rlimit_nofile/d'\n"
     "    { echo \"worker_rlimit_nofile $files;\"; cat \"$copy\"; } \\\n"
     "        >\"$copy.2\"\n"
     "    keep\n"
     "    did=\"$did; worker_rlimit_nofile $files\"\n"
     "fi\n"
     "if [ -n \"$did\" ]; then\n"
     "    run cp -p \"$main\" \"$main.before-fleet\"\n"
     "    run mv -f \"$copy\" \"$main\"\n"
     "    a=$(ask)\n"
     "    n=$(printf '%s\\n' \"$a\" | sed -n 's/^connections //p')\n"
     "    case $a in *'fault '*) mv -f \"$main.before-fleet\" \"$main\"\n"
     "        end \"refused $(one \"${a#*fault }\")\" ;; esac\n"
     "    case $a in *included*) ;; *) mv -f \"$main.before-fleet\" \"$main\"\n"
     "        end \"unread even in the stream {} block of $main\" ;; esac\n"
     "    [ \"${n:-0}\" -ge \"$NEEDS\" ] || { mv -f \"$main.before-fleet\" "
     "\"$main\"\n"
     "        end \"failed worker_connections is set elsewhere than in "
     "$main\"; }\n"
     "    echo \"did $main: ${did#; }\"\n"
     "else rm -f \"$copy\"; fi\n"
     "if ! e=$(reload); then\n"
     "    if [ \"$NGINX\" = nginx ] && [ -d /run/systemd/system ]; then\n"
     "        root 'starting nginx'; run systemctl -q enable --now nginx\n"
     "    else\n"
     "        e=$(eval \"$NGINX\" </dev/null 2>&1 7>&- 8>&- 9>&-) ||\n"
     "            end \"unloaded $(one \"$e\")\"\n"
     "    fi\n"
     "    echo 'did started nginx'\n"
     "fi\n"
     "end ok\n"},
    /* A log of which two rules speak is rotated by neither: ours is for those
     * of which no other rule does. */
    {"rotate",
     "eval \"$NGINX -v\" >/dev/null 2>&1 || end ok\n"
     "rules=${ROTATE:-/etc/logrotate.d} rule=fleet-${B%.conf} want=\n"
     "spoken_of() { ( set -f\n"
     "    for w in $(sed 's/#.*//; s/[{\"]/ /g' \"$2\"); do\n"
     "        case $w in /*) ;; *) continue ;; esac\n"
     "        [ \"${w%/*}\" = \"${1%/*}\" ] || continue\n"
     "        case ${1##*/} in ${w##*/}) exit 0 ;; esac\n"
     "    done; exit 1 ); }\n"
     "for log in $LOGS; do\n"
     "    by=\n"
     "    for r in \"$rules\"/*; do\n"
     "        [ \"$r\" = \"$rules/$rule\" ] || [ ! -f \"$r\" ] || [ ! -r "
     "\"$r\" ] ||\n"
     "            ! spoken_of \"$log\" \"$r\" || by=$r\n"
     "    done\n"
     "    [ -n \"$by\" ] || want=\"$want $log\"\n"
     "done\n"
     "rule=$rules/$rule\n"
     "if [ -z \"$want\" ]; then\n"
     "    if [ -e \"$rule\" ] && rm -f \"$rule\"; then echo \"did remove "
     "$rule\"; fi\n"
     "    end ok\n"
     "fi\n"
     "if [ ! -d \"$rules\" ] || [ ! -w \"$rules\" ]; then\n"
     "    echo \"did find no log rotation for$want: see to it\"\n"
     "    end ok\n"
     "fi\n"
     "text=$(printf '%s\\n' \"${want# } {\" '    weekly' '    rotate 8' \\\n"
     "    '    maxsize 100M' '    missingok' '    notifempty' '    compress' "
     "\\\n"
     "    '    delaycompress' '    sharedscripts' '    postrotate' \\\n"
     "    \"        $NGINX -s reopen >/dev/null 2>&1 || true\" '    endscript' "
     "'}')\n"
     "if [ \"$text\" != \"$(cat \"$rule\" 2>/dev/null)\" ]; then\n"
     "    printf '%s\\n' \"$text\" >\"$rule~\" && mv -f \"$rule~\" \"$rule\" "
     "||\n"
     "        end \"failed $rule cannot be written\"\n"
     "    echo \"did see to the rotation of$want\"\n"
     "fi\n"
     "end ok\n"},
    {"settle", "mine; rm -f \"$old\"; end ok\n"},
};

static void put_words(struct fl_buf *out, const char *const *words)
{
    for (; words && words[0]; words += 2) {
        fl_buf_printf(out, "%s=", words[0]);
        fl_shell_quote(out, words[1]);
        fl_buf_putc(out, '\n');
    }
}

void fl_proxyscript(struct fl_buf *out, const char *step,
                    const char *const *common, const char *const *words)
{
    put_words(out, common);
    put_words(out, words);
    fl_buf_puts(out, head);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        if (strcmp(steps[i].name, step) == 0)
            fl_buf_puts(out, steps[i].text);
    }
}
