# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What the fleet costs: what was quoted, what it is, what it has come to, what
# stopped pods go on costing, and how long the money lasts.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
with_plugin memo memo2
cohort 25
{
    echo 'PROVIDERS="memo memo2"'
    echo "MEMO_DIR=$work/cloud"
    echo "MEMO2_DIR=$work/cloud2"
    echo 'MEMO_CAPACITY=2'
    echo 'MEMO_BALANCE=10'
    echo 'MEMO2_CURRENCY=EUR'
    echo 'MEMO2_BILLING=storage'
} >>"$FLEET_CONFIG"

# pod NAME FILTER: of that pod in the last listing.
pod()
{
    json ".pods[] | select(.short == \"$1\") | $2"
}

MEMO_BILLED=0.15 succeeds fleet create -n 3 --no-wait --yes -j 1
# Two hours old.
for file in "$work"/cloud/pods/*; do
    sed -i "s/^created_at=.*/created_at=$(date -u -d '-2 hours' \
        +%Y-%m-%dT%H:%M:%SZ)/" "$file"
done

succeeds fleet list --json
equal "quoted and paid" '0.1 0.15' \
    "$(pod apple '"\(.price_quoted) \(.price_per_hour)"')"
equal "billed so far" 0.3 "$(pod apple '.billed * 100 | round / 100')"
equal "an hour, by currency" '{"USD":0.3,"EUR":0.1}' "$(jq -c .price_per_hour "$out")"
equal "a day" '{"USD":7.2,"EUR":2.4}' "$(jq -c .price_per_day "$out")"
equal "how long it lasts" '33 1000' \
    "$(json '[.balances[].runway_hours] | join(" ")')"
equal "of what" 'memo 10 USD' \
    "$(json '.balances[0] | "\(.provider) \(.balance) \(.currency)"')"
succeeds fleet list
prints BILLED
says 'apple: quoted 0.10, costs 0.15 an hour'
says '0.30 USD an hour, 7.20 a day'
says 'memo: balance 10.00 USD, lasts 33 hours'
says 'memo2: balance 100.00 EUR, lasts 41 days'

# A stopped pod is no running one, and what it costs is not forgotten.
succeeds fleet stop apple autumn --yes
succeeds fleet list --json
equal "no longer running" '{"USD":0.15}' "$(jq -c .price_per_hour "$out")"
equal "but billed" 'arena-autumn' "$(json '.stopped_billing.pods | join(" ")')"
equal "its hours are not known" null "$(pod apple '.billed | tostring')"
succeeds fleet list
says '1 stopped, and still billed: autumn'
check_not "the other one is not" grep -q 'billed:.*apple' "$err"
succeeds fleet start apple --yes --no-wait
succeeds fleet list --json
equal "nor are they after a pause" null "$(pod apple '.billed | tostring')"
equal "the other one's are" 0.3 "$(pod arrow '.billed * 100 | round / 100')"

# A balance that cannot be had never fails the listing.
MEMO_FAIL=balance:auth succeeds fleet list --json
equal "complete all the same" true "$(json .complete)"
equal "the failure is said" 'auth null' \
    "$(json '.balances[0] | "\(.error.code) \(.balance)"')"
MEMO_FAIL=balance:auth succeeds fleet list
says 'balance not known'
MEMO_FAIL=balance:hang succeeds fleet list --json --timeout 1s
equal "not even when it hangs" 'true timeout' \
    "$(json '"\(.complete) \(.balances[0].error.code)"')"

# It is asked for beside the listing, not after it.
: >"$work/cloud/calls"
MEMO_FAIL=list:hang fails_with 7 fleet list --timeout 1s
check "a listing that hangs keeps no balance" \
    grep -q '^balance ' "$work/cloud/calls"
