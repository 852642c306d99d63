#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet create at a cloud, killed around a request: whatever had reached the
# provider by then, the next run ends with as many pods as were asked for, and
# with nothing beside them.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
create=$(command -v fleet)
kind=send

# machines FILTER: of those that exist and are not the stranger's.
machines()
{
    sim_machines "[.machines[] | select(.state != \"gone\" and
        .name != \"physics-apple\")] | $1"
}

start_over()
{
    for id in $(machines '.[].id'); do
        sim_change "$id" '{"state": "gone"}'
    done
    rm -rf "$work/state"
}

# put_right N: the next run makes N of it.
put_right()
{
    succeeds fleet create -n "$1" --no-wait --yes
    equal 'so many, each once' "$1 $1" \
        "$(machines '"\(length) \(map(.name) | unique | length)"')"
    succeeds fleet list --json
    equal 'fleet knows them all' "$1" "$(json '.pods | length')"
    succeeds fleet history --json
    equal 'nothing is open' 0 \
        "$(json '[.history[] | select(.ended_at == null)] | length')"
    equal 'the stranger is there' 1 "$(sim_machines '[.machines[] |
        select(.name == "physics-apple" and .state != "gone")] | length')"
}

# moments SENDS ABSENT: those to die at. What has not reached the provider costs
# the next run the time that a look-up may miss a pod: but for the long form, it
# is tried at one provider.
moments()
{
    if [ -n "${FLEET_TEST_LONG:-}" ]; then
        for step in $(seq 1 "$1"); do
            echo "$step $step:after"
        done
    else
        echo "$1:after $(($1 - 1)):after ${2:+$1}"
    fi
}

waits()
{
    [ "$(sim_log .in_flight)" -gt 0 ]
}

# die_waiting N MATCH WHEN: killed while no answer comes to requests that MATCH,
# before or after their work is done.
die_waiting()
{
    start_over
    sim_fault "{\"kind\": \"hang\", \"match\": \"$2\", \"when\": \"$3\",
        \"times\": $1}"
    "$create" create -n "$1" --no-wait --yes >"$out" 2>"$err" &
    wait_for 20 waits
    kill -KILL $!
    wait $! || :
    say "ok: killed while it waits, $3 the work"
    sim_no_faults
    put_right "$1"
}

# crash NAME PODS MATCH [ABSENT]: with that provider, whose creates match that.
crash()
{
    sim_start "$1" --ready 0 --ssh 0 --no-ssh
    sim_cohort "$1"
    sim_seed '{"name": "physics-apple"}' >/dev/null
    sends=$(count_steps "$create" create -n "$2" --no-wait --yes)
    check "$1: $sends requests" test "$sends" -gt "$2"
    for moment in $(moments "$sends" "${4-}"); do
        start_over
        die_at "$moment" "$create" create -n "$2" --no-wait --yes
        say "ok: killed at $moment of $sends"
        put_right "$2"
    done
    die_waiting "$2" "$3" after
    [ -z "${FLEET_TEST_LONG:-}" ] || die_waiting "$2" "$3" before
    start_over
    sim_stop
}

GPU_TYPE=A10G crash aws 2 'POST /ec2/CreateFleet$'
GPU_TYPE='RTX A4000' crash runpod 4 'POST /v2/pods$' absent
HETZNER_SERVER_TYPE=cx33 HETZNER_LOCATION=nbg1 \
    crash hetzner 3 'POST /v1/servers$'
# A look-up there may miss a pod for a minute.
[ -z "${FLEET_TEST_LONG:-}" ] ||
    GPU_TYPE='RTX 3090' IMAGE=example/env:1 VAST_PACE=0 \
        crash vast 2 'PUT /api/v0/asks/'
