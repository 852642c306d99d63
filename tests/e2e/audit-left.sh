#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet audit, and the end of fleet terminate --all: whatever is still there is
# told, unknown is not nothing, and the exit status says so.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires ssh
sim_start hetzner --ready 200 --ssh 20
sim_cohort hetzner

succeeds fleet audit
says 'nothing of cohort arena is left'
fails_with 2 fleet audit apple
succeeds fleet create apple birch --yes
succeeds fleet stop birch --yes --wipe-ok
fails_with 8 fleet audit --json
equal 'both, in any state' 'true true' "$(json '[.left[].bills | tostring] | join(" ")')"
equal 'what to do' 'fleet terminate apple' "$(json '.left[0].remedy')"
prints 'arena-birch, stopped'

# What was left behind by machines bills, whoever has made it.
sim_set '{"values": {"loose": 1}}'
fails_with 8 fleet terminate --all --yes
prints 'volume data, 50 GB, on no server; address 192.0.2.77, on no server'
fails_with 8 fleet audit --json
equal 'it bills' 'other true false' "$(json '.left[] | "\(.kind) \(.bills) \(.unknown)"')"
sim_fault '{"match": "GET /v1/volumes", "kind": "status", "status": 403, "count": 9}'
fails_with 8 fleet audit --json
equal 'unknown is not nothing' 'other false true' \
    "$(json '.left[] | "\(.kind) \(.bills) \(.unknown)"')"
sim_no_faults
sim_set '{"values": {"loose": 0}}'
succeeds fleet audit --json
equal 'nothing' 0 "$(json '.left | length')"
HCLOUD_TOKEN=wrong fails_with 8 fleet audit --json
equal 'cannot be listed' 'provider true' "$(json '.left[0] | "\(.kind) \(.unknown)"')"
succeeds fleet create apple --yes
succeeds fleet terminate --all --yes
says 'nothing of cohort arena is left'

# A provider that cannot be asked for more than pods is named.
with_plugin memo
cohort 1
printf 'PROVIDERS=memo\nMEMO_DIR=%s\n' "$work/cloud" >>"$FLEET_CONFIG"
succeeds fleet audit --json
equal 'not asked' memo "$(json '.only_pods | join(" ")')"
says 'memo: only pods were looked for'
