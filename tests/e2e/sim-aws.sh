#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The fake AWS asks for what the real one asks for, and answers in the same
# words and shapes: who asks, EC2, metadata.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/sim-aws-lib.sh"
key_pair
sim_start aws --ready 300 --ssh 0

### Who asks

gets sts GetCallerIdentity
equal 'account' 123456789012 "$(told //Account)"
equal 'root of the answer' 1 "$(counted \
    /GetCallerIdentityResponse/ResponseMetadata/RequestId)"
AWS_SECRET_ACCESS_KEY=wrong \
    refused 403 SignatureDoesNotMatch sts GetCallerIdentity
equal 'where it is in a query service' 1 \
    "$(counted '/ErrorResponse/Error[Type="Sender"]')"
AWS_SECRET_ACCESS_KEY=wrong refused 401 AuthFailure ec2 DescribeRegions
equal 'where it is in EC2' 1 "$(counted /Response/RequestID)"
AWS_ACCESS_KEY_ID=AKIANOBODY refused 401 AuthFailure ec2 DescribeRegions
AWS_ACCESS_KEY_ID=AKIANOBODY \
    refused 403 InvalidClientTokenId sts GetCallerIdentity
AWS_REGION=us-east-9 refused 403 SignatureDoesNotMatch sts GetCallerIdentity
scope=ec2 refused 403 SignatureDoesNotMatch sts GetCallerIdentity
unset scope

unsigned()
{
    curl -s -o "$work/answer" -H "$form" "$AWS_ENDPOINT_URL/" 7>&- "$@"
    told //Code
}
equal 'unsigned' MissingAuthenticationToken "$(unsigned \
    -d Action=GetCallerIdentity -d Version=2011-06-15)"
equal 'unsigned, of EC2' MissingParameter "$(unsigned \
    -d Action=DescribeRegions -d Version=2016-11-15)"
equal 'a broken signature' IncompleteSignature "$(unsigned \
    -d Action=DescribeRegions -d Version=2016-11-15 \
    -H 'Authorization: AWS4-HMAC-SHA256 Credential=x')"
# Keys are looked at before signatures.
nobody='AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date, Signature=00, '
nobody="${nobody}Credential=AKIANOBODY/20260102/us-east-1/ec2/aws4_request"
equal 'of a key that is not ours' AuthFailure "$(unsigned \
    -d Action=DescribeRegions -d Version=2016-11-15 \
    -H 'X-Amz-Date: 20260102T030405Z' -H "Authorization: $nobody")"

### EC2's own ways

gets ec2 DescribeRegions
equal 'regions' 3 "$(counted //regionInfo/item)"
gets ec2 DescribeRegions AllRegions=true
equal 'not opted in to' 4 "$(counted //regionInfo/item)"
refused 400 UnknownParameter ec2 DescribeRegions Nonsense=1
refused 400 InvalidParameterValue ec2 DescribeRegions Filter.1.Name=colour \
    Filter.1.Value.1=red
refused 412 DryRunOperation ec2 DescribeRegions DryRun=true
refused 400 InvalidAction ec2 DescribeNonsense

sim_fault '{"kind": "edit", "match": "POST /ec2/DescribeRegions",
    "set": {"/DescribeRegionsResponse/regionInfo/0/regionName": "<&\""}}'
gets ec2 DescribeRegions
equal 'an edit reaches XML' '&lt;&amp;"' "$(told '(//regionName)[1]')"
equal 'known by its action' 1 "$(sim_log '[.requests[] | select(.path ==
    "/ec2/DescribeRegions" and .body.AllRegions == "true")] | length')"

### Instances

gets ec2 ImportKeyPair KeyName=fleet-1 \
    "PublicKeyMaterial=$(base64 -w0 "$work/key.pub")"
refused 400 InvalidKeyPair.Duplicate ec2 ImportKeyPair KeyName=fleet-1 \
    "PublicKeyMaterial=$(base64 -w0 "$work/key.pub")"
