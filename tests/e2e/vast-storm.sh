#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Many pods at the fake Vast.ai: more offers than one search tells, each taken
# once and asked for once, more instances than a page holds, and never sooner
# than an endpoint allows. Its gaps and ours are shortened.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"

pods=30 gaps=1 pace=5
[ -z "${FLEET_TEST_LONG:-}" ] || pods=80 gaps=8 pace=10
sim_start vast --ready 100 --ssh 0 --no-ssh --pods 30
sim_set "{\"values\": {\"gaps\": $gaps}}"
sim_cohort vast 90
cat >>"$FLEET_CONFIG" <<END
GPU_TYPE="RTX 4090"
IMAGE=pytorch/pytorch:2
VAST_PACE=$pace
END

succeeds fleet offers --json
equal 'more than one search tells' 80 \
    "$(json '[.options[] | select(.dropped == null)] | length')"
equal 'by two' 2 "$(sim_count POST /api/v0/bundles/)"

succeeds fleet create -n "$pods" --yes --no-wait --json
equal 'made' "$pods" "$(json '.created | length')"
equal 'no two of the same offer' "$pods" "$(sim_log '[.requests[] |
    select(.path | test("/asks/")) | .path] | unique | length')"
equal 'none was asked for twice' "$pods" "$(sim_log '[.requests[] |
    select(.path | test("/asks/"))] | length')"
equal 'nor too soon' 0 "$(sim_log '[.requests[] | select(.status == 429)] |
    length')"

sim_forget
succeeds fleet list --json
equal 'listed' "$pods" "$(json '.pods | length')"
equal 'by pages of 25' "$(((pods + 30 + 24) / 25))" \
    "$(sim_count GET /api/v1/instances/)"
equal 'nor too soon' 0 "$(sim_log '[.requests[] | select(.status == 429)] |
    length')"

sim_forget
succeeds fleet terminate all --yes
equal 'gone' 30 "$(sim_machines '[.machines[] | select(.state != "gone")] |
    length')"
equal 'nor too soon' 0 "$(sim_log '[.requests[] | select(.status == 429)] |
    length')"
