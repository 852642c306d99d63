#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Many pods in one run: none is missed, whatever the number of descriptors, and
# dead ones cost the others nothing.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/servers/farm.sh"
requires jq sshd ssh-keygen xargs
misanswer=$builddir/tests/servers/misanswer
[ -x "$misanswer" ] || skip "no $misanswer here"

# Real servers, each behind many addresses of the loopback.
many=${FLEET_TEST_LONG:+2000}
many=${many:-400}
on_exit rm -f "$FLEET_CONFIG" # nothing of it can be terminated
on_exit end_farm
farm "$many" || fail "there is no farm"
farm_addresses "$many" >"$work/living"
key_pair
cat >"$FLEET_CONFIG" <<END
PROVIDERS=manual
MANUAL_PODS=$work/pods.csv
MACHINE_NAME_PREFIX=arena
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/state
END
chmod 600 "$FLEET_CONFIG"

# all DESC N: that many results, and none of them a failure
all()
{
    equal "$1" "$2 0" "$(json '"\(.results | length) \(.summary.fail)"')"
}

farm_csv arena <"$work/living" >"$work/pods.csv"
succeeds fleet test --only ssh --timeout 300s --json
all "all of them" "$many"
succeeds fleet list --json
equal "all verdicts are kept" "$many" \
    "$(json '[.pods[] | select(.verdict)] | length')"
equal "and the host keys" "$many" \
    "$(json '[.pods[] | select(.host_key)] | length')"

# With few descriptors it is slower, but still complete.
few()
{
    (
        # shellcheck disable=SC3045
        ulimit -n 256
        exec fleet test --only ssh --timeout 300s --json
    )
}
succeeds few
all "few descriptors" "$many"

# Dead ones: however many they are, their deadline is that of the run.
"$misanswer" deaf "$work/deaf.port" &
on_exit kill $!
wait_for 10 test -s "$work/deaf.port"
dead=700 # more than there would be threads for, if all waited for their turn
{
    head -n 20 "$work/living" | farm_csv arena
    (
        farm_port=$(cat "$work/deaf.port")
        farm_addresses "$dead" 127.78 | farm_csv arena-dead | sed 1d
    )
} >"$work/pods.csv"
began=$(date +%s%3N)
fails_with 3 fleet test --only ssh --timeout 5s --json
took=$(($(date +%s%3N) - began))
equal "the dead and the living" "$dead 20" \
    "$(json '"\(.summary.fail) \(.summary.pass)"')"
equal "where they failed" "$dead" \
    "$(json '[.results[] | select(.stage == "connect")] | length')"
check "the deadline is waited for once: $took ms" test "$took" -lt 8000

# A few at once, and all checks of all of them.
head -n 30 "$work/living" | farm_csv arena >"$work/pods.csv"
succeeds fleet test --only ssh -j 7 --timeout 20s --json
all "few at once" 30
status=0
fleet test --json --timeout 120s >"$out" 2>"$err" || status=$?
check "all checks" test "$status" -eq 0 -o "$status" -eq 3
equal "all checks of all of them" '30 9' "$(json \
    '"\(.results | length) \([.results[].checks | length] |
        unique | join(" "))"')"

# Ctrl-C: what runs is finished, and nothing else is begun.
mkdir "$work/checks.d"
printf '#!/bin/sh\n: >>"%s"\nsleep 2\n' "$work/begun" >"$work/checks.d/slow.sh"
chmod 755 "$work/checks.d/slow.sh"
status=0
fleet test --only slow -j 4 --json >"$out" 2>"$err" &
test=$!
wait_for 20 test -e "$work/begun"
kill -INT "$test"
wait "$test" || status=$?
equal "interrupted" 130 "$status"
equal "every pod has its result" 30 "$(json '.results | length')"
check "most were not begun" test "$(json \
    '[.results[] | select(.stage == "cancelled")] | length')" -gt 15
rm -r "$work/checks.d"