launch()
{
    launch_token=$1
    shift
    call ec2 RunInstances ImageId=$jammy InstanceType=g5.xlarge MinCount=1 \
        MaxCount=2 KeyName=fleet-1 "ClientToken=$launch_token" \
        TagSpecification.1.ResourceType=instance \
        TagSpecification.1.Tag.1.Key=fleet \
        TagSpecification.1.Tag.1.Value=a "$@"
}
equal 'launched' 200 "$(launch one)"
equal 'pending' 'pending pending' "$(told //instanceState/name)"
ids=$(told //instanceId)
equal 'the same again' 200 "$(launch one)"
equal 'the same two' "$ids" "$(told //instanceId)"
equal 'token for another wish' 400 "$(launch one EbsOptimized=true)"
equal 'its code' IdempotentParameterMismatch "$(told //Code)"

is_running()
{
    call ec2 DescribeInstances Filter.1.Name=tag:fleet Filter.1.Value.1=a \
        >/dev/null
    [ "$(told //instanceState/name)" = 'running running' ] &&
        [ "$(counted //ipAddress)" = 2 ]
}
wait_for 30 is_running
equal 'one reservation' 1 "$(counted //reservationSet/item)"
port=$(told '(//tagSet/item[key="fleet-ssh-port"])[1]/value')
user=$(told '(//tagSet/item[key="fleet-ssh-user"])[1]/value')
first=${ids%% *} second=${ids##* }
gets ec2 GetConsoleOutput "InstanceId=$first"
told //output | base64 -d | tr -d '\r' |
    sed -n '/BEGIN SSH HOST KEY KEYS/{n;s,^\(ssh-[^ ]* [^ ]*\).*,\1,p;}' \
        >"$work/host.key"
printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$work/host.key")" \
    >"$work/known_hosts"
equal 'logged in to the key of the console' in "$(ssh -F none -i "$work/key" \
    -o UserKnownHostsFile="$work/known_hosts" -o BatchMode=yes \
    -p "$port" "$user@127.0.0.1" echo in </dev/null)"

gets ec2 DescribeInstanceStatus "InstanceId.1=$first"
equal 'checked' ok "$(told //instanceStatus/status)"
sim_fault '{"kind": "no-console"}'
gets ec2 GetConsoleOutput "InstanceId=$first"
equal 'nothing yet' 1 "$(counted '//output[not(text())]')"
gets ec2 RebootInstances "InstanceId.1=$first"
equal 'rebooted' true "$(told //return)"
sim_set '{"values": {"action_ms": 3000}}'
gets ec2 StopInstances "InstanceId.1=$first"
equal 'stopping' stopping "$(told //currentState/name)"
refused 400 IncorrectInstanceState ec2 StartInstances "InstanceId.1=$first"
sim_set '{"values": {"action_ms": 100}}'
AWS_REGION=us-west-2 gets ec2 DescribeInstances
equal 'of another region' 0 "$(counted //instanceId)"
AWS_REGION=us-west-2 refused 400 InvalidInstanceID.NotFound ec2 \
    StopInstances "InstanceId.1=$first"
refused 400 InvalidInstanceID.Malformed ec2 StopInstances InstanceId.1=first
is_stopped()
{
    call ec2 DescribeInstances "InstanceId.1=$first" >/dev/null
    [ "$(told //instanceState/name)" = stopped ]
}
wait_for 10 is_stopped
equal 'no public address' 0 "$(counted //ipAddress)"
sim_fault '{"kind": "capacity", "only": "g5.xlarge@*"}'
refused 500 InsufficientInstanceCapacity ec2 StartInstances \
    "InstanceId.1=$first"
gets ec2 StartInstances "InstanceId.1=$first"
gets ec2 ModifyInstanceAttribute "InstanceId=$second" \
    DisableApiTermination.Value=true
gets ec2 DescribeInstanceAttribute "InstanceId=$second" \
    Attribute=disableApiTermination
equal 'locked' true "$(told //disableApiTermination/value)"
refused 400 OperationNotPermitted ec2 TerminateInstances \
    "InstanceId.1=$first" "InstanceId.2=$second"
refused 400 InvalidInstanceID.NotFound ec2 TerminateInstances \
    "InstanceId.1=$first" InstanceId.2=i-00000000000000000
equal 'which one' "The instance ID 'i-00000000000000000' does not exist" \
    "$(told //Message)"
gets ec2 ModifyInstanceAttribute "InstanceId=$second" \
    DisableApiTermination.Value=false
gets ec2 TerminateInstances "InstanceId.1=$first" "InstanceId.2=$second"
is_terminated()
{
    call ec2 DescribeInstances Filter.1.Name=instance-state-name \
        Filter.1.Value.1=terminated >/dev/null
    [ "$(told //stateReason/code)" = \
        'Client.UserInitiatedShutdown Client.UserInitiatedShutdown' ]
}
wait_for 10 is_terminated

### Fleets

fleet_data=$(printf '#cloud-config\nMACHINE_NAME=x\n%s\n' \
    "$(cat "$work/key.pub")" | base64 -w0)
gets ec2 CreateLaunchTemplate LaunchTemplateName=fleet-a \
    LaunchTemplateData.ImageId=$jammy "LaunchTemplateData.UserData=$fleet_data" \
    LaunchTemplateData.MetadataOptions.HttpTokens=required
template=$(told //launchTemplateId)
refused 400 InvalidLaunchTemplateName.AlreadyExistsException \
    ec2 CreateLaunchTemplate LaunchTemplateName=fleet-a \
    LaunchTemplateData.ImageId=$jammy
gets ec2 CreateLaunchTemplateVersion "LaunchTemplateId=$template" \
    SourceVersion=1 LaunchTemplateData.KeyName=fleet-1
gets ec2 DescribeLaunchTemplateVersions "LaunchTemplateId=$template" \
    'LaunchTemplateVersion.1=$Latest'
equal 'inherited' "2 $jammy fleet-1" "$(told //versionNumber) $(told \
    //launchTemplateData/imageId) $(told //launchTemplateData/keyName)"

gets ec2 DescribeSubnets Filter.1.Name=default-for-az Filter.1.Value.1=true
subnet_a=$(told '(//subnetId)[1]') subnet_b=$(told '(//subnetId)[2]')
spec=LaunchTemplateConfigs.1.LaunchTemplateSpecification
over=LaunchTemplateConfigs.1.Overrides
# fill N [NAME=VALUE...]: two types, each in two zones.
fill()
{
    fill_n=$1
    shift
    call ec2 CreateFleet Type=instant "$spec.LaunchTemplateId=$template" \
        "$spec.Version=\$Latest" \
        "$over.1.InstanceType=g5.xlarge" "$over.1.SubnetId=$subnet_a" \
        "$over.1.Priority=1" \
        "$over.2.InstanceType=g5.xlarge" "$over.2.SubnetId=$subnet_b" \
        "$over.2.Priority=2" \
        "$over.3.InstanceType=g6.xlarge" "$over.3.SubnetId=$subnet_a" \
        "$over.3.Priority=3" \
        "TargetCapacitySpecification.TotalTargetCapacity=$fill_n" \
        OnDemandOptions.AllocationStrategy=prioritized "$@"
}
sim_set '{"values": {"pools": {"g5.*@us-east-1a/*": 0,
    "g5.*@us-east-1b/on-demand": 2, "g6.*": 3}}}'
