# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced after lib.sh by the crash tests: fleet is killed at every step that
# reaches the disk, starts a process or sends something, and the next run has to
# put it right.
# Without FLEET_TEST_LONG a dozen of the steps stand for all.

killat=$builddir/tests/preload/.libs/killat.so
export KILLAT_PROGRAM=fleet
# The sanitizer's library need not be the first that is preloaded.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"

# Which steps count: of any kind, or of one that killat.c names.
kind=any

# count_steps CMD...: prints how many steps CMD takes.
count_steps()
{
    KILLAT_COUNT=$work/steps LD_PRELOAD=$killat "$@" >"$out" 2>"$err" || {
        show_output
        fail "not even undisturbed: $*"
    }
    sed -n "s/^$kind //p" "$work/steps"
}

# sample N: the steps to try, of 1 to N.
sample()
{
    stride=1
    [ -n "${FLEET_TEST_LONG:-}" ] || stride=$(($1 / 12 + 1))
    seq 1 "$stride" "$1"
}

# die_at STEP[:after] CMD...: CMD has to be killed there.
die_at()
{
    step=$1
    shift
    status=0
    KILLAT=$kind:$step LD_PRELOAD=$killat "$@" >"$out" 2>"$err" || status=$?
    [ "$status" -eq 137 ] || [ "$status" -eq 0 ] || {
        show_output
        fail "status $status when killed at step $step: $*"
    }
}

# memo_cohort: the cohort on the memo cloud of the test plugins.
memo_cohort()
{
    with_plugin memo
    cohort 25
    {
        echo 'PROVIDERS=memo'
        echo "MEMO_DIR=$work/cloud"
    } >>"$FLEET_CONFIG"
}

# exactly N: that many pods exist, each name once, fleet knows them all, and
# nothing is left open in the journal.
exactly()
{
    succeeds fleet list --json
    equal "pods in the listing" "$1" "$(json '.pods | length')"
    equal "names are distinct" "$1" "$(json '[.pods[].name] | unique | length')"
    equal "pods at the provider" "$1" "$(cloud_pods)"
    succeeds fleet history --json
    equal "nothing is open" 0 \
        "$(json '[.history[] | select(.ended_at == null)] | length')"
}

cloud_pods()
{
    find "$work/cloud/pods" -type f ! -name '.*' 2>/dev/null | wc -l
}
