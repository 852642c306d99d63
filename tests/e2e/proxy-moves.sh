#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A pod that comes back elsewhere when it is started or restarted: the command
# that did it ends with the merge, and the participant's port leads to the new
# place. And a proxy on this machine, which no SSH_PROXY_HOST names.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh-keyscan sshd
nginx_is_here
sim_start runpod --ready 100 --ssh 50
proxy_cohort apple birch
echo 'PROVIDERS=runpod' >>"$FLEET_CONFIG"
proxy_start

target()
{
    sed -n "s/^# fleet: pod name=arena-$1 .*target=\([^ ]*\) .*/\1/p" "$deployed"
}

# leads_to NAME PORT: who answers there is that pod, by its host key.
leads_to()
{
    fleet list "$1" --json >"$work/list"
    ssh-keyscan -t ed25519 -p "$(jq -r '.pods[0].ssh.port' "$work/list")" \
        127.0.0.1 2>/dev/null | sed 's/^[^ ]* //' >"$work/there"
    ssh-keyscan -t ed25519 -p "$2" 127.0.0.1 2>/dev/null |
        sed 's/^[^ ]* //' >"$work/here"
    [ -s "$work/here" ] && cmp -s "$work/here" "$work/there"
}
succeeds fleet create apple birch --yes
check 'apple' leads_to apple "$first"

### start

was=$(target apple)
succeeds fleet stop apple --yes --wipe-ok
equal 'a stopped pod keeps its forward' "$was" "$(target apple)"
succeeds fleet start apple --yes
says '1 changed, 1 kept'
check_not 'it is elsewhere' test "$was" = "$(target apple)"
check 'and its port leads there' leads_to apple "$first"
succeeds fleet proxy plan

### restart

was=$(target apple) birch=$(target birch)
succeeds fleet restart apple --yes --wipe-ok --json
equal 'the document tells of it' true "$(json .proxy.applied)"
check_not 'elsewhere again' test "$was" = "$(target apple)"
check 'its port leads there' leads_to apple "$first"
equal 'birch is left alone' "$birch" "$(target birch)"
was=$(target apple)
succeeds fleet restart apple --yes --wipe-ok --skip-proxy
equal 'not with --skip-proxy' "$was" "$(target apple)"
fails_with 8 fleet proxy plan
says '1 changed, 1 kept'

### On this machine, without SSH_PROXY_HOST

sed -i '/^SSH_PROXY_HOST=/d' "$FLEET_CONFIG"
succeeds fleet proxy apply --yes --json
equal 'its place is a file alone' "$deployed" "$(json .file)"
check 'it leads there now' leads_to apple "$first"
succeeds fleet proxy status
fails_with 2 fleet ssh-config --proxy
says 'SSH_PROXY_HOST'
was=$(target birch)
succeeds fleet restart birch --yes --wipe-ok
equal 'nothing follows a proxy that is not named' "$was" "$(target birch)"
succeeds fleet proxy apply --yes
check 'birch' leads_to birch $((first + 1))
rm -r "$work/state"/arena.db*
succeeds fleet proxy plan
says '2 kept'
succeeds fleet terminate all --yes
succeeds fleet proxy apply --yes --prune
check_not 'no forward is left' grep -q '^# fleet: pod' "$deployed"
sim_stop
