#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Every class of AWS's errors, thrown at every call that fleet makes: the right
# kind and status, AWS's own code and the advice in the message, and never a pod
# too many or one less. What passes is tried again and does pass. A sample of the
# table; with FLEET_TEST_LONG all of it, and every code at one call.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
sim_start aws --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"action_ms": 0, "retry_ms": 300}}'
sim_cohort aws 5
export GPU_TYPE=A10G AWS_INSTANCE_TYPES=g5.xlarge AWS_EC2_METADATA_DISABLED=true

# classes: NAME CODE STATUS KINDS ADVICE, "-": none.
classes()
{
    cat <<'END'
capacity InsufficientInstanceCapacity 500 capacity -
quota InstanceLimitExceeded 400 quota Service Quotas
throttled RequestLimitExceeded 503 again -
transient InternalError 500 again -
expired ExpiredToken 403 auth aws sso login
clock RequestTimeTooSkewed 403 auth clock
credentials AuthFailure 401 auth AWS credentials
forbidden UnauthorizedOperation 403 auth the policy
missing InvalidVpcID.NotFound 400 not_found,config,transient,conflict -
exists QueueNameExists 400 conflict -
state IncorrectState 400 conflict -
unsupported UnsupportedOperation 400 unsupported -
locked OperationNotPermitted 400 locked -
reused IdempotentParameterMismatch 400 conflict -
wrong InvalidParameterValue 400 invalid -
END
}

# calls: POOL STATE PATH COMMAND; in a state there is arena-apple, running or
# stopped, or nothing.
calls()
{
    cat <<'END'
instances running ec2/DescribeInstances list
instances none ec2/DescribeInstanceTypes offers
instances none ec2/DescribeImages create apple --no-wait --yes
instances none ec2/DescribeSubnets create apple --no-wait --yes
instances none ec2/DescribeSecurityGroups create apple --no-wait --yes
instances none ec2/CreateFleet create apple --no-wait --yes
instances stopped ec2/StartInstances start apple --no-wait --yes
instances running ec2/StopInstances stop apple --wipe-ok --yes
instances running ec2/RebootInstances restart apple --no-wait --yes
instances running ec2/ModifyInstanceAttribute lock apple --yes
instances running ec2/CreateTags rename apple basil --yes
instances running ec2/TerminateInstances terminate apple --yes
groups none ec2/DescribeLaunchTemplateVersions create apple --no-wait --yes
groups none autoscaling/DescribeAutoScalingGroups create apple --no-wait --yes
groups none autoscaling/CreateOrUpdateTags create apple --no-wait --yes
groups none autoscaling/SetDesiredCapacity create apple --no-wait --yes
groups running autoscaling/TerminateInstanceInAutoScalingGroup terminate apple --yes
END
}

# fine CLASS PATH: that is no failure there. Who may not tell a group which one,
# tells it how many.
fine()
{
    case $1:$2 in
    throttled:* | transient:* | forbidden:ec2/CreateFleet | \
        forbidden:autoscaling/TerminateInstanceInAutoScalingGroup) return 0 ;;
    esac
    return 1
}

alive()
{
    sim_machines '[.machines[] | select(.state != "gone")] | length'
}

reset_to()
{
    sim_no_faults
    id=$(sim_machines '[.machines[] | select(.state != "gone" and
        .name == "arena-apple")][0].id')
    if [ "$1" = none ] || [ "$pool" != "${had_pool:-}" ] || [ "$id" = null ] ||
        [ "$(alive)" != 1 ]; then
        [ "$(alive)" = 0 ] || fleet unlock all --yes >"$out" 2>"$err" || :
        [ "$(alive)" = 0 ] || fleet terminate all --yes >"$out" 2>"$err" ||
            fail "cannot clear up: $(cat "$err")"
        rm -rf "$work/state"
        [ "$1" = none ] || fleet create apple --yes --no-wait >"$out" \
            2>"$err" || fail "cannot create: $(cat "$err")"
        id=$(sim_machines '[.machines[] | select(.state != "gone")][0].id')
    fi
    had_pool=$pool
    case $path in
    */ModifyInstanceAttribute) fleet unlock all --yes >"$out" 2>"$err" ;;
    esac
    case $1 in
    running | stopped) sim_change "$id" "{\"state\": \"$1\"}" ;;
    esac
}

# thrown CLASS CODE STATUS KINDS ADVICE: at $path, and what comes of it.
thrown()
{
    reset_to "$state"
    before=$(alive)
    times=-1
    [ "$4" != again ] || times=2
    sim_fault "{\"kind\": \"status\", \"match\": \"POST /$path$\",
        \"status\": $3, \"detail\": \"$2: so it is\", \"times\": $times}"
    got=0
    # shellcheck disable=SC2086
    fleet $command --json >"$out" 2>"$err" || got=$?
    if [ "$1:$path:$got" = missing:ec2/DescribeLaunchTemplateVersions:0 ]; then
        : # then it is made
    elif fine "$1" "$path"; then
        [ "$got" -eq 0 ] || fail_here "$2" "status $got"
    else
        judge_failure "$@"
    fi
    check_pods "$2"
    rows=$((rows + 1))
}

