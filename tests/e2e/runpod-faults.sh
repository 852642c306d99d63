#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Whatever the fake RunPod answers: the right error, the right status, no pod
# too many, none lost, and nobody else's touched. With FLEET_TEST_LONG also what
# takes its time: faults that stay, and answers that are lost for good.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"

sim_start runpod --ready 0 --ssh 0 --no-ssh
sim_set '{"values": {"page_max": 2}}'
sim_cohort runpod 5
cat >>"$FLEET_CONFIG" <<END
GPU_TYPE="RTX A4000"
MAX_PRICE=0.40
END
for name in arena spring-apple arena2-apple spring-apple; do
    sim_seed "{\"name\": \"$name\"}" >/dev/null
done
. "$srcdir/tests/e2e/faults.sh"

says='"kind": "status", "match"'
page='"kind": "html", "match"'
list='"GET /v2/pods?"'
next='"GET /v2/pods?limit=1000&cursor="'
gpus='"GET /v2/catalog/gpus"'
asks='"POST /v2/pods$"'
act='"POST /v2/pods/*/action"'
patch='"PATCH /v2/pods/"'
delete='"DELETE /v2/pods/"'
full='"body": {"title": "Bad Request", "status": 400, "detail": "There are no longer any instances available with the requested specifications."}'
scope='"body": {"title": "Forbidden", "status": 403, "detail": "access denied"}'
front='"body": "error code: 1010"'

### Listing: failed is never empty

