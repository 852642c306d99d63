#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The fake AWS asks for what the real one asks for, and answers in the same
# words and shapes. curl signs, so that two independent signers agree.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires xmllint
key_pair
sim_start aws --ready 300 --ssh 0
form='Content-Type: application/x-www-form-urlencoded; charset=utf-8'

# call SERVICE ACTION [NAME=VALUE...]: prints the status; the answer is in
# $work/answer. $more is one more argument for curl.
more=
call()
{
    call_service=$1 call_action=$2
    shift 2
    for call_word; do
        shift
        set -- "$@" --data-urlencode "$call_word"
    done
    case $call_service in
    ec2) call_version=2016-11-15 ;;
    sts) call_version=2011-06-15 ;;
    autoscaling) call_version=2011-01-01 ;;
    *) fail "no such service: $call_service" ;;
    esac
    : >"$work/answer"
    curl -sS -o "$work/answer" -D "$work/headers" -w '%{http_code}\n' \
        --aws-sigv4 "aws:amz:$AWS_REGION:${scope-$call_service}" \
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "$form" \
        ${more:+-H "$more"} -d "Action=$call_action" \
        -d "Version=$call_version" "$@" "$AWS_ENDPOINT_URL/" \
        2>"$work/curl.err" 7>&- || :
}

# gets SERVICE ACTION [NAME=VALUE...]: has to be 200.
gets()
{
    equal "$1:$2" 200 "$(call "$@")"
}

# refused STATUS CODE SERVICE ACTION [NAME=VALUE...]
refused()
{
    refused_status=$1 refused_code=$2
    shift 2
    equal "status of $2" "$refused_status" "$(call "$@")"
    equal "code of $2" "$refused_code" "$(told '//Code')"
}

# told XPATH: the text at each place in the answer, blanks between; names are
# those without their name space.
told()
{
    sed 's/ xmlns="[^"]*"//' "$work/answer" >"$work/plain"
    xmllint --xpath "$1/text()" "$work/plain" 2>/dev/null |
        tr '\n' ' ' | sed 's/ $//' || :
}

# counted XPATH
counted()
{
    sed 's/ xmlns="[^"]*"//' "$work/answer" >"$work/plain"
    xmllint --xpath "count($1)" "$work/plain"
}

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

### Instances

jammy=ami-0f1ee700000000001
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

gets ec2 StopInstances "InstanceId.1=$first"
equal 'stopping' stopping "$(told //currentState/name)"
refused 400 IncorrectInstanceState ec2 StartInstances "InstanceId.1=$first"
is_stopped()
{
    call ec2 DescribeInstances "InstanceId.1=$first" >/dev/null
    [ "$(told //instanceState/name)" = stopped ]
}
wait_for 10 is_stopped
equal 'no public address' 0 "$(counted //ipAddress)"
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

sim_stop
