#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# EC2 from offers to the last instance gone, with what real accounts are like.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires ssh
sim_start aws --ready 400 --ssh 50
sim_cohort aws
export GPU_TYPE=A10G
secret=$AWS_SECRET_ACCESS_KEY

# made ACTION: bodies of such requests to EC2, as JSON, one a line.
made()
{
    sim_log ".requests[] | select(.path == \"/ec2/$1\") | .body | tojson"
}

# count ACTION
count()
{
    sim_count POST "/ec2/$1"
}

id_of()
{
    sim_machines ".machines[] | select(.state != \"gone\" and
        .name == \"$1\") | .id"
}

### Who is asked

grep -v '^PROVIDERS=' "$FLEET_CONFIG" >"$work/bare.env"
succeeds fleet -c "$work/bare.env" list --json
equal 'keys are enough' aws "$(json '[.providers[].name] | join(" ")')"
AWS_SECRET_ACCESS_KEY=wrong fails_with 6 fleet list
says AuthFailure
says 'from the environment'
AWS_ACCESS_KEY_ID=AKIAUNKNOWN fails_with 6 fleet list
AWS_SECRET_ACCESS_KEY='' fails_with 2 fleet list
says 'AWS_SECRET_ACCESS_KEY is not'
AWS_REGION='' AWS_EC2_METADATA_DISABLED=true fails_with 2 fleet list
says AWS_REGION
AWS_REGION='us east' fails_with 2 fleet list
says 'is no region'
AWS_PROFILE=nobody AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' \
    fails_with 2 fleet list
says "no AWS profile 'nobody'"
AWS_ENDPOINT_URL='ftp://x' fails_with 2 fleet list
AWS_TAGS=nothing fails_with 2 fleet list
says KEY=VALUE

### Whom AWS takes fleet for, and what is missing

# account FIELD: of what doctor says of the account.
account()
{
    json ".checks[] | select(.check == \"account aws\") | .$1"
}
succeeds fleet doctor --json
equal 'it is well' ok "$(account verdict)"
check 'who' test "$(account detail)" = 'arn:aws:iam::123456789012:user/fleet '\
'in us-east-1, keys from the environment'
equal 'nothing but dry runs' 0 "$(sim_log '[.requests[] | select(.path |
    test("/ec2/(Run|Create|Import|Terminate|Stop|Start|Reboot|Modify)")) |
    select(.status != 412 and .status != 400)] | length')"
sim_fault '{"kind": "unauthorized", "only": "ec2:CreateFleet", "times": -1}'
succeeds fleet doctor --json
equal 'one that can be done without' warn "$(account verdict)"
account detail | grep -q 'ec2:CreateFleet, so zones are tried one by one' ||
    fail 'not told'
sim_fault '{"kind": "unauthorized", "only": "ec2:RunInstances", "times": -1}'
fails_with 1 fleet doctor --json
account detail | sed 's/.*all: //; s/; arn:.*//' >"$work/policy.json"
equal 'a policy that is enough' true \
    "$(jq '.Statement[0].Action | contains(["ec2:RunInstances"])' \
        "$work/policy.json")"
account detail | grep -q 'user/fleet' || fail 'not told who'
sim_no_faults
sim_forget

### Offers

succeeds fleet offers --json
equal 'types with the GPU that is wanted' 'g5.xlarge g5.2xlarge' \
    "$(json '[.options[].tier] | join(" ")')"
equal 'from the price list' '1.006 USD us-east-1' "$(json '.options[0] |
    "\(.price_per_hour) \(.currency) \(.region)"')"
AWS_INSTANCE_TYPES='g5.2xlarge g5.xlarge' succeeds fleet offers --json
equal 'the order of the types counts, and not the price' \
    'g5.2xlarge g5.xlarge' "$(json '[.options[].tier] | join(" ")')"
AWS_MARKET=any succeeds fleet offers --json
equal 'both markets' '2 2' "$(json '[.options[].spot] |
    "\(map(select(.)) | length) \(map(select(. | not)) | length)"')"