equal 'a fleet' 200 "$(fill 20 ClientToken=f1)"
equal 'as many as there are' 5 "$(counted //instanceIds/item)"
equal 'in this order' 'g5.xlarge g6.xlarge' \
    "$(told //fleetInstanceSet/item/instanceType)"
equal 'and why not more' InsufficientInstanceCapacity "$(told \
    //errorSet/item/errorCode)"
fleet_id=$(told //fleetId)
equal 'again' 200 "$(fill 20 ClientToken=f1)"
equal 'the same one' "$fleet_id" "$(told //fleetId)"
equal 'none at all is no error' 200 "$(fill 20 ClientToken=f2)"
equal 'none' 0 "$(counted //fleetInstanceSet/item)"
equal 'three errors' 3 "$(counted //errorSet/item)"
sim_set '{"values": {"pools": {}}}'
equal 'spot' 200 "$(fill 2 \
    TargetCapacitySpecification.DefaultTargetCapacityType=spot)"
equal 'the cheapest' g6.xlarge "$(told \
    //fleetInstanceSet/item/instanceType)"
equal 'spot it is' spot "$(told //fleetInstanceSet/item/lifecycle)"
taken=$(told '(//instanceIds/item)[1]')
refused 400 UnsupportedOperation ec2 StopInstances "InstanceId.1=$taken"
sim_set '{"values": {"interrupt": "'"$taken"'"}}'
gets ec2 DescribeInstances "InstanceId.1=$taken"
equal 'taken back' Server.SpotInstanceTermination "$(told //stateReason/code)"
gets ec2 DescribeSpotInstanceRequests
equal 'its request' 'fulfilled instance-terminated-no-capacity' \
    "$(told //status/code | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//')"
sim_fault '{"kind": "partial", "only": "g5.xlarge@us-east-1a/*", "count": 7}'
equal 'partial' 200 "$(fill 20)"
equal 'seven, then the rest' '7 13' "$(
    counted '//fleetInstanceSet/item[1]/instanceIds/item') $(
    counted '//fleetInstanceSet/item[2]/instanceIds/item')"

equal 'all or nothing' 200 "$(fill 20 OnDemandOptions.MinTargetCapacity=21)"
equal 'nothing' 0 "$(counted //instanceIds/item)"
sim_set '{"values": {"pools": {"g5.*@us-east-1a/*": 0,
    "g5.*@us-east-1b/on-demand": 0}}}'
equal 'one type only' 200 "$(fill 2 OnDemandOptions.SingleInstanceType=true)"
equal 'the one that is there' g6.xlarge \
    "$(told //fleetInstanceSet/item/instanceType)"
sim_set '{"values": {"pools": {}}}'
sim_fault '{"kind": "spot-interrupt", "ms": 0}'
equal 'for a moment' 200 "$(fill 1 \
    TargetCapacitySpecification.DefaultTargetCapacityType=spot)"
gets ec2 DescribeInstances "InstanceId.1=$(told //instanceIds/item)"
equal 'taken back' Server.SpotInstanceTermination "$(told //stateReason/code)"
sim_fault '{"kind": "spot-capacity"}'
equal 'no spot there' 200 "$(fill 1 \
    TargetCapacitySpecification.DefaultTargetCapacityType=spot)"
equal 'but elsewhere' 'InsufficientInstanceCapacity 1' \
    "$(told //errorCode) $(counted //instanceIds/item)"
refused 403 UnauthorizedOperation ec2 CreateFleet \
    "$spec.LaunchTemplateName=fleet-a" "$spec.Version=1" \
    TargetCapacitySpecification.TotalTargetCapacity=1
