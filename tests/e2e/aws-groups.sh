#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Pods out of Auto Scaling groups: asked for together, named as they come, ended
# one by one, and what happens to a group by itself.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/sim-aws-lib.sh"
sim_start aws --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"action_ms": 0}}'
sim_cohort aws 50
export GPU_TYPE=A10G AWS_POOL=groups AWS_EC2_METADATA_DISABLED=true
demand=fleet-arena-g5.xlarge-on-demand
spot=fleet-arena-g5.xlarge-spot
second=fleet-arena-g5.2xlarge-on-demand

# made SERVICE/ACTION: bodies of such requests, as JSON, one a line.
made()
{
    sim_log ".requests[] | select(.path == \"/$1\") | .body | tojson"
}

# count SERVICE/ACTION
count()
{
    sim_count POST "/$1"
}

# alive FILTER: of the machines that are there.
alive()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

id_of()
{
    alive ".[] | select(.name == \"$1\") | .id"
}

# group NAME XPATH: of the group of that name.
group()
{
    gets autoscaling DescribeAutoScalingGroups \
        "AutoScalingGroupNames.member.1=$1" >/dev/null
    told "$2"
}

# open_tags NAME: tags of pods that the group has yet to make.
open_tags()
{
    group "$1" '//Tags/member[starts-with(Key, "fleet-wanted-")]/Value' |
        tr ' ' '\n' | grep -cv '^-$' || :
}

### Made together

AWS_TAGS='valohai=1' DISK_GB=120 succeeds fleet create -n 3 --no-wait --yes \
    --json
equal 'named from the list' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.created[].name] | sort | join(" ")')"
equal 'each an instance of its own' 3 \
    "$(json '[.created[].id] | unique | length')"
equal 'what it costs' 1.006 "$(json '.created[0].price_per_hour')"
equal 'one of each for all' '1 1 1 1' "$(count ec2/CreateLaunchTemplate) \
$(count autoscaling/CreateAutoScalingGroup) \
$(count autoscaling/SetDesiredCapacity) $(count ec2/ImportKeyPair)"
equal 'nothing past the group' '0 0' \
    "$(count ec2/CreateFleet) $(count ec2/RunInstances)"
equal 'its size' '0 100 3' \
    "$(group $demand \
    '//*[self::MinSize or self::MaxSize or self::DesiredCapacity]')"
equal 'nobody is chosen to go' 'true true true' \
    "$(group $demand '//ProtectedFromScaleIn')"
equal 'nobody is wanted any more' 0 "$(open_tags $demand)"
made ec2/CreateLaunchTemplate | jq .LaunchTemplateData >"$work/template"
equal 'the template' 'g5.xlarge required 120 volume' "$(jq -r '
    "\(.InstanceType) \(.MetadataOptions.HttpTokens) " +
    "\(.BlockDeviceMapping[0].Ebs.VolumeSize) " +
    "\(.TagSpecification[0].ResourceType)"' "$work/template")"
equal 'in three zones' 3 "$(made autoscaling/CreateAutoScalingGroup |
    jq -r '.VPCZoneIdentifier | split(",") | length')"
gets ec2 DescribeInstances "InstanceId.1=$(id_of arena-apple)"
equal 'tags of an instance' 'Name fleet-cohort fleet-token managed-by valohai' \
    "$(told //tagSet/item/key | tr ' ' '\n' | grep -v '^aws:\|ssh' | sort |
        tr '\n' ' ' | sed 's/ $//')"

# More of it, and one that exists.
sim_forget
AWS_TAGS='valohai=1' DISK_GB=120 succeeds fleet create -n 5 --no-wait --yes
equal 'what is missing' 5 "$(made autoscaling/SetDesiredCapacity |
    jq -r .DesiredCapacity)"
equal 'no new version' '0 0' "$(count ec2/CreateLaunchTemplateVersion) \
$(count autoscaling/UpdateAutoScalingGroup)"
equal 'five' 5 "$(alive length)"

### Ended

sim_forget
succeeds fleet terminate arrow --yes
equal 'by the group' 'true 0' "$(made \
    autoscaling/TerminateInstanceInAutoScalingGroup |
    jq -r .ShouldDecrementDesiredCapacity) $(count ec2/TerminateInstances)"
equal 'one less' 4 "$(group $demand //DesiredCapacity)"
equal 'and that one' "" "$(id_of arena-arrow)"
fails_with 4 fleet stop apple --yes --wipe-ok
says 'would take a stopped instance for a broken one'
equal 'none was stopped' 0 "$(count ec2/StopInstances)"
succeeds fleet restart apple --yes --no-wait
succeeds fleet lock apple --yes
fails_with 4 fleet terminate apple --yes
succeeds fleet unlock apple --yes
# A lock that fleet has not set, which the group would not heed.
gets ec2 ModifyInstanceAttribute "InstanceId=$(id_of arena-apple)" \
    DisableApiTermination.Value=true
