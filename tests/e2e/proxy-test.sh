#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet test --via-proxy: each pod is logged in to through its public port, and
# only the right one will do.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch cedar
proxy_start
succeeds fleet create apple birch --yes

# verdicts: "NAME VERDICT STAGE" of each pod that was tested.
verdicts()
{
    jq -r '.results[] | "\(.name) \(.verdict) \(.stage)"' "$out"
}
succeeds fleet test --via-proxy --only ssh --json
equal 'both pass' 'arena-apple pass null
arena-birch pass null' "$(verdicts)"
wait_for 10 sh -c '[ "$(wc -l <"$1")" -ge 2 ]' sh "$work/access.log"

# Two ports change places behind fleet's back: both answer, and both are found.
sed "s/$first;/FIRST;/; s/$((first + 1));/$first;/; s/FIRST;/$((first + 1));/" \
    "$deployed" >"$work/crossed"
cp "$deployed" "$work/good"
cp "$work/crossed" "$deployed"
keys_at()
{
    ssh-keyscan -p "$1" 127.0.0.1 2>/dev/null | sed 's/^[^ ]* //' | sort
}
apple_key=$(keys_at "$first")
birch_key=$(keys_at $((first + 1)))
leads_to()
{
    [ "$(keys_at "$1")" = "$2" ]
}
nginx -p "$work/nginx" -c "$work/nginx.conf" -s reload
wait_for 20 leads_to "$first" "$birch_key"
wait_for 20 leads_to $((first + 1)) "$apple_key"
succeeds fleet test --only ssh
fails_with 1 fleet test --via-proxy --only ssh --json
equal 'neither is the right one' 'arena-apple fail host key
arena-birch fail host key' "$(verdicts)"
case $(json '.results[0].checks[0].detail') in
*"another machine is behind port $first of the proxy"*) say 'ok: and it is said' ;;
*) fail "not explained: $(json '.results[0].checks[0].detail')" ;;
esac
cp "$work/good" "$deployed"
nginx -p "$work/nginx" -c "$work/nginx.conf" -s reload

# A port that nobody serves, and a pod that has none.
wait_for 20 fleet test --via-proxy --only ssh
succeeds fleet create cedar --yes --skip-proxy
fails_with 3 fleet test cedar apple --via-proxy --only ssh --json
equal 'not served yet' 'arena-apple pass null
arena-cedar fail connect' "$(verdicts)"
succeeds fleet proxy apply --yes
succeeds fleet test --via-proxy --only ssh
cloud
apple=$(sed -n 's/.*name=arena-apple .*target=127.0.0.1:\([0-9]*\) .*/\1/p' \
    "$deployed")
jq -n --argjson port "$apple" --arg user "$(id -un)" '[{id: "k",
    name: "arena-kiwi", state: "running",
    ssh: {host: "127.0.0.1", port: $port, user: $user}}]' >"$work/pods.json"
fails_with 1 fleet test kiwi --via-proxy --only ssh --json
equal 'no port' 'arena-kiwi fail port' "$(verdicts)"

# A key that nobody has told is learnt at the pod itself; one that two pods have
# proves nothing.
succeeds fleet proxy apply --yes
succeeds fleet test kiwi --via-proxy --only ssh
fails_with 3 fleet test kiwi birch --via-proxy --only ssh --json
equal 'the same key' 'arena-birch pass null
arena-kiwi fail host key' "$(verdicts)"

# Without a proxy.
echo 'SSH_PROXY_HOST=' >>"$FLEET_CONFIG"
fails_with 2 fleet test --via-proxy
says 'SSH_PROXY_HOST is not set'
