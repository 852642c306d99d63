# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet terminate and fleet rename, killed at every step: said again, they end
# where they should, and no pod is lost or left over.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
memo_cohort
fleet=$(command -v fleet)

begin()
{
    rm -rf "$work/cloud" "$work/state"
    succeeds fleet create -n 5 --no-wait --yes
}

begin
steps=$(count_steps "$fleet" terminate --all --yes)
say "terminate: $steps steps"
[ "$steps" -gt 10 ] || fail "only $steps steps: is anything written at all?"
for step in $(sample "$steps"); do
    for moment in "$step" "$step:after"; do
        begin
        die_at "$moment" "$fleet" terminate --all --yes
        succeeds fleet terminate --all --yes
        exactly 0
    done
done

begin
steps=$(count_steps "$fleet" rename apple zebra --yes)
say "rename: $steps steps"
for step in $(sample "$steps"); do
    for moment in "$step" "$step:after"; do
        begin
        die_at "$moment" "$fleet" rename apple zebra --yes
        # Done or not: the five are there, and each has one of the two names.
        succeeds fleet list --json
        if json '[.pods[].short] | index("zebra")' >/dev/null; then
            succeeds fleet create -n 5 --no-wait --yes
        else
            succeeds fleet rename apple zebra --yes
        fi
        exactly 5
        equal "the new name stands" zebra \
            "$(fleet list --json | jq -r '.pods[].short' | grep zebra)"
    done
done

for op in terminate rename; do
    for fault in die die_early; do
        begin
        case $op in
        terminate) set -- terminate --all --yes ;;
        rename) set -- rename apple zebra --yes ;;
        esac
        MEMO_FAIL=$op:$fault:1 fails_with 137 fleet "$@"
        succeeds fleet create -n 5 --no-wait --yes
        exactly 5
    done
done
