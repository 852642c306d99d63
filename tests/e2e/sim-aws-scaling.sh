#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The fake AWS's Auto Scaling groups do by themselves what the real ones do.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/sim-aws-lib.sh"
sim_start aws --ready 300 --ssh 0 --no-ssh
gets ec2 DescribeSubnets Filter.1.Name=default-for-az Filter.1.Value.1=true
subnet_a=$(told '(//subnetId)[1]') subnet_b=$(told '(//subnetId)[2]')

# group NAME [NAME=VALUE...]: a new one.
group()
{
    group_name=$1
    shift
    call autoscaling CreateAutoScalingGroup \
        "AutoScalingGroupName=$group_name" MinSize=0 MaxSize=5 \
        "VPCZoneIdentifier=$subnet_a,$subnet_b" "$@"
}
# as NAME ACTION [NAME=VALUE...]: has to be 200.
as()
{
    as_name=$1 as_action=$2
    shift 2
    gets autoscaling "$as_action" "AutoScalingGroupName=$as_name" "$@"
}
# members N STATE: the group "g" has so many, all in this state.
members()
{
    call autoscaling DescribeAutoScalingGroups \
        AutoScalingGroupNames.member.1=g >/dev/null
    [ "$(counted //Instances/member)" = "$1" ] &&
        [ "$(counted "//Instances/member[LifecycleState='$2']")" = "$1" ]
}
gets ec2 CreateLaunchTemplate LaunchTemplateName=of-g5 \
    LaunchTemplateData.ImageId=$jammy LaunchTemplateData.InstanceType=g5.xlarge
of_g5='LaunchTemplate.LaunchTemplateName=of-g5 LaunchTemplate.Version=$Latest'
# shellcheck disable=SC2086
{
    equal 'a group' 200 "$(group g $of_g5 Tags.member.1.Key=valohai \
        Tags.member.1.Value=1 Tags.member.1.PropagateAtLaunch=true)"
    equal 'no result' 0 "$(counted //CreateAutoScalingGroupResult)"
    equal 'twice' 400 "$(group g $of_g5)"
    equal 'its code' AlreadyExists "$(told //Code)"
    equal 'no template' 400 "$(group h)"
    equal 'one that is not there' 400 "$(group h \
        LaunchTemplate.LaunchTemplateName=none)"
    equal 'its code' ValidationError "$(told //Code)"
    sim_fault '{"kind": "unauthorized", "only": "ec2:RunInstances"}'
    equal 'no right to launch' 400 "$(group h $of_g5)"
    case $(told //Message) in
    'You must use a valid fully-formed launch template.'*RunInstances*) ;;
    *) fail 'not what the real one says' ;;
    esac
    equal 'more than it may be' 400 "$(group h $of_g5 DesiredCapacity=9)"
}
refused 400 ValidationError autoscaling SetDesiredCapacity \
    AutoScalingGroupName=g DesiredCapacity=9
refused 400 ValidationError autoscaling SetDesiredCapacity \
    AutoScalingGroupName=nobody DesiredCapacity=1
as g SetDesiredCapacity DesiredCapacity=3
wait_for 20 members 3 InService
equal 'in both zones' 'us-east-1a us-east-1b' "$(told \
    //Instances/member/AvailabilityZone | tr ' ' '\n' | sort -u |
    tr '\n' ' ' | sed 's/ $//')"
one=$(told '(//InstanceId)[1]') two=$(told '(//InstanceId)[2]')
three=$(told '(//InstanceId)[3]')
gets ec2 DescribeInstances "InstanceId.1=$one"
equal 'tags' '1 g' "$(told '//item[key="valohai"]/value') $(told \
    '//item[key="aws:autoscaling:groupName"]/value')"
gets autoscaling DescribeAutoScalingGroups \
    Filters.member.1.Name=tag:valohai Filters.member.1.Values.member.1=1
equal 'found by its tag' g "$(told //AutoScalingGroupName)"
gets autoscaling DescribeAutoScalingGroups AutoScalingGroupNames.member.1=none
equal 'an unknown one is not listed' 0 "$(counted //AutoScalingGroupName)"