equal 'no such template' 200 "$(call ec2 CreateFleet Type=instant \
    "$spec.LaunchTemplateName=none" "$spec.Version=1" \
    TargetCapacitySpecification.TotalTargetCapacity=1)"
equal 'is an error of the pool' InvalidLaunchTemplateName.NotFoundException \
    "$(told //errorSet/item/errorCode)"
gets ec2 RunInstances MinCount=1 MaxCount=1 InstanceType=g5.xlarge \
    LaunchTemplate.LaunchTemplateName=fleet-a LaunchTemplate.Version=2
equal 'from a template' "$jammy fleet-1" "$(told //imageId) $(told //keyName)"
gets ec2 ModifyLaunchTemplate "LaunchTemplateId=$template" SetDefaultVersion=2
equal 'default' 2 "$(told //defaultVersionNumber)"
gets ec2 DeleteLaunchTemplateVersions "LaunchTemplateId=$template" \
    LaunchTemplateVersion.1=1 LaunchTemplateVersion.2=2
equal 'not the default' '1 2' "$(told \
    //successfullyDeletedLaunchTemplateVersionSet/item/versionNumber) $(told \
    //unsuccessfullyDeletedLaunchTemplateVersionSet/item/versionNumber)"
refused 400 InvalidLaunchTemplateId.VersionNotFound ec2 RunInstances \
    MinCount=1 MaxCount=1 InstanceType=g5.xlarge \
    LaunchTemplate.LaunchTemplateName=fleet-a LaunchTemplate.Version=1

### What a launch is refused for

# no CODE [NAME=VALUE...]: of a launch of a g5.xlarge; STATUS is $status.
status=400
no()
{
    no_code=$1
    shift
    refused $status "$no_code" ec2 RunInstances MinCount=1 MaxCount=1 "$@"
}
x86="ImageId=$jammy InstanceType=g5.xlarge"
no InvalidAMIID.NotFound ImageId=ami-0123456789abcdef0 InstanceType=g5.xlarge
no InvalidAMIID.Malformed ImageId=jammy InstanceType=g5.xlarge
no InvalidParameterValue ImageId=$jammy InstanceType=g99.xlarge
no Unsupported ImageId=$jammy InstanceType=g5g.xlarge
no Unsupported ImageId=$jammy InstanceType=p5.48xlarge "SubnetId=$subnet_a"
# shellcheck disable=SC2086
{
    no InvalidSubnetID.NotFound $x86 SubnetId=subnet-0
    no InvalidKeyPair.NotFound $x86 KeyName=nobody
    no InvalidGroup.NotFound $x86 SecurityGroupId.1=sg-0
    no InvalidUserData.Malformed $x86 'UserData=*'
    no InvalidBlockDeviceMapping $x86 BlockDeviceMapping.1.Ebs.VolumeSize=4 \
        BlockDeviceMapping.1.DeviceName=/dev/sda1
    no SpotMaxPriceTooLow $x86 InstanceMarketOptions.MarketType=spot \
        InstanceMarketOptions.SpotOptions.MaxPrice=0.01
    no UnknownParameter $x86 NumberOfGpus=3
    no InvalidParameterValue $x86 UserData.1=x
    sim_set '{"values": {"quotas": {"L-DB2E81BA": 0}}}'
    no VcpuLimitExceeded $x86
    sim_set '{"values": {"quotas": {}}}'
    sim_fault '{"kind": "quota", "only": "*/spot"}'
    no MaxSpotInstanceCountExceeded $x86 InstanceMarketOptions.MarketType=spot
    no InvalidParameterValue $x86 IamInstanceProfile.Name=nobody
    sim_fault '{"kind": "unauthorized", "only": "iam:PassRole"}'
    status=403 no UnauthorizedOperation $x86 \
        IamInstanceProfile.Name=fleet-worker
    sim_fault '{"kind": "capacity", "only": "g5.xlarge@*"}'
    status=500 no InsufficientInstanceCapacity $x86
    sim_fault '{"kind": "unauthorized", "only": "ec2:RunInstances"}'
    status=403 no UnauthorizedOperation $x86
    case $(told //Message) in
    *'perform: ec2:RunInstances on'*'Encoded authorization failure message: '*)
        ;;
    *) fail 'the refusal names nothing' ;;
    esac
    sim_fault '{"kind": "throttle", "only": "ec2:*"}'
    status=503 no RequestLimitExceeded $x86
    sim_fault '{"kind": "status", "status": 400, "match": "POST /ec2/Run*",
        "detail": "PendingVerification: Your account is being verified."}'
    no PendingVerification $x86
}

# One that ends before it runs has its cause there.
sim_fault '{"kind": "launch-failure", "code": "Client.VolumeLimitExceeded",
    "message": "Client.VolumeLimitExceeded: Volume limit exceeded"}'