equal 'spot is cheaper' true "$(json '.options[0].spot')"
NUM_GPUS=8 GPU_TYPE='A100, H100' succeeds fleet offers --json
equal 'many, in order' 'p4d.24xlarge p5.48xlarge' \
    "$(json '[.options[].tier] | join(" ")')"
AWS_INSTANCE_TYPES='t3.medium g5.xlarge nope' fails_with 0 fleet -v offers
says "there is no 'nope' in this region"
says 't3.medium left out: it has no GPU'
GPU_TYPE='' AWS_INSTANCE_TYPES='t3.medium' succeeds fleet offers
GPU_TYPE=RTX9999 fails_with 5 fleet offers
says 'no instance type'
GPU_TYPE='' AWS_INSTANCE_TYPES=nope fails_with 5 fleet offers
AWS_REGION=us-east-9 fails_with 6 fleet offers
sim_fault '{"kind": "unauthorized", "only": "pricing:GetProducts", "times": -1}'
succeeds fleet offers --json
says pricing:GetProducts
says 'a table of 2025-06'
equal 'from the table' 1.006 "$(json '.options[0].price_per_hour')"
AWS_REGION=eu-central-1 MAX_PRICE=2 fails_with 4 fleet create -n 1 --yes
says 'price is not known'
sim_no_faults
equal 'nothing was made' '0 0 0' "$(count ImportKeyPair) \
$(count CreateSecurityGroup) $(count CreateLaunchTemplate)"

### Create

sim_forget
DISK_GB=120 AWS_TAGS='valohai=1 team=a=b' succeeds fleet create -n 3 --yes --json
equal 'made' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.created[].name] | sort | join(" ")')"
equal 'price' 1.006 "$(json '.created[0].price_per_hour')"
equal 'one of each for all' '1 1 1' "$(count ImportKeyPair) \
$(count CreateSecurityGroup) $(count CreateLaunchTemplate)"
equal 'one request a pod' '3 0' "$(count CreateFleet) $(count RunInstances)"
made CreateFleet >"$work/fleets"
equal 'a token each' 3 "$(jq -s 'map(.ClientToken) | unique | length' \
    "$work/fleets")"
equal 'instant, of one, in every zone' 'instant 1 3' "$(jq -sr '.[0] |
    "\(.Type) \(.TargetCapacitySpecification.TotalTargetCapacity) " +
    "\(.LaunchTemplateConfigs[0].Overrides | length)"' "$work/fleets")"
equal 'tags on instances and disks' \
    'Name fleet-cohort fleet-ssh-user fleet-token managed-by team valohai' \
    "$(jq -sr '.[0].TagSpecification | map(.Tag | map(.Key) | sort |
        join(" ")) | unique | .[]' "$work/fleets")"
made CreateLaunchTemplate | jq .LaunchTemplateData >"$work/template"
equal 'only the second version of the metadata' required \
    "$(jq -r .MetadataOptions.HttpTokens "$work/template")"
equal 'the root disk' '120 gp3 true' "$(jq -r '.BlockDeviceMapping[0].Ebs |
    "\(.VolumeSize) \(.VolumeType) \(.DeleteOnTermination)"' "$work/template")"
equal 'no market in a template' null \
    "$(jq -r .InstanceMarketOptions "$work/template")"
jq -r .UserData "$work/template" | base64 -d >"$work/script"
check 'a script' sh -n "$work/script"
check 'with the key' grep -qF "$(cut -d' ' -f2 "$work/key.pub")" "$work/script"
check_not 'no private key' grep -q PRIVATE "$work/script"
equal 'SSH and nothing else' '22 22 0.0.0.0/0' \
    "$(made AuthorizeSecurityGroupIngress | jq -r '.IpPermissions[0] |
        "\(.FromPort) \(.ToPort) \(.IpRanges[0].CidrIp)"')"
