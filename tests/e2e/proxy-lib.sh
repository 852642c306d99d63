# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind lib.sh and format-lib.sh by the tests of the proxy: a real
# nginx on this machine, whose stream block includes $deployed.
deployed=$work/tree/fleet.conf

# proxy_cohort NAME...: a cohort with these names, and ports from $first on.
proxy_cohort()
{
    cohort
    first=$(free_ports 8)
    mkdir -p "$work/tree"
    {
        echo "MACHINE_NAME_LIST=\"$*\""
        echo "SSH_PROXY_HOST=127.0.0.1"
        echo "SSH_PROXY_STARTING_PORT=$first"
        echo "SSH_PROXY_NGINX_CONFIG_PATH=$deployed"
        echo "SSH_PROXY_NGINX_CMD=\"nginx -p $work/nginx -c $work/nginx.conf\""
        echo "NGINX_LISTEN=127.0.0.1"
        echo "NGINX_ACCESS_LOG=$work/access.log"
        echo "NGINX_ERROR_LOG=$work/error.log"
    } >>"$FLEET_CONFIG"
}

# proxy_start: nginx with nothing deployed yet, including all of $work/tree.
proxy_start()
{
    start_nginx "$work/tree/*.conf"
}

# serves PORT: an SSH server answers there.
serves()
{
    ssh-keyscan -T 5 -p "$1" 127.0.0.1 2>/dev/null | grep -q .
}

# closed PORT: nobody answers there. An nginx that has just been told lets an old
# worker answer for a moment.
closed()
{
    ! serves "$1"
}

# hidden: what an apply has left beside the file.
hidden()
{
    find "$work/tree" -name '.*fleet*' | sort
}

# body: the deployed file but for the time and the sum.
body()
{
    sed '1d;/^# fleet: sum /d' "$deployed"
}

# proxy_sshd HOSTKEY: an sshd at $door, with the host key $work/HOSTKEY.
proxy_sshd()
{
    [ -f "$work/$1" ] || ssh-keygen -q -t ed25519 -N '' -f "$work/$1"
    cat >"$work/proxy_sshd" <<END
Port $door
ListenAddress 127.0.0.1
HostKey $work/$1
PidFile $work/proxy_sshd.pid
AuthorizedKeysFile $work/proxy_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
SetEnv SSH_PROXY_TEST=$work
END
    "$(command -v sshd)" -f "$work/proxy_sshd" -E "$work/proxy_sshd.log"
    wait_for 10 test -s "$work/proxy_sshd.pid"
    wait_for 10 serves "$door"
}

end_sshd()
{
    [ -s "$work/proxy_sshd.pid" ] || return 0
    kill "$(cat "$work/proxy_sshd.pid")"
    wait_for 10 test ! -e "$work/proxy_sshd.pid"
}

# over_ssh: from now on the proxy is reached over SSH, with a key of its own.
over_ssh()
{
    door=$(($(free_ports 12) + 11))
    ssh-keygen -q -t ed25519 -N '' -f "$work/proxy_key"
    cp "$work/proxy_key.pub" "$work/proxy_keys"
    chmod 600 "$work/proxy_keys"
    on_exit end_sshd
    [ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || :
    proxy_sshd host_one
    {
        echo "SSH_PROXY_PORT=$door"
        echo "SSH_PROXY_USER=$(id -un)"
        echo "SSH_PROXY_KEY_PATH=$work/proxy_key"
    } >>"$FLEET_CONFIG"
}
