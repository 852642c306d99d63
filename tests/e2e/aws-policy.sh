#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Auto Scaling groups with little more than nothing allowed: what a worker
# account of Valohai lets its master do is enough, and what is missing has a
# name. Groups of somebody else are left as they are.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/sim-aws-lib.sh"
sim_start aws --ready 0 --ssh 0 --no-ssh
sim_cohort aws
export AWS_POOL=groups AWS_EC2_METADATA_DISABLED=true AWS_TAGS='valohai=1'
export GPU_TYPE=A10G AWS_INSTANCE_TYPES='g5.xlarge g5.2xlarge'
demand=fleet-arena-g5.xlarge-on-demand

# allow ACTION...: nothing else.
allow()
{
    sim_set "{\"values\": {\"action_ms\": 0, \"retry_ms\": 300, \"allow\": $(
        printf '%s\n' "$@" | jq -R . | jq -sc .)}}"
}

alive()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

# group NAME XPATH: of the group of that name, whatever is allowed.
group()
{
    gets autoscaling DescribeAutoScalingGroups \
        "AutoScalingGroupNames.member.1=$1" >/dev/null
    told "$2"
}

# account: what doctor says of the account.
account()
{
    json '.checks[] | select(.check == "account aws") | .detail'
}

### The master of a worker account

sg=$(call ec2 CreateSecurityGroup GroupName=workers GroupDescription=x \
    VpcId="$(gets ec2 DescribeVpcs >/dev/null; told '(//vpcId)[1]')" \
    >/dev/null; told //groupId)
export AWS_SECURITY_GROUPS="$sg"
seed='ec2:DescribeInstances ec2:DescribeVpcs ec2:DescribeKeyPairs
    ec2:DescribeImages ec2:DescribeSecurityGroups ec2:DescribeSubnets
    ec2:DescribeInstanceTypes ec2:DescribeLaunchTemplates
    ec2:DescribeLaunchTemplateVersions ec2:CreateTags
    ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion
    ec2:ModifyLaunchTemplate ec2:RunInstances
    autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities
    autoscaling:UpdateAutoScalingGroup autoscaling:CreateOrUpdateTags
    autoscaling:SetDesiredCapacity autoscaling:CreateAutoScalingGroup
    iam:PassRole iam:GetRole iam:CreateServiceLinkedRole'
# shellcheck disable=SC2086
allow $seed
export AWS_INSTANCE_PROFILE=fleet-worker
succeeds fleet doctor --json
equal 'it is enough' warn "$(json '.checks[] |
    select(.check == "account aws") | .verdict')"
account | grep -q 'autoscaling:TerminateInstanceInAutoScalingGroup, so a pod' ||
    fail 'not told what is missing'
succeeds fleet create -n 3 --no-wait --yes
says 'no key pair is made'
equal 'three' 3 "$(alive length)"
equal 'with its tag' 'true true' "$(group $demand \
    '//Tags/member[Key="valohai"]/PropagateAtLaunch') $(sim_log '[.requests[] |
    select(.path == "/ec2/CreateLaunchTemplate" and .status == 200)][0].body.TagSpecification |
    map(.Tag | map(.Key) | contains(["valohai"])) | all')"
AWS_MARKET=spot succeeds fleet create -n 4 --no-wait --yes
DISK_GB=130 succeeds fleet create -n 5 --no-wait --yes
succeeds fleet list --json
equal 'five' 5 "$(json '.pods | length')"
# What does not come is found out.
sim_fault '{"kind": "capacity", "only": "g5.xlarge@*", "times": -1}'
succeeds fleet create badger --no-wait --yes --json 2>/dev/null || :
succeeds fleet create -n 6 --no-wait --yes --json
equal 'of the next type' g5.2xlarge "$(json '.created[0].tier')"
sim_no_faults

# One is ended when its worker has nothing to do: all others are protected.
fails_with 6 fleet terminate apple --yes
says TerminateInstanceInAutoScalingGroup
apple=$(alive '.[] | select(.name == "arena-apple") | .id')
# shellcheck disable=SC2086
allow $seed autoscaling:SetInstanceProtection
gets autoscaling SetInstanceProtection "AutoScalingGroupName=$demand" \
    "InstanceIds.member.1=$apple" ProtectedFromScaleIn=false
# shellcheck disable=SC2086
allow $seed
succeeds fleet terminate apple --yes
equal 'and no other' '5 0' "$(alive length) \
$(alive '[.[] | select(.name == "arena-apple")] | length')"
# Of two that are not protected, the group would choose.
# shellcheck disable=SC2086
allow $seed autoscaling:SetInstanceProtection
for name in arrow autumn; do
    gets autoscaling SetInstanceProtection "AutoScalingGroupName=$demand" \
        ProtectedFromScaleIn=false "InstanceIds.member.1=$(alive ".[] |
            select(.name == \"arena-$name\") | .id")"
