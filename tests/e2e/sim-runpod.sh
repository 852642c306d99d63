#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The fake RunPod asks for what the real one asks for, and answers in the same
# words and shapes.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
key_pair
sim_start runpod --ready 300 --ssh 200
sim_key=$RUNPOD_API_KEY
public=$(cat "$work/key.pub")

# pod_body NAME FILTER: a create that is in order, and what jq makes of it.
pod_body()
{
    jq -nc --arg name "$1" --arg key "$public" '{$name, image: "example/env:1",
        cloud: "COMMUNITY", gpu: {id: "NVIDIA RTX A4000", count: 1}, disk: 40,
        ports: ["8888/http", "22/tcp"],
        env: {MACHINE_NAME: $name, PUBLIC_KEY: $key}}' | jq -c "${2:-.}"
}

# violates MESSAGE METHOD PATH JSON: 422, and the message is among the errors.
violates()
{
    violation=$1
    shift
    answers 422 "$@"
    answer '.errors[]' | grep -qxF -e "$violation" ||
        fail "no '$violation' in $(cat "$work/answer")"
}

is_pod()
{
    [ "$(api GET "/v2/pods/$1")" = 200 ] &&
        jq -e "$2" "$work/answer" >"$work/found"
}

### Who may ask

sim_key=wrong answers 401 GET /v2/pods
grep -q '{' "$work/answer" && fail 'JSON, where bare text is expected'
equal 'without a key' 401 "$(curl -s -o /dev/null -w '%{http_code}' \
    "$sim_url/v2/pods")"
answers 403 GET /v2/pods '' -A ''
grep -q 'error code: 1010' "$work/answer" || fail 'not the front that refuses'
answers 404 GET /v2/nothing
equal 'kind of error' application/problem+json \
    "$(sed -n 's/^Content-Type: \([^;]*\).*/\1/p' "$work/headers" | tr -d '\r')"
grep -qi '^x-request-id: ..*' "$work/headers" || fail 'no x-request-id'
answers 405 PUT /v2/pods
grep -qi '^allow: GET, POST' "$work/headers" || fail 'no Allow'
answers 404 DELETE /v2/pods/
answers 410 GET /v1/pods

### What a request has to look like

violates "$: missing property 'name'" POST /v2/pods "$(pod_body a 'del(.name)')"
violates "$: missing property 'image'" POST /v2/pods \
    "$(pod_body a 'del(.image)')"
violates "$: additional properties 'locked' not allowed" POST /v2/pods \
    "$(pod_body a '.locked = true')"
violates "$.gpu: additional properties 'ids' not allowed" POST /v2/pods \
    "$(pod_body a '.gpu.ids = []')"
violates "$.gpu: missing property 'id'" POST /v2/pods \
    "$(pod_body a 'del(.gpu.id)')"
violates "$.cloud: value must be one of 'SECURE', 'COMMUNITY'" POST /v2/pods \
    "$(pod_body a '.cloud = "ALL"')"
violates "$.disk: got string, want integer" POST /v2/pods \
    "$(pod_body a '.disk = "40"')"
violates "$.env.N: got number, want string" POST /v2/pods \
    "$(pod_body a '.env.N = 1')"
violates "$.gpu.count: minimum: got 0, want 1" POST /v2/pods \
    "$(pod_body a '.gpu.count = 0')"
violates "$.mounts.persistent: missing property 'path'" POST /v2/pods \
    "$(pod_body a '.mounts.persistent.size = 20')"
answers 400 POST /v2/pods '{"name":'
answers 400 POST /v2/pods "$(pod_body a 'del(.disk)')"
answers 400 POST /v2/pods "$(pod_body a 'del(.gpu)')"
answers 400 POST /v2/pods "$(pod_body a '.gpu += {minCudaVersion: "12.8",
    allowedCudaVersions: ["12.8"]}')"
answers 400 POST /v2/pods "$(pod_body a '.mounts = {persistent: {size: 10,
    path: "/a"}, network: [{volumeId: "v", path: "/b"}]}')"
answers 404 POST /v2/pods "$(pod_body a '.templateId = "none"')"
answers 413 POST /v2/pods "$(pod_body a '.args = "x" * 110000')"
answers 422 POST /v2/pods "$(pod_body a '.gpu.id = "NVIDIA NO SUCH THING"')"
equal 'told which' 'Unknown GPU type: NVIDIA NO SUCH THING' "$(answer .detail)"
same_shape 'unknown GPU' runpod/create-unknown-gpu.json