fail_here()
{
    show_output
    fail "$2: $1 at $path, $command"
}

judge_failure()
{
    kind=$(jq -r '[.. | objects | select(has("code") and has("message")) |
        .code] | unique | join(",")' "$out")
    case ,$4, in
    *",$kind,"*) ;;
    *) fail_here "$2" "kind $kind" ;;
    esac
    case $got:$kind in
    6:auth | 5:capacity | 5:quota | 4:locked | 2:config | 7:* | 1:*) ;;
    *) fail_here "$2" "status $got of $kind" ;;
    esac
    # One that is missing may be told of in other words.
    [ "$1" = missing ] || grep -qF "$2" "$out" || fail_here "$2" 'its code is not told'
    [ "$5" = - ] || grep -qF "$5" "$out" || fail_here "$2" "no '$5'"
}

# A create makes one or none, a terminate ends one or none, nothing else does
# either.
check_pods()
{
    sim_no_faults
    case ${command%% *}:$got in
    create:0) expected=1 ;;
    terminate:0) expected=0 ;;
    *) expected=$before ;;
    esac
    equal "pods after $1 at $path" "$expected" "$(alive)" >"$work/equal" 2>&1 ||
        fail_here "$1" "$(alive) pods, not $expected"
}

rows=0
cell=0
# sampled: in the short form one in twenty, others in each row.
sampled()
{
    cell=$((cell + 1))
    [ -n "${FLEET_TEST_LONG:-}" ] || [ $((cell % 20)) -eq 3 ]
}

calls >"$work/calls"
classes >"$work/classes"
while read -r pool state path command <&3; do
    export AWS_POOL="$pool"
    while read -r class code status kinds advice <&4; do
        sampled || continue
        thrown "$class" "$code" "$status" "$kinds" "$advice"
    done 4<"$work/classes"
done 3<"$work/calls"
say "ok: $rows of $cell"

# Every code by itself.
pool=instances state=running path=ec2/DescribeInstances command=list
[ -n "${FLEET_TEST_LONG:-}" ] || {
    reset_to none
    exit 0
}
while read -r class codes; do
    # shellcheck disable=SC2046
    set -- $(grep "^$class " "$work/classes")
    kinds=$4
    for code in $codes; do
        thrown "$class" "$code" 400 "$kinds" - </dev/null
    done
done <<'END'
capacity InsufficientHostCapacity InsufficientReservedInstanceCapacity InsufficientCapacity UnfulfillableCapacity ReservationCapacityExceeded SpotMaxPriceTooLow Unsupported InsufficientFreeAddressesInSubnet
quota VcpuLimitExceeded MaxSpotInstanceCountExceeded MaxFleetCountExceeded VolumeLimitExceeded MaxIOPSLimitExceeded AddressLimitExceeded SecurityGroupLimitExceeded VpcLimitExceeded LimitExceeded LimitExceededException
throttled EC2ThrottledException Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException TooManyRequestsException SlowDown BandwidthLimitExceeded PriorRequestNotComplete
transient InternalFailure ServiceUnavailable Unavailable RequestTimeout RequestTimeoutException ResourceContention ScalingActivityInProgress ConcurrentTagAccess
expired ExpiredTokenException
clock RequestExpired RequestInTheFuture
credentials InvalidClientTokenId UnrecognizedClientException SignatureDoesNotMatch IncompleteSignature MissingAuthenticationToken OptInRequired PendingVerification Blocked RegionDisabledException InvalidSignatureException
forbidden AccessDenied AccessDeniedException AuthFailure.ServiceLinkedRoleCreationNotPermitted
missing InvalidInstanceID.NotFound InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateName.NotFoundException InvalidGroup.NotFound InvalidSubnetID.NotFound InvalidKeyPair.NotFound InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidSnapshot.NotFound InvalidAllocationID.NotFound ParameterNotFound QueueDoesNotExist
exists InvalidKeyPair.Duplicate InvalidGroup.Duplicate InvalidPermission.Duplicate InvalidLaunchTemplateName.AlreadyExistsException AlreadyExists AlreadyExistsException TokenAlreadyExistsException EntityAlreadyExists
state IncorrectInstanceState IncorrectSpotRequestState ResourceInUse DependencyViolation
wrong InvalidParameterCombination InvalidParameter MissingParameter UnknownParameter InvalidRequest ValidationError ValidationException InvalidAction InvalidBlockDeviceMapping InvalidUserData.Malformed InvalidAMIID.Malformed InvalidInstanceID.Malformed MalformedQueryString SomethingNew
END
say "ok: $rows rows"
reset_to none
