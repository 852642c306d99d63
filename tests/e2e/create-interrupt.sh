# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Ctrl-C once: nothing new is begun, what runs is finished, the result is
# printed. Twice: at once, and the next run puts it right.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort

calls()
{
    [ "$(grep -c "^$1" "$work/cloud/calls")" -ge "$2" ]
}

# in_background LOG CMD...: a job of this shell ignores SIGINT; env resets it.
in_background()
{
    log=$1
    shift
    env --default-signal=INT "$@" >"$work/$log.out" 2>"$work/$log.err" &
    job=$!
}

MEMO_DELAY_MS=300
export MEMO_DELAY_MS
in_background once fleet create -n 20 --no-wait --yes -j 3 --json
wait_for 20 calls create 4
kill -INT "$job"
status=0
wait "$job" || status=$?
equal "status after one Ctrl-C" 130 "$status"
made=$(jq '.created | length' "$work/once.out")
left=$(jq '[.failed[] | select(.error.code == "cancelled")] | length' \
    "$work/once.out")
say "made $made, left $left"
equal "all twenty are accounted for" 20 "$((made + left))"
check "the user is told" grep -q 'Ctrl-C again' "$work/once.err"
check "some were made" test "$made" -ge 1
check "some were not begun" test "$left" -ge 1
MEMO_DELAY_MS=0
exactly "$made"

MEMO_DELAY_MS=1000
in_background twice fleet create -n 20 --no-wait --yes -j 3
wait_for 20 calls create $((made + 1))
kill -INT "$job"
wait_for 10 kill -INT "$job"
status=0
wait "$job" || status=$?
equal "status after two Ctrl-C" 130 "$status"
MEMO_DELAY_MS=0
succeeds fleet create -n 20 --no-wait --yes
exactly 20
