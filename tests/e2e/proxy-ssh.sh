#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy over SSH: a real sshd is the proxy's, with a key of its own and a
# host key that is learnt and compared. Two operators do not get into each
# other's way.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch cedar
proxy_start

over_ssh

# Everything over SSH.
succeeds fleet create apple birch --yes
says '2 added'
equal 'nothing is left' '' "$(hidden)"
check 'apple' serves "$first"
check 'birch' serves $((first + 1))
check 'it was over SSH' grep -q 'Accepted publickey' "$work/proxy_sshd.log"
succeeds fleet proxy status --json
equal 'and is read back' '[true,true]' "$(jq -c '[.served[].listening]' "$out")"
equal 'its place' "127.0.0.1:$deployed" "$(json .file)"

# Live sessions stay, and new ones find their pod.
succeeds fleet test --only ssh
succeeds fleet ssh-config --proxy
cp "$out" "$work/participant.conf"
succeeds fleet create cedar --yes
check 'cedar' serves $((first + 2))
check 'by the old config' ssh_by "$work/participant.conf" arena-birch
succeeds fleet proxy plan

# Two operators: the second is told, or waits.
ln -s "bob@elsewhere pid=1 start=1 boot=x at 2026-11-25T09:00:00Z 0123456789abcdef" \
    "$work/tree/.fleet.conf.fleet-lock"
fails_with 4 fleet proxy apply --yes --lock-wait 1s
says 'bob@elsewhere'
says 'remove .fleet.conf.fleet-lock'
succeeds fleet proxy plan
says 'bob@elsewhere'
touch -h -d '20 minutes ago' "$work/tree/.fleet.conf.fleet-lock"
succeeds fleet proxy apply --yes
equal 'an old lock is taken over' '' "$(hidden)"
succeeds fleet terminate cedar --yes --skip-proxy
succeeds fleet create cedar --yes --skip-proxy
cp -r "$work/state" "$work/other-state"
FLEET_STATE_DIR=$work/other-state fleet proxy apply --yes --lock-wait 60s \
    >"$work/one.out" 2>"$work/one.err" &
one=$!
fleet proxy apply --yes --lock-wait 60s >"$work/two.out" 2>"$work/two.err" ||
    fail "the second: $(cat "$work/two.err")"
wait "$one" || fail "the first: $(cat "$work/one.err")"
equal 'one of them has applied it' 1 \
    "$(cat "$work/one.err" "$work/two.err" | grep -c '^applied')"
equal 'the other has nothing to do' 1 \
    "$(cat "$work/one.err" "$work/two.err" | grep -c '^nothing to apply')"
check 'cedar' serves $((first + 2))

# Another host key.
end_sshd
proxy_sshd host_two
cp "$deployed" "$work/good"
fails_with 4 fleet proxy apply --yes
says 'another host key'
check 'nothing is done' cmp "$work/good" "$deployed"
succeeds fleet proxy status --new-host-key
succeeds fleet proxy plan

# A key that does not open it, and a proxy that is down.
ssh-keygen -q -t ed25519 -N '' -f "$work/wrong_key"
SSH_PROXY_KEY_PATH=$work/wrong_key fails_with 6 fleet proxy plan
says 'login'
end_sshd
fails_with 7 fleet proxy plan
says 'the proxy 127.0.0.1'

# Then a change of pods is reported, and done all the same.
fails_with 3 fleet terminate cedar --yes --json
equal 'it is gone' terminated "$(json '.results[0].result')"
says 'the proxy was not changed'
succeeds fleet create cedar --yes --skip-proxy
