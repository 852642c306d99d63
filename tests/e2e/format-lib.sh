# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind lib.sh by the tests of output formats.

# cloud: from now on the cohort has a provider "cloud" too, whose pods are those
# in $work/pods.json. While $work/down is there, it cannot be listed.
cloud()
{
    cat >"$work/cloud" <<END
#!/bin/sh
while read -r line; do
    id=\$((\${id:-0} + 1))
    case \$line in
    *'"call":"open"'*) echo "{\"id\":\$id,\"ok\":true,\"abilities\":[]}" ;;
    *)
        if [ -e "$work/down" ]; then
            echo "{\"id\":\$id,\"ok\":false,\"error\":{\"code\":\"unsupported\"," \\
                "\"message\":\"down\"}}"
        else
            jq -c --argjson id \$id '{id: \$id, ok: true, pods: .}' \
                "$work/pods.json"
        fi
        ;;
    esac
done
END
    chmod 755 "$work/cloud"
    echo '[]' >"$work/no-pods.json"
    cp "$work/no-pods.json" "$work/pods.json"
    on_exit rm -f "$work/down"
    on_exit cp "$work/no-pods.json" "$work/pods.json"
    {
        echo "EXEC_PROVIDERS=cloud=$work/cloud"
        echo 'PROVIDERS="local cloud"'
    } >>"$FLEET_CONFIG"
}

# free_ports N: the first of N ports of this machine in a row on which nothing
# listens.
free_ports()
{
    first=$((10000 + $$ % 900 * 10))
    while :; do
        taken=
        port=$first
        while [ "$port" -lt $((first + $1)) ]; do
            if grep -qi "$(printf ':%04X 0' "$port")" /proc/net/tcp; then
                taken=yes
            fi
            port=$((port + 1))
        done
        [ -n "$taken" ] || break
        first=$((first + $1))
    done
    echo "$first"
}

# nginx_conf FILE: $work/nginx.conf, with FILE in its stream block.
nginx_conf()
{
    mkdir -p "$work/nginx"
    {
        for module in /usr/lib/nginx/modules/ngx_stream_module.so \
            /usr/lib64/nginx/modules/ngx_stream_module.so \
            /usr/libexec/nginx/modules/ngx_stream_module.so; do
            [ ! -e "$module" ] || echo "load_module $module;"
        done
        echo "pid $work/nginx/pid;"
        echo "error_log $work/nginx/main.log;"
        echo 'worker_processes 1;'
        echo 'events { worker_connections 1024; }'
        echo "stream { include $1; }"
    } >"$work/nginx.conf"
}

# nginx_is_here: skips the test where nginx has no stream module.
nginx_is_here()
{
    requires nginx
    echo >"$work/empty.conf"
    nginx_conf "$work/empty.conf"
    nginx -t -q -p "$work/nginx" -c "$work/nginx.conf" 2>"$work/nginx.err" ||
        skip "this nginx has no stream module: $(tail -n 1 "$work/nginx.err")"
}

nginx_accepts()
{
    nginx_conf "$1"
    nginx -t -q -p "$work/nginx" -c "$work/nginx.conf" 2>"$work/nginx.err" ||
        fail "nginx does not accept $1: $(cat "$work/nginx.err")"
    say "ok: nginx -t: $1"
}

stop_nginx()
{
    [ -s "$work/nginx/pid" ] || return 0
    kill -QUIT "$(cat "$work/nginx/pid")"
}

# start_nginx FILE
start_nginx()
{
    nginx_accepts "$1"
    nginx -p "$work/nginx" -c "$work/nginx.conf"
    on_exit stop_nginx
    wait_for 10 test -s "$work/nginx/pid"
}

# ssh_by FILE NAME [FLAG...]: logs in with this configuration and nothing else.
ssh_by()
{
    file=$1 pod=$2
    shift 2
    ssh -T -F "$file" -o BatchMode=yes -o ConnectTimeout=10 "$@" "$pod" \
        'echo "$HOME"' </dev/null
}

# proxy_ports FILE: "name port" for each pod in an nginx file.
proxy_ports()
{
    sed -n 's/^# fleet: pod name=\([^ ]*\) port=\([^ ]*\) .*/\1 \2/p' "$1"
}
