#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Whatever the fake Vast.ai answers: the right error, the right status, no pod
# too many, none lost, and nobody else's touched. With FLEET_TEST_LONG also what
# takes its time: faults that stay, and answers that are lost for good.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"

sim_start vast --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"gaps": 0, "page_max": 2}}'
sim_cohort vast 5
cat >>"$FLEET_CONFIG" <<END
GPU_TYPE="RTX 3090"
IMAGE=pytorch/pytorch:2
DISK_GB=40
MAX_PRICE=0.40
VAST_PACE=0
END
for name in arena spring-apple arena2-apple spring-apple; do
    sim_seed "{\"name\": \"$name\"}" >>"$work/strangers"
done

. "$srcdir/tests/e2e/faults.sh"

says='"kind": "status", "match"'
page='"kind": "html", "match"'
list='"GET /api/v1/instances/"'
next='"GET /api/v1/instances/?limit=25&after_token="'
bundles='"POST /api/v0/bundles/"'
asks='"PUT /api/v0/asks/"'
change='"PUT /api/v0/instances/"'
delete='"DELETE /api/v0/instances/"'
one='"GET /api/v0/instances/"'
key='"POST /api/v0/instances/*/ssh/"'
auth='"body": {"success": false, "error": "auth_error", "msg": "Invalid user key"}'
gone='"body": {"success": false, "error": "no_such_ask", "msg": "gone"}'
nobody='"body": {"success": false, "error": "no_such_instance", "msg": "gone"}'

### Listing: failed is never empty

rows_of <<END
quick|list|running|0||1|{$says: $list, "status": 500}
long|list|running|0||1|{$page: $list}
long|list|running|0||1|{$says: $list, "status": 429}
long|list|running|0||1|{$says: $list, "status": 429, "headers": {"Retry-After": "1"}}
quick|list|running|0||1|{"kind": "drop", "match": $list}
long|list|running|0||1|{"kind": "reset", "match": $list}
quick|list|running|0||1|{"kind": "truncate", "match": $list}
quick|list|running|0||1|{"kind": "short", "match": $list}
quick|list|running|0||1|{"kind": "edit", "match": $list, "set": {"/instances/0/dph_total": "0.5", "/instances/0/ports": 7}}
quick|list|running|6|auth|1|{$says: $list, "status": 404, $auth, "times": -1}
long|list|running|6|auth|1|{$says: $list, "status": 401, "times": -1}
long|list|running|6|auth|1|{$says: $list, "status": 403, "times": -1}
quick|list|running|7|internal|1|{$says: $list, "status": 404, "times": -1}
long|list|running|7|internal|1|{$page: $list, "status": 404, "times": -1}
long|list|running|7|invalid|1|{$says: $list, "status": 409, "times": -1}
long|list|running|7|invalid|1|{$says: $list, "status": 422, "times": -1}
quick|list|running|7|unsupported|1|{$says: $list, "status": 410, "body": {"success": false, "error": "deprecated_endpoint"}, "times": -1}
long|list|running|7|invalid|1|{$says: $list, "status": 200, "body": {"success": false, "msg": "no"}, "times": -1}
quick|list|running|7|internal|1|{$page: $list, "status": 200, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "remove": ["/instances"], "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/instances": null}, "times": -1}
long|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/instances": {}}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/instances/0/id": "x"}, "times": -1}
quick|list|running|7|internal|1|{"kind": "circle", "match": $list, "times": -1}
quick|list|running|7|internal|1|{$page: $next, "status": 404, "times": -1}
quick|create apple --yes --no-wait|none|7|internal|0|{$page: $next, "status": 404, "times": -1}
quick|create apple --yes --no-wait|none|7|internal|0|{"kind": "edit", "match": $list, "set": {"/instances": null}, "times": -1}
long|list|running|7|transient|1|{$says: $list, "status": 500, "times": -1}
long|list|running|7|transient|1|{$says: $next, "status": 500, "times": -1}
long|list|running|7|transient|1|{"kind": "drop", "match": $list, "times": -1}
long|list|running|7|transient|1|{"kind": "truncate", "match": $list, "times": -1}
long|list|running|7|rate_limited|1|{$says: $list, "status": 429, "times": -1}
long|list|running|7|rate_limited|1|{$page: $list, "status": 403, "times": -1}
long|list|running|7|transient|1|{"kind": "edit", "match": $next, "set": {"/instances": []}, "times": -1}
END

