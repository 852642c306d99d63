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
