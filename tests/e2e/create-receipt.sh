# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The price that counts is the one that is read back: one that comes late is
# waited for, one that never comes is no licence to spend, and what is given
# back is certainly gone before anything else is bought.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort

begin()
{
    rm -rf "$work/cloud" "$work/state"
}

begin
MEMO_LATE_PRICE=3 MAX_PRICE=0.20 succeeds fleet create -n 2 --no-wait --yes
exactly 2

begin
MEMO_LATE_PRICE=3 MEMO_BILLED=0.50 MAX_PRICE=0.20 \
    fails_with 5 fleet create -n 1 --no-wait --yes
says 'cost 0.50 an hour, above MAX_PRICE 0.20; given back'
exactly 0

# It never says.
begin
MEMO_LATE_PRICE=1000000 MAX_PRICE=0.20 \
    fails_with 5 fleet create -n 2 --no-wait --yes --timeout 2s --json
says 'does not tell what it costs, and MAX_PRICE is set'
exactly 0
begin
MEMO_LATE_PRICE=1000000 MAX_FLEET_PRICE=5 MEMO_FAIL=get:transient \
    fails_with 7 fleet create -n 1 --no-wait --yes --timeout 2s
says 'MAX_FLEET_PRICE is set'
says 'to give it back failed, it may still bill'
begin
MEMO_LATE_PRICE=1000000 succeeds fleet create -n 2 --no-wait --yes
exactly 2

# The end takes a while; the next option is bought after it, at its price.
begin
MEMO_OFFERS='A4000@EU@0.10@0,A5000@EU@0.15'
export MEMO_OFFERS
MEMO_SLOW_END=4 MEMO_BILLED=0.50 MAX_PRICE=0.20 GPU_TYPE=A4000,A5000 \
    fails_with 5 fleet create -n 1 --no-wait --yes --json
equal "why, option by option" 'capacity capacity' \
    "$(json '[.failed[0].tried[].error.code] | join(" ")')"
exactly 0
unset MEMO_OFFERS

# Its answer is lost, and it is gone all the same.
begin
MEMO_FAIL=terminate:ambiguous MEMO_BILLED=0.50 MAX_PRICE=0.20 \
    fails_with 5 fleet create -n 1 --no-wait --yes
exactly 0

# It cannot be ended: said, and kept in mind.
begin
MEMO_FAIL=terminate:auth MEMO_BILLED=0.50 MAX_PRICE=0.20 \
    fails_with 6 fleet create -n 1 --no-wait --yes --json
says 'it may still bill'
equal "the pod is in the answer" 0.5 "$(json '.failed[0].pod.price_per_hour')"
succeeds fleet list --json
equal "and in the list" 1 "$(json '.pods | length')"
succeeds fleet terminate --all --yes
exactly 0
