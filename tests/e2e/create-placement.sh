# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Which offer is bought: the order of two clouds, what is skipped and why, caps
# that hold through every fallback, names that nobody offers, and room that
# comes while somebody waits for it.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
with_plugin memo memo2
cohort 25
{
    echo 'PROVIDERS="memo memo2"'
    echo "MEMO_DIR=$work/cloud"
    echo "MEMO2_DIR=$work/cloud2"
} >>"$FLEET_CONFIG"
MEMO_OFFERS='NVIDIA RTX A4000@EU-RO-1@0.30,RTX 3090 Ti@US-GA-1@0.20,H100 PCIe@EU-RO-1@2.00'
MEMO2_OFFERS='RTX A4000@EU-SE-1@0.25,RTX 3090@US-GA-1@0.22,NVIDIA H100 80GB HBM3@US-GA-1@1.90'
export MEMO_OFFERS MEMO2_OFFERS

begin()
{
    rm -rf "$work/cloud" "$work/cloud2" "$work/state"
}

# order: what is tried, as PROVIDER GPU PRICE, with slashes between.
order()
{
    json '[.options[] | select(.dropped == null) |
        "\(.provider) \(.gpu) \(.price_per_hour)"] | join("/")'
}

# why GPU: why that option of memo is not tried.
why()
{
    json ".options[] | select(.provider == \"memo\" and .gpu == \"$1\") | .dropped"
}

