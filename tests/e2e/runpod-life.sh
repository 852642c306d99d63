#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# RunPod from offers to the last pod gone, with what its API is known to do to
# those who trust it.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires ssh
sim_start runpod --ready 300 --ssh 100
sim_cohort runpod
echo 'GPU_TYPE="RTX A4000"' >>"$FLEET_CONFIG"
endpoint=$RUNPOD_API_URL key=$RUNPOD_API_KEY

# pods FILTER: of those that exist, by jq.
pods()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

id_of()
{
    pods ".[] | select(.name == \"$1\") | .id"
}

# bodies METHOD PATH: of such requests, one a line.
bodies()
{
    sim_log ".requests[] | select(.method == \"$1\" and .path == \"$2\") |
        .body | if type == \"string\" then . else tojson end"
}

### Who is asked

grep -v '^PROVIDERS=' "$FLEET_CONFIG" >"$work/bare.env"
succeeds fleet -c "$work/bare.env" list --json
equal 'a key is enough' runpod "$(json '[.providers[].name] | join(" ")')"
RUNPOD_API_KEY=wrong fails_with 6 fleet offers
says RUNPOD_API_KEY
RUNPOD_API_URL=$endpoint/v2/ succeeds fleet list
RUNPOD_API_URL=http://192.0.2.1 fails_with 2 fleet list
says 'loopback'
RUNPOD_API_URL=$endpoint/elsewhere fails_with 7 fleet list

### Offers

succeeds fleet offers --json
equal 'both clouds' 'COMMUNITY 0.17,SECURE 0.25' "$(json '[.options[] |
    select(.dropped == null) | "\(.tier) \(.price_per_hour)"] | join(",")')"
equal 'the rest says why not' true "$(json '[.options[] |
    select(.gpu != "NVIDIA RTX A4000") | .dropped != null] | all')"
NUM_GPUS=2 succeeds fleet offers --json
equal 'the price of the pod' 0.34 \
    "$(json '[.options[] | select(.dropped == null)][0].price_per_hour')"
CLOUD_TYPE=SECURE succeeds fleet offers --json
equal 'one cloud' SECURE \
    "$(json '[.options[] | select(.dropped == null) | .tier] | unique | .[]')"
GPU_TYPE=A400 fails_with 5 fleet create -n 1 --yes
says 'A4000'
VOLUME_GB=5 fails_with 2 fleet create -n 1 --yes
says '10 GB'
equal 'nothing was made' 0 "$(pods length)"

### Create

stranger=$(sim_seed '{"name": "physics-apple"}')
sim_forget
succeeds fleet create -n 3 --yes --json
equal 'made' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.created[].name] | sort | join(" ")')"
equal 'price' 0.17 "$(json '.created[0].price_per_hour')"
bodies POST /v2/pods >"$work/orders"
equal 'what a pod needs' '["cloud","disk","env","gpu","image","name","ports","startSsh"]' \
    "$(jq -sc '.[0] | keys' "$work/orders")"
equal 'its environment' '["FLEET_TOKEN","MACHINE_NAME","PUBLIC_KEY"]' \
    "$(jq -sc '.[0].env | keys' "$work/orders")"
equal 'by the id of the catalogue' '"NVIDIA RTX A4000"' \
    "$(jq -sc '.[0].gpu.id' "$work/orders")"
equal 'named' fleet/ "$(sim_log '[.requests[].agent[:6]] | unique | .[]')"
succeeds fleet create -n 3 --yes
says 'nothing to make'
succeeds fleet test all --only ssh,disk
equal 'its name' arena-apple "$(pod_ssh apple 'echo $MACHINE_NAME')"
succeeds fleet ssh-config
cp "$out" "$work/ssh_config"
equal 'through ssh-config' arena-arrow \
    "$(ssh -F "$work/ssh_config" arena-arrow 'echo $MACHINE_NAME')"
succeeds fleet list
says 'balance 42.50 USD'

sim_set '{"values": {"maintenance": {"start": "2026-12-01T10:00:00Z",
    "end": "2026-12-01T12:00:00Z", "note": "power"}}}'
succeeds fleet list --json
equal 'maintenance' 'maintenance of its host from 2026-12-01T10:00:00Z to 2026-12-01T12:00:00Z: power' \
    "$(json '.pods[0].note')"
succeeds fleet list
says 'apple: maintenance of its host'
sim_fault '{"kind": "status", "status": 410, "match": "POST /graphql", "times": -1}'
succeeds fleet list --json
equal 'GraphQL has gone, the list has not' null "$(jq '.pods[0].note' "$out")"
sim_no_faults
sim_set '{"values": {}}'

### Receipts and fallbacks

sim_fault '[{"kind": "capacity", "only": "NVIDIA RTX A4000", "times": 1}]'
succeeds fleet create badger --yes --json
equal 'the other cloud' SECURE "$(json '.created[0].tier')"
sim_fault '{"kind": "price", "factor": 20, "times": 1}'
MAX_PRICE=0.20 fails_with 5 fleet create bamboo --yes --json
equal 'it was given back' 0 "$(pods '[.[] |
    select(.name == "arena-bamboo")] | length')"
succeeds fleet terminate badger --yes

# A run that died before it could read the price: the next one says so.
sim_fault '[{"kind": "price", "factor": 20, "times": 1},
    {"kind": "hang", "match": "POST /v2/pods$", "when": "after"}]'
MAX_PRICE=0.40 fleet create cactus --yes >"$out" 2>"$err" &
wait_for 20 sh -c "fleet list --json | jq -e '.pods[] |
    select(.short == \"cactus\")'"
kill -KILL $!
wait $! || :
sim_no_faults
MAX_PRICE=0.40 succeeds fleet create cactus --yes
says 'adopted'
says 'above MAX_PRICE'
succeeds fleet terminate cactus --yes

### A life

succeeds fleet rename apple banjo --yes
equal 'renamed' arena-banjo "$(sim_machines ".machines[] |
    select(.id == \"$(id_of arena-banjo)\") | .name")"
equal 'without a restart' '{"name":"arena-banjo"}' \
    "$(sim_log '[.requests[] | select(.method == "PATCH")][-1].body |
        if type == "string" then . else tojson end')"
succeeds fleet lock banjo --yes
fails_with 4 fleet stop banjo --yes --wipe-ok
succeeds fleet unlock banjo --yes
before=$(fleet list --json | jq '.pods[] | select(.short == "banjo") | .ssh.port')
fails_with 4 fleet restart banjo --yes
says wipe-ok
succeeds fleet restart banjo --yes --wipe-ok
after=$(fleet list --json | jq '.pods[] | select(.short == "banjo") | .ssh.port')
check 'it came back elsewhere' test "$before" != "$after"
succeeds fleet test banjo --only ssh
succeeds fleet stop banjo --yes --wipe-ok
succeeds fleet list --json
equal 'stopped costs no compute' '0.34' "$(json '.price_per_hour.USD')"
succeeds fleet start banjo --yes
succeeds fleet test banjo --only ssh
sim_fault '{"kind": "zero-gpu", "times": 1}'
succeeds fleet stop banjo --yes --wipe-ok
fails_with 5 fleet start banjo --yes
says 'without a GPU'

# Somebody at the console was faster.
sim_change "$(id_of arena-arrow)" '{"state": "gone"}'
fails_with 1 fleet terminate arrow --yes
says "no longer at runpod"
succeeds fleet terminate all --yes
equal 'all gone' "$stranger" "$(pods '[.[].id] | join(" ")')"
RUNPOD_API_KEY=$key succeeds fleet list
