# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by ssh.sh behind tests/servers/farm.sh: a farm near by or at the other
# end of a long wire.
#
# As root all of it is in namespaces of network, mounts and processes that end
# with the shell that sources this, and whatever runs in them with it. Two of
# network: the servers are in the far one, and a client that is started there,
# too (far COMMAND...), has a round trip of 0 ms. One started in ours has a wire
# in between (wire MS). Without root the servers are on the loopback and there
# is no wire.
#
# $work     a private directory; gets ssh.conf and curve.conf for ssh -F
# $builddir where longwire is
private=
far_pid=
wire_pid=

# in_private SCRIPT ARG...: runs it anew in namespaces of its own if it can have
# them; else returns.
in_private()
{
    [ -z "${FLEET_BENCH_PRIVATE:-}" ] || {
        private=yes
        return 0
    }
    [ "$(id -u)" -eq 0 ] || return 0
    apart="unshare --net --mount --pid --fork --kill-child --mount-proc"
    $apart true 2>/dev/null || return 0
    FLEET_BENCH_PRIVATE=yes exec $apart sh "$@"
}

# until_true COMMAND...: for ten seconds.
until_true()
{
    tries=500
    until "$@" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || {
            echo "bench: waited in vain for: $*" >&2
            exit 1
        }
        sleep 0.02
    done
}

far()
{
    # shellcheck disable=SC2086
    $farm_in "$@"
}

# A password file of our own: logins run no dot file of this machine's.
hide_home()
{
    mkdir -p "$work/home"
    {
        echo "root:x:0:0:root:$work/home:/bin/sh"
        grep -v '^root:' /etc/passwd
    } >"$work/passwd"
    {
        echo 'root:*:19000:0:99999:7:::'
        grep -v '^root:' /etc/shadow
    } >"$work/shadow"
    chmod 600 "$work/shadow"
    mount --bind "$work/passwd" /etc/passwd
    mount --bind "$work/shadow" /etc/shadow
    if [ ! -d /run/sshd ]; then
        mount -t tmpfs tmpfs /run
        mkdir /run/sshd
    fi
}

is_apart()
{
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# Addresses 10.77.x.y are all of the far side; 10.78.x.y swallows what it gets.
open_far()
{
    ip link set lo up
    unshare --net sleep 1000000 &
    far_pid=$!
    until_true is_apart "$far_pid"
    farm_in="nsenter --net=/proc/$far_pid/ns/net --"
    far ip link set lo up
    far ip route add local 10.77.0.0/16 dev lo
    far ip route add blackhole 10.78.0.0/16
    # shellcheck disable=SC2034
    farm_net=10.77
    farm_port=2222 # nobody else is here
}

write_ssh_config()
{
    cat >"$work/ssh.conf" <<END
Host *
    Port $farm_port
    User $(id -un)
    IdentityFile $work/key
    IdentitiesOnly yes
    IdentityAgent none
    BatchMode yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    GlobalKnownHostsFile /dev/null
    LogLevel ERROR
END
    {
        cat "$work/ssh.conf"
        echo '    KexAlgorithms curve25519-sha256'
    } >"$work/curve.conf"
}

# open_farm N
open_farm()
{
    if [ -n "$private" ]; then
        hide_home
        open_far
    fi
    farm "$1"
    write_ssh_config
}

wire_is_ready()
{
    grep -q ready "$work/wire" || ! kill -0 "$wire_pid"
}

# wire MS: from now on a round trip from here takes that long; fails where that
# cannot be had.
wire()
{
    end_wire
    [ -n "$private" ] && [ -x "$builddir/tests/bench/longwire" ] || return 1
    : >"$work/wire" # nothing of the one before
    "$builddir/tests/bench/longwire" near far "/proc/$far_pid/ns/net" \
        "$(awk -v ms="$1" 'BEGIN { print ms / 2 }')" >"$work/wire" \
        2>"$work/wire.err" &
    wire_pid=$!
    until_true wire_is_ready
    if ! grep -q ready "$work/wire"; then
        cat "$work/wire.err" >&2
        end_wire
        return 1
    fi
    ip address add 10.76.0.1/30 dev near
    far ip address add 10.76.0.2/30 dev far
    ip link set near up txqueuelen 20000
    far ip link set far up txqueuelen 20000
    ip route add 10.77.0.0/16 dev near
    ip route add 10.78.0.0/16 dev near
}

end_wire()
{
    [ -n "$wire_pid" ] || return 0
    kill "$wire_pid" 2>/dev/null || :
    wait "$wire_pid" 2>/dev/null || :
    wire_pid=
}

nobody_logged_in()
{
    for server in $farm_servers; do
        [ -z "$(cat "/proc/$server/task/$server/children")" ] || return 1
    done
}

# server_cpu: CPU seconds of all servers and of the logins, which have ended.
server_cpu()
{
    until_true nobody_logged_in
    for server in $farm_servers; do
        cat "/proc/$server/stat"
    done | awk -v hz="$(getconf CLK_TCK)" '
        { sub(/^.*\) /, ""); ticks += $12 + $13 + $14 + $15 }
        END { printf "%.3f\n", ticks / hz }'
}

close_farm()
{
    end_wire
    end_farm
    [ -z "$far_pid" ] || kill "$far_pid" 2>/dev/null || :
    wait
}
