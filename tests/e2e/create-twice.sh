# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Two operators at once make 20, not 40; the second waits and says for whom. A
# lock whose holder is dead breaks by itself.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort

MEMO_DELAY_MS=100 fleet create -n 20 --no-wait --yes -j 4 >"$work/1" 2>&1 &
first=$!
MEMO_DELAY_MS=100 fleet create -n 20 --no-wait --yes -j 4 >"$work/2" 2>&1 &
second=$!
check "the first run ends well" wait "$first"
check "the second run ends well" wait "$second"
exactly 20
check "one of them has waited" grep -q 'waiting for another run' \
    "$work/1" "$work/2"

# One who does not want to wait is told who holds it.
MEMO_FAIL=create:hang fleet create -n 21 --no-wait --yes >"$work/3" 2>&1 &
holder=$!
wait_for 10 grep -q '[0-9]' "$work/state/arena.lock"
fails_with 4 fleet create -n 22 --no-wait --yes --lock-wait 200ms
says "pid $holder"
kill -KILL "$holder"
wait "$holder" || :
succeeds fleet create -n 22 --no-wait --yes
exactly 22
