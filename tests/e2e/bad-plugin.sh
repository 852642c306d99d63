#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A plugin that answers rubbish, too much or never: an error of that provider,
# told plainly, never an empty listing, and the other providers are unaffected.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq
with_plugin memo rubbish hang
cohort 4
echo "MEMO_DIR=$work/cloud" >>"$FLEET_CONFIG"
PROVIDERS=memo succeeds fleet create -n 2 --no-wait --yes

export PROVIDERS='memo rubbish'
for way in code unknown words many kind; do
    export RUBBISH_WITH="$way"
    fails_with 7 fleet list --json
    equal "$way: the pods of the others are there" 2 "$(json '.pods | length')"
    equal "$way: the listing is not complete" false "$(jq .complete "$out")"
    says rubbish
    fails_with 7 fleet create -n 4 --no-wait --yes
done
for way in fields noid twins nothing; do
    export RUBBISH_WITH="$way"
    status=0
    fleet list --json >"$out" 2>"$err" || status=$?
    check "$way: a status of the contract" test "$status" -eq 0 -o "$status" -eq 7
    check "$way: valid JSON" jq -e '.fleet == 1' "$out"
    check_not "$way: no control characters" grep -q "$(printf '\033')" "$out"
done
RUBBISH_WITH=secret RUBBISH_KEY=canary-in-a-coal-mine fails_with 6 fleet list -vv
check_not "a secret in an error is hidden" grep -rq canary-in-a "$out" "$err"

# One that never comes back holds up nobody past the deadline.
export PROVIDERS='memo hang'
HANG_IN=list fails_with 7 fleet list --json --timeout 1s
equal "hang: the pods of the others are there" 2 "$(json '.pods | length')"
says hang
HANG_IN=open fails_with 7 fleet create -n 4 --no-wait --yes --timeout 1s
equal "nothing was made" 2 "$(find "$work/cloud/pods" -type f ! -name '.*' | wc -l)"
