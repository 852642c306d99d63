#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The life of a cohort at the fake Vast.ai, whose pods are real sshds.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"

sim_start vast --ready 200 --ssh 100
sim_set '{"values": {"gaps": 1}}'
sim_cohort vast 5
cat >>"$FLEET_CONFIG" <<END
GPU_TYPE="NVIDIA RTX A4000"
IMAGE=pytorch/pytorch
DISK_GB=40
VOLUME_GB=20
MAX_PRICE=0.40
CLOUD_TYPE=COMMUNITY
VAST_SSH_USER=$(id -un)
VAST_PACE=3
END
stranger=$(sim_seed '{"name": "arena"}')
other=$(sim_seed '{"name": "spring-apple", "env": {"FLEET_TOKEN": "abc"}}')

# live FILTER: of the machines that exist, by jq.
live()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

# pinned NAME: its host key is known afterwards. There is no GPU on this machine.
pinned()
{
    fails_with 1 fleet test "$1"
}

### What could be had

succeeds fleet offers --json
equal 'only what was asked for is not dropped' 'RTX A4000 COMMUNITY 1 0' \
    "$(json '[.options[] | select(.dropped == null) |
        "\(.gpu) \(.tier) \(.gpus) \(if .spot then 1 else 0 end)"] |
        unique | join(",")')"
equal 'cheapest first, with the disk' 0.1 \
    "$(json '[.options[] | select(.dropped == null)][0].price_per_hour')"
equal 'one search' 1 "$(sim_count POST /api/v0/bundles/)"
equal 'no key in the URL' 0 \
    "$(sim_log "[.requests[] | select(.path | test(\"$VAST_API_KEY\"))] |
        length")"

### Create

succeeds fleet create -n 3 --yes --json
equal 'three' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.created[].name] | sort | join(" ")')"
equal 'three offers' 3 "$(live '[.[] | select(.name | test("arena-")) |
    .data.machine_id] | unique | length')"
equal 'one request each' 3 \
    "$(sim_log '[.requests[] | select(.path | test("/asks/"))] | length')"
equal 'what was sent' \
    'pytorch/pytorch:latest 60 ssh_direc ssh_proxy true running arena-apple' \
    "$(sim_log '[.requests[] | select(.path | test("/asks/")) | .body |
        select(.label == "arena-apple")][0] |
        "\(.image) \(.disk) \(.runtype) \(.cancel_unavail) \(.target_state)" +
        " \(.env.MACHINE_NAME)"')"
equal 'the key was attached' 3 \
    "$(live '[.[] | select(.data.attached)] | length')"
succeeds fleet create -n 3 --yes
equal 'still three' 3 "$(live '[.[] | select(.name | test("arena-"))] | length')"

### Look

succeeds fleet list --json
equal 'pods' 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.pods[].name] | join(" ")')"
equal 'running' running "$(json '[.pods[].state] | unique | join(" ")')"
equal 'where' "127.0.0.1 $(id -un)" \
    "$(json '[.pods[].ssh | "\(.host) \(.user)"] | unique | join(" ")')"
equal 'what costs' 'compute and storage USD' \
    "$(json '[.pods[] | "\(.billing) \(.currency)"] | unique | join(" ")')"
equal 'what they are' 'RTX A4000 1 CA community pytorch/pytorch:latest' \
    "$(json '[.pods[] | "\(.gpu) \(.gpus) \(.region) \(.tier) \(.image)"] |
        unique | join(",")')"
equal 'the sum' true "$(json '.price_per_hour.USD > 0.29 and
    .price_per_hour.USD < 0.31')"
equal 'the credit' 42.5 "$(json '.providers[0].balance')"
fails_with 1 fleet test --json # there is no GPU on this machine
equal 'all answer over SSH' pass "$(json '[.results[].checks[] |
    select(.check == "ssh") | .verdict] | unique | join(" ")')"
succeeds fleet ssh-config
for pod in apple arrow autumn; do
    equal "login to $pod" "arena-$pod" \
        "$(pod_ssh "$pod" 'echo $MACHINE_NAME')"
done

### Change

succeeds fleet stop arrow --dry-run
says 'is billed until the pod is terminated'
succeeds fleet stop arrow --yes
succeeds fleet list --json
equal 'stopped' 'stopped storage null' \
    "$(json '.pods[] | select(.short == "arrow") |
        "\(.state) \(.billing) \(.ssh)"')"
equal 'storage is cheaper' true \
    "$(json '.pods[] | select(.short == "arrow") | .price_per_hour < 0.02')"
succeeds fleet start arrow --yes
pinned arrow
equal 'it runs again' arena-arrow "$(pod_ssh arrow 'echo $MACHINE_NAME')"
succeeds fleet restart apple --yes
pinned apple
equal 'a restart keeps the disk' arena-apple \
    "$(pod_ssh apple 'echo $MACHINE_NAME')"
equal 'restart is a reboot' 1 "$(sim_log '[.requests[] |
    select(.path | test("/reboot/"))] | length')"
succeeds fleet rename autumn bamboo --yes
equal 'renamed there' arena-bamboo "$(live '[.[] | select(.name |
    test("bamboo"))][0].name')"
fails_with 1 fleet lock apple --yes
says 'cannot lock'

# A GPU that is taken: told, and the queued start can be cancelled.
succeeds fleet stop arrow --yes
sim_fault '{"kind": "taken", "only": "arena-arrow"}'
fails_with 5 fleet start arrow --yes
says 'waits in a queue'
succeeds fleet list --json
equal 'queued' 'pending exited: queued, the GPU is taken' \
    "$(json '.pods[] | select(.short == "arrow") |
        "\(.state) \(.provider_state)"')"
succeeds fleet stop arrow --yes
succeeds fleet list --json
equal 'no longer' stopped \
    "$(json '.pods[] | select(.short == "arrow") | .state')"

### By bid, and by way of the proxy

fails_with 5 env VAST_SPOT=yes VAST_BID_PRICE=0.01 fleet create basil --yes
sim_fault '{"kind": "no-direct", "only": "arena-basil", "match": "PUT *"}'
sim_forget
succeeds env VAST_SPOT=yes VAST_RUNTYPE='jupyter_direc ssh_direc ssh_proxy' \
    fleet create basil --yes --json
equal 'a tenth above the lowest bid' 'bid 0.055' "$(sim_log '[.requests[] |
    .body | objects | .type // .price // empty] | map(tostring) | join(" ")')"
succeeds fleet list --json
equal 'interruptible, at that price and the storage' 'true true' \
    "$(json '.pods[] | select(.short == "basil") | "\(.spot) \(
        .price_per_hour > 0.0649 and .price_per_hour < 0.0651)"')"
pinned basil
equal 'the proxy, one port above' arena-basil \
    "$(pod_ssh basil 'echo $MACHINE_NAME')"

### End

succeeds fleet terminate all --yes
equal 'all of ours are gone, and nobody else' "$other $stranger" \
    "$(live '[.[].id] | sort | reverse | join(" ")')"
grep -rqF -e instance-secret -e jupyter-secret "$work/state" "$out" "$err" &&
    fail 'a secret of an answer is kept'
exit 0
