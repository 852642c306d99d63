# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Answers that are unclear, late or false: no pod twice, none lost, none above
# the price that was agreed, and nothing made while a provider is silent.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort

begin()
{
    rm -rf "$work/cloud" "$work/state"
}

# with FAULT STATUS CMD...: CMD under MEMO_FAIL.
with()
{
    MEMO_FAIL=$1
    export MEMO_FAIL
    shift
    fails_with "$@"
    unset MEMO_FAIL
}

begin
with create:ambiguous:3 0 fleet create -n 5 --no-wait --yes
exactly 5

begin
with create:lost:2 0 fleet create -n 5 --no-wait --yes
exactly 5

begin
MEMO_NO_FIND=yes with create:ambiguous:3 0 fleet create -n 5 --no-wait --yes
exactly 5

begin
MEMO_EVENTUAL=3 succeeds fleet create -n 5 --no-wait --yes
MEMO_EVENTUAL=3 succeeds fleet create -n 5 --no-wait --yes
equal "a listing that lags makes no twins" 5 "$(cloud_pods)"

# Renamed behind our back, out of the cohort: forgotten, and left alone.
begin
succeeds fleet create -n 2 --no-wait --yes
sed -i 's/^name=arena-apple$/name=mine/' "$work"/cloud/pods/*
succeeds fleet create -n 2 --no-wait --yes
says 'arena-apple is called mine at memo now'
succeeds fleet list --json
equal "two in the cohort" 'arena-apple arena-arrow' \
    "$(json '[.pods[].name] | join(" ")')"
equal "and one beside it" 3 "$(cloud_pods)"

begin
with create:transient:2 0 fleet create -n 3 --no-wait --yes
exactly 3

begin
with create:capacity 5 fleet create -n 3 --no-wait --yes
exactly 0
with create:quota 5 fleet create -n 3 --no-wait --yes
with create:auth 6 fleet create -n 3 --no-wait --yes
with create:invalid 1 fleet create -n 3 --no-wait --yes
with create:rubbish 7 fleet create -n 1 --no-wait --yes
exactly 0

begin
with create:capacity:1 5 fleet create -n 3 --no-wait --yes -j 1
says 'arena-apple'
exactly 0
succeeds fleet create -n 3 --no-wait --yes
exactly 3

# A provider that cannot be listed: nothing is made, and list says unknown.
begin
succeeds fleet create -n 2 --no-wait --yes
with list:auth 6 fleet create -n 3 --no-wait --yes
with list:invalid 7 fleet create -n 3 --no-wait --yes
with list:auth 6 fleet list --json
equal "an unlisted pod is unknown" 'unknown unknown' \
    "$(json '[.pods[].state] | join(" ")')"
equal "the listing is not complete" false "$(jq .complete "$out")"
equal "the provider is said to have failed" false \
    "$(jq '.providers[0].ok' "$out")"
exactly 2

# The price that is billed is not the one that was quoted.
begin
echo 'MAX_PRICE=0.20' >>"$FLEET_CONFIG"
MEMO_BILLED=0.50 fails_with 5 fleet create -n 2 --no-wait --yes
says 'above MAX_PRICE 0.20'
exactly 0
MEMO_PRICE=0.30 fails_with 4 fleet create -n 2 --no-wait --yes
says 'above MAX_PRICE 0.20'
echo 'MAX_FLEET_PRICE=0.25' >>"$FLEET_CONFIG"
fails_with 4 fleet create -n 3 --no-wait --yes
says 'MAX_FLEET_PRICE'
succeeds fleet create -n 2 --no-wait --yes
exactly 2
