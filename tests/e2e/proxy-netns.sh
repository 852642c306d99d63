#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The proxy, each pod and a participant on machines of their own, as far as the
# network goes: namespaces, with a wire to the proxy and no way around it for
# the participant. A proxy that dies takes all that runs on it with it.
if [ -z "${FLEET_TEST_APART:-}" ] && [ "$(id -u)" = 0 ] &&
    unshare -n true 2>/dev/null; then
    FLEET_TEST_APART=yes exec unshare -n sh "$0"
fi
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/servers/farm.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd ip nsenter unshare
[ -n "${FLEET_TEST_APART:-}" ] ||
    skip 'network namespaces take root; the other tests do it on loopback'
ip link set lo up
ip link add switch type bridge 2>"$work/no" ||
    skip "no bridges here: $(cat "$work/no")"
nginx_is_here
farm_sshd=$(command -v sshd)
[ -d /run/sshd ] || mkdir /run/sshd
first=12000
export FLEET_CONFIG="$work/config.env"

# machine NAME: a namespace; $NAME is the process that keeps it.
machine()
{
    unshare -n sleep 1000 &
    eval "$1=$!"
    on_exit kill "$!"
    wait_for 10 apart "$!"
    nsenter -t "$!" -n ip link set lo up
}

apart()
{
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# on PROCESS CMD...: there.
on()
{
    on_process=$1
    shift
    nsenter -t "$on_process" -n "$@"
}

# wire PROCESS ADDRESS: to the switch, which we hang on, too.
wire()
{
    ip link add "far$1" type veth peer name "near$1"
    ip link set "near$1" master switch up
    ip link set "far$1" netns "$1"
    on "$1" ip addr add "$2/24" dev "far$1"
    on "$1" ip link set "far$1" up
}

# sshd_on PROCESS NAME ADDRESS KEYS: an sshd at port 22 there, with a host key
# and a configuration of its own.
sshd_on()
{
    [ -f "$work/$2.host" ] ||
        ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$work/$2.host"
    cat >"$work/$2.conf" <<END
Port 22
ListenAddress $3
HostKey $work/$2.host
AuthorizedKeysFile $4
PidFile $work/$2.pid
UsePAM $(farm_pam)
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UseDNS no
PrintMotd no
PrintLastLog no
SetEnv SHLVL=1 POD=$2
END
    rm -f "$work/$2.pid"
    on "$1" "$farm_sshd" -f "$work/$2.conf" -E "$work/$2.log"
    wait_for 10 test -s "$work/$2.pid"
}

# end_machines: all that runs on them, by the files that say so.
end_machines()
{
    for pid in "$work"/*.pid "$work/nginx/pid"; do
        [ ! -s "$pid" ] || kill "$(cat "$pid")"
    done
}

nginx_on_proxy()
{
    rm -f "$work/nginx/pid"
    on "$proxy" nginx -p "$work/nginx" -c "$work/nginx.conf"
    wait_for 10 test -s "$work/nginx/pid"
}

# serves PORT: for the participant, an SSH server answers there.
serves()
{
    on "$person" ssh-keyscan -T 5 -p "$1" 10.77.2.1 2>/dev/null | grep -q .
}

# who NAME: the pod that the participant gets by that name; strict, and by the
# config that was handed out.
who()
{
    on "$person" ssh -T -F "$work/participant.conf" -o BatchMode=yes \
        -o ConnectTimeout=10 "$1" 'echo $POD' </dev/null
}

# pods NAME=ADDRESS...: the machines that the cloud lists.
pods()
{
    for pod in "$@"; do
        jq -n --arg name "${pod%=*}" --arg host "${pod#*=}" \
            --arg user "$(id -un)" '{id: $host, name: $name,
            state: "running", ssh: {host: $host, port: 22, user: $user}}'
    done | jq -s . >"$work/pods.json"
}

### The machines

ip addr add 10.77.1.1/24 dev switch
ip link set switch up
on_exit end_machines
machine proxy
machine person
machine one
machine two
machine three
wire "$proxy" 10.77.1.2
wire "$one" 10.77.1.11
wire "$two" 10.77.1.12
wire "$three" 10.77.1.13
ip link add outside type veth peer name inside
ip link set outside netns "$person"
ip link set inside netns "$proxy"
on "$person" ip addr add 10.77.2.9/24 dev outside
on "$person" ip link set outside up
on "$proxy" ip addr add 10.77.2.1/24 dev inside
on "$proxy" ip link set inside up
ip route add 10.77.2.1/32 via 10.77.1.2

key_pair
ssh-keygen -q -t ed25519 -N '' -f "$work/proxy_key"
sshd_on "$proxy" proxy 10.77.1.2 "$work/proxy_key.pub"
sshd_on "$one" one 10.77.1.11 "$work/key.pub"
sshd_on "$two" two 10.77.1.12 "$work/key.pub"
sshd_on "$three" three 10.77.1.13 "$work/key.pub"
mkdir "$work/tree"
nginx_conf "$work/tree/*.conf"
nginx_on_proxy
# The proxy is asked for by the address that participants have; its sshd is on
# the inner side.
sed -i 's/^ListenAddress.*/&\nListenAddress 10.77.2.1/' "$work/proxy.conf"
kill -HUP "$(cat "$work/proxy.pid")"
deployed=$work/tree/fleet.conf
cat >"$FLEET_CONFIG" <<END
MACHINE_NAME_PREFIX=arena
MACHINE_NAME_LIST="apple birch cedar"
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/state
SSH_PROXY_HOST=10.77.2.1
SSH_PROXY_KEY_PATH=$work/proxy_key
SSH_PROXY_USER=$(id -un)
SSH_PROXY_STARTING_PORT=$first
SSH_PROXY_NGINX_CONFIG_PATH=$deployed
SSH_PROXY_NGINX_CMD="nginx -p $work/nginx -c $work/nginx.conf"
NGINX_ACCESS_LOG=$work/access.log
NGINX_ERROR_LOG=$work/error.log
END
chmod 600 "$FLEET_CONFIG"
cloud
echo PROVIDERS=cloud >>"$FLEET_CONFIG"
pods arena-apple=10.77.1.11 arena-birch=10.77.1.12
check_not 'the participant does not get to a pod' \
    on "$person" ssh-keyscan -T 1 10.77.1.11 >/dev/null 2>&1
wait_for 10 sh -c "ssh-keyscan -T 2 10.77.2.1 2>/dev/null | grep -q ."

### Handed out once

succeeds fleet ca init --yes
succeeds fleet ca sign --yes
succeeds fleet proxy apply --yes
says '2 added'
succeeds fleet ssh-config --proxy --host-keys ca
check 'nothing to warn of' test ! -s "$err"
cp "$out" "$work/participant.conf"
equal 'apple' one "$(who arena-apple)"
equal 'birch' two "$(who arena-birch)"
succeeds fleet test --only ssh

### A session lives through an apply, and through a swap

mkfifo "$work/talk"
on "$person" ssh -T -F "$work/participant.conf" -o BatchMode=yes arena-apple \
    'echo in; read -r word; echo "out $word"' <"$work/talk" \
    >"$work/heard" 2>&1 &
session=$!
exec 7>"$work/talk"
wait_for 20 grep -q '^in' "$work/heard"
pods arena-apple=10.77.1.11 arena-birch=10.77.1.12 arena-cedar=10.77.1.13
succeeds fleet proxy apply --yes
says '1 added, 2 kept'
check 'cedar' serves $((first + 2))
pods arena-apple=10.77.1.11 arena-birch=10.77.1.13
succeeds fleet ca sign birch --yes
succeeds fleet proxy apply --yes --prune
# An nginx that has just been told lets an old worker answer for a moment.
is_three()
{
    [ "$(who arena-birch)" = three ]
}
wait_for 20 is_three
say 'ok: another machine, by the same config'
check_not 'its host key is another' cmp -s "$work/two.host.pub" \
    "$work/three.host.pub"
fails_with 0 kill -0 "$session"
echo still >&7
exec 7>&-
wait "$session" || fail "the session ended: $(cat "$work/heard")"
check 'the session has lived through it' grep -q '^out still' "$work/heard"

# A machine without a certificate of that name is none that a participant lets
# himself be led to.
pods arena-apple=10.77.1.11 arena-birch=10.77.1.12
rm "$work/two.host-cert.pub"
sed -i '/HostCertificate/d' "$work/two.conf"
kill -HUP "$(cat "$work/two.pid")"
wait_for 10 sh -c "ssh-keyscan -T 2 10.77.1.12 2>/dev/null | grep -q ."
succeeds fleet proxy apply --yes
refused()
{
    ! who arena-birch
}
wait_for 20 refused
say 'ok: it is refused'
succeeds fleet ca sign birch --yes
equal 'until it has one' two "$(who arena-birch)"

### The proxy dies between the rename and the reload

cat >"$work/die" <<END
#!/bin/sh
here=\$(readlink /proc/self/ns/net)
for process in /proc/[0-9]*; do
    [ "\$(readlink "\$process/ns/net" 2>/dev/null)" = "\$here" ] || continue
    case \${process#/proc/} in
    $proxy | \$\$) ;;
    *) kill -KILL "\${process#/proc/}" 2>/dev/null ;;
    esac
done
END
chmod 755 "$work/die"
cp "$deployed" "$work/before"
pods arena-apple=10.77.1.11 arena-birch=10.77.1.12 arena-cedar=10.77.1.13
SSH_PROXY_RELOAD_CMD=$work/die fails_with 7 fleet proxy apply --yes
check_not 'nothing runs there' serves "$first"
check_not 'the new file is in place' cmp -s "$work/before" "$deployed"
check 'the old one is beside it' cmp -s "$work/before" \
    "$work/tree/.fleet.conf.fleet-old"
nginx_on_proxy
sshd_on "$proxy" proxy 10.77.1.2 "$work/proxy_key.pub"
sed -i 's/^ListenAddress.*/&\nListenAddress 10.77.2.1/' "$work/proxy.conf"
kill -HUP "$(cat "$work/proxy.pid")"
wait_for 10 sh -c "ssh-keyscan -T 2 10.77.2.1 2>/dev/null | grep -q ."
equal 'it comes back with all forwards' one "$(who arena-apple)"
fails_with 8 fleet proxy status
says 'did not come to its end'
succeeds fleet proxy apply --yes
equal 'nothing is left beside it' '' "$(find "$work/tree" -name '.*fleet*')"
succeeds fleet proxy status
equal 'apple' one "$(who arena-apple)"
equal 'birch' two "$(who arena-birch)"
check 'cedar' serves $((first + 2))
