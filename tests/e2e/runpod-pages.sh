#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A long list comes whole or not at all; many pods are waited for with few
# requests, and within the rate that RunPod grants.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
sim_start runpod --ready 300 --ssh 0 --no-ssh --pods 2500 --prefix arena
sim_cohort runpod
echo 'GPU_TYPE="RTX A4000"' >>"$FLEET_CONFIG"

succeeds fleet list --json
equal 'all pages' 2500 "$(json '.pods | length')"
equal 'in three requests' 3 "$(sim_count GET /v2/pods)"
sim_fault '{"kind": "status", "status": 403, "match": "GET /v2/pods?limit=1000&cursor", "times": 1}'
fails_with 6 fleet list --json
equal 'unknown, not fewer' false "$(json .complete)"
sim_fault '{"kind": "status", "status": 500, "match": "GET /v2/pods?limit=1000&cursor", "times": 1}'
sim_forget
succeeds fleet list --json
equal 'one page is asked for again' 4 "$(sim_count GET /v2/pods)"
sim_fault '{"kind": "edit", "match": "GET /v2/pods?limit=1000&cursor",
    "times": -1, "set": {"/pagination/hasNextPage": true,
    "/pagination/nextCursor": "Mg"}}'
fails_with 7 fleet list --json
sim_control DELETE faults >/dev/null
sim_stop

# A storm: what 60 threads ask while they wait, one listing answers.
storm=${FLEET_TEST_LONG:+200}
storm=${storm:-60}
sim_start runpod --ready 2000 --ssh 500 --latency 20
sim_forget
succeeds fleet create -n "$storm" --yes --json
equal 'every pod was made once' "$storm" "$(sim_count POST /v2/pods)"
lists=$(sim_count GET /v2/pods)
gets=$(sim_log '[.requests[] | select(.method == "GET" and
    (.path | startswith("/v2/pods/")))] | length')
check "few questions: $lists lists and $gets gets for $storm pods" \
    test "$((lists + gets))" -lt "$((storm / 2 + 60))"