# Nothing of all that has made a pod.
equal 'no pods' 0 "$(sim_machines '.machines | length')"

### Stock

answers 400 POST /v2/pods "$(pod_body a '.gpu.id = "NVIDIA GeForce RTX 3080"')"
answer .detail | grep -q 'no longer any instances' || fail 'no capacity text'
answers 400 POST /v2/pods "$(pod_body a '.gpu.count = 9')"
answers 400 POST /v2/pods "$(pod_body a '.gpu.minCudaVersion = "13.9"')"
answers 400 POST /v2/pods "$(pod_body a '.cloud = "SECURE" |
    .dataCenterIds = ["XX-1"]')"
sim_set '{"values": {"balance": 0}}'
answers 402 POST /v2/pods "$(pod_body a)"
sim_set '{"values": {"balance": 20.5}}'
answers 200 GET /v2/billing/balance
equal 'balance' 20.5 "$(answer .balanceAmount)"
sim_set '{"values": {"balance_status": 404}}'
answers 404 GET /v2/billing/balance
answers 200 POST /graphql \
    '{"query": "query { myself { clientBalance currentSpendPerHr } }"}'
equal 'by GraphQL' 20.5 "$(answer .data.myself.clientBalance)"
answers 200 POST /graphql '{"query": "query { nonsense }"}'
equal 'an error with status 200' null "$(answer .data)"

answers 200 GET '/v2/catalog/gpus?include=AVAILABILITY&product=POD&cloud=COMMUNITY&minCudaVersion=13'
same_shape catalogue runpod/catalog-community.json
equal 'one that is no GPU' 0 "$(answer '.gpus[] | select(.id == "unknown") |
    .memory')"
answers 400 GET '/v2/catalog/gpus?include=AVAILABILITY'
answers 400 GET '/v2/catalog/gpus?cloud=SECURE'
answers 422 GET '/v2/catalog/gpus?include=AVAILABILITY&product=POD&cloud=ALL'
answers 200 GET /v2/catalog/gpus/NVIDIA%20RTX%20A4000
equal 'by its id' 'RTX A4000' "$(answer .name)"
answers 200 GET '/v2/catalog/datacenters?regions=EUROPE&include=GPU_AVAILABILITY'
equal 'regions' EUROPE "$(answer '[.dataCenters[].region] | unique[]')"

### A pod from begin to end

sim_set '{"ssh_ms": 3000}'
answers 201 POST /v2/pods "$(pod_body course-apple)"
id=$(answer .id)
equal 'length of an id' 14 "${#id}"
same_shape create runpod/create.json
equal 'environment in clear' course-apple "$(answer .env.MACHINE_NAME)"
wait_for 10 is_pod "$id" '.status == "RUNNING"'
equal 'running, and not to be reached yet' null "$(answer .ssh.direct)"
sim_set '{"ssh_ms": 200}'
wait_for 10 is_pod "$id" '.ssh.direct != null'
same_shape 'get' runpod/get-running.json
equal 'price of the pod' 0.17 "$(answer .cost)"
equal 'a port that nobody asked for' http \
    "$(answer '.runtime.ports[] | select(.private == 19123) | .type')"
port=$(answer .ssh.direct.port)

# log_in PORT COMMAND...
log_in()
{
    at=$1
    shift
    ssh -F none -i "$work/key" -p "$at" -o BatchMode=yes \
        -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        "$(answer .ssh.direct.username)@127.0.0.1" "$@" 7>&-
}
# shellcheck disable=SC2016
equal 'login' course-apple "$(log_in "$port" 'touch mark; echo $MACHINE_NAME')"

answers 200 GET /v2/pods
same_shape 'list' runpod/list-one.json
answers 200 PATCH "/v2/pods/$id" '{"locked": true}'
same_shape 'lock' runpod/patch-lock.json
for action in stop restart terminate; do
    answers 400 POST "/v2/pods/$id/action" "{\"action\": \"$action\"}"
    equal 'why' 'Pod is locked' "$(answer .detail)"
