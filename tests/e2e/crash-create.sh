# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet create -n 20, killed at every step: the next run ends with exactly 20.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort

create()
{
    fleet create -n 20 --no-wait --yes
}

start_over()
{
    rm -rf "$work/cloud" "$work/state"
}

create=$(command -v fleet)
steps=$(count_steps "$create" create -n 20 --no-wait --yes)
say "$steps steps"
[ "$steps" -gt 40 ] || fail "only $steps steps: is anything written at all?"

for step in $(sample "$steps"); do
    for moment in "$step" "$step:after"; do
        start_over
        die_at "$moment" "$create" create -n 20 --no-wait --yes
        succeeds create
        exactly 20
    done
done

# Between the provider's work and its answer, and right before the work.
for fault in die die_early; do
    for nth in 1 7 20; do
        start_over
        [ "$nth" -eq 1 ] || succeeds fleet create -n "$((nth - 1))" --no-wait --yes
        MEMO_FAIL=create:$fault:1 fails_with 137 create
        succeeds create
        exactly 20
    done
done
