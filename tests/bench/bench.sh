#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# bench.sh [DIR]: figures as ratios of interleaved runs against a program that
# everybody has, so that they mean the same on any machine. Prints a table and
# keeps it, with the single measurements, in DIR (default bench-out). Nothing
# here passes or fails.
set -eu
builddir=$(cd "${builddir:-.}" && pwd)
mkdir -p "${1:-bench-out}"
results=$(cd "${1:-bench-out}" && pwd)
pairs=${FLEET_BENCH_PAIRS:-9}
for program in curl jq awk; do
    command -v "$program" >/dev/null || {
        echo "bench: no $program here" >&2
        exit 1
    }
done
[ -x /usr/bin/time ] || {
    echo 'bench: no /usr/bin/time here (Debian: the package "time")' >&2
    exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/fleet-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
export HOME="$work" LD_LIBRARY_PATH="$builddir/.libs"
fleet=$builddir/.libs/fleet
table=$results/table.txt
: >"$table"

row()
{
    # shellcheck disable=SC2059
    printf "$@" | tee -a "$table"
}

# seconds REPEAT COMMAND...: wall seconds of that many runs in a row.
seconds()
{
    left=$1
    shift
    begun=$(date +%s.%N)
    while [ "$left" -gt 0 ]; do
        "$@" >/dev/null 2>"$work/stderr" || {
            cat "$work/stderr" >&2
            echo "bench: failed: $*" >&2
            exit 1
        }
        left=$((left - 1))
    done
    echo "$begun $(date +%s.%N)" | awk '{ printf "%.6f\n", $2 - $1 }'
}

median()
{
    sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

# compare TITLE REPEAT OURS THEIRS: each a shell word list; turn by turn.
compare()
{
    title=$1 repeat=$2 ours=$3 theirs=$4
    log=$results/$(echo "$title" | tr -c 'a-z0-9\n' '-').txt
    # One of each first, so that files are in memory.
    # shellcheck disable=SC2086
    seconds 1 $ours >/dev/null && seconds 1 $theirs >/dev/null
    : >"$log"
    turn=0
    while [ "$turn" -lt "$pairs" ]; do
        # shellcheck disable=SC2086
        echo "$(seconds "$repeat" $ours) $(seconds "$repeat" $theirs)" >>"$log"
        turn=$((turn + 1))
    done
    a=$(awk -v r="$repeat" '{ print $1 * 1000 / r }' "$log" | median)
    b=$(awk -v r="$repeat" '{ print $2 * 1000 / r }' "$log" | median)
    ratio=$(awk '{ print $1 / $2 }' "$log" | median)
    row '%-44s %9.2f ms %9.2f ms   %5.2f\n' "$title" "$a" "$b" "$ratio"
}

# provider N: an exec provider in shell that lists N pods from a file.
provider()
{
    awk -v n="$1" 'BEGIN {
        printf "{\"id\":2,\"ok\":true,\"pods\":["
        for (i = 0; i < n; i++)
            printf "%s{\"name\":\"arena-p%d\",\"id\":\"i-%d\"," \
                "\"state\":\"running\",\"provider_state\":\"RUNNING\"," \
                "\"gpu\":\"RTX A4000\",\"gpus\":1,\"region\":\"EU-%d\"," \
                "\"price_per_hour\":0.17,\"currency\":\"USD\"," \
                "\"ssh\":{\"host\":\"203.0.113.7\",\"port\":%d," \
                "\"user\":\"root\"}," \
                "\"created_at\":\"2026-11-20T09:00:00Z\",\"locked\":false}", \
                (i ? "," : ""), i, i, i % 9, 1024 + i % 60000
        print "]}"
    }' >"$work/pods-$1.json"
    cat >"$work/provider-$1" <<END
#!/bin/sh
read -r line
echo '{"id":1,"ok":true,"abilities":[]}'
read -r line
exec cat '$work/pods-$1.json'
END
    chmod 755 "$work/provider-$1"
    cat >"$work/config-$1.env" <<END
MACHINE_NAME_PREFIX=arena
PROVIDERS=cloud
EXEC_PROVIDERS="cloud=$work/provider-$1"
FLEET_STATE_DIR=$work/state
END
}

row '%-44s %12s %12s   %5s\n' "medians of $pairs interleaved pairs" ours theirs \
    ratio
compare 'fleet version : curl --version' 20 "$fleet version" 'curl --version'
compare 'fleet help : curl --version' 20 "$fleet help" 'curl --version'

for n in 1000 5000 10000; do
    provider "$n"
done
got=$("$fleet" -c "$work/config-10000.env" list --json | jq '.pods | length')
[ "$got" -eq 10000 ] || {
    echo "bench: fleet list shows $got pods instead of 10000" >&2
    exit 1
}
compare 'fleet list --json, 10000 pods : jq . of them' 1 \
    "$fleet -c $work/config-10000.env list --json" "jq . $work/pods-10000.json"

row '\n%-44s %12s %12s\n' 'peak memory of fleet list --json' KiB 'KiB a pod'
for n in 1000 5000 10000; do
    /usr/bin/time -f %M -o "$work/peak" \
        "$fleet" -c "$work/config-$n.env" list --json >/dev/null
    row '%-44s %12d %12.2f\n' "$n pods" "$(tail -n 1 "$work/peak")" \
        "$(awk -v n="$n" 'END { print $1 / n }' "$work/peak")"
done
echo "kept in $results" >&2