### Searching

rows_of <<END
long|offers|none|0||0|{$says: $bundles, "status": 500}
quick|offers|none|0||0|{"kind": "drop", "match": $bundles}
long|offers|none|0||0|{$says: $bundles, "status": 429}
quick|offers|none|0||0|{"kind": "sloppy", "match": $bundles}
long|offers|none|6|auth|0|{$says: $bundles, "status": 404, $auth, "times": -1}
quick|offers|none|7|internal|0|{"kind": "edit", "match": $bundles, "remove": ["/offers"], "times": -1}
long|offers|none|7|internal|0|{"kind": "edit", "match": $bundles, "set": {"/offers": {}}, "times": -1}
quick|create apple --yes --no-wait|none|7|internal|0|{"kind": "edit", "match": $bundles, "set": {"/offers": null}, "times": -1}
quick|create apple --yes --no-wait|none|5|capacity|0|{"kind": "edit", "match": $bundles, "set": {"/offers": []}, "times": -1}
quick|create apple --yes --no-wait|none|1|invalid|0|{$says: $bundles, "status": 400, "body": {"detail": [{"msg": "Extra inputs are not permitted"}]}, "times": -1}
END

### Create: one, or none, whatever the answer was

rows_of <<END
quick|create apple --yes --no-wait|none|6|auth|0|{$says: $asks, "status": 404, $auth, "times": -1}
quick|create apple --yes --no-wait|none|6|auth|0|{$says: $asks, "status": 403, "body": {"error": "forbidden", "msg": "missing scope"}, "times": -1}
quick|create apple --yes --no-wait|none|0|capacity|1|{$says: $asks, "status": 404, $gone}
long|create apple --yes --no-wait|none|0|capacity|1|{$says: $asks, "status": 410, $gone}
long|create apple --yes --no-wait|none|0|capacity|1|{$says: $asks, "status": 400, $gone}
long|create apple --yes --no-wait|none|0|capacity|1|{$says: $asks, "status": 200, $gone}
quick|create apple --yes --no-wait|none|0|capacity|1|{"kind": "not-own", "match": $asks, "times": 2}
quick|create apple --yes --no-wait|none|5|capacity|0|{"kind": "gone", "match": $asks, "times": -1}
quick|create apple --yes --no-wait|none|5|quota|0|{$says: $asks, "status": 400, "body": {"error": "insufficient_credit", "msg": "x"}, "times": -1}
quick|create apple --yes --no-wait|none|1|invalid|0|{$says: $asks, "status": 400, "body": {"error": "invalid_args", "msg": "image x not available in registry"}, "times": -1}
long|create apple --yes --no-wait|none|1|invalid|0|{$says: $asks, "status": 409, "times": -1}
quick|create apple --yes --no-wait|none|1|invalid|0|{$says: $asks, "status": 422, "times": -1}
quick|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 429}
long|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 429, "headers": {"Retry-After": "1"}}
quick|create apple --yes --no-wait|none|0||1|{"kind": "drop", "match": $asks, "when": "after"}
long|create apple --yes --no-wait|none|0||1|{"kind": "reset", "match": $asks, "when": "after"}
long|create apple --yes --no-wait|none|0||1|{"kind": "truncate", "match": $asks}
quick|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 500, "when": "after"}
long|create apple --yes --no-wait|none|0||1|{$page: $asks, "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{$page: $asks, "status": 403, "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{"kind": "edit", "match": $asks, "remove": ["/new_contract"]}
long|create apple --yes --no-wait|none|0||1|{"kind": "edit", "match": $asks, "set": {"/new_contract": null, "/success": false}}
quick|create apple --yes --no-wait|none|0||1|{"kind": "stopped", "match": $asks}
quick|create apple --yes --no-wait|none|0||1|[{"kind": "stopped", "match": $asks}, {"kind": "taken", "match": $change}]
quick|create apple --yes --no-wait|none|0|capacity|1|{"kind": "price", "match": $asks, "factor": 9}
quick|create apple --yes --no-wait|none|0||1|{"kind": "unlisted", "match": $asks, "ms": 1500}
quick|create apple --yes --no-wait|none|0||1|[{"kind": "drop", "match": $asks, "when": "after"}, {"kind": "unlisted", "match": $asks, "ms": 1500}]
quick|create apple --yes --no-wait|none|0||1|{$says: $key, "status": 500, "times": -1}
long|create apple --yes --no-wait|none|0||1|{$says: $key, "status": 404, $nobody, "times": -1}
long|create apple --yes --no-wait|none|0|capacity,transient|1|{"kind": "drop", "match": $asks, "when": "before"}
long|create apple --yes --no-wait|none|0|capacity,transient|1|{$says: $asks, "status": 500}
long|create apple --yes --no-wait|none|0|capacity,transient|1|{$page: $asks, "status": 403}
long|create apple --yes --no-wait|none|0||1|{"kind": "hang", "match": $key}
END

### Changes

for verb in stop restart terminate 'rename apple basil'; do
    case $verb in
    restart) what=$change late=7 doubt=ambiguous ;;
    terminate) what=$delete late=0 doubt= ;;
    *) what=$change late=0 doubt= ;;
    esac
    case $verb in
    rename*) verb="$verb --yes" ;;
    restart) verb="restart apple --yes --no-wait" ;;
    *) verb="$verb apple --yes" ;;
    esac
    left=1 quick=quick
    case $verb in
    terminate*) left=0 ;;
    restart* | rename*) quick=long ;;
    esac
    rows_of <<END