equal 'launched' 200 "$(launch short MaxCount=1)"
short=$(told //instanceId)
has_failed()
{
    call ec2 DescribeInstances "InstanceId.1=$short" >/dev/null
    [ "$(told //stateReason/code)" = Client.VolumeLimitExceeded ]
}
wait_for 10 has_failed

### A new instance is not found at once

sim_fault '{"kind": "unlisted", "lists": 2}'
equal 'launched' 200 "$(launch late MaxCount=1)"
late=$(told //instanceId)
refused 400 InvalidInstanceID.NotFound ec2 DescribeInstances \
    "InstanceId.1=$late"
gets ec2 DescribeInstances Filter.1.Name=client-token Filter.1.Value.1=late
equal 'missed by a filter' 0 "$(counted //instanceId)"
gets ec2 DescribeInstances "InstanceId.1=$late"
refused 400 InvalidParameterCombination ec2 DescribeInstances \
    "InstanceId.1=$late" MaxResults=5

### Lists

sim_set '{"values": {"page_max": 7}}'
refused 400 InvalidParameterValue ec2 DescribeInstances MaxResults=4
gets ec2 DescribeInstances MaxResults=1000 Filter.1.Name=tag-key \
    Filter.1.Value.1=none
equal 'an empty token at the end' 1 "$(counted //nextToken)"
pages=0 found=0 next=
while :; do
    gets ec2 DescribeInstanceTypes ${next:+"NextToken=$next"} >/dev/null
    pages=$((pages + 1)) found=$((found + $(counted //instanceTypeSet/item)))
    next=$(told //nextToken)
    [ "$next" ] || break
done
equal 'pages and types' '3 18' "$pages $found"
refused 400 InvalidParameterValue ec2 DescribeInstanceTypes NextToken=made-up
sim_set '{"values": {"page_max": 1000}}'
gets ec2 DescribeInstanceTypes InstanceType.1=p4d.24xlarge
equal 'its GPUs' '8 A100 40960' "$(told //gpus/item/count) $(told \
    //gpus/item/name) $(told //gpus/item/memoryInfo/sizeInMiB)"
refused 400 InvalidInstanceType ec2 DescribeInstanceTypes InstanceType.1=x
gets ec2 DescribeInstanceTypeOfferings LocationType=availability-zone \
    Filter.1.Name=instance-type Filter.1.Value.1=p5.48xlarge
equal 'where' us-east-1c "$(told //location)"
gets ec2 DescribeImages Owner.1=099720109477 Filter.1.Name=name \
    'Filter.1.Value.1=ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*'
equal 'images of this owner' 2 "$(counted //imagesSet/item)"
gets ec2 DescribeImages Filter.1.Name=name Filter.1.Value.1='*bionic*'
equal 'deprecated' 0 "$(counted //imagesSet/item)"
gets ec2 DescribeImages Filter.1.Name=name Filter.1.Value.1='*bionic*' \
    IncludeDeprecated=true
equal 'asked for' 1 "$(counted //imagesSet/item)"
gets ec2 DescribeSpotPriceHistory InstanceType.1=g5.xlarge \
    ProductDescription.1=Linux/UNIX StartTime=2026-01-01T00:00:00Z
equal 'spot prices' '0.352100 0.402400 0.301800' "$(told //spotPrice)"

gets ec2 DescribeAvailabilityZones
equal 'zones' 'us-east-1a us-east-1b us-east-1c' "$(told //zoneName)"
gets ec2 DescribeVpcs Filter.1.Name=is-default Filter.1.Value.1=true
equal 'one default VPC' 1 "$(counted //vpcId)"
gets ec2 DescribeKeyPairs KeyName.1=fleet-1 IncludePublicKey=true
equal 'the key' "$(cut -d' ' -f1,2 "$work/key.pub")" \
    "$(told //publicKey | cut -d' ' -f1,2)"
gets ec2 DeleteKeyPair KeyName=fleet-1
gets ec2 DeleteKeyPair KeyName=fleet-1
refused 400 InvalidKeyPair.NotFound ec2 DescribeKeyPairs KeyName.1=fleet-1
refused 400 InvalidKey.Format ec2 ImportKeyPair KeyName=x \
    "PublicKeyMaterial=$(echo nonsense | base64)"

### What ends where

x86()
{
    gets ec2 RunInstances ImageId=$jammy InstanceType=g5.xlarge MinCount=1 \
        MaxCount=1 "$@"
}
x86 "SubnetId=$subnet_a" \
    DisableApiTermination=true
kept=$(told //instanceId)
x86 "SubnetId=$subnet_a"
beside=$(told //instanceId)
x86 "SubnetId=$subnet_b" \
    InstanceInitiatedShutdownBehavior=terminate
elsewhere=$(told //instanceId)
x86 \
    InstanceInitiatedShutdownBehavior=terminate \
    MetadataOptions.HttpTokens=required
by_itself=$(told //instanceId)
equal 'IMDSv2 only' required "$(told //metadataOptions/httpTokens)"
refused 400 OperationNotPermitted ec2 TerminateInstances "InstanceId.1=$kept" \
    "InstanceId.2=$elsewhere" "InstanceId.3=$beside"
sim_change "$by_itself" '{"state": "stopped"}'
# reason_of ID: why it has ended; empty: it has not.
reason_of()
{
    call ec2 DescribeInstances "InstanceId.1=$1" >/dev/null
    told //stateReason/code
}
equal 'another zone' Client.UserInitiatedShutdown "$(reason_of "$elsewhere")"
equal 'the same zone' '' "$(reason_of "$beside")"
equal 'from inside' Client.InstanceInitiatedShutdown \
    "$(reason_of "$by_itself")"
gets ec2 CreateTags "ResourceId.1=$beside" Tag.1.Key=Name Tag.1.Value=plum
equal 'its name' plum "$(sim_machines \
    ".machines[] | select(.id == \"$beside\") | .name")"

### Groups of rules

gets ec2 CreateSecurityGroup GroupName=fleet GroupDescription=ssh
group=$(told //groupId)
refused 400 InvalidGroup.Duplicate ec2 CreateSecurityGroup GroupName=fleet \
    GroupDescription=ssh
rule()
{
    printf ' %s' "GroupId=$group" IpPermissions.1.IpProtocol=tcp \
        IpPermissions.1.FromPort=22 IpPermissions.1.ToPort=22 \
        IpPermissions.1.IpRanges.1.CidrIp=192.0.2.7/32
}
# shellcheck disable=SC2046
{
    gets ec2 AuthorizeSecurityGroupIngress $(rule)
    refused 400 InvalidPermission.Duplicate ec2 AuthorizeSecurityGroupIngress \
        $(rule)
}
# shellcheck disable=SC2046
{
    gets ec2 RevokeSecurityGroupIngress $(rule)
    refused 400 InvalidPermission.NotFound ec2 RevokeSecurityGroupIngress \
        $(rule)
    gets ec2 AuthorizeSecurityGroupIngress $(rule)
}
gets ec2 DescribeSecurityGroups Filter.1.Name=group-name \
    Filter.1.Value.1=fleet
equal 'its rule' '22 192.0.2.7/32' "$(told //fromPort) $(told //cidrIp)"
gets ec2 CreateTags "ResourceId.1=$group" Tag.1.Key=valohai Tag.1.Value=1
gets ec2 DescribeSecurityGroups Filter.1.Name=tag:valohai Filter.1.Value.1=1
equal 'by its tag' "$group" "$(told //groupId)"
refused 400 InvalidParameterValue ec2 CreateTags "ResourceId.1=$group" \
    Tag.1.Key=aws:mine Tag.1.Value=1
gets ec2 DeleteTags "ResourceId.1=$group" Tag.1.Key=valohai
refused 400 InvalidInstanceID.NotFound ec2 CreateTags \
    ResourceId.1=i-00000000000000000 Tag.1.Key=a Tag.1.Value=b
gets ec2 RunInstances ImageId=$jammy InstanceType=t3.medium MinCount=1 \
    MaxCount=1 "SecurityGroupId.1=$group"
user=$(told //instanceId)
refused 400 DependencyViolation ec2 DeleteSecurityGroup "GroupId=$group"
gets ec2 TerminateInstances "InstanceId.1=$user"
gets ec2 DeleteSecurityGroup "GroupId=$group"
gets ec2 CreateSecurityGroup GroupName=far GroupDescription=x \
    "VpcId=$(gets ec2 DescribeVpcs Filter.1.Name=tag:Name \
        Filter.1.Value.1=fleet >/dev/null && told //vpcId)"
refused 400 InvalidParameter ec2 RunInstances ImageId=$jammy MinCount=1 \
    MaxCount=1 InstanceType=t3.medium "SecurityGroupId.1=$(told //groupId)"

### JSON

# asks STATUS SERVICE TARGET JSON
asks()
{
    equal "$3" "$1" "$(curl -sS -o "$work/answer" -w '%{http_code}\n' \
        --aws-sigv4 "aws:amz:$AWS_REGION:$2" \
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        -H 'Content-Type: application/x-amz-json-1.1' \
        -H "X-Amz-Target: $3" -d "$4" "$AWS_ENDPOINT_URL/" 7>&-)"
}
deep=/aws/service/deeplearning/ami/x86_64
deep=$deep/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id
asks 200 ssm AmazonSSM.GetParameter '{"Name": "'$deep'"}'
equal 'an image' ami-0f1ee700000000006 "$(answer .Parameter.Value)"
asks 400 ssm AmazonSSM.GetParameter '{"Name": "/aws/service/x"}'
equal 'none' ParameterNotFound "$(answer .__type)"
asks 200 servicequotas ServiceQuotasV20190624.GetServiceQuota \
    '{"ServiceCode": "ec2", "QuotaCode": "L-DB2E81BA"}'
equal 'quota' 768 "$(answer '.Quota.Value | floor')"
asks 400 servicequotas ServiceQuotasV20190624.GetServiceQuota \
    '{"ServiceCode": "ec2", "QuotaCode": "L-0"}'
asks 200 pricing AWSPriceListService.GetProducts '{"ServiceCode": "AmazonEC2",
    "Filters": [{"Type": "TERM_MATCH", "Field": "instanceType", "Value":
    "g5.xlarge"}, {"Type": "TERM_MATCH", "Field": "regionCode", "Value":
    "us-east-1"}]}'
equal 'a price' 1.0060000000 "$(answer '.PriceList[0] | fromjson | [.. | .USD?
    | strings] | .[0]')"
AWS_SECRET_ACCESS_KEY=wrong asks 400 ssm AmazonSSM.GetParameter '{"Name": "x"}'
equal 'the code' InvalidSignatureException "$(answer .__type)"

### Keys that end

account=123456789012
role=arn:aws:iam::$account:role/fleet-worker
# become ACCESS SECRET TOKEN: from now on.
become()
{
    AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 more="X-Amz-Security-Token: $3"
}
lasting_id=$AWS_ACCESS_KEY_ID lasting_secret=$AWS_SECRET_ACCESS_KEY
be_lasting()
{
    AWS_ACCESS_KEY_ID=$lasting_id AWS_SECRET_ACCESS_KEY=$lasting_secret more=
}
refused 403 AccessDenied sts AssumeRole RoleSessionName=me \
    RoleArn=arn:aws:iam::$account:role/nobody
refused 400 ValidationError sts AssumeRole RoleSessionName=me "RoleArn=$role" \
    DurationSeconds=60
refused 400 ValidationError sts AssumeRole RoleSessionName=m "RoleArn=$role"
gets sts AssumeRole RoleSessionName=me "RoleArn=$role"
become "$(told //AccessKeyId)" "$(told //SecretAccessKey)" \
    "$(told //SessionToken)"
gets sts GetCallerIdentity
equal 'somebody else' \
    "arn:aws:sts::$account:assumed-role/fleet-worker/me" "$(told //Arn)"
refused 400 ValidationError sts AssumeRole RoleSessionName=me "RoleArn=$role" \
    DurationSeconds=7200
sim_set '{"values": {"roles": {"fleet-worker": {"external_id": "x"}}}}'
refused 403 AccessDenied sts AssumeRole RoleSessionName=me "RoleArn=$role"
gets sts AssumeRole RoleSessionName=me "RoleArn=$role" ExternalId=x
token=$more more=
refused 401 AuthFailure ec2 DescribeRegions
more=${token}x refused 401 AuthFailure ec2 DescribeRegions
more=$token
sim_fault '{"kind": "new-token", "times": 2}'
refused 400 RequestExpired ec2 DescribeRegions
refused 403 ExpiredToken sts GetCallerIdentity
be_lasting
web()
{
    curl -sS -o "$work/answer" -w '%{http_code}' -H "$form" \
        -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 \
        -d RoleSessionName=me -d "RoleArn=$role" \
        --data-urlencode "WebIdentityToken=$1" "$AWS_ENDPOINT_URL/" 7>&-
}
equal 'web identity, unsigned' 200 "$(web fleet-web-identity)"
become "$(told //AccessKeyId)" "$(told //SecretAccessKey)" \
    "$(told //SessionToken)"
gets ec2 DescribeRegions
be_lasting
equal 'a bad one' 400 "$(web nonsense)"
equal 'its code' InvalidIdentityToken "$(told //Code)"
equal 'an old one' 400 "$(web expired)"
equal 'its code' ExpiredTokenException "$(told //Code)"

### Clocks

sim_set '{"values": {"clock_s": 600}}'
refused 400 RequestExpired ec2 DescribeRegions
refused 403 SignatureDoesNotMatch sts GetCallerIdentity
case $(told //Message) in
'Signature expired: '*) ;;
*) fail 'no word of the time' ;;
esac
there=$(date -ud "$(sed -n 's/^[Dd]ate: //p' "$work/headers" | tr -d '\r')" +%s)
ahead=$((there - $(date +%s)))
check 'Date tells how far' [ $ahead -gt 590 -a $ahead -lt 610 ]
equal 'one Date' 1 "$(grep -ci '^date:' "$work/headers")"
sim_set '{"values": {"clock_s": -600}}'
refused 403 SignatureDoesNotMatch sts GetCallerIdentity
sim_set '{"values": {"clock_s": 200}}'
gets ec2 DescribeRegions
sim_set '{"values": {"clock_s": 0}}'

### Metadata and containers

imds()
{
    curl -sS -o "$work/answer" -w '%{http_code}' "$@" 7>&-
}
ttl='X-aws-ec2-metadata-token-ttl-seconds: 21600'
meta=$AWS_ENDPOINT_URL/latest/meta-data
equal 'version 1 is off' 401 "$(imds "$meta/instance-id")"
equal 'a token takes a life' 400 \
    "$(imds -X PUT "$AWS_ENDPOINT_URL/latest/api/token")"
equal 'and no proxy' 403 "$(imds -X PUT -H "$ttl" -H 'X-Forwarded-For: x' \
    "$AWS_ENDPOINT_URL/latest/api/token")"
equal 'a token' 200 "$(imds -X PUT -H "$ttl" \
    "$AWS_ENDPOINT_URL/latest/api/token")"
token="X-aws-ec2-metadata-token: $(cat "$work/answer")"
equal 'the role' 200 "$(imds -H "$token" "$meta/iam/security-credentials/")"
equal 'its name' fleet-worker "$(cat "$work/answer")"
equal 'its keys' 200 \
    "$(imds -H "$token" "$meta/iam/security-credentials/fleet-worker")"
equal 'good' Success "$(answer .Code)"
become "$(answer .AccessKeyId)" "$(answer .SecretAccessKey)" \
    "$(answer .Token)"
gets ec2 DescribeRegions
be_lasting
equal 'the region' 200 "$(imds -H "$token" "$meta/placement/region")"
equal 'is' us-east-1 "$(cat "$work/answer")"
equal 'no notice' 404 "$(imds -H "$token" "$meta/spot/instance-action")"
sim_set '{"values": {"imds_instance": "'"$taken"'"}}'
equal 'a notice' 200 "$(imds -H "$token" "$meta/spot/instance-action")"
equal 'that says' terminate "$(answer .action)"
sim_fault '{"kind": "hang", "match": "PUT /latest/api/token"}'
equal 'a hop too many' 000 "$(imds -X PUT -H "$ttl" --max-time 1 \
    "$AWS_ENDPOINT_URL/latest/api/token" 2>/dev/null || :)"
sim_set '{"values": {"credentials_s": 0}}'
equal 'keys that have ended' 200 \
    "$(imds -H "$token" "$meta/iam/security-credentials/fleet-worker")"
become "$(answer .AccessKeyId)" "$(answer .SecretAccessKey)" \
    "$(answer .Token)"
refused 400 RequestExpired ec2 DescribeRegions
be_lasting
sim_set '{"values": {"credentials_s": 3600, "imds_code": "Failed"}}'
equal 'none, with a 200' 200 \
    "$(imds -H "$token" "$meta/iam/security-credentials/fleet-worker")"
equal 'that says so' Failed "$(answer .Code)"
sim_set '{"values": {"imds_role": "", "container_token": "Bearer x"}}'
equal 'no role' 404 "$(imds -H "$token" "$meta/iam/security-credentials/")"
equal 'not this container' 401 "$(imds "$AWS_ENDPOINT_URL/v2/credentials/1")"
equal 'this one' 200 "$(imds -H 'Authorization: Bearer x' \
    "$AWS_ENDPOINT_URL/v2/credentials/1")"
become "$(answer .AccessKeyId)" "$(answer .SecretAccessKey)" \
    "$(answer .Token)"
gets ec2 DescribeRegions
be_lasting

### A policy

sim_set '{"values": {"allow": ["ec2:Describe*", "autoscaling:*"]}}'
gets ec2 DescribeRegions
gets sts GetCallerIdentity
refused 403 UnauthorizedOperation ec2 CreateFleet DryRun=true \
    LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=of-g5 \
    LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version=1 \
    TargetCapacitySpecification.TotalTargetCapacity=1
refused 403 AccessDenied sts AssumeRole RoleSessionName=me "RoleArn=$role"
asks 400 ssm AmazonSSM.GetParameter '{"Name": "'$deep'"}'
equal 'its code' AccessDeniedException "$(answer .__type)"

### As a command

succeeds fleet sim
prints "Amazon EC2's API"

sim_stop

### A signature that neither curl nor this program has made

sim_start aws --key Fleet/Example+Secret/Key0000000000000000 --no-ssh
sim_set '{"values": {"clock_s": '$(($(date -ud '2026-01-02 03:04:05' +%s) - \
    $(date +%s)))'}}'
# vector SIGNATURE: the status.
vector()
{
    curl -sS -o "$work/answer" -w '%{http_code}' -H "$form" \
        -H 'Host: ec2.us-west-2.amazonaws.com' \
        -H 'X-Amz-Date: 20260102T030405Z' \
        -H "Authorization: AWS4-HMAC-SHA256 $scope, $names, Signature=$1" \
        -d "$body" "$AWS_ENDPOINT_URL/" 7>&-
}
scope=Credential=$AWS_ACCESS_KEY_ID/20260102/us-west-2/ec2/aws4_request
names='SignedHeaders=content-type;host;x-amz-date'
body='Action=DescribeInstances&Version=2016-11-15'
body="$body&Filter.1.Name=tag%3Afleet&Filter.1.Value.1=a%20b"
good=7ce56322256aaf5f9e97b2926e61db938489f0afb5259d63d4fbfb6fc4b3608e
equal 'the vector' 200 "$(vector $good)"
equal 'but for a digit' 401 "$(vector "${good%?}f")"
body=$body%20
equal 'but for the body' 401 "$(vector $good)"
sim_stop
