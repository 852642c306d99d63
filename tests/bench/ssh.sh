#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# ssh.sh [DIR]: what `fleet test` costs beside programs that run a command on
# many machines, all against real sshds of this machine. Prints two tables and
# keeps them, a picture and the single measurements in DIR (default bench-out).
# Nothing here passes or fails. Ratios are of runs side by side, for the servers
# share the processors with the clients. How a round trip comes to take 100 ms
# is in farm.sh.
#
# FLEET_BENCH_ROUNDS  interleaved rounds with the others (default 3; 0: fleet
#                     alone)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../servers/farm.sh"
. "$here/farm.sh"
for program in ssh sshd ssh-keygen jq awk xargs; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || {
        echo "bench: no $program here: no figures for SSH" >&2
        exit 0
    }
done
in_private "$0" "$@"
builddir=$(cd "${builddir:-.}" && pwd)
mkdir -p "${1:-bench-out}"
results=$(cd "${1:-bench-out}" && pwd)
rounds=${FLEET_BENCH_ROUNDS:-3}
table=$results/ssh.txt
runs=$results/ssh-runs.txt
: >"$table"
echo '# set tool status wall_s cpu_s peak_kib' >"$runs"

work=$(mktemp -d "${TMPDIR:-/tmp}/fleet-bench.XXXXXX")
end()
{
    close_farm
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM HUP
export HOME="$work/home" LC_ALL=C.UTF-8 LD_LIBRARY_PATH="$builddir/.libs"
unset SSH_AUTH_SOCK
fleet=$builddir/.libs/fleet
cores=$(nproc)
# shellcheck disable=SC3045
ulimit -n "$(ulimit -H -n)"

median()
{
    sort -n | awk '{ at[NR] = $1 }
        END { if (NR) print (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 }'
}

# ---- what is run ----

# pods NAME LIVING [DEAD]: $work/NAME.hosts for others, $work/NAME.env for fleet.
pods()
{
    file=$work/$1
    farm_addresses "$2" >"$file.hosts"
    {
        cat "$file.hosts"
        farm_addresses "${3:-0}" 10.78
    } | farm_csv bench >"$file.csv"
    cat >"$file.env" <<END
PROVIDERS=manual
MANUAL_PODS=$file.csv
MACHINE_NAME_PREFIX=bench
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$file.state
END
    chmod 600 "$file.env"
}

# measure SET TOOL COMMAND...: a line in the log of all runs. Where the command
# runs is what $place says.
measure()
{
    set_of=$1 tool=$2 status=0
    shift 2
    "$place" "$builddir/tests/bench/cost" "$work/cost" "$@" \
        >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    echo "$set_of $tool $status $(cat "$work/cost")" >>"$runs"
    rm "$work/cost"
}

near()
{
    "$@"
}

# run SET TOOL PODS: "true" on each of them by that program.
run()
{
    conf=$work/ssh.conf hosts=$work/$3.hosts tool=${2%-curve}
    [ "$tool" = "$2" ] || conf=$work/curve.conf
    export PDSH_SSH_ARGS="-F $conf %h"
    case $tool in
    fleet) set -- "$1" "$2" "$fleet" -c "$work/$3.env" test --only ssh --json ;;
    fleet-run) set -- "$1" "$2" "$fleet" -c "$work/$3.env" run --json -- true ;;
    fleet-all) set -- "$1" "$2" "$fleet" -c "$work/$3.env" test --json ;;
    xargs) set -- "$1" "$2" xargs -P 256 -I '{}' -a "$hosts" \
        ssh -F "$conf" '{}' true ;;
    pssh) set -- "$1" "$2" "$pssh" -h "$hosts" -p 256 -t 600 -x "-F $conf" \
        true ;;
    pdsh) set -- "$1" "$2" pdsh -S -R ssh -f 256 -w "^$hosts" true ;;
    clush) set -- "$1" "$2" clush -S -q -R ssh -f 256 -o "-F $conf" \
        --hostfile="$hosts" true ;;
    esac
    measure "$@"
}

# Sets peers and, with the other key exchange, curves: those that are here.
find_peers()
{
    peers='' missing=''
    pssh=$(command -v parallel-ssh || command -v pssh) || pssh=pssh
    for program in xargs "$pssh" pdsh clush; do
        name=$program
        [ "$program" != "$pssh" ] || name=pssh
        if command -v "$program" >/dev/null; then
            peers="$peers $name"
        else
            missing="$missing $name"
        fi
    done
    curves=$(for peer in $peers; do printf '%s-curve ' "$peer"; done)
    [ -z "$missing" ] ||
        echo "bench: not here, so not compared with:$missing" >&2
}

# ---- what comes of it ----

