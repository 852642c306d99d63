#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Whatever the fake AWS answers: the right error, the right status, no instance
# too many, none lost, and nobody else's touched. Codes count more than the HTTP
# status. With FLEET_TEST_LONG also what takes its time.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"

sim_start aws --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"page_max": 5, "action_ms": 0}}'
export AWS_EC2_METADATA_DISABLED=true
sim_cohort aws 5
cat >>"$FLEET_CONFIG" <<END
GPU_TYPE=A10G
MAX_PRICE=1.10
END
for name in arena spring-apple arena2-apple; do
    sim_seed "{\"name\": \"$name\"}" >/dev/null
done
. "$srcdir/tests/e2e/faults.sh"

page='"kind": "html", "match"'
list='"POST /ec2/DescribeInstances$"'
types='"POST /ec2/DescribeInstanceTypes$"'
fleets='"POST /ec2/CreateFleet$"'
templates='"POST /ec2/CreateLaunchTemplate$"'
create='create apple --yes --no-wait'

# code ACTION STATUS CODE [TIMES]: that answer of such requests to EC2.
code()
{
    printf '{"kind": "status", "match": "POST /ec2/%s$", "status": %s, "detail": "%s: so it is", "times": %s}' \
        "$1" "$2" "$3" "${4:--1}"
}

### Listing: failed is never empty

rows_of <<END
quick|list|running|0||1|$(code DescribeInstances 503 RequestLimitExceeded 1)
long|list|running|7|rate_limited|1|$(code DescribeInstances 503 RequestLimitExceeded)
quick|list|running|0||1|$(code DescribeInstances 500 InternalError 1)
long|list|running|7|transient|1|$(code DescribeInstances 500 InternalError)
quick|list|running|0||1|{$page: $list}
quick|list|running|0||1|{"kind": "drop", "match": $list}
long|list|running|0||1|{"kind": "reset", "match": $list}
quick|list|running|0||1|{"kind": "truncate", "match": $list}
quick|list|running|7|internal|1|{$page: $list, "status": 200, "times": -1}
quick|list|running|7|internal|1|{"kind": "status", "match": $list, "status": 200, "body": "<x", "type": "text/xml", "times": -1}
quick|list|running|7|internal|1|{"kind": "status", "match": $list, "status": 200, "body": "<R/>", "type": "text/xml", "times": -1}
quick|list|running|7|internal|1|{"kind": "status", "match": $list, "status": 301, "headers": {"Location": "http://127.0.0.1:1/"}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "remove": ["/DescribeInstancesResponse/reservationSet/0/instancesSet/0/instanceId"], "times": -1}
quick|list|running|6|auth|1|$(code DescribeInstances 401 AuthFailure)
quick|list|running|6|auth|1|$(code DescribeInstances 403 UnauthorizedOperation)
quick|list|running|6|auth|1|$(code DescribeInstances 401 OptInRequired)
long|list|running|6|auth|1|$(code DescribeInstances 401 Blocked)
quick|list|running|0||1|{"kind": "new-token"}
quick|list|running|6|auth|1|{"kind": "new-token", "times": -1}
quick|list|running|0||1|$(code DescribeInstances 400 RequestExpired 1)
quick|list|running|6|auth|1|$(code DescribeInstances 400 RequestExpired)
quick|list|running|7|invalid|1|$(code DescribeInstances 400 InvalidParameterValue)
long|list|running|7|invalid|1|$(code DescribeInstances 400 SomethingNew)
long|list|running|7|transient|1|$(code DescribeInstances 500 SomethingNew)
quick|list|running|0||1|$(code DescribeInstanceTypes 403 UnauthorizedOperation)
quick|list|running|0||1|{"kind": "status", "match": "POST /pricing/", "status": 500, "times": 1}
quick|list|running|0||1|{"kind": "unauthorized", "only": "pricing:GetProducts", "times": -1}
END

### The market

rows_of <<END
quick|offers|none|0||0|$(code DescribeInstanceTypes 503 RequestLimitExceeded 1)
quick|offers|none|6|auth|0|$(code DescribeInstanceTypes 403 UnauthorizedOperation)
quick|offers|none|7|internal|0|{"kind": "status", "match": $types, "status": 200, "body": "<R/>", "type": "text/xml", "times": -1}
long|offers|none|7|transient|0|{$page: $types, "times": -1}
quick|$create|none|0||1|{"kind": "status", "match": "POST /ssm/", "status": 400, "detail": "AccessDeniedException: no", "times": -1}
quick|$create|none|6|auth|0|$(code DescribeImages 403 UnauthorizedOperation)
quick|$create|none|6|auth|0|$(code DescribeSubnets 403 UnauthorizedOperation)
END

### Create: one, or none, whatever the answer was