succeeds fleet test all --only ssh,disk
equal "its name" arena-apple "$(pod_ssh apple 'echo $MACHINE_NAME')"
succeeds fleet ssh-config
cp "$out" "$work/ssh_config"
equal 'through ssh-config' arena-arrow \
    "$(ssh -F "$work/ssh_config" arena-arrow 'echo $MACHINE_NAME')"
succeeds fleet list --json
equal 'what it is' 'g5.xlarge us-east-1 1.006 A10G' "$(json '.pods[0] |
    "\(.tier) \(.region[:-1]) \(.price_per_hour) \(.gpu)"')"

# A second run finds them all: nothing is made anew.
sim_forget
AWS_TAGS='valohai=1 team=a=b' DISK_GB=120 succeeds fleet create -n 4 --yes
equal 'the same key, group and template' '0 1' \
    "$(count CreateSecurityGroup) $(count CreateFleet)"
succeeds fleet terminate badger --yes

# Out of a group it is logged in to as any other.
AWS_POOL=groups succeeds fleet create badger --yes
succeeds fleet test badger --only ssh
succeeds fleet terminate badger --yes

### Where the policy is strict

sim_forget
sim_fault '{"kind": "unauthorized", "only": "ec2:CreateFleet", "times": -1}'
succeeds fleet create badger --yes
says 'CreateFleet cannot be used'
equal 'one by one' 1 "$(count RunInstances)"
equal 'with everything in it' 'required 1 1' "$(made RunInstances | jq -r '
    "\(.MetadataOptions.HttpTokens) \(.MinCount) \(.MaxCount)"')"
sim_fault '[{"kind": "capacity", "only": "g5.xlarge@us-east-1a/on-demand",
        "times": -1},
    {"kind": "unauthorized", "only": "ec2:ImportKeyPair", "times": -1}]'
key_pair=$(sim_count POST /ec2/ImportKeyPair)
succeeds fleet create bamboo --yes --json
equal 'another zone' false "$(json '.created[0].region == "us-east-1a"')"
check 'asked' test "$key_pair" -ge 0
sim_no_faults
succeeds fleet terminate badger bamboo --yes

### What cannot be had

sim_fault '{"kind": "capacity", "only": "g5.xlarge@us-east-1*", "times": -1}'
sim_forget
succeeds fleet create badger --yes --json
equal 'the next type' g5.2xlarge "$(json '.created[0].tier')"
succeeds fleet terminate badger --yes
sim_fault '{"kind": "capacity", "only": "*", "times": -1}'
sim_forget
fails_with 5 fleet create badger --yes
says InsufficientInstanceCapacity
equal 'each type once' 2 "$(count CreateFleet)"
sim_no_faults
sim_set '{"values": {"quotas": {"L-DB2E81BA": 0}}}'
fails_with 5 fleet create badger --yes
says L-DB2E81BA
says 'Service Quotas'
AWS_MARKET=any succeeds fleet create badger --yes --json
equal 'spot has a quota of its own' true "$(json '.created[0].spot')"
sim_set '{"values": {"quotas": {}}}'
equal 'bid' 1.500000 "$(AWS_MARKET=spot MAX_PRICE=1.5 fleet create bamboo \
    --yes >/dev/null 2>&1; made CreateFleet | jq -rs 'last |
    .LaunchTemplateConfigs[0].Overrides[0].MaxPrice')"
fails_with 1 fleet stop badger --wipe-ok --yes
says 'cannot be stopped'
succeeds fleet terminate badger bamboo --yes

# Five of seven, and the rest says why.
sim_fault '{"kind": "capacity", "only": "*", "skip": 5, "times": -1}'
AWS_INSTANCE_TYPES=g5.xlarge fails_with 3 fleet create -n 10 --no-wait --yes \
    --json
equal 'what came is kept' '5 2' "$(json '"\(.created | length) " +
    "\(.failed | length)"')"
sim_no_faults
succeeds fleet list --json
equal 'and known' 8 "$(json '.pods | length')"
json '.pods[] | select(.short | test("apple|arrow|autumn") | not) | .short' |
    sort >"$work/more"