fails_with 4 fleet terminate apple --yes
says 'termination protection is on'
succeeds fleet lock apple --yes
succeeds fleet unlock apple --yes
sim_fault '{"kind": "drop", "when": "after",
    "match": "POST /autoscaling/TerminateInstanceInAutoScalingGroup$"}'
succeeds fleet terminate autumn --yes
equal 'not one less twice' '3 3' \
    "$(alive length) $(group $demand //DesiredCapacity)"
sim_fault '{"kind": "drop", "when": "before",
    "match": "POST /autoscaling/TerminateInstanceInAutoScalingGroup$"}'
succeeds fleet terminate badger --yes
equal 'one less' '2 2' "$(alive length) $(group $demand //DesiredCapacity)"

### What the group does by itself

# What somebody ends elsewhere is replaced: a pod under the instance's id, which
# counts, until it is called something.
gets ec2 TerminateInstances "InstanceId.1=$(id_of arena-apple)"
succeeds fleet list
sim_forget
succeeds fleet create -n 2 --no-wait --yes
says 'no longer at aws'
equal 'it counts' '2 0' \
    "$(alive length) $(count autoscaling/SetDesiredCapacity)"
succeeds fleet list --json
equal 'two pods' 2 "$(json '.pods | length')"
new=$(json '.pods[] | select(.short | startswith("i-")) | .short')
check 'one goes by its id' test -n "$new"
succeeds fleet create -n 3 --no-wait --yes
equal 'it is nobody else' 3 "$(alive length)"
succeeds fleet rename "$new" badger --yes
succeeds fleet list --json
equal 'all have names' 'apple badger bamboo' \
    "$(json '[.pods[].short] | sort | join(" ")')"
succeeds fleet terminate all --yes
equal 'gone' '0 0' "$(alive length) $(group $demand //DesiredCapacity)"

### Another price is another version

AWS_MARKET=spot MAX_PRICE=0.9 succeeds fleet create -n 1 --no-wait --yes
before=$(alive '.[].id')
sim_forget
AWS_MARKET=spot MAX_PRICE=0.95 succeeds fleet create -n 2 --no-wait --yes
equal 'a new version' 0.950000 "$(made ec2/CreateLaunchTemplateVersion | jq -r \
    .LaunchTemplateData.InstanceMarketOptions.SpotOptions.MaxPrice)"
equal 'that the group has' 2 "$(made autoscaling/UpdateAutoScalingGroup |
    jq -r .LaunchTemplate.Version)"
equal 'what ran runs' 1 "$(alive '.[].id' | grep -c "$before")"
equal 'old and new' '1 2' "$(group $spot \
    //Instances/member/LaunchTemplate/Version | tr ' ' '\n' | sort |
    tr '\n' ' ' | sed 's/ $//')"
succeeds fleet terminate all --yes

### What does not come

sim_set '{"values": {"pools": {"g5.xlarge@*/on-demand": 2},
    "retry_ms": 500}}'
succeeds fleet create -n 5 --no-wait --yes --json
equal 'the next type for the rest' 'g5.2xlarge g5.2xlarge g5.2xlarge g5.xlarge '\
'g5.xlarge' "$(json '[.created[].tier] | sort | join(" ")')"
equal 'what is desired is what is there' '2 3' \
    "$(group $demand //DesiredCapacity) $(group $second //DesiredCapacity)"
equal 'nobody is wanted any more' '0 0' \
    "$(open_tags $demand) $(open_tags $second)"
succeeds fleet terminate all --yes
sim_set '{"values": {"pools": {}}}'
sim_fault '{"kind": "capacity", "only": "*", "times": -1}'
fails_with 5 fleet create -n 2 --no-wait --yes
says InsufficientInstanceCapacity
equal 'nothing is desired' '0 0' \
    "$(group $demand //DesiredCapacity) $(group $second //DesiredCapacity)"
sim_no_faults
sim_set '{"values": {"quotas": {"L-DB2E81BA": 0}}}'
AWS_INSTANCE_TYPES=g5.xlarge fails_with 5 fleet create apple --no-wait --yes
says L-DB2E81BA
sim_set '{"values": {"quotas": {}}}'
sim_fault '{"kind": "capacity", "only": "*/spot", "times": -1,
    "code": "SpotMaxPriceTooLow", "message": "Your Spot request price of 0.31 '\
'is lower than the minimum required Spot request fulfillment price of 0.32."}'
AWS_MARKET=spot AWS_INSTANCE_TYPES=g5.xlarge \
    fails_with 5 fleet create apple --no-wait --yes
