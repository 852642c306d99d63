#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet nginx: a real nginx takes the file, and the real ssh reaches each pod
# through it; ports stay whatever happens to the list of names.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "${srcdir:-.}/tests/e2e/format-lib.sh"
requires jq ssh ssh-keygen sshd
nginx_is_here

first=$(free_ports 8)
cohort
{
    echo 'MACHINE_NAME_LIST="apple birch cedar"'
    echo "SSH_PROXY_STARTING_PORT=$first"
    echo "NGINX_LISTEN=127.0.0.1"
    echo "NGINX_ACCESS_LOG=$work/access.log"
    echo "NGINX_ERROR_LOG=$work/error.log"
} >>"$FLEET_CONFIG"
name_list()
{
    echo "MACHINE_NAME_LIST=\"$*\"" >>"$FLEET_CONFIG"
}

succeeds fleet create -n 3 --yes
fails_with 2 fleet ssh-config --proxy
says SSH_PROXY_HOST
echo 'SSH_PROXY_HOST=127.0.0.1' >>"$FLEET_CONFIG"

# Looking gives nothing out; the file does, in list order.
succeeds fleet list --json
equal 'no ports yet' '[null]' "$(jq -c '[.pods[].proxy_port] | unique' "$out")"
succeeds fleet nginx
cp "$out" "$work/fleet.conf"
check 'nothing to warn of' test ! -s "$err"
ports="arena-apple $first
arena-birch $((first + 1))
arena-cedar $((first + 2))"
equal 'ports in list order' "$ports" "$(proxy_ports "$work/fleet.conf")"
succeeds fleet list --json
equal 'kept in the state' "$ports" \
    "$(jq -r '.pods[] | "\(.name) \(.proxy_port)"' "$out")"
jq -r '.pods[] | "# fleet: pod name=\(.name) port=\(.proxy_port) " +
    "target=\(.ssh.host):\(.ssh.port) provider=\(.provider) id=\(.id)"' \
    "$out" >"$work/expected"
grep '^# fleet: pod' "$work/fleet.conf" >"$work/found"
check 'lines to read back' diff -u "$work/expected" "$work/found"
check 'what nginx must have' grep -q 'worker_connections' "$work/fleet.conf"

# Through a real nginx.
start_nginx "$work/fleet.conf"
succeeds fleet ssh-config --proxy
cp "$out" "$work/proxy.conf"
succeeds fleet ssh-config
cp "$out" "$work/direct.conf"
for pod in arena-apple arena-birch arena-cedar; do
    ssh -G -F "$work/proxy.conf" "$pod" >"$work/options" </dev/null
    check "$pod: the proxy's port" grep -qx \
        "port $(echo "$ports" | sed -n "s/^$pod //p")" "$work/options"
    equal "$pod through the proxy" "$(ssh_by "$work/direct.conf" "$pod")" \
        "$(ssh_by "$work/proxy.conf" "$pod")"
done
wait_for 10 test -s "$work/access.log"
sed "s/Port $((first + 1))/Port $first/" "$work/proxy.conf" >"$work/wrong.conf"
fails_with 255 ssh_by "$work/wrong.conf" arena-birch
says 'Host key verification failed'

# Names come and go; ports stay, and are nobody else's.
succeeds fleet terminate birch --yes
name_list aspen apple larch cedar
succeeds fleet create aspen larch --yes
succeeds fleet nginx
check 'nobody has moved' test "$(proxy_ports "$out")" = "arena-aspen $((first + 3))
arena-apple $first
arena-larch $((first + 4))
arena-cedar $((first + 2))"
prints "# fleet: kept name=arena-birch port=$((first + 1))"
cp "$out" "$work/fleet.conf"
nginx_accepts "$work/fleet.conf"

# The state is lost: the deployed file says what was given to whom.
rm -r "$work/state"/arena.db*
name_list zinnia aspen apple birch cedar
succeeds fleet nginx --deployed "$work/fleet.conf"
proxy_ports "$out" >"$work/found"
proxy_ports "$work/fleet.conf" | LC_ALL=C sort >"$work/expected"
check 'the same ports' sh -c 'LC_ALL=C sort "$1" | diff -u "$2" -' sh \
    "$work/found" "$work/expected"
succeeds fleet create birch zinnia --yes
succeeds fleet nginx
proxy_ports "$out" >"$work/found"
check 'its old port' grep -qx "arena-birch $((first + 1))" "$work/found"
check 'a new one' grep -qx "arena-zinnia $((first + 5))" "$work/found"

# The same from the file that is about to be replaced.
succeeds fleet nginx --out "$work/fleet.conf"
rm -r "$work/state"/arena.db*
succeeds fleet nginx --out "$work/fleet.conf"
proxy_ports "$work/fleet.conf" >"$work/again"
check 'the same ports' diff -u "$work/found" "$work/again"

# Files that cannot be relied upon change nothing.
sed 's/port=[0-9]*/port=70000/' "$work/fleet.conf" >"$work/bad.conf"
cp "$work/bad.conf" "$work/before"
fails_with 2 fleet nginx --out "$work/bad.conf"
says 'no port from 1 to 65535'
check 'the file stays' cmp "$work/before" "$work/bad.conf"
sed 's/arena/other/g' "$work/fleet.conf" >"$work/other.conf"
fails_with 2 fleet nginx --deployed "$work/other.conf"
says "of cohort 'other'"
fails_with 2 fleet nginx --deployed "$work/key.pub"
says 'no ports in it'
fails_with 1 fleet nginx --deployed "$work/none.conf"
sed "s/name=arena-apple port=$first/name=arena-apple port=31000/" \
    "$work/fleet.conf" >"$work/moved.conf"
succeeds fleet nginx --deployed "$work/moved.conf"
says "arena-apple, but here it has $first"
check 'the state counts' sh -c 'grep -q "name=arena-apple port=$1 " "$2"' sh \
    "$first" "$out"

# Room below the ports that the kernel takes for itself.
name_list apple maple
echo 'SSH_PROXY_STARTING_PORT=32768' >>"$FLEET_CONFIG"
succeeds fleet nginx
succeeds fleet create maple --yes
says 'no port is left'
fails_with 2 fleet nginx
says SSH_PROXY_STARTING_PORT
check 'nothing is printed' test ! -s "$out"
echo 'SSH_PROXY_STARTING_PORT=32767' >>"$FLEET_CONFIG"
succeeds fleet nginx
prints 'name=arena-maple port=32767'

# Settings that would be directives.
NGINX_ACCESS_LOG='/dev/null; include /etc/passwd' fails_with 2 fleet nginx
says NGINX_ACCESS_LOG
SSH_PROXY_HOST='127.0.0.1
ProxyCommand evil' fails_with 2 fleet ssh-config --proxy
check 'nothing is printed' test ! -s "$out"

# An IPv6 target, and an id that is no plain word.
cloud
echo '[{"id": "a b;}\u00e4", "name": "arena-six", "state": "running",
    "ssh": {"host": "2001:db8::6", "port": 22}}]' >"$work/pods.json"
echo "SSH_PROXY_STARTING_PORT=$first" >>"$FLEET_CONFIG"
succeeds fleet nginx
cp "$out" "$work/six.conf"
prints 'server [2001:db8::6]:22;'
prints 'target=[2001:db8::6]:22 provider=cloud id=a%20b%3B%7D%C3%A4'
nginx_accepts "$work/six.conf"
stop_nginx
