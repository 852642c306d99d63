#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy apply is killed at every step that reaches the disk, starts a
# process or sends something: nginx serves the old file or the new one, never
# none, and the next apply puts everything right.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch
proxy_start
succeeds fleet create apple birch --yes --skip-proxy
succeeds fleet proxy apply --yes
body >"$work/both"
cloud
local_port=$(sed -n 's/.*name=arena-apple .*target=127.0.0.1:\([0-9]*\) .*/\1/p' \
    "$deployed")

# In turn a pod comes and goes.
comes()
{
    echo "[{\"id\": \"k\", \"name\": \"arena-kiwi\", \"state\": \"running\",
        \"ssh\": {\"host\": \"127.0.0.1\", \"port\": $local_port}}]"
}
comes >"$work/pods.json"
succeeds fleet proxy apply --yes
body >"$work/three"

# old_or_new WHAT: the file is one of the two, and what it says is served.
old_or_new()
{
    check "$1: something is there" test -e "$deployed"
    body >"$work/now"
    cmp -s "$work/now" "$work/both.kept" || cmp -s "$work/now" "$work/three" ||
        fail "$1: neither the old file nor the new one"
    check "$1: apple is served" serves "$first"
    check "$1: birch is served" serves $((first + 1))
}

# every_step N SUFFIX...: of an apply that finds a pod that is new; without
# FLEET_TEST_LONG about N of the steps.
every_step()
{
    about=$1
    shift
    [ -z "${FLEET_TEST_LONG:-}" ] || about=1000000
    echo '[]' >"$work/pods.json"
    succeeds fleet proxy apply --yes --prune
    comes >"$work/pods.json"
    steps=$(count_steps fleet proxy apply --yes)
    check 'it takes some steps' test "$steps" -gt 6
    for step in $(seq 1 "$((steps / about + 1))" "$steps"); do
        for suffix in "$@"; do
            point=$step$suffix
            echo '[]' >"$work/pods.json"
            succeeds fleet proxy apply --yes --prune
            body >"$work/both.kept"
            comes >"$work/pods.json"
            die_at "$point" fleet proxy apply --yes
            old_or_new "killed at $point"
            wait_for 20 fleet proxy apply --yes
            equal "after $point nothing is left" '' "$(hidden)"
            body >"$work/now"
            check "after $point it is the new one" cmp "$work/three" "$work/now"
            check "after $point kiwi is served" serves $((first + 2))
        done
    done
}

every_step 20 '' :after
over_ssh
every_step 6 :after