says SpotMaxPriceTooLow
sim_no_faults
AWS_GROUP_MAX=1 AWS_INSTANCE_TYPES=g5.xlarge \
    fails_with 5 fleet create -n 2 --no-wait --yes
says AWS_GROUP_MAX
equal 'nothing is left' '0 0' "$(alive length) $(group $demand //DesiredCapacity)"

# Seven of twenty, and in the long form more than a group has tags for.
sim_set '{"values": {"action_ms": 0, "pools": {"g5.xlarge@*": 7},
    "retry_ms": 500}}'
AWS_INSTANCE_TYPES=g5.xlarge fails_with 3 fleet create -n 20 --no-wait --yes \
    --json
equal 'what came is kept' '7 13 7' "$(json '"\(.created | length) " +
    "\(.failed | length) \([.created[].id] | unique | length)"')"
equal 'and no more is wanted' '7 7 0' "$(alive length) \
$(group $demand //DesiredCapacity) $(open_tags $demand)"
sim_set '{"values": {"action_ms": 0, "pools": {}}}'
[ -z "${FLEET_TEST_LONG:-}" ] || {
    AWS_INSTANCE_TYPES=g5.xlarge succeeds fleet create -n 45 --no-wait --yes
    equal 'each once' '45 45 0' "$(alive length) \
$(alive '[.[].name] | unique | length') $(open_tags $demand)"
}
succeeds fleet terminate all --yes

### What is seen late, and answers that are lost

sim_fault '{"kind": "unlisted", "ms": 1500, "times": 2}'
succeeds fleet create -n 2 --no-wait --yes
equal 'none twice' '2 2' "$(alive length) $(group $demand //DesiredCapacity)"
for action in ec2/CreateLaunchTemplateVersion autoscaling/SetDesiredCapacity \
    autoscaling/CreateOrUpdateTags ec2/CreateTags; do
    sim_fault "{\"kind\": \"drop\", \"when\": \"after\",
        \"match\": \"POST /$action$\"}"
done
sim_fault '{"kind": "in-progress", "only": "*"}'
DISK_GB=130 succeeds fleet create -n 4 --no-wait --yes
sim_no_faults
equal 'none twice' '4 4' "$(alive length) $(group $demand //DesiredCapacity)"
succeeds fleet terminate all --yes

### One group of several types

export AWS_POOL=mixed
GPU_TYPE='' fails_with 2 fleet offers
says AWS_INSTANCE_TYPES
export AWS_INSTANCE_TYPES='g5.xlarge g5.2xlarge t3.medium' AWS_MARKET=any
sim_forget
succeeds fleet offers --json
equal 'one for each market' 'mixed mixed' \
    "$(json '[.options[].tier] | join(" ")')"
equal 'the dearest counts' 1.212 \
    "$(json '.options[] | select(.spot | not) | .price_per_hour')"
sim_set '{"values": {"pools": {"g5.xlarge@*": 1}}}'
AWS_MARKET=on-demand succeeds fleet create -n 2 --no-wait --yes --json
equal 'one of each type' 'g5.2xlarge g5.xlarge' \
    "$(json '[.created[].tier] | sort | join(" ")')"
equal 'at its own price' '1.006 1.212' \
    "$(json '[.created[].price_per_hour | tostring] | sort | join(" ")')"
equal 'in one group' '1 100' "$(count autoscaling/CreateAutoScalingGroup) $(made \
    autoscaling/CreateAutoScalingGroup | jq -r '.MixedInstancesPolicy |
    .InstancesDistribution.OnDemandPercentageAboveBaseCapacity')"
equal 'of those that fit' 'g5.xlarge g5.2xlarge' "$(made \
    autoscaling/CreateAutoScalingGroup | jq -r '[.MixedInstancesPolicy |
    .LaunchTemplate.Overrides[].InstanceType] | join(" ")')"
sim_set '{"values": {"pools": {}}}'
AWS_MARKET=spot MAX_PRICE=1.3 succeeds fleet create -n 3 --no-wait --yes
AWS_MARKET=spot succeeds fleet create -n 4 --no-wait --yes
equal 'a price' 1.300000 "$(made autoscaling/CreateAutoScalingGroup | jq -rs \
    'last | .MixedInstancesPolicy.InstancesDistribution.SpotMaxPrice')"
equal 'and none, in so many words' '""' "$(made \
    autoscaling/UpdateAutoScalingGroup | jq -s \
    'last | .MixedInstancesPolicy.InstancesDistribution.SpotMaxPrice')"
succeeds fleet terminate all --yes
equal 'all gone' 0 "$(alive length)"
sim_stop