row()
{
    # shellcheck disable=SC2059
    printf "$@" | tee -a "$table"
}

# figure TITLE FORMAT VALUE GOAL
figure()
{
    # shellcheck disable=SC2059
    row '%-52s %9s  %s\n' "$1" "$(printf "$2" "$3")" "$4"
}

# column SET TOOL NAME: of all rounds.
column()
{
    awk -v set="$1" -v tool="$2" -v name="$3" '
        NR == 1 { for (i = 2; i <= NF; i++) at[$i] = i - 1; next }
        $1 == set && $2 == tool { print $at[name] }' "$runs"
}

typical()
{
    column "$@" | median
}

# ratio SET NAME OURS THEIRS...: the median of the ratios of each round, to the
# least of theirs.
ratio()
{
    set_of=$1 name=$2 ours=$3
    shift 3
    column "$set_of" "$ours" "$name" >"$work/ours"
    for tool in "$@"; do
        column "$set_of" "$tool" "$name" | awk '{ print NR, $1 }'
    done | awk '!($1 in least) || $2 < least[$1] { least[$1] = $2 }
        END { for (i = 1; i in least; i++) print least[i] }' >"$work/theirs"
    paste "$work/ours" "$work/theirs" | awk 'NF == 2 { print $1 / $2 }' | median
}

# ill SET: what failed in it, for a note.
ill()
{
    awk -v set="$1" '$1 == set && $3 != 0 && $2 != "fleet-all" { n[$2]++ }
        END { for (t in n) printf " (%s failed %d times)", t, n[t] }' "$runs"
}

fastest()
{
    for tool in "$@"; do
        echo "$(typical "$set_of" "$tool" wall_s) $tool"
    done | sort -n | sed -n '1s/.* //p'
}

calculate()
{
    awk "BEGIN { print $1 }"
}

# ---- the measurements ----

# side_by_side SET PODS: all of them, turn by turn.
side_by_side()
{
    turn=0
    while [ "$turn" -lt "$rounds" ]; do
        turn=$((turn + 1))
        for tool in fleet fleet-run $peers $curves; do
            run "$1" "$tool" "$2"
        done
    done
}

# The slope from 50 to 100 ms: what starting and computing take is in both.
round_trips()
{
    pods one 1
    for ms in 50 100; do
        wire "$ms"
        run first fleet one # learns the host key
        for turn in 1 2 3 4 5 6 7; do
            for tool in fleet fleet-all xargs xargs-curve; do
                run "rtt-$ms" "$tool" one
            done
        done
    done
}

trips_of()
{
    calculate "($(typical rtt-100 "$1" wall_s) - \
        $(typical rtt-50 "$1" wall_s)) / 0.05"
}

tell_round_trips()
{
    ours=$(trips_of fleet)
    figure 'round trips a pod' %.1f "$ours" '<= 10'
    figure '  ssh' %.1f "$(trips_of xargs)" ''
    figure '  default checks: round trips more' %.1f \
        "$(calculate "$(trips_of fleet-all) - $ours")" '<= 2'
}

# tell_wall SET N GOAL
tell_wall()
{
    set_of=$1
    # shellcheck disable=SC2086
    figure "$2 pods at 100 ms: wall, to $(fastest $peers)$(ill "$1")" %.2f \
        "$(ratio "$1" wall_s fleet $peers)" "<= $3"
    # shellcheck disable=SC2086
    figure "  to $(fastest $curves)" %.2f \
        "$(ratio "$1" wall_s fleet $curves)" ''
}

tell_run()
{
    set_of=far-100
    # shellcheck disable=SC2086
    figure "100 pods: fleet run -- true: wall, to $(fastest $peers)" %.2f \
        "$(ratio far-100 wall_s fleet-run $peers)" ''
    for tool in clush pdsh; do
        case " $peers " in
        *" $tool "*) figure "  to $tool" %.2f \
            "$(ratio far-100 wall_s fleet-run "$tool")" '' ;;
        esac
    done
}

tell_cpu()
{
    figure 'client CPU, to default ssh: one part in' %.0f \
        "$(calculate "1 / $(ratio far-400 cpu_s fleet xargs)")" '>= 50'
    figure '  to ssh with curve25519: one part in' %.0f \
        "$(calculate "1 / $(ratio far-400 cpu_s fleet xargs-curve)")" '>= 10'
}

beside_peers()
{
    run first fleet hundred # learns the host keys
    side_by_side far-100 hundred
    run first fleet four
    side_by_side far-400 four
    tell_wall far-100 100 0.33
    tell_wall far-400 400 0.25
    tell_run
    tell_cpu
    figure 'memory, 400 in flight: KiB a pod, beyond 10 MB' %.0f \
        "$(memory far-400 400)" '<= 100'
}