# Scaling in spares what is protected, and takes the one that is named.
as g SetInstanceProtection "InstanceIds.member.1=$one" \
    "InstanceIds.member.2=$three" ProtectedFromScaleIn=true
as g SetDesiredCapacity DesiredCapacity=1
wait_for 20 members 2 InService
equal 'the protected ones' "$one $three" "$(told //InstanceId)"
as g SetDesiredCapacity DesiredCapacity=2
gets autoscaling TerminateInstanceInAutoScalingGroup "InstanceId=$three" \
    ShouldDecrementDesiredCapacity=true
equal 'an activity' InProgress "$(told //Activity/StatusCode)"
wait_for 20 members 1 InService
equal 'and one less is wanted' 1 "$(told //DesiredCapacity)"
refused 400 ValidationError autoscaling SetInstanceProtection \
    AutoScalingGroupName=g "InstanceIds.member.1=$two" ProtectedFromScaleIn=true

# One that EC2 has ended is replaced.
gets ec2 TerminateInstances "InstanceId.1=$one"
is_replaced()
{
    members 1 InService && [ "$(told //InstanceId)" != "$one" ]
}
wait_for 20 is_replaced

# What cannot be had shows in the activities only.
sim_set '{"values": {"pools": {"g5.*": 1}, "retry_ms": 200}}'
as g SetDesiredCapacity DesiredCapacity=2
as g DescribeScalingActivities MaxRecords=1
equal 'failed' Failed "$(told //StatusCode)"
case $(told //StatusMessage) in
*'do not have sufficient g5.xlarge capacity'*'Launching EC2 instance failed.')
    ;;
*) fail 'not what the real one says' ;;
esac
sim_set '{"values": {"pools": {}}}'
wait_for 20 members 2 InService

# A new version is for new instances.
gets ec2 CreateLaunchTemplateVersion LaunchTemplateName=of-g5 SourceVersion=1 \
    LaunchTemplateData.InstanceMarketOptions.MarketType=spot
as g SetDesiredCapacity DesiredCapacity=3
wait_for 20 members 3 InService
equal 'old and new' '1 1 2' "$(told //Instances/member/LaunchTemplate/Version |
    tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//')"
gets ec2 DescribeInstances Filter.1.Name=instance-lifecycle \
    Filter.1.Value.1=spot Filter.2.Name=tag:valohai Filter.2.Value.1=1
equal 'one is spot' 1 "$(counted //instanceId)"

# Mixed: one on demand, then spot, at the price that is allowed.
gets ec2 CreateLaunchTemplate LaunchTemplateName=plain \
    LaunchTemplateData.ImageId=$jammy
mixed=MixedInstancesPolicy.LaunchTemplate
how=MixedInstancesPolicy.InstancesDistribution
equal 'not with a template for spot' 400 "$(group m \
    "$mixed.LaunchTemplateSpecification.LaunchTemplateName=of-g5" \
    "$mixed.LaunchTemplateSpecification.Version=\$Latest")"
equal 'mixed' 200 "$(group m DesiredCapacity=3 \
    "$mixed.LaunchTemplateSpecification.LaunchTemplateName=plain" \
    "$mixed.LaunchTemplateSpecification.Version=\$Latest" \
    "$mixed.Overrides.member.1.InstanceType=g5.xlarge" \
    "$mixed.Overrides.member.2.InstanceType=g4dn.xlarge" \
    "$how.OnDemandBaseCapacity=1" \
    "$how.OnDemandPercentageAboveBaseCapacity=0" "$how.SpotMaxPrice=0.01")"
in_m()
{
    gets ec2 DescribeInstances Filter.1.Value.1=m \
        Filter.1.Name=tag:aws:autoscaling:groupName
}
in_m
equal 'on demand by order' g5.xlarge "$(told //instanceType)"
as m DescribeScalingActivities MaxRecords=1
case $(told //StatusMessage) in
'Your Spot request price of 0.01 is lower than'*) ;;
*) fail 'not what the real one says' ;;
esac
as m UpdateAutoScalingGroup "$how.SpotMaxPrice="
in_m
equal 'spot by price' 'g4dn.xlarge g4dn.xlarge g5.xlarge' "$(told \
    //instanceType | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//')"