rows_of <<END
quick|$create|none|0||1|$(code CreateFleet 403 UnauthorizedOperation)
quick|$create|none|0||1|$(code CreateLaunchTemplate 403 UnauthorizedOperation)
quick|$create|none|6|auth|0|$(code 'CreateFleet' 401 AuthFailure)
quick|$create|none|0||1|$(code ImportKeyPair 403 UnauthorizedOperation)
quick|$create|none|0||1|$(code ImportKeyPair 400 InvalidKeyPair.Duplicate)
quick|$create|none|6|auth|0|[$(code CreateFleet 403 UnauthorizedOperation), $(code RunInstances 403 UnauthorizedOperation)]
quick|$create|none|5|capacity|0|$(code CreateFleet 500 InsufficientInstanceCapacity)
quick|$create|none|5|capacity|0|$(code CreateFleet 400 VcpuLimitExceeded)
quick|$create|none|5|quota|0|$(code CreateFleet 400 MaxFleetCountExceeded)
long|$create|none|5|capacity|0|[$(code CreateFleet 403 UnauthorizedOperation), $(code RunInstances 500 InsufficientInstanceCapacity)]
quick|$create|none|0||1|[$(code CreateFleet 403 UnauthorizedOperation), $(code RunInstances 400 Unsupported 1)]
quick|$create|none|5|capacity|0|{"kind": "capacity", "only": "*", "times": -1}
quick|$create|none|1|invalid|0|$(code CreateFleet 400 InvalidParameterValue)
quick|$create|none|1|conflict|0|$(code CreateFleet 400 IdempotentParameterMismatch)
quick|$create|none|0||1|$(code CreateFleet 503 RequestLimitExceeded 1)
quick|$create|none|0||1|$(code CreateFleet 400 InvalidGroup.NotFound 1)
long|$create|none|0||1|$(code CreateFleet 400 InvalidLaunchTemplateName.NotFoundException 2)
quick|$create|none|1|not_found|0|$(code CreateFleet 400 InvalidSubnetID.NotFound)
quick|$create|none|0||1|{"kind": "drop", "match": $fleets, "when": "after"}
quick|$create|none|0||1|{"kind": "drop", "match": $fleets, "when": "before"}
long|$create|none|0||1|{"kind": "reset", "match": $fleets, "when": "after"}
quick|$create|none|0||1|{"kind": "truncate", "match": $fleets, "when": "after"}
quick|$create|none|0||1|{"kind": "status", "match": $fleets, "status": 500, "when": "after"}
quick|$create|none|0||1|{$page: $fleets, "when": "after"}
quick|$create|none|0||1|{"kind": "drop", "match": $fleets, "when": "after", "times": -1}
quick|$create|none|0||1|{"kind": "status", "match": $fleets, "status": 200, "body": "<x", "type": "text/xml", "when": "after"}
quick|$create|none|0||1|{"kind": "edit", "match": $fleets, "remove": ["/CreateFleetResponse/fleetInstanceSet/0/instanceIds"], "when": "after"}
quick|$create|none|0||1|[$(code CreateFleet 403 UnauthorizedOperation), {"kind": "drop", "match": "POST /ec2/RunInstances$", "when": "after"}]
quick|$create|none|0||1|{"kind": "unlisted", "ms": 1500}
quick|$create|none|0||1|[{"kind": "drop", "match": $fleets, "when": "after", "times": -1}, {"kind": "unlisted", "ms": 1500}]
quick|$create|none|0||1|{"kind": "drop", "match": $templates, "when": "after"}
quick|$create|none|0||1|{"kind": "drop", "match": "POST /ec2/CreateSecurityGroup$", "when": "after"}
long|$create|none|0||1|{"kind": "drop", "match": $fleets, "when": "before", "times": 6}
END

### Changes

rows_of <<END
quick|stop apple --yes --wipe-ok|running|6|auth|1|$(code StopInstances 403 UnauthorizedOperation)
quick|stop apple --yes --wipe-ok|running|1|unsupported|1|$(code StopInstances 400 UnsupportedOperation)
quick|stop apple --yes --wipe-ok|running|1|not_found|1|$(code StopInstances 400 InvalidInstanceID.NotFound)
quick|stop apple --yes --wipe-ok|running|0||1|$(code StopInstances 503 RequestLimitExceeded 1)
quick|stop apple --yes --wipe-ok|running|0||1|{"kind": "drop", "match": "POST /ec2/StopInstances$", "when": "after"}
quick|start apple --yes --no-wait|stopped|5|capacity|1|$(code StartInstances 500 InsufficientInstanceCapacity)
quick|start apple --yes --no-wait|stopped|0||1|$(code StartInstances 400 IncorrectInstanceState 1)
quick|restart apple --yes --no-wait|running|6|auth|1|$(code RebootInstances 403 UnauthorizedOperation)
quick|restart apple --yes --no-wait|running|0||1|{"kind": "drop", "match": "POST /ec2/RebootInstances$", "when": "after"}
quick|lock apple --yes|running|6|auth|1|$(code ModifyInstanceAttribute 403 UnauthorizedOperation)
quick|lock apple --yes|running|1|unsupported|1|$(code ModifyInstanceAttribute 400 UnsupportedOperation)
quick|rename apple basil --yes|running|6|auth|1|$(code CreateTags 403 UnauthorizedOperation)
quick|terminate apple --yes|running|6|auth|1|$(code TerminateInstances 403 UnauthorizedOperation)
quick|terminate apple --yes|running|4|locked|1|$(code TerminateInstances 400 OperationNotPermitted)
quick|terminate apple --yes|running|0||0|$(code TerminateInstances 400 InvalidInstanceID.NotFound 1)
quick|terminate apple --yes|running|0||0|{"kind": "drop", "match": "POST /ec2/TerminateInstances$", "when": "after"}
quick|terminate apple --yes|running|0||0|$(code TerminateInstances 500 InternalError 1)
END

### Nobody there at all

(
    export AWS_ENDPOINT_URL=http://127.0.0.1:1
    fails_with 7 fleet list --json
    equal 'code' transient "$(codes)"
)
equal 'nobody else was touched' "$before" "$(strangers)"
say "$rows rows"
