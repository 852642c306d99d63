#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Many pods in one run: none is missed, whatever the number of descriptors, and
# dead ones cost the others nothing.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen

many=${FLEET_TEST_LONG:+400}
many=${many:-60}
cohort "$many"
succeeds fleet create -n "$many" --yes
succeeds fleet test --json
equal "all of them" "$many 0" "$(json '"\(.results | length) \(.summary.fail)"')"
equal "all checks of all of them" true "$(json \
    '[.results[].checks | length] | unique | length == 1')"

succeeds fleet list --json
equal "all verdicts are kept" "$many" \
    "$(json '[.pods[] | select(.verdict)] | length')"

# With few descriptors it is slower, but still complete.
few()
{
    (
        # shellcheck disable=SC3045
        ulimit -n 60
        exec fleet test --only ssh --json
    )
}
succeeds few
equal "few descriptors" "$many 0" \
    "$(json '"\(.results | length) \(.summary.fail)"')"
succeeds fleet test --only ssh -j 7 --json
equal "few at once" "$many 0" "$(json '"\(.results | length) \(.summary.fail)"')"

# Ctrl-C: what runs is finished, and nothing else is begun.
mkdir "$work/checks.d"
printf '#!/bin/sh\nsleep 2\n' >"$work/checks.d/slow.sh"
chmod 755 "$work/checks.d/slow.sh"
status=0
fleet test --only slow -j 4 --json >"$out" 2>"$err" &
test=$!
sleep 1
kill -INT "$test"
wait "$test" || status=$?
equal "interrupted" 130 "$status"
equal "every pod has its result" "$many" "$(json '.results | length')"
check "most were not begun" test "$(json \
    '[.results[] | select(.stage == "cancelled")] | length')" -gt "$((many / 2))"
rm -r "$work/checks.d"