refused 400 ResourceInUse autoscaling DeleteAutoScalingGroup \
    AutoScalingGroupName=g
sim_set '{"values": {"action_ms": 1000}}'
as g DeleteAutoScalingGroup ForceDelete=true
gets autoscaling DescribeAutoScalingGroups AutoScalingGroupNames.member.1=g
equal 'it takes a while' 'Delete in progress' "$(told //Status)"
is_deleted()
{
    call autoscaling DescribeAutoScalingGroups \
        AutoScalingGroupNames.member.1=g >/dev/null
    [ "$(counted //AutoScalingGroupName)" = 0 ]
}
wait_for 20 is_deleted

### Settings of a group

# shellcheck disable=SC2086
equal 'a group of protected ones' 200 "$(group g $of_g5 DesiredCapacity=2 \
    NewInstancesProtectedFromScaleIn=true)"
wait_for 20 members 2 InService
equal 'protected from the start' 'true true' \
    "$(told //Instances/member/ProtectedFromScaleIn)"
one=$(told '(//InstanceId)[1]') two=$(told '(//InstanceId)[2]')
as g SetDesiredCapacity DesiredCapacity=1
members 2 InService || fail 'a protected one was taken'
as g UpdateAutoScalingGroup TerminationPolicies.member.1=NewestInstance
as g SetInstanceProtection "InstanceIds.member.1=$one" \
    "InstanceIds.member.2=$two" ProtectedFromScaleIn=false
wait_for 20 members 1 InService
equal 'the newest goes' "$one" "$(told //InstanceId)"
gets autoscaling DescribeAutoScalingInstances "InstanceIds.member.1=$one" \
    InstanceIds.member.2=i-00000000000000000
equal 'whose it is' g "$(told //AutoScalingGroupName)"
tag=Tags.member.1
gets autoscaling CreateOrUpdateTags $tag.ResourceId=g $tag.Key=price \
    $tag.ResourceType=auto-scaling-group $tag.Value=1 \
    $tag.PropagateAtLaunch=false
gets autoscaling DescribeAutoScalingGroups Filters.member.1.Name=tag-key \
    Filters.member.1.Values.member.1=pri*
equal 'tagged' g "$(told //AutoScalingGroupName)"
as g SuspendProcesses ScalingProcesses.member.1=Launch
as g SetDesiredCapacity DesiredCapacity=2
members 1 InService || fail 'it launches all the same'
equal 'told' Launch "$(told //ProcessName)"
as g ResumeProcesses
wait_for 20 members 2 InService
sim_fault '{"kind": "in-progress", "only": "g"}'
refused 400 ScalingActivityInProgress autoscaling SetDesiredCapacity \
    AutoScalingGroupName=g DesiredCapacity=1
refused 400 ValidationError autoscaling TerminateInstanceInAutoScalingGroup \
    "InstanceId=$subnet_a" ShouldDecrementDesiredCapacity=true
as g UpdateAutoScalingGroup MinSize=2
refused 400 ValidationError autoscaling TerminateInstanceInAutoScalingGroup \
    "InstanceId=$one" ShouldDecrementDesiredCapacity=true
refused 400 ValidationError autoscaling DescribeAutoScalingGroups MaxRecords=101
as g UpdateAutoScalingGroup MinSize=3
equal 'a minimum lifts what is wanted' 3 "$(
    gets autoscaling DescribeAutoScalingGroups >/dev/null
    told '//member[AutoScalingGroupName="g"]/DesiredCapacity')"
sim_set '{"values": {"page_max": 1}}'
gets autoscaling DescribeAutoScalingGroups
equal 'a page' 1 "$(counted //AutoScalingGroupName)"
next=$(told //NextToken)
gets autoscaling DescribeAutoScalingGroups "NextToken=$next"
equal 'the last one' '1 0' "$(counted //AutoScalingGroupName) $(
    counted //NextToken)"
refused 400 InvalidNextToken autoscaling DescribeAutoScalingGroups NextToken=x

sim_stop
