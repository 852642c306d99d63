# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind lib.sh by tests that need a fake cloud:
#     . "$srcdir/tests/e2e/sim.sh"
# tests/servers/sim/README tells what one can be asked for.
#
# Without one in this build the test is skipped. The sims end with the test,
# before its pods would be terminated.
requires curl jq ssh-keygen

sim_pids=
mkfifo "$work/sim.stdin"
# While this shell lives: a sim ends at the end of its standard input.
exec 7<>"$work/sim.stdin"

# sim_start NAME [OPTION...]: starts fleet-sim-NAME and exports the environment
# that it prints. The last one started is the one that the functions below mean;
# $sim_url is where it is, $sim_pid its process.
sim_start()
{
    sim_name=$1
    shift
    sim_program=$builddir/tests/servers/sim/fleet-sim-$sim_name
    [ -x "$sim_program" ] || skip "no fleet-sim-$sim_name in this build"
    : >"$work/sim-$sim_name.env" # not what an earlier one has said
    "$sim_program" --until-eof --dir "$work/sim-$sim_name" "$@" \
        <"$work/sim.stdin" >"$work/sim-$sim_name.env" \
        2>"$work/sim-$sim_name.err" 7>&- &
    sim_pid=$!
    sim_pids="$sim_pids $sim_pid"
    on_exit kill "$sim_pid"
    wait_for 20 sim_answers
    while IFS='=' read -r sim_variable sim_value; do
        export "$sim_variable=$sim_value"
    done <"$work/sim-$sim_name.env"
    sim_use "$sim_name"
}

sim_answers()
{
    [ "$(wc -l <"$work/sim-$sim_name.env")" -ge 2 ]
}

# sim_use NAME: the functions below mean this one of several from now on.
sim_use()
{
    sim_name=$1
    sim_url=$(sed -n '1s,^[^=]*=\(http://[^/]*\).*,\1,p' \
        "$work/sim-$sim_name.env")
}

# sim_cohort PROVIDERS [N]: as cohort, with these providers.
sim_cohort()
{
    sim_providers=$1
    shift
    cohort "$@"
    sed "s/^PROVIDERS=.*/PROVIDERS=\"$sim_providers\"/" "$FLEET_CONFIG" \
        >"$work/config.new"
    cat "$work/config.new" >"$FLEET_CONFIG"
}

# sim_control METHOD PATH [JSON]: /sim/PATH, what it answers on standard output.
sim_control()
{
    set -- "$1" "$2" "${3-}"
    curl -sS --fail-with-body -X "$1" ${3:+--data-binary "$3"} \
        "$sim_url/sim/$2" 7>&- || fail "sim: $1 $2 $3"
}

# sim_fault JSON: one fault, or an array of them.
sim_fault()
{
    sim_control POST fault "$1" >/dev/null
}

sim_no_faults()
{
    sim_control DELETE faults >/dev/null
}

# sim_set JSON: {"ready_ms", "ssh_ms", "latency_ms", "settle_ms", "rate",
# "values": {...}}.
sim_set()
{
    sim_control POST set "$1" >/dev/null
}

# sim_seed JSON: a machine of somebody else; prints its id.
sim_seed()
{
    sim_control POST machine "$1" | jq -er .id
}

# sim_change ID JSON: {"state": "stopped|running|failed|gone", "sshd": false,
# "locked": true, "name": "x"}, which nobody has asked the API for.
sim_change()
{
    sim_control POST "machine/$1" "$2" >/dev/null
}

# sim_machines FILTER: of all machines that there are or were, by jq -r.
sim_machines()
{
    sim_control GET machines | jq -r "$1"
}

# sim_log FILTER: of {"requests": [{method, path, ms, took_ms, status, agent,
# body, fault}], "max_concurrent"}, by jq -r.
sim_log()
{
    sim_control GET log | jq -r "$1"
}

sim_forget()
{
    sim_control DELETE log >/dev/null
}

# sim_count METHOD PATH: how many requests were for exactly this path.
sim_count()
{
    sim_log "[.requests[] | select(.method == \"$1\" and
        (.path | sub(\"[?].*\"; \"\")) == \"$2\")] | length"
}

# sim_stop: ends the one that was started last, which has to end well.
sim_stop()
{
    kill -TERM "$sim_pid"
    sim_status=0
    wait "$sim_pid" || sim_status=$?
    [ "$sim_status" -eq 0 ] || {
        cat "$work/sim-$sim_name.err" >&2
        fail "fleet-sim-$sim_name ended with status $sim_status"
    }
    [ ! -e "$work/sim-$sim_name" ] || fail 'the sim has left its directory'
}

# api METHOD PATH [JSON [CURL-OPTION...]]: a request as a client makes it, with
# $sim_key. Prints the status; the answer is in $work/answer, its headers in
# $work/headers. 000: there was no answer.
api()
{
    api_method=$1 api_path=$2 api_body=${3-}
    [ $# -lt 3 ] && shift 2 || shift 3
    : >"$work/answer"
    curl -sS -X "$api_method" -o "$work/answer" -D "$work/headers" \
        -w '%{http_code}\n' -A fleet-test/1 \
        -H "Authorization: Bearer $sim_key" \
        ${api_body:+-H 'Content-Type: application/json' \
            --data-binary "$api_body"} "$@" "$sim_url$api_path" \
        2>"$work/curl.err" 7>&- || :
}

# answers STATUS METHOD PATH [JSON...]
answers()
{
    answers_status=$1
    shift
    equal "$answers_status: $1 $2" "$answers_status" "$(api "$@")"
}

# answer FILTER: of the last answer, by jq -r.
answer()
{
    jq -r "$1" "$work/answer"
}

# shape_of FILE FILTER: keys and types only, for comparing; arrays as sets.
shape_of()
{
    jq -S "def shape: if type == \"object\" then with_entries(.value |= shape)
        elif type == \"array\" then (map(shape) | unique) else type end;
        $2 | shape" "$1"
}

# same_shape DESC FIXTURE: the last answer and the body of a recorded one.
same_shape()
{
    shape_of "$srcdir/tests/data/$2" .body >"$work/shape.expected"
    shape_of "$work/answer" . >"$work/shape.found"
    diff -u "$work/shape.expected" "$work/shape.found" >&2 || fail "$1: $2"
    say "ok: $1: shaped as $2"
}
