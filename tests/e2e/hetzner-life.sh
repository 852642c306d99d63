#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Hetzner Cloud from offers to the last server gone, with what its API is known
# to do to those who trust it.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires ssh
sim_start hetzner --ready 400 --ssh 50
sim_cohort hetzner
endpoint=$HCLOUD_ENDPOINT token=$HCLOUD_TOKEN

# bodies METHOD PATH: the bodies of such requests, one a line.
bodies()
{
    sim_log ".requests[] | select(.method == \"$1\" and
        (.path | sub(\"[?].*\"; \"\")) == \"$2\") | .body |
        if type == \"string\" then . else tojson end"
}

# servers FILTER: of those that exist, by jq.
servers()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

id_of()
{
    servers ".[] | select(.name == \"$1\") | .id"
}

# offered: "type@region stock" in order.
offered()
{
    json '[.options[] | "\(.tier)@\(.region) \(.stock)"] | join(",")'
}

### Who is asked

grep -v '^PROVIDERS=' "$FLEET_CONFIG" >"$work/bare.env"
HCLOUD_TOKEN='' HETZNER_API_KEY=$token \
    succeeds fleet -c "$work/bare.env" list --json
equal 'a token is enough' hetzner "$(json '[.providers[].name] | join(" ")')"
HCLOUD_TOKEN=wrong fails_with 6 fleet offers
says HCLOUD_TOKEN
HCLOUD_ENDPOINT=${endpoint%/v1} succeeds fleet list
HCLOUD_ENDPOINT=${endpoint%/v1}/v7 fails_with 7 fleet list
says HCLOUD_ENDPOINT

### Offers

export HETZNER_SERVER_TYPE='cax21 cpx31@fsn1 ccx13@ash cx33@sin nope'
export HETZNER_LOCATION='nbg1 hel1'
sim_set '{"values": {"scarce": "cax21@hel1"}}'
succeeds fleet offers --json
equal 'what is there' 'ash high,fsn1 none,hel1 low,nbg1 high,sin none' \
    "$(json '[.options[] | "\(.region) \(.stock)"] | sort | join(",")')"
equal 'in the order that was given' nbg1,hel1,ash "$(json '[.options[] |
    select(.dropped == null) | .region] | join(",")')"
equal 'gross, with the address' 0.013328 \
    "$(json '.options[] | select(.region == "nbg1") | .price_per_hour')"
equal 'currency' EUR "$(json '.options[0].currency')"
equal 'said to be scarce and tried all the same' null \
    "$(jq '.options[] | select(.region == "hel1") | .dropped' "$out")"
HETZNER_PRICES=net succeeds fleet offers --json
equal 'net' 0.0112 \
    "$(json '.options[] | select(.region == "nbg1") | .price_per_hour')"
HETZNER_IPV4=no succeeds fleet offers --json
equal 'without the address' 0.012376 \
    "$(json '.options[] | select(.region == "nbg1") | .price_per_hour')"
succeeds fleet -v offers
says 'nope@nbg1 left out'
HETZNER_SERVER_TYPE=nope fails_with 2 fleet offers
says 'no such server type'
HETZNER_SERVER_TYPE=a/b fails_with 2 fleet offers
says HETZNER_SERVER_TYPE
GPU_TYPE=H100 fails_with 5 fleet create -n 1 --yes
says 'no GPUs'
NUM_GPUS=2 fails_with 5 fleet offers
GPU_TYPE=H100 NUM_GPUS=0 succeeds fleet offers
IMAGE=example/env:1 fails_with 2 fleet offers
says HETZNER_IMAGE
IMAGE=example/env:1 HETZNER_IMAGE=ubuntu-24.04 succeeds fleet offers
DISK_GB=5000 fails_with 2 fleet offers
CLOUD_TYPE=SECURE succeeds fleet offers
equal 'nothing was made' 0 "$(servers length)"
equal 'and nothing uploaded' 0 "$(sim_count POST /v1/ssh_keys)"

### Create

export HETZNER_SERVER_TYPE=cax21
sim_forget
succeeds fleet create -n 3 --yes --json
equal 'made' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.created[].name] | sort | join(" ")')"
equal 'price' 0.013328 "$(json '.created[0].price_per_hour')"
equal 'one upload for all' 1 "$(sim_count POST /v1/ssh_keys)"
bodies POST /v1/servers >"$work/orders"
equal 'the image of the architecture' 311547273 \
    "$(jq -s 'map(.image) | unique | .[]' "$work/orders")"
