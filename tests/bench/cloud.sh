#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# cloud.sh [DIR]: what fleet makes of providers whose every call takes 300 ms.
# The fake clouds stand for them. Ratios of runs turn by turn, medians; a table
# in DIR (default bench-out). Nothing here passes or fails.
set -eu
builddir=$(cd "${builddir:-.}" && pwd)
mkdir -p "${1:-bench-out}"
results=$(cd "${1:-bench-out}" && pwd)
turns=${FLEET_BENCH_PAIRS:-5}
latency=300
for name in runpod vast hetzner; do
    [ -x "$builddir/tests/servers/sim/fleet-sim-$name" ] || {
        echo "bench: no fleet-sim-$name in this build: the part with clouds is" \
            "left out" >&2
        exit 0
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/fleet-bench.XXXXXX")
mkfifo "$work/stdin"
exec 7<>"$work/stdin" # a sim ends at the end of its standard input
end()
{
    exec 7>&-
    wait
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM HUP
export HOME="$work" LD_LIBRARY_PATH="$builddir/.libs"
fleet=$builddir/.libs/fleet
table=$results/cloud.txt
: >"$table"

row()
{
    # shellcheck disable=SC2059
    printf "$@" | tee -a "$table"
}

# sim NAME OPTION...: started, and its environment with it.
sim()
{
    name=$1
    shift
    "$builddir/tests/servers/sim/fleet-sim-$name" --until-eof --no-ssh \
        --ready 0 --ssh 0 --latency "$latency" "$@" \
        <"$work/stdin" >"$work/$name.env" 2>/dev/null 7>&- &
    until [ "$(wc -l <"$work/$name.env")" -ge 2 ]; do
        sleep 0.05
    done
    while IFS='=' read -r variable value; do
        export "$variable=$value"
    done <"$work/$name.env"
}

ssh-keygen -q -t ed25519 -N '' -f "$work/key"
cat >"$work/config.env" <<END
MACHINE_NAME_PREFIX=arena
SHARED_SSH_KEY_PATH=$work/key
GPU_TYPE="RTX A4000"
FLEET_STATE_DIR=$work/state
END
export FLEET_CONFIG="$work/config.env"

# seconds COMMAND...
seconds()
{
    begun=$(date +%s.%N)
    "$@" >/dev/null 2>"$work/stderr" || {
        cat "$work/stderr" >&2
        echo "bench: failed: $*" >&2
        exit 1
    }
    echo "$begun $(date +%s.%N)" | awk '{ printf "%.3f\n", $2 - $1 }'
}

median()
{
    sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

create()
{
    "$fleet" create -n "$1" --no-wait --yes
}

# As a script does it that makes one after the other, and sleeps after each.
one_by_one()
{
    n=1
    while [ "$n" -le 20 ]; do
        create "$n"
        sleep 2
        n=$((n + 1))
    done
}

clear_up()
{
    "$fleet" terminate all --yes >/dev/null 2>&1 || :
}

sim runpod
export PROVIDERS=runpod
row '%-52s %9s\n' "RunPod, $latency ms a call; medians of $turns" seconds
: >"$work/twenty"
: >"$work/one"
turn=0
while [ "$turn" -lt "$turns" ]; do
    seconds create 1 >>"$work/one"
    clear_up
    seconds create 20 >>"$work/twenty"
    clear_up
    turn=$((turn + 1))
done
row '%-52s %9.2f\n' 'create -n 1: the longest chain of calls' \
    "$(median <"$work/one")"
row '%-52s %9.2f\n' 'create -n 20' "$(median <"$work/twenty")"
row '%-52s %9.2f\n' 'ratio (goal: at most 1.5)' \
    "$(paste "$work/twenty" "$work/one" | awk '{ print $1 / $2 }' | median)"
if [ -z "${FLEET_BENCH_QUICK:-}" ]; then
    seconds one_by_one >"$work/slow"
    clear_up
    row '%-52s %9.2f\n' 'one after the other, 2 s of sleep after each' \
        "$(cat "$work/slow")"
    row '%-52s %9.3f\n' 'ratio' "$(echo "$(median <"$work/twenty")" \
        "$(cat "$work/slow")" | awk '{ print $1 / $2 }')"
fi

sim vast
sim hetzner
row '\n%-52s %9s\n' 'fleet list' seconds
for name in runpod vast hetzner 'runpod vast hetzner'; do
    : >"$work/list"
    turn=0
    while [ "$turn" -lt "$turns" ]; do
        PROVIDERS=$name seconds "$fleet" list --json >>"$work/list"
        turn=$((turn + 1))
    done
    row '%-52s %9.2f\n' "$name" "$(median <"$work/list")"
done
echo "kept in $table" >&2