$quick|$verb|running|6|auth|1|{$says: $what, "status": 404, $auth, "times": -1}
long|$verb|running|6|auth|1|{$says: $what, "status": 401, "times": -1}
$quick|$verb|running|6|auth|1|{$says: $what, "status": 403, "times": -1}
long|$verb|running|1|invalid|1|{$says: $what, "status": 409, "times": -1}
$quick|$verb|running|1|invalid|1|{$says: $what, "status": 422, "times": -1}
long|$verb|running|7|internal|1|{$page: $what, "status": 404, "times": -1}
$quick|$verb|running|0||$left|{$says: $what, "status": 429}
quick|$verb|running|$late|$doubt|-|{$says: $what, "status": 500}
long|$verb|running|$late|$doubt|-|{$page: $what}
$quick|$verb|running|$late|$doubt|-|{"kind": "drop", "match": $what, "when": "after"}
long|$verb|running|$late|$doubt|-|{"kind": "reset", "match": $what}
long|$verb|running|$late|$doubt|-|{"kind": "truncate", "match": $what}
END
done
rows_of <<END
quick|stop apple --yes|running|1|not_found|1|{$says: $change, "status": 404, $nobody, "times": -1}
quick|start apple --yes --no-wait|stopped|5|capacity|1|{"kind": "taken", "match": $change}
quick|start apple --yes --no-wait|stopped|5|quota|1|{$says: $change, "status": 400, "body": {"error": "missing_billing", "msg": "You lack credit"}, "times": -1}
long|start apple --yes --no-wait|stopped|0||1|{$says: $change, "status": 500}
quick|terminate apple --yes|running|0||0|{"kind": "linger", "match": $delete, "ms": 1500}
long|terminate apple --yes|running|0||0|{$says: $one, "status": 500}
quick|terminate apple --yes|running|7|internal|0|{"kind": "edit", "match": $one, "remove": ["/instances"], "times": -1}
END

# Already gone is terminated well.
reset_to running
sim_fault "{\"kind\": \"status\", \"status\": 404, $nobody, \"match\": $delete,
    \"when\": \"after\"}"
succeeds fleet terminate apple --yes
equal 'gone' 0 "$(machines arena-apple)"

### Nobody there at all

(
    export VAST_API_URL=http://127.0.0.1:1
    fails_with 7 fleet list --json
    equal 'code' transient "$(codes)"
    equal 'not complete' false "$(json .complete || :)"
)

### A name that Vast does not know

reset_to none
(
    export GPU_TYPE='RTX 3900'
    sim_forget
    fails_with 5 fleet create apple --yes --no-wait --json
    says 'did you mean'
    equal 'one search more' 2 "$(sim_count POST /api/v0/bundles/)"
)

equal 'nobody else was touched' "$before" "$(strangers)"
say "$rows rows"