# No client can be faster than the servers, which are on the same processors.
beside_servers()
{
    place=far
    run near-first fleet four
    turn=0
    : >"$work/bounds"
    while [ "$turn" -lt $((rounds + 2)) ]; do
        turn=$((turn + 1))
        before=$(server_cpu)
        run near-400 fleet four
        calculate "($(server_cpu) - $before) / $cores" >>"$work/bounds"
    done
    place=near
    figure "400 pods at 0 ms: wall, to sshd's CPU / $cores$(ill near-400)" \
        %.2f "$(column near-400 fleet wall_s | paste - "$work/bounds" |
            awk '{ print $1 / $2 }' | median)" '<= 1.2'
}

# memory SET N: beyond 10 MB, of each pod.
memory()
{
    calculate "($(typical "$1" fleet peak_kib) - 10240) / $2"
}

thousands()
{
    pods many 2000
    measure far-2000 fleet "$fleet" -c "$work/many.env" test --only ssh \
        --timeout 300s --json
    figure '2,000 pods at 100 ms: failures' %d "$(jq .summary.fail \
        "$work/stdout")" 0
    figure '  KiB a pod, beyond 10 MB' %.0f "$(memory far-2000 2000)" '<= 100'
}

# shellcheck disable=SC3045
few_descriptors()
{
    (
        ulimit -n 256
        measure few-400 fleet "$fleet" -c "$work/four.env" test --only ssh --json
    )
    figure '400 pods with 256 descriptors: failures' %d "$(jq .summary.fail \
        "$work/stdout")" 0
}

with_dead()
{
    for dead in 20 200 1000; do
        pods "dead-$dead" 20 "$dead"
        for turn in 1 2 3; do
            measure "dead-$dead" fleet "$fleet" -c "$work/dead-$dead.env" test \
                --only ssh --timeout 3s --json
            failed=$(jq .summary.fail "$work/stdout")
            [ "$failed" -eq "$dead" ] ||
                echo "bench: $failed instead of $dead have failed" >&2
        done
        figure "20 pods beside $dead dead: ms past the deadline" %.0f \
            "$(calculate "($(typical "dead-$dead" fleet wall_s) - 3) * 1000")" \
            '<= 100'
    done
}

# ---- what each program took ----

list_tools()
{
    row '\n%-14s %12s %12s %14s\n' 'at 100 ms' '100 pods, s' '400 pods, s' \
        'CPU ms a pod'
    for tool in fleet $peers $curves; do
        row '%-14s %12.2f %12.2f %14.2f\n' "$tool" \
            "$(typical far-100 "$tool" wall_s)" \
            "$(typical far-400 "$tool" wall_s)" \
            "$(calculate "$(typical far-400 "$tool" cpu_s) / 0.4")"
    done
}

# Bars, from the rows of the second table.
draw()
{
    sed '1,/^at 100 ms/d' "$table" | awk '
        { name[NR] = $1; wall[NR] = $3; cpu[NR] = $4
          if ($3 > most_wall) most_wall = $3
          if ($4 > most_cpu) most_cpu = $4 }
        function bar(x, y, value, most, colour) {
            printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\" " \
                "fill=\"%s\"/>\n", x, y, value / most * 200, colour
            printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", \
                x + value / most * 200 + 4, y + 11, value
        }
        END {
            printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"660\" " \
                "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", \
                NR * 20 + 40
            print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
            print "<text x=\"110\" y=\"18\">400 pods at 100 ms: seconds</text>"
            print "<text x=\"380\" y=\"18\">client CPU: ms a pod</text>"
            for (i = 1; i <= NR; i++) {
                y = i * 20 + 10
                colour = name[i] == "fleet" ? "#1b7f4c" : "#8899aa"
                printf "<text x=\"4\" y=\"%d\">%s</text>\n", y + 11, name[i]
                bar(110, y, wall[i], most_wall, colour)
                bar(380, y, cpu[i], most_cpu, colour)
            }
            print "</svg>"
        }' >"$results/ssh.svg"
}

find_peers
open_farm 2000
pods hundred 100
pods four 400
place=near
row '%-52s %9s  %s\n' "fleet test --only ssh, medians of $rounds, $cores CPUs" \
    figure goal
if wire 100; then
    if [ "$rounds" -gt 0 ]; then
        beside_peers
    fi
    thousands
    few_descriptors
    with_dead
    round_trips
    tell_round_trips
else
    echo 'bench: no long wire here (it needs root, network namespaces and' \
        '/dev/net/tun): nothing is measured at 100 ms' >&2
fi
beside_servers
if [ -s "$work/wire" ] && [ "$rounds" -gt 0 ]; then
    list_tools
    draw
fi
echo "kept in $results" >&2
