#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy, when something is wrong: whatever it is, what was served before
# is served afterwards, and the reason is told.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch cedar
proxy_start
succeeds fleet create apple --yes
check 'apple' serves "$first"
cp "$deployed" "$work/good"

# unharmed WHAT: file and service are what they were, nothing is left.
unharmed()
{
    check "$1: the file stays" cmp "$work/good" "$deployed"
    equal "$1: nothing is left" '' "$(hidden)"
    check "$1: it is served" serves "$first"
}

# Providers that answer nothing, or with nothing.
cloud
jq -n --argjson port "$(sed -n 's/.*target=127.0.0.1:\([0-9]*\) .*/\1/p' "$deployed")" \
    '[{id: "k", name: "arena-kiwi", state: "running",
        ssh: {host: "127.0.0.1", port: $port}}]' >"$work/pods.json"
succeeds fleet proxy apply --yes
check 'kiwi' serves $((first + 1))
cp "$deployed" "$work/good"
: >"$work/down"
fails_with 7 fleet proxy plan --json
equal 'a listing that failed' kept-stale \
    "$(jq -r '.forwards[] | select(.provider == "cloud").change' "$out")"
fails_with 3 fleet proxy apply --yes
unharmed 'a listing that failed'
rm "$work/down"
echo '[]' >"$work/pods.json"
succeeds fleet proxy plan
says '1 kept-stale'
succeeds fleet proxy apply --yes
unharmed 'an empty listing'
echo 'PROVIDERS=local' >>"$FLEET_CONFIG"
succeeds fleet proxy apply --yes
unharmed 'a provider that is not asked'
echo 'PROVIDERS="local cloud"' >>"$FLEET_CONFIG"
fails_with 8 fleet proxy plan --prune
succeeds fleet proxy apply --prune --yes
check_not 'pruned' grep -q 'pod name=arena-kiwi' "$deployed"
cp "$deployed" "$work/good"

# Somebody else's file is at fault, before or because of it.
echo 'this is { no nginx' >"$work/tree/other.conf"
fails_with 3 fleet create birch --yes
says "$work/tree/other.conf:1"
unharmed 'a bad file'
rm "$work/tree/other.conf"
printf 'upstream arena-birch { server 127.0.0.1:1; }\n' >"$work/tree/another.conf"
fails_with 2 fleet proxy apply --yes
says 'duplicate upstream'
unharmed 'a name that is taken'
rm "$work/tree/another.conf"

# Somebody else has changed it.
sed -i "s/listen 127.0.0.1:$first;/listen 127.0.0.1:$first so_keepalive=on;/" \
    "$deployed"
cp "$deployed" "$work/good"
fails_with 8 fleet proxy plan
says 'somebody else has changed it'
fails_with 4 fleet proxy apply --yes
says '--force'
unharmed 'an edited file'
succeeds fleet proxy apply --yes --force
check_not 'overwritten' cmp -s "$work/good" "$deployed"
check 'birch' serves $((first + 2))
fleet nginx >"$deployed" 2>"$err"
fails_with 4 fleet proxy apply --yes
succeeds fleet proxy apply --yes --force
echo '# fleet: cohort other, 3 pods' >"$work/tree/theirs.conf"
SSH_PROXY_NGINX_CONFIG_PATH=$work/tree/theirs.conf fails_with 2 \
    fleet proxy apply --yes --force
says "of cohort 'other'"
rm "$work/tree/theirs.conf"
cp "$deployed" "$work/good"

# Something listens on the port of a pod that is new.
port=$((first + 3))
printf 'Port %s\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\n' "$port" \
    "$work/key" >"$work/squatter.conf"
"$(command -v sshd)" -D -f "$work/squatter.conf" 2>/dev/null &
squatter=$!
on_exit kill "$squatter"
wait_for 10 serves "$port"
fails_with 3 fleet create cedar --yes
says "something else listens on port $port"
unharmed 'a port that is taken'
kill "$squatter"
wait "$squatter" || :

# No reload, or one that does nothing: then the port leads nowhere.
cp "$deployed" "$work/good"
SSH_PROXY_RELOAD_CMD='echo not allowed; false' fails_with 2 \
    fleet proxy apply --yes
says 'not allowed'
unharmed 'a reload that fails'
SSH_PROXY_RELOAD_CMD=true fails_with 7 fleet proxy apply --yes
says 'cannot be reached through the proxy'
unharmed 'a reload that does nothing'
SSH_PROXY_NGINX_CMD=no-such-nginx fails_with 2 fleet proxy apply --yes
says 'there is no nginx'
unharmed 'no nginx'
SSH_PROXY_NGINX_CONFIG_PATH=$work/elsewhere.conf fails_with 2 \
    fleet proxy apply --yes --force
says "include $work/elsewhere.conf;"
check 'nothing is there' test ! -e "$work/elsewhere.conf"
SSH_PROXY_NGINX_CONFIG_PATH=$work/none/x.conf fails_with 2 fleet proxy plan
says 'there is no directory'
succeeds fleet proxy apply --yes
check 'cedar, at last' serves "$port"

# A pod that answers nobody is forwarded, and told of.
echo '[{"id": "d", "name": "arena-dead", "state": "running",
    "ssh": {"host": "127.0.0.1", "port": 1}}]' >"$work/pods.json"
succeeds fleet proxy apply --yes
says 'arena-dead: forwarded, but no SSH server answers there'

# Too few connections for so many forwards: nginx -t does not tell.
sed -i 's/worker_connections 1024/worker_connections 60/' "$work/nginx.conf"
succeeds fleet proxy plan --json
equal 'too few' '{"has":60,"needs":1024}' "$(jq -c .worker_connections "$out")"
says 'worker_connections 60'
succeeds fleet proxy apply --yes
says 'worker_connections 60'
succeeds fleet doctor
prints 'worker_connections 60'

# More pods than ports.
echo 'SSH_PROXY_STARTING_PORT=32768' >>"$FLEET_CONFIG"
jq -c '. + [{id: "e", name: "arena-late", state: "running",
    ssh: {host: "127.0.0.1", port: 2}}]' "$work/pods.json" >"$work/more.json"
cp "$work/more.json" "$work/pods.json"
cp "$deployed" "$work/good"
fails_with 2 fleet proxy apply --yes
says 'no port is left'
unharmed 'no port'