done
answers 400 DELETE "/v2/pods/$id"
answers 200 PATCH "/v2/pods/$id" '{"locked": false}'
answers 200 PATCH "/v2/pods/$id" '{"name": "course-arrow"}'
same_shape 'rename' runpod/patch-name.json
equal 'renamed' course-arrow "$(answer .name)"
check 'still there after a rename' log_in "$port" test -e mark
answers 422 PATCH "/v2/pods/$id" '{"gpu": {"id": "NVIDIA L4"}}'
answers 422 POST "/v2/pods/$id/action" '{"action": "reset"}'
answers 409 POST "/v2/pods/$id/action" '{"action": "start"}'

# Whatever resets the container loses its disk, and gets another port.
answers 200 POST "/v2/pods/$id/action" '{"action": "restart"}'
wait_for 20 is_pod "$id" '.ssh.direct != null'
check_not 'the disk is lost' log_in "$(answer .ssh.direct.port)" test -e mark
answers 200 PATCH "/v2/pods/$id" '{"args": "sleep"}'
wait_for 20 is_pod "$id" '.ssh.direct != null'
answers 200 POST "/v2/pods/$id/action" '{"action": "stop"}'
equal 'stopped' EXITED "$(answer .status)"
equal 'and it may be started or ended' '["start","terminate"]' \
    "$(answer '.actions | tojson')"
answers 409 POST "/v2/pods/$id/action" '{"action": "stop"}'
sim_fault '{"kind": "host-full"}'
answers 400 POST "/v2/pods/$id/action" '{"action": "start"}'
answer .detail | grep -q 'not enough free GPUs' || fail 'why not'
sim_fault '{"kind": "zero-gpu"}'
answers 200 POST "/v2/pods/$id/action" '{"action": "start"}'
equal 'without a GPU' 0 "$(answer .gpu.count)"
answers 204 DELETE "/v2/pods/$id"
answers 404 GET "/v2/pods/$id"
answers 404 DELETE "/v2/pods/$id"
answers 200 GET /v2/pods
equal 'gone from the list' 0 "$(answer '.pods | length')"
no_sshd()
{
    equal sshd 0 "$(sim_machines '[.machines[] | select(.sshd)] | length')"
}
wait_for 10 no_sshd

### Account keys

answers 422 PUT /v2/account/ssh-keys '{"keys": ["nonsense"]}'
answers 200 PUT /v2/account/ssh-keys "$(jq -nc --arg k "$public" '{keys: [$k]}')"
answers 201 POST /v2/pods "$(pod_body a 'del(.env) | .startSsh = true')"
id=$(answer .id)
wait_for 20 is_pod "$id" '.ssh.direct != null'
check 'with the keys of the account' log_in "$(answer .ssh.direct.port)" true
answers 204 POST "/v2/pods/$id/action" '{"action": "terminate"}'

### Pages

for i in 1 2 3 4 5; do
    sim_seed "{\"name\": \"p$i\"}" >/dev/null
done
cursor='' names=
while :; do
    answers 200 GET "/v2/pods?limit=2&filter=ignored$cursor"
    names="$names$(answer '[.pods[].name] | join(" ")')|"
    [ "$(answer .pagination.hasNextPage)" = true ] || break
    cursor="&cursor=$(answer '.pagination.nextCursor | @uri')"
done
equal 'newest first' 'p5 p4|p3 p2|p1|' "$names"
answers 422 GET '/v2/pods?limit=0'
answers 422 GET '/v2/pods?limit=1001'
answers 422 GET '/v2/pods?cursor=nonsense'
sim_set '{"values": {"page_max": 1}}'
answers 200 GET /v2/pods
equal 'a short page that is not the last' '1 true' \
    "$(answer '"\(.pods | length) \(.pagination.hasNextPage)"')"

### Rate

sim_set '{"rate": 3}'
last=
for i in 1 2 3 4 5 6; do
    last=$(api GET /v2/catalog/gpus)
    [ "$last" = 200 ] || break
    grep -qi '^RateLimit: "minute";r=[0-9]*;t=[0-9]*' "$work/headers" ||
        fail 'no RateLimit'
    grep -qi '^RateLimit-Policy: "minute";q=3;w=60' "$work/headers" ||
        fail 'no RateLimit-Policy'
done
equal 'over the limit' 429 "$last"
grep -qi '^Retry-After: [0-9]' "$work/headers" || fail 'no Retry-After'

sim_stop