# prices: of all pods that exist, in micros, sorted.
prices()
{
    sed -n 's/^price=//p' "$work"/cloud/pods/* "$work"/cloud2/pods/* \
        2>/dev/null | sort -n | tr '\n' ' '
}

# ---- the order ----
GPU_TYPE='A4000,H100' succeeds fleet offers --json
equal "as they are listed" 'memo NVIDIA RTX A4000 0.3/memo H100 PCIe 2/memo2 RTX A4000 0.25/memo2 NVIDIA H100 80GB HBM3 1.9' "$(order)"
equal "the order is told" listed "$(json .order)"
equal "why not" 'RTX 3090 Ti is not in GPU_TYPE (A4000, H100)' \
    "$(why 'RTX 3090 Ti')"
GPU_TYPE='A4000,H100' succeeds fleet offers --json --order cheapest
equal "the cheapest of both" 'memo2 RTX A4000 0.25/memo NVIDIA RTX A4000 0.3/memo2 NVIDIA H100 80GB HBM3 1.9/memo H100 PCIe 2' "$(order)"
PLACEMENT=cheapest GPU_TYPE=3090 succeeds fleet offers --json
equal "no Ti among them" 'memo2 RTX 3090 0.22' "$(order)"
GPU_TYPE='A4000,H100' REGIONS=EU-SE-1,US-GA-1 succeeds fleet offers --json
equal "only where it may be" 'memo2 RTX A4000 0.25/memo2 NVIDIA H100 80GB HBM3 1.9' "$(order)"
equal "and why not" 'EU-RO-1 is not in REGIONS (EU-SE-1, US-GA-1)' \
    "$(why 'H100 PCIe')"
MEMO2_CURRENCY=EUR GPU_TYPE=A4000 succeeds fleet offers --json --order cheapest
equal "currencies are not mixed" 'memo NVIDIA RTX A4000 0.3/memo2 RTX A4000 0.25' "$(order)"
equal "and it is said" 'priced in EUR: not compared with USD, tried after' \
    "$(json '.options[] | select(.note) | .note')"
MEMO2_CURRENCY=EUR GPU_TYPE=A4000 succeeds fleet offers --order cheapest
prints 'not compared with USD'
MEMO2_CURRENCY=EUR MAX_PRICE=1 GPU_TYPE=A4000 succeeds fleet offers
says 'count them alike'
fails_with 2 fleet offers --order dearest
PLACEMENT=dearest fails_with 2 fleet offers

# The dry run, and the real one, have the same plan.
GPU_TYPE='A4000,H100' succeeds fleet create -n 1 --dry-run --json \
    --order cheapest
equal "the same plan" 'memo2 RTX A4000 0.25/memo NVIDIA RTX A4000 0.3/memo2 NVIDIA H100 80GB HBM3 1.9/memo H100 PCIe 2' "$(order)"
says '1 to make at memo2 RTX A4000'
says '0.25 USD an hour'
begin
GPU_TYPE='A4000,H100' succeeds fleet create -n 2 --no-wait --yes \
    --order cheapest --json
equal "bought where it said" 'memo2 memo2' \
    "$(json '[.created[].provider] | join(" ")')"
equal "at the price" '250000 250000 ' "$(prices)"

# ---- names ----
begin
GPU_TYPE='RTX A400' fails_with 5 fleet create -n 1 --no-wait --yes
says 'did you mean "NVIDIA RTX A4000"?'
GPU_TYPE='RTX A400' fails_with 5 fleet offers
says 'did you mean'
GPU_TYPE='A4000,Radeon VII' succeeds fleet offers
says 'nobody offers "Radeon VII"'

# ---- falling back ----
begin
MEMO_OFFERS='A4000@EU@0.30@2' GPU_TYPE=A4000 \
    succeeds fleet create -n 5 --no-wait --yes --json -j 1
equal "two here, three there" '250000 250000 250000 300000 300000 ' "$(prices)"
equal "what was tried is told" 'no A4000 is left' \
    "$(json '.created[2].tried[0].error.message' | sed 's/^memo: //')"

# ---- the fleet's cap ----
# One for 0.30 and the rest would cost 1.90: two of those are above 3.00.
begin
MEMO_OFFERS='A4000@EU@0.30@1' \
    MEMO2_OFFERS='H100 SXM@EU@1.90' GPU_TYPE='A4000,H100' MAX_FLEET_PRICE=3.00 \
    fails_with 3 fleet create -n 3 --no-wait --yes --json
equal "the cap holds through the fallback" '300000 1900000 ' "$(prices)"
equal "and it is told" yes \
    "$(json '.failed[0].tried[] | select(.error.code == "refused") |
        .error.message' | grep -q 'above MAX_FLEET_PRICE 3.00' && echo yes)"
equal "with what was not tried" true "$(json '.options | length > 0')"

# What runs counts, and so does what is made at the same time.
begin
MEMO_OFFERS='A4000@EU@0.30' GPU_TYPE=A4000 PROVIDERS=memo \
    succeeds fleet create -n 2 --no-wait --yes
MEMO_OFFERS='A4000@EU@0.30@2,A5000@EU@0.50' GPU_TYPE=A4000,A5000 \
    PROVIDERS=memo MAX_FLEET_PRICE=2.00 \
    fails_with 3 fleet create -n 6 --no-wait --yes
equal "2.00 and not more" '300000 300000 500000 500000 ' "$(prices)"
MEMO_OFFERS='A4000@EU@0.30' PROVIDERS=memo MAX_FLEET_PRICE=2.00 \
    fails_with 4 fleet create -n 9 --no-wait --yes
says 'MAX_FLEET_PRICE 2.00'

# A price that is none: nothing is bought under a cap.
begin
MEMO_OFFERS='' MEMO_PRICE=0.10 MEMO_BILLED=0.60 MAX_FLEET_PRICE=1.00 \
    PROVIDERS=memo fails_with 3 fleet create -n 2 --no-wait --yes --json
equal "a receipt above the fleet's cap is given back" '600000 ' "$(prices)"
equal "quoted and paid" '0.1 0.6' \
    "$(json '.created[0] | "\(.price_quoted) \(.price_per_hour)"')"
begin
MEMO_OFFERS='' MEMO_PRICE=0.10 MEMO_BILLED=0.60 PROVIDERS=memo \
    succeeds fleet create -n 1 --no-wait --yes
prints QUOTED

# ---- room that comes ----
begin
MEMO_OFFERS='A4000@EU@0.30@+2' PROVIDERS=memo GPU_TYPE=A4000 \
    succeeds fleet create -n 2 --no-wait --yes --keep-trying 20s --json
says 'no room for 2 at present'
equal "made when there was room" '300000 300000 ' "$(prices)"
exactly 2

begin
MEMO_OFFERS='A4000@EU@0.30@1' PROVIDERS=memo GPU_TYPE=A4000 \
    fails_with 3 fleet create -n 2 --no-wait --yes --keep-trying 1s --json
equal "all that was tried" true \
    "$(json '.failed[0].tried[0].times > 1')"
equal "one of them" '300000 ' "$(prices)"

# What lies about its price is bought once, not in every round.
begin
MEMO_OFFERS='A4000@EU@0.30,A5000@EU@0.31@0' PROVIDERS=memo GPU_TYPE=A4000,A5000 \
    MEMO_BILLED=0.50 MAX_PRICE=0.40 \
    fails_with 5 fleet create -n 1 --no-wait --yes --keep-trying 1s --json
equal "given back" '' "$(prices)"
equal "once" 1 "$(grep -c '^terminate' "$work/cloud/calls")"

begin
MEMO_FAIL=create:auth MEMO_OFFERS='A4000@EU@0.30' PROVIDERS=memo \
    fails_with 6 fleet create -n 1 --no-wait --yes --keep-trying 1h
MEMO_OFFERS='A4000@EU@0.30@0' PROVIDERS=memo GPU_TYPE=A4000 \
    fleet create -n 2 --no-wait --yes --keep-trying 1h >"$out" 2>"$err" &
waiting=$!
wait_for 20 grep -q 'no room for 2' "$err"
kill -INT "$waiting"
status=0
wait "$waiting" || status=$?
equal "Ctrl-C ends it" 130 "$status"
exactly 0
