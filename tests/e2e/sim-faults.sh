#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A fake cloud goes wrong as it is told to, counts what it is asked, and leaves
# nothing behind.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
key_pair
sim_start runpod --ready 0 --ssh 0
sim_key=$RUNPOD_API_KEY
create=$(jq -nc --arg key "$(cat "$work/key.pub")" '{name: "a", image: "i",
    gpu: {id: "NVIDIA RTX A4000"}, disk: 1, ports: ["22/tcp"],
    env: {PUBLIC_KEY: $key}}')

count()
{
    sim_machines '[.machines[] | select(.state != "gone")] | length'
}

# curl_says STATUS: of curl, for the last answer that did not come.
curl_says()
{
    grep -q "^curl: ($1)" "$work/curl.err" || fail "$(cat "$work/curl.err")"
}

### Answers

sim_fault '{"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}'
answers 429 GET /v2/pods
grep -q '^Retry-After: 7' "$work/headers" || fail 'no header'
equal 'in the words of the provider' 429 "$(answer .status)"
answers 200 GET /v2/pods
sim_fault '{"kind": "status", "status": 500, "body": {"a": 1}, "times": 2}'
answers 500 GET /v2/pods
equal 'body' '{"a":1}' "$(cat "$work/answer")"
answers 500 GET /v2/pods
answers 200 GET /v2/pods
sim_fault '{"kind": "status", "status": 503, "body": "text", "skip": 1}'
answers 200 GET /v2/pods
answers 503 GET /v2/pods
equal 'text' text "$(cat "$work/answer")"
sim_fault '{"kind": "html"}'
answers 502 GET /v2/pods
grep -q '<html>' "$work/answer" || fail 'no HTML'

# A recorded answer, whatever was asked.
sim_fault "$(jq -c '{kind: "status", match: "GET *", status, body}' \
    "$srcdir/tests/data/runpod/get-running.json")"
answers 200 GET /v2/pods/k3v9q0w7b2m5xt
same_shape 'replayed' runpod/get-running.json

### Only where it is meant

sim_fault '[{"kind": "drop", "match": "POST /v2/pods$", "times": -1},
    {"kind": "html", "match": "GET /v2/pods?cursor=", "times": -1}]'
answers 200 GET /v2/pods
answers 404 POST /v2/pods/none/action '{"action": "stop"}'
answers 000 POST /v2/pods "$create"
answers 000 POST /v2/pods "$create"
answers 502 GET '/v2/pods?cursor=x'
sim_no_faults
equal 'none made' 0 "$(count)"

### Before and after the work

for kind in drop reset status hang; do
    sim_fault "{\"kind\": \"$kind\", \"when\": \"before\"}"
    api POST /v2/pods "$create" -m 1 >/dev/null
    equal "$kind: none made" 0 "$(count)"
    sim_fault "{\"kind\": \"$kind\", \"when\": \"after\"}"
    api POST /v2/pods "$create" -m 1 >/dev/null
    equal "$kind: one made" 1 "$(count)"
    sim_change "$(sim_machines '.machines[-1].id')" '{"state": "gone"}'
done
sim_fault '{"kind": "drop"}'
answers 000 GET /v2/pods
curl_says 52
sim_fault '{"kind": "reset"}'
answers 000 GET /v2/pods
curl_says 56
sim_fault '{"kind": "truncate", "bytes": 5}'
api GET /v2/pods >/dev/null
curl_says 18
equal 'cut short' '{"pod' "$(cat "$work/answer")"
sim_fault '{"kind": "drip", "ms": 10, "bytes": 4}'
answers 200 GET /v2/pods
equal 'whole at last' 0 "$(answer '.pods | length')"
sim_fault '{"kind": "slow", "ms": 300}'
answers 200 GET /v2/pods
equal 'slow' true "$(sim_log '.requests[-1].took_ms >= 300')"

### Wrong types, and what the model of machines does

id=$(sim_seed '{"name": "theirs", "locked": true}')
sim_fault '{"kind": "edit", "set": {"/pods/*/cost": "0.5", "/pods/0/id": null},
    "remove": ["/pods/0/env"]}'
answers 200 GET /v2/pods
equal 'edited' '["0.5",null,null]' "$(answer '.pods[0] | [.cost, .id, .env] |
    tojson')"
answers 200 GET /v2/pods
equal 'the truth' true "$(answer '.pods[0].locked')"
sim_change "$id" '{"state": "gone"}'

