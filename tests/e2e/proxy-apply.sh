#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy: a real nginx is brought up to date, and participants keep their
# SSH config while pods come, go, and are exchanged.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch cedar
proxy_start

# What creates pods forwards them, too; names get their ports in list order.
succeeds fleet create apple birch --yes --skip-proxy
check 'nothing is deployed' test ! -e "$deployed"
fails_with 8 fleet proxy plan --json
equal 'two are new' '["added","added"]' "$(jq -c '[.forwards[].change]' "$out")"
equal 'no change by looking' '[]' "$(find "$work/tree" -type f | jq -Rc . | jq -sc .)"
fails_with 4 fleet proxy apply
check 'nothing without --yes' test ! -e "$deployed"
succeeds fleet proxy apply --dry-run
check 'nor with --dry-run' test ! -e "$deployed"
succeeds fleet proxy apply --yes
equal 'nothing is left beside it' '' "$(hidden)"
check 'apple' serves "$first"
check 'birch' serves $((first + 1))
succeeds fleet proxy plan
says '2 kept'
succeeds fleet proxy status --json
equal 'both are served' '[true,true]' "$(jq -c '[.served[].listening]' "$out")"
cp "$deployed" "$work/before"
succeeds fleet proxy apply --yes
says 'nothing to apply'
check 'not written again' cmp "$work/before" "$deployed"

# A participant logs in and stays; the config was handed out once.
succeeds fleet test --only ssh
succeeds fleet ssh-config --proxy
cp "$out" "$work/participant.conf"
mkfifo "$work/talk"
ssh -T -F "$work/participant.conf" -o BatchMode=yes arena-apple \
    'echo in; read -r word; echo "out $word"' <"$work/talk" >"$work/heard" 2>&1 &
session=$!
exec 7>"$work/talk"
wait_for 20 grep -q '^in' "$work/heard"
(
    while [ ! -e "$work/enough" ]; do
        if serves "$first"; then echo served; else echo refused; fi
    done
) >"$work/meanwhile" 2>/dev/null &
meanwhile=$!
succeeds fleet create cedar --yes
says '1 added, 2 kept'
succeeds fleet terminate cedar --yes
succeeds fleet create cedar --yes
: >"$work/enough"
wait "$meanwhile"
check 'there were connections meanwhile' grep -q served "$work/meanwhile"
check_not 'and none was refused' grep -q refused "$work/meanwhile"
check 'cedar, by create itself' serves $((first + 2))
succeeds fleet proxy plan
fails_with 0 kill -0 "$session"
echo still >&7
exec 7>&-
wait "$session" || fail "the session ended: $(cat "$work/heard")"
check 'the session has lived through it' grep -q '^out still' "$work/heard"

# Another machine under the name: the config stays, and ssh is strict. The key
# that is pinned in it is the old one's, so it is refused, until it is renewed;
# the port is the same.
target()
{
    sed -n "s/^# fleet: pod name=$1 .*target=\([^ ]*\) .*/\1/p" "$deployed"
}
was=$(target arena-birch)
succeeds fleet terminate birch --yes
check_not 'its forward is gone' grep -q 'pod name=arena-birch' "$deployed"
check 'its port is kept' grep -q "kept name=arena-birch port=$((first + 1))" \
    "$deployed"
succeeds fleet create birch --yes
check_not 'it leads elsewhere' test "$was" = "$(target arena-birch)"
check 'the same port' grep -q "pod name=arena-birch port=$((first + 1)) " \
    "$deployed"
fails_with 255 ssh_by "$work/participant.conf" arena-birch
says 'Host key verification failed'

# Names in the middle of the list move no port.
echo 'MACHINE_NAME_LIST="apple aspen birch cedar"' >>"$FLEET_CONFIG"
proxy_ports "$deployed" >"$work/ports"
succeeds fleet create aspen --yes
check 'the next port' grep -q "name=arena-aspen port=$((first + 3)) " "$deployed"
proxy_ports "$deployed" | grep -v aspen >"$work/found"
check 'the others stay' diff -u "$work/ports" "$work/found"

# The state is lost; the deployed file has it all.
cp "$deployed" "$work/before"
rm -r "$work/state"/arena.db*
succeeds fleet proxy plan
says '4 kept'
succeeds fleet proxy apply --yes
check 'it stays as it is' cmp "$work/before" "$deployed"
succeeds fleet list --json
equal 'ports are known again' "$(proxy_ports "$deployed" | sort)" \
    "$(jq -r '.pods[] | "\(.name) \(.proxy_port)"' "$out" | sort)"

# Pods that are renamed and those that are ended elsewhere.
succeeds fleet rename cedar larch --yes --skip-proxy
fails_with 8 fleet proxy plan --json
equal 'one goes, one comes' '["removed arena-cedar","added arena-larch"]' "$(jq -c \
    '[.forwards[] | select(.change != "kept") | "\(.change) \(.name)"]' "$out")"
succeeds fleet proxy apply --yes
check 'at a port of its own' serves $((first + 4))
wait_for 10 closed $((first + 2)) # and the old one is closed

# All are ended: that no provider lists anything is no riddle then.
succeeds fleet terminate all --yes
check_not 'no forwards' grep -q '^# fleet: pod' "$deployed"
equal 'their ports stay theirs' 5 "$(grep -c '^# fleet: kept' "$deployed")"
wait_for 10 closed "$first" # it is closed

# What is asked for wrongly.
fails_with 2 fleet proxy
fails_with 2 fleet proxy deploy
echo 'SSH_PROXY_NGINX_CONFIG_PATH=fleet.conf' >>"$FLEET_CONFIG"
fails_with 2 fleet proxy plan
says 'not the absolute name'
echo 'SSH_PROXY_NGINX_CONFIG_PATH=' >>"$FLEET_CONFIG"
fails_with 2 fleet proxy plan
says 'SSH_PROXY_NGINX_CONFIG_PATH is not set'
{
    echo "SSH_PROXY_NGINX_CONFIG_PATH=$deployed"
    echo 'SSH_PROXY_HOST=proxy.example.org'
} >>"$FLEET_CONFIG"
fails_with 2 fleet proxy plan
says 'SSH_PROXY_KEY_PATH is not set'
echo "SSH_PROXY_KEY_PATH=$work/key" >>"$FLEET_CONFIG"
fails_with 2 fleet proxy plan
says 'is the key of the pods'