xargs fleet terminate --yes <"$work/more" >"$out" 2>"$err" || fail 'terminate'

# Taken back by AWS: shown while it goes, then gone.
AWS_MARKET=spot succeeds fleet create badger --yes
sim_set "{\"values\": {\"action_ms\": 3000,
    \"interrupt\": \"$(id_of arena-badger)\"}}"
succeeds fleet list --json
equal 'an interruption' 'spot interruption: AWS takes it back' \
    "$(json '.pods[] | select(.short == "badger") | .note')"
sim_set '{"values": {"action_ms": 100, "interrupt": ""}}'
succeeds fleet terminate badger --yes

# The receipt: what a pod costs is looked up again.
sim_fault '{"kind": "late-answer"}'
succeeds fleet create badger --yes
succeeds fleet terminate badger --yes

### Images and networks

AWS_IMAGE=ami-none fails_with 2 fleet create badger --yes
AWS_IMAGE='ubuntu*' fails_with 2 fleet create badger --yes
says AWS_IMAGE_OWNER
IMAGE=example/env:1 fails_with 2 fleet create badger --yes
says AWS_IMAGE
AWS_SUBNETS=subnet-0 fails_with 2 fleet create badger --yes
AWS_SECURITY_GROUPS=sg-0 fails_with 2 fleet create badger --yes
AWS_ZONES=us-east-1b succeeds fleet create badger --yes --json
equal 'its zone' us-east-1b "$(json '.created[0].region')"
succeeds fleet terminate badger --yes
AWS_IMAGE='ubuntu*amd64*' AWS_IMAGE_OWNER=099720109477 GPU_TYPE=T4g \
    AWS_INSTANCE_TYPES=g5g.xlarge fails_with 5 fleet create badger --yes
says 'for other processors'
sim_forget
GPU_TYPE=T4g AWS_INSTANCE_TYPES=g5g.xlarge succeeds fleet create badger --yes
image=$(made CreateLaunchTemplate | jq -r .LaunchTemplateData.ImageId)
check 'an image for ARM' test -n "$image"
succeeds fleet terminate badger --yes

### Life

apple=$(id_of arena-apple)
succeeds fleet lock apple --yes
fails_with 4 fleet terminate apple --yes
succeeds fleet list --json
equal 'locked' true "$(json '.pods[] | select(.short == "apple") | .locked')"
succeeds fleet unlock apple --yes
succeeds fleet rename apple cedar --yes
succeeds fleet list --json
equal 'renamed' "$apple" "$(json '.pods[] | select(.short == "cedar") | .id')"
fails_with 4 fleet stop cedar --yes
says 'wipe-ok'
succeeds fleet stop cedar --wipe-ok --yes
says 'EBS disks'
wait_for 10 sh -c "fleet list --json | jq -e '.pods[] |
    select(.short == \"cedar\" and .state == \"stopped\")'"
succeeds fleet list --json
equal 'stopped' 'stopped EBS disks' "$(json '.pods[] |
    select(.short == "cedar") | "\(.state) \(.billing)"')"
succeeds fleet start cedar --yes
succeeds fleet restart cedar --yes
succeeds fleet test cedar --only ssh

# Nothing is lost where all disks are EBS.
GPU_TYPE='' NUM_GPUS=0 AWS_INSTANCE_TYPES=t3.medium succeeds fleet create \
    dahlia --no-wait --yes
succeeds fleet stop dahlia --yes --json
equal 'no data is lost' false "$(json '.effects[0].wipes')"
fails_with 4 fleet stop cedar dahlia --yes
says 'data on cedar would be lost'
succeeds fleet terminate dahlia --yes

### The clock, and the end

sim_set '{"values": {"clock_s": 3600}}'
succeeds fleet list
says "computer's clock"
sim_set '{"values": {"clock_s": 0}}'
check_not 'no secret in any answer' grep -qF "$secret" "$out" "$err"
succeeds fleet terminate all --yes
succeeds fleet list --json
equal 'gone' 0 "$(json '.pods | length')"
sim_stop