equal 'labels' '["fleet-name","fleet-token","managed-by"]' \
    "$(jq -sc '.[0].labels | keys' "$work/orders")"
check_not 'no private key' grep -q PRIVATE "$work/orders"
succeeds fleet test all
equal 'its name' arena-apple "$(pod_ssh apple 'echo $MACHINE_NAME')"
succeeds fleet ssh-config
cp "$out" "$work/ssh_config"
equal 'through ssh-config' arena-arrow \
    "$(ssh -F "$work/ssh_config" arena-arrow 'echo $MACHINE_NAME')"

# Another architecture, a named image, keys and a firewall of the project.
ssh-keygen -q -t ed25519 -N '' -C other -f "$work/other"
sim_key=$token
# shellcheck disable=SC2016
equal 'a key of somebody' 201 "$(api POST /v1/ssh_keys \
    "$(jq -nc --arg k "$(cat "$work/other.pub")" '{name: "mine", public_key: $k}')")"
sim_forget
HETZNER_SERVER_TYPE=cx33 HETZNER_IMAGE=ubuntu-24.04 HETZNER_SSH_KEY=mine \
    HETZNER_FIREWALL=ssh-only succeeds fleet create badger --yes
bodies POST /v1/servers >"$work/orders"
equal 'the x86 image' 161547269 "$(jq .image "$work/orders")"
equal 'two keys' 2 "$(jq '.ssh_keys | length' "$work/orders")"
equal 'the firewall' 38 "$(jq '.firewalls[0].firewall' "$work/orders")"
equal 'nothing uploaded' 0 "$(sim_count POST /v1/ssh_keys)"
check_not 'no warning' grep -q 'lets nobody in' "$err"
HETZNER_FIREWALL=39 succeeds fleet create bamboo --no-wait --yes
says 'lets nobody in'
HETZNER_FIREWALL=none fails_with 2 fleet create banjo --yes
says HETZNER_FIREWALL
HETZNER_SSH_KEY=none fails_with 2 fleet create banjo --yes
says HETZNER_SSH_KEY
HETZNER_SERVER_TYPE=cax11 HETZNER_IMAGE=400000001 \
    fails_with 2 fleet create banjo --yes
HETZNER_SERVER_TYPE=cax31 HETZNER_IMAGE=400000001 \
    succeeds fleet create banjo --yes
HETZNER_IPV4=no succeeds fleet create basil --no-wait --yes
wait_for 10 sh -c "fleet list --json | jq -e '.pods[] |
    select(.short == \"basil\") | .ssh.host | endswith(\"::1\")'"
succeeds fleet terminate badger bamboo banjo basil --yes
equal 'gone' 3 "$(servers length)"

### Fallbacks

export HETZNER_SERVER_TYPE='cx33@nbg1 cx33@hel1 cx33@fsn1'
sim_fault '[{"kind": "capacity", "only": "cx33@nbg1", "times": -1,
        "code": "unsupported"},
    {"kind": "capacity", "only": "cx33@hel1", "times": -1,
        "code": "placement_error"}]'
succeeds fleet create badger --yes --json
equal 'the place that is left' fsn1 "$(json '.created[0].region')"
sim_fault '{"kind": "capacity", "only": "cx33@fsn1", "times": -1}'
sim_forget
fails_with 5 fleet create bamboo --yes
check 'no endless trying' test "$(sim_count POST /v1/servers)" -le 3
sim_no_faults
sim_fault '{"kind": "capacity", "code": "quota", "times": -1}'
sim_forget
fails_with 5 fleet create bamboo --yes
says server_limit
equal 'a quota ends it' 1 "$(sim_count POST /v1/servers)"
sim_no_faults
sim_fault '{"kind": "price", "factor": 9, "times": -1}'
MAX_PRICE=0.05 fails_with 5 fleet create bamboo --yes
equal 'too dear: given back' '' "$(id_of arena-bamboo)"
sim_no_faults
sim_fault '{"kind": "late-answer"}'
succeeds fleet create bamboo --yes
succeeds fleet terminate badger bamboo --yes
export HETZNER_SERVER_TYPE=cax21

