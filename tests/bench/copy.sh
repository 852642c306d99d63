#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# copy.sh [DIR]: what `fleet push` and `fleet pull` take beside scp and rsync,
# to one real sshd of this machine: one large file, and 10,000 small ones.
# Prints a table of ratios of runs side by side and keeps it, with the single
# measurements, in DIR (default bench-out). Nothing here passes or fails.
#
# FLEET_BENCH_ROUNDS  interleaved rounds (default 3)
# FLEET_BENCH_MB      size of the large file (default 1000)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../servers/farm.sh"
. "$here/farm.sh"
for program in ssh scp sshd ssh-keygen tar awk; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || {
        echo "bench: no $program here: no figures for copying" >&2
        exit 0
    }
done
in_private "$0" "$@"
builddir=$(cd "${builddir:-.}" && pwd)
mkdir -p "${1:-bench-out}"
results=$(cd "${1:-bench-out}" && pwd)
rounds=${FLEET_BENCH_ROUNDS:-3}
[ "$rounds" -gt 0 ] || rounds=1
megabytes=${FLEET_BENCH_MB:-1000}
table=$results/copy.txt
runs=$results/copy-runs.txt
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
mkdir -p "$work/home"

tools='fleet scp'
if command -v rsync >/dev/null; then
    tools="$tools rsync"
else
    echo 'bench: no rsync here, so not compared with it' >&2
fi

near()
{
    "$@"
}

# measure SET TOOL COMMAND...: a line in the log of all runs.
measure()
{
    set_of=$1 tool=$2 status=0
    shift 2
    "$place" "$builddir/tests/bench/cost" "$work/cost" "$@" \
        >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    [ "$status" -eq 0 ] || tail -n 2 "$work/stderr" >&2
    echo "$set_of $tool $status $(cat "$work/cost")" >>"$runs"
    rm "$work/cost"
}

# push SET TOOL THING: to $work/there.
push()
{
    case $2 in
    fleet) measure "$1" fleet "$fleet" -c "$work/one.env" push --json \
        --to "$work/there" -- "$work/$3" ;;
    scp) measure "$1" scp scp -q -p -r -F "$work/ssh.conf" "$work/$3" \
        "$host:$work/there/" ;;
    rsync) measure "$1" rsync rsync -a -e "ssh -F $work/ssh.conf" \
        "$work/$3" "$host:$work/there/" ;;
    esac
}

# pull SET TOOL THING: to $work/here.
pull()
{
    case $2 in
    fleet) measure "$1" fleet "$fleet" -c "$work/one.env" pull --json \
        --out "$work/here" -- "$work/$3" ;;
    scp) measure "$1" scp scp -q -p -r -F "$work/ssh.conf" \
        "$host:$work/$3" "$work/here/" ;;
    rsync) measure "$1" rsync rsync -a -e "ssh -F $work/ssh.conf" \
        "$host:$work/$3" "$work/here/" ;;
    esac
}

# side_by_side THING [SUFFIX]: each tool in turn, to where nothing is; then once more.
side_by_side()
{
    turn=0
    while [ "$turn" -lt "$rounds" ]; do
        turn=$((turn + 1))
        for tool in $tools; do
            rm -rf "$work/there" "$work/here"
            mkdir "$work/there" "$work/here"
            push "push-$1${2:-}" "$tool" "$1"
            diff -r "$work/$1" "$work/there/$1" >/dev/null ||
                echo "bench: $tool has not copied all of it" >&2
            push "again-$1${2:-}" "$tool" "$1"
            pull "pull-$1${2:-}" "$tool" "$1"
        done
    done
}

# ---- what comes of it ----

median()
{
    sort -n | awk '{ at[NR] = $1 }
        END { if (NR) print (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 }'
}

walls()
{
    awk -v set="$1" -v tool="$2" '$1 == set && $2 == tool { print $4 }' "$runs"
}

row()
{
    # shellcheck disable=SC2059
    printf "$@" | tee -a "$table"
}

# tell SET TITLE: seconds of fleet, and its ratio to each of the others.
tell()
{
    row '%-34s %8.2f' "$2" "$(walls "$1" fleet | median)"
    walls "$1" fleet >"$work/ours"
    for tool in $tools; do
        [ "$tool" != fleet ] || continue
        row ' %8s' "$(walls "$1" "$tool" | paste "$work/ours" - |
            awk 'NF == 2 { printf "%.2f\n", $1 / $2 }' | median)"
    done
    row '\n'
}

open_farm 1
host=$(farm_addresses 1)
echo "$host" | farm_csv bench >"$work/one.csv"
cat >"$work/one.env" <<END
PROVIDERS=manual
MANUAL_PODS=$work/one.csv
MACHINE_NAME_PREFIX=bench
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/state
END
chmod 600 "$work/one.env"
place=far
head -c "${megabytes}000000" /dev/urandom >"$work/large"
mkdir "$work/small"
(cd "$work/small" && seq 100000 | split -l 10 -a 5 -d)
far "$fleet" -c "$work/one.env" run --quiet -- true # learns the host key
row '%-34s %8s' "medians of $rounds, $(nproc) CPUs" 'fleet, s'
for tool in $tools; do
    [ "$tool" = fleet ] || row ' %8s' "/$tool"
done
row '\n'
side_by_side large
tell push-large "push of $megabytes MB"
tell again-large '  once more'
tell pull-large "pull of $megabytes MB"
side_by_side small
tell push-small 'push of 10,000 files'
tell again-small '  once more'
tell pull-small 'pull of 10,000 files'
if [ "$tools" != 'fleet scp' ] && wire 50; then
    place=near
    tools='fleet rsync' # scp would wait for each file
    side_by_side small -50
    tools='fleet scp rsync'
    tell push-small-50 '  push at 50 ms'
    tell again-small-50 '  once more'
    tell pull-small-50 '  pull'
fi
echo "kept in $results" >&2
