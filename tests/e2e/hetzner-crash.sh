#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet create -n 3 at Hetzner Cloud, killed at steps on the way and while it
# waits for an answer: the next run ends with exactly 3 servers.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
. "$srcdir/tests/e2e/sim.sh"
sim_start hetzner --ready 50 --ssh 0 --no-ssh
sim_cohort hetzner 3
export HETZNER_SERVER_TYPE=cx33 HETZNER_LOCATION=nbg1
create=$(command -v fleet)

# Also what crash-lib.sh counts by.
cloud_pods()
{
    sim_machines '[.machines[] | select(.state != "gone")] | length'
}

start_over()
{
    for id in $(sim_machines '.machines[] | select(.state != "gone") | .id'); do
        sim_change "$id" '{"state": "gone"}'
    done
    rm -rf "$work/state"
}

create()
{
    fleet create -n 3 --no-wait --yes
}

steps=$(count_steps "$create" create -n 3 --no-wait --yes)
say "$steps steps"
for step in $(sample "$steps"); do
    start_over
    die_at "$step" "$create" create -n 3 --no-wait --yes
    succeeds create
    exactly 3
done

waits()
{
    [ "$(sim_log .in_flight)" -gt 0 ]
}

# Before and after the server was made, with no answer to either.
for when in before after; do
    start_over
    sim_fault "{\"kind\": \"hang\", \"match\": \"POST /v1/servers$\",
        \"when\": \"$when\", \"times\": 3}"
    "$create" create -n 3 --no-wait --yes >"$out" 2>"$err" &
    wait_for 20 waits
    kill -KILL $!
    wait $! || :
    sim_no_faults
    succeeds create
    exactly 3
done
sim_stop