### Life

apple=$(id_of arena-apple)
sim_forget
succeeds fleet stop apple --yes
says 'only terminate ends that'
equal 'asked, not pulled' 0 \
    "$(sim_count POST "/v1/servers/$apple/actions/poweroff")"
equal 'it takes no body' null "$(bodies POST \
    "/v1/servers/$apple/actions/shutdown")"
succeeds fleet list --json
equal 'still billed' 'stopped all (powered off)' \
    "$(json '.pods[0] | "\(.state) \(.billing)"')"
succeeds fleet start apple --yes
succeeds fleet test apple
sim_fault '{"kind": "deaf"}'
succeeds fleet --timeout 36s stop apple --yes
equal 'the plug' 1 "$(sim_count POST "/v1/servers/$apple/actions/poweroff")"
succeeds fleet restart apple --yes
equal 'one that is off is started' 0 \
    "$(sim_count POST "/v1/servers/$apple/actions/reset")"
succeeds fleet restart apple --yes
equal 'one that runs is reset' 1 \
    "$(sim_count POST "/v1/servers/$apple/actions/reset")"
sim_fault '{"kind": "busy", "ms": 900}'
succeeds fleet restart apple --yes
succeeds fleet lock apple --yes
fails_with 4 fleet terminate apple --yes
says unlock
succeeds fleet unlock apple --yes
labels="$(servers ".[] | select(.id == \"$apple\") | .data.labels |
    . + {mine: \"1\"} | tojson")"
equal 'a label of a person' 200 \
    "$(api PUT "/v1/servers/$apple" "{\"labels\": $labels}")"
succeeds fleet rename apple cedar --yes
equal 'labels stay' 'arena-cedar arena-cedar 1' "$(servers ".[] |
    select(.id == \"$apple\") |
    \"\\(.name) \\(.data.labels[\"fleet-name\"]) \\(.data.labels.mine)\"")"
fails_with 1 fleet rename cedar arrow --yes
sim_set '{"values": {"blocked": true}}'
succeeds fleet list --json
json '.pods[0].provider_state' | grep -q 'IPv4 blocked' || fail 'not told'
sim_set '{"values": {"blocked": false}}'
sim_fault '{"kind": "fail-action"}'
fails_with 7 fleet lock cedar --yes
says 'change_protection failed'
succeeds fleet unlock cedar --yes

### Other people's servers

other=$(sim_seed '{"name": "arena-basil", "labels": {"managed-by": "x"}}')
wait_for 20 sh -c "fleet list --json | jq -e '.pods[] |
    select(.short == \"basil\") | .state == \"running\"'"
for verb in stop restart lock terminate; do
    fails_with 4 fleet "$verb" basil --yes
    says 'not made by fleet'
done
fails_with 4 fleet rename basil bloom --yes
equal 'untouched' running "$(servers ".[] | select(.id == \"$other\") | .state")"
# A name that the listing did not show.
sim_seed '{"name": "arena-birch"}' >/dev/null
sim_fault '{"kind": "edit", "match": "GET /v1/servers[?]sort", "times": -1,
    "set": {"/servers": []}}'
fails_with 1 fleet create birch --yes
says 'already'
sim_no_faults
equal 'the other is left alone' 1 "$(servers '[.[] |
    select(.name == "arena-birch" and .data.labels == {})] | length')"

### The end

sim_fault '{"kind": "linger", "ms": 1500, "times": -1}'
sim_fault '{"kind": "busy", "ms": 500}'
succeeds fleet terminate cedar arrow autumn --yes
succeeds fleet list --json
equal 'what is not ours is left' '["arena-basil","arena-birch"]' \
    "$(servers '[.[].name] | sort | tojson')"
sim_stop