rows_of <<END
quick|list|running|0||1|{$says: $list, "status": 500}
long|list|running|0||1|{$page: $list}
quick|list|running|0||1|{$says: $list, "status": 429, "headers": {"Retry-After": "1"}}
long|list|running|0||1|{$says: $list, "status": 429}
quick|list|running|0||1|{"kind": "drop", "match": $list}
long|list|running|0||1|{"kind": "reset", "match": $list}
quick|list|running|0||1|{"kind": "truncate", "match": $list}
long|list|running|0||1|{"kind": "drip", "match": $list, "ms": 5}
quick|list|running|0||1|{"kind": "edit", "match": $list, "set": {"/pods/*/cost": "0.5", "/pods/*/env": null, "/pods/*/ssh": 7, "/pods/*/gpu": []}}
quick|list|running|6|auth|1|{$says: $list, "status": 401, "body": "no", "times": -1}
quick|list|running|6|auth|1|{$says: $list, "status": 403, $scope, "times": -1}
quick|list|running|7|internal|1|{$says: $list, "status": 403, $front, "times": -1}
quick|list|running|7|not_found|1|{$says: $list, "status": 404, "times": -1}
long|list|running|7|conflict|1|{$says: $list, "status": 409, "times": -1}
quick|list|running|7|unsupported|1|{$says: $list, "status": 410, "times": -1}
long|list|running|7|invalid|1|{$says: $list, "status": 422, "times": -1}
quick|list|running|7|rate_limited|1|{$says: $list, "status": 429, "headers": {"Retry-After": "3600"}, "times": -1}
long|list|running|7|rate_limited|1|{$says: $list, "status": 429, "times": -1}
long|list|running|7|transient|1|{$says: $list, "status": 500, "times": -1}
long|list|running|7|transient|1|{$page: $list, "times": -1}
long|list|running|7|transient|1|{"kind": "drop", "match": $list, "times": -1}
long|list|running|7|transient|1|{"kind": "truncate", "match": $list, "times": -1}
quick|list|running|7|internal|1|{$page: $list, "status": 200, "times": -1}
quick|list|running|7|internal|1|{$says: $list, "status": 301, "headers": {"Location": "http://127.0.0.1:1/"}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "remove": ["/pods"], "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/pods": null}, "times": -1}
long|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/pods": {}}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/pods/0": null}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/pods/*/id": 7}, "times": -1}
quick|list|running|7|internal|1|{"kind": "edit", "match": $list, "set": {"/pagination/hasNextPage": true, "/pagination/nextCursor": null}, "times": -1}
quick|list|running|6|auth|1|{$says: $next, "status": 401, "times": -1}
quick|list|running|7|unsupported|1|{$says: $next, "status": 410, "times": -1}
long|list|running|7|transient|1|{$says: $next, "status": 500, "times": -1}
quick|create apple --yes --no-wait|none|7|unsupported|0|{$says: $next, "status": 410, "times": -1}
quick|create apple --yes --no-wait|none|7|internal|0|{"kind": "edit", "match": $list, "set": {"/pods": null}, "times": -1}
END

### The catalogue

rows_of <<END
quick|offers|none|0||0|{$says: $gpus, "status": 500}
long|offers|none|0||0|{"kind": "drop", "match": $gpus}
quick|offers|none|6|auth|0|{$says: $gpus, "status": 401, "times": -1}
quick|offers|none|7|internal|0|{"kind": "edit", "match": $gpus, "remove": ["/gpus"], "times": -1}
long|offers|none|7|internal|0|{"kind": "edit", "match": $gpus, "set": {"/gpus": {}}, "times": -1}
quick|create apple --yes --no-wait|none|7|internal|0|{"kind": "edit", "match": $gpus, "set": {"/gpus": null}, "times": -1}
quick|create apple --yes --no-wait|none|5|capacity|0|{"kind": "edit", "match": $gpus, "set": {"/gpus": []}, "times": -1}
END

### Create: one, or none, whatever the answer was

rows_of <<END
quick|create apple --yes --no-wait|none|6|auth|0|{$says: $asks, "status": 401, "times": -1}
quick|create apple --yes --no-wait|none|6|auth|0|{$says: $asks, "status": 403, $scope, "times": -1}
quick|create apple --yes --no-wait|none|0|auth|1|{"kind": "pool", "match": $asks}
quick|create apple --yes --no-wait|none|0|capacity|1|{$says: $asks, "status": 400, $full}
quick|create apple --yes --no-wait|none|5|capacity|0|{$says: $asks, "status": 400, $full, "times": -1}
quick|create apple --yes --no-wait|none|5|quota|0|{$says: $asks, "status": 402, "times": -1}
quick|create apple --yes --no-wait|none|1|invalid|0|{$says: $asks, "status": 422, "body": {"title": "x", "status": 422, "detail": "Unknown GPU type: X"}, "times": -1}
long|create apple --yes --no-wait|none|1|conflict|0|{$says: $asks, "status": 409, "times": -1}
long|create apple --yes --no-wait|none|1|not_found|0|{$says: $asks, "status": 404, "times": -1}
quick|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 429, "headers": {"Retry-After": "0"}}
quick|create apple --yes --no-wait|none|0||1|{"kind": "drop", "match": $asks, "when": "after"}
long|create apple --yes --no-wait|none|0||1|{"kind": "reset", "match": $asks, "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{"kind": "truncate", "match": $asks, "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 500, "when": "after"}
long|create apple --yes --no-wait|none|0||1|{$page: $asks, "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 201, "body": "thanks", "when": "after"}
quick|create apple --yes --no-wait|none|0||1|{"kind": "edit", "match": $asks, "remove": ["/id"]}
long|create apple --yes --no-wait|none|0||1|{"kind": "edit", "match": $asks, "set": {"/id": null, "/status": []}}
quick|create apple --yes --no-wait|none|0|capacity|1|{"kind": "price", "match": $asks, "factor": 9}
quick|create apple --yes --no-wait|none|0||1|{"kind": "unlisted", "match": $asks, "ms": 1500}
quick|create apple --yes --no-wait|none|0||1|[{"kind": "drop", "match": $asks, "when": "after"}, {"kind": "unlisted", "match": $asks, "ms": 1500}]
long|create apple --yes --no-wait|none|0||1|{"kind": "drop", "match": $asks, "when": "before"}
long|create apple --yes --no-wait|none|0||1|{$says: $asks, "status": 500}
long|create apple --yes --no-wait|none|0||1|{$page: $asks}
END

### Changes

for verb in stop restart terminate 'rename apple basil'; do
    left=1 late=0 doubt='' what=$act quick=quick
    case $verb in
    restart)
        late=7 doubt=ambiguous
        verb="restart apple --yes --no-wait --wipe-ok"
        ;;
    terminate)
        left=0 what=$delete
        verb="terminate apple --yes"
        ;;
    rename*)
        what=$patch quick=long
        verb="$verb --yes"
        ;;
    *) verb="$verb apple --yes --wipe-ok" ;;
    esac
    rows_of <<END
$quick|$verb|running|6|auth|1|{$says: $what, "status": 401, "times": -1}
long|$verb|running|6|auth|1|{$says: $what, "status": 403, $scope, "times": -1}
$quick|$verb|running|4|locked|1|{$says: $what, "status": 400, "body": {"title": "x", "status": 400, "detail": "Pod is locked"}, "times": -1}
$quick|$verb|running|1|invalid|1|{$says: $what, "status": 422, "times": -1}
long|$verb|running|1|unsupported|1|{$says: $what, "status": 410, "times": -1}
$quick|$verb|running|0||$left|{$says: $what, "status": 429, "headers": {"Retry-After": "0"}}
$quick|$verb|running|$late|$doubt|-|{$says: $what, "status": 500}
long|$verb|running|$late|$doubt|-|{$page: $what}
$quick|$verb|running|$late|$doubt|-|{"kind": "drop", "match": $what, "when": "after"}
long|$verb|running|$late|$doubt|-|{"kind": "reset", "match": $what}
END
done
rows_of <<END
quick|stop apple --yes --wipe-ok|running|1|not_found|1|{$says: $act, "status": 404, "times": -1}
quick|start apple --yes --no-wait|stopped|5|capacity|1|{"kind": "host-full", "match": $act}
quick|start apple --yes --no-wait|stopped|5|capacity|1|{"kind": "zero-gpu", "match": $act}
long|start apple --yes --no-wait|stopped|0||1|{$says: $act, "status": 500}
quick|rename apple basil --yes|running|7|internal|-|{"kind": "edit", "match": $patch, "set": {"/name": "else"}}
quick|terminate apple --yes|running|0||0|{"kind": "linger", "match": $delete, "ms": 1500}
quick|terminate apple --yes|running|0||0|{$says: $delete, "status": 404, "when": "after"}
quick|lock apple --yes|running|7|internal|-|{"kind": "edit", "match": $patch, "set": {"/locked": false}}
END
succeeds fleet unlock apple --yes

### Nobody there at all, and nobody who speaks TLS

(
    export RUNPOD_API_URL=http://127.0.0.1:1
    fails_with 7 fleet list --json
    equal 'code' transient "$(codes)"
    RUNPOD_API_URL=https://127.0.0.1:${sim_url##*:}
    fails_with 7 fleet list --json
    equal 'code' transient "$(codes)"
)

equal 'nobody else was touched' "$before" "$(strangers)"
say "$rows rows"
