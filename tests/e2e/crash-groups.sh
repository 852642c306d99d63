#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Pods out of an Auto Scaling group, killed around every request: in between, the
# group has been asked for instances that have no name yet. The next run ends
# with as many pods as were asked for, each under its name, and the group wants
# no more than these.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/sim-aws-lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
create=$(command -v fleet)
kind=send
sim_start aws --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"action_ms": 0, "linger_ms": 0}}'
sim_cohort aws
export GPU_TYPE=A10G AWS_POOL=groups AWS_EC2_METADATA_DISABLED=true
group=fleet-arena-g5.xlarge-on-demand

alive()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

# As if there had never been a group.
start_over()
{
    sim_no_faults
    call autoscaling DeleteAutoScalingGroup "AutoScalingGroupName=$group" \
        ForceDelete=true >/dev/null
    wait_for 10 no_group
    call ec2 DeleteLaunchTemplate "LaunchTemplateName=$group" >/dev/null
    rm -rf "$work/state"
}

no_group()
{
    gets autoscaling DescribeAutoScalingGroups >/dev/null
    [ "$(counted //AutoScalingGroupName)" = 0 ]
}

# put_right N: the next run makes N of it.
put_right()
{
    succeeds fleet create -n "$1" --no-wait --yes
    equal 'so many, each called as in the list' "$1 $1" "$(alive "length") \
$(alive '[.[].name | select(. == "arena-apple" or . == "arena-arrow")] |
        unique | length')"
    succeeds fleet list --json
    equal 'fleet knows them all' "$1" "$(json '.pods | length')"
    succeeds fleet history --json
    equal 'nothing is open' 0 \
        "$(json '[.history[] | select(.ended_at == null)] | length')"
    gets autoscaling DescribeAutoScalingGroups \
        "AutoScalingGroupNames.member.1=$group" >/dev/null
    equal 'no more are desired' "$1" "$(told //DesiredCapacity)"
    told '//Tags/member[starts-with(Key, "fleet-wanted-")]/Value' |
        tr ' ' '\n' | grep '^c-' >"$work/wanted" || :
    gets ec2 DescribeInstances >/dev/null
    told '//item[key="fleet-token"]/value' | tr ' ' '\n' >"$work/there"
    equal 'nobody is waited for' '' \
        "$(grep -vxF -f "$work/there" "$work/wanted" || :)"
}

waits()
{
    [ "$(sim_log .in_flight)" -gt 0 ]
}

# die_waiting ACTION WHEN: killed while no answer comes to such a request, before
# or after its work is done.
die_waiting()
{
    start_over
    sim_fault "{\"kind\": \"hang\", \"match\": \"POST /$1$\", \"when\": \"$2\"}"
    "$create" create -n 2 --no-wait --yes >"$out" 2>"$err" &
    wait_for 20 waits
    kill -KILL $!
    wait $! || :
    say "ok: killed while it waits for $1, $2 the work"
    sim_no_faults
}

# The group makes two, and nobody has called them anything.
die_waiting autoscaling/SetDesiredCapacity after
succeeds fleet list
says 'have no name yet'
put_right 2
# One has its name.
die_waiting ec2/CreateTags after
put_right 2

# What has not reached the group costs the next run the time that a look-up may
# miss a pod.
[ -n "${FLEET_TEST_LONG:-}" ] || {
    start_over
    sim_stop
    exit 0
}
for action in ec2/CreateLaunchTemplate autoscaling/CreateAutoScalingGroup \
    autoscaling/CreateOrUpdateTags autoscaling/SetDesiredCapacity \
    ec2/CreateTags; do
    die_waiting "$action" before
    put_right 2
    die_waiting "$action" after
    put_right 2
done

# None comes, and whoever asked for it has died: it is not asked for for ever.
sim_set '{"values": {"action_ms": 0, "linger_ms": 0, "retry_ms": 60000}}'
export AWS_INSTANCE_TYPES=g5.xlarge
start_over
sim_fault '{"kind": "capacity", "only": "g5.xlarge@*", "times": -1}'
sim_fault '{"kind": "hang", "when": "after",
    "match": "POST /autoscaling/SetDesiredCapacity$"}'
"$create" create -n 2 --no-wait --yes >"$out" 2>"$err" &
wait_for 20 waits
kill -KILL $!
wait $! || :
fails_with 5 fleet create -n 2 --no-wait --yes
gets autoscaling DescribeAutoScalingGroups >/dev/null
equal 'nothing is desired' 0 "$(told //DesiredCapacity)"
sim_set '{"values": {"action_ms": 0, "linger_ms": 0}}'
unset AWS_INSTANCE_TYPES

start_over
sends=$(count_steps "$create" create -n 2 --no-wait --yes)
for moment in $(seq 1 "$sends"); do
    start_over
    die_at "$moment:after" "$create" create -n 2 --no-wait --yes
    say "ok: killed at $moment of $sends"
    put_right 2
done
start_over
sim_stop
