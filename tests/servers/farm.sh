# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by tests and by bench: many pods, which are addresses of this machine
# that real sshds listen on. Needs nobody's privileges: all of 127.0.0.0/8 is
# the loopback, on Linux.
#
# $work          a private directory; gets key and key.pub, if they are missing
# $farm_net      the first half of the addresses, which are $farm_net.X.Y
# $farm_port     their port; farm_choose_port finds a free one
# $farm_host_key the file in $work with the servers' key
# $farm_in       a command to run each server by; default none
# $farm_servers  process ids, for those who end them
#
# A login gets the user's shell and /bin/sh-like speed: SHLVL keeps bash from
# reading dot files.
farm_net=127.77
farm_port=
farm_host_key=host_key
farm_in=
farm_servers=
farm_per_server=16 # addresses that sshd listens on at the most

# farm_addresses N [NET]
farm_addresses()
{
    awk -v n="$1" -v net="${2:-$farm_net}" 'BEGIN {
        for (i = 0; i < n; i++)
            printf "%s.%d.%d\n", net, i / 250, i % 250 + 1
    }'
}

# Nothing listens there on any address; below what clients get by chance.
farm_choose_port()
{
    farm_port=$((12000 + $$ % 1000 * 15))
    while grep -qi "$(printf ':%04X 0' "$farm_port")" /proc/net/tcp; do
        farm_port=$((farm_port + 1))
    done
}

# farm_csv: addresses, one a line, become the file that the provider "manual"
# reads. PREFIX names the pods.
farm_csv()
{
    echo name,host,port,user
    awk -v prefix="$1" -v port="$farm_port" -v user="$(id -un)" \
        '{ printf "%s-p%d,%s,%d,%s\n", prefix, NR, $1, port, user }'
}

# Some systems ship root with a "!" for a password, and sshd then lets nobody in
# without PAM.
farm_pam()
{
    if grep -q "^$(id -un):!" /etc/shadow 2>/dev/null; then
        echo yes
    else
        echo no
    fi
}

# farm_server NAME ADDRESS...: one sshd for all of these, from when it listens.
farm_server()
{
    farm_file=$work/sshd.$1
    shift
    {
        printf "ListenAddress %s:$farm_port\n" "$@"
        cat <<END
HostKey $work/$farm_host_key
AuthorizedKeysFile $work/key.pub
PidFile $farm_file.pid
UsePAM $(farm_pam)
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UseDNS no
PermitUserRC no
PrintMotd no
PrintLastLog no
MaxStartups 10000
LogLevel ERROR
SetEnv SHLVL=1
Subsystem sftp internal-sftp
END
    } >"$farm_file.conf"
    # shellcheck disable=SC2086
    $farm_in "$farm_sshd" -D -f "$farm_file.conf" -E "$work/sshd.log" \
        </dev/null &
    farm_patience=1000
    until [ -s "$farm_file.pid" ]; do
        farm_patience=$((farm_patience - 1))
        [ "$farm_patience" -gt 0 ] || {
            echo "farm: sshd does not start: $(cat "$work/sshd.log")" >&2
            return 1
        }
        sleep 0.01
    done
    farm_servers="$farm_servers $(cat "$farm_file.pid")"
}

# farm N: that many pods, all of which answer afterwards.
farm()
{
    farm_sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)
    [ -n "$farm_port" ] || farm_choose_port
    for farm_key in "$farm_host_key" key; do
        [ -f "$work/$farm_key" ] ||
            ssh-keygen -q -t ed25519 -N '' -C farm -f "$work/$farm_key"
    done
    farm_addresses "$1" | xargs -n "$farm_per_server" >"$work/farm"
    farm_number=0
    while read -r farm_list; do
        farm_number=$((farm_number + 1))
        # shellcheck disable=SC2086
        farm_server "$farm_number" $farm_list || return 1
    done <"$work/farm"
}

end_farm()
{
    for farm_process in $farm_servers; do
        kill "$farm_process" 2>/dev/null || :
    done
}