done
# shellcheck disable=SC2086
allow $seed
fails_with 4 fleet terminate arrow --yes
says 'it could end another pod'
equal 'none has gone' 5 "$(alive length)"
sim_set '{"values": {"action_ms": 0, "retry_ms": 300, "allow": ["*"]}}'
succeeds fleet terminate all --yes

### One call that is not allowed has a name

# without ACTION STATUS: a create where that is not allowed.
without()
{
    sim_fault "{\"kind\": \"unauthorized\", \"only\": \"$1\", \"times\": -1}"
    fails_with "$2" fleet create -n 2 --no-wait --yes
    says "$1"
    sim_no_faults
    equal 'and nothing is made' 0 "$(alive length)"
}
rm -rf "$work/state"
DISK_GB=140 without ec2:CreateLaunchTemplateVersion 6
without ec2:DescribeLaunchTemplateVersions 6
without autoscaling:DescribeAutoScalingGroups 6
without autoscaling:SetDesiredCapacity 6
without autoscaling:CreateOrUpdateTags 6
AWS_GROUP_MAX=50 without autoscaling:UpdateAutoScalingGroup 6
AWS_MARKET=spot AWS_INSTANCE_TYPES=g4dn.xlarge GPU_TYPE=T4 \
    without autoscaling:CreateAutoScalingGroup 6
AWS_MARKET=spot AWS_INSTANCE_TYPES=g4dn.xlarge GPU_TYPE=T4 \
    without ec2:RunInstances 6
AWS_MARKET=spot AWS_INSTANCE_TYPES=g4dn.xlarge GPU_TYPE=T4 \
    without iam:PassRole 6
sim_fault '{"kind": "unauthorized", "times": -1,
    "only": "autoscaling:DescribeScalingActivities"}'
succeeds fleet create -n 1 --no-wait --yes
sim_fault '{"kind": "unauthorized", "times": -1,
    "only": "autoscaling:UpdateAutoScalingGroup"}'
fails_with 1 fleet doctor --json
account | sed 's/.*all: //; s/; arn:.*//; s/; not allowed.*//' \
    >"$work/policy.json"
equal 'a policy for groups' true "$(jq '.Statement[0].Action | contains([
    "autoscaling:SetDesiredCapacity", "ec2:CreateLaunchTemplateVersion",
    "iam:PassRole"])' "$work/policy.json")"
sim_no_faults
succeeds fleet terminate all --yes

### What does not go together

gets ec2 DescribeSubnets Filter.1.Name=default-for-az Filter.1.Value.1=false
elsewhere=$(told '(//subnetId)[1]')
gets ec2 DescribeSubnets Filter.1.Name=default-for-az Filter.1.Value.1=true
for pool in groups instances; do
    AWS_POOL=$pool AWS_SUBNETS="$elsewhere $(told '(//subnetId)[1]')" \
        fails_with 2 fleet create apple --no-wait --yes
    says 'they are of different VPCs'
    AWS_POOL=$pool AWS_SUBNETS=$elsewhere \
        fails_with 2 fleet create apple --no-wait --yes
    says 'and the subnets are of'
    AWS_POOL=$pool GPU_TYPE=T4g AWS_INSTANCE_TYPES=g5g.xlarge \
        AWS_IMAGE=ami-0f1ee700000000001 \
        fails_with 5 fleet create apple --no-wait --yes
    says 'for other processors'
done
AWS_SECURITY_GROUPS='' AWS_INSTANCE_PROFILE=nobody \
    fails_with 1 fleet create apple --no-wait --yes
says 'IAM Instance Profile'
equal 'and nothing is made' 0 "$(alive length)"

### Groups of somebody else

gets ec2 DescribeSubnets Filter.1.Name=default-for-az Filter.1.Value.1=true
subnet=$(told '(//subnetId)[1]')
theirs()
{
    gets autoscaling CreateAutoScalingGroup "AutoScalingGroupName=$1" \
        "MinSize=$2" MaxSize=5 DesiredCapacity=1 "VPCZoneIdentifier=$subnet" \
        LaunchTemplate.LaunchTemplateName=$demand \
        LaunchTemplate.Version=1 Tags.member.1.Key=managed-by \
        "Tags.member.1.Value=$3" Tags.member.1.PropagateAtLaunch=true \
        Tags.member.2.Key=fleet-cohort Tags.member.2.Value=arena \
        Tags.member.2.PropagateAtLaunch=true
}
theirs fleet-arena-g5.2xlarge-spot 0 somebody
AWS_INSTANCE_TYPES=g5.2xlarge AWS_MARKET=spot \
    fails_with 1 fleet create apple --no-wait --yes
says "somebody else's"
theirs workers 1 fleet
theirs more 0 fleet
succeeds fleet list --json
first=$(json '.pods[].short' | head -n 1)
other=$(json '.pods[].short' | tail -n 1)
check 'two' test "$first" != "$other"
"$(command -v fleet)" terminate "$first" "$other" --yes >"$out" 2>"$err" || :
says "which is not fleet's"
says 'lower its MinSize first'
equal 'one less, and one as before' '0 1' \
    "$(group more //DesiredCapacity) $(group workers //DesiredCapacity)"
sim_stop