sim_fault '{"kind": "capacity", "only": "NVIDIA RTX A4000", "times": 2}'
answers 400 POST /v2/pods "$create"
answers 201 POST /v2/pods "$(printf '%s' "$create" | sed 's/A4000/A5000/')"
sim_change "$(answer .id)" '{"state": "gone"}'
answers 400 POST /v2/pods "$create"
sim_fault '{"kind": "price", "factor": 4}'
answers 201 POST /v2/pods "$create"
equal 'dearer than quoted' 1 "$(answer .cost)"
id=$(answer .id)
reachable()
{
    [ "$(api GET "/v2/pods/$1")" = 200 ] && [ "$(answer .ssh.direct)" != null ]
}
wait_for 20 reachable "$id"
port=$(answer .ssh.direct.port)
host_key=$(sim_machines '.machines[-1].host_key')
sim_fault '{"kind": "recycle"}'
answers 204 DELETE "/v2/pods/$id"
answers 201 POST /v2/pods "$create"
id=$(answer .id)
wait_for 20 reachable "$id"
equal 'the address of another' "$port" "$(answer .ssh.direct.port)"
check 'is another machine' test "$host_key" != \
    "$(sim_machines '.machines[-1].host_key')"

# Running, and nobody answers.
sim_change "$id" '{"sshd": false}'
down()
{
    ! ssh-keyscan -T 1 -p "$port" 127.0.0.1 2>/dev/null | grep -q .
}
wait_for 10 down
answers 200 GET "/v2/pods/$id"
equal 'it says' RUNNING "$(answer .status)"
sim_change "$id" '{"state": "failed"}'
answers 200 GET "/v2/pods/$id"
equal 'it failed' ERROR "$(answer .status)"

sim_fault '[{"kind": "unlisted", "lists": 2}, {"kind": "no-address"}]'
answers 201 POST /v2/pods "$create"
id=$(answer .id)
for seen in false false true; do
    answers 200 GET /v2/pods
    equal "listed: $seen" "$seen" "$(answer "any(.pods[]; .id == \"$id\")")"
done
sim_fault '{"kind": "linger", "ms": 60000}'
answers 204 DELETE "/v2/pods/$id"
answers 200 GET "/v2/pods/$id"
equal 'not gone yet' TERMINATED "$(answer .status)"
sim_set '{"settle_ms": 60000}'
answers 201 POST /v2/pods "$create"
id=$(answer .id)
answers 200 GET "/v2/pods/$id"
answers 200 GET /v2/pods
equal 'settles later' false "$(answer "any(.pods[]; .id == \"$id\")")"

### The log

sim_forget
sim_set '{"latency_ms": 300}'
for i in 1 2 3; do
    curl -s -o /dev/null -A "test/$i" "$sim_url/v2/x?n=$i" 7>&- &
    clients="${clients-} $!"
done
# shellcheck disable=SC2086
wait $clients
equal 'at once' 3 "$(sim_log .max_concurrent)"
equal 'three' 3 "$(sim_log '.requests | length')"
equal 'with the query' '/v2/x?n=1 /v2/x?n=2 /v2/x?n=3' \
    "$(sim_log '[.requests[].path] | sort | join(" ")')"
sim_set '{"latency_ms": 0}'
equal 'no such control' 400 "$(curl -s -o /dev/null -w '%{http_code}' -d '{}' \
    "$sim_url/sim/fault")"

### Ends

sim_stop
check 'nothing is left' nothing_runs

# Started by somebody who is killed.
program=$builddir/tests/servers/sim/fleet-sim-runpod
mkfifo "$work/in"
(sleep 600 >"$work/in" 7>&-) &
parent=$!
export TMPDIR="$work/tmp"
mkdir "$TMPDIR"
"$program" --until-eof --key k <"$work/in" >"$work/env" 7>&- &
sim=$!
has_begun()
{
    [ "$(wc -l <"$work/env")" = 2 ]
}
wait_for 20 has_begun
sim_url=$(sed -n 's/^RUNPOD_API_URL=//p' "$work/env") sim_key=k
answers 201 POST /v2/pods "$create"
id=$(answer .id)
wait_for 20 reachable "$id"
# shellcheck disable=SC2046
kill -KILL "$parent" $(ps -o pid= --ppid "$parent")
check 'it ends with its parent' wait "$sim"
equal 'its directory is gone' '' "$(ls "$TMPDIR")"
check 'nothing is left' nothing_runs
fails_with 2 "$program" --pods x
fails_with 2 "$program" --nonsense
fails_with 2 "$program" word
succeeds "$program" --help
equal 'an example first' Example: "$(head -n 1 "$out")"
